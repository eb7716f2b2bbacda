// Signals executes a command with signals ignored, blocked and pending.
//
//	signals IGNORED BLOCKED PENDING COMMAND [ARGUMENT...]
//
// The three are masks in hexadecimal, bit n-1 for signal n. Pending signals
// must be blocked.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"syscall"
	"unsafe"
)

func main() {
	if len(os.Args) < 5 {
		fmt.Fprintln(os.Stderr, "usage: signals IGNORED BLOCKED PENDING COMMAND [ARGUMENT...]")
		os.Exit(1)
	}
	runtime.LockOSThread()
	// On a busy machine, Go's runtime sends SIGURG to a thread that it wants to interrupt: one
	// more pending signal for the command.
	const setting, uninterrupted = "GODEBUG", "asyncpreemptoff=1"
	if os.Getenv(setting) != uninterrupted {
		err := syscall.Exec("/proc/self/exe", os.Args, append(os.Environ(), setting+"="+uninterrupted))
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Unsetenv(setting)
	ignored, err1 := strconv.ParseUint(os.Args[1], 16, 64)
	blocked, err2 := strconv.ParseUint(os.Args[2], 16, 64)
	pending, err3 := strconv.ParseUint(os.Args[3], 16, 64)
	path, err4 := exec.LookPath(os.Args[4])
	for _, err := range []error{err1, err2, err3, err4} {
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	for sig := range 64 {
		action := [4]uintptr{} // SIG_DFL
		if ignored>>sig&1 != 0 {
			action[0] = 1 // SIG_IGN
		}
		syscall.RawSyscall6(syscall.SYS_RT_SIGACTION, uintptr(sig+1), uintptr(unsafe.Pointer(&action)), 0, 8, 0, 0)
	}
	syscall.RawSyscall6(syscall.SYS_RT_SIGPROCMASK, 2 /* SIG_SETMASK */, uintptr(unsafe.Pointer(&blocked)), 0, 8, 0, 0)
	for sig := range 64 {
		if pending>>sig&1 != 0 {
			syscall.Tgkill(os.Getpid(), os.Getpid(), syscall.Signal(sig+1))
		}
	}
	fmt.Fprintln(os.Stderr, syscall.Exec(path, os.Args[4:], os.Environ()))
	os.Exit(1)
}
