//go:build linux && amd64

package main

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	jsonformat "trapline/output/json"
	"trapline/trace"
	"trapline/trace/recording"
)

// replay shows recordings. Several are merged into reports.
func replay(c *config) (ending, error) {
	defer c.closeRecordings()
	s, window, err := c.newSession(nil)
	if err != nil {
		return ending{}, err
	}
	defer func() { inOrder = nil }()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	interrupted := cancel
	if window != nil {
		window.Open(func() { s.Interrupt(unix.SIGHUP) }, "")
		interrupted = window.Close
	}
	signals := handleSignals(c, s, interrupted)
	shown := c.showProgress()
	failed := c.replayEarlier(ctx)
	if window == nil || window.Fills() {
		err = s.Run(context.Background())
	}
	shown.end()
	err = awaitWindow(window, err)
	var end ending
	for i, err := range failed {
		if err != nil {
			complain("%s: %v", c.from[i], err)
			end.code = 1
		}
	}
	if err != nil {
		err = fmt.Errorf("%s: %w", c.from[len(c.from)-1], err)
	}
	if sig := signals.received(); sig != 0 {
		end = ending{signal: sig}
	}
	c.writeReports(s, c.missing(end.signal != 0, append(failed, err)))
	inOrder = nil
	signals.beforeClose()
	if closing := s.Close(); closing != nil {
		complain("%v", closing)
		end.code = 1
	}
	return end, err
}

// replayEarlier adds all recordings but the last one to the reports. It returns the
// errors.
func (c *config) replayEarlier(ctx context.Context) (failed []error) {
	for _, r := range c.opened[:len(c.opened)-1] {
		o := c.Options
		o.Output = nil
		err := trace.Replay(ctx, r, o)
		if ctx.Err() != nil && errors.Is(err, context.Cause(ctx)) {
			err = nil
		}
		failed = append(failed, err)
		c.made.NextTrace()
	}
	return failed
}

// missing says what is missing of the recordings. failed has their errors, which text
// output reports in messages of their own.
func (c *config) missing(interrupted bool, failed []error) (texts []string) {
	for i, r := range c.opened {
		if c.made != nil && c.made.Lacks(r.Info()) {
			texts = append(texts, c.from[i]+": the report needs calls that were not recorded: -e trace= of --record left them out")
		}
		if failed[i] != nil && c.Looks.Format != jsonformat.Format {
			continue
		}
		if text := missingOf(c.from[i], r, interrupted, failed[i]); text != "" {
			texts = append(texts, text)
		}
	}
	return texts
}

// missingOf says what is missing of the recording name, or returns "".
func missingOf(name string, r *recording.Reader, interrupted bool, err error) string {
	text := r.Missing(interrupted, err)
	if text == "" {
		return ""
	}
	return name + ": " + text
}

func (c *config) closeRecordings() {
	for _, r := range c.opened {
		r.Close()
	}
}
