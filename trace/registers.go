//go:build linux && amd64

package trace

import (
	"slices"

	"trapline/decode/registers"
	"trapline/output"
	"trapline/tracer"
)

// RegisterModes are the ways to show registers.
type RegisterModes uint8

const (
	RegistersDiff    RegisterModes = 1 << iota // what the call changed
	RegistersEnter                             // all of them at the syscall-enter-stop
	RegistersExit                              // all of them at the syscall-exit-stop
	RegistersBetween                           // what changed since the end of the previous call
	RegistersFull    = RegistersDiff | RegistersEnter | RegistersExit
)

// registerHistory has the registers of one tracee at its last stops.
type registerHistory struct {
	enter, exit registers.Snapshot
	entered     bool // enter is of the current call
	exited      bool // exit is of the previous call, or of the tracee's start
	signaled    bool // a signal was delivered since exit

	born []output.RegisterChange // changes since the parent's call, to be shown once
	view output.RegisterView
}

// maxXstate exceeds the size of XSAVE's state on all processors so far (AMX has some 11
// KiB).
const maxXstate = 16 << 10

// snapshot fetches the requested registers of a tracee. It returns false if the
// tracee was killed in its stop.
func (s *Session) snapshot(tr *tracer.Tracee, to *registers.Snapshot) bool {
	if tr.Registers((*tracer.Registers)(&to.User)) != nil {
		return false
	}
	fetch := func(set registers.Sets, note int, b *[]byte) bool {
		if s.registerSets&set == 0 {
			return true
		}
		*b = slices.Grow((*b)[:0], maxXstate)
		n, err := tr.RegisterSet(note, (*b)[:maxXstate])
		*b = (*b)[:n]
		return err == nil
	}
	float := tracer.NotePRFPREG
	if to.Is32Bit() {
		float = tracer.NotePRXFPREG
	}
	// A processor without XSAVE has no vector registers except those of SSE.
	if fetch(registers.Vector, tracer.NoteX86Xstate, &to.Vector) && len(to.Vector) > 0 {
		to.Components = registers.XSAVELayout()
		if s.past != nil {
			to.Components = s.past.layout()
		}
	}
	return fetch(registers.Float, float, &to.Float)
}

// enterRegisters handles the syscall-enter-stop of a call that is shown.
func (s *Session) enterRegisters(t *tracee, ev *tracer.Event) {
	r := &t.regs
	if r.entered = s.snapshot(ev.Tracee, &r.enter); !r.entered {
		return
	}
	r.view.Between = nil
	if s.o.Registers&RegistersBetween != 0 && r.exited {
		x := t.transition()
		x.Between, x.Signaled = true, r.signaled
		r.view.Between = x.Changes(r.born, s.registerSets, &r.exit, &r.enter)
		r.born = nil
	}
	r.signaled = false
}

// exitRegisters handles the syscall-exit-stop and returns the registers to
// show.
func (s *Session) exitRegisters(t *tracee, ev *tracer.Event) *output.RegisterView {
	r := &t.regs
	r.exited = s.snapshot(ev.Tracee, &r.exit)
	if !r.entered || !r.exited {
		return nil
	}
	r.entered = false
	sets, v := s.registerSets, &r.view
	v.Enter, v.Exit, v.Changed = nil, nil, nil
	if s.o.Registers&RegistersEnter != 0 {
		v.Enter = r.enter.Registers(nil, sets)
	}
	if s.o.Registers&RegistersExit != 0 {
		v.Exit = r.exit.Registers(nil, sets)
	}
	x := t.transition()
	changed := x.Changes([]output.RegisterChange{}, sets, &r.enter, &r.exit)
	if s.o.Registers&RegistersDiff != 0 {
		v.Changed = changed
	}
	for i := range changed {
		if changed[i].Unexplained {
			s.unexplained.Count(t.trace.PID(), t.call.Sig.Name, changed[i])
		}
	}
	return v
}

// childRegisters handles the first stop of a tracee that another one created.
func (s *Session) childRegisters(t *tracee, ev *tracer.Event) {
	r := &t.regs
	if r.exited = s.snapshot(ev.Tracee, &r.exit); !r.exited {
		return
	}
	parent := ev.Tracee.Parent()
	if parent == nil {
		return
	}
	if p, ok := parent.Data.(*tracee); ok && p.regs.entered {
		x := p.transition()
		x.Child = true
		r.born = x.Changes(nil, s.registerSets, &p.regs.enter, &r.exit)
	}
}

// transition describes the current call.
func (t *tracee) transition() registers.Transition {
	d := &t.call
	return registers.Transition{ABI: d.ABI, Name: d.Sig.Name, Args: d.Args, Ret: d.Ret, Errno: d.Errno}
}
