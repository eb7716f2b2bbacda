//go:build linux && amd64

package tracer

import (
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// asked holds functions that other goroutines want called between two events.
type asked struct {
	pending atomic.Bool // the list is not empty
	mu      sync.Mutex
	calls   []func()
}

// Do calls f from the tracer's goroutine, during a call of Next. It may be called from any
// goroutine. It returns when f has been called, or when the tracer is closed without calling
// f.
func (t *Tracer) Do(f func()) {
	done := make(chan struct{})
	t.asked.mu.Lock()
	t.asked.calls = append(t.asked.calls, func() { defer close(done); f() })
	t.asked.pending.Store(true)
	t.asked.mu.Unlock()
	if err := interruptWaits(); err != nil {
		return // f is called at the next stop
	}
	// See Interrupt.
	for {
		select {
		case <-t.closed:
			return
		default:
			unix.Tgkill(unix.Getpid(), t.tid, wakeSignal)
		}
		select {
		case <-done:
			return
		case <-t.noticed:
			return // the trace is ending
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// answer calls the functions that were passed to Do.
func (t *Tracer) answer() {
	t.asked.mu.Lock()
	calls := t.asked.calls
	t.asked.calls = nil
	t.asked.pending.Store(false)
	t.asked.mu.Unlock()
	for _, f := range calls {
		f()
	}
}
