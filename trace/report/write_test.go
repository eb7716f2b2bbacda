//go:build linux && amd64

package report

import (
	"strings"
	"testing"

	"trapline/output/cells"
)

// The columns of a table are aligned on a terminal, however wide the characters in them
// are.
func TestTableOnTerminal(t *testing.T) {
	w := new(writer)
	w.table([][]string{
		{"n", "program", "name", "file"},
		{"1", "日本語", "x", "/|"},
		{"10", "e\u0301e\u0301", "y", "/|"},
		{"日", "sh", "ｙ", "/|"},
	}, 1)
	want := []string{
		" n  program  name  file",
		" 1  日本語   x     /|",
		"10  e\u0301e\u0301       y     /|",
		"日  sh       ｙ    /|",
	}
	got := strings.Split(strings.TrimSuffix(string(w.b), "\n"), "\n")
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("%q, want %q", got, want)
	}
	for _, line := range got[1:] {
		if before, _, _ := strings.Cut(line, "/|"); cells.Width(before) != 19 {
			t.Errorf("%q takes %d columns", before, cells.Width(before))
		}
	}
}
