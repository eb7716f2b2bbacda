//go:build linux && amd64

package tracer

import (
	"encoding/binary"
	"errors"
	"slices"
	"unsafe"

	"golang.org/x/sys/unix"

	"trapline/tables"
	"trapline/tracer/buffered"
)

// giveArea gives a tracee an area, either a new one or the area of a thread that has ended,
// and makes the index or gs point to it. If the address space is not ready yet, giveArea maps
// the index first. If arenaAt is not 0, it maps an arena as well.
func (t *Tracer) giveArea(r *remote, arenaAt uint64) error {
	tr, s := r.tr, r.tr.space
	fs := r.own.Fs_base
	if s.lookup == buffered.ByFS {
		if own, err := t.wordAtFS(tr, fs); err != nil || !own {
			return errors.New("the word at its fs base is not the fs base")
		}
		if s.ready && !isFree(tr, fs) {
			return errors.New("another thread uses its entry of the index")
		}
	}
	a, pid, err := t.newArea(r, arenaAt)
	if err != nil {
		return err
	}
	t.beginArea(tr, a, pid)
	th := &thread{tr: tr, area: a, fs: fs, pid: pid}
	if s.lookup == buffered.ByGS {
		r.own.Gs_base = a.Addr + buffered.SelfOffset
	} else if !th.linkNew() {
		s.free = append(s.free, a)
		return unix.EFAULT
	}
	t.addArea(th)
	return nil
}

// beginArea prepares an area for a stopped tracee.
func (t *Tracer) beginArea(tr *Tracee, a *buffered.Area, pid uint64) {
	s := tr.space
	a.Begin(int(pid))
	a.SetLowest(s.lowest())
	if t.buffered.watching {
		a.WatchFiles()
	}
	a.SetFeatures(tr.fpFeatures())
	if s.changing > 0 {
		a.HoldActions()
	}
}

// addArea notes that a tracee has an area.
func (t *Tracer) addArea(th *thread) {
	tr := th.tr
	tr.buffered = th
	t.buffered.areas = append(t.buffered.areas, th)
	t.colocation.SetApart(&tr.task, true)
	t.timeEnds()
}

// indexEntry returns the address of the index entry for an fs base.
func indexEntry(fs uint64) uint64 {
	return buffered.IndexAddr + fs>>8&0xffff*buffered.IndexEntry
}

// isFree reports whether the index entry for an fs base is empty.
func isFree(tr *Tracee, fs uint64) bool {
	var entry [buffered.IndexEntry]byte
	return tr.ReadMemory(indexEntry(fs), entry[:]) == len(entry) && entry == [buffered.IndexEntry]byte{}
}

// link makes the index point to the area. The thread is stopped, and no other thread with the
// same fs base uses the entry.
func (th *thread) link() bool {
	if th.tr.space.lost {
		return false
	}
	var entry [buffered.IndexEntry]byte
	binary.LittleEndian.PutUint64(entry[:], -th.fs)
	binary.LittleEndian.PutUint64(entry[8:], th.area.Addr)
	return th.tr.WriteMemory(indexEntry(th.fs), entry[:]) == len(entry)
}

// linkNew is link for a thread that has not used its area. It also writes to those pages of the
// area that the thread will use first, so that the thread causes no page faults there.
func (th *thread) linkNew() bool {
	tr := th.tr
	if tr.t.accessor != nil || tr.space.lost {
		return th.link()
	}
	v := &tr.t.buffered.linking
	le, addr := binary.LittleEndian, th.area.Addr
	le.PutUint64(v.words[0:], -th.fs)
	le.PutUint64(v.words[8:], addr)
	le.PutUint64(v.words[16:], addr) // the word has this value already
	le.PutUint64(v.words[24:], 0)    // nothing is in the ring
	v.remote = [3]unix.RemoteIovec{
		{Base: uintptr(indexEntry(th.fs)), Len: buffered.IndexEntry},
		{Base: uintptr(addr + buffered.SelfOffset), Len: 8},
		{Base: uintptr(addr + buffered.AreaState), Len: 8},
	}
	v.local[0] = unix.Iovec{Base: &v.words[0], Len: uint64(len(v.words))}
	n, err := unix.ProcessVMWritev(tr.TID, v.local[:], v.remote[:], 0)
	return err == nil && n == len(v.words) || th.link()
}

// linking is what linkNew writes.
type linking struct {
	words  [buffered.IndexEntry + 16]byte
	local  [1]unix.Iovec
	remote [3]unix.RemoteIovec
}

// unlink clears the index entry for an fs base, through a stopped tracee.
func unlink(tr *Tracee, fs uint64) {
	if tr.space.lost {
		return
	}
	var none [buffered.IndexEntry]byte
	tr.WriteMemory(indexEntry(fs), none[:])
}

// setGS sets the gs base of a stopped tracee.
func setGS(tr *Tracee, base uint64) {
	ptrace(unix.PTRACE_POKEUSR, tr.TID, unsafe.Offsetof(Registers{}.Gs_base), uintptr(base))
}

// noArea is the gs base of a thread without an area: it points to a word that is zero.
const noArea = buffered.IndexAddr

// takeArea takes the area away from a stopped tracee, so that all calls of the tracee stop
// again.
func (t *Tracer) takeArea(tr *Tracee) {
	th := tr.buffered
	if th == nil {
		return
	}
	if tr.space.lookup == buffered.ByGS {
		setGS(tr, noArea)
	} else if !th.aside {
		unlink(tr, th.fs)
	}
	t.releaseArea(tr)
}

// releaseArea records that a tracee does not use its area any more.
func (t *Tracer) releaseArea(tr *Tracee) {
	th := tr.buffered
	tr.space.countUsed(th.area)
	tr.buffered, tr.bufferable = nil, 0
	t.colocation.SetApart(&tr.task, false)
	b := t.buffered
	if i := slices.Index(b.areas, th); i >= 0 {
		b.areas = slices.Delete(b.areas, i, i+1)
		b.ahead = nil
		t.timeEnds()
	}
	tr.space.free = append(tr.space.free, th.area)
}

// timeEnds tells the stub whether to record the time when a call ends. It is needed if the
// times are shown or if the calls of several threads must be sorted.
func (t *Tracer) timeEnds() {
	areas := t.buffered.areas
	for _, th := range areas {
		th.area.TimeEnds(t.opts.BufferedTimes || len(areas) > 1)
	}
}

// born prepares a tracee in its first stop. The tracee must not use the area of its parent or
// of an earlier thread.
func (t *Tracer) born(tr *Tracee) {
	s := tr.space
	if s == nil || !s.ready {
		return
	}
	if parent := tr.Parent(); s.pid == tr.TID && !s.lost && !s.ownsStubPage && (parent == nil || parent.tables != t.buffered.tables) {
		t.writeImage(tr) // it has been written to all others meanwhile
	}
	if s.lookup == buffered.ByGS {
		setGS(tr, noArea)
		t.lendArea(tr, 0)
		return
	}
	var regs Registers
	if tr.Registers(&regs) != nil {
		return
	}
	for _, th := range t.buffered.areas {
		if th.fs == regs.Fs_base && th.tr.space == s && !th.aside {
			// Both have the same fs base, which cannot tell them apart.
			tr.shares = true
			if th.tr != tr {
				th.aside = true
				th.tr.shares = true
			}
		}
	}
	if parent := tr.Parent(); parent == nil || parent.space != s || parent.buffered == nil || !parent.buffered.aside || parent.buffered.fs != regs.Fs_base {
		unlink(tr, regs.Fs_base) // otherwise setAside has done it
	}
	t.lendArea(tr, regs.Fs_base)
}

// inheritSpace gives a new tracee the address space of its parent, or a copy of it.
func (t *Tracer) inheritSpace(child, parent *Tracee) {
	s := parent.space
	if s == nil || child.space != nil {
		return
	}
	flags := parent.cloneFlags
	if flags&unix.CLONE_VM == 0 {
		child.space = s.clone(child.TID)
		return
	}
	child.space = s
	if flags&unix.CLONE_THREAD == 0 {
		child.shares = true // it has file descriptors of its own
	}
}

// cloneFlagsOf returns the flags of the call that a tracee has entered, if that call creates
// a task.
func (tr *Tracee) cloneFlagsOf() (flags uint64, creates bool) {
	fork, vfork, clone := uint64(unix.SYS_FORK), uint64(unix.SYS_VFORK), uint64(unix.SYS_CLONE)
	if tr.call.ABI == tables.I386 {
		fork, vfork, clone = 2, 190, 120
	}
	switch tr.call.NR {
	case fork:
		return 0, true
	case vfork:
		return unix.CLONE_VM | unix.CLONE_VFORK, true
	case clone:
		return tr.call.Args[0], true
	case unix.SYS_CLONE3:
		var b [8]byte
		if tr.ReadMemory(tr.call.Args[0], b[:]) != len(b) {
			return unix.CLONE_VM, true
		}
		return binary.LittleEndian.Uint64(b[:]), true
	}
	return 0, false
}

var errI386 = errors.New("it changes its memory by calls of i386")

// setAside removes the area of a tracee from the index before the tracee creates a task that
// may have the same fs base.
func (t *Tracer) setAside(tr *Tracee) {
	th := tr.buffered
	if th == nil || tr.space.lookup != buffered.ByFS || th.aside ||
		tr.cloneFlags&unix.CLONE_VM == 0 || tr.cloneFlags&unix.CLONE_SETTLS != 0 {
		return
	}
	unlink(tr, th.fs)
	th.aside = true
	tr.shares = tr.cloneFlags&unix.CLONE_VFORK == 0
}
