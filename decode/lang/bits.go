package lang

import (
	"trapline/output"
	"trapline/tables"
)

// BitField is a bit field of C: width bits of the number word, from bit shift
// up. As a member it takes no room of its own.
func BitField(word Num, shift, width uint) Type { return &bitField{word, shift, width} }

type bitField struct {
	word         Num
	shift, width uint
}

func (t *bitField) Layout(tables.ABI) Layout { return Layout{0, 1} }

func (t *bitField) Value(c *Call, _ View) uint64 {
	return t.word.Num(c) >> t.shift & (1<<t.width - 1)
}

func (t *bitField) Show(c *Call, v View) { c.Out.Number(t.Value(c, v), output.Unsigned) }

// Mask is a word-sized number in hexadecimal with leading zeros, MaskOf one of
// another size.
var Mask = MaskOf(Ulong)

// MaskOf is a Mask kept in an n.
func MaskOf(n *Number) Type { return &mask{n} }

type mask struct{ *Number }

func (t *mask) Show(c *Call, v View) {
	c.Out.Number(t.Value(c, v), output.Padded(t.Layouts[c.ABI].Size))
}
