//go:build linux && amd64

package tracer

import (
	"fmt"

	"golang.org/x/sys/unix"

	"trapline/tables"
)

// debugf reports what the engine does to Options.Debug. Callers on the hot path check first
// that Options.Debug is set, since the arguments cost an allocation.
func (t *Tracer) debugf(format string, args ...any) {
	if t.opts.Debug != nil {
		t.opts.Debug(fmt.Sprintf(format, args...))
	}
}

// debugStop reports a wait status.
func (t *Tracer) debugStop(tid int, status uint32) {
	if t.opts.Debug != nil && tid != 0 {
		t.debugf("wait: %d, status %#06x: %s", tid, status, describeStatus(status))
	}
}

// describeStatus describes a wait status.
func describeStatus(status uint32) string {
	s := unix.WaitStatus(status)
	switch {
	case s.Exited():
		return fmt.Sprintf("exited with %d", s.ExitStatus())
	case s.Signaled():
		return "killed by " + tables.SignalName(int(s.Signal()))
	case !s.Stopped():
		return "continued"
	}
	sig := tables.SignalName(int(status >> 8 & 0x7f))
	switch event := int(status >> 16); {
	case unix.Signal(status>>8&0xff) == stopSyscall:
		return "syscall-stop"
	case event == 0:
		return "signal-delivery-stop, " + sig
	case event == unix.PTRACE_EVENT_STOP && sig != "SIGTRAP":
		return "group-stop, " + sig
	case eventName(event) != "":
		return eventName(event) + ", " + sig
	default:
		return fmt.Sprintf("event %d, %s", event, sig)
	}
}

// eventName returns the name of a ptrace event, or "".
func eventName(event int) string {
	switch event {
	case unix.PTRACE_EVENT_FORK:
		return "PTRACE_EVENT_FORK"
	case unix.PTRACE_EVENT_VFORK:
		return "PTRACE_EVENT_VFORK"
	case unix.PTRACE_EVENT_CLONE:
		return "PTRACE_EVENT_CLONE"
	case unix.PTRACE_EVENT_EXEC:
		return "PTRACE_EVENT_EXEC"
	case unix.PTRACE_EVENT_VFORK_DONE:
		return "PTRACE_EVENT_VFORK_DONE"
	case unix.PTRACE_EVENT_EXIT:
		return "PTRACE_EVENT_EXIT"
	case unix.PTRACE_EVENT_SECCOMP:
		return "PTRACE_EVENT_SECCOMP"
	case unix.PTRACE_EVENT_STOP:
		return "PTRACE_EVENT_STOP"
	}
	return ""
}

// debugResume reports a request that resumes a tracee.
func (t *Tracer) debugResume(tr *Tracee, request int, sig unix.Signal, errno unix.Errno) {
	if t.opts.Debug == nil {
		return
	}
	name := map[int]string{
		unix.PTRACE_SYSCALL: "PTRACE_SYSCALL", unix.PTRACE_CONT: "PTRACE_CONT",
		unix.PTRACE_LISTEN: "PTRACE_LISTEN", unix.PTRACE_DETACH: "PTRACE_DETACH",
	}[request]
	with := ""
	if sig != 0 {
		with = " with " + tables.SignalName(int(sig))
	}
	if errno != 0 {
		with += ": " + tables.ErrnoMessage(uint32(errno))
	}
	t.debugf("resume: %d, %s%s", tr.TID, name, with)
}
