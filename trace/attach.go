//go:build linux && amd64

package trace

// Attach starts tracing a running process: with Options.Follow all its threads,
// otherwise the thread whose id is the process id. If the kernel refuses, the
// error is an *AttachError, with the reason if it can be determined.
func (s *Session) Attach(pid int) error {
	threads, err := s.tracer.Attach(pid)
	if err != nil {
		return err
	}
	switch {
	case threads > 1:
		s.sayUnless(QuietAttach, "Process %d attached with %d threads", pid, threads)
	case threads == 1:
		s.sayUnless(QuietAttach, "Process %d attached", pid)
	}
	return nil
}
