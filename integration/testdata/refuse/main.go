// Refuse executes a command under a seccomp filter that makes a system call fail
// with an error, or sends SIGSYS in its place (SECCOMP_RET_TRAP).
//
//	refuse NUMBER ERRNO|trap COMMAND [ARGUMENT...]
package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"syscall"
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

func main() {
	runtime.LockOSThread()
	if len(os.Args) < 4 {
		fail("usage", fmt.Errorf("refuse NUMBER ERRNO|trap COMMAND [ARGUMENT...]"))
	}
	nr, err := strconv.ParseUint(os.Args[1], 10, 32)
	fail("number", err)
	answer := uint32(unix.SECCOMP_RET_TRAP)
	if os.Args[2] != "trap" {
		code, err := strconv.ParseUint(os.Args[2], 10, 12)
		fail("errno", err)
		answer = unix.SECCOMP_RET_ERRNO | uint32(code)
	}
	path, err := exec.LookPath(os.Args[3])
	fail("look for the command", err)
	raw, err := bpf.Assemble([]bpf.Instruction{
		bpf.LoadAbsolute{Off: 0, Size: 4}, // seccomp_data.nr
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: uint32(nr), SkipTrue: 1},
		bpf.RetConstant{Val: answer},
		bpf.RetConstant{Val: unix.SECCOMP_RET_ALLOW},
	})
	fail("assemble", err)
	filter := make([]unix.SockFilter, len(raw))
	for i, r := range raw {
		filter[i] = unix.SockFilter{Code: r.Op, Jt: r.Jt, Jf: r.Jf, K: r.K}
	}
	file, err := unix.BytePtrFromString(path)
	fail("path", err)
	argv, err := syscall.SlicePtrFromStrings(os.Args[3:])
	fail("arguments", err)
	envp, err := syscall.SlicePtrFromStrings(os.Environ())
	fail("environment", err)
	fail("prctl", unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
	prog := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	// From here on this program allocates nothing: mmap may be refused.
	_, _, errno := unix.RawSyscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, 0, uintptr(unsafe.Pointer(&prog)))
	if errno == 0 {
		_, _, errno = unix.RawSyscall(unix.SYS_EXECVE, uintptr(unsafe.Pointer(file)), uintptr(unsafe.Pointer(&argv[0])), uintptr(unsafe.Pointer(&envp[0])))
	}
	fail("seccomp or execve", errno)
}

func fail(what string, err error) {
	if err != nil {
		fmt.Fprintf(os.Stderr, "refuse: %s: %v\n", what, err)
		os.Exit(1)
	}
}
