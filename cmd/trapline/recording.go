//go:build linux && amd64

package main

import (
	"os"
	"runtime/debug"
	"slices"

	"trapline/output"
	"trapline/trace"
	"trapline/trace/recording"
	"trapline/trace/report"
)

// setRecordStrings reads the argument of --record-strings.
func (c *config) setRecordStrings(spelled, value string, _ bool) error {
	n, ok := trace.ParseNumber(value, 1<<20)
	if !ok || n == 0 {
		return invalidArgument(spelled, value)
	}
	c.recordStrings = int(n)
	return nil
}

// recordingGC is by how many percent the heap may grow between collections while a trace
// is recorded. The heap is small, but blocks and compression tables come and go in it, and
// the collector takes processor time from the programs.
const recordingGC = 400

// settleRecord makes the Session record, with --record. A trace that is recorded is
// not written as well unless an option asks for that.
func (c *config) settleRecord(args []string) error {
	if c.record == "" {
		if c.recordStrings != 0 {
			c.warn("--record-strings has no effect without --record")
		}
		return nil
	}
	if len(c.from) > 0 {
		return usagef("--record and --from are mutually exclusive")
	}
	c.Record = &trace.Recording{
		Path: c.record, Strings: c.recordStrings, Several: c.tracees() > 1,
		Run: &output.Run{Version: version(), Command: c.command, Options: args},
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(recordingGC)
	}
	if c.destination.Name == "" && !c.destination.Separate && c.summary == noSummary && !c.formatGiven {
		c.Output = nil
	}
	if c.KernelPath != nil && c.Output == nil {
		return usagef("--kernel-path is not recorded: to write it with the trace, use -o as well as --record")
	}
	return nil
}

// openRecordings opens the recordings of --from, and rejects options that concern
// running programs.
func (c *config) openRecordings() error {
	if err := c.checkPast(); err != nil {
		return err
	}
	if err := c.checkMerge(); err != nil {
		return err
	}
	for _, name := range c.from {
		r, err := recording.Open(name)
		if err != nil {
			return refusef("%v", err)
		}
		c.opened = append(c.opened, r)
		if err := c.checkRecording(name, r.Info()); err != nil {
			return err
		}
	}
	c.From = c.opened[len(c.opened)-1]
	for _, r := range c.opened[:len(c.opened)-1] {
		c.Looks.Earlier = append(c.Looks.Earlier, trace.RunOf(r.Info()))
	}
	c.Seccomp, c.Buffered = false, trace.BufferNever
	return nil
}

// checkPast rejects options that concern running programs.
func (c *config) checkPast() error {
	for _, o := range []struct {
		given bool
		name  string
	}{
		{len(c.command) > 0, "PROG [ARGS]"},
		{c.attaches(), "-p/--attach and --wait-for"},
		{c.argv0Set, "--argv0"},
		{len(c.env) > 0, "-E/--env"},
		{c.userSet, "-u/--user"},
		{c.shortD > 0 || c.daemon != notDaemon, "-D/--daemonize"},
		{c.interruptibleGiven, "-I/--interruptible"},
		{c.KillOnExit, "--kill-on-exit"},
		{len(c.Injections) > 0, "--inject and --fault"},
		{c.FollowDepth != 0, "--follow"},
		{c.KernelPath != nil, "--kernel-path"},
		{c.why != 0, "--why"},
		{c.Waits, "--hang"},
		{c.ExplainLast, "--explain=last"},
	} {
		if o.given {
			return usagef("%s cannot be used with --from: no program runs", o.name)
		}
	}
	return nil
}

// checkMerge rejects what cannot be made of several recordings.
func (c *config) checkMerge() error {
	if len(c.from) < 2 {
		return nil
	}
	unmerged := slices.ContainsFunc(c.reports, func(k report.Kind) bool { return !slices.Contains(report.Merged(), k) })
	switch {
	case len(c.reports) == 0, unmerged, c.summary != noSummary, c.window:
		return usagef("several recordings of --from can only be merged into the reports %s", names(report.Merged()))
	case c.Looks.Monotonic:
		return usagef("--clock=monotonic and several recordings of --from are mutually exclusive: each has its own clock")
	}
	return nil
}

// names joins the names of reports.
func names(kinds []report.Kind) (text string) {
	for i, k := range kinds {
		switch {
		case i > 0 && i == len(kinds)-1:
			text += " and "
		case i > 0:
			text += ", "
		}
		text += string(k)
	}
	return text
}

// checkRecording rejects options for which a recording has nothing to show, and lets it
// decide about others.
func (c *config) checkRecording(name string, info *recording.Info) error {
	for _, o := range []struct {
		asked, has bool
		name       string
	}{
		{c.Stacks != trace.NoStacks, info.Stacks, "-k"},
		{c.Registers != 0, info.Registers, "--regs"},
		{c.Explain, info.Explained, "--explain"},
		{c.Rings, info.Rings, "--io-uring"},
	} {
		if o.asked && !o.has {
			return refusef("%s: %s was not given to --record, and the recording has nothing for it to show", name, o.name)
		}
	}
	if slices.Contains(c.reports, report.Folded) && !info.Stacks {
		return refusef("%s: --report=folded needs stacks, and -k was not given to --record", name)
	}
	if c.DetachOnExec && !info.DetachOnExec {
		return refusef("%s: -b was not given to --record, and the recording goes on after execve", name)
	}
	if c.summary != noSummary && !info.Usage {
		if !c.wallClock {
			c.warn("the recording has no processor times, so -c shows wall-clock times: use -c with --record to record them")
		}
		c.wallClock = true
	}
	c.Follow = c.Follow || info.Follow
	return nil
}

// tracedCommand is the command that decides about defaults. With a recording, it is the
// recorded one.
func (c *config) tracedCommand() []string {
	if c.From != nil {
		return c.From.Info().Command
	}
	return c.command
}
