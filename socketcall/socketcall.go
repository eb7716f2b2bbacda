// Package socketcall decodes the two multiplexers of the i386 system call
// table: socketcall(call, args), whose real arguments are in an array in
// memory, and ipc(call, first, second, third, ptr, fifth), whose arguments are
// in registers in a different order. Most of the inner calls also have numbers
// of their own.
//
// Split finds the inner call. Its result is all that the rest of the program
// needs to select, decode and show that call in place of the multiplexer.
package socketcall

import (
	"cmp"
	"encoding/binary"

	"trapline/tables"
)

// Memory is the memory of one tracee.
type Memory interface {
	// ReadMemory fills b from addr on and returns how many bytes it could read.
	ReadMemory(addr uint64, b []byte) int
}

// Splitter splits calls. It contains the memory for one result, so that Split does not
// allocate.
type Splitter struct {
	call Call
	raw  [maxArgs]uint64
	buf  [maxArgs * wordSize]byte
}

const (
	wordSize = 4 // of the i386 ABI, in bytes
	maxArgs  = 6
)

// Call is the inner call of a multiplexer.
type Call struct {
	*Sub
	Args [maxArgs]uint64 // in the order of the inner call

	// Form is the name of the description of Args: the name of the call, or another name if
	// the arguments through ipc differ from those of the direct call.
	Form string

	Via Via
}

// Via describes the multiplexer through which a call was made.
type Via struct {
	Name     string // of the multiplexer, "socketcall"
	Call     uint64 // number of the inner call, 3
	Version  uint32 // of ipc's interface, from the bits above Call; 0 by default
	Symbol   string // name of Call, "SYS_CONNECT"
	ArgsAddr uint64 // of the array of arguments; 0 if they are in registers
	Raw      []uint64
	Entry    string // kernel function that serves the inner call
}

// Split finds the inner call of a multiplexer. It returns nil for all other
// calls, for numbers that the multiplexer does not define, and for a socketcall
// whose array cannot be read completely. As in strace, the trace then shows the
// socketcall or ipc itself.
//
// Memory is read at most once, and only the bytes that the kernel reads. The
// Call, and Via.Raw in it, is valid until the next Split.
func (s *Splitter) Split(abi tables.ABI, nr uint64, regs *[6]uint64, mem Memory) *Call {
	if abi != tables.I386 {
		return nil // most calls: inlined up to here
	}
	return s.split(nr, regs, mem)
}

func (s *Splitter) split(nr uint64, regs *[6]uint64, mem Memory) *Call {
	switch nr {
	case nrSocketcall:
		return s.splitSocketcall(uint32(regs[0]), uint32(regs[1]), mem)
	case nrIPC:
		return s.splitIPC(uint32(regs[0]), regs, mem)
	}
	return nil
}

func (s *Splitter) splitSocketcall(call, array uint32, mem Memory) *Call {
	sub := socketSub(call)
	if sub == nil || array == 0 || !s.read(mem, array, sub.Args) {
		return nil
	}
	c := s.begin(sub)
	c.Args = s.raw
	c.Via.ArgsAddr, c.Via.Raw = uint64(array), s.raw[:sub.Args]
	return c
}

// splitIPC takes the number of the call from the low 16 bits of the first
// argument, and the version of the interface from the bits above.
func (s *Splitter) splitIPC(call uint32, regs *[6]uint64, mem Memory) *Call {
	sub := ipcSub(call & 0xffff)
	if sub == nil {
		return nil
	}
	c := s.begin(sub)
	c.Via.Version = call >> 16
	for i, r := range sub.order {
		c.Args[i] = uint64(uint32(regs[r]))
	}
	if sub.Number == numMsgrcv && c.Via.Version == 0 {
		// In this version two arguments of msgrcv are in memory:
		// struct ipc_kludge { struct msgbuf *msgp; long msgtyp; }
		if s.read(mem, uint32(c.Args[1]), 2) {
			c.Args[1], c.Args[3] = s.raw[0], s.raw[1]
		} else {
			c.Form = kludgeForm // Args[1] is the address of both
		}
	}
	for i, v := range regs[first : fifth+1] {
		s.raw[i] = uint64(uint32(v))
	}
	c.Via.Raw = s.raw[:fifth]
	return c
}

// begin starts a record with what the number of the call determines.
func (s *Splitter) begin(sub *Sub) *Call {
	s.call = Call{
		Sub: sub, Form: cmp.Or(sub.form, sub.Name),
		Via: Via{Name: sub.Outer.Name, Call: uint64(sub.Number), Symbol: sub.Symbol, Entry: sub.Entry},
	}
	return &s.call
}

// read puts n words from addr on into s.raw. It fails unless all can be read.
// Like the kernel it does not wrap around at the end of 32 bits.
func (s *Splitter) read(mem Memory, addr uint32, n int) bool {
	b := s.buf[:n*wordSize]
	if mem.ReadMemory(uint64(addr), b) != len(b) {
		return false
	}
	s.raw = [maxArgs]uint64{}
	for i := range n {
		s.raw[i] = uint64(binary.LittleEndian.Uint32(b[i*wordSize:]))
	}
	return true
}
