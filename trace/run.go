//go:build linux && amd64

package trace

import (
	"context"
	"runtime"

	"golang.org/x/sys/unix"

	"trapline/output"
)

// Run traces a command from start to end and returns its wait status. It may be
// called from any goroutine, and from several at a time: each trace has its own
// goroutine and thread.
//
// If the session detaches from the command before its end (Options.Limit,
// ErrDetach), Run still waits for the end. When ctx is done, the command is
// killed, other processes continue untraced, and Run returns the cause. The
// error does not depend on the command's status.
func Run(ctx context.Context, c *Command, o Options) (status unix.WaitStatus, err error) {
	onOwnThread(func() { status, err = run(ctx, c, o) })
	return status, err
}

// Attach traces a running process until the process or the trace ends; see
// Session.Attach and Run. When ctx is done the process continues untraced.
//
// If a child of this program ends while it is traced, the kernel reports that
// only to the Session: Handler.Ended gets its status, and exec.Cmd.Wait fails.
func Attach(ctx context.Context, pid int, o Options) (err error) {
	onOwnThread(func() { err = attach(ctx, pid, o) })
	return err
}

func run(ctx context.Context, c *Command, o Options) (unix.WaitStatus, error) {
	if o.Looks.Run == nil {
		o.Looks.Run = &output.Run{Command: c.Args}
	}
	s, err := New(o)
	if err != nil {
		return 0, err
	}
	if _, err := s.Launch(c); err != nil {
		s.Close()
		return 0, err
	}
	err = s.Run(ctx)
	status := s.awaitOrKill(ctx, err != nil)
	closing := s.Close()
	switch {
	case err != nil:
		return status, err
	case closing != nil:
		return status, closing
	}
	return status, s.failure()
}

func attach(ctx context.Context, pid int, o Options) error {
	s, err := New(o)
	if err != nil {
		return err
	}
	if err := s.Attach(pid); err != nil {
		s.Close()
		return err
	}
	err = s.Run(ctx)
	if closing := s.Close(); err == nil {
		err = closing
	}
	if err == nil {
		err = s.failure()
	}
	return err
}

// failure is why the trace ended early or did not start, unless Run or Close has already
// returned it.
func (s *Session) failure() error {
	if s.failed != nil && s.failed != ErrDetach {
		return s.failed
	}
	if s.noExec != nil {
		return s.noExec
	}
	return nil
}

// awaitOrKill waits for the end of the command, unless that has been seen. It kills the
// command, at once or when ctx is done.
func (s *Session) awaitOrKill(ctx context.Context, kill bool) unix.WaitStatus {
	if status, ended := s.tracer.CommandStatus(); ended {
		return status
	}
	// A descriptor, unlike an id, always refers to the same process.
	pidfd, err := unix.PidfdOpen(s.command, 0)
	if err == nil {
		defer unix.Close(pidfd)
		if kill {
			unix.PidfdSendSignal(pidfd, unix.SIGKILL, nil, 0)
		}
		killed := make(chan struct{})
		stop := context.AfterFunc(ctx, func() {
			defer close(killed)
			unix.PidfdSendSignal(pidfd, unix.SIGKILL, nil, 0)
		})
		defer func() {
			if !stop() {
				<-killed
			}
		}()
	}
	status, _ := s.AwaitCommand()
	return status
}

// onOwnThread calls f in a new goroutine on a thread of its own, and waits for it. The
// thread has no children, which the tracer would reap instead of their creator. The thread
// ends with f, so that nothing remains of the changes that tracing makes to it.
func onOwnThread(f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		if hasChildren() {
			defer runtime.UnlockOSThread()
			onOwnThread(f) // this thread has children
			return
		}
		f()
	}()
	<-done
}

// hasChildren reports whether this thread has children that were not waited
// for.
func hasChildren() bool {
	for {
		err := unix.Waitid(unix.P_ALL, 0, nil, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT|unix.WALL|unix.WNOTHREAD, nil)
		if err != unix.EINTR {
			return err == nil
		}
	}
}
