package lang

import (
	"trapline/tables"
)

// Layout is where a C type lies in memory under one ABI, in bytes.
type Layout struct {
	Size, Align int
}

// Layouts holds a type's layout under each ABI.
type Layouts [tables.NumABI]Layout

// Abis are all ABIs, for computing layouts ahead of time.
var Abis = [...]tables.ABI{tables.X86_64, tables.I386, tables.X32}

// SameLayout is for scalars of one size everywhere.
func SameLayout(size int) Layouts {
	var l Layouts
	for _, abi := range Abis {
		l[abi] = Layout{size, cAlign(abi, size)}
	}
	return l
}

// WordLayout is for longs and pointers.
func WordLayout() Layouts {
	var l Layouts
	for _, abi := range Abis {
		w := abi.WordSize()
		l[abi] = Layout{w, w}
	}
	return l
}

// cAlign is the alignment of a scalar of the given size: its own size, but
// that i386 aligns 8-byte scalars to 4 (System V ABI, Intel386 supplement).
func cAlign(abi tables.ABI, size int) int {
	if abi == tables.I386 && size == 8 {
		return 4
	}
	return size
}

// AlignUp gives the next multiple of align from n on.
func AlignUp(n, align int) int {
	if align <= 1 {
		return n
	}
	return (n + align - 1) / align * align
}

// Unsized is the layout of types whose size is not known before they are read.
type Unsized struct{}

func (Unsized) Layout(tables.ABI) Layout { return Layout{0, 1} }

// KernelWord is the layout of a __kernel_long_t.
func KernelWord() Layouts {
	l := WordLayout()
	l[tables.X32] = Layout{8, 8}
	return l
}
