package main

import (
	"time"

	"trapline/decode"
	"trapline/output"
	"trapline/socketcall"
	"trapline/tables"
	"trapline/tracer"
)

// tracee is what a session knows of one tracee.
type tracee struct {
	trace   *output.Record
	call    decode.Call
	abi     tables.ABI // of the call before
	shown   bool       // there is a call under way, and it is in the trace
	launch  bool       // not yet the command: its execve is under way
	entered time.Time
	cpu     time.Duration // spent in the kernel before the call

	regs   registerHistory
	stack  stack
	tamper tampering
}

// newTracee starts the record of a tracee.
func (s *session) newTracee(tr *tracer.Tracee) (*tracee, error) {
	trace, err := s.log.Record(tr.TID)
	if err != nil {
		return nil, err
	}
	t := &tracee{trace: trace}
	s.nameTracee(t, tr.TID)
	t.call = decode.Call{Decoder: s.decoder, Out: trace.Encoder, Outcome: trace, Mem: tr, TID: tr.TID}
	if call := tr.Interrupted(); call != nil {
		t.call.Pass(s.decoder.Lookup(call.ABI, call.NR).Name)
	}
	tr.Data = t
	return t, nil
}

// enter is a syscall-enter-stop.
func (s *session) enter(t *tracee, ev *tracer.Event) {
	call := ev.Call
	if call.ABI != t.abi {
		t.abi = call.ABI
		if s.config.quiet&quietPersonality == 0 {
			t.trace.Personality(s.now(), call.ABI)
		}
	}
	if s.config.debug && tables.Lookup(call.ABI, call.NR) == nil {
		s.log.Message(message("pid %d invalid syscall %#x", ev.Tracee.TID, call.NR))
	}
	t.shown = s.chosen(t, call)
	if !t.shown {
		ev.ExitUnwanted = s.stacks == nil || !remaps(call.ABI, call.NR)
		t.trace.SetNumber(tables.InRegister(call.ABI, call.NR))
		return
	}
	if t.tamper.injection != nil {
		s.tamperAtEntry(t, ev)
	}
	t.entered = s.now()
	if s.config.regs != 0 {
		s.enterRegisters(t, ev)
	}
	if s.summary != nil {
		t.cpu = systemTime(ev)
		if s.config.summary == summaryOnly {
			return
		}
	}
	s.nameTracee(t, ev.Tracee.TID)
	h := &s.header
	h.Time, h.ABI, h.NR, h.IP = t.entered, call.ABI, tables.InRegister(call.ABI, call.NR), call.IP
	h.Name = t.call.Sig.Name
	if s.config.looks.EntryPoints {
		h.Entry = tables.EntryPoint(call.ABI, call.NR)
	}
	t.trace.BeginCall(h)
	s.enterStack(t, ev)
	t.call.Enter()
	t.trace.Entered()
}

// chosen prepares a call for decoding and says whether it is to be traced.
func (s *session) chosen(t *tracee, call *tracer.Syscall) bool {
	c, d := s.config, &t.call
	inner := s.splitter.Split(call.ABI, call.NR, &call.Args, d.Mem)
	d.ABI = call.ABI // of signals, too, whatever is chosen
	if !c.trace.chooses(call, inner) {
		d.Pass(d.Lookup(call.ABI, call.NR).Name)
		return false
	}
	d.NR, d.SP = call.NR, call.SP
	if inner == nil {
		d.Args, d.Sig = call.Args, d.Lookup(call.ABI, call.NR)
		s.header.Via = nil
	} else {
		d.Args, d.Sig = inner.Args, d.LookupInner(inner.Name, inner.Form)
		s.header.Via = &inner.Via
	}
	d.Abbrev, d.Plain, d.Raw = c.abbrev.chooses(call, inner), !c.verbose.chooses(call, inner), c.raw.chooses(call, inner)
	d.Begin()
	if s.files != nil && !s.files.chooses(d, classes(call, inner)) {
		return false
	}
	t.tamper.injection = nil
	if len(c.injections) > 0 && !t.launch {
		t.tamper.injection = s.findInjection(t, call, inner)
	}
	return true
}

// classes are the classes of calls that a call is in, or the one inside it.
func classes(call *tracer.Syscall, inner *socketcall.Call) tables.Class {
	if inner != nil {
		return inner.Classes()
	}
	if row := tables.Lookup(call.ABI, call.NR); row != nil {
		return row.Classes
	}
	return 0
}

// exit is a syscall-exit-stop.
func (s *session) exit(t *tracee, ev *tracer.Event) {
	call := ev.Call
	if s.stacks != nil {
		s.exitStack(t, ev)
	}
	if !t.shown {
		return
	}
	t.shown = false
	s.result.Tampered, s.result.Delayed = s.tamperAtExit(t, ev)
	now := s.now()
	status := output.Successful
	if call.IsError {
		status = output.Failed
	}
	wanted := s.config.looks.Statuses&status != 0
	if s.summary != nil && wanted {
		d := &t.call
		s.summary.Count(d.ABI, d.NR, d.Sig.Name, systemTime(ev)-t.cpu, now.Sub(t.entered), call.IsError)
	}
	t.call.Ret, t.call.Errno = call.Ret, 0
	if call.IsError {
		t.call.Errno = int(-call.Ret)
	}
	if s.config.regs != 0 {
		s.result.Regs = s.exitRegisters(t, ev)
	}
	if s.config.summary == summaryOnly {
		if wanted {
			s.limit()
		}
		return
	}
	t.trace.SetIP(call.IP)
	t.trace.Resume(now)
	t.call.Exit()
	t.call.Result()
	if fd := int(int32(t.call.Args[0])); fd >= 0 {
		if reads, writes := s.config.readFDs.has(fd), s.config.writeFDs.has(fd); reads || writes {
			decode.Dump(&t.call, reads, writes)
		}
	}
	s.result.Duration = now.Sub(t.entered)
	t.trace.EndCall(&s.result)
	if wanted {
		s.limit()
	}
}

// limit counts a call that has been traced, for --syscall-limit.
func (s *session) limit() {
	if s.left == 0 {
		return
	}
	if s.left--; s.left == 0 {
		s.log.Message(message("System call limit has been reached, detaching tracees"))
		s.tracer.DetachAll()
	}
}

// systemTime is the processor time that a tracee has spent in the kernel.
func systemTime(ev *tracer.Event) time.Duration {
	return time.Duration(ev.Usage.Stime.Nano())
}

// signal is a signal-delivery-stop.
func (s *session) signal(t *tracee, ev *tracer.Event) {
	t.regs.signaled = true
	if !s.config.signals.has(int(ev.Signal)) {
		return
	}
	s.locate(t, ev.Tracee)
	s.takeStack(t, ev.Tracee)
	t.trace.BeginSignal(s.now(), tables.SignalName(int(ev.Signal)))
	decode.ShowSiginfo(&t.call, ev.Siginfo[:])
	t.trace.EndSignal()
}

// exec is the moment of a successful execve. If its caller was not the leader of
// its thread group, it is the leader from now on.
func (s *session) exec(t *tracee, ev *tracer.Event) {
	s.nameTracee(t, ev.Tracee.TID)
	t.launch = false
	t.stack.mappings.Forget()
	if ev.Superseded == nil {
		return
	}
	t.call.TID = ev.Tracee.TID
	leader, ok := ev.Superseded.Data.(*tracee)
	if !ok {
		return
	}
	t.trace.Superseded(s.now(), leader.trace, s.config.quiet&quietSuperseded != 0)
}

// ended is the end of a tracee.
func (s *session) ended(t *tracee, ev *tracer.Event) {
	now := s.now()
	if t.shown && s.config.summary != summaryOnly {
		t.trace.Unreturned(now, t.call.Complete())
	}
	if ev.Tracee.TID == s.command {
		s.end = endingOf(ev.Status)
	}
	if s.config.quiet&quietExit == 0 {
		switch {
		case ev.Kind != tracer.Killed:
			t.trace.Exited(now, ev.Status.ExitStatus())
		case s.config.signals.has(int(ev.Signal)):
			t.trace.Killed(now, tables.SignalName(int(ev.Signal)), ev.Status.CoreDump())
		}
	}
	t.trace.Close()
}
