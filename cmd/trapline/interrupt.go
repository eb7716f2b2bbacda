//go:build linux && amd64

package main

import (
	"os"
	"os/signal"
	"slices"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"trapline/cmd/trapline/early"
	"trapline/trace"
)

// interrupts are the signals that end a trace.
type interrupts struct {
	first     atomic.Int32  // the first one received
	delivered []unix.Signal // by early.Deliver

	mu   sync.Mutex
	over bool // the session is being closed
}

// beforeClose makes sure that no signal is handled while the session is closed.
func (in *interrupts) beforeClose() {
	in.mu.Lock()
	in.over = true
	in.mu.Unlock()
}

// report writes the reports that are due in the middle of a trace.
func (in *interrupts) report(c *config, s *trace.Session) {
	if c.Summary != nil {
		s.WriteSummary()
	}
	if c.dumpOnUSR1 {
		s.Dump()
	}
}

// during calls f unless the session is being closed.
func (in *interrupts) during(f func()) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if !in.over {
		f()
	}
}

// handleSignals decides whether signals to trapline end the trace, as -I says. With the
// trace they end the window of --tui, by closeWindow. It is called after the launch, so
// that the command inherits the original actions.
func handleSignals(c *config, s *trace.Session, closeWindow func()) *interrupts {
	interruptible := c.interruptible
	in := new(interrupts)
	// A tracer in the background may still write to the terminal.
	signal.Ignore(unix.SIGTTOU, unix.SIGTTIN)
	if c.Waits {
		answerQuit(s)
	}
	if interruptible == interruptibleAnywhere {
		return in
	}
	reopens := c.reopensAtHangup()
	signals := make(chan os.Signal, 8)
	fatal := []unix.Signal{unix.SIGHUP, unix.SIGINT, unix.SIGTERM}
	if !c.Waits {
		fatal = append(fatal, unix.SIGQUIT)
	}
	if interruptible == interruptibleNeverTSTP {
		fatal = append(fatal, unix.SIGTSTP)
	}
	in.catch(signals, slices.DeleteFunc(fatal, early.Blocked)) // Notify would unblock them
	if c.Summary != nil || c.dumpOnUSR1 {
		signal.Notify(signals, unix.SIGUSR1)
	}
	go func() {
		for sig := range signals {
			switch {
			case sig == unix.SIGUSR1:
				go in.report(c, s)
				continue
			case sig == unix.SIGHUP && reopens:
				in.during(func() { s.Reopen() })
				continue
			}
			if interruptible != interruptibleWaiting {
				continue
			}
			if sig := sig.(unix.Signal); in.first.CompareAndSwap(0, int32(sig)) {
				s.Interrupt(sig)
				closeWindow()
			}
		}
	}()
	return in
}

// catch sends signals to a channel.
func (in *interrupts) catch(c chan<- os.Signal, signals []unix.Signal) {
	if early.Deliver(c, signals) {
		in.delivered = signals
		return
	}
	for _, sig := range signals {
		signal.Notify(c, sig)
		early.Catch(sig)
	}
}

// answerQuit makes SIGQUIT print what the tracees wait for, whatever -I says, because it
// ends nothing.
func answerQuit(s *trace.Session) {
	if early.Blocked(unix.SIGQUIT) {
		return
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, unix.SIGQUIT)
	early.Catch(unix.SIGQUIT)
	go func() {
		for range signals {
			s.WriteWaits()
		}
	}()
}

// stop restores the default effect of the signals.
func (in *interrupts) stop() {
	signal.Reset(unix.SIGHUP, unix.SIGINT, unix.SIGQUIT, unix.SIGTERM, unix.SIGTSTP)
	setDefault(unix.SIGQUIT)
	for _, sig := range in.delivered {
		early.Restore(sig)
	}
}

// received returns the signal that ended the trace, or 0.
func (in *interrupts) received() unix.Signal { return unix.Signal(in.first.Load()) }
