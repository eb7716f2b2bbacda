//go:build linux && amd64

package report

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"trapline/trace"
)

// folded is the report of call stacks: for each stack, how often calls were made from it
// and how long they took.
type folded struct{ stacks map[string]*foldedStack }

type foldedStack struct {
	frames []string // the program, the functions from the outermost one on, the call
	calls  int
	spent  time.Duration
}

func newFolded(*Set) view {
	r := &folded{make(map[string]*foldedStack)}
	return view{exit: r.exit, text: r.text, json: r.json}
}

func (r *folded) exit(c *trace.Call, p *process) {
	frames := make([]string, 0, len(c.Stack)+2)
	frames = append(frames, foldedName(p.name()))
	for i := len(c.Stack) - 1; i >= 0; i-- {
		frames = append(frames, frameName(&c.Stack[i]))
	}
	frames = append(frames, c.Name)
	key := strings.Join(frames, ";")
	s := r.stacks[key]
	if s == nil {
		s = &foldedStack{frames: frames}
		r.stacks[key] = s
	}
	s.calls++
	s.spent += c.Duration
}

// frameName is the function of a frame, or else its position in a file.
func frameName(f *trace.StackFrame) string {
	switch {
	case f.Symbol != "":
		return foldedName(f.Symbol)
	case f.File != "":
		return foldedName(fmt.Sprintf("%s+%#x", path.Base(f.File), f.Addr))
	}
	return "unknown"
}

// foldedName adapts a name to lines in which semicolons separate frames and a blank
// precedes a number.
func foldedName(s string) string {
	s = shown(s)
	return strings.Map(func(r rune) rune {
		switch r {
		case ';':
			return ':'
		case ' ':
			return '_'
		}
		return r
	}, s)
}

func (r *folded) sorted() (keys []string) {
	for key := range r.stacks {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

func (r *folded) text(w *writer) {
	for _, key := range r.sorted() {
		w.line("%s %d", key, r.stacks[key].spent.Microseconds())
	}
}

func (r *folded) json(w *writer) {
	for _, key := range r.sorted() {
		s := r.stacks[key]
		w.record("stack")
		w.texts("frames", s.frames)
		w.number("calls", int64(s.calls))
		w.number("duration_ns", int64(s.spent))
		w.end()
	}
}
