package need

import (
	"errors"
	"os"
	"runtime"
	"testing"
)

// recorder takes the place of a test that needs something.
type recorder struct {
	testing.TB
	outcome string
}

func (r *recorder) Helper()               {}
func (r *recorder) Skipf(string, ...any)  { r.end("skips") }
func (r *recorder) Fatalf(string, ...any) { r.end("fails") }

func (r *recorder) end(outcome string) {
	r.outcome = outcome
	runtime.Goexit()
}

func TestAll(t *testing.T) {
	probes := 0
	here := feature("here", func() error { return nil })
	missing := feature("missing", func() error { probes++; return errors.New("not found") })
	t.Setenv(MayLack, "") // and put back after the test
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
