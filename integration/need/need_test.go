package need

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"testing"
)

// recorder replaces a test that needs something.
type recorder struct {
	testing.TB
	outcome string
	log     []string
}

func (r *recorder) Helper()                       {}
func (r *recorder) Log(args ...any)               { r.write(fmt.Sprint(args...)) }
func (r *recorder) Fatalf(string, ...any)         { r.end("fails") }
func (r *recorder) Skipf(format string, a ...any) { r.write(fmt.Sprintf(format, a...)); r.end("skips") }

// write keeps a line as package testing writes it.
func (r *recorder) write(s string) { r.log = append(r.log, "    need_test.go:7: "+s+"\n") }

func (r *recorder) end(outcome string) {
	r.outcome = outcome
	runtime.Goexit()
}

func TestAll(t *testing.T) {
	probes := 0
	here := feature("here", func() error { return nil })
	missing := feature("missing", func() error { probes++; return errors.New("not found") })
	t.Setenv(MayLack, "") // restored after the test
	os.Unsetenv(MayLack)
	for _, tt := range []struct {
		lacking string
		feature *Feature
		want    string
	}{
		{"(unset)", here, "goes on"},
		{"(unset)", missing, "skips"},
		{"", here, "goes on"},
		{"", missing, "fails"},
		{"other", missing, "fails"},
		{"other missing", missing, "skips"},
	} {
		if tt.lacking != "(unset)" {
			os.Setenv(MayLack, tt.lacking)
		}
		r := &recorder{TB: t}
		done := make(chan struct{})
		go func() {
			defer close(done)
			All(r, here, tt.feature)
			r.outcome = "goes on"
		}()
		<-done
		if r.outcome != tt.want {
			t.Errorf("%s=%s: %s is needed, and the test %s", MayLack, tt.lacking, tt.feature.name, r.outcome)
		}
	}
	if probes != 1 {
		t.Errorf("looked for it %d times", probes)
	}
}

func TestParse(t *testing.T) {
	t.Setenv(MayLack, "") // restored after the test
	os.Unsetenv(MayLack)
	r := &recorder{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		All(r, feature("gcc-m32", func() error { return errors.New("no headers (or libraries)\nat all") }))
	}()
	<-done
	var got []string
	for _, line := range append(r.log, "=== RUN   TestParse\n", "    x.go:1: needs\n") {
		feature, lacking, ok := Parse(line)
		got = append(got, fmt.Sprintf("%s|%s|%v", feature, lacking, ok))
	}
	want := []string{"gcc-m32||true", "gcc-m32|no headers (or libraries)|true", "||false", "||false"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
