//go:build linux && amd64

package tracer

import (
	"testing"

	"golang.org/x/sys/unix"
)

// A command with many threads that is killed while its trace ends can be waited
// for, even if some of the threads die before they can be detached.
func TestAwaitKilledThreads(t *testing.T) {
	for round := range 30 {
		tracer := newTracer(t, Options{Follow: true})
		launch(t, tracer, command("busy-threads", "4", "1000000"))
		calls := 0
		run(t, tracer, func(ev *Event) {
			if calls++; calls == 200+20*round {
				tracer.End(unix.SIGKILL)
			}
		})
		if status, ok := tracer.AwaitCommand(); !ok || status.Signal() != unix.SIGKILL {
			t.Fatalf("round %d: %v, %v", round, status, ok)
		}
		tracer.Close()
	}
}
