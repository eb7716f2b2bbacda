package lang

import (
	"encoding/binary"

	"trapline/tables"
)

// Type says how the bytes of one value are laid out and shown. The whole description
// language consists of Types; see their own comments.
//
// Types are immutable and shared; Call has the state of a call.
type Type interface {
	// Layout gives the size and alignment of the type in memory.
	Layout(abi tables.ABI) Layout
	// Show writes the value at v to c.Out as exactly one value.
	Show(c *Call, v View)
}

// View is a value in the tracee: its bytes, in the tracee's layout, and the address
// that they were read from. Arguments in registers are viewed as if the argument
// registers were in memory side by side, each one word wide; their Addr is 0.
type View struct {
	B    []byte
	Addr uint64
}

// Uint reads a little-endian unsigned integer of size bytes (1, 2, 4 or 8).
// A view that is too short is zero-extended.
func (v View) Uint(size int) uint64 {
	if len(v.B) < size {
		v = v.extended(size)
	}
	switch size {
	case 1:
		return uint64(v.B[0])
	case 2:
		return uint64(binary.LittleEndian.Uint16(v.B))
	case 4:
		return uint64(binary.LittleEndian.Uint32(v.B))
	}
	return binary.LittleEndian.Uint64(v.B)
}

// extended is v, padded with zeros to at least size bytes.
func (v View) extended(size int) View {
	b := make([]byte, max(size, 8))
	copy(b, v.B)
	return View{b, v.Addr}
}

// Int is Uint, sign-extended.
func (v View) Int(size int) int64 {
	u := v.Uint(size)
	shift := 64 - 8*uint(size)
	return int64(u<<shift) >> shift
}

// At is the part of v of size bytes at offset off. It is shorter if v ends before.
func (v View) At(off, size int) View {
	if off > len(v.B) {
		off = len(v.B)
	}
	b := v.B[off:]
	if size < len(b) {
		b = b[:size]
	}
	return View{b, v.Addr + uint64(off)}
}

// Dir says at which stop a pointed-to argument can be shown.
type Dir uint8

const (
	In   Dir = iota // the kernel reads it: shown at the enter-stop
	Exit            // the kernel writes it: shown at the exit-stop
	Both            // begun at the enter-stop, finished at the exit-stop
)

// directed is implemented by types that are not In.
type directed interface{ Dir() Dir }

func dirOf(t Type) Dir {
	if d, ok := t.(directed); ok {
		return d.Dir()
	}
	return In
}

// capturer is implemented by types that read the tracee's memory at the enter-stop
// although they are shown at the exit-stop. arg is the argument's position, for
// Call.Save.
type capturer interface {
	Capture(c *Call, v View, arg int)
}

// finisher is implemented by types of direction Both: Show writes the enter
// part, finish the rest of the same value.
type finisher interface{ Finish(c *Call, v View) }

// Reader is implemented by types whose size is not known before they are read:
// strings, buffers, counted arrays. They follow the pointer themselves.
type Reader interface{ ShowAt(c *Call, addr uint64) }
