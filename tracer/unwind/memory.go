//go:build linux && amd64

package unwind

import "encoding/binary"

// Memory is the memory of a stopped thread.
type Memory interface {
	// ReadMemory reads len(b) bytes at addr and returns how many it got.
	ReadMemory(addr uint64, b []byte) int
}

const (
	pageSize = 4096
	numPages = 8 // an ordinary stack needs one or two
)

// pages reads memory a page at a time, and caches the last pages while the
// thread is stopped.
type pages struct {
	mem   Memory
	slots [numPages]page
}

type page struct {
	number uint64
	filled bool
	n      int // bytes that could be read
	data   [pageSize]byte
}

// reset drops all pages and switches to another memory.
func (p *pages) reset(mem Memory) {
	p.mem = mem
	for i := range p.slots {
		p.slots[i].filled = false
	}
}

// read reads len(b) bytes at addr, all or nothing.
func (p *pages) read(addr uint64, b []byte) bool {
	for len(b) > 0 {
		number, offset := addr/pageSize, int(addr%pageSize)
		s := &p.slots[number%numPages]
		if !s.filled || s.number != number {
			s.number, s.filled = number, true
			s.n = p.mem.ReadMemory(number*pageSize, s.data[:])
		}
		if offset >= s.n {
			return false
		}
		n := copy(b, s.data[offset:s.n])
		b = b[n:]
		addr += uint64(n)
	}
	return true
}

// load reads a number of size bytes, at most 8.
func (p *pages) load(addr uint64, size int) (uint64, bool) {
	var b [8]byte
	if size > len(b) || !p.read(addr, b[:size]) {
		return 0, false
	}
	return binary.LittleEndian.Uint64(b[:]), true
}
