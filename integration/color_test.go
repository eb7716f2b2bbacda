package integration

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"trapline/integration/need"
	"trapline/integration/screen"
)

// onTerminal runs trapline on a terminal.
func onTerminal(t *testing.T, env []string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), trapline(t), args...)
	cmd.Env = append(slices.DeleteFunc(os.Environ(), func(v string) bool {
		return strings.Contains(v, "COLOR") || strings.HasPrefix(v, "TERM=")
	}), env...)
	text, err := screen.Run(cmd, 40, 200)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// failing is a command with a failed search, another failure and a death by a signal.
var failing = []string{"sh", "-c", `cd /nonexistent 2>/dev/null; cd /etc/passwd 2>/dev/null; echo >/proc/version; kill -SEGV $$`}

// On a terminal each escape sequence of a trace changes something, and what has failed
// does not look like what has not been found.
func TestColorsOfATerminal(t *testing.T) {
	for _, env := range [][]string{
		{"TERM=linux"}, {"TERM=xterm-256color"}, {"TERM=xterm", "COLORFGBG=0;15"}, {"TERM=xterm-256color", "COLORFGBG=0;15"},
		{"TERM=xterm", "COLORTERM=truecolor", "NO_COLOR="},
	} {
		text := onTerminal(t, env, append([]string{"--signal=SEGV", "-e", "trace=chdir,openat,kill"}, failing...)...)
		lines, faults := screen.Read(text)
		for _, fault := range faults {
			t.Errorf("%q: %s", env, fault)
		}
		looks := make(map[string]screen.Look)
		for _, line := range lines {
			for _, what := range []string{"ENOENT", "EACCES", "+++ killed by SIGSEGV", "chdir(", `"/nonexistent"`, "SIGSEGV {"} {
				if i := strings.Index(screen.Text(line), what); i >= 0 {
					looks[what] = line[i].Look
				}
			}
		}
		if os.Geteuid() == 0 {
			delete(looks, "EACCES")
		}
		for what, look := range looks {
			for other, its := range looks {
				if what != other && look == its {
					t.Errorf("%q: %s looks like %s: %+v", env, what, other, look)
				}
			}
		}
		if len(looks) < 5 {
			t.Errorf("%q: %v in\n%s", env, looks, text)
		}
	}
	for _, env := range [][]string{{"TERM=dumb"}, {"TERM=xterm", "NO_COLOR=1"}, {}} {
		if text := onTerminal(t, env, "-e", "trace=chdir", "sh", "-c", "cd /"); strings.Contains(text, "\x1b") || !strings.Contains(text, "chdir(") {
			t.Errorf("%q: %q", env, text)
		}
	}
}

// FORCE_COLOR colours a trace that goes through a pipe, and not one in a file.
func TestForcedColors(t *testing.T) {
	t.Setenv("FORCE_COLOR", "1")
	t.Setenv("NO_COLOR", "")
	if _, stderr, _ := run(t, "-e", "trace=chdir", "sh", "-c", "cd /"); !strings.Contains(stderr, "\x1b[") {
		t.Errorf("no colours: %q", stderr)
	}
	if tr := trace(t, trapline(t), nil, "true"); strings.Contains(tr.log, "\x1b") {
		t.Errorf("colours in a file: %q", tr.log)
	}
}

// less -R shows a coloured trace as the terminal does, from any line on.
func TestColorsInLess(t *testing.T) {
	need.All(t, need.Less)
	log := filepath.Join(t.TempDir(), "log")
	t.Setenv("TERM", "xterm-256color")
	run(t, append([]string{"--color=always", "-o", log}, failing...)...)
	text, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	all, faults := screen.Read(string(text))
	if len(faults) > 0 || len(all) < 10 {
		t.Fatalf("%d lines, %q", len(all), faults)
	}
	for _, from := range []int{0, len(all) / 2, len(all) - 3} {
		part := filepath.Join(t.TempDir(), "part")
		if err := os.WriteFile(part, []byte(strings.Join(slices.Collect(strings.Lines(string(text)))[from:], "")), 0o644); err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), "less", "-R", "-F", "-X", part)
		cmd.Env = append(os.Environ(), "LESS=", "LESSHISTFILE=-")
		shown, err := screen.Run(cmd, 1000, 1000)
		if err != nil {
			t.Fatal(err)
		}
		lines, _ := screen.Read(shown)
		for i, want := range all[from:] {
			if i >= len(lines) || !sameVisible(lines[i], want) {
				t.Fatalf("line %d of less differs:\n%q", from+i, shown)
			}
		}
	}
}

// sameVisible compares lines, blanks at the end aside.
func sameVisible(a, b []screen.Cell) bool {
	trim := func(cells []screen.Cell) []screen.Cell {
		for len(cells) > 0 && cells[len(cells)-1].Char == ' ' {
			cells = cells[:len(cells)-1]
		}
		return cells
	}
	return slices.Equal(trim(a), trim(b))
}

// What the command writes to its terminal does not break the line of the call that
// writes it. The line of a call that blocks is shown while it does.
func TestLinesOnTerminalAreWhole(t *testing.T) {
	need.All(t, need.Live) // the program's lines are in their place
	text := onTerminal(t, []string{"TERM=dumb"}, "-e", "trace=write,clock_nanosleep", "--signal=none", "sh", "-c",
		"echo hello; echo again; exec sleep 0.5")
	for _, line := range []string{"hello", "again"} {
		if !strings.Contains(text, line+"\r\nwrite(1, \""+line+"\\n\", 6)                  = 6\r\n") {
			t.Errorf("the line of a write is broken:\n%s", text)
		}
	}
}
