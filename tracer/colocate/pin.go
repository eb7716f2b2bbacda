//go:build linux && amd64

package colocate

import (
	"math/bits"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// pin pins a stopped tracee to the shared processor, if its mask allows that.
func (c *Controller) pin(task *Task) {
	var mask unix.CPUSet
	if unix.SchedGetaffinity(task.TID, &mask) != nil {
		return
	}
	own := c.original(&mask)
	if task.Attached && !c.always && own != &allProcessors {
		task.skipTick = c.tick // its affinity was set, and might not be restored exactly
		return
	}
	if !c.tracerPinned && !c.pinTracer() {
		return
	}
	if !intersects(&mask, &c.shared) && (task.stops < callBoundStops || !c.moveWithin(&mask)) {
		return
	}
	c.affine++
	if mask == c.shared {
		task.skipTick = c.tick // it needs no pin, since its own mask only has the shared processor
		return
	}
	if !c.record(task, own, &c.shared) {
		return
	}
	s := &c.guardian.table.slots[task.slot-1]
	if unix.SchedSetaffinity(task.TID, &c.shared) != nil {
		c.Unpin(task)
	} else if s.state.Load() != slotTaken || c.guardian.closed.Load() {
		c.unpinAgain(task, s) // the pin was ended before the mask was set
	}
}

// record adds a tracee to the pin table, with its own mask and the mask that it is pinned
// with. It must be called before the tracee is pinned, since the table must contain every
// pin. It returns false if the table is full.
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
	// The guardian may have fallen asleep since this stop was counted. It has to watch even
	// if no other stop follows.
	c.guardian.noteStop()
	return true
}

// lastPin has a tracee's own mask and the mask that it was last pinned with.
type lastPin struct{ mask, pin unix.CPUSet }

// InheritPin handles a new tracee that was created while its parent was pinned and therefore
// inherited the pinned mask. It either records the tracee as pinned or sets the parent's own
// mask. Until then the tracee is not in the pin table, and the guardian would not restore its
// mask. So InheritPin may only be used for tracees that die with the tracer. Other tracees
// are unpinned before they create a task.
func (c *Controller) InheritPin(parent, child *Task) {
	last := parent.last
	var mask unix.CPUSet
	if last == nil || child.slot != 0 || unix.SchedGetaffinity(child.TID, &mask) != nil || mask != last.pin {
		return
	}
	if !c.active || c.areShown() || !c.record(child, &last.mask, &last.pin) {
		unix.SchedSetaffinity(child.TID, &last.mask)
		return
	}
	if c.guardian.closed.Load() {
		c.Unpin(child)
	}
}

// InheritPinUntold is InheritPin for a tracee whose parent did not report it, probably
// because the parent was killed. It finds the pin by comparing masks.
func (c *Controller) InheritPinUntold(child *Task) {
	c.InheritPin(&Task{last: c.forgotten}, child)
	for task := range c.tasks {
		if task != child {
			c.InheritPin(task, child)
		}
	}
}

// forgetPin forgets the last pin of a tracee whose mask is being set. The new mask may be
// equal to the pinned one, and must not be mistaken for it.
func (c *Controller) forgetPin(tid int) {
	for task := range c.tasks {
		if task.TID == tid {
			task.last = nil
			return
		}
	}
	for task := range c.tasks {
		task.last = nil // the id may belong to another PID namespace, so it may refer to any tracee
	}
}

// Unpin restores the own mask of a tracee that is pinned.
func (c *Controller) Unpin(task *Task) {
	if task.slot == 0 || c.guardian == nil {
		return
	}
	s := &c.guardian.table.slots[task.slot-1]
	if !s.end(slotFree, c.guardian.pid.Load()) {
		c.awaitRelease(s)
	}
	c.freeSlot(task)
}

// unpinAgain is Unpin for a pin whose end may have had no effect, because the mask was not
// set yet, or because the end was tried with the tracee's former id.
func (c *Controller) unpinAgain(task *Task, s *pinSlot) {
	if !s.end(slotFree, c.guardian.pid.Load()) {
		c.awaitRelease(s)
		s.restore(c.guardian.pid.Load())
	}
	c.freeSlot(task)
}

// unpinAll restores the masks of all tracees.
func (c *Controller) unpinAll() {
	for task := range c.tasks {
		c.Unpin(task)
	}
}

// releaseDead ends the pin of a dead tracee. It sets no mask, since the thread id may belong
// to another task by now.
func (c *Controller) releaseDead(task *Task) {
	if task.slot == 0 || c.guardian == nil {
		return
	}
	s := &c.guardian.table.slots[task.slot-1]
	if !s.state.CompareAndSwap(slotTaken, slotFree) {
		c.awaitRelease(s)
	}
	c.freeSlot(task)
}

// awaitRelease waits while the guardian is ending a pin. The tracee may set its own mask only
// after the guardian has restored the old one.
func (c *Controller) awaitRelease(s *pinSlot) {
	for s.state.Load() == slotReleasing && !c.guardian.dead.Load() {
		time.Sleep(20 * time.Microsecond) // the guardian may have a lower priority
	}
	s.state.Store(slotFree)
}

// freeSlot makes a tracee's slot available for others.
func (c *Controller) freeSlot(task *Task) {
	c.free = append(c.free, task.slot-1)
	task.slot = 0
}

// Renamed records a tracee's new thread id, and ends its pin. The guardian may have tried to
// end it with the old id, which no longer exists.
func (c *Controller) Renamed(task *Task, tid int) {
	task.TID = tid
	if task.slot != 0 {
		s := &c.guardian.table.slots[task.slot-1]
		s.tid.Store(int32(tid))
		c.unpinAgain(task, s)
	}
}

// pinTracer pins the tracer's thread to the processor on which it runs. This processor
// becomes the shared one. The thread remains pinned only while tracees are pinned, so that it
// does not disturb other processes.
func (c *Controller) pinTracer() bool {
	var cpu uint32
	if _, _, errno := unix.RawSyscall(unix.SYS_GETCPU, uintptr(unsafe.Pointer(&cpu)), 0, 0); errno != 0 {
		return false
	}
	c.tracerPinned = c.moveTo(int(cpu))
	return c.tracerPinned
}

// unpinTracer restores the mask of the tracer's thread.
func (c *Controller) unpinTracer() {
	if c.tracerPinned {
		unix.SchedSetaffinity(0, c.own)
		c.tracerPinned, c.turns = false, false
	}
}

// moveTo makes a processor the shared one and moves the tracer's thread there.
// Tracees that are pinned to another follow as they stop.
func (c *Controller) moveTo(cpu int) bool {
	var one unix.CPUSet
	one.Set(cpu)
	if unix.SchedSetaffinity(0, &one) != nil {
		return false
	}
	c.shared = one
	c.moves++
	return true
}

// moveWithin makes a processor of a tracee's mask the shared one, for a tracee
// that may not run on the current one.
func (c *Controller) moveWithin(mask *unix.CPUSet) bool {
	for i := range mask {
		if both := uint64(mask[i] & c.self[i]); both != 0 {
			return c.moveTo(i*64 + bits.TrailingZeros64(both))
		}
	}
	return false
}
