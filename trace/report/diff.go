//go:build linux && amd64

package report

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"trapline/trace/recording"
)

// difference is where two recordings differ.
type difference struct {
	a, b    *process
	i, j    int // the calls, or where they would be
	thread  int
	handler bool   // in a handler of a signal
	kind    string // "missing" in b, "added" in b, "outcome", "data", "end", "process"
	at      time.Duration
	weight  int
	stepsA  []*step
	stepsB  []*step
	pairs   []pair // the calls that are on both sides
	message string
}

// The weights of differences.
const (
	weighsMost    = iota // another outcome or call
	weighsContent        // other data is read or written
	weighsLess           // of calls that are about memory, time and scheduling
	weighsData           // other numbers
)

// Comparison is what two recordings have in common and where they differ.
type Comparison struct {
	a, b        *side
	differences []difference
	paired      int // processes
	same        int // calls that are the same
	ctx         context.Context
	skipped     bool // processes were not compared
}

// Compare compares two recordings of the same thing. When ctx is done, it compares what it
// has read: what is missing because a recording was not read to its end does not count as
// a difference. See Comparison.Interrupted.
func Compare(ctx context.Context, nameA, nameB string, a, b *recording.Reader) (*Comparison, error) {
	keys := new(numbering)
	c := &Comparison{a: newSide(nameA, keys), b: newSide(nameB, keys), ctx: ctx}
	if err := errors.Join(c.a.read(ctx, a), c.b.read(ctx, b)); err != nil {
		return nil, err
	}
	c.a.settle(c.b)
	c.b.settle(c.a)
	c.compareAll()
	return c, nil
}

// compareAll compares what was read.
func (c *Comparison) compareAll() {
	if c.a.cut || c.b.cut {
		c.ctx = context.Background() // compare everything that was read
	}
	c.pairProcesses(c.a.roots(), c.b.roots(), nil)
	slices.SortStableFunc(c.differences, func(x, y difference) int {
		if x.weight != y.weight {
			return x.weight - y.weight
		}
		return int(x.at - y.at)
	})
}

// Interrupted reports whether differences may have been missed because the context was
// done.
func (c *Comparison) Interrupted() bool { return c.a.cut || c.b.cut || c.skipped }

// Same reports whether there are no differences, apart from the data of calls, memory,
// time and scheduling.
func (c *Comparison) Same() bool {
	return len(c.differences) == 0 || c.differences[0].weight != weighsMost
}

// pairProcesses compares processes at the same place in the tree. at is the clock of their
// creators.
func (c *Comparison) pairProcesses(a, b []*process, at clock) {
	var names numbering
	number := func(list []*process) (numbers []int) {
		for _, p := range list {
			numbers = append(numbers, names.of(p.name()))
		}
		return numbers
	}
	i, j := 0, 0
	pairs := append(names.align(number(a), number(b)), pair{len(a), len(b)})
	for _, p := range pairs {
		for i < p.a && j < p.b { // others with the same place
			c.compare(a[i], b[j])
			i, j = i+1, j+1
		}
		for ; i < p.a; i++ {
			c.alone(a[i], "missing", a[i].start.Sub(c.a.began))
		}
		for ; j < p.b; j++ {
			c.alone(b[j], "added", at.inA(b[j].start.Sub(c.b.began)))
		}
		if p.a < len(a) {
			c.compare(a[p.a], b[p.b])
			i, j = p.a+1, p.b+1
		}
	}
}

// alone notes a process that only one side has.
func (c *Comparison) alone(p *process, kind string, at time.Duration) {
	if kind == "missing" && c.b.cut || kind == "added" && c.a.cut {
		return // it may come later
	}
	d := difference{kind: kind, at: at, message: "process " + shown(p.name())}
	if kind == "missing" {
		d.a = p
	} else {
		d.b = p
	}
	c.differences = append(c.differences, d)
}

// compare compares two processes, and those that they have created.
func (c *Comparison) compare(a, b *process) {
	if c.skipped = c.skipped || c.ctx.Err() != nil; c.skipped {
		return
	}
	c.paired++
	whole := c.a.whole(a) && c.b.whole(b)
	if x, y := a.outcome(), b.outcome(); whole && x != y {
		c.differences = append(c.differences, difference{a: a, b: b, kind: "end", at: a.end.Sub(c.a.began), message: x + " / " + y})
	}
	of, with := c.a.steps[a], c.b.steps[b]
	var both clock
	for t := range max(of.count(), with.count()) {
		for _, handlers := range [...]bool{false, true} {
			x, y := of.of(t, handlers), with.of(t, handlers)
			if !whole {
				n := min(len(x), len(y))
				x, y = x[:n], y[:n]
			}
			for _, part := range c.parts(x, y) {
				both = append(both, c.compareThreads(place{a, t}, place{b, t}, handlers, part[0], part[1], whole)...)
			}
		}
	}
	slices.SortStableFunc(both, func(x, y times) int { return cmp.Compare(x.b, y.b) })
	c.pairProcesses(a.children, b.children, both)
}

// parts splits the calls of two threads into parts that are compared separately. A program
// writes each line to a terminal at once, but many lines to a file at its end. So if only
// one side was on a terminal, calls about standard streams are not at the same places.
func (c *Comparison) parts(x, y []*step) [][2][]*step {
	if c.a.terminal == c.b.terminal {
		return [][2][]*step{{x, y}}
	}
	var parts [2][2][]*step
	for side, steps := range [2][]*step{x, y} {
		for _, s := range steps {
			part := &parts[0]
			if s.streams {
				part = &parts[1]
			}
			part[side] = append(part[side], s)
		}
	}
	return parts[:]
}

// times are when the same event happened on both sides.
type times struct{ a, b time.Duration }

// clock translates times of B, in order, into those of A: the two may have run at
// different speeds, and a difference comes before the differences that it causes.
type clock []times

// inA returns the time in A of the last event before a time in B that happened on both
// sides.
func (c clock) inA(b time.Duration) time.Duration {
	i, _ := slices.BinarySearchFunc(c, b, func(t times, b time.Duration) int {
		if t.b <= b {
			return -1
		}
		return 1
	})
	if i == 0 {
		return b
	}
	return c[i-1].a
}

// compareThreads compares the calls of two threads, and returns the times of those that
// both have. If the threads are not whole, what comes after the last common call is
// unknown.
func (c *Comparison) compareThreads(a, b place, handlers bool, x, y []*step, whole bool) clock {
	pairs := c.a.keys.alignSteps(x, y)
	note := func(kind string, i, j int, s *step, moves bool, at time.Duration) {
		d := difference{
			a: a.process, b: b.process, i: i, j: j, thread: a.thread, handler: handlers, kind: kind, at: at,
			stepsA: x, stepsB: y, pairs: pairs,
		}
		switch {
		case s.streams && kind != "outcome" && kind != "data" && c.a.terminal != c.b.terminal:
			d.weight = weighsLess // see parts
		case kind == "missing" && inOtherParts(x, i, y, j), kind == "added" && inOtherParts(y, j, x, i):
			d.weight = weighsLess
		case kind == "data" && moves:
			d.weight = weighsContent
		case kind == "data":
			d.weight = weighsData
		case !s.weighs:
			d.weight = weighsLess
		}
		c.differences = append(c.differences, d)
	}
	i, j := 0, 0
	both := make(clock, len(pairs))
	for n, p := range pairs {
		both[n] = times{x[p.a].at, y[p.b].at}
	}
	if whole {
		pairs = append(pairs, pair{len(x), len(y)}) // the end
	}
	for _, p := range pairs {
		for ; i < p.a; i++ {
			note("missing", i, p.b, x[i], false, x[i].at)
		}
		for ; j < p.b; j++ {
			at := y[j].at
			if p.a > 0 {
				at = x[p.a-1].at // by the clock of the first recording
			}
			note("added", p.a, j, y[j], false, at)
		}
		if p.a == len(x) {
			break
		}
		switch s, o := x[p.a], y[p.b]; {
		case s.otherOutcome(o):
			if o.weighs {
				s = o
			}
			note("outcome", p.a, p.b, s, false, x[p.a].at)
		case s.outcome != o.outcome, s.data != o.data:
			note("data", p.a, p.b, s, s.moves || o.moves, s.at)
		default:
			c.same++
		}
		i, j = p.a+1, p.b+1
	}
	return both
}

// otherOutcome reports whether a call has another outcome than the same one of the other side:
// one that failed, or another error.
func (s *step) otherOutcome(o *step) bool {
	return s.outcome != o.outcome && (isError(s.outcome) || isError(o.outcome))
}

// isError reports whether an outcome is the name of an error.
func isError(outcome string) bool {
	return strings.HasPrefix(outcome, "E") && len(outcome) > 1 || outcome == noReturn
}
