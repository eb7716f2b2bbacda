package integration

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"trapline/integration/need"
)

// alike runs a command under strace and under trapline with the same options, and
// compares the lines. The tracer controls neither the order in which processes run nor
// when a signal arrives, so one tracer's lines of a process may match those of the other
// tracer in an earlier run.
func alike(t *testing.T, flags []string, command ...string) {
	t.Helper()
	need.All(t, need.Strace)
	age := agingOf(straceVersion(t))
	flags = append([]string{"-f"}, flags...)
	run := func(tracer string) ([]string, traced) {
		tr := trace(t, tracer, flags, command...)
		// Threads of the Go runtime come and go at random, without relevant
		// calls.
		ps := slices.DeleteFunc(processes(tr.log), func(p string) bool { return p == "+++ exited with 0 +++\n" })
		for i := range ps {
			ps[i] = age(ps[i])
		}
		return ps, tr
	}
	const attempts = 5
	var diff string
	byStrace, byTrapline := map[string]bool{}, map[string]bool{}
	for range attempts {
		strace, s := run(need.StracePath())
		trapline, l := run(trapline(t))
		if s.status != l.status {
			t.Fatalf("strace exits with %d, trapline with %d", s.status, l.status)
		}
		if len(trapline) != len(strace) { // Go's runtime may have started an additional thread
			diff = fmt.Sprintf("%d processes under strace, %d under trapline; standard error:\n%s", len(strace), len(trapline), l.stderr)
			continue
		}
		note(byStrace, strace)
		note(byTrapline, trapline)
		if diff = difference(unseen(strace, byTrapline), unseen(trapline, byStrace)); diff == "" {
			return
		}
	}
	t.Errorf("the traces differ in each of %d runs; in the last one:\n%s", attempts, diff)
}

func note(seen map[string]bool, processes []string) {
	for _, p := range processes {
		seen[p] = true
	}
}

// unseen returns the processes whose lines the other tracer has not shown in this form in
// any run.
func unseen(processes []string, seen map[string]bool) []string {
	return slices.DeleteFunc(slices.Clone(processes), func(p string) bool { return seen[p] })
}

func TestAlike(t *testing.T) {
	for _, tt := range []struct {
		name    string
		flags   []string
		command []string
	}{
		{"true", nil, []string{"true"}},
		{"true verbosely", []string{"-v"}, []string{"true"}},
		{"ls", nil, []string{"ls", "-l", "/"}},
		{"cat", nil, []string{"cat", "/etc/passwd"}},
		{"failure", nil, []string{"cat", "/nonexistent"}},
		{"pipes", nil, []string{"sh", "-c", "ls / | cat | wc -l"}},
		{"background job", nil, []string{"sh", "-c", "sleep 0.2 & wait; exit 3"}},
		{"killed by a signal", nil, []string{"sh", "-c", "kill -SEGV $$"}},
		{"killed by a signal, quietly", []string{"-qqq"}, []string{"sh", "-c", "kill -SEGV $$"}},
		{"find", nil, []string{"find", "/etc"}},
		{"constants raw", []string{"-X", "raw"}, []string{"cat", "/etc/passwd"}},
		{"constants verbose", []string{"-X", "verbose"}, []string{"cat", "/etc/passwd"}},
		{"hexadecimal strings", []string{"-xx"}, []string{"cat", "/etc/hostname"}},
		{"paths of descriptors", []string{"-y"}, []string{"cat", "/etc/passwd"}},
		{"all of descriptors", []string{"-yy"}, []string{"cat", "/dev/null"}},
		{"long strings", []string{"-s", "1000"}, []string{"cat", "/etc/passwd"}},
		{"only files", []string{"-e", "trace=%file"}, []string{"ls", "-l", "/"}},
		{"only failures", []string{"-Z"}, []string{"ls", "-l", "/"}},
		{"raw arguments", []string{"-e", "raw=all"}, []string{"true"}},
	} {
		t.Run(tt.name, func(t *testing.T) { alike(t, tt.flags, tt.command...) })
	}
	t.Run("stops and continues", func(t *testing.T) {
		need.All(t, need.Bash)
		// With job control the shell continues when its command has stopped.
		flags := []string{"-e", "trace=execve,exit_group", "-e", "signal=STOP,CONT"}
		alike(t, flags, "bash", "-c", `set -m; sh -c 'kill -STOP $$; exit 3'; kill -CONT %1; wait %1`)
	})
}

func TestAlikePython(t *testing.T) {
	need.All(t, need.Python3)
	// python3 may be a script that looks for the interpreter.
	python, err := exec.Command("python3", "-c", "import sys; print(sys.executable)").Output()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("PYTHONHASHSEED", "0")
	alike(t, nil, strings.TrimSpace(string(python)), "-c", "import json, subprocess; print(json.dumps({'a': [1, 2]}))")
}

func TestAlikeGit(t *testing.T) {
	need.All(t, need.Git)
	alike(t, nil, "git", "--version")
}

func TestAlikeGCC(t *testing.T) {
	need.All(t, need.GCC)
	dir := t.TempDir()
	source := filepath.Join(dir, "hello.c")
	if err := os.WriteFile(source, []byte("#include <stdio.h>\nint main(void) { puts(\"hello\"); return 0; }\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	alike(t, nil, "gcc", "-o", filepath.Join(dir, "hello"), source)
}

// The calls of the Go runtime are not predictable: only calls that it does not
// make are compared.
func TestAlikeThreads(t *testing.T) {
	uninterrupted(t)
	alike(t, []string{"-e", "trace=mkdirat,faccessat,unlinkat,renameat", "-e", "signal=none"}, program(t, "threads", "amd64"), t.TempDir())
}

func TestAlikeSockets(t *testing.T) {
	uninterrupted(t)
	sockets := program(t, "sockets", "amd64")
	for _, flags := range [][]string{nil, {"-v"}, {"-X", "verbose"}, {"-y"}} {
		dir, err := os.MkdirTemp("", "sockets")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		script := "rm -f " + dir + "/socket; exec " + sockets + " " + dir
		alike(t, append(flags, "-e", "trace=%network", "-e", "signal=none"), "sh", "-c", script)
	}
}

func TestAlike32Bit(t *testing.T) {
	need.All(t, need.I386)
	uninterrupted(t)
	sockets := program(t, "sockets", "386")
	dir := t.TempDir()
	script := "rm -f " + dir + "/socket; exec " + sockets + " " + dir
	alike(t, []string{"-e", "trace=%network", "-e", "signal=none"}, "sh", "-c", script)
	alike(t, []string{"-e", "trace=mkdirat,faccessat,unlinkat,renameat", "-e", "signal=none"}, program(t, "threads", "386"), dir)
}
