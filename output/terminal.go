package output

import (
	"strconv"
	"strings"
)

// A TerminalType is a terminfo name, the value of TERM.
type TerminalType string

// IsPlain reports whether a terminal of this type has no colours: "dumb", and types for
// paper or monochrome screens.
func (t TerminalType) IsPlain() bool {
	switch t {
	case "", "dumb", "unknown", "lpr", "tty", "vt52", "vt100", "vt102", "vt220", "xterm-mono", "ansi-m":
		return true
	}
	return false
}

// Theme returns the Theme for a terminal of this type: one with the cube of 256 colours if
// the type or colorTerm, the value of COLORTERM, says that the terminal has it.
func (t TerminalType) Theme(light bool, colorTerm string) Theme {
	many := strings.Contains(string(t), "256color") || strings.Contains(string(t), "-direct") ||
		colorTerm == "truecolor" || colorTerm == "24bit"
	switch {
	case light && many:
		return Light256
	case light:
		return Light16
	case many:
		return Dark256
	}
	return Dark16
}

// LightBackground reports whether a value of COLORFGBG, such as "15;0" or "15;default;0",
// describes a light background: its last part is the number of the background's colour.
// Terminals that do not set the variable are assumed to be dark, as most are.
func LightBackground(colors string) bool {
	n, err := strconv.Atoi(colors[strings.LastIndexByte(colors, ';')+1:])
	return err == nil && (n == 7 || 9 <= n && n <= 15)
}
