//go:build linux && amd64

package trace

import (
	"bytes"
	"errors"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"trapline/decode"
	"trapline/decode/host"
	"trapline/decode/registers"
	"trapline/output"
	"trapline/socketcall"
	"trapline/trace/explain"
	"trapline/trace/recording"
	"trapline/tracer"
)

// Recording says where a trace is recorded, and how much of it.
type Recording struct {
	Path    string
	Strings int  // bytes to keep of a string; 0 for DefaultRecordStrings
	Several bool // more than one process is to be traced from the start
	// Run has the command line, for those who read the recording.
	Run *output.Run
}

// DefaultRecordStrings is how many bytes of a string recordings keep by default.
const DefaultRecordStrings = 4096

// recorder writes a trace to a file (Options.Record). It decodes each call of
// Options.Calls once more, under the fullest options and to an Encoder that discards
// everything, and writes what the decoder has read and asked. So it need not know what a
// call contains, and a replay can show the call under any options.
type recorder struct {
	output.Discard
	s       *Session
	w       *recording.Writer
	heard   *recording.Heard // the Session's host, too
	host    *recording.Asked
	machine *host.Local
	options decode.Options
	decoder *decode.Decoder // used for one block, since it remembers answers
	mem     decode.NotedMemory
	split   socketcall.Splitter
	explain *explain.Explainer // nil without Options.Explain

	sets registers.Sets

	base     time.Time // what times are counted from
	firstRun bool      // before the event, the command had not been executed
	shown    bool      // the Session showed the call
	ev       recording.Event

	harmless   map[string]bool // the calls of that list
	introduced bool            // begin has asked about the thread
	renames    bool            // the call being decoded may change where paths lead
	path       [unix.PathMax]byte
	regs       registers.Snapshot
	resolver
}

// recorded is what a recorder knows of a tracee.
type recorded struct {
	call   decode.Call
	begun  bool // the recording has an event of it besides its start
	inCall bool // the call it is in is recorded
	ended  bool
	// See recorder_hold.go.
	table      *table // nil if not known
	shares     bool   // it has created a thread that shares its table
	sharesDirs bool   // it shares, or may share, its directories with a thread that it created or that created it
	changing   bool   // the call it is in may change descriptors and names
	entering   bool   // it may change the directory of its process
	renames    bool   // it may change where paths lead
	closes     int    // the descriptor that this call closes, plus 1; 0 for none
}

// clockStep is how far the time of day must be set, or drift, before the recording
// follows.
const clockStep = 100 * time.Millisecond

// newRecorder creates the file that Options.Record asks for. machine is the host that
// heard asks.
func (s *Session) newRecorder(heard *recording.Heard, machine *host.Local) (*recorder, error) {
	o := &s.o
	r := &recorder{s: s, heard: heard, host: recording.NewAsked(heard), machine: machine, base: time.Now(), harmless: names(harmless)}
	r.resolver = resolver{resolved: make(map[string][]byte), unseen: o.Calls.lacksMoves()}
	limit := o.Record.Strings
	if limit == 0 {
		limit = DefaultRecordStrings
	}
	r.host.Hold(o.holds())
	r.options = decode.Options{
		StringLimit: limit, FDs: AllFDs, PIDs: AllPIDs, Namespaces: true, VCPUs: o.VCPUs, Contexts: o.DecodeContexts, Rings: o.Rings,
	}
	if o.Explain {
		r.explain = explain.New(machine)
	}
	if o.Registers != 0 {
		r.sets = s.registerSets
	}
	run := o.Record.Run
	info := recording.Info{
		Program: run.Version, Command: run.Command, Options: run.Options, Start: run.Began, PID: run.PID,
		Kernel: run.Kernel, Release: run.Release, Build: run.Build, Machine: run.Machine, Host: run.Host,
		Strings: limit, Usage: o.Summary != nil, Stacks: o.Stacks != NoStacks, Source: o.Stacks == SourceStacks,
		Registers: o.Registers != 0, Sets: int(r.sets), Explained: o.Explain, Rings: o.Rings, Follow: o.Follow, Several: o.Record.Several,
		DetachOnExec: o.DetachOnExec, LeftOut: o.Calls.leftOut(),
		Monotonic: run.Clocks.Monotonic, Boottime: run.Clocks.Boottime,
	}
	if r.sets&registers.Vector != 0 {
		for _, c := range registers.XSAVELayout() {
			info.Vector = append(info.Vector, c.Number, c.Offset, c.Size)
		}
	}
	var err error
	if r.w, err = recording.Create(o.Record.Path, &info); err != nil {
		return nil, cannotOpen(err)
	}
	return r, nil
}

// close ends the recording.
func (r *recorder) close() error {
	err := r.w.Close()
	var path *os.PathError
	if errors.As(err, &path) {
		return &OutputError{Path: path.Path, Err: path.Err}
	}
	return err
}

// now returns the time. Differences between its times of day equal those of the monotonic
// clock: a replay has only the time of day.
func (r *recorder) now() time.Time {
	now := time.Now()
	elapsed := now.Sub(r.base)
	at := r.base.Add(elapsed)
	if off := now.Round(0).Sub(at.Round(0)); off > clockStep || off < -clockStep {
		r.base = now // the clock was set
		return now
	}
	return at
}

// stamp sets the time of an event, before the Session handles it.
func (r *recorder) stamp(ev *tracer.Event) {
	ev.Time = r.now()
	r.heard.Listen()
	r.s.explained, r.s.walked = false, nil
	r.firstRun = r.s.stacks != nil && !r.s.stacks.launched
	t, ok := ev.Tracee.Data.(*tracee)
	r.shown = ok && t.shown
}

// kindsOfEvents are the kinds of events in recordings.
var kindsOfEvents = [...]recording.Kind{
	tracer.Enter: recording.Enter, tracer.Exit: recording.Exit, tracer.Signal: recording.Signal,
	tracer.GroupStop: recording.GroupStop, tracer.Exec: recording.Exec, tracer.Created: recording.Created,
	tracer.LaunchFailed: recording.LaunchFailed, tracer.Exited: recording.Exited, tracer.Killed: recording.Killed,
	tracer.Detached: recording.Detached, tracer.Stray: recording.Stray, tracer.StrayEnded: recording.StrayEnded,
}

// record writes an event after the Session has handled it, with the changes that the
// Session has made.
func (r *recorder) record(ev *tracer.Event) {
	r.heard.Stop()
	defer r.heard.Forget()
	if ev.Kind == tracer.Enter || ev.Kind == tracer.Exit {
		r.recordCall(ev)
		return
	}
	e := r.begin(kindsOfEvents[ev.Kind], ev.Tracee, ev.Time)
	t, _ := ev.Tracee.Data.(*tracee)
	switch ev.Kind {
	case tracer.Signal:
		e.Signal, e.Siginfo = unix.Signal(ev.Siginfo[0]), *ev.Siginfo
		if t != nil {
			r.startMemory(t, ev.Tracee)
			t.recorded.call.ABI = t.call.ABI
			decode.ShowSiginfo(&t.recorded.call, ev.Siginfo[:])
			e.Memory = append(e.Memory[:0], r.mem.Pieces()...)
		}
		r.generalRegisters(ev.Tracee)
		r.stack(t, ev.Tracee, r.s.stacks != nil)
	case tracer.GroupStop:
		e.Signal = ev.Signal
		r.generalRegisters(ev.Tracee)
		r.stack(t, ev.Tracee, r.s.stacks != nil)
	case tracer.Exec:
		e.FormerTID = ev.FormerTID
		if t != nil {
			r.executes(r.of(t), ev)
		}
		if ev.Superseded != nil {
			e.Superseded = ev.Superseded.TID
		}
		r.aboutExecuted(ev)
	case tracer.Created:
		if p := ev.Tracee.Parent(); p != nil {
			e.Parent = p.TID
		}
		if t != nil {
			r.joins(r.of(t), ev.Tracee)
		}
		r.aboutProgram(ev.Tracee.TID)
		if r.s.o.Registers&RegistersBetween != 0 {
			r.registers(ev.Tracee)
		}
	case tracer.LaunchFailed:
		e.Errno = ev.Errno
	case tracer.Exited, tracer.Killed, tracer.StrayEnded:
		e.Status = ev.Status
		e.Signal = ev.Signal
		if ev.Usage != nil && ev.Kind != tracer.StrayEnded {
			e.Usage, e.HasUsage = *ev.Usage, true
		}
	}
	if e.Kind.Ends() && t != nil && t.recorded != nil {
		r.leaves(t.recorded)
		r.host.ForgetProcess(decode.ProcessOf(&t.recorded.call))
	}
	r.put()
}

// begin begins an event. put must follow.
func (r *recorder) begin(kind recording.Kind, tr *tracer.Tracee, at time.Time) *recording.Event {
	block, frame := r.w.Begin()
	if frame {
		r.host.StartFrame()
		r.forgetPaths()
	}
	if block {
		r.host.StartBlock()
		if before := r.decoder; before == nil {
			r.decoder = decode.NewDecoder(r.options, r.host)
			decode.SeePaths(r.decoder, r.seePath)
		} else if r.decoder = decode.Renew(before); r.options.Rings {
			decode.ShareRings(before, r.decoder)
		}
	}
	if r.unseen || r.renaming > 0 {
		r.forgetPaths()
	}
	e := &r.ev
	*e = recording.Event{
		Kind: kind, TID: tr.TID, Time: at,
		Memory: e.Memory[:0], Stack: e.Stack[:0], Threads: e.Threads[:0], Registers: recording.Registers{Sets: e.Registers.Sets[:0]},
	}
	if kind == recording.Created {
		r.host.ForgetProcess(r.host.Process(tr.TID)) // the number may have belonged to another thread
		r.inherits(tr)
	}
	if r.introduced = !r.w.Knows(tr.TID) && kind < recording.Exited; r.introduced {
		r.aboutThread(tr.TID)
	}
	if t, ok := tr.Data.(*tracee); ok {
		k := r.of(t)
		if call := tr.Interrupted(); call != nil && !k.begun && kind < recording.Launched {
			e.HasInterrupted = true
			e.Interrupted.ABI, e.Interrupted.NR = call.ABI, call.NR
		}
		k.begun = k.begun || kind < recording.Launched
		k.call.TID = tr.TID
		if !k.inCall {
			k.call.Decoder = r.decoder
		}
	}
	return e
}

// of returns what the recorder knows of a tracee.
func (r *recorder) of(t *tracee) *recorded {
	if t.recorded == nil {
		t.recorded = new(recorded)
		t.recorded.call.Out, t.recorded.call.Outcome = r, r
	}
	return t.recorded
}

// put writes the event that begin has begun.
func (r *recorder) put() {
	r.host.NoteHeard()
	r.ev.Answers = r.host.Take()
	r.w.Put(&r.ev)
}

// aboutThread asks the questions about threads that each block must answer, and each frame
// asks again.
func (r *recorder) aboutThread(tid int) {
	process := r.host.Process(tid)
	r.host.Introduce(process)
	r.holdName(process)
	r.host.WorkingDir(r.path[:], process)
	r.host.Root(r.path[:], process)
}

// aboutProgram asks what a process executes.
func (r *recorder) aboutProgram(tid int) {
	if !r.introduced {
		r.aboutThread(tid)
	}
	process := r.host.Process(tid)
	r.host.Executable(r.path[:], process)
	r.host.Arguments(process)
}

// aboutExecuted asks again what an execve has changed.
func (r *recorder) aboutExecuted(ev *tracer.Event) {
	process := r.host.Process(ev.Tracee.TID)
	switch {
	case r.introduced:
	case ev.FormerTID != 0, isOrphan(ev.Tracee):
		r.aboutThread(ev.Tracee.TID)
	default:
		r.host.AskCommand(r.path[:], process)
		r.holdName(process)
	}
	r.host.AskExecutable(r.path[:], process)
	r.host.Arguments(process)
	r.host.Environment(process)
}

func (r *recorder) startMemory(t *tracee, tr *tracer.Tracee) {
	r.mem.Start(tr)
	r.of(t).call.Mem = &r.mem
}

// recordCall records the entry or exit of a call.
func (r *recorder) recordCall(ev *tracer.Event) {
	t, ok := ev.Tracee.Data.(*tracee)
	if !ok {
		return
	}
	if ev.Kind == tracer.Exit {
		if t.recorded == nil || !t.recorded.inCall {
			return
		}
		r.begin(recording.Exit, ev.Tracee, ev.Time)
		r.exit(t, ev)
		r.put()
		return
	}
	r.startMemory(t, ev.Tracee)
	call := ev.Call
	inner := r.split.Split(call.ABI, call.NR, &call.Args, &r.mem)
	if t.recorded.inCall = r.s.calls.chooses(call, inner); !t.recorded.inCall {
		return
	}
	ev.ExitUnwanted = false
	r.begin(recording.Enter, ev.Tracee, ev.Time)
	r.enter(t, ev, inner)
	r.put()
}

// enter records the entry of a call.
func (r *recorder) enter(t *tracee, ev *tracer.Event, inner *socketcall.Call) {
	e, call, d := &r.ev, ev.Call, &t.recorded.call
	r.settled(t.recorded) // of a call whose end was not seen
	d.Decoder = r.decoder
	d.ABI, d.NR, d.Args, d.SP = call.ABI, call.NR, call.Args, call.SP
	d.Sig = signature(r.decoder, call, nil)
	e.Call = recording.Call{ABI: call.ABI, NR: call.NR, Args: call.Args, NumArgs: d.NumArgs(), IP: call.IP, SP: call.SP}
	if inner != nil {
		d.Args, d.Sig = inner.Args, signature(r.decoder, call, inner)
	}
	clear(e.Call.Args[e.Call.NumArgs:])
	if o := &r.s.o; o.DecodePIDs&decode.PIDComm != 0 || o.DecodeContexts != 0 {
		r.aboutNames(ev.Tracee.TID)
	}
	r.renames = remounts(d.Sig.Name)
	d.Begin()
	d.Enter()
	r.changes(t.recorded, ev.Tracee)
	e.Memory = append(e.Memory[:0], r.mem.Pieces()...)
	if r.s.o.Registers != 0 {
		r.registers(ev.Tracee)
	}
	r.stack(t, ev.Tracee, r.s.hasStack(ev.Tracee))
	r.usage(ev)
}

// aboutNames asks for what the lines of a thread begin with.
func (r *recorder) aboutNames(tid int) {
	process := r.host.Process(tid)
	r.host.Command(r.path[:], process)
	if r.s.o.DecodeContexts != 0 {
		r.host.ProcessContext(r.path[:], process)
	}
}

// exit records the exit of a call.
func (r *recorder) exit(t *tracee, ev *tracer.Event) {
	e, call, d := &r.ev, ev.Call, &t.recorded.call
	t.recorded.inCall = false
	r.startMemory(t, ev.Tracee)
	renames := t.recorded.renames
	r.changed(t.recorded, ev.Tracee)
	d.Ret, d.Errno = call.Ret, 0
	if call.IsError {
		d.Errno = int(-call.Ret)
	}
	d.Exit()
	d.Result()
	if fd := int(int32(d.Args[0])); fd >= 0 {
		if reads, writes := r.s.o.ReadFDs.Has(fd), r.s.o.WriteFDs.Has(fd); reads || writes {
			decode.Dump(d, reads, writes)
		}
	}
	if r.s.explained {
		e.Reason = r.s.result.Reason
	} else if r.explain != nil && d.Errno != 0 {
		e.Reason = r.explain.Reason(d)
	}
	if r.shown { // then this is what the Session has determined
		e.Rule, e.Injected, e.Delayed = r.s.result.Rule, r.s.result.Tampered, r.s.result.Delayed
	}
	e.Memory = append(e.Memory[:0], r.mem.Pieces()...)
	e.Call = recording.Call{
		ABI: call.ABI, NR: call.NR, IP: call.IP, SP: call.SP, Ret: call.Ret, IsError: call.IsError, EntrySeen: call.EntrySeen,
	}
	if r.s.o.Registers != 0 {
		r.registers(ev.Tracee)
	}
	r.stack(t, ev.Tracee, r.firstRun && ev.Tracee.TID == r.s.command && !call.IsError)
	r.usage(ev)
	switch name := d.Sig.Name; {
	case call.IsError:
	case renames:
		r.aboutThread(ev.Tracee.TID) // it may have changed its directories
	case entersDir(name):
		r.host.WorkingDir(r.path[:], r.host.Process(ev.Tracee.TID))
	case name == "prctl": // it may have changed its name
		if d.Args[0] == unix.PR_SET_MM { // or its program
			r.host.ForgetProcess(r.host.Process(ev.Tracee.TID))
		}
		r.aboutThread(ev.Tracee.TID)
	case setsUser(name):
		r.aboutThread(ev.Tracee.TID)
	case writes(name):
		r.wrote(ev.Tracee.TID, int(int32(d.Args[0])))
	}
}

// setsUser reports whether a call may change the real user of a thread.
func setsUser(name string) bool {
	switch name {
	case "setuid", "setuid32", "setreuid", "setreuid32", "setresuid", "setresuid32":
		return true
	}
	return false
}

// writes reports whether a call writes memory to its first argument, a descriptor that may
// have no positions: pwrite64 and pwritev cannot write to a name.
func writes(name string) bool {
	switch name {
	case "write", "writev", "pwritev2":
		return true
	}
	return false
}

// named returns the thread whose name (comm in /proc) a thread has open as fd. It knows
// only the number in /proc.
func (r *recorder) named(tid, fd int) (process int, ok bool) {
	dir, ok := bytes.CutSuffix(r.host.LastDescriptor(r.host.Process(tid), fd), []byte("/comm"))
	if !ok {
		return 0, false
	}
	if bytes.HasPrefix(dir, []byte("/proc/")) {
		process, _ = strconv.Atoi(string(dir[bytes.LastIndexByte(dir, '/')+1:]))
	}
	return process, true
}

// writing is called when a thread is about to write to a descriptor.
func (r *recorder) writing(tid, fd int) {
	if _, ok := r.named(tid, fd); ok {
		r.host.ForgetNames() // others may ask before the end of this call is seen
	}
}

// wrote is called when a thread has written to a descriptor.
func (r *recorder) wrote(tid, fd int) {
	if process, ok := r.named(tid, fd); ok && process > 0 {
		r.host.AskCommand(r.path[:], process)
	}
}

// usage adds the processor time of a call.
func (r *recorder) usage(ev *tracer.Event) {
	if r.s.o.Summary != nil && ev.Usage != nil {
		r.ev.Usage, r.ev.HasUsage = *ev.Usage, true
	}
}

// stack adds the stack of a stopped tracee.
func (r *recorder) stack(t *tracee, tr *tracer.Tracee, wanted bool) {
	if !wanted || t == nil || r.s.walked != t && !r.s.walk(t, tr) {
		return
	}
	r.ev.HasStack, r.ev.Cut = true, t.stack.shown.Cut
	for _, f := range t.stack.frames {
		symbol := f.Symbol
		if f.Mangled != "" {
			symbol = f.Mangled
		}
		r.ev.Stack = append(r.ev.Stack, recording.Frame{
			PC: f.PC, File: f.File, Addr: f.Addr, Symbol: symbol, Offset: f.Offset, Source: f.Source, Line: f.Line,
		})
	}
}

// generalRegisters adds the general registers of a stopped tracee.
func (r *recorder) generalRegisters(tr *tracer.Tracee) {
	r.ev.HasRegisters = tr.Registers(&r.ev.Registers.User) == nil
}

// registers adds the registers that Options.Registers asks for.
func (r *recorder) registers(tr *tracer.Tracee) {
	if !r.s.snapshot(tr, &r.regs) {
		return
	}
	e := &r.ev.Registers
	r.ev.HasRegisters = true
	e.User = unix.PtraceRegs(r.regs.User)
	if r.sets&registers.Vector != 0 {
		e.Sets = append(e.Sets, recording.RegisterSet{Note: tracer.NoteX86Xstate, B: r.regs.Vector})
	}
	if r.sets&registers.Float != 0 {
		note := tracer.NotePRFPREG
		if r.regs.Is32Bit() {
			note = tracer.NotePRXFPREG
		}
		e.Sets = append(e.Sets, recording.RegisterSet{Note: note, B: r.regs.Float})
	}
}

// starts is called before the Session handles what is no event of the tracer: launched or
// attached follows.
func (r *recorder) starts() {
	r.s.when = r.now()
	r.heard.Listen()
}

// launched records that the command has been started.
func (r *recorder) launched(tr *tracer.Tracee) {
	r.heard.Stop()
	defer r.heard.Forget()
	r.begin(recording.Launched, tr, r.s.when)
	if t, ok := tr.Data.(*tracee); ok {
		r.of(t).table = &table{users: 1}
	}
	r.covered = r.covered || !r.machine.IsWhereNamed(r.machine.Process(tr.TID))
	r.aboutProgram(tr.TID)
	r.put()
}

// attached records that a process was attached to.
func (r *recorder) attached(pid, threads int, found []*tracer.Tracee) {
	r.heard.Stop()
	defer r.heard.Forget()
	r.host.Hold(false) // other processes may share its descriptors
	r.entersNamespaces()
	for _, tr := range found {
		if t, ok := tr.Data.(*tracee); ok && t != nil {
			e := r.begin(recording.Attached, tr, r.s.when)
			r.aboutProgram(tr.TID)
			r.host.Environment(r.host.Process(tr.TID))
			if tr == found[len(found)-1] {
				e.Threads = append(e.Threads, pid, threads)
			}
			r.put()
		}
	}
}
