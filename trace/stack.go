//go:build linux && amd64

package trace

import (
	"trapline/decode"
	"trapline/output"
	"trapline/tables"
	"trapline/tracer"
	"trapline/tracer/unwind"
)

// StackMode selects what calls show of their call stacks.
type StackMode uint8

const (
	NoStacks     StackMode = iota
	SymbolStacks           // files, functions and offsets
	SourceStacks           // and source lines
)

// stacks takes the stacks of tracees.
type stacks struct {
	unwinder *unwind.Unwinder
	launched bool // the command's first execve has returned, or there is no command
}

func newStacks(o *Options) *stacks {
	names := demangled
	if o.MangledNames {
		names = nil
	}
	return &stacks{
		unwinder: unwind.New(unwind.Options{Limit: o.StackLimit, Source: o.Stacks == SourceStacks, Demangle: names}),
		launched: true,
	}
}

// stack is the stack of one tracee.
type stack struct {
	mappings unwind.Mappings
	frames   []unwind.Frame
	shown    output.Stack
}

// enterStack handles the syscall-enter-stop of a call that is shown. The process that
// makes the first execve is not yet the command, so its stack is not shown.
func (s *Session) enterStack(t *tracee, ev *tracer.Event) {
	if s.hasStack(ev.Tracee) {
		s.takeStack(t, ev.Tracee)
	}
}

// hasStack reports whether to take a tracee's stack at a syscall-enter-stop.
func (s *Session) hasStack(tr *tracer.Tracee) bool {
	return s.stacks != nil && (s.stacks.launched || tr.TID != s.command)
}

// exitStack handles every syscall-exit-stop. The stack of the first execve is taken at its
// exit, where it shows the start of the command.
func (s *Session) exitStack(t *tracee, ev *tracer.Event) {
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

// takeStack adds the stack of a stopped tracee to the trace.
func (s *Session) takeStack(t *tracee, tr *tracer.Tracee) {
	if s.stacks != nil && s.records && s.walk(t, tr) {
		t.trace.SetStack(&t.stack.shown)
	}
}

// walk unwinds the stack of a stopped tracee. It returns false if the tracee
// was killed in its stop.
func (s *Session) walk(t *tracee, tr *tracer.Tracee) bool {
	if s.past != nil {
		return s.pastStack(t)
	}
	var regs tracer.Registers
	if tr.Registers(&regs) != nil {
		return false
	}
	k := &t.stack
	k.frames, k.shown.Cut = s.stacks.unwinder.Walk(&k.mappings, decode.ProcessOf(&t.call), &regs, tr, k.frames[:0])
	k.shown.Frames = k.shown.Frames[:0]
	for _, f := range k.frames {
		k.shown.Frames = append(k.shown.Frames, output.StackFrame(f))
	}
	s.walked = t
	return true
}

// pastStack is walk for an event of a recording.
func (s *Session) pastStack(t *tracee) bool {
	e := s.past.now
	if !e.HasStack {
		return false
	}
	k := &t.stack
	limit := s.o.StackLimit
	if limit <= 0 {
		limit = unwind.DefaultLimit
	}
	k.shown.Frames, k.shown.Cut = k.shown.Frames[:0], e.Cut
	for _, f := range e.Stack {
		if len(k.shown.Frames) == limit {
			k.shown.Cut = true
			break
		}
		if s.o.Stacks != SourceStacks {
			f.Source, f.Line = "", 0
		}
		shown := output.StackFrame{
			PC: f.PC, File: f.File, Addr: f.Addr, Symbol: f.Symbol, Offset: f.Offset, Source: f.Source, Line: f.Line,
		}
		if name := demangled(f.Symbol); !s.o.MangledNames && name != f.Symbol {
			shown.Symbol, shown.Mangled = name, f.Symbol
		}
		k.shown.Frames = append(k.shown.Frames, shown)
	}
	return true
}

// remaps reports whether a call may replace mapped code.
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
