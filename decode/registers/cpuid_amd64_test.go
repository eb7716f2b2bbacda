package registers

import (
	"encoding/binary"
	"slices"
	"testing"

	"trapline/integration/need"
)

func TestVectorRegisters(t *testing.T) {
	need.All(t, need.AVX)
	layout := XSAVELayout()
	i := slices.IndexFunc(layout, func(c XSAVEComponent) bool { return c.Number == xAVX })
	if i < 0 {
		t.Fatalf("no AVX registers in %v", layout)
	}
	avx := layout[i]
	state := func() []byte {
		b := make([]byte, avx.Offset+avx.Size)
		binary.LittleEndian.PutUint64(b[xcr0Offset:], 1<<xAVX)
		binary.LittleEndian.PutUint64(b[xstateHeader:], 1<<xAVX)
		return b
	}
	before, after := user64(), user64()
	before.Vector, after.Vector = state(), state()
	before.Components, after.Components = layout, layout
	after.Vector[avx.Offset+16*3] = 1
	if got := why(Transition{Name: "getpid"}, before, after); len(got) != 1 || got["ymm3_high"] != "unexplained" {
		t.Errorf("got %q, want ymm3_high", got)
	}
	// A component in its initial state is zero, whatever is in memory.
	binary.LittleEndian.PutUint64(after.Vector[xstateHeader:], 0)
	if got := why(Transition{Name: "getpid"}, before, after); len(got) != 0 {
		t.Errorf("initial state: got %q, want nothing", got)
	}
}
