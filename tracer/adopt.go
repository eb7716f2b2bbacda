package tracer

import (
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// Adopt is Launch where a process that is there already becomes the command:
// one that calls Become with the other end of the socket. Adopt closes the
// socket, and kills the process if it fails.
func (t *Tracer) Adopt(c Command, pid, socket int) (*Tracee, error) {
	defer unix.Close(socket)
	l := &launcher{t: t, tid: pid}
	return l.launch(c, func(options uintptr) error { return l.catchOther(socket, options) })
}

// Become makes this process the launcher of a command, when the process at the
// other end of the socket adopts it. It has to be called from the main thread,
// and returns only if it fails.
func Become(c Command, socket int) error {
	unix.CloseOnExec(socket)
	if _, err := unix.Write(socket, []byte{0}); err != nil {
		return fmt.Errorf("cannot reach the tracer: %w", err)
	}
	if err := awaitPacket(socket); err != nil {
		return fmt.Errorf("the tracer is gone: %w", err)
	}
	inherited := findInheritedSignals()
	inherited.restore()
	err := syscall.Exec("/proc/self/exe", c.Argv, c.Env)
	return fmt.Errorf("cannot become the launcher: %w", err)
}

// awaitPacket waits for the process at the other end of a socket.
func awaitPacket(socket int) error {
	for {
		var b [1]byte
		n, err := unix.Read(socket, b[:])
		switch {
		case err == unix.EINTR:
			continue
		case err == nil && n == 0:
			return os.ErrProcessDone
		}
		return err
	}
}

// catchOther catches a launcher that calls Become, at the end of its execve of
// this program.
func (l *launcher) catchOther(socket int, options uintptr) error {
	if err := awaitPacket(socket); err != nil {
		return fmt.Errorf("the command's process is gone: %w", err)
	}
	// Until then it runs Go, which starts threads: they are not to be traced.
	if errno := ptrace(unix.PTRACE_SEIZE, l.tid, 0, unix.PTRACE_O_TRACEEXEC); errno != 0 {
		return attachError(l.tid, errno)
	}
	if _, err := unix.Write(socket, []byte{0}); err != nil {
		return fmt.Errorf("the command's process is gone: %w", err)
	}
	if err := l.await(unix.PTRACE_CONT, unix.PTRACE_EVENT_EXEC, unix.SIGTRAP); err != nil {
		return err
	}
	if err := l.occupy(); err != nil {
		return err
	}
	if err := l.ptrace("PTRACE_SETOPTIONS", unix.PTRACE_SETOPTIONS, options); err != nil {
		return err
	}
	if err := l.ptrace("PTRACE_CONT", unix.PTRACE_CONT, 0); err != nil {
		return err
	}
	return l.stop()
}
