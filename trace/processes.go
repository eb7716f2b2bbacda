//go:build linux && amd64

package trace

import (
	"os"
	"time"

	"golang.org/x/sys/unix"

	"trapline/decode"
	"trapline/decode/host"
	"trapline/output"
	"trapline/tracer"
)

// Formats may have records of processes that start and call execve
// (output.Format.Processes). The records contain what /proc says about the process.

// recordStart records that the trace of a thread begins.
func (s *Session) recordStart(t *tracee, tr *tracer.Tracee, how string) {
	if !s.starts {
		return
	}
	h := decode.HostOf(s.decoder)
	process := h.Process(tr.TID)
	p := s.identify(t, h, process)
	if !s.showsOther(t, output.Started.String(), noSignal, noCode) {
		return
	}
	p.How = how
	if parent := tr.Parent(); parent != nil {
		p.Parent = parent.TID
	}
	// Until its execve, a launched process has the program of its parent. A
	// thread has that of its process.
	if !t.launch && t.tgid == tr.TID {
		s.describe(&p, h, process)
	}
	t.trace.Process(s.clock(), output.Started, &p)
}

// recordExec records that a process has executed a program.
func (s *Session) recordExec(t *tracee, tr *tracer.Tracee) {
	if !s.starts || !s.showsOther(t, output.Executed.String(), noSignal, noCode) {
		return
	}
	h := decode.HostOf(s.decoder)
	process := h.Process(tr.TID)
	p := s.identify(t, h, process)
	s.describe(&p, h, process)
	t.trace.Process(s.clock(), output.Executed, &p)
}

// identify finds the ids of a process and sets them in its records.
func (s *Session) identify(t *tracee, h host.Host, process int) output.Process {
	p := output.Process{UID: -1}
	id, ok := h.Identity(process)
	if !ok {
		return p
	}
	t.tgid = id.TGID
	t.trace.SetProcess(id.TGID, id.PPID)
	if id.HasUID {
		p.UID = id.UID
	}
	return p
}

// describe fills in the program of a process.
func (s *Session) describe(p *output.Process, h host.Host, process int) {
	p.Exe = h.Executable(make([]byte, unix.PathMax), process)
	p.Dir = h.WorkingDir(make([]byte, unix.PathMax), process)
	p.Args = h.Arguments(process)
}

// usage returns the resources that a process has used, at its end. It returns nil if
// records do not show them, or if other threads of the process remain.
func (s *Session) usage(t *tracee, ev *tracer.Event) *output.Usage {
	if !s.starts || ev.Usage == nil || t.tgid != ev.Tracee.TID {
		return nil
	}
	return usageOf(ev.Usage)
}

// usageOf returns the resources that wait4 reports.
func usageOf(u *unix.Rusage) *output.Usage {
	return &output.Usage{
		User: time.Duration(u.Utime.Nano()), System: time.Duration(u.Stime.Nano()),
		MaxRSS:      u.Maxrss,
		MinorFaults: u.Minflt, MajorFaults: u.Majflt,
		BlocksIn: u.Inblock, BlocksOut: u.Oublock,
		Voluntary: u.Nvcsw, Involuntary: u.Nivcsw,
	}
}

// completeRun adds facts about the machine to the description of a trace.
func completeRun(r *output.Run) *output.Run {
	complete := output.Run{}
	if r != nil {
		complete = *r
	}
	complete.PID = os.Getpid()
	var name unix.Utsname
	if unix.Uname(&name) == nil {
		text := func(b [65]byte) string { return unix.ByteSliceToString(b[:]) }
		complete.Kernel, complete.Release, complete.Build = text(name.Sysname), text(name.Release), text(name.Version)
		complete.Machine, complete.Host = text(name.Machine), text(name.Nodename)
	}
	return &complete
}

// began adds the start time to the description of a trace.
func began(r *output.Run) *output.Run {
	r.Clocks = output.ReadClocks()
	r.Began = time.Unix(0, r.Clocks.Realtime)
	return r
}
