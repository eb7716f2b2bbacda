package trace

// Attach starts tracing a running process. With Options.Follow that is all its
// threads, without it the thread that has the process id. If the kernel refuses,
// the error is an *AttachError, which says why where that can be found out.
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
