//go:build linux && amd64

package tracer

import (
	"encoding/binary"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"trapline/tracer/colocate"
)

// classify turns a wait status into an event. It returns nil if there is nothing
// to report; the tracee has then been resumed if necessary.
func (t *Tracer) classify(s stop) *Event {
	tr := t.lookup(s.tid)
	status := unix.WaitStatus(s.status)
	sig, event := unix.Signal(s.status>>8&0xff), int(s.status>>16)
	switch {
	case status.Exited(), status.Signaled():
		return t.ended(tr, s.tid, status)
	case !status.Stopped():
		return nil
	case event == unix.PTRACE_EVENT_EXEC:
		return t.execStop(s.tid, tr)
	case tr == nil && !t.opts.Follow:
		// Its parent created it with CLONE_PTRACE.
		ptrace(unix.PTRACE_DETACH, s.tid, 0, 0)
		return t.report(Stray, &Tracee{TID: s.tid, t: t})
	case tr == nil:
		t.hold(s.tid, status.StopSignal())
		return nil
	case s.queued && sig != stopSyscall && t.overtaken(s.tid):
		return nil
	}
	first := tr.state == announced
	t.beginStop(tr)

	switch {
	case sig == stopSyscall && tr.exitUnwanted && !s.queued:
		t.passExit(tr)
		return nil
	case sig == stopSyscall:
		return t.syscallStop(tr)
	case event == 0:
		return t.signalStop(tr, s, sig)
	case event == unix.PTRACE_EVENT_STOP:
		return t.eventStop(tr, sig, first)
	case event == unix.PTRACE_EVENT_SECCOMP:
		return t.seccompStop(tr)
	case event == unix.PTRACE_EVENT_FORK, event == unix.PTRACE_EVENT_VFORK, event == unix.PTRACE_EVENT_CLONE:
		return t.createdStop(tr)
	}
	t.resume(tr)
	return nil
}

// beginStop notes that a tracee has stopped.
func (t *Tracer) beginStop(tr *Tracee) {
	t.last = tr
	t.colocation.SetComputing(&tr.task, false)
	tr.state = stopped
}

// report makes the event that Next returns.
func (t *Tracer) report(kind Kind, tr *Tracee) *Event {
	if kind < Exited {
		t.current = tr
	}
	tr.known = true
	ev := &t.event
	ev.Kind = kind
	ev.Tracee = tr
	ev.Call = &tr.call
	ev.Time, ev.Kept, ev.Partly, ev.Whole = time.Time{}, false, false, false
	ev.Signal = 0
	ev.Siginfo = nil
	ev.FormerTID = 0
	ev.Superseded = nil
	ev.Status = 0
	ev.Errno = 0
	ev.Delay = 0
	ev.ExitUnwanted = false
	ev.Usage = t.usage
	return ev
}

// syscallStop handles a syscall-enter-stop or a syscall-exit-stop.
func (t *Tracer) syscallStop(tr *Tracee) *Event {
	if getSyscallInfo(tr.TID, &t.info) != 0 {
		return nil // killed in the stop
	}
	switch t.info.op {
	case unix.PTRACE_SYSCALL_INFO_ENTRY, unix.PTRACE_SYSCALL_INFO_SECCOMP:
		return t.enterStop(tr)
	case unix.PTRACE_SYSCALL_INFO_EXIT:
		return t.exitStop(tr)
	}
	return nil // the stop is stale
}

func (t *Tracer) enterStop(tr *Tracee) *Event {
	info, call := &t.info, &tr.call
	if tr.isInStub(info.ip) {
		t.resume(tr) // the stub notes the call
		return nil
	}
	if tr.isWaking(info.ip) {
		t.letGoOn(tr)
		return nil
	}
	call.ABI, call.NR = abiOf(info.arch, info.data[0])
	copy(call.Args[:], info.data[1:])
	call.IP, call.SP = info.ip, info.sp
	call.Ret, call.IsError = 0, false
	call.EntrySeen = true
	tr.inCall = true
	if tr.filtered {
		t.watchCall(tr)
	}
	if tr.space != nil && !t.enterBuffered(tr) {
		return nil
	}
	t.noteExec(tr, isExec(call.ABI, call.NR))
	if t.accessor == nil {
		t.checkServed(tr)
		if servesMemory(call.ABI, call.NR, &call.Args) {
			t.awaitServed(tr)
		}
	}

	tr.task.HeirsEnd = tr.endsWithTracer && t.bearsTracee(tr)
	t.colocation.Enter(&tr.task, call.ABI, call.NR)
	return t.report(Enter, tr)
}

func (t *Tracer) exitStop(tr *Tracee) *Event {
	info, call := &t.info, &tr.call
	tr.restoreUntraced()
	tr.restoreArguments()
	t.noteExec(tr, false)
	t.checkServed(tr)
	failed := uint8(info.data[1]) != 0
	if tr.launch == launching {
		tr.launch = notLaunched
		if failed {
			tr.launch = launchFailing
		}
	}
	if !tr.inCall && tr.filtered {
		// The call passed the filter, and did not stop at its entry.
		t.resume(tr)
		return nil
	}
	if !tr.inCall {
		abi, _ := abiOf(info.arch, 0)
		*call = Syscall{ABI: abi}
	}
	tr.inCall = false
	t.leaveBuffered(tr)
	call.IP, call.SP = info.ip, info.sp
	call.Ret = int64(info.data[0])
	call.IsError = failed
	t.colocation.Exit(&tr.task, call.ABI, call.NR, call.Args[0], call.Ret)
	return t.report(Exit, tr)
}

// passExit handles a syscall-exit-stop that the caller does not want. It must not be used for
// queued stops, which may be stale.
func (t *Tracer) passExit(tr *Tracee) {
	tr.inCall, tr.exitUnwanted = false, false
	t.leaveBuffered(tr)
	tr.restoreUntraced()
	tr.restoreArguments()
	t.noteExec(tr, false)
	t.checkServed(tr)
	result := int64(-1)
	if colocate.NeedsResult(tr.call.ABI, tr.call.NR) && getSyscallInfo(tr.TID, &t.info) == 0 {
		result = int64(t.info.data[0])
	}
	t.colocation.Exit(&tr.task, tr.call.ABI, tr.call.NR, tr.call.Args[0], result)
	t.resume(tr)
}

func (t *Tracer) signalStop(tr *Tracee, s stop, sig unix.Signal) *Event {
	if tr.launch != notLaunched {
		tr.pending = sig
		t.resume(tr)
		return nil
	}
	errno := ptraceData(unix.PTRACE_GETSIGINFO, tr.TID, 0, unsafe.Pointer(&t.siginfo))
	if errno != 0 || unix.Signal(binary.NativeEndian.Uint32(t.siginfo[:])) != sig {
		return nil // killed in the stop, or the stop is stale
	}
	if !s.behind && t.mayFollowDeath(sig) && t.putBehind(s) {
		tr.state = running // its current stop has yet to be handled
		return nil
	}
	if tr.again != nil {
		tr.restoreInfo(sig, &t.siginfo)
	}
	if tr.isBuffered() && !t.leaveStub(tr, sig, &t.siginfo) && !t.ending {
		t.buffered.held = &stop{tid: tr.TID, status: s.status, behind: true}
		t.beginReport()
		return nil
	}
	if tr.swallow {
		tr.swallow = false
		t.resume(tr)
		return nil
	}
	ev := t.report(Signal, tr)
	ev.Signal = sig
	ev.Siginfo = &t.siginfo
	return ev
}

// eventStop handles PTRACE_EVENT_STOP: a group-stop or the end of one, a
// tracee's first stop, or the result of PTRACE_INTERRUPT.
func (t *Tracer) eventStop(tr *Tracee, sig unix.Signal, first bool) *Event {
	if sig != unix.SIGTRAP {
		tr.state = groupStop
	}
	if tr.attached && !first {
		tr.noteInterrupted()
	}
	switch {
	case first:
		tr.restoreUntraced()
		t.born(tr)
		return t.created(tr)
	case tr.state == groupStop:
		ev := t.report(GroupStop, tr)
		ev.Signal = sig
		return ev
	}
	t.resume(tr)
	return nil
}

// ended handles the death of a tracee.
func (t *Tracer) ended(tr *Tracee, tid int, status unix.WaitStatus) *Event {
	if tid == t.launched {
		t.commandStatus, t.commandEnded = status, true
		t.launcher.release()
	}
	if tr == nil {
		if tid == t.launched {
			return nil // detached, and reported
		}
		// A child that this process had before it became a tracer.
		ev := t.report(StrayEnded, &Tracee{TID: tid, t: t})
		ev.Status = status
		return ev
	}
	t.forget(tr)
	if !tr.known {
		return nil // it died before its first stop
	}
	kind := Exited
	if status.Signaled() {
		kind = Killed
	}
	ev := t.report(kind, tr)
	if kind == Killed {
		ev.Signal = status.Signal()
	}
	ev.Status = status
	return ev
}

func (t *Tracer) failLaunch(tr *Tracee) *Event {
	tr.launch = launchFailed
	errno := unix.Errno(-tr.call.Ret)
	ev := t.report(LaunchFailed, tr)
	ev.Errno = errno
	return ev
}
