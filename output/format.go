package output

import (
	"time"

	"trapline/socketcall"
	"trapline/tables"
)

// Format is a way to write a trace. Each package below this one has one:
// text.Format, json.Format, csv.Format. Record manages the life of a record and
// tells a Writer of the format what to write and when.
type Format struct {
	Name  string // value of --format
	Timed bool   // records show times, regardless of Options
	Title string // first line of each file, with its newline, or empty

	// New makes the Writer of one tracee's records. It may keep both arguments:
	// Record updates t, and the colours in o may be set later.
	New func(o *Options, t *Tracee) Writer
}

// Writer writes the records of one tracee in one format. It buffers its output
// until Take is called. Methods with a stack write it with the record, unless
// it is nil.
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
	// UnavailableStatus or Detached; complete says that all arguments were
	// written.
	NoResult(why StatusSet, complete bool, s *Stack)

	// BeginSignal starts the record of the delivery of a signal. The siginfo
	// follows as one value.
	BeginSignal(at time.Time, name string)
	// EndSignal ends this record.
	EndSignal(s *Stack)
	// Event writes the record of anything else.
	Event(at time.Time, e Event, s *Stack)

	// Summary writes the totals of -c.
	Summary(s *Summary)
	// Unexplained writes the list of register changes without an explanation.
	Unexplained(u *Unexplained)

	// Take returns what was written since the last Take. It is valid until the
	// next call of a method.
	Take() []byte
}

// LineWriter is a Writer that shows the parts of a call as they become known,
// on separate lines if other tracees write in between. Record checks whether a
// Writer is one.
type LineWriter interface {
	Writer

	// Suspend ends the line of a call that is not complete: " <unfinished ...>".
	Suspend(why string)
	// Resume starts a new line for the rest of the call: "<... name resumed>".
	Resume(at time.Time)
	// Stack writes the stack of a call that never returned.
	Stack(s *Stack)
}

// Tracee is the data that identifies a tracee in its records.
type Tracee struct {
	PID      int    // thread id
	Comm     []byte // command name, not escaped (-Y), or empty
	Context  []byte // SELinux context, not escaped (--secontext), or empty
	ABI      tables.ABI
	NR       uint64        // number of the last call, as in the register (-n)
	Numbered bool          // NR is known
	IP       uint64        // at the stop that is being recorded (-i)
	Since    time.Duration // since the previous line of any tracee (-r)

	log *Log
}

// Many reports whether the log has records of several live tracees.
func (t *Tracee) Many() bool { return t.log.live > 1 }

// Header is what is known of a call at its start, besides its arguments.
type Header struct {
	Time  time.Time // of the enter-stop
	ABI   tables.ABI
	NR    uint64 // as in the register
	Name  string // of the call decoded: "connect" even if made through socketcall
	IP    uint64 // instruction pointer, when Options.IP is set
	Entry string // kernel function that serves NR, when Options.EntryPoints is set

	Via *socketcall.Via // the multiplexer through which the call was made, or nil
}

// Result is what is known of a call at its end, besides its value.
type Result struct {
	Duration time.Duration // from syscall-enter-stop to syscall-exit-stop
	Tampered string        // what was injected into the call: "INJECTED", "INJECTED: args"; or empty
	Delayed  bool          // the call or its return was delayed
	Regs     *RegisterView // what --regs shows, or nil
}

// EventKind says what happened to a tracee.
type EventKind uint8

const (
	Stopped     EventKind = iota // by Signal, a group-stop
	Exited                       // with Code
	Killed                       // by Signal, perhaps with Core
	Personality                  // the calls that follow are of ABI
	Superseded                   // Thread called execve and now has the leader's id
)

// String returns the name of the event in JSON and CSV.
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
