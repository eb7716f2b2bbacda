package integration

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// TestInheritedSignals gives a command ignored and blocked signals, with and
// without trapline between.
func TestInheritedSignals(t *testing.T) {
	signals := program(t, "signals", "amd64")
	for _, masks := range [][]string{
		{"0", "0"},
		{"1000", "4"}, // SIGPIPE, SIGQUIT
		{"5007", "5007"},
		{"ffffffffffffffff", "7fffffff7ffbfeff"},
	} {
		want := inheritedSignals(t, signals, masks...)
		if strings.Count(want, "\n") != 2 {
			t.Fatalf("got %q", want)
		}
		for _, flags := range [][]string{{}, {"-f", "-e", "trace=getppid"}, {"-D"}} {
			argv := slices.Concat(masks, []string{trapline(t), "-o", "/dev/null"}, flags)
			if got := inheritedSignals(t, signals, argv...); got != want {
				t.Errorf("%v %v: the command has\n%swant\n%s", masks, flags, got, want)
			}
		}
	}
}

// inheritedSignals runs a command line to whose end a command is put that tells
// what signals it finds ignored and blocked.
func inheritedSignals(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, append(args, "grep", "-E", "SigBlk|SigIgn", "/proc/self/status")...).Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}
