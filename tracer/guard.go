//go:build linux && amd64

package tracer

import (
	"bytes"
	"os"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"trapline/tables"
	"trapline/tracer/buffered"
)

// guardCopies makes the stub keep track of the calls that change which signals its thread
// blocks. Calls that change what a fault in the stub would do must stop. See
// buffered/guard.go.
func guardCopies(nr uint64, call *buffered.Call) {
	switch {
	case !call.Buffered:
	case nr == unix.SYS_RT_SIGPROCMASK:
		call.Ops = slices.Insert(slices.Clone(call.Ops), 0, buffered.Op{Kind: buffered.KindMasks, When: buffered.AfterCall})
	case nr == unix.SYS_RT_SIGACTION:
		call.Arg, call.Mask = 0, ^uint32(0)
		call.Commands = []buffered.Command{{Value: uint32(unix.SIGBUS)}, {Value: uint32(unix.SIGSEGV)}}
	}
}

// enterGuarded handles the entry of a call that changes what a fault in the stub would do.
func (t *Tracer) enterGuarded(tr *Tracee) {
	if tr.buffered != nil && changesMask(&tr.call) {
		tr.buffered.area.DoubtMask()
	}
	if !changesActions(&tr.call) {
		return
	}
	if !tr.changing { // the tracee may have been here before, if it repeats its call
		tr.changing = true
		tr.space.changing++
	}
	for _, th := range t.buffered.areas {
		if th.tr.space != tr.space {
			continue
		}
		th.area.HoldActions()
		// The stub may be in the middle of a copy that began under the old action. Wait until
		// it ends.
		if copying := th.area.IsCopying(); copying != 0 && th.tr != tr {
			for th.area.IsCopying() == copying && isRunning(th.tr.TID) {
				// It is a sleep, not a yield: a tracer with a real-time priority would never yield
				// to a tracee without one.
				time.Sleep(20 * time.Microsecond)
			}
		}
	}
}

// leaveGuarded handles the exit of a call that enterGuarded has handled.
func (t *Tracer) leaveGuarded(tr *Tracee) {
	s := tr.space
	if !tr.changing || s == nil {
		return
	}
	tr.changing = false
	if s.changing--; s.changing > 0 {
		return
	}
	for _, th := range t.buffered.areas {
		if th.tr.space == s {
			th.area.ReleaseActions()
		}
	}
}

// changesMask reports whether a call that stops changes which signals its thread blocks after
// the call.
func changesMask(call *Syscall) bool {
	switch call.ABI {
	case tables.X86_64:
		return call.NR == unix.SYS_RT_SIGPROCMASK || call.NR == unix.SYS_RT_SIGRETURN
	default:
		return true // such calls are rare
	}
}

// changesActions reports whether a call may set the action of a signal that a fault in the
// stub sends.
func changesActions(call *Syscall) bool {
	switch call.ABI {
	case tables.X86_64:
		if call.NR != unix.SYS_RT_SIGACTION || call.Args[1] == 0 {
			return false
		}
	case tables.X32:
		if call.NR != 512 { // rt_sigaction
			return false
		}
	default:
		switch call.NR {
		case 48, 67, 174: // signal, sigaction and rt_sigaction of i386
		default:
			return false
		}
	}
	return buffered.IsFault(uint64(uint32(call.Args[0])))
}

// isRunning reports whether a thread runs, or waits for a processor or for memory. It returns
// false for a thread that sleeps or is stopped.
func isRunning(tid int) bool {
	stat, _ := os.ReadFile("/proc/" + strconv.Itoa(tid) + "/stat")
	name := bytes.LastIndexByte(stat, ')')
	return name >= 0 && (bytes.HasPrefix(stat[name:], []byte(") R")) || bytes.HasPrefix(stat[name:], []byte(") D")))
}
