//go:build linux && amd64

package tracer

import (
	"errors"
	"unsafe"

	"golang.org/x/sys/unix"

	"trapline/tracer/buffered"
)

// The filter lets all calls from the page of the stub pass. If a program has code of its own
// there, its tracees are resumed by PTRACE_SYSCALL, so that they stop at every call.

var errStubPage = errors.New("it uses the page of the stub")

// takesStubPage reports whether a call of the x86-64 ABI may change what is mapped at the page
// of the stub.
func (s *space) takesStubPage(call *Syscall) bool {
	const fixed = unix.MAP_FIXED
	args := &call.Args
	switch call.NR {
	case unix.SYS_MMAP:
		// An address without MAP_FIXED is a hint, and does not replace what is mapped.
		return coversStub(args[0], args[1]) && (args[3]&fixed != 0 || args[0] != 0 && !s.ready)
	case unix.SYS_MUNMAP, unix.SYS_MPROTECT, unix.SYS_PKEY_MPROTECT:
		return coversStub(args[0], args[1])
	case unix.SYS_MREMAP:
		return coversStub(args[0], max(args[1], args[2])) || args[3]&unix.MREMAP_FIXED != 0 && coversStub(args[4], args[2])
	case unix.SYS_SHMAT:
		return args[1] != 0 && args[1] < buffered.StubAddr+buffered.StubSize // the size is not known
	}
	return false
}

func coversStub(addr, size uint64) bool {
	return size != 0 && addr < buffered.StubAddr+buffered.StubSize && (addr >= buffered.StubAddr || size > buffered.StubAddr-addr)
}

// leaveStubPage leaves the page of the stub to the program.
func (t *Tracer) leaveStubPage(tr *Tracee) {
	tr.space.ownsStubPage = true
	t.unpatchAll(tr, errStubPage)
	for _, other := range t.tracees {
		if other.space != tr.space || other.everyCall {
			continue
		}
		if other.state == running && !other.inCall {
			ptrace(unix.PTRACE_INTERRUPT, other.TID, 0, 0)
		}
		other.everyCall = true
	}
}

// checkStubPage handles a program that begins with code at the page of the stub.
func (t *Tracer) checkStubPage(tr *Tracee) {
	var word uint64
	if ptraceData(unix.PTRACE_PEEKDATA, tr.TID, buffered.StubAddr, unsafe.Pointer(&word)) == 0 {
		t.leaveStubPage(tr)
	}
}
