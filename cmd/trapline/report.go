//go:build linux && amd64

package main

import (
	"os"

	jsonformat "trapline/output/json"
	textformat "trapline/output/text"
	"trapline/trace"
	"trapline/trace/report"
)

// addReports reads the argument of --report.
func (c *config) addReports(spelled, value string, _ bool) error {
	kinds, err := report.Parse(value)
	if err != nil {
		return refusef("%s: %v", spelled, err)
	}
	c.reports = append(c.reports, kinds...)
	return nil
}

// settleReports prepares the reports of --report. Without -C they replace the records,
// and calls that they do not need are not traced.
func (c *config) settleReports() error {
	if len(c.reports) == 0 {
		return nil
	}
	if f := c.Looks.Format; f != textformat.Format && f != jsonformat.Format {
		return usagef("--report and --format=%s are mutually exclusive", f.Name)
	}
	c.Follow = true
	others := c.summary != noSummary || len(c.Injections) > 0 || c.Limit > 0 || c.stopsByItself() || len(c.where) > 0 || c.startOn != ""
	if others && c.Calls == nil {
		c.Calls = trace.AllCalls() // not only those that the reports need
	}
	var err error
	if c.made, err = report.New(c.reports, &c.Options); err != nil {
		return err
	}
	if c.From == nil {
		c.made.Environment = os.Environ()
	}
	c.ProcessesOnly = c.ProcessesOnly && !others
	if c.summary != summaryToo {
		c.SummaryOnly = true
		c.Signals = new(trace.SignalSet)
		c.Quiet |= trace.QuietExit | trace.QuietSuperseded | trace.QuietPersonality
		if c.shortQ == 0 && !c.longQ {
			c.Quiet |= trace.QuietAttach
		}
	}
	return nil
}

// writeReports writes the reports of --report at the end of a trace. missing says what is
// missing of their recordings.
func (c *config) writeReports(s *trace.Session, missing []string) {
	if c.made == nil {
		for _, text := range missing {
			s.Message(text)
		}
		return
	}
	form := report.Form{JSON: c.Looks.Format == jsonformat.Format, Stamp: s.Stamp, Message: s.Message, Missing: missing, At: c.recordedUntil()}
	if err := c.made.Write(s, form); err != nil {
		complain("%v", err)
	}
}
