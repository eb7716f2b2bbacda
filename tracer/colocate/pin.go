package colocate

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// pin pins a stopped tracee to the home processor, if it may run there.
func (c *Controller) pin(task *Task) {
	var mask unix.CPUSet
	if unix.SchedGetaffinity(task.TID, &mask) != nil {
		return
	}
	if task.Attached && !c.always && mask != c.cpuset {
		task.skipTick = c.tick // it may not be pinned
		return
	}
	if !c.tracerPinned && !c.pinTracer() {
		return
	}
	if !intersects(&mask, &c.shared) && (task.stops < often || !c.moveWithin(&mask)) {
		return
	}
	c.affine++
	if mask == c.shared {
		task.skipTick = c.tick // it is at home without a pin
		return
	}
	if !c.record(task, c.original(&mask), &c.shared) {
		return
	}
	if unix.SchedSetaffinity(task.TID, &c.shared) != nil {
		c.Unpin(task)
	}
}

// record puts a tracee into the guardian's table, which must never miss a pin:
// with its own mask, and the one it is pinned to. It tells whether there was room.
func (c *Controller) record(task *Task, mask, pin *unix.CPUSet) bool {
	table := c.guardian.table
	slot := int(table.used.Load())
	if n := len(c.free); n > 0 {
		slot = c.free[n-1]
		c.free = c.free[:n-1]
	} else if slot == pinSlots {
		return false
	}
	s := &table.slots[slot]
	s.tid.Store(int32(task.TID))
	s.mask, s.pin = *mask, *pin
	if task.last == nil {
		task.last = new(lastPin)
	}
	*task.last = lastPin{*mask, *pin}
	s.stops.Add(1)
	s.state.Store(slotTaken)
	if slot == int(table.used.Load()) {
		table.used.Add(1)
	}
	task.slot, task.moves = slot+1, c.moves
	return true
}

// lastPin is what a tracee was pinned to last, and its own mask.
type lastPin struct{ mask, pin unix.CPUSet }

// InheritPin sees to it that a new tracee which was created while its parent was
// pinned is pinned likewise, or not at all. It is in nobody's table until then, so
// this is for tracees that die with the tracer: others are unpinned before they
// create one.
func (c *Controller) InheritPin(parent, child *Task) {
	last := parent.last
	var mask unix.CPUSet
	if last == nil || child.slot != 0 || unix.SchedGetaffinity(child.TID, &mask) != nil || mask != last.pin {
		return
	}
	if !c.active || c.maskCalls > 0 || !c.record(child, &last.mask, &last.pin) {
		unix.SchedSetaffinity(child.TID, &last.mask)
	}
}

// forgetPin says that a tracee was given a mask, which may be that of a pin.
func (c *Controller) forgetPin(tid int) {
	for task := range c.tasks {
		if task.TID == tid {
			task.last = nil
			return
		}
	}
	for task := range c.tasks {
		task.last = nil // in another PID namespace it may be any
	}
}

// Unpin gives a tracee its own mask back, if it is pinned.
func (c *Controller) Unpin(task *Task) {
	if task.slot == 0 {
		return
	}
	s := &c.guardian.table.slots[task.slot-1]
	if !s.end(slotFree) {
		c.awaitRelease(s)
	}
	c.freeSlot(task)
}

// Forget drops a tracee that is gone or was let go.
func (c *Controller) Forget(task *Task) {
	c.SetComputing(task, false)
	c.leaveMaskCall(task)
	c.releaseDead(task)
}

// releaseDead ends the pin of a tracee that is dead: its id may be another task's.
func (c *Controller) releaseDead(task *Task) {
	if task.slot == 0 {
		return
	}
	s := &c.guardian.table.slots[task.slot-1]
	if !s.state.CompareAndSwap(slotTaken, slotFree) {
		c.awaitRelease(s)
	}
	c.freeSlot(task)
}

// awaitRelease waits for the guardian, which is ending a pin: its word must be
// the last before the tracee may set another mask.
func (c *Controller) awaitRelease(s *pinSlot) {
	for s.state.Load() == slotReleasing && !c.guardian.dead.Load() {
		runtime.Gosched()
	}
	s.state.Store(slotFree)
}

// Renamed says that a tracee has another thread id.
func (c *Controller) Renamed(task *Task, tid int) {
	task.TID = tid
	if task.slot != 0 {
		c.guardian.table.slots[task.slot-1].tid.Store(int32(tid))
	}
}

func (c *Controller) freeSlot(task *Task) {
	c.free = append(c.free, task.slot-1)
	task.slot = 0
}
