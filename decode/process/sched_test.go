package process_test

import (
	"testing"

	. "trapline/decode/internal/decodetest"
	. "trapline/decode/internal/fake"
	"trapline/tables"
)

func TestScheduling(t *testing.T) {
	attr := func(size, policy, flags uint64) []byte {
		b := Numbers(4, size, policy)
		b = append(b, Numbers(8, flags)...)
		b = append(b, Numbers(4, 1, 2)...)
		return append(append(b, Numbers(8, 3, 4, 5)...), Numbers(4, 6, 7)...)
	}
	Check(t, []Wanted{
		{Abi: tables.X86_64, Name: "sched_setscheduler", Args: []uint64{0, 0x40000001, At0}, Mem: FakeMemory{At0: Numbers(4, 5)},
			Want: `sched_setscheduler(0, SCHED_RESET_ON_FORK|SCHED_FIFO, {sched_priority=5}) = 0`},
		{Abi: tables.X86_64, Name: "sched_getscheduler", Args: []uint64{0}, Ret: 2, Want: `sched_getscheduler(0) = 0x2 (SCHED_RR)`},
		{Abi: tables.X86_64, Name: "sched_getaffinity", Args: []uint64{0, 128, At0}, Mem: FakeMemory{At0: Numbers(8, 0x8003)}, Ret: 8,
			Want: `sched_getaffinity(0, 128, [0 1 15]) = 8`},
		{Abi: tables.X86_64, Name: "sched_setaffinity", Args: []uint64{0, 0, At0}, Errno: tables.EINVAL,
			Want: `sched_setaffinity(0, 0, []) = -1 EINVAL (Invalid argument)`},
		{Abi: tables.X86_64, Name: "sched_getattr", Args: []uint64{0, At0, 56, 0}, Mem: FakeMemory{At0: attr(56, 6, 1)},
			Want: `sched_getattr(0, {size=56, sched_policy=SCHED_DEADLINE, sched_flags=SCHED_FLAG_RESET_ON_FORK, sched_nice=1, ` +
				`sched_priority=2, sched_runtime=3, sched_deadline=4, sched_period=5, sched_util_min=6, sched_util_max=7}, 56, 0) = 0`},
		{Abi: tables.X86_64, Name: "sched_setattr", Args: []uint64{0, At0, 0}, Mem: FakeMemory{At0: attr(48, 0, tables.SCHED_FLAG_KEEP_PARAMS)},
			Want: `sched_setattr(0, {size=48, sched_flags=SCHED_FLAG_KEEP_PARAMS}, 0) = 0`},
		{Abi: tables.X86_64, Name: "sched_setattr", Args: []uint64{0, At0, 0}, Mem: FakeMemory{At0: attr(1, 0, 0)}, Errno: tables.E2BIG,
			Want: `sched_setattr(0, {size=1} => {size=1}, 0) = -1 E2BIG (Argument list too long)`},
		{Abi: tables.X86_64, Name: "ioprio_get", Args: []uint64{1, 0}, Ret: 2<<13 | 4, Want: `ioprio_get(IOPRIO_WHO_PROCESS, 0) = 16388 (IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, 4))`},
		{Abi: tables.X86_64, Name: "getpriority", Args: []uint64{0, 1}, Ret: 20, Want: `getpriority(PRIO_PROCESS, 1) = 20`},
	})
}

func TestCredentials(t *testing.T) {
	Check(t, []Wanted{
		{Abi: tables.X86_64, Name: "setresuid", Args: []uint64{1<<64 - 1, 0, 1<<32 - 1}, Want: `setresuid(-1, 0, -1) = 0`},
		{Abi: tables.I386, Name: "setreuid", Args: []uint64{0xffff, 0x12345}, Want: `setreuid(-1, 9029) = 0`},
		{Abi: tables.I386, Name: "getresgid", Args: []uint64{At0, At0 + 2, At0 + 4}, Mem: FakeMemory{At0: Numbers(2, 1, 2, 0xffff, 0, 0, 0)},
			Want: `getresgid([1], [2], [-1]) = 0`},
		{Abi: tables.X86_64, Name: "getgroups", Args: []uint64{3, At0}, Mem: FakeMemory{At0: Numbers(4, 0, 27)}, Ret: 2, Want: `getgroups(3, [0, 27]) = 2`},
		{Abi: tables.X86_64, Name: "setgroups", Args: []uint64{1 << 20, At0}, Errno: tables.EINVAL,
			Want: `setgroups(1048576, 0x7000) = -1 EINVAL (Invalid argument)`},
		{Abi: tables.X86_64, Name: "capset", Args: []uint64{At0, At1},
			Mem: FakeMemory{At0: Numbers(4, 0x20080522, 0), At1: Numbers(4, 1, 0, 1<<31, 1<<7, 0, 1<<30)},
			Want: `capset({version=_LINUX_CAPABILITY_VERSION_3, pid=0}, {effective=1<<CAP_CHOWN|1<<CAP_BPF, permitted=0, ` +
				`inheritable=1<<CAP_SETFCAP|0x40000000 /* CAP_??? */}) = 0`},
		{Abi: tables.X86_64, Name: "capget", Args: []uint64{At0, At1}, Mem: FakeMemory{At0: Numbers(4, 0x19980330, 0), At1: Numbers(4, 2, 2, 0)},
			Want: `capget({version=_LINUX_CAPABILITY_VERSION_1, pid=0}, {effective=1<<CAP_DAC_OVERRIDE, permitted=1<<CAP_DAC_OVERRIDE, inheritable=0}) = 0`},
		{Abi: tables.X86_64, Name: "capget", Args: []uint64{At0, At1}, Mem: FakeMemory{At0: Numbers(4, 0x19980330), At1: Numbers(4, 2, 2, 0)},
			Want: `capget(0x7000, 0x7400) = 0`},
	})
}

func TestSwitches(t *testing.T) {
	Check(t, []Wanted{
		{Abi: tables.X86_64, Name: "prctl", Args: []uint64{tables.PR_SET_NAME, At0}, Mem: FakeMemory{At0: []byte("worker\x00")},
			Want: `prctl(PR_SET_NAME, "worker") = 0`},
		{Abi: tables.X86_64, Name: "prctl", Args: []uint64{tables.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0}, Want: `prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) = 0`},
		{Abi: tables.X86_64, Name: "prctl", Args: []uint64{tables.PR_GET_PDEATHSIG, At0}, Mem: FakeMemory{At0: Numbers(4, 9)}, Want: `prctl(PR_GET_PDEATHSIG, [SIGKILL]) = 0`},
		{Abi: tables.X86_64, Name: "prctl", Args: []uint64{tables.PR_CAP_AMBIENT, 2, 1, 0, 0}, Want: `prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_OVERRIDE, 0, 0) = 0`},
		{Abi: tables.X86_64, Name: "prctl", Args: []uint64{tables.PR_GET_SECUREBITS}, Ret: 5, Want: `prctl(PR_GET_SECUREBITS) = 0x5 (SECBIT_NOROOT|SECBIT_NO_SETUID_FIXUP)`},
		{Abi: tables.X86_64, Name: "prctl", Args: []uint64{9999, 1, 2, 3, 4}, Errno: tables.EINVAL,
			Want: `prctl(0x270f /* PR_??? */, 0x1, 0x2, 0x3, 0x4) = -1 EINVAL (Invalid argument)`},
		{Abi: tables.X86_64, Name: "arch_prctl", Args: []uint64{0x1002, 0x7f00}, Want: `arch_prctl(ARCH_SET_FS, 0x7f00) = 0`},
		{Abi: tables.X86_64, Name: "arch_prctl", Args: []uint64{0x1003, At0}, Mem: FakeMemory{At0: Numbers(8, 0x7f00)}, Want: `arch_prctl(ARCH_GET_FS, [0x7f00]) = 0`},
		{Abi: tables.X86_64, Name: "personality", Args: []uint64{0xffffffff}, Ret: 0x40000, Want: `personality(0xffffffff) = 0x40000 (PER_LINUX|ADDR_NO_RANDOMIZE)`},
		{Abi: tables.X86_64, Name: "ptrace", Args: []uint64{0x4206, 5, 0, 1}, Want: `ptrace(PTRACE_SEIZE, 5, NULL, PTRACE_O_TRACESYSGOOD) = 0`},
		{Abi: tables.X86_64, Name: "ptrace", Args: []uint64{3, 5, 8 * 16, At0}, Mem: FakeMemory{At0: Numbers(8, 7)}, Want: `ptrace(PTRACE_PEEKUSER, 5, 8*RIP, [0x7]) = 0`},
		{Abi: tables.X86_64, Name: "ptrace", Args: []uint64{6, 5, 850, 1}, Want: `ptrace(PTRACE_POKEUSER, 5, offsetof(struct user, u_debugreg)+2, 0x1) = 0`},
		{Abi: tables.I386, Name: "ptrace", Args: []uint64{0x4204, 5, 1, At0}, Mem: FakeMemory{At0: Numbers(4, At1, 8), At1: Numbers(4, 1, 2)},
			Want: `ptrace(PTRACE_GETREGSET, 5, NT_PRSTATUS, {iov_base={ebx=0x1, ecx=0x2}, iov_len=8}) = 0`},
		{Abi: tables.X86_64, Name: "modify_ldt", Args: []uint64{1, At0, 16}, Mem: FakeMemory{At0: Numbers(4, 1, 0, 0, 0x80)}, Ret: 1<<32 - 38,
			Want: `modify_ldt(1, {entry_number=1, base_addr=00000000, limit=00000000, seg_32bit=0, contents=0, read_exec_only=0, ` +
				`limit_in_pages=0, seg_not_present=0, useable=0, lm=1}, 16) = 4294967258 ENOSYS (Function not implemented)`},
	})
}
