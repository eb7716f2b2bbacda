//go:build linux && amd64

package trace

import (
	"slices"
	"strings"
	"testing"

	"trapline/socketcall"
	"trapline/tables"
	"trapline/tracer"
)

func TestSyscallSets(t *testing.T) {
	type call struct {
		abi tables.ABI
		nr  uint64
	}
	const open64, open32, read64, read32, stat64, lstat64 = 2, 5, 0, 3, 4, 6
	for _, tt := range []struct {
		set     string
		in, out []call
	}{
		{"open", []call{{tables.X86_64, open64}, {tables.I386, open32}}, []call{{tables.X86_64, read64}, {tables.I386, read32}}},
		{"!open", []call{{tables.X86_64, read64}, {tables.X86_64, 99999}}, []call{{tables.X86_64, open64}, {tables.I386, open32}}},
		{"!!open", []call{{tables.X86_64, open64}}, []call{{tables.X86_64, read64}}},
		{"open@64", []call{{tables.X86_64, open64}}, []call{{tables.I386, open32}, {tables.X32, open64}}},
		{"open@32", []call{{tables.I386, open32}}, []call{{tables.X86_64, open64}, {tables.X32, open64}}},
		{"open@x32", []call{{tables.X32, open64 | tables.X32Bit}}, []call{{tables.X86_64, open64}}},
		{"0,5@32", []call{{tables.X86_64, read64}, {tables.I386, 0}, {tables.I386, open32}}, []call{{tables.X86_64, 5}}},
		{"1073741826", []call{{tables.X32, open64}, {tables.X32, open64 | tables.X32Bit}}, []call{{tables.X86_64, open64}}},
		{"%file", []call{{tables.X86_64, open64}, {tables.I386, open32}}, []call{{tables.X86_64, read64}}},
		{"file", []call{{tables.X86_64, open64}}, []call{{tables.X86_64, read64}}},
		{"/^op", []call{{tables.X86_64, open64}, {tables.X86_64, 257 + 180}}, []call{{tables.X86_64, read64}}},
		{"?nonsense,read", []call{{tables.X86_64, read64}}, []call{{tables.X86_64, open64}}},
		{"all", []call{{tables.X86_64, open64}, {tables.I386, 500}, {tables.X86_64, 1 << 40}}, nil},
		{"none", nil, []call{{tables.X86_64, open64}, {tables.X86_64, 1 << 40}}},
		{"!none", []call{{tables.X86_64, open64}, {tables.X86_64, 1 << 40}}, nil},
		{"!all", nil, []call{{tables.X86_64, open64}}},
		{"^open", []call{{tables.X86_64, read64}}, []call{{tables.X86_64, open64}, {tables.I386, open32}}},
		{"%file,!stat,!/^open/", []call{{tables.X86_64, lstat64}}, []call{{tables.X86_64, open64}, {tables.X86_64, stat64}, {tables.X86_64, read64}}},
		{"%file,^open@64", []call{{tables.I386, open32}}, []call{{tables.X86_64, open64}}},
		{"all,!open", []call{{tables.X86_64, read64}, {tables.X86_64, 1 << 40}}, []call{{tables.X86_64, open64}, {tables.I386, open32}}},
		{"all,!all,open", []call{{tables.X86_64, open64}}, []call{{tables.X86_64, read64}, {tables.X86_64, 1 << 40}}},
		{"open,!open,open", []call{{tables.X86_64, open64}}, nil}, // from left to right
		{"open,!?nonsense", []call{{tables.X86_64, open64}}, nil},
		{"!%file,!open", []call{{tables.X86_64, open64}, {tables.X86_64, read64}}, []call{{tables.X86_64, stat64}}}, // all but (%file,!open)
		{"/^open/", []call{{tables.X86_64, open64}}, []call{{tables.X86_64, read64}}},
	} {
		s, err := ParseCalls(tt.set)
		if err != nil {
			t.Errorf("%s: %v", tt.set, err)
			continue
		}
		for _, c := range tt.in {
			if !s.Has(c.abi, c.nr) {
				t.Errorf("%s: leaves out %v %d", tt.set, c.abi, c.nr)
			}
		}
		for _, c := range tt.out {
			if s.Has(c.abi, c.nr) {
				t.Errorf("%s: has %v %d", tt.set, c.abi, c.nr)
			}
		}
	}
}

// innerCall returns the call with a name inside a multiplexer.
func innerCall(t *testing.T, name string) *socketcall.Call {
	t.Helper()
	subs := socketcall.Subs()
	i := slices.IndexFunc(subs, func(s socketcall.Sub) bool { return s.Name == name })
	if i < 0 {
		t.Fatalf("no call %s", name)
	}
	return &socketcall.Call{Sub: &subs[i]}
}

// Calls that i386 has only inside socketcall and ipc can be selected by name
// and class.
func TestSetsOfInnerCalls(t *testing.T) {
	for _, tt := range []struct {
		set  string
		call string
		want bool
	}{
		{"accept", "accept", true},
		{"accept@64", "accept", false},
		{"send@32", "send", true},
		{"%net", "recv", true},
		{"%ipc", "semop", true},
		{"%file", "connect", false},
		{"!connect", "connect", false},
		{"!connect", "bind", true},
		{"socketcall", "connect", true},
		{"socketcall", "semctl", false},
		{"socketcall@32", "sendmmsg", true},
		{"102@32", "sendmmsg", true},
		{"!socketcall", "connect", false},
		{"!socketcall", "semctl", true},
		{"all", "shmctl", true},
		{"none", "shmctl", false},
		{"socketcall,!connect", "bind", true},
		{"socketcall,!connect", "connect", false},
		{"all,!%ipc", "shmctl", false},
	} {
		s, err := ParseCalls(tt.set)
		if err != nil {
			t.Errorf("%s: %v", tt.set, err)
		} else if got := s.chooses(&tracer.Syscall{}, innerCall(t, tt.call)); got != tt.want {
			t.Errorf("%s: has %s: %v, want %v", tt.set, tt.call, got, tt.want)
		}
	}
}

// FuzzCalls checks that a set differs from its complement, and equals the
// complement of that.
func FuzzCalls(f *testing.F) {
	for _, seed := range []string{"open", "!%file,?x@32", "/^re(ad|cv)$", "none", "1,2,3@x32", "%%stat", "!!,", "?"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, expr string) {
		s, err := ParseCalls(expr)
		if err != nil {
			return
		}
		if n := s.complement(); n.complement() != *s || n == *s {
			t.Errorf("%q: the complement is wrong", expr)
		}
	})
}

// Calls returns the same as ParseCalls, and panics where ParseCalls returns an error.
func TestCalls(t *testing.T) {
	parsed, err := ParseCalls("open,connect")
	if err != nil {
		t.Fatal(err)
	}
	if *Calls("open", "connect") != *parsed {
		t.Error("Calls and ParseCalls differ")
	}
	defer func() {
		if recover() == nil {
			t.Error("a name that no call has is accepted")
		}
	}()
	Calls("opn")
}

// Each ABI can be named after the @ of an item.
func TestEveryABIHasADesignator(t *testing.T) {
	has := make(map[tables.ABI]bool)
	for _, designator := range []string{"64", "32", "x32"} {
		if abi, ok := designated(designator); ok {
			has[abi] = true
		}
	}
	for _, abi := range tables.ABIs {
		if !has[abi] {
			t.Errorf("no designator stands for %v", abi)
		}
	}
}

// A nil set has all calls, the zero value none.
func TestSetOfAll(t *testing.T) {
	all, err := ParseCalls("all")
	if err != nil {
		t.Fatal(err)
	}
	if !all.IsAll() || !(*CallSet)(nil).IsAll() || new(CallSet).IsAll() {
		t.Error("IsAll is wrong")
	}
	if set := (*CallSet)(nil).orAll(); set != *all {
		t.Error("a nil set is not all calls")
	}
}

// Removing an item from all calls gives all calls but the item.
func FuzzParseCalls(f *testing.F) {
	for _, s := range []string{"open", "%file", "/^re/", "?x", "3@32", "!a,^b", "all", "none", "/(", "%", "@", "open,!open"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, item string) {
		ParseCalls(item)
		if item == "" || item == "none" || strings.ContainsAny(item, ",!^") {
			return
		}
		out, err := ParseCalls("all,!" + item)
		but, butErr := ParseCalls("!" + item)
		if (err == nil) != (butErr == nil) {
			t.Fatalf("%q: %v, but %v", item, err, butErr)
		}
		if err != nil {
			return
		}
		out.addUnknown()
		but.addUnknown()
		if out.numbers != but.numbers {
			t.Errorf("all,!%s is not !%s", item, item)
		}
		subs := socketcall.Subs()
		for i := range subs {
			if out.inner.Has(&subs[i]) != but.inner.Has(&subs[i]) {
				t.Errorf("all,!%s is not !%s: %s", item, item, subs[i].Name)
			}
		}
	})
}
