package colocate

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// pin pins a stopped tracee to the home processor, if it may run there.
func (c *Controller) pin(tr *Task) {
	var mask unix.CPUSet
	if unix.SchedGetaffinity(tr.TID, &mask) != nil {
		return
	}
	if tr.Attached && !c.always && mask != c.cpuset {
		tr.settled = c.tick // it may not be pinned
		return
	}
	if !c.stays && !c.stay() {
		return
	}
	if !intersects(&mask, &c.home) && (tr.stops < often || !c.moveInto(&mask)) {
		return
	}
	c.pins++
	if mask == c.home {
		tr.settled = c.tick // it is at home without a pin
		return
	}
	if !c.record(tr, c.original(&mask), &c.home) {
		return
	}
	if unix.SchedSetaffinity(tr.TID, &c.home) != nil {
		c.Unpin(tr)
	}
}

// record puts a tracee into the guardian's table, which must never miss a pin:
// with its own mask, and the one it is pinned to. It tells whether there was room.
func (c *Controller) record(tr *Task, mask, pin *unix.CPUSet) bool {
	table := c.guardian.table
	slot := int(table.used.Load())
	if n := len(c.free); n > 0 {
		slot = c.free[n-1]
		c.free = c.free[:n-1]
	} else if slot == pinSlots {
		return false
	}
	s := &table.slots[slot]
	s.tid.Store(int32(tr.TID))
	s.mask, s.pin = *mask, *pin
	if tr.pin == nil {
		tr.pin = new(lastPin)
	}
	*tr.pin = lastPin{*mask, *pin}
	s.stops.Add(1)
	s.state.Store(slotTaken)
	if slot == int(table.used.Load()) {
		table.used.Add(1)
	}
	tr.slot, tr.homed = slot+1, c.moves
	return true
}

// lastPin is what a tracee was pinned to last, and its own mask.
type lastPin struct{ mask, pin unix.CPUSet }

// InheritPin sees to it that a new tracee which was created while its parent was
// pinned is pinned likewise, or not at all. It is in nobody's table until then, so
// this is for tracees that die with the tracer: others are unpinned before they
// create one.
func (c *Controller) InheritPin(parent, child *Task) {
	last := parent.pin
	var mask unix.CPUSet
	if last == nil || child.slot != 0 || unix.SchedGetaffinity(child.TID, &mask) != nil || mask != last.pin {
		return
	}
	if !c.active || c.inside > 0 || !c.record(child, &last.mask, &last.pin) {
		unix.SchedSetaffinity(child.TID, &last.mask)
	}
}

// forgetPin says that a tracee was given a mask, which may be that of a pin.
func (c *Controller) forgetPin(tid int) {
	for tr := range c.tasks {
		if tr.TID == tid {
			tr.pin = nil
			return
		}
	}
	for tr := range c.tasks {
		tr.pin = nil // in another PID namespace it may be any
	}
}

// Unpin gives a tracee its own mask back, if it is pinned.
func (c *Controller) Unpin(tr *Task) {
	if tr.slot == 0 {
		return
	}
	s := &c.guardian.table.slots[tr.slot-1]
	if !s.end(slotFree) {
		c.awaitRelease(s)
	}
	c.giveBack(tr)
}

// Forget drops a tracee that is gone or was let go.
func (c *Controller) Forget(tr *Task) {
	c.SetComputing(tr, false)
	c.leaveCall(tr)
	c.gone(tr)
}

// gone ends the pin of a tracee that is dead: its id may be another task's.
func (c *Controller) gone(tr *Task) {
	if tr.slot == 0 {
		return
	}
	s := &c.guardian.table.slots[tr.slot-1]
	if !s.state.CompareAndSwap(slotTaken, slotFree) {
		c.awaitRelease(s)
	}
	c.giveBack(tr)
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
func (c *Controller) Renamed(tr *Task, tid int) {
	tr.TID = tid
	if tr.slot != 0 {
		c.guardian.table.slots[tr.slot-1].tid.Store(int32(tid))
	}
}

func (c *Controller) giveBack(tr *Task) {
	c.free = append(c.free, tr.slot-1)
	tr.slot = 0
}
