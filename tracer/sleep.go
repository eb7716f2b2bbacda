//go:build linux && amd64

package tracer

import (
	"time"

	"golang.org/x/sys/unix"

	"trapline/tracer/buffered"
)

// Looking at the rings a hundred times a second is much for programs that do nothing.
// When nothing has happened in them for a while, the tracer sets an alarm in each: its
// thread then stops when it begins a call, and when the call that it is in has returned.
// After one more look the tracer waits for stops only.
//
// That look is needed because a thread may have read its alarm just before it was set. It
// reads it after it has noted that its call begins or has ended, so by the time of the
// look that is seen: no processor keeps to itself for milliseconds what it has written.

// sleepAfter is how long nothing must have happened. Waking the tracer takes a thread a
// stop, which must be rare for programs that often wait a little.
const sleepAfter = 100 * time.Millisecond

// doze sets alarms or falls asleep if nothing has happened for long enough. All that was
// in the rings has just been reported.
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

// wake ends what doze has begun, since something happens.
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

// isAllReported reports whether all calls that have ended are reported, and those that
// are under way as entered. It is false with filters of a program's own, which may keep
// its threads from waking the tracer.
func (b *bufferedState) isAllReported() bool {
	for _, th := range b.areas {
		begun := th.area.IsCopying()
		if !th.area.IsAsMarked() || th.tr.everyCall || begun != 0 && (!th.running || !th.entered || th.begun != begun) {
			return false
		}
	}
	return true
}

// isWaking reports whether the call that a tracee has entered is not the program's, but
// that of an alarm.
func (tr *Tracee) isWaking(ip uint64) bool {
	return tr.isBuffered() && ip == buffered.WakeAddr+callSize
}

// letGoOn lets a tracee go on that has woken the tracer.
func (t *Tracer) letGoOn(tr *Tracee) {
	var regs Registers
	if t.info.op == unix.PTRACE_SYSCALL_INFO_SECCOMP && tr.Registers(&regs) == nil && t.buffered.stub.Woke(&regs) {
		tr.SetRegisters(&regs)
		if tr.buffered != nil {
			tr.buffered.area.SetAlarm(false) // it may have set its alarm itself
		}
	}
	t.resume(tr)
}
