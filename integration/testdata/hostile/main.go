// Hostile makes calls whose arguments are hard to print: all bytes, the largest
// numbers, invalid addresses.
package main

import (
	"os"
	"runtime"
	"syscall"
	"unsafe"
)

// The main thread makes all calls: trapline without -f sees no others.
func init() { runtime.LockOSThread() }

func main() {
	var all [256]byte
	for i := range all {
		all[i] = byte(i)
	}
	name := append(append([]byte("/nowhere/"), all[1:]...), 0)
	at := -100 // AT_FDCWD
	syscall.Syscall6(syscall.SYS_OPENAT, uintptr(at), uintptr(unsafe.Pointer(&name[0])), syscall.O_WRONLY|syscall.O_CREAT, 0o644, 0, 0)
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		os.Exit(1)
	}
	fd := null.Fd()
	syscall.Syscall(syscall.SYS_WRITE, fd, uintptr(unsafe.Pointer(&all[0])), uintptr(len(all)))
	syscall.Syscall6(syscall.SYS_PWRITE64, fd, uintptr(unsafe.Pointer(&all[0])), 64, 1<<63-64, 0, 0)
	syscall.Syscall(syscall.SYS_WRITE, ^uintptr(0), ^uintptr(0), ^uintptr(0))
	syscall.Syscall6(syscall.SYS_OPENAT, ^uintptr(0), ^uintptr(0), ^uintptr(0), ^uintptr(0), 0, 0)
	syscall.Syscall6(syscall.SYS_MMAP, ^uintptr(0), ^uintptr(0), ^uintptr(0), ^uintptr(0), ^uintptr(0), ^uintptr(0))
	syscall.Syscall(syscall.SYS_IOCTL, fd, ^uintptr(0), ^uintptr(0))
	syscall.RawSyscall(0x1ff, 1, 2, 3)
	os.Exit(0)
}
