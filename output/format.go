package output

import (
	"time"

	"trapline/socketcall"
	"trapline/tables"
)

// Format is a way to write a trace. Each package below this one has one:
// text.Format, json.Format, csv.Format. The life of a record is not its
// business but that of Record, which tells a Writer what to write and when.
type Format struct {
	Name  string // as --format has it
	Timed bool   // records show times, whatever Options say
	Title string // first line of each file, with its newline, or empty

	// New makes the Writer of one tracee's records. It may keep both arguments:
	// Record keeps t up to date, and the colours in o may yet be set.
	New func(o *Options, t *Tracee) Writer
}

// Writer writes the records of one tracee in one format. It collects what it
// is told until Take is called. The methods that get a stack write it with the
// record, if it is not nil.
type Writer interface {
	// Encoder writes the values: arguments after BeginCall, the result after
	// Return, the siginfo after BeginSignal.
	Encoder
	Outcome

	// BeginCall starts the record of a call.
	BeginCall(h *Header)
	// EndCall ends the record of a call that has returned.
	EndCall(r *Result, s *Stack)
	// NoResult ends the record of a call without a result. why is Unfinished,
	// UnavailableStatus or Detached; complete says that all arguments have been
	// written.
	NoResult(why StatusSet, complete bool, s *Stack)

	// BeginSignal starts the record of the delivery of a signal. The siginfo
	// follows as one value.
	BeginSignal(at time.Time, name string)
	// EndSignal ends it.
	EndSignal(s *Stack)
	// Event writes the record of anything else.
	Event(at time.Time, e Event, s *Stack)

	// Summary writes the totals of -c.
	Summary(s *Summary)
	// Unexplained writes the list of changed registers that nothing explains.
	Unexplained(u *Unexplained)

	// Take gives what has been written since the last Take. It is valid until
	// the next call of a method.
	Take() []byte
}

// LineWriter is a Writer that shows the parts of a call as they become known,
// each on a line of its own if others have written in between. Record asks a
// Writer whether it is one.
type LineWriter interface {
	Writer

	// Suspend ends the line of a call that is not complete: " <unfinished ...>".
	Suspend(why string)
	// Resume starts a new line for the rest of it: "<... name resumed>".
	Resume(at time.Time)
	// Stack writes the stack of a call that never returned.
	Stack(s *Stack)
}

// Tracee is what the records of a tracee are marked with.
type Tracee struct {
	PID      int    // thread id
	Comm     []byte // command name, not escaped (-Y); empty for none
	Context  []byte // SELinux context, not escaped (--secontext); empty for none
	ABI      tables.ABI
	NR       uint64        // of the last call, as in the register (-n)
	Numbered bool          // NR is known
	IP       uint64        // at the stop that is being recorded (-i)
	Since    time.Duration // since the line before, of whatever tracee (-r)

	log *Log
}

// Many says that the log has records of more than one tracee that is alive.
func (t *Tracee) Many() bool { return t.log.live > 1 }

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

// EventKind says what happened to a tracee.
type EventKind uint8

const (
	Stopped     EventKind = iota // by Signal, a group-stop
	Exited                       // with Code
	Killed                       // by Signal, perhaps with Core
	Personality                  // from here on calls are of ABI
	Superseded                   // Thread called execve and now has the leader's id
)

// String gives the name that the event has in JSON and CSV.
func (k EventKind) String() string {
	return [...]string{Stopped: "stop", Exited: "exit", Killed: "killed", Personality: "personality",
		Superseded: "superseded"}[k]
}

// Event is something that happens to a tracee and has no values.
type Event struct {
	Kind   EventKind
	Signal string // name
	Code   int    // exit status
	Core   bool   // core dumped
	ABI    tables.ABI
	Thread int
}
