//go:build linux && amd64

package trace

import (
	"bytes"
	"hash/maphash"

	"trapline/decode"
	"trapline/tables"
	"trapline/tracer"
)

// Programs repeat themselves: half or more of the calls of find, tar or grep -r repeat a
// recent call, with the same arguments, result and memory. The line of a call is kept, and
// written again when the call repeats. Only calls that did not stop have a Key, which
// contains all that their line depends on: see Event.Key.

// lines are the lines of calls, each at the index that the hash of its key gives. Where
// another call's hash is, the line is still that of its own key.
type lines struct {
	seed  maphash.Seed
	lines []line // nil if calls have to be decoded each time

	// hashes are those of the keys of lines. They are together because most keys are not
	// there, and the processor's caches hold these more often than the lines.
	hashes []uint64
	again  int    // lines that were written again
	batch  []byte // lines to be written together
}

// line is that of a call.
type line struct {
	of   *tracee
	name string // of the call
	key  []byte
	text []byte
	next *line // of the call that came after it the last time; or nil
}

// Sizes of what is kept of lines, about 1 MiB in all: lines that repeat are short.
const (
	numLines   = 1 << 10 // a power of two
	longestKey = 512     // of a Key and of a line, in bytes
	mostBatch  = 8 << 10 // bytes of lines written together
)

// newLines prepares for keeping lines, if a call's record shows only what is in its Key or
// constant for a tracee.
func (s *Session) newLines() {
	o := &s.o
	looks := &o.Looks
	switch {
	case o.Buffered == BufferNever, !s.records, s.timed, s.examines(), s.gate != nil, s.teller != nil, s.tally != nil,
		s.stacks != nil, s.explain != nil, o.Registers != 0, len(s.rules) > 0, o.DecodePIDs != 0, o.DecodeContexts != 0,
		looks.IP, looks.Number, looks.PID == PIDMany:
		return
	}
	s.lines = lines{seed: maphash.MakeSeed(), lines: make([]line, numLines), hashes: make([]uint64, numLines)}
}

// place returns the index at which the line of a call is kept, if it is, and the hash of
// its key. The index is -1 if such a line is not kept.
func (l *lines) place(t *tracee, key []byte) (int, uint64) {
	if l.lines == nil || len(key) == 0 || len(key) > longestKey || t.abi != tables.X86_64 {
		return -1, 0
	}
	hash := maphash.Bytes(l.seed, key)
	return int((hash ^ uint64(t.ordinal)*ordinalStep) % numLines), hash
}

// find returns the line of a tracee's call with this key, or nil. It is at index at, if it
// is kept.
func (l *lines) find(t *tracee, key []byte, at int, hash uint64) *line {
	if at < 0 || l.hashes[at] != hash || !l.lines[at].isOf(t, key) {
		return nil
	}
	return &l.lines[at]
}

// isOf reports whether l is the line of a tracee's call with this key.
func (l *line) isOf(t *tracee, key []byte) bool { return l.of == t && bytes.Equal(l.key, key) }

// whole handles both the entry and the exit of a call that did not stop.
func (s *Session) whole(t *tracee, ev *tracer.Event) {
	key := ev.Key()
	at, hash := s.lines.place(t, key)
	if l := s.lines.find(t, key, at, hash); l != nil {
		t.call.Pass(l.name)
		t.trace.Again(l.text)
		s.lines.again++
		s.tracer.Exit(ev)
		s.repeat(t, ev, l)
		return
	}
	asks, misses := decode.Asks(s.decoder), s.misses
	t.whole = true
	s.enter(t, ev)
	shown := t.shown
	s.tracer.Exit(ev)
	s.when = ev.Time
	s.exit(t, ev)
	t.whole = false
	if at < 0 || !shown {
		return
	}
	if s.lines.hashes[at] != hash {
		s.lines.hashes[at] = hash // a line is kept only for a call that comes again
		return
	}
	if asks != decode.Asks(s.decoder) || misses != s.misses || s.failed != nil {
		return
	}
	text := t.trace.Line()
	if len(text) == 0 || len(text) > longestKey || tables.Lookup(ev.Call.ABI, ev.Call.NR) == nil {
		return
	}
	l := &s.lines.lines[at]
	l.of, l.name = t, t.call.Sig.Name
	l.key, l.text = append(l.key[:0], key...), append(l.text[:0], text...)
}

// repeat writes the lines of the following calls, as long as their lines are kept. It
// first tries the call that followed last time, which mostly follows again.
func (s *Session) repeat(t *tracee, ev *tracer.Event, last *line) {
	if s.o.Keep > 0 {
		return // lines are kept one at a time
	}
	batch := s.lines.batch[:0]
	for len(batch) < mostBatch {
		key := s.tracer.Ahead(ev)
		if key == nil {
			break
		}
		l := last.next
		if l == nil || !l.isOf(t, key) {
			at, hash := s.lines.place(t, key)
			if l = s.lines.find(t, key, at, hash); l == nil {
				break
			}
			last.next = l
		}
		s.tracer.Pass(ev)
		t.call.Pass(l.name)
		batch = append(batch, l.text...)
		s.lines.again++
		last = l
	}
	if s.lines.batch = batch; len(batch) > 0 {
		t.trace.Again(batch)
	}
}

// ordinalStep spreads the same calls of several tracees.
const ordinalStep = 0x9e3779b97f4a7c15 >> 16

// forget drops all lines, because those of a tracee have changed.
func (l *lines) forget() {
	clear(l.lines)
	clear(l.hashes)
}
