package trace

import (
	"errors"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"trapline/decode"
	"trapline/decode/host"
	"trapline/tables"
	"trapline/tracer"
)

// Handler is told what happens in a trace. Functions that are nil are not called.
//
// The functions are called from the Session's goroutine, while the process is
// stopped. They may keep what they are given, but its methods work only until
// they return. A program that they start must be started from another goroutine:
// see Session.
//
// An error that a function returns ends the trace: the session lets go of all
// processes, kills the launched command, and Run returns the error. ErrDetach is the
// error that leaves the command running, of which Run does not tell.
type Handler struct {
	// Enter is called at the entry of a call that is traced, before the kernel
	// does anything. Arguments that the kernel has yet to write are not there.
	Enter func(c *Call) error
	// Exit is called at the end of a call, with the same Call. It is not called
	// for calls that do not return, such as exit_group, nor for those that do not
	// end in one of Options.Statuses.
	Exit func(c *Call) error
	// Signal is called when a signal of Options.Signals is about to be delivered.
	Signal func(s *Signal) error
	// Started is called when a process or thread begins to be traced.
	Started func(p *Process) error
	// Ended is called when it is traced no longer.
	Ended func(p *Process) error
}

// ErrDetach is returned by the functions of a Handler to end the trace and let all
// processes go on.
var ErrDetach = errors.New("trace: detach")

// Call is a system call of a process.
type Call struct {
	PID    int // id of the thread that makes the call
	Name   string
	ABI    tables.ABI
	Number uint64 // as in the ABI's table, without x32's bit
	Time   time.Time

	// Args are the arguments, named as in the manual page. Those that depend on
	// the call's end are added then. Strings are cut at Options.StringLimit, and
	// structs are complete unless the call is in Options.Abbrev, where nil stands
	// for no calls here.
	Args []Value
	// Stack is who called whom, the innermost first, if Options.Stacks asks for it.
	Stack []StackFrame

	// At the end of the call:

	Result   Value
	Errno    unix.Errno // 0 if the call has not failed
	Duration time.Duration
	// Remarks are what the call tells beside its result, such as the time that
	// was left of a timeout.
	Remarks []Value

	tracee    *tracer.Tracee // nil when the Handler's function has returned
	registers [6]uint64
	injection *Injection
}

// Arg gives the argument that has a name. If there is none it is a Value of Kind
// None.
func (c *Call) Arg(name string) Value { return named(c.Args, name) }

// Failed says that the call has ended with an error.
func (c *Call) Failed() bool { return c.Errno != 0 }

// Register gives the argument that register n of the call has, from 0 to 5.
func (c *Call) Register(n int) uint64 { return c.registers[n] }

// ReadMemory fills b with the memory of the process from addr on, and returns how
// many bytes it could read: fewer where the memory ends.
func (c *Call) ReadMemory(addr uint64, b []byte) int {
	if c.tracee == nil {
		return 0
	}
	return c.tracee.ReadMemory(addr, b)
}

// Inject does to this call what an Injection says, whichever calls that is for.
// It works in Handler.Enter, but not for the execve that starts the command.
func (c *Call) Inject(in *Injection) { c.injection = in }

// Signal is a signal that is about to be delivered.
type Signal struct {
	PID    int
	Number unix.Signal
	Name   string // SIGINT
	Info   Value  // siginfo_t
}

// Process is a process or thread that is traced.
type Process struct {
	PID    int // id of the thread
	Parent int // who created it, if that is traced; else 0
	// Status is how it has ended. It is meaningless if Detached says that it goes
	// on untraced.
	Status   unix.WaitStatus
	Detached bool
}

// teller makes what a Handler is told.
type teller struct {
	decoder *decode.Decoder
	handler *Handler
	calls   bool // it is told of calls
}

// newTeller gives nil if there is nothing to tell of calls or signals. It has a
// Decoder of its own, since a Decoder shows some things once only.
func newTeller(o *Options, h host.Host) *teller {
	if o.Handler.Enter == nil && o.Handler.Exit == nil && o.Handler.Signal == nil {
		return nil
	}
	options := o.decoderOptions()
	options.VCPUs = 0
	return &teller{
		decoder: decode.NewDecoder(options, h),
		handler: &o.Handler,
		calls:   o.Handler.Enter != nil || o.Handler.Exit != nil,
	}
}

// told is the call of a tracee that a Handler is being told of.
type told struct {
	call   *Call // nil if there is none
	decode decode.Call
	values builder
}

// tellEnter tells of a call at its entry.
func (s *Session) tellEnter(t *tracee, ev *tracer.Event) {
	h := s.teller.handler
	if !s.teller.calls {
		return
	}
	to, from := t.told, &t.call
	d := &to.decode
	d.TID, d.ABI, d.NR, d.Args, d.SP = from.TID, from.ABI, from.NR, from.Args, from.SP
	d.Abbrev, d.Plain, d.Raw = from.Abbrev && s.o.Abbrev != nil, from.Plain, from.Raw
	d.Sig = signature(s.teller.decoder, ev.Call, s.inner)
	to.values.start()
	d.Begin()
	d.Enter()
	to.call = &Call{
		PID: ev.Tracee.TID, Name: d.Sig.Name, ABI: d.ABI, Number: d.NR, Time: time.Now(),
		Args: to.values.args, tracee: ev.Tracee, registers: d.Args,
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
		t.tamper.injection = in
	}
}

// tellPassed takes note of a call that is not told of: restart_syscall may go on
// with it.
func (s *Session) tellPassed(t *tracee, call *tracer.Syscall) {
	t.told.decode.Pass(s.teller.decoder.Lookup(call.ABI, call.NR).Name)
}

// tellExit tells of a call at its end, if that is wanted.
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
	d.Ret, d.Errno = t.call.Ret, t.call.Errno
	d.Exit()
	c.Args = to.values.args
	d.Result()
	c.Result, c.Remarks = to.values.result, to.values.remarks
	c.Errno = unix.Errno(d.Errno)
	c.Duration = time.Since(c.Time)
	c.tracee = ev.Tracee
	s.handled(s.teller.handler.Exit(c))
	c.tracee = nil
}

// tellSignal tells of a signal.
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

// newTold makes a tracee ready for its calls to be told of.
func (s *Session) newTold(t *tracee, tr *tracer.Tracee) {
	t.told = new(told)
	t.told.decode = decode.Call{Decoder: s.teller.decoder, Out: &t.told.values, Outcome: &t.told.values, Mem: tr, TID: tr.TID}
	if call := tr.Interrupted(); call != nil {
		s.tellPassed(t, call)
	}
}

// tellStarted tells of a tracee that is new.
func (s *Session) tellStarted(tr *tracer.Tracee) {
	if s.o.Handler.Started == nil {
		return
	}
	p := &Process{PID: tr.TID}
	if parent := tr.Parent(); parent != nil {
		p.Parent = parent.TID
	}
	s.handled(s.o.Handler.Started(p))
}

// tellEnded tells of a tracee that has ended or was let go.
func (s *Session) tellEnded(ev *tracer.Event) {
	if s.o.Handler.Ended != nil {
		s.handled(s.o.Handler.Ended(&Process{PID: ev.Tracee.TID, Status: ev.Status, Detached: ev.Kind == tracer.Detached}))
	}
}

// handled ends the trace if a function of the Handler has returned an error.
func (s *Session) handled(err error) {
	if err == nil || s.failed != nil {
		return
	}
	s.failed = err
	if errors.Is(err, ErrDetach) {
		s.tracer.DetachAll()
		return
	}
	s.refused = err
	s.tracer.End(unix.SIGKILL)
}
