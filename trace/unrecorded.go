//go:build linux && amd64

package trace

import (
	"trapline/tracer"
)

// unrecorded counts the calls of a recording whose memory was read where there is none
// in the recording: what is there is shown as an address. A recorder reads whatever
// options may ask for, so there are none unless it was another version's, or one of the
// two has a fault.
type unrecorded struct {
	calls uint64
	first string // name of the first of them
	at    uint64 // and its number
}

// noteUnrecorded counts the call of an event that was handled.
func (s *Session) noteUnrecorded(ev *tracer.Event) {
	t, ok := ev.Tracee.Data.(*tracee)
	if !ok || t.kept == nil || ev.Kind != tracer.Enter && ev.Kind != tracer.Exit {
		return
	}
	number := s.past.now.Ordinal
	if n, _ := t.kept.Misses(); n == 0 || t.missed == number+1 {
		return
	}
	t.missed = number + 1
	u := &s.unrecorded
	if u.calls++; u.calls == 1 {
		u.at = number
		if t.call.Sig != nil {
			u.first = t.call.Sig.Name
		}
	}
}

// sayUnrecorded says at the end how many calls have lacked memory.
func (s *Session) sayUnrecorded() {
	if u := &s.unrecorded; u.calls > 0 {
		s.say("the recording lacks memory of %d calls, first of %s, call number %d: what is there is shown by its address",
			u.calls, u.first, u.at)
	}
}
