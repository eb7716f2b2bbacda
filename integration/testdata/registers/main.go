// Registers puts known values into every register and makes one call, through
// the way into the kernel that its argument names; or changes registers in less
// ordinary ways.
package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
	"time"
	"unsafe"
)

// The main thread makes all calls: trapline without -f sees no others.
func init() { runtime.LockOSThread() }

func main() {
	for _, what := range strings.Split(os.Args[1], ",") {
		if what == "all" {
			for _, door := range []string{"native", "int80", "vdso", "segments", "vfork"} {
				if f := doors[door]; f != nil {
					f()
				}
			}
			signals()
			children()
			continue
		}
		f := doors[what]
		if f == nil {
			f = map[string]func(){"signals": signals, "children": children}[what]
		}
		if f == nil {
			fmt.Fprintln(os.Stderr, "registers: cannot do", what, "on", runtime.GOARCH)
			os.Exit(2)
		}
		f()
	}
}

// signals lets a signal with a handler interrupt a sleep.
func signals() {
	arrived := make(chan os.Signal, 1)
	signal.Notify(arrived, syscall.SIGUSR1)
	tid := make(chan int)
	go func() {
		runtime.LockOSThread()
		tid <- syscall.Gettid()
		long := syscall.Timespec{Sec: 60}
		// Not RawSyscall6, which would keep the processor of Go that the others need.
		syscall.Syscall6(clockNanosleep, 1 /* CLOCK_MONOTONIC */, 0, uintptr(unsafe.Pointer(&long)), 0, 0, 0)
		tid <- 0
	}()
	sleeper := <-tid
	time.Sleep(50 * time.Millisecond) // the sleep may begin later: then it ends at the next try
	for {
		syscall.Tgkill(syscall.Getpid(), sleeper, syscall.SIGUSR1)
		select {
		case <-tid:
			<-arrived
			return
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// children starts a process and threads.
func children() {
	if err := exec.Command("/proc/self/exe", doorOfChild).Run(); err != nil {
		fmt.Fprintln(os.Stderr, "registers:", err)
		os.Exit(1)
	}
	done := make(chan bool)
	for range 3 {
		go func() {
			runtime.LockOSThread()
			time.Sleep(time.Millisecond)
			done <- true
		}()
	}
	for range 3 {
		<-done
	}
}

// auxiliary reads an entry of the auxiliary vector (linux/auxvec.h).
func auxiliary(tag uintptr) uintptr {
	b, err := os.ReadFile("/proc/self/auxv")
	if err != nil {
		return 0
	}
	const word = int(unsafe.Sizeof(tag))
	read := func(b []byte) uintptr {
		if word == 4 {
			return uintptr(binary.LittleEndian.Uint32(b))
		}
		return uintptr(binary.LittleEndian.Uint64(b))
	}
	for ; len(b) >= 2*word; b = b[2*word:] {
		if read(b) == tag {
			return read(b[word:])
		}
	}
	return 0
}
