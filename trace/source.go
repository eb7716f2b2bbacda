//go:build linux && amd64

package trace

import (
	"golang.org/x/sys/unix"

	"trapline/tracer"
)

// source is where the events of a Session come from: tracees, or a recording of
// them. What there is of a tracee's memory and registers comes with the event's
// Tracee, and what else is known of it from the Session's host.Host. Nothing behind
// a source has to know which of the two it is.
type source interface {
	// Next returns the next event, and io.EOF at the end. Its Tracee is the same
	// one for all events of a thread.
	Next() (*tracer.Event, error)

	// DetachAll, and Stop, which any goroutine may call, end the trace; Interrupt and
	// End send a signal to the command as well. What is left to come of Next are
	// Detached events.
	DetachAll()
	Stop()
	Interrupt(unix.Signal)
	End(unix.Signal)

	// Do calls f between two events, for another goroutine.
	Do(f func())

	Close()
}

var (
	_ source = (*tracer.Tracer)(nil)
	_ source = (*replay)(nil)
)
