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
