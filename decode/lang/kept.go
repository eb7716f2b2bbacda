package lang

import "slices"

// KeptMemory is a Memory for a Call that is decoded later: the parts of the tracee's
// memory that were kept. Reads of anything else are misses. It is reused for the next
// call and allocates nothing in the steady state.
type KeptMemory struct {
	// Live is the tracee's memory, from which misses are read; nil if they fail.
	Live Memory

	// SP is the stack pointer, for PerformBefore.
	SP uint64

	pieces  []Piece
	exiting bool
	room    []byte // for what Perform has kept
	used    int

	before, after []byte // what KeepStruct has kept

	misses int
	first  Miss
}

// Piece is memory that was kept by a KeepOp or, for KeepBuffers, part of it.
type Piece struct {
	Addr uint64
	B    []byte
	When Moment
	End  PieceEnd
}

// PieceEnd says why nothing behind a Piece was kept.
type PieceEnd uint8

const (
	Whole      PieceEnd = iota // the KeepOp asks for no more
	AtNUL                      // a string has ended
	Unreadable                 // the rest could not be read
)

// Miss is a read of memory that was not kept, although it may have existed.
type Miss struct {
	Addr, Size uint64
	Exiting    bool // at the exit-stop
}

// Reset forgets all pieces and misses: the next call begins.
func (m *KeptMemory) Reset() {
	m.pieces, m.used, m.exiting, m.misses, m.first = m.pieces[:0], 0, false, 0, Miss{}
	m.before, m.after = nil, nil
}

// Keep adds a piece. p.B is not copied.
func (m *KeptMemory) Keep(p Piece) { m.pieces = append(m.pieces, p) }

// Exit notes that the call has returned: from now on, reads see the memory that it
// has written, and no longer what was kept BeforeCall.
func (m *KeptMemory) Exit() { m.exiting = true }

// Return is Exit for a call whose memory was all kept before its entry was decoded. It
// forgets the misses so far.
func (m *KeptMemory) Return() { m.exiting, m.misses, m.first = true, 0, Miss{} }

// Misses returns how many reads were misses since Reset, and the first of them.
func (m *KeptMemory) Misses() (n int, first Miss) { return m.misses, m.first }

// ReadMemory implements Memory.
func (m *KeptMemory) ReadMemory(addr uint64, b []byte) int {
	for n := 0; ; {
		got, end := m.read(addr+uint64(n), b[n:])
		n += got
		switch {
		case n == len(b) || end != Whole:
			return n
		case got == 0 && m.hasString(addr):
			return n // a piece of another KeepOp overlaps the string
		case got == 0:
			return m.miss(addr, b, n)
		}
	}
}

// read fills b from a piece that contains the byte at addr, and returns how that piece
// ends. If there is none, it returns 0 and Whole.
func (m *KeptMemory) read(addr uint64, b []byte) (n int, end PieceEnd) {
	if addr < lowestPage {
		return 0, Unreadable
	}
	for i := len(m.pieces) - 1; i >= 0; i-- { // the newest first
		p := &m.pieces[i]
		off := addr - p.Addr
		if addr < p.Addr || !m.serves(p.When) {
			continue
		}
		if off < uint64(len(p.B)) {
			return copy(b, p.B[off:]), p.End
		}
		if off == uint64(len(p.B)) && p.End == Unreadable {
			end = Unreadable
		}
	}
	return 0, end
}

// hasString reports whether a completely kept string contains the byte at addr.
func (m *KeptMemory) hasString(addr uint64) bool {
	return slices.ContainsFunc(m.pieces, func(p Piece) bool {
		return p.End == AtNUL && p.Addr <= addr && addr-p.Addr < uint64(len(p.B)) && m.serves(p.When)
	})
}

// lowestPage is where memory begins: null pointers are not followed.
const lowestPage = 4096

// serves reports whether memory kept at that moment may be read at this stop.
func (m *KeptMemory) serves(when Moment) bool {
	switch when {
	case AnyTime:
		return true
	case BeforeCall:
		return !m.exiting
	}
	return m.exiting
}

// miss counts a read of which only n bytes were kept.
func (m *KeptMemory) miss(addr uint64, b []byte, n int) int {
	if m.misses == 0 {
		m.first = Miss{addr, uint64(len(b)), m.exiting}
	}
	m.misses++
	if m.Live != nil {
		return m.Live.ReadMemory(addr, b)
	}
	return n
}
