package outputtest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"trapline/integration/jsonlines"
)

// ChromeEvent is an event of Chrome's JSON trace format. Its times are in
// microseconds.
type ChromeEvent struct {
	Phase string       `json:"ph"`
	Name  string       `json:"name"`
	Cat   string       `json:"cat"`
	PID   *int         `json:"pid"`
	TID   *int         `json:"tid"`
	Time  *json.Number `json:"ts"`
	Dur   *json.Number `json:"dur"`
	Scope string       `json:"s"`
	ID    uint64       `json:"id"`
	Bind  string       `json:"bp"`

	Args map[string]any `json:"args"`

	Begin, End int64 `json:"-"` // nanoseconds
}

// ChromeEvents reads a trace in Chrome's format, strictly, and checks it: each event has
// the members that its phase needs, the slices of a thread follow each other or are
// nested, and each flow leads from a slice to a later moment.
func ChromeEvents(t testing.TB, log string) []ChromeEvent {
	t.Helper()
	if err := jsonlines.Check(log); err != nil {
		t.Fatalf("%v in\n%s", err, log)
	}
	d := json.NewDecoder(strings.NewReader(log))
	d.UseNumber()
	d.DisallowUnknownFields()
	var events []ChromeEvent
	if err := d.Decode(&events); err != nil {
		t.Fatalf("%v in\n%s", err, log)
	}
	byThread := map[int][]*ChromeEvent{}
	flows := map[uint64][]*ChromeEvent{}
	for i := range events {
		e := &events[i]
		if err := e.check(); err != nil {
			t.Errorf("%v: %+v", err, *e)
			continue
		}
		switch e.Phase {
		case "s", "f":
			flows[e.ID] = append(flows[e.ID], e)
		case "X", "B", "E":
			byThread[*e.TID] = append(byThread[*e.TID], e)
		}
	}
	for tid, list := range byThread {
		// Readers sort by time, and keep the order of simultaneous events.
		slices.SortStableFunc(list, func(a, b *ChromeEvent) int { return int(a.Begin - b.Begin) })
		checkNesting(t, tid, list)
	}
	for id, f := range flows {
		checkFlow(t, id, f, byThread)
	}
	return events
}

// check checks the members of an event, and sets its times.
func (e *ChromeEvent) check() (err error) {
	if e.PID == nil || e.TID == nil || e.Time == nil {
		return fmt.Errorf("no pid, tid or ts")
	}
	if e.Begin, err = nanoseconds(*e.Time); err != nil {
		return err
	}
	e.End = e.Begin
	if e.Dur != nil {
		d, err := nanoseconds(*e.Dur)
		if err != nil || d < 0 {
			return fmt.Errorf("dur %v: %v", *e.Dur, err)
		}
		e.End += d
	}
	if (e.Dur != nil) != (e.Phase == "X") {
		return fmt.Errorf("dur in another event than X, or none in X")
	}
	if (e.Scope != "") != (e.Phase == "i") {
		return fmt.Errorf("s in another event than i, or none in i")
	}
	if (e.ID != 0) != (e.Phase == "s" || e.Phase == "f") {
		return fmt.Errorf("id in another event than s and f, or none in these")
	}
	switch e.Phase {
	case "M", "X", "B", "i", "s", "f":
		if e.Name == "" {
			return fmt.Errorf("no name")
		}
	case "E":
	default:
		return fmt.Errorf("phase %q", e.Phase)
	}
	return nil
}

// nanoseconds converts a time of the format. It is an error if the format has lost any
// nanoseconds.
func nanoseconds(n json.Number) (int64, error) {
	whole, fraction, ok := strings.Cut(string(n), ".")
	if !ok {
		fraction = "000"
	}
	if len(fraction) != 3 {
		return 0, fmt.Errorf("time %s has no three decimals", n)
	}
	ns, err := json.Number(strings.TrimPrefix(whole, "-") + fraction).Int64()
	if strings.HasPrefix(whole, "-") {
		ns = -ns
	}
	return ns, err
}

// checkNesting checks the slices of a thread, and sets the ends of those that
// begin with B.
func checkNesting(t testing.TB, tid int, list []*ChromeEvent) {
	t.Helper()
	var open []*ChromeEvent
	last := int64(0)
	for _, e := range list {
		last = max(last, e.End)
	}
	for _, e := range list {
		for len(open) > 0 && open[len(open)-1].Phase == "X" && open[len(open)-1].End <= e.Begin {
			open = open[:len(open)-1]
		}
		if e.Phase == "E" {
			if len(open) == 0 || open[len(open)-1].Phase != "B" {
				t.Errorf("thread %d: an end without a beginning: %+v", tid, *e)
				return
			}
			open[len(open)-1].End = e.Begin
			open = open[:len(open)-1]
			continue
		}
		if len(open) > 0 && open[len(open)-1].Phase == "X" && open[len(open)-1].End < e.End {
			t.Errorf("thread %d: %s lies only in part in %s", tid, e.Name, open[len(open)-1].Name)
		}
		if e.Phase == "B" {
			e.End = last
		}
		open = append(open, e)
	}
}

// checkFlow checks that a flow begins in a slice and ends later.
func checkFlow(t testing.TB, id uint64, f []*ChromeEvent, byThread map[int][]*ChromeEvent) {
	t.Helper()
	if len(f) != 2 || f[0].Phase != "s" || f[1].Phase != "f" || f[0].Begin > f[1].Begin || f[0].Name != f[1].Name {
		t.Errorf("flow %d is %d events, of which the second does not follow the first", id, len(f))
		return
	}
	in := func(e *ChromeEvent) bool {
		return slices.ContainsFunc(byThread[*e.TID], func(s *ChromeEvent) bool { return s.Begin <= e.Begin && e.Begin <= s.End })
	}
	if !in(f[0]) || f[1].Bind == "e" && !in(f[1]) {
		t.Errorf("flow %d: %+v, %+v: not in slices", id, *f[0], *f[1])
	}
}
