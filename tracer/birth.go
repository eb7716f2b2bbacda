//go:build linux && amd64

package tracer

import (
	"time"

	"golang.org/x/sys/unix"
)

// The kernel reports a new tracee twice, in either order: by an event of its creator, here
// called its parent, and by its own first stop. Either report may be missing. The parent may
// be killed before its event, or, without a filter, it may use CLONE_PTRACE with CLONE_UNTRACED,
// which causes no event. The child may be killed before its stop.

// births tracks tracees that have stopped before their parents' events.
type births struct {
	held int       // number of held tracees
	next time.Time // when to check for tracees that have waited too long

	untold []untoldBirth // left by tracees that were killed in a clone with CLONE_UNTRACED
}

// parentLimit is how long a tracee is held for its parent's event. The kernel
// sends the event as soon as the child exists.
const parentLimit = 50 * time.Millisecond

// hold keeps a new tracee in its first stop until its parent's event. The stop is a
// group-stop unless its signal is SIGTRAP. If the tracer uses a seccomp filter, hold assumes
// that the tracee has inherited it: nearly all tracees have, and it does no harm to treat the
// others alike.
func (t *Tracer) hold(tid int, sig unix.Signal) {
	tr := t.add(tid, held)
	tr.filtered = t.opts.Traced != nil
	if sig != unix.SIGTRAP {
		tr.pending = sig
	}
	tr.heldUntil = time.Now().Add(parentLimit)
	if t.births.held++; t.births.held == 1 {
		t.births.next = tr.heldUntil
	}
}

// releaseOrphan reports a tracee that has waited too long for its parent's event. It waits
// while a queued stop may be that event.
func (t *Tracer) releaseOrphan() (*Event, error) {
	now := time.Now()
	if now.Before(t.births.next) {
		return nil, nil
	}
	t.births.next = now.Add(parentLimit)
	collected := false
	for _, tr := range t.tracees {
		switch {
		case tr.state != held:
		case now.Before(tr.heldUntil):
			t.births.next = minTime(t.births.next, tr.heldUntil)
		case tr.overdue:
			t.births.next = now // there may be more of them
			t.inheritUntold(tr)
			return t.release(tr), nil
		default:
			// The tracer may have been too busy to see the parent's event. It handles all
			// pending events before it gives up.
			tr.overdue = true
			t.births.next = now
			collected = true
		}
	}
	if collected {
		return nil, t.collect()
	}
	return nil, nil
}

func minTime(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// release reports a tracee that waited for its parent's event.
func (t *Tracer) release(child *Tracee) *Event {
	t.births.held--
	child.restoreUntraced()
	t.born(child)
	child.state = stopped
	if child.pending != 0 {
		child.pending = 0
		child.state = groupStop
	}
	return t.created(child)
}

// createdStop handles the parent's event for a new tracee.
func (t *Tracer) createdStop(parent *Tracee) *Event {
	message, errno := getEventMessage(parent.TID)
	if errno != 0 {
		return nil
	}
	child := t.announce(int(message))
	if child == nil {
		t.resume(parent)
		return nil
	}
	child.inherit(parent)
	parent.restoreUntraced()
	if parent.endsWithTracer {
		t.colocation.InheritPin(&parent.task, &child.task)
	}
	t.resume(parent)
	if child.state != held {
		return nil
	}
	return t.release(child)
}

// bearsTracee reports whether the task that a tracee's call creates, if it does, is a tracee from
// the start.
func (t *Tracer) bearsTracee(tr *Tracee) bool {
	if !t.opts.Follow || tr.filtered {
		return t.opts.Follow // the call of a filtered tracee is made without CLONE_UNTRACED
	}
	flags, creates := tr.cloneFlagsOf()
	return creates && flags&unix.CLONE_UNTRACED == 0
}

// announce returns the tracee that its parent's event announces. It returns nil
// if the tracee is already gone: killed before its first stop, or held,
// released and ended while the event was queued.
func (t *Tracer) announce(tid int) *Tracee {
	if child := t.tracees[tid]; child != nil {
		return child
	}
	if !t.exists(tid) {
		return nil
	}
	return t.add(tid, announced)
}

// exists reports whether there is a tracee, or a child of this thread, whose
// end is yet to be reported.
func (t *Tracer) exists(tid int) bool {
	if t.queue.hasAny(tid) {
		return true
	}
	return unix.Waitid(unix.P_PID, tid, nil, anyStatus, nil) != unix.ECHILD
}

// anyStatus makes waitid look for any status without consuming it.
const anyStatus = unix.WEXITED | unix.WSTOPPED | unix.WNOWAIT | unix.WNOHANG | unix.WALL | unix.WNOTHREAD
