//go:build linux && amd64

package tracer

import (
	"errors"

	"golang.org/x/sys/unix"
)

// A process that is not dumpable (PR_SET_DUMPABLE of prctl(2)) hides its memory from a tracer
// without CAP_SYS_PTRACE, as for an ordinary user or in most containers. A change of user or
// group ids has this effect, too. The tracer could not clear index entries for new threads
// and children then, or restore calls, so it restores all calls before.

var errHidden = errors.New("it may hide its memory")

// hidesMemory reports whether after a call of the x86-64 ABI the memory of the process may be
// hidden.
func hidesMemory(call *Syscall) bool {
	const dumpable = 1 // SUID_DUMP_USER of linux/sched/coredump.h
	switch call.NR {
	case unix.SYS_PRCTL:
		return uint32(call.Args[0]) == unix.PR_SET_DUMPABLE && call.Args[1] != dumpable
	case unix.SYS_SETNS:
		return true
	}
	return changesIDs(call.NR)
}

// changesIDs reports whether a call may change ids of users or groups.
func changesIDs(nr uint64) bool {
	switch nr {
	case unix.SYS_SETUID, unix.SYS_SETGID, unix.SYS_SETREUID, unix.SYS_SETREGID, unix.SYS_SETRESUID, unix.SYS_SETRESGID,
		unix.SYS_SETFSUID, unix.SYS_SETFSGID:
		return true
	}
	return false
}
