//go:build linux && amd64

package tracer

import (
	"golang.org/x/sys/unix"
)

// On one processor tracer and tracee can take turns: the tracer yields, the tracee runs to
// its next stop, and the tracer continues without having slept. PTRACE_GET_SYSCALL_INFO then
// describes the stop, so wait4 is not needed. This costs a sixth less than sleeping in wait4.
// If the tracee did not stop, because it computes, blocks or runs on another processor, the
// tracer waits.

// skippedTurns is the number of stops for which the tracer waits in wait4 after
// a tracee did not stop in its turn.
const skippedTurns = 8

// takeTurn lets the tracee that was resumed last run, if it is likely to make
// another call at once, and returns the event of its next syscall-stop, or nil.
func (t *Tracer) takeTurn() *Event {
	tr := t.last
	if !t.isDue(tr) || t.opts.Usage || t.opts.Debug != nil ||
		t.buffered != nil && len(t.buffered.areas) > 0 { // the rings were not read since the turn before
		return nil
	}
	unix.RawSyscall(unix.SYS_SCHED_YIELD, 0, 0, 0)
	if t.stopsForCall(tr) {
		switch t.info.op {
		case unix.PTRACE_SYSCALL_INFO_SECCOMP:
			// Its wait status was consumed, so it has to be handled here.
			t.beginStop(tr)
			if ev := t.seccompStop(tr); ev != nil {
				return ev
			}
			return t.takeTurn()
		case unix.PTRACE_SYSCALL_INFO_ENTRY:
			if !tr.inCall {
				t.beginStop(tr)
				return t.enterStop(tr)
			}
		case unix.PTRACE_SYSCALL_INFO_EXIT:
			if !tr.inCall && !tr.filtered {
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

// isDue reports whether a tracee, the last one or nil, is to have a turn.
func (t *Tracer) isDue(tr *Tracee) bool {
	if tr == nil || !t.colocation.SharesProcessor(&tr.task) || tr.state != running || tr.launch != notLaunched ||
		t.births.held > 0 || len(t.delayed) > 0 || !t.queue.empty() {
		return false
	}
	if tr.skipTurns > 0 {
		tr.skipTurns--
		return false
	}
	t.since++
	return t.since < collectEvery || len(t.tracees) == 1 // otherwise it is the turn of the others
}

// takeTurnBeside is takeTurn for when there are rings. The stop must wait until the earlier
// calls that did not stop have been reported (see settle). It returns the tracee's next stop,
// of any kind, or none.
func (t *Tracer) takeTurnBeside() stop {
	tr := t.last
	if !t.isDue(tr) {
		return stop{}
	}
	unix.RawSyscall(unix.SYS_SCHED_YIELD, 0, 0, 0)
	s, errno := t.waitNow(tr.TID)
	if errno != 0 || s.tid == 0 {
		tr.skipTurns = skippedTurns
		return stop{}
	}
	return s
}

// stopsForCall reports whether a tracee that has had its turn is in a
// syscall-stop or a seccomp stop, and fills in t.info.
//
// PTRACE_GET_SYSCALL_INFO goes by the si_code of the stop. A tracee that queues
// a signal to itself sets the si_code of its signal-delivery-stop, but it gets
// no further than this:
//   - PTRACE_EVENTMSG_SYSCALL_ENTRY and _EXIT also have to be in the stop's
//     message, which no signal can set. Before Linux 5.18 the message of the stop
//     before remains there, but signals are delivered after the end of a call,
//     so that is an exit, and no call is under way that could exit.
//   - The message of a seccomp stop may be any number, which the tracee's own filter
//     chooses. Therefore the wait status decides if the tracee has a filter, or if
//     PTRACE_GET_SYSCALL_INFO reports a seccomp stop.
func (t *Tracer) stopsForCall(tr *Tracee) bool {
	if getSyscallInfo(tr.TID, &t.info) != 0 || t.info.op == unix.PTRACE_SYSCALL_INFO_NONE {
		return false
	}
	if t.info.op == unix.PTRACE_SYSCALL_INFO_SECCOMP || tr.filtered && !tr.inCall {
		return t.confirmCallStop(tr)
	}
	return true
}

// confirmCallStop waits for a stopped tracee. It queues a stop that is not for
// a call.
func (t *Tracer) confirmCallStop(tr *Tracee) bool {
	s, errno := t.waitNow(tr.TID)
	if errno != 0 || s.tid == 0 {
		return false
	}
	if s.status>>8&0xff == uint32(stopSyscall) || s.status>>16 == unix.PTRACE_EVENT_SECCOMP {
		return true
	}
	t.queue.push(s, t.usage)
	return false
}
