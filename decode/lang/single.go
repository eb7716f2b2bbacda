package lang

import "trapline/output"

// Arguments one at a time, for conditions, which need only a few.

// Single gives access to single arguments of a Call after Begin, in any order. It replaces
// Enter and Exit.
type Single struct{ *Call }

// Find returns the position of the argument called name. It is false if the call
// has none, or does not show it.
func (s Single) Find(name string) (position int, ok bool) {
	args := s.Sig.args
	for i := range args {
		if a := &args[i]; a.name == name {
			return i, a.cond == nil || a.cond.Holds(s.Call)
		}
	}
	return 0, false
}

// Known reports whether an argument is known at the enter-stop, even if it comes after one
// that is not.
func (s Single) Known(position int) bool {
	a := &s.Sig.args[position]
	return a.dir == In || a.dir == Exit && a.early != nil && a.early.Holds(s.Call)
}

// Show shows an argument: at the enter-stop one that is known, at the exit-stop any.
func (s Single) Show(position int) {
	a := &s.Sig.args[position]
	s.next = position // for what was captured of it
	if a.dir == Both && s.exiting && position == s.begunFirst() {
		a.finish.Finish(s.Call, s.ArgView(a))
		return
	}
	a.typ.Show(s.Call, s.ArgView(a))
	if a.dir == Both && s.exiting {
		a.finish.Finish(s.Call, s.ArgView(a))
	}
}

// Number returns the value of an argument that is a plain number in registers,
// sign-extended if it is signed. It returns false for other arguments.
func (s Single) Number(position int) (n uint64, signed, ok bool) {
	a := &s.Sig.args[position]
	in := X32
	switch t := a.typ.(type) {
	case *number:
		in = t.n
	case *Enum:
		in = t.In
	case *Flags:
		in = t.In
	default:
		return 0, false, false
	}
	return in.Value(s.Call, s.ArgView(a)), in.Base() == output.Signed, true
}

// begunFirst is the position of the argument of direction Both that Enter would
// begin at the enter-stop, or -1.
func (s Single) begunFirst() int {
	for i := range s.Sig.args {
		switch s.Sig.args[i].dir {
		case Both:
			return i
		case Exit:
			if !s.Known(i) {
				return -1
			}
		}
	}
	return -1
}

// Keep keeps what the exit-stop needs of the memory as it is at the enter-stop.
func (s Single) Keep() {
	args := s.Sig.args
	for i := range args {
		if a := &args[i]; a.capture != nil {
			a.capture.Capture(s.Call, s.ArgView(a), i)
		}
	}
}

// IsBegun reports whether an argument that is not known at the enter-stop must be begun
// there and finished at the exit-stop.
func (s Single) IsBegun(position int) bool { return position == s.begunFirst() }

// Leave moves on to the exit-stop. The result has been set.
func (s Single) Leave() {
	s.startStop()
	s.exiting = true
}

// DirOf returns when an argument of a type can be shown.
func DirOf(t Type) Dir { return dirOf(unwrap(t).Type) }
