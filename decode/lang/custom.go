package lang

import "trapline/tables"

// Values that Go functions show, because no type can describe them.

// Shown is a value with the layout of As that the function By shows at the stop At.
type Shown struct {
	As Type
	At Dir
	By func(c *Call, v View)
	C  string // the type in C, if it does not follow from As

	// Sees, if it is not nil, is a type that reads at least what By reads.
	Sees Type
}

// Layout implements Type.
func (t *Shown) Layout(abi tables.ABI) Layout { return t.As.Layout(abi) }

// Keep leaves a gap if the value may be a pointer that By follows.
func (t *Shown) Keep(k *Keeps) {
	switch {
	case t.Sees != nil:
		k.Value(t.Sees)
	case k.inside && t.As.Layout(k.ABI).Size > 0:
		k.Value(t.As)
	default:
		k.Gap("a Go function may follow it")
	}
}

func (t *Shown) Dir() Dir { return t.At }

// Show implements Type.
func (t *Shown) Show(c *Call, v View) { t.By(c, v) }

// Value is a number, stored as an In, that By shows. The zero In is X32.
type Value struct {
	In Number
	By func(c *Call, v uint64)
}

// Layout implements Type.
func (t *Value) Layout(abi tables.ABI) Layout { return t.In.Layout(abi) }

// Keep implements keeper: By is given the number.
func (*Value) Keep(*Keeps) {}

// Value is the number.
func (t *Value) Value(c *Call, v View) uint64 { return t.In.Value(c, v) }

// Show implements Type.
func (t *Value) Show(c *Call, v View) { t.By(c, t.In.Value(c, v)) }

// AtAddr is memory behind a pointer. The function that is converted to AtAddr shows it,
// given the address.
type AtAddr func(c *Call, addr uint64)

// Layout implements Type.
func (AtAddr) Layout(tables.ABI) Layout { return Layout{0, 1} }

// Show implements Type.
func (t AtAddr) Show(c *Call, v View) { t(c, v.Addr) }

func (t AtAddr) ShowAt(c *Call, addr uint64) { t(c, addr) }

// Sees is an Of that a Go function shows. The function reads no more memory behind a
// pointer than an As would.
type Sees struct{ Of, As Type }

// Layout implements Type.
func (t *Sees) Layout(abi tables.ABI) Layout { return t.Of.Layout(abi) }

// Show implements Type.
func (t *Sees) Show(c *Call, v View) { t.Of.Show(c, v) }

func (t *Sees) ShowAt(c *Call, addr uint64) { t.Of.(Reader).ShowAt(c, addr) }

func (t *Sees) ShownPlain(c *Call) bool { return c.ShownPlain(t.Of) }

// Keep implements keeper.
func (t *Sees) Keep(k *Keeps) {
	if k.behind {
		k.behind = false
		k.Follow(t.As, k.when)
		k.behind = true
		return
	}
	k.Value(t.As)
}

// Range is memory behind a pointer that Go functions read: Len elements of Size bytes, at
// most Most if that is not 0. Sees uses it to describe what the functions read.
type Range struct {
	Unsized
	Len  Num
	Size int
	Most uint64
}

// Show is never called: another type shows the memory.
func (t *Range) Show(*Call, View) {}

func (t *Range) ShowAt(*Call, uint64) {}

// Keep implements keeper.
func (t *Range) Keep(k *Keeps) {
	most := t.Most
	if most == 0 {
		most = NoArray
	}
	k.Elements(t.Len, t.Size, most)
}
