//go:build linux && amd64

package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"time"

	"golang.org/x/sys/unix"

	jsonformat "trapline/output/json"
	"trapline/trace/recording"
	"trapline/trace/report"
)

// compare compares two recordings (--diff): the option's and the operand's. The status is
// 0 if they are the same, apart from what differs in each run.
func (c *config) compare() (ending, error) {
	if len(c.command) > 1 {
		return ending{}, usagef("--diff compares two recordings, and %q comes after them: options go before --diff A B", c.command[1])
	}
	if len(c.command) != 1 {
		return ending{}, usagef("--diff needs two recordings: --diff A B")
	}
	names := []string{c.diff, c.command[0]}
	defer c.closeRecordings()
	for _, name := range names {
		r, err := recording.Open(name)
		if err != nil {
			return ending{}, refusef("%v", err)
		}
		c.opened = append(c.opened, r)
		c.dateMessages()
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	context.AfterFunc(ctx, stop) // a second ^C ends trapline at once
	shown := newProgress(names, c.opened)
	result, err := report.Compare(ctx, names[0], names[1], c.opened[0], c.opened[1])
	shown.end()
	if err != nil {
		return ending{}, err
	}
	if err := c.writeComparison(result, names); err != nil {
		return ending{}, err
	}
	switch {
	case result.Interrupted():
		return ending{signal: unix.SIGINT}, nil
	case result.Same():
		return ending{}, nil
	}
	return ending{code: 1}, nil
}

// writeComparison writes the result of --diff.
func (c *config) writeComparison(result *report.Comparison, names []string) error {
	to := io.Writer(os.Stdout)
	if name := c.destination.Name; name != "" {
		f, err := os.Create(name)
		if err != nil {
			return err
		}
		defer f.Close()
		to = f
	}
	form := report.Form{
		JSON: c.Looks.Format == jsonformat.Format, At: c.recordedUntil(),
		Message: func(text string) { complain("%s", text) },
	}
	for i, r := range c.opened {
		if text := missingOf(names[i], r, result.Interrupted(), nil); text != "" {
			form.Missing = append(form.Missing, text)
		}
	}
	if result.Interrupted() && len(form.Missing) == 0 {
		form.Missing = append(form.Missing, "interrupted: not all processes were compared")
	}
	return result.Write(to, form)
}

// recordedUntil is the time of the last event of the recordings; zero if there are none.
func (c *config) recordedUntil() (end time.Time) {
	for _, r := range c.opened {
		if at := r.End(); at.After(end) {
			end = at
		}
	}
	return end
}
