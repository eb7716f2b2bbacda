package tracer

import (
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// launcherName is argv[0] of this program when it is to become a command.
const launcherName = "trapline: launcher"

// The launcher's exchange with the tracer: it sends launcherReady alone, or an
// errno and what failed; it is sent launcherGo, with a seccomp filter behind it
// or without.
const (
	launcherReady = 0
	launcherGo    = 1
)

// The launcher never returns from here. It runs in init because only there
// the main goroutine is sure to be on the main thread, whose id is the process
// id: execve from another thread would change threads before the trace's eyes.
func init() {
	if len(os.Args) > 4 && os.Args[0] == launcherName {
		runtime.LockOSThread()
		launcher(os.Args[1:])
	}
}

// launcher becomes the command. Its arguments are those of startLauncher.
func launcher(args []string) {
	socket, _ := strconv.Atoi(args[0])
	unix.CloseOnExec(socket)
	unix.Prctl(unix.PR_SET_NAME, uintptr(unsafe.Pointer(&[]byte("trapline\x00")[0])), 0, 0, 0)
	if step, errno := assume(args[1]); errno != 0 {
		unix.Write(socket, append([]byte{byte(errno)}, step...))
		os.Exit(1)
	}
	path := args[2]
	argc, _ := strconv.Atoi(args[3])
	argv, env := args[4:4+argc], args[4+argc:]

	if _, err := unix.Write(socket, []byte{launcherReady}); err != nil {
		os.Exit(1)
	}
	word := make([]byte, 1+maxFilter*filterSize)
	n, err := readPacket(socket, word)
	if n < 1 || err != nil {
		os.Exit(1) // the tracer is gone
	}
	if err := install(word[1:n]); err != nil {
		os.Exit(1)
	}
	// It is the tracer that reports a failure.
	syscall.Exec(path, argv, env)
	os.Exit(1)
}

const filterSize = int(unsafe.Sizeof(unix.SockFilter{}))

// install installs a seccomp filter, if there is one.
func install(filter []byte) error {
	if len(filter) == 0 {
		return nil
	}
	program := unix.SockFprog{
		Len:    uint16(len(filter) / filterSize),
		Filter: (*unix.SockFilter)(unsafe.Pointer(&filter[0])),
	}
	set := func() error {
		return unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(&program)), 0, 0)
	}
	err := set()
	if err == unix.EACCES {
		// Without CAP_SYS_ADMIN only who forgoes new privileges may filter.
		// Under ptrace execve grants none anyway.
		if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
			return err
		}
		err = set()
	}
	return err
}

// assume takes on a credential that encode wrote.
func assume(encoded string) (step string, errno unix.Errno) {
	if encoded == "" {
		return "", 0
	}
	var ids []uint32
	for _, field := range strings.Split(encoded, ",") {
		id, _ := strconv.ParseUint(field, 10, 32)
		ids = append(ids, uint32(id))
	}
	uid, gid, euid, egid, groups := ids[0], ids[1], ids[2], ids[3], ids[4:]

	// Raw calls, for this thread alone: the others do not survive execve.
	var list uintptr
	if len(groups) > 0 {
		list = uintptr(unsafe.Pointer(&groups[0]))
	}
	if _, _, errno := unix.RawSyscall(unix.SYS_SETGROUPS, uintptr(len(groups)), list, 0); errno != 0 {
		return "setgroups", errno
	}
	if _, _, errno := unix.RawSyscall(unix.SYS_SETREGID, uintptr(gid), uintptr(egid), 0); errno != 0 {
		return "setregid", errno
	}
	if _, _, errno := unix.RawSyscall(unix.SYS_SETREUID, uintptr(uid), uintptr(euid), 0); errno != 0 {
		return "setreuid", errno
	}
	return "", 0
}
