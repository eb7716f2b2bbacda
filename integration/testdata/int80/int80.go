// Package int80 makes system calls of the i386 table by int $0x80, from 32-bit
// programs and from 64-bit ones.
package int80

import (
	"runtime"
	"syscall"
	"unsafe"
)

// Call makes call number nr. The result is as the kernel gives it: -errno for
// a call that failed.
//
//go:noescape
func Call(nr, a1, a2, a3, a4, a5, a6 uint32) int32

// Numbers of the i386 table.
const (
	Socketcall = 102
	IPC        = 117
)

// page is memory below 4 GB, followed by an unreadable page.
var page []byte

const pageSize = 4096

func init() {
	runtime.LockOSThread() // all calls are the main thread's: a trace without -f sees no others
	const map32Bit = 0x40
	var err error
	page, err = syscall.Mmap(-1, 0, 2*pageSize, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_PRIVATE|syscall.MAP_ANON|map32Bit)
	if err != nil {
		panic(err)
	}
	if err := syscall.Mprotect(page[pageSize:], syscall.PROT_NONE); err != nil {
		panic(err)
	}
}

// PageEnd is the address of the first unreadable byte.
func PageEnd() uint32 { return address(pageSize) }

func address(off int) uint32 { return uint32(uintptr(unsafe.Pointer(&page[0]))) + uint32(off) }

// Words stores words in memory and returns their address.
func Words(words ...uint32) uint32 {
	b := alloc(4 * len(words))
	for i, w := range words {
		*(*uint32)(unsafe.Pointer(&page[b+4*i])) = w
	}
	return address(b)
}

// String stores a string and a NUL in memory and returns its address.
func String(s string) uint32 {
	b := alloc(len(s) + 1)
	copy(page[b:], s)
	return address(b)
}

// Bytes returns the n bytes at an address.
func Bytes(addr uint32, n int) []byte {
	off := addr - address(0)
	return page[off:][:n]
}

var used int

// alloc takes n bytes of the page, and starts over at its end.
func alloc(n int) int {
	n = (n + 3) &^ 3
	if used+n > pageSize {
		used = 0
	}
	used += n
	return used - n
}
