// Package early records what the program was started with before the Go runtime
// changes it: that opens /dev/null for standard descriptors which are closed,
// catches signals which were ignored, unblocks some which were blocked, and
// raises the limit of open files. It also makes room for the runtime where
// resource limits leave too little.
//
// Without cgo all of that happens because the package is linked into a program.
// With cgo, a part of it is found in variables of the runtime, if the program has
// a symbol table.
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
	pending  uint64 // blocked signals that were pending, and were taken
)

// unblockedByRuntime are the signals that the runtime unblocks, whatever was
// blocked: blockableSig and sigtable of its source tell.
const unblockedByRuntime = 1<<(unix.SIGHUP-1) | 1<<(unix.SIGINT-1) | 1<<(unix.SIGQUIT-1) | 1<<(unix.SIGILL-1) |
	1<<(unix.SIGTRAP-1) | 1<<(unix.SIGABRT-1) | 1<<(unix.SIGBUS-1) | 1<<(unix.SIGFPE-1) | 1<<(unix.SIGSEGV-1) |
	1<<(unix.SIGTERM-1) | 1<<(unix.SIGSTKFLT-1) | 1<<(unix.SIGCHLD-1) | 1<<(unix.SIGURG-1) | 1<<(unix.SIGPROF-1) |
	1<<(unix.SIGSYS-1) | 1<<(32-1) | 1<<(33-1) | 1<<(34-1)

// unblocked is first the same, and then those of them that were blocked.
var unblocked uint64 = unblockedByRuntime

// limit is a resource limit that the runtime changes or needs changed. Amounts
// are in bytes, or descriptors.
type limit struct {
	resource uint64
	need     uint64 // below that it is raised, if that is allowed
	minimum  uint64 // with less the runtime does not start
	lowered  uint64 // what it is set to for the start if it cannot be raised; 0: to nothing else
	found    unix.Rlimit
	changed  bool
	message  string // what is missing
}

// limits are the limits that matter. The runtime reserves address space for an
// index of the heap, half a gigabyte twice. The second time it makes do with less
// where that fails, but where it succeeds by a hair the rest fails.
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

// openFiles is where in limits the limit of open files is.
const openFiles = 2

// Surroundings are what the program was started with, or nil if that is unknown.
func Surroundings() *tracer.Surroundings {
	if !recorded {
		return nil
	}
	s := &tracer.Surroundings{Ignored: ignored, Blocked: blocked, Pending: pending, ClosedFDs: closed}
	for i, l := range limits {
		if l.changed || i == openFiles { // the package os raises that
			s.Limits = append(s.Limits, tracer.Limit{Resource: int(l.resource), Rlimit: l.found})
		}
	}
	return s
}

// Blocked says whether the program was started with a signal blocked.
func Blocked(sig unix.Signal) bool { return blocked&(1<<(sig-1)) != 0 }

// ending are signals that end a program, unless they are ignored.
var ending uint64 = 1<<(unix.SIGHUP-1) | 1<<(unix.SIGINT-1) | 1<<(unix.SIGQUIT-1) | 1<<(unix.SIGABRT-1) | 1<<(unix.SIGTERM-1)

// kept are the signals whose action the runtime does not get to set: first those
// for which its handler would print a traceback, then also those of ending that
// were ignored or blocked, which no signal of any Go program stays.
var kept uint64 = 1<<(unix.SIGQUIT-1) | 1<<(unix.SIGABRT-1)

// init does what is left to do when there is Go.
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

// Catch has a signal handled by the runtime. signal.Notify takes it for granted
// that signals are which the runtime was to handle from the start.
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

// changeAction sets the action of a signal behind the back of the runtime.
func changeAction(sig unix.Signal, action, old *sigaction) {
	unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(sig), uintptr(unsafe.Pointer(action)), uintptr(unsafe.Pointer(old)), 8, 0, 0)
}
