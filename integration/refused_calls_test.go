package integration

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"trapline/tables"

	"trapline/integration/need"
)

// TestRefusedCalls starts commands under a seccomp filter, as a container may have one.
// The filter refuses one call that trapline and its launcher make: the call fails, or its
// caller gets SIGSYS. The command runs as it does without trapline, or one line says what
// is missing.
func TestRefusedCalls(t *testing.T) {
	need.All(t, need.Live) // the filter is not meant for the recording replayer
	refuse := program(t, "refuse", "amd64")
	run := func(call, answer string, argv ...string) (stdout, stderr string, status syscall.WaitStatus) {
		cmd := exec.Command(refuse, append([]string{fmt.Sprint(tables.ByName(tables.X86_64, call).NR), answer}, argv...)...)
		var out, err bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &err
		cmd.Run()
		return out.String(), err.String(), cmd.ProcessState.Sys().(syscall.WaitStatus)
	}
	optional := []string{
		"prctl", "getppid", "tgkill", "tkill", "getpid", "gettid", "prlimit64", "rt_sigtimedwait", "rt_sigpending", "munmap", "dup2",
		"waitid", "sched_yield", "sched_setaffinity", "sched_getaffinity", "process_vm_readv",
		"ioctl", "madvise",
	}
	// Each call, and its name in the message.
	needed := map[string]string{
		"futex": "futex", "rt_sigaction": "rt_sigaction", "rt_sigprocmask": "rt_sigprocmask", "mmap": "mmap", "fcntl": "fcntl",
		"clone": "clone", "sigaltstack": "sigaltstack", "arch_prctl": "arch_prctl", "ptrace": "PTRACE_SEIZE", "wait4": "wait4",
	}
	for _, flags := range [][]string{{"-f"}, {"-D"}} {
		argv := slices.Concat([]string{trapline(t), "-o", os.DevNull}, flags, []string{"/bin/echo", "hello"})
		for _, answer := range []string{fmt.Sprint(int(unix.EPERM)), fmt.Sprint(int(unix.ENOSYS)), "trap"} {
			for _, call := range optional {
				if answer == "trap" && call == "gettid" {
					continue // needed, below
				}
				wantOut, wantStatus := "hello\n", syscall.WaitStatus(0)
				if answer == "trap" && (call == "prlimit64" || call == "munmap") {
					// The signal ends the command, too: the C library makes these calls.
					wantOut, _, wantStatus = run(call, answer, "/bin/echo", "hello")
				}
				if out, messages, status := run(call, answer, argv...); out != wantOut || messages != "" || status.ExitStatus() != wantStatus.ExitStatus() || status.Signal() != wantStatus.Signal() {
					t.Errorf("%v, %s answered with %s: status %#x, output %q, said %q", flags, call, answer, status, out, messages)
				}
			}
			if answer == "trap" {
				needed["gettid"] = "gettid"
			} else {
				delete(needed, "gettid")
			}
			for call, name := range needed {
				out, messages, status := run(call, answer, argv...)
				if answer == "trap" && call == "rt_sigaction" { // without the call, the signal cannot be handled
					if out != "" || messages != "" || status.Signal() != unix.SIGSYS {
						t.Errorf("%v, %s answered with %s: status %#x, output %q, said %q", flags, name, answer, status, out, messages)
					}
					continue
				}
				if out != "" || strings.Count(messages, "\n") != 1 || !strings.Contains(messages, name) || status.ExitStatus() != 1 {
					t.Errorf("%v, %s answered with %s: status %#x, output %q, said %q", flags, name, answer, status, out, messages)
				}
			}
		}
	}
}

// If another process sends SIGSYS, it ends trapline. The command's action for SIGSYS is not
// changed: an ignored signal stays ignored.
func TestSentSIGSYS(t *testing.T) {
	need.All(t, need.Live) // the test checks how trapline ends
	j := startJob(t, "-e", "trace=/nanosleep", "sh", "-c", "trap '' SYS; exec sleep 1000")
	j.await("nanosleep(")
	pid := child(t, j.cmd.Process.Pid)
	j.cmd.Process.Signal(syscall.SIGSYS)
	j.cmd.Wait()
	if status := j.cmd.ProcessState.Sys().(syscall.WaitStatus); status.Signal() != syscall.SIGSYS {
		t.Errorf("trapline: %v, want the end by SIGSYS", j.cmd.ProcessState)
	}
	syscall.Kill(pid, syscall.SIGKILL)
	for _, command := range [][]string{{"sh", "-c", "grep SigIgn /proc/self/status"}, {trapline(t), "-o", os.DevNull, "sh", "-c", "grep SigIgn /proc/self/status"}} {
		out, err := exec.Command("sh", append([]string{"-c", `trap '' SYS; exec "$@"`, "sh"}, command...)...).CombinedOutput()
		var mask uint64
		if _, scanned := fmt.Sscanf(string(out), "SigIgn: %x", &mask); scanned != nil || err != nil || mask != 1<<(unix.SIGSYS-1) {
			t.Errorf("%q has %q, %v", command, out, err)
		}
	}
}

// TestInterruptWithRefusedCalls interrupts trapline under a filter that refuses the call
// with which it would wake the thread that waits for tracees.
func TestInterruptWithRefusedCalls(t *testing.T) {
	for _, call := range []string{"tgkill", "tkill", "getpid"} {
		nr := tables.ByName(tables.X86_64, call).NR
		var stderr lockedBuilder
		cmd := exec.Command(program(t, "refuse", "amd64"), fmt.Sprint(nr), fmt.Sprint(int(unix.EPERM)), trapline(t), "sleep", "1000")
		cmd.Stderr = &stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		eventually(t, func() bool { return strings.Contains(stderr.String(), "nanosleep(") })
		pid := child(t, cmd.Process.Pid)
		cmd.Process.Signal(syscall.SIGTERM)
		cmd.Wait()
		if !strings.Contains(stderr.String(), "<detached ...>") || !cmd.ProcessState.Sys().(syscall.WaitStatus).Signaled() {
			t.Errorf("%s refused: %v, trace\n%s", call, cmd.ProcessState, stderr.String())
		}
		eventually(t, func() bool { return state(pid) == "" || state(pid) == "Z" })
	}
}
