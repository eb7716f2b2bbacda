//go:build linux && amd64

package trace

import (
	"bytes"
	"hash/maphash"

	"trapline/decode"
	"trapline/tables"
	"trapline/tracer"
)

// Programs repeat themselves: of the calls of find, tar or grep -r a half or more were
// made just so shortly before, with the same arguments, result and memory. The line of
// such a call is kept, and written again. Only calls that did not stop come with all that
// has a bearing on their line: see Event.Key.

// lines are lines of calls, each in the place that the hash of its key says.
type lines struct {
	seed  maphash.Seed
	lines []line // nil if calls have to be decoded each time
	again int    // lines that were written again
}

// line is that of a call.
type line struct {
	hash uint64
	of   *tracee
	name string // of the call
	key  []byte // empty if the call has been seen only once
	text []byte
}

// Sizes of what is kept of lines, about 1 MiB in all: lines that repeat are short.
const (
	numLines   = 1 << 10 // a power of two
	longestKey = 512     // of a Key and of a line, in bytes
)

// newLines prepares for keeping lines, if nothing is shown with a call but what is in
// its Key and what is always the same for a tracee.
func (s *Session) newLines() {
	o := &s.o
	looks := &o.Looks
	switch {
	case o.Buffered == BufferNever, !s.records, s.timed, s.examines(), s.gate != nil, s.teller != nil, s.tally != nil,
		s.stacks != nil, s.explain != nil, o.Registers != 0, len(s.rules) > 0, o.DecodePIDs != 0, o.DecodeContexts != 0,
		looks.IP, looks.Number, looks.PID == PIDMany:
		return
	}
	s.lines = lines{seed: maphash.MakeSeed(), lines: make([]line, numLines)}
}

// whole handles both the entry and the exit of a call that did not stop.
func (s *Session) whole(t *tracee, ev *tracer.Event) {
	key := ev.Key()
	var l *line
	var hash uint64
	if s.lines.lines != nil && 0 < len(key) && len(key) <= longestKey && t.abi == tables.X86_64 {
		hash = maphash.Bytes(s.lines.seed, key)
		l = &s.lines.lines[(hash^uint64(t.ordinal)*ordinalStep)%numLines]
		if l.hash == hash && l.of == t && bytes.Equal(l.key, key) {
			t.call.Pass(l.name)
			t.trace.Again(l.text)
			s.lines.again++
			s.tracer.Exit(ev)
			return
		}
	}
	asks, misses := decode.Asks(s.decoder), s.misses
	t.whole = true
	s.enter(t, ev)
	shown := t.shown
	s.tracer.Exit(ev)
	s.when = ev.Time
	s.exit(t, ev)
	t.whole = false
	switch {
	case l == nil, !shown:
	case l.hash != hash || l.of != t:
		l.hash, l.of, l.key = hash, t, l.key[:0] // perhaps it does not come again
	case asks == decode.Asks(s.decoder) && misses == s.misses && s.failed == nil:
		text := t.trace.Line()
		if len(text) == 0 || len(text) > longestKey || tables.Lookup(ev.Call.ABI, ev.Call.NR) == nil {
			return
		}
		l.name = t.call.Sig.Name
		l.key, l.text = append(l.key[:0], key...), append(l.text[:0], text...)
	}
}

// ordinalStep spreads the same calls of several tracees.
const ordinalStep = 0x9e3779b97f4a7c15 >> 16

// forget drops all lines: those of a tracee have changed.
func (l *lines) forget() { clear(l.lines) }
