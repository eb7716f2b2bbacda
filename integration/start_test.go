package integration

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"trapline/integration/asleep"
	"trapline/integration/need"
)

// TestStartedPoor starts commands while something that trapline could use is missing. The
// command runs as it does without trapline.
func TestStartedPoor(t *testing.T) { eachBuild(t, testStartedPoor) }

func testStartedPoor(t *testing.T, tr string) {
	need.All(t, need.Live) // the test checks how trapline starts
	many := make([]string, 30000)
	for i := range many {
		many[i] = fmt.Sprint("argument ", i)
	}
	for _, poor := range []struct {
		name    string
		setup   string // for sh, which then executes
		command []string
		needs   []*need.Feature
	}{
		{"nothing lacking", "", []string{"echo", "hello"}, nil},
		{"many arguments", "", append([]string{"echo"}, many...), nil},
		{"small stack", "ulimit -s 64", []string{"sh", "-c", "ulimit -s; ulimit -H -s"}, nil},
		{"tiny stack for now", "ulimit -S -s 16", []string{"/bin/echo", "hello"}, nil},
		{"very few descriptors", "ulimit -n 7", []string{"/bin/echo", "hello"}, nil},
		{"few descriptors", "ulimit -n 8", []string{"sh", "-c", "ulimit -n; ulimit -H -n"}, nil},
		{"fewer descriptors than may be", "ulimit -S -n 9", []string{"sh", "-c", "ulimit -n; ulimit -H -n"}, nil},
		{"no files", "ulimit -f 0", []string{"sh", "-c", "ulimit -f; ulimit -H -f"}, nil},
		{"little address space", "ulimit -v 1150000", []string{"sh", "-c", "ulimit -v; ulimit -H -v"}, nil},
		{"less address space than Go reserves", "ulimit -v 300000", []string{"sh", "-c", "ulimit -v; ulimit -H -v"}, nil},
		{"least address space", "ulimit -v 131072", []string{"sh", "-c", "ulimit -v; ulimit -H -v"}, nil},
		{"little address space for now", "ulimit -S -v 300000", []string{"sh", "-c", "ulimit -v; ulimit -H -v"}, nil},
		{"little data", "ulimit -d 60000", []string{"sh", "-c", "ulimit -d; ulimit -H -d"}, nil},
		{"no environment", "for v in $(env | sed s/=.*//); do unset $v; done", []string{"/usr/bin/env"}, nil},
		{"no /proc", "mount -t tmpfs none /proc", []string{"ls", "/proc"}, []*need.Feature{need.Root, need.MountNamespaces}},
	} {
		t.Run(poor.name, func(t *testing.T) {
			need.All(t, poor.needs...)
			start := func(tracer ...string) (string, error) {
				argv := slices.Concat([]string{"-c", poor.setup + "\n" + `exec "$@"`, "sh"}, tracer, poor.command)
				cmd := exec.Command("sh", argv...)
				if len(poor.needs) > 0 {
					cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: unix.CLONE_NEWNS}
				}
				var stderr bytes.Buffer
				cmd.Stderr = &stderr
				out, err := cmd.Output()
				if err != nil {
					err = fmt.Errorf("%w: %s", err, stderr.String())
				}
				return string(out), err
			}
			want, err := start()
			if err != nil {
				t.Fatal("untraced: ", err)
			}
			for _, flags := range [][]string{{}, {"-f"}, {"-D"}} {
				got, err := start(append([]string{tr, "-o", os.DevNull}, flags...)...)
				if err != nil || got != want {
					t.Errorf("%v: error %v; %.100q, want %.100q", flags, err, got, want)
				}
			}
		})
	}
}

// TestTooPoor limits a resource that the Go runtime cannot do without, by a limit that may
// not be raised.
func TestTooPoor(t *testing.T) {
	tr := installFor(t, trapline(t), 0o755)
	for limit, want := range map[string]string{"-v 130000": "address space", "-d 20000": "data", "-n 5": "descriptors", "-n 0": "descriptors"} {
		argv := []string{"sh", "-c", "ulimit " + limit + "\n" + `exec "$@"`, "sh", tr, "true"}
		cmd := exec.Command(argv[0], argv[1:]...)
		if os.Geteuid() == 0 {
			cmd = asNobody(argv...)
		}
		out, err := cmd.CombinedOutput()
		if err == nil || strings.Count(string(out), "\n") != 1 || !strings.Contains(string(out), want) {
			t.Errorf("ulimit %s: error %v, said %q", limit, err, out)
		}
	}
}

// TestUnreadable runs trapline from a file that its user may execute but not read.
func TestUnreadable(t *testing.T) { eachBuild(t, testUnreadable) }

func testUnreadable(t *testing.T, tr string) {
	need.All(t, need.Live) // the test checks how trapline starts
	need.All(t, need.Root)
	tr = installFor(t, tr, 0o711)
	for _, flags := range [][]string{{}, {"-f"}, {"-f", "--seccomp-bpf", "-e", "trace=execve"}} {
		out, err := asNobody(append(append([]string{tr}, flags...), "true")...).CombinedOutput()
		if !strings.Contains(string(out), `execve("/`) || !strings.Contains(string(out), "+++ exited with 0 +++") {
			t.Errorf("%v: error %v, trace\n%s", flags, err, out)
		}
	}
}

// TestSetUserID runs trapline as a set-user-ID program: it writes only where
// its caller may, as that user.
func TestSetUserID(t *testing.T) {
	need.All(t, need.Live) // another program has those rights
	need.All(t, need.Root)
	tr := installFor(t, trapline(t), 0o4755)
	dir := filepath.Dir(tr)
	own, roots := filepath.Join(dir, "own"), filepath.Join(dir, "root's")
	for path, mode := range map[string]os.FileMode{own: 0o777, roots: 0o755} {
		if err := os.Mkdir(path, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ flags, file string }{
		{"-o %s/plain", "plain"}, {"-ff -o %s/separate", "separate.*"}, {"-A -o %s/appended", "appended"}, {"-o |cat>%s/piped", "piped"},
	} {
		for _, dir := range []string{own, roots} {
			flags := strings.Fields(fmt.Sprintf(c.flags, "DIR"))
			for i := range flags {
				flags[i] = strings.Replace(flags[i], "DIR", dir, 1)
			}
			out, err := asNobody(append(append([]string{tr}, flags...), "true")...).CombinedOutput()
			files, _ := filepath.Glob(filepath.Join(dir, c.file))
			if dir == roots {
				if len(files) != 0 {
					t.Errorf("%v: wrote %v", flags, files)
				}
				continue
			}
			var st unix.Stat_t
			if err != nil || len(files) != 1 || unix.Stat(files[0], &st) != nil || st.Uid != nobody {
				t.Errorf("%v: error %v, said %q, files %v of user %d", flags, err, out, files, st.Uid)
			}
		}
	}
}

// nobody is the id of a user that owns no files.
const nobody = 65534

// installFor copies a trapline to a folder from which every user may execute it.
func installFor(t *testing.T, tr string, mode uint32) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "trapline")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile(tr)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "trapline")
	if err := os.WriteFile(path, program, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := unix.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
	return path
}

// asNobody is a command run by the user nobody.
func asNobody(argv ...string) *exec.Cmd {
	// The intermediate shell has no rights left when it executes the command.
	cmd := exec.Command("sh", append([]string{"-c", `exec "$@"`, "sh"}, argv...)...)
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	return cmd
}

// TestClosedDescriptors closes standard descriptors of the command.
func TestClosedDescriptors(t *testing.T) { eachBuild(t, testClosedDescriptors) }

func testClosedDescriptors(t *testing.T, tr string) {
	need.All(t, need.Live) // the test checks what the command inherits
	file := filepath.Join(t.TempDir(), "list")
	const list = `for fd in 0 1 2 3 4 5 6 7 8; do test -e /proc/$$/fd/$fd && echo $fd; done >"$1" 2>/dev/null`
	for _, closing := range []string{"", "<&-", ">&-", "2>&-", "<&- >&-", "<&- >&- 2>&-", "3</dev/null 7>&1 >&-"} {
		show := func(argv ...string) string {
			t.Helper()
			os.Remove(file)
			argv = append(argv, "sh", "-c", list, "sh", file)
			exec.Command("sh", append([]string{"-c", `exec "$@" ` + closing, "sh"}, argv...)...).Run()
			var listed []byte
			eventually(t, func() (ok bool) {
				var err error
				listed, err = os.ReadFile(file)
				return err == nil
			})
			return strings.Join(strings.Fields(string(listed)), " ")
		}
		want := show()
		for _, flags := range [][]string{{}, {"-f"}, {"-D"}} {
			if got := show(append([]string{tr, "-o", os.DevNull}, flags...)...); got != want {
				t.Errorf("%q %v: descriptors %s are open, untraced %s", closing, flags, got, want)
			}
		}
	}
}

// TestNameBeforeExecve checks that the process that will become the command has the
// command's name even at its execve, and that this is the name that the execve gives to
// it.
func TestNameBeforeExecve(t *testing.T) {
	long := filepath.Join(t.TempDir(), "a-command-with-a-long-name") // the kernel keeps 15 bytes
	if err := os.WriteFile(long, []byte("#!/bin/sh\nread name </proc/$$/comm && echo \"$name\"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	untraced, err := exec.Command(long).Output()
	if err != nil {
		t.Fatal(err)
	}
	name := strings.TrimSuffix(string(untraced), "\n")
	for _, flags := range [][]string{{}, {"-D"}, {"--seccomp-bpf"}} {
		log := filepath.Join(t.TempDir(), "log")
		flags = append(flags, "-Y", "-f", "-o", log, "-e", "trace=execve", long)
		out, err := exec.Command(trapline(t), flags...).Output()
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(out, untraced) {
			t.Errorf("%v: the command has the name %q, untraced %q", flags, out, untraced)
		}
		var lines []byte
		eventually(t, func() bool { // with -D the command may end before the trace does
			lines, _ = os.ReadFile(log)
			return bytes.Contains(lines, []byte("+++ exited with 0"))
		})
		if first, _, _ := strings.Cut(string(lines), "\n"); !strings.Contains(first, "<"+name+"> execve(") {
			t.Errorf("%v: the first line lacks the name %q: %s", flags, name, first)
		}
	}
	out, err := exec.Command(trapline(t), "-qq", "-o", "/dev/stdout", "-c", "--summary-by=comm", "true").Output()
	if rows := strings.Count(string(out), " true\n"); err != nil || rows != 1 || strings.Contains(string(out), "trapline") {
		t.Errorf("%v; the summary by name is\n%s", err, out)
	}
	out, err = exec.Command(trapline(t), "-qq", "-o", "/dev/stdout", "--where", `name == "execve" and comm == "true"`, "true").Output()
	if err != nil || strings.Count(string(out), "execve(") != 1 {
		t.Errorf("%v; the condition on the name finds\n%s", err, out)
	}
}

// TestTimerSlack checks that the command, and the command that reads the trace, have the
// timer slack with which trapline was started.
func TestTimerSlack(t *testing.T) { eachBuild(t, testTimerSlack) }

func testTimerSlack(t *testing.T, tr string) {
	const slack = 123456 // ns
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	before, err := unix.PrctlRetInt(unix.PR_GET_TIMERSLACK, 0, 0, 0, 0)
	if err == nil {
		err = unix.Prctl(unix.PR_SET_TIMERSLACK, slack, 0, 0, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Prctl(unix.PR_SET_TIMERSLACK, uintptr(before), 0, 0, 0)
	want := fmt.Sprintln(slack)
	for _, c := range []struct {
		flags  []string
		reader string
	}{
		{[]string{"-o", "/dev/null"}, ""},
		{[]string{"-f", "-o", "/dev/null"}, ""},
		{[]string{"-D", "-o", "/dev/null"}, ""},
		{[]string{"-o", "|cat >/dev/null; cat /proc/self/timerslack_ns >&2"}, want},
	} {
		cmd := exec.Command(tr, append(c.flags, "cat", "/proc/self/timerslack_ns")...)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		if out, err := cmd.Output(); err != nil || string(out) != want || stderr.String() != c.reader {
			t.Errorf("%v: %v; the command has %q, the reader %q", c.flags, err, out, &stderr)
		}
	}
}

// TestFilesAtStart checks that trapline opens no file before its main function (Go's
// runtime would read the control group), and that this changes no limit of the command or
// of the command that reads the trace.
func TestFilesAtStart(t *testing.T) {
	need.All(t, need.Live) // the test checks how trapline starts
	t.Setenv("TZ", "")     // no time zone is read
	tr := trapline(t)
	started := trace(t, tr, []string{"-e", "trace=open,openat,openat2"}, tr, "-V")
	for line := range strings.Lines(started.log) {
		if strings.Contains(line, "open") && !strings.Contains(line, " = -1 EMFILE ") {
			t.Errorf("-V opens a file: %s", line)
		}
	}
	if !strings.HasSuffix(started.log, "+++ exited with 0 +++\n") {
		t.Errorf("-V under trace: %s%s", started.log, started.stderr)
	}
	cmd := exec.Command("sh", "-c", `ulimit -S -n 100; exec "$0" -o "|cat >/dev/null; ulimit -n >&2" sh -c "ulimit -n"`, tr)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if out, err := cmd.Output(); err != nil || string(out) != "100\n" || stderr.String() != "100\n" {
		t.Errorf("%v; of 100 files the command may open %q, the reader %q", err, out, &stderr)
	}
}

// TestIgnoredByReader checks that the command that reads the trace ignores the signals that
// were ignored when trapline started, and that trapline can still catch them.
func TestIgnoredByReader(t *testing.T) { eachBuild(t, testIgnoredByReader) }

func testIgnoredByReader(t *testing.T, tr string) {
	// HUP, INT, QUIT, USR1, USR2, PIPE, ALRM, TERM, TSTP, WINCH, and the last of the real-time signals.
	const ignored = "8000000008087a07"
	reader := "|grep SigIgn /proc/self/status >&2; cat >/dev/null"
	for _, flags := range [][]string{{"-o", reader}, {"-D", "-o", reader}, {"-c", "--hang=quit", "-o", reader}} {
		cmd := exec.Command(program(t, "signals", "amd64"), slices.Concat(
			[]string{ignored, "0", "0", tr}, flags, []string{"grep", "SigIgn", "/proc/self/status"})...)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		const want = "SigIgn:\t" + ignored + "\n"
		if out, err := cmd.Output(); err != nil || string(out) != want || stderr.String() != want {
			t.Errorf("%v: %v; the command has %q, the reader %q", flags, err, out, &stderr)
		}
	}
	if buffering {
		return // a process with a filter cannot be detached
	}
	// As soon as there is a trace, trapline catches SIGQUIT and SIGTERM.
	for _, sig := range []syscall.Signal{unix.SIGQUIT, unix.SIGTERM} {
		cmd := exec.Command(program(t, "signals", "amd64"), "4004", "0", "0", tr, "-I2", "-o", "|cat >/dev/null",
			"sh", "-c", "echo; exec cat")
		// The command ignores the signals as well. It ends when its input ends.
		input, err1 := cmd.StdinPipe()
		output, err2 := cmd.StdoutPipe()
		if err := errors.Join(err1, err2, cmd.Start()); err != nil {
			t.Fatal(err)
		}
		// Before the command runs, the runtime may have a handler of its own.
		if _, err := output.Read(make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
		eventually(t, func() bool { return catches(t, cmd.Process.Pid, sig) })
		cmd.Process.Signal(sig)
		err := cmd.Wait()
		input.Close()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != sig {
			t.Errorf("%v: ended with %v", sig, err)
		}
	}
}

// catches reports whether a process has a handler for a signal.
func catches(t *testing.T, pid int, sig syscall.Signal) bool {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	_, mask, _ := strings.Cut(string(status), "\nSigCgt:\t")
	mask, _, _ = strings.Cut(mask, "\n")
	caught, err := strconv.ParseUint(mask, 16, 64)
	if err != nil {
		t.Fatal(err)
	}
	return caught>>(sig-1)&1 != 0
}

// TestQuitWhileOpening sends a SIGQUIT while trapline waits for a reader of the
// FIFO that the trace goes to.
func TestQuitWhileOpening(t *testing.T) { eachBuild(t, testQuitWhileOpening) }

func testQuitWhileOpening(t *testing.T, tr string) {
	need.All(t, need.Live) // the test reads the trace before it ends
	for _, ignored := range []bool{false, true} {
		fifo := filepath.Join(t.TempDir(), "fifo")
		if err := unix.Mkfifo(fifo, 0o600); err != nil {
			t.Fatal(err)
		}
		mask := "0"
		if ignored {
			mask = "4"
		}
		cmd := exec.Command(program(t, "signals", "amd64"), mask, "0", "0", tr, "-o", fifo, "true")
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		eventually(t, func() bool { // for writing: the runtime opens files for reading
			call, args, err := asleep.Call(cmd.Process.Pid)
			return err == nil && call == unix.SYS_OPENAT && args[2]&unix.O_ACCMODE == unix.O_WRONLY
		})
		cmd.Process.Signal(unix.SIGQUIT)
		if ignored {
			time.Sleep(10 * time.Millisecond) // time for the signal to have an effect
			reader, err := os.OpenFile(fifo, os.O_RDWR, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer reader.Close()
		}
		err := cmd.Wait()
		var exit *exec.ExitError
		switch {
		case stderr.Len() > 0:
			t.Errorf("ignored %v: said %q", ignored, &stderr)
		case ignored && err != nil:
			t.Errorf("SIGQUIT is ignored, but: %v", err)
		case !ignored && (!errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != unix.SIGQUIT):
			t.Errorf("SIGQUIT: ended with %v", err)
		}
	}
}
