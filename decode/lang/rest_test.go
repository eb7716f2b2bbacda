package lang

import (
	"slices"
	"testing"

	"trapline/tables"
)

func TestRest(t *testing.T) {
	inner := &tables.Set{Consts: []tables.Const{{Value: 7, Name: "SEVEN"}}}
	outer := &tables.Set{Consts: []tables.Const{{Value: 1, Name: "ONE"}, {Value: 2, Name: "TWO"}, {Value: 3, Name: "THREE"}}}
	d := &Desc{"call", Args{{"cmd", Int}, {"", &Rest{On: Ref("cmd"), Set: outer, Calls: Calls{
		{"ONE TWO", Args{{"path", Path}}, RetAddr},
		{"THREE", Args{{"sub", Int}, {"", &Rest{On: Ref("sub"), Set: inner, Calls: Calls{
			{"SEVEN", Args{{"len", Size}}, RetHex},
		}}}}, nil},
	}}}}, Long}
	base := newSignature("call", d, tables.X86_64)
	c := &Call{Decoder: NewDecoderOf(Catalogue{}, 0), ABI: tables.X86_64}
	for _, tt := range []struct {
		cmd, sub uint64
		want     []string
		ret      Type
	}{
		{1, 0, []string{"cmd", "path"}, RetAddr},
		{2, 0, []string{"cmd", "path"}, RetAddr},
		{3, 7, []string{"cmd", "sub", "len"}, RetHex},
		{3, 8, []string{"cmd", "sub"}, Long},
		{4, 0, []string{"cmd"}, Long},
	} {
		c.Sig, c.Args = base, [6]uint64{tt.cmd, tt.sub}
		c.Begin()
		var got []string
		for _, a := range c.Sig.args {
			got = append(got, a.name)
		}
		if !slices.Equal(got, tt.want) || c.Sig.ret != unwrap(tt.ret).Type {
			t.Errorf("command %d %d: arguments %v, want %v", tt.cmd, tt.sub, got, tt.want)
		}
	}
}
