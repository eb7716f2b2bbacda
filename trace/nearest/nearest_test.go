//go:build linux && amd64

package nearest

import "testing"

func TestOf(t *testing.T) {
	known := []string{"open", "openat", "openat2", "trace", "json", "attach", "setresuid", "setresgid", "read", "O_CREAT"}
	for name, want := range map[string]string{
		"opennat": "openat", "opne": "open", "trce": "trace", "jsn": "json", "raed": "read", "READD": "read", "O_CREATE": "O_CREAT",
		"setreuid": "setresuid",
		"detach":   "", "sock": "", "nonsense": "", "x": "", "": "", "on": "", "invalid_syscall_name": "",
	} {
		if got := Of(name, known); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

func TestBegun(t *testing.T) {
	known := []string{"children", "threads", "exit!=0", "signal", "failed", "unfinished", "unavailable"}
	for name, want := range map[string]string{
		"child": "children", "fail": "failed", "EXIT": "exit!=0", "thraeds": "threads", "una": "unavailable",
		"un": "", "ch": "", "": "", "dead": "", "childless": "",
	} {
		if got := Begun(name, known); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
	if got := Begun("unf", append(known, "unfit")); got != "" {
		t.Errorf("of two names that begin alike, %q was chosen", got)
	}
}

func TestInside(t *testing.T) {
	known := []string{"none", "never", "all", "pgrp", "personality"}
	for name, want := range map[string]string{
		"nnoe": "none", "nevr": "never", "persnality": "personality", "non": "", "alll": "", "al": "", "pgr": "", "lal": "all", "la": "", "": "",
	} {
		if got := Inside(name, known); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}
