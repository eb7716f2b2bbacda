package process

import (
	"testing"

	"trapline/tables"
)

// TestTimexLayout checks that struct __kernel_timex is the same for both ABIs. A
// compiler cannot be asked, because linux/timex.h conflicts with the C library's
// headers.
func TestTimexLayout(t *testing.T) {
	for _, abi := range []tables.ABI{tables.X86_64, tables.I386} {
		if size := timex64.Layout(abi).Size; size != 208 {
			t.Errorf("%v: %d bytes, want 208", abi, size)
		}
		for name, want := range map[string]int{"offset": 8, "status": 40, "constant": 48, "time": 72, "shift": 112, "stabil": 120, "tai": 160} {
			if off, _ := timex64.Offset(abi, name); off != want {
				t.Errorf("%v: %s at %d, want %d", abi, name, off, want)
			}
		}
	}
}
