package tracer

import (
	"golang.org/x/sys/unix"
)

// On one processor tracer and tracee can take turns: the tracer yields, the
// tracee runs to its next stop, and the tracer goes on without having slept.
// PTRACE_GET_SYSCALL_INFO then describes the stop, so wait4 is not needed. That
// costs a sixth less than sleeping in wait4. If the tracee did not stop,
// because it computes, blocks or runs elsewhere, the tracer waits.

// skippedTurns is for how many stops the tracer waits in wait4 after a tracee
// did not stop in its turn.
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
		return nil // let the other tracees have a turn
	}
	unix.RawSyscall(unix.SYS_SCHED_YIELD, 0, 0, 0)
	if getSyscallInfo(tr.TID, &t.info) == 0 {
		// A tracee can forge the siginfo that the answer comes from, but it
		// cannot do so at the end of a call.
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
