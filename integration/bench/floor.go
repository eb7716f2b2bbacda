package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// floor runs a command under the smallest possible tracer: one wait and one
// PTRACE_SYSCALL a stop, tracer and tracee on one processor, nothing decoded and
// nothing written. No tracer that stops at every call can be faster.
func floor(argv []string) int {
	runtime.LockOSThread()
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
	for {
		var status unix.WaitStatus
		if _, err := unix.Wait4(pid, &status, unix.WALL, nil); err == unix.EINTR {
			continue
		} else if err != nil {
			fail(fmt.Errorf("wait4: %w", err))
		}
		switch {
		case status.Exited():
			return status.ExitStatus()
		case status.Signaled():
			return 128 + int(status.Signal())
		}
		// PTRACE_TRACEME without options: call stops are SIGTRAPs.
		sig := 0
		if s := status.StopSignal(); s != unix.SIGTRAP {
			sig = int(s)
		}
		if _, _, errno := unix.RawSyscall6(unix.SYS_PTRACE, unix.PTRACE_SYSCALL, uintptr(pid), 0, uintptr(sig), 0, 0); errno != 0 && errno != unix.ESRCH {
			fail(fmt.Errorf("ptrace: %w", errno))
		}
	}
}
