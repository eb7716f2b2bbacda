//go:build linux && amd64

package tracer

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// stopSyscall is the stop signal of a syscall-stop under PTRACE_O_TRACESYSGOOD.
const stopSyscall = unix.SIGTRAP | 0x80

// Options of PTRACE_SEIZE. PTRACE_O_TRACESYSGOOD marks syscall-stops;
// PTRACE_O_TRACEEXEC replaces the SIGTRAP after execve by an event with the old
// thread id.
const (
	optionsBasic  = unix.PTRACE_O_TRACESYSGOOD | unix.PTRACE_O_TRACEEXEC
	optionsFollow = unix.PTRACE_O_TRACECLONE | unix.PTRACE_O_TRACEFORK | unix.PTRACE_O_TRACEVFORK
)

// ptrace makes a request whose data is a number. None of the requests used here blocks, so
// the Go scheduler need not know of it. EINTR means that a seccomp filter around trapline
// asks a supervisor (SECCOMP_RET_USER_NOTIF) and that the request has not been made. ptrace
// then repeats the request.
func ptrace(request, tid int, addr, data uintptr) unix.Errno {
	for {
		_, _, errno := unix.RawSyscall6(unix.SYS_PTRACE, uintptr(request), uintptr(tid), addr, data, 0, 0)
		if errno != unix.EINTR {
			return errno
		}
	}
}

// ptraceData makes a request whose data is memory of the tracer.
func ptraceData(request, tid int, addr uintptr, data unsafe.Pointer) unix.Errno {
	for {
		_, _, errno := unix.RawSyscall6(unix.SYS_PTRACE, uintptr(request), uintptr(tid), addr, uintptr(data), 0, 0)
		if errno != unix.EINTR {
			return errno
		}
	}
}

// syscallInfo is struct ptrace_syscall_info of linux/ptrace.h, for all
// operations: the words after sp are a union.
type syscallInfo struct {
	op   uint8
	_    [3]uint8
	arch uint32
	ip   uint64
	sp   uint64
	// Entry and seccomp: the number and six arguments.
	// Exit: the result, then one byte that says whether it is an error.
	data [7]uint64
	// Seccomp: the data of SECCOMP_RET_TRACE.
	retData uint32
	_       uint32
}

func getSyscallInfo(tid int, info *syscallInfo) unix.Errno {
	return ptraceData(unix.PTRACE_GET_SYSCALL_INFO, tid, unsafe.Sizeof(*info), unsafe.Pointer(info))
}

// getEventMessage reads the message of a PTRACE_EVENT stop: a new tracee's id,
// or the former id of a thread that called execve.
func getEventMessage(tid int) (uint64, unix.Errno) {
	var message uint64
	errno := ptraceData(unix.PTRACE_GETEVENTMSG, tid, 0, unsafe.Pointer(&message))
	return message, errno
}
