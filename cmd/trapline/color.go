//go:build linux && amd64

package main

import (
	"os"
	"strconv"
	"strings"

	"trapline/output"
)

// paletteChoice is --palette.
type paletteChoice uint8

const (
	paletteAuto paletteChoice = iota
	paletteDark
	paletteLight
)

// palette returns the colours of the trace, or nil for none. By default the
// trace is coloured only on a terminal that supports colours. NO_COLOR and
// FORCE_COLOR, if they are not empty, change that (no-color.org, force-color.org);
// the latter not for files, since it is about what a terminal will show.
func (c *config) palette(terminal bool) *output.Palette {
	term := os.Getenv("TERM")
	switch c.color {
	case colorNever:
		return nil
	case colorAuto:
		wanted := terminal && !plainTerminal(term)
		if forced := os.Getenv("FORCE_COLOR"); forced != "" && forced != "0" && c.destination.Name == "" {
			wanted = true
		}
		if !wanted || os.Getenv("NO_COLOR") != "" {
			return nil
		}
	}
	return output.NewPalette(c.theme(term), os.Getenv("STRACE_COLORS"))
}

// theme returns the colours for the terminal.
func (c *config) theme(term string) output.Theme {
	light := c.colors == paletteLight || c.colors == paletteAuto && lightBackground(os.Getenv("COLORFGBG"))
	switch many := has256Colors(term, os.Getenv("COLORTERM")); {
	case light && many:
		return output.Light256
	case light:
		return output.Light16
	case many:
		return output.Dark256
	}
	return output.Dark16
}

// lightBackground reads COLORFGBG, "15;0" or "15;default;0", whose last part is the
// number of the background's colour. Terminals that do not set it are dark, as most.
func lightBackground(colors string) bool {
	n, err := strconv.Atoi(colors[strings.LastIndexByte(colors, ';')+1:])
	return err == nil && (n == 7 || 9 <= n && n <= 15)
}

// has256Colors reports whether a terminal has the cube of 256 colours.
func has256Colors(term, colorTerm string) bool {
	return strings.Contains(term, "256color") || strings.Contains(term, "-direct") || colorTerm == "truecolor" || colorTerm == "24bit"
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
