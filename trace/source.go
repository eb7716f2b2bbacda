//go:build linux && amd64

package trace

import (
	"golang.org/x/sys/unix"

	"trapline/tracer"
)

// source provides the events of a Session: from tracees, or from a recording of them. The
// memory and registers of a tracee come with the event's Tracee, everything else that is
// known of it from the Session's host.Host. Users of a source need not know which of the
// two it is.
type source interface {
	// Next returns the next event, and io.EOF at the end. Its Tracee is the same
	// one for all events of a thread.
	Next() (*tracer.Event, error)

	// DetachAll, and Stop, which any goroutine may call, end the trace; Interrupt and End
	// also send a signal to the command. From then on Next returns only Detached events.
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
