// Package socketcall knows the multiplexers of the i386 system call table:
// socketcall(call, args), whose real arguments lie in an array in memory, and
// ipc(call, first, second, third, ptr, fifth), whose arguments are in the
// registers in another order. Both stand for calls that also have numbers of
// their own, or have had none so far.
package socketcall

import "encoding/binary"

// Memory is the memory of one tracee.
type Memory interface {
	// ReadMemory fills b from addr on and returns how many bytes it could read.
	ReadMemory(addr uint64, b []byte) int
}

const (
	wordSize = 4 // of the i386 ABI, in bytes
	maxArgs  = 6
)

// Call is the call inside a multiplexer's. It is kept from call to call, so
// that taking one apart allocates nothing.
type Call struct {
	Sub  *Sub
	Args [maxArgs]uint64 // in the order of the call's own
	Addr uint64          // where they were read from; 0 if they were in registers

	// Version is what stands above the number of an ipc call. With 0, msgrcv
	// has two of its arguments in memory: Kludge says that they could not be
	// read, and that Args[1] is the address of both.
	Version uint32
	Kludge  bool

	raw [maxArgs]uint64
	buf [maxArgs * wordSize]byte
}

// Raw are the multiplexer's arguments behind the number, as they were passed:
// the array of socketcall, the registers of ipc. It is valid until the next
// call is taken apart.
func (c *Call) Raw() []uint64 {
	if c.Addr == 0 {
		return c.raw[:5]
	}
	return c.raw[:c.Sub.Args]
}

// Socketcall takes apart a socketcall with the given registers. It reads the
// array of arguments once, and only the bytes that the kernel does. It fails,
// without reading, where there is no such call, and where the array cannot be
// read as a whole.
func (c *Call) Socketcall(regs *[6]uint64, mem Memory) bool {
	sub := Socket(uint32(regs[0]))
	if sub == nil {
		return false
	}
	addr := uint64(uint32(regs[1]))
	if addr == 0 || !c.read(mem, addr, sub.Args) {
		return false
	}
	c.Sub, c.Addr, c.Version, c.Kludge = sub, addr, 0, false
	c.Args = c.raw
	return true
}

// IPC takes apart an ipc with the given registers. It fails where there is no
// such call.
func (c *Call) IPC(regs *[6]uint64, mem Memory) bool {
	call := uint32(regs[0])
	sub := IPC(call)
	if sub == nil {
		return false
	}
	c.Sub, c.Addr, c.Version, c.Kludge = sub, 0, call>>16, false
	c.Args = [maxArgs]uint64{}
	for i, r := range sub.order {
		c.Args[i] = uint64(uint32(regs[r]))
	}
	if sub.Name == "msgrcv" && c.Version == 0 {
		// struct ipc_kludge { struct msgbuf *msgp; long msgtyp; }
		if c.read(mem, c.Args[1], 2) {
			c.Args[1], c.Args[3] = c.raw[0], c.raw[1]
		} else {
			c.Kludge = true
		}
	}
	c.raw = [maxArgs]uint64{}
	for i, v := range regs[1:] {
		c.raw[i] = uint64(uint32(v))
	}
	return true
}

// read puts n words from addr on into c.raw.
func (c *Call) read(mem Memory, addr uint64, n int) bool {
	b := c.buf[:n*wordSize]
	if mem.ReadMemory(addr, b) != len(b) {
		return false
	}
	c.raw = [maxArgs]uint64{}
	for i := range n {
		c.raw[i] = uint64(binary.LittleEndian.Uint32(b[i*wordSize:]))
	}
	return true
}
