package integration

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"trapline/integration/asleep"
	"trapline/integration/need"
)

// run runs trapline with the given arguments and returns its output.
func run(t *testing.T, args ...string) (stdout, stderr string, state *os.ProcessState) {
	t.Helper()
	var out, err strings.Builder
	cmd := exec.CommandContext(t.Context(), trapline(t), args...)
	cmd.Stdout, cmd.Stderr = &out, &err
	cmd.Run()
	if cmd.ProcessState == nil {
		t.Fatalf("cannot run trapline")
	}
	return out.String(), err.String(), cmd.ProcessState
}

// trapline exits in the same way as its command.
func TestExitStatus(t *testing.T) {
	for _, tt := range []struct {
		script string
		code   int
		signal syscall.Signal
	}{
		{"exit 0", 0, 0},
		{"exit 42", 42, 0},
		{"kill -TERM $$", -1, syscall.SIGTERM},
		{"kill -KILL $$", -1, syscall.SIGKILL},
		{"kill -SEGV $$", -1, syscall.SIGSEGV},
		{"kill -QUIT $$", -1, syscall.SIGQUIT},
	} {
		_, _, state := run(t, "-o", "/dev/null", "sh", "-c", tt.script)
		status := state.Sys().(syscall.WaitStatus)
		if state.ExitCode() != tt.code || tt.signal != 0 && status.Signal() != tt.signal {
			t.Errorf("%s: %v, want code %d, signal %v", tt.script, state, tt.code, tt.signal)
		}
		if status.CoreDump() {
			t.Errorf("%s: trapline itself dumps core", tt.script)
		}
	}
}

// The command's input and output pass unchanged.
func TestStandardStreams(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	cmd := exec.Command(trapline(t), "-o", log, "sh", "-c", "cat; echo error >&2")
	cmd.Stdin = strings.NewReader("in and out\x00\xff\n")
	var out, err strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &err
	if e := cmd.Run(); e != nil {
		t.Fatal(e)
	}
	if out.String() != "in and out\x00\xff\n" || err.String() != "error\n" {
		t.Errorf("output %q, error %q", out.String(), err.String())
	}
}

// The command's output to standard error keeps its position in the trace, even if the call
// that writes it is not shown.
func TestOrderOfStandardError(t *testing.T) {
	need.All(t, need.Live) // the program's lines are in their place
	_, stderr, _ := run(t, "-qq", "-e", "trace=execve", "-e", "signal=none", "sh", "-c", "echo one >&2; exec /bin/sh -c 'echo two >&2; kill -TERM $$'")
	pattern := `^execve\(.* = 0\none\nexecve\(.* = 0\ntwo\n$`
	if !regexp.MustCompile(pattern).MatchString(stderr) {
		t.Errorf("got\n%s\nwant %s", stderr, pattern)
	}
}

// Each line of --json is an object that matches the line of text.
func TestJSON(t *testing.T) {
	command := []string{"sh", "-c", "ls -l / >/dev/null; kill -USR1 $$"}
	names := func(log string) (names []string) {
		for _, m := range regexp.MustCompile(`(?m)^\d+ +(\w+)\(`).FindAllStringSubmatch(log, -1) {
			names = append(names, m[1])
		}
		return names
	}
	text := names(trace(t, trapline(t), []string{"-f"}, command...).log)
	jsonLog := trace(t, trapline(t), []string{"-f", "--json"}, command...).log
	var calls []string
	events := map[string]int{}
	for line := range strings.Lines(jsonLog) {
		var e struct {
			Event string
			PID   int
			Time  float64
			ABI   string
			NR    *int
			Name  string
			Args  []map[string]any
			Ret   json.RawMessage
			Error *struct {
				Errno         int
				Name, Message string
			}
			Duration *int64 `json:"duration_ns"`
		}
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		events[e.Event]++
		if e.PID == 0 && e.Event != "trace" || e.Time == 0 {
			t.Errorf("no pid or no time: %s", line)
		}
		if e.Event != "syscall" {
			continue
		}
		calls = append(calls, e.Name)
		if e.ABI != "x86_64" || e.NR == nil || e.Ret == nil || string(e.Ret) != "null" && e.Duration == nil {
			t.Errorf("incomplete: %s", line)
		}
		if string(e.Ret) == "-1" && (e.Error == nil || e.Error.Name == "" || e.Error.Message == "") {
			t.Errorf("no error: %s", line)
		}
		for _, a := range e.Args {
			if a["name"] == nil {
				t.Errorf("an argument has no name: %s", line)
			}
		}
	}
	slices.Sort(text)
	slices.Sort(calls)
	if len(calls) < 50 || !slices.Equal(text, calls) {
		t.Errorf("calls in text:\n%q\nin JSON:\n%q", text, calls)
	}
	if events["signal"] == 0 || events["exit"] != 1 || events["killed"] != 1 {
		t.Errorf("events %v", events)
	}
}

// jq reads every line, whatever bytes the tracee passes.
func TestJSONForJQ(t *testing.T) {
	need.All(t, need.JQ)
	log := trace(t, trapline(t), []string{"--json", "-s", "100"}, "printf", `a\001\200\377"\\\342\202\254\n`).log
	jq := exec.Command("jq", "-r", `select(.name == "write") | .args[1].name`)
	jq.Stdin = strings.NewReader(log)
	out, err := jq.CombinedOutput()
	if err != nil || string(out) != "buf\n" {
		t.Errorf("%v: %s", err, out)
	}
}

// A wrong command line gets one clear line and status 1, and the command does not run.
func TestRefusals(t *testing.T) {
	need.All(t, need.Live) // the output cannot be opened
	dir := t.TempDir()
	ran := filepath.Join(dir, "ran")
	touch := []string{"touch", ran}
	noSuchUser := "Cannot find user 'no such user'"
	if os.Getuid() != 0 {
		noSuchUser = "You must be root to use the -u/--username option"
	}
	for _, tt := range []struct {
		args []string
		want string // after "trapline: "
	}{
		{[]string{"no-such-command"}, "Cannot find executable 'no-such-command'"},
		{[]string{"./no-such-command"}, "Cannot stat './no-such-command': No such file or directory"},
		{append([]string{"-e", "nonsense"}, touch...), "invalid system call 'nonsense'"},
		{append([]string{"-o", dir + "/no/log"}, touch...), "Can't fopen '" + dir + "/no/log': No such file or directory"},
		{append([]string{"-u", "no such user"}, touch...), noSuchUser},
		{append([]string{"-o", dir}, touch...), "Can't fopen '" + dir + "': Is a directory"},
		{append([]string{"-e", "signal=SIGNONE"}, touch...), "invalid signal 'SIGNONE'"},
		{append([]string{"-e", "status=fine"}, touch...), "invalid status 'fine'"},
		{append([]string{"-e", "trace=%none"}, touch...), "invalid system call '%none'"},
		{append([]string{"-e", "trace=/("}, touch...), "regcomp: (: missing closing ): `(`"},
		{append([]string{"-s", "many"}, touch...), "invalid -s argument: 'many'"},
		{append([]string{"-c", "-S", "colour"}, touch...), "invalid sortby: 'colour'"},
		{append([]string{"-c", "-C"}, touch...), "-c/--summary-only and -C/--summary are mutually exclusive"},
		{append([]string{"-w"}, touch...), "-w/--summary-wall-clock must be given with (-c/--summary-only or -C/--summary)"},
		{append([]string{"--nonsense"}, touch...), "unrecognized option '--nonsense'"},
		{append([]string{"--regs=none"}, touch...), "invalid --regs argument: 'none': it takes diff, full, enter, exit or between"},
		{append([]string{"--regs-set=none"}, touch...), "invalid --regs-set argument: 'none': it takes gp, segment, fp or vector"},
		{[]string{"-p", "one"}, "Invalid process id: 'one': did you mean name:one?"},
		{nil, "must have PROG [ARGS] or -p PID"},
		{[]string{"--list-syscalls", "nonsense"}, "no system call matches 'nonsense'"},
		{[]string{"-p", "2147483647"}, "attach: ptrace(PTRACE_SEIZE, 2147483647): No such process"},
	} {
		_, stderr, state := run(t, tt.args...)
		message := strings.TrimSuffix(stderr, "Try '"+trapline(t)+" -h' for more information.\n")
		if want := trapline(t) + ": " + tt.want + "\n"; message != want || state.ExitCode() != 1 {
			t.Errorf("%q: %d, %q; want %q", tt.args, state.ExitCode(), stderr, want)
		}
	}
	_, stderr, state := run(t, append([]string{"-ff", "-o", dir + "/no/log"}, touch...)...)
	pattern := "^" + regexp.QuoteMeta(trapline(t)+": Can't fopen '"+dir+"/no/log.") + `\d+': No such file or directory\n$`
	if state.ExitCode() != 1 || !regexp.MustCompile(pattern).MatchString(stderr) {
		t.Errorf("-ff: %v, %q; want %s", state, stderr, pattern)
	}
	if _, err := os.Stat(ran); err == nil {
		t.Error("the command was run anyway")
	}
}

// Trapline cannot attach to another user's process, and says why.
func TestAttachForbidden(t *testing.T) {
	need.All(t, need.Root)
	if err := os.Chmod(buildDir, 0o755); err != nil {
		t.Fatal(err)
	}
	pid := fmt.Sprint(os.Getpid())
	cmd := exec.Command(trapline(t), "-p", pid)
	const nobody = 65534
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	out, err := cmd.CombinedOutput()
	want := fmt.Sprintf("%[1]s: attach: ptrace(PTRACE_SEIZE, %[2]s): Operation not permitted\n%[1]s: process %[2]s may be owned by a different user\n", trapline(t), pid)
	if string(out) != want || cmd.ProcessState.ExitCode() != 1 {
		t.Errorf("%v: %q, want %q", err, out, want)
	}
	_, _, state := run(t, "-u", fmt.Sprintf("%d:%d", nobody, nobody), "-o", "/dev/null", "sh", "-c", "test $(id -u) = 65534 && test $(id -g) = 65534")
	if state.ExitCode() != 0 {
		t.Errorf("-u: %v", state)
	}
}

// --list-syscalls has one row per call and ABI below a header, selected by name or number.
func TestListSyscalls(t *testing.T) {
	want := `NUMBER  ABI     NAME   ENTRY POINT       ARGUMENTS
1       x86_64  write  __x64_sys_write   (int fd, void *buf, unsigned long count)
4       i386    write  __ia32_sys_write  (int fd, void *buf, unsigned long count)
1       x32     write  __x64_sys_write   (int fd, void *buf, unsigned long count)
`
	if out, stderr, state := run(t, "--list-syscalls", "write"); out != want || stderr != "" || !state.Success() {
		t.Errorf("%v, %q, %q; want %q", state, out, stderr, want)
	}
	out, _, _ := run(t, "--list-syscalls", "335")
	if n := strings.Count(out, "\n"); n != 4 || !strings.Contains(out, "335     i386    rt_tgsigqueueinfo  __ia32_compat_sys_rt_tgsigqueueinfo  (pid_t tgid, pid_t tid, int signum, void *info)\n") {
		t.Errorf("335: %q", out)
	}
	if out, _, _ := run(t, "--list-syscalls"); strings.Count(out, "\n") < 1200 {
		t.Errorf("%d rows in all, want those of three ABIs", strings.Count(out, "\n"))
	}
}

// A file that is not a program is passed to execve, as in strace.
func TestNotExecutable(t *testing.T) {
	_, stderr, state := run(t, "/etc/passwd")
	for _, want := range []string{`execve("/etc/passwd", ["/etc/passwd"], `, "= -1 EACCES (Permission denied)\n", ": exec: Permission denied\n", "+++ exited with 1 +++\n"} {
		if !strings.Contains(stderr, want) {
			t.Errorf("no %q in\n%s", want, stderr)
		}
	}
	if state.ExitCode() != 1 {
		t.Errorf("exit status %d", state.ExitCode())
	}
}

// A process is attached, traced, detached when trapline is interrupted, and
// continues.
func TestAttach(t *testing.T) {
	need.All(t, need.Live) // the test reads the trace before it ends
	sleep := asleep.Sleep(t)
	var stderr lockedBuilder
	tracer := exec.Command(trapline(t), "-p", fmt.Sprint(sleep.Process.Pid))
	tracer.Stderr = &stderr
	if err := tracer.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() bool { return strings.Contains(stderr.String(), "restart_syscall(") })
	if _, errs, state := run(t, "-p", fmt.Sprint(sleep.Process.Pid)); state.ExitCode() != 1 ||
		!strings.Contains(errs, fmt.Sprintf("Process %d is already being traced by pid %d\n", sleep.Process.Pid, tracer.Process.Pid)) {
		t.Errorf("attaching twice: %v, %s", state, errs)
	}
	tracer.Process.Signal(syscall.SIGINT)
	tracer.Wait()
	log := stderr.String()
	name := trapline(t)
	want := fmt.Sprintf("%s: Process %d attached\nrestart_syscall(<... resuming interrupted clock_nanosleep ...> <detached ...>\n%s: Process %d detached\n",
		name, sleep.Process.Pid, name, sleep.Process.Pid)
	if log != want {
		t.Errorf("got\n%s\nwant\n%s", log, want)
	}
	if status := tracer.ProcessState.Sys().(syscall.WaitStatus); !status.Signaled() || status.Signal() != syscall.SIGINT {
		t.Errorf("trapline: %v", tracer.ProcessState)
	}
	if tracer := tracerOf(sleep.Process.Pid); tracer != "0" {
		t.Errorf("the process still has tracer %s", tracer)
	}
	asleep.Await(t, sleep.Process.Pid, unix.SYS_RESTART_SYSCALL) // it continues its sleep
}

// A failure to write the trace is reported once, and the command continues.
func TestLogFails(t *testing.T) {
	done := filepath.Join(t.TempDir(), "done")
	script := "i=0; while [ $i -lt 5000 ]; do i=$((i+1)); : <$0; done; echo done >" + done
	for destination, want := range map[string]string{
		"/dev/full":      "/dev/full: No space left on device",
		"|exec true <&-": "|exec true <&-: Broken pipe",
	} {
		os.Remove(done)
		_, stderr, state := run(t, "-o", destination, "sh", "-c", script, "/dev/null")
		if want := trapline(t) + ": " + want + "\n"; stderr != want {
			t.Errorf("-o %s: %q, want %q", destination, stderr, want)
		}
		eventually(t, func() bool { _, err := os.Stat(done); return err == nil })
		_ = state
	}
}

// Each tracee has its own file.
func TestSeparateFiles(t *testing.T) {
	dir := t.TempDir()
	run(t, "-ff", "-o", dir+"/log", "sh", "-c", "true & /bin/true; wait")
	files, _ := filepath.Glob(dir + "/log.*")
	if len(files) != 3 {
		t.Errorf("files %q", files)
	}
	for _, name := range files {
		b, _ := os.ReadFile(name)
		if !strings.HasSuffix(string(b), "\n+++ exited with 0 +++\n") || strings.Contains(string(b), "resumed>") {
			t.Errorf("%s:\n%s", name, b)
		}
	}
}

// There may be more tracees at a time than trapline has descriptors.
func TestSeparateFilesWithFewDescriptors(t *testing.T) {
	dir := t.TempDir()
	const children = 100
	script := `ulimit -n 20; exec "$0" -ff -o "$1/log" sh -c '
		i=0; while [ $i -lt 100 ]; do sleep 0.5 & i=$((i+1)); done; wait'`
	if out, err := exec.Command("sh", "-c", script, trapline(t), dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	files, _ := filepath.Glob(dir + "/log.*")
	if len(files) <= children {
		t.Errorf("%d files", len(files))
	}
	for _, name := range files {
		b, _ := os.ReadFile(name)
		if !strings.Contains(string(b), "exit_group(") || !strings.HasSuffix(string(b), "\n+++ exited with 0 +++\n") {
			t.Errorf("%s:\n%s", name, b)
		}
	}
}

// With -D the command is a child of trapline's parent.
func TestDaemon(t *testing.T) {
	for _, flag := range []string{"-D", "-DD", "-DDD"} {
		log := filepath.Join(t.TempDir(), "log")
		out, stderr, state := run(t, flag, "-o", log, "sh", "-c", "echo $PPID $$; exit 7")
		var parent, self int
		fmt.Sscan(out, &parent, &self)
		if parent != os.Getpid() || self != state.Pid() || state.ExitCode() != 7 {
			t.Errorf("%s: parent %d, not %d; pid %d, not %d; %v\n%s", flag, parent, os.Getpid(), self, state.Pid(), state, stderr)
		}
		eventually(t, func() bool {
			b, _ := os.ReadFile(log)
			return strings.HasPrefix(string(b), "execve(") && strings.HasSuffix(string(b), "+++ exited with 7 +++\n")
		})
	}
}

// eventually waits until a condition holds.
func eventually(t *testing.T, cond func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !cond(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("timed out")
		}
	}
}
