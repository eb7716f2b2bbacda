//go:build linux && amd64

package tracer

import (
	"cmp"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// AttachError says why a process cannot be traced.
type AttachError struct {
	PID   int
	Errno unix.Errno
	// Hint is a line that names what forbids tracing, or "".
	Hint string
}

func (e *AttachError) Error() string {
	return fmt.Sprintf("attach: ptrace(PTRACE_SEIZE, %d): %v", e.PID, e.Errno)
}

func (e *AttachError) Unwrap() error { return e.Errno }

// Attach starts tracing a running process. With Options.Follow it traces all threads of the
// process. It returns the number of threads that it attached to. Their first events are
// whatever they do next; for a call in progress that is an Exit with EntrySeen false.
func (t *Tracer) Attach(pid int) (threads int, err error) {
	if t.tracees[pid] != nil {
		return 0, nil // a thread of a process that is already attached
	}
	t.colocation.Enable()
	if errno := t.seize(pid); errno != 0 {
		return 0, attachError(pid, errno)
	}
	threads = 1
	if t.accessor == nil && servesByDescriptor(pid) {
		t.accessor = new(accessor)
	}
	if !t.opts.Follow {
		return threads, nil
	}
	// Threads come and go meanwhile. A thread created by a seized one is traced
	// from birth, so the scan ends when it finds no new threads.
	for {
		found, err := t.seizeThreads(pid)
		threads += found
		if found == 0 || err != nil {
			return threads, nil
		}
	}
}

// seizeThreads seizes the threads of a process that are not yet traced.
func (t *Tracer) seizeThreads(pid int) (found int, err error) {
	dir, err := os.Open("/proc/" + strconv.Itoa(pid) + "/task")
	if err != nil {
		return 0, err
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	for _, name := range names {
		tid, _ := strconv.Atoi(name)
		if t.tracees[tid] == nil && t.seize(tid) == 0 {
			found++
		}
	}
	return found, err
}

// seize makes one thread a tracee and interrupts it, so that it can be
// resumed to its next syscall-stop.
func (t *Tracer) seize(tid int) unix.Errno {
	if errno := ptrace(unix.PTRACE_SEIZE, tid, 0, t.options()); errno != 0 {
		return errno
	}
	t.debugf("seize: %d with options %#x", tid, t.options())
	tr := t.add(tid, running)
	tr.known = true
	tr.attached, tr.task.Attached = true, true
	ptrace(unix.PTRACE_INTERRUPT, tid, 0, 0)
	return 0
}

// attachError finds out why a process could not be seized.
func attachError(pid int, errno unix.Errno) error {
	e := &AttachError{PID: pid, Errno: errno}
	if errno == unix.EPERM {
		e.Hint = whyNotPermitted(pid)
	}
	return e
}

func whyNotPermitted(pid int) string {
	if tracer := statusField(pid, "TracerPid"); tracer != "" && tracer != "0" {
		// TracerPid is the id of the tracing thread.
		if thread, err := strconv.Atoi(tracer); err == nil {
			tracer = cmp.Or(statusField(thread, "Tgid"), tracer)
		}
		return fmt.Sprintf("Process %d is already being traced by pid %s", pid, tracer)
	}
	if unix.Kill(pid, 0) == unix.EPERM {
		return fmt.Sprintf("process %d may be owned by a different user", pid)
	}
	if scope, err := os.ReadFile("/proc/sys/kernel/yama/ptrace_scope"); err == nil {
		if scope := strings.TrimSpace(string(scope)); scope != "0" {
			return "sysctl kernel.yama.ptrace_scope = " + scope + " may be restricting this attach"
		}
	}
	if !hasCapSysPtrace() {
		return "the capability CAP_SYS_PTRACE is missing (in a container, it has to be granted: --cap-add=SYS_PTRACE)"
	}
	return ""
}

func hasCapSysPtrace() bool {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	return unix.Capget(&header, &data[0]) == nil && data[0].Effective>>unix.CAP_SYS_PTRACE&1 != 0
}

// statusField reads a field of /proc/PID/status.
func statusField(pid int, name string) string {
	status, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	for line := range strings.Lines(string(status)) {
		if value, ok := strings.CutPrefix(line, name+":"); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
