//go:build linux && amd64

package trace

import (
	"trapline/output"
	"trapline/tracer"
)

// shortened counts the calls with strings of which more was asked for than the recording
// has.
type shortened struct {
	limit int  // bytes that the recording has of a string
	found bool // the event that is being handled has such a string
	calls someCalls
}

// note is called with the bytes of a string of which there are more.
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

// countShortened prepares for the strings of a recording, of which so many bytes were
// asked for.
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

// sayShortened says at the end how many there were.
func (s *Session) sayShortened() {
	if s.shortened == nil {
		return
	}
	if c := &s.shortened.calls; c.calls > 0 {
		s.say("the recording has no more than %d bytes of a string: %d calls have longer ones, first %s, call number %d",
			s.shortened.limit, c.calls, c.first, c.at)
	}
}
