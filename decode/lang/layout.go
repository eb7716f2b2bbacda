package lang

import "trapline/tables"

// Layout is the layout of a C type in memory under one ABI, in bytes.
type Layout struct {
	Size, Align int
}

// Layouts is the layout of a scalar, that of the Number converted to it, such as
// Layouts(U64). Types that are not numbers embed it.
type Layouts Number

// size is the number of bytes under an ABI.
func (l Layouts) SizeIn(abi tables.ABI) int { return Number(l).SizeIn(abi) }

// Layout implements Type.
func (l Layouts) Layout(abi tables.ABI) Layout { return Number(l).Layout(abi) }

// WordSized is embedded by types that are as wide as a register: pointers.
type WordSized struct{}

// Layout implements Type.
func (WordSized) Layout(abi tables.ABI) Layout {
	w := abi.WordSize()
	return Layout{w, w}
}

// cAlign is the alignment of a scalar of the given size: its own size, unless the ABI
// aligns 8-byte scalars differently.
func cAlign(abi tables.ABI, size int) int {
	if size == 8 {
		return abi.Align8()
	}
	return size
}

func AlignUp(n, align int) int {
	if align <= 1 {
		return n
	}
	return (n + align - 1) / align * align
}

// Unsized is the layout of types whose size is not known before they are read, and of
// arguments that are in no register.
type Unsized struct{}

// Layout implements Type.
func (Unsized) Layout(tables.ABI) Layout { return Layout{0, 1} }
