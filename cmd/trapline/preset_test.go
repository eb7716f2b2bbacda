//go:build linux && amd64

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"trapline/decode"
	"trapline/output"
	"trapline/trace"
)

// writePresets writes the user's file of presets for a test.
func writePresets(t *testing.T, text string) (file string) {
	t.Helper()
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	file = presetsFile()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

// Each preset of trapline's own can be used without a warning, and the manual shows its
// options.
func TestBuiltInPresets(t *testing.T) {
	writePresets(t, "")
	page, err := os.ReadFile("manual/manual.txt")
	if err != nil {
		t.Fatal(err)
	}
	all := builtInPresets()
	if len(all) < 5 {
		t.Fatalf("%d presets", len(all))
	}
	for _, p := range all {
		if c := parse(t, "--preset="+p.name, "true"); len(c.warnings) > 0 || !slices.Equal(c.command, []string{"true"}) {
			t.Errorf("%s: command %q, warnings %q", p.name, c.command, c.warnings)
		}
		if entry := "\n: " + p.name + "\n  `" + p.options + "`"; !strings.Contains(string(page), entry) {
			t.Errorf("manual.txt lacks%s", entry)
		}
	}
}

// Options on the command line override those of presets, whether they come before or after
// --preset.
func TestPresetIsOverridden(t *testing.T) {
	writePresets(t, "mine = -f -yy -ttt -xx -qq --trace=read -s 5\nlong = --follow-forks --decode-fds=all --quiet=all --timestamps=unix\n"+
		"files = -f -e trace=openat  # not trapline's own\n")
	same := func(got *trace.CallSet, set string) bool {
		want, err := trace.ParseCalls(set)
		return err == nil && got != nil && *got == *want
	}
	c := parse(t, "--preset=mine", "true")
	if !c.Follow || c.destination.Separate || c.DecodeFDs != trace.AllFDs || c.Looks.Clock != output.ClockEpoch ||
		c.Looks.Strings != output.HexAll || c.Quiet&trace.QuietExit == 0 || c.StringLimit != 5 || !same(c.Calls, "read") {
		t.Errorf("the preset alone: %+v", c)
	}
	for _, args := range [][]string{
		{"--preset=mine", "-f", "-y", "-t", "-x", "-q", "--trace=write", "-s", "7", "true"},
		{"-f", "-y", "-t", "-x", "-q", "--trace=write", "-s", "7", "--preset", "mine", "true"},
		{"-f", "-y", "-t", "-x", "-q", "--trace=write", "-s7", "--preset=mine,long,mine", "true"},
		{"-f", "-y", "-t", "-x", "-q", "--trace=write", "-s7", "--preset=mine", "--preset=long", "true"},
	} {
		c := parse(t, args...)
		if !c.Follow || c.destination.Separate || c.DecodeFDs != decode.FDPath || c.Looks.Clock != output.ClockTime ||
			c.Looks.Strings != output.HexNonASCII || c.Quiet&trace.QuietExit != 0 || c.StringLimit != 7 || !same(c.Calls, "write") {
			t.Errorf("%q: %+v", args, c)
		}
		if len(c.warnings) > 0 {
			t.Errorf("%q: %q", args, c.warnings)
		}
	}
	if c := parse(t, "--preset=mine", "--quiet=none", "--decode-fds=path", "true"); c.Quiet != 0 || c.DecodeFDs != decode.FDPath {
		t.Errorf("long options do not override: %+v", c)
	}
	if c := parse(t, "--preset=files", "true"); !same(c.Calls, "openat") || c.DecodeFDs != 0 {
		t.Error("the user's own preset does not precede trapline's")
	}
	// Words after the command, and arguments of other options, are not presets.
	if c := parse(t, "-o", "--preset=none", "true", "--preset=none"); c.destination.Name != "--preset=none" || len(c.command) != 2 {
		t.Errorf("%+v", c)
	}
}

func TestInvalidPresets(t *testing.T) {
	for _, tt := range []struct{ file, args, msg string }{
		{"", "--preset=fils", "unknown preset 'fils': did you mean files?"},
		{"mine = -f", "--preset=files,mien", "unknown preset 'mien': did you mean mine?"},
		{"mine = -f", "--preset=", "unknown preset '': there are errors, files, mine, net, process, quiet, time"},
		{"mine = -f", "--preset=?", "unknown preset '?': there are errors, files, mine, net, process, quiet, time"},
		{"# first\n\nmine = --jsn", "--preset=mine", "FILE:3: preset 'mine': unrecognized option '--jsn': did you mean --json?"},
		{"mine = --color=alwyas", "--preset=mine", "FILE:1: preset 'mine': invalid --color argument: 'alwyas': did you mean always?"},
		{"mine = -e trace=opennat", "--preset=mine", "FILE:1: preset 'mine': invalid system call 'opennat': did you mean openat?"},
		{"mine = -o", "--preset=mine", "FILE:1: preset 'mine': option requires an argument -- 'o'"},
		{"mine = -f ls", "--preset=mine", "FILE:1: preset 'mine': 'ls' is not an option"},
		{"mine = --preset=files", "--preset=mine", "FILE:1: preset 'mine': there is no option --preset in a preset"},
		{"mine = -P 'a", "--preset=mine", "FILE:1: preset 'mine': a quote ' is not closed"},
		{"mine = -P \"a\\\"", "--preset=mine", `FILE:1: preset 'mine': a quote " is not closed`},
		{"mine = -P a\\", "--preset=mine", `FILE:1: preset 'mine': nothing follows \`},
		{"mine = -f\nother", "--preset=mine", "FILE:2: 'other' is not of the form NAME = OPTIONS"},
		{"a b = -f", "--preset=files", "FILE:1: 'a b = -f' is not of the form NAME = OPTIONS"},
		{"mine = -f\nmine = -y", "--preset=mine", "FILE:2: there is a preset 'mine' already"},
		{"mine = -P \x00", "--preset=mine", "FILE:1: there is a zero byte"},
	} {
		file := writePresets(t, tt.file)
		_, err := parseCommandLine([]string{tt.args, "true"})
		if err == nil {
			t.Errorf("%q is accepted", tt.file)
			continue
		}
		if got := strings.ReplaceAll(err.Error(), file, "FILE"); got != tt.msg {
			t.Errorf("%q %s: %q, want %q", tt.file, tt.args, got, tt.msg)
		}
	}
}

// The file is read only with --preset, and need not exist.
func TestPresetsFile(t *testing.T) {
	writePresets(t, "this is no preset")
	parse(t, "true")
	if _, err := parseCommandLine([]string{"--preset=files", "true"}); err == nil {
		t.Error("the file is not read")
	}
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	parse(t, "--preset=files", "true")
	t.Setenv("XDG_CONFIG_HOME", "")
	t.Setenv("HOME", "/dev/null") // a home folder for users who should have no files
	parse(t, "--preset=files", "true")
	for _, tt := range []struct{ config, home, want string }{
		{"/c", "/h", "/c/trapline/presets"},
		{"", "/h", "/h/.config/trapline/presets"},
		{"relative", "/h", "/h/.config/trapline/presets"},
		{"", "", ""},
	} {
		t.Setenv("XDG_CONFIG_HOME", tt.config)
		t.Setenv("HOME", tt.home)
		if got := presetsFile(); got != tt.want {
			t.Errorf("%q, home %q: %q", tt.config, tt.home, got)
		}
	}
}

// Words are split as in a shell.
func TestShellWords(t *testing.T) {
	for _, line := range []string{
		"", "a", "  a   b\t c ", "'a b' c", `"a b" c`, `a\ b`, `'a'"b"c\d`, `''`, `"" a ''`, `"\"\\\a"`, `'\'`, `"'"`, `'"'`,
		"a # b", "a#b", "#a", "'#' a", "a '#'# b", `"#"`, `\# a`, `"\$x\` + "`" + `"`, "-e 'trace=!read' --where 'errno == ENOENT'",
	} {
		out, err := exec.Command("sh", "-c", `list() { for word; do printf '%s\n' "$word"; done; }; list `+line).Output()
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		got, err := shellWords(line)
		joined := ""
		for _, word := range got {
			joined += word + "\n"
		}
		if err != nil || joined != string(out) {
			t.Errorf("%q: %q, %v; a shell has %q", line, joined, err, out)
		}
	}
}

// FuzzPresets reads arbitrary files. Quoting the words and reading them again gives the
// same words.
func FuzzPresets(f *testing.F) {
	for _, text := range []string{presetsText, "a = 'b c' \"d\\\" e\" \\f # g\n#\nb=", "=", "a", "a = '", "a = \\", "a=\x00", "\r\na = -f\r\n"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		all, err := parsePresets(text, "file")
		if err != nil {
			if !strings.HasPrefix(err.Error(), "file:") {
				t.Errorf("%q: %v", text, err)
			}
			return
		}
		for _, p := range all {
			line := ""
			for _, word := range p.words {
				line += " '" + strings.ReplaceAll(word, "'", `'\''`) + "'"
			}
			if again, err := shellWords(line); err != nil || !slices.Equal(again, p.words) {
				t.Errorf("%q: %q, quoted %q, %v", p.options, p.words, again, err)
			}
		}
	})
}
