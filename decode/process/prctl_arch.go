package process

import (
	"strconv"

	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// Values of prctl that only processors other than x86 use (linux/prctl.h). Their
// symbolic forms are built as text, because results show them in a remark.

// symbolic is a word with a symbolic form.
type symbolic struct {
	Number
	form func(c *Call, n uint64) []byte // nil for none
}

func (t *symbolic) Show(c *Call, v View) {
	n := t.Value(c, v)
	form := t.form(c, n)
	if form == nil {
		c.Out.Number(n, output.Hex)
		return
	}
	c.Out.BeginNamed()
	c.Out.Number(n, output.Hex)
	c.Out.Named(output.InComment)
	c.Out.Text(output.AsString(form))
	c.Out.EndNamed()
}

// remark shows the form of a result.
func (t *symbolic) remark(c *Call) {
	if form := t.form(c, uint64(c.Ret)); form != nil {
		remarkNames(c, form)
	}
}

var (
	sveVector   = &symbolic{Xlong, func(c *Call, n uint64) []byte { return vectorLength(c, n, &tables.PrSveVl) }}
	smeVector   = &symbolic{Xlong, func(c *Call, n uint64) []byte { return vectorLength(c, n, &tables.PrSmeVl) }}
	taggedAddr  = &symbolic{Xlong, taggedAddrForm}
	riscvVector = &symbolic{Xlong, riscvVectorForm}
)

// vectorLength shows the length of ARM vectors, in the low 16 bits, and flags.
func vectorLength(c *Call, n uint64, set *tables.Set) []byte {
	const length = 0xffff // PR_SVE_VL_LEN_MASK, PR_SME_VL_LEN_MASK
	if n&^length == 0 {
		return nil
	}
	return appendHex(appendNames(c, nil, n&^length, set), n&length)
}

// taggedAddrForm shows the mode of ARM's tagged addresses and memory tags.
func taggedAddrForm(c *Call, n uint64) []byte {
	const (
		enable   = 1
		tcf      = 3 << 1
		tagShift = 3
		tag      = 0xffff << tagShift
	)
	b := appendName(nil, n&enable, &tables.PrTaggedAddr)
	b = appendName(b, n&tcf, &tables.PrMteTcf)
	if t := n & tag; t != 0 {
		b = append(appendHex(b, t>>tagShift), "<<PR_MTE_TAG_SHIFT"...)
	}
	if rest := n &^ (enable | tcf | tag); rest != 0 {
		b = appendHex(b, rest)
	}
	return b
}

// riscvVectorForm shows whether this program, and the next one that it executes,
// may use vectors.
func riscvVectorForm(c *Call, n uint64) []byte {
	const (
		current   = 3
		nextShift = 2
		next      = 3 << nextShift
		inherit   = 1 << 4
	)
	b := appendName(nil, n&current, &tables.PrRiscvVector)
	b = append(appendName(b, n&next>>nextShift, &tables.PrRiscvVector), "<<2"...)
	b = appendName(b, n&inherit, &tables.PrRiscvInherit)
	if rest := n &^ (current | next | inherit); rest != 0 {
		b = appendHex(b, rest)
	}
	return b
}

// appendName appends the name of an enumeration's value, after a | if b is not
// empty.
func appendName(b []byte, v uint64, set *tables.Set) []byte {
	name, ok := set.Lookup(v)
	if !ok {
		return appendHex(b, v)
	}
	if len(b) > 0 {
		b = append(b, '|')
	}
	return append(b, name...)
}

// appendHex appends a number, after a | if b is not empty.
func appendHex(b []byte, v uint64) []byte {
	if len(b) > 0 {
		b = append(b, '|')
	}
	if v == 0 {
		return append(b, '0')
	}
	return strconv.AppendUint(append(b, "0x"...), v, 16)
}
