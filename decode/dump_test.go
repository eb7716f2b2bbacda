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

// dumped collects what is dumped.
type dumped struct {
	output.Discard
	data []byte
}

func (d *dumped) Dump(p output.DumpPart) { d.data = append(d.data, p.Data...) }

// TestDumpOfPlainCall dumps the data of a call whose pointers are not followed.
func TestDumpOfPlainCall(t *testing.T) {
	const at = 0x7000
	s := Named(t, tables.X86_64, "write", 1, at, 5)
	out := &dumped{}
	d := decode.NewDecoder(decode.Options{}, nil)
	c := &Call{Decoder: d, Out: out, Outcome: out, Mem: FakeMemory{at: []byte("hello, world")}, ABI: s.Abi, NR: s.Nr, Args: s.Args,
		Sig: d.Lookup(s.Abi, s.Nr), Plain: true}
	c.Begin()
	c.Enter()
	c.Exit()
	decode.Dump(c, false, true)
	if string(out.data) != "hello" || !c.Plain {
		t.Errorf("dumped %q", out.data)
	}
}
