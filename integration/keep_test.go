package integration

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"trapline/integration/asleep"
	"trapline/integration/need"
)

// With --keep, a trace is written only if the command fails, and contains only the last
// calls.
func TestKeepUntilFailure(t *testing.T) {
	exit, killed := "exit_group(3) = ?\n+++ exited with 3 +++\n", "--- SIGTERM {si_signo=SIGTERM, si_code=SI_USER, si_pid=PID, si_uid=UID} ---\n+++ killed by SIGTERM +++\n"
	for _, tt := range []struct{ flags, script, want string }{
		{"--keep=2", "exit 0", ""},
		{"--keep=2", "sh -c 'exit 5'; exit 0", ""}, // only the command counts
		{"--keep=2", "exit 3", exit},
		{"--keep=2", "kill -TERM $$", killed},
		{"--keep=2 --dump-on=signal", "exit 3", ""},
		{"--keep=2 --dump-on=exit!=0", "kill -TERM $$", ""},
		{"--keep=2 --dump-on=signal,exit!=0", "kill -TERM $$", killed},
		{"--keep=2 --dump-on=USR1", "exit 3", ""},
		{"--keep=2 -f", "exit 3", exit},
	} {
		flags := append(strings.Fields(tt.flags), "-a1", "sh", "-c", tt.script)
		_, stderr, state := run(t, flags...)
		got := regexp.MustCompile(`si_pid=\d+, si_uid=\d+`).ReplaceAllString(stderr, "si_pid=PID, si_uid=UID")
		if got != tt.want {
			t.Errorf("%s, %s: got\n%swant\n%s", tt.flags, tt.script, got, tt.want)
		}
		status := state.Sys().(syscall.WaitStatus)
		if strings.Contains(tt.script, "kill") != status.Signaled() || strings.Contains(tt.script, "exit 3") && state.ExitCode() != 3 {
			t.Errorf("%s, %s: trapline ends with %v", tt.flags, tt.script, state)
		}
	}
}

// Each thread has records of its own, so that a busy thread does not push out those of
// others.
func TestKeepOfEachProcess(t *testing.T) {
	_, stderr, _ := run(t, "-f", "--keep=1", "-e", "trace=chdir,exit_group", "-e", "signal=none", "--quiet=exit,attach",
		"sh", "-c", "(cd /proc); i=0; while [ $i -lt 100 ]; do cd /dev; i=$((i+1)); done; exit 1")
	if n := strings.Count(stderr, "\n"); n != 2 || strings.Count(stderr, "exit_group(0)")+strings.Count(stderr, "chdir(\"/proc\")") != 1 || !strings.Contains(stderr, "exit_group(1)") {
		t.Errorf("got\n%s", stderr)
	}
}

// At SIGUSR1 the records are written while the command runs, including the call in
// progress.
func TestKeepUntilSignal(t *testing.T) {
	need.All(t, need.Live) // the test reads the trace before it ends
	log := filepath.Join(t.TempDir(), "log")
	cmd := exec.Command(trapline(t), "--keep=2", "-o", log, "-e", "trace=chdir,read", "sh", "-c", "cd /; cd /proc; cd /dev; echo ready; read x")
	stdin, _ := cmd.StdinPipe()
	stdout, _ := cmd.StdoutPipe()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stdout.Read(make([]byte, 10))
	awaitHandler(t, cmd.Process.Pid, syscall.SIGUSR1)
	asleep.Await(t, child(t, cmd.Process.Pid), syscall.SYS_READ)
	cmd.Process.Signal(syscall.SIGUSR1)
	content := func() string {
		b, _ := os.ReadFile(log)
		return string(b)
	}
	for content() == "" {
		time.Sleep(10 * time.Millisecond)
	}
	want := regexp.MustCompile(`^chdir\("/proc"\) += 0\nchdir\("/dev"\) += 0\nread\(0 <unfinished \.\.\.>\n$`)
	if got := content(); !want.MatchString(got) {
		t.Errorf("got\n%s", got)
	}
	stdin.Write([]byte("\n"))
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	if got := content(); !want.MatchString(got) {
		t.Errorf("after the end, which is not a failure, there is\n%s", got)
	}
}

func TestInvalidKeep(t *testing.T) {
	for _, tt := range []struct{ args, want string }{
		{"--keep=0 true", "invalid --keep argument: '0': it takes a number from 1 on"},
		{"--keep=many true", "invalid --keep argument: 'many': it takes a number from 1 on"},
		{"--dump-on=signal true", "--dump-on must be given with --keep"},
		{"--keep=1 --dump-on=signal,never true", "invalid --dump-on argument: 'never': it takes exit!=0, signal or USR1"},
		{"--keep=1 -c true", "--keep and -c/--summary-only are mutually exclusive"},
		{"--keep=1 -ff -o /dev/null true", "--keep and -ff/--output-separately are mutually exclusive"},
	} {
		_, stderr, state := run(t, strings.Fields(tt.args)...)
		if state.ExitCode() != 1 || !strings.Contains(stderr, tt.want+"\n") {
			t.Errorf("%s: %q", tt.args, stderr)
		}
	}
}
