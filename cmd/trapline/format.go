//go:build linux && amd64

package main

import (
	"trapline/output"
	csvformat "trapline/output/csv"
	jsonformat "trapline/output/json"
	"trapline/output/perfetto"
	textformat "trapline/output/text"
	"trapline/trace"
)

// formats are the formats that --format accepts.
var formats = []*output.Format{textformat.Format, jsonformat.Format, csvformat.Format, csvformat.Tabs, perfetto.Format}

// setFormat reads the argument of --format.
func (c *config) setFormat(spelled, value string, _ bool) error {
	for _, f := range formats {
		if f.Name == value {
			c.Looks.Format, c.formatGiven = f, true
			return nil
		}
	}
	return invalidArgument(spelled, value)
}

// setJSON is --json, a short form of --format=json.
func (c *config) setJSON(string, string, bool) error {
	c.Looks.Format, c.formatGiven = jsonformat.Format, true
	return nil
}

// checkFormat rejects or warns of options for what the format cannot show.
func (c *config) checkFormat() error {
	f := c.Looks.Format
	if c.summary == summaryToo && f.Lacks&output.FinalSummary != 0 {
		return usagef("-C/--summary and --format=%s are mutually exclusive", f.Name)
	}
	if c.summary == summaryOnly && f.Lacks&output.Tables != 0 {
		return usagef("-c/--summary-only and --format=%s are mutually exclusive", f.Name)
	}
	if c.destination.Append && f.Lacks&output.Appending != 0 {
		return usagef("-A/--output-append-mode and --format=%s are mutually exclusive", f.Name)
	}
	for _, o := range []struct {
		given bool
		part  output.Parts
		name  string
	}{
		{c.Stacks != trace.NoStacks, output.Stacks, "-k/--stack-trace"},
		{c.Registers != 0, output.Registers, "--regs"},
		{!c.ReadFDs.IsEmpty(), output.Dumps, "--read"},
		{!c.WriteFDs.IsEmpty(), output.Dumps, "--write"},
		{c.VCPUs != 0, output.VCPUs, "--kvm"},
		{c.Looks.Entries, output.Entries, "--in-progress"},
		{c.KernelPath != nil, output.KernelPaths, "--kernel-path"},
	} {
		if o.given && f.Lacks&o.part != 0 {
			c.warn("%s has no effect with --format=%s", o.name, f.Name)
		}
	}
	return nil
}
