package lang

import "trapline/tables"

// Values that Go functions show, because no type can describe them.

// Shown is a value laid out as an As that By shows, at the stop that At names.
type Shown struct {
	As Type
	At Dir
	By func(c *Call, v View)
}

// Layout implements Type.
func (t *Shown) Layout(abi tables.ABI) Layout { return t.As.Layout(abi) }

func (t *Shown) Dir() Dir { return t.At }

// Show implements Type.
func (t *Shown) Show(c *Call, v View) { t.By(c, v) }

// Value is a number kept in an In that By shows.
type Value struct {
	In Number
	By func(c *Call, v uint64)
}

// Layout implements Type.
func (t *Value) Layout(abi tables.ABI) Layout { return t.In.Layout(abi) }

// Value is the number.
func (t *Value) Value(c *Call, v View) uint64 { return t.In.Value(c, v) }

// Show implements Type.
func (t *Value) Show(c *Call, v View) { t.By(c, t.In.Value(c, v)) }

// Value32 is a 32-bit value that the function converted to it shows.
type Value32 func(c *Call, v uint32)

// Layout implements Type.
func (Value32) Layout(abi tables.ABI) Layout { return X32.Layout(abi) }

// Show implements Type.
func (t Value32) Show(c *Call, v View) { t(c, uint32(v.Uint(4))) }

// Value64 is a 64-bit value that the function converted to it shows.
type Value64 func(c *Call, v uint64)

// Layout implements Type.
func (Value64) Layout(abi tables.ABI) Layout { return X64.Layout(abi) }

// Show implements Type.
func (t Value64) Show(c *Call, v View) { t(c, v.Uint(8)) }

// AtAddr is memory behind a pointer that the function converted to it shows. The
// function gets the address.
type AtAddr func(c *Call, addr uint64)

// Layout implements Type.
func (AtAddr) Layout(tables.ABI) Layout { return Layout{0, 1} }

// Show implements Type.
func (t AtAddr) Show(c *Call, v View) { t(c, v.Addr) }

func (t AtAddr) ShowAt(c *Call, addr uint64) { t(c, addr) }

// TextAt is an AtAddr that shows a string: strings are followed even where
// pointers are not (-e verbose=none).
type TextAt func(c *Call, addr uint64)

// Layout implements Type.
func (TextAt) Layout(tables.ABI) Layout { return Layout{0, 1} }

// Show implements Type.
func (t TextAt) Show(c *Call, v View) { t(c, v.Addr) }

func (t TextAt) ShowAt(c *Call, addr uint64) { t(c, addr) }

func (TextAt) ShownPlain(*Call) bool { return true }
