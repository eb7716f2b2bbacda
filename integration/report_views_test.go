package integration

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/net/dns/dnsmessage"

	"trapline/integration/need"
)

// The report of connections has the bytes that a program has sent, and the host names that
// it has looked up.
func TestReportNet(t *testing.T) {
	need.All(t, need.Python3)
	query, err := (&dnsmessage.Message{
		Header:    dnsmessage.Header{ID: 7, RecursionDesired: true},
		Questions: []dnsmessage.Question{{Name: dnsmessage.MustNewName("host.example."), Type: dnsmessage.TypeAAAA, Class: dnsmessage.ClassINET}},
	}).Pack()
	if err != nil {
		t.Fatal(err)
	}
	script := fmt.Sprintf(`
import socket
s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen()
c = socket.create_connection(s.getsockname())
a, _ = s.accept()
c.sendall(b"x" * 1000)
got = 0
while got < 1000: got += len(a.recv(300))
a.sendall(b"y" * 50); c.recv(100)
print(s.getsockname()[1], c.getsockname()[1])
c.close(); a.close()
try: socket.create_connection(("127.0.0.1", 1))
except OSError: pass
import os, select
n = socket.socket(); n.setblocking(False)
try: n.connect(("127.0.0.1", 2))
except OSError: pass
select.select([], [n], []); n.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
w = socket.socket(socket.AF_UNIX); w.bind("\0test-%%d.listener" %% os.getpid()); w.listen()
x = socket.socket(socket.AF_UNIX); x.connect(w.getsockname()); y, _ = w.accept(); x.send(b"12")
z = socket.socket(socket.AF_UNIX); z.bind("\0test-%%d.idle" %% os.getpid()); z.listen()
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
u.sendto(bytes.fromhex(%q), ("127.0.0.1", 53))
`, fmt.Sprintf("%x", query))
	type connection struct {
		Event, Protocol, From, To string
		Peers                     []string
		Listens                   bool
		Sent                      int   `json:"bytes_sent"`
		Received                  int   `json:"bytes_received"`
		End                       int64 `json:"end_ns"`
		Errors                    map[string]int
		Lookups                   []struct{ Name, Type string }
	}
	traced := trace(t, trapline(t), []string{"--report=net", "--json"}, "python3", "-c", script)
	ports := strings.Fields(traced.stdout)
	if len(ports) != 2 {
		t.Fatalf("%s%s", traced.stdout, traced.stderr)
	}
	server, client := "127.0.0.1:"+ports[0], "127.0.0.1:"+ports[1]
	found := make(map[string]bool)
	for _, c := range reportRecords[connection](t, traced.log) {
		switch {
		case c.Listens && c.From == server:
			found["listener"] = true
		case c.From == client && c.To == server && c.Sent == 1000 && c.Received == 50 && c.End > 0 && strings.HasPrefix(c.Protocol, "TCP"):
			found["client"] = true
		case c.From == server && c.To == client && c.Sent == 50 && c.Received == 1000 && c.End > 0:
			found["server"] = true
		case c.To == "127.0.0.1:1" && c.Errors["ECONNREFUSED"] == 1:
			found["refused"] = true
		case c.To == "127.0.0.1:2" && c.Errors["ECONNREFUSED"] == 1 && c.Errors["EINPROGRESS"] == 1:
			found["refused later"] = true
		case strings.HasSuffix(c.From, ".listener") && c.Listens:
			found["unix listener"] = true
		case strings.HasSuffix(c.From, ".listener") && c.To == "" && !c.Listens:
			found["unix server"] = true
		case strings.HasSuffix(c.To, ".listener") && c.Sent == 2:
			found["unix client"] = true
		case strings.HasSuffix(c.From, ".idle") && c.Listens: // though it never accepts
			found["idle"] = true
		case slices.Equal(c.Peers, []string{"127.0.0.1:53"}) && c.Sent == len(query) && len(c.Lookups) == 1 &&
			c.Lookups[0].Name == "host.example" && c.Lookups[0].Type == "AAAA":
			found["dns"] = true
		}
	}
	for _, want := range []string{
		"listener", "client", "server", "refused", "refused later", "unix listener", "unix server", "unix client", "idle", "dns",
	} {
		if !found[want] {
			t.Errorf("%s is missing:\n%s", want, traced.log)
		}
	}
}

// The table of connections shows the errors of connections, but not the errors by which
// libraries probe descriptors. Records have all errors.
func TestReportNetAnswers(t *testing.T) {
	need.All(t, need.Python3)
	const script = `
import os, socket
def asked(ask):
    try: ask()
    except OSError: pass
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.connect(("127.0.0.1", 9))
os.isatty(s.fileno())
asked(lambda: os.lseek(s.fileno(), 0, os.SEEK_CUR))
r = socket.socket()
asked(lambda: r.connect(("127.0.0.1", 1)))
asked(r.getpeername)
asked(lambda: r.send(b"1"))
`
	command := []string{"python3", "-I", "-S", "-c", script}
	text := trace(t, trapline(t), []string{"--report=net"}, command...).log
	for name, want := range map[string]int{"ENOTTY": 0, "ESPIPE": 0, "ENOTCONN": 0, "ECONNREFUSED": 1, "EPIPE": 1} {
		if got := strings.Count(text, name); got != want {
			t.Errorf("%s appears %d times, want %d:\n%s", name, got, want, text)
		}
	}
	type connection struct{ Errors map[string]int }
	all := make(map[string]int)
	records := trace(t, trapline(t), []string{"--report=net", "--json"}, command...).log
	for _, c := range reportRecords[connection](t, records) {
		for name, n := range c.Errors {
			all[name] += n
		}
	}
	if all["ENOTTY"] == 0 || all["ESPIPE"] == 0 || all["ENOTCONN"] == 0 {
		t.Errorf("records have %v:\n%s", all, records)
	}
}

// The report of descriptors lists descriptors that were not closed, and where they were
// opened.
func TestReportFDs(t *testing.T) {
	need.All(t, need.Python3)
	dir := t.TempDir()
	for _, name := range []string{"leaked", "closed", "ranged", "dup"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	script := `
import os
def opens(name): return os.open(name, os.O_RDONLY)
os.close(opens("closed"))
leaked = opens("leaked")
ranged = opens("ranged"); os.closerange(ranged, ranged + 5)
d = os.dup(opens("dup"))
os.set_inheritable(leaked, True)
os._exit(0)
`
	type descriptor struct {
		FD         int
		Path, Call string
		Stack      []struct{ Symbol string }
	}
	traced := trace(t, trapline(t), []string{"--report=fds", "--json", "-k"}, "sh", "-c", "cd "+dir+" && exec python3 -I -S -c '"+script+"'")
	var got []string
	for _, d := range reportRecords[descriptor](t, traced.log) {
		if filepath.Dir(d.Path) != dir {
			continue
		}
		got = append(got, filepath.Base(d.Path)+" by "+strings.TrimRight(d.Call, "0123456789"))
		if len(d.Stack) == 0 {
			t.Errorf("%s has no stack", d.Path)
		}
	}
	slices.Sort(got)
	if want := []string{"dup by fcntl", "dup by openat", "leaked by openat"}; !slices.Equal(got, want) {
		t.Errorf("open are %q, want %q:\n%s", got, want, traced.log)
	}
}

// The report of descriptors has the protocols and addresses that the program itself sees of
// its sockets, including sockets that it got by fork or through another socket. A recording
// has the same.
func TestReportFDsSockets(t *testing.T) {
	need.All(t, need.Python3)
	recording := filepath.Join(t.TempDir(), "recording")
	const script = `
import os, socket
def shown(name):
    if isinstance(name, tuple): return ("[%s]:%d" if ":" in name[0] else "%s:%d") % name[:2]
    return ("@" + name[1:].decode() if name[:1] == b"\0" else name.decode()) if isinstance(name, bytes) else name
def says(s, protocol, listens=False):
    try: peer = shown(s.getpeername())
    except OSError: peer = ""
    print(os.getpid(), s.fileno(), protocol, shown(s.getsockname()) or "-", peer or "-", str(listens).lower(), "-")
def both(family, host, protocol):
    s = socket.socket(family); s.bind((host, 0)); s.listen()
    c = socket.socket(family); c.connect(s.getsockname()); a, _ = s.accept()
    says(s, protocol, True); says(c, protocol); says(a, protocol)
    return s, c, a
four = both(socket.AF_INET, "127.0.0.1", "TCP")
try: six = both(socket.AF_INET6, "::1", "TCPv6")
except OSError: six = ()
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); u.bind(("127.0.0.1", 0)); says(u, "UDP")
auto = socket.socket(socket.AF_UNIX); auto.bind(""); auto.listen(); says(auto, "UNIX-STREAM", True)
x = socket.socket(socket.AF_UNIX); x.connect(auto.getsockname()); says(x, "UNIX-STREAM")
y, _ = auto.accept(); says(y, "UNIX-STREAM")
none = socket.socket(socket.AF_UNIX)
try: none.connect("/nonexistent/socket")
except OSError: pass
print(os.getpid(), none.fileno(), "UNIX-STREAM - /nonexistent/socket false ENOENT")
p, q = socket.socketpair(); says(p, "UNIX-STREAM"); says(q, "UNIX-STREAM")
later = socket.socket()
print(os.getpid(), later.fileno(), "TCP", end=" ", flush=True)
if os.fork() == 0:
    later.bind(("127.0.0.1", 0)); print(shown(later.getsockname()), "- false -", flush=True)
    copy = socket.socket(fileno=os.dup(four[1].fileno())); says(copy, "TCP")
    _, passed, _, _ = socket.recv_fds(q, 1, 1)
    again = socket.socket(fileno=os.dup(passed[0])); os.close(passed[0]); says(again, "TCP")
    import sys; sys.stdout.flush()
    os._exit(0)
socket.send_fds(p, [b"1"], [four[2].fileno()])
os.wait()
import sys; sys.stdout.flush()
os._exit(0)
`
	type descriptor struct {
		PID, FD        int
		Path, Protocol string
		From, To       string
		Listens        bool
		Error          string `json:"connect_error"`
	}
	traced := trace(t, trapline(t), []string{"--report=fds", "--json", "--record=" + recording}, "python3", "-I", "-S", "-c", script)
	said := strings.Split(strings.TrimSpace(traced.stdout), "\n")
	slices.Sort(said)
	if len(said) < 12 {
		t.Fatalf("%s%s", traced.stdout, traced.stderr)
	}
	_, records, _ := run(t, "--report=fds", "--json", "--from="+recording)
	for _, log := range []string{traced.log, records} {
		var reported []string
		for _, d := range reportRecords[descriptor](t, log) {
			if !strings.HasPrefix(d.Path, "socket:[") {
				continue
			}
			or := func(s string) string { return cmp.Or(s, "-") }
			reported = append(reported, fmt.Sprintf("%d %d %s %s %s %v %s", d.PID, d.FD, d.Protocol, or(d.From), or(d.To), d.Listens, or(d.Error)))
		}
		slices.Sort(reported)
		if !slices.Equal(reported, said) {
			t.Errorf("the report has\n%s\nand the program\n%s\n%s", strings.Join(reported, "\n"), strings.Join(said, "\n"), log)
		}
	}
	_, text, _ := run(t, "--report=fds", "--from="+recording)
	for _, line := range said {
		f := strings.Fields(line)
		what := f[2]
		if f[3] != "-" {
			what += " from " + f[3]
		}
		if f[4] != "-" {
			what += " to " + f[4]
		}
		if f[5] == "true" {
			what += " (listens)"
		}
		if f[6] != "-" {
			what += " (" + f[6] + ")"
		}
		row := regexp.MustCompile(`(?m)^ *` + f[0] + ` +` + f[1] + ` .* socket:\[\d+\] ` + regexp.QuoteMeta(what) + `$`)
		if !row.MatchString(text) {
			t.Errorf("no row for %q:\n%s", line, text)
		}
	}
}

// Sockets that a program could not connect to one address, one after the other, are one row
// with their number. Each has its own record.
func TestReportNetAttempts(t *testing.T) {
	need.All(t, need.Python3)
	const script = `
import socket
def attempt(name):
    s = socket.socket(socket.AF_UNIX)
    try: s.connect(name)
    except OSError: pass
    s.close()
for name in "/nonexistent/a", "/nonexistent/a", "/nonexistent/b", "/nonexistent/a", "/": attempt(name)
`
	recording := filepath.Join(t.TempDir(), "recording")
	live := trace(t, trapline(t), []string{"--report=net", "--record=" + recording}, "python3", "-I", "-S", "-c", script).log
	_, again, _ := run(t, "--report=net", "--from="+recording)
	_, records, _ := run(t, "--report=net", "--json", "--from="+recording)
	for _, log := range []string{live, again} {
		var got []string
		for line := range strings.Lines(log) {
			if i := strings.Index(line, " -  "); i >= 0 && !strings.Contains(line, "nscd") {
				f := strings.Fields(line)
				got = append(got, f[3]+" "+strings.TrimSpace(line[i+len(" -  "):]))
			}
		}
		want := []string{"ENOENT /nonexistent/a (2 times)", "ENOENT /nonexistent/b", "ENOENT /nonexistent/a", "ECONNREFUSED /"}
		if !slices.Equal(got, want) {
			t.Errorf("%q, want %q:\n%s", got, want, log)
		}
	}
	if n := strings.Count(records, `"to":"/nonexistent/a"`); n != 3 {
		t.Errorf("%d records, want 3:\n%s", n, records)
	}
}

// The policies have the calls of the trace.
func TestReportPolicies(t *testing.T) {
	command := []string{"sh", "-c", "cat /dev/null; kill -0 $$"}
	names := make(map[string]bool)
	for line := range strings.Lines(trace(t, trapline(t), []string{"-f", "-q"}, command...).log) {
		if m := regexp.MustCompile(`^\d+ +(?:<... )?(\w+)[( ]`).FindStringSubmatch(line); m != nil {
			names[m[1]] = true
		}
	}
	traced := trace(t, trapline(t), []string{"--report=seccomp"}, command...)
	var profile struct {
		DefaultAction string
		Architectures []string
		Syscalls      []struct {
			Names  []string
			Action string
		}
	}
	if err := json.Unmarshal([]byte(traced.log), &profile); err != nil {
		t.Fatalf("%v: %s", err, traced.log)
	}
	if profile.DefaultAction != "SCMP_ACT_ERRNO" || len(profile.Syscalls) != 1 || profile.Syscalls[0].Action != "SCMP_ACT_ALLOW" ||
		!slices.Equal(profile.Architectures, []string{"SCMP_ARCH_X86_64"}) {
		t.Errorf("%s", traced.log)
	}
	if !strings.Contains(traced.stderr, "is missing") {
		t.Errorf("no text says what is missing: %s", traced.stderr)
	}
	for name := range names {
		if !slices.Contains(profile.Syscalls[0].Names, name) {
			t.Errorf("the profile lacks %s", name)
		}
	}
	if n := len(profile.Syscalls[0].Names); n > len(names)+2 {
		t.Errorf("the profile has %d calls, the trace %d", n, len(names))
	}
	unit := trace(t, trapline(t), []string{"--report=systemd"}, command...).log
	if want := "SystemCallFilter=" + strings.Join(profile.Syscalls[0].Names, " ") + "\n"; !strings.Contains(unit, want) {
		t.Errorf("%s lacks %s", unit, want)
	}
}

// The report of time shows what a process waited for, and counts overlapping calls once.
func TestReportTime(t *testing.T) {
	need.All(t, need.Bash)
	type timed struct {
		Event, Program, Name string
		Elapsed              int64 `json:"elapsed_ns"`
		InCalls              int64 `json:"in_calls_ns"`
		Stopped              int64 `json:"stopped_ns"`
		Calls                []struct {
			Name, Path string
			Duration   int64 `json:"duration_ns"`
		}
		Duration int64 `json:"duration_ns"`
	}
	const second = 1e9
	// With job control, wait returns when the job has stopped.
	script := `sleep 0.5 & sleep 0.5 & wait; set -m; sh -c 'kill -STOP $$' & p=$!; wait $p; sleep 0.5; kill -CONT $p; wait`
	all := reportRecords[timed](t, trace(t, trapline(t), []string{"--report=time", "--json"}, "bash", "-c", script).log)
	slept := 0
	stopped := int64(0)
	for _, r := range all {
		switch r.Event {
		case "time":
			if r.InCalls > r.Elapsed || r.Elapsed < second {
				t.Errorf("%+v", r)
			}
		case "time_process":
			if r.InCalls > r.Elapsed {
				t.Errorf("%s was in calls for longer than it ran: %+v", r.Program, r)
			}
			stopped = max(stopped, r.Stopped)
			if r.Program == "sleep" && len(r.Calls) > 0 && strings.Contains(r.Calls[0].Name, "nanosleep") && r.Calls[0].Duration >= second/2 {
				slept++
			}
		}
	}
	if slept != 3 {
		t.Errorf("%d processes slept, want 3: %+v", slept, all)
	}
	if stopped < second/5 {
		t.Errorf("one was stopped for %d ns", stopped)
	}
	slow := slices.IndexFunc(all, func(r timed) bool { return r.Event == "slow_call" })
	if slow < 0 || all[slow].Duration < second/2 {
		t.Errorf("the slowest call is missing: %+v", all)
	}
}

// The folded stacks are lines of frames and microseconds. Each call counts once.
func TestReportFolded(t *testing.T) {
	traced := trace(t, trapline(t), []string{"--report=folded", "-k"}, program(t, "threads", "amd64"), t.TempDir())
	line := regexp.MustCompile(`^threads-amd64(;[^; ]+)+ \d+$`)
	mkdir := false
	for text := range strings.Lines(traced.log) {
		text = strings.TrimSuffix(text, "\n")
		if !line.MatchString(text) {
			t.Errorf("%q", text)
		}
		mkdir = mkdir || strings.Contains(text, "main.main.func1;") && strings.Contains(text, ";unix.Mkdirat") || strings.Contains(text, "Mkdir")
	}
	if !mkdir {
		t.Errorf("the stack of mkdir is missing:\n%s", traced.log)
	}
	calls := 0
	for _, r := range reportRecords[struct {
		Frames []string
		Calls  int
	}](t, trace(t, trapline(t), []string{"--report=folded", "-k", "--json", "-e", "trace=mkdirat"}, program(t, "threads", "amd64"), t.TempDir()).log) {
		calls += r.Calls
	}
	if calls != 80 {
		t.Errorf("there are %s calls of mkdirat, want 80", strconv.Itoa(calls))
	}
}

// A report on a recording is the same as the report on the recorded trace.
func TestReportsOfRecordings(t *testing.T) {
	dir := t.TempDir()
	recording := filepath.Join(dir, "recording")
	script := "cd " + dir + "; echo x >a; cat a /etc/passwd >b; mv b c; rm a; X=1 sh -c 'cat /does/not/exist; exit 3'; sleep 0.05"
	kinds := "--report=files,tree,fds,seccomp,systemd"
	live := trace(t, trapline(t), []string{kinds, "--json", "--record=" + recording}, "sh", "-c", script).log
	again := filepath.Join(dir, "again")
	if _, stderr, _ := run(t, kinds, "--json", "-o", again, "--from="+recording); stderr != "" {
		t.Errorf("%s", stderr)
	}
	b, err := os.ReadFile(again)
	if err != nil {
		t.Fatal(err)
	}
	timeless := func(log string) (lines []string) {
		for line := range strings.Lines(log) {
			if strings.Contains(line, `"event":"trace"`) {
				continue
			}
			line = regexp.MustCompile(`"(time|time_ns|duration_ns|first_ns|start_ns|end_ns|wall_ns|opened_ns)":[0-9.]+`).ReplaceAllString(line, `"$1":0`)
			lines = append(lines, regexp.MustCompile(`"env_set":\[[^]]*\],"env_unset":\[[^]]*\],"command":"[^"\\]*(\\.[^"\\]*)*"`).ReplaceAllString(line, "environment"))
		}
		return lines
	}
	want, got := timeless(live), timeless(string(b))
	for i := range want {
		if i >= len(got) || got[i] != want[i] {
			t.Errorf("live:\n%sfrom the recording:\n%s", want[i], strings.Join(got[min(i, len(got)):min(i+1, len(got))], ""))
		}
	}
	if len(got) != len(want) || len(want) < 10 {
		t.Errorf("%d records, %d live", len(got), len(want))
	}
}

// With -C the trace of all processes is written as well, and each line shows its process.
func TestReportWithTrace(t *testing.T) {
	log := trace(t, trapline(t), []string{"-C", "--tree", "-e", "trace=execve"}, "sh", "-c", "/bin/true; true").log
	ends := regexp.MustCompile(`(?m)^(\d+ +)?\+\+\+ exited with 0 \+\+\+$`).FindAllStringSubmatch(log, -1)
	if len(ends) != 2 || ends[0][1] == "" || ends[1][1] == "" || ends[0][1] == ends[1][1] {
		t.Errorf("the ends of two processes are %q in:\n%s", ends, log)
	}
}

// A report on a recording of only some calls says so if it needs other calls.
func TestReportsOfSomeCalls(t *testing.T) {
	some := recorded(t, []string{"-f", "-e", "trace=openat"}, "cat", "/etc/passwd")
	files := recorded(t, []string{"-f", "-e", "trace=%file,%desc"}, "cat", "/etc/passwd")
	all := recorded(t, []string{"-f"}, "cat", "/etc/passwd")
	for _, tt := range []struct {
		from   []string
		report string
		lacks  int
	}{
		{[]string{some}, "fds", 1}, {[]string{some}, "seccomp", 1}, {[]string{some}, "files", 1}, {[]string{some}, "tree", 0},
		{[]string{files}, "files", 0}, {[]string{files}, "tree,net", 1},
		{[]string{all}, "fds,net,files,time,systemd", 0},
		{[]string{some, all, files}, "systemd", 2},
	} {
		args := []string{"--report=" + tt.report}
		for _, file := range tt.from {
			args = append(args, "--from="+file)
		}
		const lacks = "the report needs calls that were not recorded"
		_, text, state := run(t, args...)
		_, json, _ := run(t, append(args, "--json")...)
		inJSON := strings.Count(json, `"event":"incomplete"`)
		if state.ExitCode() != 0 || strings.Count(text, lacks) != tt.lacks || inJSON != tt.lacks || strings.Count(json, lacks) != tt.lacks {
			t.Errorf("%s: status %d:\n%s\n%s", tt.report, state.ExitCode(), text, json)
		}
	}
}
