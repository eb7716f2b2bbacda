//go:build linux && amd64

// Package early records the program's initial state before the Go runtime
// changes it: the runtime opens /dev/null for closed standard descriptors,
// catches signals that were ignored, unblocks some that were blocked, and
// raises the limit of open files. It also makes room for the runtime if
// resource limits leave too little.
//
// Without cgo it suffices to link the package into a program. With cgo, it
// finds a part of the state in variables of the runtime, if the program has a
// symbol table.
package early

import (
	"unsafe"

	"golang.org/x/sys/unix"

	"trapline/tracer"
)

// Written by early_amd64.s before the runtime starts.
var (
	recorded bool
	closed   uint64 // descriptors, bit n for descriptor n
	ignored  uint64 // signals, bit n-1 for signal n
	blocked  uint64
	pending  uint64 // blocked signals that were pending, and were consumed
)

// unblockedByRuntime are the signals that the runtime unblocks in any case: see
// blockableSig and sigtable in its source.
const unblockedByRuntime = 1<<(unix.SIGHUP-1) | 1<<(unix.SIGINT-1) | 1<<(unix.SIGQUIT-1) | 1<<(unix.SIGILL-1) |
	1<<(unix.SIGTRAP-1) | 1<<(unix.SIGABRT-1) | 1<<(unix.SIGBUS-1) | 1<<(unix.SIGFPE-1) | 1<<(unix.SIGSEGV-1) |
	1<<(unix.SIGTERM-1) | 1<<(unix.SIGSTKFLT-1) | 1<<(unix.SIGCHLD-1) | 1<<(unix.SIGURG-1) | 1<<(unix.SIGPROF-1) |
	1<<(unix.SIGSYS-1) | 1<<(32-1) | 1<<(33-1) | 1<<(34-1)

// unblocked is at first the same, and then reduced to those that were blocked.
var unblocked uint64 = unblockedByRuntime

// limit is a resource limit that the runtime changes or needs changed. Amounts
// are in bytes, or descriptors.
type limit struct {
	resource uint64
	need     uint64 // below this it is raised, if that is allowed
	minimum  uint64 // below this the runtime does not start
	lowered  uint64 // the value for the start if it cannot be raised; 0: it is not lowered
	found    unix.Rlimit
	changed  bool
	message  string // what is missing
}

// limits are the limits that matter. The runtime reserves address space for an
// index of the heap, half a gigabyte twice. If the second reservation fails it
// uses less, but if it barely succeeds, everything after it fails.
var limits = [...]limit{
	{
		resource: unix.RLIMIT_AS, need: 2 << 30, minimum: 800 << 20, lowered: 800 << 20,
		message: "trapline: needs 800 MB of address space: ulimit -v 819200\n",
	},
	{
		resource: unix.RLIMIT_DATA, need: 64 << 20, minimum: 48 << 20,
		message: "trapline: needs 48 MB of data: ulimit -d 49152\n",
	},
	openFiles: {resource: unix.RLIMIT_NOFILE, need: 16},
}

// openFiles is the index in limits of the limit of open files.
const openFiles = 2

// Surroundings returns the program's initial state, or nil if it is unknown.
func Surroundings() *tracer.Surroundings {
	if !recorded {
		return nil
	}
	s := &tracer.Surroundings{Ignored: ignored, Blocked: blocked, Pending: pending, ClosedFDs: closed}
	for i, l := range limits {
		if l.changed || i == openFiles { // package os raises that
			s.Limits = append(s.Limits, tracer.Limit{Resource: int(l.resource), Rlimit: l.found})
		}
	}
	return s
}

// Blocked reports whether a signal was blocked when the program was started.
func Blocked(sig unix.Signal) bool { return blocked&(1<<(sig-1)) != 0 }

// ending are signals that end a program, unless they are ignored.
var ending uint64 = 1<<(unix.SIGHUP-1) | 1<<(unix.SIGINT-1) | 1<<(unix.SIGQUIT-1) | 1<<(unix.SIGABRT-1) | 1<<(unix.SIGTERM-1)

// kept are the signals whose action the runtime may not set: at first those for
// which its handler would print a traceback, then also those of ending that
// were ignored or blocked, which the runtime would otherwise undo.
var kept uint64 = 1<<(unix.SIGQUIT-1) | 1<<(unix.SIGABRT-1)

// init does the part that needs Go.
func init() {
	if !recorded {
		findInRuntime()
		for sig := unix.SIGHUP; sig <= unix.SIGTERM; sig++ {
			bit := uint64(1) << (sig - 1)
			switch {
			case (ignored|blocked)&ending&bit != 0:
				changeAction(sig, &sigaction{handler: sigIgn}, nil)
			case kept&bit != 0:
				changeAction(sig, &sigaction{handler: sigDfl}, nil)
			}
		}
	}
	for i := range limits {
		if l := &limits[i]; l.changed && l.lowered != 0 && l.found.Cur >= l.minimum {
			unix.Prlimit(0, int(l.resource), &l.found, nil)
		}
	}
}

// Actions of signals: asm-generic/signal-defs.h.
const (
	sigDfl = 0
	sigIgn = 1
)

// Catch makes the runtime handle a signal. signal.Notify assumes this for
// signals that the runtime normally handles from the start.
func Catch(sig unix.Signal) {
	kept &^= 1 << (sig - 1)
	var action sigaction
	changeAction(unix.SIGUSR1, nil, &action) // it has the same handler
	changeAction(sig, &action, nil)
}

// sigaction is the kernel's struct sigaction.
type sigaction struct {
	handler, flags, restorer uintptr
	mask                     uint64
}

// changeAction sets the action of a signal without the runtime's knowledge.
func changeAction(sig unix.Signal, action, old *sigaction) {
	unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(sig), uintptr(unsafe.Pointer(action)), uintptr(unsafe.Pointer(old)), 8, 0, 0)
}
