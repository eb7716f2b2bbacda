//go:build linux && amd64

package tui

import (
	"sync"
	"time"

	"trapline/trace"
)

// Store has the records of a trace, which may still grow. Its methods may be called
// meanwhile.
type Store interface {
	// Len is the number of records so far.
	Len() int
	// Record returns one of them, which must not be changed.
	Record(i int) *Record
	// Processes returns what is known of the processes and threads, in the order in
	// which they began.
	Processes() []Process
	// Process returns what is known of the last process or thread with an id, or nil.
	Process(tid int) *Process
	// Span returns the times of the first and the last record.
	Span() (first, last time.Time)
	// Done reports whether all records are there.
	Done() bool
	// Sparse reports whether positions may have no record, whose Event is empty.
	Sparse() bool
	// Reading reports how much has been read to learn about processes, from 0 to 1. It
	// reports false if that is finished or not needed.
	Reading() (part float64, busy bool)
}

// Record is a call or another event.
type Record struct {
	Event   string // "syscall", "signal", "exit", ... as in JSON
	TID     int
	Process int // id of the thread's process
	Time    time.Time
	Took    time.Duration // of a call
	Ended   bool          // a call has returned
	Failed  bool
	Name    string // of a call or signal
	Text    string // as the text format shows it, without the newline at the end
	Code    int    // exit status, or -1
	Signal  int    // its number, or -1
	Given   int    // how many arguments of a call were known at its entry; the kernel wrote the others

	store  *memory
	packed []byte // of a call
	call   *trace.Call
}

// Call returns the call with its values, or nil for another record.
func (r *Record) Call() *trace.Call {
	if r.call == nil && len(r.packed) > 0 {
		r.call = r.store.packer.Unpack(r.packed)
	}
	return r.call
}

// Process is a process or thread.
type Process struct {
	TID, TGID int
	Parent    int // thread that created it, or 0
	Name      string
	Args      []string
	Began     time.Time
	Ended     time.Time // zero while it lives
	How       string    // how it ended: "exited with 0"
	Calls     int
	Errors    int
	In        string // the call that it is in, or empty
}

// memory is a Store in memory. Records are packed into blocks, without pointers.
type memory struct {
	packer trace.Packer

	mu        sync.Mutex
	entries   []entry
	block     []byte // the last one
	room      []byte // for the call being packed
	processes []Process
	byTID     map[int]int // position in processes of the last one of that id
	first     time.Time
	last      time.Time
	done      bool
	seen      int // how many records a leaf has taken in
}

// entry is a record of a memory.
type entry struct {
	at, took int64 // nanoseconds
	b        []byte
	tid, tgid,
	signal, code int32
	event  uint8 // position in events
	flags  uint8
	given  uint8
	packed uint32 // length of the call in b, which follows name and text
	name   uint16 // length of the name
}

const (
	entryEnded = 1 << iota
	entryFailed
)

const blockSize = 1 << 20

func newMemory() *memory { return &memory{byTID: map[int]int{}} }

// events are the kinds of record.
var events = [...]string{"syscall", "signal", "stop", "exit", "killed", "personality", "superseded", "start", "exec"}

func eventNumber(name string) uint8 {
	for i, e := range events {
		if e == name {
			return uint8(i)
		}
	}
	return 0
}

// add adds a record. call may be nil.
func (m *memory) add(r *Record, call *trace.Call) {
	m.mu.Lock()
	defer m.mu.Unlock()
	b := m.room[:0]
	if call != nil {
		b = m.packer.Pack(b, call)
	}
	m.room = b
	need := len(r.Name) + len(r.Text) + len(b)
	if cap(m.block)-len(m.block) < need {
		m.block = make([]byte, 0, max(blockSize, need))
	}
	start := len(m.block)
	m.block = append(append(append(m.block, r.Name...), r.Text...), b...)
	e := entry{
		at: r.Time.UnixNano(), took: int64(r.Took), b: m.block[start:len(m.block):len(m.block)],
		tid: int32(r.TID), tgid: int32(r.Process), signal: int32(r.Signal), code: int32(r.Code),
		event: eventNumber(r.Event), packed: uint32(len(b)), name: uint16(len(r.Name)), given: uint8(r.Given),
	}
	if r.Ended {
		e.flags |= entryEnded
	}
	if r.Failed {
		e.flags |= entryFailed
	}
	m.entries = append(m.entries, e)
	if m.first.IsZero() || r.Time.Before(m.first) {
		m.first = r.Time
	}
	if end := r.Time.Add(r.Took); end.After(m.last) {
		m.last = end
	}
	if p := m.process(r.TID); p != nil && r.Event == events[0] {
		p.Calls++
		p.In = ""
		if r.Failed {
			p.Errors++
		}
	}
}

// process returns the last process or thread with an id. The lock is held.
func (m *memory) process(tid int) *Process {
	if i, ok := m.byTID[tid]; ok {
		return &m.processes[i]
	}
	return nil
}

// begin adds a process or thread.
func (m *memory) begin(p Process) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.byTID[p.TID] = len(m.processes)
	m.processes = append(m.processes, p)
}

// change changes a process or thread, and adds it if it is missing.
func (m *memory) change(tid int, f func(p *Process)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := m.process(tid)
	if p == nil {
		m.byTID[tid] = len(m.processes)
		m.processes = append(m.processes, Process{TID: tid, TGID: tid, Began: time.Now()})
		p = m.process(tid)
	}
	f(p)
}

// finish says that no more records will come.
func (m *memory) finish() {
	m.mu.Lock()
	m.done = true
	m.mu.Unlock()
}

// Len implements Store.
func (m *memory) Len() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.entries)
}

// Record implements Store.
func (m *memory) Record(i int) *Record {
	m.mu.Lock()
	e := m.entries[i]
	m.mu.Unlock()
	text := e.b[e.name : len(e.b)-int(e.packed)]
	return &Record{
		Event: events[e.event], TID: int(e.tid), Process: int(e.tgid), Time: time.Unix(0, e.at), Took: time.Duration(e.took),
		Ended: e.flags&entryEnded != 0, Failed: e.flags&entryFailed != 0, Signal: int(e.signal), Code: int(e.code), Given: int(e.given),
		Name: string(e.b[:e.name]), Text: string(text), store: m, packed: e.b[len(e.b)-int(e.packed):],
	}
}

// Processes implements Store.
func (m *memory) Processes() []Process {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]Process(nil), m.processes...)
}

// Span implements Store.
func (m *memory) Span() (first, last time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.first, m.last
}

// Done implements Store.
func (m *memory) Done() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.done
}

// Sparse implements Store.
func (m *memory) Sparse() bool { return false }

// Reading implements Store.
func (m *memory) Reading() (part float64, busy bool) { return 1, false }

// Process implements Store.
func (m *memory) Process(tid int) *Process {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := m.process(tid)
	if p == nil {
		return nil
	}
	found := *p
	return &found
}
