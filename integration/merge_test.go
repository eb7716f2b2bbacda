package integration

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"trapline/integration/need"
)

// --merge writes what strace-log-merge writes, for the files of either tracer.
func TestMergeAsStrace(t *testing.T) {
	need.All(t, need.Strace, need.LogMerge)
	for _, tracer := range []string{need.StracePath(), trapline(t)} {
		for _, times := range []string{"-tt", "-ttt"} {
			log := filepath.Join(t.TempDir(), "log")
			if out, err := exec.Command(tracer, "-ff", times, "-o", log, "sh", "-c", "true | cat; (exit 3)").CombinedOutput(); err != nil {
				if _, ok := err.(*exec.ExitError); !ok {
					t.Fatalf("%v\n%s", err, out)
				}
			}
			want, err := exec.Command("strace-log-merge", log).Output()
			if err != nil {
				t.Fatal(err)
			}
			for _, args := range [][]string{{"--merge", log}, {"--merge=" + log}} {
				if got, stderr, _ := run(t, args...); got != string(want) || strings.Count(got, "\n") < 20 {
					t.Errorf("%s %s:\n%s%s\nstrace-log-merge:\n%s", filepath.Base(tracer), times, got, stderr, want)
				}
			}
		}
	}
}
