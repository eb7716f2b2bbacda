package integration

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"trapline/integration/need"
)

// injected runs a shell script under trapline -f with some injections, and
// returns the trace of the calls named.
func injected(t *testing.T, calls string, injections []string, script string, args ...string) traced {
	t.Helper()
	flags := []string{"-f", "-e", "signal=none", "-e", "trace=" + calls}
	for _, in := range injections {
		flags = append(flags, "--inject="+in)
	}
	return trace(t, trapline(t), flags, append([]string{"sh", "-c", script}, args...)...)
}

// The first rule that fits a call changes it.
func TestInjectionRules(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a1", "a2", "b"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	const script = `cd "$0"; cat a1; cat ./a2; cat b; cat < b`
	for _, tt := range []struct {
		name       string
		injections []string
		stdout     string
		stderr     []string
	}{
		{"by path", []string{"openat:error=EACCES:path=" + dir + "/a*"}, "bb", []string{"a1: Permission denied", "a2: Permission denied"}},
		{"the first that fits", []string{"openat:error=EACCES:path=" + dir + "/a1", "openat:error=EIO:path=" + dir + "/a*"}, "bb",
			[]string{"a1: Permission denied", "a2: Input/output error"}},
		{"when, each process by itself", []string{"openat:error=EIO:path=" + dir + "/:when=2"}, "a1a2bb", []string{"has not changed any call"}},
		{"when, over all", []string{"openat:error=EIO:path=" + dir + "/:when=2:global"}, "a1bb", []string{"a2: Input/output error"}},
		{"by descriptor", []string{"read:error=EIO:fd=0"}, "a1a2b", []string{"Input/output error"}},
		{"the rest falls to the next rule", []string{"openat:error=EACCES:path=" + dir + "/:when=2+:global", "openat:error=EIO:path=" + dir + "/"}, "",
			[]string{"a1: Input/output error", "a2: Permission denied", "b: Permission denied", "cannot open b"}},
		{"a later one of strace's words for other calls", []string{"openat:error=EACCES:when=4+", "%file,openat:error=EIO:when=99"}, "a1a2bb",
			[]string{"openat:error=EACCES:when=4+ has not changed any call", "%file,openat:error=EIO:when=99 has not changed any call"}},
		{"always", []string{"openat:error=EIO:path=" + dir + "/a1:p=1:seed=1"}, "a2bb", []string{"a1: Input/output error"}},
	} {
		got := injected(t, "openat,read", tt.injections, script, dir)
		if got.stdout != tt.stdout {
			t.Errorf("%s: output %q, want %q; standard error:\n%s", tt.name, got.stdout, tt.stdout, got.stderr)
		}
		for _, part := range tt.stderr {
			if !strings.Contains(got.stderr, part) {
				t.Errorf("%s: no %q in\n%s", tt.name, part, got.stderr)
			}
		}
		if len(tt.stderr) != strings.Count(got.stderr, "\n") {
			t.Errorf("%s: standard error:\n%s", tt.name, got.stderr)
		}
	}
	// Records say which rule it was.
	json := trace(t, trapline(t), []string{"--json", "-e", "trace=openat", "--inject=openat:error=EIO:path=/nonsense", "--inject=openat:signal=WINCH:path=" + dir + "/b"}, "cat", dir+"/b")
	for line := range strings.Lines(json.log) {
		if !strings.Contains(line, `"event":"syscall"`) {
			continue
		}
		if rule := ruleOf(t, line); strings.Contains(line, dir+"/b") != (rule == 2) {
			t.Errorf("rule %d: %s", rule, line)
		}
	}
}

func ruleOf(t *testing.T, line string) int {
	var r struct{ Rule int }
	if err := json.Unmarshal([]byte(line), &r); err != nil {
		t.Fatal(err)
	}
	return r.Rule
}

// The kernel gets other arguments; the program finds its registers as they were.
func TestInjectedArguments(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("abcd"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, arg := range []string{"count=1", "arg3=1"} {
		flags := []string{"-e", "trace=read", "--regs=diff", "--inject=read:" + arg + ":path=" + file}
		got := trace(t, trapline(t), flags, "dd", "if="+file, "bs=8", "status=none")
		if got.stdout != "abcd" || got.status != 0 {
			t.Errorf("%s: %q, status %d:\n%s", arg, got.stdout, got.status, got.stderr)
		}
		reads := regexp.MustCompile(`(?m)^read\(0, "(.)", 1\) += 1 \(INJECTED: args\).*$`).FindAllStringSubmatch(got.log, -1)
		all := ""
		for _, m := range reads {
			all += m[1]
			if strings.Contains(m[0], "rdx") {
				t.Errorf("%s: the register is not restored: %s", arg, m[0])
			}
		}
		if all != "abcd" {
			t.Errorf("%s: short reads of %q in\n%s", arg, all, got.log)
		}
	}
	got := injected(t, "chdir", []string{"chdir:arg1=0"}, "cd / || echo failed")
	if !strings.Contains(got.log, "chdir(NULL)") || !strings.Contains(got.log, "EFAULT") || !strings.Contains(got.stdout, "failed") {
		t.Errorf("%q:\n%s", got.stdout, got.log)
	}
}

func TestInjectedArguments32Bit(t *testing.T) {
	need.All(t, need.I386)
	uninterrupted(t)
	got := trace(t, trapline(t), []string{"-f", "-e", "trace=write", "--regs=diff", "--inject=write:count=1:when=1"}, program(t, "hello", "386"))
	first, _, _ := strings.Cut(got.log, "\n")
	if !regexp.MustCompile(`write\(\d, ".", 1\) += 1 \(INJECTED: args\)`).MatchString(first) || strings.Contains(first, "rdx") || strings.Contains(first, "edx") {
		t.Errorf("%s", got.log)
	}
}

// A process that is detached in a call with another argument makes the call with
// its own.
func TestInjectedArgumentsAfterDetach(t *testing.T) {
	cmd := exec.Command("sh", "-c", "read line; exec dd bs=8 count=1 status=none")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	cmd.Stdout = &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Process.Kill()
	var stderr lockedBuilder
	tracer := exec.Command(trapline(t), "-e", "trace=read", "--inject=read:count=1:fd=0:when=2+", "-p", fmt.Sprint(cmd.Process.Pid))
	tracer.Stderr = &stderr
	if err := tracer.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() bool { return strings.Contains(stderr.String(), "attached") })
	io.WriteString(in, "x\n")
	waits := fmt.Sprintf("/proc/%d/syscall", cmd.Process.Pid)
	eventually(t, func() bool { // read(0, ..., 1) of dd
		comm, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", cmd.Process.Pid))
		call, _ := os.ReadFile(waits)
		fields := strings.Fields(string(call))
		return string(comm) == "dd\n" && len(fields) > 3 && fields[0] == "0" && fields[1] == "0x0" && fields[3] == "0x1"
	})
	tracer.Process.Signal(syscall.SIGINT)
	tracer.Wait()
	io.WriteString(in, "abcdefgh")
	in.Close()
	cmd.Wait()
	if out.String() != "abcdefgh" {
		t.Errorf("%q; %s", out.String(), stderr.String())
	}
}

// A seed repeats a run, and is printed if it was not given.
func TestInjectionSeed(t *testing.T) {
	const script = `i=0; while [ $i -lt 40 ]; do cd / 2>/dev/null && printf y || printf n; i=$((i+1)); done`
	first := injected(t, "chdir", []string{"chdir:error=EIO:p=0.5"}, script)
	m := regexp.MustCompile(`-e inject=chdir:error=EIO:p=0\.5: seed=(\d+)\n`).FindStringSubmatch(first.stderr)
	if m == nil {
		t.Fatalf("no seed in %q", first.stderr)
	}
	if !strings.Contains(first.stdout, "y") || !strings.Contains(first.stdout, "n") {
		t.Errorf("%q", first.stdout)
	}
	again := injected(t, "chdir", []string{"chdir:error=EIO:p=0.5:seed=" + m[1]}, script)
	if again.stdout != first.stdout || again.stderr != "" {
		t.Errorf("%q, but %q at first; standard error %q", again.stdout, first.stdout, again.stderr)
	}
}
