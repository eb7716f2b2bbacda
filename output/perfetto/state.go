package perfetto

import (
	"strings"

	"trapline/output"
)

// state is what the writers of a trace share.
type state struct {
	started bool
	origin  int64        // stamp of the first record: the zero of all times
	open    map[int]bool // threads with a slice that has no end yet
	flowID  uint64       // of the last flow

	births map[int]birth // threads whose creation has been seen only on one side, by id
	futexes
}

// birth is the creation of a thread, as seen by the new thread or by its creator.
type birth struct {
	pid, tid int   // of the new thread
	stamp    int64 // time of the first event of the new thread, or of the creator's call
	duration int64 // of the creator's call
	parent   int   // of the new thread; 0 if this is the creator's side
}

// maxBirths limits the number of births kept: those of children that are not followed are
// never seen on the other side.
const maxBirths = 4096

// stateOf returns the state of a trace. It is made with the first writer.
func stateOf(o *output.Options) *state {
	if s, ok := o.State.(*state); ok {
		return s
	}
	s := &state{open: map[int]bool{}, births: map[int]birth{}, futexes: futexes{}}
	o.State = s
	return s
}

// start makes the first record the zero of all times. The format's times are microseconds
// as doubles, which cannot express the nanoseconds of a time since 1970.
func (s *state) start(stamp int64) {
	if !s.started {
		s.started, s.origin = true, stamp
	}
}

// appendEvent begins an event.
func (s *state) appendEvent(b []byte, phase string, pid, tid int, stamp int64) []byte {
	b = append(append(append(b, `,{"ph":"`...), phase...), '"')
	b = appendIDs(b, pid, tid)
	return appendMicroseconds(append(b, `,"ts":`...), stamp-s.origin)
}

func appendIDs(b []byte, pid, tid int) []byte {
	b = output.AppendNumber(append(b, `,"pid":`...), uint64(pid), output.Signed)
	return output.AppendNumber(append(b, `,"tid":`...), uint64(tid), output.Signed)
}

// appendMicroseconds writes nanoseconds in the format's unit, with three decimals.
func appendMicroseconds(b []byte, ns int64) []byte {
	if ns < 0 {
		b, ns = append(b, '-'), -ns
	}
	b = output.AppendNumber(b, uint64(ns/1000), output.Unsigned)
	return output.AppendFraction(b, int(ns%1000)*1_000_000, output.Milliseconds)
}

// A flow is an arrow from a slice to a later one. Its two events belong to the slices of
// their threads that contain their times. The second event may also come before its slice,
// with no other slice in between.

// moment is a time of a thread.
type moment struct {
	pid, tid int
	stamp    int64
}

// appendFlow writes a flow. enclosed says that to lies in a slice.
func (s *state) appendFlow(b []byte, name string, from, to moment, enclosed bool) []byte {
	s.flowID++
	end := func(phase string, at moment) {
		b = s.appendEvent(b, phase, at.pid, at.tid, at.stamp)
		b = append(append(append(b, `,"cat":"flow","name":"`...), name...), `","id":`...)
		b = output.AppendNumber(b, s.flowID, output.Unsigned)
	}
	end("s", from)
	b = append(b, "}\n"...)
	end("f", to)
	if enclosed {
		b = append(b, `,"bp":"e"`...)
	}
	return append(b, "}\n"...)
}

// born notes the first event of a new thread.
func (w *writer) born(stamp int64, p *output.Process) {
	if p.Parent == 0 {
		return
	}
	w.meet(w.tracee.PID, birth{pid: w.process(), tid: w.tracee.PID, stamp: stamp, parent: p.Parent})
}

// creates notes a call that has created a thread, if it is one: only such calls
// have "clone" or "fork" in their names.
func (w *writer) creates(duration int64) {
	c := &w.call
	if child := w.args.result; child > 0 && (strings.Contains(c.name, "clone") || strings.Contains(c.name, "fork")) {
		w.meet(int(child), birth{pid: c.pid, tid: c.tid, stamp: c.begin, duration: duration})
	}
}

// meet writes the flow of a creation when both sides are known, in either order.
func (w *writer) meet(child int, b birth) {
	other, known := w.state.births[child]
	if !known || (other.parent == 0) == (b.parent == 0) {
		if len(w.state.births) >= maxBirths {
			clear(w.state.births)
		}
		w.state.births[child] = b
		return
	}
	creator, created := other, b
	if b.parent == 0 {
		creator, created = b, other
		if created.stamp < creator.stamp { // an earlier thread of that id
			w.state.births[child] = b
			return
		}
	}
	delete(w.state.births, child)
	if creator.tid != created.parent || created.stamp < creator.stamp {
		return
	}
	w.buf = w.state.appendFlow(w.buf, "create",
		moment{creator.pid, creator.tid, min(created.stamp, creator.stamp+creator.duration/2)},
		moment{created.pid, created.tid, created.stamp}, false)
}

// flows writes the flows that begin or end in a call that has returned.
func (w *writer) flows(duration int64) {
	if w.call.failed || !w.args.hasResult {
		w.state.futexes.forget(w.call.futex)
		return
	}
	w.creates(duration)
	w.endFutex(duration)
}

// forget drops what is known of a thread that has ended. It keeps the thread's birth: the
// creator's call may return later, as vfork does.
func (s *state) forget(tid int) {
	delete(s.open, tid)
}
