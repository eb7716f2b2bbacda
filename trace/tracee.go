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
	begun   bool       // it has had an event
	tgid    int        // of its process, or 0 if it is not known
	entered time.Time
	since   time.Time     // start of any call that it is in, if timesCalls
	hangs   bool          // the hanging call has been reported
	cpu     time.Duration // in the kernel before the call

	ordinal int // number of tracees so far, including this one

	counting bool   // the current call is in the tally's Overlap
	key      []byte // what the call is counted by, see summaryKeys

	regs     registerHistory
	stack    stack
	kernel   kernelPath
	tamper   tampering
	recorded *recorded          // by the recorder; nil without one
	told     *told              // the call reported to the Handler; nil without one
	asked    *asked             // what conditions know of the call; nil without any
	doubt    doubt              // what conditions have left undecided
	kept     *decode.KeptMemory // of a call that did not stop; nil before the first
	keep     func(p tracer.BufferedPiece)
	whole    bool   // entry and exit of the current call are handled at once
	missed   uint64 // number of the last call that noteUnrecorded has counted, plus 1
	cut      uint64 // the same of noteShortened

	rehearsed *rehearsed // nil without a rehearsal
}

// met returns the session's data about a tracee, and starts its record if this
// is the first time. It returns nil if that fails, which ends the trace.
func (s *Session) met(tr *tracer.Tracee) *tracee {
	if t, ok := tr.Data.(*tracee); ok {
		return t
	}
	if s.failed != nil {
		return nil // it has no record
	}
	t, err := s.newTracee(tr)
	if err != nil {
		s.failed = err
		s.say("%v", err)
		s.source.DetachAll()
		return nil
	}
	return t
}

// newTracee starts the record of a tracee.
func (s *Session) newTracee(tr *tracer.Tracee) (*tracee, error) {
	t := new(tracee)
	if s.tally != nil && s.tally.separate != nil {
		h := decode.HostOf(s.decoder)
		if id, ok := h.Identity(h.Process(tr.TID)); ok {
			t.tgid = id.TGID
		}
	}
	trace, err := s.record(tr.TID, t.tgid)
	if err != nil {
		return nil, cannotOpen(err)
	}
	s.tracees++
	t.trace, t.ordinal = trace, s.tracees
	s.nameTracee(t, tr.TID)
	t.call = decode.Call{Decoder: s.decoder, Out: trace.Encoder, Outcome: trace, Mem: tr, TID: tr.TID}
	if s.asksMore {
		t.call.Out = &shortening{trace.Encoder, s.shortened}
	}
	if s.asker != nil {
		t.asked = s.asker.newAsked(tr, tr.TID)
	}
	tr.Data = t
	if s.teller != nil {
		s.newTold(t, tr)
	}
	s.tellStarted(t, tr)
	return t, nil
}

// begin handles the first event of a tracee.
func (s *Session) begin(t *tracee, tr *tracer.Tracee) {
	t.begun = true
	call := tr.Interrupted()
	if call == nil {
		return
	}
	t.call.Pass(s.decoder.Lookup(call.ABI, call.NR).Name)
	if t.told != nil {
		s.tellPassed(t, call)
	}
}

// record starts the record of a tracee in the output. tgid is the id of its process, or 0
// if it is not needed.
func (s *Session) record(tid, tgid int) (*output.Record, error) {
	if s.log == nil || s.last != nil || s.o.SummaryOnly && tgid != 0 && tgid != tid {
		return output.Unrecorded(tid), nil
	}
	return s.log.Record(tid)
}

// enter handles a syscall-enter-stop.
func (s *Session) enter(t *tracee, ev *tracer.Event) {
	call := ev.Call
	s.remember(t, ev)
	if call.ABI != t.abi {
		t.abi = call.ABI
		if s.o.Quiet&QuietPersonality == 0 && s.showsOther(t, output.Personality.String(), noSignal, noCode) {
			t.trace.Personality(s.now(), call.ABI)
		}
	}
	if s.o.Debug && tables.Lookup(call.ABI, call.NR) == nil {
		s.say("pid %d invalid syscall %#x", ev.Tracee.TID, call.NR)
	}
	if s.timesCalls() {
		t.since, t.hangs = time.Now(), false
	}
	t.shown = s.chosen(t, call)
	if ev.Kept && s.examines() {
		s.noteMisses(t, ev)
	}
	if !t.shown {
		ev.ExitUnwanted = !s.timesCalls() && (s.stacks == nil || !remaps(call.ABI, call.NR)) && !t.doubt.lasts()
		if t.doubt.lasts() {
			t.entered = s.now()
		}
		t.trace.SetNumber(tables.InRegister(call.ABI, call.NR))
		if s.teller != nil {
			s.tellPassed(t, call)
		}
		return
	}
	if s.teller != nil {
		s.tellEnter(t, ev)
	}
	changes := t.tamper.injection != nil && t.tamper.injection.arguments != nil
	if changes && s.o.Registers != 0 {
		s.enterRegisters(t, ev) // as the tracee knows them
	}
	if t.tamper.injection != nil {
		s.tamperAtEntry(t, ev)
	}
	t.entered = s.at(ev)
	if s.o.Registers != 0 && !changes {
		s.enterRegisters(t, ev)
	}
	if s.tally != nil {
		s.beginCount(t, ev)
	}
	if !s.records {
		return
	}
	s.nameTracee(t, ev.Tracee.TID)
	h := &s.header
	h.Time, h.ABI, h.NR, h.IP = t.entered, call.ABI, tables.InRegister(call.ABI, call.NR), call.IP
	h.Name = t.call.Sig.Name
	h.Undecided = t.doubt.undecided()
	if s.o.Looks.EntryPoints {
		h.Entry = tables.EntryPoint(call.ABI, call.NR)
	}
	t.trace.BeginCall(h)
	s.enterStack(t, ev)
	t.call.Enter()
	s.noteMisses(t, ev)
	if t.whole {
		t.trace.EnteredAndReturned()
	} else {
		t.trace.Entered()
	}
}

// exit handles a syscall-exit-stop.
func (s *Session) exit(t *tracee, ev *tracer.Event) {
	call := ev.Call
	t.since = time.Time{}
	if s.stacks != nil {
		s.exitStack(t, ev)
	}
	if !t.shown {
		s.settleUnshown(t, ev)
		return
	}
	t.shown = false
	s.result.Rule = t.tamper.rule
	s.result.Tampered, s.result.Delayed = s.tamperAtExit(t, ev)
	s.remember(t, ev)
	now := s.at(ev)
	status := output.Successful
	if call.IsError {
		status = output.Failed
	}
	t.call.Ret, t.call.Errno = call.Ret, 0
	if call.IsError {
		t.call.Errno = int(-call.Ret)
	}
	shown := s.gate == nil || s.settle(t, now.Sub(t.entered))
	wanted := shown && s.statuses&status != 0 && (t.call.Errno == 0 || s.o.Errnos.Has(t.call.Errno))
	if s.tally != nil {
		s.endCount(t, now)
		if wanted {
			s.count(t, ev, now)
		}
	}
	if s.o.Registers != 0 {
		s.result.Regs = s.exitRegisters(t, ev)
	}
	if s.teller != nil {
		s.tellExit(t, ev, wanted)
	}
	if s.last != nil && wanted {
		s.endLast(t, now)
	}
	switch {
	case !s.records, !t.trace.InCall():
	case !shown:
		t.trace.Refuse()
	default:
		t.trace.Choose()
		s.showResult(t, call.IP, now)
		s.noteMisses(t, ev)
	}
	if wanted {
		s.limit()
	}
	s.endAfter(t)
}

// showResult writes what is known at a call's exit. s.result has what was
// injected and the registers.
func (s *Session) showResult(t *tracee, ip uint64, now time.Time) {
	t.trace.SetIP(ip)
	t.trace.Resume(now)
	t.call.Exit()
	t.call.Result()
	if fd := int(int32(t.call.Args[0])); fd >= 0 {
		if reads, writes := s.o.ReadFDs.Has(fd), s.o.WriteFDs.Has(fd); reads || writes {
			decode.Dump(&t.call, reads, writes)
		}
	}
	s.result.Duration = now.Sub(t.entered)
	s.result.Reason = ""
	if s.past != nil {
		e := s.past.now
		s.result.Rule, s.result.Tampered, s.result.Delayed = e.Rule, e.Injected, e.Delayed
		if s.o.Explain && e.Rule == 0 {
			s.result.Reason = e.Reason
		}
	} else if s.explain != nil && t.call.Errno != 0 && s.result.Rule == 0 {
		s.result.Reason, s.explained = s.explain.Reason(&t.call), true
	}
	t.trace.EndCall(&s.result)
}

// limit counts a traced call, and ends the trace at Options.Limit.
func (s *Session) limit() {
	if s.left == 0 {
		return
	}
	if s.left--; s.left == 0 {
		s.sayUnless(QuietAttach, "System call limit has been reached, detaching tracees")
		s.source.DetachAll()
	}
}

// signal handles a signal-delivery-stop.
func (s *Session) signal(t *tracee, ev *tracer.Event) {
	t.regs.signaled = true
	if shown := s.showsOther(t, eventSignal, int(ev.Signal), noCode); !shown || !s.signals.Has(int(ev.Signal)) {
		return
	}
	t.call.Mem = ev.Tracee
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
	s.tellExecuted(t, ev)
	if ev.Superseded == nil {
		s.recordExec(t, ev.Tracee)
		return
	}
	t.call.TID = ev.Tracee.TID
	leader, ok := ev.Superseded.Data.(*tracee)
	if !ok {
		return
	}
	s.lines.forget() // lines have the former id
	t.trace.Superseded(s.now(), leader.trace, s.o.Quiet&QuietSuperseded != 0)
	s.recordExec(t, ev.Tracee)
}

// ended handles the end of a tracee.
func (s *Session) ended(t *tracee, ev *tracer.Event) {
	now := s.now()
	s.settleUnreturned(t)
	if t.shown && !s.o.SummaryOnly {
		t.trace.Unreturned(now, t.call.Complete())
	}
	if ev.Tracee.TID == s.command {
		s.status = ev.Status
	}
	if s.last != nil {
		s.endedLast(ev)
	}
	kind, signal, code := output.Exited, noSignal, ev.Status.ExitStatus()
	if ev.Kind == tracer.Killed {
		kind, signal, code = output.Killed, int(ev.Signal), noCode
	}
	if s.showsOther(t, kind.String(), signal, code) {
		switch {
		case ev.Kind == tracer.Killed: // QuietExit only suppresses exits, as in strace
			if s.signals.Has(int(ev.Signal)) {
				t.trace.Killed(now, tables.SignalName(int(ev.Signal)), ev.Status.CoreDump(), s.usage(t, ev))
			}
		case s.o.Quiet&QuietExit == 0:
			t.trace.Exited(now, ev.Status.ExitStatus(), s.usage(t, ev))
		}
	}
	s.endCount(t, now)
	s.writeProcessSummary(t, ev.Tracee)
	t.trace.Close()
	s.dumpAtEnd(ev)
	s.tellEnded(t, ev)
}
