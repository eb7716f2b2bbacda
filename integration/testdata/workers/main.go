// Workers has a few threads that make calls until it is killed. Each counts in a
// word of a file.
package main

import (
	"os"
	"runtime"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// workers is the number of threads that count, as in the test.
const workers = 3

func main() {
	file, err := os.OpenFile(os.Args[1], os.O_RDWR, 0)
	if err != nil {
		panic(err)
	}
	memory, err := unix.Mmap(int(file.Fd()), 0, workers*8, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		panic(err)
	}
	counts := unsafe.Slice((*atomic.Uint64)(unsafe.Pointer(&memory[0])), workers)
	for i := range counts {
		go func() {
			runtime.LockOSThread()
			for {
				unix.Access("/", unix.R_OK)
				unix.Nanosleep(&unix.Timespec{Nsec: int64(time.Millisecond)}, nil)
				counts[i].Add(1)
			}
		}()
	}
	select {}
}
