//go:build linux && amd64

package tracer

import (
	"math"

	"golang.org/x/sys/unix"

	"trapline/tracer/buffered"
)

// mmap, munmap and mprotect change what the tracer knows of a process's memory. They need not
// stop while the process has one thread: the tracer records their changes when it reports
// them, which is before it handles any later stop. With several threads, another thread could
// stop in between. Then munmap, mprotect and mmap with MAP_FIXED stop. An mmap without
// MAP_FIXED does not: it takes nothing away of what the tracer knows.
//
// These calls do stop where they may change what the tracer has mapped (KindPlace), and where
// code may become writable, since the tracer must restore the code first.

// changesMappings reports whether a call is mmap, munmap or mprotect.
func changesMappings(nr uint64) bool {
	return nr == unix.SYS_MMAP || nr == unix.SYS_MUNMAP || nr == unix.SYS_MPROTECT
}

// guardMappings makes such a call stop if the tracer has to see it first.
func guardMappings(nr uint64, call *buffered.Call) {
	if !call.Buffered || !changesMappings(nr) {
		return
	}
	guard := buffered.Op{Kind: buffered.KindPlace, When: buffered.BeforeCall}
	switch nr {
	case unix.SYS_MMAP:
		guard.Count, guard.Most = 3, unix.MAP_FIXED
	case unix.SYS_MPROTECT:
		guard = buffered.Op{Kind: buffered.KindAtMost, When: buffered.BeforeCall, Arg: 2, Most: unix.PROT_READ}
	}
	call.Ops = append([]buffered.Op{guard}, call.Ops...)
}

// prepareMappings prepares these calls before any process has the table. In a process with
// threads their table entries are empty and must not be written again.
func (t *Tracer) prepareMappings() {
	for _, nr := range []uint64{unix.SYS_MMAP, unix.SYS_MUNMAP, unix.SYS_MPROTECT} {
		t.prepareCall(nr)
	}
}

// beginThreads handles a tracee that is about to create a task with these flags. If the new
// task shares the memory and runs at the same time as the tracee, calls that change known
// mappings stop from now on.
func (t *Tracer) beginThreads(tr *Tracee, flags uint64) {
	s := tr.space
	if s.threaded || flags&unix.CLONE_VM == 0 || flags&unix.CLONE_VFORK != 0 {
		return
	}
	s.threaded = true
	if s.ready && !s.lost {
		t.stopMappings(tr)
	}
	t.tellLowest(s)
}

// stopMappings makes the calls that change known mappings stop in a process. An mmap with
// MAP_FIXED stops because of lowest.
func (t *Tracer) stopMappings(tr *Tracee) {
	for _, nr := range []uint64{unix.SYS_MUNMAP, unix.SYS_MPROTECT} {
		t.writeCode(tr, buffered.EntryAddr(nr), make([]byte, 4))
	}
}

// changesKnown reports whether a call may change a mapping that exists.
func changesKnown(call *Syscall) bool {
	return changesMappings(call.NR) && (call.NR != unix.SYS_MMAP || call.Args[3]&unix.MAP_FIXED != 0)
}

// tellLowest tells the threads of a process the address from which on calls may change
// mappings without a stop.
func (t *Tracer) tellLowest(s *space) {
	for _, th := range t.buffered.areas {
		if th.tr.space == s {
			th.area.SetLowest(s.lowest())
		}
	}
}

// noteMappings records what such a call changes. It is called before the call if the call
// stops, otherwise after it.
func (t *Tracer) noteMappings(tr *Tracee, nr uint64, args *[6]uint64) {
	switch nr {
	case unix.SYS_MUNMAP:
		t.forgetMappings(tr, args[0], args[1])
		t.dropSites(tr, args[0], args[1], false)
	case unix.SYS_MMAP:
		if args[3]&unix.MAP_FIXED == 0 {
			t.forgetMappings(tr, 0, 0) // existing mappings remain
		} else {
			t.forgetMappings(tr, args[0], args[1])
			t.dropSites(tr, args[0], args[1], false)
		}
	case unix.SYS_MPROTECT, unix.SYS_PKEY_MPROTECT:
		t.forgetMappings(tr, args[0], args[1])
		if args[2]&unix.PROT_WRITE != 0 {
			t.dropSites(tr, args[0], args[1], true)
		}
	}
}

// lowest returns an address above everything that the tracer has mapped. Libraries are above
// it. With several threads it is above all memory.
func (s *space) lowest() uint64 {
	if s.threaded {
		return math.MaxUint64
	}
	lowest := uint64(buffered.AreasAddr + 1<<46) // far more areas than there can be threads
	for i := range s.arenas {
		lowest = max(lowest, s.arenas[i].addr+arenaSize)
	}
	return lowest
}
