package perfetto

import (
	"slices"
	"strings"
)

// The trace of futex(2) often shows who woke whom. If a thread's FUTEX_WAIT returned 0,
// the thread was woken by a FUTEX_WAKE of its process at the same address that began
// before the wait returned and ended after the wait began. The result of FUTEX_WAKE is the
// number of threads that it woke. If exactly one such call is known when none is in
// progress, it was that one. Otherwise there is no flow: the writer does not guess.
//
// Only private futexes count, since shared ones may be woken at other addresses.
// FUTEX_REQUEUE moves waiting threads to another address, and FUTEX_WAKE_OP wakes threads
// at two. Addresses where these were used get no flows.

// futexCall is a call as far as flows are concerned.
type futexCall struct {
	kind    futexKind
	address futexAddress
}

type futexKind uint8

const (
	noFutex futexKind = iota
	futexWait
	futexWake
	futexMove
)

type futexAddress struct {
	pid     int
	address uint64
}

// futexes has, by address, the calls for which flows may still have to be written.
type futexes map[futexAddress]*futex

type futex struct {
	waking int // calls of FUTEX_WAKE in progress
	moved  bool
	woken  []futexSpan // waits that have returned
	wakes  []futexSpan // wakes that have returned, but whose threads are not all known
}

// futexSpan is a call that has returned. left is the number of threads that it has woken
// and that are not known yet.
type futexSpan struct {
	at         moment
	begin, end int64
	left       uint64
}

// maxSpans limits what is kept for an address, and maxFutexes the addresses.
const (
	maxSpans   = 32
	maxFutexes = 1 << 16
)

// kindOf returns the kind of a futex operation, from its names.
func kindOf(op string) futexKind {
	name, _, _ := strings.Cut(op, "|")
	switch name {
	case "FUTEX_WAIT_PRIVATE", "FUTEX_WAIT_BITSET_PRIVATE":
		return futexWait
	case "FUTEX_WAKE_PRIVATE", "FUTEX_WAKE_BITSET_PRIVATE":
		return futexWake
	case "FUTEX_REQUEUE_PRIVATE", "FUTEX_CMP_REQUEUE_PRIVATE", "FUTEX_WAKE_OP_PRIVATE":
		return futexMove
	}
	return noFutex
}

// futexArgument is called with an argument of a futex call, when it is known: at
// the entry of the call.
func (w *writer) futexArgument(name string, address uint64, text string) {
	f := &w.call.futex
	switch {
	case name == "uaddr":
		f.address = futexAddress{w.call.pid, address}
	case name == "futex_op":
		f.kind = kindOf(text)
		if f.kind == futexWake || f.kind == futexMove {
			x := w.state.futexes.at(f.address)
			x.waking++
			x.moved = x.moved || f.kind == futexMove
		}
	case name == "uaddr2" && f.kind == futexMove:
		w.state.futexes.at(futexAddress{w.call.pid, address}).moved = true
	}
}

// at returns what is kept of an address.
func (all futexes) at(a futexAddress) *futex {
	x := all[a]
	if x == nil {
		if len(all) >= maxFutexes {
			clear(all)
		}
		x = new(futex)
		all[a] = x
	}
	return x
}

// forget notes that a call has ended without having woken a thread.
func (all futexes) forget(c futexCall) {
	if x := all[c.address]; x != nil && (c.kind == futexWake || c.kind == futexMove) {
		x.waking = max(0, x.waking-1)
	}
}

// endFutex notes that a call has returned, and writes the flows that are certain now.
func (w *writer) endFutex(duration int64) {
	c := w.call.futex
	x := w.state.futexes[c.address]
	if x == nil {
		return // no call has woken a thread there
	}
	span := futexSpan{begin: w.call.begin, end: w.call.begin + duration}
	span.at = moment{w.call.pid, w.call.tid, span.begin}
	switch c.kind {
	case futexWait:
		span.at.stamp = span.end - min(1, duration) // within the slice
		x.woken = append(x.woken, span)
	case futexWake, futexMove:
		w.state.futexes.forget(c)
		if span.left = uint64(max(0, w.args.result)); span.left > 0 {
			x.wakes = append(x.wakes, span)
		}
	}
	if x.waking > 0 && len(x.woken) < maxSpans {
		return
	}
	for _, wait := range x.woken {
		if by := x.wakerOf(wait); by != nil {
			from := by.at
			from.stamp = min(from.stamp, wait.at.stamp)
			w.buf = w.state.appendFlow(w.buf, "wake", from, wait.at, true)
			by.left--
		}
	}
	x.woken = x.woken[:0]
	x.wakes = slices.DeleteFunc(x.wakes, func(s futexSpan) bool { return s.left == 0 })
	if n := len(x.wakes) - maxSpans; n > 0 {
		x.wakes = slices.Delete(x.wakes, 0, n)
	}
	if len(x.wakes) == 0 && !x.moved && x.waking == 0 {
		delete(w.state.futexes, c.address)
	}
}

// wakerOf returns the call that has ended a wait, or nil if that is not certain. Calls
// that it cannot tell apart are of no use for later waits either.
func (x *futex) wakerOf(wait futexSpan) *futexSpan {
	var found []*futexSpan
	for i := range x.wakes {
		if s := &x.wakes[i]; s.left > 0 && s.begin < wait.end && s.end > wait.begin {
			found = append(found, s)
		}
	}
	if len(found) == 1 && !x.moved && x.waking == 0 {
		return found[0]
	}
	for _, s := range found {
		s.left = 0
	}
	return nil
}
