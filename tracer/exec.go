//go:build linux && amd64

package tracer

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// When a thread calls execve, the kernel kills all other threads of its
// process. The caller gets the id of the leader, the first thread. The leader
// disappears without a status, and so does the caller's former id.
//
// This may make a stop of the leader stale: the tracer has waited for it, but
// now the tracee with this id is in another stop, PTRACE_EVENT_EXEC, which is
// yet to be waited for. Resuming it from the old stop would lose the event.

// execStop handles PTRACE_EVENT_EXEC. tr is the leader, or nil if only the
// caller was traced.
func (t *Tracer) execStop(tid int, tr *Tracee) *Event {
	if tr != nil && tr.launch == launching {
		t.launcher.executed()
	}
	message, errno := getEventMessage(tid)
	if errno != 0 {
		return nil
	}
	former := int(message)
	caller := t.tracees[former]
	switch {
	case former != tid && caller != nil:
		return t.execByThread(tid, former, caller, tr)
	case tr == nil:
		ptrace(unix.PTRACE_DETACH, tid, 0, 0) // it was never reported
		return nil
	}
	// The thread that called execve may have been untraced while its leader was traced. The
	// leader then continues as another program, and is no longer in its former call.
	t.beginStop(tr)
	tr.inCall = tr.inCall && former == tid
	t.noteExec(tr, tr.inCall)
	return t.reportExec(tr, 0, nil)
}

// execByThread handles the execve of a thread that was not the leader.
func (t *Tracer) execByThread(tid, former int, caller, leader *Tracee) *Event {
	if leader != nil {
		t.forget(leader)
	}
	t.rename(caller, tid)
	t.beginStop(caller)
	return t.reportExec(caller, former, leader)
}

// rename gives a tracee another thread id.
func (t *Tracer) rename(tr *Tracee, tid int) {
	delete(t.tracees, tr.TID)
	t.debugf("tracee %d: is %d now", tr.TID, tid)
	tr.TID = tid
	t.tracees[tid] = tr
	t.colocation.Renamed(&tr.task, tid)
}

func (t *Tracer) reportExec(tr *Tracee, former int, superseded *Tracee) *Event {
	t.execSpace(tr)
	tr.changed = nil // the new program has registers of its own
	if t.opts.DetachOnExec && tr.launch == notLaunched {
		t.letGo(tr)
		return t.report(Detached, tr)
	}
	ev := t.report(Exec, tr)
	ev.FormerTID = former
	ev.Superseded = superseded
	return ev
}

// noteExec counts the tracees that may be about to make another tracee's stop stale.
func (t *Tracer) noteExec(tr *Tracee, inExec bool) {
	if tr.inExec == inExec {
		return
	}
	tr.inExec = inExec
	if inExec {
		t.execs++
	} else {
		t.execs--
	}
}

// overtaken reports whether a tracee is no longer in the stop that was handled last, because
// the execve of another thread has taken over its id.
func (t *Tracer) overtaken(tid int) bool {
	const execEvent = uint32(unix.SIGTRAP) | unix.PTRACE_EVENT_EXEC<<8
	if t.queue.has(tid, execEvent<<8|0x7f) {
		return true
	}
	var info childInfo
	_, _, errno := unix.RawSyscall6(unix.SYS_WAITID, unix.P_PID, uintptr(tid), uintptr(unsafe.Pointer(&info)), anyStatus, 0, 0)
	return errno == 0 && info.status == execEvent
}

// childInfo is siginfo_t as filled in by waitid(2): all zero if there is no
// status.
type childInfo struct {
	_      [6]uint32
	status uint32 // the upper bits of wait4's status
	_      [25]uint32
}
