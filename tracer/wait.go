//go:build linux && amd64

package tracer

import (
	"runtime"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// stop is one wait status.
type stop struct {
	tid    int
	status uint32
	queued bool // it comes from the queue: other stops may have been waited for since
	behind bool // all stops that were available before it have been handled
}

// collectEvery is the number of events after which the tracer collects the statuses of all
// stopped tracees. The kernel reports the newest tracee first, so two busy tracees could keep
// all others waiting forever.
const collectEvery = 64

// A wait4 for any tracee makes the kernel check one tracee after another until it finds one
// that has stopped. If there are many tracees, and at least one in stoppedShare of them has
// stopped, it is cheaper to wait for each by its id.
const (
	manyTracees  = 64
	stoppedShare = 16
)

// nextStop returns the next wait status. Its tid is 0 if the wait was
// interrupted.
func (t *Tracer) nextStop() (stop, error) {
	if t.since++; t.queue.empty() && len(t.tracees) > 1 && (t.manyStopped || t.since >= collectEvery) {
		t.since = 0
		if err := t.collect(); err != nil {
			return stop{}, err
		}
	}
	if s, ok := t.queue.pop(t.usage); ok {
		return s, nil
	}
	deadline := t.deadline()
	if deadline.IsZero() {
		t.timer.stop()
	}
	t.reschedule()
	if t.buffered != nil && t.execs > 0 {
		t.buffered.views.Tidy() // execve takes long
	}
	if !deadline.IsZero() {
		return t.waitUntil(deadline)
	}
	s, errno := t.wait(0)
	switch errno {
	case 0, unix.EINTR:
		return s, nil
	case unix.ECHILD:
		// The kernel never reported the end of the remaining tracees. They no longer exist.
		t.lose()
		return stop{}, nil
	}
	return stop{}, errno
}

// deadline returns the time at which the tracer has to act even if no tracee stops, or zero.
func (t *Tracer) deadline() (deadline time.Time) {
	if len(t.delayed) > 0 {
		deadline = t.delayed[0].until
	}
	if t.births.held > 0 && (deadline.IsZero() || t.births.next.Before(deadline)) {
		deadline = t.births.next
	}
	if b := t.buffered; b != nil && len(b.areas) > 0 && !b.asleep && t.interrupt.Load() == 0 && (deadline.IsZero() || b.next.Before(deadline)) {
		deadline = b.next
	}
	return deadline
}

// reschedule calls the Go scheduler, which needs to run every 10 ms. Otherwise
// its monitor takes the processor from this goroutine during a wait, and then
// wakes 50,000 times a second to check whether it has to do so again.
func (t *Tracer) reschedule() {
	const often = 8 * time.Millisecond
	if now := time.Now(); now.Sub(t.scheduled) > often {
		t.scheduled = now
		runtime.Gosched()
	}
}

// collect queues all available wait statuses.
func (t *Tracer) collect() error {
	if t.manyStopped {
		t.sweep()
	}
	for {
		s, errno := t.wait(unix.WNOHANG)
		switch {
		case errno == unix.EINTR:
			continue
		case errno != 0 && errno != unix.ECHILD:
			return errno
		case errno != 0 || s.tid == 0:
			return nil
		}
		t.queue.push(s, t.usage)
		if !t.manyStopped && t.haveManyStopped() {
			t.manyStopped = true
			t.sweep()
		}
	}
}

// haveManyStopped reports whether so many tracees have stopped that it is worth
// waiting for each by its id.
func (t *Tracer) haveManyStopped() bool {
	return len(t.tracees) >= manyTracees && t.queue.count >= len(t.tracees)/stoppedShare
}

// sweep waits for each tracee by its id, without blocking.
func (t *Tracer) sweep() {
	for tid, tr := range t.tracees {
		if tr.state != running && tr.state != listening && tr.state != announced {
			continue
		}
		if s, errno := t.waitNow(tid); errno == 0 && s.tid != 0 {
			t.queue.push(s, t.usage)
		}
	}
	if t.manyStopped = t.haveManyStopped(); t.manyStopped {
		t.colocation.Disperse()
	}
}

// wait is wait4 for the children and tracees of this thread only. Other threads
// wait for their own children.
func (t *Tracer) wait(flags uintptr) (stop, unix.Errno) {
	var status uint32
	flags |= unix.WALL | unix.WNOTHREAD
	var tid uintptr
	var errno unix.Errno
	if flags&unix.WNOHANG != 0 {
		tid, _, errno = syscall.RawSyscall6(unix.SYS_WAIT4, ^uintptr(0), uintptr(unsafe.Pointer(&status)), flags, uintptr(unsafe.Pointer(t.usage)), 0, 0)
	} else {
		tid, _, errno = syscall.Syscall6(unix.SYS_WAIT4, ^uintptr(0), uintptr(unsafe.Pointer(&status)), flags, uintptr(unsafe.Pointer(t.usage)), 0, 0)
	}
	if errno != 0 {
		return stop{}, errno
	}
	t.debugStop(int(tid), status)
	return stop{tid: int(tid), status: status}, 0
}

// waitNow is wait4 for one tracee, without blocking. The tid is 0 if the tracee
// has no status.
func (t *Tracer) waitNow(tid int) (stop, unix.Errno) {
	var status uint32
	n, _, errno := unix.RawSyscall6(unix.SYS_WAIT4, uintptr(tid), uintptr(unsafe.Pointer(&status)),
		unix.WNOHANG|unix.WALL|unix.WNOTHREAD, uintptr(unsafe.Pointer(t.usage)), 0, 0)
	if errno != 0 || n == 0 {
		return stop{}, errno
	}
	t.debugStop(tid, status)
	return stop{tid: tid, status: status}, 0
}

// waitFor waits for one tracee.
func (t *Tracer) waitFor(tid int) (uint32, unix.Errno) {
	for {
		var status uint32
		_, _, errno := syscall.Syscall6(unix.SYS_WAIT4, uintptr(tid), uintptr(unsafe.Pointer(&status)), unix.WALL, uintptr(unsafe.Pointer(t.usage)), 0, 0)
		if errno != unix.EINTR {
			t.debugStop(tid, status)
			return status, errno
		}
	}
}

// lose forgets all tracees, when the kernel reports that there are none.
func (t *Tracer) lose() {
	for _, tr := range t.tracees {
		t.debugf("tracee %d: lost", tr.TID)
		t.forget(tr)
	}
}

// queue is a ring of stops, first in first out.
type queue struct {
	ring  []queuedStop // its length is a power of two
	first int
	count int
}

// queuedStop is a stop with its resource usage, if the options ask for that.
type queuedStop struct {
	stop
	usage *unix.Rusage // reused by later stops in the same position of the ring
}

func (q *queue) empty() bool { return q.count == 0 }

// has reports whether this status of a tracee is in the queue.
func (q *queue) has(tid int, status uint32) bool {
	return q.contains(func(s *queuedStop) bool { return s.tid == tid && s.status == status })
}

// hasAny reports whether any status of a tracee is in the queue.
func (q *queue) hasAny(tid int) bool {
	return q.contains(func(s *queuedStop) bool { return s.tid == tid })
}

func (q *queue) contains(is func(*queuedStop) bool) bool {
	for i := range q.count {
		if is(&q.ring[(q.first+i)&(len(q.ring)-1)]) {
			return true
		}
	}
	return false
}

func (q *queue) push(s stop, usage *unix.Rusage) {
	q.grow()
	q.count++
	q.at(q.count-1).set(s, usage)
}

// putBack puts a stop that was taken from the queue back to the front, because a later status
// of the same tracee may be in the queue.
func (q *queue) putBack(s stop, usage *unix.Rusage) {
	q.grow()
	q.first = (q.first - 1) & (len(q.ring) - 1)
	q.count++
	q.at(0).set(s, usage)
}

// grow makes room for one more stop.
func (q *queue) grow() {
	if q.count < len(q.ring) {
		return
	}
	grown := make([]queuedStop, max(64, 2*len(q.ring)))
	for i := range q.count {
		grown[i] = *q.at(i)
	}
	q.ring, q.first = grown, 0
}

func (in *queuedStop) set(s stop, usage *unix.Rusage) {
	s.queued = true
	in.stop = s
	if usage != nil {
		if in.usage == nil {
			in.usage = new(unix.Rusage)
		}
		*in.usage = *usage
	}
}

// at returns stop number i of the queue, from 0.
func (q *queue) at(i int) *queuedStop { return &q.ring[(q.first+i)&(len(q.ring)-1)] }

// pop removes the first stop. Unless usage is nil, it is set to the stop's
// resource usage.
func (q *queue) pop(usage *unix.Rusage) (stop, bool) {
	if q.count == 0 {
		return stop{}, false
	}
	out := &q.ring[q.first]
	q.first = (q.first + 1) & (len(q.ring) - 1)
	q.count--
	if usage != nil && out.usage != nil {
		*usage = *out.usage
	}
	return out.stop, true
}
