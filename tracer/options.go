//go:build linux && amd64

package tracer

import (
	"trapline/tables"
	"trapline/tracer/colocate"
)

// Colocation controls whether tracees that make many calls are kept on the
// tracer's processor.
type Colocation = colocate.Mode

// The modes of co-location. Package colocate explains them.
const (
	ColocateAuto   = colocate.Auto
	ColocateAlways = colocate.Always
	ColocateNever  = colocate.Never
)

// Options control how to trace.
type Options struct {
	// Follow traces the tasks that a tracee creates by fork, vfork, clone and
	// clone3, and attaches to all threads of a process.
	Follow bool

	// FollowDepth limits Follow to a number of generations of processes. The children of the
	// launched command and of the attached processes are generation 1. With OnlyThreads, only
	// threads are followed. 0 means no limit. FollowDepth must not be used with Traced.
	// Processes beyond the limit are detached before they run, and co-location ignores them.
	FollowDepth int

	// DetachOnExec detaches a tracee after a successful execve, except the
	// execve of a launched command.
	DetachOnExec bool

	// KillOnExit kills the tracees when the tracer dies, whatever the reason. After an
	// interrupt the tracees are not detached, but die with the tracer.
	KillOnExit bool

	// Colocate controls whether tracees are kept on the tracer's processor.
	Colocate Colocation

	// Traced, if not nil, selects the calls at which a launched command stops: a seccomp
	// filter lets all others pass. It is called with the numbers of each ABI, without x32's
	// bit. It is called once with a number that is greater than all known ones, and the
	// answer applies to all such numbers. Some calls are reported even if it does not select
	// them: execve, userfaultfd, mount, those that co-location has to see (including calls
	// that open files), those that may install a filter or create a task with CLONE_UNTRACED,
	// and all calls of a tracee that has installed a filter.
	//
	// It needs Follow, since children inherit the filter, and implies KillOnExit, since the
	// calls would fail without a tracer. For the same reason, after an interrupt Next returns
	// io.EOF only when the last of these tracees has ended, and tasks created with
	// CLONE_UNTRACED are tracees without events.
	//
	// The tracees can see the filter. If another filter is already in force (UnderFilter),
	// calls that it refuses are not reported.
	Traced func(abi tables.ABI, nr uint64) bool

	// Buffered, if not nil, allows calls of a launched command to be reported without a stop,
	// where possible. It is called at most once for each number of the x86-64 ABI. It needs
	// Traced, a command with Follow, and a machine where CanBuffer returns nil.
	//
	// The Enter and Exit of such a call come late and have Event.Time. The registers of the
	// tracee are not those at the call, and only the memory that was kept is available.
	Buffered func(nr uint64) BufferedCall

	// BufferedNames says that the caller asks what descriptors refer to and where paths lead
	// when a buffered call is reported. Buffered must then make all calls stop that may
	// change the answers.
	BufferedNames bool

	// BufferedTimes says that the Exit of a buffered call needs its own Event.Time. Otherwise
	// it has that of the Enter.
	BufferedTimes bool

	// Lasting, if not nil, reports whether what is shown of a descriptor remains the same
	// until the descriptor is closed. Calls whose description has a BufferedListed operation
	// stop unless their descriptors are of this kind. BufferedCall.Closes says which
	// descriptors a call closes.
	Lasting func(tr *Tracee, fd uint64) bool

	// OnlyCommand omits the events of tasks that the command creates. These tasks are
	// nevertheless tracees, because a filter requires Follow.
	OnlyCommand bool

	// ProcessesOnly reports no calls, except those of a launched command up to its execve.
	// The other events are the beginning, execve and end of tasks, and signals. It must not
	// be used with Traced.
	ProcessesOnly bool

	// Usage fills in Event.Usage. Tracees then do not take turns with the tracer.
	Usage bool
	// EndUsage fills in Event.Usage for Exited and Killed only.
	EndUsage bool

	// Debug, if not nil, is called with messages about the engine: wait statuses, requests,
	// new and ended tracees, and the kernel's features.
	Debug func(line string)
}
