package lang

import (
	"encoding/binary"
	"slices"
	"strconv"
	"sync/atomic"

	"trapline/output"
	"trapline/tables"
)

// Number is an integer type of C. The lowest three bits are its size; above them are the
// output.Base that it is written in, and whether it is aligned to its size on i386, too.
// Numbers written as output.Signed are signed.
type Number uint8

const (
	size4 Number = iota
	size1
	size2
	size8
	sizeWord   // of a long and of a pointer
	sizeKernel // of a __kernel_long_t

	sizeBits   = 3
	sizeMask   = 1<<sizeBits - 1
	baseMask   = 3
	aligned    = Number(1 << 5)
	inUnsigned = Number(output.Unsigned) << sizeBits
	inSigned   = Number(output.Signed) << sizeBits
	inOctal    = Number(output.Octal) << sizeBits
	inHex      = Number(output.Hex) << sizeBits
)

// numberSizes are the sizes in bytes under each ABI.
var numberSizes = [sizeMask + 1][tables.NumABI]uint8{
	size1:    {tables.X86_64: 1, tables.I386: 1, tables.X32: 1},
	size2:    {tables.X86_64: 2, tables.I386: 2, tables.X32: 2},
	size4:    {tables.X86_64: 4, tables.I386: 4, tables.X32: 4},
	size8:    {tables.X86_64: 8, tables.I386: 8, tables.X32: 8},
	sizeWord: {tables.X86_64: 8, tables.I386: 4, tables.X32: 4},

	sizeKernel: {tables.X86_64: 8, tables.I386: 4, tables.X32: 8},
}

// The integer types. S, U and X are signed, unsigned and hexadecimal of a
// fixed width in bits; O is octal.
const (
	S8  = size1 | inSigned
	S16 = size2 | inSigned
	S32 = size4 | inSigned
	S64 = size8 | inSigned
	U8  = size1 | inUnsigned
	U16 = size2 | inUnsigned
	U32 = size4 | inUnsigned
	U64 = size8 | inUnsigned
	X8  = size1 | inHex
	X16 = size2 | inHex
	X32 = size4 | inHex
	X64 = size8 | inHex
	O16 = size2 | inOctal
	O32 = size4 | inOctal
	O64 = size8 | inOctal

	Int   = S32
	Uint  = U32
	Long  = sizeWord | inSigned
	Ulong = sizeWord | inUnsigned
	Xlong = sizeWord | inHex
	Size  = Ulong // size_t

	// KLong, KUlong and KHex are __kernel_long_t and __kernel_ulong_t: 64 bits
	// wide on x32, where a C long is not.
	KLong  = sizeKernel | inSigned
	KUlong = sizeKernel | inUnsigned
	KHex   = sizeKernel | inHex

	// Loff is a 64-bit file offset (loff_t). As an argument of an i386 call it
	// takes two registers, low half first.
	Loff = S64

	// The types of members that are __aligned_u64: aligned to 8 bytes on i386
	// too.
	AlignedU64 = U64 | aligned
	AlignedX64 = X64 | aligned
)

// size is the number of bytes under an ABI.
func (n Number) SizeIn(abi tables.ABI) int { return int(numberSizes[n&sizeMask][abi]) }

// Base is what the number is written in.
func (n Number) Base() output.Base { return output.Base(n >> sizeBits & baseMask) }

// Layout implements Type.
func (n Number) Layout(abi tables.ABI) Layout {
	size := n.SizeIn(abi)
	if n&aligned != 0 {
		return Layout{size, size}
	}
	return Layout{size, cAlign(abi, size)}
}

// Value reads the number at v: sign-extended if it is signed, otherwise
// zero-extended.
func (n Number) Value(c *Call, v View) uint64 {
	size := n.SizeIn(c.ABI)
	if len(v.B) < size {
		v = v.extended(size)
	}
	var u uint64
	switch size {
	case 8:
		return binary.LittleEndian.Uint64(v.B)
	case 4:
		u = uint64(binary.LittleEndian.Uint32(v.B))
	case 2:
		u = uint64(binary.LittleEndian.Uint16(v.B))
	default:
		u = uint64(v.B[0])
	}
	if n.Base() == output.Signed {
		shift := 64 - 8*uint(size)
		return uint64(int64(u<<shift) >> shift)
	}
	return u
}

// Show implements Type.
func (n Number) Show(c *Call, v View) { c.Out.Number(n.Value(c, v), n.Base()) }

// Keep implements keeper. Numbers need no memory.
func (Number) Keep(*Keeps) {}

// number is a Number as a layout has it: its properties are looked up once.
type number struct {
	sizes  [tables.NumABI]uint8
	signed bool
	base   output.Base
	n      Number
}

// numbers are those in use.
var numbers [1 << 8]atomic.Pointer[number]

// laidOut returns the number for a layout.
func (n Number) laidOut() *number {
	t := numbers[n].Load()
	if t == nil {
		t = &number{numberSizes[n&sizeMask], n.Base() == output.Signed, n.Base(), n}
		numbers[n].Store(t)
	}
	return t
}

func (t *number) Layout(abi tables.ABI) Layout { return t.n.Layout(abi) }

func (*number) Keep(*Keeps) {}

func (t *number) Value(c *Call, v View) uint64 { return t.n.Value(c, v) }

func (t *number) Show(c *Call, v View) {
	var n uint64
	if size := int(t.sizes[c.ABI]); t.signed {
		n = uint64(v.Int(size))
	} else {
		n = v.Uint(size)
	}
	c.Out.Number(n, t.base)
}

// address is a pointer that is shown but not followed. It has the size of the Number
// converted to it.
type address Number

const (
	// Addr is an address as wide as a register.
	Addr = address(Xlong)
	// Addr64 is an address held in 64 bits under every ABI, as in newer
	// structs, and AlignedAddr one that is an __aligned_u64.
	Addr64      = address(X64)
	AlignedAddr = address(AlignedX64)
	// KAddr is an address held in a __kernel_ulong_t.
	KAddr = address(KHex)
)

// Layout implements Type.
func (t address) Layout(abi tables.ABI) Layout { return Number(t).Layout(abi) }

// Value is the address.
func (t address) Value(c *Call, v View) uint64 { return Number(t).Value(c, v) }

// Show implements Type.
func (t address) Show(c *Call, v View) { c.Out.Addr(t.Value(c, v)) }

func (address) Keep(*Keeps) {}

// Enum is an integer, stored as an In, whose values have names in Set. Raw values are
// written as In; the zero In is X32.
type Enum struct {
	In  Number
	Set *tables.Set
}

// Layout implements Type.
func (t *Enum) Layout(abi tables.ABI) Layout { return t.In.Layout(abi) }

// Value is the integer.
func (t *Enum) Value(c *Call, v View) uint64 { return t.In.Value(c, v) }

// Show implements Type.
func (t *Enum) Show(c *Call, v View) { c.Out.Enum(t.In.Value(c, v), t.Set, t.In.Base()) }

func (*Enum) Keep(*Keeps) {}

// Flags is an integer, stored as an In, whose bits have names in Set. Raw values are
// written as In; the zero In is X32.
type Flags struct {
	In  Number
	Set *tables.Set

	// Parts are numbers among the flags: SHARED|HUGE|21<<HUGE_SHIFT.
	Parts   []Part
	Ignored uint64 // bits that the kernel ignores
	Named   bool   // with Parts: -X verbose shows the word as a number beside its names
}

// Layout implements Type.
func (t *Flags) Layout(abi tables.ABI) Layout { return t.In.Layout(abi) }

// Value is the integer.
func (t *Flags) Value(c *Call, v View) uint64 { return t.In.Value(c, v) }

// Show implements Type.
func (t *Flags) Show(c *Call, v View) {
	if t.Parts != nil {
		t.showParts(c, v)
		return
	}
	c.Out.Flags(t.In.Value(c, v), t.Set, t.In.Base())
}

func (*Flags) Keep(*Keeps) {}

// Ticks is a number of ticks, Per of which make a second. A comment shows it in seconds,
// with Digits digits after the point.
type Ticks struct {
	In     Number
	Per    uint64
	Digits int
}

// Layout implements Type.
func (t *Ticks) Layout(abi tables.ABI) Layout { return t.In.Layout(abi) }

func (*Ticks) Keep(*Keeps) {}

// Value is the count.
func (t *Ticks) Value(c *Call, v View) uint64 { return t.In.Value(c, v) }

// Show implements Type.
func (t *Ticks) Show(c *Call, v View) {
	n := t.In.Value(c, v)
	c.Out.Number(n, t.In.Base())
	if n == 0 {
		return
	}
	b := c.Alloc(40)[:0]
	if t.In.Base() == output.Signed && int64(n) < 0 {
		n = -n
		b = append(b, '-')
	}
	b = strconv.AppendUint(b, n/t.Per, 10)
	b = append(b, '.')
	mark := len(b)
	b = strconv.AppendUint(b, n%t.Per, 10)
	for len(b) < mark+t.Digits {
		b = slices.Insert(b, mark, '0')
	}
	c.Out.Comment(output.Gloss, output.AsString(append(b, " s"...)))
}

// Aligned is a value aligned to 8 bytes on i386 too, as __aligned_u64 is.
type Aligned [1]Type

// Layout implements Type.
func (t Aligned) Layout(abi tables.ABI) Layout { return Layout{t[0].Layout(abi).Size, 8} }

// Show implements Type.
func (t Aligned) Show(c *Call, v View) { t[0].Show(c, v) }

func (t Aligned) Keep(k *Keeps) { k.Value(t[0]) }
