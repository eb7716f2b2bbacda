package main

import (
	"trapline/decode"
	"trapline/output"
	"trapline/tables"
	"trapline/tracer"
	"trapline/tracer/unwind"
)

// stackMode is -k, --stack-trace.
type stackMode uint8

const (
	noStacks stackMode = iota
	symbolStacks
	sourceStacks // with source lines
)

// addStacks is -k, which may be given twice.
func (c *config) addStacks(string, string, bool) error {
	if c.stacks == sourceStacks {
		return refusef("Too many -k options")
	}
	c.stacks++
	return nil
}

func (c *config) setStacks(spelled, value string, given bool) error {
	switch {
	case !given || value == "symbol":
		c.stacks = symbolStacks
	case value == "source":
		c.stacks = sourceStacks
	default:
		return invalidArgument(spelled, value)
	}
	return nil
}

func (c *config) setStackLimit(spelled, value string, _ bool) error {
	n, ok := parseNumber(value, 1<<30-1)
	if !ok || n == 0 {
		return invalidArgument(spelled, value)
	}
	c.stackLimit = int(n)
	return nil
}

// stacks takes the stacks of tracees.
type stacks struct {
	unwinder *unwind.Unwinder
	launched bool // the command's first execve is over
}

func newStacks(c *config) *stacks {
	return &stacks{
		unwinder: unwind.New(unwind.Options{Limit: c.stackLimit, Source: c.stacks == sourceStacks}),
		launched: len(c.command) == 0,
	}
}

// stack is the stack of one tracee.
type stack struct {
	mappings unwind.Mappings
	frames   []unwind.Frame
	shown    output.Stack
}

// enterStack is for the syscall-enter-stop of a call that is shown. What calls the
// first execve is not the command yet, and has no stack of interest.
func (s *session) enterStack(t *tracee, ev *tracer.Event) {
	if s.stacks != nil && (s.stacks.launched || ev.Tracee.TID != s.command) {
		s.takeStack(t, ev.Tracee)
	}
}

// exitStack is for every syscall-exit-stop. The first execve shows where the command
// starts.
func (s *session) exitStack(t *tracee, ev *tracer.Event) {
	k, call := s.stacks, ev.Call
	if remaps(call.ABI, call.NR) {
		k.unwinder.MappingsChanged()
	}
	if k.launched || ev.Tracee.TID != s.command {
		return
	}
	k.launched = true
	if t.shown && !call.IsError {
		s.takeStack(t, ev.Tracee)
	}
}

// takeStack gives the trace the stack of a stopped tracee.
func (s *session) takeStack(t *tracee, tr *tracer.Tracee) {
	if s.stacks == nil {
		return
	}
	var regs tracer.Registers
	if tr.Registers(&regs) != nil {
		return
	}
	k := &t.stack
	k.frames, k.shown.Cut = s.stacks.unwinder.Walk(&k.mappings, decode.ProcessOf(&t.call), &regs, tr, k.frames[:0])
	k.shown.Frames = k.shown.Frames[:0]
	for _, f := range k.frames {
		k.shown.Frames = append(k.shown.Frames, output.StackFrame(f))
	}
	t.trace.SetStack(&k.shown)
}

// remaps says whether a call may put something else where code was.
func remaps(abi tables.ABI, nr uint64) bool {
	row := tables.Lookup(abi, nr)
	if row == nil {
		return false
	}
	switch row.Name {
	case "mmap", "mmap2", "mremap", "remap_file_pages":
		return true
	}
	return false
}
