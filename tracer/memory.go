//go:build linux && amd64

package tracer

import (
	"encoding/binary"
	"unsafe"

	"golang.org/x/sys/unix"
)

// ioVectors are the two vectors of process_vm_readv, kept so that a read does
// not allocate.
type ioVectors struct {
	local  unix.Iovec
	remote unix.RemoteIovec
}

// ReadMemory reads len(b) bytes at addr and returns the number of bytes read. The number is
// smaller if the memory ends earlier, and 0 if there is no memory at addr or the tracee has
// ended.
func (tr *Tracee) ReadMemory(addr uint64, b []byte) int {
	if len(b) == 0 {
		return 0
	}
	if tr.past != nil {
		return tr.past.ReadMemory(addr, b)
	}
	n, errno := tr.transfer(unix.SYS_PROCESS_VM_READV, addr, b)
	switch errno {
	case 0:
		return n
	case unix.EPERM, unix.ENOSYS:
		return tr.peek(addr, b)
	}
	return 0
}

// WriteMemory writes b at addr and returns the number of bytes written. As in
// debuggers, it also writes to memory that is read-only for the tracee: a
// private mapping gets its own copy of the page.
func (tr *Tracee) WriteMemory(addr uint64, b []byte) int {
	if len(b) == 0 || tr.past != nil {
		return 0
	}
	n, errno := tr.transfer(unix.SYS_PROCESS_VM_WRITEV, addr, b)
	switch errno {
	case 0:
	case unix.EPERM, unix.ENOSYS, unix.EFAULT:
		n = 0
	default:
		return 0
	}
	if n == len(b) || tr.t.accessor != nil && errno == unix.EFAULT {
		return n
	}
	return n + tr.poke(addr+uint64(n), b[n:])
}

func (tr *Tracee) transfer(trap uintptr, addr uint64, b []byte) (int, unix.Errno) {
	if tr.t.accessor != nil {
		return tr.t.accessServed(trap, tr.TID, addr, b)
	}
	v := &tr.t.vm
	v.local.Base = &b[0]
	v.local.Len = uint64(len(b))
	v.remote.Base = uintptr(addr)
	v.remote.Len = len(b)
	n, _, errno := unix.RawSyscall6(trap, uintptr(tr.TID),
		uintptr(unsafe.Pointer(&v.local)), 1, uintptr(unsafe.Pointer(&v.remote)), 1, 0)
	v.local.Base = nil
	return int(n), errno
}

// hasMemory returns false for a tracee that has ended or is about to end.
func (tr *Tracee) hasMemory() bool {
	const nobodys = 1 << 63
	var b [1]byte
	_, errno := tr.transfer(unix.SYS_PROCESS_VM_READV, nobodys, b[:])
	return errno != unix.ESRCH
}

// peek is ReadMemory word by word. It is for a tracee whose memory ptrace may read though
// process_vm_readv may not, for example one that is not dumpable.
func (tr *Tracee) peek(addr uint64, b []byte) int {
	var word [8]byte
	n := 0
	for n < len(b) {
		at := addr + uint64(n)
		skip := int(at & 7)
		if ptraceData(unix.PTRACE_PEEKDATA, tr.TID, uintptr(at-uint64(skip)), unsafe.Pointer(&word)) != 0 {
			break
		}
		n += copy(b[n:], word[skip:])
	}
	return n
}

// poke is WriteMemory word by word.
func (tr *Tracee) poke(addr uint64, b []byte) int {
	var word [8]byte
	n := 0
	for n < len(b) {
		at := addr + uint64(n)
		skip := int(at & 7)
		base := uintptr(at - uint64(skip))
		if skip != 0 || len(b)-n < len(word) {
			if ptraceData(unix.PTRACE_PEEKDATA, tr.TID, base, unsafe.Pointer(&word)) != 0 {
				break
			}
		}
		put := copy(word[skip:], b[n:])
		if ptrace(unix.PTRACE_POKEDATA, tr.TID, base, uintptr(binary.NativeEndian.Uint64(word[:]))) != 0 {
			break
		}
		n += put
	}
	return n
}
