package process

import (
	"testing"

	"trapline/decode/host"
	. "trapline/decode/internal/fake"
	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// TestBeginReadsAgain decodes a call whose arguments depend on memory that has
// changed since the exit-stop of the previous call.
func TestBeginReadsAgain(t *testing.T) {
	const at = 0x7000
	mem := FakeMemory{at: make([]byte, 1024)}
	byName := make(map[string]*Desc)
	Gather(byName, tables.X86_64, Groups)
	d := NewDecoderOf(Catalogue{Describe: func(tables.ABI, uint64) *Desc { return byName["clone3"] }}, 32)
	SettingsOf(d).Source = host.Unknown{}
	c := &Call{Decoder: d, Out: output.Discard{}, Outcome: output.Discard{}, Mem: mem, ABI: tables.X86_64}
	c.NR = uint64(tables.ByName(tables.X86_64, "clone3").NR)
	c.Args = [6]uint64{at, cloneArgsLeast}
	for _, tt := range []struct {
		flags uint64
		want  *Desc
	}{{0, clone3In}, {tables.CLONE_PIDFD, clone3IO}, {0, clone3In}} {
		PutUint(mem[at][:8], tt.flags)
		c.Sig = c.Lookup(tables.X86_64, c.NR)
		c.Begin()
		if got := clone3Args(c); got != tt.want {
			t.Errorf("flags %#x: described by the previous call's memory", tt.flags)
		}
		c.Enter()
		c.Exit()
	}
}
