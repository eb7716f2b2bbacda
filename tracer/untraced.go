package tracer

import (
	"encoding/binary"

	"golang.org/x/sys/unix"

	"trapline/tables"
)

// CLONE_UNTRACED keeps a tracer from following what a tracee creates: clone(2).
// The new task inherits the tracer's seccomp filter nevertheless, and calls that
// the filter stops would fail with ENOSYS. So a filtered tracee's clone is made
// without the flag. The new task and all that it creates are tracees, but
// unseen: no event of theirs is returned. Both sides find their registers and
// memory as if the flag had been passed. What remains to be noticed is that the
// task has a tracer.

// untracedClone is a call from which CLONE_UNTRACED was taken.
type untracedClone struct {
	abi    tables.ABI
	flags  uint64 // the first argument of clone, or clone_args.flags of clone3
	memory uint64 // where the flags are, for clone3; 0 for clone
}

// asksForUntraced tells whether the clone, or else clone3, that a tracee has entered
// has CLONE_UNTRACED.
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
	if c.flags&(unix.CLONE_UNTRACED|unix.CLONE_PTRACE) != unix.CLONE_UNTRACED {
		return false // with CLONE_PTRACE the new task is a tracee in any case
	}
	tr.untraced = &c
	return true
}

// takeUntraced takes the flag from a call that is about to be made.
func (tr *Tracee) takeUntraced() {
	tr.untracing = false
	tr.untraced.write(tr, tr.untraced.flags&^unix.CLONE_UNTRACED)
}

// restoreUntraced undoes takeUntraced in a tracee that made such a call, or that
// was created by it.
func (tr *Tracee) restoreUntraced() {
	if c := tr.untraced; c != nil {
		tr.untraced, tr.untracing = nil, false
		c.write(tr, c.flags)
	}
}

// write puts flags where a tracee's call has them.
func (c *untracedClone) write(tr *Tracee, flags uint64) {
	if c.memory != 0 {
		// Unlike WriteMemory it writes to memory that is read-only for the tracee.
		tr.poke(c.memory, binary.NativeEndian.AppendUint64(nil, flags))
		return
	}
	var regs Registers
	if tr.Registers(&regs) != nil {
		return // killed
	}
	if c.abi == tables.I386 {
		regs.Rbx = flags
	} else {
		regs.Rdi = flags
	}
	tr.SetRegisters(&regs)
}
