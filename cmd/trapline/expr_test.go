//go:build linux && amd64

package main

import (
	"reflect"
	"strings"
	"testing"

	"trapline/output"
	"trapline/trace"
)

// The messages are those of strace 7.2, apart from suggestions.
func TestInvalidExpressions(t *testing.T) {
	for expr, want := range map[string]string{
		"":                        "invalid system call ''",
		"trace=":                  "invalid system call ''",
		"!":                       "invalid system call '!'",
		"trace=,,":                "invalid system call ',,'",
		"opn":                     "invalid system call 'opn': did you mean open?",
		"opennat":                 "invalid system call 'opennat': did you mean openat?",
		"trace=?raed@64,%nonse":   "invalid system call '%nonse'",
		"raed@64":                 "invalid system call 'raed@64': did you mean read@64?",
		"%fil":                    "invalid system call '%fil': did you mean %file?",
		"trce=open":               "invalid system call 'trce=open': did you mean trace=open?",
		"quite=exit":              "invalid system call 'quite=exit': did you mean quiet=exit?",
		"status=ENOENTT":          "invalid status 'ENOENTT': did you mean ENOENT?",
		"status=sucessful":        "invalid status 'sucessful': did you mean successful?",
		"quiet=exti":              "invalid quiet 'exti': did you mean exit?",
		"quiet=detach":            "invalid quiet 'detach'",
		"decode-fds=scoket":       "invalid decode-fds 'scoket': did you mean socket?",
		"inject=raed:error=1":     "invalid system call 'raed': did you mean read?",
		"foo=bar":                 "invalid system call 'foo=bar'",
		"trace=open,none":         "invalid system call 'none'",
		"t=1,!":                   "invalid system call '!'",
		"t=1,!!read":              "invalid system call '!!read': did you mean read?",
		"t=1,^opn":                "invalid system call '^opn': did you mean open?",
		"trace=?read,%nonsense":   "invalid system call '%nonsense'",
		"trace=0x1":               "invalid system call '0x1'",
		"trace=4294967296":        "invalid system call '4294967296'",
		"trace=getcwd@":           "incorrect personality designator '' in qualification 'getcwd@'",
		"trace=?/getcwd@ohmy":     "incorrect personality designator 'ohmy' in qualification '/getcwd@ohmy'",
		"signal=SIGNAL":           "invalid signal 'SIGNAL'",
		"signal=256":              "invalid signal '256'",
		"s=INT,!TRM":              "invalid signal '!TRM': did you mean TERM?",
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
	for _, expr := range []string{"signal=!int,SIGTERM,9,2,^2,2", "status=successful,detached", "quiet=exit,superseded", "read=!1,2"} {
		if err := c.qualify(expr); err != nil {
			t.Fatalf("-e %s: %v", expr, err)
		}
	}
	for sig, want := range map[int]bool{1: true, 2: false, 9: false, 15: false, 64: true, 0: false} {
		if c.Signals.Has(sig) != want {
			t.Errorf("signal %d: %v", sig, !want)
		}
	}
	if want := output.Successful | output.Detached; *c.Statuses != want {
		t.Errorf("statuses %b, want %b", *c.Statuses, want)
	}
	if want := trace.QuietExit | trace.QuietSuperseded; c.Quiet != want {
		t.Errorf("quiet %b, want %b", c.Quiet, want)
	}
	for fd, want := range map[int]bool{0: true, 1: false, 2: false, 3: true, -1: false} {
		if c.ReadFDs.Has(fd) != want {
			t.Errorf("descriptor %d: %v", fd, !want)
		}
	}
}

// FuzzExpression: an expression is rejected or accepted; accepted twice, it means the same.
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
		if !reflect.DeepEqual(c.Calls, again.Calls) || !reflect.DeepEqual(c.Signals, again.Signals) ||
			c.Quiet != again.Quiet || !reflect.DeepEqual(c.Statuses, again.Statuses) {
			t.Errorf("%q does not mean the same twice", expr)
		}
	})
}
