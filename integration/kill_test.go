package integration

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"trapline/integration/need"
)

// Trapline is killed at each of the ptrace requests that it makes while it
// starts a command. Nothing of it may remain, and only the command may have
// run.
func TestKilledAtStart(t *testing.T) {
	need.All(t, need.Notifications)
	// If the launched process were trapline with the command's arguments, it
	// would run this.
	dir := t.TempDir()
	evil := filepath.Join(dir, "evil")
	ran := filepath.Join(dir, "ran")
	if err := os.WriteFile(evil, []byte("#!/bin/sh\n: >"+ran+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	const most = 14 // more requests than a start needs
	for _, flags := range [][]string{{}, {"-f", "--seccomp-bpf", "-e", "trace=openat"}, {"-D"}, {"--kill-on-exit"}} {
		for name, kill := range deaths {
			t.Run(strings.Join(append(flags, name), " "), func(t *testing.T) {
				argv := append(append([]string{trapline(t), "-o", os.DevNull}, flags...), "/bin/echo", evil)
				for n := 1; n <= most; n++ {
					k := killer{at: n, kill: kill}
					k.run(t, []string{fmt.Sprint(unix.SYS_PTRACE)}, argv...)
					if k.seen < n {
						t.Fatalf("there were only %d ptrace requests", k.seen)
					}
					if _, err := os.Stat(ran); err == nil {
						t.Fatalf("at request %d: an argument of the command was run", n)
					}
				}
			})
		}
	}
}

// Trapline is killed during each of the calls that the command's process makes
// from its first instruction to its execve.
func TestKilledWhileLaunching(t *testing.T) {
	need.All(t, need.Notifications)
	ran := filepath.Join(t.TempDir(), "ran")
	var calls []string
	for _, nr := range []int{unix.SYS_PRCTL, unix.SYS_GETPPID, unix.SYS_EXECVE} {
		calls = append(calls, fmt.Sprint(nr))
	}
	for name, kill := range deaths {
		t.Run(name, func(t *testing.T) {
			// The first call is the execve of trapline itself.
			for n := 2; ; n++ {
				k := killer{at: n, kill: kill, first: true}
				k.run(t, calls, trapline(t), "-o", os.DevNull, "-f", "sh", "-c", "sleep 0.01; : >"+ran)
				if k.seen < n {
					break // it was not killed
				}
				if _, err := os.Stat(ran); err == nil {
					t.Logf("at call %d the command had been started", n)
					break // the command has been started: it continues without trapline
				}
				if n > 30 {
					t.Fatal("the command has never been started")
				}
			}
			if err := os.Remove(ran); err != nil {
				t.Error("the command has not run")
			}
		})
	}
}

// deaths are ways to end a process that waits in a system call.
var deaths = map[string]func(pid int){
	"SIGKILL": func(pid int) { unix.Kill(pid, unix.SIGKILL) },
	"SIGTERM": func(pid int) { unix.Kill(pid, unix.SIGTERM) },
	"SIGQUIT": func(pid int) { unix.Kill(pid, unix.SIGQUIT) },
	"SIGSTOP and SIGKILL": func(pid int) {
		unix.Kill(pid, unix.SIGSTOP)
		awaitState(pid, 'T')
		unix.Kill(pid, unix.SIGKILL)
	},
}

// awaitState waits until a process is in a state of proc_pid_stat(5), or has
// ended.
func awaitState(pid int, state byte) {
	for {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if end := strings.LastIndexByte(string(stat), ')'); err != nil || stat[end+2] == state || stat[end+2] == 'Z' {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

// killer runs a command. When the command or one of its descendants makes the
// n-th of certain system calls, killer does something to that process.
type killer struct {
	at    int // n
	kill  func(pid int)
	first bool // to the command's own process instead
	seen  int  // calls so far

	command int             // the command's own process
	ending  unix.WaitStatus // of that process
}

// run returns when the command and all its descendants have ended. They are
// recognized by their session, or by a variable in their environment: a process in the
// middle of execve has none, and a guardian has a session of its own.
func (k *killer) run(t *testing.T, calls []string, argv ...string) {
	t.Helper()
	mark := fmt.Sprintf("TRAPLINE_KILLED=%d.%d", os.Getpid(), time.Now().UnixNano())
	ends, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	theirs := os.NewFile(uintptr(ends[1]), "socket")
	cmd := exec.Command(program(t, "notify", "amd64"), append([]string{strings.Join(calls, ",")}, argv...)...)
	cmd.Env = append(os.Environ(), mark)
	cmd.ExtraFiles = []*os.File{theirs}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	err = cmd.Start()
	theirs.Close()
	if err != nil {
		t.Fatal(err)
	}
	k.command = cmd.Process.Pid
	listener, err := receiveDescriptor(ends[0])
	unix.Close(ends[0])
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(listener)

	ended := make(chan error, 1)
	go func() {
		err := cmd.Wait()
		k.ending = unix.WaitStatus(cmd.ProcessState.Sys().(syscall.WaitStatus))
		ended <- err
	}()
	deadline := time.Now().Add(3 * time.Minute)
	for gone := 0; gone < 2; { // a process that another starts meanwhile may not be listed
		k.serve(t, listener)
		left := marked(mark, k.command)
		if gone++; len(left) > 0 || len(ended) == 0 {
			gone = 0
		}
		if time.Now().After(deadline) {
			for _, pid := range left {
				stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
				t.Errorf("at call %d: left behind: %s", k.at, stat)
				unix.Kill(pid, unix.SIGKILL)
			}
			t.FailNow()
		}
	}
}

// serve lets calls continue until there have been none for a while.
func (k *killer) serve(t *testing.T, listener int) {
	t.Helper()
	const quiet = 5 // milliseconds
	for {
		fds := []unix.PollFd{{Fd: int32(listener), Events: unix.POLLIN}}
		n, err := unix.Poll(fds, quiet)
		if err == unix.EINTR {
			continue
		}
		if n == 0 || fds[0].Revents&unix.POLLIN == 0 {
			return
		}
		var call notification
		if errno := ioctl(listener, unix.SECCOMP_IOCTL_NOTIF_RECV, unsafe.Pointer(&call)); errno != 0 {
			return // interrupted, it is gone
		}
		if k.seen++; k.seen == k.at {
			pid := int(call.pid)
			if k.first {
				pid = k.command
			}
			k.kill(pid)
		}
		answer := notificationAnswer{id: call.id, flags: unix.SECCOMP_USER_NOTIF_FLAG_CONTINUE}
		ioctl(listener, unix.SECCOMP_IOCTL_NOTIF_SEND, unsafe.Pointer(&answer)) // fails if it is gone
	}
}

// notification is struct seccomp_notif of linux/seccomp.h.
type notification struct {
	id    uint64
	pid   uint32
	flags uint32
	nr    int32
	arch  uint32
	ip    uint64
	args  [6]uint64
}

// notificationAnswer is struct seccomp_notif_resp.
type notificationAnswer struct {
	id    uint64
	val   int64
	error int32
	flags uint32
}

func ioctl(fd int, request uintptr, data unsafe.Pointer) syscall.Errno {
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), request, uintptr(data))
	return errno
}

// receiveDescriptor receives a descriptor over a socket.
func receiveDescriptor(socket int) (int, error) {
	control := make([]byte, unix.CmsgSpace(4))
	_, n, _, _, err := unix.Recvmsg(socket, make([]byte, 1), control, unix.MSG_CMSG_CLOEXEC)
	if err != nil {
		return 0, err
	}
	messages, err := unix.ParseSocketControlMessage(control[:n])
	if err != nil {
		return 0, err
	}
	if len(messages) == 0 {
		return 0, errors.New("no descriptor came")
	}
	fds, err := unix.ParseUnixRights(&messages[0])
	if err != nil {
		return 0, err
	}
	return fds[0], nil
}

// marked returns the processes of a session, and those with a variable in their
// environment, that have not ended.
func marked(variable string, session int) (pids []int) {
	entries, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, name := range entries {
		environ, _ := os.ReadFile(name)
		stat, _ := os.ReadFile(filepath.Dir(name) + "/stat")
		if strings.Contains("\x00"+string(environ), "\x00"+variable+"\x00") || isOfSession(string(stat), session) {
			var pid int
			fmt.Sscanf(name, "/proc/%d/", &pid)
			pids = append(pids, pid)
		}
	}
	return pids
}

// isOfSession reports whether a process, by its /proc/PID/stat, is one of a session and
// has not ended.
func isOfSession(stat string, session int) bool {
	fields := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:]) // state, parent, group, session
	return len(fields) > 3 && fields[0] != "Z" && fields[0] != "X" && fields[3] == fmt.Sprint(session)
}
