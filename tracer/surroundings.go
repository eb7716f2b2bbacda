//go:build linux && amd64

package tracer

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// Surroundings are the parts of this process's initial state that were changed after its
// start. A launched command gets them as they were initially.
//
// The Go runtime makes some of these changes before any code of a program runs.
type Surroundings struct {
	Ignored   uint64  // signals that were ignored, bit n-1 for signal n
	Blocked   uint64  // signals that were blocked
	Pending   uint64  // signals that were blocked and pending at the start and are no longer
	ClosedFDs uint64  // descriptors that were closed, bit n for descriptor n
	Limits    []Limit // initial resource limits
}

// Limit is a resource limit: see getrlimit(2).
type Limit struct {
	Resource int // such as unix.RLIMIT_AS
	unix.Rlimit
}

// sigaction is the kernel's struct sigaction for 64-bit programs.
type sigaction struct {
	handler, flags, restorer uintptr
	mask                     uint64
}

// Actions of signals: asm-generic/signal-defs.h.
const (
	sigDfl = 0
	sigIgn = 1
)

// signalSetSize is the size in bytes of the kernel's sigset_t.
const signalSetSize = 8

// lastSignal is the kernel's last signal, SIGRTMAX.
const lastSignal = unix.Signal(64)

// signalBit is a signal's bit in a set of signals.
func signalBit(sig unix.Signal) uint64 { return 1 << (sig - 1) }

// ignoredSignals returns the signals that this process ignores.
func ignoredSignals() (set uint64) {
	for sig := unix.Signal(1); sig <= lastSignal; sig++ {
		var action sigaction
		_, _, errno := unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(sig), 0, uintptr(unsafe.Pointer(&action)), signalSetSize, 0, 0)
		if errno == 0 && action.handler == sigIgn {
			set |= signalBit(sig)
		}
	}
	return set
}
