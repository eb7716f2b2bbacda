//go:build linux && amd64

package report

import (
	"fmt"
	"io"
)

// filesOnly and errorsOnly are those that the other side lacks. They are empty if the
// other side was not read to its end.
func (s *side) filesOnly(other *side) []string {
	if other.cut {
		return nil
	}
	return only(s.files, other.files)
}

func (s *side) errorsOnly(other *side) []string {
	if other.cut {
		return nil
	}
	return only(s.failed, other.failed)
}

// count is the number of differences of a weight.
func (c *Comparison) count(weight int) (n int) {
	for i := range c.differences {
		if c.differences[i].weight == weight {
			n++
		}
	}
	return n
}

// contextSteps is the number of calls around a difference that are shown.
const contextSteps = 3

// Write writes the comparison.
func (c *Comparison) Write(to io.Writer, f Form) error {
	w := f.newWriter()
	if f.JSON {
		c.json(w)
	} else {
		c.text(w)
	}
	w.missing(&f)
	_, err := to.Write(w.b)
	return err
}

func (c *Comparison) text(w *writer) {
	w.line("--- %s: %d processes, %d calls", shown(c.a.name), len(c.a.all), c.a.calls)
	w.line("+++ %s: %d processes, %d calls", shown(c.b.name), len(c.b.all), c.b.calls)
	w.line("%d calls are the same. %d differences; %d in the data that calls move; %d in calls for memory, time and scheduling;",
		c.same, c.count(weighsMost), c.count(weighsContent), c.count(weighsLess))
	w.line("%d in other numbers.", c.count(weighsData))
	if len(c.differences) > 0 {
		w.line("")
		if c.Same() {
			w.line("None that matters. The first of the others:")
		} else {
			w.line("The first difference:")
		}
		c.differences[0].text(w)
	}
	if n := c.count(weighsMost); n > 0 && c.count(weighsContent) > 0 && c.differences[n].at <= c.differences[0].at {
		w.line("")
		w.line("Before it, calls moved other data, first:")
		c.differences[n].text(w)
	}
	const most = 20
	for _, part := range [...]struct {
		title string
		list  []string
	}{
		{"Files only in " + shown(c.a.name), c.a.filesOnly(c.b)},
		{"Files only in " + shown(c.b.name), c.b.filesOnly(c.a)},
		{"Errors only in " + shown(c.a.name), c.a.errorsOnly(c.b)},
		{"Errors only in " + shown(c.b.name), c.b.errorsOnly(c.a)},
	} {
		if len(part.list) == 0 {
			continue
		}
		w.line("")
		w.line("%s:", part.title)
		for _, s := range part.list[:min(len(part.list), most)] {
			w.line("  %s", shown(s))
		}
		if n := len(part.list) - most; n > 0 {
			w.line("  and %d more", n)
		}
	}
	others := c.differences[min(1, len(c.differences)):]
	if n := c.count(weighsMost); n > 1 {
		w.line("")
		w.line("Further differences:")
		for _, d := range others[:min(n-1, most)] {
			w.line("  %s", d.line())
		}
		if n-1 > most {
			w.line("  and %d more", n-1-most)
		}
	}
}

// where says in which process, or pair of processes, and thread a difference is.
func (d *difference) where() string {
	var name string
	switch {
	case d.a != nil && d.b != nil:
		name = fmt.Sprintf("%s [%d / %d]", shown(d.a.name()), d.a.pid, d.b.pid)
	case d.a != nil:
		name = fmt.Sprintf("%s [%d]", shown(d.a.name()), d.a.pid)
	default:
		name = fmt.Sprintf("%s [%d]", shown(d.b.name()), d.b.pid)
	}
	if d.thread > 0 {
		name += fmt.Sprintf(", thread %d", d.thread+1)
	}
	if d.handler {
		name += ", handler of a signal"
	}
	return name
}

// line is a difference in one line.
func (d *difference) line() string {
	where := d.where() + ": "
	if d.message != "" {
		switch d.kind {
		case "missing":
			return where + "- " + d.message
		case "added":
			return where + "+ " + d.message
		}
		return where + d.message
	}
	switch d.kind {
	case "missing":
		return where + "- " + d.stepsA[d.i].text
	case "added":
		return where + "+ " + d.stepsB[d.j].text
	}
	return where + d.stepsA[d.i].text + " / " + d.stepsB[d.j].outcome
}

// text writes a difference with the calls around it.
func (d *difference) text(w *writer) {
	if d.message != "" {
		w.line("  %s", d.line())
		return
	}
	w.line("  in %s", d.where())
	if d.kind == "data" {
		d.before(w, d.i)
		w.line("  - %s", d.stepsA[d.i].text)
		w.line("  + %s", d.stepsB[d.j].text)
		return // the calls after it are the same
	}
	d.around(w)
}

// before writes some of the calls before one of the first side.
func (d *difference) before(w *writer, i int) {
	for _, s := range d.stepsA[max(0, i-contextSteps):i] {
		w.line("    %s", s.text)
	}
}

// around writes the calls of both sides from a difference on: those that only one side has
// until both have the same call, and some of those after it.
func (d *difference) around(w *writer) {
	n := 0 // the pair at the difference or after it
	for n < len(d.pairs) && (d.pairs[n].a < d.i || d.pairs[n].b < d.j) {
		n++
	}
	i, j := 0, 0
	if n > 0 {
		i, j = d.pairs[n-1].a+1, d.pairs[n-1].b+1
	}
	d.before(w, i)
	switch d.kind { // what only one side has before the difference weighs less
	case "missing":
		i = d.i
	case "added":
		j = d.j
	default:
		i, j = d.i, d.j
	}
	last := n + contextSteps
	if d.kind != "outcome" {
		last-- // the pair at n is after the difference
	}
	for ; n < len(d.pairs) && n <= last; n++ {
		p := d.pairs[n]
		w.alone("-", d.stepsA[i:p.a])
		w.alone("+", d.stepsB[j:p.b])
		i, j = p.a+1, p.b+1
		if p.a == len(d.stepsA) || p.b == len(d.stepsB) {
			return
		}
		if x, y := d.stepsA[p.a], d.stepsB[p.b]; x.otherOutcome(y) {
			w.line("  - %s", x.text)
			w.line("  + %s", y.text)
		} else {
			w.line("    %s", x.text)
		}
	}
}

// alone writes calls that only one side has.
func (w *writer) alone(mark string, steps []*step) {
	const most = contextSteps + 1
	for _, s := range steps[:min(len(steps), most)] {
		w.line("  %s %s", mark, s.text)
	}
	if n := len(steps) - most; n > 0 {
		w.line("  %s and %d more", mark, n)
	}
}

func (c *Comparison) json(w *writer) {
	w.record("diff")
	for _, s := range [...]*side{c.a, c.b} {
		key, other := "a", c.b
		if s == c.b {
			key, other = "b", c.a
		}
		w.open(key, '{')
		w.text("recording", s.name)
		w.number("processes", int64(len(s.all)))
		w.number("calls", int64(s.calls))
		w.texts("files_only", s.filesOnly(other))
		w.texts("errors_only", s.errorsOnly(other))
		w.close('}')
	}
	w.number("same_calls", int64(c.same))
	w.number("differences", int64(c.count(weighsMost)))
	w.number("lesser_differences", int64(c.count(weighsLess)))
	w.number("data_differences", int64(c.count(weighsContent)))
	w.number("number_differences", int64(c.count(weighsData)))
	w.end()
	weights := [...]string{weighsMost: "call", weighsContent: "data", weighsLess: "lesser", weighsData: "number"}
	for i := range c.differences {
		d := &c.differences[i]
		w.record("difference")
		w.text("kind", d.kind)
		w.text("weight", weights[d.weight])
		w.number("at_ns", int64(d.at))
		if d.a != nil {
			w.number("pid_a", int64(d.a.pid))
			w.text("program_a", d.a.name())
		}
		if d.b != nil {
			w.number("pid_b", int64(d.b.pid))
			w.text("program_b", d.b.name())
		}
		if d.message != "" {
			w.text("message", d.message)
		} else {
			w.number("thread", int64(d.thread))
			if d.handler {
				w.flag("handler")
			}
			if d.kind != "added" {
				w.text("call_a", d.stepsA[d.i].text)
			}
			if d.kind != "missing" {
				w.text("call_b", d.stepsB[d.j].text)
			}
		}
		w.end()
	}
}
