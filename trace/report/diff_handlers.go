//go:build linux && amd64

package report

import (
	"golang.org/x/sys/unix"

	"trapline/trace"
)

// A handler of a signal may run between any two calls: where it does is a matter of chance.
// So its calls are compared with those of handlers on the other side, apart from those of
// the thread that it has interrupted.
//
// A shell learns that a child has ended by such a handler, or by a call that waits for
// it, whichever comes first. How processes end is compared in any case
// (Comparison.compare). Therefore waits matter little, unless there is no child or they
// do not return.

// signal notes that a thread gets a signal: if it has a handler, that is what the thread
// runs until it calls rt_sigreturn.
func (s *side) signal(g *trace.Signal) error {
	n := 0
	if at := s.places[g.PID]; at != nil {
		if seq := s.steps[at.process]; seq != nil {
			n = len(seq.of(at.thread, false))
		}
	}
	s.pending[g.PID] = append(s.pending[g.PID], n)
	return nil
}

// handled moves the calls of the handler that ends with the last call of a thread, which
// has just been entered. They are those since the last signal: one without a handler had
// no calls of its own.
func (s *side) handled(tid int, in *sequence, thread int) {
	signals := s.pending[tid]
	if len(signals) == 0 {
		return // the handler was there before the trace
	}
	from := signals[len(signals)-1]
	s.pending[tid] = signals[:len(signals)-1]
	calls := &in.threads[thread]
	if from >= len(*calls) {
		return // of the program before an execve
	}
	in.handlers[thread] = append(in.handlers[thread], (*calls)[from:]...)
	*calls = (*calls)[:from:from]
}

// isWait reports whether a call waits for a child and learns nothing but how that has
// ended, or that none has so far.
func isWait(c *trace.Call) bool {
	switch c.Name {
	case "wait4", "waitid", "waitpid":
		options := c.Arg("options")
		return c.Errno != unix.ECHILD || options.Has("WNOHANG")
	}
	return false
}
