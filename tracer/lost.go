//go:build linux && amd64

package tracer

import (
	"errors"
	"math"

	"golang.org/x/sys/unix"

	"trapline/tracer/buffered"
)

// A program may map memory of its own where the tracer has mapped the stub's data, the index
// or areas: with MAP_FIXED, or after it has unmapped them. Its calls then stop, and nothing is
// written there any more, as the memory is the program's.

var errLost = errors.New("it replaces what is mapped for buffered calls")

// takesMemory reports whether a call of the x86-64 ABI may replace or unmap the stub, the
// index or an area.
func (s *space) takesMemory(call *Syscall) bool {
	const shmRemap = 0o40000 // SHM_REMAP of linux/shm.h
	args := &call.Args
	switch call.NR {
	case unix.SYS_MMAP:
		return args[3]&unix.MAP_FIXED != 0 && s.coversMapped(args[0], args[1])
	case unix.SYS_MUNMAP:
		return s.coversMapped(args[0], args[1])
	case unix.SYS_MREMAP:
		return s.coversMapped(args[0], max(args[1], args[2])) || args[3]&unix.MREMAP_FIXED != 0 && s.coversMapped(args[4], args[2])
	case unix.SYS_SHMAT:
		return args[1] != 0 && args[2]&shmRemap != 0 && s.coversMapped(args[1], math.MaxInt64) // the size is not known
	}
	return false
}

// coversMapped reports whether a range of addresses overlaps with the stub, the index or the
// areas. It counts the gaps between them as well.
func (s *space) coversMapped(addr, size uint64) bool {
	covers := func(from, to uint64) bool {
		return size != 0 && addr < to && (addr >= from || size > from-addr)
	}
	lowEnd := buffered.AreaAddr(buffered.LowAreas-1) + buffered.AreaSize
	return covers(buffered.StubAddr, lowEnd) || s.areas > buffered.LowAreas && covers(buffered.AreaAddr(buffered.LowAreas), buffered.AreaAddr(s.areas))
}

// loseMemory is called before the program takes this memory, through a stopped tracee.
func (t *Tracer) loseMemory(tr *Tracee) {
	s := tr.space
	t.unpatchAll(tr, errLost)
	for _, th := range t.buffered.areas {
		if th.tr.space == s && s.lookup == buffered.ByFS && !th.aside {
			unlink(tr, th.fs)
			th.aside = true
		}
	}
	if tr.buffered != nil {
		t.takeArea(tr) // the other threads lose theirs at their next calls, which stop
	}
	s.lost = true
}
