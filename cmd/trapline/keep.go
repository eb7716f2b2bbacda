//go:build linux && amd64

package main

import (
	"math"
	"strings"

	"trapline/trace"
)

// setKeep reads the argument of --keep.
func (c *config) setKeep(spelled, value string, _ bool) error {
	n, ok := trace.ParseNumber(value, math.MaxInt32)
	if !ok || n == 0 {
		return invalidArgument(spelled, value)
	}
	c.Keep = int(n)
	return nil
}

// setDumpOn reads the argument of --dump-on.
func (c *config) setDumpOn(spelled, value string, _ bool) error {
	c.DumpOn, c.dumpOnUSR1, c.dumpOnSet = 0, false, true
	for item := range strings.SplitSeq(value, ",") {
		switch item {
		case "exit!=0":
			c.DumpOn |= trace.DumpOnFailure
		case "signal":
			c.DumpOn |= trace.DumpOnDeath
		case "USR1":
			c.dumpOnUSR1 = true
		default:
			return invalidArgument(spelled, item)
		}
	}
	return nil
}

// settleKeep checks --keep and --dump-on.
func (c *config) settleKeep() error {
	switch {
	case c.Keep == 0 && c.dumpOnSet:
		return usagef("--dump-on must be given with --keep")
	case c.Keep == 0:
		return nil
	case c.summary == summaryOnly:
		return usagef("--keep and -c/--summary-only are mutually exclusive")
	case c.destination.Separate:
		return usagef("--keep and -ff/--output-separately are mutually exclusive")
	}
	if !c.dumpOnSet {
		c.DumpOn, c.dumpOnUSR1 = trace.DumpOnFailure|trace.DumpOnDeath, true
	}
	return nil
}
