package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"trapline/decode"
	"trapline/output"
	"trapline/socketcall"
	"trapline/tables"
	"trapline/tracer"
)

// session joins a tracer's events with the decoder and the log.
type session struct {
	config  *config
	tracer  *tracer.Tracer
	log     *output.Log
	decoder *decode.Decoder
	summary *output.Summary // nil without -c and -C
	files   *fileFilter     // nil without -P and --trace-fds
	stacks  *stacks         // nil without -k

	unexplained output.Unexplained // changes of registers

	timed   bool // times of stops are wanted
	command int  // pid of the launched command, 0 if there is none
	end     ending
	left    uint64 // calls until --syscall-limit, 0 if there is none
	failed  bool   // a file of the log failed: the trace is being ended

	// Reused for every call.
	splitter socketcall.Splitter
	header   output.Header
	result   output.Result
	comm     [64]byte   // the name of a tracee
	context  [4096]byte // its SELinux context
}

// run traces until nothing is left to trace. The command is launched, or it is
// the process of an adoption.
func run(c *config, adopt *adoption) (ending, error) {
	var command tracer.Command
	if len(c.command) > 0 {
		var err error
		if command, err = c.launch(); err != nil {
			return ending{}, err
		}
	}
	if c.daemon != notDaemon && adopt == nil {
		return ending{}, becomeCommand(c, command)
	}
	log, err := openLog(c)
	if err != nil {
		return ending{}, err
	}
	s := newSession(c, log)
	options := c.tracerOptions()
	if c.debug {
		options.Debug = func(line string) { log.Message(message("%s", line)) }
		if adopt != nil {
			options.Debug(fmt.Sprintf("new tracer pid is %d", os.Getpid()))
		}
	}
	if s.tracer, err = tracer.New(options); err != nil {
		return ending{}, err
	}
	if len(c.command) > 0 {
		if err := s.start(command, adopt); err != nil {
			return ending{}, err
		}
	}
	if !s.attach() {
		log.Close()
		return ending{code: 1}, nil
	}
	signals := handleSignals(c.interruptible, s.tracer)
	err = s.loop()
	if sig := signals.received(); sig != 0 {
		s.end = ending{signal: sig}
	}
	if s.summary != nil {
		s.log.Summary(s.summary)
	}
	s.log.Unexplained(&s.unexplained)
	if logErr := log.Close(); logErr != nil {
		complain("%s", fileError(logErr))
	}
	if s.failed && s.command != 0 && err == nil {
		signals.stop()
		if status, ok := s.tracer.AwaitCommand(); ok {
			s.end = endingOf(status)
		}
	}
	return s.end, err
}

// start starts the command, or adopts the process that is to be it.
func (s *session) start(command tracer.Command, adopt *adoption) (err error) {
	var tracee *tracer.Tracee
	if adopt != nil {
		tracee, err = s.tracer.Adopt(command, adopt.pid, adopt.socket)
	} else {
		tracee, err = s.tracer.Launch(command)
	}
	if err != nil {
		return err
	}
	s.command = tracee.TID
	t, err := s.newTracee(tracee)
	if err != nil {
		unix.Kill(s.command, unix.SIGKILL) // it has not become the command yet
		return cannotOpen(err)
	}
	t.launch = true
	if adopt != nil {
		s.message(quietAttach, "Process %d attached", s.command)
	}
	releaseStandardFDs()
	return nil
}

// releaseStandardFDs lets go of the input and output that are the command's:
// when the command closes a pipe, whoever is at its other end must notice.
func releaseStandardFDs() {
	null, err := unix.Open("/dev/null", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return
	}
	unix.Dup2(null, 0)
	unix.Dup2(null, 1)
	unix.Close(null)
}

func newSession(c *config, log *output.Log) *session {
	s := &session{config: c, log: log, files: newFileFilter(c), left: c.syscallLimit}
	s.decoder = decode.NewDecoder(decode.Options{StringLimit: c.stringLimit, FDs: c.fds, PIDs: c.pidDecoding, Namespaces: c.namespaces, VCPUs: c.vcpus, Contexts: c.contexts}, newHost())
	if c.summary != noSummary {
		s.summary = &output.Summary{Columns: c.columns, Sort: c.sortBy, WallClock: c.wallClock, Overhead: c.overhead}
	}
	if c.stacks != noStacks && c.summary != summaryOnly {
		s.stacks = newStacks(c)
	}
	s.timed = s.summary != nil || c.looks.Format.Timed || c.looks.Clock != output.ClockNone || c.looks.Relative || c.looks.Durations
	return s
}

func openLog(c *config) (*output.Log, error) {
	const pidDigits = 12 // ".2147483647" and the zero byte
	if d := c.destination; d.Separate && len(d.Name) >= unix.PathMax-pidDigits {
		return nil, refusef("%s: %s", d.Name, errnoMessage(unix.ENAMETOOLONG))
	}
	log, err := output.OpenLog(c.destination, c.looks)
	if err != nil {
		return nil, cannotOpen(err)
	}
	log.Color(c.palette(log.Terminal()))
	return log, nil
}

// cannotOpen says that a file to write to cannot be opened.
func cannotOpen(err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		return refusef("Can't fopen '%s': %s", path.Path, errnoMessage(path.Err))
	}
	return err
}

// fileError is what went wrong with a file, in strace's form.
func fileError(err error) string {
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Path + ": " + errnoMessage(path.Err)
	}
	return errnoMessage(err)
}

func (c *config) tracerOptions() tracer.Options {
	options := tracer.Options{
		Follow:       c.follow,
		DetachOnExec: c.detachOnExec,
		KillOnExit:   c.killOnExit,
		Colocate:     c.colocate,
		Usage:        c.summary != noSummary,
	}
	if c.seccomp {
		options.Traced = c.trace.stops
		if c.stacks != noStacks {
			options.Traced = func(abi tables.ABI, nr uint64) bool { return c.trace.stops(abi, nr) || remaps(abi, nr) }
		}
	}
	return options
}

// attach attaches to the processes of -p and says whether there is anything to
// trace. It complains of those that it cannot attach to.
func (s *session) attach() bool {
	attached := s.command != 0
	for _, pid := range s.config.pids {
		if pid == os.Getpid() {
			complain("I'm sorry, I can't let you do that, Dave.")
			continue
		}
		threads, err := s.tracer.Attach(pid)
		if err != nil {
			complainOfAttach(err)
			continue
		}
		attached = true
		if threads > 1 {
			s.message(quietAttach, "Process %d attached with %d threads", pid, threads)
		} else if threads == 1 {
			s.message(quietAttach, "Process %d attached", pid)
		}
	}
	return attached
}

func complainOfAttach(err error) {
	var attach *tracer.AttachError
	if !errors.As(err, &attach) {
		complain("attach: %v", err)
		return
	}
	complain("attach: ptrace(PTRACE_SEIZE, %d): %s", attach.PID, errnoMessage(attach.Errno))
	if attach.Hint != "" {
		complain("%s", attach.Hint)
	}
}

// message writes a message of trapline's own, unless it is among the quiet ones.
func (s *session) message(kind quietSet, format string, args ...any) {
	if s.config.quiet&kind == 0 {
		s.log.Message(message(format, args...))
	}
}

// loop takes one event after the other.
func (s *session) loop() error {
	for {
		ev, err := s.tracer.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		s.event(ev)
		if s.log.Err() != nil && !s.failed {
			s.failed = true // Close will tell
			s.tracer.DetachAll()
		}
	}
}

func (s *session) event(ev *tracer.Event) {
	if ev.Kind >= tracer.Stray {
		s.stray(ev)
		return
	}
	t, ok := ev.Tracee.Data.(*tracee)
	if !ok {
		if s.failed {
			return // it has no file
		}
		var err error
		if t, err = s.newTracee(ev.Tracee); err != nil {
			s.failed = true
			complain("%v", cannotOpen(err))
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
		if s.config.signals.has(int(ev.Signal)) {
			s.locate(t, ev.Tracee)
			s.takeStack(t, ev.Tracee)
			t.trace.Stopped(s.now(), tables.SignalName(int(ev.Signal)))
		}
	case tracer.Created:
		s.message(quietAttach, "Process %d attached", ev.Tracee.TID)
		if s.config.regs&regsBetween != 0 {
			s.childRegisters(t, ev)
		}
	case tracer.Exec:
		s.exec(t, ev)
	case tracer.LaunchFailed:
		s.log.Message(message("exec: %s", tables.ErrnoMessage(uint32(ev.Errno))))
	case tracer.Exited, tracer.Killed:
		s.ended(t, ev)
	case tracer.Detached:
		t.trace.Close()
		s.message(quietAttach, "Process %d detached", ev.Tracee.TID)
	}
}

// stray is about a process that is none of ours.
func (s *session) stray(ev *tracer.Event) {
	pid := ev.Tracee.TID
	switch {
	case pid == s.log.PipePID(): // of -o '|COMMAND'
	case ev.Kind == tracer.Stray:
		s.message(quietAttach, "Detached unknown pid %d", pid)
	case ev.Status.Signaled():
		s.message(quietExit, "Termination of unknown pid %d ignored", pid)
	default:
		s.message(quietExit, "Exit of unknown pid %d ignored", pid)
	}
}

// now is the time, if anybody will see it.
func (s *session) now() time.Time {
	if !s.timed {
		return time.Time{}
	}
	return time.Now()
}
