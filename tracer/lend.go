//go:build linux && amd64

package tracer

import (
	"os"
	"strconv"

	"golang.org/x/sys/unix"

	"trapline/tables"
	"trapline/tracer/buffered"
)

// A child made by vfork has its parent's memory, and so its parent's stub and patched
// calls. Its parent waits until it executes a program, for which it makes some calls: up
// to a hundred by posix_spawn. So it gets an area of its own, if its parent's process has
// one that no thread uses. Such an area is made at the first posix_spawn of a process, or at
// its second vfork.
//
// In a program that finds areas by fs, parent and child have the same fs base: the index
// leads to the child's area until the end of the parent's call (leaveBuffered).

// isVfork reports whether a task that is created with these flags has its parent's memory,
// and its parent waits for it.
func isVfork(flags uint64) bool {
	const vfork = unix.CLONE_VM | unix.CLONE_VFORK
	return flags&(vfork|unix.CLONE_THREAD|unix.CLONE_SETTLS) == vfork
}

// makeSpare makes an area for the child that a tracee is about to create, if the child is
// likely to make many calls, or the call is the second of this kind. It returns true if the
// tracee makes its call again.
func (t *Tracer) makeSpare(tr *Tracee) bool {
	s := tr.space
	if flags, creates := tr.cloneFlagsOf(); !creates || !isVfork(flags) || tr.buffered == nil || t.opts.Lasting != nil ||
		s.refused || t.buffered.over || tr.everyCall || t.ending || t.info.op != unix.PTRACE_SYSCALL_INFO_SECCOMP || s.threaded && t.isCopied(s) {
		return false
	}
	if s.vforks++; s.spare || s.vforks < 2 && !tr.spawns() || len(s.free) > 0 {
		return false
	}
	s.spare = true
	if hasMemoryLimit(tr.TID) {
		return false
	}
	r := t.beginRemote(tr)
	if a, _, err := t.newArea(r, 0); err == nil {
		s.free = append(s.free, a)
	} else {
		t.debugf("buffered: process %d has no area for its children: %v", s.pid, err)
	}
	r.finish()
	return true
}

// spawns reports whether the child that a tracee is about to create has a stack of its own. It
// has one in posix_spawn, which looks at the action of each signal.
func (tr *Tracee) spawns() bool {
	const stackInArgs = 40 // offset of stack in struct clone_args of linux/sched.h
	switch tr.call.NR {
	case unix.SYS_CLONE:
		return tr.call.Args[1] != 0
	case unix.SYS_CLONE3:
		var b [8]byte
		return tr.ReadMemory(tr.call.Args[0]+stackInArgs, b[:]) == len(b) && b != [8]byte{}
	}
	return false
}

// lendArea gives a new tracee, a child made by vfork, an area of its parent's process.
func (t *Tracer) lendArea(tr *Tracee, fs uint64) {
	s, parent := tr.space, tr.Parent()
	n := len(s.free)
	if n == 0 || parent == nil || parent.space != s || parent.buffered == nil || !isVfork(parent.cloneFlags) || !parent.inCall ||
		s.refused || t.buffered.over || tr.everyCall || t.opts.Lasting != nil || !t.hasOwnIDs(parent, tr) {
		return
	}
	th := &thread{tr: tr, area: s.free[n-1], fs: fs, pid: uint64(tr.TID)}
	byFS := s.lookup == buffered.ByFS
	if byFS && (!parent.buffered.aside || parent.buffered.fs != fs || parent.shares) {
		return
	}
	t.beginArea(tr, th.area, th.pid)
	if !byFS {
		setGS(tr, th.area.Addr+buffered.SelfOffset)
	} else if !th.link() {
		return
	}
	s.free = s.free[:n-1]
	t.addArea(th)
}

// hasOwnIDs reports whether a new process and its parent are in this process's PID
// namespace, so that their ids are the same for themselves as here. It need not look again as
// long as no tracee has made a call after which that may change.
func (t *Tracer) hasOwnIDs(parent, tr *Tracee) bool {
	b := t.buffered
	if parent.buffered.pid != uint64(tr.space.pid) || parent.cloneFlags&unix.CLONE_NEWPID != 0 {
		return false
	}
	if b.ownIDs {
		return true
	}
	own, err := os.Readlink("/proc/self/ns/pid")
	if err != nil {
		return false
	}
	its, err := os.Readlink("/proc/" + strconv.Itoa(tr.TID) + "/ns/pid")
	b.ownIDs = err == nil && its == own && !b.moved
	return err == nil && its == own
}

// noteNamespaces handles the entry of a call that may move a process, or its children, to
// another PID namespace.
func (t *Tracer) noteNamespaces(tr *Tracee) {
	const x32 = 0x40000000 // __X32_SYSCALL_BIT of asm/unistd.h
	unshare, setns := uint64(unix.SYS_UNSHARE), uint64(unix.SYS_SETNS)
	if tr.call.ABI == tables.I386 {
		unshare, setns = 310, 346
	}
	if nr := tr.call.NR &^ x32; nr == unshare || nr == setns || tr.cloneFlags&unix.CLONE_NEWPID != 0 {
		t.buffered.moved, t.buffered.ownIDs = true, false
	}
}
