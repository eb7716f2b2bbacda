//go:build linux && amd64

package trace

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"trapline/decode"
	"trapline/decode/host"
	"trapline/decode/registers"
	"trapline/output"
	textformat "trapline/output/text"
	"trapline/socketcall"
	"trapline/tables"
	"trapline/trace/explain"
	"trapline/trace/recording"
	"trapline/tracer"
)

// UnderFilter reports whether a seccomp filter is already in force for
// processes that this thread starts, as in most containers. It may refuse calls
// before a filter of Options.Seccomp sees them.
func UnderFilter() bool { return tracer.UnderFilter() }

// Session is one trace, of a command and of processes attached to. The
// functions Run and Attach make one for the usual cases.
//
// Its methods must be called from the goroutine that called New, which New
// locks to its thread, since the kernel ties a tracee to one thread. Only
// Interrupt may be called from elsewhere. A Session waits for all children of
// its thread: nothing else may wait for programs that this goroutine has
// started.
type Session struct {
	o        Options
	source   source
	tracer   *tracer.Tracer // the source, unless it is a recording; else nil
	past     *replay        // the source, if it is a recording; else nil
	recorder *recorder      // nil without Options.Record
	log      *output.Log    // nil without Options.Output
	decoder  *decode.Decoder
	files    *fileFilter        // nil without Options.Paths and Descriptors
	stacks   *stacks            // nil without Options.Stacks
	last     *lastCalls         // nil without Options.ExplainLast
	explain  *explain.Explainer // nil without Options.Explain
	kernel   *kernelPaths       // nil without Options.KernelPath, or if neither function_graph nor stacks can be used
	teller   *teller            // nil without functions of Options.Handler
	rules    []rule             // of Options.Injections
	tracees  int                // number of tracees so far, if there are rules
	asker    *asker             // nil without conditions
	gate     *gate              // nil without conditions on records

	local     *host.Local
	heard     *recording.Heard // of local; nil without Options.Record
	explained bool             // in this event explain was asked for result.Reason
	walked    *tracee          // whose stack was walked in this event; for the recorder

	// The sets of the Options, with their defaults in place of nil.
	calls, abbrev, verbose, raw CallSet
	signals                     SignalSet
	statuses                    StatusSet
	registerSets                RegisterSets

	tally       *tally             // nil without Options.Summary
	unexplained output.Unexplained // changes of registers

	timed      bool            // times of stops are needed
	when       time.Time       // time of the event, if the event has one: it is recorded, or did not stop
	starts     bool            // there are records of processes that start and call execve
	records    bool            // calls are written to the output one by one
	attached   map[int]bool    // processes attached to, by their ids
	command    int             // pid of the launched command, 0 if there is none
	status     unix.WaitStatus // wait status of the command
	left       uint64          // calls until Options.Limit, 0 if there is none
	ran        bool            // Run was called
	failed     error           // why the session has ended the trace, or nil
	refused    error           // the same, if a function of the Handler returned it (not ErrDetach)
	misses     int             // reads of memory that was not kept for buffered calls
	unrecorded someCalls       // calls of a recording for which memory is missing
	shortened  *shortened      // nil without a recording
	asksMore   bool            // longer strings are to be shown than the recording has
	lines      lines           // of calls that did not stop
	rehearsal  *rehearsal      // of captures, for tests; else nil
	noExec     *CommandError   // why the command's execve failed, or nil
	ending     string          // why the trace is to end, or empty
	endDone    bool            // it has been ended because of that
	timeUp     atomic.Bool     // Options.StopAfter has passed

	// Reused for every call.
	splitter socketcall.Splitter
	inner    *socketcall.Call // the call that the splitter found inside the current one, or nil
	header   output.Header
	result   output.Result
	comm     [64]byte   // the name of a tracee
	context  [4096]byte // its SELinux context
}

// New makes a Session without tracees, and opens its output. The caller must call Close.
func New(o Options) (*Session, error) {
	asked := o.decoderOptions().StringLimit
	if o.From != nil {
		if err := o.checkPast(); err != nil {
			return nil, err
		}
	}
	if o.Record != nil {
		record := *o.Record
		record.Run = began(completeRun(record.Run))
		o.Record = &record
	}
	s, err := newSession(o)
	if err != nil {
		return nil, err
	}
	if err := s.openLog(); err != nil {
		return nil, err
	}
	if s.past != nil {
		s.source = s.past
		s.countShortened(asked)
		return s, nil
	}
	if o.Record != nil {
		if s.recorder, err = s.newRecorder(s.heard, s.local); err != nil {
			s.closeLog()
			return nil, err
		}
	}
	if o.KernelPath != nil && (s.records || s.teller != nil) {
		s.kernel = s.newKernelPaths()
	}
	options := s.tracerOptions()
	if o.Debug {
		options.Debug = func(line string) { s.say("%s", line) }
		if o.Adopt != nil {
			s.say("new tracer pid is %d", os.Getpid())
		}
	}
	if s.tracer, err = tracer.New(options); err != nil {
		s.closeRecording()
		s.closeLog()
		if s.kernel != nil {
			s.kernel.close()
		}
		return nil, err
	}
	s.source = s.tracer
	s.saySeeds()
	return s, nil
}

// newSession makes a Session without a tracer and without output. Its errors are those of
// Options.From.
func newSession(o Options) (*Session, error) {
	s := &Session{
		o:     o,
		calls: o.Calls.orAll(), abbrev: o.Abbrev.orAll(), verbose: o.Verbose.orAll(),
		signals: allSignals, statuses: output.AllStatuses, registerSets: o.RegisterSets,
		left: o.Limit,
	}
	s.calls.addUnknown()
	if o.Raw != nil {
		s.raw = *o.Raw
	}
	if o.Signals != nil {
		s.signals = *o.Signals
	}
	if o.Statuses != nil {
		s.statuses = *o.Statuses
	}
	if s.registerSets == 0 {
		s.registerSets = registers.Default
	}
	looks := &s.o.Looks
	if looks.Format == nil {
		looks.Format = textformat.Format
	}
	var machine host.Host
	local := s.newHost()
	s.local = local
	if machine = local; o.Record != nil {
		s.heard = recording.NewHeard(local)
		machine = s.heard
	}
	if o.From != nil {
		var err error
		if s.past, err = newReplay(o.From, o.Span, o.Part); err != nil {
			return nil, err
		}
		machine = s.past.host()
	}
	s.decoder = decode.NewDecoder(s.o.decoderOptions(), machine)
	s.files = newFileFilter(&o, machine)
	s.rules = newRules(o.Injections, machine)
	s.tally = s.newTally()
	s.teller = newTeller(&s.o, machine)
	s.newConditions(machine)
	s.records = o.Output != nil && !o.SummaryOnly
	if o.Stacks != NoStacks && (s.records || s.teller != nil || o.Record != nil) {
		s.stacks = newStacks(&o)
	}
	if o.Explain && s.records && s.past == nil {
		s.explain = explain.New(local)
	}
	if o.ExplainLast && s.records && s.past == nil {
		s.last, s.explain, s.records = s.newLastCalls(), explain.New(local), false
	}
	s.starts = s.records && looks.Format.Processes
	s.timed = o.Summary != nil || looks.Format.Timed || looks.Clock != output.ClockNone || looks.Relative || looks.Durations ||
		s.asker != nil && s.asker.timed
	s.newLines()
	return s, nil
}

// openLog opens the output, if there is one.
func (s *Session) openLog() error {
	if s.o.Output == nil {
		return nil
	}
	destination, looks := *s.o.Output, s.o.Looks
	const pidDigits = 12 // ".2147483647" and the zero byte
	if destination.Separate && len(destination.Name) >= unix.PathMax-pidDigits {
		return &OutputError{Path: destination.Name, Err: unix.ENAMETOOLONG}
	}
	looks.Keep = s.o.Keep
	looks.Statuses, looks.Errnos = s.statuses, s.o.Errnos
	switch {
	case s.past != nil:
		looks.Run = RunOf(s.past.info)
	case s.o.Record != nil: // the recording has the same one
		looks.Run = s.o.Record.Run
	case looks.Format.Head != nil:
		looks.Run = completeRun(looks.Run)
	}
	looks.Sparse = !s.o.Calls.IsAll() || s.o.filtersFiles() || s.gate != nil
	if destination.ReopenFailed == nil && s.o.Name != "" {
		destination.ReopenFailed = func(err error) {
			os.Stderr.WriteString(s.o.Name + ": " + cannotOpen(err).Error() + ", the trace goes on in the previous file\n")
		}
	}
	log, err := output.OpenLog(destination, looks)
	if err != nil {
		return cannotOpen(err)
	}
	if s.o.Colors != nil {
		log.Color(s.o.Colors(log.Terminal()))
	}
	s.log = log
	return nil
}

// closeLog closes the output and returns its error.
func (s *Session) closeLog() error {
	if s.log == nil {
		return nil
	}
	err := s.log.Close()
	s.log = nil
	var path *os.PathError
	if errors.As(err, &path) {
		return &OutputError{Path: path.Path, Err: path.Err}
	}
	return err
}

// OutputError says that a file of the output cannot be opened or written to.
type OutputError struct {
	Path    string
	Opening bool // it could not be opened
	Err     error
}

func (e *OutputError) Error() string {
	if e.Opening {
		return "Can't fopen '" + e.Path + "': " + errnoMessage(e.Err)
	}
	return e.Path + ": " + errnoMessage(e.Err)
}

func (e *OutputError) Unwrap() error { return e.Err }

// cannotOpen turns an error of opening an output file into an OutputError.
func cannotOpen(err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		return &OutputError{Path: path.Path, Opening: true, Err: path.Err}
	}
	return err
}

func (s *Session) tracerOptions() tracer.Options {
	o := &s.o
	options := tracer.Options{
		Follow:       o.Follow,
		FollowDepth:  o.FollowDepth,
		DetachOnExec: o.DetachOnExec,
		KillOnExit:   o.KillOnExit,
		Colocate:     o.Colocate,
		Usage:        o.Summary != nil,
		EndUsage:     s.starts || o.Describe || o.Record != nil,

		ProcessesOnly: o.ProcessesOnly,
	}
	if o.FollowDepth != 0 || o.ProcessesOnly {
		options.Colocate = ColocateNever // processes that are not followed could see its effect
	}
	if o.Seccomp {
		options.Traced = s.stops
		if o.Stacks != NoStacks {
			options.Traced = func(abi tables.ABI, nr uint64) bool { return s.stops(abi, nr) || remaps(abi, nr) }
		}
	}
	s.buffer(&options)
	return options
}

// say writes a message for the user to standard error, if the session has a name.
func (s *Session) say(format string, args ...any) {
	if s.o.Name == "" {
		return
	}
	s.Message(fmt.Sprintf(format, args...))
}

// Message writes a message for the user in the same way as the session's own messages:
// after Options.Name or, if the output goes to standard error, in the form that the format
// has for messages.
func (s *Session) Message(text string) {
	if s.log == nil {
		os.Stderr.WriteString(s.o.Name + ": " + text + "\n")
		return
	}
	s.log.Message(s.o.Name, text, s.messageTime())
}

// messageTime is the time of a message: of the last event, if those are of a recording.
func (s *Session) messageTime() time.Time {
	switch {
	case s.past == nil:
		return time.Now()
	case s.when.IsZero():
		return s.past.info.Start
	}
	return s.when
}

// Write adds whole lines from a program to the output, after the records so far. If the
// session has no output, or a file for each process, the lines go to standard error.
func (s *Session) Write(b []byte) (int, error) {
	if s.log == nil {
		return os.Stderr.Write(b)
	}
	return s.log.Write(b)
}

// Stamp returns the time of a record as the output shows it, in nanoseconds: see
// Looks.Monotonic.
func (s *Session) Stamp(at time.Time) int64 {
	if s.log == nil {
		return at.UnixNano()
	}
	return s.log.Stamp(at)
}

// sayUnless is say for a message that quiet may suppress.
func (s *Session) sayUnless(quiet Quiet, format string, args ...any) {
	if s.o.Quiet&quiet == 0 {
		s.say(format, args...)
	}
}

// Run traces until all processes have ended or the session has detached from
// them. At the end it writes results that are known only then, such as
// Options.Summary.
//
// When ctx is done, Run interrupts the trace, with SIGKILL for the command, and
// returns the cause. If a function of the Handler ends the trace, Run returns
// the function's error.
func (s *Session) Run(ctx context.Context) error {
	s.ran = true
	stop := context.AfterFunc(ctx, func() { s.Interrupt(unix.SIGKILL) })
	defer stop()
	defer s.stopLater()()
	stopParts := s.writePeriodically()
	defer s.watchHangs(s.newHost())()
	err := s.loop()
	stopParts()
	s.writeLast()
	s.writeSummaries()
	s.sayUnfired()
	s.sayUnrecorded()
	s.sayShortened()
	switch {
	case err != nil:
		return err
	case s.refused != nil:
		return s.refused
	case ctx.Err() != nil:
		return context.Cause(ctx)
	}
	return nil
}

// Interrupt ends the trace: it sends a signal to the launched command, and Run
// detaches from all processes and returns. With Options.KillOnExit processes
// are not detached; all die when the session's thread ends, which is when this
// program exits or, in Run and Attach, when the function returns. Interrupt may
// be called from any goroutine, and returns when the session has noticed it.
func (s *Session) Interrupt(sig unix.Signal) { s.source.Interrupt(sig) }

// Reopen opens the files of the output again by their names, after another
// program has moved them. It may be called from any goroutine during Run. It
// returns false if the output does not go to files.
func (s *Session) Reopen() bool {
	if s.log == nil || !s.log.Reopens() {
		return false
	}
	s.log.Reopen()
	return true
}

// Failed reports whether the session itself has ended the trace: because it
// could not write its output, whose error Close returns, or because a function
// of the Handler returned an error.
func (s *Session) Failed() bool { return s.failed != nil }

// Status returns the wait status of the command, if the session has seen its end.
func (s *Session) Status() unix.WaitStatus { return s.status }

// NoExec returns why the command could not be executed, or nil.
func (s *Session) NoExec() *CommandError { return s.noExec }

// AwaitCommand waits for the end of the command after Run has returned and
// detached from it. It returns false if the command is not a child of this
// process.
func (s *Session) AwaitCommand() (unix.WaitStatus, bool) {
	if s.tracer == nil {
		return s.status, false
	}
	return s.tracer.AwaitCommand()
}

// Close closes the output and releases the Session's resources. It kills a
// command that was launched without a Run. It returns the output's error, for a
// file an *OutputError.
func (s *Session) Close() error {
	if s.command != 0 && !s.ran {
		unix.Kill(s.command, unix.SIGKILL)
		s.AwaitCommand()
	}
	s.source.Close()
	if s.kernel != nil {
		s.kernel.close()
	}
	err := s.closeRecording()
	if closing := s.closeLog(); err == nil {
		err = closing
	}
	return err
}

// closeRecording ends the recording and returns its error.
func (s *Session) closeRecording() error {
	if s.recorder == nil {
		return nil
	}
	err := s.recorder.close()
	s.recorder = nil
	return err
}

// loop handles events one by one.
func (s *Session) loop() error {
	for {
		ev, err := s.source.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if s.recorder != nil {
			s.recorder.stamp(ev)
		}
		s.when = ev.Time
		if s.past != nil {
			s.pastTime()
		}
		s.event(ev)
		if s.past != nil {
			s.noteUnrecorded(ev)
			s.noteShortened(ev)
		}
		if s.recorder != nil {
			s.recorder.record(ev)
			if s.failed == nil && s.recorder.w.Err() != nil {
				s.failed = s.recorder.w.Err() // Close reports it
				s.source.DetachAll()
			}
		}
		if s.ending != "" || s.o.StopSize > 0 || s.o.StopAfter > 0 {
			s.endIfDue()
		}
		if s.log != nil && s.failed == nil && s.log.Err() != nil {
			s.failed = s.log.Err() // Close reports it
			s.source.DetachAll()
		}
	}
}

func (s *Session) event(ev *tracer.Event) {
	switch ev.Kind {
	case tracer.Stray, tracer.StrayEnded:
		s.stray(ev)
		return
	case tracer.Launched:
		s.wasLaunched(ev.Tracee)
		return
	case tracer.Attached:
		s.wasAttached(ev)
		return
	}
	t := s.met(ev.Tracee)
	if t == nil {
		return
	}
	if !t.begun {
		s.begin(t, ev.Tracee)
	}
	switch ev.Kind {
	case tracer.Enter:
		if ev.Whole {
			s.whole(t, ev)
			return
		}
		s.enter(t, ev)
		if s.kernel != nil {
			s.enterKernel(t, ev)
		}
	case tracer.Exit:
		if s.kernel != nil {
			s.result.Kernel = s.exitKernel(t)
		}
		s.exit(t, ev)
	case tracer.Signal:
		s.signal(t, ev)
	case tracer.GroupStop:
		s.tellStopped(t, ev)
		if s.signals.Has(int(ev.Signal)) && s.showsOther(t, output.Stopped.String(), int(ev.Signal), noCode) {
			s.locate(t, ev.Tracee)
			s.takeStack(t, ev.Tracee)
			t.trace.Stopped(s.now(), tables.SignalName(int(ev.Signal)))
		}
	case tracer.Created:
		s.sayUnless(QuietAttach, "Process %d attached", ev.Tracee.TID)
		s.recordStart(t, ev.Tracee, "created")
		if s.o.Registers&RegistersBetween != 0 {
			s.childRegisters(t, ev)
		}
	case tracer.Exec:
		s.exec(t, ev)
	case tracer.LaunchFailed:
		s.noExec = &CommandError{"exec: " + errnoMessage(ev.Errno), ev.Errno}
		s.say("%v", s.noExec)
	case tracer.Exited, tracer.Killed:
		s.leaveKernel(t)
		s.ended(t, ev)
	case tracer.Detached:
		s.leaveKernel(t)
		s.writeProcessSummary(t, ev.Tracee)
		t.trace.Close()
		s.sayUnless(QuietAttach, "Process %d detached", ev.Tracee.TID)
		s.tellEnded(t, ev)
	}
}

// stray handles an event of a process that is not traced.
func (s *Session) stray(ev *tracer.Event) {
	pid := ev.Tracee.TID
	switch {
	case s.log != nil && pid == s.log.PipePID(): // of Options.Output
	case ev.Kind == tracer.Stray:
		s.sayUnless(QuietAttach, "Detached unknown pid %d", pid)
	case ev.Status.Signaled():
		s.sayUnless(QuietExit, "Termination of unknown pid %d ignored", pid)
	default:
		s.sayUnless(QuietExit, "Exit of unknown pid %d ignored", pid)
	}
}

// now returns the time if it is needed, else the zero time.
func (s *Session) now() time.Time {
	if !s.when.IsZero() {
		return s.when
	}
	if !s.timed {
		return time.Time{}
	}
	return time.Now()
}

// present returns what time it is between two events, by the same clock as their times. It
// may be long after the last one, but in a replay it is the time of that.
func (s *Session) present() time.Time {
	if s.past == nil && s.recorder != nil {
		return s.recorder.now()
	}
	return s.messageTime()
}

// clock returns the time of the event that is being handled, whether or not it is needed
// for most records.
func (s *Session) clock() time.Time {
	if !s.when.IsZero() {
		return s.when
	}
	return time.Now()
}
