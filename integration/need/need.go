// Package need declares the features that tests need and a machine may lack. It
// is the only place that skips a test.
package need

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Feature is something that a test needs and a machine may lack.
type Feature struct {
	name  string
	probe func() error // the error says what is missing
}

// feature makes a Feature that is probed once, when a test first needs it.
func feature(name string, probe func() error) *Feature {
	return &Feature{name, sync.OnceValue(probe)}
}

// Name is the name of the feature in logs and in MayLack.
func (f *Feature) Name() string { return f.name }

// Err says why the machine lacks the feature; it is nil if it does not.
func (f *Feature) Err() error { return f.probe() }

// MayLack is an environment variable that continuous integration sets
// (.ci/run). If it is set, even to nothing, a missing feature fails the tests
// that need it, unless the variable lists its name. Time is exempt, because
// -short asks for less.
const MayLack = "TRAPLINE_MAY_LACK"

// Lines that All writes into a test's log, for ../suite to read: "needs i386",
// and
// "not tested here: i386 (the kernel runs no 32-bit code)".
const (
	needs     = "needs "
	notTested = "not tested here: "
)

// All skips the test if the machine lacks one of the features, or fails it if
// the machine must have them.
func All(t testing.TB, features ...*Feature) {
	t.Helper()
	for _, f := range features {
		t.Log(needs + f.name)
	}
	for _, f := range features {
		err := f.Err()
		if err == nil {
			continue
		}
		if lacking, set := os.LookupEnv(MayLack); set && f != Time && !slices.Contains(strings.Fields(lacking), f.name) {
			t.Fatalf("requires %s, which %s=%q says must be here: %v", f.name, MayLack, lacking, err)
		}
		reason, _, _ := strings.Cut(err.Error(), "\n")
		t.Skipf("%s%s (%s)", notTested, f.name, reason)
	}
}

var logLine = regexp.MustCompile(`^ *[\w.-]+\.go:\d+: (?:` + needs + `(\S+)|` + notTested + `(\S+) \((.*)\))$`)

// Parse reads a line of a test's output. If All wrote it, Parse returns the
// feature's name and, if the machine lacks it, the reason.
func Parse(line string) (feature, lacking string, ok bool) {
	m := logLine.FindStringSubmatch(strings.TrimSuffix(line, "\n"))
	if m == nil {
		return "", "", false
	}
	return m[1] + m[2], m[3], true
}
