package integration

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// If a replay needs memory that is not in the recording, trapline says for how many calls,
// and which is the first.
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

// Trapline warns if more of a string is to be shown or compared than the recording has.
// Conditions see the recorded part.
func TestStringsNotRecorded(t *testing.T) {
	dir := t.TempDir()
	in := filepath.Join(dir, "in")
	if err := os.WriteFile(in, bytes.Repeat([]byte("0123456789"), 2000), 0o666); err != nil {
		t.Fatal(err)
	}
	file := recorded(t, nil, "dd", "if="+in, "of=/dev/null", "bs=20000", "status=none")
	short := recorded(t, []string{"--record-strings=8"}, "dd", "if="+in, "of=/dev/null", "bs=20000", "status=none")
	for _, tt := range []struct {
		from    string
		options []string
		says    string // how many calls, and the first of them
		shows   string // part of the trace
	}{
		{file, []string{"-e", "trace=write"}, "", `= 20000`},
		{file, []string{"-s", "4096", "-e", "trace=write"}, "", `"..., 20000) = 20000`},
		{file, []string{"-s", "4097", "-e", "trace=close"}, "", `close(`},
		{file, []string{"-s", "4097", "-e", "trace=write"}, "4096 bytes of a string: 1 calls have longer ones, first write, ", `"..., 20000) = 20000`},
		{file, []string{"-s", "5000", "-e", "trace=read,write"}, "4096 bytes of a string: 2 calls have longer ones, first read, ", `"..., 20000) = 20000`},
		{file, []string{"--where", "name == 'write'"}, "", `write(1, "01234567890123456789012345678901"..., 20000)`},
		{file, []string{"--where", "name == 'write' and buf contains '90'"}, "4096 bytes of a string: 1 calls have longer ones, first write, ", `write(1, "0`},
		{file, []string{"--where", "pathname endsWith '" + in + "'"}, "", `openat(`},
		{file, []string{"-c", "--summary-by=path"}, "", in},
		{short, []string{"-e", "trace=write"}, "8 bytes of a string: 1 calls have longer ones, first write, ", `write(1, "01234567"..., 20000)`},
		{short, []string{"-s", "8", "-e", "trace=write"}, "", `write(1, "01234567"..., 20000)`},
		{short, []string{"--where", "name == 'write' and buf startsWith '0123'"}, "8 bytes of a string: 1 calls", `write(1, "01234567"..., 20000)`},
		{short, []string{"-c", "--summary-by=path"}, "", in},
	} {
		_, text, state := run(t, append(tt.options, "--from="+tt.from)...)
		text = regexp.MustCompile(` +`).ReplaceAllString(text, " ")
		said := strings.Contains(text, "the recording has no more than ")
		if state.ExitCode() != 0 || !strings.Contains(text, tt.shows) || said != (tt.says != "") || !strings.Contains(text, tt.says) ||
			strings.Contains(text, "lacks memory") {
			t.Errorf("%q: status %d: %s\nwant %q, and %q", tt.options, state.ExitCode(), text, tt.shows, tt.says)
		}
	}
}
