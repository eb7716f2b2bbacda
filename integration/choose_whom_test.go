package integration

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"trapline/integration/asleep"
	"trapline/integration/need"
)

// sleepers starts a shell with some children and a grandchild, all asleep, and returns the
// shell's id. The program's name is unique.
func sleepers(t *testing.T) (pid int, name string) {
	t.Helper()
	path, err := exec.LookPath("sleep")
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	name = fmt.Sprintf("zz%07dz", os.Getpid()) // no pattern below matches the name in another run of the tests
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, program, 0o755); err != nil {
		t.Fatal(err)
	}
	// The pipe ends the sleepers when the test ends.
	cmd := exec.Command("sh", "-c", `"$0" 100000 & a=$!; "$0" 100000 & b=$!; sh -c '"$0" 100000 & echo x; read x; kill $!' "$0"; kill $a $b`, file)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		cmd.Wait()
	})
	if _, err := out.Read(make([]byte, 2)); err != nil && err != io.EOF {
		t.Fatal(err)
	}
	find := func() bool {
		ps, _ := filepath.Glob("/proc/[0-9]*/comm")
		found := 0
		for _, p := range ps {
			if comm, _ := os.ReadFile(p); strings.TrimSpace(string(comm)) == name {
				found++
			}
		}
		return found == 3
	}
	eventually(t, find)
	return cmd.Process.Pid, name
}

// attachedBy runs trapline until it has attached to the processes that it finds, and
// returns its messages. The tracees must continue.
func attachedBy(t *testing.T, processes int, flags ...string) string {
	t.Helper()
	var stderr lockedBuilder
	tracer := exec.Command(trapline(t), append([]string{"-o", filepath.Join(t.TempDir(), "log")}, flags...)...)
	tracer.Stderr = &stderr
	if err := tracer.Start(); err != nil {
		t.Fatal(err)
	}
	attached := regexp.MustCompile(`Process (\d+) attached`)
	eventually(t, func() bool { return len(attached.FindAllString(stderr.String(), -1)) >= processes })
	tracer.Process.Signal(syscall.SIGINT)
	tracer.Wait()
	for _, m := range attached.FindAllStringSubmatch(stderr.String(), -1) {
		status, _ := os.ReadFile("/proc/" + m[1] + "/status")
		if !strings.Contains(string(status), "TracerPid:\t0\n") {
			t.Errorf("%s was changed: %s", m[1], status)
		}
	}
	if n := len(attached.FindAllString(stderr.String(), -1)); n != processes {
		t.Errorf("%q: %d processes, want %d:\n%s", flags, n, processes, stderr.String())
	}
	return stderr.String()
}

func TestAttachByDescription(t *testing.T) {
	need.All(t, need.Live) // the test reads the trace before it ends
	pid, name := sleepers(t)
	for _, follow := range [][]string{nil, {"-f"}} {
		attachedBy(t, 5, append(follow, "-p", fmt.Sprintf("tree:%d", pid))...)
		attachedBy(t, 3, append(follow, "-p", "name:"+name)...)
		attachedBy(t, 3, append(follow, "-p", "name:"+name[:len(name)-1]+"*[a-z]")...)
		attachedBy(t, 4, append(follow, "-p", fmt.Sprintf("%d,name:%s", pid, name))...)
	}
	attachedBy(t, 3, "--wait-for="+name)
	_, stderr, state := run(t, "-p", "name:"+name+"x")
	if !strings.HasSuffix(stderr, "name:"+name+"x: there is no such process\n") || state.ExitCode() != 1 {
		t.Errorf("%q, status %d", stderr, state.ExitCode())
	}
}

// --wait-for attaches to a process that starts later.
func TestWaitFor(t *testing.T) {
	need.All(t, need.Live) // the test reads the trace before it ends
	name := fmt.Sprintf("zw%d", os.Getpid())
	var stderr lockedBuilder
	tracer := exec.Command(trapline(t), "--wait-for="+name, "-e", "trace=exit_group")
	tracer.Stderr = &stderr
	if err := tracer.Start(); err != nil {
		t.Fatal(err)
	}
	script := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(script, []byte("#!/bin/sh\nread x\nexit 7\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(script)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() bool { return strings.Contains(stderr.String(), "attached") })
	in.Close()
	cmd.Wait()
	tracer.Wait()
	if got := stderr.String(); !strings.Contains(got, "exit_group(7)") {
		t.Errorf("%s", got)
	}
}

func TestAttachToCgroup(t *testing.T) {
	need.All(t, need.Live) // the test reads the trace before it ends
	need.All(t, need.Cgroup)
	dir, err := os.MkdirTemp(need.CgroupDir(), "trapline")
	if err != nil {
		t.Fatal(err)
	}
	defer os.Remove(dir)
	sleep := asleep.Sleep(t)
	defer func() { // a folder with a process in it cannot be removed
		sleep.Process.Kill()
		sleep.Wait()
	}()
	if err := os.WriteFile(dir+"/cgroup.procs", fmt.Append(nil, sleep.Process.Pid), 0o644); err != nil {
		t.Fatal(err)
	}
	if got := attachedBy(t, 1, "-p", "cgroup:"+dir); !strings.Contains(got, fmt.Sprintf("Process %d attached", sleep.Process.Pid)) {
		t.Errorf("%s", got)
	}
}

// --follow=N follows N generations, and leaves later ones alone.
func TestFollowDepth(t *testing.T) {
	const script = `sh -c 'sh -c "/bin/echo 3; echo 2; grep TracerPid /proc/\$\$/status"; echo 1'; exit 5`
	pids := regexp.MustCompile(`(?m)^(\d+) `)
	for _, tt := range []struct {
		follow string
		pids   int
		traced bool
	}{
		{"--follow=threads", 1, false}, {"--follow=0", 1, false}, {"--follow=children", 2, false}, {"--follow=1", 2, false},
		{"--follow=2", 3, true}, {"--follow=3", 5, true}, {"--follow=9", 5, true}, {"--follow", 5, true},
	} {
		got := trace(t, trapline(t), []string{tt.follow, "-e", "trace=exit_group"}, "sh", "-c", script)
		found := map[string]bool{}
		for _, m := range pids.FindAllStringSubmatch(got.log, -1) {
			found[m[1]] = true
		}
		traced := !strings.Contains(got.stdout, "TracerPid:\t0\n")
		if len(found) != tt.pids || traced != tt.traced || got.status != 5 || !strings.HasPrefix(got.stdout, "3\n2\n") || !strings.HasSuffix(got.stdout, "1\n") {
			t.Errorf("%s: %d processes, want %d; status %d, %q\n%s", tt.follow, len(found), tt.pids, got.status, got.stdout, got.log)
		}
	}
}

func TestFollowThreads(t *testing.T) {
	uninterrupted(t)
	threads := program(t, "threads", "amd64")
	for _, follow := range []string{"--follow=threads", "-f"} {
		got := trace(t, trapline(t), []string{follow, "-e", "trace=mkdirat"}, threads, t.TempDir())
		if n := strings.Count(got.log, "mkdirat("); n != 80 || got.status != 0 {
			t.Errorf("%s: %d calls of 80, status %d", follow, n, got.status)
		}
	}
}
