package tracer

import (
	"golang.org/x/sys/unix"
)

// A program may have seccomp filters of its own beside the tracer's. The kernel
// runs all of a thread's filters and takes the action of highest precedence;
// among equal actions that of the filter installed last: seccomp(2). Actions
// that refuse a call (SECCOMP_RET_KILL_PROCESS to SECCOMP_RET_USER_NOTIF)
// outrank the SECCOMP_RET_TRACE of the tracer's filter, so a refused call would
// not stop. Therefore a tracee is resumed by PTRACE_SYSCALL from the moment that
// it installs a filter: a syscall-enter-stop comes before any filter runs.
//
// A program's own SECCOMP_RET_TRACE makes its call fail with ENOSYS where no
// tracer wants it, and so it does here. SECCOMP_RET_DATA tells whose it is. Ours
// is a number chosen at random, so that no program has it by chance.

// Operations and flags of seccomp(2) (linux/seccomp.h).
const (
	seccompSetModeFilter = 1 // SECCOMP_SET_MODE_FILTER
	seccompFlagTSync     = 1 // SECCOMP_FILTER_FLAG_TSYNC
)

// UnderFilter tells whether a seccomp filter is in force for the calling thread,
// and so for all that it starts, as in most containers: prctl(2).
func UnderFilter() bool {
	mode, err := unix.PrctlRetInt(unix.PR_GET_SECCOMP, 0, 0, 0, 0)
	if err == unix.EINVAL {
		return false // the kernel has no seccomp
	}
	return err != nil || mode != 0
}

// watchFilters is about a call of seccomp, or else prctl, at its entry. If it
// installs a filter, the tracee is stopped at every call from then on, and with
// SECCOMP_FILTER_FLAG_TSYNC all threads of its process are. Where the call
// fails, which is not waited for, this costs speed only.
func (t *Tracer) watchFilters(tr *Tracee, isSeccomp bool) {
	args := &tr.call.Args
	switch {
	case args[2] == 0: // there is no program: some ask so what the kernel can do
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

// stopThreadsAtEveryCall is stopAtEveryCall for all threads of a tracee's
// process. One that runs is stopped for it.
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
}

// processOf is the id of a tracee's process. Its leader is a tracee as long as
// there is any thread.
func (t *Tracer) processOf(tr *Tracee) int {
	for pid := range t.tracees {
		if isThread(pid, tr.TID) {
			return pid
		}
	}
	return tr.TID
}

// isThread tells whether tid is a thread of the process pid.
func isThread(pid, tid int) bool {
	return unix.Tgkill(pid, tid, 0) != unix.ESRCH
}

// seccompStop is a PTRACE_EVENT_SECCOMP: the only stop at the entry of a call,
// or the one that follows the syscall-enter-stop of a tracee that is stopped at
// every call.
func (t *Tracer) seccompStop(tr *Tracee) *Event {
	if getSyscallInfo(tr.TID, &t.info) != 0 || t.info.op != unix.PTRACE_SYSCALL_INFO_SECCOMP {
		return nil // killed in the stop, or overtaken
	}
	switch {
	case tr.launch == launchFailed: // it ends, and never was the command
	case !tr.inCall:
		return t.enterStop(tr)
	default:
		t.refuseForOthers(tr)
	}
	t.resume(tr)
	return nil
}

// refuseForOthers makes a call fail with ENOSYS that has been stopped by a
// filter other than the tracer's. t.info is about the stop.
func (t *Tracer) refuseForOthers(tr *Tracee) {
	abi, nr := abiOf(t.info.arch, t.info.data[0])
	if uint16(t.info.retData) == t.filterData && t.stopsFilter(abi, nr, t.info.data[1]) {
		return
	}
	t.debugf("tracee %d: call %d is refused by SECCOMP_RET_TRACE of another filter", tr.TID, nr)
	tr.ReplaceCall(NoCall)
}
