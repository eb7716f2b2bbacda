package main

import (
	"os"

	"trapline/output"
)

// palette gives the colours of the trace, or nil for none. Of itself the trace
// is coloured only on a terminal that can show colours.
func (c *config) palette(terminal bool) *output.Palette {
	switch c.color {
	case colorNever:
		return nil
	case colorAuto:
		_, unwanted := os.LookupEnv("NO_COLOR")
		if !terminal || unwanted || plainTerminal(os.Getenv("TERM")) {
			return nil
		}
	}
	return output.NewPalette(os.Getenv("STRACE_COLORS"))
}

// plainTerminal says whether a terminal of that type has no colours, by the names
// of terminfo: "dumb", and those made for a paper or a monochrome screen.
func plainTerminal(term string) bool {
	switch term {
	case "", "dumb", "unknown", "lpr", "tty", "vt52", "vt100", "vt102", "vt220", "xterm-mono", "ansi-m":
		return true
	}
	return false
}
