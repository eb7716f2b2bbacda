// Edges makes calls with pointers to the end of a mapped page, and with
// impossible counts and lengths. With an argument, a duration, it makes calls
// whose arguments another thread keeps changing, until then or until there is a
// file with the name in the second argument.
package main

import (
	"os"
	"runtime"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

const page = 4096

// The main thread makes all calls: trapline without -f sees no others.
func init() { runtime.LockOSThread() }

func main() {
	if len(os.Args) > 1 {
		d, err := time.ParseDuration(os.Args[1])
		if err != nil {
			panic(err)
		}
		race(d, append(os.Args, "")[2])
		return
	}
	area, err := syscall.Mmap(-1, 0, 3*page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_PRIVATE|syscall.MAP_ANON)
	if err != nil {
		panic(err)
	}
	if err := syscall.Mprotect(area[2*page:], syscall.PROT_NONE); err != nil {
		panic(err)
	}
	m := area[: 2*page : 2*page]
	for i := range m {
		m[i] = 'a' + byte(i%26)
	}
	end := func(n int) uintptr { return uintptr(unsafe.Pointer(&m[len(m)-n])) }
	const badFD = ^uintptr(0)

	// Strings at the end of memory: without a NUL, and with one.
	open := func(addr uintptr) {
		syscall.RawSyscall6(syscall.SYS_OPENAT, badFD, addr, syscall.O_RDONLY, 0, 0, 0)
	}
	for _, n := range []int{1, 31, 32, 33, 34, 5000} {
		open(end(n))
	}
	m[len(m)-1] = 0
	for _, n := range []int{1, 2, 32, 33, 34} {
		open(end(n))
	}
	m[len(m)-1] = 'z'

	// Buffers with wrong lengths.
	for _, length := range []uintptr{4, 5, 64, 1 << 31, 1 << 63, badFD} {
		syscall.RawSyscall(syscall.SYS_WRITE, badFD, end(4), length)
	}

	// Structs and arrays that are cut off.
	for _, n := range []int{4, 15, 16, 24, 32} {
		for i := range 64 {
			m[len(m)-1-i] = 0
		}
		syscall.RawSyscall(syscall.SYS_NANOSLEEP, end(n), badFD, 0)
		syscall.RawSyscall(syscall.SYS_WRITEV, badFD, end(n), 2)
		syscall.RawSyscall(syscall.SYS_WRITEV, badFD, end(n), 1<<30)
		syscall.RawSyscall(syscall.SYS_POLL, end(n), 1<<30, 0)
		syscall.RawSyscall6(unix.SYS_EXECVEAT, badFD, end(1), end(n), end(n), 0, 0)
		syscall.RawSyscall(syscall.SYS_CONNECT, badFD, end(n), 110)
		syscall.RawSyscall(syscall.SYS_SENDMSG, badFD, end(n), 0)
		syscall.RawSyscall6(syscall.SYS_RT_SIGPROCMASK, 77, end(n), 0, 8, 0, 0)
		syscall.RawSyscall6(syscall.SYS_SELECT, 1<<30, end(n), end(n), end(n), end(16), 0) // at most for no time
		syscall.RawSyscall(syscall.SYS_GETDENTS64, badFD, end(n), badFD)
	}

	// A message whose vectors and control data are anywhere.
	msg := syscall.Msghdr{
		Name: &m[0], Namelen: 1<<32 - 1,
		Iov: (*syscall.Iovec)(unsafe.Pointer(&m[len(m)-16])), Iovlen: 1 << 62,
		Control: &m[len(m)-24], Controllen: 1 << 63,
	}
	syscall.RawSyscall(syscall.SYS_SENDMSG, badFD, uintptr(unsafe.Pointer(&msg)), 0)
}

// race opens a name, writes vectors and sends messages while another thread
// fills them with noise.
func race(d time.Duration, until string) {
	var stop atomic.Bool
	noise := make([]byte, page)
	words := unsafe.Slice((*uint64)(unsafe.Pointer(&noise[0])), page/8)
	done := make(chan bool)
	go func() {
		x := uint64(88172645463325252)
		for !stop.Load() {
			for i := range words {
				x ^= x << 13
				x ^= x >> 7
				x ^= x << 17
				words[i] = x
				if i%3 == 0 {
					words[i] = uint64(uintptr(unsafe.Pointer(&noise[x%page])))
				}
			}
		}
		done <- true
	}()
	const badFD = ^uintptr(0)
	addr := uintptr(unsafe.Pointer(&noise[0]))
	goesOn := func(end time.Time) bool {
		return time.Now().Before(end) && (until == "" || syscall.Access(until, 0) != nil)
	}
	for end, first := time.Now().Add(d), true; first || goesOn(end); first = false {
		syscall.RawSyscall6(syscall.SYS_OPENAT, badFD, addr+1, 0, 0, 0, 0)
		syscall.RawSyscall(syscall.SYS_WRITEV, badFD, addr, 64)
		syscall.RawSyscall(syscall.SYS_SENDMSG, badFD, addr, 0)
		syscall.RawSyscall6(unix.SYS_EXECVEAT, badFD, addr, addr, addr, 0, 0)
		syscall.RawSyscall(unix.SYS_BPF, addr%64, addr, 128)
		syscall.RawSyscall(syscall.SYS_CONNECT, badFD, addr, 128)
	}
	stop.Store(true)
	<-done
}
