//go:build linux && amd64

package main

import (
	"os"
	"os/signal"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"trapline/cmd/trapline/early"
	"trapline/trace"
)

// interrupts are the signals that end a trace.
type interrupts struct {
	first atomic.Int32 // the first one received
}

// handleSignals decides whether signals to trapline end the trace, as -I says.
// It is called after the launch, so that the command inherits the original
// actions.
func handleSignals(interruptible int, s *trace.Session) *interrupts {
	in := new(interrupts)
	// A tracer in the background may still write to the terminal.
	signal.Ignore(unix.SIGTTOU, unix.SIGTTIN)
	if interruptible == interruptibleAnywhere {
		return in
	}
	c := make(chan os.Signal, 8)
	fatal := []unix.Signal{unix.SIGHUP, unix.SIGINT, unix.SIGQUIT, unix.SIGTERM}
	if interruptible == interruptibleNeverTSTP {
		fatal = append(fatal, unix.SIGTSTP)
	}
	for _, sig := range fatal {
		if !early.Blocked(sig) { // Notify would unblock it
			signal.Notify(c, sig)
			early.Catch(sig)
		}
	}
	go func() {
		for sig := range c {
			if interruptible != interruptibleWaiting {
				continue
			}
			if sig := sig.(unix.Signal); in.first.CompareAndSwap(0, int32(sig)) {
				s.Interrupt(sig)
			}
		}
	}()
	return in
}

// stop restores the default effect of the signals.
func (in *interrupts) stop() {
	signal.Reset(unix.SIGHUP, unix.SIGINT, unix.SIGQUIT, unix.SIGTERM, unix.SIGTSTP)
	setDefault(unix.SIGQUIT)
}

// received returns the signal that ended the trace, or 0.
func (in *interrupts) received() unix.Signal { return unix.Signal(in.first.Load()) }
