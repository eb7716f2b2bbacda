//go:build linux && amd64

package tracer

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
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
	} else if !th.link() {
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
	if tr.space.hidesOpens {
		t.colocation.HideOpens(&tr.task)
	}
	t.timeEnds()
}

// newArea returns an area, and the id of the process in its own PID namespace. It uses the
// area of a thread that has ended if there is one. Otherwise it maps a new one in the tracee
// and in this process. The tracee creates the file of the area and closes its descriptor at
// the end. This process gets a descriptor of the same file either by pidfd_getfd, between two
// lists of calls, so that /proc is not needed; or from /proc/PID/map_files after a single list,
// if it may.
func (t *Tracer) newArea(r *remote, arenaAt uint64) (a *buffered.Area, pid uint64, err error) {
	s := r.tr.space
	var list []remoteCall
	if !s.ready {
		list = append(list, s.mapIndex())
	}
	if n := len(s.free); n > 0 {
		list = append(list, remoteCall{unix.SYS_GETPID})
		if arenaAt != 0 {
			list = append(list, arenaCall(arenaAt))
		}
		done, results, err := r.calls(list...)
		switch {
		case done < len(list) && (arenaAt == 0 || done < len(list)-1):
			return nil, 0, fmt.Errorf("getpid: %w", err)
		case arenaAt != 0:
			t.addArena(r, arenaAt, results[0], err)
			pid = results[1]
		default:
			pid = results[0]
		}
		a, s.free = s.free[n-1], s.free[:n-1]
		return a, pid, nil
	}

	const prot = unix.PROT_READ | unix.PROT_WRITE
	addr := buffered.AreaAddr(s.areas)
	s.areas++
	if t.buffered.mapFiles {
		return t.newAreaByMapFiles(r, list, addr, arenaAt)
	}
	before := len(list)
	list = append(list,
		remoteCall{unix.SYS_MEMFD_CREATE, buffered.NameAddr, unix.MFD_CLOEXEC | unix.MFD_ALLOW_SEALING, 0, 0, 0, 0, buffered.RemoteKeep},
		remoteCall{unix.SYS_MMAP, addr, buffered.AreaSize, prot, unix.MAP_SHARED | unix.MAP_FIXED_NOREPLACE, 0, 0, buffered.RemoteFifth},
		remoteCall{unix.SYS_MMAP, addr + buffered.AreaFileSize, buffered.RingSize, prot, unix.MAP_SHARED | unix.MAP_FIXED, 0, buffered.AreaState, buffered.RemoteFifth},
		// A child must not write to its parent's ring.
		remoteCall{unix.SYS_MADVISE, addr, buffered.AreaSize, unix.MADV_DONTFORK},
		remoteCall{unix.SYS_GETPID},
	)
	done, results, err := r.calls(list...)
	s.ready = s.ready || done > 0
	const mapped, all = 2, 5 // numbers of calls for the area
	pid = results[0]
	switch {
	case done-before >= all:
		if a, err = t.openArea(s.pid, r.kept, addr); err == nil {
			t.buffered.mapFiles = canOpenMapped(s.pid, addr)
		}
	case done < len(list):
		err = fmt.Errorf("call %d: %w", list[done][0], err)
	}
	list = list[:0]
	if done > before {
		list = append(list, remoteCall{unix.SYS_CLOSE, r.kept})
	}
	if err != nil && done-before >= mapped {
		list = append(list, remoteCall{unix.SYS_MUNMAP, addr, buffered.AreaSize})
	}
	if err == nil && arenaAt != 0 {
		list = append(list, arenaCall(arenaAt))
	}
	if err == nil {
		// Page faults would take longer. Kernels before 5.14 do not have MADV_POPULATE_WRITE.
		list = append(list, remoteCall{unix.SYS_MADVISE, addr, 2 * pageSize, unix.MADV_POPULATE_WRITE})
	}
	if len(list) > 0 {
		done, results, failed := r.calls(list...)
		got := results[0]
		if done >= len(list)-1 { // the arena is mapped, whether or not the last call has succeeded
			got, failed = results[1], nil
		}
		if err == nil && arenaAt != 0 {
			t.addArena(r, arenaAt, got, failed)
		}
	}
	if err != nil {
		return nil, 0, fmt.Errorf("its area cannot be mapped: %w", err)
	}
	return a, pid, nil
}

// newAreaByMapFiles maps a new area after the calls in list, all in one stop.
func (t *Tracer) newAreaByMapFiles(r *remote, list []remoteCall, addr, arenaAt uint64) (a *buffered.Area, pid uint64, err error) {
	const prot = unix.PROT_READ | unix.PROT_WRITE
	s := r.tr.space
	before := len(list)
	list = append(list,
		remoteCall{unix.SYS_MEMFD_CREATE, buffered.NameAddr, unix.MFD_CLOEXEC | unix.MFD_ALLOW_SEALING, 0, 0, 0, 0, buffered.RemoteKeep},
		remoteCall{unix.SYS_MMAP, addr, buffered.AreaSize, prot, unix.MAP_SHARED | unix.MAP_FIXED_NOREPLACE, 0, 0, buffered.RemoteFifth},
		remoteCall{unix.SYS_MMAP, addr + buffered.AreaFileSize, buffered.RingSize, prot, unix.MAP_SHARED | unix.MAP_FIXED, 0, buffered.AreaState, buffered.RemoteFifth},
		remoteCall{unix.SYS_MADVISE, addr, buffered.AreaSize, unix.MADV_DONTFORK},
		remoteCall{unix.SYS_CLOSE, 0, 0, 0, 0, 0, 0, buffered.RemoteFirst},
		remoteCall{unix.SYS_GETPID},
	)
	const mapped, closed, all = 2, 5, 6 // numbers of calls for the area
	if arenaAt != 0 {
		list = append(list, arenaCall(arenaAt))
	}
	done, results, err := r.calls(list...)
	s.ready = s.ready || done > 0
	areaDone := done - before
	if areaDone < all {
		if err == nil {
			err = errors.New("not all calls were made")
		} else if done < len(list) {
			err = fmt.Errorf("call %d: %w", list[done][0], err)
		}
	} else {
		pid = results[0]
		if arenaAt != 0 {
			pid = results[1]
			t.addArena(r, arenaAt, results[0], err)
		}
		var own int
		if own, err = openMapped(s.pid, addr); err == nil {
			defer unix.Close(own)
			a, err = t.mapArea(own, addr)
		}
		t.buffered.mapFiles = err == nil
	}
	if err == nil {
		return a, pid, nil
	}
	var undo []remoteCall
	if areaDone > 0 && areaDone < closed {
		undo = append(undo, remoteCall{unix.SYS_CLOSE, r.kept})
	}
	if areaDone >= mapped {
		undo = append(undo, remoteCall{unix.SYS_MUNMAP, addr, buffered.AreaSize})
	}
	if len(undo) > 0 {
		r.calls(undo...)
	}
	return nil, 0, fmt.Errorf("its area cannot be mapped: %w", err)
}

// openMapped opens the file that a process has mapped at the address of an area.
func openMapped(pid int, addr uint64) (fd int, err error) {
	return unix.Open(mapFile(pid, addr, addr+buffered.AreaFileSize), unix.O_RDWR|unix.O_CLOEXEC, 0)
}

// canOpenMapped reports whether openMapped works.
func canOpenMapped(pid int, addr uint64) bool {
	fd, err := openMapped(pid, addr)
	if err != nil {
		return false
	}
	unix.Close(fd)
	return true
}

// openArea maps the area of a process in this process. fd is the process's descriptor of the
// area's file.
func (t *Tracer) openArea(pid int, fd, addr uint64) (*buffered.Area, error) {
	own, err := fileOf(pid, int(fd))
	if err != nil {
		return nil, err
	}
	defer unix.Close(own)
	return t.mapArea(own, addr)
}

// mapArea maps the file of an area in this process. It must be new: another thread of the
// program may have mapped some file of its choice at the address of the area, or opened one.
func (t *Tracer) mapArea(own int, addr uint64) (*buffered.Area, error) {
	var st unix.Stat_t
	if seals, err := unix.FcntlInt(uintptr(own), unix.F_GET_SEALS, 0); err != nil || seals != 0 || unix.Fstat(own, &st) != nil || st.Size != 0 {
		return nil, errors.New("there is another file")
	}
	// This process sets the size. In the tracee RLIMIT_FSIZE may be small, and then SIGXFSZ
	// would kill it.
	if err := unix.Ftruncate(own, buffered.AreaFileSize); err != nil {
		return nil, fmt.Errorf("ftruncate: %w", err)
	}
	return t.buffered.views.NewArea(own, addr)
}

// fileOf returns a descriptor in this process of the file that a descriptor of another
// process refers to.
func fileOf(pid, fd int) (int, error) {
	pidfd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return -1, fmt.Errorf("pidfd_open: %w", err)
	}
	defer unix.Close(pidfd)
	own, err := unix.PidfdGetfd(pidfd, fd, 0)
	if err != nil {
		return -1, fmt.Errorf("pidfd_getfd: %w", err)
	}
	return own, nil
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
	tr.buffered, tr.bufferable = nil, 0
	t.colocation.SetApart(&tr.task, false)
	t.colocation.ShowOpens(&tr.task)
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

// changesMemory386 reports whether an i386 call is one of the calls that watchSpace handles.
func changesMemory386(nr uint64) bool {
	switch nr {
	case 90, 91, 123, 125, 163, 172, 192, 243, 380, 384: // mmap, munmap, modify_ldt, mprotect, mremap, prctl, mmap2, set_thread_area, pkey_mprotect, arch_prctl
		return true
	}
	return false
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

// watchSpace handles the entry of calls that affect buffered calls.
func (t *Tracer) watchSpace(tr *Tracee) {
	const (
		archSetGS = 0x1001 // ARCH_SET_GS, ARCH_SET_FS and ARCH_GET_FS of asm/prctl.h
		archSetFS = 0x1002
		archGetFS = 0x1003

		shmRemap = 0o40000 // SHM_REMAP of linux/shm.h
	)
	s, call := tr.space, &tr.call
	switch call.NR {
	case unix.SYS_EXIT:
		t.takeArea(tr)
	case unix.SYS_ARCH_PRCTL:
		switch {
		case uint32(call.Args[0]) == archSetFS && s.lookup == buffered.ByFS:
			if th := tr.buffered; th != nil && !th.aside {
				unlink(tr, th.fs)
				th.aside, th.moving = true, true
			}
		case uint32(call.Args[0]) == archGetFS:
			t.endProvisional(tr, errProvisional)
		case uint32(call.Args[0]) == archSetGS && s.lookup == buffered.ByGS:
			t.unpatchAll(tr, errors.New("it uses gs"))
		}
	case unix.SYS_MODIFY_LDT:
		t.unpatchAll(tr, errors.New("it uses segments"))
	case unix.SYS_PRCTL:
		t.watchPrctl(tr)
	case unix.SYS_MREMAP:
		s.mapped = nil // the new address is not known yet
		t.dropSites(tr, call.Args[0], max(call.Args[1], call.Args[2]), true)
		t.dropSites(tr, call.Args[4], call.Args[2], false)
	case unix.SYS_SHMAT:
		s.mapped = nil
		if call.Args[1] != 0 && call.Args[2]&shmRemap != 0 {
			t.dropSites(tr, call.Args[1], math.MaxInt64, true) // the size is not known
		}
	default:
		t.noteMappings(tr, call.NR, &call.Args)
	}
}

// watchPrctl handles the entry of a prctl after which the stub cannot do its work, also if it
// is made before there is a stub.
func (t *Tracer) watchPrctl(tr *Tracee) {
	switch uint32(tr.call.Args[0]) {
	case unix.PR_SET_TSC:
		t.unpatchAll(tr, errors.New("it may not read the time stamp counter"))
	case unix.PR_SET_SYSCALL_USER_DISPATCH:
		// The program would get a SIGSYS for a call of the stub's own.
		t.unpatchAll(tr, errors.New("it handles system calls itself"))
	}
}

// leaveBuffered handles the exit of a call that affects buffered calls.
func (t *Tracer) leaveBuffered(tr *Tracee) {
	if t.buffered != nil {
		t.leaveGuarded(tr)
	}
	if t.buffered != nil && t.opts.Lasting != nil && tr.isBuffered() {
		t.unlistClosed(tr) // another thread may have used the descriptor meanwhile
	}
	if th := tr.buffered; th != nil && th.moving {
		t.moveArea(tr)
	} else if th != nil && th.aside && tr.space.lookup == buffered.ByFS {
		if tr.shares {
			unlink(tr, th.fs) // the child may have had an area
		} else {
			th.aside = !th.link()
		}
	}
}

// dropSites forgets the patched calls in a range of addresses. If the memory remains mapped,
// it restores the calls first.
func (t *Tracer) dropSites(tr *Tracee, addr, size uint64, restore bool) {
	const widest = 256      // most bytes between a call and its hole
	if size%pageSize != 0 { // the kernel changes whole pages
		size += pageSize - size%pageSize
	}
	if !restore {
		for hole := range tr.space.holes {
			if hole >= addr && hole-addr < size {
				delete(tr.space.holes, hole)
			}
		}
	}
	for returns, x := range tr.space.sites {
		if returns+widest < addr || returns > addr && returns-addr >= size+widest {
			continue
		}
		if restore {
			x.restore(tr)
		}
		delete(tr.space.sites, returns)
	}
}

// restore writes the program's own instruction back. The jump in its hole remains, since a
// thread may be about to run it. If the memory cannot be written, the call remains patched.
func (x *site) restore(tr *Tracee) {
	if !x.patched {
		return
	}
	at, code := x.returns-callSize, []byte{0x0f, 0x05}
	if x.load != nil {
		at, code = at-buffered.LoadSize, x.load
		if isSplit(at, buffered.LoadSize) && tr.t.hasThreads(tr.space, tr) {
			// Another thread must not run an instruction that is half written. The trampoline
			// jumps to the slow call instead.
			at, code = x.trampoline, tr.space.lookup.ToSlowCall()
		}
	}
	x.patched = tr.poke(at, code) != len(code)
}

// unpatchAll restores all patched calls of an address space, through a stopped tracee.
func (t *Tracer) unpatchAll(tr *Tracee, why error) {
	for _, x := range tr.space.sites {
		x.restore(tr)
	}
	t.refuse(tr.space, why)
}

// leaveSpace releases what a tracee uses of its address space, when the tracer forgets the
// tracee.
func (t *Tracer) leaveSpace(tr *Tracee) {
	if tr.buffered != nil {
		t.releaseArea(tr)
	}
	if !t.hasThreads(tr.space, tr) {
		tr.space.close()
		t.closeMemory(tr.space)
	}
	tr.space = nil
}

// execSpace gives a tracee a new address space after an execve.
func (t *Tracer) execSpace(tr *Tracee) {
	if t.buffered == nil || !tr.filtered {
		return
	}
	if tr.space != nil {
		t.leaveSpace(tr)
	}
	tr.space = &space{pid: tr.TID}
	t.checkStubPage(tr)
	tr.shares, tr.areaFailures, tr.bufferable = tr.everyCall, 0, 0
}
