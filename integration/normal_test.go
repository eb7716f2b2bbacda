package integration

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"trapline/integration/need"
)

// A trace in normal form must be the same under strace and under trapline. It has the
// lines of each process, with interrupted calls joined, and without what varies from run
// to run.

// processes returns the lines of a trace with a pid column (-f -o) by process,
// in normal form. The processes have no fixed order: they are sorted.
func processes(log string) []string {
	lines := map[string][]string{}
	pending := map[string]string{}
	for line := range strings.Lines(log) {
		pid, text, ok := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		text = strings.TrimLeft(text, " ")
		if !ok {
			pid, text = "", strings.TrimSuffix(line, "\n")
		}
		if start, ok := strings.CutSuffix(text, "<unfinished ...>"); ok {
			pending[pid] = strings.TrimSuffix(start, " ")
			continue
		}
		if m := resumed.FindString(text); m != "" {
			text = pending[pid] + text[len(m):]
			delete(pending, pid)
		}
		lines[pid] = append(lines[pid], text)
	}
	for pid, start := range pending {
		lines[pid] = append(lines[pid], start+" <unfinished ...>")
	}
	pids := map[string]bool{}
	for pid := range lines {
		pids[pid] = true
	}
	var all []string
	for _, l := range lines {
		for i := range l {
			l[i] = normal(l[i], pids)
		}
		all = append(all, randomName.ReplaceAllString(strings.Join(l, "\n")+"\n", "$1"))
	}
	slices.Sort(all)
	return all
}

var resumed = regexp.MustCompile(`^<\.\.\. \w+ resumed>`)

// randomName matches the names that glibc gives to temporary files. If the first random
// bits, taken from the clock, would favour some names, glibc asks for others.
var randomName = regexp.MustCompile(`(?:getrandom\(BYTES, 8, GRND_NONBLOCK\) = 8\n)+(openat\(AT_FDCWD, "[^"\n]*/ccXXXXXX)`)

// byNature lists what varies from run to run, with replacements.
var byNature = []struct {
	pattern *regexp.Regexp
	normal  string
}{
	// The column of the result depends on the length of the text before it.
	{regexp.MustCompile(`\) +(= )`), `) $1`},
	// Addresses: of the stack, of mappings, of the heap, of a
	// position-independent program.
	{regexp.MustCompile(`\b0x[0-9a-f]{6,16}\b`), `ADDR`},
	// Random numbers.
	{regexp.MustCompile(`getrandom\("[^"]*"(\.\.\.)?`), `getrandom(BYTES`},
	// The parent of the tracee is the tracer.
	{regexp.MustCompile(`^getppid\(\) = \d+`), `getppid() = PPID`},
	// Times.
	{regexp.MustCompile(`tv_sec=-?\d+(, tv_u?n?sec=-?\d+)?( /\* [^*]* \*/)?`), `TIME`},
	{regexp.MustCompile(`si_[us]time=\d+( /\* [0-9.]+ s \*/)?`), `CPUTIME`},
	{regexp.MustCompile(`(f_bfree|f_bavail|f_ffree)=\d+`), `$1=N`},
	{regexp.MustCompile(`sysinfo\(\{.*?\}\)`), `sysinfo({MEMORY})`},
	{regexp.MustCompile(`^(time\(.*\)) = \d+( \([^)]*\))?`), `$1 = TIME`},
	// Names chosen by mkstemp and similar functions, and those of the tests' own
	// directories.
	{regexp.MustCompile(`/cc[0-9A-Za-z]{6}\b`), `/ccXXXXXX`},
	// Ports that the system chooses.
	{regexp.MustCompile(`sin_port="[^"]*" /\* htons\((3[2-9]|[4-6]\d)\d{3}\) \*/`), `sin_port=PORT`},
	{regexp.MustCompile(`htons\((3[2-9]|[4-6]\d)\d{3}\)`), `htons(PORT)`},
	// The time left of a sleep, the inode of a pipe or socket.
	{regexp.MustCompile(`(pipe|socket|anon_inode):\[\d+\]`), `$1:[INODE]`},
}

func normal(line string, pids map[string]bool) string {
	line = number.ReplaceAllStringFunc(line, func(n string) string {
		if v, err := strconv.ParseUint(n, 0, 32); err == nil && pids[strconv.FormatUint(v, 10)] {
			return "PID"
		}
		return n
	})
	for _, r := range byNature {
		line = r.pattern.ReplaceAllString(line, r.normal)
	}
	return line
}

var number = regexp.MustCompile(`\b(0x[0-9a-f]{2,8}|[1-9]\d+)\b`)

// straceVersion returns the version of strace on this machine, 7.2 as 702.
func straceVersion(t testing.TB) int {
	version, err := need.StraceVersion()
	if err != nil {
		t.Fatal(err)
	}
	var major, minor int
	if _, err := fmt.Sscanf(version, "%d.%d", &major, &minor); err != nil {
		t.Fatalf("version %q: %v", version, err)
	}
	return 100*major + minor
}

// versionDifferences are changes in strace's output since version 6.1, which
// distributions still have: trapline follows 7.2. Both traces are normalized
// before a comparison with a strace older than since.
var versionDifferences = []struct {
	since   int
	why     string
	pattern *regexp.Regexp
	same    string
}{
	{700, "rseq is decoded", regexp.MustCompile(`rseq\((\{.*\}|ADDR), (32|0x20), `), `rseq(ADDR, 32, `},
}

// agingOf returns a function that removes from a trace in normal form what a
// version of strace does not print, or prints differently.
func agingOf(version int) func(string) string {
	return func(s string) string {
		for _, d := range versionDifferences {
			if version < d.since {
				s = d.pattern.ReplaceAllString(s, d.same)
			}
		}
		return s
	}
}

// difference shows where two traces in normal form differ, or is empty.
func difference(strace, trapline []string) string {
	var b strings.Builder
	for i := range max(len(strace), len(trapline)) {
		var s, t []string
		if i < len(strace) {
			s = strings.Split(strace[i], "\n")
		}
		if i < len(trapline) {
			t = strings.Split(trapline[i], "\n")
		}
		diffLines(&b, s, t)
	}
	return b.String()
}

// diffLines writes a shortest line diff, which keeps a longest common
// subsequence.
func diffLines(b *strings.Builder, s, t []string) {
	// common[i][j] is the length of the longest one of s[i:] and t[j:].
	common := make([][]int, len(s)+1)
	for i := range common {
		common[i] = make([]int, len(t)+1)
	}
	for i := len(s) - 1; i >= 0; i-- {
		for j := len(t) - 1; j >= 0; j-- {
			if s[i] == t[j] {
				common[i][j] = common[i+1][j+1] + 1
			} else {
				common[i][j] = max(common[i+1][j], common[i][j+1])
			}
		}
	}
	for i, j := 0, 0; i < len(s) || j < len(t); {
		switch {
		case i < len(s) && j < len(t) && s[i] == t[j]:
			i++
			j++
		case j == len(t) || i < len(s) && common[i+1][j] >= common[i][j+1]:
			fmt.Fprintf(b, "strace    %s\n", s[i])
			i++
		default:
			fmt.Fprintf(b, "trapline  %s\n", t[j])
			j++
		}
	}
}

func TestNormalForm(t *testing.T) {
	const log = `12 execve("/bin/x", ["x"], 0x7ffc12345678 /* 3 vars */) = 0
12 clone(child_stack=NULL, flags=SIGCHLD <unfinished ...>
13 getppid( <unfinished ...>
12 <... clone resumed>, child_tidptr=0x7f1234567890) = 13
13 <... getppid resumed>)                = 12
12 wait4(13, [{WIFEXITED(s) && WEXITSTATUS(s) == 0}], 0, NULL) = 13
13 getrandom("\xb3\x36\x3b\x75\x12\x11\x5b\x90", 8, GRND_NONBLOCK) = 8
13 openat(AT_FDCWD, "/tmp/ccrzveS1.res", O_RDWR|O_CREAT|O_EXCL, 0600) = 3
13 getrandom("\xb3\x36\x3b\x75\x12\x11\x5b\x91", 8, GRND_NONBLOCK) = 8
13 exit_group(0)                     = ?
13 +++ exited with 0 +++
`
	got := strings.Join(processes(log), "--\n")
	const want = `execve("/bin/x", ["x"], ADDR /* 3 vars */) = 0
clone(child_stack=NULL, flags=SIGCHLD, child_tidptr=ADDR) = PID
wait4(PID, [{WIFEXITED(s) && WEXITSTATUS(s) == 0}], 0, NULL) = PID
--
getppid() = PID
openat(AT_FDCWD, "/tmp/ccXXXXXX.res", O_RDWR|O_CREAT|O_EXCL, 0600) = 3
getrandom(BYTES, 8, GRND_NONBLOCK) = 8
exit_group(0) = ?
+++ exited with 0 +++
`
	if got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}
