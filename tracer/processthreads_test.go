//go:build linux && amd64

package tracer

import (
	"bytes"
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"trapline/tables"
	"trapline/tracer/buffered"
)

// getpidTracer is a tracer with which calls of getpid do not stop.
func getpidTracer(t *testing.T, messages *bytes.Buffer) *Tracer {
	t.Helper()
	if err := CanBuffer(); err != nil {
		t.Skip(err)
	}
	opts := Options{
		Follow: true, Traced: func(tables.ABI, uint64) bool { return true },
		Buffered: func(nr uint64) BufferedCall { return BufferedCall{Buffered: nr == unix.SYS_GETPID} },
	}
	if messages != nil {
		opts.Debug = func(line string) { messages.WriteString(line + "\n") }
	}
	return newTracer(t, opts)
}

// A process made by fork has its parent's patched calls as they were at that time, although
// other threads of the parent make calls for the first time before the tracer knows of the
// process. Both are patched further, each for itself.
func TestForkWhileCallsArePatched(t *testing.T) {
	program := buildProgram(t, "forks", "-pthread")
	var messages bytes.Buffer
	tracer := getpidTracer(t, &messages)
	defer tracer.Close()
	launch(t, tracer, Command{Path: program, Argv: []string{"forks"}, Env: os.Environ()})
	kept, children := 0, 0
	run(t, tracer, func(ev *Event) {
		switch {
		case ev.Kind == Exit && ev.Kept:
			kept++
		case ev.Kind == Exited:
			children++
			if ev.Status.ExitStatus() != 0 {
				t.Errorf("%d exits with %d", ev.Tracee.TID, ev.Status.ExitStatus())
			}
		case ev.Kind == Killed, ev.Kind == Signal && ev.Signal != unix.SIGCHLD:
			t.Errorf("%d: %v, %v", ev.Tracee.TID, ev.Kind, ev.Signal)
		}
	})
	if refused := bytes.Count(messages.Bytes(), []byte("its calls stop")); refused > 0 {
		t.Errorf("the calls of %d processes stop", refused)
	}
	if kept < 100 || children < 5 {
		t.Errorf("%d calls did not stop, %d processes and threads", kept, children)
	}
}

// The places of trampolines that a process and its child use later are their own.
func TestCloneOfSpace(t *testing.T) {
	returns := append(make([]uint64, 0, 8), 1, 2)
	parent := &space{arenas: []arena{{addr: buffered.StubAddr, used: 2, returns: returns}}}
	child := parent.clone(1)
	for i, s := range []*space{parent, child} {
		s.arenas[0].returns = append(s.arenas[0].returns, uint64(10+i))
	}
	if got := parent.arenas[0].returns[2]; got != 10 {
		t.Errorf("the parent has %d, not 10", got)
	}
}

// A process with threads ends while the tracer makes calls in its first thread.
func TestEndWhileArmed(t *testing.T) {
	program := buildProgram(t, "ends", "-pthread")
	for _, how := range []string{"exit", "kill", "exec"} {
		t.Run(how, func(t *testing.T) {
			tracer := getpidTracer(t, nil)
			defer tracer.Close()
			command := launch(t, tracer, Command{Path: program, Argv: []string{program, how}, Env: os.Environ()})
			status := -1
			run(t, tracer, func(ev *Event) {
				if ev.Kind == Exited && ev.Tracee == command {
					status = ev.Status.ExitStatus()
				}
			})
			if status != 0 {
				t.Errorf("exit status %d", status)
			}
		})
	}
}
