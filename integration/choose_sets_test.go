package integration

import (
	"slices"
	"strings"
	"testing"
)

// Sets are read from left to right.
func TestSetsWithExceptions(t *testing.T) {
	names := func(set string) []string {
		var all []string
		for _, line := range chosenCalls(t, []string{"-e", "trace=" + set}, "sh", "-c", "exec cat /etc/hostname") {
			name, _, _ := strings.Cut(line, "(")
			all = append(all, name)
		}
		slices.Sort(all)
		return slices.Compact(all)
	}
	files := names("%file")
	if !slices.Contains(files, "openat") || !slices.Contains(files, "execve") {
		t.Fatalf("%%file: %q", files)
	}
	want := slices.DeleteFunc(slices.Clone(files), func(n string) bool { return n == "execve" || strings.HasPrefix(n, "open") })
	for _, set := range []string{"%file,!execve,!/^open", "%file,^execve,^/^open/"} {
		if got := names(set); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", set, got, want)
		}
	}
}

// A set that replaces another says so.
func TestReplacedSets(t *testing.T) {
	for _, tt := range []struct {
		flags []string
		want  string
	}{
		{[]string{"-e", "trace=read", "-e", "%file"}, ": -e trace=%file replaces -e trace=read\n"},
		{[]string{"-e", "trace=read", "--trace=read"}, ""},
		{[]string{"-q", "-e", "trace=read", "-e", "%file"}, ""},
	} {
		stderr := trace(t, trapline(t), tt.flags, "true").stderr
		if !strings.HasSuffix(stderr, tt.want) || tt.want == "" && stderr != "" {
			t.Errorf("%q: %q, want %q", tt.flags, stderr, tt.want)
		}
	}
}
