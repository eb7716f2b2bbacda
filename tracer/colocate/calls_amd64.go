//go:build linux && amd64

package colocate

import (
	"golang.org/x/sys/unix"

	"trapline/tables"
)

// usesAffinity tells what a call does with affinity masks. The deadline
// scheduling class, which some set, requires a full mask.
func usesAffinity(abi tables.ABI, nr uint64) affinityUse {
	if abi == tables.I386 {
		switch nr {
		case 2, 120, 190, 435: // fork, clone, vfork, clone3
			return createsTask
		case 11, 358: // execve, execveat
			return changesID
		case 156, 241, 242, 351: // sched_setscheduler, sched_setaffinity, sched_getaffinity, sched_setattr
			return showsMask
		}
		return usesNone
	}
	if abi == tables.X32 && (nr == 520 || nr == 545) { // execve, execveat
		return changesID
	}
	switch nr {
	case unix.SYS_CLONE, unix.SYS_FORK, unix.SYS_VFORK, unix.SYS_CLONE3:
		return createsTask
	case unix.SYS_EXECVE, unix.SYS_EXECVEAT:
		return changesID
	case unix.SYS_SCHED_SETSCHEDULER, unix.SYS_SCHED_SETAFFINITY, unix.SYS_SCHED_GETAFFINITY, unix.SYS_SCHED_SETATTR:
		return showsMask
	}
	return usesNone
}

// setsMask reports whether a call is sched_setaffinity.
func setsMask(abi tables.ABI, nr uint64) bool {
	if abi == tables.I386 {
		return nr == 241
	}
	return nr == unix.SYS_SCHED_SETAFFINITY
}

// opensFile reports whether a call's result may be a descriptor through which
// masks can be read.
func opensFile(abi tables.ABI, nr uint64) bool {
	if abi == tables.I386 {
		switch nr {
		case 5, 295, 342, 425, 437, 438: // as below
			return true
		}
		return false
	}
	switch nr {
	case unix.SYS_OPEN, unix.SYS_OPENAT, unix.SYS_OPEN_BY_HANDLE_AT, unix.SYS_IO_URING_SETUP, unix.SYS_OPENAT2,
		unix.SYS_PIDFD_GETFD:
		return true
	}
	return false
}
