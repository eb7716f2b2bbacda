// Notify executes a command under a seccomp filter that makes some system calls
// wait until the owner of the filter's listener lets them continue. It sends
// the listener over descriptor 3, a socket, which the command does not inherit.
//
//	notify NUMBER[,NUMBER]... COMMAND [ARGUMENT...]
package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

func main() {
	runtime.LockOSThread()
	if len(os.Args) < 3 {
		fail("usage", fmt.Errorf("notify NUMBER[,NUMBER]... COMMAND [ARGUMENT...]"))
	}
	path, err := exec.LookPath(os.Args[2])
	fail("look for the command", err)
	program := []bpf.Instruction{bpf.LoadAbsolute{Off: 0, Size: 4}} // seccomp_data.nr
	for _, number := range strings.Split(os.Args[1], ",") {
		nr, err := strconv.ParseUint(number, 10, 32)
		fail("number", err)
		program = append(program,
			bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: uint32(nr), SkipTrue: 1},
			bpf.RetConstant{Val: unix.SECCOMP_RET_USER_NOTIF})
	}
	raw, err := bpf.Assemble(append(program, bpf.RetConstant{Val: unix.SECCOMP_RET_ALLOW}))
	fail("assemble", err)
	filter := make([]unix.SockFilter, len(raw))
	for i, r := range raw {
		filter[i] = unix.SockFilter{Code: r.Op, Jt: r.Jt, Jf: r.Jf, K: r.K}
	}
	fail("prctl", unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
	prog := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	listener, _, errno := unix.RawSyscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER,
		unix.SECCOMP_FILTER_FLAG_NEW_LISTENER, uintptr(unsafe.Pointer(&prog)))
	if errno != 0 {
		fail("seccomp", errno)
	}
	fail("sendmsg", unix.Sendmsg(3, []byte{0}, unix.UnixRights(int(listener)), nil, 0))
	unix.Close(3)
	unix.CloseOnExec(int(listener))
	fail("execve", syscall.Exec(path, os.Args[2:], os.Environ()))
}

func fail(what string, err error) {
	if err != nil {
		fmt.Fprintf(os.Stderr, "notify: %s: %v\n", what, err)
		os.Exit(1)
	}
}
