package tracer

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// pin pins a stopped tracee to the home processor, if it may run there.
func (c *colocation) pin(tr *task) {
	var mask unix.CPUSet
	if unix.SchedGetaffinity(tr.tid, &mask) != nil {
		return
	}
	if tr.attached && !c.always && mask != c.cpuset {
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
	if unix.SchedSetaffinity(tr.tid, &c.home) != nil {
		c.unpin(tr)
	}
}

// record puts a tracee into the guardian's table, which must never miss a pin:
// with its own mask, and the one it is pinned to. It tells whether there was room.
func (c *colocation) record(tr *task, mask, pin *unix.CPUSet) bool {
	table := c.guardian.table
	slot := int(table.used.Load())
	if n := len(c.free); n > 0 {
		slot = c.free[n-1]
		c.free = c.free[:n-1]
	} else if slot == pinSlots {
		return false
	}
	s := &table.slots[slot]
	s.tid.Store(int32(tr.tid))
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

// passOn sees to it that a new tracee which was created while its parent was
// pinned is pinned likewise, or not at all. It is in nobody's table until then, so
// this is for tracees that die with the tracer: others are unpinned before they
// create one.
func (c *colocation) passOn(parent, child *task) {
	last := parent.pin
	var mask unix.CPUSet
	if last == nil || child.slot != 0 || unix.SchedGetaffinity(child.tid, &mask) != nil || mask != last.pin {
		return
	}
	if !c.active || c.inside > 0 || !c.record(child, &last.mask, &last.pin) {
		unix.SchedSetaffinity(child.tid, &last.mask)
	}
}

// forgetPin says that a tracee was given a mask, which may be that of a pin.
func (c *colocation) forgetPin(tid int) {
	for tr := range c.tasks {
		if tr.tid == tid {
			tr.pin = nil
			return
		}
	}
	for tr := range c.tasks {
		tr.pin = nil // in another PID namespace it may be any
	}
}

// unpin gives a tracee its own mask back, if it is pinned.
func (c *colocation) unpin(tr *task) {
	if tr.slot == 0 {
		return
	}
	s := &c.guardian.table.slots[tr.slot-1]
	if !s.end(slotFree) {
		c.awaitRelease(s)
	}
	c.giveBack(tr)
}

// forget drops a tracee that is gone or was let go.
func (c *colocation) forget(tr *task) {
	c.setComputing(tr, false)
	c.leaveCall(tr)
	c.gone(tr)
}

// gone ends the pin of a tracee that is dead: its id may be another task's.
func (c *colocation) gone(tr *task) {
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
func (c *colocation) awaitRelease(s *pinSlot) {
	for s.state.Load() == slotReleasing && !c.guardian.dead.Load() {
		runtime.Gosched()
	}
	s.state.Store(slotFree)
}

// renamed says that a tracee has another thread id.
func (c *colocation) renamed(tr *task, tid int) {
	tr.tid = tid
	if tr.slot != 0 {
		c.guardian.table.slots[tr.slot-1].tid.Store(int32(tid))
	}
}

func (c *colocation) giveBack(tr *task) {
	c.free = append(c.free, tr.slot-1)
	tr.slot = 0
}
