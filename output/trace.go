package output

import (
	"time"

	"trapline/socketcall"
	"trapline/tables"
)

// Trace takes down all that happens to one tracee: its calls through the verbs
// of Encoder, its signals and its end. Get one from Log.Trace. A Trace is used
// by one goroutine, the same for all Traces of a Log.
//
// A call goes
//
//	BeginCall, Arg, value, Arg, value ..., Entered        at the enter-stop
//	Resume, Arg, value ..., Return, value, EndCall        at the exit-stop
//
// and a struct or array begun before Entered may be ended after Resume. A
// call that will never come back is ended by Unreturned in place of Resume; one
// whose tracee just vanishes needs nothing: the next event, or Close, ends it.
type Trace interface {
	Encoder

	// BeginCall starts the record of a call.
	BeginCall(h *Header)
	// Entered says that no more is known until the exit-stop. On a terminal
	// the line so far is shown.
	Entered()
	// Resume takes the call up again at its exit-stop, at that time. Where
	// other tracees have written in between, text starts a new line with
	// "<... name resumed>".
	Resume(at time.Time)
	// EndCall finishes the record after Return and its value.
	EndCall(r *Result)
	// Unreturned finishes a call whose tracee is about to die in it: "= ?".
	// complete says that all arguments have been written; otherwise text has
	// " <unfinished ...>" for the missing ones.
	Unreturned(at time.Time, complete bool)
	// Unavailable finishes, after Resume, a call whose result could not be
	// fetched: "= ? <unavailable>".
	Unavailable()

	// BeginSignal starts the record of the delivery of a signal. The
	// siginfo follows as one value (a struct), then EndSignal.
	BeginSignal(at time.Time, name string)
	EndSignal()
	// Stopped records a group-stop: "--- stopped by SIGSTOP ---".
	Stopped(at time.Time, signal string)
	// Exited records the end of the tracee: "+++ exited with 0 +++".
	Exited(at time.Time, code int)
	// Killed records its end by a signal: "+++ killed by SIGSEGV (core dumped) +++".
	Killed(at time.Time, signal string, core bool)
	// Personality records that the tracee's calls are of another ABI from
	// here on: "[ Process PID=1 runs in 32 bit mode. ]". It comes before BeginCall.
	Personality(at time.Time, abi tables.ABI)

	// Superseded is called on the Trace of a thread that took over the
	// process by execve. It gets the pid and, with Separate, the file of leader's
	// Trace, which is closed. quiet leaves out the "+++ superseded by execve
	// in pid 123 +++".
	Superseded(at time.Time, leader Trace, quiet bool)

	// SetIP gives the instruction pointer at the stop to be recorded next, for
	// records other than the start of a call (-i).
	SetIP(ip uint64)
	// SetStack gives the call stack to be recorded with the call under way, or
	// with the signal or group-stop to be recorded next (-k). It must stay as
	// it is until that record ends. Text has it behind the line of the call,
	// or, if that does not return, at the end of the tracee.
	SetStack(s *Stack)
	// SetNumber gives the number of a call that is not recorded, for the
	// records before the next call (-n).
	SetNumber(nr uint64)
	// PID is the thread id that records are marked with.
	PID() int
	// SetComm gives the command name to show beside the pid (-Y); empty for none.
	SetComm(comm []byte)
	// SetContext gives the tracee's SELinux context to show beside the pid; empty for
	// none.
	SetContext(context []byte)

	// Close ends the Trace when the tracee has ended or has been detached. A call
	// still open is left as " <detached ...>".
	Close()
}

// Header is what is known of a call when it starts, besides its arguments.
type Header struct {
	Time  time.Time // of the enter-stop
	ABI   tables.ABI
	NR    uint64 // as in the register
	Name  string // of the call decoded, "connect" even when it came by socketcall
	IP    uint64 // instruction pointer, when Options.IP is set
	Entry string // kernel function that serves NR, when Options.EntryPoints is set

	Via *socketcall.Via // how the call came through a multiplexer, or nil
}

// Result is what is known of a call when it is finished, besides its value.
type Result struct {
	Duration time.Duration // between enter-stop and exit-stop
	Tampered string        // what was injected into the call: "INJECTED", "INJECTED: args"; empty if nothing
	Delayed  bool          // the call or its end was delayed
	Regs     *RegisterView // what --regs shows, or nil
}

// Options are the looks of a trace, the same for all Traces of a Log.
type Options struct {
	JSON bool // JSON lines in place of text

	PID         PIDStyle
	Clock       Clock     // -t
	ClockDigits Precision // digits of a second in Clock
	Relative    bool      // -r
	RelDigits   Precision
	Durations   bool // -T
	DurDigits   Precision
	Number      bool // -n
	IP          bool // -i
	EntryPoints bool
	Multiplexer bool // show Header.Via in text
	ArgNames    bool // -N
	Column      int  // -a, where " = " is aligned
	Names       NameStyle
	Strings     StringStyle
	Palette     *Palette // colours, or nil

	// Statuses are the calls shown, by how they ended (-e status=, -z, -Z).
	// Unless it is AllStatuses a call is held back until it has ended.
	Statuses StatusSet

	// Sparse says that there are calls that do not come into the trace. Text
	// for the tracee's own standard error then is written out line by line, or
	// what the tracee writes in such a call would come before earlier lines.
	Sparse bool
}

// PIDStyle is how text lines are marked with their tracee.
type PIDStyle uint8

const (
	PIDNone   PIDStyle = iota // not at all
	PIDColumn                 // "1234  ", with -f -o and --always-show-pid
	PIDMany                   // "[pid  1234] ", once there is more than one tracee
)

// Clock is a format of the wall clock.
type Clock uint8

const (
	ClockNone  Clock = iota
	ClockTime        // 23:59:59, local time
	ClockEpoch       // seconds since 1970
)

// Precision is a number of digits after the point of a second.
type Precision uint8

const (
	Seconds      Precision = 0
	Milliseconds Precision = 3
	Microseconds Precision = 6
	Nanoseconds  Precision = 9
)

// NameStyle is how text shows values that have names (-X).
type NameStyle uint8

const (
	Abbrev  NameStyle = iota // AF_INET
	Raw                      // 0x2
	Verbose                  // 0x2 /* AF_INET */
)

// StringStyle is how text escapes strings.
type StringStyle uint8

const (
	OctalEscapes StringStyle = iota // \33
	HexEscapes                      // \x1b, --strings-in-hex=non-ascii-chars
	HexNonASCII                     // a string with any non-ASCII byte is all \x, -x
	HexAll                          // every string is all \x, -xx
)

// StatusSet is a set of ways for a call to end.
type StatusSet uint8

const (
	Successful StatusSet = 1 << iota
	Failed
	Unfinished        // the tracee died, or another thread called execve
	UnavailableStatus // the result could not be fetched
	Detached          // the trace ended first

	AllStatuses = Successful | Failed | Unfinished | UnavailableStatus | Detached
)
