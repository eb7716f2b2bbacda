//go:build linux && amd64

package unwind

import (
	"bytes"
	"encoding/binary"
)

// cursor reads DWARF's encodings from a part of a section. Past the end, or in
// invalid data, everything reads as zero and bad is set.
type cursor struct {
	b    []byte // the rest
	addr uint64 // of b[0], in the address space of the file
	word int    // size of an address in bytes
	bad  bool
}

// at returns a cursor at an offset of a section.
func at(section []byte, addr uint64, word int, offset uint64) cursor {
	if offset > uint64(len(section)) {
		return cursor{bad: true}
	}
	return cursor{b: section[offset:], addr: addr + offset, word: word}
}

// take returns the next n bytes.
func (c *cursor) take(n uint64) []byte {
	if n > uint64(len(c.b)) {
		c.bad, c.b = true, nil
		return nil
	}
	taken := c.b[:n:n]
	c.b = c.b[n:]
	c.addr += n
	return taken
}

// sub returns a separate cursor for the next n bytes.
func (c *cursor) sub(n uint64) cursor {
	addr := c.addr
	return cursor{b: c.take(n), addr: addr, word: c.word, bad: c.bad}
}

// unsigned reads a number of size bytes.
func (c *cursor) unsigned(size int) uint64 {
	b := c.take(uint64(size))
	switch {
	case b == nil:
		return 0
	case size == 1:
		return uint64(b[0])
	case size == 2:
		return uint64(binary.LittleEndian.Uint16(b))
	case size == 4:
		return uint64(binary.LittleEndian.Uint32(b))
	case size == 8:
		return binary.LittleEndian.Uint64(b)
	}
	c.bad = true
	return 0
}

// signed reads a number of size bytes in two's complement.
func (c *cursor) signed(size int) int64 {
	shift := 64 - 8*size
	return int64(c.unsigned(size)<<shift) >> shift
}

func (c *cursor) u8() uint8       { return uint8(c.unsigned(1)) }
func (c *cursor) address() uint64 { return c.unsigned(c.word) }

// uleb reads an unsigned LEB128. Bits beyond 64 are lost.
func (c *cursor) uleb() (v uint64) {
	for shift := uint(0); ; shift += 7 {
		b := c.u8()
		v |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return v
		}
	}
}

// sleb reads a signed LEB128.
func (c *cursor) sleb() (v int64) {
	for shift := uint(0); ; {
		b := c.u8()
		v |= int64(b&0x7f) << shift
		shift += 7
		if b >= 0x80 {
			continue
		}
		if b&0x40 != 0 && shift < 64 {
			v |= -1 << shift
		}
		return v
	}
}

// text reads a string that ends in a zero byte.
func (c *cursor) text() string {
	n := bytes.IndexByte(c.b, 0)
	if n < 0 {
		c.bad, c.b = true, nil
		return ""
	}
	s := string(c.b[:n])
	c.take(uint64(n) + 1)
	return s
}

// Encodings of a pointer in .eh_frame: the low four bits are its format, the
// next three what it is relative to (Linux Standard Base, DWARF Extensions).
const (
	encAbsolute = 0x00
	encULEB     = 0x01
	encU2       = 0x02
	encU4       = 0x03
	encU8       = 0x04
	encSLEB     = 0x09
	encS2       = 0x0a
	encS4       = 0x0b
	encS8       = 0x0c
	encForm     = 0x0f

	encPCRelative   = 0x10
	encDataRelative = 0x30 // to .eh_frame_hdr, in that section
	encRelation     = 0x70

	encIndirect = 0x80 // it is the address of the pointer
	encOmitted  = 0xff
)

// pointer reads an encoded pointer. data is the base for encDataRelative.
func (c *cursor) pointer(encoding uint8, data uint64) (v uint64) {
	here := c.addr
	switch encoding & encForm {
	case encAbsolute:
		v = c.address()
	case encULEB:
		v = c.uleb()
	case encU2:
		v = c.unsigned(2)
	case encU4:
		v = c.unsigned(4)
	case encU8:
		v = c.unsigned(8)
	case encSLEB:
		v = uint64(c.sleb())
	case encS2:
		v = uint64(c.signed(2))
	case encS4:
		v = uint64(c.signed(4))
	case encS8:
		v = c.unsigned(8)
	default:
		c.bad = true
	}
	switch encoding & encRelation {
	case 0:
	case encPCRelative:
		v += here
	case encDataRelative:
		v += data
	default:
		c.bad = true
	}
	if c.word == 4 {
		v = uint64(uint32(v))
	}
	return v
}
