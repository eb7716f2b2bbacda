package decode_test

import (
	"os"
	"testing"
	"time"

	"trapline/decode"
	"trapline/decode/host"
	. "trapline/decode/internal/decodetest"
	. "trapline/decode/internal/fake"
	. "trapline/decode/lang"
	"trapline/output"
	jsonformat "trapline/output/json"
	textformat "trapline/output/text"
	"trapline/tables"
)

// hotCalls are the calls that programs make most.
var hotCalls = []struct {
	name string
	args []uint64
	ret  int64
}{
	{"read", []uint64{3, hotData, 4096}, 4096},
	{"write", []uint64{1, hotData, 16}, 16},
	{"openat", []uint64{1<<64 - 100, hotData, 0x80000, 0}, 3},
	{"mmap", []uint64{0, 8192, 3, 0x22, 1<<64 - 1, 0}, 0x7ffff7ffb000},
	{"futex", []uint64{hotData, 0x80, 2, 0, 0, 0}, 0},
	{"close", []uint64{3}, 0},
	{"sendto", []uint64{3, hotData, 16, 0x4000, 0, 0}, 16},
	{"recvfrom", []uint64{3, hotData, 16, 0, 0, 0}, 16},
	{"recvmsg", []uint64{3, hotData + 512, 0}, 0},
	{"newfstatat", []uint64{3, hotData, hotData + 128, 0x1000}, 0},
}

const hotData = 0x7000

// repeated returns a function that decodes and writes a call once more.
func repeated(tb testing.TB, looks output.Options, name string, args []uint64, ret int64) func() {
	looks.Statuses = output.AllStatuses
	if looks.Format == nil {
		looks.Format = textformat.Format
	}
	log, err := output.OpenLog(output.Destination{Name: os.DevNull}, looks)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { log.Close() })
	trace, err := log.Record(1)
	if err != nil {
		tb.Fatal(err)
	}
	s := Named(tb, tables.X86_64, name, args...)
	mem := FakeMemory{hotData: append([]byte("/usr/share/locale/locale.alias\x00"), make([]byte, 4096)...)}
	c := Call{Decoder: decode.NewDecoder(decode.Options{StringLimit: 32}, &host.Local{}), Out: trace.Encoder, Outcome: trace, Mem: mem, TID: 1, ABI: s.Abi, NR: s.Nr, Abbrev: true}
	h := output.Header{Time: time.Unix(1_700_000_000, 123_456_789), ABI: s.Abi, NR: s.Nr, Name: name}
	r := output.Result{Duration: time.Microsecond}
	return func() {
		c.Args, c.Sig = s.Args, c.Lookup(s.Abi, s.Nr)
		c.Begin()
		trace.BeginCall(&h)
		c.Enter()
		trace.Entered()
		trace.Resume(time.Time{})
		c.Ret, c.Errno = ret, 0
		c.Exit()
		c.Result()
		trace.EndCall(&r)
	}
}

// BenchmarkCall is the way of the hot calls from registers to the log's buffer.
func BenchmarkCall(b *testing.B) {
	for _, looks := range []struct {
		name string
		output.Options
	}{
		{"text", output.Options{Column: 40}},
		{"json", output.Options{Format: jsonformat.Format}},
	} {
		for _, call := range hotCalls {
			b.Run(looks.name+"/"+call.name, func(b *testing.B) {
				once := repeated(b, looks.Options, call.name, call.args, call.ret)
				b.ReportAllocs()
				for b.Loop() {
					once()
				}
			})
		}
	}
}

// In the steady state the hot calls allocate nothing.
func TestHotCallsDoNotAllocate(t *testing.T) {
	for _, call := range hotCalls {
		once := repeated(t, output.Options{Column: 40}, call.name, call.args, call.ret)
		if allocs := testing.AllocsPerRun(1000, once); allocs != 0 {
			t.Errorf("%s: %v allocations a call, want none", call.name, allocs)
		}
	}
}
