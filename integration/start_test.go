package integration

import (
	"bytes"
	"errors"
	"fmt"
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

// TestStartedPoor makes trapline start a command while something that it could
// use is missing. The command runs as it does alone.
func TestStartedPoor(t *testing.T) {
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
		{"small stack", "ulimit -s 64", []string{"echo", "hello"}, nil},
		{"few descriptors", "ulimit -n 8", []string{"sh", "-c", "ulimit -n; ulimit -H -n"}, nil},
		{"fewer descriptors than may be", "ulimit -S -n 9", []string{"sh", "-c", "ulimit -n; ulimit -H -n"}, nil},
		{"no files", "ulimit -f 0", []string{"sh", "-c", "ulimit -f; ulimit -H -f"}, nil},
		{"little address space", "ulimit -v 1150000", []string{"sh", "-c", "ulimit -v; ulimit -H -v"}, nil},
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
				got, err := start(append([]string{trapline(t), "-o", os.DevNull}, flags...)...)
				if err != nil || got != want {
					t.Errorf("%v: error %v; %.100q, want %.100q", flags, err, got, want)
				}
			}
		})
	}
}

// TestTooPoor removes what the Go runtime cannot do without, by a limit that
// may not be raised.
func TestTooPoor(t *testing.T) {
	tr := installFor(t, 0o755)
	for limit, want := range map[string]string{"-v 300000": "address space", "-d 20000": "data"} {
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
func TestUnreadable(t *testing.T) {
	need.All(t, need.Root)
	tr := installFor(t, 0o711)
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
	need.All(t, need.Root)
	tr := installFor(t, 0o4755)
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

// nobody is a user that owns nothing.
const nobody = 65534

// installFor copies trapline to where every user may execute it.
func installFor(t *testing.T, mode uint32) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "trapline")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile(trapline(t))
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

// TestClosedDescriptors gives the command closed standard descriptors.
func TestClosedDescriptors(t *testing.T) {
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
			if got := show(append([]string{trapline(t), "-o", os.DevNull}, flags...)...); got != want {
				t.Errorf("%q %v: descriptors %s are open, untraced %s", closing, flags, got, want)
			}
		}
	}
}

// TestNameBeforeExecve checks the process that is to become the command.
func TestNameBeforeExecve(t *testing.T) {
	for _, flags := range [][]string{{"-Y"}, {"-Y", "-D"}} {
		out, err := exec.Command(trapline(t), append(flags, "-f", "-o", "/dev/stdout", "-e", "trace=execve", "true")...).Output()
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(out), "<trapline> execve(") {
			t.Errorf("%v: %s", flags, out)
		}
	}
}

// TestQuitWhileOpening sends a SIGQUIT while trapline waits for a reader of the
// FIFO that the trace goes to.
func TestQuitWhileOpening(t *testing.T) {
	for _, ignored := range []bool{false, true} {
		fifo := filepath.Join(t.TempDir(), "fifo")
		if err := unix.Mkfifo(fifo, 0o600); err != nil {
			t.Fatal(err)
		}
		mask := "0"
		if ignored {
			mask = "4"
		}
		cmd := exec.Command(program(t, "signals", "amd64"), mask, "0", "0", trapline(t), "-o", fifo, "true")
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		opening := fmt.Sprintf("%d ", unix.SYS_OPENAT)
		eventually(t, func() bool {
			call, err := os.ReadFile(fmt.Sprintf("/proc/%d/syscall", cmd.Process.Pid))
			return err == nil && strings.HasPrefix(string(call), opening)
		})
		cmd.Process.Signal(unix.SIGQUIT)
		if ignored {
			time.Sleep(10 * time.Millisecond) // for the signal to have any effect
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
