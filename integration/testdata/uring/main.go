// Uring uses rings of io_uring without a library. Its arguments are flags of
// io_uring_setup in hexadecimal, and modes:
//
//	open    opens the file "uring-file" and one that does not exist, writes and closes
//	all     submits each operation up to a number, one with each call
//
// It prints what it has submitted, and the completions that it has got: opcode or result,
// then user_data.
package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

const (
	setup, enter   = 425, 426
	noMmap         = 1 << 14
	noSQArray      = 1 << 16
	sqe128, cqe32  = 1 << 10, 1 << 11
	sqPoll         = 1 << 1
	entries        = 8
	hugePage       = 2 << 20
	offSQEs        = 0x10000000
	getEvents      = 1
	wakeUp         = 2
	opNop, opClose = 0, 19
	opOpenat       = 18
	opWrite        = 23
)

type offsets struct{ head, tail, mask, entries, flags, dropped, array, resv uint32 }

type params struct {
	sqEntries, cqEntries, flags, cpu, idle, features, wq uint32
	resv                                                 [3]uint32
	sq                                                   offsets
	sqAddr                                               uint64
	cq                                                   offsets // of cq: head, tail, mask, entries, overflow, cqes, flags
	cqAddr                                               uint64
}

type sqe struct {
	opcode, flags uint8
	ioprio        uint16
	fd            int32
	off, addr     uint64
	len, rwFlags  uint32
	userData      uint64
	rest          [3]uint64
}

type ring struct {
	fd    int
	p     params
	rings []byte
	sqes  []byte
	tail  uint32
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(3)
	}
}

func (r *ring) word(at uint32) *uint32 { return (*uint32)(unsafe.Pointer(&r.rings[at])) }

func newRing(flags uint32) *ring {
	r := &ring{}
	r.p.flags = flags
	r.p.idle = 1
	if flags&noMmap != 0 {
		memory := func() []byte {
			b, err := syscall.Mmap(-1, 0, 4096, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED|syscall.MAP_ANON|syscall.MAP_POPULATE)
			check(err)
			return b
		}
		r.rings, r.sqes = memory(), memory()
		r.p.cqAddr, r.p.sqAddr = uint64(uintptr(unsafe.Pointer(&r.rings[0]))), uint64(uintptr(unsafe.Pointer(&r.sqes[0])))
	}
	fd, _, errno := syscall.RawSyscall(setup, entries, uintptr(unsafe.Pointer(&r.p)), 0)
	if errno != 0 {
		fmt.Println("setup:", errno)
		os.Exit(4)
	}
	r.fd = int(fd)
	if flags&noMmap == 0 {
		var err error
		r.rings, err = syscall.Mmap(r.fd, 0, 4096, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED|syscall.MAP_POPULATE)
		check(err)
		r.sqes, err = syscall.Mmap(r.fd, offSQEs, 4096, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED|syscall.MAP_POPULATE)
		check(err)
	}
	return r
}

// put puts a request into the queue, in an odd order.
func (r *ring) put(s sqe) {
	index := r.tail & (entries - 1)
	place := index
	if r.p.flags&noSQArray == 0 {
		place = entries - 1 - index
		*r.word(r.p.sq.array + 4*index) = place
	}
	size := uint32(64)
	if r.p.flags&sqe128 != 0 {
		size = 128
	}
	*(*sqe)(unsafe.Pointer(&r.sqes[place*size])) = s
	r.tail++
	atomic.StoreUint32(r.word(r.p.sq.tail), r.tail)
	fmt.Println("submitted", s.opcode, s.userData)
}

// enter hands n requests over and takes the completions.
func (r *ring) enter(n, wait uint32) {
	flags := uintptr(getEvents)
	if r.p.flags&sqPoll != 0 {
		flags |= wakeUp
	}
	_, _, errno := syscall.RawSyscall6(enter, uintptr(r.fd), uintptr(n), uintptr(wait), flags, 0, 0)
	if errno != 0 {
		fmt.Println("enter:", errno)
	}
	r.take()
}

func (r *ring) take() {
	size := uint32(16)
	if r.p.flags&cqe32 != 0 {
		size = 32
	}
	head := *r.word(r.p.cq.head)
	for ; head != atomic.LoadUint32(r.word(r.p.cq.tail)); head++ {
		at := r.p.cq.dropped + (head&*r.word(r.p.cq.mask))*size // cqes stands where dropped does
		fmt.Println("completed", int32(*r.word(at + 8)), *(*uint64)(unsafe.Pointer(&r.rings[at])))
	}
	atomic.StoreUint32(r.word(r.p.cq.head), head)
}

func pointer(s string) (uint64, *byte) {
	p, err := syscall.BytePtrFromString(s)
	check(err)
	return uint64(uintptr(unsafe.Pointer(p))), p
}

// A goroutine that init locks has the thread that is traced. One that main locks may have
// moved to another thread on a busy machine.
func init() { runtime.LockOSThread() }

func main() {
	flags, err := strconv.ParseUint(os.Args[1], 16, 32)
	check(err)
	r := newRing(uint32(flags))
	if os.Getenv("URING_WAIT") != "" { // for the tracer to attach
		os.WriteFile(os.Getenv("URING_WAIT"), []byte(strconv.Itoa(os.Getpid())), 0o600)
		for i := 0; i < 60000; i++ {
			if _, err := os.Stat(os.Getenv("URING_WAIT")); err != nil {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
	}
	switch os.Args[2] {
	case "open":
		here, keep1 := pointer("uring-file")
		none, keep2 := pointer("uring-none")
		text, keep3 := pointer("hello")
		r.put(sqe{opcode: opOpenat, fd: -100, addr: here, len: 0o600, rwFlags: syscall.O_RDWR | syscall.O_CREAT, userData: 1})
		r.put(sqe{opcode: opOpenat, fd: -100, addr: none, userData: 2})
		r.enter(2, 2)
		r.put(sqe{opcode: opWrite, fd: 1 << 20, addr: text, len: 5, userData: 3})
		r.put(sqe{opcode: opNop, userData: 4})
		r.put(sqe{opcode: opClose, fd: 1 << 20, userData: 5})
		r.enter(3, 3)
		r.enter(0, 0)
		runtime.KeepAlive([]*byte{keep1, keep2, keep3})
	case "all":
		last, err := strconv.Atoi(os.Args[3])
		check(err)
		for op := range last + 1 {
			r.put(sqe{opcode: uint8(op), fd: -1, userData: uint64(1000 + op)})
			r.enter(1, 0)
		}
	}
}
