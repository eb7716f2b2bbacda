package integration

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"trapline/integration/need"
	"trapline/integration/screen"
)

// A comparison of two runs finds what made the second one fail, or nothing if neither
// failed.
func TestDiff(t *testing.T) {
	dir := t.TempDir()
	conf := filepath.Join(dir, "conf")
	script := "cd " + dir + `
if grep -q yes conf; then cat /etc/passwd >out; else cat missing; exit 3; fi
rm -f out`
	record := func(name, content string) string {
		if err := os.WriteFile(conf, []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(dir, name)
		run(t, "-f", "-q", "--record="+file, "sh", "-c", script)
		return file
	}
	good, again, bad := record("good", "yes\n"), record("again", "yes\n"), record("bad", "no\n")
	out, stderr, state := run(t, "--diff", good, again)
	if state.ExitCode() != 0 || !strings.Contains(out, " 0 differences;") || stderr != "" {
		t.Errorf("two runs of the same: status %d\n%s%s", state.ExitCode(), out, stderr)
	}
	out, _, state = run(t, "--diff", good, bad)
	if state.ExitCode() != 1 {
		t.Errorf("status %d, want 1", state.ExitCode())
	}
	first, rest, ok := strings.Cut(out, "Files only in")
	if !ok || !strings.Contains(first, "  in grep [") || !strings.Contains(first, "/conf") {
		t.Errorf("the first difference is not in grep:\n%s", out)
	}
	for _, want := range []string{"/etc/passwd\n", dir + "/missing: ENOENT\n", ": exit 0 / exit 1\n"} {
		if !strings.Contains(rest, want) {
			t.Errorf("%q is missing:\n%s", want, out)
		}
	}
	type diffRecord struct {
		Event, Kind, Weight string
		Differences         int
		A, B                struct {
			FilesOnly  []string `json:"files_only"`
			ErrorsOnly []string `json:"errors_only"`
		}
	}
	out, stderr, _ = run(t, "--diff", good, bad, "--json")
	if out != "" || !strings.Contains(stderr, `"--json" comes after them: options go before --diff A B`) {
		t.Errorf("an option after the recordings is not refused: %s%s", out, stderr)
	}
	out, _, _ = run(t, "--json", "--diff", good, bad)
	all := reportRecords[diffRecord](t, out)
	if len(all) < 2 || all[0].Event != "diff" || all[0].Differences == 0 || all[1].Weight != "call" || len(all[0].A.FilesOnly) == 0 {
		t.Errorf("%+v", all)
	}
	// Ids, addresses and times do not count as differences, and neither does the order of
	// processes that run at the same time.
	racing := "for i in 1 2 3; do (sleep 0.0$i; echo $$ >/dev/null) & done; wait; date >/dev/null"
	a, b := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	run(t, "-f", "-q", "--record="+a, "sh", "-c", racing)
	run(t, "-f", "-q", "--record="+b, "sh", "-c", racing)
	out, _, _ = run(t, "--diff", a, b)
	if strings.Contains(out, "Files only in") || strings.Contains(out, "Errors only in") {
		t.Errorf("two runs of the same:\n%s", out)
	}
	if _, stderr, state := run(t, "--diff", good); state.ExitCode() == 0 || !strings.Contains(stderr, "two recordings") {
		t.Errorf("one recording: %s", stderr)
	}
	if _, stderr, state := run(t, "--diff", good, conf); state.ExitCode() == 0 || !strings.Contains(stderr, conf) {
		t.Errorf("a file that is not a recording: %s", stderr)
	}
}

// The targets of the standard streams and the names of temporary files do not count as
// differences. The first difference is the place where a program does something else.
func TestDiffOfSurroundings(t *testing.T) {
	dir := t.TempDir()
	script := `
d=$(mktemp -d); echo text >$d/x; sed -i s/t/u/ $d/x; exec 7>&1; echo out >&7
cat conf $d/x >$d/y || cat $d/y >&2
t=$(mktemp); cat $d/x >$t; mv $t $d/z; rm -r $d`
	conf := filepath.Join(dir, "conf")
	if err := os.WriteFile(conf, []byte("text\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	record := func(name string, toFile bool) string {
		file := filepath.Join(dir, name)
		cmd := exec.CommandContext(t.Context(), trapline(t), "-f", "-q", "--record="+file, "sh", "-c", script)
		cmd.Dir = dir
		if toFile {
			out, err := os.Create(filepath.Join(dir, "stdout"))
			if err != nil {
				t.Fatal(err)
			}
			defer out.Close()
			cmd.Stdout, cmd.Stderr = out, out
			if err := cmd.Run(); err != nil {
				t.Fatal(err)
			}
			return file
		}
		if out, err := cmd.CombinedOutput(); !strings.Contains(string(out), "out\n") {
			t.Fatalf("%v: %s", err, out)
		}
		return file
	}
	good, again := record("good", true), record("again", false)
	if err := os.Remove(conf); err != nil {
		t.Fatal(err)
	}
	bad := record("bad", false)
	out, stderr, state := run(t, "--diff", good, again)
	if state.ExitCode() != 0 || !strings.Contains(out, " 0 differences; 0 in the data") || strings.Contains(out, "only in") {
		t.Errorf("two runs of the same: status %d\n%s%s", state.ExitCode(), out, stderr)
	}
	out, _, _ = run(t, "--diff", good, bad)
	first, _, _ := strings.Cut(out, "Files only in")
	if !strings.Contains(first, "  in cat [") || !strings.Contains(first, `+ openat(AT_FDCWD, "conf", O_RDONLY) = -1 ENOENT`) {
		t.Errorf("the first difference is not in cat:\n%s", out)
	}
}

// A run on a terminal and a run whose output goes to a file are equal, although programs
// write and ask something else on a terminal.
func TestDiffOfTerminal(t *testing.T) {
	need.All(t, need.Python3)
	dir := t.TempDir()
	const script = `printf '1\n2\n3\n' | head -n 2; : >x; rm x; python3 -c 'print(1); print(2)'; exit 3`
	record := func(name string) *exec.Cmd {
		cmd := exec.CommandContext(t.Context(), trapline(t), "-f", "-q", "--record="+filepath.Join(dir, name), "sh", "-c", script)
		cmd.Dir = dir
		return cmd
	}
	toFile := record("file")
	out, err := os.Create(filepath.Join(dir, "stdout"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	toFile.Stdout, toFile.Stderr = out, out
	if err := toFile.Run(); toFile.ProcessState.ExitCode() != 3 {
		t.Fatal(err)
	}
	shown, err := screen.Run(record("terminal"), 20, 80)
	if err != nil || !strings.Contains(shown, "2") {
		t.Fatalf("%v: %q", err, shown)
	}
	for _, names := range [][]string{{"file", "terminal"}, {"terminal", "file"}} {
		text, stderr, state := run(t, "--diff", filepath.Join(dir, names[0]), filepath.Join(dir, names[1]))
		if state.ExitCode() != 0 || !strings.Contains(text, " 0 differences; ") || strings.Contains(text, "only in") {
			t.Errorf("%q: status %d\n%s%s", names, state.ExitCode(), text, stderr)
		}
	}
}

// A port that the kernel has chosen does not count as a difference where a program passes it to another.
func TestDiffOfPorts(t *testing.T) {
	need.All(t, need.Perl)
	const script = "socket(S, AF_INET, SOCK_STREAM, 0); bind(S, sockaddr_in(0, INADDR_LOOPBACK)); " +
		"my ($port) = sockaddr_in(getsockname(S)); exec 'echo', \"http://127.0.0.1:$port/\""
	dir := t.TempDir()
	var files []string
	for _, name := range []string{"a", "b"} {
		file := filepath.Join(dir, name)
		files = append(files, file)
		out, _, _ := run(t, "-q", "--record="+file, "perl", "-MSocket", "-e", script)
		if !strings.HasPrefix(out, "http://") {
			t.Fatal(out)
		}
	}
	out, _, state := run(t, "--json", "--diff", files[0], files[1])
	if state.ExitCode() != 0 || !strings.Contains(out, `"differences":0`) || strings.Contains(out, `"write(`) {
		t.Errorf("status %d: %s", state.ExitCode(), out)
	}
}

// What processes read in /proc, such as addresses and times, differs in each run and does
// not count as other data.
func TestDiffOfProc(t *testing.T) {
	record := func() string { return recorded(t, nil, "grep", "-c", "nothing", "/proc/self/stat", "/proc/uptime") }
	out, stderr, state := run(t, "--diff", record(), record())
	if state.ExitCode() != 0 || !strings.Contains(out, " 0 differences; 0 in the data that calls move;") || stderr != "" {
		t.Errorf("status %d: %s%s", state.ExitCode(), out, stderr)
	}
}
