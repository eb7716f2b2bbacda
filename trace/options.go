//go:build linux && amd64

package trace

import (
	"time"

	"trapline/decode"
	"trapline/decode/registers"
	"trapline/output"
	"trapline/trace/recording"
	"trapline/tracer"
)

// Options control what a Session traces and what it does with the trace. The
// zero value traces all calls of one process, and writes nothing: set Output,
// Handler or Summary to get a result.
//
// The comment of each set says what nil means.
type Options struct {
	// Follow also traces the processes and threads that a traced process
	// creates, and all threads of a process attached to.
	Follow bool
	// FollowDepth limits Follow to a number of generations of processes: 1 stands for
	// the children of the command and of the processes attached to. OnlyThreads follows
	// only threads, and 0 means no limit.
	FollowDepth int
	// DetachOnExec detaches from a process after a successful execve, except
	// the execve that starts a command.
	DetachOnExec bool
	// KillOnExit kills all traced processes when the trace is interrupted, or
	// when this program dies.
	KillOnExit bool
	// Limit is the number of calls to trace before the session detaches from
	// all processes; 0 means no limit.
	Limit uint64

	Calls    *CallSet   // calls to trace; nil for all
	Statuses *StatusSet // how a call must end to be shown; nil for any way
	Errnos   *ErrnoSet  // errors of failed calls to be shown; nil for any
	Signals  *SignalSet // signals to trace; nil for all
	// Paths, if not empty, selects the calls that use certain files. Each is the name
	// of a file; the name of a folder with a slash at the end, for all files below it;
	// or a pattern with *, ?, [...], {...,...} and, for any number of folders, **. Those
	// that begin with ! or ^ are exceptions; the last one that matches a file decides.
	// Calls find a file by any path that leads to it, and by a descriptor.
	Paths []string
	// StrictPaths takes all Paths for names, and compares them with the paths that
	// calls pass as these are written.
	StrictPaths bool

	Descriptors *FDSet // if not nil, trace only calls that use one of these descriptors, or Paths

	// Where are conditions that must hold for a call to be shown. Conditions that ask for
	// something that other records have choose those as well. A call is held back until it
	// is decided whether it is shown.
	Where []*Condition
	// StartOn, if not nil, is the condition on the record with which the trace begins;
	// earlier records are not shown. StopOn is the condition on the record with which it
	// ends: then the session detaches from all processes.
	StartOn, StopOn *Condition
	// StopAfter and StopSize, unless they are 0, end the trace in the same way:
	// after some time, and when the output has at least that many bytes.
	StopAfter time.Duration
	StopSize  uint64

	// Injections change what calls do. If several fit a call, the first one applies.
	Injections []*Injection

	// StringLimit is the number of bytes of a string to show: 0 stands for what
	// the format shows by default, 32 in text, and a negative number for none.
	StringLimit int
	Abbrev      *CallSet // calls whose structs are cut short; nil for all
	Verbose     *CallSet // calls whose structs are shown; nil for all
	Raw         *CallSet // calls whose arguments are shown as bare numbers; nil for none
	ReadFDs     *FDSet   // descriptors of which all data read is dumped; nil for none
	WriteFDs    *FDSet   // descriptors of which all data written is dumped; nil for none

	DecodeFDs  FDs  // details shown with descriptors
	DecodePIDs PIDs // details shown with process ids
	Namespaces bool // show which namespaces processes enter
	// DecodeContexts selects the SELinux contexts of processes, files and
	// descriptors to show.
	DecodeContexts Contexts
	VCPUs          VCPUs // what to show of KVM's virtual processors

	Registers    RegisterModes // what to show of registers
	RegisterSets RegisterSets  // which registers; 0 for the default ones
	Stacks       StackMode     // whether calls come with their call stacks
	StackLimit   int           // maximum number of frames of a stack; 0 for the default
	MangledNames bool          // names of C++ and Rust in stacks are shown as they are in files

	// KernelPath, if not nil, shows which functions the kernel ran in calls. It needs
	// rights that usually only root has.
	KernelPath *KernelPath

	// Rings shows, with io_uring_enter, the requests that the call submits and those that
	// were completed.
	Rings bool

	// Explain shows why calls fail, if that can be determined.
	Explain bool
	// ExplainLast writes nothing until the end. If the command or a process attached to
	// has failed by then, it writes the calls that most likely made it fail, with the
	// reasons.
	ExplainLast bool

	// Hang, unless it is 0, is how long a call may take before it is reported, once, what
	// its process waits for and on whom: see Why.
	Hang time.Duration
	// Waits allows Session.WriteWaits, which needs to know when each call began.
	Waits bool

	// Handler is called for calls, signals and processes.
	Handler Handler
	// Files fills in Call.Files for the Handler.
	Files bool
	// Describe fills in the members of Process beyond its ids and its end.
	Describe bool
	// ProcessesOnly reports only processes that start, call execve and end, and signals:
	// no calls except the execve of a launched command. Processes then run at nearly
	// full speed.
	ProcessesOnly bool

	// Output is where records are written; nil for nowhere. Looks controls
	// their form; the default format is text. With Follow, Looks.PID
	// distinguishes the text lines of several processes. The session itself
	// sets Looks.Statuses, Looks.Sparse and Looks.Palette.
	Output *Destination
	Looks  Looks
	// Colors returns the colors of the output, which may be a terminal, or nil
	// for none. A nil function means none.
	Colors func(terminal bool) *output.Palette
	// Keep, if not 0, is the number of records of each thread to keep in memory.
	// They are written only when DumpOn or Session.Dump says so.
	Keep   int
	DumpOn DumpOn
	// Quiet omits messages and records.
	Quiet Quiet

	// Summary, if not nil, counts the calls. It is written at the end of the
	// output. If its Columns are nil, it gets the default ones.
	Summary *Summary
	// SummaryEvery, if it is not 0, is how often a table of the calls since the
	// previous one is written.
	SummaryEvery time.Duration
	// SummaryOnly omits all records except those of Summary.
	SummaryOnly bool

	// Name starts each message for the user, such as "trapline: Process 123
	// attached". Messages go to standard error. If Name is empty, there are
	// none.
	Name string
	// Debug adds messages about the engine. It needs Name.
	Debug bool

	// Seccomp gives launched commands a seccomp filter, with which only Calls
	// stop. It needs Follow. A process with such a filter cannot live without
	// its tracer: after an interrupt the session continues, without output,
	// until the last of them has ended.
	Seccomp bool
	// Buffered lets calls of a launched command be recorded without a stop. Such a command
	// also has a seccomp filter, with the consequences described at Seccomp.
	Buffered Buffering
	// Colocate controls whether processes that make many calls are kept on the
	// session's processor, which makes tracing fast. For this, a session may
	// fork this program. See package trapline/tracer/colocate.
	Colocate Colocation

	// Record, if not nil, records the trace: all calls of Calls, regardless of the other
	// options that choose calls.
	Record *Recording
	// From, if not nil, is a recording whose events the Session gets: nothing is launched
	// or attached to. Span, unless it is zero, and Part, unless it is nil, select a part
	// of it.
	From *recording.Reader
	Span Span
	Part *Part

	// Adopt, if not nil, is a process that becomes the command, in place of a
	// new one.
	Adopt *Adoption
}

// Types of other packages used in Options.
type (
	Destination  = output.Destination // see there
	Looks        = output.Options     // how the output looks: format, times, columns
	StatusSet    = output.StatusSet   // ways for a call to end, see ParseStatuses
	ErrnoSet     = output.ErrnoSet    // errors of calls, see ParseStatuses
	Summary      = output.Summary     // calls counted
	FDs          = decode.FDs         // see ParseDecodeFDs
	PIDs         = decode.PIDs        // see ParseDecodePIDs
	VCPUs        = decode.VCPUs
	Contexts     = decode.Contexts   // see ParseContexts
	StackFrame   = output.StackFrame // a function that is being executed
	Usage        = output.Usage      // resources that a process has used
	RegisterSets = registers.Sets    // see ParseRegisterSets
	Colocation   = tracer.Colocation
	AttachError  = tracer.AttachError
	LaunchError  = tracer.LaunchError // see there, as for the others
	Credential   = tracer.Credential
	Surroundings = tracer.Surroundings
)

// OnlyThreads is a value of Options.FollowDepth.
const OnlyThreads = tracer.OnlyThreads

// Values of Options.Colocate.
const (
	ColocateAuto   = tracer.ColocateAuto   // where it helps and leaves no trace
	ColocateAlways = tracer.ColocateAlways // whatever the load
	ColocateNever  = tracer.ColocateNever
)

// Values of Looks.PID and Looks.Clock.
const (
	PIDColumn  = output.PIDColumn  // lines start with a pid
	PIDMany    = output.PIDMany    // the same, once there is more than one process
	ClockTime  = output.ClockTime  // lines have the time of day
	ClockEpoch = output.ClockEpoch // lines have the seconds since 1970
)

// Values of Options.VCPUs.
const (
	VCPUExit  = decode.VCPUExit  // why KVM_RUN returned
	VCPUState = decode.VCPUState // the reason, and the registers
)

// Quiet is a set of messages and records to omit.
type Quiet uint8

const (
	QuietAttach         Quiet = 1 << iota // messages of processes attached and detached
	QuietExit                             // records of processes that exit; not of those that are killed
	QuietPathResolution                   // messages of what Paths resolve to
	QuietPersonality                      // records of processes that change their ABI
	QuietSuperseded                       // records of threads whose execve ends all others
	QuietInjection                        // messages of Injections that have changed no call

	QuietAll = QuietAttach | QuietExit | QuietPathResolution | QuietPersonality | QuietSuperseded | QuietInjection
)

// SocketFDs is the bit of FDs for protocols and addresses of sockets. AllFDs has every bit
// of FDs, AllPIDs every bit of PIDs.
const (
	SocketFDs = decode.FDSocket

	AllFDs  = decode.FDPath | decode.FDSocket | decode.FDDevice | decode.FDEventfd | decode.FDPidfd | decode.FDSignalfd
	AllPIDs = decode.PIDComm | decode.PIDNamespace
)

// decoderOptions returns the options for the decoder.
func (o *Options) decoderOptions() decode.Options {
	limit := o.StringLimit
	switch {
	case limit == 0:
		limit = 32
		if f := o.Looks.Format; f != nil && f.StringLimit != 0 {
			limit = f.StringLimit
		}
	case limit < 0:
		limit = 0
	}
	return decode.Options{
		StringLimit: limit, FDs: o.DecodeFDs, PIDs: o.DecodePIDs, Namespaces: o.Namespaces, VCPUs: o.VCPUs, Contexts: o.DecodeContexts, Rings: o.Rings,
	}
}
