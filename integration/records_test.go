package integration

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"trapline/integration/jsonlines"

	"trapline/integration/need"
)

// jsonEvent is a record of JSON that is not necessarily a call's.
type jsonEvent struct {
	Schema           int
	Event            string
	PID, TGID, PPID  int
	Time             json.Number
	TimeNS           int64 `json:"time_ns"`
	Name, Text       string
	Version, How     string
	Tracer, Parent   int
	Command, Options []string
	Kernel           struct{ Name, Release, Version, Machine string }
	Host             string
	Clocks           struct {
		Time      string
		Realtime  int64 `json:"realtime_ns"`
		Monotonic int64 `json:"monotonic_ns"`
		Boottime  int64 `json:"boottime_ns"`
	}
	Exe, CWD string
	Argv     []string
	UID      *int
	Code     int
	RUsage   *struct {
		User   int64 `json:"user_ns"`
		System int64 `json:"system_ns"`
		MaxRSS int64 `json:"maxrss_kib"`
	}
	Args []cell
	Ret  any
}

// records parses and checks JSON lines.
func records(t *testing.T, log string) (all []jsonEvent) {
	t.Helper()
	for line := range strings.Lines(log) {
		var r jsonEvent
		if err := jsonlines.Check(line); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if whole, part, _ := strings.Cut(string(r.Time), "."); whole+part != strconv.FormatInt(r.TimeNS, 10) {
			t.Errorf("time and time_ns differ: %s", line)
		}
		all = append(all, r)
	}
	return all
}

// only returns the records with an event.
func only(all []jsonEvent, event string) (some []jsonEvent) {
	for _, r := range all {
		if r.Event == event {
			some = append(some, r)
		}
	}
	return some
}

// The first record says what is traced, and how.
func TestJSONHead(t *testing.T) {
	need.All(t, need.Live) // the trace shows the command line
	before := time.Now().UnixNano()
	all := records(t, trace(t, trapline(t), []string{"--json", "-e", "trace=none"}, "true", "a b").log)
	head := all[0]
	host, _ := os.Hostname()
	release, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	if head.Schema != 2 || head.Event != "trace" || head.Version == "" || head.Tracer == 0 || head.Host != host ||
		head.Kernel.Name != "Linux" || head.Kernel.Release != strings.TrimSpace(string(release)) {
		t.Errorf("the first record is %+v", head)
	}
	if !slices.Equal(head.Command, []string{"true", "a b"}) || !slices.Contains(head.Options, "--json") || slices.Contains(head.Options, "true") {
		t.Errorf("command %q, options %q", head.Command, head.Options)
	}
	c := head.Clocks
	if c.Time != "realtime" || c.Realtime < before || c.Realtime > time.Now().UnixNano() || c.Boottime < c.Monotonic {
		t.Errorf("clocks %+v", c)
	}
	if n := len(only(all, "trace")); n != 1 {
		t.Errorf("%d first records", n)
	}
}

// Times come from the clock that is asked for.
func TestMonotonicClock(t *testing.T) {
	now := func() int64 {
		var ts unix.Timespec
		unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts)
		return ts.Nano()
	}
	before := now()
	all := records(t, trace(t, trapline(t), []string{"--json", "--clock=monotonic", "-e", "trace=execve"}, "true").log)
	after := now()
	if all[0].Clocks.Time != "monotonic" {
		t.Errorf("clocks %+v", all[0].Clocks)
	}
	for _, r := range all {
		if r.TimeNS < before || r.TimeNS > after {
			t.Errorf("%d is not between %d and %d", r.TimeNS, before, after)
		}
	}
	for flag, decimals := range map[string]int{"-t": 0, "-tt": 6, "-ttt": 6} {
		line, _, _ := strings.Cut(trace(t, trapline(t), []string{flag, "--clock=monotonic", "-e", "trace=execve"}, "true").log, " ")
		seconds, err := strconv.ParseFloat(line, 64)
		_, fraction, _ := strings.Cut(line, ".")
		if err != nil || seconds < float64(before/1e9) || seconds > float64(now())/1e9 || len(fraction) != decimals {
			t.Errorf("%s: the time is %s", flag, line)
		}
	}
}

// There are records of processes that start, call execve and end.
func TestJSONProcesses(t *testing.T) {
	dir := t.TempDir()
	if err := os.Symlink(must(exec.LookPath("sh")), filepath.Join(dir, "sh")); err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("x", 5000)
	sh := filepath.Join(dir, "sh")
	all := records(t, trace(t, trapline(t), []string{"--json", "-f", "-e", "trace=execve"}, sh, "-c", "cd /; "+sh+" -c 'exit 3' "+long+"; true").log)
	starts, execs, exits := only(all, "start"), only(all, "exec"), only(all, "exit")
	if len(starts) != 2 || len(execs) != 2 || len(exits) != 2 {
		t.Fatalf("%d starts, %d execs, %d exits", len(starts), len(execs), len(exits))
	}
	shell, child := starts[0], starts[1]
	if shell.How != "launched" || shell.TGID != shell.PID || shell.PPID != all[0].Tracer || shell.Exe != "" {
		t.Errorf("the command starts as %+v", shell)
	}
	if child.How != "created" || child.Parent != shell.PID || child.PPID != shell.PID || child.TGID != child.PID ||
		child.Exe != execs[0].Exe || child.CWD != "/" || len(child.Argv) != 3 {
		t.Errorf("the child starts as %+v", child)
	}
	if e := execs[1]; e.PID != child.PID || !slices.Equal(e.Argv, []string{sh, "-c", "exit 3", long}) || e.CWD != "/" || e.UID == nil || *e.UID != os.Getuid() {
		t.Errorf("the child executes %+v", e)
	}
	if e := exits[0]; e.PID != child.PID || e.Code != 3 || e.RUsage == nil || e.RUsage.MaxRSS == 0 || e.RUsage.User+e.RUsage.System == 0 {
		t.Errorf("the child ends as %+v", e)
	}
	for _, r := range all[1:] {
		if r.TGID != r.PID || r.PPID == 0 {
			t.Errorf("the ids of %s are %d, %d, %d", r.Event, r.PID, r.TGID, r.PPID)
		}
	}
}

// Threads have the id of their process; only the end of the process has its
// resource usage.
func TestJSONThreads(t *testing.T) {
	uninterrupted(t)
	all := records(t, trace(t, trapline(t), []string{"--json", "-f", "-e", "trace=none"}, program(t, "threads", "amd64")).log)
	threads := 0
	process := all[1].PID
	for _, r := range all[1:] {
		if r.TGID != process {
			t.Errorf("thread %d is of process %d, want %d", r.PID, r.TGID, process)
		}
		if r.PID != process && r.Event == "start" {
			threads++
			if r.Exe != "" {
				t.Errorf("thread %d has a program of its own: %s", r.PID, r.Exe)
			}
		}
		if r.Event == "exit" && (r.RUsage != nil) != (r.PID == process) {
			t.Errorf("thread %d of %d ends with resources %v", r.PID, process, r.RUsage)
		}
	}
	if threads == 0 {
		t.Error("no threads")
	}
}

// On request, a call that has not ended has a record.
func TestJSONInProgress(t *testing.T) {
	all := records(t, trace(t, trapline(t), []string{"--json", "-f", "--in-progress", "-e", "trace=wait4,openat,exit_group"}, "sh", "-c", "cat /etc/passwd >/dev/null; exit 0").log)
	open := map[int]string{}
	entered := 0
	for _, r := range all {
		switch r.Event {
		case "enter":
			entered++
			if open[r.PID] != "" {
				t.Errorf("%s begins in %s", r.Name, open[r.PID])
			}
			open[r.PID] = r.Name
			if r.Name == "openat" && (len(r.Args) < 3 || r.Args[1].Value == nil) {
				t.Errorf("the entry of openat has the arguments %+v", r.Args)
			}
		case "syscall":
			if open[r.PID] != r.Name {
				t.Errorf("%s ends, and has not begun", r.Name)
			}
			open[r.PID] = ""
		}
	}
	if entered < 5 {
		t.Errorf("%d entries", entered)
	}
}

// Every line on standard error is a record, whatever trapline reports.
func TestJSONMessages(t *testing.T) {
	need.All(t, need.Live) // messages of the recorder are text
	for _, tt := range []struct {
		args []string
		text string
	}{
		{[]string{"--json", "-f", "sh", "-c", "true & wait"}, "Process PID attached"},
		{[]string{"--json", "-S", "time", "true"}, "-S/--summary-sort-by has no effect without (-c/--summary-only or -C/--summary)"},
		{[]string{"--json", "/does/not/exist"}, "Cannot stat '/does/not/exist': No such file or directory"},
		{[]string{"--json", "/etc/passwd"}, "exec: Permission denied"},
		{[]string{"--json", "-p", "2147483647"}, "attach: ptrace(PTRACE_SEIZE, 2147483647): No such process"},
		{[]string{"-X", "fancy", "--json", "true"}, "invalid -X argument: 'fancy'"},
		{[]string{"--json", "--nonsense"}, "unrecognized option '--nonsense'"},
		{[]string{"--json", "--tips=id:0", "true"}, ""},
		{[]string{"--json", "-d", "true"}, "PTRACE_GET_SYSCALL_INFO works"},
		{[]string{"--json", "-D", "true"}, ""},
	} {
		_, stderr, _ := run(t, tt.args...)
		found := tt.text == ""
		var texts []string
		for _, r := range only(records(t, stderr), "message") {
			text := r.Text
			if r.PID != 0 {
				t.Errorf("%q: a message has the pid %d", tt.args, r.PID)
			}
			for _, word := range strings.Fields(text) {
				if n, err := strconv.Atoi(word); err == nil && n > 0 && strings.HasSuffix(text, "attached") {
					text = strings.Replace(text, word, "PID", 1)
				}
			}
			texts = append(texts, text)
			found = found || text == tt.text
		}
		if !found {
			t.Errorf("%q: the messages are %q, want %q", tt.args, texts, tt.text)
		}
	}
}

// Messages about a recording have a time of the recording, not the time at which it is
// shown.
func TestJSONMessagesOfRecordings(t *testing.T) {
	need.All(t, need.Live) // it records itself
	file := recorded(t, nil, "true")
	began := time.Now() // after the last event
	for _, args := range [][]string{
		{"--json", "-c", "--from=" + file},                                // without processor times
		{"--json", "-c", "--clock=monotonic", "--from=" + file},           // counted from another time
		{"--json", "-k", "--from=" + file},                                // refused
		{"--json", "--report=files", "--from=" + synthetic(t, "gaps")},    // lacks memory, which is reported at the end
		{"--json", "--from=" + synthetic(t, "gaps")},                      // and here
		{"--json", "--diff", file, filepath.Join(t.TempDir(), "missing")}, // of one recording
	} {
		limit := began.UnixNano()
		if slices.Contains(args, "--clock=monotonic") {
			var now unix.Timespec
			unix.ClockGettime(unix.CLOCK_MONOTONIC, &now)
			limit = now.Nano() - int64(time.Since(began))
		}
		_, stderr, _ := run(t, args...)
		messages := only(records(t, stderr), "message")
		for _, m := range messages {
			if m.TimeNS <= 0 || m.TimeNS >= limit {
				t.Errorf("%q: %q has the time %d, after the end of the recording", args, m.Text, m.TimeNS)
			}
		}
		if len(messages) == 0 {
			t.Errorf("%q has no messages: %s", args, stderr)
		}
	}
}

// Strings are complete in JSON unless -s limits them.
func TestJSONStrings(t *testing.T) {
	const n = 3000
	long := strings.Repeat("x", n)
	for _, tt := range []struct {
		flags []string
		want  string
		cut   bool
	}{{nil, long, false}, {[]string{"-s", "32"}, long[:32], true}} {
		flags := append([]string{"--json", "-e", "trace=write"}, tt.flags...)
		all := records(t, trace(t, trapline(t), flags, "sh", "-c", "printf "+long).log)
		shown := func(r jsonEvent) bool { return r.Args[1].Value == tt.want && r.Args[1].Cut == tt.cut }
		if !slices.ContainsFunc(only(all, "syscall"), shown) {
			t.Errorf("%q: no data is shown as %s", tt.flags, tt.want)
		}
	}
}

// Without modes, --regs has all registers at both stops.
func TestJSONRegisters(t *testing.T) {
	for flag, snapshots := range map[string]bool{"--regs": true, "--regs=diff": false, "--regs=full": true} {
		call := jsonCall(t, trace(t, trapline(t), []string{"--json", flag, "-e", "trace=brk"}, "true").log, "brk")
		if (call.Regs.Enter != nil) != snapshots || (call.Regs.Exit != nil) != snapshots || call.Regs.Changed == nil {
			t.Errorf("%s: the registers are %+v", flag, call.Regs)
		}
	}
}

// With --whole each call is on one line, even if calls of other tracees come in between.
func TestWholeLines(t *testing.T) {
	// The last child continues when its parent sleeps, that is, in wait4.
	const asleep = `until read pid name state rest </proc/$PPID/stat && [ $state = S ]; do :; done`
	command := []string{"sh", "-c", "for i in 1 2; do sh -c 'kill -0 $$; true' & done; " +
		"wait; sh -c '" + asleep + "; kill -0 $$; true'; true"}
	flags := []string{"-f", "-e", "trace=wait4,execve,exit_group,kill", "-e", "signal=none"}
	split := trace(t, trapline(t), flags, command...).log
	whole := trace(t, trapline(t), append([]string{"--whole"}, flags...), command...).log
	if !strings.Contains(split, "resumed>") {
		t.Errorf("no call is interrupted in\n%s", split)
	}
	form := regexp.MustCompile(`^\d+ +(\w+\(.*\) += (0|\?|-?\d+)( .*)?|\+\+\+ exited with 0 \+\+\+)$`)
	ends := 0
	for line := range strings.Lines(whole) {
		if !form.MatchString(strings.TrimSuffix(line, "\n")) {
			t.Errorf("not a whole call: %s", line)
		}
		if strings.Contains(line, "exit_group(") {
			ends++
		}
	}
	if ends != 4 {
		t.Errorf("%d processes end in\n%s", ends, whole)
	}
}

// File names in UTF-8 are readable on demand; the column of the result counts
// characters.
func TestReadableStrings(t *testing.T) {
	const readable, octal = `chdir("/größe/\33€")`, `chdir("/gr\303\266\303\237e/\33\342\202\254")`
	const failure = "= -1 ENOENT (No such file or directory)\n"
	for flag, want := range map[string]string{
		"--strings=utf8":        readable + strings.Repeat(" ", 20) + failure,
		"--strings-in-hex=utf8": readable + strings.Repeat(" ", 20) + failure,
		"--strings=none":        octal + " " + failure,
		"-q":                    octal + " " + failure,
	} {
		log := trace(t, trapline(t), []string{flag, "-e", "trace=chdir"}, "sh", "-c", "cd /größe/\x1b€").log
		if line, _, _ := strings.Cut(log, "\n"); line+"\n" != want {
			t.Errorf("%s: got %s, want %s", flag, line, want)
		}
	}
}

// After trapline has attached to several threads, even the first line shows its thread.
func TestFirstLineHasPID(t *testing.T) {
	var pids []string
	for range 2 {
		cmd := exec.Command("sh", "-c", "while :; do sleep 0.05; done")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		defer cmd.Wait()
		defer cmd.Process.Kill()
		pids = append(pids, strconv.Itoa(cmd.Process.Pid))
	}
	_, stderr, _ := run(t, "--syscall-limit=3", "-q", "-p", pids[0], "-p", pids[1])
	for line := range strings.Lines(stderr) {
		if !strings.HasPrefix(line, "[pid ") && !strings.Contains(line, ": System call limit has been reached") {
			t.Errorf("no pid in %s", line)
		}
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
