package output

import (
	"strconv"
	"time"

	"trapline/tables"
)

// Record records what happens to one tracee: its calls, its signals and its
// end. It decides when the lines of the trace begin and end and which of them
// are shown; its Writer decides how they look. Log.Record makes one. All
// Records of a Log must be used by the same goroutine.
//
// A call goes
//
//	BeginCall, Arg, value, Arg, value ..., Entered        at the enter-stop
//	Resume, Arg, value ..., Return, value, EndCall        at the exit-stop
//
// and a struct or array begun before Entered may be ended after Resume. A call
// that will never return is ended by Unreturned in place of Resume. If its
// tracee vanishes, the next event, or Close, ends the call.
//
// The Writers of most formats hold a call back until it is complete. Those of
// text (LineWriter) show parts of it early, and other tracees may interrupt its
// line.
type Record struct {
	Encoder // writes the values

	writer Writer
	lines  LineWriter  // writer if it is a LineWriter, else nil
	enters EntryWriter // writer if it is to write a record at each entry, else nil
	aside  Writer      // for records in the middle of a call that the writer holds; nil until needed
	tracee *Tracee
	log    *Log
	out    *file
	stack  *Stack // of the call, signal or stop being recorded, or nil
	ring   *ring  // with Options.Keep: its last records; else nil

	inCall  bool
	whole   bool // every call is held in the Writer until its end is known
	held    bool // this call is held
	failed  bool // the call failed
	errno   int  // with this error
	restart bool // the line of the call has ended and must be continued on a new one
	open    bool // it is undecided whether the call is shown; unless Choose is called, it is not

	line  []byte // the last addition to the file
	parts int    // number of additions since the call began
}

func newRecord(l *Log, out *file, pid int) *Record {
	t := &Tracee{PID: pid, log: l}
	w := l.options.Format.New(&l.options, t)
	r := &Record{Encoder: w, writer: w, tracee: t, log: l, out: out}
	r.lines, _ = w.(LineWriter)
	if l.options.Keep > 0 {
		l.memory.remember(r)
	}
	if l.options.Entries && r.lines == nil && l.options.Statuses == AllStatuses && l.options.Errnos == nil {
		r.enters, _ = w.(EntryWriter)
	}
	r.whole = r.lines == nil || l.options.Statuses != AllStatuses || l.options.Errnos != nil || l.options.Whole || r.ring != nil
	return r
}

// PID is the thread id shown in the records.
func (r *Record) PID() int { return r.tracee.PID }

// SetComm sets the command name shown with the pid (-Y); empty for none.
func (r *Record) SetComm(comm []byte) { r.tracee.Comm = append(r.tracee.Comm[:0], comm...) }

// SetContext sets the tracee's SELinux context shown with the pid
// (--secontext); empty for none.
func (r *Record) SetContext(context []byte) {
	r.tracee.Context = append(r.tracee.Context[:0], context...)
}

// SetProcess sets the ids of the tracee's process and of its parent, for
// formats with Format.Processes.
func (r *Record) SetProcess(tgid, ppid int) { r.tracee.TGID, r.tracee.PPID = tgid, ppid }

// SetIP sets the instruction pointer at the stop to be recorded next, for
// records other than the start of a call (-i).
func (r *Record) SetIP(ip uint64) { r.tracee.IP = ip }

// SetNumber sets the number of a call that is not recorded, for the records
// before the next call (-n).
func (r *Record) SetNumber(nr uint64) { r.tracee.NR, r.tracee.Numbered = nr, true }

// SetStack sets the call stack to be recorded with the current call, or with
// the signal or group-stop to be recorded next (-k). It must not change until
// that record ends. Text shows it after the line of the call or, if the call
// does not return, at the end of the tracee.
func (r *Record) SetStack(s *Stack) { r.stack = s }

// BeginCall starts the record of a call.
func (r *Record) BeginCall(h *Header) {
	r.giveUp()
	r.line, r.parts = nil, 0
	t := r.tracee
	t.ABI, t.NR, t.Numbered, t.IP = h.ABI, h.NR, true, h.IP
	r.inCall, r.failed, r.restart, r.open = true, false, false, h.Undecided
	r.held = r.whole || h.Undecided
	r.begin(h.Time)
	r.writer.BeginCall(h)
}

// Entered says that nothing more is known until the syscall-exit-stop. On a
// terminal the line so far is shown.
func (r *Record) Entered() {
	if !r.held {
		r.commit()
	}
	if r.enters != nil && !r.open {
		r.put(r.enters.Entry())
	}
	if r.out.prompt {
		r.out.entered()
	}
}

// EnteredAndReturned is Entered for a call whose end is recorded at once, before any
// other record.
func (r *Record) EnteredAndReturned() {
	if r.enters != nil || r.out.prompt {
		r.Entered()
	}
}

// Again records calls that look like earlier ones: lines are their complete lines. With
// Options.Keep it must be one call.
func (r *Record) Again(lines []byte) {
	r.giveUp()
	r.out.interrupt()
	r.put(lines)
}

// Line is what the last completed call has added to the file, if it was added in one piece
// with no other record in between. It is valid until the next record.
func (r *Record) Line() []byte { return r.line }

// Resume continues the call at its syscall-exit-stop, at that time. If other
// tracees have written in between, text starts a new line with "<... name
// resumed>".
func (r *Record) Resume(at time.Time) {
	if r.lines == nil || !r.restart && (r.held || r.out.open == r) {
		return
	}
	r.restart = false
	r.begin(at)
	r.lines.Resume(at)
}

// Choose decides that an undecided call is shown.
func (r *Record) Choose() { r.open = false }

// Refuse ends an undecided call, which is not shown.
func (r *Record) Refuse() {
	r.inCall, r.held, r.open = false, false, false
	r.drop()
}

// Return implements Outcome.
func (r *Record) Return() { r.writer.Return() }

// Failure implements Outcome.
func (r *Record) Failure(errno int, name, message string) {
	r.failed, r.errno = true, errno
	r.writer.Failure(errno, name, message)
}

// BeginRemark implements Outcome.
func (r *Record) BeginRemark(kind RemarkKind) { r.writer.BeginRemark(kind) }

// EndRemark implements Outcome.
func (r *Record) EndRemark() { r.writer.EndRemark() }

// BeginVCPU implements Outcome.
func (r *Record) BeginVCPU(cpu int, left bool) { r.writer.BeginVCPU(cpu, left) }

// EndVCPU implements Outcome.
func (r *Record) EndVCPU() { r.writer.EndVCPU() }

// Dump implements Outcome.
func (r *Record) Dump(p DumpPart) { r.writer.Dump(p) }

// EndCall finishes the record after Return and its value.
func (r *Record) EndCall(result *Result) {
	r.inCall = false
	status := Successful
	if r.failed {
		status = Failed
	}
	if !r.wants(status) {
		r.drop()
		r.held = false
		return
	}
	r.writer.EndCall(result, r.takeStack())
	r.finish()
	if r.parts != 1 {
		r.line = nil
	}
}

// Unreturned ends a call whose tracee is about to die in it: "= ?". complete
// says that all arguments were written; otherwise text has " <unfinished ...>"
// for the missing ones. It does nothing if the call has been given up.
func (r *Record) Unreturned(at time.Time, complete bool) {
	if !r.inCall {
		return
	}
	r.Resume(at)
	r.noResult(Unfinished, complete)
}

// Unavailable ends, after Resume, a call whose result could not be fetched: "= ?
// <unavailable>".
func (r *Record) Unavailable() { r.noResult(UnavailableStatus, true) }

// noResult ends a call without a result; status says why.
func (r *Record) noResult(status StatusSet, complete bool) {
	r.inCall = false
	if !r.wants(status) {
		r.drop()
		r.held = false
		return
	}
	var stack *Stack
	if r.lines == nil || status == UnavailableStatus {
		stack = r.takeStack()
	}
	r.writer.NoResult(status, complete, stack)
	r.finish()
}

// InCall reports whether a call has begun that has neither ended nor been given up: a
// signal, a group-stop or another call gives it up, which can only happen if a program
// has forged what is in its ring of buffered calls.
func (r *Record) InCall() bool { return r.inCall }

// giveUp ends the record of a call that will not return.
func (r *Record) giveUp() {
	if r.inCall {
		r.abandon(Unfinished, "unfinished")
	}
}

// abandon ends the record of a call whose end will not be seen. An interrupted
// line already says so.
func (r *Record) abandon(status StatusSet, mark string) {
	if r.lines == nil {
		r.noResult(status, false)
		return
	}
	r.inCall = false
	r.suspend(status, mark)
	r.held = false
}

// suspend ends the line of the current call, unless it has ended already.
func (r *Record) suspend(status StatusSet, mark string) {
	switch {
	case r.held && !r.wants(status):
		r.drop()
	case r.restart || !r.held && r.out.open != r: // it has ended already
	default:
		r.lines.Suspend(mark)
		r.endLine()
	}
}

// interrupt ends the line of the call because another record follows.
func (r *Record) interrupt() {
	r.lines.Suspend("unfinished")
	r.endLine()
}

// BeginSignal starts the record of the delivery of a signal. The siginfo
// follows as one value (a struct), then EndSignal.
func (r *Record) BeginSignal(at time.Time, name string) {
	r.giveUp()
	r.begin(at)
	r.writer.BeginSignal(at, name)
}

// EndSignal ends this record.
func (r *Record) EndSignal() {
	r.writer.EndSignal(r.takeStack())
	r.finish()
}

// Stopped records a group-stop: "--- stopped by SIGSTOP ---".
func (r *Record) Stopped(at time.Time, signal string) {
	r.giveUp()
	r.event(at, Event{Kind: Stopped, Signal: signal}, r.takeStack())
}

// Exited records the end of the tracee: "+++ exited with 0 +++". u may be nil.
func (r *Record) Exited(at time.Time, code int, u *Usage) {
	r.giveUp()
	r.event(at, Event{Kind: Exited, Code: code, Usage: u}, nil)
}

// Killed records the tracee's death by a signal: "+++ killed by SIGSEGV (core
// dumped) +++". u may be nil.
func (r *Record) Killed(at time.Time, signal string, core bool, u *Usage) {
	r.giveUp()
	r.event(at, Event{Kind: Killed, Signal: signal, Core: core, Usage: u}, nil)
}

// Process records that the trace of a process or thread begins, or that it has
// executed another program: kind is Started or Executed. It is for formats with
// Format.Processes, and may be called in the middle of a call.
func (r *Record) Process(at time.Time, kind EventKind, p *Process) {
	if r.aside == nil {
		r.aside = r.log.options.Format.New(&r.log.options, r.tracee)
	}
	r.aside.Event(at, Event{Kind: kind, Process: p}, nil)
	r.put(r.aside.Take())
	if r.out.prompt {
		r.out.flush()
	}
}

// Personality records that the tracee's next calls are of another ABI: "[ Process PID=1
// runs in 32 bit mode. ]". It precedes BeginCall.
func (r *Record) Personality(at time.Time, abi tables.ABI) {
	r.giveUp()
	r.tracee.ABI = abi
	r.event(at, Event{Kind: Personality, ABI: abi}, nil)
}

// event writes a complete record.
func (r *Record) event(at time.Time, e Event, s *Stack) {
	r.begin(at)
	r.writer.Event(at, e, s)
	r.finish()
}

// Superseded is called on the Record of a thread that took over the process by execve. It
// takes over the pid and, with Separate, the file of leader's Record, and closes that
// Record. quiet omits "+++ superseded by execve in pid 123 +++".
func (r *Record) Superseded(at time.Time, leader *Record, quiet bool) {
	leader.giveUp()
	thread := r.tracee.PID
	if r.lines != nil && r.inCall {
		r.suspend(Detached, "pid changed to "+strconv.Itoa(leader.tracee.PID))
		r.restart = true
	}
	r.tracee.PID = leader.tracee.PID
	r.out, leader.out = leader.out, r.out
	leader.Close()
	if quiet {
		return
	}
	event := Event{Kind: Superseded, Thread: thread}
	if r.lines == nil {
		// The execve is still being written: the event has to come from the
		// leader's Writer, which is no longer needed.
		leader.out = r.out
		leader.event(at, event, nil)
		return
	}
	held := r.held
	r.held = false
	r.event(at, event, nil)
	r.held = held
}

// Close ends the Record when the tracee has ended or was detached. If a call is still
// open, it ends as " <detached ...>".
func (r *Record) Close() {
	if r.inCall {
		r.abandon(Detached, "detached")
	}
	if r.lines != nil && r.stack != nil { // the stack of a call that has not returned
		r.out.interrupt()
		r.lines.Stack(r.takeStack())
		r.commit()
	}
	r.log.live--
	if r.ring != nil {
		r.log.memory.retire(r)
	}
	if r.out != r.log.shared {
		r.out.close()
	}
}

// wants reports whether calls that end with this status are shown.
func (r *Record) wants(status StatusSet) bool {
	o := &r.log.options
	return !r.open && o.Statuses&status != 0 && (status != Failed || o.Errnos.Has(r.errno))
}

// takeStack returns the stack of the record being finished.
func (r *Record) takeStack() *Stack {
	s := r.stack
	r.stack = nil
	return s
}

// begin starts a record, or a line of a record. If the line is not held, it
// first ends a line that another tracee has left open.
func (r *Record) begin(at time.Time) {
	if r.lines == nil {
		return
	}
	if !r.held {
		r.out.interrupt()
		r.out.open = r
	}
	if r.log.options.Relative {
		r.tracee.Since = r.log.since(at)
	}
}

// finish moves a complete record to the file.
func (r *Record) finish() {
	r.endLine()
	r.held = false
	if r.lines == nil && r.out.prompt {
		r.out.flush()
	}
}

// endLine moves a complete line to the file.
func (r *Record) endLine() {
	r.commit()
	if r.out.open == r {
		r.out.open = nil
	}
}

// commit moves what is written of a record to the file.
func (r *Record) commit() {
	r.line = r.writer.Take()
	r.parts++
	r.put(r.line)
}

// drop discards a record that was held back, and its stack.
func (r *Record) drop() {
	r.writer.Take()
	r.stack = nil
}
