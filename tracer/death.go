//go:build linux && amd64

package tracer

import (
	"encoding/binary"

	"golang.org/x/sys/unix"
)

// A process that ends sends two kinds of signals. The members of a process group that
// contains a stopped process, and that loses its last parent in the session, get SIGHUP and
// SIGCONT. Children that asked for a signal by PR_SET_PDEATHSIG get that signal. The kernel
// sends these signals and makes the wait status of the process available under one lock, so
// whoever sees the stop for the signal can also wait for the end of the sender. But wait4
// returns the newest tracee first, and so the signal before its cause. Therefore such a stop
// is queued behind all others.

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

// putBehind queues a stop behind all stops that are available. It returns false if the stop
// must be handled now: if there are no others, or if one of them is the end of the same
// tracee, killed meanwhile, or of an execve that has taken over its id.
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
