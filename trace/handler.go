//go:build linux && amd64

package trace

import (
	"errors"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"trapline/decode"
	"trapline/decode/host"
	"trapline/output"
	"trapline/tables"
	"trapline/tracer"
)

// Handler has functions that are called during a trace. They may be nil.
//
// The functions are called from the Session's goroutine, while the process is stopped.
// They may keep their arguments, but the methods of these work only until the function
// returns. A function that starts a program must do so from another goroutine: see
// Session.
//
// An error from a function ends the trace: the session detaches from all
// processes, kills the launched command, and Run returns the error. With
// ErrDetach the command keeps running, and Run does not return the error.
type Handler struct {
	// Enter is called at the entry of a traced call, before the kernel executes
	// it. Arguments that the kernel has yet to write are missing. It is also called
	// if only the end of the call will decide whether Options.Where holds.
	Enter func(c *Call) error
	// Exit is called at the end of a call, with the same Call. It is not called
	// for calls that do not return, such as exit_group, nor for those whose end
	// is not in Options.Statuses or for which Options.Where does not hold.
	Exit func(c *Call) error
	// Signal is called when a signal of Options.Signals is about to be delivered.
	Signal func(s *Signal) error
	// Started is called when the trace of a process or thread begins.
	Started func(p *Process) error
	// Executed is called when a process has executed a program, before the end of its
	// execve.
	Executed func(p *Process) error
	// Stopped is called when a signal such as SIGSTOP has stopped a thread. The next event
	// of the thread comes after it has been continued.
	Stopped func(p *Process) error
	// Ended is called when the trace of a process or thread ends.
	Ended func(p *Process) error

	// StringLimit is the number of bytes of strings in Values; 0 stands for
	// Options.StringLimit.
	StringLimit int
}

// ErrDetach is returned by the functions of a Handler to end the trace and let
// all processes continue.
var ErrDetach = errors.New("trace: detach")

// Call is a system call of a process.
type Call struct {
	PID    int // id of the thread that makes the call
	Name   string
	ABI    tables.ABI
	Number uint64 // as in the ABI's table, without x32's bit
	Time   time.Time
	// Ordinal is the number of the call in a recording, from 0 (Options.From).
	Ordinal uint64

	// Args are the arguments, named as in the manual page. Arguments that the
	// kernel writes are added at the end of the call. Strings are cut at
	// Options.StringLimit. Structs are complete unless the call is in
	// Options.Abbrev; here nil means no calls.
	Args []Value
	// Stack is the call stack, innermost first, if Options.Stacks asks for it.
	Stack []StackFrame
	// Kernel is the call's path through the kernel, if Options.KernelPath asks for it. It
	// is nil before the end of the call.
	Kernel *output.KernelPath

	// Files are the files that the call uses, in the order of its arguments, if
	// Options.Files asks for them. Files that the call produces, such as the file that it
	// opens, are added at its end.
	Files []FileUse

	// At the end of the call:

	Result   Value
	Errno    unix.Errno // 0 if the call succeeded
	Duration time.Duration
	// Remarks are further results of the call, such as the time left of a
	// timeout.
	Remarks []Value

	tracee    *tracer.Tracee // nil once the Handler's function has returned
	registers [6]uint64
	injection *Injection
}

// Arg returns the argument with this name, or a Value of Kind None.
func (c *Call) Arg(name string) Value { return named(c.Args, name) }

// Failed reports whether the call has ended with an error.
func (c *Call) Failed() bool { return c.Errno != 0 }

// Register returns the argument in register n of the call, from 0 to 5.
func (c *Call) Register(n int) uint64 { return c.registers[n] }

// ReadMemory fills b with the memory of the process from addr on, and returns
// the number of bytes read, which is smaller where the memory ends.
func (c *Call) ReadMemory(addr uint64, b []byte) int {
	if c.tracee == nil {
		return 0
	}
	return c.tracee.ReadMemory(addr, b)
}

// Inject applies an Injection to this call, whichever calls the Injection
// selects. It works in Handler.Enter, except for the execve that starts the
// command.
func (c *Call) Inject(in *Injection) { c.injection = in }

// Signal is a signal that is about to be delivered.
type Signal struct {
	PID    int
	Number unix.Signal
	Name   string // SIGINT
	Info   Value  // siginfo_t
}

// Process is a traced process or thread.
type Process struct {
	PID    int // id of the thread
	Parent int // id of its creator if that is traced, else 0
	// Status is the wait status of its end. It is meaningless if Detached says
	// that the process continues untraced.
	Status   unix.WaitStatus
	Detached bool

	// With Options.Describe:

	Time   time.Time
	TGID   int // id of the process that the thread belongs to; 0 if unknown
	PPID   int // id of that process's parent; 0 if unknown or outside of trapline's pid namespace
	Former int // of Executed: the id that the thread had, if it was not the leader; else 0

	// Of Executed, and of Started if this program attached to the process: its program,
	// working directory, arguments and environment, as the kernel has them; empty or nil
	// if unknown.
	Exe, Dir  string
	Args, Env []string

	// Usage is the resource use of a process, at the end of its last thread; else nil.
	Usage *Usage
}

// teller makes the arguments of a Handler's functions.
type teller struct {
	decoder *decode.Decoder
	handler *Handler
	calls   bool // the Handler has functions for calls
	files   *fileUses
}

// newTeller returns nil if the Handler has no functions for calls or signals. A
// teller has its own Decoder, since a Decoder shows some things only once.
func newTeller(o *Options, h host.Host) *teller {
	if o.Handler.Enter == nil && o.Handler.Exit == nil && o.Handler.Signal == nil {
		return nil
	}
	options := o.decoderOptions()
	options.VCPUs = 0
	if o.Handler.StringLimit != 0 {
		options.StringLimit = o.Handler.StringLimit
	}
	t := &teller{
		decoder: decode.NewDecoder(options, h),
		handler: &o.Handler,
		calls:   o.Handler.Enter != nil || o.Handler.Exit != nil,
	}
	if o.Files {
		t.files = newFileUses(t.decoder)
	}
	return t
}

// told is the current call of a tracee, as the Handler sees it.
type told struct {
	call   *Call // nil if there is none
	decode decode.Call
	values builder
}

// tellEnter reports a call at its entry.
func (s *Session) tellEnter(t *tracee, ev *tracer.Event) {
	h := s.teller.handler
	if !s.teller.calls {
		return
	}
	to, from := t.told, &t.call
	d := &to.decode
	d.Mem, d.TID, d.ABI, d.NR, d.Args, d.SP = from.Mem, from.TID, from.ABI, from.NR, from.Args, from.SP
	d.Abbrev, d.Plain, d.Raw = from.Abbrev && s.o.Abbrev != nil, from.Plain, from.Raw
	d.Sig = signature(s.teller.decoder, ev.Call, s.inner)
	to.values.start()
	if s.teller.files != nil {
		s.teller.files.start(nil)
	}
	d.Begin()
	d.Enter()
	to.call = &Call{
		PID: ev.Tracee.TID, Name: d.Sig.Name, ABI: d.ABI, Number: d.NR, Time: s.clock(),
		Args: to.values.args, tracee: ev.Tracee, registers: d.Args,
	}
	if s.past != nil {
		to.call.Ordinal = s.past.now.Ordinal
	}
	if s.teller.files != nil {
		to.call.Files = s.teller.files.files
	}
	if s.hasStack(ev.Tracee) && s.walk(t, ev.Tracee) {
		to.call.Stack = slices.Clone(t.stack.shown.Frames)
	}
	if h.Enter == nil {
		return
	}
	s.handled(h.Enter(to.call))
	to.call.tracee = nil
	if in := to.call.injection; in != nil && !t.launch {
		t.tamper.injection, t.tamper.rule = in, 0
	}
}

// tellPassed notes a call that is not reported, because restart_syscall may resume it.
func (s *Session) tellPassed(t *tracee, call *tracer.Syscall) {
	t.told.decode.Pass(s.teller.decoder.Lookup(call.ABI, call.NR).Name)
}

// tellExit reports a call at its end, if wanted.
func (s *Session) tellExit(t *tracee, ev *tracer.Event, wanted bool) {
	to := t.told
	if to.call == nil {
		return
	}
	c, d := to.call, &to.decode
	to.call = nil
	if !wanted || s.teller.handler.Exit == nil {
		return
	}
	d.TID = t.call.TID // an execve may have changed it
	d.Mem = t.call.Mem
	d.Ret, d.Errno = t.call.Ret, t.call.Errno
	if s.teller.files != nil {
		s.teller.files.start(c.Files)
	}
	d.Exit()
	c.Args = to.values.args
	d.Result()
	if s.teller.files != nil {
		c.Files = s.teller.files.end(d, &to.values)
	}
	c.Result, c.Remarks = to.values.result, to.values.remarks
	c.Errno = unix.Errno(d.Errno)
	c.Duration = s.clock().Sub(c.Time)
	if k := s.result.Kernel; k != nil {
		c.Kernel = &output.KernelPath{Functions: slices.Clone(k.Functions), Asleep: k.Asleep, Note: k.Note}
	}
	c.tracee = ev.Tracee
	s.handled(s.teller.handler.Exit(c))
	c.tracee = nil
}

// tellSignal reports a signal.
func (s *Session) tellSignal(t *tracee, ev *tracer.Event) {
	h := s.teller.handler
	if h.Signal == nil {
		return
	}
	var values builder
	values.start()
	d := decode.Call{Decoder: s.teller.decoder, Out: &values, Outcome: &values, Mem: t.call.Mem, TID: t.call.TID, ABI: t.call.ABI}
	decode.ShowSiginfo(&d, ev.Siginfo[:])
	signal := &Signal{PID: ev.Tracee.TID, Number: ev.Signal, Name: tables.SignalName(int(ev.Signal))}
	if len(values.args) > 0 {
		signal.Info = values.args[0]
	}
	s.handled(h.Signal(signal))
}

// newTold prepares a tracee for reports of its calls.
func (s *Session) newTold(t *tracee, tr *tracer.Tracee) {
	t.told = new(told)
	t.told.decode = decode.Call{Decoder: s.teller.decoder, Out: &t.told.values, Outcome: &t.told.values, Mem: tr, TID: tr.TID}
}

// handled ends the trace if a function of the Handler returned an error.
func (s *Session) handled(err error) {
	if err == nil || s.failed != nil {
		return
	}
	s.failed = err
	if errors.Is(err, ErrDetach) {
		s.source.DetachAll()
		return
	}
	s.refused = err
	s.source.End(unix.SIGKILL)
}
