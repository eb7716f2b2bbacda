//go:build linux && amd64

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"trapline/integration/need"
)

// folder is the folder of trapline's command.
const folder = "../.."

func TestGeneratedFilesAreUpToDate(t *testing.T) {
	files, err := generate(folder)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		if got, err := os.ReadFile(filepath.Join(folder, name)); err != nil || string(got) != string(want) {
			t.Errorf("%s is out of date: run go generate ./cmd/trapline", name)
		}
	}
}

func TestManPageHasNoLint(t *testing.T) {
	need.All(t, need.Mandoc)
	out, err := exec.Command("mandoc", "-T", "lint", filepath.Join(folder, "manual/trapline.1")).CombinedOutput()
	if err != nil || len(out) > 0 {
		t.Errorf("mandoc: %v\n%s", err, out)
	}
}

// The page has the names of all options at the left margin of their paragraphs, where users
// search for them.
func TestManPageHasAllOptions(t *testing.T) {
	need.All(t, need.Mandoc)
	text, err := os.ReadFile(filepath.Join(folder, "manual/manual.txt"))
	if err != nil {
		t.Fatal(err)
	}
	m, err := parse(string(text))
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("mandoc", "-T", "ascii", folder+"/manual/trapline.1").Output()
	if err != nil {
		t.Fatal(err)
	}
	page := regexp.MustCompile(".\x08").ReplaceAllString(string(out), "") // bold and underlined characters
	for _, o := range m.options() {
		if head := "\n       " + o.spellings[0].name; !strings.Contains(page, head) {
			t.Errorf("the man page lacks %s", o.spellings[0].name)
		}
	}
}

func TestHelpFitsATerminal(t *testing.T) {
	help, err := os.ReadFile(filepath.Join(folder, "zhelp.txt"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(help)) {
		if len(line)-1 > helpWidth {
			t.Errorf("line of %d characters: %s", len(line)-1, line)
		}
	}
}

func TestMistakesInTheManual(t *testing.T) {
	const begin = "@section OPTIONS\n@group Some\n"
	for _, tt := range []struct{ text, want string }{
		{"@option -a\n", "1: @option outside of a @group"},
		{begin + "@option --x=\n", `3: "--x=" is no spelling of an option`},
		{begin + "@option -a\n@hlep x\n", "4: unknown directive @hlep"},
		{begin + "@option -a\nText.\n", "3: the option lacks its line @help"},
		{begin + "@option -a\n@help x\n", "3: the option lacks its text"},
		{begin + "@option -a\n@help x\nText.\n@option -b, -a\n@help y\nText.\n", "6: -a is described twice"},
		{begin + "@option -a\n@help " + strings.Repeat("x", 49) + "\nText.\n",
			"3: the line @help has 49 characters, of which the help shows 48"},
		{begin + "Text.\n", "3: text outside of a section or option"},
		{begin + "@option -a\n  Text.\n", "4: indented text that continues nothing"},
	} {
		if _, err := parse(tt.text); err == nil || err.Error() != tt.want {
			t.Errorf("%q: %v, want %s", tt.text, err, tt.want)
		}
	}
}

func TestText(t *testing.T) {
	m, err := parse("@date 2026-01-02\n@section NAME\nrun `-x N`. Then\n.so on\n\n    an  example\n\n- one\n  more\n- two\n\n: term\n  what\n")
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, block := range m.sections[0].text {
		b.WriteString(strings.Join(append([]string{block.term}, block.lines...), "|") + "\n")
	}
	if want := "|run `-x N`. Then|.so on\n|an  example\n|one|more\n|two\nterm|what\n"; b.String() != want {
		t.Errorf("blocks:\n%swant\n%s", b.String(), want)
	}
}
