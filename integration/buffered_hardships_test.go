package integration

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"trapline/integration/need"
	"trapline/integration/programs"
)

// Programs that do what is difficult once their calls are patched behave as they do
// untraced.
func TestBufferedHardships(t *testing.T) {
	need.All(t, need.GCC64, need.GXX)
	program := path(t, programs.Hardships)
	for what, command := range map[string][]string{
		"exception":  nil, // thrown by a signal handler out of a blocked read
		"backtrace":  nil, // in such a handler
		"cancel":     nil, // a thread that is in a read
		"unmap":      nil, // patched code is unmapped, moved, replaced, made writable
		"remap":      nil, // trampolines are unmapped and replaced
		"tsc":        nil, // PR_SET_TSC
		"dispatch":   nil, // PR_SET_SYSCALL_USER_DISPATCH
		"dispatched": nil, // the same before it is patched
		"step":       nil, // the program single-steps itself
		"filter":     nil, // the program's own filter kills it for a call that the tracer makes in its name
		"tsync":      nil, // a filter for all threads kills them for a call of the stub
		"limits":     nil, // no memory, no descriptors, files that cannot grow
		"faults":     nil, // bad pointers with SIGSEGV blocked
		"unused":     nil, // bad pointers in calls that succeed, with SIGSEGV blocked or ignored
		"threads":    nil, // threads that come and go
		"vfork":      nil,
		"vforks":     nil, // children of several threads make calls
		"frames":     nil, // a handler changes what rt_sigreturn restores
		"served":     nil, // memory that userfaultfd handles, and no process serves
		"protect":    nil, // the stub can no longer be executed
		"page":       nil, // its own code is where the stub was
		"fixed":      nil, // its own memory is where the index and areas were
		"nothing":    {"sh", "-c", "ulimit -v 12000; exec " + program + " nothing"},
	} {
		t.Run(what, func(t *testing.T) {
			if command == nil {
				command = []string{program, what}
			}
			want := outcomeOf(t, 0, command...)
			flags := []string{trapline(t), "-f", "-q", "-d", "-o", "/dev/null", "--buffered=always"}
			got, messages := outcomeAndErrors(t, 0, append(flags, command...)...)
			if got != want {
				t.Errorf("untraced:\n%s%s\nbuffered:\n%s%s", want.stdout, want.end, got.stdout, got.end)
			}
			if passed, _ := bufferedCalls(t, messages); passed < 100 && what != "nothing" && what != "dispatched" {
				t.Errorf("only %d calls did not stop", passed)
			}
		})
	}
}

// A program whose memory is limited can map as much as if it was not traced.
func TestBufferedMemoryLimit(t *testing.T) {
	need.All(t, need.GCC64, need.GXX)
	program := path(t, programs.Hardships)
	for _, limit := range []string{"-v 24000", "-d 8000"} {
		command := []string{"sh", "-c", "ulimit " + limit + "; exec " + program + " room"}
		want := outcomeOf(t, 0, command...)
		got, _ := outcomeAndErrors(t, 0, append([]string{trapline(t), "-f", "-q", "-d", "-o", "/dev/null", "--buffered=always"}, command...)...)
		if got != want {
			t.Errorf("ulimit %s: untraced:\n%s%s\nbuffered:\n%s%s", limit, want.stdout, want.end, got.stdout, got.end)
		}
	}
}

// Each call of a program with a filter of its own appears once in the trace, whichever
// thread makes it.
func TestBufferedOwnFilter(t *testing.T) {
	need.All(t, need.GCC64, need.GXX)
	r := trace(t, trapline(t), []string{"-f", "-d", "--buffered=always"}, path(t, programs.Hardships), "own")
	if r.stdout != "0\n0 errors\n" || r.status != 0 {
		t.Errorf("status %d, output:\n%s", r.status, r.stdout)
	}
	if passed, _ := bufferedCalls(t, r.stderr); passed < 500 {
		t.Errorf("only %d calls did not stop", passed)
	}
	if n := strings.Count(r.log, "getpgid("); n != 140 {
		t.Errorf("140 calls of getpgid, %d in the trace", n)
	}
}

// Children made by vfork share their parent's memory. Each of their calls appears once in
// the trace, under the child's id.
func TestBufferedVforks(t *testing.T) {
	need.All(t, need.GCC64, need.GXX)
	const children, each = 60, 5
	r := trace(t, trapline(t), []string{"-f", "-d", "--buffered=always"}, path(t, programs.Hardships), "vforks")
	if r.status != 0 {
		t.Errorf("status %d, output:\n%s", r.status, r.stdout)
	}
	calls := map[string]int{}
	for line := range strings.Lines(r.log) {
		if fields := strings.Fields(line); strings.HasPrefix(fields[1], "getpgid(") {
			calls[fields[0]]++
		}
	}
	if len(calls) != children {
		t.Errorf("%d processes call getpgid, not %d", len(calls), children)
	}
	for pid, n := range calls {
		if n != each {
			t.Errorf("process %s calls getpgid %d times, not %d", pid, n, each)
		}
	}
	// If each call of the children stopped, there would be more than 1,300 stops.
	if _, stopped := bufferedCalls(t, r.stderr); stopped > 1200 {
		t.Errorf("%d calls stopped", stopped)
	}
}

// The result of rt_sigreturn is the one of the frame that it restores, if the kernel can
// restore it, whether rt_sigreturn stops or not.
func TestBufferedFrames(t *testing.T) {
	need.All(t, need.GCC64, need.GXX)
	returns := func(mode string) (lines []string) {
		r := trace(t, trapline(t), []string{"-f", "-d", "--buffered=" + mode}, path(t, programs.Hardships), "frames")
		for line := range strings.Lines(r.log) {
			if _, call, _ := strings.Cut(line, " "); strings.Contains(call, "rt_sigreturn") {
				lines = append(lines, strings.TrimSpace(call))
			}
		}
		return lines
	}
	want, got := returns("never"), returns("always")
	if len(want) != 35 || strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("%q, want %q", got, want)
	}
}

// Each call that maps memory, and each return from a handler, of several threads is in the
// trace once, with the result that it has without buffered calls.
func TestBufferedMappingThreads(t *testing.T) {
	need.All(t, need.GCC64, need.GXX)
	ends := regexp.MustCompile(`\b(mmap|munmap|rt_sigreturn)(\(| resumed>).* = (-?[0-9a-fx]+)( E[A-Z]+)?`)
	results := func(mode string) map[string]int {
		r := trace(t, trapline(t), []string{"-f", "-d", "--buffered=" + mode}, path(t, programs.Hardships), "mappings")
		if r.status != 0 {
			t.Errorf("%s: status %d, output:\n%s", mode, r.status, r.stdout)
		}
		n := map[string]int{}
		for line := range strings.Lines(r.log) {
			if m := ends.FindStringSubmatch(line); m != nil {
				result := m[3]
				if strings.HasPrefix(result, "0x") {
					result = "an address"
				}
				n[m[1]+" = "+result+m[4]]++
			}
		}
		if mode == "always" {
			// Half of the calls that map memory need not stop, and no rt_sigreturn.
			if passed, stopped := bufferedCalls(t, r.stderr); passed < 2000 || stopped > 2000 {
				t.Errorf("%d calls did not stop, %d did", passed, stopped)
			}
		}
		return n
	}
	want, got := results("never"), results("always")
	if want["rt_sigreturn = 0"] != 601 || !maps.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// An execve ends where the new program begins, even if its result is known earlier.
func TestBufferedExecEnds(t *testing.T) {
	need.All(t, need.X86)
	script := "i=0; while [ $i -lt 30 ]; do /bin/true; i=$((i+1)); done"
	for _, mode := range []string{"never", "always"} {
		r := trace(t, trapline(t), []string{"-f", "-i", "--buffered=" + mode, "-e", "trace=execve,vfork,clone,fork"}, "sh", "-c", script)
		began, ends := map[string]string{}, 0
		for line := range strings.Lines(r.log) {
			fields := strings.Fields(line)
			pid, ip := fields[0], fields[1]
			switch {
			case strings.Contains(line, " execve("):
				began[pid] = ip
			case strings.Contains(line, "<... execve resumed>"):
				if ends++; ip == began[pid] {
					t.Errorf("%s: an execve at %s ends there: %s", mode, ip, line)
				}
			}
		}
		if ends == 0 {
			t.Errorf("%s: no execve ends in a line of its own:\n%.3000s", mode, r.log)
		}
	}
}

// The times of lines never go back, although the calls of several threads are reported
// after they were made, and some of them stop.
func TestBufferedTimes(t *testing.T) {
	need.All(t, need.GCC64, need.GXX)
	r := trace(t, trapline(t), []string{"-f", "-ttt", "-T", "-d", "--buffered=always"}, path(t, programs.Hardships), "times")
	last, lines := 0.0, 0
	for line := range strings.Lines(r.log) {
		fields := strings.Fields(line)
		at, err := strconv.ParseFloat(fields[1], 64)
		if err != nil {
			t.Fatalf("a line without a time: %q", line)
		}
		if at < last {
			t.Errorf("%.6f is before the time of the line before, %.6f: %s", at, last, line)
		}
		if last = at; strings.Contains(line, "<-") {
			t.Errorf("a negative duration: %s", line)
		}
		lines++
	}
	if passed, _ := bufferedCalls(t, r.stderr); passed < 5000 || lines < 5000 {
		t.Errorf("only %d calls did not stop; %d lines", passed, lines)
	}
}

// A debugger works under buffered calls as it does when each call stops: it disassembles,
// evaluates and looks up functions. It cannot debug a process, because a tracee cannot have
// a second tracer.
func TestBufferedDebugger(t *testing.T) {
	need.All(t, need.X86, need.GDB, need.GCC64, need.GXX)
	command := []string{
		"gdb", "-nx", "-batch", "-ex", "set debuginfod enabled off", "-ex", "break main", "-ex", "info line main", "-ex", "disassemble main",
		"-ex", "python print(sum(range(1000)))", "-ex", "shell echo in a shell", "-ex", "run", path(t, programs.Hardships),
	}
	run := func(when string) traced {
		return trace(t, trapline(t), []string{"-f", "-q", "-d", "--buffered=" + when}, command...)
	}
	never, always := run("never"), run("always")
	if never.stdout != always.stdout || never.status != always.status {
		t.Errorf("status %d\n%s\nbuffered: %d\n%s", never.status, never.stdout, always.status, always.stdout)
	}
	if !strings.Contains(always.stdout, "Breakpoint 1 at") || !strings.Contains(always.stdout, "in a shell") {
		t.Errorf("gdb has not run:\n%s\n%.3000s", always.stdout, always.stderr)
	}
	if passed, _ := bufferedCalls(t, always.stderr); passed < 500 {
		t.Errorf("only %d calls did not stop", passed)
	}
}

// The calls of code at the address of the stub are in the trace, whether the program begins
// with this code or replaces the stub by it.
func TestBufferedCodeAtStub(t *testing.T) {
	need.All(t, need.GCC64, need.GXX)
	for _, test := range []struct {
		command []string
		status  int
		calls   int // of getpgid
	}{
		{[]string{path(t, programs.Low)}, 5, 200},
		{[]string{path(t, programs.Hardships), "page"}, 0, 400},
	} {
		r := trace(t, trapline(t), []string{"-f", "-q", "--buffered=always"}, test.command...)
		if n := strings.Count(r.log, "getpgid("); n != test.calls || r.status != test.status {
			t.Errorf("%q: status %d, %d calls of getpgid, not %d", test.command, r.status, n, test.calls)
		}
	}
}

// The tracer does not keep the files of all programs open that it has patched.
func TestBufferedManyFiles(t *testing.T) {
	need.All(t, need.GCC64)
	const files = 250
	script := fmt.Sprintf(`i=0; while [ $i -lt %d ]; do cp %s $0/$i; $0/$i; i=$((i+1)); done
		while read -r name value; do [ $name = TracerPid: ] && ls /proc/$value/fd; done </proc/self/status`, files, path(t, programs.Small))
	r := trace(t, trapline(t), []string{"-f", "-d", "--buffered=always"}, "sh", "-c", script, t.TempDir())
	if n := strings.Count(r.log, "getpgid("); n != 200*files {
		t.Errorf("%d calls of getpgid, not %d", n, 200*files)
	}
	if passed, _ := bufferedCalls(t, r.stderr); passed < 150*files {
		t.Errorf("only %d calls did not stop", passed)
	}
	if n := strings.Count(r.stdout, "\n"); n == 0 || n >= files {
		t.Errorf("the tracer has %d descriptors", n)
	}
}

// A tracer without CAP_SYS_PTRACE, as in a container, has no access to the memory of a program
// that has changed its ids or is not dumpable. Each call is still in the trace once.
func TestBufferedHiddenMemory(t *testing.T) {
	need.All(t, need.GCC64, need.GXX, need.Root, need.Setpriv)
	for _, what := range []string{"undumpable", "ids"} {
		t.Run(what, func(t *testing.T) {
			log := filepath.Join(t.TempDir(), "log")
			command := []string{path(t, programs.Hardships), what}
			want := outcomeOf(t, 0, command...)
			flags := []string{"setpriv", "--bounding-set", "-sys_ptrace", trapline(t), "-f", "-q", "-d", "-o", log, "--buffered=always"}
			got, messages := outcomeAndErrors(t, 0, append(flags, command...)...)
			if got != want {
				t.Errorf("untraced:\n%s%s\nbuffered:\n%s%s", want.stdout, want.end, got.stdout, got.end)
			}
			if passed, _ := bufferedCalls(t, messages); passed < 300 {
				t.Errorf("only %d calls did not stop", passed)
			}
			lines, err := os.ReadFile(log)
			if err != nil {
				t.Fatal(err)
			}
			if n := strings.Count(string(lines), "getpgid("); n != 80 {
				t.Errorf("80 calls of getpgid, %d in the trace", n)
			}
		})
	}
}

// In a chroot without /proc, calls are buffered, or they stop.
func TestBufferedInChroot(t *testing.T) {
	need.All(t, need.Root, need.Busybox)
	dir := t.TempDir()
	busybox, err := exec.LookPath("busybox")
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(busybox)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "busybox"), content, 0o755); err != nil {
		t.Fatal(err)
	}
	for i := range 100 {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprint(i)), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	command := []string{"chroot", dir, "/busybox", "ls", "-l", "/"}
	want := outcomeOf(t, 0, command...)
	got := outcomeOf(t, 0, append([]string{trapline(t), "-f", "-q", "-o", "/dev/null", "--buffered=always"}, command...)...)
	if got != want {
		t.Errorf("untraced:\n%s%s\nbuffered:\n%s%s", want.stdout, want.end, got.stdout, got.end)
	}
}

// A program that overwrites its rings and everything else that the tracer has mapped may
// corrupt its own lines and end itself. The lines of other processes are correct, and the
// trace ends.
func TestBufferedRingsOverwritten(t *testing.T) {
	need.All(t, need.GCC64, need.GXX)
	program := path(t, programs.Hardships)
	damaged := 0
	for seed := range 8 {
		script := fmt.Sprintf("%s overwrite %d & dd if=/dev/zero of=/dev/null bs=1 count=600 status=none; wait", program, seed+1)
		r := trace(t, trapline(t), []string{"-f", "-d", "--json", "--buffered=always"}, "sh", "-c", script)
		if r.status != 0 || strings.Contains(r.stderr, "goroutine") {
			t.Errorf("seed %d: status %d\n%.3000s", seed, r.status, r.stderr)
		}
		reads := strings.Count(r.log, `"name":"read","args":[{"name":"fd","value":0},{"name":"buf","value":"\u0000"`)
		writes := strings.Count(r.log, `"name":"write","args":[{"name":"fd","value":1},{"name":"buf","value":"\u0000"`)
		if reads != 600 || writes != 600 {
			t.Errorf("seed %d: another process has %d reads and %d writes", seed, reads, writes)
		}
		damaged += strings.Count(r.stderr, "the ring is damaged")
	}
	if damaged == 0 {
		t.Error("no ring was found damaged")
	}
}
