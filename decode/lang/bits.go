package lang

import (
	"trapline/output"
	"trapline/tables"
)

// BitField is a bit field of C: Width bits of the number Word, from bit Shift
// up. As a member it takes no room of its own.
type BitField struct {
	Word         Num
	Shift, Width uint
}

// Layout implements Type.
func (t *BitField) Layout(tables.ABI) Layout { return Layout{0, 1} }

// Value is the number in the bit field.
func (t *BitField) Value(c *Call, _ View) uint64 {
	return t.Word.Num(c) >> t.Shift & (1<<t.Width - 1)
}

// Show implements Type.
func (t *BitField) Show(c *Call, v View) { c.Out.Number(t.Value(c, v), output.Unsigned) }

func (*BitField) Keep(*Keeps) {}

// MaskOf is a number in hexadecimal with leading zeros. It has the size of the Number that
// is converted to it.
type MaskOf Number

// Mask is a word-sized MaskOf.
const Mask = MaskOf(Ulong)

// Layout implements Type.
func (t MaskOf) Layout(abi tables.ABI) Layout { return Number(t).Layout(abi) }

func (MaskOf) Keep(*Keeps) {}

// Value is the number.
func (t MaskOf) Value(c *Call, v View) uint64 { return Number(t).Value(c, v) }

// Show implements Type.
func (t MaskOf) Show(c *Call, v View) {
	c.Out.Number(t.Value(c, v), output.Padded(Number(t).SizeIn(c.ABI)))
}
