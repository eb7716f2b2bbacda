package integration

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"trapline/integration/need"
)

// TestInheritedSignals starts a command with ignored and blocked signals,
// directly and through trapline.
func TestInheritedSignals(t *testing.T) { eachBuild(t, testInheritedSignals) }

func testInheritedSignals(t *testing.T, tr string) {
	need.All(t, need.Live) // the test checks what the command inherits
	signals := program(t, "signals", "amd64")
	for _, masks := range [][]string{
		{"0", "0", "0"},
		{"1000", "4", "0"}, // SIGPIPE, SIGQUIT
		{"5007", "5007", "0"},
		{"ffffffffffffffff", "7fffffff7ffbfeff", "0"},
	} {
		want := inheritedSignals(t, signals, masks...)
		if strings.Count(want, "\n") != 2 {
			t.Fatalf("got %q", want)
		}
		for _, flags := range [][]string{{}, {"-f", "-e", "trace=getppid"}, {"-D"}} {
			argv := slices.Concat(masks, []string{tr, "-o", "/dev/null"}, flags)
			if got := inheritedSignals(t, signals, argv...); got != want {
				t.Errorf("%v %v: the command has\n%swant\n%s", masks, flags, got, want)
			}
		}
	}
}

// inheritedSignals runs a command line to which it appends a command that reports its
// ignored and blocked signals.
func inheritedSignals(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, append(args, "grep", "-E", "SigBlk|SigIgn", "/proc/self/status")...).Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// TestPendingSignals starts trapline with pending signals, which the Go runtime
// would consume. With -D the command is the process to which they were sent.
func TestPendingSignals(t *testing.T) { eachBuild(t, testPendingSignals) }

func testPendingSignals(t *testing.T, tr string) {
	need.All(t, need.Live) // the test checks what the command inherits
	signals := program(t, "signals", "amd64")
	const masks = "7fffffff7ffbfeff"
	// SIGQUIT, SIGUSR1, SIGSEGV, SIGTERM; all that can be.
	for _, pending := range []string{"4604", "7fffffff7ff8feff"} {
		show := func(argv ...string) string {
			t.Helper()
			argv = append(argv, "grep", "SigPnd", "/proc/self/status")
			out, err := exec.Command(signals, append([]string{"0", masks, pending}, argv...)...).Output()
			if err != nil {
				t.Fatalf("%v: %v", argv, err)
			}
			return string(out)
		}
		untraced := show()
		if want := "SigPnd:\t" + strings.Repeat("0", 16-len(pending)) + pending + "\n"; untraced != want {
			t.Fatalf("untraced: %q, want %q", untraced, want)
		}
		if got, want := show(tr, "-o", "/dev/null"), "SigPnd:\t0000000000000000\n"; got != want {
			t.Errorf("a child of trapline: %q, want %q", got, want)
		}
		if got := show(tr, "-D", "-o", "/dev/null"); got != untraced {
			t.Errorf("-D: %q, want %q", got, untraced)
		}
	}
}

// TestInterrupts sends trapline the signals that end a trace: it detaches from the command
// and dies of the signal.
func TestInterrupts(t *testing.T) { eachBuild(t, testInterrupts) }

func testInterrupts(t *testing.T, tr string) {
	need.All(t, need.Live, need.Unbuffered) // the test reads the trace before it ends; a process with a filter cannot be detached
	signals := program(t, "signals", "amd64")
	for _, ignored := range []string{"0", "4007"} {
		for _, sig := range []syscall.Signal{syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTERM} {
			log := filepath.Join(t.TempDir(), "log")
			cmd := exec.Command(signals, ignored, "0", "0", tr, "-o", log, "-f", "-I", "2", "sleep", "1000")
			// The command still has standard error open.
			stderr, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
			if err != nil {
				t.Fatal(err)
			}
			defer stderr.Close()
			cmd.Stderr = stderr
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			eventually(t, func() bool {
				text, _ := os.ReadFile(log)
				return bytes.Contains(text, []byte("clock_nanosleep"))
			})
			cmd.Process.Signal(sig)
			err = cmd.Wait()
			var exit *exec.ExitError
			said, _ := os.ReadFile(stderr.Name())
			if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != sig || len(said) > 0 {
				t.Errorf("%v, ignored %s: ended with %v, said %q", sig, ignored, err, said)
			}
			text, _ := os.ReadFile(log)
			if !bytes.Contains(text, []byte("<detached ...>")) {
				t.Errorf("%v, ignored %s: the trace does not end with a detached process:\n%s", sig, ignored, text)
			}
			var pid int
			if fmt.Sscanf(string(text), "%d", &pid); pid > 0 {
				syscall.Kill(pid, syscall.SIGKILL)
			}
		}
	}
}
