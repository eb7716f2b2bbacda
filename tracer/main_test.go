//go:build linux && amd64

package tracer

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// programEnv names, in a tracee's environment, the program below that the test
// binary is to run.
const programEnv = "TRACER_TEST_PROGRAM"

// programs are the tests' tracees.
var programs = map[string]func(){}

func TestMain(m *testing.M) {
	if program := programs[os.Getenv(programEnv)]; program != nil {
		program()
		os.Exit(0)
	}
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

// newTracer makes a tracer whose trace is ended by force after a while.
func newTracer(t testing.TB, opts Options) *Tracer {
	t.Helper()
	tracer, err := New(opts)
	if err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(30*time.Second, func() {
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
	for {
		ev, err := tracer.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		// The children of a thread that ends, with an earlier test, become
		// those of another.
		if each != nil && ev.Kind != StrayEnded {
			each(ev)
		}
	}
}
