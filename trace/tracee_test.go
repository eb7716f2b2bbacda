//go:build linux && amd64

package trace

import (
	"testing"

	"trapline/decode"
	"trapline/decode/host"
	"trapline/output"
	"trapline/socketcall"
	"trapline/tables"
	"trapline/tracer"
)

// threeWords is the memory of a tracee that has three words at wordsAt.
type threeWords struct{}

const wordsAt = 0x1000

func (threeWords) ReadMemory(addr uint64, b []byte) int {
	data := [...]byte{3, 0, 0, 0, 0, 0x10, 0, 0, 16, 0, 0, 0}
	if addr < wordsAt || addr >= wordsAt+uint64(len(data)) {
		return 0
	}
	return copy(b, data[addr-wordsAt:])
}

// chooser returns a function that prepares a call again and reports whether it
// is traced.
func chooser(tb testing.TB, set string, call *tracer.Syscall) (s *Session, t *tracee, chosen func() bool) {
	tb.Helper()
	calls, err := ParseCalls(set)
	if err != nil {
		tb.Fatal(err)
	}
	s, err = newSession(Options{Calls: calls})
	if err != nil {
		tb.Fatal(err)
	}
	t = &tracee{call: decode.Call{Decoder: s.decoder, Out: output.Discard{}, Outcome: output.Discard{}, Mem: threeWords{}, TID: 1}}
	return s, t, func() bool { return s.chosen(t, call) }
}

// TestOneIdentity checks that the call inside a multiplexer, if there is one, replaces the
// outer call.
func TestOneIdentity(t *testing.T) {
	for _, tt := range []struct {
		nr     uint64
		args   [6]uint64
		set    string
		chosen string // the call's name, or ""
		via    string
	}{
		{102, [6]uint64{3, wordsAt}, "connect", "connect", "socketcall"},
		{102, [6]uint64{3, wordsAt}, "connect@32", "connect", "socketcall"},
		{102, [6]uint64{3, wordsAt}, "connect@64", "", ""},
		{102, [6]uint64{3, wordsAt}, "socketcall", "connect", "socketcall"},
		{102, [6]uint64{3, wordsAt}, "!socketcall", "", ""},
		{102, [6]uint64{3, wordsAt}, "bind", "", ""},
		{102, [6]uint64{3, 0x2000}, "connect", "", ""}, // out of reach
		{102, [6]uint64{3, 0x2000}, "socketcall", "socketcall", ""},
		{102, [6]uint64{21, wordsAt}, "socketcall", "socketcall", ""},
		{102, [6]uint64{21, wordsAt}, "!socketcall", "", ""},
		{117, [6]uint64{21}, "shmat", "shmat", "ipc"},
		{117, [6]uint64{5}, "shmat", "", ""},
		{117, [6]uint64{5}, "%ipc", "ipc", ""},
		{117, [6]uint64{5}, "ipc@32", "ipc", ""},
	} {
		s, tr, choose := chooser(t, tt.set, &tracer.Syscall{ABI: tables.I386, NR: tt.nr, Args: tt.args})
		name, via := "", ""
		if choose() {
			name = tr.call.Sig.Name
			if s.header.Via != nil {
				via = s.header.Via.Name
			}
		}
		if name != tt.chosen || via != tt.via {
			t.Errorf("%d of %d in %s: %q by %q, want %q by %q", tt.args[0], tt.nr, tt.set, name, via, tt.chosen, tt.via)
		}
	}
}

// TestInnerCallsAreDescribed finds calls inside multiplexers that would be
// shown by their bare arguments.
func TestInnerCallsAreDescribed(t *testing.T) {
	var splitter socketcall.Splitter
	decoder := decode.NewDecoder(decode.Options{}, nil)
	subs := socketcall.Subs()
	for i := range subs {
		sub := &subs[i]
		for _, args := range [][6]uint64{
			{uint64(sub.Number), wordsAt, 0, 0, wordsAt},
			{uint64(sub.Number), wordsAt, 0, 0, 0x2000},
		} {
			inner := splitter.Split(tables.I386, uint64(sub.Outer.NR), &args, sixWords{})
			if inner == nil {
				t.Errorf("%s: not found", sub.Name)
			} else if sig := decoder.LookupInner(inner.Name, inner.Form); !sig.Described || sig.Name != sub.Name {
				t.Errorf("%s as %s has no description", sub.Name, inner.Form)
			}
		}
	}
}

// sixWords is the memory of a tracee that has six words at wordsAt.
type sixWords struct{}

func (sixWords) ReadMemory(addr uint64, b []byte) int {
	if addr != wordsAt {
		return 0
	}
	return min(len(b), 24)
}

// BenchmarkChosen measures the cost of every call before it is decoded, traced
// or not.
func BenchmarkChosen(b *testing.B) {
	for _, call := range []struct {
		name string
		tracer.Syscall
	}{
		{"read", tracer.Syscall{ABI: tables.X86_64, NR: 0, Args: [6]uint64{3, wordsAt, 16}}},
		{"socketcall", tracer.Syscall{ABI: tables.I386, NR: 102, Args: [6]uint64{3, wordsAt}}},
		{"ipc", tracer.Syscall{ABI: tables.I386, NR: 117, Args: [6]uint64{2, 1, 2, 3}}},
	} {
		for _, set := range []string{"all", "open"} {
			b.Run(call.name+"/"+set, func(b *testing.B) {
				_, _, choose := chooser(b, set, &call.Syscall)
				b.ReportAllocs()
				for b.Loop() {
					choose()
				}
			})
		}
	}
}

// Selecting calls by names or files does not allocate.
func TestChoosingDoesNotAllocate(t *testing.T) {
	for _, tt := range []struct {
		set   string
		paths []string
		call  tracer.Syscall
	}{
		{"all", nil, tracer.Syscall{ABI: tables.X86_64, NR: 0, Args: [6]uint64{3, wordsAt, 16}}},
		{"connect", nil, tracer.Syscall{ABI: tables.I386, NR: 102, Args: [6]uint64{3, wordsAt}}},
		{"all", []string{"/nowhere"}, tracer.Syscall{ABI: tables.X86_64, NR: 2, Args: [6]uint64{wordsAt}}},
		{"all", []string{"/nowhere"}, tracer.Syscall{ABI: tables.X86_64, NR: 0, Args: [6]uint64{3, wordsAt, 16}}},
	} {
		s, _, choose := chooser(t, tt.set, &tt.call)
		s.files = newFileFilter(&Options{Paths: tt.paths}, host.Unknown{})
		if allocs := testing.AllocsPerRun(100, func() { choose() }); allocs != 0 {
			t.Errorf("%s of %q: %v allocations, want none", tt.set, tt.paths, allocs)
		}
	}
}
