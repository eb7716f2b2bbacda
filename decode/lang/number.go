package lang

import (
	"slices"
	"strconv"

	"trapline/output"
	"trapline/tables"
)

// Number is an integer type of C.
type Number struct {
	Layouts
	Signed bool
	Base   output.Base
}

// The integer types. S, U and X are signed, unsigned and hexadecimal of a
// fixed width in bits; O is octal.
var (
	S8  = NewNumber(1, true, output.Signed)
	S16 = NewNumber(2, true, output.Signed)
	S32 = NewNumber(4, true, output.Signed)
	S64 = NewNumber(8, true, output.Signed)
	U8  = NewNumber(1, false, output.Unsigned)
	U16 = NewNumber(2, false, output.Unsigned)
	U32 = NewNumber(4, false, output.Unsigned)
	U64 = NewNumber(8, false, output.Unsigned)
	X8  = NewNumber(1, false, output.Hex)
	X16 = NewNumber(2, false, output.Hex)
	X32 = NewNumber(4, false, output.Hex)
	X64 = NewNumber(8, false, output.Hex)
	O16 = NewNumber(2, false, output.Octal)
	O32 = NewNumber(4, false, output.Octal)
	O64 = NewNumber(8, false, output.Octal)

	Int   = S32
	Uint  = U32
	Long  = &Number{WordLayout(), true, output.Signed}
	Ulong = &Number{WordLayout(), false, output.Unsigned}
	Xlong = &Number{WordLayout(), false, output.Hex}
	Size  = Ulong // size_t

	// Loff is a 64-bit file offset (loff_t). As an argument of an i386 call it
	// takes two registers, low half first.
	Loff = S64
)

// NewNumber makes an integer type of size bytes.
func NewNumber(size int, signed bool, base output.Base) *Number {
	return &Number{SameLayout(size), signed, base}
}

func (l *Layouts) Layout(abi tables.ABI) Layout { return l[abi] }

// Value reads the number at v: sign-extended if it is signed, otherwise
// zero-extended.
func (n *Number) Value(c *Call, v View) uint64 {
	size := n.Layouts[c.ABI].Size
	if n.Signed {
		return uint64(v.Int(size))
	}
	return v.Uint(size)
}

func (n *Number) Show(c *Call, v View) { c.Out.Number(n.Value(c, v), n.Base) }

// Addr is a pointer that is shown but not followed.
var Addr = &Address{WordLayout()}

// Address is the type of Addr.
type Address struct{ Layouts }

func (t *Address) Value(c *Call, v View) uint64 { return v.Uint(t.Layouts[c.ABI].Size) }

func (t *Address) Show(c *Call, v View) { c.Out.Addr(t.Value(c, v)) }

// Addr64 is an address held in 64 bits whatever the ABI, as newer structs do.
var Addr64 = &Address{SameLayout(8)}

// enum is an integer whose values have names.
type enum struct {
	*Number
	set *tables.Set
}

// Enum is an int with one of set's names; raw values are hexadecimal.
func Enum(set *tables.Set) Type { return EnumOf(X32, set) }

// EnumOf is an Enum kept in and, when it is raw, written as n.
func EnumOf(n *Number, set *tables.Set) Type { return &enum{n, set} }

func (t *enum) Show(c *Call, v View) { c.Out.Enum(t.Value(c, v), t.set, t.Base) }

// flags is an integer whose bits have names.
type flags struct {
	*Number
	set *tables.Set
}

// Flags is an int made of set's bits; raw values are hexadecimal.
func Flags(set *tables.Set) Type { return FlagsOf(X32, set) }

// FlagsOf is a Flags kept in and, when it is raw, written as n.
func FlagsOf(n *Number, set *tables.Set) Type { return &flags{n, set} }

func (t *flags) Show(c *Call, v View) { c.Out.Flags(t.Value(c, v), t.set, t.Base) }

// Ticks is a count of units of which per make a second; a comment has it in
// seconds, with as many digits after the point.
func Ticks(n *Number, per uint64, digits int) Type { return &ticks{n, per, digits} }

type ticks struct {
	*Number
	per    uint64
	digits int
}

func (t *ticks) Show(c *Call, v View) {
	n := t.Value(c, v)
	c.Out.Number(n, t.Base)
	if n == 0 {
		return
	}
	b := c.Alloc(40)[:0]
	if t.Signed && int64(n) < 0 {
		n = -n
		b = append(b, '-')
	}
	b = strconv.AppendUint(b, n/t.per, 10)
	b = append(b, '.')
	mark := len(b)
	b = strconv.AppendUint(b, n%t.per, 10)
	for len(b) < mark+t.digits {
		b = slices.Insert(b, mark, '0')
	}
	c.Out.Comment(output.Gloss, output.AsString(append(b, " s"...)))
}

// Aligned8 is a value aligned to 8 bytes on i386 too, as __aligned_u64 is.
func Aligned8(t Type) Type { return &aligned8{t} }

type aligned8 struct{ Type }

func (t *aligned8) Layout(abi tables.ABI) Layout { return Layout{t.Type.Layout(abi).Size, 8} }

// The types of members that are __aligned_u64.
var (
	AlignedU64  = Aligned8(U64)
	AlignedX64  = Aligned8(X64)
	AlignedAddr = Aligned8(Addr64)
)
