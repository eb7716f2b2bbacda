package integration

import (
	"strings"
	"testing"
)

// A replay that reads memory which is not in the recording says of how many calls, and
// which is the first.
func TestMemoryNotRecorded(t *testing.T) {
	file := synthetic(t, "gaps")
	const lacks = "the recording lacks memory of 3 calls, first of openat, call number 1: what is there is shown by its address"
	for _, tt := range []struct {
		options []string
		lacks   bool
	}{
		{nil, true},
		{[]string{"--json"}, true},
		{[]string{"-P", "/etc/passwd"}, true},
		{[]string{"--report=files"}, true},
		{[]string{"-e", "trace=close"}, false},
		{[]string{"-e", "raw=openat"}, false},
	} {
		_, stderr, state := run(t, append(tt.options, "--from="+file)...)
		if n := strings.Count(stderr, lacks); state.ExitCode() != 0 || n > 1 || n == 1 != tt.lacks {
			t.Errorf("%q: status %d: %s", tt.options, state.ExitCode(), stderr)
		}
	}
}
