package integration

import (
	"fmt"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"trapline/integration/asleep"
	"trapline/integration/need"
)

// A process that was stopped in a sleep when it was attached continues that
// sleep.
func TestAttachStopped(t *testing.T) {
	need.All(t, need.Live) // the test reads the trace before it ends
	sleep := asleep.Sleep(t)
	pid := sleep.Process.Pid
	sleep.Process.Signal(syscall.SIGSTOP)
	eventually(t, func() bool { return strings.HasPrefix(state(pid), "T") })
	var stderr lockedBuilder
	tracer := exec.Command(trapline(t), "-p", fmt.Sprint(pid))
	tracer.Stderr = &stderr
	if err := tracer.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() bool { return strings.Contains(stderr.String(), "--- stopped by SIGSTOP ---") })
	sleep.Process.Signal(syscall.SIGCONT)
	eventually(t, func() bool { return strings.Contains(stderr.String(), "restart_syscall(") })
	tracer.Process.Signal(syscall.SIGINT)
	tracer.Wait()
	if want := "restart_syscall(<... resuming interrupted clock_nanosleep ...>"; !strings.Contains(stderr.String(), want) {
		t.Errorf("no %q in\n%s", want, stderr.String())
	}
}
