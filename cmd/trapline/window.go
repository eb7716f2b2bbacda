//go:build linux && amd64

package main

import (
	"os"

	"golang.org/x/sys/unix"

	"trapline/cmd/trapline/tui"
	"trapline/output"
	"trapline/trace"
)

// checkWindow rejects options that --tui has no place for.
func (c *config) checkWindow() error {
	if !c.window {
		return nil
	}
	for _, o := range []struct {
		given bool
		name  string
	}{
		{c.destination.Name != "", "-o/--output"},
		{c.formatGiven, "--format"},
		{c.summary == summaryOnly, "-c/--summary-only"},
		{c.summary == summaryToo, "-C/--summary"},
		{c.Keep != 0, "--keep"},
		{c.daemon != notDaemon, "-D/--daemonize"},
		{c.Looks.Entries, "--in-progress"},
		{c.Debug, "-d/--debug"},
	} {
		if o.given {
			return usagef("--tui and %s are mutually exclusive", o.name)
		}
	}
	c.Follow = true
	return nil
}

// newWindow makes the window of --tui, which becomes the output of the trace.
func (c *config) newWindow(command *trace.Command) (*tui.Window, error) {
	shown := c.showOpening()
	w, err := tui.New(&c.Options, c.tracedCommand())
	shown.end()
	if err != nil {
		return nil, refusef("%v", err)
	}
	if c.palette(true) != nil {
		w.Color(c.theme(output.TerminalType(os.Getenv("TERM"))))
	}
	c.Quiet |= trace.QuietAttach | trace.QuietPathResolution
	if command == nil {
		return w, nil
	}
	if err := w.Terminal(command); err != nil {
		return nil, refusef("--tui: cannot open a pseudo-terminal: %v", err)
	}
	return w, nil
}

// openWindow opens the window on a Session.
func openWindow(w *tui.Window, s *trace.Session, launched bool) {
	end := "The processes are still running: if you quit, trapline detaches from them and they continue."
	if launched {
		end = "The command is still running: if you quit, it loses its terminal (SIGHUP)."
	}
	w.Open(func() { s.Interrupt(unix.SIGHUP) }, end)
}

// awaitWindow waits until the window, if there is one, is closed. It returns the error of
// the trace, or else that of the window.
func awaitWindow(w *tui.Window, err error) error {
	if w == nil {
		return err
	}
	if closing := w.Await(); err == nil {
		err = closing
	}
	return err
}
