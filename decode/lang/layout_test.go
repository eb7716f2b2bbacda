package lang

import (
	"testing"

	"trapline/tables"
)

// TestEveryABIHasLayouts finds an ABI that was added to the tables and not here.
func TestEveryABIHasLayouts(t *testing.T) {
	if len(Abis) != tables.NumABI {
		t.Errorf("%d ABIs have layouts, the tables have %d", len(Abis), tables.NumABI)
	}
	for _, abi := range Abis {
		for _, n := range []Number{U8, U16, U32, U64, Ulong, KUlong} {
			if n.SizeIn(abi) == 0 {
				t.Errorf("number %d has no size under %v", n, abi)
			}
		}
		if w := abi.WordSize(); Ulong.SizeIn(abi) != w || Addr.Layout(abi).Size != w {
			t.Errorf("a long has %d bytes under %v, a word %d", Ulong.SizeIn(abi), abi, w)
		}
	}
}
