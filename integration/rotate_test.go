package integration

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"trapline/integration/asleep"
	"trapline/integration/jsonlines"

	"trapline/integration/need"
)

// The files of a rotated trace together contain the same as a trace in one file.
func TestRotate(t *testing.T) {
	for _, format := range []string{"text", "json"} {
		dir := t.TempDir()
		name := filepath.Join(dir, "log")
		script := "i=0; while [ $i -lt 300 ]; do cd /; i=$((i+1)); done"
		if _, stderr, state := run(t, "--format="+format, "--rotate=size:4K", "-o", name, "-e", "trace=chdir", "sh", "-c", script); !state.Success() || stderr != "" {
			t.Fatalf("%v, %s", state, stderr)
		}
		files, _ := filepath.Glob(name + "*")
		calls := 0
		for _, file := range files {
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if len(b) > 4<<10 {
				t.Errorf("%s has %d bytes", file, len(b))
			}
			for line := range strings.Lines(string(b)) {
				if format == "json" {
					if err := jsonlines.Check(line); err != nil {
						t.Errorf("%v: %s", err, line)
					}
				}
				if strings.Contains(line, "chdir(\"/\") ") || strings.Contains(line, `"name":"chdir"`) {
					calls++
				}
			}
			if format == "json" && !strings.HasPrefix(string(b), `{"schema":2,"event":"trace"`) {
				t.Errorf("%s has no first record", file)
			}
		}
		if calls != 300 || len(files) < 3 {
			t.Errorf("%s: %d calls in %d files", format, calls, len(files))
		}
	}
}

// SIGHUP reopens the file, and the command does not notice.
func TestReopenAtHangup(t *testing.T) {
	need.All(t, need.Live) // the test reads the trace before it ends
	name := filepath.Join(t.TempDir(), "log")
	cmd := exec.Command(trapline(t), "-o", name, "-e", "trace=chdir", "sh", "-c", "cd /; echo ready; read x; cd /dev; echo ready; read x; exit 7")
	stdin, _ := cmd.StdinPipe()
	stdout, _ := cmd.StdoutPipe()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ready := make([]byte, 10)
	has := func(file, text string) bool {
		b, _ := os.ReadFile(file)
		return strings.Contains(string(b), text)
	}
	await := func(what string, is func() bool) {
		t.Helper()
		for range 6000 {
			if is() {
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
		t.Fatalf("timed out waiting until %s", what)
	}
	stdout.Read(ready)
	await("the first call is written", func() bool { return has(name, `chdir("/")`) })
	awaitHandler(t, cmd.Process.Pid, syscall.SIGHUP)
	if err := os.Rename(name, name+".1"); err != nil {
		t.Fatal(err)
	}
	cmd.Process.Signal(syscall.SIGHUP)
	await("the file is there again", func() bool { _, err := os.Stat(name); return err == nil })
	stdin.Write([]byte("\n"))
	stdout.Read(ready)
	await("the second call is written", func() bool { return has(name, `chdir("/dev")`) })
	stdin.Write([]byte("\n"))
	if err := cmd.Wait(); cmd.ProcessState.ExitCode() != 7 {
		t.Errorf("the command ends with %v", err)
	}
	if has(name+".1", "/dev") || !has(name, "+++ exited with 7 +++") {
		t.Error("the trace is in the wrong file")
	}
}

// If the file cannot be reopened, the trace continues in the file that is open.
func TestReopenFails(t *testing.T) {
	need.All(t, need.Live) // the output is opened twice
	dir := filepath.Join(t.TempDir(), "dir")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(trapline(t), "-o", dir+"/log", "-e", "trace=chdir", "sh", "-c", "echo ready; read x; cd /dev; exit 7")
	stdin, _ := cmd.StdinPipe()
	stdout, _ := cmd.StdoutPipe()
	var stderr lockedBuilder
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stdout.Read(make([]byte, 10))
	awaitHandler(t, cmd.Process.Pid, syscall.SIGHUP)
	if err := os.Rename(dir, dir+".1"); err != nil {
		t.Fatal(err)
	}
	cmd.Process.Signal(syscall.SIGHUP)
	eventually(t, func() bool { return strings.Contains(stderr.String(), "\n") })
	stdin.Write([]byte("\n"))
	if cmd.Wait(); cmd.ProcessState.ExitCode() != 7 {
		t.Errorf("the command ends with %v", cmd.ProcessState)
	}
	want := "Can't fopen '" + dir + "/log': No such file or directory, the trace goes on in the previous file\n"
	if !strings.HasSuffix(stderr.String(), want) {
		t.Errorf("%q, want %q", stderr.String(), want)
	}
	log, _ := os.ReadFile(dir + ".1/log")
	if !strings.Contains(string(log), `chdir("/dev")`) || !strings.Contains(string(log), "+++ exited with 7 +++") {
		t.Errorf("the trace ends:\n%s", log)
	}
}

// Without -o, and with -p from a terminal, SIGHUP ends the trace as in strace.
func TestHangupWithoutFile(t *testing.T) {
	need.All(t, need.Live) // the test reads the trace before it ends
	victim := asleep.Sleep(t)
	cmd := exec.Command(trapline(t), "-p", strconv.Itoa(victim.Process.Pid))
	stderr, _ := cmd.StderrPipe()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 1000)
	for got := ""; !strings.Contains(got, "attached"); {
		n, err := stderr.Read(b)
		if err != nil {
			t.Fatal(err)
		}
		got += string(b[:n])
	}
	for range 100 {
		cmd.Process.Signal(syscall.SIGHUP)
		time.Sleep(20 * time.Millisecond)
		if err := cmd.Process.Signal(syscall.Signal(0)); err != nil {
			break
		}
		if b, _ := os.ReadFile("/proc/" + strconv.Itoa(victim.Process.Pid) + "/status"); strings.Contains(string(b), "TracerPid:\t0\n") {
			break
		}
	}
	cmd.Wait()
	if status := cmd.ProcessState.Sys().(syscall.WaitStatus); status.Signal() != syscall.SIGHUP {
		t.Errorf("trapline ends with %v", cmd.ProcessState)
	}
	if err := victim.Process.Signal(syscall.Signal(0)); err != nil {
		t.Errorf("the process has ended: %v", err)
	}
}

// --rotate without a file or a size is an error.
func TestInvalidRotation(t *testing.T) {
	for _, tt := range []struct{ args, want string }{
		{"--rotate=size:1M true", "--rotate must be given with -o FILE"},
		{"--rotate=files:3 -o /dev/null true", "--rotate needs a size: --rotate=size:100M,files:5"},
		{"--rotate=size:1X -o /dev/null true", "invalid --rotate argument: 'size:1X': it takes size:... or files:..."},
		{"--rotate=size:1M,files:0 -o /dev/null true", "invalid --rotate argument: 'files:0': it takes size:... or files:..."},
		{"--rotate=often -o /dev/null true", "invalid --rotate argument: 'often': it takes size:... or files:..."},
	} {
		_, stderr, state := run(t, strings.Fields(tt.args)...)
		if state.ExitCode() != 1 || !strings.Contains(stderr, tt.want+"\n") {
			t.Errorf("%s: %q", tt.args, stderr)
		}
	}
}
