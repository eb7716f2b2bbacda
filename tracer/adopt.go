//go:build linux && amd64

package tracer

import (
	"encoding/binary"
	"fmt"
	"os"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Adopt is Launch for an existing process that calls Become with the other end of the socket.
// Adopt closes the socket. If it fails, the process exits.
func (t *Tracer) Adopt(c Command, pid, socket int) (*Tracee, error) {
	defer unix.Close(socket)
	filter, err := t.makeFilter()
	if err != nil {
		return nil, err
	}
	l := &launcher{t: t, tid: pid}
	return l.launch(filter, func(options uintptr) error { return l.catchOther(socket, options) })
}

// catchOther seizes a launcher that has called Become.
func (l *launcher) catchOther(socket int, options uintptr) error {
	if err := sendPacket(socket, uint64(l.t.filterData)); err != nil {
		return fmt.Errorf("the command's process is gone: %w", err)
	}
	blocked, err := awaitPacket(socket)
	if err != nil {
		return fmt.Errorf("the command's process is gone: %w", err)
	}
	l.blocked = blocked
	if err := l.seize(options); err != nil {
		return err
	}
	return sendPacket(socket, 0)
}

// Become turns this process into the launcher of a command, once it is adopted by the process
// at the other end of the socket. That process must use a Tracer with the same options.
// Become must be called from the main thread, and returns only if it fails.
func Become(c Command, opts Options, socket int) error {
	runtime.LockOSThread()
	unix.CloseOnExec(socket)
	if err := c.check(); err != nil {
		return err
	}
	// The tracer may take its time. Until it answers, Go also handles the
	// signals.
	data, err := awaitPacket(socket)
	if err != nil {
		return fmt.Errorf("the tracer is gone: %w", err)
	}
	filter, err := (&Tracer{opts: opts, filterData: uint16(data)}).makeFilter()
	if err != nil {
		return err
	}
	p, err := newProgram(becomeSize(&c, filter))
	if err != nil {
		return err
	}
	// A program may have a handler for calls that a seccomp filter traps.
	before, err := blockSignals(signalBit(unix.SIGSYS))
	if err != nil {
		return err
	}
	blocked := before.Val[0]
	if c.Surroundings != nil {
		blocked = c.Surroundings.Blocked
	}
	// If Yama restricts ptrace to descendants, the tracer needs an exception.
	p.add(checkNothing, unix.SYS_PRCTL, unix.PR_SET_PTRACER, ^uint64(0))
	p.add(checkResult, unix.SYS_WRITE, uint64(socket), value(p, blocked), signalSetSize).want = signalSetSize
	p.add(checkResult, unix.SYS_READ, uint64(socket), value(p, uint64(0)), signalSetSize).want = signalSetSize
	p.add(checkNothing, unix.SYS_PRCTL, unix.PR_SET_PTRACER, 0)
	p.become(&c, filter, pendingSignals(c.Surroundings))
	enterSystemCall()
	becomeLauncher(p.first())
	return nil // not reached
}

// pendingSignals returns the signals that were pending when this program was started and that
// will not be pending once their actions are set: signals that the program consumed, and
// signals that the kernel drops because they are ignored.
func pendingSignals(s *Surroundings) uint64 {
	if s == nil {
		return 0
	}
	var pending uint64
	_, _, errno := unix.RawSyscall(unix.SYS_RT_SIGPENDING, uintptr(unsafe.Pointer(&pending)), signalSetSize, 0)
	if errno != 0 {
		return s.Pending
	}
	// SIGURG is left out, since the Go runtime uses it.
	effectless := s.Ignored | signalBit(unix.SIGCHLD) | signalBit(unix.SIGCONT) | signalBit(unix.SIGWINCH)
	return s.Pending | pending&effectless
}

// enterSystemCall tells the Go runtime that this thread is in a blocking system
// call. Otherwise the runtime would keep interrupting it with SIGURG, and one
// of these signals would reach the command.
//
//go:linkname enterSystemCall runtime.entersyscall
func enterSystemCall()

// Packets on the socket are words: the tracer's filterData, then the launcher's
// blocked signals, then one that only lets the launcher continue.

func sendPacket(socket int, word uint64) error {
	_, err := unix.Write(socket, binary.NativeEndian.AppendUint64(nil, word))
	return err
}

// awaitPacket waits for a packet from the other end of a socket.
func awaitPacket(socket int) (word uint64, err error) {
	for {
		var b [signalSetSize]byte
		n, err := unix.Read(socket, b[:])
		switch {
		case err == unix.EINTR:
			continue
		case err == nil && n == 0:
			err = os.ErrProcessDone
		}
		return binary.NativeEndian.Uint64(b[:]), err
	}
}
