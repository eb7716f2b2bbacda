package lang

import (
	"math"

	"trapline/tables"
)

// Reading the tracee's memory. Each read costs a system call, however small it is, and the
// values shown at one stop are often close together: the strings of a list, the buffers of
// a vector. So a small read also reads its surroundings.

const (
	smallRead = 256
	blockSize = 1024 // divides a page, so that a block is readable as a whole or not at all
)

// windows are the blocks of the tracee's memory that were last read at this stop. There
// are several, since reads alternate between pointers and what they point to, and strings
// cross blocks.
type windows struct {
	addr [numWindows]uint64
	used [numWindows]uint32 // the last read that used it; 0 if it is empty
	now  uint32             // reads so far
	b    [numWindows * blockSize]byte
}

const numWindows = 4 // even: see readBoth

// forget empties all windows.
func (w *windows) forget() { w.used, w.now = [numWindows]uint32{}, 0 }

// read fills b from addr on, like Memory.ReadMemory. len(b) <= smallRead.
func (w *windows) read(m Memory, addr uint64, b []byte) int {
	start := addr &^ (blockSize - 1)
	off := int(addr - start)
	inFirst := min(len(b), blockSize-off)
	if inFirst < len(b) && w.find(start) < 0 && w.find(start+blockSize) < 0 {
		return w.readBoth(m, start, off, b)
	}
	n := w.copy(m, start, off, b[:inFirst])
	if n == inFirst && n < len(b) {
		n += w.copy(m, start+blockSize, 0, b[n:])
	}
	return n
}

// find returns the window that contains a block, or -1.
func (w *windows) find(start uint64) int {
	for i := range w.addr {
		if w.addr[i] == start && w.used[i] != 0 {
			return i
		}
	}
	return -1
}

// readBoth is read for memory in two blocks, neither of which has been read. They go to
// the least recently used pair of windows.
func (w *windows) readBoth(m Memory, start uint64, off int, b []byte) int {
	at, oldest := 0, ^uint32(0)
	for i := 0; i < numWindows; i += 2 {
		if used := max(w.used[i], w.used[i+1]); used < oldest {
			at, oldest = i, used
		}
	}
	both := w.b[at*blockSize:][:2*blockSize]
	n := m.ReadMemory(start, both)
	w.now++
	for i := range 2 {
		w.addr[at+i], w.used[at+i] = start+uint64(i*blockSize), 0
		if n >= (i+1)*blockSize {
			w.used[at+i] = w.now
		}
	}
	if n <= off {
		return m.ReadMemory(start+uint64(off), b) // no pages of this size
	}
	return copy(b, both[off:n])
}

// copy fills b from one block, which it reads if no window has it.
func (w *windows) copy(m Memory, start uint64, off int, b []byte) int {
	at := w.find(start)
	w.now++
	if at >= 0 {
		w.used[at] = w.now
		return copy(b, w.b[at*blockSize:][off:blockSize])
	}
	at = 0
	for i := range w.used {
		if w.used[i] < w.used[at] {
			at = i
		}
	}
	block := w.b[at*blockSize:][:blockSize]
	if m.ReadMemory(start, block) < blockSize {
		w.used[at] = 0
		return m.ReadMemory(start+uint64(off), b) // no pages of this size
	}
	w.addr[at], w.used[at] = start, w.now
	return copy(b, block[off:])
}

// startStop forgets what was read at the previous stop.
func (c *Call) startStop() {
	c.used = 0
	c.windows.forget()
	c.noted = nil
	switch m := c.Mem.(type) {
	case *KeptMemory:
		c.exact = true
	case *NotedMemory:
		c.exact, c.noted = true, m
	default:
		c.exact = false
	}
}

// Read reads n bytes at addr into memory that is valid until the stop has
// been decoded. It returns what could be read, at most n bytes.
func (c *Call) Read(addr uint64, n int) []byte {
	if c.Plain {
		return nil
	}
	return c.readText(addr, n)
}

// readText is Read for strings and data, which are shown even of plain calls.
func (c *Call) readText(addr uint64, n int) []byte {
	b := c.Alloc(n)
	if c.Mem == nil {
		return nil
	}
	if !c.addressable(addr) {
		return nil
	}
	if 0 < n && n <= smallRead && !c.exact {
		return b[:c.windows.read(c.Mem, addr, b)]
	}
	return b[:c.Mem.ReadMemory(addr, b)]
}

// addressable reports whether an address can be the tracee's. Newer structs store pointers
// in 64 bits even for 32-bit programs.
func (c *Call) addressable(addr uint64) bool {
	return c.ABI == tables.X86_64 || addr <= math.MaxUint32
}

// PageRoom is the number of bytes from addr to the end of its page. A string that ends
// within the page must not be searched for in the next page: the call does not read that
// page, and reading it may block.
func PageRoom(addr uint64) uint64 {
	const pageSize = 4096
	return pageSize - addr%pageSize
}

// ReadAll is Read, but fails unless all n bytes can be read.
func (c *Call) ReadAll(addr uint64, n int) ([]byte, bool) {
	b := c.Read(addr, n)
	return b, len(b) == n && (n > 0 || !c.Plain)
}

// ReadType reads a value of type t at addr.
func (c *Call) ReadType(addr uint64, t Type) (View, bool) {
	b, ok := c.ReadAll(addr, t.Layout(c.ABI).Size)
	return View{b, addr}, ok
}

// ReadUint reads an unsigned integer of size bytes at addr.
func (c *Call) ReadUint(addr uint64, size int) (uint64, bool) {
	b, ok := c.ReadAll(addr, size)
	if !ok {
		return 0, false
	}
	return View{B: b}.Uint(size), true
}

// Alloc takes n bytes from the scratch memory of this stop. When the scratch memory
// grows, memory that was handed out before stays valid.
func (c *Call) Alloc(n int) []byte {
	d := c.Decoder
	if d.used+n > len(d.scratch) {
		d.scratch = make([]byte, max(2*len(d.scratch), n))
		d.used = 0
	}
	b := d.scratch[d.used : d.used+n : d.used+n]
	d.used += n
	return b
}

// Mark returns how much of the scratch memory is taken, for Release.
func (c *Call) Mark() int { return c.used }

// Release takes back the memory that Alloc has handed out since Mark.
func (c *Call) Release(mark int) { c.used = mark }
