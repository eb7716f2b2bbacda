package integration

import (
	"encoding/csv"
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"trapline/integration/need"
)

// conditionCalls are the calls of testdata/conditions that its runtime does not
// make.
const conditionCalls = "mkdirat,unlinkat,socket,bind,connect,nanosleep,?fcntl64,fcntl,ftruncate,?ftruncate64,kill,pread64,openat,write"

// chosenBy returns the names of the calls in a trace. Text, JSON and CSV must have the same
// calls, and -c must count the same.
func chosenBy(t *testing.T, flags []string, program string) []string {
	t.Helper()
	uninterrupted(t) // an interrupted call is made twice
	run := func(more ...string) string {
		got := trace(t, trapline(t), slices.Concat([]string{"-f", "-qq", "--signal=none", "-e", "trace=" + conditionCalls}, flags, more), program, t.TempDir())
		if got.status != 3 {
			t.Fatalf("%q: status %d: %s", flags, got.status, got.stderr)
		}
		return got.log
	}
	var text, fromJSON, fromCSV []string
	for _, m := range regexp.MustCompile(`(?m)^\d+ +(?:<\.\.\. )?(\w+)(?:\(.*| resumed.*)= .*$`).FindAllStringSubmatch(run("--whole"), -1) {
		text = append(text, m[1])
	}
	for line := range strings.Lines(run("--json")) {
		var r struct{ Event, Name string }
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatal(err)
		}
		if r.Event == "syscall" {
			fromJSON = append(fromJSON, r.Name)
		}
	}
	rows, err := csv.NewReader(strings.NewReader(run("--format=csv"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows[1:] {
		fromCSV = append(fromCSV, row[slices.Index(rows[0], "name")])
	}
	counted := 0
	for _, m := range regexp.MustCompile(`(?m)^[ \d.]{6} +[\d.]+ +\d+ +(\d+) +(?:\d+ +)?([a-z]\w*)$`).FindAllStringSubmatch(run("-c"), -1) {
		if n, _ := strconv.Atoi(m[1]); m[2] != "total" {
			counted += n
		}
	}
	if !slices.Equal(text, fromJSON) || !slices.Equal(text, fromCSV) || counted != len(text) {
		t.Errorf("%q: text has %q, JSON %q, CSV %q; -c counts %d", flags, text, fromJSON, fromCSV, counted)
	}
	return text
}

func TestWhere(t *testing.T) {
	for _, c := range []struct {
		where string
		want  string
	}{
		{`errno == ENOENT and not (path startsWith "/sys")`, "openat unlinkat"},
		{`errno == ENOTDIR`, "openat"},
		{`name == "openat" and flags & O_CREAT`, "openat"},
		{`flags & O_CREAT and path endsWith "/made"`, "openat"},
		{`flags & O_CREAT and path endsWith "/other"`, ""},
		{`path endsWith "/made" and name matches "^unlink"`, "unlinkat unlinkat"},
		{`path endsWith "/made" and name in ["unlinkat", "mkdirat"] and ret == 0`, "unlinkat"},
		{`pathname == "made" and mode == 0600`, "openat"},
		{`name == "openat" and dirfd == AT_FDCWD and flags & O_DIRECTORY and errno != 0`, "openat"},
		{`addr.sin_port == htons(1)`, "connect"},
		{`addr.sa_family == AF_UNIX`, "connect"},
		{`addr.sin_addr == inet_addr("127.0.0.1") or addr.sin_addr == "127.0.0.2"`, "bind connect"},
		{`addr.sun_path startsWith "/non"`, "connect"},
		{`buf contains "needle"`, "write pread64"},
		{`buf == "a nee" and name == "pread64"`, "pread64"},
		{`name == "pread64" and path endsWith "/made" and count > ret`, "pread64"},
		{`path endsWith "/made" and name == "pread64" and count == ret`, "pread64"},
		{`count == 64 and fd >= 3 and name == "pread64" and path endsWith "/made"`, "pread64"},
		{`arg.l_start == 7 and arg.l_type == F_WRLCK`, "fcntl"},
		{`length == 1M`, "ftruncate"},
		{`req.tv_nsec == 30000000 and dur >= 30ms`, "nanosleep"},
		{`req.tv_nsec == 30000000 and dur > 20min`, ""},
		{`req.tv_nsec in [30000000]`, "nanosleep"},
		{`name == "kill" and signum == SIGUSR1 and args.pid == pid`, "kill"},
		{`name == "kill" and signum in [0, SIGUSR1] and pid > 0 and tid > 0`, "kill kill"},
		{`name == "kill" and comm startsWith "conditions"`, "kill kill"},
		{`name == "kill" and comm startsWith "other"`, ""},
		{`name in ["mkdirat", "bind"] and ret == 0`, "mkdirat bind"},
		{`name == "mkdirat" and event == "syscall" and arg3 == 0700`, "mkdirat"},
		{`abi == "x86_64" and name == "mkdirat"`, "mkdirat"},
	} {
		got := chosenBy(t, []string{"--where", c.where}, program(t, "conditions", "amd64"))
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %q, want %s", c.where, got, c.want)
		}
	}
}

// In i386 calls come through socketcall, and structs are laid out differently.
func TestWhereI386(t *testing.T) {
	need.All(t, need.I386)
	for _, c := range []struct{ where, want string }{
		{`addr.sin_port == htons(1)`, "connect"},
		{`arg.l_start == 7 and arg.l_type == F_WRLCK`, "fcntl64"},
		{`length == 1M`, "ftruncate64"},
		{`abi == "i386" and flags & O_CREAT`, "openat"},
		{`abi == "x86_64" and flags & O_CREAT`, ""},
		{`name == "pread64" and path endsWith "/made" and count > ret`, "pread64"},
		{`name == "openat" and dirfd == AT_FDCWD and errno == ENOTDIR`, "openat"},
	} {
		got := chosenBy(t, []string{"--where", c.where}, program(t, "conditions", "386"))
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %q, want %s", c.where, got, c.want)
		}
	}
}

// Short forms select the same calls as the conditions that they stand for.
func TestShortConditions(t *testing.T) {
	p := program(t, "conditions", "amd64")
	for _, c := range []struct {
		flags []string
		want  string
	}{
		{[]string{"--status=ENOTDIR,ECONNREFUSED"}, "openat connect"},
		{[]string{"--status=failed,!ENOENT", "--where", `name in ["openat", "connect", "unlinkat"]`}, "openat connect connect"},
		{[]string{"--min-duration=30ms", "--where", `req.tv_nsec == 30000000`}, "nanosleep"},
		{[]string{"--where", `name == "openat"`, "--where", `errno == ENOTDIR`}, "openat"},
		{[]string{"-Z", "--where", `name == "unlinkat"`}, "unlinkat"},
		{[]string{"-z", "--where", `name == "unlinkat"`}, "unlinkat"},
	} {
		if got := chosenBy(t, c.flags, p); strings.Join(got, " ") != c.want {
			t.Errorf("%q: %q, want %s", c.flags, got, c.want)
		}
	}
}

// The seccomp filter stops the calls that a condition may select, and none of them is
// missed.
func TestWhereSeccomp(t *testing.T) {
	p := program(t, "conditions", "amd64")
	for _, where := range []string{`name == "unlinkat" and errno == ENOENT`, `errno == ENOTDIR or name == "connect" and errno == ENOENT`, `args.pid == pid and signum == SIGUSR1`} {
		want := chosenBy(t, []string{"--where", where}, p)
		if got := chosenBy(t, []string{"--seccomp-bpf", "--where", where}, p); len(want) == 0 || !slices.Equal(got, want) {
			t.Errorf("%s: %q, without --seccomp-bpf %q", where, got, want)
		}
	}
}

// A condition selects signals and ends of tracees by event, and otherwise by the members
// that they have.
func TestWhereEvents(t *testing.T) {
	const script = `sh -c 'kill -USR1 $$; exit 4'; kill -WINCH $$; exit 5`
	for _, c := range []struct {
		where string
		want  []string
	}{
		{`event == "signal"`, []string{"SIGCHLD", "SIGUSR1", "SIGWINCH"}},
		{`event == "signal" and signal == SIGWINCH`, []string{"SIGWINCH"}},
		{`event == "exit"`, []string{"exited with 5"}},
		{`event in ["exit", "killed"]`, []string{"exited with 5", "killed by SIGUSR1"}},
		{`event == "killed" and signal == SIGUSR1`, []string{"killed by SIGUSR1"}},
		{`event == "exit" and code == 5`, []string{"exited with 5"}},
		{`event == "exit" and code == 4`, nil},
		{`event in ["exit", "killed"] and comm == "sh"`, []string{"exited with 5", "killed by SIGUSR1"}},
		{`comm != "sh"`, nil},
		{`name == "kill"`, []string{"SIGCHLD", "SIGUSR1", "SIGWINCH", "exited with 5", "kill", "kill", "killed by SIGUSR1"}},
		{`pid == 1 and ret == 99`, nil},
	} {
		got := trace(t, trapline(t), []string{"-f", "--where", c.where}, "sh", "-c", script)
		var events []string
		for _, m := range regexp.MustCompile(`(?m)(?:--- (SIG\w+) |\+\+\+ (exited with \d+|killed by SIG\w+)| (kill)\()`).FindAllStringSubmatch(got.log, -1) {
			events = append(events, m[1]+m[2]+m[3])
		}
		slices.Sort(events)
		if !slices.Equal(events, c.want) {
			t.Errorf("%s: %q, want %q", c.where, events, c.want)
		}
	}
}

// A trace begins and ends at the calls that conditions select; the command continues.
func TestStartStop(t *testing.T) {
	const script = `export LC_ALL=C; mkdir "$0/a"; cat /nonexistent; rmdir "$0/a"; echo done; exit 6`
	names := func(flags ...string) (string, traced) {
		got := trace(t, trapline(t), slices.Concat([]string{"-f", "-e", "trace=mkdir,rmdir,openat,write", "--signal=none", "--quiet=none"}, flags), "sh", "-c", script, t.TempDir())
		var names []string
		for _, m := range regexp.MustCompile(`(?m)^\d+ +(?:(\w+)\(.*(?:/a"|"/nonexistent", O_).*|(write)\(1, "done.*)$`).FindAllStringSubmatch(got.log, -1) {
			names = append(names, m[1]+m[2])
		}
		return strings.Join(names, " "), got
	}
	for _, c := range []struct {
		flags []string
		want  string
		stops bool
	}{
		{nil, "mkdir openat rmdir write", false},
		{[]string{"--start-on", `name == "openat" and path == "/nonexistent"`}, "openat rmdir write", false},
		{[]string{"--start-on", `path == "/nonexistent" and errno == ENOENT`}, "openat rmdir write", false},
		{[]string{"--start-on", `name == "mkdir" and ret == 0`}, "mkdir openat rmdir write", false},
		{[]string{"--start-on", `name == "exit_group"`}, "", false}, // of the first process
		{[]string{"--stop-on", `name == "openat" and path == "/nonexistent"`}, "mkdir openat", true},
		{[]string{"--stop-on", `path == "/nonexistent" and errno == ENOENT`}, "mkdir openat", true},
		{[]string{"--start-on", `path == "/nonexistent"`, "--stop-on", `name == "rmdir"`}, "openat rmdir", true},
		{[]string{"--start-on", `path == "/nonexistent" and ret < 0`, "--stop-on", `path == "/nonexistent" and ret < 0`}, "openat", true},
		{[]string{"--start-on", `event == "exit"`}, "openat rmdir write", false},
		{[]string{"--stop-on", `event == "exit"`}, "mkdir", true},
		{[]string{"--stop=calls:1", "--where", `path endsWith "/a"`}, "mkdir", true},
		{[]string{"--stop=calls:1000,duration:1h"}, "mkdir openat rmdir write", false},
	} {
		got, run := names(c.flags...)
		if c.flags != nil && c.flags[0] == "--start-on" && strings.Contains(c.flags[1], "exit_group") {
			if strings.Contains(got, "mkdir") {
				t.Errorf("%q: %s", c.flags, got)
			}
			continue
		}
		if got != c.want {
			t.Errorf("%q: %s, want %s\n%s", c.flags, got, c.want, run.log)
		}
		if run.stdout != "done\n" && !c.stops {
			t.Errorf("%q: the command wrote %q", c.flags, run.stdout)
		}
		if says := strings.Contains(run.stderr, "detaching tracees"); says != c.stops {
			t.Errorf("%q: %s", c.flags, run.stderr)
		}
	}
}

// The command continues when a limit ends the trace. It runs until it has no tracer, so
// that each limit is reached on any machine; with a filter, which needs a tracer to the
// end, it runs for some time.
func TestStopLimits(t *testing.T) {
	const script = `traced=yes end=$(($(date +%s)+10))
		while [ $traced ] && [ $(date +%s) -lt $end ]; do
			i=0
			while [ $i -lt 20 ]; do cat </dev/null; i=$((i+1)); done
			while read key value; do [ "$key $value" != "TracerPid: 0" ] || traced=; done </proc/$$/status
		done
		echo lived >&2`
	for _, limit := range []string{"duration:200ms", "size:4K", "calls:50"} {
		got := trace(t, trapline(t), []string{"--quiet=none", "--stop=" + limit}, "sh", "-c", script)
		if !strings.Contains(got.stderr, "detaching tracees") {
			t.Errorf("%s: %s", limit, got.stderr)
		}
		if !strings.Contains(got.stderr, "lived") {
			t.Errorf("%s: the command has not continued: %s", limit, got.stderr)
		}
		if strings.Contains(got.log, "exited") {
			t.Errorf("%s: the trace has continued", limit)
		}
	}
}

func TestConditionErrors(t *testing.T) {
	for _, c := range []struct {
		flags []string
		want  string
	}{
		{[]string{"--where", "flagz & O_CREAT"}, "--where: condition 'flagz & O_CREAT', column 1: no call that is traced has an operand 'flagz': did you mean 'flags'?"},
		{[]string{"-e", "trace=read", "--where", "flags & O_CREAT"}, "column 1: no call that is traced has an operand 'flags'"},
		{[]string{"--where", "errno == EACCESS"}, "column 10: no constant is called 'EACCESS': did you mean 'EACCES'?"},
		{[]string{"--where", "addr.sin_prot == 1"}, "column 1: 'addr' has no member 'sin_prot': did you mean 'sin_port'?"},
		{[]string{"--where", "dur > 10"}, "column 7: a time is compared with a number (a time has a unit: 10ms)"},
		{[]string{"--start-on", "ret =="}, "--start-on: condition 'ret ==', column 7: it ends too early"},
		{[]string{"--stop-on", "ret"}, "--stop-on: condition 'ret', column 1: a number is not a condition"},
		{[]string{"--stop=time:3"}, "invalid --stop argument: 'time:3'"},
		{[]string{"--stop=duration:3"}, "invalid --stop argument: 'duration:3'"},
		{[]string{"--min-duration=10"}, "invalid --min-duration argument: '10'"},
		{[]string{"--status=ENOSUCH"}, "invalid status 'ENOSUCH'"},
		{[]string{"--inject=read:error=EIO:if=ret == 1"}, "'ret' is not known before the call has ended"},
	} {
		_, stderr, state := run(t, append(c.flags, "true")...)
		if state.ExitCode() != 1 || !strings.Contains(stderr, c.want) {
			t.Errorf("%q: status %d, %s", c.flags, state.ExitCode(), stderr)
		}
	}
}

// A condition of an injection selects by what is known at the entry.
func TestInjectIf(t *testing.T) {
	for _, c := range []struct{ condition, stdout string }{
		{`flags & O_CREAT`, "no"},
		{`path endsWith "x:y"`, "no"},
		{`path endsWith "x:z"`, "yes"},
		{`flags & O_TRUNC and mode == 0`, "yes"},
	} {
		got := trace(t, trapline(t), []string{"-f", "--inject=openat:error=EACCES:if=" + c.condition},
			"sh", "-c", `(echo > "$0/x:y") 2>/dev/null && printf yes || printf no`, t.TempDir())
		if got.stdout != c.stdout {
			t.Errorf("%s: %s\n%s", c.condition, got.stdout, got.stderr)
		}
		if marked := strings.Contains(got.log, "INJECTED"); marked != (c.stdout == "no") {
			t.Errorf("%s:\n%s", c.condition, got.log)
		}
	}
}
