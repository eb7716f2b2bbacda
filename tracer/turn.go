package tracer

import (
	"golang.org/x/sys/unix"
)

// On one processor tracer and tracee can take turns: the tracer yields, the
// tracee runs to its next stop, and the tracer goes on without having slept.
// PTRACE_GET_SYSCALL_INFO then tells of the stop, so that no wait4 is needed.
// That costs a sixth less than to sleep in wait4. Where the tracee did not
// stop, because it computes, blocks or runs elsewhere, the tracer waits.

// skippedTurns is for how many stops a tracee that did not stop in its turn is
// waited for in wait4.
const skippedTurns = 8

// takeTurn lets the tracee that was resumed last run, if it is likely to make
// another call at once, and returns the event of its next syscall-stop, or nil.
func (t *Tracer) takeTurn() *Event {
	tr := t.last
	if tr == nil || !t.colocation.SharesProcessor(&tr.task) || tr.state != running || tr.launch != notLaunched ||
		t.usage != nil || t.opts.Debug != nil || t.held > 0 || len(t.delayed) > 0 || !t.queue.empty() {
		return nil
	}
	if tr.skipTurns > 0 {
		tr.skipTurns--
		return nil
	}
	if t.since++; t.since >= collectEvery && len(t.tracees) > 1 {
		return nil // the others' turn
	}
	unix.RawSyscall(unix.SYS_SCHED_YIELD, 0, 0, 0)
	if getSyscallInfo(tr.TID, &t.info) == 0 {
		// A tracee can forge the siginfo that the answer comes from, but
		// not when a call ends.
		switch t.info.op {
		case unix.PTRACE_SYSCALL_INFO_ENTRY, unix.PTRACE_SYSCALL_INFO_SECCOMP:
			if !tr.inCall {
				t.beginStop(tr)
				return t.enterStop(tr)
			}
		case unix.PTRACE_SYSCALL_INFO_EXIT:
			if !tr.inCall {
				break
			}
			t.beginStop(tr)
			if tr.exitUnwanted {
				t.passExit(tr)
				return t.takeTurn() // to the entry of the next call
			}
			return t.exitStop(tr)
		}
	}
	tr.skipTurns = skippedTurns
	return nil
}
