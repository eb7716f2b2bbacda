package decode

import (
	"fmt"
	"testing"

	"golang.org/x/sys/unix"

	"trapline/tables"
)

// check runs samples of calls, given with what strace shows of them. To run a
// single one: -run 'TestFutex/i386_futex$', or 'TestFutex/x86_64_futex#02$' for the
// third of that call.
func check(t *testing.T, samples []wanted) {
	t.Helper()
	for _, tt := range samples {
		t.Run(fmt.Sprint(tt.abi, "_", tt.name), func(t *testing.T) {
			s := named(t, tt.abi, tt.name, tt.args...)
			s.mem, s.ret, s.errno, s.full = tt.mem, tt.ret, int(tt.errno), tt.full
			if got := s.text(t); got != tt.want {
				t.Errorf("\ngot  %s\nwant %s", got, tt.want)
			}
		})
	}
}

// wanted is a call and its text.
type wanted struct {
	abi   tables.ABI
	name  string
	args  []uint64
	mem   fakeMemory
	ret   int64
	errno unix.Errno
	full  bool
	want  string
}

const (
	at0 = 0x7000 // where samples have their memory
	at1 = 0x7400
	at2 = 0x7800
)

func TestProcesses(t *testing.T) {
	const vforkFlags = unix.CLONE_VM | unix.CLONE_VFORK
	args := func(flags, pidfd, parent, exit uint64, more ...uint64) []byte {
		return numbers(8, append([]uint64{flags, pidfd, 0, parent, exit, 0, 0, 0}, more...)...)
	}
	check(t, []wanted{
		{abi: tables.X86_64, name: "fork", ret: 42, want: `fork() = 42`},
		{abi: tables.X86_64, name: "exit_group", args: []uint64{1<<64 - 1}, want: `exit_group(-1) = 0`},
		{abi: tables.X86_64, name: "clone", args: []uint64{0x11, 0, 0, 0, 0}, ret: 9,
			want: `clone(child_stack=NULL, flags=SIGCHLD) = 9`},
		{abi: tables.X86_64, name: "clone", args: []uint64{unix.CLONE_CHILD_CLEARTID | unix.CLONE_CHILD_SETTID | 17, 0, 0, 0x7f10, 0}, ret: 9,
			want: `clone(child_stack=NULL, flags=CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLD, child_tidptr=0x7f10) = 9`},
		// The last two registers change places between the ABIs.
		{abi: tables.X86_64, name: "clone", args: []uint64{unix.CLONE_SETTLS | unix.CLONE_PARENT_SETTID, 0x10, at0, 0x20, 0x30},
			mem: fakeMemory{at0: numbers(4, 77)}, ret: 77,
			want: `clone(child_stack=0x10, flags=CLONE_SETTLS|CLONE_PARENT_SETTID, parent_tid=[77], tls=0x30) = 77`},
		{abi: tables.I386, name: "clone", args: []uint64{unix.CLONE_SETTLS | unix.CLONE_PARENT_SETTID, 0x10, at0, at1, 0x30},
			mem: fakeMemory{at0: numbers(4, 77), at1: numbers(4, 6, 0xf7d00740, 0xfffff, 0x51)}, ret: 77,
			want: `clone(child_stack=0x10, flags=CLONE_SETTLS|CLONE_PARENT_SETTID, parent_tid=[77], tls={entry_number=6, ` +
				`base_addr=0xf7d00740, limit=0x0fffff, seg_32bit=1, contents=0, read_exec_only=0, limit_in_pages=1, ` +
				`seg_not_present=0, useable=1}) = 77`},
		{abi: tables.X86_64, name: "clone3", args: []uint64{at0, 88}, mem: fakeMemory{at0: args(vforkFlags, 0, 0, 17, 0, 0, 0)}, ret: 5,
			want: `clone3({flags=CLONE_VM|CLONE_VFORK, exit_signal=SIGCHLD, stack=NULL, stack_size=0}, 88) = 5`},
		{abi: tables.X86_64, name: "clone3", args: []uint64{at0, 88},
			mem: fakeMemory{at0: args(unix.CLONE_PIDFD|unix.CLONE_PARENT_SETTID, at1, at1+4, 0, 0, 0, 0), at1: numbers(4, 6, 5)}, ret: 5,
			want: `clone3({flags=CLONE_PIDFD|CLONE_PARENT_SETTID, pidfd=0x7400, parent_tid=0x7404, exit_signal=0, stack=NULL, ` +
				`stack_size=0} => {pidfd=[6], parent_tid=[5]}, 88) = 5`},
		{abi: tables.X86_64, name: "clone3", args: []uint64{at0, 88},
			mem: fakeMemory{at0: args(0, 0, 0, 17, at1, 2, 0), at1: numbers(4, 100, 1)}, errno: unix.EPERM,
			want: `clone3({flags=0, exit_signal=SIGCHLD, stack=NULL, stack_size=0, set_tid=[100, 1], set_tid_size=2}, 88)` +
				` = -1 EPERM (Operation not permitted)`},
		{abi: tables.X86_64, name: "clone3", args: []uint64{at0, 63}, mem: fakeMemory{at0: args(0, 0, 0, 17)}, errno: unix.EINVAL,
			want: `clone3(0x7000, 63) = -1 EINVAL (Invalid argument)`},
		{abi: tables.X86_64, name: "clone3", args: []uint64{at0, 96}, mem: fakeMemory{at0: numbers(8, 0)}, ret: 5, want: `clone3(0x7000, 96) = 5`},
		{abi: tables.X86_64, name: "unshare", args: []uint64{unix.CLONE_NEWNS | unix.CLONE_NEWTIME}, want: `unshare(CLONE_NEWTIME|CLONE_NEWNS) = 0`},
		{abi: tables.X86_64, name: "prlimit64", args: []uint64{0, 7, 0, at0}, mem: fakeMemory{at0: numbers(8, 1024, 1<<64-1)},
			want: `prlimit64(0, RLIMIT_NOFILE, NULL, {rlim_cur=1024, rlim_max=RLIM64_INFINITY}) = 0`},
		{abi: tables.I386, name: "getrlimit", args: []uint64{3, at0}, mem: fakeMemory{at0: numbers(4, 8<<20, 1<<32-1)},
			want: `getrlimit(RLIMIT_STACK, {rlim_cur=8192*1024, rlim_max=RLIM_INFINITY}) = 0`},
		{abi: tables.X86_64, name: "execve", args: []uint64{at0, at1, at2},
			mem:  fakeMemory{at0: []byte("/bin/ls\x00-l\x00"), at1: numbers(8, at0, at0+8, 0), at2: numbers(8, 1, 2, 0)},
			want: `execve("/bin/ls", ["/bin/ls", "-l"], 0x7800 /* 2 vars */) = 0`},
		{abi: tables.I386, name: "execve", args: []uint64{at0, at1, at2}, full: true,
			mem:  fakeMemory{at0: []byte("/bin/ls\x00A=b\x00"), at1: numbers(4, at0, 0), at2: numbers(4, at0+8, 0x10)},
			want: `execve("/bin/ls", ["/bin/ls"], ["A=b", 0x10, ... /* 0x7808 */]) = 0`},
	})
}

func TestWaiting(t *testing.T) {
	status := func(v uint64) fakeMemory { return fakeMemory{at0: numbers(4, v)} }
	var samples []wanted
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
		samples = append(samples, wanted{abi: tables.X86_64, name: "wait4", args: []uint64{1<<64 - 1, at0, unix.WNOHANG, 0}, mem: status(tt.status), ret: 7,
			want: `wait4(-1, [` + tt.want + `], WNOHANG, NULL) = 7`})
	}
	check(t, append(samples, []wanted{
		// Nothing is written where no child was waited for.
		{abi: tables.X86_64, name: "wait4", args: []uint64{1<<64 - 1, at0, unix.WNOHANG, at1}, mem: status(0), ret: 0,
			want: `wait4(-1, 0x7000, WNOHANG, 0x7400) = 0`},
		{abi: tables.X86_64, name: "waitid", args: []uint64{1, 7, 0, unix.WEXITED, 0}, errno: unix.ECHILD,
			want: `waitid(P_PID, 7, NULL, WEXITED, NULL) = -1 ECHILD (No child processes)`},
	}...))
}

func TestMemory(t *testing.T) {
	check(t, []wanted{
		{abi: tables.X86_64, name: "mmap", args: []uint64{0, 4096, 3, 0x22, 1<<64 - 1, 0}, ret: 0x7f0000,
			want: `mmap(NULL, 4096, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000`},
		{abi: tables.X86_64, name: "mmap", args: []uint64{0, 1 << 21, 0, 0x22 | unix.MAP_HUGETLB | 21<<26, 1<<64 - 1, 0x1000}, errno: unix.ENOMEM,
			want: `mmap(NULL, 2097152, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_HUGETLB|21<<MAP_HUGE_SHIFT, -1, 0x1000)` +
				` = -1 ENOMEM (Cannot allocate memory)`},
		{abi: tables.I386, name: "mmap2", args: []uint64{0, 4096, 1, 2, 3, 0x100000}, ret: 0xf7000000,
			want: `mmap2(NULL, 4096, PROT_READ, MAP_PRIVATE, 3, 0x100000000) = 0xf7000000`},
		{abi: tables.I386, name: "mmap", args: []uint64{at0}, mem: fakeMemory{at0: numbers(4, 0, 4096, 1, 1, 3, 0x2000)}, ret: 0xf7000000,
			want: `mmap(NULL, 4096, PROT_READ, MAP_SHARED, 3, 0x2000) = 0xf7000000`},
		{abi: tables.I386, name: "mmap", args: []uint64{at0}, errno: unix.EFAULT, want: `mmap(0x7000) = -1 EFAULT (Bad address)`},
		{abi: tables.X86_64, name: "mremap", args: []uint64{0x1000, 1, 2, 1, 0x2000}, ret: 0x3000,
			want: `mremap(0x1000, 1, 2, MREMAP_MAYMOVE) = 0x3000`},
		{abi: tables.X86_64, name: "mremap", args: []uint64{0x1000, 1, 2, 3, 0x2000}, ret: 0x2000,
			want: `mremap(0x1000, 1, 2, MREMAP_MAYMOVE|MREMAP_FIXED, 0x2000) = 0x2000`},
		{abi: tables.X86_64, name: "mincore", args: []uint64{0x1000, 4097, at0}, mem: fakeMemory{at0: {1, 0xfe}},
			want: `mincore(0x1000, 4097, [1, 0]) = 0`},
		{abi: tables.X86_64, name: "mbind", args: []uint64{0x1000, 1, 0x8002, at0, 64, 1}, mem: fakeMemory{at0: numbers(8, 1)},
			want: `mbind(0x1000, 1, MPOL_BIND|MPOL_F_STATIC_NODES, [0x00000000000001], 64, MPOL_MF_STRICT) = 0`},
		{abi: tables.X86_64, name: "get_robust_list", args: []uint64{0, at0, at1}, mem: fakeMemory{at0: numbers(8, 0x10), at1: numbers(8, 24)},
			want: `get_robust_list(0, [0x10], [24]) = 0`},
	})
}

func TestFutex(t *testing.T) {
	ts := fakeMemory{at0: numbers(8, 1, 500)}
	check(t, []wanted{
		{abi: tables.X86_64, name: "futex", args: []uint64{0x10, 0x80, 2, 0}, errno: unix.EAGAIN,
			want: `futex(0x10, FUTEX_WAIT_PRIVATE, 2, NULL) = -1 EAGAIN (Resource temporarily unavailable)`},
		{abi: tables.X86_64, name: "futex", args: []uint64{0x10, 0x189, 2, at0, 0, 0xffffffff}, mem: ts, errno: unix.ETIMEDOUT,
			want: `futex(0x10, FUTEX_WAIT_BITSET_PRIVATE|FUTEX_CLOCK_REALTIME, 2, {tv_sec=1, tv_nsec=500}, FUTEX_BITSET_MATCH_ANY)` +
				` = -1 ETIMEDOUT (Connection timed out)`},
		{abi: tables.X86_64, name: "futex", args: []uint64{0x10, 5, 1, 2, 0x20, 0x8<<28 | 4<<24 | 3<<12 | 1},
			want: `futex(0x10, FUTEX_WAKE_OP, 1, 2, 0x20, FUTEX_OP_OPARG_SHIFT<<28|FUTEX_OP_SET<<28|0x3<<12|FUTEX_OP_CMP_GT<<24|0x1) = 0`},
		{abi: tables.X86_64, name: "futex", args: []uint64{0x10, 4, 1, 2, 0x20, 3}, want: `futex(0x10, FUTEX_CMP_REQUEUE, 1, 2, 0x20, 3) = 0`},
		{abi: tables.X86_64, name: "futex", args: []uint64{0x10, 99, 1, 2, 3, 4}, errno: unix.ENOSYS,
			want: `futex(0x10, 0x63 /* FUTEX_??? */, 1, 0x2, 0x3, 0x4) = -1 ENOSYS (Function not implemented)`},
		{abi: tables.I386, name: "futex", args: []uint64{0x10, 0, 2, at0}, mem: fakeMemory{at0: numbers(4, 1, 500)},
			want: `futex(0x10, FUTEX_WAIT, 2, {tv_sec=1, tv_nsec=500}) = 0`},
		{abi: tables.I386, name: "futex_time64", args: []uint64{0x10, 0, 2, at0}, mem: ts,
			want: `futex_time64(0x10, FUTEX_WAIT, 2, {tv_sec=1, tv_nsec=500}) = 0`},
	})
}
