package decode

import (
	"slices"
	"testing"

	"trapline/output"
	"trapline/tables"
)

func TestRest(t *testing.T) {
	inner := &tables.Set{Consts: []tables.Const{{Value: 7, Name: "SEVEN"}}}
	outer := &tables.Set{Consts: []tables.Const{{Value: 1, Name: "ONE"}, {Value: 2, Name: "TWO"}, {Value: 3, Name: "THREE"}}}
	d := &Desc{"call", Args{{"cmd", Int}, Rest(Len("cmd"), outer, Calls{
		{"ONE TWO", Args{{"path", Path}}, RetAddr},
		{"THREE", Args{{"sub", Int}, Rest(Len("sub"), inner, Calls{
			{"SEVEN", Args{{"len", Size}}, RetHex},
		})}, Ret{}},
	})}, RetSigned}
	base := newSignature("call", d, tables.X86_64)
	c := &Call{Decoder: NewDecoderOf(Catalogue{}, 0), ABI: tables.X86_64}
	for _, tt := range []struct {
		cmd, sub uint64
		want     []string
		ret      Ret
	}{
		{1, 0, []string{"cmd", "path"}, RetAddr},
		{2, 0, []string{"cmd", "path"}, RetAddr},
		{3, 7, []string{"cmd", "sub", "len"}, RetHex},
		{3, 8, []string{"cmd", "sub"}, RetSigned},
		{4, 0, []string{"cmd"}, RetSigned},
	} {
		c.Sig, c.Args = base, [6]uint64{tt.cmd, tt.sub}
		c.Begin()
		var got []string
		for _, a := range c.Sig.args {
			got = append(got, a.name)
		}
		if !slices.Equal(got, tt.want) || c.Sig.ret.typ != tt.ret.typ {
			t.Errorf("command %d %d: arguments %v, want %v", tt.cmd, tt.sub, got, tt.want)
		}
	}
}

// Undecoded, a call shows the registers that its widest command takes, and
// those of calls with their arguments in memory as they are.
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
		{tables.I386, "mmap", []uint64{at0}, 1},
		{tables.I386, "select", []uint64{at0}, 1},
	} {
		s := named(t, tt.abi, tt.name, tt.args...)
		c := &Call{Decoder: NewDecoder(Options{}, nil), Mem: fakeMemory{at0: make([]byte, 64)}, ABI: tt.abi, NR: s.nr, Args: s.args,
			Sig: NewDecoder(Options{}, nil).Lookup(tt.abi, s.nr), Raw: true}
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

func (n *argCounter) Arg(string) { n.args++ }
