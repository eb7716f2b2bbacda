//go:build linux && amd64

package buffered

// Memory that a call has just used is copied by the stub itself, which is the fastest
// way. It may be gone all the same: another thread unmaps it, or the call has succeeded
// without using it, as a write to /dev/null does. Then the thread gets SIGSEGV or
// SIGBUS, which the tracer sees first and keeps from it. But if the thread blocks the
// signal or the process ignores it, the kernel has unblocked it by then and reset its
// action (force_sig_info_to_task of kernel/signal.c), for all threads and for good.
//
// So the stub does that only where neither is the case. It asks the kernel, and keeps
// the answer in the guard of the thread's area until the tracer, or the stub itself,
// sees what may change it: a signal, or a call that sets masks or one of these actions.
// Where a signal is blocked or ignored, process_vm_readv copies.

// Bits of areaGuard. It is zero if a fault of the stub's is the tracer's alone.
const (
	guardUnknown = 1 << iota // the stub is to ask
	guardFaults              // a fault would change something
	guardHeld                // another thread is changing an action
	guardNoCalls             // the stub makes no call but the program's: see ForbidCalls
)

// phaseGuarded is a bit of areaPhase beside those of the Moments: nothing is copied
// but by the kernel.
//
//lint:ignore U1000 the assembly has it
const phaseGuarded = 1 << 4

// SIGBUS, SIGSEGV and SIG_IGN of asm/signal.h.
const (
	sigBus  = 7
	sigSegv = 11

	//lint:ignore U1000 the assembly compares with it
	sigIgn = 1

	//lint:ignore U1000 the assembly compares with it
	faultSignals = 1<<(sigBus-1) | 1<<(sigSegv-1) // of the first four bytes of a set
)

// IsFault reports whether a signal is one that the stub's faults send.
func IsFault(sig uint64) bool { return sig == sigBus || sig == sigSegv }

// DoubtMask is for a thread that does not run: which signals it blocks may change
// before it runs.
func (a *Area) DoubtMask() { a.word32(areaGuard).Or(guardUnknown) }

// HoldActions makes the thread copy nothing by itself until ReleaseActions. A copy that
// it has begun may go on: see IsCopying.
func (a *Area) HoldActions() { a.setGuard(guardHeld) }

// ReleaseActions is for the time when the actions of signals have changed.
func (a *Area) ReleaseActions() { a.setGuard(guardUnknown) }

// ForbidCalls makes the thread make no calls but the program's own: a seccomp filter of the
// program might kill it for them. What only the kernel can copy is not kept from then on.
// A thread may have been about to make such a call.
func (a *Area) ForbidCalls() { a.word32(areaGuard).Or(guardNoCalls) }

// setGuard sets all bits but guardNoCalls, which stays.
func (a *Area) setGuard(bits uint32) {
	guard := a.word32(areaGuard)
	for old := guard.Load(); !guard.CompareAndSwap(old, bits|old&guardNoCalls); old = guard.Load() {
	}
}

// IsCopying reports whether the thread may be copying, or making a call. copying is not
// zero then, and tells this call from others of the thread.
func (a *Area) IsCopying() (copying uint64) {
	if begun := a.load(areaInFlight); begun != 0 && a.load(areaHead) == begun-1 {
		return begun
	}
	return 0
}
