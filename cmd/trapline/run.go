//go:build linux && amd64

package main

import (
	"context"
	"errors"
	"os"
	"runtime"
	"slices"

	"golang.org/x/sys/unix"

	"trapline/cmd/trapline/early"
	"trapline/cmd/trapline/tui"
	"trapline/tables"
	"trapline/trace"
)

// isFIFO reports whether the calling thread is scheduled as SCHED_FIFO: sched(7). Such threads
// of the same priority do not take a processor from each other.
func isFIFO() bool {
	attr, err := unix.SchedGetAttr(0, 0)
	return err == nil && attr.Policy == unix.SCHED_FIFO
}

// run traces until all tracees have ended. It launches the command, or adopts
// the process of an adoption.
func run(c *config, adopt *trace.Adoption) (ending, error) {
	var command *trace.Command
	if len(c.command) > 0 {
		var err error
		if command, err = c.launch(); err != nil {
			return ending{}, err
		}
	}
	if c.daemon != notDaemon && adopt == nil {
		return ending{}, becomeCommand(c, command)
	}
	c.Adopt = adopt
	if runtime.GOMAXPROCS(0) == 1 && !isFIFO() {
		// On one processor the runtime's monitor takes the only P from the tracer in each wait
		// of more than some microseconds, and the tracer then has to get it back. But a second
		// thread of this priority might wait in a loop for the tracer's thread.
		runtime.GOMAXPROCS(2)
	}
	s, window, err := c.newSession(command)
	if err != nil {
		return ending{}, err
	}
	defer func() { inOrder = nil }()
	if command != nil {
		if _, err := s.Launch(command); err != nil {
			return ending{}, err
		}
		if window == nil {
			releaseStandardFDs()
		}
	}
	if !c.attach(s) && command == nil {
		s.Close()
		return ending{code: ownStatuses.of(nil)}, nil
	}
	closeWindow := func() {}
	if window != nil {
		openWindow(window, s, command != nil)
		closeWindow = window.Close
	}
	signals := handleSignals(c, s, closeWindow)
	err = awaitWindow(window, s.Run(context.Background()))
	end := endingOf(s.Status())
	if failed := s.NoExec(); failed != nil {
		end = ending{code: ownStatuses.of(failed)}
	}
	if sig := signals.received(); sig != 0 {
		end = ending{signal: sig}
	}
	c.writeReports(s, nil)
	inOrder = nil
	signals.beforeClose()
	if err := s.Close(); err != nil {
		complain("%v", err)
	}
	if s.Failed() && command != nil && err == nil {
		signals.stop()
		if status, ok := s.AwaitCommand(); ok {
			end = endingOf(status)
		}
	}
	return end, err
}

// newSession makes a Session, and its window if it has one. From then on, messages that
// are written as records follow those of the trace: see inOrder.
func (c *config) newSession(command *trace.Command) (s *trace.Session, window *tui.Window, err error) {
	c.Name = program()
	if c.window {
		if window, err = c.newWindow(command); err != nil {
			return nil, nil, err
		}
	}
	if c.destination.Piped() {
		early.PassIgnored()
	}
	if s, err = trace.New(c.Options); err != nil {
		return nil, nil, err
	}
	if records != nil {
		inOrder = s.Message
	}
	c.reportWarnings(s.Message)
	return s, window, nil
}

// releaseStandardFDs closes the input and output that the command uses, so that the
// process at the other end of a pipe notices when the command closes it.
func releaseStandardFDs() {
	null, err := unix.Open("/dev/null", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return
	}
	unix.Dup2(null, 0)
	unix.Dup2(null, 1)
	unix.Close(null)
}

// attach attaches to the processes of -p and --wait-for, and reports whether it has
// attached to any. It prints an error for each failure.
func (c *config) attach(s *trace.Session) (attached bool) {
	for _, target := range c.targets {
		if slices.Contains(c.awaited, target) {
			target.Await(context.Background())
		}
		if s.AttachTo(target, complainOfAttach) > 0 {
			attached = true
		} else {
			complain("%v: there is no such process", target)
		}
	}
	for _, pid := range c.pids {
		if pid == os.Getpid() {
			complain("I'm sorry, I can't let you do that, Dave.")
			continue
		}
		if err := s.Attach(pid); err != nil {
			complainOfAttach(err)
			continue
		}
		attached = true
	}
	return attached
}

func complainOfAttach(err error) {
	var attach *trace.AttachError
	if !errors.As(err, &attach) {
		complain("attach: %v", err)
		return
	}
	complain("attach: ptrace(PTRACE_SEIZE, %d): %s", attach.PID, tables.ErrnoMessage(uint32(attach.Errno)))
	if attach.Hint != "" {
		complain("%s", attach.Hint)
	}
}
