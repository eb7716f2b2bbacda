package decode_test

import (
	"testing"

	"trapline/decode"
	. "trapline/decode/internal/decodetest"
	. "trapline/decode/internal/fake"
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// An undecoded call shows the registers that its widest command takes. Undecoded calls
// whose arguments are in memory show these unchanged.
func TestRawWidth(t *testing.T) {
	for _, tt := range []struct {
		abi  tables.ABI
		name string
		args []uint64
		want int
	}{
		{tables.X86_64, "prctl", []uint64{7}, 5},
		{tables.X86_64, "futex", []uint64{0, 1}, 6},
		{tables.X86_64, "ptrace", []uint64{0}, 4},
		{tables.X86_64, "read", nil, 3},
		{tables.I386, "pread64", nil, 5},
		{tables.I386, "mmap", []uint64{At0}, 1},
		{tables.I386, "select", []uint64{At0}, 1},
	} {
		s := Named(t, tt.abi, tt.name, tt.args...)
		c := &Call{Decoder: decode.NewDecoder(decode.Options{}, nil), Mem: FakeMemory{At0: make([]byte, 64)}, ABI: tt.abi, NR: s.Nr, Args: s.Args,
			Sig: decode.NewDecoder(decode.Options{}, nil).Lookup(tt.abi, s.Nr), Raw: true}
		c.Begin()
		n := &argCounter{}
		c.Out = n
		c.Enter()
		if n.args != tt.want {
			t.Errorf("%v %s: %d registers, want %d", tt.abi, tt.name, n.args, tt.want)
		}
	}
}

// argCounter counts arguments.
type argCounter struct {
	output.Discard
	args int
}

func (n *argCounter) Arg(string, output.ArgName) { n.args++ }
