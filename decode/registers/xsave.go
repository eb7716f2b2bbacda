package registers

import (
	"encoding/binary"
	"iter"
	"strconv"

	"trapline/output"
)

// extended is a register of the floating point or vector state.
type extended struct {
	reg  output.Register
	role role
}

// Layout of FXSAVE, which is also the first 512 bytes of XSAVE's state (Intel
// SDM volume 1, 10.5.1 and 13.4).
var fxsave = [...]struct {
	name      string
	off, size int
}{
	{"fcw", 0, 2}, {"fsw", 2, 2}, {"ftw", 4, 1}, {"fop", 6, 2},
	{"fip", 8, 8}, {"fdp", 16, 8}, {"mxcsr", 24, 4},
}

const (
	fxsaveSize = 512
	stOffset   = 32 // st0 to st7, 10 bytes in each 16
	xmmOffset  = 160
	// xcr0Offset is the offset at which the kernel stores which components the
	// state has. These bytes are the first of those that hardware leaves to
	// software.
	xcr0Offset   = 464
	xstateHeader = 512 // XSTATE_BV: the components that are not in their initial state
)

// XSAVEComponent is a part of XSAVE's standard layout. Offsets differ between
// processors.
type XSAVEComponent struct {
	Number       int // bit in XCR0
	Offset, Size int // bytes
}

// Components of XSAVE (Intel SDM volume 1, 13.1).
const (
	xAVX      = 2 // upper halves of ymm0 to ymm15
	xOpmask   = 5 // k0 to k7
	xZMMHi256 = 6 // upper halves of zmm0 to zmm15
	xHi16ZMM  = 7 // zmm16 to zmm31
	xPKRU     = 9
)

// extendedRegisters returns the registers of a snapshot's extended state.
func extendedRegisters(s *Snapshot, sets Sets) iter.Seq[extended] {
	return func(yield func(extended) bool) {
		show := func(name string, b []byte, role role) bool {
			return yield(extended{output.Register{Name: name, Bits: 8 * len(b), Wide: b}, role})
		}
		if sets&Float != 0 && len(s.Float) >= fxsaveSize {
			for _, f := range fxsave {
				if !show(f.name, s.Float[f.off:f.off+f.size], regExtended) {
					return
				}
			}
			for i := range 8 {
				at := stOffset + 16*i
				if !show("st"+strconv.Itoa(i), s.Float[at:at+10], regExtended) {
					return
				}
			}
			for i := range xmmCount(s) {
				at := xmmOffset + 16*i
				if !show("xmm"+strconv.Itoa(i), s.Float[at:at+16], regExtended) {
					return
				}
			}
		}
		if sets&Vector == 0 || len(s.Vector) < xstateHeader+64 {
			return
		}
		present := binary.LittleEndian.Uint64(s.Vector[xcr0Offset:])
		inUse := binary.LittleEndian.Uint64(s.Vector[xstateHeader:])
		for _, c := range s.Components {
			if present&(1<<c.Number) == 0 || c.Offset+c.Size > len(s.Vector) {
				continue
			}
			b := s.Vector[c.Offset : c.Offset+c.Size]
			if inUse&(1<<c.Number) == 0 {
				b = make([]byte, c.Size) // it is in its initial state, whatever the bytes are
			}
			var ok bool
			switch c.Number {
			case xAVX:
				ok = series(show, "ymm", "_high", 0, 16, xmmCount(s), b)
			case xOpmask:
				ok = series(show, "k", "", 0, 8, 8, b)
			case xZMMHi256:
				ok = series(show, "zmm", "_high", 0, 32, xmmCount(s), b)
			case xHi16ZMM:
				ok = series(show, "zmm", "", 16, 64, 16, b)
			case xPKRU:
				ok = show("pkru", b[:4], regPKRU)
			default:
				ok = show("xsave"+strconv.Itoa(c.Number), b, regExtended)
			}
			if !ok {
				return
			}
		}
	}
}

// xmmCount is the number of vector registers that code of the snapshot's kind
// can name.
func xmmCount(s *Snapshot) int {
	if s.Is32Bit() {
		return 8
	}
	return 16
}

// series shows count consecutive registers of size bytes each.
func series(show func(string, []byte, role) bool, name, suffix string, first, size, count int, b []byte) bool {
	for i := range count {
		if (i+1)*size > len(b) {
			return true
		}
		if !show(name+strconv.Itoa(first+i)+suffix, b[i*size:(i+1)*size], regExtended) {
			return false
		}
	}
	return true
}

func isZero(b []byte) bool {
	for _, x := range b {
		if x != 0 {
			return false
		}
	}
	return true
}
