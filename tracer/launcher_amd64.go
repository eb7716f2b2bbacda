//go:build linux && amd64

package tracer

import (
	"golang.org/x/sys/unix"

	"trapline/tables"
)

// Implemented in launcher_amd64.s.

// cloneLauncher makes a process that starts with a step. All signals must be
// blocked. It returns the process's id, or a negated errno.
//
//go:noescape
func cloneLauncher(first *step, flags uintptr) (pid int)

// becomeLauncher makes this thread continue with a step. It does not return.
//
//go:noescape
func becomeLauncher(first *step)

// launcherText returns the address of the launcher's code, which is shorter
// than launcherTextSize bytes.
func launcherText() (start uintptr)

const launcherTextSize = 512

// taskSize is the end of a process's addresses with four levels of page tables
// (TASK_SIZE of asm/page_64_types.h).
const taskSize = 1<<47 - 1<<12

// callsLeft returns the number of calls that a launcher will make before its execve, after it
// has stopped because of a step.
func callsLeft(regs *Registers) int { return int(regs.R15) - 1 }

// failedStep returns the error that a launcher stopped to report, or nil if it
// stopped because it is about to call execve.
func failedStep(regs *Registers) error {
	result := int64(regs.R14)
	const maxErrno = 4095
	if result >= 0 || result < -maxErrno {
		return nil
	}
	name := "system call"
	if call := tables.Lookup(tables.X86_64, regs.R13); call != nil {
		name = call.Name
	}
	return &LaunchError{name, unix.Errno(-result)}
}

// setResult makes a launcher's last call fail. It also clears the call's number: otherwise
// the kernel might restart the call as an interrupted one.
func setResult(regs *Registers, errno unix.Errno) {
	regs.Rax = uint64(-int64(errno))
	regs.Orig_rax = ^uint64(0)
}
