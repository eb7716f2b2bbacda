//go:build linux && amd64

package tracer

import (
	"encoding/binary"
	"slices"

	"golang.org/x/sys/unix"

	"trapline/tables"
)

// CLONE_UNTRACED prevents a tracer from following the new task: clone(2). But the task
// inherits the tracer's seccomp filter, and calls that the filter stops would fail with
// ENOSYS. Therefore a filtered tracee's clone is made without the flag. The new task and its
// descendants are tracees, but unseen: their events are not returned. The registers and
// memory of parent and child are as if the flag had been passed. The only difference that
// they can notice is that the task has a tracer.
//
// With CLONE_PTRACE as well the task is a tracee in any case, and is seen. But the tracer would
// not be told who created it, and so would not know which of its calls are patched.

// untracedClone is a call from which CLONE_UNTRACED was removed.
type untracedClone struct {
	abi    tables.ABI
	flags  uint64 // the first argument of clone, or clone_args.flags of clone3
	memory uint64 // address of the flags, for clone3; 0 for clone
}

// asksForUntraced reports whether the clone, or else clone3, that a tracee has
// entered has CLONE_UNTRACED.
func (t *Tracer) asksForUntraced(tr *Tracee, isClone3 bool) bool {
	c := untracedClone{abi: tr.call.ABI, flags: tr.call.Args[0]}
	if isClone3 {
		// struct clone_args of linux/sched.h begins with its flags.
		var b [8]byte
		c.memory = tr.call.Args[0]
		if tr.ReadMemory(c.memory, b[:]) != len(b) {
			return false
		}
		c.flags = binary.NativeEndian.Uint64(b[:])
	}
	if c.flags&unix.CLONE_UNTRACED == 0 {
		return false
	}
	tr.untraced = &c
	return true
}

// isUnseen reports whether the task that the call creates is unseen. c may be nil.
func (c *untracedClone) isUnseen() bool { return c != nil && c.flags&unix.CLONE_PTRACE == 0 }

// takeUntraced removes the flag from a call that is about to be made.
func (tr *Tracee) takeUntraced() {
	tr.untracing = false
	tr.untraced.write(tr, tr.untraced.flags&^unix.CLONE_UNTRACED)
}

// restoreUntraced undoes takeUntraced in a tracee that made such a call, or was
// created by it.
func (tr *Tracee) restoreUntraced() {
	if c := tr.untraced; c != nil {
		tr.untraced, tr.untracing = nil, false
		c.write(tr, c.flags)
	}
}

// untoldBirth is a call from which CLONE_UNTRACED was removed and whose caller was killed
// during the call. If it created a task, no event reports that task.
type untoldBirth struct {
	clone *untracedClone
	call  Syscall
}

// maxUntold limits how many of them are kept, since most such calls created no task.
const maxUntold = 64

// noteUntold keeps the call of a tracee that has ended.
func (t *Tracer) noteUntold(tr *Tracee) {
	if tr.untraced == nil || !tr.inCall {
		return
	}
	if n := len(t.births.untold); n == maxUntold {
		t.births.untold = slices.Delete(t.births.untold, 0, 1)
	}
	t.births.untold = append(t.births.untold, untoldBirth{tr.untraced, tr.call})
}

// inheritUntold is inherit for a tracee whose parent's event did not come. The tracee may
// have other filters besides the tracer's, and the call that created it may be one from which
// CLONE_UNTRACED was removed.
func (t *Tracer) inheritUntold(child *Tracee) {
	t.colocation.Untold(&child.task)
	if !child.filtered {
		return
	}
	child.everyCall = true
	child.unseen = t.ending
	t.colocation.InheritPinUntold(&child.task)
	var regs Registers
	if child.Registers(&regs) != nil {
		return // killed
	}
	isParents := func(b untoldBirth) bool { return b.created(&regs) }
	if i := slices.IndexFunc(t.births.untold, isParents); i >= 0 {
		child.untraced = t.births.untold[i].clone
		child.unseen = child.unseen || child.untraced.isUnseen()
		t.births.untold = slices.Delete(t.births.untold, i, i+1)
		return
	}
	// The end of a leader is reported only after the end of all its threads.
	for _, tr := range t.tracees {
		if tr.untraced != nil && tr.inCall && isParents(untoldBirth{tr.untraced, tr.call}) {
			child.untraced = tr.untraced
			child.unseen = child.unseen || child.untraced.isUnseen()
			return
		}
	}
}

// created reports whether the call may have created a task, judging by the registers that the
// task has inherited.
func (b *untoldBirth) created(regs *Registers) bool {
	arg := b.call.Args[0]
	if b.clone.memory == 0 {
		arg = b.clone.flags &^ unix.CLONE_UNTRACED
	}
	_, nr := abiOf(0, *callNumber(regs))
	return InstructionPointer(regs) == b.call.IP && nr == b.call.NR && *firstArgument(regs, b.call.ABI) == arg
}

// write writes the flags of a tracee's call.
func (c *untracedClone) write(tr *Tracee, flags uint64) {
	if c.memory != 0 {
		// Unlike WriteMemory, poke can write to memory that is read-only for the tracee.
		tr.poke(c.memory, binary.NativeEndian.AppendUint64(nil, flags))
		return
	}
	var regs Registers
	if tr.Registers(&regs) != nil {
		return // killed
	}
	*firstArgument(&regs, c.abi) = flags
	tr.SetRegisters(&regs)
}
