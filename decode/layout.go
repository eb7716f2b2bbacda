package decode

import "trapline/tables"

// Layout is where a C type lies in memory under one ABI, in bytes.
type Layout struct {
	Size, Align int
}

// layouts holds a type's layout under each ABI.
type layouts [tables.NumABI]Layout

// abis are all ABIs, for computing layouts ahead of time.
var abis = [...]tables.ABI{tables.X86_64, tables.I386, tables.X32}

// sameLayout is for scalars of one size everywhere.
func sameLayout(size int) layouts {
	var l layouts
	for _, abi := range abis {
		l[abi] = Layout{size, cAlign(abi, size)}
	}
	return l
}

// wordLayout is for longs and pointers.
func wordLayout() layouts {
	var l layouts
	for _, abi := range abis {
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

// alignUp gives the next multiple of align from n on.
func alignUp(n, align int) int {
	if align <= 1 {
		return n
	}
	return (n + align - 1) / align * align
}

// unsized is the layout of types whose size is not known before they are read.
type unsized struct{}

func (unsized) Layout(tables.ABI) Layout { return Layout{0, 1} }
