//go:build linux && amd64

package tracer

import (
	"fmt"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

const saNoCldStop = 1 // SA_NOCLDSTOP of asm-generic/signal-defs.h

// quietChildSignals stops the kernel from sending a SIGCHLD for every stop,
// which would run the runtime's handler for nothing. The end of a child still
// sends one. If SIGCHLD is ignored, which would make the kernel discard wait
// statuses, it is reset to the default action.
func quietChildSignals() error {
	const saNoCldWait = 2 // asm-generic/signal-defs.h
	var action sigaction
	_, _, errno := unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(syscall.SIGCHLD),
		0, uintptr(unsafe.Pointer(&action)), signalSetSize, 0, 0)
	if errno == 0 {
		if action.handler == sigIgn {
			action.handler = sigDfl
		}
		action.flags = action.flags&^saNoCldWait | saNoCldStop
		_, _, errno = unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(syscall.SIGCHLD),
			uintptr(unsafe.Pointer(&action)), 0, signalSetSize, 0, 0)
	}
	if errno != 0 {
		return fmt.Errorf("rt_sigaction(SIGCHLD): %w", errno)
	}
	return nil
}
