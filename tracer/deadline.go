//go:build linux && amd64

package tracer

import (
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// wait4 has no timeout. At a deadline a timer interrupts it by sending
// wakeSignal to the tracer's thread only.

// timer is a POSIX timer of CLOCK_MONOTONIC (timer_create(2)).
type timer struct {
	id      int32
	created bool
	armed   bool
	first   time.Time // while it is armed: when it fires for the first time
}

// sigevent is struct sigevent of asm-generic/siginfo.h.
type sigevent struct {
	value  uint64
	signo  int32
	notify int32
	tid    int32
	_      [44]byte
}

const sigevThreadID = 4 // SIGEV_THREAD_ID

// timerPeriod is the interval at which a timer repeats after it has first fired, since the
// tracer may not have been waiting at that moment.
const timerPeriod = time.Millisecond

// start makes the timer fire after d, and then repeatedly until it is stopped.
func (tm *timer) start(t *Tracer, d time.Duration) error {
	if !tm.created {
		if err := tm.create(t); err != nil {
			return err
		}
	}
	tm.armed, tm.first = true, time.Now().Add(d)
	return tm.set(max(d, time.Nanosecond), timerPeriod)
}

func (tm *timer) create(t *Tracer) error {
	if err := interruptWaits(); err != nil {
		return err
	}
	var wake unix.Sigset_t
	wake.Val[0] = 1 << (wakeSignal - 1)
	if err := unix.PthreadSigmask(unix.SIG_UNBLOCK, &wake, nil); err != nil {
		return err
	}
	event := sigevent{signo: int32(wakeSignal), notify: sigevThreadID, tid: int32(t.tid)}
	_, _, errno := unix.RawSyscall(unix.SYS_TIMER_CREATE, unix.CLOCK_MONOTONIC, uintptr(unsafe.Pointer(&event)), uintptr(unsafe.Pointer(&tm.id)))
	if errno != 0 {
		return errno
	}
	tm.created = true
	return nil
}

// delete frees the timer.
func (tm *timer) delete() {
	if tm.created {
		unix.RawSyscall(unix.SYS_TIMER_DELETE, uintptr(tm.id), 0, 0)
		tm.created, tm.armed = false, false
	}
}

// stop disarms the timer.
func (tm *timer) stop() {
	if tm.armed {
		tm.set(0, 0)
		tm.armed = false
	}
}

func (tm *timer) set(first, interval time.Duration) error {
	spec := [2]unix.Timespec{unix.NsecToTimespec(int64(interval)), unix.NsecToTimespec(int64(first))} // struct itimerspec
	_, _, errno := unix.RawSyscall6(unix.SYS_TIMER_SETTIME, uintptr(tm.id), 0, uintptr(unsafe.Pointer(&spec)), 0, 0, 0)
	if errno != 0 {
		return errno
	}
	return nil
}

// waitUntil waits until a deadline. It returns early, without a stop, when the trace is
// interrupted.
//
// With buffered calls there is always a deadline. The timer then remains armed between two
// waits, so that it need not be set again if tracees stop before it fires.
func (t *Tracer) waitUntil(deadline time.Time) (stop, error) {
	now := time.Now()
	late := !now.Before(deadline)
	if late || !t.timer.armed || t.timer.first.After(deadline) || !t.timer.first.After(now) {
		s, errno := t.wait(unix.WNOHANG)
		if late || s.tid != 0 || errno != 0 && errno != unix.EINTR && errno != unix.ECHILD {
			if errno == unix.ECHILD || errno == unix.EINTR {
				errno = 0
			}
			return s, asError(errno)
		}
		if err := t.timer.start(t, time.Until(deadline)); err != nil {
			return stop{}, err
		}
	}
	if t.buffered == nil {
		defer t.timer.stop()
	}
	for {
		s, errno := t.wait(0)
		switch {
		case errno == unix.ECHILD: // no tracee can stop until one is resumed
			nap := unix.NsecToTimespec(int64(time.Until(deadline)))
			unix.Nanosleep(&nap, nil) // the timer also ends this sleep
			return stop{}, nil
		case errno != 0 && errno != unix.EINTR:
			return stop{}, errno
		case s.tid != 0, t.interrupt.Load() != 0:
			return s, nil
		case !time.Now().Before(deadline):
			t.timer.stop() // nothing happens: it should not fire so often
			return s, nil
		}
		// The timer has fired for an earlier deadline, and would fire again only after its
		// period.
		if err := t.timer.start(t, time.Until(deadline)); err != nil {
			return stop{}, err
		}
	}
}

// asError returns an errno as an error, or nil for 0.
func asError(errno unix.Errno) error {
	if errno == 0 {
		return nil
	}
	return errno
}
