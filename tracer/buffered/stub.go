//go:build linux && amd64

package buffered

import (
	"bytes"
	"encoding/binary"
	"unsafe"

	"golang.org/x/sys/unix"
)

// stub is the code that traced processes get (stub_amd64.s). This program never calls it.
//
//lint:ignore U1000 the assembly has its address
func stub()

// stubCode returns the address of stub.
func stubCode() (start uintptr)

// ReadTSC reads the time stamp counter.
func ReadTSC() uint64

// label is a place in the stub. A thread at a label has executed the code before it.
type label int

const (
	labelStub      label = iota // the start
	labelMoved                  // the program's stack pointer is saved, and the stub's is set
	labelSaved                  // the flags are saved
	labelFilled                 // number and arguments are in the record
	labelReady                  // everything is ready for the call
	labelNoted                  // the result is in the record
	labelCopy                   // copying, before or after the call
	labelComplete               // the record is complete
	labelPublished              // the tracer may have read it
	labelRemote                 // calls made by the tracer begin here
	labelEnd
	labelReturning // after the call of rt_sigreturn
	numLabels
)

// Stub is the code of the stub.
type Stub struct {
	Code   []byte            // this program's own copy, which must not be changed
	labels [numLabels]uint64 // offsets in Code
	after  uint64            // offset after the instruction that makes the program's call
	leaves uint64            // offset of the instruction that makes rt_sigreturn
}

// labelSize is the size in bytes of the instruction that marks a label.
const labelSize = 7

// NewStub finds the stub in this program.
func NewStub() *Stub {
	start := stubCode()
	p := *(*unsafe.Pointer)(unsafe.Pointer(&start)) // the linker does not move code at run time
	s := &Stub{Code: unsafe.Slice((*byte)(p), StubSize)}
	for l := labelMoved; l < numLabels; l++ {
		mark := binary.LittleEndian.AppendUint32([]byte{0x0f, 0x1f, 0x80}, 0x5b7ab100+uint32(l))
		s.labels[l] = uint64(bytes.Index(s.Code, mark)) + labelSize
	}
	s.Code = s.Code[:s.labels[labelEnd]]
	ready := s.labels[labelReady]
	s.after = ready + uint64(bytes.LastIndex(s.Code[ready:s.labels[labelNoted]], []byte{0x0f, 0x05})) + 2
	s.leaves = s.labels[labelReturning] - labelSize - 2
	return s
}

// Image returns the content of the memory from StubAddr on. It shares memory with the table,
// so that later changes to the table appear in it.
func (s *Stub) Image(calls *CallTable) []byte {
	b := calls.image
	copy(b, s.Code)
	copy(b[StopAddr-StubAddr:], []byte{0x0f, 0x05, 0xcc})
	copy(b[WakeAddr-StubAddr:], []byte{0x0f, 0x05, 0xcc})
	copy(b[NameAddr-StubAddr:], areaName)
	binary.LittleEndian.PutUint64(b[ProvisionalFS-StubAddr:], ProvisionalFS)
	return b
}

// Remote returns the offset of a system call instruction that is followed by a trap.
func (s *Stub) Remote() uint64 { return s.labels[labelRemote] }

// Woke moves a thread that is at WakeAddr, or after the instruction there, back into the
// stub. It returns false if the thread is elsewhere.
func (s *Stub) Woke(regs *unix.PtraceRegs) bool {
	if regs.Rip != WakeAddr && regs.Rip != WakeAddr+2 {
		return false
	}
	to := labelReady
	switch regs.R15 {
	case wakeBefore:
	case wakeAfter:
		to = labelPublished
	default:
		return false
	}
	regs.Rip, regs.Orig_rax = StubAddr+s.labels[to], ^uint64(0) // the call is not made
	return true
}

// Has reports whether ip is in the stub of a process.
func (s *Stub) Has(ip uint64) bool { return ip-StubAddr < StubSize }
