package lang

import (
	"testing"

	"trapline/tables"
)

// TestEveryABIHasLayouts finds an ABI that is in the tables and lacks layouts.
func TestEveryABIHasLayouts(t *testing.T) {
	for _, abi := range tables.ABIs {
		for _, n := range []Number{U8, U16, U32, U64, Ulong, KUlong} {
			if n.SizeIn(abi) == 0 {
				t.Errorf("number %d has no size under %v", n, abi)
			}
		}
		if w := abi.WordSize(); Ulong.SizeIn(abi) != w || Addr.Layout(abi).Size != w {
			t.Errorf("a long has %d bytes under %v, a word %d", Ulong.SizeIn(abi), abi, w)
		}
		if w := abi.KernelWordSize(); KUlong.SizeIn(abi) != w {
			t.Errorf("a __kernel_ulong_t has %d bytes under %v, want %d", KUlong.SizeIn(abi), abi, w)
		}
		if got, want := U64.Layout(abi), (Layout{8, abi.Align8()}); got != want {
			t.Errorf("the layout of 8 bytes is %v under %v, want %v", got, abi, want)
		}
	}
}
