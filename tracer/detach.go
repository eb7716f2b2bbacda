//go:build linux && amd64

package tracer

import (
	"fmt"
	"io"
	"runtime"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Interrupt ends the trace: the next events are Detached, one for each tracee, and then Next
// returns io.EOF. A launched command gets the signal sig, and then continues or dies
// untraced. Attached processes and descendants of the command continue. With
// Options.KillOnExit there are no such events, and all tracees die when this process does.
//
// It may be called from any goroutine. It returns once the tracer has noticed it, which
// requires a call of Next, or is closed.
func (t *Tracer) Interrupt(sig unix.Signal) {
	t.interruptWith(int32(sig))
}

// Stop ends the trace as Interrupt does, but without a signal: all tracees
// continue.
func (t *Tracer) Stop() { t.interruptWith(noSignal) }

func (t *Tracer) interruptWith(how int32) {
	if !t.interrupt.CompareAndSwap(0, how) {
		return
	}
	if err := interruptWaits(); err != nil {
		return // the next stop will notice it
	}
	// The tracer may be just about to wait when the signal arrives, so it is
	// sent repeatedly until the tracer has noticed it.
	for {
		select {
		case <-t.closed:
			return
		default:
			signalThread(unix.Getpid(), t.tid, wakeSignal)
		}
		select {
		case <-t.noticed:
			return
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// DetachAll ends the trace as Stop does, but must be called from the tracer's own goroutine.
func (t *Tracer) DetachAll() {
	t.interrupt.CompareAndSwap(0, noSignal)
}

// End ends the trace as Interrupt does, but must be called from the tracer's own goroutine.
func (t *Tracer) End(sig unix.Signal) { t.interrupt.CompareAndSwap(0, int32(sig)) }

// Close releases the tracer's resources after the trace has ended, and unlocks
// its goroutine from the thread.
func (t *Tracer) Close() {
	close(t.closed)
	t.timer.delete()
	if b := t.buffered; b != nil {
		t.debugf("buffered: %d calls did not stop, %d did", b.passed, b.stopped)
	}
	runtime.UnlockOSThread()
}

// CommandStatus returns the wait status of the launched command, if the tracer has received
// it.
func (t *Tracer) CommandStatus() (status unix.WaitStatus, ended bool) {
	// After an interrupt, stops may be left in the queue.
	for i := range t.queue.count {
		t.noteEnd(t.queue.at(i).stop)
	}
	return t.commandStatus, t.commandEnded
}

// AwaitCommand waits for the end of the launched command, after it was detached
// and Next has returned io.EOF. It returns false for a command that is not a
// child of this process.
func (t *Tracer) AwaitCommand() (unix.WaitStatus, bool) {
	// Threads that were killed before they could be detached are still tracees:
	// until they are waited for, the command has not ended.
	for {
		if status, ended := t.CommandStatus(); ended {
			return status, true
		}
		if !t.exists(t.launched) {
			return 0, false
		}
		s, ok := t.queue.pop(nil)
		if !ok {
			var errno unix.Errno
			if s, errno = t.wait(0); errno == unix.EINTR {
				continue
			} else if errno != 0 {
				return 0, false
			}
		}
		t.noteEnd(s)
		if status := unix.WaitStatus(s.status); status.Stopped() {
			t.detachFrom(&Tracee{TID: s.tid, t: t}, s.status)
		}
	}
}

// noteEnd notes the wait status of the launched command, if the stop is its
// end.
func (t *Tracer) noteEnd(s stop) {
	status := unix.WaitStatus(s.status)
	if s.tid == t.launched && (status.Exited() || status.Signaled()) {
		t.commandStatus, t.commandEnded = status, true
		t.launcher.release()
	}
}

// noSignal in Tracer.interrupt ends the trace without a signal.
const noSignal = -1

// wakeSignal interrupts wait4. The Go runtime ignores it.
const wakeSignal = unix.Signal(64)

// signalThread sends a signal to a thread. A seccomp filter around this process
// may refuse tgkill.
func signalThread(pid, tid int, sig unix.Signal) {
	if unix.Tgkill(pid, tid, sig) != nil && tid > 0 {
		unix.RawSyscall(unix.SYS_TKILL, uintptr(tid), uintptr(sig), 0)
	}
}

// unblockWakeSignal unblocks wakeSignal in this thread, which may have been
// blocked when the program was started.
func unblockWakeSignal() error {
	set := unix.Sigset_t{Val: [16]uint64{1 << (wakeSignal - 1)}}
	if err := unix.PthreadSigmask(unix.SIG_UNBLOCK, &set, nil); err != nil {
		return fmt.Errorf("rt_sigprocmask: %w", err)
	}
	return nil
}

// interruptWaits changes the runtime's handler of wakeSignal to one that does
// not restart system calls.
func interruptWaits() error {
	const saRestart = 0x10000000
	var action sigaction
	if _, _, errno := unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(wakeSignal),
		0, uintptr(unsafe.Pointer(&action)), signalSetSize, 0, 0); errno != 0 {
		return errno
	}
	action.flags &^= saRestart
	if _, _, errno := unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(wakeSignal),
		uintptr(unsafe.Pointer(&action)), 0, signalSetSize, 0, 0); errno != 0 {
		return errno
	}
	return nil
}

// abandons reports whether the tracer leaves its tracees to die with this process after an
// interrupt.
func (t *Tracer) abandons() bool { return t.opts.KillOnExit && t.interrupt.Load() != noSignal }

// nextDetached is Next after an interrupt.
func (t *Tracer) nextDetached() (*Event, error) {
	if !t.ending {
		t.ending = true
		t.debugf("the trace is being ended, %d tracees", len(t.tracees))
		close(t.noticed)
		if !t.abandons() {
			t.beginDetaching(unix.Signal(t.interrupt.Load()))
		}
	}
	if t.abandons() {
		t.colocation.Stop()
		return nil, io.EOF
	}
	if ev := t.resumeCurrent(); ev != nil {
		return ev, nil
	}
	for {
		if n := len(t.detached); n > 0 {
			tr := t.detached[n-1]
			t.detached = t.detached[:n-1]
			return t.report(Detached, tr), nil
		}
		if len(t.tracees) == 0 {
			t.colocation.Stop()
			return nil, io.EOF
		}
		if t.births.held > 0 && t.queue.empty() {
			if ev, err := t.releaseOrphan(); ev != nil || err != nil {
				return ev, err
			}
		}
		s, err := t.nextStopAtEnd()
		switch {
		case err != nil:
			return nil, err
		case s.tid == 0:
			continue // interrupted
		}
		tr := t.tracees[s.tid]
		status := unix.WaitStatus(s.status)
		if status.Stopped() && s.status>>16 == unix.PTRACE_EVENT_EXEC && (tr == nil || !tr.filtered) {
			tr = t.execAtEnd(s.tid, tr)
		}
		switch {
		case status.Exited() || status.Signaled():
			if ev := t.ended(tr, s.tid, status); ev != nil {
				return ev, nil
			}
		case tr == nil && t.opts.Traced == nil:
			ptrace(unix.PTRACE_DETACH, s.tid, 0, 0) // a new tracee that was never reported
		case tr == nil, tr.filtered:
			if ev := t.classify(s); ev != nil {
				return ev, nil
			}
		case status.Stopped():
			t.detachFrom(tr, s.status)
		}
	}
}

// settleTime is how long the tracer waits for tracees that it has interrupted before it
// checks whether they still exist.
const settleTime = 50 * time.Millisecond

// nextStopAtEnd is nextStop while tracees are being detached.
func (t *Tracer) nextStopAtEnd() (stop, error) {
	if !t.queue.empty() || !t.awaitsStops() {
		return t.nextStop()
	}
	deadline := time.Now().Add(settleTime)
	s, err := t.waitUntil(deadline)
	if s.tid == 0 && err == nil && !time.Now().Before(deadline) {
		t.dropVanished()
	}
	return s, err
}

// awaitsStops reports whether there are tracees still to be detached.
func (t *Tracer) awaitsStops() bool {
	for _, tr := range t.tracees {
		if !tr.filtered {
			return true
		}
	}
	return false
}

// dropVanished drops tracees that will not stop. These are threads whose ids an execve has
// taken over. If only ended tracees are left, it drops those as well, for example leaders,
// whose end the kernel reports only after that of the last thread of their process. It
// interrupts the remaining tracees once more.
func (t *Tracer) dropVanished() {
	living := 0
	for _, tr := range t.tracees {
		switch {
		case tr.filtered:
		case ptrace(unix.PTRACE_INTERRUPT, tr.TID, 0, 0) == unix.ESRCH:
			t.drop(tr)
		case tr.hasMemory():
			living++
		}
	}
	if living > 0 {
		return
	}
	for _, tr := range t.tracees {
		if !tr.filtered {
			t.drop(tr)
		}
	}
}

// execAtEnd handles an execve by a thread that may not have been the leader,
// and returns the tracee that now has the leader's id.
func (t *Tracer) execAtEnd(tid int, leader *Tracee) *Tracee {
	former, errno := getEventMessage(tid)
	caller := t.tracees[int(former)]
	if errno != 0 || int(former) == tid || caller == nil {
		return leader
	}
	if leader != nil {
		t.drop(leader)
	}
	t.rename(caller, tid)
	return caller
}

// beginDetaching detaches all stopped tracees and interrupts the others, without waiting for
// them. A process in vfork stops only after its child has continued, and that child may be
// stopped here.
func (t *Tracer) beginDetaching(sig unix.Signal) {
	if t.tracees[t.launched] != nil && !t.commandEnded && sig > 0 {
		unix.Kill(t.launched, unix.SIGCONT)
		unix.Kill(t.launched, sig)
	}
	if tr := t.current; tr != nil {
		if t.event.Kind == Signal {
			tr.pending = t.event.Signal
		}
		t.current = nil
	}
	for _, tr := range t.tracees {
		switch {
		case tr.filtered:
			t.beginServing(tr)
		case tr.state == stopped, tr.state == groupStop, tr.state == held:
			t.detach(tr)
		case ptrace(unix.PTRACE_INTERRUPT, tr.TID, 0, 0) == unix.ESRCH:
			t.drop(tr) // gone: see dropVanished
		}
	}
	t.colocation.End()
}

// beginServing ends the trace for a tracee with a seccomp filter. It remains a tracee, but
// its events are not returned. A held tracee still waits for its parent's event.
func (t *Tracer) beginServing(tr *Tracee) {
	if tr.known && !tr.unseen {
		t.detached = append(t.detached, tr)
	}
	tr.unseen = true
	t.colocation.Unpin(&tr.task)
	if tr.state == stopped || tr.state == groupStop {
		tr.restoreArguments()
		tr.inCall = false
		t.noteExec(tr, false)
		t.resume(tr)
	}
}

// detachFrom detaches a tracee from a stop that was just waited for.
func (t *Tracer) detachFrom(tr *Tracee, status uint32) {
	event := status >> 16
	switch sig := unix.Signal(status >> 8 & 0xff); {
	case event == 0 && sig != stopSyscall:
		tr.pending = sig
	case event == unix.PTRACE_EVENT_EXEC:
		tr.changed = nil // the new program has registers of its own
	case event == unix.PTRACE_EVENT_FORK, event == unix.PTRACE_EVENT_VFORK, event == unix.PTRACE_EVENT_CLONE:
		if tid, errno := getEventMessage(tr.TID); errno == 0 {
			if child := t.announce(int(tid)); child != nil && child.state == held {
				t.detach(child)
			}
		}
	}
	t.detach(tr)
}

// detach detaches a stopped tracee. This is reported if the tracee was ever reported to the
// user.
func (t *Tracer) detach(tr *Tracee) {
	if t.overtaken(tr.TID) {
		tr.state = running // the stop for the execve has yet to come
		return
	}
	t.letGo(tr)
	t.noteDetached(tr)
}

// drop forgets a tracee that has vanished; detach is for one that is stopped.
func (t *Tracer) drop(tr *Tracee) {
	t.forget(tr)
	t.noteDetached(tr)
}

// noteDetached queues the report that a tracee was detached, if the tracee was ever reported
// to the user.
func (t *Tracer) noteDetached(tr *Tracee) {
	if tr.known {
		t.detached = append(t.detached, tr)
	}
}

// letGo resumes a stopped tracee untraced, with its pending signal and its own
// affinity.
func (t *Tracer) letGo(tr *Tracee) {
	tr.restoreArguments()
	t.colocation.Unpin(&tr.task)
	if tr.launch == launching {
		t.launcher.unblock()
	}
	errno := ptrace(unix.PTRACE_DETACH, tr.TID, 0, uintptr(tr.pending))
	t.debugResume(tr, unix.PTRACE_DETACH, tr.pending, errno)
	t.forget(tr)
}
