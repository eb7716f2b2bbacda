//go:build linux && amd64

package trace

import (
	"time"

	"trapline/decode"
	"trapline/output"
	"trapline/tables"
	"trapline/tracer"
)

// tracee is a session's data about one tracee.
type tracee struct {
	trace   *output.Record
	call    decode.Call
	abi     tables.ABI // of the previous call
	shown   bool       // the current call is traced
	launch  bool       // not yet the command: its execve has not returned
	entered time.Time
	cpu     time.Duration // in the kernel before the call

	regs   registerHistory
	stack  stack
	tamper tampering
	told   *told // the call reported to the Handler; nil without one
}

// newTracee starts the record of a tracee.
func (s *Session) newTracee(tr *tracer.Tracee) (*tracee, error) {
	trace, err := s.record(tr.TID)
	if err != nil {
		return nil, cannotOpen(err)
	}
	t := &tracee{trace: trace}
	s.nameTracee(t, tr.TID)
	t.call = decode.Call{Decoder: s.decoder, Out: trace.Encoder, Outcome: trace, Mem: tr, TID: tr.TID}
	if call := tr.Interrupted(); call != nil {
		t.call.Pass(s.decoder.Lookup(call.ABI, call.NR).Name)
	}
	tr.Data = t
	if s.teller != nil {
		s.newTold(t, tr)
	}
	s.tellStarted(tr)
	return t, nil
}

// record starts the record of a tracee in the output.
func (s *Session) record(tid int) (*output.Record, error) {
	if s.log == nil {
		return output.Unrecorded(tid), nil
	}
	return s.log.Record(tid)
}

// enter handles a syscall-enter-stop.
func (s *Session) enter(t *tracee, ev *tracer.Event) {
	call := ev.Call
	if call.ABI != t.abi {
		t.abi = call.ABI
		if s.o.Quiet&QuietPersonality == 0 {
			t.trace.Personality(s.now(), call.ABI)
		}
	}
	if s.o.Debug && tables.Lookup(call.ABI, call.NR) == nil {
		s.say("pid %d invalid syscall %#x", ev.Tracee.TID, call.NR)
	}
	t.shown = s.chosen(t, call)
	if !t.shown {
		ev.ExitUnwanted = s.stacks == nil || !remaps(call.ABI, call.NR)
		t.trace.SetNumber(tables.InRegister(call.ABI, call.NR))
		if s.teller != nil {
			s.tellPassed(t, call)
		}
		return
	}
	if s.teller != nil {
		s.tellEnter(t, ev)
	}
	if t.tamper.injection != nil {
		s.tamperAtEntry(t, ev)
	}
	t.entered = s.now()
	if s.o.Registers != 0 {
		s.enterRegisters(t, ev)
	}
	if s.o.Summary != nil {
		t.cpu = systemTime(ev)
	}
	if !s.records {
		return
	}
	s.nameTracee(t, ev.Tracee.TID)
	h := &s.header
	h.Time, h.ABI, h.NR, h.IP = t.entered, call.ABI, tables.InRegister(call.ABI, call.NR), call.IP
	h.Name = t.call.Sig.Name
	if s.o.Looks.EntryPoints {
		h.Entry = tables.EntryPoint(call.ABI, call.NR)
	}
	t.trace.BeginCall(h)
	s.enterStack(t, ev)
	t.call.Enter()
	t.trace.Entered()
}

// exit handles a syscall-exit-stop.
func (s *Session) exit(t *tracee, ev *tracer.Event) {
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
	wanted := s.statuses&status != 0
	if s.o.Summary != nil && wanted {
		s.count(t, ev, now)
	}
	t.call.Ret, t.call.Errno = call.Ret, 0
	if call.IsError {
		t.call.Errno = int(-call.Ret)
	}
	if s.o.Registers != 0 {
		s.result.Regs = s.exitRegisters(t, ev)
	}
	if s.teller != nil {
		s.tellExit(t, ev, wanted)
	}
	if !s.records {
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
		if reads, writes := s.o.ReadFDs.Has(fd), s.o.WriteFDs.Has(fd); reads || writes {
			decode.Dump(&t.call, reads, writes)
		}
	}
	s.result.Duration = now.Sub(t.entered)
	t.trace.EndCall(&s.result)
	if wanted {
		s.limit()
	}
}

// limit counts a traced call, and ends the trace at Options.Limit.
func (s *Session) limit() {
	if s.left == 0 {
		return
	}
	if s.left--; s.left == 0 {
		s.say("System call limit has been reached, detaching tracees")
		s.tracer.DetachAll()
	}
}

// signal handles a signal-delivery-stop.
func (s *Session) signal(t *tracee, ev *tracer.Event) {
	t.regs.signaled = true
	if !s.signals.Has(int(ev.Signal)) {
		return
	}
	if s.teller != nil {
		s.tellSignal(t, ev)
	}
	s.locate(t, ev.Tracee)
	s.takeStack(t, ev.Tracee)
	t.trace.BeginSignal(s.now(), tables.SignalName(int(ev.Signal)))
	decode.ShowSiginfo(&t.call, ev.Siginfo[:])
	t.trace.EndSignal()
}

// exec handles a successful execve. The caller is now the leader of its thread
// group, even if it was not before.
func (s *Session) exec(t *tracee, ev *tracer.Event) {
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
	t.trace.Superseded(s.now(), leader.trace, s.o.Quiet&QuietSuperseded != 0)
}

// ended handles the end of a tracee.
func (s *Session) ended(t *tracee, ev *tracer.Event) {
	now := s.now()
	if t.shown && !s.o.SummaryOnly {
		t.trace.Unreturned(now, t.call.Complete())
	}
	if ev.Tracee.TID == s.command {
		s.status = ev.Status
	}
	if s.o.Quiet&QuietExit == 0 {
		switch {
		case ev.Kind != tracer.Killed:
			t.trace.Exited(now, ev.Status.ExitStatus())
		case s.signals.Has(int(ev.Signal)):
			t.trace.Killed(now, tables.SignalName(int(ev.Signal)), ev.Status.CoreDump())
		}
	}
	t.trace.Close()
	s.tellEnded(ev)
}
