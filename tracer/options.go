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

	// FollowDepth limits Follow to a number of generations of processes: 1 stands for
	// the children of the launched command and of the processes attached to. With
	// OnlyThreads only threads are followed. 0 means no limit. It must not be used with
	// Traced. The other processes are let go before they run, and co-location does not
	// take them into account.
	FollowDepth int

	// DetachOnExec detaches a tracee after a successful execve, except the
	// execve of a launched command.
	DetachOnExec bool

	// KillOnExit kills the tracees when the tracer dies, however it dies. An
	// interrupted trace relies on that instead of detaching them.
	KillOnExit bool

	// Colocate controls whether tracees are kept on the tracer's processor.
	Colocate Colocation

	// Traced, if not nil, selects the calls at which a launched command stops:
	// a seccomp filter lets all others pass. It is called with the numbers of
	// each ABI, without x32's bit; its answer for one number past all tables
	// applies to all such numbers. Some calls are reported even if it does not
	// select them: execve, userfaultfd, mount, those that co-location has to see
	// (including calls that open files), those that may install a filter or
	// create a task with CLONE_UNTRACED, and all calls of a tracee that has
	// installed a filter.
	//
	// It needs Follow, since children inherit the filter, and implies
	// KillOnExit, since the calls would fail without a tracer. For the same
	// reason, after an interrupt Next returns io.EOF only when the last of
	// these tracees has ended, and tasks created with CLONE_UNTRACED are
	// tracees without events.
	//
	// The tracees can see the filter. If another filter is already in force
	// (UnderFilter), calls that it refuses are not reported.
	Traced func(abi tables.ABI, nr uint64) bool

	// Buffered, if not nil, lets calls of a launched command be reported without
	// a stop where that is possible. It is asked at most once for each number
	// of the x86-64 ABI. It needs Traced, a command with Follow, and a machine where
	// CanBuffer returns nil.
	//
	// Enter and Exit of such a call come late and have Event.Time; the registers
	// of the tracee are not those of the call, and of its memory there is only
	// what was kept.
	Buffered func(nr uint64) BufferedCall

	// BufferedNames says that what descriptors refer to, and where paths lead, is
	// asked when a buffered call is reported. Buffered has to let all calls stop that
	// may change that.
	BufferedNames bool

	// BufferedTimes says that Event.Time is needed at the Exit of buffered calls. It is
	// that of the Enter if it is not.
	BufferedTimes bool

	// Lasting, if not nil, says whether what is shown of a descriptor lasts until it
	// is closed. Where a BufferedOp is BufferedListed, calls with other descriptors
	// stop. A BufferedCall has the descriptors that it closes.
	Lasting func(tr *Tracee, fd uint64) bool

	// OnlyCommand returns no events of tasks that the command creates, although
	// Follow, which a filter needs, makes them tracees.
	OnlyCommand bool

	// ProcessesOnly stops tracees at no calls, except for those of a launched command up
	// to its execve: events are those of tasks that begin, call execve and end, and of
	// signals. It must not be used with Traced.
	ProcessesOnly bool

	// Usage fills Event.Usage. Tracees then do not take turns with the tracer.
	Usage bool
	// EndUsage fills Event.Usage for Exited and Killed only.
	EndUsage bool

	// Debug, if not nil, is called with messages about the engine: wait
	// statuses, requests, tracees that come and go, the kernel's features.
	Debug func(line string)
}
