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

// TestRefusedCalls starts commands below a seccomp filter that makes one of the
// calls fail that trapline and its launcher make, as a container's may do. The
// command runs as it does without trapline, or one line says what is missing.
func TestRefusedCalls(t *testing.T) {
	need.All(t, need.Live) // the filter is not made for a third program
	refuse := program(t, "refuse", "amd64")
	run := func(call string, errno syscall.Errno, argv ...string) (stdout, stderr string, status syscall.WaitStatus) {
		cmd := exec.Command(refuse, append([]string{fmt.Sprint(tables.ByName(tables.X86_64, call).NR), fmt.Sprint(int(errno))}, argv...)...)
		var out, err bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &err
		cmd.Run()
		return out.String(), err.String(), cmd.ProcessState.Sys().(syscall.WaitStatus)
	}
	optional := []string{
		"prctl", "getppid", "tgkill", "tkill", "getpid", "gettid", "prlimit64", "rt_sigtimedwait", "rt_sigpending", "munmap", "dup2",
		"waitid", "sched_yield", "sched_setaffinity", "sched_getaffinity", "process_vm_readv",
	}
	// Each call, and the name of what is refused in the message.
	needed := map[string]string{
		"futex": "futex", "rt_sigaction": "rt_sigaction", "rt_sigprocmask": "rt_sigprocmask", "mmap": "mmap", "fcntl": "fcntl",
		"clone": "clone", "sigaltstack": "sigaltstack", "arch_prctl": "arch_prctl", "ptrace": "PTRACE_SEIZE", "wait4": "wait4",
	}
	for _, flags := range [][]string{{"-f"}, {"-D"}} {
		argv := slices.Concat([]string{trapline(t), "-o", os.DevNull}, flags, []string{"/bin/echo", "hello"})
		for _, errno := range []syscall.Errno{unix.EPERM, unix.ENOSYS} {
			for _, call := range optional {
				if out, messages, status := run(call, errno, argv...); out != "hello\n" || messages != "" || status != 0 {
					t.Errorf("%v, %s refused with %v: status %#x, output %q, said %q", flags, call, errno, status, out, messages)
				}
			}
			for call, name := range needed {
				out, messages, status := run(call, errno, argv...)
				if out != "" || strings.Count(messages, "\n") != 1 || !strings.Contains(messages, name) || status.ExitStatus() != 1 {
					t.Errorf("%v, %s refused with %v: status %#x, output %q, said %q", flags, name, errno, status, out, messages)
				}
			}
		}
	}
}

// TestInterruptWithRefusedCalls interrupts trapline below a filter that refuses the
// call by which it would wake the thread that waits for tracees.
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
