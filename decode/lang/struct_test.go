package lang_test

import (
	"testing"

	. "trapline/decode/lang"
	"trapline/tables"
)

func TestStructLayout(t *testing.T) {
	// The i386 ABI aligns 8-byte members to 4 bytes.
	st := &Struct{Fields: Fields{{"a", U8}, {"b", U64}, {"c", Ulong}, {"d", U16}}}
	for _, tt := range []struct {
		abi        tables.ABI
		size       int
		a, b, c, d int
	}{
		{tables.X86_64, 32, 0, 8, 16, 24},
		{tables.I386, 20, 0, 4, 12, 16},
		{tables.X32, 24, 0, 8, 16, 20},
	} {
		if got := st.Layout(tt.abi).Size; got != tt.size {
			t.Errorf("%v: size %d, want %d", tt.abi, got, tt.size)
		}
		for name, want := range map[string]int{"a": tt.a, "b": tt.b, "c": tt.c, "d": tt.d} {
			if got, _ := st.Offset(tt.abi, name); got != want {
				t.Errorf("%v: offset of %s is %d, want %d", tt.abi, name, got, want)
			}
		}
	}
}
