package output_test

import (
	"testing"

	"trapline/output"
)

func TestTerminalTypes(t *testing.T) {
	for _, tt := range []struct {
		term      output.TerminalType
		colorTerm string
		plain     bool
		dark      output.Theme
		light     output.Theme
	}{
		{"", "", true, output.Dark16, output.Light16},
		{"dumb", "", true, output.Dark16, output.Light16},
		{"vt100", "", true, output.Dark16, output.Light16},
		{"xterm", "", false, output.Dark16, output.Light16},
		{"linux", "yes", false, output.Dark16, output.Light16},
		{"xterm", "truecolor", false, output.Dark256, output.Light256},
		{"rxvt", "24bit", false, output.Dark256, output.Light256},
		{"screen-256color", "", false, output.Dark256, output.Light256},
		{"kitty-direct", "", false, output.Dark256, output.Light256},
	} {
		if got := tt.term.IsPlain(); got != tt.plain {
			t.Errorf("%q: plain is %v", tt.term, got)
		}
		if dark, light := tt.term.Theme(false, tt.colorTerm), tt.term.Theme(true, tt.colorTerm); dark != tt.dark || light != tt.light {
			t.Errorf("%q with COLORTERM=%q: themes %v and %v, want %v and %v", tt.term, tt.colorTerm, dark, light, tt.dark, tt.light)
		}
	}
}

func TestLightBackground(t *testing.T) {
	for colors, want := range map[string]bool{
		"": false, ";": false, "0;15": true, "15;0": false, "0;default;15": true, "15;default": false, "0;7": true,
		"15;8": false, "0;9": true, "0;16": false, "0;-1": false, "7": true,
	} {
		if got := output.LightBackground(colors); got != want {
			t.Errorf("%q: %v", colors, got)
		}
	}
}
