//go:build linux && amd64

package colocate

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"trapline/integration/asleep"
	"trapline/integration/need"
	"trapline/tables"
)

// Nothing is traced in these tests: a Controller relies on its caller's reports, and a
// sleeping process can be pinned like any other.

// sleeper starts a process and returns it as a task that makes calls.
func sleeper(t *testing.T) *Task {
	t.Helper()
	return &Task{TID: asleep.Sleep(t).Process.Pid}
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

// callUntil makes calls of a task until a condition holds.
func callUntil(t *testing.T, c *Controller, task *Task, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !holds(); {
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

// If a tracee does not stop for a while, the guardian restores its mask. The tracee is
// pinned again when it stops again.
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

// While a call may show masks, all tracees have their own masks. So have a tracee that
// creates another one, and one that is let go.
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

	task = thread(t)
	pin(t, c, task)
	c.Enter(task, tables.X86_64, unix.SYS_EXECVE)
	check("when a thread calls execve")
}

// An attached process is pinned, unless it was given a mask.
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

// A task created while its parent was pinned is pinned as well, or gets its parent's own
// mask.
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

// If the parent of a task was killed before it reported the task, the task is pinned as
// well, or gets the parent's own mask.
func TestInheritPinUntold(t *testing.T) {
	need.All(t, need.Processors)
	parent, child := sleeper(t), sleeper(t)
	own := maskOf(t, child.TID)
	c := start(t, Always, parent, child)
	pin(t, c, parent)
	if err := unix.SchedSetaffinity(child.TID, &c.shared); err != nil {
		t.Fatal(err)
	}
	c.Forget(parent)
	c.InheritPinUntold(child)
	if !child.Pinned() {
		t.Error("the child has no slot")
	}
	c.Unpin(child)
	if maskOf(t, child.TID) != own {
		t.Error("the child did not get its parent's mask")
	}
}

// A slot contains the id of its task, and is reused.
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

// thread starts a thread of this process, other than the first one, as a task that makes
// calls.
func thread(t *testing.T) *Task {
	t.Helper()
	tid, end := make(chan int), make(chan bool)
	t.Cleanup(func() { close(end) })
	run := func() {
		runtime.LockOSThread() // the thread ends with this function
		tid <- unix.Gettid()
		<-end
	}
	go run()
	id := <-tid
	if id == os.Getpid() { // the first one occupies this thread, so that the second gets another thread
		go run()
		id = <-tid
	}
	return &Task{TID: id}
}

// While a task has a file open that shows masks, no tracee is pinned.
func TestExposed(t *testing.T) {
	need.All(t, need.Processors)
	task, other := thread(t), sleeper(t)
	before := maskOf(t, other.TID)
	c := start(t, Always, task, other)
	self := "/proc/" + strconv.Itoa(os.Getpid())
	for path, shows := range map[string]bool{
		"/proc/self/status": true, "/proc/thread-self/status": true, "/proc/1/status": true,
		self + "/task/" + strconv.Itoa(task.TID) + "/status": true,
		"/proc/self/maps": false, "/proc/cpuinfo": false, "/dev/null": false,
	} {
		pin(t, c, task)
		pin(t, c, other)
		fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		c.Enter(task, tables.I386, 5) // open
		c.Exit(task, tables.I386, 5, 0, int64(fd))
		if shows {
			for range 1000 {
				if other.Pinned() || task.Pinned() || maskOf(t, other.TID) != before {
					t.Fatalf("somebody is pinned while %s is open", path)
				}
				call(c, task)
				call(c, other)
			}
		} else if c.exposing != 0 {
			t.Errorf("%s is taken for a file that shows masks", path)
		}
		unix.Close(fd)
	}
	pin(t, c, task)
}

// A task may have opened a file that shows masks in a call that is not reported. Once its
// descriptors are examined, no tracee is pinned until the file is closed.
func TestOpenedWithoutReport(t *testing.T) {
	need.All(t, need.Processors)
	task, other := thread(t), sleeper(t)
	before := maskOf(t, other.TID)
	c := start(t, Always, task, other)
	c.Examine(task) // nothing is known of it yet
	pin(t, c, task)
	pin(t, c, other)
	c.Examine(task)
	if !task.Pinned() || !other.Pinned() {
		t.Error("somebody is not pinned, although no file shows masks")
	}
	status, err := os.Open("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	c.Examine(task)
	for range 1000 {
		if other.Pinned() || task.Pinned() || maskOf(t, other.TID) != before {
			t.Fatal("somebody is pinned while a file is open that shows masks")
		}
		call(c, task)
		call(c, other)
	}
	status.Close()
	pin(t, c, other)
}

// Threads of the Go runtime could wait forever for the tracer's thread if both had only one
// processor and neither took it from the other.
func TestNotWithFIFO(t *testing.T) {
	need.All(t, need.RealTime)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	before, err := unix.SchedGetAttr(0, 0)
	if err != nil {
		t.Fatal(err)
	}
	for policy, want := range map[uint32]bool{unix.SCHED_FIFO: false, unix.SCHED_RR: true} {
		if err := unix.SchedSetAttr(0, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: policy, Priority: 1}, 0); err != nil {
			t.Fatal(err)
		}
		c := New(Always, func(func(*Task) bool) {}, func(string, ...any) {})
		c.Enable()
		if c.Wanted() != want {
			t.Errorf("policy %d: co-location is wanted: %v", policy, c.Wanted())
		}
	}
	if err := unix.SchedSetAttr(0, before, 0); err != nil {
		t.Error(err)
	}
}

// A task that is created while its parent is pinned is pinned as well. If it ends with the
// tracer, it is pinned from the start, and so is its parent. Otherwise neither is pinned in
// the call that creates it.
func TestBornPinned(t *testing.T) {
	need.All(t, need.Processors)
	for name, ends := range map[string]bool{"ends with the tracer": true, "survives it": false} {
		t.Run(name, func(t *testing.T) {
			parent, child := sleeper(t), sleeper(t)
			parent.HeirsEnd = ends
			c := start(t, Always, parent, child)
			before := maskOf(t, parent.TID)
			pin(t, c, parent)
			c.Enter(parent, tables.X86_64, unix.SYS_VFORK)
			if pinned := maskOf(t, parent.TID) != before; pinned != ends {
				t.Errorf("the parent is pinned in its vfork: %v", pinned)
			}
			if ends { // what the kernel does
				if err := unix.SchedSetaffinity(child.TID, &c.shared); err != nil {
					t.Fatal(err)
				}
			}
			c.Inherit(parent, child)
			if ends {
				c.InheritPin(parent, child)
			}
			if !child.Pinned() || maskOf(t, child.TID) != c.shared {
				t.Error("the child is not pinned")
			}
			c.Exit(parent, tables.X86_64, unix.SYS_VFORK, 0, int64(child.TID))
			c.Forget(parent)
			c.Unpin(child)
			if mask := maskOf(t, child.TID); mask != before {
				t.Errorf("the child's mask is %v afterwards, want %v", mask, before)
			}
		})
	}
}

// A task that is never pinned may have a file open that shows the masks of others.
func TestExposedByOthers(t *testing.T) {
	need.All(t, need.Processors)
	status, err := os.Open("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	defer status.Close()
	cmd := exec.Command("sleep", "1000")
	cmd.ExtraFiles = []*os.File{status}
	asleep.Start(t, cmd, asleep.Sleeping...)
	task, reader := sleeper(t), &Task{TID: cmd.Process.Pid}
	c := start(t, Always, task, reader)
	callUntil(t, c, task, "a look at descriptors", func() bool { return reader.examined })
	for range 1000 {
		if task.Pinned() {
			t.Fatal("the task is pinned")
		}
		call(c, task)
	}
	c.Forget(reader)
	pin(t, c, task)
}

// A task that is set apart is pinned while it stops often.
func TestApart(t *testing.T) {
	c := New(Auto, func(func(*Task) bool) {}, func(string, ...any) {})
	task := &Task{apart: true}
	for _, tt := range []struct {
		tick   uint32
		stops  int
		before bool // the stops count as frequent at the first of them
		after  bool // and at the last
	}{
		{10, callBoundStops - 1, false, false},
		{11, callBoundStops, false, true},
		{12, 1, true, true},
		{13, callBoundStops, false, true},
		{15, 1, false, false},
	} {
		c.tick = tt.tick
		var often bool
		for i := range tt.stops {
			if often = c.stopsOften(task); i == 0 && often != tt.before {
				t.Errorf("tick %d: at first %v, want %v", tt.tick, often, tt.before)
			}
		}
		if often != tt.after {
			t.Errorf("tick %d: after %d stops %v, want %v", tt.tick, tt.stops, often, tt.after)
		}
	}
	c.SetApart(task, true)
	if c.SetComputing(task, true); c.computing != 0 {
		t.Error("it is thought to want the shared processor")
	}

	need.All(t, need.Processors)
	task = sleeper(t)
	c = start(t, Always, task)
	c.SetApart(task, true)
	pin(t, c, task)
}

// Descriptors that a task had before it is first pinned count as well, and so do those that
// it inherited.
func TestExposedFromTheStart(t *testing.T) {
	need.All(t, need.Processors)
	status, err := os.Open("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	defer status.Close()
	cmd := exec.Command("sleep", "1000")
	cmd.ExtraFiles = []*os.File{status}
	asleep.Start(t, cmd, asleep.Sleeping...)
	task, child := &Task{TID: cmd.Process.Pid}, sleeper(t)
	c := start(t, Always, task, child)
	callUntil(t, c, task, "a look at its descriptors", func() bool { return task.examined })
	if task.Pinned() || !task.exposing {
		t.Error("the task is pinned")
	}
	c.Inherit(task, child)
	if !child.exposing {
		t.Error("the child is thought to have no such file")
	}
	c.Forget(task)
	pin(t, c, child) // it has none, which the controller finds out in time
}

// When the tracer dies, a new task with the pinned mask gets the mask of its creator. An older
// task may have set that mask itself, so it is left alone.
func TestHeirs(t *testing.T) {
	need.All(t, need.Processors)
	task, heir := sleeper(t), sleeper(t)
	c := start(t, Always, task)
	before := maskOf(t, task.TID)
	pin(t, c, task)
	s := &pinSlot{mask: before, pin: c.shared}
	g := new(guardianScratch)
	for _, young := range []bool{true, false} {
		for !young && age(t, heir.TID) <= heirAge {
			time.Sleep(10 * time.Millisecond)
		}
		if err := unix.SchedSetaffinity(heir.TID, &c.shared); err != nil {
			t.Fatal(err)
		}
		old := age(t, heir.TID) >= heirAge // on a busy machine
		restored := g.restoreHeir(s, uint32(heir.TID))
		if young && !old && !restored || !young && restored {
			t.Errorf("young: %v; restored: %v", young, restored)
		}
		if mask := maskOf(t, heir.TID); restored && mask != before || !restored && mask != c.shared {
			t.Errorf("young: %v; restored: %v; the mask is %v", young, restored, mask)
		}
	}
	if err := unix.SchedSetaffinity(heir.TID, &before); err != nil {
		t.Fatal(err)
	}
	if g.restoreHeir(s, uint32(heir.TID)) {
		t.Error("a mask that is not the pinned one is restored")
	}
}

// The relatives of a task are the threads of its process, and its children.
func TestRelatives(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	children := []int{sleeper(t).TID, sleeper(t).TID}
	g := new(guardianScratch)
	g.addThreads(uint32(unix.Getpid()))
	threads := g.relatives
	g.addChildren(uint32(unix.Gettid()))
	all := g.ids[:g.relatives]
	if !slices.Contains(all[:threads], uint32(unix.Gettid())) {
		t.Errorf("threads %v do not include %d", all[:threads], unix.Gettid())
	}
	for _, child := range children {
		if !slices.Contains(all[threads:], uint32(child)) {
			t.Errorf("children %v do not include %d", all[threads:], child)
		}
	}
	for _, tid := range all[:threads] {
		if err := unix.Access(fmt.Sprintf("/proc/self/task/%d", tid), unix.F_OK); err != nil {
			t.Errorf("%d is no thread: %v", tid, err)
		}
	}
}

// age returns the age of a task in hundredths of a second, from what proc(5) says.
func age(t *testing.T, tid int) int {
	t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", tid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	started, err := strconv.Atoi(strings.Fields(rest)[19])
	if err != nil {
		t.Fatal(err)
	}
	uptime, err := os.ReadFile("/proc/uptime")
	if err != nil {
		t.Fatal(err)
	}
	now, err := strconv.Atoi(strings.Replace(strings.Fields(string(uptime))[0], ".", "", 1))
	if err != nil {
		t.Fatal(err)
	}
	return now - started
}

// If a pinned task never stops again, its mask is restored.
func TestPinnedOnce(t *testing.T) {
	need.All(t, need.Processors)
	task := sleeper(t)
	before := maskOf(t, task.TID)
	c := start(t, Always, task)
	for i := range 50 {
		pin(t, c, task)
		for range i * 7 % 60 { // the last stop may be anywhere in a tick
			call(c, task)
			time.Sleep(50 * time.Microsecond)
		}
		await(t, "the mask before", func() bool { return maskOf(t, task.TID) == before })
	}
}

// await waits until a condition holds.
func await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("not seen: " + what)
		}
	}
}

// A stopped or killed guardian is not replaced: all masks are restored, and no tracee is
// pinned again.
func TestGuardianEnds(t *testing.T) {
	need.All(t, need.Processors)
	for _, sig := range []unix.Signal{unix.SIGSTOP, unix.SIGKILL} {
		t.Run(unix.SignalName(sig), func(t *testing.T) {
			task, other := sleeper(t), sleeper(t)
			before := maskOf(t, task.TID)
			c := start(t, Always, task, other)
			pin(t, c, task)
			pid := int(c.guardian.pid.Load())
			unix.Kill(pid, sig)
			await(t, "the guardian's end", c.guardian.dead.Load)
			if unix.Kill(pid, 0) != unix.ESRCH {
				t.Error("the guardian is still there")
			}
			for range 1000 {
				call(c, task)
				call(c, other)
				if maskOf(t, task.TID) != before || maskOf(t, other.TID) != before {
					t.Fatal("somebody is pinned")
				}
			}
		})
	}
}

// If a tracee is pinned after the guardian has fallen asleep, and does not stop again, its
// mask is restored.
func TestPinnedLate(t *testing.T) {
	need.All(t, need.Processors)
	task := sleeper(t)
	before := maskOf(t, task.TID)
	c := start(t, Always, task)
	for pinned, tries := 0, 0; pinned < 10; tries++ {
		await(t, "a guardian that sleeps", func() bool { return c.guardian.table.asleep.Load() != 0 })
		c.pin(task)
		if task.Pinned() {
			pinned++
		} else if tries == 1000 { // on a busy machine, the guardian may end a pin at once
			t.Fatal("it is not pinned")
		}
		await(t, "the mask before", func() bool { return maskOf(t, task.TID) == before })
		c.Unpin(task)
	}
}

// A pin that could not be ended under a former id is ended under the new one.
func TestRenamed(t *testing.T) {
	need.All(t, need.Processors)
	task, renamed := sleeper(t), sleeper(t)
	before := maskOf(t, renamed.TID)
	c := start(t, Always, task)
	pin(t, c, task)
	if err := unix.SchedSetaffinity(renamed.TID, &c.shared); err != nil {
		t.Fatal(err)
	}
	slot := &c.guardian.table.slots[task.slot-1]
	slot.tid.Store(1 << 22) // an unused id
	await(t, "the end of the pin", func() bool { return slot.state.Load() == slotReleased })
	c.Renamed(task, renamed.TID)
	if task.Pinned() || maskOf(t, renamed.TID) != before {
		t.Error("the mask is not restored")
	}
}

// A stopped Controller can be used again, and leaves no memory mapped.
func TestUsedAgain(t *testing.T) {
	need.All(t, need.Processors)
	task := sleeper(t)
	c := start(t, Always, task)
	for range 3 {
		pin(t, c, task)
		c.Unpin(task)
		memory := c.guardian.memory
		c.Stop()
		if err := unix.Msync(memory, unix.MS_ASYNC); err != unix.ENOMEM {
			t.Errorf("the table is still mapped: %v", err)
		}
		if len(c.free) != 0 || c.tick != 0 {
			t.Errorf("free slots %v, tick %d", c.free, c.tick)
		}
		c.Enable()
		c.start()
	}
}

// The effect of a call on masks is the same under each ABI.
func TestUsesAffinity(t *testing.T) {
	uses := map[string]affinityUse{
		"fork": createsTask, "vfork": createsTask, "clone": createsTask, "clone3": createsTask,
		"execve": changesID, "execveat": changesID,
		"sched_setaffinity": showsMask, "sched_getaffinity": showsMask,
		"sched_setscheduler": showsMask, "sched_setattr": showsMask,
	}
	for _, abi := range tables.ABIs {
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
