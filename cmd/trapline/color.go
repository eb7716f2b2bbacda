//go:build linux && amd64

package main

import (
	"os"

	"trapline/output"
)

// paletteChoice is --palette.
type paletteChoice uint8

const (
	paletteAuto paletteChoice = iota
	paletteDark
	paletteLight
)

// palette returns the colours of the trace, or nil for none. By default only a trace on a
// terminal that supports colours is coloured. A non-empty NO_COLOR or FORCE_COLOR changes
// that (no-color.org, force-color.org). FORCE_COLOR does not apply to files: it is about
// what a terminal shows.
func (c *config) palette(terminal bool) *output.Palette {
	t := output.TerminalType(os.Getenv("TERM"))
	switch c.color {
	case colorNever:
		return nil
	case colorAuto:
		wanted := terminal && !t.IsPlain()
		if forced := os.Getenv("FORCE_COLOR"); forced != "" && forced != "0" && c.destination.Name == "" {
			wanted = true
		}
		if !wanted || os.Getenv("NO_COLOR") != "" {
			return nil
		}
	}
	return output.NewPalette(c.theme(t), os.Getenv("STRACE_COLORS"))
}

// theme returns the colours for a type of terminal.
func (c *config) theme(t output.TerminalType) output.Theme {
	light := c.colors == paletteLight || c.colors == paletteAuto && output.LightBackground(os.Getenv("COLORFGBG"))
	return t.Theme(light, os.Getenv("COLORTERM"))
}
