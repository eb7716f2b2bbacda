package integration

import (
	"bufio"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"trapline/integration/need"
	"trapline/integration/programs"
)

// bufferedCommand is a program whose calls are mostly buffered.
type bufferedCommand struct {
	name string
	argv []string
}

// bufferedCommands returns programs that make the same calls in each run:
// dynamic, static and Go ones, with processes and threads.
func bufferedCommands(t *testing.T) (list []bufferedCommand) {
	t.Helper()
	for _, c := range []bufferedCommand{
		{"true", []string{"true"}},
		{"ls", []string{"ls", "-lR", "/usr/include/linux", "/etc"}},
		{"find", []string{"find", "/usr/include", "-name", "*.h"}},
		{"sort", []string{"sort", "/etc/passwd"}},
		{"tar", []string{"tar", "-cf", "/dev/null", "/usr/include/linux"}},
		{"dd", []string{"dd", "if=/dev/zero", "of=/dev/null", "bs=1", "count=5000", "status=none"}},
		{"busybox", []string{"busybox", "ls", "-l", "/usr/bin"}},
		{"sh", []string{"sh", "-c", "i=0; while [ $i -lt 30 ]; do /bin/true; (cd /; pwd) >/dev/null; i=$((i+1)); done; exit 7"}},
		{"python3", []string{"/usr/bin/python3", "-c", "import json, os; print([os.system('exit 3'), os.getcwd()])"}},
	} {
		if _, err := exec.LookPath(c.argv[0]); err == nil {
			list = append(list, c)
		}
	}
	return list
}

// stoppedCalls is what -d says of buffered calls.
var stoppedCalls = regexp.MustCompile(`buffered: (\d+) calls did not stop, (\d+) did`)

// bufferedCalls returns how many calls did not stop, and how many did, from the
// messages of -d.
func bufferedCalls(t *testing.T, messages string) (passed, stopped int) {
	t.Helper()
	m := stoppedCalls.FindStringSubmatch(messages)
	if m == nil {
		t.Fatal("no calls were buffered")
	}
	passed, _ = strconv.Atoi(m[1])
	stopped, _ = strconv.Atoi(m[2])
	return passed, stopped
}

// -c counts the same calls and errors with and without buffering, and the
// program does not notice.
func TestBufferedSummary(t *testing.T) {
	for _, c := range bufferedCommands(t) {
		t.Run(c.name, func(t *testing.T) {
			uninterrupted(t)
			run := func(when string) string {
				r := trace(t, trapline(t), []string{"-f", "-c", "-S", "name", "-U", "name,calls,errors", "--buffered=" + when}, c.argv...)
				return fmt.Sprintf("%s%sexit status %d, output:\n%s", r.log, r.stderr, r.status, r.stdout)
			}
			never, always := run("never"), run("always")
			if always != never {
				t.Errorf("buffered:\n%s\nstopped:\n%s", always, never)
			}
		})
	}
}

// With auto, the rows of -c end with the one that needs each call to stop.
func TestBufferedSummaryTotal(t *testing.T) {
	for _, when := range []string{"never", "auto"} {
		log := trace(t, trapline(t), []string{"-f", "-c", "-w", "--json", "--buffered=" + when}, "ls", "-lR", "/usr/include/linux").log
		if !strings.Contains(log, `"event":"summary_total"`) && !buffering {
			t.Errorf("--buffered=%s:\n%s", when, log)
		}
	}
}

// firstDifference describes where two texts differ.
func firstDifference(a, b string) string {
	as, bs := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(as), len(bs)) {
		if as[i] != bs[i] {
			return fmt.Sprintf("line %d:\n%s\nand\n%s", i+1, as[i], bs[i])
		}
	}
	return fmt.Sprintf("%d and %d lines", len(as), len(bs))
}

// A program that makes many calls stops at few of them. Those of reading and writing are
// enough: how many more dd makes depends on the files of the locale.
func TestBufferedCallsDoNotStop(t *testing.T) {
	argvs := [][]string{
		{"dd", "if=/dev/zero", "of=/dev/null", "bs=1", "count=5500"},
		{path(t, programs.Bench), "workload", "rw", "5500"},
	}
	if need.GCC64.Err() == nil {
		argvs = append(argvs, []string{path(t, programs.LinkedBench), "workload", "rw", "5500"})
	}
	for _, argv := range argvs {
		r := trace(t, trapline(t), []string{"-d", "-f", "-c", "--buffered=always"}, argv...)
		if passed, stopped := bufferedCalls(t, r.stderr); passed < 10000 || stopped > 1000 {
			t.Errorf("%q: %d calls did not stop, %d did", argv, passed, stopped)
		}
	}
}

// A process made by fork has its parent's patched calls, and soon does not stop at them.
func TestBufferedForksDoNotStop(t *testing.T) {
	const script = `i=0
while [ $i -lt 40 ]; do
	(cd /; umask 22; [ -f /etc ]; : >/dev/null; cd /tmp; [ -d / ]; umask 77; : </dev/null; cd /etc; [ -r / ]; : >/dev/null)
	i=$((i+1))
done`
	r := trace(t, trapline(t), []string{"-d", "-f", "-c", "--buffered=always"}, "sh", "-c", script)
	if passed, stopped := bufferedCalls(t, r.stderr); passed < stopped {
		t.Errorf("%d calls did not stop, %d did", passed, stopped)
	}
}

// Calls that are interrupted end as they do untraced, also in a program with
// seccomp filters of its own.
func TestBufferedInterruptions(t *testing.T) {
	need.All(t, need.GCC64)
	for _, program := range []string{path(t, programs.Interrupted), sandbox(t, "-m64")} {
		want := outcomeOf(t, 0, program)
		got := outcomeOf(t, 0, trapline(t), "-f", "-q", "-o", "/dev/null", "--buffered=always", program)
		if got != want {
			t.Errorf("%s, untraced:\n%s%s\nbuffered:\n%s%s", program, want.stdout, want.end, got.stdout, got.end)
		}
	}
}

// An option that needs every stop is named: always if buffering was asked for
// always, else only with -d.
func TestNotBuffered(t *testing.T) {
	for _, tt := range []struct {
		flags []string
		says  bool
	}{
		{[]string{"--buffered=always", "-k"}, true},
		{[]string{"--buffered=auto", "-d", "-k"}, true},
		{[]string{"--buffered=auto", "-k"}, false},
		{[]string{"--buffered=never", "-d", "-k"}, false},
	} {
		messages := trace(t, trapline(t), tt.flags, "true").stderr
		if says := strings.Contains(messages, "--buffered is not enabled because of -k\n"); says != tt.says {
			t.Errorf("%q: there is a message: %v, want %v", tt.flags, says, tt.says)
		}
	}
}

// With -I anywhere a signal kills trapline, and the command lives on, which it could not do
// with a filter.
func TestBufferedInterruptedAnywhere(t *testing.T) {
	const script = `i=0; while [ $i -lt 200 ]; do i=$((i+1)); cd /; done; echo ready; read line; /bin/echo "$line"`
	cmd := exec.Command(trapline(t), "--buffered=always", "-I", "anywhere", "-f", "-o", filepath.Join(t.TempDir(), "log"), "sh", "-c", script)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stdout := bufio.NewReader(pipe)
	if line, err := stdout.ReadString('\n'); line != "ready\n" {
		t.Errorf("the command wrote %q, %v", line, err)
	}
	cmd.Process.Signal(unix.SIGTERM)
	if state, err := cmd.Process.Wait(); err != nil || state.Sys().(syscall.WaitStatus).Signal() != syscall.SIGTERM {
		t.Errorf("trapline: %v, %v", state, err)
	}
	io.WriteString(stdin, "lives on\n")
	stdin.Close()
	if rest, err := io.ReadAll(stdout); string(rest) != "lives on\n" || err != nil {
		t.Errorf("after the end of trapline the command wrote %q, %v", rest, err)
	}
}

// Options give the same text with and without buffering, whether it can serve
// them or not.
func TestBufferedOptions(t *testing.T) {
	t.Setenv("LC_ALL", "C")
	times := regexp.MustCompile(`(?m)\d+[.:]\d+(:\d+)?([.]\d+)?|<\d+[.]\d+>`)
	for _, tt := range []struct {
		flags    string
		buffered bool // calls do not stop; with auto they do without -f
	}{
		{"", true},
		{"-f", true},
		{"-f -i", true},
		{"-f -n", true},
		{"-f -r", true},
		{"-f -ttt", true},
		{"-f -t -T", true},
		{"-f -x -a 60 -s 5", true},
		{"-f -xx -v", true},
		{"-f -X raw", true},
		{"-f -X verbose", true},
		{"-f -N", true},
		{"-f -e trace=%file", true},
		{"-f -e trace=newfstatat,openat,close,fcntl --seccomp-bpf", true},
		{"-f -e raw=openat -e abbrev=none -e verbose=none", true},
		{"-f -z", true},
		{"-f -Z", true},
		{"-f -e status=failed,unfinished", true},
		{"-f --format=csv", true},
		{"-f --json", true},
		{"-f --keep=50", true},
		{"-c -w -U name,calls,errors -S name", true},
		{"-f -C -w -U name,calls,errors -S name", true},
		{"-f -y", true},
		{"-f -yy", true},
		{"-f -P /usr/include/asm-generic", true},
		{"-f --trace-fds=3", true},
		{"-f --where fd==3", true},
		{"-f --where path=='/usr/include/asm-generic/ioctl.h' --seccomp-bpf -e trace=%file", true},
		{"-f -y --seccomp-bpf -e trace=fstat,getdents64", true},
		{"-f -c -P /usr/include/asm-generic -w -U name,calls,errors -S name", true},
		{"-f --where errno!=0", true},
		{"-f --where count>20", false},
		{"-f --where comm=='find'", false},
		{"-f -e inject=getdents64:error=EIO:when=2", false},
		{"-f -k", false},
		{"-f --explain", false},
		{"-f -e write=1", false},
		{"-f -Y", false},
		{"-D -f", false},
		{"-f --syscall-limit=90", false},
		{"-f -b execve", false},
	} {
		t.Run(tt.flags, func(t *testing.T) {
			run := func(when string) (string, traced) {
				flags := append(strings.Fields(tt.flags), "--buffered="+when, "-d")
				r := trace(t, trapline(t), flags, "setarch", "-R", "find", "/usr/include/asm-generic", "-size", "+1")
				// What setarch does has random addresses.
				log := r.log
				if i := strings.LastIndex(log, "/usr/bin/find"); i >= 0 {
					_, log, _ = strings.Cut(log[i:], "\n")
				}
				for _, m := range masks {
					log = m.re.ReplaceAllString(log, m.by)
				}
				return times.ReplaceAllString(log, "TIME"), r
			}
			never, _ := run("never")
			always, r := run("always")
			auto, a := run("auto")
			if never != always {
				t.Errorf("always differs in %s", firstDifference(never, always))
			}
			if never != auto {
				t.Errorf("auto differs in %s", firstDifference(never, auto))
			}
			for when, messages := range map[string]string{"always": r.stderr, "auto": a.stderr} {
				wanted := tt.buffered && (when == "always" || strings.HasPrefix(tt.flags, "-f"))
				if m := stoppedCalls.FindStringSubmatch(messages); wanted != (m != nil && m[1] != "0") {
					t.Errorf("%s: not as wanted: %q", when, m)
				}
			}
		})
	}
}

// What was kept before a call counts also where the stub cannot read what the call
// should have written: getsockopt has not used the memory that is not there.
func TestBufferedUnreadableResult(t *testing.T) {
	need.All(t, need.Python3)
	const calls, script = 300, `import ctypes, socket
libc = ctypes.CDLL(None); s = socket.socket(16, 3, 0); s.bind((0, 1)); n = ctypes.c_uint()
for i in range(300):
    n.value = 3
    assert libc.getsockopt(s.fileno(), 270, 9, ctypes.c_void_p(0x123456000), ctypes.byref(n)) == 0 and n.value > 3`
	// python3 may be a script that looks for the interpreter.
	python, err := exec.Command("python3", "-c", "import sys; print(sys.executable)").Output()
	if err != nil {
		t.Fatal(err)
	}
	r := trace(t, trapline(t), []string{"-d", "-e", "trace=getsockopt", "--buffered=always"}, strings.TrimSpace(string(python)), "-c", script)
	if got := strings.Count(r.log, "NETLINK_LIST_MEMBERSHIPS, [], [3 => "); got != calls {
		t.Errorf("%d of %d calls have their length before and after:\n%s", got, calls, r.log)
	}
	if passed, stopped := bufferedCalls(t, r.stderr); passed < calls/2 {
		t.Errorf("%d calls did not stop, %d did", passed, stopped)
	}
}
