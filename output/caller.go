package output

import (
	"os/exec"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// The files of a log belong to the user who runs the program, even if it is
// set-user-ID or set-group-ID: such a program must not write where its caller
// may not.

// privileged reports whether this program's rights differ from its caller's.
func privileged() bool {
	return unix.Getuid() != unix.Geteuid() || unix.Getgid() != unix.Getegid()
}

// asCaller runs a function with the caller's rights to files.
func asCaller(f func()) {
	if !privileged() {
		f()
		return
	}
	// These ids belong to the thread. If the user was root, changing them also
	// drops the capabilities that override permissions.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	unix.Setfsgid(unix.Getgid())
	defer unix.Setfsgid(unix.Getegid())
	unix.Setfsuid(unix.Getuid())
	defer unix.Setfsuid(unix.Geteuid())
	f()
}

// runAsCaller makes a command run as the caller.
func runAsCaller(cmd *exec.Cmd) {
	if privileged() {
		credential := syscall.Credential{Uid: uint32(unix.Getuid()), Gid: uint32(unix.Getgid()), NoSetGroups: true}
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &credential}
	}
}

// startWithSlack starts a command with a timer slack in nanoseconds. The threads of the Go
// runtime may have another one.
func startWithSlack(cmd *exec.Cmd, slack int) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if slack > 0 {
		unix.Prctl(unix.PR_SET_TIMERSLACK, uintptr(slack), 0, 0, 0)
	}
	return cmd.Start()
}
