//go:build linux && amd64

package tracer

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"trapline/integration/surroundings"
)

// programEnv names, in a tracee's environment, the program below that the test
// binary is to run.
const programEnv = "TRACER_TEST_PROGRAM"

// programs are the tests' tracees.
var programs = map[string]func(){}

// A program runs on its main thread, whose id is the id of the process. Without this, it
// could be on another thread before it locks itself to one.
func init() {
	if os.Getenv(programEnv) != "" {
		runtime.LockOSThread()
	}
}

func TestMain(m *testing.M) {
	if program := programs[os.Getenv(programEnv)]; program != nil {
		program()
		os.Exit(0)
	}
	surroundings.Settle()
	os.Exit(m.Run())
}

// command is the test binary as one of the programs.
func command(program string, args ...string) Command {
	return Command{
		Path: "/proc/self/exe",
		Argv: append([]string{program}, args...),
		// Preemption signals would be additional events.
		Env: append(os.Environ(), programEnv+"="+program, "GODEBUG=asyncpreemptoff=1"),
	}
}

// selfCommand is the test binary as one of the programs, to be run as a child.
func selfCommand(program string, args ...string) *exec.Cmd {
	cmd := exec.Command("/proc/self/exe", args...)
	cmd.Args[0] = program
	cmd.Env = append(os.Environ(), programEnv+"="+program)
	return cmd
}

// newTracer makes a tracer whose trace is ended by force if it hangs. Traces with
// many stops take half a minute while other processes need the processors.
func newTracer(t testing.TB, opts Options) *Tracer {
	t.Helper()
	tracer, err := New(opts)
	if err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(4*time.Minute, func() {
		t.Error("the trace takes too long")
		tracer.Interrupt(unix.SIGKILL)
	})
	t.Cleanup(func() { timer.Stop() })
	return tracer
}

func launch(t testing.TB, tracer *Tracer, c Command) *Tracee {
	t.Helper()
	tracee, err := tracer.Launch(c)
	if err != nil {
		t.Fatal(err)
	}
	return tracee
}

// run passes all events to a function, which may be nil.
func run(t testing.TB, tracer *Tracer, each func(*Event)) {
	t.Helper()
	for ev := next(t, tracer); ev != nil; ev = next(t, tracer) {
		if each != nil {
			each(ev)
		}
	}
}

// next returns the next event, or nil at the end. It skips the children of a thread that
// ended with an earlier test: they become children of another thread.
func next(t testing.TB, tracer *Tracer) *Event {
	t.Helper()
	for {
		switch ev, err := tracer.Next(); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			t.Fatal(err)
		case ev.Kind != StrayEnded:
			return ev
		}
	}
}
