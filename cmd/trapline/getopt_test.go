//go:build linux && amd64

package main

import (
	"slices"
	"testing"
)

func TestAbbreviations(t *testing.T) {
	for abbreviation, want := range map[string]string{
		"fo": "follow-forks", "form": "format", "format": "format", "j": "json", "col": "", "colu": "columns", "coloc": "colocate",
		"en": "env", "ent": "entry-points", "no": "no-abbrev", "no-s": "no-seccomp-bpf", "mu": "multiplexer", "regs": "regs",
		"stack-trace": "stack-trace", "signal": "signal", "co": "", "f": "", "reg": "", "nothing": "",
	} {
		if got := longFor(abbreviation, options); got != want {
			t.Errorf("--%s is %q, want %q", abbreviation, got, want)
		}
	}
}

// Any prefix of a strace option's name means the same with and without the
// options that strace lacks.
func TestAbbreviationsOfStrace(t *testing.T) {
	straces := slices.DeleteFunc(slices.Clone(options), func(o option) bool { return o.own })
	if len(straces) == len(options) {
		t.Fatal("no option is trapline's own")
	}
	for _, o := range straces {
		for _, name := range o.long {
			for n := 1; n <= len(name); n++ {
				got, want := longFor(name[:n], options), longFor(name[:n], straces)
				if got == "follow" && want == "follow-forks" {
					continue // without an argument it means the same
				}
				if got != want {
					t.Errorf("--%s is %q, and %q without trapline's own options", name[:n], got, want)
				}
			}
		}
	}
}

// longFor returns the long option that an abbreviation stands for, or "".
func longFor(abbreviation string, options []option) string {
	s, err := findLong(options, abbreviation)
	if err != nil {
		return ""
	}
	return s.long
}
