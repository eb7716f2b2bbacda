//go:build linux && amd64

package tracer

import (
	"errors"
	"math"

	"golang.org/x/sys/unix"

	"trapline/tracer/buffered"
)

// changesMemory386 reports whether an i386 call is one of the calls that watchSpace handles.
func changesMemory386(nr uint64) bool {
	switch nr {
	case 90, 91, 123, 125, 163, 172, 192, 243, 380, 384: // mmap, munmap, modify_ldt, mprotect, mremap, prctl, mmap2, set_thread_area, pkey_mprotect, arch_prctl
		return true
	}
	return false
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

// leaveSpace releases what a tracee uses of its address space, when the tracer forgets the
// tracee.
func (t *Tracer) leaveSpace(tr *Tracee) {
	if tr.buffered != nil {
		t.releaseArea(tr)
	}
	if !t.hasThreads(tr.space, tr) {
		tr.space.close()
		t.countProcess(tr.space)
		t.closeMemory(tr.space)
		if c := &t.buffered.scratch; cap(c.mapped) < cap(tr.space.mapped) {
			c.mapped = tr.space.mapped[:0]
		}
		tr.space.mapped = nil
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
