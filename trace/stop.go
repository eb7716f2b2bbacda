//go:build linux && amd64

package trace

import "time"

// stopLater makes the session end after Options.StopAfter. cancel prevents that.
func (s *Session) stopLater() (cancel func() bool) {
	if s.o.StopAfter <= 0 || s.past != nil { // see pastTime
		return func() bool { return true }
	}
	return time.AfterFunc(s.o.StopAfter, func() {
		s.timeUp.Store(true)
		s.source.Stop()
	}).Stop
}

// endIfDue ends the trace if its time is over: all tracees continue.
func (s *Session) endIfDue() {
	if s.o.StopSize > 0 && s.log != nil && s.log.Size() >= s.o.StopSize {
		s.ending = "Limit of the output has been reached"
	}
	if s.timeUp.Load() {
		s.ending = "Time limit has been reached"
	}
	if s.ending != "" && !s.endDone {
		s.endDone = true
		s.sayUnless(QuietAttach, "%s, detaching tracees", s.ending)
		s.source.DetachAll()
	}
}
