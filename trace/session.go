//go:build linux && amd64

package trace

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"trapline/decode"
	"trapline/decode/registers"
	"trapline/output"
	textformat "trapline/output/text"
	"trapline/socketcall"
	"trapline/tables"
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
	o       Options
	tracer  *tracer.Tracer
	log     *output.Log // nil without Options.Output
	decoder *decode.Decoder
	files   *fileFilter // nil without Options.Paths and Descriptors
	stacks  *stacks     // nil without Options.Stacks
	teller  *teller     // nil without functions of Options.Handler

	// The sets of the Options, with their defaults in place of nil.
	calls, abbrev, verbose, raw CallSet
	signals                     SignalSet
	statuses                    StatusSet
	registerSets                RegisterSets

	unexplained output.Unexplained // changes of registers

	timed   bool            // times of stops are needed
	records bool            // calls are written to the output one by one
	command int             // pid of the launched command, 0 if there is none
	status  unix.WaitStatus // wait status of the command
	left    uint64          // calls until Options.Limit, 0 if there is none
	ran     bool            // Run was called
	failed  error           // why the session has ended the trace, or nil
	refused error           // the same, if a function of the Handler returned it; not ErrDetach
	noExec  error           // why the command's execve failed, or nil

	// Reused for every call.
	splitter socketcall.Splitter
	inner    *socketcall.Call // the call that the splitter found inside the current one, or nil
	header   output.Header
	result   output.Result
	comm     [64]byte   // the name of a tracee
	context  [4096]byte // its SELinux context
}

// New makes a Session without tracees, and opens its output. Close must be
// called.
func New(o Options) (*Session, error) {
	s := newSession(o)
	if err := s.openLog(); err != nil {
		return nil, err
	}
	options := s.tracerOptions()
	if o.Debug {
		options.Debug = func(line string) { s.say("%s", line) }
		if o.Adopt != nil {
			s.say("new tracer pid is %d", os.Getpid())
		}
	}
	var err error
	if s.tracer, err = tracer.New(options); err != nil {
		s.closeLog()
		return nil, err
	}
	return s, nil
}

// newSession makes a Session without a tracer and without output.
func newSession(o Options) *Session {
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
	machine := s.newHost()
	s.decoder = decode.NewDecoder(o.decoderOptions(), machine)
	s.files = newFileFilter(&o, machine)
	if o.Summary != nil {
		startSummary(o.Summary)
	}
	s.teller = newTeller(&s.o, machine)
	s.records = o.Output != nil && !o.SummaryOnly
	if o.Stacks != NoStacks && (s.records || s.teller != nil) {
		s.stacks = newStacks(&o)
	}
	looks := &s.o.Looks
	if looks.Format == nil {
		looks.Format = textformat.Format
	}
	s.timed = o.Summary != nil || looks.Format.Timed || looks.Clock != output.ClockNone || looks.Relative || looks.Durations
	return s
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
	looks.Statuses = s.statuses
	looks.Sparse = !s.o.Calls.IsAll() || s.o.filtersFiles()
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
		DetachOnExec: o.DetachOnExec,
		KillOnExit:   o.KillOnExit,
		Colocate:     o.Colocate,
		Usage:        o.Summary != nil,
	}
	if o.Seccomp {
		options.Traced = s.calls.stops
		if o.Stacks != NoStacks {
			options.Traced = func(abi tables.ABI, nr uint64) bool { return s.calls.stops(abi, nr) || remaps(abi, nr) }
		}
	}
	return options
}

// say writes a message for the user to standard error, if the session has a name.
func (s *Session) say(format string, args ...any) {
	if s.o.Name == "" {
		return
	}
	line := s.o.Name + ": " + fmt.Sprintf(format, args...)
	if s.log == nil {
		os.Stderr.WriteString(line + "\n")
		return
	}
	s.log.Message(line)
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
	err := s.loop()
	s.writeSummaries()
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
func (s *Session) Interrupt(sig unix.Signal) { s.tracer.Interrupt(sig) }

// Failed reports whether the session itself has ended the trace: because it
// could not write its output, whose error Close returns, or because a function
// of the Handler returned an error.
func (s *Session) Failed() bool { return s.failed != nil }

// Status returns the wait status of the command, as far as the session has seen
// it.
func (s *Session) Status() unix.WaitStatus { return s.status }

// AwaitCommand waits for the end of the command after Run has returned and
// detached from it. It returns false if the command is not a child of this
// process.
func (s *Session) AwaitCommand() (unix.WaitStatus, bool) { return s.tracer.AwaitCommand() }

// Close closes the output and releases the Session's resources. It kills a
// command that was launched without a Run. It returns the output's error, for a
// file an *OutputError.
func (s *Session) Close() error {
	if s.command != 0 && !s.ran {
		unix.Kill(s.command, unix.SIGKILL)
		s.AwaitCommand()
	}
	s.tracer.Close()
	return s.closeLog()
}

// loop handles events one by one.
func (s *Session) loop() error {
	for {
		ev, err := s.tracer.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		s.event(ev)
		if s.log != nil && s.failed == nil && s.log.Err() != nil {
			s.failed = s.log.Err() // Close reports it
			s.tracer.DetachAll()
		}
	}
}

func (s *Session) event(ev *tracer.Event) {
	if ev.Kind >= tracer.Stray {
		s.stray(ev)
		return
	}
	t, ok := ev.Tracee.Data.(*tracee)
	if !ok {
		if s.failed != nil {
			return // it has no record
		}
		var err error
		if t, err = s.newTracee(ev.Tracee); err != nil {
			s.failed = err
			s.say("%v", err)
			s.tracer.DetachAll()
			return
		}
	}
	switch ev.Kind {
	case tracer.Enter:
		s.enter(t, ev)
	case tracer.Exit:
		s.exit(t, ev)
	case tracer.Signal:
		s.signal(t, ev)
	case tracer.GroupStop:
		if s.signals.Has(int(ev.Signal)) {
			s.locate(t, ev.Tracee)
			s.takeStack(t, ev.Tracee)
			t.trace.Stopped(s.now(), tables.SignalName(int(ev.Signal)))
		}
	case tracer.Created:
		s.sayUnless(QuietAttach, "Process %d attached", ev.Tracee.TID)
		if s.o.Registers&RegistersBetween != 0 {
			s.childRegisters(t, ev)
		}
	case tracer.Exec:
		s.exec(t, ev)
	case tracer.LaunchFailed:
		s.noExec = commandError("exec: " + errnoMessage(ev.Errno))
		s.say("%v", s.noExec)
	case tracer.Exited, tracer.Killed:
		s.ended(t, ev)
	case tracer.Detached:
		t.trace.Close()
		s.sayUnless(QuietAttach, "Process %d detached", ev.Tracee.TID)
		s.tellEnded(ev)
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
	if !s.timed {
		return time.Time{}
	}
	return time.Now()
}
