//go:build linux && amd64

package trace

import (
	"trapline/decode"
	"trapline/decode/registers"
	"trapline/output"
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
	// DetachOnExec detaches from a process after a successful execve, except
	// the execve that starts a command.
	DetachOnExec bool
	// KillOnExit kills all traced processes when the trace is interrupted, or
	// when this program dies.
	KillOnExit bool
	// Limit is the number of calls to trace before the session detaches from
	// all processes; 0 is no limit.
	Limit uint64

	Calls       *CallSet   // calls to trace; nil for all
	Statuses    *StatusSet // how a call must end to be shown; nil for any way
	Signals     *SignalSet // signals to trace; nil for all
	Paths       []string   // if not empty, trace only calls that use one of these files
	Descriptors *FDSet     // if not nil, trace only calls that use one of these descriptors, or Paths

	// Injections change what calls do. If several select a call, the last one
	// applies.
	Injections []*Injection

	// StringLimit is the number of bytes of a string to show: 0 stands for 32,
	// and a negative number for none.
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

	// Handler is called for calls, signals and processes.
	Handler Handler

	// Output is where records are written; nil for nowhere. Looks controls
	// their form; the default format is text. With Follow, Looks.PID
	// distinguishes the text lines of several processes. The session itself
	// sets Looks.Statuses, Looks.Sparse and Looks.Palette.
	Output *Destination
	Looks  Looks
	// Colors returns the colors of the output, which may be a terminal, or nil
	// for none. A nil function means none.
	Colors func(terminal bool) *output.Palette
	// Quiet omits messages and records.
	Quiet Quiet

	// Summary, if not nil, counts the calls. It is written at the end of the
	// output. If its Columns are nil, it gets the default ones.
	Summary *Summary
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
	// Colocate controls whether processes that make many calls are kept on the
	// session's processor, which makes tracing fast. For this, a session may
	// fork this program. See package trapline/tracer/colocate.
	Colocate Colocation

	// Adopt, if not nil, is a process that becomes the command, in place of a
	// new one.
	Adopt *Adoption
}

// Types of other packages used in Options.
type (
	Destination  = output.Destination // see there
	Looks        = output.Options     // how the output looks: format, times, columns
	StatusSet    = output.StatusSet   // ways for a call to end, see ParseStatuses
	Summary      = output.Summary     // calls counted
	FDs          = decode.FDs         // see ParseDecodeFDs
	PIDs         = decode.PIDs        // see ParseDecodePIDs
	VCPUs        = decode.VCPUs
	Contexts     = decode.Contexts   // see ParseContexts
	StackFrame   = output.StackFrame // a function that is being executed
	RegisterSets = registers.Sets    // see ParseRegisterSets
	Colocation   = tracer.Colocation
	AttachError  = tracer.AttachError
	LaunchError  = tracer.LaunchError // see there, as for the others
	Credential   = tracer.Credential
	Surroundings = tracer.Surroundings
)

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
	QuietExit                             // records of processes that end
	QuietPathResolution                   // messages of what Paths resolve to
	QuietPersonality                      // records of processes that change their ABI
	QuietSuperseded                       // records of threads whose execve ends all others

	QuietAll = QuietAttach | QuietExit | QuietPathResolution | QuietPersonality | QuietSuperseded
)

// AllFDs has every bit of FDs, AllPIDs every bit of PIDs.
const (
	AllFDs  = decode.FDPath | decode.FDSocket | decode.FDDevice | decode.FDEventfd | decode.FDPidfd | decode.FDSignalfd
	AllPIDs = decode.PIDComm | decode.PIDNamespace
)

// decoderOptions returns the options for the decoder.
func (o *Options) decoderOptions() decode.Options {
	limit := o.StringLimit
	switch {
	case limit == 0:
		limit = 32
	case limit < 0:
		limit = 0
	}
	return decode.Options{
		StringLimit: limit, FDs: o.DecodeFDs, PIDs: o.DecodePIDs, Namespaces: o.Namespaces, VCPUs: o.VCPUs, Contexts: o.DecodeContexts,
	}
}
