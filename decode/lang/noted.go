package lang

// NotedMemory is a tracee's memory that notes what is read of it at one stop, so
// that the call can be decoded again from these Pieces. It is reused for the next
// stop and allocates nothing in the steady state.
type NotedMemory struct {
	live    Memory
	pieces  []Piece
	room    []byte // of the pieces
	windows windows
	added   bool // the last read has added a piece
}

// Start forgets what was read, and begins a stop of a tracee with that memory.
func (m *NotedMemory) Start(live Memory) {
	m.live, m.pieces, m.room, m.added = live, m.pieces[:0], m.room[:0], false
	m.windows.forget()
}

// Discarded reports whether the output of the call is discarded, because the call is
// decoded only to note what is read. Text that nothing else depends on need not be made
// then.
func (c *Call) Discarded() bool { return c.noted != nil }

// Live returns the memory that is read.
func (m *NotedMemory) Live() Memory { return m.live }

// Pieces are what was read since Start. They are valid until the next Start.
func (m *NotedMemory) Pieces() []Piece { return m.pieces }

// recentPieces is how many pieces are searched for memory that was read before. It
// bounds the time that a vector with many buffers takes.
const recentPieces = 16

// ReadMemory implements Memory.
func (m *NotedMemory) ReadMemory(addr uint64, b []byte) int {
	m.added = false
	if m.live == nil || len(b) == 0 {
		return 0
	}
	for i := len(m.pieces) - 1; i >= max(0, len(m.pieces)-recentPieces); i-- {
		p := &m.pieces[i]
		off := addr - p.Addr
		if addr < p.Addr || off >= uint64(len(p.B)) {
			continue
		}
		if n := copy(b, p.B[off:]); n == len(b) || p.End == Unreadable {
			return n
		}
	}
	n := 0
	if len(b) <= smallRead {
		n = m.windows.read(m.live, addr, b)
	} else {
		n = m.live.ReadMemory(addr, b)
	}
	start := len(m.room)
	m.room = append(m.room, b[:n]...)
	p := Piece{Addr: addr, B: m.room[start:len(m.room):len(m.room)]}
	if n < len(b) {
		p.End = Unreadable
	}
	m.pieces, m.added = append(m.pieces, p), true
	return n
}

// endString says that a string or array which was just read has its terminator before the
// address end. What follows is not needed, unless something else has read it.
func (m *NotedMemory) endString(end uint64) {
	if !m.added {
		return
	}
	p := &m.pieces[len(m.pieces)-1]
	if n := end - p.Addr; end > p.Addr && n <= uint64(len(p.B)) {
		p.B, p.End = p.B[:n], AtNUL
	}
}
