// Kernelpath, without arguments, sleeps in one thread, once, while another thread calls
// utime without pause. With the argument utime it calls utime for a file that does not
// exist, by int $0x80 and by syscall.
package main

import (
	"os"
	"runtime"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"trapline/integration/testdata/int80"
)

// A goroutine that init locks has the thread that is traced. One that main locks may have
// moved to another thread on a busy machine.
func init() { runtime.LockOSThread() }

func main() {
	if len(os.Args) > 1 {
		path := int80.String("/nonexistent")
		int80.Call(30, path, 0, 0, 0, 0, 0)
		syscall.RawSyscall(syscall.SYS_UTIME, uintptr(path), 0, 0)
		return
	}
	// With one processor, and not interrupted by the runtime, the loop would never let
	// the other thread run.
	runtime.GOMAXPROCS(2)
	var began, done atomic.Bool
	ended := make(chan bool)
	go func() {
		runtime.LockOSThread()
		defer close(ended)
		for !done.Load() {
			syscall.RawSyscall(syscall.SYS_UTIME, 0, 0, 0)
			began.Store(true)
		}
	}()
	for !began.Load() {
		time.Sleep(time.Millisecond)
	}
	pause := syscall.NsecToTimespec(int64(50 * time.Millisecond))
	syscall.RawSyscall6(syscall.SYS_CLOCK_NANOSLEEP, 1, 0, uintptr(unsafe.Pointer(&pause)), 0, 0, 0)
	done.Store(true)
	<-ended
}
