package colocate

import (
	"os/exec"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"trapline/integration/need"
	"trapline/tables"
)

// Nothing is traced in these tests: a Controller believes what it is told, and a
// process that sleeps can be pinned like any other.

// sleeper starts a process and returns it as a task that makes calls.
func sleeper(t *testing.T) *Task {
	t.Helper()
	cmd := exec.Command("sleep", "60")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	return &Task{TID: cmd.Process.Pid}
}

// start starts a Controller, and a guardian with it, for some tasks.
func start(t *testing.T, mode Mode, tasks ...*Task) *Controller {
	t.Helper()
	runtime.LockOSThread()
	before := maskOf(t, 0)
	c := New(mode, func(yield func(*Task) bool) {
		for _, task := range tasks {
			if !yield(task) {
				return
			}
		}
	}, func(string, ...any) {})
	c.Enable()
	c.start()
	t.Cleanup(func() {
		for _, task := range tasks {
			c.Forget(task)
		}
		c.Stop()
		if after := maskOf(t, 0); after != before {
			t.Errorf("the tracer's mask was %v, is %v", before, after)
		}
		runtime.UnlockOSThread()
	})
	return c
}

func maskOf(t *testing.T, tid int) (mask unix.CPUSet) {
	t.Helper()
	if err := unix.SchedGetaffinity(tid, &mask); err != nil {
		t.Fatal(err)
	}
	return mask
}

// call makes a task enter and leave a call.
func call(c *Controller, task *Task) {
	c.Enter(task, tables.X86_64, unix.SYS_GETPPID)
	c.Exit(task, tables.X86_64, unix.SYS_GETPPID, 0, 0)
}

// callUntil makes a task call until something holds.
func callUntil(t *testing.T, c *Controller, task *Task, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !holds(); {
		if time.Now().After(end) {
			t.Fatal("not seen: " + what)
		}
		call(c, task)
	}
}

func pin(t *testing.T, c *Controller, task *Task) {
	t.Helper()
	callUntil(t, c, task, "a pin", func() bool {
		return task.Pinned() && maskOf(t, task.TID) == c.shared
	})
}

// A tracee that does not stop for a while gets its mask back from the guardian,
// and is pinned again when it goes on.
func TestIdle(t *testing.T) {
	need.All(t, need.Processors)
	task, other := sleeper(t), sleeper(t)
	before := maskOf(t, task.TID)
	c := start(t, Always, task, other)
	for range 3 {
		pin(t, c, task)
		callUntil(t, c, other, "the mask before", func() bool { return maskOf(t, task.TID) == before })
	}
}

// While a call shows masks, all tracees have their own; so has one that creates
// another, and one that is let go.
func TestUnpinned(t *testing.T) {
	need.All(t, need.Processors)
	task, other := sleeper(t), sleeper(t)
	before := maskOf(t, task.TID)
	c := start(t, Always, task, other)
	check := func(when string) {
		t.Helper()
		if task.Pinned() || maskOf(t, task.TID) != before {
			t.Errorf("%s it is pinned", when)
		}
	}

	pin(t, c, task)
	c.Enter(other, tables.I386, 242) // sched_getaffinity
	check("when another shows masks")
	for range 1000 {
		call(c, task)
	}
	check("while another shows masks")
	c.Exit(other, tables.I386, 242, 0, 0)

	pin(t, c, task)
	c.Enter(task, tables.X86_64, unix.SYS_CLONE3)
	check("when it creates a task")
	c.Exit(task, tables.X86_64, unix.SYS_CLONE3, 0, 0)

	pin(t, c, task)
	c.Unpin(task)
	check("when it is let go")
}

// An attached process is pinned, but not if it was given a mask.
func TestAttached(t *testing.T) {
	need.All(t, need.Processors)
	t.Run("not given a mask", func(t *testing.T) { testAttached(t, nil) })
	t.Run("given a mask", func(t *testing.T) { testAttached(t, &unix.CPUSet{1}) })
}

func testAttached(t *testing.T, given *unix.CPUSet) {
	task := sleeper(t)
	task.Attached = true
	c := start(t, Auto, task)
	if given != nil {
		if err := unix.SchedSetaffinity(task.TID, given); err != nil {
			t.Fatal(err)
		}
	}
	callUntil(t, c, task, "a decision", func() bool { return task.Pinned() || c.active && c.looks > 10 })
	if want := given == nil; task.Pinned() != want {
		t.Errorf("pinned: %v, want %v", task.Pinned(), want)
	}
}

// A task that was created while its parent was pinned is pinned likewise, or
// gets its parent's own mask.
func TestInheritPin(t *testing.T) {
	need.All(t, need.Processors)
	parent, child := sleeper(t), sleeper(t)
	own := maskOf(t, child.TID)
	c := start(t, Always, parent, child)
	inherit := func(maskCalls int) {
		pin(t, c, parent)
		if err := unix.SchedSetaffinity(child.TID, &c.shared); err != nil {
			t.Fatal(err)
		}
		c.maskCalls = maskCalls
		c.InheritPin(parent, child)
		c.maskCalls = 0
	}
	inherit(0)
	if !child.Pinned() {
		t.Error("the child has no slot")
	}
	c.Unpin(child)
	if maskOf(t, child.TID) != own {
		t.Error("the child did not get its parent's mask")
	}
	inherit(1)
	if child.Pinned() || maskOf(t, child.TID) != own {
		t.Error("the child is pinned while a call shows masks")
	}
}

// A slot says which task it is about, and is used again.
func TestSlots(t *testing.T) {
	need.All(t, need.Processors)
	task, other := sleeper(t), sleeper(t)
	c := start(t, Always, task, other)
	pin(t, c, task)
	slot, tid := task.slot, task.TID
	c.Renamed(task, other.TID)
	if got := c.guardian.table.slots[slot-1].tid.Load(); got != int32(other.TID) {
		t.Errorf("the slot is about %d, want %d", got, other.TID)
	}
	c.Renamed(task, tid)
	c.Forget(task)
	pin(t, c, other)
	if task.Pinned() || other.slot != slot {
		t.Errorf("slot %d was not used again, but %d", slot, other.slot)
	}
}

// What a call does with masks is the same under each ABI.
func TestUsesAffinity(t *testing.T) {
	uses := map[string]affinityUse{
		"fork": createsTask, "vfork": createsTask, "clone": createsTask, "clone3": createsTask,
		"execve": createsTask, "execveat": createsTask,
		"sched_setaffinity": showsMask, "sched_getaffinity": showsMask,
		"sched_setscheduler": showsMask, "sched_setattr": showsMask,
	}
	for _, abi := range []tables.ABI{tables.X86_64, tables.I386, tables.X32} {
		found := 0
		for nr := range uint64(600) {
			call := tables.Lookup(abi, nr)
			if call == nil {
				continue
			}
			if want := uses[call.Name]; usesAffinity(abi, nr) != want {
				t.Errorf("%v: %s is %d, want %d", abi, call.Name, usesAffinity(abi, nr), want)
			} else if want != usesNone {
				found++
			}
			if got, want := setsMask(abi, nr), call.Name == "sched_setaffinity"; got != want {
				t.Errorf("%v: %s sets a mask: %v", abi, call.Name, got)
			}
		}
		if found != len(uses) {
			t.Errorf("%v: %d calls of %d", abi, found, len(uses))
		}
	}
}
