//go:build linux && amd64

package trace

import (
	"trapline/tracer"
)

// someCalls counts calls of a recording to report at the end.
type someCalls struct {
	calls uint64
	first string // name of the first of them
	at    uint64 // and its number
}

// add counts the current call of a tracee, once. last is the number of the last call that
// was counted, plus 1.
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

// noteUnrecorded counts the call of an event that was handled, if decoding read memory
// that the recording lacks. Such values are shown as addresses. A recorder reads whatever
// options may ask for, so this happens only with a recorder of another version, or because
// of a bug.
func (s *Session) noteUnrecorded(ev *tracer.Event) {
	t, ok := ev.Tracee.Data.(*tracee)
	if !ok || t.kept == nil || ev.Kind != tracer.Enter && ev.Kind != tracer.Exit {
		return
	}
	if n, _ := t.kept.Misses(); n > 0 {
		s.unrecorded.add(s.past.now.Ordinal, t, &t.missed)
	}
}

// sayUnrecorded reports at the end how many calls lacked memory.
func (s *Session) sayUnrecorded() {
	if u := &s.unrecorded; u.calls > 0 {
		s.say("the recording lacks memory of %d calls, first of %s, call number %d: what is there is shown by its address",
			u.calls, u.first, u.at)
	}
}
