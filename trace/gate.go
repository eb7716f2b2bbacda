//go:build linux && amd64

package trace

import (
	"slices"
	"time"

	"trapline/decode/host"
	"trapline/socketcall"
	"trapline/tables"
	"trapline/trace/condition"
	"trapline/tracer"
)

// gate decides by conditions which records a Session shows, and when it begins
// and ends.
type gate struct {
	where           []*bound
	startOn, stopOn *bound // nil if there is none
	started         bool
	others          *asked // for records that are not calls, which may come in the middle of a call
}

// doubt is what is undecided about a call until it has ended.
type doubt struct {
	start bool // whether records begin with it
	where bool // whether it is shown
	stop  bool // whether the trace ends after it
	ends  bool // nothing is undecided: the trace ends after it
}

// newConditions makes the asker and the gate that the options ask for. Both are
// nil without conditions.
func (s *Session) newConditions(machine host.Host) {
	o := &s.o
	if !o.hasConditions() {
		return
	}
	s.asker = newAsker(machine, o)
	for i := range s.rules {
		s.rules[i].when = s.asker.bind(s.rules[i].Injection.when)
	}
	if len(o.Where) == 0 && o.StartOn == nil && o.StopOn == nil {
		return
	}
	s.gate = &gate{startOn: s.asker.bind(o.StartOn), stopOn: s.asker.bind(o.StopOn), started: o.StartOn == nil}
	for _, c := range o.Where {
		s.gate.where = append(s.gate.where, s.asker.bind(c))
	}
	s.gate.others = s.asker.newAsked(nil, 0)
}

func (o *Options) hasConditions() bool {
	return len(o.Where) > 0 || o.StartOn != nil || o.StopOn != nil ||
		slices.ContainsFunc(o.Injections, func(in *Injection) bool { return in.when != nil })
}

// watches reports whether calls that are not selected matter, because they may
// begin or end the trace.
func (s *Session) watches() bool {
	return s.gate != nil && (!s.gate.started || s.gate.stopOn != nil)
}

// admits decides at the entry of a call whether it is shown. selected says that it is in
// the sets of calls and files that are traced. What is undecided goes to t.doubt.
func (s *Session) admits(t *tracee, call *tracer.Syscall, inner *socketcall.Call, selected bool) bool {
	g, q := s.gate, t.asked
	t.doubt = doubt{}
	if g.started && g.stopOn == nil && !selected {
		return false
	}
	q.at(&t.call, call, inner)
	if !g.started {
		switch q.holds(g.startOn) {
		case condition.False:
			return false
		case condition.True:
			g.started = true
		case condition.Unknown:
			t.doubt.start = true
		}
	}
	if g.stopOn != nil {
		verdict := condition.Unknown
		if g.started {
			verdict = q.holds(g.stopOn)
		}
		t.doubt.ends, t.doubt.stop = verdict == condition.True, verdict == condition.Unknown
	}
	for _, b := range g.where {
		if !selected {
			break
		}
		switch q.holds(b) {
		case condition.False:
			selected = false
		case condition.Unknown:
			t.doubt.where = true
		}
	}
	if !selected {
		t.doubt.where = false
	}
	if t.doubt.start || t.doubt.where || t.doubt.stop {
		q.await()
	}
	return selected
}

// undecided reports whether it is undecided at the entry if the call is shown.
func (d *doubt) undecided() bool { return d.start || d.where }

// lasts reports whether there is something to do at the end of the call even if it is not
// shown.
func (d *doubt) lasts() bool { return d.start || d.stop || d.ends }

// settle decides what was undecided about a call that has ended, and reports whether it is
// shown. The result of the call has been set.
func (s *Session) settle(t *tracee, duration time.Duration) bool {
	if !t.doubt.undecided() && !t.doubt.stop {
		return true
	}
	t.asked.leave()
	t.asked.setDuration(condition.Signed(int64(duration)))
	return s.conclude(t)
}

// conclude is settle once everything knowable is known.
func (s *Session) conclude(t *tracee) (shown bool) {
	g, q := s.gate, t.asked
	shown = true
	if t.doubt.start && !g.started {
		g.started = q.holds(g.startOn) == condition.True
		shown = g.started
	}
	if t.doubt.stop && g.started {
		t.doubt.ends = q.holds(g.stopOn) == condition.True
	}
	if t.doubt.where && shown {
		for _, b := range g.where {
			shown = shown && q.holds(b) == condition.True
		}
	}
	return shown
}

// settleUnshown is settle for a call that is not shown anyway.
func (s *Session) settleUnshown(t *tracee, ev *tracer.Event) {
	if s.gate == nil || !t.doubt.lasts() {
		return
	}
	d := &t.call
	d.Ret, d.Errno = ev.Call.Ret, 0
	if ev.Call.IsError {
		d.Errno = int(-ev.Call.Ret)
	}
	s.settle(t, s.now().Sub(t.entered))
	s.endAfter(t)
}

// settleUnreturned is settle for a call whose tracee dies in it.
func (s *Session) settleUnreturned(t *tracee) {
	if s.gate == nil {
		return
	}
	if t.doubt.undecided() || t.doubt.stop {
		t.asked.unreturned()
		if s.conclude(t) {
			t.trace.Choose()
		}
	}
	s.endAfter(t)
}

// endAfter clears what was undecided about a call that has ended, and ends the trace if
// necessary.
func (s *Session) endAfter(t *tracee) {
	if t.doubt.ends {
		s.ending = "Stop condition has been met"
	}
	t.doubt = doubt{}
}

// showsOther decides whether a record that is not a call is shown.
func (s *Session) showsOther(t *tracee, kind string, signal, code int) bool {
	g := s.gate
	if g == nil {
		return true
	}
	q := g.others
	q.other(t, event{kind, signal, code})
	if !g.started {
		if q.holds(g.startOn) != condition.True || !g.startOn.event {
			return false
		}
		g.started = true
	}
	if b := g.stopOn; b != nil && b.event && q.holds(b) == condition.True {
		s.ending = "Stop condition has been met"
	}
	for _, b := range g.where {
		if q.holds(b) == condition.False {
			return false
		}
	}
	return true
}

// stops reports whether calls of a number have to stop, because they may be shown, or may
// begin or end the trace. A seccomp filter has to know this beforehand.
func (s *Session) stops(abi tables.ABI, nr uint64) bool {
	traced := s.calls.stops(abi, nr)
	g := s.gate
	if g == nil {
		return traced
	}
	r := &namedCall{abi: abi, name: s.decoder.Lookup(abi, nr).Name, asker: s.asker}
	if abi == tables.I386 && allInner.HasAny(nr) {
		r.name = "" // any call may be inside
	}
	for _, b := range g.where {
		traced = traced && r.mayHold(b)
	}
	return traced || r.mayHold(g.startOn) || r.mayHold(g.stopOn)
}

// allInner has all calls inside multiplexers.
var allInner = ^socketcall.Set(0)

// namedCall is a call of which only the ABI and, if it is not empty, the name are known.
type namedCall struct {
	abi   tables.ABI
	name  string
	asker *asker
	by    *bound
	slot  slot
}

// mayHold reports whether a condition may hold. A nil condition does not.
func (r *namedCall) mayHold(b *bound) bool {
	if b == nil {
		return false
	}
	r.by = b
	return b.condition.Holds(&condition.Evaluation{Record: r}) != condition.False
}

// ABI implements condition.Record.
func (r *namedCall) ABI() tables.ABI { return r.abi }

// Values implements condition.Record.
func (r *namedCall) Values(o *condition.Operand) ([]condition.Value, bool) {
	switch r.asker.operands[r.by.operands[o.ID]].kind {
	case ofName:
		r.slot.setText(r.name)
		return r.slot.values, r.name != ""
	case ofABI:
		r.slot.setText(r.abi.String())
		return r.slot.values, true
	}
	return nil, false
}

// Names of events, as in JSON, beside those of output.Kind.
const (
	eventCall   = "syscall"
	eventSignal = "signal"
)

// noSignal and noCode stand for what a record lacks.
const (
	noSignal = -1
	noCode   = -1
)
