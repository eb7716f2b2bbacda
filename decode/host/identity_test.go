package host

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"trapline/integration/asleep"
)

func TestIdentity(t *testing.T) {
	var l Local
	process := l.Process(unix.Gettid())
	id, ok := l.Identity(process)
	if want := (Identity{TGID: self, PPID: os.Getppid(), UID: os.Getuid(), HasUID: true}); !ok || id != want {
		t.Errorf("this thread is %+v, %v, want %+v", id, ok, want)
	}
	for _, nobody := range []int{0, -1, 1 << 30} {
		if id, ok := l.Identity(nobody); ok {
			t.Errorf("process %d is %+v", nobody, id)
		}
	}
}

func TestProgram(t *testing.T) {
	sleep, err := exec.LookPath("sleep")
	if err != nil {
		t.Fatal(err)
	}
	if sleep, err = filepath.EvalSymlinks(sleep); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(sleep, "1000")
	asleep.Start(t, cmd, asleep.Sleeping...)
	var l Local
	process := l.Process(cmd.Process.Pid)
	if got := string(l.Executable(buf(), process)); got != sleep && !strings.HasPrefix(filepath.Base(got), "busybox") && !strings.HasPrefix(filepath.Base(got), "coreutils") {
		t.Errorf("the program of the process is %q, want %q", got, sleep)
	}
	if got := string(l.Arguments(process)); got != sleep+"\x001000\x00" {
		t.Errorf("its arguments are %q", got)
	}
	if got := l.Arguments(1 << 30); got != nil {
		t.Errorf("a process that does not exist has the arguments %q", got)
	}
}
