// Package integration has the tests that trace real processes end to end. They
// build their test programs, which are below testdata.
package integration

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"trapline/integration/need"
	"trapline/integration/programs"
	"trapline/integration/surroundings"
)

// buildDir holds what the tests build; TestMain removes it.
var buildDir string

// replaying says that all traces that can be are recorded, and shown from the recording:
// see docs/testing.md.
var replaying = os.Getenv("TRAPLINE_REPLAY") != ""

// buffering says that most calls of traces do not stop, wherever that is possible: see
// docs/testing.md.
var buffering = os.Getenv("TRAPLINE_BUFFERED") != ""

func TestMain(m *testing.M) {
	surroundings.Settle()
	var err error
	if buildDir, err = os.MkdirTemp("", "trapline-integration"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	if replaying {
		reportRuns(filepath.Join(buildDir, filepath.Dir(programs.Replay.Name), "runs"))
	}
	os.RemoveAll(buildDir)
	os.Exit(code)
}

// reportRuns says how many traces were replayed, from the file that
// cmd/trapline/internal/replay writes, and for which options others were not.
func reportRuns(file string) {
	text, err := os.ReadFile(file)
	if err != nil {
		return
	}
	runs := make(map[string]int)
	for line := range strings.Lines(string(text)) {
		how, _, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		how, _, _ = strings.Cut(how, "=")
		runs[how]++
	}
	for _, how := range slices.Sorted(maps.Keys(runs)) {
		fmt.Printf("%d %s\n", runs[how], how)
	}
}

// readSources lists the module's folders, once. go test reuses an old result
// for this package if no file has changed that the tests opened, and it does
// not see the files that "go build" opens for them.
var readSources = sync.OnceFunc(func() {
	filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() && entry.Name() == ".git" {
			return filepath.SkipDir
		}
		return nil
	})
})

// path builds a program, once, and returns its path.
func path(t testing.TB, p programs.Program) string {
	t.Helper()
	readSources()
	path, err := p.Path(buildDir)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// trapline is the path of the program under test: of the one that records and replays
// in its place, if replaying, or of the one that buffers calls, if buffering.
func trapline(t testing.TB) string {
	if buffering {
		return path(t, programs.Buffering)
	}
	if !replaying {
		return path(t, programs.Trapline)
	}
	path(t, programs.Recorder)
	return path(t, programs.Replay)
}

// eachBuild runs a test with the program under test, and with the same built with cgo,
// which starts differently.
func eachBuild(t *testing.T, test func(t *testing.T, tr string)) {
	t.Run("without cgo", func(t *testing.T) { test(t, trapline(t)) })
	t.Run("with cgo", func(t *testing.T) {
		need.All(t, need.GCC64, need.Live)
		test(t, path(t, programs.WithCgo))
	})
}

// program is the path of the test program testdata/NAME, for amd64 or 386.
func program(t testing.TB, name, goarch string) string {
	t.Helper()
	if goarch == "386" {
		need.All(t, need.I386)
	}
	return path(t, programs.Go(name, goarch))
}

// uninterrupted prevents the runtime of Go programs from interrupting them with
// SIGURG when they run for some milliseconds, as all of them do on a slow
// machine: the signal and rt_sigreturn would appear in a trace between two
// lines.
func uninterrupted(t *testing.T) {
	t.Helper()
	t.Setenv("GODEBUG", "asyncpreemptoff=1")
}

// traced is a finished trace.
type traced struct {
	log    string // what -o wrote
	stdout string
	stderr string
	status int // exit status, -1 if a signal killed the tracer
}

// trace runs a command line under a tracer with the given flags and -o. It
// fails the test only if the tracer could not be run.
func trace(t testing.TB, tracer string, flags []string, command ...string) traced {
	t.Helper()
	return traceFor(t, time.Minute, tracer, flags, command...)
}

// traceFor is trace for a command line that may take longer.
func traceFor(t testing.TB, limit time.Duration, tracer string, flags []string, command ...string) traced {
	t.Helper()
	log := filepath.Join(t.TempDir(), "log")
	argv := append(append([]string{"-o", log}, flags...), command...)
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, tracer, argv...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.WaitDelay = limit // what a killed tracer leaves behind has its output open
	err := cmd.Run()
	if ctx.Err() != nil {
		t.Fatalf("%s %q has not ended after %v", tracer, argv, limit)
	}
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	written, err := os.ReadFile(log)
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	return traced{string(written), stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
}

// lockedBuilder is a strings.Builder that can be read while it is written.
type lockedBuilder struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lockedBuilder) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *lockedBuilder) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
