//go:build linux && amd64

package trace

import (
	"strings"

	"golang.org/x/sys/unix"

	"trapline/decode"
	"trapline/tracer"
)

// tellStarted reports a new tracee.
func (s *Session) tellStarted(t *tracee, tr *tracer.Tracee) {
	if s.o.Handler.Started == nil {
		return
	}
	p := s.newProcess(t, tr)
	if parent := tr.Parent(); parent != nil {
		p.Parent = parent.TID
	}
	// A launched process has not executed its program yet. A process that a tracee has
	// created runs the program of that tracee.
	if s.o.Describe && p.Parent == 0 && tr.TID != s.command && t.tgid == tr.TID {
		s.describeProcess(p)
	}
	s.handled(s.o.Handler.Started(p))
}

// tellExecuted reports a successful execve.
func (s *Session) tellExecuted(t *tracee, ev *tracer.Event) {
	if s.o.Handler.Executed == nil {
		return
	}
	p := s.newProcess(t, ev.Tracee)
	p.Former = ev.FormerTID
	if s.o.Describe {
		s.describeProcess(p)
	}
	s.handled(s.o.Handler.Executed(p))
}

// tellStopped reports a group-stop.
func (s *Session) tellStopped(t *tracee, ev *tracer.Event) {
	if s.o.Handler.Stopped != nil {
		s.handled(s.o.Handler.Stopped(&Process{PID: ev.Tracee.TID, Time: s.clock(), TGID: t.tgid}))
	}
}

// tellEnded reports a tracee that has ended or was detached.
func (s *Session) tellEnded(t *tracee, ev *tracer.Event) {
	if s.o.Handler.Ended == nil {
		return
	}
	p := &Process{PID: ev.Tracee.TID, Status: ev.Status, Detached: ev.Kind == tracer.Detached}
	if s.o.Describe {
		p.Time, p.TGID = s.clock(), t.tgid
		if t.tgid == ev.Tracee.TID && ev.Usage != nil && !p.Detached {
			p.Usage = usageOf(ev.Usage)
		}
	}
	s.handled(s.o.Handler.Ended(p))
}

// newProcess has the ids of a tracee.
func (s *Session) newProcess(t *tracee, tr *tracer.Tracee) *Process {
	p := &Process{PID: tr.TID}
	if !s.o.Describe {
		return p
	}
	p.Time = s.clock()
	h := decode.HostOf(s.decoder)
	if id, ok := h.Identity(h.Process(tr.TID)); ok {
		t.tgid = id.TGID
		p.TGID, p.PPID = id.TGID, id.PPID
	}
	return p
}

// describeProcess fills in the program of a process.
func (s *Session) describeProcess(p *Process) {
	h := decode.HostOf(s.decoder)
	process := h.Process(p.PID)
	b := make([]byte, unix.PathMax)
	p.Exe = string(h.Executable(b, process))
	p.Dir = string(h.WorkingDir(b, process))
	p.Args, p.Env = terminatedStrings(h.Arguments(process)), terminatedStrings(h.Environment(process))
}

// terminatedStrings splits strings each of which is followed by a NUL.
func terminatedStrings(b []byte) []string {
	if len(b) == 0 {
		return nil
	}
	return strings.Split(strings.TrimSuffix(string(b), "\x00"), "\x00")
}

// CreatedBefore reports whether a process was created before another one whose trace began
// earlier. The trace of a process begins with its first stop, and on another processor a
// newer process may stop first. The ids of such processes are close together, and the
// kernel assigns ids in order.
func CreatedBefore(pid, other int) bool {
	const near = 1024
	return pid < other && other-pid < near
}
