//go:build linux && amd64

package tracer

import (
	"golang.org/x/sys/unix"

	"trapline/tables"
)

// x32Bit is set in the numbers of x32's calls (__X32_SYSCALL_BIT of asm/unistd.h).
const x32Bit = 1 << 30

// abiOf returns a call's ABI and number. The audit architecture is that of the
// instruction that made the call, not of the program.
func abiOf(arch uint32, nr uint64) (tables.ABI, uint64) {
	switch {
	case arch == unix.AUDIT_ARCH_I386:
		return tables.I386, nr
	case nr>>30 == 1:
		return tables.X32, nr &^ x32Bit
	}
	return tables.X86_64, nr
}

// architectures returns the audit architectures of a tracee's calls, and what the
// seccomp filter does with the calls of each.
func architectures(verdictOf func(abi tables.ABI, nr uint64) verdict) []architecture {
	var native, compat intervals
	native.add(0, tables.X86_64, verdictOf)
	native.add(x32Bit, tables.X32, verdictOf)
	// Negative numbers belong to no ABI.
	native.append(2*x32Bit, verdictOf(tables.X86_64, maxNR))
	compat.add(0, tables.I386, verdictOf)
	return []architecture{{unix.AUDIT_ARCH_X86_64, native}, {unix.AUDIT_ARCH_I386, compat}}
}

// watched has the watchedNumbers of each ABI (tables/syscall_64.tbl and
// syscall_32.tbl).
var watched = [tables.NumABI]watchedNumbers{
	tables.X86_64: {prctl: 157, seccomp: 317, clone: 56, clone3: 435},
	tables.X32:    {prctl: 157, seccomp: 317, clone: 56, clone3: 435},
	tables.I386:   {prctl: 172, seccomp: 354, clone: 120, clone3: 435},
}

// isExec reports whether a call is execve or execveat.
func isExec(abi tables.ABI, nr uint64) bool {
	switch abi {
	case tables.I386:
		return nr == 11 || nr == 358
	case tables.X32:
		return nr == 520 || nr == 545
	}
	return nr == unix.SYS_EXECVE || nr == unix.SYS_EXECVEAT
}

// servesMemory reports whether a call may create memory that a process serves, or mount a
// file system that a process serves.
func servesMemory(abi tables.ABI, nr uint64, args *[6]uint64) bool {
	const newUserfaultfd = 0xaa00 // USERFAULTFD_IOC_NEW of linux/userfaultfd.h
	switch {
	case abi == tables.I386:
		return nr == 374 || nr == 21 || nr == 432 || // userfaultfd, mount, fsmount
			nr == 54 && uint32(args[1]) == newUserfaultfd
	case nr == unix.SYS_IOCTL, abi == tables.X32 && nr == 514:
		return uint32(args[1]) == newUserfaultfd
	}
	return nr == unix.SYS_USERFAULTFD || nr == unix.SYS_MOUNT || nr == unix.SYS_FSMOUNT
}
