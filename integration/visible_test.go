package integration

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"trapline/integration/need"
	"trapline/integration/programs"
)

// TestTracedSeesTheSame runs a program that prints everything it can see of itself. Its
// output under trapline must equal its untraced output, except for the effects that any
// tracer has, which strace must show as well.
func TestTracedSeesTheSame(t *testing.T) {
	need.All(t, need.Live) // the test runs a copy of trapline
	need.All(t, need.GCC, need.Time)
	dir := openFolder(t)
	tr, visible, log := filepath.Join(dir, "trapline"), filepath.Join(dir, "visible"), filepath.Join(dir, "log")
	copyProgram(t, trapline(t), tr)
	copyProgram(t, path(t, programs.Visible), visible)
	proven := map[string]bool{} // rules that strace needs as well
	complete := true            // all runs have been made
	for _, uid := range []uint32{0, nobody} {
		for _, rich := range []bool{false, true} {
			name := fmt.Sprintf("user %d", uid)
			if rich {
				name += " with much inherited"
			}
			ran := false
			t.Run(name, func(t *testing.T) {
				start := []string{visible, "start"}
				if rich {
					need.All(t, need.Terminals)
					start = []string{visible, "rich", terminal(t, int(uid))}
				}
				user := &syscall.Credential{Uid: uid, Gid: uid}
				if uid != 0 {
					need.All(t, need.Root)
				} else if os.Geteuid() != 0 {
					user = nil // the user that runs the tests
				}
				run := func(tracer ...string) observed {
					os.Remove(log)
					return observe(t, user, slices.Concat(start, tracer, []string{visible}))
				}
				varies := mask{}
				untraced := run()
				for range 4 {
					varies.learn(untraced, run())
				}
				for _, c := range waysToTrace {
					if !rich && !c.strace && len(c.flags) > 3 {
						continue
					}
					flags := slices.Clone(c.flags)
					for i := range flags {
						flags[i] = strings.ReplaceAll(flags[i], "LOG", log)
					}
					tracer := tr
					if c.strace {
						if need.Strace.Err() != nil {
							continue
						}
						tracer, _ = exec.LookPath(need.StracePath())
					}
					for _, v := range variations(untraced, run(append([]string{tracer}, flags...)...), varies) {
						i := slices.IndexFunc(c.differs, v.is)
						switch {
						case i < 0:
							t.Errorf("%s %s: %v", filepath.Base(tracer), strings.Join(c.flags, " "), v)
						case c.strace:
							proven[fmt.Sprint(c.differs[i])] = true
						}
					}
				}
				ran = need.Strace.Err() == nil
			})
			complete = complete && ran
		}
	}
	if !complete {
		return
	}
	for _, c := range waysToTrace {
		for _, r := range c.differs {
			if key := fmt.Sprint(r); !proven[key] {
				t.Errorf("strace makes no difference in %v", r)
				proven[key] = true
			}
		}
	}
}

// waysToTrace are options, with their effects.
var waysToTrace = []struct {
	strace  bool // also run by strace: each difference occurs in some run
	flags   []string
	differs []rule
}{
	{true, []string{"-f", "-o", "LOG"}, slices.Concat(always, newProcess)},
	{true, []string{"-f", "-o", "LOG", "--seccomp-bpf", "-e", "trace=openat"}, slices.Concat(always, newProcess, filtered)},
	{true, []string{"-D", "-f", "-o", "LOG"}, slices.Concat(always, daemon, straceDaemon)},

	{false, []string{}, slices.Concat(always, newProcess)},
	{false, []string{"-f"}, slices.Concat(always, newProcess)},
	{false, []string{"-f", "-o", "LOG"}, slices.Concat(always, newProcess)},
	{false, []string{"-ff", "-o", "LOG"}, slices.Concat(always, newProcess)},
	{false, []string{"-f", "-e", "trace=openat"}, slices.Concat(always, newProcess)},
	{false, []string{"-e", "trace=openat", "-e", "signal=none"}, slices.Concat(always, newProcess)},
	{false, []string{"-f", "--seccomp-bpf", "-e", "trace=openat"}, slices.Concat(always, newProcess, filtered)},
	{false, []string{"-f", "--colocate=always", "-o", "LOG"}, slices.Concat(always, newProcess)},
	{false, []string{"-f", "--colocate=never", "-o", "LOG"}, slices.Concat(always, newProcess)},
	{false, []string{"-c"}, slices.Concat(always, newProcess)},
	{false, []string{"-f", "-c"}, slices.Concat(always, newProcess)},
	{false, []string{"-f", "-k", "-e", "trace=read"}, slices.Concat(always, newProcess)},
	{false, []string{"-f", "-yy", "-Y", "-T", "-v", "--regs", "-o", "|cat >LOG"}, slices.Concat(always, newProcess)},
	{false, []string{"-f", "-I1", "--kill-on-exit"}, slices.Concat(always, newProcess)},
	{false, []string{"-D"}, slices.Concat(always, daemon)},
	{false, []string{"-D", "-f"}, slices.Concat(always, daemon)},
	{false, []string{"-DD", "-f", "-o", "LOG"}, slices.Concat(always, daemon)},
	{false, []string{"-DDD", "-f", "--seccomp-bpf", "-e", "trace=openat"}, slices.Concat(always, daemon, filtered)},
}

// rule specifies which words of which lines may differ. Each string is a regular
// expression for the whole text. The fields of /proc/PID/stat are numbered from 0, in the
// order of proc_pid_stat(5).
type rule struct {
	who, source, key string
	words            []int // nil for all
}

// Differences for every tracee.
var always = []rule{
	{".*", "/proc/.*/status", "TracerPid:", []int{1}},
	// A stop of the process also stops it for the tracer.
	{".* stopped .*", "/proc/.*/status", "State:", nil},
	{".* stopped .*", "/proc/.*/stat", "", []int{2}},
	{".* stopped .*", "/proc/.*/(stack|wchan)", "", nil},
}

// Differences if the tracer makes a new process for the command.
var newProcess = []rule{
	{"main|thread|execve", "/proc/.*/status", "PPid:", []int{1}},
	{"main|thread|execve", "/proc/.*/stat", "", []int{3}},
	{"main|thread|execve", "getppid", "", nil},
	{"main|thread|execve", "/proc/.*/stat", "", []int{8}}, // PF_SUPERPRIV
	// A child does not inherit these: fork(2).
	{"main|thread|execve", "/proc/.*/status", "(Sig|Shd)Pnd:", []int{1}},
	{"main|thread|execve", "/proc/.*/stat", "", []int{30}}, // pending signals
	{"main|thread|execve", "sigpending", "", nil},
	{"main|thread|execve", "getitimer", "", []int{1, 2}},
	{"main|thread|execve", "PR_GET_CHILD_SUBREAPER", "", nil},
}

// Differences with -D: the tracer's parent has ended, so that the tracer is a
// child of the next subreaper, which is the command if it inherits that role.
var daemon = []rule{
	{"main|thread|execve", "/proc/.*/children", "", nil},
}

// strace -D forks the tracer, which then calls execve as the command.
var straceDaemon = []rule{
	{"main|thread|execve", "getitimer", "", []int{1, 2}},
}

// Differences with --seccomp-bpf.
var filtered = []rule{
	{".*", "/proc/.*/status", "Seccomp(_filters)?:", []int{1}},
	{".*", "/proc/.*/status", "NoNewPrivs:", []int{1}},
	{".*", "PR_GET_NO_NEW_PRIVS", "", nil},
	{".*", "PR_GET_SECCOMP", "", nil},
	{"untraced clone", ".*", ".*", nil}, // calls that the filter stops fail with ENOSYS
}

// measured are lines with measured values: time, memory in use, events.
var measured = []rule{
	{".*", "/proc/.*/(schedstat|io|arch_status|oom_score|numa_maps)", ".*", nil},
	{".*", "/proc/.*/sched", "(se\\.|nr_|clock-|mm->|numa_|total_numa).*", nil},
	{".*", "/proc/.*/status", "(VmHWM|VmRSS|Rss.*|(non)?voluntary_ctxt_switches):", nil},
	{".*", "/proc/.*/status", "SigQ:", []int{1}}, // counts all processes of the user
	{".*", "/proc/.*/stat", "", []int{9, 10, 11, 12, 13, 14, 15, 16, 21, 23, 38, 41, 42, 43}},
	{".*", "/proc/.*/statm", "", []int{1, 2}},
	{".*", "/proc/.*/smaps(_rollup)?", "(Rss|Pss|Pss_.*|Shared_.*|Private_.*|Referenced|Anonymous):", nil},
	{".*", "/proc/.*/fdinfo/.*", "eventfd-id:", nil},
}

func (r rule) covers(p place, word int) bool {
	return whole(r.who, p.who) && whole(r.source, p.source) && whole(r.key, p.key) && (r.words == nil || slices.Contains(r.words, word))
}

func whole(pattern, s string) bool {
	re, ok := patterns[pattern]
	if !ok {
		re = regexp.MustCompile("^(?:" + pattern + ")$")
		patterns[pattern] = re
	}
	return re.MatchString(s)
}

// patterns are the compiled patterns of rules.
var patterns = map[string]*regexp.Regexp{}

// observed is the program's output: the words at each place.
type observed map[place][]string

// place is the position of a line.
type place struct {
	who, source string
	key         string // its first word if that is a name
	nth         int    // of those with this key
}

// observe runs a command line and reads what it prints.
func observe(t *testing.T, user *syscall.Credential, argv []string) observed {
	t.Helper()
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Dir = "/"
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "EMPTY=", "ODD=\xff \t"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: user}
	out, err := cmd.Output()
	if cmd.ProcessState.ExitCode() != 3 {
		t.Fatalf("%q: %v", argv, err)
	}
	return parse(string(out))
}

// parse reads lines of the program. Ids of processes become names.
func parse(out string) observed {
	ids := map[string]string{}
	var lines [][]string // who, source, what
	for line := range strings.Lines(out) {
		f := strings.SplitN(strings.TrimSuffix(line, "\n"), "\t", 3)
		if f[1] != "id" {
			lines = append(lines, f)
		} else if number, name, _ := strings.Cut(f[2], " "); ids[number] == "" {
			ids[number] = fmt.Sprintf("(%s %s %d)", f[0], name, len(ids))
		}
	}
	o := observed{}
	for _, f := range lines {
		path := strings.Split(f[1], "/")
		for i, part := range path {
			if name, ok := ids[part]; ok && (path[i-1] == "proc" || path[i-1] == "task") {
				path[i] = name
			}
		}
		words := strings.Fields(f[2])
		for i, word := range words {
			if name, ok := ids[word]; ok && isID(path[len(path)-1], words[0], i) {
				words[i] = name
			}
		}
		p := place{who: f[0], source: strings.Join(path, "/")}
		if len(words) > 0 && (words[0][0] >= 'A' && words[0][0] <= 'Z' || strings.HasSuffix(words[0], ":") || strings.HasSuffix(p.source, "/sched")) {
			p.key = words[0]
		}
		for o[p] != nil {
			p.nth++
		}
		o[p] = append([]string{}, words...)
	}
	return o
}

// isID reports which words are ids of processes or threads.
func isID(file, key string, word int) bool {
	switch file {
	case "status":
		return strings.Contains("Tgid: Ngid: Pid: PPid: TracerPid: NStgid: NSpid: NSpgid: NSsid:", key)
	case "stat":
		return word == 0 || word == 3 || word == 4 || word == 5 || word == 7
	case "sched":
		return key == "visible"
	case "children", "getpid", "gettid", "getppid", "getpgid", "getsid", "waitid", "waitpid", "raise", "sigqueue", "kill", "terminal":
		return true
	}
	return false
}

// mask contains the words that differ between runs. A line that is sometimes missing, or
// whose number of words varies, differs as a whole.
type mask map[place]map[int]bool

const everyWord = -1

func (m mask) learn(a, b observed) {
	for _, d := range variations(a, b, nil) {
		if m[d.place] == nil {
			m[d.place] = map[int]bool{}
		}
		m[d.place][d.word] = true
	}
}

// variation is a word that differs, or a line.
type variation struct {
	place
	word      int // or everyWord
	want, got []string
}

func (d variation) String() string {
	if d.word == everyWord {
		return fmt.Sprintf("%s, %s, %d.: %q, untraced %q", d.who, d.source, d.nth, d.got, d.want)
	}
	return fmt.Sprintf("%s, %s, %s %d.%d: %s, untraced %s", d.who, d.source, d.key, d.nth, d.word, d.got[d.word], d.want[d.word])
}

func (d variation) is(r rule) bool { return r.covers(d.place, d.word) }

func variations(want, got observed, varies mask) (all []variation) {
	places := maps.Clone(want)
	maps.Copy(places, got)
	for p := range places {
		w, here := want[p]
		g, there := got[p]
		var words []int
		if here != there || len(w) != len(g) {
			words = []int{everyWord}
		} else {
			for i := range w {
				if w[i] != g[i] {
					words = append(words, i)
				}
			}
		}
		for _, i := range words {
			d := variation{p, i, w, g}
			if !varies[p][i] && !varies[p][everyWord] && !slices.ContainsFunc(measured, d.is) {
				all = append(all, d)
			}
		}
	}
	slices.SortFunc(all, func(a, b variation) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	return all
}

// openFolder is a folder that all users may read and write.
func openFolder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "trapline")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	return dir
}

func copyProgram(t *testing.T, from, to string) {
	t.Helper()
	program, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, program, 0o755); err != nil {
		t.Fatal(err)
	}
}

// terminal is the path of a new terminal for a user.
func terminal(t *testing.T, uid int) string {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { master.Close() })
	if err := unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	path := fmt.Sprintf("/dev/pts/%d", n)
	if os.Geteuid() == 0 {
		if err := os.Chown(path, uid, 0); err != nil {
			t.Fatal(err)
		}
	}
	return path
}
