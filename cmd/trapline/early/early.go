//go:build linux && amd64

// Package early records the program's initial state before the Go runtime
// changes it: the runtime opens /dev/null for closed standard descriptors,
// catches signals that were ignored, unblocks some that were blocked, and
// raises the limit of open files. It also makes room for the runtime if
// resource limits leave too little, and populates the memory that each start uses.
//
// It suffices to link the package into a program.
package early

import (
	"math"
	"os/signal"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"

	_ "trapline/cmd/trapline/early/cthreads"
	"trapline/tracer"
)

// Written by early_amd64.s before the runtime starts.
var (
	closed  uint64 // descriptors, bit n for descriptor n
	ignored uint64 // signals, bit n-1 for signal n
	blocked uint64
	pending uint64 // blocked signals that were pending, and were consumed
)

// unblockedByRuntime are the signals that the runtime unblocks in any case: see
// blockableSig and sigtable in its source.
const unblockedByRuntime = 1<<(unix.SIGHUP-1) | 1<<(unix.SIGINT-1) | 1<<(unix.SIGQUIT-1) | 1<<(unix.SIGILL-1) |
	1<<(unix.SIGTRAP-1) | 1<<(unix.SIGABRT-1) | 1<<(unix.SIGBUS-1) | 1<<(unix.SIGFPE-1) | 1<<(unix.SIGSEGV-1) |
	1<<(unix.SIGTERM-1) | 1<<(unix.SIGSTKFLT-1) | 1<<(unix.SIGCHLD-1) | 1<<(unix.SIGURG-1) | 1<<(unix.SIGPROF-1) |
	1<<(unix.SIGSYS-1) | 1<<(32-1) | 1<<(33-1) | 1<<(34-1)

// unblocked is at first the same, and then reduced to those that were blocked.
var unblocked uint64 = unblockedByRuntime

// startSlack is the slack of timers while the runtime starts, in nanoseconds: how much
// later a sleep may end. The thread that watches the others (sysmon of runtime/proc.go)
// inherits it. With the usual 50 microseconds that thread wakes some seventy times during
// a short trace.
//
//lint:ignore U1000 the assembly uses it
var startSlack uint64 = 500_000

// slack is the slack that init is to restore, in nanoseconds, or 0 if it was not changed.
var slack uint64

// filesLimited is true while the soft limit of open files allows only the standard
// descriptors: until the runtime sets its first action of a signal. This keeps the runtime
// from reading the limits of the control group, and all mounts to find them, which takes a
// tenth of a start. It reads them even with containermaxprocs=0, where it uses only the
// number of processors.
//
//lint:ignore U1000 the assembly uses it
var filesLimited bool

// memProfileRate points to the rate of the memory profile, which nothing reads. The runtime
// makes none then, but finds that out after it has allocated memory, and makes the table of
// the profile, of more than a megabyte, for one entry. The assembly sets the rate to 0.
//
//lint:ignore U1000 the assembly uses it
var memProfileRate = &runtime.MemProfileRate

// heapStart is the address of the first page of the heap.
//
//lint:ignore U1000 the assembly sets it
var heapStart uint64

// limit is a resource limit that the runtime changes or needs changed. Amounts
// are in bytes, or descriptors.
type limit struct {
	resource uint64
	need     uint64 // below this it is raised, if that is allowed
	minimum  uint64 // below this the runtime does not start
	// unreserved: if the limit cannot be raised, the runtime makes do with less, but only
	// if no address space is reserved (see unmapped).
	unreserved bool
	found      unix.Rlimit
	changed    bool
	message    string // what is missing
}

// limits are the limits that matter. The runtime reserves address space for an
// index of the heap, half a gigabyte twice.
var limits = [...]limit{
	{
		resource: unix.RLIMIT_AS, need: 2 << 30, minimum: 128 << 20, unreserved: true,
		message: "trapline: needs 128 MB of address space: raise the limit with ulimit -v 131072\n",
	},
	{
		resource: unix.RLIMIT_DATA, need: 64 << 20, minimum: 48 << 20,
		message: "trapline: needs 48 MB of data: raise the limit with ulimit -d 49152\n",
	},
	openFiles: {
		resource: unix.RLIMIT_NOFILE, need: 16, minimum: 6,
		message: "trapline: needs 6 file descriptors: raise the limit with ulimit -n 6\n",
	},
	{resource: unix.RLIMIT_STACK, need: 256 << 10}, // for the main thread: see noStack
}

// noStack is printed if the main thread's stack cannot grow to the size that the runtime
// uses. What it has left depends on the limit and on the size of the arguments and the
// environment.
//
//lint:ignore U1000 the assembly prints it
var noStack = "trapline: the stack is too small: raise the limit with ulimit -s 64\n"

// openFiles is the index in limits of the limit of open files.
const openFiles = 2

// unmapped is the address of the next reservation, where address space is scarce.
// Nothing is mapped there: programs and libraries lie far above it, and the
// runtime's heap below.
//
//lint:ignore U1000 the assembly counts it up
var unmapped uint64 = 1 << 40

// call is a system call with its first arguments.
type call struct {
	nr      uint64
	args    [4]uint64
	message string // if it is refused
}

// needed are the system calls without which the runtime or the tracer fails with a
// traceback or silently. A seccomp filter around the program may refuse them. With these
// arguments they do nothing, or fail for another reason.
//
//lint:ignore U1000 the assembly makes them
var needed = [...]call{
	{unix.SYS_ARCH_PRCTL, [4]uint64{0x1003, 0}, refused + "arch_prctl\n"}, // ARCH_GET_FS of asm/prctl.h
	{unix.SYS_MMAP, [4]uint64{0, 0}, refused + "mmap\n"},
	{unix.SYS_FCNTL, [4]uint64{0, unix.F_GETFD}, refused + "fcntl\n"},
	{unix.SYS_FUTEX, [4]uint64{0, 1, 0}, refused + "futex\n"}, // FUTEX_WAKE of linux/futex.h
	{unix.SYS_CLONE, [4]uint64{unix.CLONE_THREAD}, refused + "clone\n"},
	{unix.SYS_WAIT4, [4]uint64{math.MaxInt32, 0, unix.WNOHANG}, refused + "wait4\n"},
	{unix.SYS_SIGALTSTACK, [4]uint64{0, 0}, refused + "sigaltstack\n"},
	{unix.SYS_RT_SIGACTION, [4]uint64{uint64(unix.SIGUSR1), 0, 0, 8}, refused + "rt_sigaction\n"},
	{unix.SYS_RT_SIGPROCMASK, [4]uint64{0, 0, 0, 8}, refused + "rt_sigprocmask\n"},
}

// notTrapped is a call that may fail, but must not raise SIGSYS: new threads of the
// runtime make it with all signals blocked, so that SIGSYS would end the program.
//
//lint:ignore U1000 the assembly makes it
var notTrapped = call{nr: unix.SYS_GETTID, message: refused + "gettid\n"}

// anyTrapped is true once a call has raised SIGSYS.
//
//lint:ignore U1000 the assembly uses it
var anyTrapped bool

const refused = "trapline: a seccomp filter refuses a system call that it needs: "

// Surroundings returns the program's initial state.
func Surroundings() *tracer.Surroundings {
	s := &tracer.Surroundings{Ignored: ignored, Blocked: blocked, Pending: pending, ClosedFDs: closed}
	for i, l := range limits {
		if l.changed || i == openFiles && l.found != (unix.Rlimit{}) { // package os raises that
			s.Limits = append(s.Limits, tracer.Limit{Resource: int(l.resource), Rlimit: l.found})
		}
	}
	return s
}

// Blocked reports whether a signal was blocked when the program was started.
func Blocked(sig unix.Signal) bool { return blocked&(1<<(sig-1)) != 0 }

// Ignored reports whether a signal was ignored when the program was started.
func Ignored(sig unix.Signal) bool { return ignored&(1<<(sig-1)) != 0 }

// ending are signals that end a program, unless they are ignored.
//
//lint:ignore U1000 the assembly uses it
var ending uint64 = 1<<(unix.SIGHUP-1) | 1<<(unix.SIGINT-1) | 1<<(unix.SIGQUIT-1) | 1<<(unix.SIGABRT-1) | 1<<(unix.SIGTERM-1)

// kept are the signals whose action the runtime must not set. At first they are those for
// which its handler would print a traceback, and SIGSYS, which trapped handles. Later they
// include those of ending that were ignored or blocked, which the runtime would undo.
//
//lint:ignore U1000 the assembly uses it
var kept uint64 = 1<<(unix.SIGQUIT-1) | 1<<(unix.SIGABRT-1) | 1<<(unix.SIGSYS-1)

// init does the part that needs Go.
func init() {
	if slack != 0 {
		unix.Prctl(unix.PR_SET_TIMERSLACK, uintptr(slack), 0, 0, 0)
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
	changeAction(unix.SIGURG, nil, &action) // it always has the same handler
	changeAction(sig, &action, nil)
}

// PassIgnored makes the commands that trapline starts by package os/exec or syscall
// ignore the signals that it was started with ignored. The runtime would give most of
// them their default actions there. Trapline ignores them as well until it catches them.
func PassIgnored() {
	for sig := unix.SIGHUP; sig <= lastSignal; sig++ {
		// The runtime needs SIGURG, and if SIGCHLD is ignored, no child can be waited for.
		if Ignored(sig) && sig != unix.SIGURG && sig != unix.SIGCHLD {
			signal.Ignore(sig)
		}
	}
}

// lastSignal is the highest signal, _NSIG of asm/signal.h.
const lastSignal unix.Signal = 64

// Restore gives a signal the action that it had when the program was started, without
// the runtime's knowledge.
func Restore(sig unix.Signal) {
	action := sigaction{handler: sigDfl}
	if Ignored(sig) {
		action.handler = sigIgn
	}
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
