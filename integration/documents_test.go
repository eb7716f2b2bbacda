package integration

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"trapline/integration/need"
)

// documented is a command in a document, with the output that the document shows.
type documented struct {
	line   int
	setup  bool // the document does not show this command: <!-- run: COMMAND -->
	text   string
	output []string
}

// commandsIn finds the commands of a document: the lines of its examples that begin
// with "$ ". Comments of the document may say more: <!-- run: COMMAND --> prepares
// something, and <!-- not run: REASON --> is for the example that follows.
func commandsIn(t *testing.T, name string) (all []documented) {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	comment := regexp.MustCompile(`^<!-- (run|not run): (.+) -->$`)
	n, skip, inExample, current := 0, false, false, -1
	for line := range strings.Lines(string(text)) {
		n++
		line = strings.TrimSuffix(line, "\n")
		if m := comment.FindStringSubmatch(line); m != nil {
			if m[1] == "run" {
				all = append(all, documented{line: n, setup: true, text: m[2]})
			} else {
				skip = true
			}
			continue
		}
		example, ok := strings.CutPrefix(line, "    ")
		if !ok {
			if inExample {
				skip = false
			}
			inExample, current = false, -1
			continue
		}
		command, isCommand := strings.CutPrefix(strings.TrimLeft(example, " "), "$ ")
		switch {
		case isCommand:
			inExample = true
			if current = -1; !skip {
				all = append(all, documented{line: n, text: command})
				current = len(all) - 1
			}
		case current < 0:
		case strings.HasSuffix(all[current].text, `\`) && len(all[current].output) == 0:
			all[current].text = strings.TrimSuffix(all[current].text, `\`) + strings.TrimSpace(example)
		default:
			all[current].output = append(all[current].output, example)
		}
	}
	return all
}

// documentMasks replace what differs from run to run.
var documentMasks = []struct {
	pattern *regexp.Regexp
	by      string
}{
	{regexp.MustCompile(`^ *\d+\.\d+ +\d+\.\d+ +\d+ `), "SHARE SECONDS USECS "}, // of a table
	{regexp.MustCompile(`-{5,}`), "-----"},
	{regexp.MustCompile(`^(\S+(;\S+)+) \d+$`), "$1 N"}, // of --report=folded
	{regexp.MustCompile(`0x[0-9a-f]{5,16}`), "ADDRESS"},
	{regexp.MustCompile(`\d+ vars`), "N vars"},
	{regexp.MustCompile(`"(release|version|host|machine|cwd|exe)":"[^"]*"`), `"$1":TEXT`},
	{regexp.MustCompile(`"(pid|tgid|ppid|parent|tracer|uid|time|total|shortest|longest|p50|p95|p99|[a-z_]*_ns|maxrss_kib|[a-z]+_faults|blocks_[a-z]+|[a-z]+_switches)":[0-9.]+`), `"$1":N`},
	{regexp.MustCompile(`\[pid +\d+\]`), "[pid N]"},
	{regexp.MustCompile(`[A-Z][a-z]{2} +\d+ \d\d:\d\d\b`), "DATE"},
	{regexp.MustCompile(`\d\d:\d\d:\d\d(\.\d+)?`), "TIME"},
	{regexp.MustCompile(`\d+\.\d+`), "N.N"},
	{regexp.MustCompile(`\b[1-9]\d{2,}\b`), "NNN"},
	{regexp.MustCompile(` +`), " "},
}

func maskedLine(line string) string {
	for _, m := range documentMasks {
		line = m.pattern.ReplaceAllString(line, m.by)
	}
	return strings.TrimSpace(line)
}

// missingLines returns the lines of a document that a command has not printed. Documents
// may leave out lines and break long ones, and on a terminal, the order of a program's
// lines and the lines of its trace is not fixed.
func missingLines(want, got []string) (missing []string) {
	printed := map[string]int{}
	for _, line := range got {
		printed[maskedLine(line)]++
	}
	for i := 0; i < len(want); i++ {
		line := want[i]
		if i+1 < len(want) && printed[maskedLine(line)] == 0 {
			if broken := line + " " + want[i+1]; printed[maskedLine(broken)] > 0 {
				line = broken
				i++
			}
		}
		if printed[maskedLine(line)]--; line != "..." && line != "" && printed[maskedLine(line)] < 0 {
			missing = append(missing, line)
		}
	}
	return missing
}

// TestDocuments runs the commands in README.md and docs/, and compares what they print.
func TestDocuments(t *testing.T) {
	need.All(t, need.Live) // the trace shows the command line, and who traces
	need.All(t, need.X86, need.Bash, need.Time)
	names, err := filepath.Glob("../docs/*.md")
	if err != nil || len(names) == 0 {
		t.Fatal("no documents", err)
	}
	hostname, _ := os.ReadFile("/etc/hostname")
	for _, name := range append(names, "../README.md") {
		commands := commandsIn(t, name)
		if len(commands) == 0 {
			continue
		}
		t.Run(filepath.Base(name), func(t *testing.T) {
			outputs := runDocument(t, commands)
			for i, c := range commands {
				switch {
				case i >= len(outputs):
					t.Errorf("%s:%d: %s: did not run", name, c.line, c.text)
				case c.setup || len(c.output) == 0:
				case strings.Contains(c.text, "hostname") && string(hostname) != "vm\n":
					// The documents come from a machine called vm.
				default:
					if missing := missingLines(c.output, outputs[i]); len(missing) > 0 {
						t.Errorf("%s:%d: $ %s\nprints\n    %.3000s\nand not\n    %s", name, c.line, c.text,
							strings.Join(outputs[i], "\n    "), strings.Join(missing, "\n    "))
					}
				}
			}
		})
	}
}

// runDocument runs commands in one shell, in a folder of its own, and returns the
// lines that each has printed.
func runDocument(t *testing.T, commands []documented) [][]string {
	t.Helper()
	home := t.TempDir()
	bin := t.TempDir()
	if err := os.Symlink(trapline(t), filepath.Join(bin, "trapline")); err != nil {
		t.Fatal(err)
	}
	const end = "=== end of command ==="
	var script strings.Builder
	for _, c := range commands {
		fmt.Fprintf(&script, "%s\necho '%s'\n", c.text, end)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", "-c", script.String())
	cmd.Dir = home
	// The presets are those in this home folder.
	cmd.Env = append(os.Environ(), "PATH="+bin+":/usr/bin:/bin:/usr/sbin:/sbin", "LANG=C.UTF-8", "LC_ALL=C.UTF-8", "HOME="+home, "XDG_CONFIG_HOME=", "TERM=dumb")
	var out bytes.Buffer // a pipe, because to a file, cat copies with copy_file_range
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.WaitDelay = time.Second
	if err := cmd.Run(); err != nil && ctx.Err() != nil {
		t.Errorf("%v\n%s", ctx.Err(), out.String())
	}
	var outputs [][]string
	parts := strings.Split(strings.ReplaceAll(out.String(), home, "/home/u"), end+"\n")
	for _, part := range parts[:len(parts)-1] {
		part = strings.TrimSuffix(part, "\n")
		lines := strings.Split(part, "\n")
		if part == "" {
			lines = nil
		}
		outputs = append(outputs, lines)
	}
	return outputs
}

// TestExamplesInManual checks that trapline accepts the options in the examples of the man
// page.
func TestExamplesInManual(t *testing.T) {
	need.All(t, need.X86, need.Bash)
	text, err := os.ReadFile("../cmd/trapline/manual/manual.txt")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, m := range regexp.MustCompile(`(?m)^    (?:\$ )?(trapline .*)$`).FindAllStringSubmatch(string(text), -1) {
		n++
		// Whatever the command is, -V prints the version, once all options are read.
		cmd := exec.Command("bash", "-c", `name=$1; trapline() { "$name" -V "$@"; }; jq() { :; }; `+m[1], "bash", trapline(t))
		cmd.Dir = t.TempDir()
		cmd.Env = append(os.Environ(), "HOME="+cmd.Dir)
		if strings.Contains(m[1], ">") {
			continue // writes below the home folder
		}
		if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), " -- version ") {
			t.Errorf("%s: %v\n%s", m[1], err, out)
		}
	}
	if n < 20 {
		t.Errorf("only %d examples", n)
	}
}

// TestLinksInDocuments finds links to files or headings that do not exist, and documents
// that README.md does not list, or lists twice.
func TestLinksInDocuments(t *testing.T) {
	pages, err := filepath.Glob("../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	link := regexp.MustCompile(`\]\(([^)#:]*)(#[^)]*)?\)`)
	for _, name := range append(pages, "../README.md", "../ARCHITECTURE.md", "../CHANGELOG.md", "../CONTRIBUTING.md") {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllStringSubmatch(string(text), -1) {
			to := name
			if m[1] != "" {
				to = filepath.Join(filepath.Dir(name), m[1])
			}
			if _, err := os.Stat(to); err != nil {
				t.Errorf("%s: %v", name, err)
			} else if m[2] != "" && !slices.Contains(anchors(t, to), m[2]) {
				t.Errorf("%s: %s has no heading %s", name, to, m[2])
			}
		}
	}
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, list, _ := strings.Cut(string(text), "\n## Documents\n")
	list, _, _ = strings.Cut(list, "\n## ")
	for _, name := range pages {
		if n := strings.Count(list, "("+strings.TrimPrefix(name, "../")+")"); n != 1 {
			t.Errorf("README.md lists %s %d times among the documents", name, n)
		}
	}
}

// anchors are the headings of a document, in the form that links use.
func anchors(t *testing.T, name string) (all []string) {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(string(text), -1) {
		name := regexp.MustCompile(`[^\pL\pN _-]`).ReplaceAllString(strings.ToLower(m[1]), "")
		all = append(all, "#"+strings.ReplaceAll(name, " ", "-"))
	}
	return all
}
