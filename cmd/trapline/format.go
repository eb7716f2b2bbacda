//go:build linux && amd64

package main

import (
	"trapline/output"
	csvformat "trapline/output/csv"
	jsonformat "trapline/output/json"
	textformat "trapline/output/text"
	"trapline/trace"
)

// formats are the formats that --format accepts.
var formats = []*output.Format{textformat.Format, jsonformat.Format, csvformat.Format}

// setFormat reads the argument of --format.
func (c *config) setFormat(spelled, value string, _ bool) error {
	for _, f := range formats {
		if f.Name == value {
			c.Looks.Format = f
			return nil
		}
	}
	return invalidArgument(spelled, value)
}

// setJSON is --json, a short form of --format=json.
func (c *config) setJSON(string, string, bool) error {
	c.Looks.Format = jsonformat.Format
	return nil
}

// checkFormat rejects options that CSV, with one row per call, cannot show.
func (c *config) checkFormat() error {
	if c.Looks.Format != csvformat.Format {
		return nil
	}
	if c.summary == summaryToo {
		return usagef("-C/--summary and --format=csv are mutually exclusive")
	}
	for _, o := range []struct {
		given bool
		name  string
	}{
		{c.Stacks != trace.NoStacks, "-k/--stack-trace"},
		{c.Registers != 0, "--regs"},
		{!c.ReadFDs.IsEmpty(), "--read"},
		{!c.WriteFDs.IsEmpty(), "--write"},
	} {
		if o.given {
			c.warn("%s has no effect with --format=csv", o.name)
		}
	}
	return nil
}
