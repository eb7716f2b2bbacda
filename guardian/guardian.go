// Package guardian starts processes that outlive this program, to restore what it
// has changed, however it ends.
//
// A guardian is a fork of this process and does not call execve, since a Go program
// takes several milliseconds to start. A fork has only the thread that forked, and the
// Go runtime does not work in it. Therefore a guardian does not allocate, its stack does
// not grow (therefore go:nosplit), all its signals are blocked, and it makes only raw system
// calls.
package guardian

import (
	"os"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Pipe is the descriptor that a guardian has after Detach: the end of the pipe that it
// was given. Reading it ends when this program has ended.
const Pipe = 3

// Comm is the name of a guardian as a thread: 16 bytes, the last one zero.
type Comm [16]byte

// commandLine is the memory where the kernel put this process's arguments, one
// after the other.
var commandLine = func() (text struct {
	start unsafe.Pointer
	size  uintptr
}) {
	if len(os.Args) == 0 || len(os.Args[0]) == 0 {
		return text
	}
	last := os.Args[len(os.Args)-1]
	text.start = unsafe.Pointer(unsafe.StringData(os.Args[0]))
	text.size = uintptr(len(os.Args[0]))
	if len(last) > 0 {
		text.size = uintptr(unsafe.Pointer(unsafe.StringData(last))) - uintptr(text.start) + uintptr(len(last))
	}
	return text
}()

var rootDirectory = [2]byte{'/'}

// Fork forks this process and returns in both. In the guardian pid is 0, and the caller
// has to continue with a function that follows the rules of this package, begins with
// Detach and never returns. In this process pid is the guardian's id, unless errno says
// why there is none; the guardian is a child of the calling thread.
func Fork() (pid int, errno unix.Errno) {
	runtime.LockOSThread()
	var all, before unix.Sigset_t
	for i := range all.Val {
		all.Val[i] = ^all.Val[i]
	}
	if err := unix.PthreadSigmask(unix.SIG_SETMASK, &all, &before); err != nil {
		runtime.UnlockOSThread()
		return -1, err.(unix.Errno)
	}
	child, _, errno := unix.RawSyscall6(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0, 0, 0, 0)
	if errno == 0 && child == 0 {
		return 0, 0
	}
	unix.PthreadSigmask(unix.SIG_SETMASK, &before, nil)
	runtime.UnlockOSThread()
	if errno != 0 {
		return -1, errno
	}
	return int(child), 0
}

// Detach detaches a guardian from what it inherited: the terminal, the working
// directory, open files, and the program's name. The guardian is called name instead,
// which should not contain this program's name, so that killing the program by name does
// not kill the guardian. null is a descriptor of /dev/null.
//
//go:nosplit
//go:norace
func Detach(pipe, null uintptr, name string, comm *Comm) {
	// If this program dies while the guardian is stopped, continue the guardian.
	unix.RawSyscall(unix.SYS_PRCTL, unix.PR_SET_PDEATHSIG, uintptr(unix.SIGCONT), 0)
	unix.RawSyscall(unix.SYS_SETSID, 0, 0, 0)
	unix.RawSyscall(unix.SYS_CHDIR, uintptr(unsafe.Pointer(&rootDirectory)), 0, 0)
	for fd := range uintptr(Pipe) {
		unix.RawSyscall(unix.SYS_DUP3, null, fd, 0)
	}
	unix.RawSyscall(unix.SYS_DUP3, pipe, Pipe, 0) // fails if pipe is Pipe already
	if _, _, errno := unix.RawSyscall(unix.SYS_CLOSE_RANGE, Pipe+1, uintptr(^uint32(0)), 0); errno != 0 {
		for fd := uintptr(Pipe + 1); fd < 4096; fd++ { // Linux < 5.9
			unix.RawSyscall(unix.SYS_CLOSE, fd, 0, 0)
		}
	}
	unix.RawSyscall(unix.SYS_PRCTL, unix.PR_SET_NAME, uintptr(unsafe.Pointer(comm)), 0)
	for i := range commandLine.size {
		var b byte
		if i < uintptr(len(name)) && i < commandLine.size-1 {
			b = name[i]
		}
		*(*byte)(unsafe.Add(commandLine.start, i)) = b
	}
}

// Exit ends a guardian.
//
//go:nosplit
//go:norace
func Exit() {
	for {
		unix.RawSyscall(unix.SYS_EXIT_GROUP, 0, 0, 0)
	}
}
