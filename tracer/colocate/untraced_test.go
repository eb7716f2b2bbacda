//go:build linux && amd64

package colocate

import (
	"fmt"
	"os"
	"os/exec"
	"testing"

	"golang.org/x/sys/unix"

	"trapline/integration/need"
	"trapline/tables"
)

// While a task has a child that is not traced, no task is pinned.
func TestUntracedRelatives(t *testing.T) {
	need.All(t, need.Processors)
	cmd := exec.Command("sh", "-c", "sleep 1000 & wait; exec sleep 1000")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	task, other := &Task{TID: cmd.Process.Pid}, sleeper(t)
	child := 0
	await(t, "the child", func() bool {
		b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", task.TID, task.TID))
		n, _ := fmt.Sscan(string(b), &child)
		return n == 1
	})
	t.Cleanup(func() { unix.Kill(child, unix.SIGKILL) })
	before := maskOf(t, other.TID)

	known := &Task{TID: child}
	c := start(t, Always, task, other, known)
	pin(t, c, task)
	pin(t, c, other)
	c.Enter(task, tables.X86_64, unix.SYS_FORK)
	c.Inherit(task, known)
	c.Exit(task, tables.X86_64, unix.SYS_FORK, 0, int64(child))
	if c.exposing != 0 {
		t.Error("a tracee is taken for an untraced task")
	}
	c.Enter(task, tables.X86_64, unix.SYS_FORK)
	c.Exit(task, tables.X86_64, unix.SYS_FORK, 0, -int64(unix.EAGAIN))
	if c.exposing != 0 {
		t.Error("a child is thought to be there that was not created")
	}
	known.TID = 1 // not traced any more
	c.Enter(task, tables.X86_64, unix.SYS_FORK)
	c.Exit(task, tables.X86_64, unix.SYS_FORK, 0, int64(child))
	for range 1000 {
		if other.Pinned() || task.Pinned() || maskOf(t, other.TID) != before {
			t.Fatal("somebody is pinned while there is a child that is not traced")
		}
		call(c, task)
		call(c, other)
	}
	unix.Kill(child, unix.SIGKILL)
	pin(t, c, other) // when the child is gone
	pin(t, c, task)
}
