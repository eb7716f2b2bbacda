package decode

import (
	"trapline/output"
	"trapline/tables"
)

// Values of prctl that only processors other than x86 have (linux/prctl.h).

// vectorLength is the length of ARM vectors in its low 16 bits, and flags.
type vectorLength struct {
	*Number
	set *tables.Set
}

const vectorLengthMask = 0xffff // PR_SVE_VL_LEN_MASK, PR_SME_VL_LEN_MASK

func (t vectorLength) Show(c *Call, v View) {
	n := t.Value(c, v)
	if n&^vectorLengthMask == 0 {
		c.Out.Number(n, output.Hex)
		return
	}
	c.Out.BeginNamed()
	c.Out.Number(n, output.Hex)
	c.Out.Named()
	c.showVectorLength(n, t.set)
	c.Out.EndNamed()
}

func (c *Call) showVectorLength(n uint64, set *tables.Set) {
	c.Out.Flags(n&^vectorLengthMask, set, output.Hex)
	c.Out.Or()
	c.Out.Number(n&vectorLengthMask, output.Hex)
}

func remarkVectorLength(set *tables.Set) func(c *Call) {
	return func(c *Call) {
		if uint64(c.Ret)&^vectorLengthMask != 0 && !c.Out.Nameless() {
			c.Out.BeginRemark()
			c.Out.Field("")
			c.showVectorLength(uint64(c.Ret), set)
			c.Out.EndRemark()
		}
	}
}

// taggedAddr is the mode of tagged addresses and memory tags of ARM.
type taggedAddr struct{ *Number }

const (
	taggedAddrEnable = 1
	mteTCFMask       = 3 << 1
	mteTagShift      = 3
	mteTagMask       = 0xffff << mteTagShift
)

func (t taggedAddr) Show(c *Call, v View) {
	n := t.Value(c, v)
	c.Out.BeginNamed()
	c.Out.Number(n, output.Hex)
	c.Out.Named()
	c.showTaggedAddr(n)
	c.Out.EndNamed()
}

func (c *Call) showTaggedAddr(n uint64) {
	c.Out.Enum(n&taggedAddrEnable, tables.PrTaggedAddr, output.Hex)
	c.Out.Or()
	c.Out.Enum(n&mteTCFMask, tables.PrMteTcf, output.Hex)
	if tag := n & mteTagMask; tag != 0 {
		c.Out.Or()
		c.Out.Number(tag>>mteTagShift, output.Hex)
		c.Out.Shift(mteTagShift, "PR_MTE_TAG_SHIFT")
	}
	if rest := n &^ (taggedAddrEnable | mteTCFMask | mteTagMask); rest != 0 {
		c.Out.Or()
		c.Out.Number(rest, output.Hex)
	}
}

func remarkTaggedAddr(c *Call) {
	if c.Out.Nameless() {
		return
	}
	c.Out.BeginRemark()
	c.Out.Field("")
	c.showTaggedAddr(uint64(c.Ret))
	c.Out.EndRemark()
}

// riscvVector says whether this program and the next one may use vectors.
type riscvVector struct{ *Number }

const (
	riscvVectorNow     = 3
	riscvVectorNext    = 3 << 2
	riscvVectorInherit = 1 << 4
)

func (t riscvVector) Show(c *Call, v View) {
	n := t.Value(c, v)
	c.Out.BeginNamed()
	c.Out.Number(n, output.Hex)
	c.Out.Named()
	c.showRiscvVector(n)
	c.Out.EndNamed()
}

func (c *Call) showRiscvVector(n uint64) {
	c.Out.Enum(n&riscvVectorNow, tables.PrRiscvVector, output.Hex)
	c.Out.Or()
	c.Out.Enum(n&riscvVectorNext>>2, tables.PrRiscvVector, output.Hex)
	c.Out.Shift(2, "")
	c.Out.Or()
	c.Out.Enum(n&riscvVectorInherit, tables.PrRiscvInherit, output.Hex)
	if rest := n &^ (riscvVectorNow | riscvVectorNext | riscvVectorInherit); rest != 0 {
		c.Out.Or()
		c.Out.Number(rest, output.Hex)
	}
}

func remarkRiscvVector(c *Call) {
	if c.Out.Nameless() {
		return
	}
	c.Out.BeginRemark()
	c.Out.Field("")
	c.showRiscvVector(uint64(c.Ret))
	c.Out.EndRemark()
}
