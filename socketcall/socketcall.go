// Package socketcall takes apart the two multiplexers of the i386 system call
// table: socketcall(call, args), whose real arguments lie in an array in
// memory, and ipc(call, first, second, third, ptr, fifth), whose arguments are
// in the registers in another order. Most of the calls inside have numbers of
// their own as well.
//
// Split finds the call inside. What it returns is all that the rest of the
// program needs to choose, decode and show that call in place of the
// multiplexer's.
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

// Splitter takes calls apart. It has room for one call, so that Split does
// not allocate.
type Splitter struct {
	call Call
	raw  [maxArgs]uint64
	buf  [maxArgs * wordSize]byte
}

const (
	wordSize = 4 // of the i386 ABI, in bytes
	maxArgs  = 6
)

// Call is the call inside a multiplexer's.
type Call struct {
	*Sub
	Args [maxArgs]uint64 // in the order of the call's own

	// Form names the description of Args: the call's own name, or another one
	// where ipc passes something else than a call of that name takes.
	Form string

	Via Via
}

// Via is the way that a call came: the multiplexer's call around it.
type Via struct {
	Name     string // of the multiplexer, "socketcall"
	Call     uint64 // the number of the call there, 3
	Version  uint32 // of the interface, which ipc has above its Call; 0 by default
	Symbol   string // the name of Call, "SYS_CONNECT"
	ArgsAddr uint64 // of the array of arguments; 0 where they are in registers
	Raw      []uint64
	Entry    string // kernel function that serves the inner call
}

// Split finds the call inside a multiplexer's call. It returns nil if there is
// none: for all other calls, for numbers that the multiplexer does not have,
// and for a socketcall whose array cannot be read as a whole. As in strace,
// such a socketcall or ipc stands for itself.
//
// Memory is read at most once, and only the bytes that the kernel reads. The
// Call, and Via.Raw in it, is valid until the next Split.
func (s *Splitter) Split(abi tables.ABI, nr uint64, regs *[6]uint64, mem Memory) *Call {
	if abi != tables.I386 {
		return nil // most calls: this much is inlined
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
// argument. Above them is the version of the interface.
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
		// In this version msgrcv has two of its arguments in memory:
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

// begin starts the record of a call with what is known of it by its number.
func (s *Splitter) begin(sub *Sub) *Call {
	s.call = Call{
		Sub: sub, Form: cmp.Or(sub.form, sub.Name),
		Via: Via{Name: sub.Outer.Name, Call: uint64(sub.Number), Symbol: sub.Symbol, Entry: sub.Entry},
	}
	return &s.call
}

// read puts n words from addr on into s.raw. It fails if they cannot all be
// read. Like the kernel it does not wrap around at the end of 32 bits.
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
