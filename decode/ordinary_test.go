package decode_test

import (
	"testing"

	"trapline/output"
)

// TestOrdinaryCallsDoNotAllocate checks the calls that every program makes for processes,
// memory, signals and time.
func TestOrdinaryCallsDoNotAllocate(t *testing.T) {
	const all = 1<<64 - 1
	for _, call := range []struct {
		name string
		args []uint64
		ret  int64
	}{
		{"mprotect", []uint64{0x7000, 4096, 3}, 0},
		{"munmap", []uint64{0x7000, 4096}, 0},
		{"brk", []uint64{0}, 0x5555},
		{"mremap", []uint64{0x7000, 1, 2, 1}, 0x5555},
		{"madvise", []uint64{0x7000, 1, 4}, 0},
		{"rt_sigaction", []uint64{17, hotData + 64, hotData + 128, 8}, 0},
		{"rt_sigprocmask", []uint64{0, hotData, hotData + 128, 8}, 0},
		{"poll", []uint64{hotData, 2, 100}, 1},
		{"ppoll", []uint64{hotData, 2, hotData + 64, hotData + 80, 8}, 1},
		{"select", []uint64{10, hotData, hotData + 64, 0, hotData + 80}, 1},
		{"epoll_wait", []uint64{3, hotData, 2, 100}, 2},
		{"epoll_ctl", []uint64{3, 1, 2, hotData}, 0},
		{"nanosleep", []uint64{hotData, 0}, 0},
		{"clock_nanosleep", []uint64{0, 0, hotData, 0}, 0},
		{"clock_gettime", []uint64{1, hotData}, 0},
		{"gettimeofday", []uint64{hotData, 0}, 0},
		{"getpid", nil, 12},
		{"wait4", []uint64{all, hotData, 0, hotData}, 5},
		{"kill", []uint64{12, 9}, 0},
		{"clone", []uint64{0x1200011, 0, 0, 0x7777, 0}, 5},
		{"clone3", []uint64{hotData + 40, 88}, 5},
		{"exit_group", []uint64{0}, 0},
		{"prlimit64", []uint64{0, 3, 0, hotData}, 0},
		{"getrandom", []uint64{hotData, 8, 1}, 8},
		{"rseq", []uint64{hotData, 32, 0, 1}, 0},
		{"futex", []uint64{hotData, 0x189, 2, 0, 0, all}, 0},
		{"sched_yield", nil, 0},
		{"getrusage", []uint64{0, hotData}, 0},
		{"prctl", []uint64{15, hotData}, 0},
		{"sched_getaffinity", []uint64{0, 128, hotData}, 8},
		{"uname", []uint64{hotData}, 0},
		{"sysinfo", []uint64{hotData}, 0},
		{"execve", []uint64{hotData, hotData + 128, hotData + 128}, 0},
		{"timerfd_settime", []uint64{3, 0, hotData, 0}, 0},
		{"tgkill", []uint64{3, 3, 6}, 0},
		{"rt_sigreturn", nil, 0},
		{"restart_syscall", nil, 0},
		{"waitid", []uint64{1, 1, hotData + 64, 4, 0}, 0},
		{"getuid", nil, 0},
		{"capget", []uint64{hotData, hotData + 16}, 0},
	} {
		once := repeated(t, output.Options{Column: 40}, call.name, call.args, call.ret)
		if allocs := testing.AllocsPerRun(1000, once); allocs != 0 {
			t.Errorf("%s: %v allocations a call, want none", call.name, allocs)
		}
	}
}
