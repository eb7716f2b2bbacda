//go:build linux && amd64

package main

import (
	"os"
	"reflect"
	"testing"

	"trapline/output"
)

// clearColors removes the variables that choose colours.
func clearColors(t *testing.T) {
	for _, name := range []string{"NO_COLOR", "FORCE_COLOR", "TERM", "COLORTERM", "COLORFGBG", "STRACE_COLORS"} {
		t.Setenv(name, "")
		os.Unsetenv(name)
	}
}

func TestWhenColored(t *testing.T) {
	for _, tt := range []struct {
		mode     colorMode
		terminal bool
		env      map[string]string
		file     string
		want     bool
	}{
		{colorAuto, true, map[string]string{"TERM": "xterm"}, "", true},
		{colorAuto, false, map[string]string{"TERM": "xterm"}, "", false},
		{colorAuto, true, map[string]string{"TERM": "dumb"}, "", false},
		{colorAuto, true, nil, "", false},
		{colorAuto, true, map[string]string{"TERM": "xterm", "NO_COLOR": "1"}, "", false},
		{colorAuto, true, map[string]string{"TERM": "xterm", "NO_COLOR": ""}, "", true},
		{colorAlways, false, map[string]string{"TERM": "dumb", "NO_COLOR": "1"}, "", true},
		{colorNever, true, map[string]string{"TERM": "xterm", "FORCE_COLOR": "1"}, "", false},
		{colorAuto, false, map[string]string{"TERM": "xterm", "FORCE_COLOR": "1"}, "", true},
		{colorAuto, false, map[string]string{"TERM": "dumb", "FORCE_COLOR": "1"}, "", true},
		{colorAuto, false, map[string]string{"FORCE_COLOR": "1"}, "log", false},
		{colorAlways, false, map[string]string{"FORCE_COLOR": "1"}, "log", true},
		{colorAuto, false, map[string]string{"TERM": "xterm", "FORCE_COLOR": ""}, "", false},
		{colorAuto, false, map[string]string{"TERM": "xterm", "FORCE_COLOR": "0"}, "", false},
		{colorAuto, true, map[string]string{"TERM": "xterm", "FORCE_COLOR": "1", "NO_COLOR": "1"}, "", false},
	} {
		clearColors(t)
		for name, value := range tt.env {
			t.Setenv(name, value)
		}
		c := config{color: tt.mode}
		c.destination.Name = tt.file
		if got := c.palette(tt.terminal) != nil; got != tt.want {
			t.Errorf("%+v: coloured %v", tt, got)
		}
	}
}

func TestThemes(t *testing.T) {
	for _, tt := range []struct {
		choice                paletteChoice
		term, colorTerm, fgbg string
		want                  output.Theme
	}{
		{paletteAuto, "xterm", "", "", output.Dark16},
		{paletteAuto, "linux", "", "0;15", output.Light16},
		{paletteAuto, "xterm-256color", "", "15;0", output.Dark256},
		{paletteAuto, "xterm-256color", "", "0;15", output.Light256},
		{paletteAuto, "rxvt", "truecolor", "0;default;15", output.Light256},
		{paletteAuto, "xterm-256color", "", "0;7", output.Light256},
		{paletteAuto, "xterm-256color", "", "15;8", output.Dark256},
		{paletteAuto, "xterm-256color", "", "15;default", output.Dark256},
		{paletteAuto, "xterm-256color", "", ";", output.Dark256},
		{paletteDark, "xterm-256color", "", "0;15", output.Dark256},
		{paletteLight, "xterm-256color", "", "15;0", output.Light256},
		{paletteLight, "xterm", "", "", output.Light16},
	} {
		clearColors(t)
		t.Setenv("TERM", tt.term)
		t.Setenv("COLORTERM", tt.colorTerm)
		t.Setenv("COLORFGBG", tt.fgbg)
		c := config{color: colorAlways, colors: tt.choice}
		if got := c.palette(false); !reflect.DeepEqual(got, output.NewPalette(tt.want, "")) {
			t.Errorf("%+v: %v", tt, got)
		}
	}
}
