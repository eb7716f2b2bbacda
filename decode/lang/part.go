package lang

import (
	"math/bits"

	"trapline/output"
	"trapline/tables"
)

// Part is a number within a word, in the bits of Mask.
type Part struct {
	Mask  uint64
	Set   *tables.Set // has names of its values; nil for a number
	Base  output.Base // how a number is written
	Shift string      // C's name of the shift count: 21<<HUGE_SHIFT; empty to show no shift
	Zero  bool        // among flags, it is shown even if it is zero
	First bool        // it is shown before the flags
}

// of returns the part's number in a word.
func (p *Part) of(word uint64) uint64 { return word & p.Mask >> bits.TrailingZeros64(p.Mask) }

// show shows the part of a word.
func (p *Part) show(c *Call, word uint64) {
	if n := p.of(word); p.Set != nil {
		c.Out.Enum(n, p.Set, p.Base)
	} else {
		c.Out.Number(n, p.Base)
	}
	if p.Shift != "" {
		c.Out.Shift(uint(bits.TrailingZeros64(p.Mask)), p.Shift, output.Unsigned)
	}
}

// showParts shows flags with numbers among them.
func (t *Flags) showParts(c *Call, v View) {
	whole := t.In.Value(c, v)
	word := whole &^ t.Ignored
	flags, before, behind := word, false, false // the flags, and whether there are parts before or behind them
	for i := range t.Parts {
		p := &t.Parts[i]
		flags &^= p.Mask
		if p.shown(word) {
			before = before || p.First
			behind = behind || !p.First
		}
	}
	if word == 0 && !before && !behind {
		c.Out.Number(0, output.Hex)
		return
	}
	if t.Named {
		c.Out.BeginNamed()
		c.Out.Number(whole, t.In.Base())
		c.Out.Named(output.InComment)
	}
	if before {
		t.showEach(c, word, true, false)
	}
	if flags != 0 {
		if before {
			c.Out.Join(output.Or)
		}
		c.Out.Flags(flags, t.Set, t.In.Base())
	}
	if behind {
		t.showEach(c, word, false, before || flags != 0)
	}
	if t.Named {
		c.Out.EndNamed()
	}
}

// shown reports whether the part of a word is shown among flags.
func (p *Part) shown(word uint64) bool { return p.Zero || word&p.Mask != 0 }

// showEach shows either the parts that come first, or the others. some says that something
// precedes them.
func (t *Flags) showEach(c *Call, word uint64, first, some bool) {
	for i := range t.Parts {
		p := &t.Parts[i]
		if p.First != first || !p.shown(word) {
			continue
		}
		if some {
			c.Out.Join(output.Or)
		}
		p.show(c, word)
		some = true
	}
}

// Macro is a number, stored as an In, that is shown as a macro of its parts: VERSION(5,
// 10, 0).
type Macro struct {
	In    Number
	Name  string
	Parts []Part
}

// Layout implements Type.
func (t *Macro) Layout(abi tables.ABI) Layout { return t.In.Layout(abi) }

func (*Macro) Keep(*Keeps) {}

// Value is the number.
func (t *Macro) Value(c *Call, v View) uint64 { return t.In.Value(c, v) }

// Show implements Type.
func (t *Macro) Show(c *Call, v View) {
	n := t.In.Value(c, v)
	c.Out.BeginNamed()
	c.Out.Number(n, t.In.Base())
	c.Out.Named(output.InComment)
	c.Out.BeginMacro(t.Name)
	for i := range t.Parts {
		c.Out.Elem()
		t.Parts[i].show(c, n)
	}
	c.Out.EndMacro()
	c.Out.EndNamed()
}
