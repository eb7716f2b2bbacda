package integration

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A policy merged from recordings has the calls of all of them, and says that it may lack
// others.
func TestPoliciesMerged(t *testing.T) {
	filter := func(from ...string) []string {
		t.Helper()
		var args []string
		for _, file := range from {
			args = append(args, "--from="+file)
		}
		_, text, state := run(t, append(args, "--report=systemd")...)
		_, list, ok := strings.Cut(text, "\nSystemCallFilter=")
		if state.ExitCode() != 0 || !ok || !strings.Contains(text, "is missing") {
			t.Fatalf("%q: status %d: %s", from, state.ExitCode(), text)
		}
		if several := strings.Contains(text, "these 2 runs"); several != (len(from) == 2) {
			t.Errorf("%q: %s", from, text)
		}
		return strings.Fields(list)
	}
	a := recorded(t, []string{"-f"}, "true")
	b := recorded(t, []string{"-f"}, "sh", "-c", "kill -0 $$; mkdir d; rmdir d")
	onlyA, onlyB := filter(a), filter(b)
	if slices.Contains(onlyA, "mkdir") || !slices.Contains(onlyB, "mkdir") {
		t.Fatalf("%q, %q", onlyA, onlyB)
	}
	want := slices.Concat(onlyA, onlyB)
	slices.Sort(want)
	want = slices.Compact(want)
	if got := filter(a, b); !slices.Equal(got, want) {
		t.Errorf("merged are %q, want %q", got, want)
	}
	if got := filter(b, a); !slices.Equal(got, want) {
		t.Errorf("merged in the other order are %q, want %q", got, want)
	}
}

// The report of files adds up the data of several recordings for each file, and
// distinguishes processes with the same id.
func TestFilesMerged(t *testing.T) {
	dir := t.TempDir()
	in, out := filepath.Join(dir, "in"), filepath.Join(dir, "out")
	if err := os.WriteFile(in, []byte("12345"), 0o666); err != nil {
		t.Fatal(err)
	}
	a := recorded(t, []string{"-f"}, "cat", in)
	b := recorded(t, []string{"-f"}, "sh", "-c", "cat "+in+" "+in+" >"+out)
	type file struct {
		Path  string
		Use   []string
		Read  int   `json:"bytes_read"`
		First int64 `json:"first_ns"`
		Time  int64 `json:"time_ns"`
		By    []struct {
			Program string
		}
	}
	find := func(records []file, path string) file {
		t.Helper()
		for _, f := range records {
			if f.Path == path {
				return f
			}
		}
		t.Errorf("%s is missing: %+v", path, records)
		return file{}
	}
	report := func(args ...string) []file {
		t.Helper()
		_, text, _ := run(t, append(args, "--report=files", "--json")...)
		return reportRecords[file](t, text)
	}
	first := find(report("--from="+a), in)
	for _, args := range [][]string{{"--from=" + a, "--from=" + b}, {"--from=" + b, "--from=" + a}} {
		merged := report(args...)
		if f := find(merged, in); f.Read != 15 || len(f.By) != 2 || f.First != first.First {
			t.Errorf("%q: %+v", args, f)
		}
		if f := find(merged, out); !slices.Contains(f.Use, "created") {
			t.Errorf("%q: %+v", args, f)
		}
	}
	// Each recording is described, in the order in which they are given.
	_, text, _ := run(t, "--from="+b, "--from="+a, "--report=files", "--json")
	var commands [][]string
	for line := range strings.Lines(text) {
		var head struct {
			Event   string
			Command []string
		}
		if err := json.Unmarshal([]byte(line), &head); err != nil {
			t.Fatal(err)
		}
		if head.Event != "trace" {
			break
		}
		commands = append(commands, head.Command)
	}
	if len(commands) != 2 || commands[0][0] != "sh" || commands[1][0] != "cat" {
		t.Errorf("the traces are described as %q", commands)
	}
	// The records have the time of the recording, whenever it is shown.
	if again := find(report("--from="+a), in); again.Time != first.Time || again.Time < again.First {
		t.Errorf("the times are %d and %d", first.Time, again.Time)
	}
}

// Recordings and options that cannot be merged are refused with one line, before anything
// is read.
func TestMergeRefuses(t *testing.T) {
	a := recorded(t, nil, "true")
	for _, tt := range []struct {
		args []string
		want string
	}{
		{nil, "can only be merged into the reports files, seccomp and systemd"},
		{[]string{"--report=seccomp,tree"}, "can only be merged"},
		{[]string{"-c"}, "can only be merged"},
		{[]string{"--report=files", "-C"}, "can only be merged"},
		{[]string{"--report=files", "--json", "--clock=monotonic"}, "each has its own clock"},
		{[]string{"--report=files", "--from=/nonexistent"}, "/nonexistent: no such file or directory"},
		{[]string{"--report=files", "--from=/etc/passwd"}, "/etc/passwd: this is not a recording"},
	} {
		_, stderr, state := run(t, append([]string{"--from=" + a, "--from=" + a}, tt.args...)...)
		first, rest, _ := strings.Cut(stderr, "\n")
		if state.ExitCode() != 1 || !strings.Contains(first+rest, tt.want) || strings.Count(rest, "\n") > 1 {
			t.Errorf("%q: status %d, %q; want %q", tt.args, state.ExitCode(), stderr, tt.want)
		}
	}
}
