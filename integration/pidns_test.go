package integration

import (
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"trapline/integration/need"
)

// In a new pid namespace with the procfs of the parent namespace, ptrace's pid
// 2 has another name below /proc.
func TestForeignProcfs(t *testing.T) {
	need.All(t, need.Root)
	cmd := exec.Command(trapline(t), "-f", "-Y", "-y", "-k", "--always-show-pid", "-P", "/dev/null", "-e", "trace=write",
		"sh", "-c", "echo shown >/dev/null; echo unseen >/dev/zero")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID}
	var stderr strings.Builder
	cmd.Stderr = &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v: %s", err, stderr.String())
	}
	log := stderr.String()
	if want := `<sh> write(1</dev/null>, "shown\n", 6) = 6` + "\n > /"; !strings.Contains(log, want) || strings.Contains(log, "unseen") {
		t.Errorf("no %q in\n%s", want, log)
	}
}
