package process_test

import (
	"testing"

	. "trapline/decode/internal/decodetest"
	. "trapline/decode/internal/fake"
	"trapline/tables"
)

func TestProcesses(t *testing.T) {
	const vforkFlags = tables.CLONE_VM | tables.CLONE_VFORK
	args := func(flags, pidfd, parent, exit uint64, more ...uint64) []byte {
		return Numbers(8, append([]uint64{flags, pidfd, 0, parent, exit, 0, 0, 0}, more...)...)
	}
	Check(t, []Wanted{
		{Abi: tables.X86_64, Name: "fork", Ret: 42, Want: `fork() = 42`},
		{Abi: tables.X86_64, Name: "exit_group", Args: []uint64{1<<64 - 1}, Want: `exit_group(-1) = 0`},
		{Abi: tables.X86_64, Name: "clone", Args: []uint64{0x11, 0, 0, 0, 0}, Ret: 9,
			Want: `clone(child_stack=NULL, flags=SIGCHLD) = 9`},
		{Abi: tables.X86_64, Name: "clone", Args: []uint64{tables.CLONE_CHILD_CLEARTID | tables.CLONE_CHILD_SETTID | 17, 0, 0, 0x7f10, 0}, Ret: 9,
			Want: `clone(child_stack=NULL, flags=CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLD, child_tidptr=0x7f10) = 9`},
		// The ABIs have the last two arguments in different orders.
		{Abi: tables.X86_64, Name: "clone", Args: []uint64{tables.CLONE_SETTLS | tables.CLONE_PARENT_SETTID, 0x10, At0, 0x20, 0x30},
			Mem: FakeMemory{At0: Numbers(4, 77)}, Ret: 77,
			Want: `clone(child_stack=0x10, flags=CLONE_SETTLS|CLONE_PARENT_SETTID, parent_tid=[77], tls=0x30) = 77`},
		{Abi: tables.I386, Name: "clone", Args: []uint64{tables.CLONE_SETTLS | tables.CLONE_PARENT_SETTID, 0x10, At0, At1, 0x30},
			Mem: FakeMemory{At0: Numbers(4, 77), At1: Numbers(4, 6, 0xf7d00740, 0xfffff, 0x51)}, Ret: 77,
			Want: `clone(child_stack=0x10, flags=CLONE_SETTLS|CLONE_PARENT_SETTID, parent_tid=[77], tls={entry_number=6, ` +
				`base_addr=0xf7d00740, limit=0x0fffff, seg_32bit=1, contents=0, read_exec_only=0, limit_in_pages=1, ` +
				`seg_not_present=0, useable=1}) = 77`},
		{Abi: tables.X86_64, Name: "clone3", Args: []uint64{At0, 88}, Mem: FakeMemory{At0: args(vforkFlags, 0, 0, 17, 0, 0, 0)}, Ret: 5,
			Want: `clone3({flags=CLONE_VM|CLONE_VFORK, exit_signal=SIGCHLD, stack=NULL, stack_size=0}, 88) = 5`},
		{Abi: tables.X86_64, Name: "clone3", Args: []uint64{At0, 88},
			Mem: FakeMemory{At0: args(tables.CLONE_PIDFD|tables.CLONE_PARENT_SETTID, At1, At1+4, 0, 0, 0, 0), At1: Numbers(4, 6, 5)}, Ret: 5,
			Want: `clone3({flags=CLONE_PIDFD|CLONE_PARENT_SETTID, pidfd=0x7400, parent_tid=0x7404, exit_signal=0, stack=NULL, ` +
				`stack_size=0} => {pidfd=[6], parent_tid=[5]}, 88) = 5`},
		{Abi: tables.X86_64, Name: "clone3", Args: []uint64{At0, 88},
			Mem: FakeMemory{At0: args(0, 0, 0, 17, At1, 2, 0), At1: Numbers(4, 100, 1)}, Errno: tables.EPERM,
			Want: `clone3({flags=0, exit_signal=SIGCHLD, stack=NULL, stack_size=0, set_tid=[100, 1], set_tid_size=2}, 88)` +
				` = -1 EPERM (Operation not permitted)`},
		{Abi: tables.X86_64, Name: "clone3", Args: []uint64{At0, 63}, Mem: FakeMemory{At0: args(0, 0, 0, 17)}, Errno: tables.EINVAL,
			Want: `clone3(0x7000, 63) = -1 EINVAL (Invalid argument)`},
		{Abi: tables.X86_64, Name: "clone3", Args: []uint64{At0, 96}, Mem: FakeMemory{At0: Numbers(8, 0)}, Ret: 5, Want: `clone3(0x7000, 96) = 5`},
		{Abi: tables.X86_64, Name: "unshare", Args: []uint64{tables.CLONE_NEWNS | tables.CLONE_NEWTIME}, Want: `unshare(CLONE_NEWTIME|CLONE_NEWNS) = 0`},
		{Abi: tables.X86_64, Name: "prlimit64", Args: []uint64{0, 7, 0, At0}, Mem: FakeMemory{At0: Numbers(8, 1024, 1<<64-1)},
			Want: `prlimit64(0, RLIMIT_NOFILE, NULL, {rlim_cur=1024, rlim_max=RLIM64_INFINITY}) = 0`},
		{Abi: tables.I386, Name: "getrlimit", Args: []uint64{3, At0}, Mem: FakeMemory{At0: Numbers(4, 8<<20, 1<<32-1)},
			Want: `getrlimit(RLIMIT_STACK, {rlim_cur=8192*1024, rlim_max=RLIM_INFINITY}) = 0`},
		{Abi: tables.X86_64, Name: "execve", Args: []uint64{At0, At1, At2},
			Mem:  FakeMemory{At0: []byte("/bin/ls\x00-l\x00"), At1: Numbers(8, At0, At0+8, 0), At2: Numbers(8, 1, 2, 0)},
			Want: `execve("/bin/ls", ["/bin/ls", "-l"], 0x7800 /* 2 vars */) = 0`},
		{Abi: tables.I386, Name: "execve", Args: []uint64{At0, At1, At2}, Full: true,
			Mem:  FakeMemory{At0: []byte("/bin/ls\x00A=b\x00"), At1: Numbers(4, At0, 0), At2: Numbers(4, At0+8, 0x10)},
			Want: `execve("/bin/ls", ["/bin/ls"], ["A=b", 0x10, ... /* 0x7808 */]) = 0`},
	})
}

func TestWaiting(t *testing.T) {
	status := func(v uint64) FakeMemory { return FakeMemory{At0: Numbers(4, v)} }
	var samples []Wanted
	for _, tt := range []struct {
		status uint64
		want   string
	}{
		{0, `{WIFEXITED(s) && WEXITSTATUS(s) == 0}`},
		{42 << 8, `{WIFEXITED(s) && WEXITSTATUS(s) == 42}`},
		{0x180, `{WIFEXITED(s) && WEXITSTATUS(s) == 1}|0x80`},
		{9, `{WIFSIGNALED(s) && WTERMSIG(s) == SIGKILL}`},
		{0x80 | 11, `{WIFSIGNALED(s) && WTERMSIG(s) == SIGSEGV && WCOREDUMP(s)}`},
		{19<<8 | 127, `{WIFSTOPPED(s) && WSTOPSIG(s) == SIGSTOP}`},
		{0x857f, `{WIFSTOPPED(s) && WSTOPSIG(s) == SIGTRAP | 0x80}`},
		{0x4057f, `{WIFSTOPPED(s) && WSTOPSIG(s) == SIGTRAP}|PTRACE_EVENT_EXEC<<16`},
		{0xffff, `{WIFCONTINUED(s)}`},
	} {
		samples = append(samples, Wanted{Abi: tables.X86_64, Name: "wait4", Args: []uint64{1<<64 - 1, At0, tables.WNOHANG, 0}, Mem: status(tt.status), Ret: 7,
			Want: `wait4(-1, [` + tt.want + `], WNOHANG, NULL) = 7`})
	}
	Check(t, append(samples, []Wanted{
		// Nothing is written if no child was waited for.
		{Abi: tables.X86_64, Name: "wait4", Args: []uint64{1<<64 - 1, At0, tables.WNOHANG, At1}, Mem: status(0), Ret: 0,
			Want: `wait4(-1, 0x7000, WNOHANG, 0x7400) = 0`},
		{Abi: tables.X86_64, Name: "waitid", Args: []uint64{1, 7, 0, tables.WEXITED, 0}, Errno: tables.ECHILD,
			Want: `waitid(P_PID, 7, NULL, WEXITED, NULL) = -1 ECHILD (No child processes)`},
	}...))
}
