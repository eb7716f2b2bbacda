//go:build linux && amd64

package main

import (
	"os"
	"testing"
)

func TestPalette(t *testing.T) {
	for _, tt := range []struct {
		mode          colorMode
		terminal      bool
		term, noColor string
		want          bool
	}{
		{colorAuto, true, "xterm", "", true},
		{colorAuto, false, "xterm", "", false},
		{colorAuto, true, "dumb", "", false},
		{colorAuto, true, "", "", false},
		{colorAuto, true, "xterm", "1", false},
		{colorAlways, false, "dumb", "1", true},
		{colorNever, true, "xterm", "", false},
	} {
		t.Setenv("TERM", tt.term)
		t.Setenv("NO_COLOR", tt.noColor)
		if tt.noColor == "" {
			os.Unsetenv("NO_COLOR")
		}
		c := config{color: tt.mode}
		if got := c.palette(tt.terminal) != nil; got != tt.want {
			t.Errorf("%+v: coloured %v", tt, got)
		}
	}
}
