package integration

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"trapline/integration/need"
)

// kernelFunction is an element of the member kernel_path.
type kernelFunction struct {
	Function   string
	DurationNS *int64 `json:"duration_ns"`
	Calls      []kernelFunction
}

// kernelCall is a call in a trace with --kernel-path --json.
type kernelCall struct {
	Event, ABI, Name string
	KernelPath       []kernelFunction `json:"kernel_path"`
	Asleep           bool             `json:"kernel_asleep"`
	Note             string           `json:"kernel_note"`
}

// patching is how long an emulated machine may take to start function_graph, which
// changes the code of all functions of the kernel.
const patching = 5 * time.Minute

// kernelCalls traces a command and returns its calls of one name.
func kernelCalls(t *testing.T, name string, flags []string, command ...string) []kernelCall {
	t.Helper()
	r := traceFor(t, patching, trapline(t), append([]string{"--json", "--kernel-path=" + name}, flags...), command...)
	if r.stderr != "" {
		t.Fatalf("trapline said %s", r.stderr)
	}
	var calls []kernelCall
	for line := range strings.Lines(r.log) {
		var c kernelCall
		if err := json.Unmarshal([]byte(line), &c); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if c.Event == "syscall" && c.Name == name {
			calls = append(calls, c)
		}
	}
	return calls
}

// leadsThrough reports whether the named functions form a chain of calls, in this order;
// other functions may lie in between.
func leadsThrough(all []kernelFunction, names ...string) bool {
	if len(names) == 0 {
		return true
	}
	for _, f := range all {
		rest := names
		if f.Function == names[0] {
			rest = names[1:]
		}
		if len(rest) == 0 || leadsThrough(f.Calls, rest...) {
			return true
		}
	}
	return false
}

// each calls do for all functions in a tree.
func each(all []kernelFunction, do func(kernelFunction)) {
	for _, f := range all {
		do(f)
		each(f.Calls, do)
	}
}

// The functions that the kernel runs for utime, entered by syscall and by int $0x80.
func TestKernelPath(t *testing.T) {
	need.All(t, need.FunctionGraph)
	uninterrupted(t)
	p := program(t, "kernelpath", "amd64")
	calls := kernelCalls(t, "utime", []string{"-e", "trace=utime"}, p, "utime")
	want := [][]string{
		{"do_int80_emulation", "__ia32_sys_utime32", "do_utimes"},
		{"entry_SYSCALL_64_after_hwframe", "do_syscall_64", "__x64_sys_utime", "do_utimes"},
	}
	if len(calls) != len(want) {
		t.Fatalf("%d calls of utime, want %d", len(calls), len(want))
	}
	for i, c := range calls {
		if c.Note != "" || !leadsThrough(c.KernelPath, want[i]...) {
			t.Errorf("%s: %+v does not lead through %v: %s", c.ABI, c.KernelPath, want[i], c.Note)
		}
		each(c.KernelPath, func(f kernelFunction) {
			if strings.HasPrefix(f.Function, "ptrace_") {
				t.Errorf("%s: the function %s is ptrace's", c.ABI, f.Function)
			}
			var inside int64
			for _, called := range f.Calls {
				if called.DurationNS != nil {
					inside += *called.DurationNS
				}
			}
			if f.DurationNS != nil && inside > *f.DurationNS {
				t.Errorf("%s: %s took %d ns, what it called %d ns", c.ABI, f.Function, *f.DurationNS, inside)
			}
		})
	}
	// The same calls as text, limited in depth and filtered.
	r := traceFor(t, patching, trapline(t), []string{"-e", "trace=utime", "--kernel-path", "--kernel-depth=3", "--kernel-functions=do_utim*"},
		p, "utime")
	lines := strings.Split(strings.TrimRight(r.log, "\n"), "\n")
	at := slices.Index(lines, " > entry_SYSCALL_64_after_hwframe()")
	if at < 1 || !strings.HasPrefix(lines[at-1], "utime(") || lines[at+1] != " >   do_syscall_64()" {
		t.Fatalf("no kernel path for utime:\n%s", r.log)
	}
	last := lines[len(lines)-2]
	if name, duration, _ := strings.Cut(strings.TrimLeft(last, " >"), " "); name != "do_utimes()" || !strings.HasSuffix(duration, " us") {
		t.Errorf("do_utimes is not the last line:\n%s", r.log)
	}
}

// The functions shown are those of one thread only.
func TestKernelPathOfThread(t *testing.T) {
	need.All(t, need.FunctionGraph)
	uninterrupted(t)
	// A thread that the Go runtime starts when the program ends may exit before trapline
	// sees it. That is not reported.
	flags := []string{"-f", "--seccomp-bpf", "-e", "trace=clock_nanosleep", "--quiet=attach,exit"}
	calls := kernelCalls(t, "clock_nanosleep", flags, program(t, "kernelpath", "amd64"))
	if len(calls) == 0 {
		t.Fatal("no call")
	}
	for _, c := range calls {
		if !leadsThrough(c.KernelPath, "__x64_sys_clock_nanosleep", "hrtimer_nanosleep") {
			t.Errorf("%+v does not lead to hrtimer_nanosleep: %s", c.KernelPath, c.Note)
		}
		each(c.KernelPath, func(f kernelFunction) {
			if strings.Contains(f.Function, "utime") {
				t.Errorf("%s is of another thread", f.Function)
			}
		})
	}
}

// tracefsState is the state of tracefs that trapline may change.
func tracefsState(t *testing.T) []string {
	t.Helper()
	const dir = "/sys/kernel/tracing/"
	var state []string
	for _, pattern := range []string{"current_tracer", "tracing_on", "set_ftrace_pid", "set_ftrace_filter", "set_graph_function",
		"max_graph_depth", "buffer_size_kb", "trace", "trace_options", "events/enable", "instances/*"} {
		paths, _ := filepath.Glob(dir + pattern)
		for _, path := range paths {
			text, err := os.ReadFile(path)
			if err != nil && !strings.Contains(pattern, "*") {
				t.Fatal(err)
			}
			first, _, _ := strings.Cut(string(text), " (expanded") // omitted once the buffer is expanded
			state = append(state, path+": "+strings.TrimSpace(first))
		}
	}
	return state
}

// However trapline ends, tracefs has the same state as before.
func TestKernelPathLeavesNothing(t *testing.T) {
	need.All(t, need.FunctionGraph, need.Time)
	before := tracefsState(t)
	check := func(how string) {
		t.Helper()
		var now []string
		for limit := time.Now().Add(patching); time.Now().Before(limit); time.Sleep(50 * time.Millisecond) {
			if now = tracefsState(t); slices.Equal(now, before) {
				return
			}
		}
		t.Fatalf("%s: tracefs was\n%s\nand is\n%s", how, strings.Join(before, "\n"), strings.Join(now, "\n"))
	}
	start := time.Now()
	traceFor(t, patching, trapline(t), []string{"--kernel-path=getppid"}, "sh", "-c", "echo $PPID")
	whole := time.Since(start)
	check("after its end")
	for range 2 { // function_graph takes most of a minute to start in an emulated machine
		delay := time.Duration(rand.Int64N(int64(whole)))
		cmd := exec.Command(trapline(t), "-f", "-o", os.DevNull, "--kernel-path=getppid", "sh", "-c", "echo $PPID")
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(delay)
		cmd.Process.Kill()
		cmd.Wait()
		unix.Kill(-cmd.Process.Pid, unix.SIGKILL)
		check(fmt.Sprintf("killed after %v", delay))
	}
}

// Without the necessary rights, one line says which are missing, and the trace continues.
func TestKernelPathRefused(t *testing.T) {
	need.All(t, need.Root)
	dir := t.TempDir()
	for d := dir; strings.HasPrefix(d, os.TempDir()+"/"); d = filepath.Dir(d) {
		os.Chmod(d, 0o755)
	}
	here := filepath.Join(dir, "trapline")
	copyProgram(t, trapline(t), here)
	cmd := exec.Command(here, "-e", "trace=none", "--kernel-path", "true")
	const nobody = 65534
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	out, err := cmd.CombinedOutput()
	first, rest, _ := strings.Cut(string(out), "\n")
	if err != nil || !strings.HasSuffix(first, ", and only a process with CAP_SYS_ADMIN may read /proc/PID/stack") ||
		!strings.Contains(first, "trapline: --kernel-path has no effect: ") || rest != "+++ exited with 0 +++\n" {
		t.Errorf("%v: %s", err, out)
	}
}

// Without function_graph, the stack at which a call sleeps is shown.
func TestKernelPathAsleep(t *testing.T) {
	need.All(t, need.Root, need.KernelStacks, need.MountNamespaces)
	longer(t, func(seconds string) error {
		script := "mount -t tmpfs none /sys/kernel && exec \"$0\" \"$@\""
		cmd := exec.Command("sh", "-c", script, trapline(t), "-f", "-e", "trace=clock_nanosleep,nanosleep,getuid", "-qq", "--kernel-path",
			"sleep", seconds)
		cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: unix.CLONE_NEWNS}
		text, err := cmd.CombinedOutput()
		first, log, _ := strings.Cut(string(text), "\n")
		if err != nil || !strings.Contains(first, "trapline: --kernel-path shows only where calls sleep: ") {
			t.Fatalf("%v: %s", err, text)
		}
		lines := strings.Split(strings.TrimRight(log, "\n"), "\n")
		if len(lines) == 1 {
			return fmt.Errorf("the call was not seen asleep: %s", log)
		}
		if len(lines) < 4 || !strings.Contains(lines[0], "nanosleep(") || !strings.HasPrefix(lines[1], " > entry_SYSCALL_64_after_hwframe()") ||
			lines[2] != " >   do_syscall_64()" || !strings.HasSuffix(lines[len(lines)-1], "nanosleep() asleep") || strings.Contains(log, "ptrace") {
			t.Error(log)
		}
		return nil
	})
}
