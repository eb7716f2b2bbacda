//go:build linux && amd64

package why

import (
	"encoding/binary"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"trapline/output"
	"trapline/tables"
	"trapline/tracer/unwind"
)

// memory is the memory of a process. A page may be served by a process that does not
// answer (userfaultfd, or a FUSE file); then a read does not return. So another thread
// reads, and after one read that does not return, it reads nothing more.
type memory struct {
	tid  int
	lost bool
}

// readLimit is how long a read of memory may take.
const readLimit = time.Second

// memoryOf returns the memory of a thread's process.
func (q *Inquiry) memoryOf(t *thread) *memory {
	m := q.memories[t.TGID]
	if m == nil {
		m = &memory{tid: q.host.Own(t.TID)}
		q.memories[t.TGID] = m
	}
	return m
}

// ReadMemory implements decode.Memory.
func (m *memory) ReadMemory(addr uint64, b []byte) int {
	if m.lost || len(b) == 0 {
		return 0
	}
	copied := make([]byte, len(b))
	done := make(chan int, 1)
	go func() { done <- readMemory(m.tid, addr, copied) }()
	timer := time.NewTimer(readLimit)
	defer timer.Stop()
	select {
	case n := <-done:
		return copy(b, copied[:n])
	case <-timer.C:
		m.lost = true
		return 0
	}
}

func readMemory(tid int, addr uint64, b []byte) int {
	local := unix.Iovec{Base: &b[0], Len: uint64(len(b))}
	remote := unix.RemoteIovec{Base: uintptr(addr), Len: len(b)}
	n, _, errno := unix.Syscall6(unix.SYS_PROCESS_VM_READV, uintptr(tid),
		uintptr(unsafe.Pointer(&local)), 1, uintptr(unsafe.Pointer(&remote)), 1, 0)
	if errno != 0 {
		return 0
	}
	return int(n)
}

// word reads a number of size bytes.
func (m *memory) word(addr uint64, size int) (uint64, bool) {
	var b [8]byte
	if m.ReadMemory(addr, b[:size]) != size {
		return 0, false
	}
	return binary.NativeEndian.Uint64(b[:]), true
}

// stack unwinds the stack of a sleeping thread, from the two registers that the kernel
// reveals.
func (q *Inquiry) stack(t *thread) *output.Stack {
	if q.o.Stacks == nil || t.call.PC == 0 {
		return nil
	}
	var mappings unwind.Mappings
	frames, cut := q.o.Stacks.WalkSleeper(&mappings, t.TID, t.call.PC, t.call.SP, t.abi == tables.I386, q.memoryOf(t))
	s := &output.Stack{Cut: cut}
	for _, f := range frames {
		s.Frames = append(s.Frames, output.StackFrame(f))
	}
	return s
}
