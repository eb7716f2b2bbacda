//go:build linux && amd64

package trace

import (
	"trapline/output"
	"trapline/tracer"
)

// shortened counts the calls with strings that the recording has cut shorter than was
// asked for.
type shortened struct {
	limit int  // length at which the recording cuts strings
	found bool // the event that is being handled has such a string
	calls someCalls
}

// note is called with the bytes of an incomplete string.
func (s *shortened) note(b []byte) { s.found = s.found || len(b) >= s.limit }

// shortening is the Encoder of calls that counts them.
type shortening struct {
	output.Encoder
	*shortened
}

// Str implements output.Encoder.
func (e *shortening) Str(kind output.StringKind, b []byte, more bool) {
	if more {
		e.note(b)
	}
	e.Encoder.Str(kind, b, more)
}

// countShortened prepares to count, if more bytes of a string were asked for than the
// recording has.
func (s *Session) countShortened(asked int) {
	have := s.past.info.Strings
	s.shortened = &shortened{limit: have}
	s.asksMore = asked > have
	if s.asker != nil {
		s.asker.shortened = s.shortened
	}
}

// noteShortened counts the call of an event that was handled.
func (s *Session) noteShortened(ev *tracer.Event) {
	if !s.shortened.found {
		return
	}
	s.shortened.found = false
	if t, ok := ev.Tracee.Data.(*tracee); ok {
		s.shortened.calls.add(s.past.now.Ordinal, t, &t.cut)
	}
}

// sayShortened reports the count at the end.
func (s *Session) sayShortened() {
	if s.shortened == nil {
		return
	}
	if c := &s.shortened.calls; c.calls > 0 {
		s.say("the recording has no more than %d bytes of a string: %d calls have longer ones, first %s, call number %d",
			s.shortened.limit, c.calls, c.first, c.at)
	}
}
