//go:build linux && amd64

package tracer

import (
	"bytes"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A process can serve memory by userfaultfd(2), and it can serve files by fuse(4), which
// other processes map into their memory. A read of such memory waits for the serving process
// if the memory has no content yet, and only SIGKILL can end the wait. The process may never
// serve it, in particular if it is itself a tracee that waits for the tracer.
//
// Once a tracee has a descriptor of userfaultfd or FUSE, separate threads make all reads and
// writes. The tracer abandons a thread that does not return. It checks a tracee's descriptors
// after userfaultfd and after calls that mount, but not after those that open files, because
// these are too frequent.
//
// File systems that are served by processes that are not tracees are not considered. Many
// machines have some, and considering them would slow down every trace there. The tracer does
// not stop such a process, so it can serve the memory.

// serveLimit is how long a read or write may sleep.
const serveLimit = 50 * time.Millisecond

// maxLeftBehind is the maximum number of abandoned threads. When it is reached, only memory
// with content is read until one of the threads returns.
const maxLeftBehind = 4

// accessor reads and writes memory in a separate goroutine.
type accessor struct {
	requests chan access
	done     chan int
	tid      atomic.Int32 // of the goroutine's thread
	timer    *time.Timer
	left     atomic.Int32 // number of abandoned threads
}

// access is one process_vm_readv or process_vm_writev.
type access struct {
	trap uintptr
	tid  int
	addr uint64
	b    []byte
}

// awaitServed records that a tracee enters a call after which it may serve memory.
func (t *Tracer) awaitServed(tr *Tracee) {
	if t.asksServed != nil && t.asksServed != tr {
		t.beginServed() // two tracees at a time: do not wait for the results
		return
	}
	t.asksServed = tr
}

// checkServed is called at a stop of a tracee. If awaitServed was called for this tracee,
// checkServed checks whether the tracee now has such a descriptor. Without one it cannot
// serve memory.
func (t *Tracer) checkServed(tr *Tracee) {
	asks := t.asksServed
	if asks == nil {
		return
	}
	if t.tracees[asks.TID] != asks || servesByDescriptor(asks.TID) {
		t.beginServed()
		t.asksServed = nil
	} else if tr == asks {
		t.asksServed = nil // the call has failed
	}
}

// beginServed is called when a tracee may begin to serve memory. From then on all calls stop:
// the stub would read the memory in the program's own threads, and would wait there forever.
func (t *Tracer) beginServed() {
	t.accessor = new(accessor)
	if t.buffered != nil {
		t.stopAll()
	}
}

// servesByDescriptor reports whether the descriptors of a process allow it to serve memory,
// its own or that of others. If the descriptors are unknown, it assumes so.
func servesByDescriptor(pid int) bool {
	folder := "/proc/" + strconv.Itoa(pid) + "/fd/"
	dir, err := os.Open(folder)
	if err != nil {
		return true
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(-1)
	return slices.ContainsFunc(names, func(name string) bool {
		target, _ := os.Readlink(folder + name)
		return target == "anon_inode:[userfaultfd]" || strings.HasSuffix(target, "/fuse")
	})
}

// accessServed is transfer for memory that a process may serve. It gives up after serveLimit,
// with n = 0.
func (t *Tracer) accessServed(trap uintptr, tid int, addr uint64, b []byte) (int, unix.Errno) {
	a := t.accessor
	if a.left.Load() >= maxLeftBehind && !isPresent(tid, addr, len(b)) {
		return 0, unix.EFAULT
	}
	if a.requests == nil {
		a.requests, a.done = make(chan access), make(chan int, 1)
		go a.serve(a.requests, a.done)
	}
	own := make([]byte, len(b)) // an abandoned goroutine may keep it
	copy(own, b)
	a.requests <- access{trap, tid, addr, own}
	n, ok := a.await(tid, addr, len(b))
	if !ok {
		a.left.Add(1)
		close(a.requests) // the goroutine ends when its call returns
		a.requests = nil
		t.debugf("memory of %d at %#x: nobody serves it", tid, addr)
		return 0, unix.EFAULT
	}
	if n < 0 {
		return 0, unix.Errno(-n)
	}
	if trap == unix.SYS_PROCESS_VM_READV {
		copy(b, own[:n])
	}
	return n, 0
}

// await waits for the result of a request. It gives up if the goroutine's thread sleeps and
// part of the memory is absent. On a busy machine a thread that does not sleep may only be
// waiting for a processor.
func (a *accessor) await(tid int, addr uint64, size int) (n int, ok bool) {
	if a.timer == nil {
		a.timer = time.NewTimer(serveLimit)
	} else {
		a.timer.Reset(serveLimit)
	}
	for {
		select {
		case n = <-a.done:
			a.timer.Stop()
			return n, true
		case <-a.timer.C:
			if !isPresent(tid, addr, size) && !isRunnable(int(a.tid.Load())) {
				return 0, false
			}
			a.timer.Reset(serveLimit)
		}
	}
}

// isRunnable reports whether a thread of this process runs or waits for a
// processor.
func isRunnable(tid int) bool {
	stat, err := os.ReadFile("/proc/self/task/" + strconv.Itoa(tid) + "/stat")
	return err == nil && bytes.Contains(stat, []byte(") R "))
}

// isPresent reports whether all pages of some memory of a tracee are in main
// memory (proc_pid_pagemap(5)).
func isPresent(tid int, addr uint64, n int) bool {
	const pageSize = 4096
	first, last := addr/pageSize, (addr+uint64(n)-1)/pageSize
	const most = 64 // maximum number of pages that are checked
	if last < first || last-first >= most {
		return false
	}
	fd, err := unix.Open("/proc/"+strconv.Itoa(tid)+"/pagemap", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return false
	}
	defer unix.Close(fd)
	var entries [8 * most]byte
	size := int(last-first+1) * 8
	if n, err := unix.Pread(fd, entries[:size], int64(first)*8); err != nil || n < size {
		return false
	}
	for i := 0; i < size; i += 8 {
		const present = 1 << 7 // in the highest byte
		if entries[i+7]&present == 0 {
			return false
		}
	}
	return true
}

// serve handles requests. If it was abandoned, it ends when its call returns.
func (a *accessor) serve(requests <-chan access, done chan<- int) {
	runtime.LockOSThread()
	a.tid.Store(int32(unix.Gettid()))
	for r := range requests {
		local := unix.Iovec{Base: &r.b[0], Len: uint64(len(r.b))}
		remote := unix.RemoteIovec{Base: uintptr(r.addr), Len: len(r.b)}
		n, _, errno := syscall.Syscall6(r.trap, uintptr(r.tid), uintptr(unsafe.Pointer(&local)), 1,
			uintptr(unsafe.Pointer(&remote)), 1, 0)
		if errno != 0 {
			done <- -int(errno)
		} else {
			done <- int(n)
		}
	}
	if len(done) > 0 {
		a.left.Add(-1)
	}
}
