//go:build linux && amd64

package report

import (
	"golang.org/x/sys/unix"

	"trapline/trace"
)

// A signal handler may run between any two calls, depending on chance. So its calls are
// not compared with the other calls of the interrupted thread, but with those of handlers
// on the other side.
//
// A shell learns that a child has ended through such a handler, or through a call that
// waits for it, whichever comes first. How processes end is compared anyway
// (Comparison.compare). So waits matter little, unless there is no child or they do not
// return.

// signal notes that a thread gets a signal. If the signal has a handler, the thread runs
// that until it calls rt_sigreturn.
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

// handled moves the calls of a handler, which ends with the last call of a thread, just
// entered. They are the calls since the last signal: a signal without a handler has no
// calls of its own.
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

// isWait reports whether a call waits for a child and only learns how that has ended, or
// that none has ended so far.
func isWait(c *trace.Call) bool {
	switch c.Name {
	case "wait4", "waitid", "waitpid":
		options := c.Arg("options")
		return c.Errno != unix.ECHILD || options.Has("WNOHANG")
	}
	return false
}
