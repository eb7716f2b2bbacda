package lang

import "trapline/tables"

// Properties of an argument or a member other than its type.

// When shows a value only if a condition holds.
type When struct {
	If   Cond
	Then Type
}

// Layout implements Type.
func (t *When) Layout(abi tables.ABI) Layout { return t.Then.Layout(abi) }

// Show implements Type.
func (t *When) Show(c *Call, v View) { t.Then.Show(c, v) }

func (t *When) Keep(k *Keeps) { k.Value(t.Then) }

// Verbose is a struct member left out of an abbreviated struct.
type Verbose [1]Type

// Layout implements Type.
func (t Verbose) Layout(abi tables.ABI) Layout { return t[0].Layout(abi) }

// Show implements Type.
func (t Verbose) Show(c *Call, v View) { t[0].Show(c, v) }

func (t Verbose) Keep(k *Keeps) {
	if !k.Abbrev {
		k.Value(t[0])
	}
}

// Since marks the first member that a version of a struct has added. This member and those
// after it are shown if the caller's struct, Call.Known bytes long, reaches beyond the
// member's beginning.
type Since [1]Type

// Layout implements Type.
func (t Since) Layout(abi tables.ABI) Layout { return t[0].Layout(abi) }

// Show implements Type.
func (t Since) Show(c *Call, v View) { t[0].Show(c, v) }

func (t Since) Keep(k *Keeps) { k.Value(t[0]) }

// Reserved is a member shown only when it is not zero.
type Reserved [1]Type

// Layout implements Type.
func (t Reserved) Layout(abi tables.ABI) Layout { return t[0].Layout(abi) }

// Show implements Type.
func (t Reserved) Show(c *Call, v View) { t[0].Show(c, v) }

func (t Reserved) Keep(k *Keeps) { k.Value(t[0]) }

// Hidden is a member that is not shown; others may refer to it.
type Hidden [1]Type

// Layout implements Type.
func (t Hidden) Layout(abi tables.ABI) Layout { return t[0].Layout(abi) }

// Show implements Type.
func (t Hidden) Show(c *Call, v View) { t[0].Show(c, v) }

func (t Hidden) Keep(k *Keeps) { k.Value(t[0]) }

// WithName is an argument that is shown with its name even without -N.
type WithName [1]Type

// Layout implements Type.
func (t WithName) Layout(abi tables.ABI) Layout { return t[0].Layout(abi) }

// Show implements Type.
func (t WithName) Show(c *Call, v View) { t[0].Show(c, v) }

func (t WithName) Keep(k *Keeps) { k.Value(t[0]) }

// InReg is an argument in register number Reg, counted from 0, instead of the register
// after the previous argument's. It is for calls whose arguments strace shows in another
// order than the kernel takes them.
type InReg struct {
	Reg int
	Of  Type
}

// Layout implements Type.
func (t *InReg) Layout(abi tables.ABI) Layout { return t.Of.Layout(abi) }

// Show implements Type.
func (t *InReg) Show(c *Call, v View) { t.Of.Show(c, v) }

func (t *InReg) Keep(k *Keeps) { k.Value(t.Of) }

// Early is an argument that the kernel writes, unless a condition holds: then the argument
// is shown at the enter-stop.
type Early struct {
	If Cond
	Of Type
}

// Layout implements Type.
func (t *Early) Layout(abi tables.ABI) Layout { return t.Of.Layout(abi) }

// Show implements Type.
func (t *Early) Show(c *Call, v View) { t.Of.Show(c, v) }

func (t *Early) Keep(k *Keeps) { k.Value(t.Of) }

// wrapped is a field's type without its wrappers, and their properties.
type wrapped struct {
	Type
	cond     Cond
	early    Cond
	verbose  bool
	since    bool
	reserved bool
	named    bool
	reg      int // -1 for the next
}

// unwrap removes the wrappers from a field's type.
func unwrap(t Type) wrapped {
	u := wrapped{reg: -1}
	for {
		switch w := t.(type) {
		case *When:
			t, u.cond = w.Then, w.If
		case *Early:
			t, u.early = w.Of, w.If
		case *InReg:
			t, u.reg = w.Of, w.Reg
		case Verbose:
			t, u.verbose = w[0], true
		case Since:
			t, u.since = w[0], true
		case Reserved:
			t, u.reserved = w[0], true
		case Hidden:
			t, u.cond = w[0], never(0)
		case WithName:
			t, u.named = w[0], true
		case Number:
			u.Type = w.laidOut()
			return u
		case alias:
			t = w.Type()
		default:
			u.Type = t
			return u
		}
	}
}

// alias is implemented by types that stand for another one, which replaces them in a
// layout.
type alias interface{ Type() Type }

// never is the condition that does not hold.
type never uint8

func (never) Holds(*Call) bool { return false }
