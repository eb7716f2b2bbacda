//go:build linux && amd64

package tracer

import (
	"encoding/binary"

	"golang.org/x/sys/unix"
)

// A process that ends sends signals: to the members of a process group with a
// stopped process that it leaves without a parent in its session (SIGHUP and
// SIGCONT), and to the children that asked for one with PR_SET_PDEATHSIG. The
// kernel does so and makes its wait status available while it holds one lock, so
// that whoever sees the stop for the signal can also wait for the end of the
// sender. wait4, however, returns the newest tracee first, and so the signal
// before its cause. Therefore such a stop is put behind all others.

// Offsets in siginfo_t, and si_code of asm-generic/siginfo.h.
const (
	siginfoCode = 8
	siginfoPID  = 16

	siUser   = 0    // SI_USER
	siKernel = 0x80 // SI_KERNEL
)

// mayFollowDeath reports whether the signal of t.siginfo may have been sent by a
// process that was ending.
func (t *Tracer) mayFollowDeath(sig unix.Signal) bool {
	switch int32(binary.NativeEndian.Uint32(t.siginfo[siginfoCode:])) {
	case siKernel:
		return sig == unix.SIGHUP || sig == unix.SIGCONT
	case siUser: // the sender is the parent
		pid := int(int32(binary.NativeEndian.Uint32(t.siginfo[siginfoPID:])))
		return t.tracees[pid] != nil
	}
	return false
}

// putBehind queues a stop behind all that are available. It returns false if
// there are none, or if one of them is the end of the same tracee, killed meanwhile, or
// of an execve that has taken over its id: then the stop has to be handled now.
func (t *Tracer) putBehind(s stop) bool {
	// Waiting for others overwrites the resource usage.
	var usage unix.Rusage
	if t.usage != nil {
		usage = *t.usage
	}
	err := t.collect()
	if t.usage != nil {
		*t.usage = usage
	}
	if err != nil || t.queue.empty() || t.queue.hasAny(s.tid) {
		return false
	}
	s.behind = true
	t.queue.push(s, t.usage)
	return true
}
