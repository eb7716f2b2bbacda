//go:build linux && amd64

package main

import (
	"context"
	"errors"
	"os"

	"golang.org/x/sys/unix"

	"trapline/tables"
	"trapline/trace"
)

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
	c.Name, c.Adopt = program(), adopt
	s, err := trace.New(c.Options)
	if err != nil {
		return ending{}, err
	}
	if command != nil {
		if _, err := s.Launch(command); err != nil {
			return ending{}, err
		}
		releaseStandardFDs()
	}
	if !attach(s, c.pids) && command == nil {
		s.Close()
		return ending{code: 1}, nil
	}
	signals := handleSignals(c.interruptible, s)
	err = s.Run(context.Background())
	end := endingOf(s.Status())
	if sig := signals.received(); sig != 0 {
		end = ending{signal: sig}
	}
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

// releaseStandardFDs closes the input and output that the command uses: when
// the command closes a pipe, the process at the other end must notice.
func releaseStandardFDs() {
	null, err := unix.Open("/dev/null", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return
	}
	unix.Dup2(null, 0)
	unix.Dup2(null, 1)
	unix.Close(null)
}

// attach attaches to the processes of -p and reports whether it could attach to
// any. It prints an error for each of the others.
func attach(s *trace.Session, pids []int) (attached bool) {
	for _, pid := range pids {
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
