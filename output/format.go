package output

import (
	"slices"
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
	Tail  string // last line of each file, or empty
	Lacks Parts  // parts of a trace that it cannot show

	// Processes says that the format has records of processes that start and call execve,
	// and that its records name the process of a thread and its parent.
	Processes bool
	// StringLimit is the number of bytes of a string that are shown by
	// default.
	StringLimit int

	// Head, if not nil, writes the first record of each file.
	Head func(o *Options, r *Run) []byte
	// Message, if not nil, writes a message of the tracer's own as a record.
	// Otherwise messages are lines of text.
	Message func(o *Options, at time.Time, text string) []byte

	// New makes the Writer of one tracee's records. It may keep both arguments:
	// Record updates t, and the colours in o may be set later.
	New func(o *Options, t *Tracee) Writer
}

// Parts is a set of parts of a trace that not every format can show.
type Parts uint16

const (
	Stacks       Parts = 1 << iota // of calls, signals and stops (-k)
	Registers                      // beside calls (--regs)
	Dumps                          // of data that is read or written (--read, --write)
	VCPUs                          // the state of virtual processors (--kvm)
	FinalSummary                   // totals after the calls (-C)
	Entries                        // of calls that have just begun, as additional records (--in-progress)
	Tables                         // summaries and other tables in place of records (-c)
	Appending                      // a trace after another in the same file (-A)
	KernelPaths                    // functions that the kernel ran (--kernel-path)
)

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

	// EndWaiting ends the record of a call that a thread sleeps in (Header.Waiting).
	EndWaiting(w *Waiting, s *Stack)
	// Deadlock writes a cycle of threads that wait for each other.
	Deadlock(d *Deadlock)

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

// EntryWriter is a Writer that can write a record at the entry of a call, with
// Options.Entries. Record checks whether a Writer is one.
type EntryWriter interface {
	Writer

	// Entry returns a complete record of the call so far, separate from what Take returns.
	// It is valid until the next call of a method.
	Entry() []byte
}

// Tracee is the data that identifies a tracee in its records.
type Tracee struct {
	PID      int    // thread id
	TGID     int    // process id, or 0 if it is not known
	PPID     int    // process id of the parent, or 0 if it is not known
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
	Name  string // of the decoded call: "connect" even if made through socketcall
	IP    uint64 // instruction pointer, when Options.IP is set
	Entry string // kernel function that serves NR, when Options.EntryPoints is set

	// Waiting says that the call is one that the thread sleeps in. It is ended by
	// EndWaiting. Name is empty if the thread is in no call.
	Waiting bool
	// Undecided says that the call is held back until Record.Choose or Refuse.
	Undecided bool

	Via *socketcall.Via // the multiplexer through which the call was made, or nil
}

// Result is what is known of a call at its end, besides its value.
type Result struct {
	Duration time.Duration // from syscall-enter-stop to syscall-exit-stop
	Tampered string        // what was injected into the call: "INJECTED", "INJECTED: args"; or empty
	Rule     int           // which injection rule that was, counted from 1; 0 for none
	Delayed  bool          // the call or its return was delayed
	Reason   string        // why the call failed (--explain), or empty
	Regs     *RegisterView // what --regs shows, or nil
	Kernel   *KernelPath   // what --kernel-path shows, or nil
}

// EventKind says what happened to a tracee.
type EventKind uint8

const (
	Stopped     EventKind = iota // by Signal, a group-stop
	Exited                       // with Code
	Killed                       // by Signal, perhaps with Core
	Personality                  // the following calls are of ABI
	Superseded                   // Thread called execve and now has the leader's id
	Started                      // the trace of Process began
	Executed                     // execve has replaced the program by that of Process
)

// String returns the name of the event in JSON and CSV.
func (k EventKind) String() string {
	return eventNames[k]
}

// EventNames returns the names of all events.
func EventNames() []string { return slices.Clone(eventNames[:]) }

var eventNames = [...]string{Stopped: "stop", Exited: "exit", Killed: "killed", Personality: "personality",
	Superseded: "superseded", Started: "start", Executed: "exec"}

// Event is something that happens to a tracee and has no values.
type Event struct {
	Kind   EventKind
	Signal string // name
	Code   int    // exit status
	Core   bool   // core dumped
	ABI    tables.ABI
	Thread int

	Process *Process // of Started and Executed
	Usage   *Usage   // of Exited and Killed, if it is known
}

// Process is what is known of a process when its trace begins, or after an
// execve.
type Process struct {
	How    string // how it came to be traced: "launched", "attached", "created"; or empty
	Parent int    // id of the thread that created it, if that is traced, else 0
	UID    int    // real user id, or -1 if it is not known

	// Paths, and the program's arguments, each followed by a NUL; nil if they
	// are not known. They are bytes that a tracee has chosen.
	Exe, Dir, Args []byte
}

// Usage is the resources that a process has used, with those of its children
// that it has waited for.
type Usage struct {
	User, System             time.Duration // processor time
	MaxRSS                   int64         // greatest size in memory, in KiB
	MinorFaults, MajorFaults int64
	BlocksIn, BlocksOut      int64 // of 512 bytes, of file systems
	Voluntary, Involuntary   int64 // context switches
}

// Run is the content of the first record of a trace.
type Run struct {
	Version string
	// Options are the arguments of the tracer before Command, which is the
	// command launched, with its arguments; nil for none.
	Options, Command []string

	Kernel, Release, Build, Machine string // as uname(2) gives them
	Host                            string
	PID                             int // of the tracer

	// Began is when the trace began, if that is not now, and Clocks are the clocks at that
	// time.
	Began  time.Time
	Clocks Clocks
}
