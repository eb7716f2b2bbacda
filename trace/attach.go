//go:build linux && amd64

package trace

import (
	"cmp"
	"slices"

	"trapline/tracer"
)

// Attach starts tracing a running process: with Options.Follow all its threads,
// otherwise the thread whose id is the process id. If the kernel refuses, the
// error is an *AttachError, with the reason if it can be determined.
func (s *Session) Attach(pid int) error {
	if s.tracer == nil {
		return errPast
	}
	threads, err := s.tracer.Attach(pid)
	if err != nil {
		return err
	}
	s.sayAttached(pid, threads)
	return nil
}

// sayAttached reports the threads of a process that were just attached to.
func (s *Session) sayAttached(pid, threads int) {
	if s.attached == nil {
		s.attached = make(map[int]bool)
	}
	s.attached[pid] = true
	var found []*tracer.Tracee
	for tr := range s.tracer.Tracees {
		if tr.Data == nil {
			found = append(found, tr)
		}
	}
	slices.SortFunc(found, func(a, b *tracer.Tracee) int { return cmp.Compare(a.TID, b.TID) })
	if s.recorder != nil {
		s.recorder.starts()
	}
	for _, tr := range found {
		if t := s.met(tr); t != nil {
			s.recordStart(t, tr, "attached")
		}
	}
	if s.recorder != nil {
		s.recorder.attached(pid, threads, found)
	}
	s.tellAttached(pid, threads)
}

// wasAttached is Attach in a recording, for one thread.
func (s *Session) wasAttached(ev *tracer.Event) {
	if t := s.met(ev.Tracee); t != nil {
		s.recordStart(t, ev.Tracee, "attached")
	}
	if threads := s.past.now.Threads; len(threads) == 2 {
		if s.attached == nil {
			s.attached = make(map[int]bool)
		}
		s.attached[threads[0]] = true
		s.tellAttached(threads[0], threads[1])
	}
}

// tellAttached says that a process was attached to.
func (s *Session) tellAttached(pid, threads int) {
	switch {
	case threads > 1:
		s.sayUnless(QuietAttach, "Process %d attached with %d threads", pid, threads)
	case threads == 1:
		s.sayUnless(QuietAttach, "Process %d attached", pid)
	}
}
