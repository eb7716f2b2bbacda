package decode

import (
	"testing"

	"golang.org/x/sys/unix"

	"trapline/tables"
)

func TestScheduling(t *testing.T) {
	attr := func(size, policy, flags uint64) []byte {
		b := numbers(4, size, policy)
		b = append(b, numbers(8, flags)...)
		b = append(b, numbers(4, 1, 2)...)
		return append(append(b, numbers(8, 3, 4, 5)...), numbers(4, 6, 7)...)
	}
	check(t, []wanted{
		{abi: tables.X86_64, name: "sched_setscheduler", args: []uint64{0, 0x40000001, at0}, mem: fakeMemory{at0: numbers(4, 5)},
			want: `sched_setscheduler(0, SCHED_RESET_ON_FORK|SCHED_FIFO, {sched_priority=5}) = 0`},
		{abi: tables.X86_64, name: "sched_getscheduler", args: []uint64{0}, ret: 2, want: `sched_getscheduler(0) = 0x2 (SCHED_RR)`},
		{abi: tables.X86_64, name: "sched_getaffinity", args: []uint64{0, 128, at0}, mem: fakeMemory{at0: numbers(8, 0x8003)}, ret: 8,
			want: `sched_getaffinity(0, 128, [0 1 15]) = 8`},
		{abi: tables.X86_64, name: "sched_setaffinity", args: []uint64{0, 0, at0}, errno: unix.EINVAL,
			want: `sched_setaffinity(0, 0, []) = -1 EINVAL (Invalid argument)`},
		{abi: tables.X86_64, name: "sched_getattr", args: []uint64{0, at0, 56, 0}, mem: fakeMemory{at0: attr(56, 6, 1)},
			want: `sched_getattr(0, {size=56, sched_policy=SCHED_DEADLINE, sched_flags=SCHED_FLAG_RESET_ON_FORK, sched_nice=1, ` +
				`sched_priority=2, sched_runtime=3, sched_deadline=4, sched_period=5, sched_util_min=6, sched_util_max=7}, 56, 0) = 0`},
		{abi: tables.X86_64, name: "sched_setattr", args: []uint64{0, at0, 0}, mem: fakeMemory{at0: attr(48, 0, unix.SCHED_FLAG_KEEP_PARAMS)},
			want: `sched_setattr(0, {size=48, sched_flags=SCHED_FLAG_KEEP_PARAMS}, 0) = 0`},
		{abi: tables.X86_64, name: "sched_setattr", args: []uint64{0, at0, 0}, mem: fakeMemory{at0: attr(1, 0, 0)}, errno: unix.E2BIG,
			want: `sched_setattr(0, {size=1} => {size=1}, 0) = -1 E2BIG (Argument list too long)`},
		{abi: tables.X86_64, name: "ioprio_get", args: []uint64{1, 0}, ret: 2<<13 | 4, want: `ioprio_get(IOPRIO_WHO_PROCESS, 0) = 16388 (IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, 4))`},
		{abi: tables.X86_64, name: "getpriority", args: []uint64{0, 1}, ret: 20, want: `getpriority(PRIO_PROCESS, 1) = 20`},
	})
}

func TestCredentials(t *testing.T) {
	check(t, []wanted{
		{abi: tables.X86_64, name: "setresuid", args: []uint64{1<<64 - 1, 0, 1<<32 - 1}, want: `setresuid(-1, 0, -1) = 0`},
		{abi: tables.I386, name: "setreuid", args: []uint64{0xffff, 0x12345}, want: `setreuid(-1, 9029) = 0`},
		{abi: tables.I386, name: "getresgid", args: []uint64{at0, at0 + 2, at0 + 4}, mem: fakeMemory{at0: numbers(2, 1, 2, 0xffff, 0, 0, 0)},
			want: `getresgid([1], [2], [-1]) = 0`},
		{abi: tables.X86_64, name: "getgroups", args: []uint64{3, at0}, mem: fakeMemory{at0: numbers(4, 0, 27)}, ret: 2, want: `getgroups(3, [0, 27]) = 2`},
		{abi: tables.X86_64, name: "setgroups", args: []uint64{1 << 20, at0}, errno: unix.EINVAL,
			want: `setgroups(1048576, 0x7000) = -1 EINVAL (Invalid argument)`},
		{abi: tables.X86_64, name: "capset", args: []uint64{at0, at1},
			mem: fakeMemory{at0: numbers(4, 0x20080522, 0), at1: numbers(4, 1, 0, 1<<31, 1<<7, 0, 1<<30)},
			want: `capset({version=_LINUX_CAPABILITY_VERSION_3, pid=0}, {effective=1<<CAP_CHOWN|1<<CAP_BPF, permitted=0, ` +
				`inheritable=1<<CAP_SETFCAP|0x40000000 /* CAP_??? */}) = 0`},
		{abi: tables.X86_64, name: "capget", args: []uint64{at0, at1}, mem: fakeMemory{at0: numbers(4, 0x19980330, 0), at1: numbers(4, 2, 2, 0)},
			want: `capget({version=_LINUX_CAPABILITY_VERSION_1, pid=0}, {effective=1<<CAP_DAC_OVERRIDE, permitted=1<<CAP_DAC_OVERRIDE, inheritable=0}) = 0`},
		{abi: tables.X86_64, name: "capget", args: []uint64{at0, at1}, mem: fakeMemory{at0: numbers(4, 0x19980330), at1: numbers(4, 2, 2, 0)},
			want: `capget(0x7000, 0x7400) = 0`},
	})
}

func TestSwitches(t *testing.T) {
	check(t, []wanted{
		{abi: tables.X86_64, name: "prctl", args: []uint64{unix.PR_SET_NAME, at0}, mem: fakeMemory{at0: []byte("worker\x00")},
			want: `prctl(PR_SET_NAME, "worker") = 0`},
		{abi: tables.X86_64, name: "prctl", args: []uint64{unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0}, want: `prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) = 0`},
		{abi: tables.X86_64, name: "prctl", args: []uint64{unix.PR_GET_PDEATHSIG, at0}, mem: fakeMemory{at0: numbers(4, 9)}, want: `prctl(PR_GET_PDEATHSIG, [SIGKILL]) = 0`},
		{abi: tables.X86_64, name: "prctl", args: []uint64{unix.PR_CAP_AMBIENT, 2, 1, 0, 0}, want: `prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_OVERRIDE, 0, 0) = 0`},
		{abi: tables.X86_64, name: "prctl", args: []uint64{unix.PR_GET_SECUREBITS}, ret: 5, want: `prctl(PR_GET_SECUREBITS) = 0x5 (SECBIT_NOROOT|SECBIT_NO_SETUID_FIXUP)`},
		{abi: tables.X86_64, name: "prctl", args: []uint64{9999, 1, 2, 3, 4}, errno: unix.EINVAL,
			want: `prctl(0x270f /* PR_??? */, 0x1, 0x2, 0x3, 0x4) = -1 EINVAL (Invalid argument)`},
		{abi: tables.X86_64, name: "arch_prctl", args: []uint64{0x1002, 0x7f00}, want: `arch_prctl(ARCH_SET_FS, 0x7f00) = 0`},
		{abi: tables.X86_64, name: "arch_prctl", args: []uint64{0x1003, at0}, mem: fakeMemory{at0: numbers(8, 0x7f00)}, want: `arch_prctl(ARCH_GET_FS, [0x7f00]) = 0`},
		{abi: tables.X86_64, name: "personality", args: []uint64{0xffffffff}, ret: 0x40000, want: `personality(0xffffffff) = 0x40000 (PER_LINUX|ADDR_NO_RANDOMIZE)`},
		{abi: tables.X86_64, name: "ptrace", args: []uint64{0x4206, 5, 0, 1}, want: `ptrace(PTRACE_SEIZE, 5, NULL, PTRACE_O_TRACESYSGOOD) = 0`},
		{abi: tables.X86_64, name: "ptrace", args: []uint64{3, 5, 8 * 16, at0}, mem: fakeMemory{at0: numbers(8, 7)}, want: `ptrace(PTRACE_PEEKUSER, 5, 8*RIP, [0x7]) = 0`},
		{abi: tables.X86_64, name: "ptrace", args: []uint64{6, 5, 850, 1}, want: `ptrace(PTRACE_POKEUSER, 5, offsetof(struct user, u_debugreg)+2, 0x1) = 0`},
		{abi: tables.I386, name: "ptrace", args: []uint64{0x4204, 5, 1, at0}, mem: fakeMemory{at0: numbers(4, at1, 8), at1: numbers(4, 1, 2)},
			want: `ptrace(PTRACE_GETREGSET, 5, NT_PRSTATUS, {iov_base={ebx=0x1, ecx=0x2}, iov_len=8}) = 0`},
		{abi: tables.X86_64, name: "modify_ldt", args: []uint64{1, at0, 16}, mem: fakeMemory{at0: numbers(4, 1, 0, 0, 0x80)}, ret: 1<<32 - 38,
			want: `modify_ldt(1, {entry_number=1, base_addr=00000000, limit=00000000, seg_32bit=0, contents=0, read_exec_only=0, ` +
				`limit_in_pages=0, seg_not_present=0, useable=0, lm=1}, 16) = 4294967258 ENOSYS (Function not implemented)`},
	})
}
