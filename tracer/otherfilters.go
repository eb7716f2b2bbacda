//go:build linux && amd64

package tracer

import (
	"time"

	"golang.org/x/sys/unix"
)

// A program may have its own seccomp filters besides the tracer's. The kernel runs all of a
// thread's filters and takes the action of highest precedence; among equal actions that of
// the filter installed last: seccomp(2). Actions that refuse a call (SECCOMP_RET_KILL_PROCESS
// to SECCOMP_RET_USER_NOTIF) outrank the SECCOMP_RET_TRACE of the tracer's filter, so a
// refused call would not stop. Therefore, once a tracee installs a filter, it is resumed by
// PTRACE_SYSCALL: the syscall-enter-stop precedes all filters.
//
// If no tracer handles a program's own SECCOMP_RET_TRACE, the call fails with ENOSYS. It must
// fail here, too. SECCOMP_RET_DATA tells the two filters apart: the tracer uses a random
// number, which a program is unlikely to use.

// Operations and flags of seccomp(2) (linux/seccomp.h).
const (
	seccompSetModeFilter = 1 // SECCOMP_SET_MODE_FILTER
	seccompFlagTSync     = 1 // SECCOMP_FILTER_FLAG_TSYNC
)

// UnderFilter reports whether a seccomp filter is in force for the calling
// thread, and therefore for all its descendants, as in most containers: prctl(2).
func UnderFilter() bool {
	mode, err := unix.PrctlRetInt(unix.PR_GET_SECCOMP, 0, 0, 0, 0)
	if err == unix.EINVAL {
		return false // the kernel has no seccomp
	}
	return err != nil || mode != 0
}

// watchFilters handles the entry of seccomp if isSeccomp is set, otherwise of prctl. If the
// call installs a filter, the tracee stops at every call from then on; with
// SECCOMP_FILTER_FLAG_TSYNC all threads of its process do. watchFilters does not check
// whether the call succeeds. If it fails, the trace is only slower.
func (t *Tracer) watchFilters(tr *Tracee, isSeccomp bool) {
	args := &tr.call.Args
	switch {
	case args[2] == 0: // the call has no program: some programs probe the kernel in this way
	case isSeccomp && uint32(args[0]) == seccompSetModeFilter:
		t.stopAtEveryCall(tr)
		if args[1]&seccompFlagTSync != 0 {
			t.stopThreadsAtEveryCall(tr)
		}
	case !isSeccomp && uint32(args[0]) == unix.PR_SET_SECCOMP && args[1] == unix.SECCOMP_MODE_FILTER:
		t.stopAtEveryCall(tr)
	}
}

func (t *Tracer) stopAtEveryCall(tr *Tracee) {
	if !tr.everyCall {
		tr.everyCall = true
		t.debugf("tracee %d: has a seccomp filter of its own", tr.TID)
	}
}

// stopThreadsAtEveryCall is stopAtEveryCall for all threads of a tracee's process. It stops
// the running ones for this.
func (t *Tracer) stopThreadsAtEveryCall(tr *Tracee) {
	pid := t.processOf(tr)
	for _, other := range t.tracees {
		if !other.filtered || other.everyCall || !isThread(pid, other.TID) {
			continue
		}
		if other.state == running && !other.inCall {
			ptrace(unix.PTRACE_INTERRUPT, other.TID, 0, 0)
		}
		t.stopAtEveryCall(other)
	}
	t.forbidCalls(tr.space)
}

// forbidCalls keeps the stub from making calls of its own in the threads of an address space,
// before one of the threads installs a filter for all.
func (t *Tracer) forbidCalls(s *space) {
	if s == nil || t.buffered == nil {
		return
	}
	found := false
	for _, th := range t.buffered.areas {
		if th.tr.space == s {
			th.area.ForbidCalls()
			found = true
		}
	}
	if !found {
		return
	}
	// Threads that have already decided to make such a call make it during this time.
	const enough = 5 * time.Millisecond
	time.Sleep(enough)
}

// processOf returns the id of a tracee's process. Its leader is a tracee as
// long as there is any thread.
func (t *Tracer) processOf(tr *Tracee) int {
	for pid := range t.tracees {
		if isThread(pid, tr.TID) {
			return pid
		}
	}
	return tr.TID
}

// isThread reports whether tid is a thread of the process pid.
func isThread(pid, tid int) bool {
	return unix.Tgkill(pid, tid, 0) != unix.ESRCH
}

// seccompStop handles a PTRACE_EVENT_SECCOMP: the only stop at the entry of a
// call, or the one after the syscall-enter-stop of a tracee that stops at every
// call.
func (t *Tracer) seccompStop(tr *Tracee) *Event {
	if getSyscallInfo(tr.TID, &t.info) != 0 || t.info.op != unix.PTRACE_SYSCALL_INFO_SECCOMP {
		return nil // killed in the stop, or the stop is stale
	}
	switch {
	case tr.launch == launchFailed: // it will exit without having become the command
	case !tr.inCall && !tr.isInStub(t.info.ip):
		return t.enterStop(tr)
	default:
		t.refuseForOthers(tr)
	}
	t.resume(tr)
	return nil
}

// refuseForOthers makes a call fail with ENOSYS if a filter other than the
// tracer's stopped it. t.info describes the stop.
func (t *Tracer) refuseForOthers(tr *Tracee) {
	abi, nr := abiOf(t.info.arch, t.info.data[0])
	if uint16(t.info.retData) == t.filterData && t.stopsFilter(abi, nr, t.info.data[1]) {
		return
	}
	t.debugf("tracee %d: call %d is refused by SECCOMP_RET_TRACE of another filter", tr.TID, nr)
	tr.ReplaceCall(NoCall)
}
