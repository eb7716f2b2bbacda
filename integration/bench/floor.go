package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// floor runs a command under the smallest possible tracer: one wait4 and one
// PTRACE_SYSCALL per stop, tracer and tracees on one processor, no decoding and no
// output. With -f before the command, it follows children.
//
// It makes its system calls without the Go scheduler. Apart from the start of the
// program, it costs the same as this loop in C.
func floor(argv []string) int {
	options := unix.PTRACE_O_TRACESYSGOOD | unix.PTRACE_O_TRACEEXEC
	if argv[0] == "-f" {
		argv = argv[1:]
		options |= unix.PTRACE_O_TRACEFORK | unix.PTRACE_O_TRACEVFORK | unix.PTRACE_O_TRACECLONE
	}
	runtime.LockOSThread()
	// Under the default action stops send no SIGCHLD; the runtime installs a
	// handler.
	var byDefault [4]uintptr // struct sigaction
	unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(unix.SIGCHLD), uintptr(unsafe.Pointer(&byDefault)), 0, 8, 0, 0)
	path, err := exec.LookPath(argv[0])
	if err != nil {
		fail(err)
	}
	var one unix.CPUSet
	one.Set(0)
	if err := unix.SchedSetaffinity(0, &one); err != nil {
		fail(err)
	}
	pid, err := syscall.ForkExec(path, argv, &syscall.ProcAttr{
		Env:   os.Environ(),
		Files: []uintptr{0, 1, 2},
		Sys:   &syscall.SysProcAttr{Ptrace: true},
	})
	if err != nil {
		fail(err)
	}
	var status unix.WaitStatus
	if _, err := unix.Wait4(pid, &status, 0, nil); err != nil || !status.Stopped() {
		fail(errors.New("the command did not stop at its execve"))
	}
	if err := unix.PtraceSetOptions(pid, options); err != nil {
		fail(fmt.Errorf("ptrace: %w", err))
	}
	tid, code := pid, 0
	for {
		// An event is a SIGTRAP; a new tracee begins with a SIGSTOP.
		var deliver uintptr
		switch sig := status.StopSignal(); sig {
		case unix.SIGTRAP | 0x80, unix.SIGTRAP, unix.SIGSTOP:
		default:
			deliver = uintptr(sig)
		}
		if status.Stopped() {
			unix.RawSyscall6(unix.SYS_PTRACE, unix.PTRACE_SYSCALL, uintptr(tid), 0, deliver, 0, 0)
		} else if tid == pid {
			code = status.ExitStatus()
		}
		switch n, errno := waitAny(&status); errno {
		case 0:
			tid = n
		case unix.ECHILD:
			return code
		default:
			fail(fmt.Errorf("wait4: %w", errno))
		}
	}
}

func waitAny(status *unix.WaitStatus) (int, unix.Errno) {
	for {
		tid, _, errno := unix.RawSyscall6(unix.SYS_WAIT4, ^uintptr(0), uintptr(unsafe.Pointer(status)), unix.WALL, 0, 0, 0)
		if errno != unix.EINTR {
			return int(tid), errno
		}
	}
}
