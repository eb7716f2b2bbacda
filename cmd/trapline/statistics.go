//go:build linux && amd64

package main

import (
	"os"
	"slices"
	"strings"

	"trapline/output"
	"trapline/trace"
)

// checkSummary rejects options of statistics without -c or -C, and combinations
// of options that make no sense.
func (c *config) checkSummary() error {
	if c.summary != noSummary {
		if c.destination.Separate && c.destination.Name == "" {
			return usagef("(-c/--summary-only or -C/--summary) and -ff/--output-separately are mutually exclusive")
		}
		if c.destination.Separate && c.SummaryEvery > 0 {
			return usagef("--every and -ff/--output-separately are mutually exclusive")
		}
		return nil
	}
	for _, o := range []struct {
		given bool
		name  string
	}{
		{c.wallClock, "-w/--summary-wall-clock"},
		{c.columns != nil, "-U/--summary-columns"},
		{c.SummaryEvery > 0, "--every"},
		{c.summaryBy != output.ByName, "--summary-by"},
		{c.histogram, "--histogram"},
	} {
		if o.given {
			return usagef("%s must be given with (-c/--summary-only or -C/--summary)", o.name)
		}
	}
	return nil
}

// settleSummary makes the Session count, with -c and -C.
func (c *config) settleSummary() {
	if c.summary == noSummary {
		return
	}
	percentiles := c.sortBy.Percent() > 0 || slices.ContainsFunc(c.columns, func(col output.Column) bool { return col.Percent() > 0 })
	own := percentiles || c.histogram || c.SummaryEvery > 0 || c.summaryBy != output.ByName
	records := c.Looks.Format.Head != nil // one of trapline's own formats
	c.Summary = &trace.Summary{
		Columns: c.columns, Sort: c.sortBy, WallClock: c.wallClock, Overhead: c.overhead,
		By: c.summaryBy, Histogram: c.histogram,
		Percentiles: percentiles || c.histogram || records,
		// strace's table has no place for them. Buffered calls are not seen when they
		// begin.
		Overlaps: (own || records && c.Buffered != trace.BufferAlways) && !c.destination.Separate,
	}
	c.Looks.ReadableNames = inUTF8Locale()
	if c.summary == summaryOnly {
		c.SummaryOnly = true
		c.Signals = new(trace.SignalSet)
		c.Quiet |= trace.QuietExit | trace.QuietSuperseded
	}
}

// inUTF8Locale reports whether the user's locale has UTF-8 as its encoding.
func inUTF8Locale() bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if locale := os.Getenv(name); locale != "" {
			locale = strings.ToLower(locale)
			return strings.Contains(locale, "utf-8") || strings.Contains(locale, "utf8")
		}
	}
	return false
}
