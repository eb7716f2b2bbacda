//go:build linux && amd64

package tracer

import (
	"golang.org/x/sys/unix"

	"trapline/tracer/buffered"
)

// mmap, munmap and mprotect change what the tracer knows of a process's memory. While
// a process has one thread they need not stop: what they have changed is noted when
// they are reported, which is before any later stop is looked at. With several threads
// another one might stop meanwhile.
//
// They stop where they may change what the tracer has mapped (KindPlace), and where
// code may become writable: it is restored before that.

// changesMappings reports whether a call is one of these.
func changesMappings(nr uint64) bool {
	return nr == unix.SYS_MMAP || nr == unix.SYS_MUNMAP || nr == unix.SYS_MPROTECT
}

// guardMappings makes such calls stop where the tracer has to see them first.
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

// prepareMappings prepares these calls before any process has the table: in a process
// with threads their entries are empty, and must not be written again.
func (t *Tracer) prepareMappings() {
	for _, nr := range []uint64{unix.SYS_MMAP, unix.SYS_MUNMAP, unix.SYS_MPROTECT} {
		t.prepareCall(nr)
	}
}

// beginThreads is for a tracee that is about to create a task with these flags: if it
// has the same memory, and runs beside the tracee, such calls stop from now on.
func (t *Tracer) beginThreads(tr *Tracee, flags uint64) {
	s := tr.space
	if s.threaded || flags&unix.CLONE_VM == 0 || flags&unix.CLONE_VFORK != 0 {
		return
	}
	s.threaded = true
	if s.ready {
		t.stopMappings(tr)
	}
}

// stopMappings makes such calls stop in a process.
func (t *Tracer) stopMappings(tr *Tracee) {
	for _, nr := range []uint64{unix.SYS_MMAP, unix.SYS_MUNMAP, unix.SYS_MPROTECT} {
		t.writeCode(tr, buffered.EntryAddr(nr), make([]byte, 4))
	}
}

// noteMappings notes what such a call changes: before the call if it stops, else
// after it.
func (t *Tracer) noteMappings(tr *Tracee, nr uint64, args *[6]uint64) {
	switch nr {
	case unix.SYS_MUNMAP:
		t.forgetMappings(tr, args[0], args[1])
		t.dropSites(tr, args[0], args[1], false)
	case unix.SYS_MMAP:
		if args[3]&unix.MAP_FIXED == 0 {
			t.forgetMappings(tr, 0, 0) // what is there already stays
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

// lowest returns the address from which on the tracer has mapped nothing: libraries
// are above it.
func (s *space) lowest() uint64 {
	lowest := uint64(buffered.AreasAddr + 1<<46) // far more areas than there can be threads
	for i := range s.arenas {
		lowest = max(lowest, s.arenas[i].addr+arenaSize)
	}
	return lowest
}
