//go:build linux && amd64

package main

import (
	"os"
	"os/signal"
	"unsafe"

	"golang.org/x/sys/unix"
)

// ending is how trapline is to exit: in the same way as its command.
type ending struct {
	code   int
	signal unix.Signal // 0 if it exited
}

func endingOf(status unix.WaitStatus) ending {
	if status.Signaled() {
		return ending{signal: status.Signal()}
	}
	return ending{code: status.ExitStatus()}
}

// exit does not return.
func (e ending) exit() {
	if e.signal != 0 {
		die(e.signal)
		e.code = 128 + int(e.signal) // the signal does not kill
	}
	exit(e.code)
}

// exit ends this process.
func exit(code int) {
	os.Exit(code)
	if pid := unix.Getpid(); pid > 0 { // a seccomp filter has refused exit_group
		unix.Kill(pid, unix.SIGKILL)
	}
}

// die ends this process by a signal, without a core dump: the command has left
// one.
func die(sig unix.Signal) {
	unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{})
	signal.Reset(sig)
	setDefault(sig)
	mask := uint64(1) << (sig - 1)
	const sigUnblock = 1 // SIG_UNBLOCK
	unix.RawSyscall6(unix.SYS_RT_SIGPROCMASK, sigUnblock, uintptr(unsafe.Pointer(&mask)), 0, 8, 0, 0)
	tid := unix.Gettid()
	if unix.Tgkill(unix.Getpid(), tid, sig) != nil && tid > 0 { // a seccomp filter may refuse it
		unix.RawSyscall(unix.SYS_TKILL, uintptr(tid), uintptr(sig), 0)
	}
}

// setDefault gives a signal its default action without the Go runtime's
// knowledge, whose handler would print a traceback.
func setDefault(sig unix.Signal) {
	var action struct { // struct sigaction of the kernel; handler 0 is SIG_DFL
		handler, flags, restorer uintptr
		mask                     uint64
	}
	unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(sig), uintptr(unsafe.Pointer(&action)), 0, 8, 0, 0)
}
