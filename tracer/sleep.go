//go:build linux && amd64

package tracer

import (
	"time"

	"golang.org/x/sys/unix"

	"trapline/tracer/buffered"
)

// For a program that does nothing, reading the rings a hundred times a second is too much.
// When nothing has happened for a while, the tracer sets an alarm in each ring: the thread of
// the ring then stops when it begins a call, or when the call that it is in has returned. The
// tracer reads the rings once more, and then only waits for stops.
//
// It must read them once more because a thread may have checked its alarm just before the
// alarm was set. The thread has recorded the beginning or the end of its call before that
// check, so this last read finds it: other processors see a write within milliseconds.

// sleepAfter is how long nothing must have happened before alarms are set. A thread that
// wakes the tracer needs a stop, so this should be rare for programs that often wait for a
// short time.
const sleepAfter = 100 * time.Millisecond

// doze sets alarms, or stops reading the rings, if nothing has happened for long enough. It
// is called when everything in the rings has been reported.
func (t *Tracer) doze() {
	b := t.buffered
	quiet := b.clock.last.Sub(b.still)
	switch {
	case b.stirred || !b.isAllReported():
		b.wake()
		b.stirred, b.still = false, b.clock.last
	case b.alarmed:
		if b.asleep = quiet >= longIdle; b.asleep {
			t.debugf("buffered: nothing happens, and the tracer waits for a stop")
		}
	case quiet >= sleepAfter:
		b.alarmed, b.still = true, b.clock.last
		b.setAlarms(true)
	}
}

// wake undoes what doze has done, since something happens.
func (b *bufferedState) wake() {
	b.stirred = true
	if b.alarmed {
		b.alarmed, b.asleep = false, false
		b.setAlarms(false)
	}
}

func (b *bufferedState) setAlarms(set bool) {
	for _, th := range b.areas {
		th.area.SetAlarm(set)
	}
}

// isAllReported reports whether all calls that have ended were reported, and the entries of
// all calls in progress. It returns false if the program has its own seccomp filter, which
// may keep its threads from waking the tracer.
func (b *bufferedState) isAllReported() bool {
	for _, th := range b.areas {
		begun := th.area.IsCopying()
		if !th.area.IsAsMarked() || th.tr.everyCall || begun != 0 && (!th.running || !th.entered || th.begun != begun) {
			return false
		}
	}
	return true
}

// isWaking reports whether the call that a tracee has entered is not the program's but that
// of an alarm.
func (tr *Tracee) isWaking(ip uint64) bool {
	return tr.isBuffered() && ip == buffered.WakeAddr+callSize
}

// letGoOn resumes a tracee that has woken the tracer.
func (t *Tracer) letGoOn(tr *Tracee) {
	var regs Registers
	if t.info.op == unix.PTRACE_SYSCALL_INFO_SECCOMP && tr.Registers(&regs) == nil && t.buffered.stub.Woke(&regs) {
		tr.SetRegisters(&regs)
		if tr.buffered != nil {
			tr.buffered.area.SetAlarm(false) // the program may have set the alarm itself
			if tr.buffered.area.TakeFound() {
				t.colocation.Examine(&tr.task)
			}
		}
	}
	t.resume(tr)
}
