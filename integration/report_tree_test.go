package integration

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"trapline/integration/asleep"
	"trapline/integration/need"
)

// processRecord is a record of --report=tree in JSON.
type processRecord struct {
	PID, Parent, Index int
	ParentIndex        *int `json:"parent_index"`
	Threads            int
	Code               *int
	Signal             string
	Detached           bool
	Wall               int64 `json:"wall_ns"`
	Execs              []struct {
		Exe, Cwd, Command string
		Argv              []string
		EnvSet            []string `json:"env_set"`
		EnvUnset          []string `json:"env_unset"`
	}
	Rusage *struct {
		User   int64 `json:"user_ns"`
		System int64 `json:"system_ns"`
		MaxRSS int64 `json:"maxrss_kib"`
	}
}

func treeOf(t *testing.T, flags []string, command ...string) []processRecord {
	t.Helper()
	return reportRecords[processRecord](t, trace(t, trapline(t), append([]string{"--tree", "--json"}, flags...), command...).log)
}

// The tree has each process once, below its creator, with what it executed and its end.
func TestReportTree(t *testing.T) {
	dir := t.TempDir()
	script := `cd ` + dir + `
X=1 GONE= env -u GONE X="two words" sh -c 'exit 3'
(exec sleep 0.1)
(exit 5)
sh -c 'kill -TERM $$'
exec true last`
	tree := treeOf(t, nil, "sh", "-c", script)
	if len(tree) != 5 {
		t.Fatalf("%d processes, want 5: %+v", len(tree), tree)
	}
	root := tree[0]
	if root.ParentIndex != nil || len(root.Execs) != 2 || root.Execs[1].Argv[1] != "last" || root.Execs[1].Cwd != dir || root.Code == nil || *root.Code != 0 {
		t.Errorf("the first process: %+v", root)
	}
	for i, p := range tree[1:] {
		if p.ParentIndex == nil || *p.ParentIndex != 0 || p.Parent != root.PID || p.Index != i+1 {
			t.Errorf("process %d: %+v", i+1, p)
		}
		if p.Rusage == nil || p.Rusage.MaxRSS == 0 || p.Wall <= 0 {
			t.Errorf("process %d has used nothing: %+v", i+1, p)
		}
	}
	if p := tree[1]; len(p.Execs) != 2 || *p.Code != 3 || p.Execs[0].Cwd != dir || !slices.Contains(p.Execs[0].EnvSet, "X=1") ||
		!slices.Equal(p.Execs[1].EnvSet, []string{"X=two words"}) || !slices.Equal(p.Execs[1].EnvUnset, []string{"GONE"}) {
		t.Errorf("env: %+v", p)
	}
	if p := tree[2]; p.Wall < int64(100*time.Millisecond) || p.Execs[0].Argv[0] != "sleep" {
		t.Errorf("sleep: %+v", p)
	}
	if p := tree[3]; len(p.Execs) != 0 || *p.Code != 5 {
		t.Errorf("a subshell: %+v", p)
	}
	if p := tree[4]; p.Signal != "SIGTERM" || p.Code != nil {
		t.Errorf("the one that is killed: %+v", p)
	}
}

// Nothing but the beginning of processes, execve and their end stops with --tree.
func TestReportTreeStops(t *testing.T) {
	traced := trace(t, trapline(t), []string{"--tree", "-d"}, "sh", "-c", "i=0; while [ $i -lt 200 ]; do read x </dev/null; i=$((i+1)); done; true | cat")
	stops := strings.Count(traced.stderr, " wait: ")
	if stops == 0 || stops > 60 {
		t.Errorf("there were %d stops for four processes:\n%.2000s", stops, traced.stderr)
	}
}

// The commands of a build are those that make says it runs.
func TestReportTreeOfMake(t *testing.T) {
	need.All(t, need.Make)
	dir := t.TempDir()
	makefile := "all: a b c\na b c:\n\ttouch $@\n\tchmod 644 $@ # it's $$HOME \"x\"\n"
	if err := os.WriteFile(filepath.Join(dir, "Makefile"), []byte(makefile), 0o666); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("make", "-n", "-C", dir, "--no-print-directory").Output()
	if err != nil {
		t.Fatal(err)
	}
	var made []string
	for _, p := range treeOf(t, nil, "make", "-j3", "-C", dir) {
		if p.ParentIndex == nil || *p.ParentIndex != 0 || len(p.Execs) == 0 {
			continue
		}
		// make runs simple lines itself, and gives the others to a shell.
		argv := p.Execs[0].Argv
		line := strings.Join(argv, " ")
		if filepath.Base(argv[0]) == "sh" {
			line = argv[len(argv)-1]
		}
		made = append(made, line)
	}
	want := strings.Split(strings.TrimSpace(string(out)), "\n")
	slices.Sort(made)
	slices.Sort(want)
	if !slices.Equal(made, want) {
		t.Errorf("make ran %q, want %q", made, want)
	}
}

// A command line of the tree, in a shell, makes the same execve.
func TestReportTreeCommand(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "it's a\ndirectory")
	if err := os.Mkdir(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	hostile := []string{"-n", "", "a b", "$(touch pwned)", "`id`", "'", "x\n'; touch pwned; '", "\x1b[31m", "\xff", "%s", "a\\", "*"}
	args := append([]string{"-c", `cd "$0"; X='y
z' exec env -u HOME printf '%s\0' "$@"`, dir}, hostile...)
	var last processRecord
	for _, p := range treeOf(t, nil, append([]string{"sh"}, args...)...) {
		last = p
	}
	if len(last.Execs) != 3 {
		t.Fatalf("the shell executed %+v", last.Execs)
	}
	for _, e := range last.Execs[1:] {
		out, err := exec.Command("sh", "-c", "pwd >&2; "+e.Command).Output()
		if err != nil {
			t.Errorf("%s: %v", e.Command, err)
		}
		if want := strings.Join(hostile, "\x00") + "\x00"; string(out) != want {
			t.Errorf("%s printed %q, want %q", e.Command, out, want)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "pwned")); err == nil {
		t.Error("an argument was executed")
	}
	text := trace(t, trapline(t), []string{"--tree"}, append([]string{"sh"}, args...)...).log
	if strings.Contains(text, "\x1b") || strings.Contains(text, "\xff") || strings.Count(text, "\n") != 3 {
		t.Errorf("the text has control characters or lines of its own:\n%q", text)
	}
}

// Threads are part of their process, also when one of them calls execve.
func TestReportTreeThreads(t *testing.T) {
	tree := treeOf(t, nil, program(t, "threads", "amd64"), t.TempDir())
	if len(tree) == 0 || tree[0].Threads < 2 {
		t.Errorf("%+v", tree)
	}
}

// After ^C the report has what was seen until then.
func TestReportAfterInterrupt(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	cmd := exec.Command(trapline(t), "--report=tree,files", "--json", "-I2", "-o", log, "sh", "-c", "cat /etc/passwd >/dev/null; echo ready; sleep 1000")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	out.Read(make([]byte, 16))
	command := child(t, cmd.Process.Pid)
	var program string
	pid := command
	eventually(t, func() bool { // sh may execute its last command itself, or in a child
		pid = command
		fmt.Sscan(string(must(os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid)))), &pid)
		comm, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
		nr, _, _ := asleep.Call(pid)
		program = string(comm)
		return program == "sleep\n" && slices.Contains(asleep.Sleeping, uintptr(nr))
	})
	cmd.Process.Signal(syscall.SIGINT)
	cmd.Wait()
	syscall.Kill(command, syscall.SIGKILL) // it continues after the trace
	syscall.Kill(pid, syscall.SIGKILL)
	b, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(b), `"path":"/etc/passwd"`) || !strings.Contains(string(b), `"argv":["sleep","1000"]`) {
		t.Errorf("the report after an interrupt:\n%s", b)
	}
}
