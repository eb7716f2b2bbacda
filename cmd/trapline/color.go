//go:build linux && amd64

package main

import (
	"os"

	"trapline/output"
)

// palette returns the colours of the trace, or nil for none. By default the
// trace is coloured only on a terminal that supports colours.
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

// plainTerminal reports whether a terminal type has no colours, by its terminfo
// name: "dumb", and types for paper or monochrome screens.
func plainTerminal(term string) bool {
	switch term {
	case "", "dumb", "unknown", "lpr", "tty", "vt52", "vt100", "vt102", "vt220", "xterm-mono", "ansi-m":
		return true
	}
	return false
}
