//go:build linux && amd64

package report

import (
	"slices"
	"testing"

	"trapline/trace"
)

// The calls between a signal and the next rt_sigreturn belong to its handler, even if
// handlers interrupt each other or some signals have no handler.
func TestHandlers(t *testing.T) {
	for _, tt := range []struct{ events, thread, handlers string }{
		{"ab", "ab", ""},
		{"a!hrb", "ab", "hr"}, // ! is a signal, r returns from a handler
		{"a!!irhrb", "ab", "irhr"},
		{"a!b!hrc", "abc", "hr"}, // the first signal is ignored
		{"!hr", "", "hr"},
		{"arb", "arb", ""}, // the handler was there before the trace
		{"a!hra!gra", "aaa", "hrgr"},
	} {
		s := newSide("test", new(numbering))
		seq := &sequence{threads: make([][]*step, 1), handlers: make([][]*step, 1)}
		p := new(process)
		s.steps[p], s.places[7] = seq, &place{process: p}
		for _, r := range tt.events {
			if r == '!' {
				if err := s.signal(&trace.Signal{PID: 7}); err != nil {
					t.Fatal(err)
				}
				continue
			}
			seq.threads[0] = append(seq.threads[0], &step{text: string(r)})
			if r == 'r' {
				s.handled(7, seq, 0)
			}
		}
		text := func(steps []*step) (text string) {
			for _, s := range steps {
				text += s.text
			}
			return text
		}
		if got := text(seq.of(0, false)); got != tt.thread {
			t.Errorf("%s: the thread has %q, want %q", tt.events, got, tt.thread)
		}
		if got := text(seq.of(0, true)); got != tt.handlers {
			t.Errorf("%s: handlers have %q, want %q", tt.events, got, tt.handlers)
		}
	}
}

// Children are in the order in which they were created, even if their first stops come in
// another order. Ids may wrap around.
func TestOrderOfChildren(t *testing.T) {
	for _, tt := range []struct{ started, want []int }{
		{[]int{10, 11, 12}, []int{10, 11, 12}},
		{[]int{12, 13, 10, 11}, []int{10, 11, 12, 13}},
		{[]int{32760, 32765, 301, 305, 302}, []int{32760, 32765, 301, 302, 305}},
	} {
		p := &process{pid: 1}
		for _, pid := range tt.started {
			p.begets(&process{pid: pid})
		}
		var got []int
		for _, child := range p.children {
			got = append(got, child.pid)
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%v: %v, want %v", tt.started, got, tt.want)
		}
	}
}
