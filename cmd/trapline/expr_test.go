package main

import (
	"slices"
	"strings"
	"testing"

	"trapline/output"
	"trapline/socketcall"
	"trapline/tables"
	"trapline/tracer"
)

func TestSyscallSets(t *testing.T) {
	type call struct {
		abi tables.ABI
		nr  uint64
	}
	const open64, open32, read64, read32 = 2, 5, 0, 3
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
		{"%file", []call{{tables.X86_64, open64}, {tables.I386, open32}}, []call{{tables.X86_64, read64}}},
		{"file", []call{{tables.X86_64, open64}}, []call{{tables.X86_64, read64}}},
		{"/^op", []call{{tables.X86_64, open64}, {tables.X86_64, 257 + 180}}, []call{{tables.X86_64, read64}}},
		{"?nonsense,read", []call{{tables.X86_64, read64}}, []call{{tables.X86_64, open64}}},
		{"all", []call{{tables.X86_64, open64}, {tables.I386, 500}, {tables.X86_64, 1 << 40}}, nil},
		{"none", nil, []call{{tables.X86_64, open64}, {tables.X86_64, 1 << 40}}},
		{"!none", []call{{tables.X86_64, open64}, {tables.X86_64, 1 << 40}}, nil},
		{"!all", nil, []call{{tables.X86_64, open64}}},
	} {
		s, err := parseSyscallSet(tt.set)
		if err != nil {
			t.Errorf("%s: %v", tt.set, err)
			continue
		}
		for _, c := range tt.in {
			if !s.has(c.abi, c.nr) {
				t.Errorf("%s: leaves out %v %d", tt.set, c.abi, c.nr)
			}
		}
		for _, c := range tt.out {
			if s.has(c.abi, c.nr) {
				t.Errorf("%s: has %v %d", tt.set, c.abi, c.nr)
			}
		}
	}
}

// innerCall is the call of a name inside a multiplexer.
func innerCall(t *testing.T, name string) *socketcall.Call {
	t.Helper()
	subs := socketcall.Subs()
	i := slices.IndexFunc(subs, func(s socketcall.Sub) bool { return s.Name == name })
	if i < 0 {
		t.Fatalf("no call %s", name)
	}
	return &socketcall.Call{Sub: &subs[i]}
}

// Calls that i386 has only inside socketcall and ipc can be chosen by name and class.
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
	} {
		s, err := parseSyscallSet(tt.set)
		if err != nil {
			t.Errorf("%s: %v", tt.set, err)
		} else if got := s.chooses(&tracer.Syscall{}, innerCall(t, tt.call)); got != tt.want {
			t.Errorf("%s: has %s: %v, want %v", tt.set, tt.call, got, tt.want)
		}
	}
}

// The messages are strace 7.2's.
func TestInvalidExpressions(t *testing.T) {
	for expr, want := range map[string]string{
		"":                        "invalid system call ''",
		"trace=":                  "invalid system call ''",
		"!":                       "invalid system call '!'",
		"trace=,,":                "invalid system call ',,'",
		"opn":                     "invalid system call 'opn'",
		"foo=bar":                 "invalid system call 'foo=bar'",
		"trace=open,none":         "invalid system call 'none'",
		"t=1,!read":               "invalid system call '!read'",
		"trace=?read,%nonsense":   "invalid system call '%nonsense'",
		"trace=0x1":               "invalid system call '0x1'",
		"trace=4294967296":        "invalid system call '4294967296'",
		"trace=getcwd@":           "incorrect personality designator '' in qualification 'getcwd@'",
		"trace=?/getcwd@ohmy":     "incorrect personality designator 'ohmy' in qualification '/getcwd@ohmy'",
		"signal=SIGNAL":           "invalid signal 'SIGNAL'",
		"signal=256":              "invalid signal '256'",
		"s=INT,!TERM":             "invalid signal '!TERM'",
		"status=done":             "invalid status 'done'",
		"quiet=attached":          "invalid quiet 'attached'",
		"read=-1":                 "invalid descriptor '-1'",
		"write=2147483648":        "invalid descriptor '2147483648'",
		"fds=!":                   "invalid descriptor '!'",
		"inject=nonsense:error=1": "invalid system call 'nonsense'",
		"decode-fds=name":         "invalid decode-fds 'name'",
		"decode-pids=":            "invalid decode-pids ''",
	} {
		err := newConfig().qualify(expr)
		if err == nil || err.Error() != want {
			t.Errorf("-e %q: %v, want %s", expr, err, want)
		}
	}
	for _, re := range []string{"+id", "*id", "{id", "(id", "[id"} {
		err := newConfig().qualify("trace=/" + re)
		if err == nil || !strings.HasPrefix(err.Error(), "regcomp: "+re+": ") {
			t.Errorf("-e trace=/%s: %v", re, err)
		}
	}
}

func TestOtherSets(t *testing.T) {
	c := newConfig()
	for _, expr := range []string{"signal=!int,SIGTERM,9", "status=successful,detached", "quiet=exit,superseded", "read=!1,2"} {
		if err := c.qualify(expr); err != nil {
			t.Fatalf("-e %s: %v", expr, err)
		}
	}
	for sig, want := range map[int]bool{1: true, 2: false, 9: false, 15: false, 64: true, 0: false} {
		if c.signals.has(sig) != want {
			t.Errorf("signal %d: %v", sig, !want)
		}
	}
	if want := output.Successful | output.Detached; c.looks.Statuses != want {
		t.Errorf("statuses %b, want %b", c.looks.Statuses, want)
	}
	if want := quietExit | quietSuperseded; c.quiet != want {
		t.Errorf("quiet %b, want %b", c.quiet, want)
	}
	for fd, want := range map[int]bool{0: true, 1: false, 2: false, 3: true, -1: false} {
		if c.readFDs.has(fd) != want {
			t.Errorf("descriptor %d: %v", fd, !want)
		}
	}
}

// FuzzExpression: an expression is refused, or taken; taken twice it means the
// same, and a set is not its complement.
func FuzzExpression(f *testing.F) {
	for _, seed := range []string{"open", "trace=!%file,?x@32", "t=/^re(ad|cv)$", "signal=!INT,rtmin", "status=all", "q=none", "fd=!0,1", "x=1,2,3@x32", "%%stat", "!!,", "a=?"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, expr string) {
		c, again := newConfig(), newConfig()
		err := c.qualify(expr)
		if again.qualify(expr); err != nil {
			return
		}
		if c.trace != again.trace || c.signals != again.signals || c.quiet != again.quiet || c.looks.Statuses != again.looks.Statuses {
			t.Errorf("%q does not mean the same twice", expr)
		}
		for _, s := range []*syscallSet{&c.trace, &c.abbrev, &c.verbose, &c.raw} {
			if n := s.complement(); n.complement() != *s || n == *s {
				t.Errorf("%q: the complement is wrong", expr)
			}
		}
	})
}
