//go:build linux && amd64

package trace

import (
	"trapline/tracer"
)

// someCalls are calls of a recording of which there is something to say at the end.
type someCalls struct {
	calls uint64
	first string // name of the first of them
	at    uint64 // and its number
}

// add counts the current call of a tracee, once: last is the number of the last one that
// was counted, and 1.
func (c *someCalls) add(number uint64, t *tracee, last *uint64) {
	if *last == number+1 {
		return
	}
	*last = number + 1
	if c.calls++; c.calls > 1 {
		return
	}
	c.at = number
	if t.call.Sig != nil {
		c.first = t.call.Sig.Name
	}
}

// noteUnrecorded counts the call of an event that was handled, if its memory was read
// where there is none in the recording: what is there is shown as an address. A recorder
// reads whatever options may ask for, so there are none unless it was another version's,
// or one of the two has a fault.
func (s *Session) noteUnrecorded(ev *tracer.Event) {
	t, ok := ev.Tracee.Data.(*tracee)
	if !ok || t.kept == nil || ev.Kind != tracer.Enter && ev.Kind != tracer.Exit {
		return
	}
	if n, _ := t.kept.Misses(); n > 0 {
		s.unrecorded.add(s.past.now.Ordinal, t, &t.missed)
	}
}

// sayUnrecorded says at the end how many calls have lacked memory.
func (s *Session) sayUnrecorded() {
	if u := &s.unrecorded; u.calls > 0 {
		s.say("the recording lacks memory of %d calls, first of %s, call number %d: what is there is shown by its address",
			u.calls, u.first, u.at)
	}
}
