//go:build linux && amd64

package buffered

// The fastest way to copy memory that a call has just used is to copy it in the stub. The
// memory may be missing nevertheless: another thread may have unmapped it, or the call has
// succeeded without using it, as a write to /dev/null does. The copy then causes SIGSEGV or
// SIGBUS, which the tracer receives first and suppresses. But if the thread blocks the
// signal, or the process ignores it, the kernel has already unblocked the signal and reset
// its action (force_sig_info_to_task of kernel/signal.c), for all threads and permanently.
//
// Therefore the stub copies memory by itself only if the signals are neither blocked nor
// ignored. It asks the kernel, and keeps the answer in the guard of the thread's area. The
// answer is valid until the tracer or the stub sees something that may change it: a signal,
// or a call that sets masks or one of these actions. If a signal is blocked or ignored, the
// stub copies by process_vm_readv.

// Bits of areaGuard. It is zero if a fault in the stub changes nothing for the program.
const (
	guardUnknown = 1 << iota // the stub has to ask the kernel
	guardFaults              // a fault would change a mask or an action
	guardHeld                // another thread is changing an action
	guardNoCalls             // the stub makes no calls except the program's, see ForbidCalls
)

// phaseGuarded is a bit of areaPhase besides those of the Moments: the stub copies only by
// calls to the kernel.
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
	faultSignals = 1<<(sigBus-1) | 1<<(sigSegv-1) // in the first four bytes of a set
)

// IsFault reports whether a signal is one that a fault in the stub sends.
func IsFault(sig uint64) bool { return sig == sigBus || sig == sigSegv }

// DoubtMask is called for a thread that does not run. It makes the stub ask again which
// signals the thread blocks.
func (a *Area) DoubtMask() { a.word32(areaGuard).Or(guardUnknown) }

// HoldActions keeps the stub from copying memory by itself in this thread until
// ReleaseActions. A copy that has already begun may continue: see IsCopying.
func (a *Area) HoldActions() { a.setGuard(guardHeld) }

// ReleaseActions is called when the actions of signals have changed. It makes the stub ask
// for them again.
func (a *Area) ReleaseActions() { a.setGuard(guardUnknown) }

// ForbidCalls keeps the stub from making calls in this thread besides the program's own,
// because a seccomp filter of the program might kill the thread for such a call. From then
// on, memory that only the kernel can copy is not kept. The stub may have been about to make
// such a call, and then makes it.
func (a *Area) ForbidCalls() { a.word32(areaGuard).Or(guardNoCalls) }

// setGuard sets the guard to bits, and keeps guardNoCalls if it is set.
func (a *Area) setGuard(bits uint32) {
	guard := a.word32(areaGuard)
	for old := guard.Load(); !guard.CompareAndSwap(old, bits|old&guardNoCalls); old = guard.Load() {
	}
}

// IsCopying reports whether the stub may be copying, or the thread making a call. If so, the
// result is not zero and identifies this call among the calls of the thread.
func (a *Area) IsCopying() (copying uint64) {
	if begun := a.load(areaInFlight); begun != 0 && a.load(areaHead) == begun-1 {
		return begun
	}
	return 0
}
