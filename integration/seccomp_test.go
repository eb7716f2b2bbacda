package integration

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"trapline/integration/need"
	"trapline/integration/programs"
)

// sandbox is the path of testdata/seccomp/sandbox.c, built for an ABI (-m64, -m32).
func sandbox(t *testing.T, abi string) string {
	t.Helper()
	if abi == "-m32" {
		need.All(t, need.I386)
	}
	if programs.Prebuilt() == "" {
		need.All(t, map[string]*need.Feature{"-m64": need.GCC64, "-m32": need.GCC32}[abi])
	}
	return path(t, programs.Sandbox(abi))
}

// outcome is the result of a program: its output, and how it ended.
type outcome struct {
	stdout string
	end    string
}

// outcomeOf runs a command, as a user other than root if uid is not 0.
func outcomeOf(t *testing.T, uid uint32, argv ...string) outcome {
	t.Helper()
	o, _ := outcomeAndErrors(t, uid, argv...)
	return o
}

// outcomeAndErrors is outcomeOf with what is on standard error.
func outcomeAndErrors(t *testing.T, uid uint32, argv ...string) (o outcome, messages string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	if uid != 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
	}
	cmd.Dir = "/"
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if ctx.Err() != nil {
		t.Fatalf("%q has not ended after a minute", argv)
	}
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	end, _ := strings.CutSuffix(cmd.ProcessState.String(), " (core dumped)")
	return outcome{stdout.String(), end}, stderr.String()
}

// A program that has its own seccomp filters, or runs under one, behaves the
// same untraced and traced, whether or not the call in question is traced, and
// the trace is the same as that of strace, which stops at every call. The same
// holds with trapline's filter.
func TestSeccompOfProgram(t *testing.T) {
	for _, abi := range []string{"-m64", "-m32"} {
		t.Run(abi, func(t *testing.T) { testSeccompOfProgram(t, sandbox(t, abi)) })
	}
}

func testSeccompOfProgram(t *testing.T, p string) {
	for _, command := range [][]string{
		{"errno"}, {"kill"}, {"trap"}, {"trace"}, {"forge", "0x1234"}, {"notify"}, {"inherit"}, {"threads"}, {"untraced"},
		{"outer", p, "ask"}, {"outer", p, "trace"}, {"strict"}, {"see"},
	} {
		t.Run(strings.ReplaceAll(strings.Join(command, " "), p, "sandbox"), func(t *testing.T) {
			command := append([]string{p}, command...)
			untraced := outcomeOf(t, 0, command...)
			for _, flags := range [][]string{
				{"-e", "trace=getppid"},
				{"-e", "trace=chdir"},
				{"-e", "trace=getppid,prctl,seccomp,clone,clone3", "--colocate=always"},
				{"--seccomp-bpf", "-e", "trace=getppid"},
				{"--seccomp-bpf", "-e", "trace=chdir"},
				{"--seccomp-bpf", "-e", "trace=getppid,prctl,seccomp,clone,clone3", "--colocate=always"},
				{"--seccomp-bpf", "-e", "trace=getppid", "-D"},
			} {
				if (flags[0] == "--seccomp-bpf" || buffering) && (command[1] == "strict" || command[1] == "see") {
					continue // documented effect of the options
				}
				log := filepath.Join(t.TempDir(), "log")
				traced := outcomeOf(t, 0, slices.Concat([]string{trapline(t), "-f", "-o", log}, flags, command)...)
				if traced != untraced {
					t.Errorf("%q: %+v, untraced %+v", flags, traced, untraced)
				}
			}
		})
	}
}

func TestSeccompTraceAlike(t *testing.T) {
	need.All(t, need.Strace)
	p := sandbox(t, "-m64")
	for _, command := range []string{"errno", "kill", "trap", "trace", "notify", "inherit", "threads", "untraced", "strict"} {
		t.Run(command, func(t *testing.T) {
			flags := []string{"-f", "-e", "trace=getppid,chdir", "-e", "signal=SIGSYS"}
			strace := processes(trace(t, need.StracePath(), flags, p, command).log)
			for _, flags := range [][]string{flags, append(flags, "--seccomp-bpf")} {
				if command == "strict" && (buffering || slices.Contains(flags, "--seccomp-bpf")) {
					continue // it cannot be entered
				}
				if diff := difference(strace, processes(trace(t, trapline(t), flags, p, command).log)); diff != "" {
					t.Errorf("%q:\n%s", flags, diff)
				}
			}
		})
	}
}

// Processes, threads and programs that come and go, and install filters on the
// way, behave the same untraced, traced and with the filter of --seccomp-bpf,
// and the traces are the same.
func TestSeccompRandomWalks(t *testing.T) {
	p := sandbox(t, "-m64")
	for seed := range 20 {
		command := []string{p, "random", strconv.Itoa(seed)}
		untraced := outcomeOf(t, 0, command...)
		var want []string
		for _, flags := range [][]string{nil, {"--seccomp-bpf"}, {"--seccomp-bpf", "--colocate=always"}} {
			flags = append(flags, "-f", "--quiet=superseded", "-e", "signal=none", "-e", "trace=getppid,getuid,umask,getpgid")
			tr := trace(t, trapline(t), flags, command...)
			if tr.stdout != untraced.stdout || tr.status != 0 {
				t.Errorf("%d, %q: ends with %d and %q, untraced %q", seed, flags, tr.status, tr.stdout, untraced.stdout)
			}
			got := processes(tr.log)
			if want == nil {
				want = got
			} else if diff := difference(want, got); diff != "" {
				t.Errorf("%d, %q (strace is trapline without the filter):\n%s", seed, flags, diff)
			}
		}
	}
}

// The filter of --seccomp-bpf omits nothing from a trace.
func TestSeccompFilterAlike(t *testing.T) {
	garbage := filepath.Join(t.TempDir(), "garbage")
	if err := os.WriteFile(garbage, []byte("garbage"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, command := range [][]string{
		{"sh", "-c", "ls / | wc -l; (exec cat /dev/null); /bin/false || exit 3"},
		{garbage},
	} {
		for _, set := range []string{"openat", "%file", "execve,exit_group,clone,clone3,fork,vfork", "prctl,seccomp", "none"} {
			flags := []string{"-f", "-e", "signal=none", "-e", "trace=" + set}
			without := trace(t, trapline(t), flags, command...)
			with := trace(t, trapline(t), append(flags, "--seccomp-bpf"), command...)
			if with.status != without.status || with.stdout != without.stdout {
				t.Errorf("%q, %s: %+v, without the filter %+v", command, set, with, without)
			}
			if diff := difference(processes(unrestarted(without.log)), processes(unrestarted(with.log))); diff != "" {
				t.Errorf("%q, %s (strace is trapline without the filter):\n%s", command, set, diff)
			}
		}
	}
}

// unrestarted is a log without the calls that were restarted, such as a fork
// that a SIGCHLD interrupted: timing decides which are.
func unrestarted(log string) string {
	var b strings.Builder
	for line := range strings.Lines(log) {
		if !strings.HasSuffix(line, "= ? ERESTARTNOINTR (To be restarted)\n") {
			b.WriteString(line)
		}
	}
	return b.String()
}

// If a filter is in force before trapline starts, trapline installs none.
func TestSeccompAroundTrapline(t *testing.T) {
	p := sandbox(t, "-m64")
	log := filepath.Join(t.TempDir(), "log")
	traced, messages := outcomeAndErrors(t, 0, p, "outer", trapline(t), "-f", "--seccomp-bpf", "-e", "trace=getppid", "-o", log, p, "ask")
	if untraced := outcomeOf(t, 0, p, "outer", p, "ask"); traced != untraced {
		t.Errorf("%+v, untraced %+v", traced, untraced)
	}
	if !strings.Contains(messages, "--seccomp-bpf is not enabled because a seccomp filter is in force") {
		t.Errorf("standard error: %q", messages)
	}
	written, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	if got := string(written); !strings.Contains(got, "getppid()                         = -1 EXDEV") {
		t.Errorf("log:\n%s", got)
	}
}

// An injected result replaces the action of the program's filter.
func TestSeccompInjection(t *testing.T) {
	p := sandbox(t, "-m64")
	for _, command := range []string{"errno", "kill", "trap", "trace", "notify"} {
		for _, flags := range [][]string{nil, {"--seccomp-bpf"}} {
			flags = append(flags, "-f", "-e", "trace=getppid", "-e", "inject=getppid:error=ENOTTY")
			tr := trace(t, trapline(t), flags, p, command)
			if want := command + ": 25\n"; !strings.Contains(tr.log, " = -1 ENOTTY (Inappropriate ioctl for device) (INJECTED)\n") || tr.stdout != want {
				t.Errorf("%s, %q: output %q, want %q, and log\n%s", command, flags, tr.stdout, want, tr.log)
			}
		}
	}
}

// openToAll returns a new folder that every user may use; programs that the
// tests build can be run there.
func openToAll(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "trapline-user")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	for _, d := range []string{dir, buildDir} {
		if err := os.Chmod(d, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// setUserID returns a copy of the sandbox that runs with its owner's rights.
func setUserID(t *testing.T, dir string) string {
	t.Helper()
	code, err := os.ReadFile(sandbox(t, "-m64"))
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, "set-user-id")
	if err := os.WriteFile(name, code, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(name, os.ModeSetuid|0o755); err != nil {
		t.Fatal(err)
	}
	return name
}

// filterLines are the documented effects of trapline's filter.
var filterLines = regexp.MustCompile(`(?m)^(PR_GET_SECCOMP|Seccomp).*\n`)

// With -u the command and its descendants have the same rights as untraced,
// even if trapline installs a filter.
func TestSeccompRightsOfUser(t *testing.T) {
	need.All(t, need.Root)
	dir := openToAll(t)
	script := sandbox(t, "-m64") + " see; " + setUserID(t, dir) + " see"
	untraced := outcomeOf(t, nobody, "sh", "-c", script)
	for _, flags := range [][]string{nil, {"--seccomp-bpf"}} {
		flags = append(flags, "-f", "-u", "65534:65534", "-e", "trace=openat", "-o", filepath.Join(dir, "log"))
		traced := outcomeOf(t, 0, slices.Concat([]string{trapline(t)}, flags, []string{"sh", "-c", script})...)
		want := untraced
		if flags[0] == "--seccomp-bpf" || buffering {
			want.stdout = filterLines.ReplaceAllString(want.stdout, "")
			traced.stdout = filterLines.ReplaceAllString(traced.stdout, "")
		}
		if traced != want {
			t.Errorf("%q: %+v, untraced %+v", flags, traced, want)
		}
	}
}

// An ordinary user's command keeps its rights. A set-user-ID program loses its
// rights under any tracer: execve(2).
func TestSeccompRightsOfOrdinaryUser(t *testing.T) {
	need.All(t, need.Root, need.Strace, need.Unbuffered) // a filter takes rights
	dir := openToAll(t)
	log := filepath.Join(dir, "log")
	flags := []string{"-f", "-e", "trace=openat", "-o", log}
	see := []string{sandbox(t, "-m64"), "see"}
	untraced := outcomeOf(t, nobody, see...)
	if traced := outcomeOf(t, nobody, slices.Concat([]string{trapline(t)}, flags, see)...); traced != untraced {
		t.Errorf("%+v, untraced %+v", traced, untraced)
	}
	setUserID := []string{setUserID(t, dir), "see"}
	strace := outcomeOf(t, nobody, slices.Concat([]string{need.StracePath()}, flags, setUserID)...)
	if traced := outcomeOf(t, nobody, slices.Concat([]string{trapline(t)}, flags, setUserID)...); traced != strace {
		t.Errorf("set-user-ID program: %+v, with strace %+v", traced, strace)
	}
}

// When trapline is killed, the program continues undisturbed, unless it has
// trapline's filter: then it is also killed.
func TestSeccompTracerKilled(t *testing.T) {
	need.All(t, need.Live, need.Unbuffered) // it kills the tracer
	p := sandbox(t, "-m64")
	for _, tt := range []struct{ flag, want string }{
		{"--no-seccomp-bpf", "later: 0\n"},
		{"--colocate=always", "later: 0\n"},
		{"--seccomp-bpf", ""},
	} {
		cmd := exec.Command(trapline(t), "-f", tt.flag, "-e", "trace=getppid", "-o", filepath.Join(t.TempDir(), "log"), p, "later")
		input, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		output, write, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		defer output.Close()
		cmd.Stdout = write
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		write.Close()
		ready := make([]byte, len("ready\n"))
		if _, err := io.ReadFull(output, ready); err != nil {
			t.Fatal(err)
		}
		cmd.Process.Kill()
		cmd.Process.Wait()
		input.Close()
		rest, err := io.ReadAll(output)
		if err != nil {
			t.Fatal(err)
		}
		if string(rest) != tt.want {
			t.Errorf("%s: %q, want %q", tt.flag, rest, tt.want)
		}
	}
}
