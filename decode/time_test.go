package decode

import (
	"testing"

	"golang.org/x/sys/unix"

	"trapline/tables"
)

func TestClocksAndTimers(t *testing.T) {
	ts64, ts32 := numbers(8, 1, 500), numbers(4, 1, 500)
	const restart = 516 // ERESTART_RESTARTBLOCK
	check(t, []wanted{
		{abi: tables.X86_64, name: "clock_gettime", args: []uint64{1, at0}, mem: fakeMemory{at0: ts64},
			want: `clock_gettime(CLOCK_MONOTONIC, {tv_sec=1, tv_nsec=500}) = 0`},
		{abi: tables.I386, name: "clock_gettime", args: []uint64{0, at0}, mem: fakeMemory{at0: ts32},
			want: `clock_gettime(CLOCK_REALTIME, {tv_sec=1, tv_nsec=500}) = 0`},
		// Clocks of a process, a thread and a file.
		{abi: tables.X86_64, name: "clock_getres", args: []uint64{1<<64 - 8*6 + 2, 0}, want: `clock_getres(MAKE_PROCESS_CPUCLOCK(5, CPUCLOCK_SCHED), NULL) = 0`},
		{abi: tables.X86_64, name: "clock_getres", args: []uint64{1<<64 - 8*6 + 4, 0}, want: `clock_getres(MAKE_THREAD_CPUCLOCK(5, CPUCLOCK_PROF), NULL) = 0`},
		{abi: tables.X86_64, name: "clock_getres", args: []uint64{1<<64 - 8*6 + 3, 0}, want: `clock_getres(FD_TO_CLOCKID(5), NULL) = 0`},
		// What is left of a sleep is there after an interruption only.
		{abi: tables.X86_64, name: "nanosleep", args: []uint64{at0, at1}, mem: fakeMemory{at0: ts64, at1: ts64},
			want: `nanosleep({tv_sec=1, tv_nsec=500}, 0x7400) = 0`},
		{abi: tables.X86_64, name: "nanosleep", args: []uint64{at0, at1}, mem: fakeMemory{at0: ts64, at1: ts64}, errno: restart,
			want: `nanosleep({tv_sec=1, tv_nsec=500}, {tv_sec=1, tv_nsec=500}) = ? ERESTART_RESTARTBLOCK (Interrupted by signal)`},
		{abi: tables.X86_64, name: "clock_nanosleep", args: []uint64{0, 1, at0, at1}, mem: fakeMemory{at0: ts64, at1: ts64}, errno: restart,
			want: `clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, {tv_sec=1, tv_nsec=500}, 0x7400)` +
				` = ? ERESTART_RESTARTBLOCK (Interrupted by signal)`},
		{abi: tables.X86_64, name: "timer_create", args: []uint64{0, at0, at1},
			mem:  fakeMemory{at0: append(numbers(8, 7), append(numbers(4, 10, 4, 42), make([]byte, 44)...)...), at1: numbers(4, 3)},
			want: `timer_create(CLOCK_REALTIME, {sigev_value={sival_int=7, sival_ptr=0x7}, sigev_signo=SIGUSR1, sigev_notify=SIGEV_THREAD_ID, sigev_notify_thread_id=42}, [3]) = 0`},
		{abi: tables.I386, name: "timer_create", args: []uint64{0, at0, at1},
			mem:  fakeMemory{at0: append(numbers(4, 0, 0, 2, 0x10, 0x20), make([]byte, 44)...), at1: numbers(4, 3)},
			want: `timer_create(CLOCK_REALTIME, {sigev_signo=0, sigev_notify=SIGEV_THREAD, sigev_notify_function=0x10, sigev_notify_attributes=0x20}, [3]) = 0`},
		{abi: tables.X86_64, name: "times", args: []uint64{at0}, mem: fakeMemory{at0: numbers(8, 0, 1, 150, 10000)}, ret: 17,
			want: `times({tms_utime=0, tms_stime=1 /* 0.01 s */, tms_cutime=150 /* 1.50 s */, tms_cstime=10000 /* 100.00 s */}) = 17`},
		{abi: tables.X86_64, name: "adjtimex", args: []uint64{at0}, mem: fakeMemory{at0: make([]byte, 208)}, ret: 5,
			want: `adjtimex({modes=0, offset=0, freq=0, maxerror=0, esterror=0, status=0, constant=0, precision=0, tolerance=0, ` +
				`time={tv_sec=0, tv_usec=0}, tick=0, ppsfreq=0, jitter=0, shift=0, stabil=0, jitcnt=0, calcnt=0, errcnt=0, stbcnt=0, ` +
				`tai=0}) = 5 (TIME_ERROR)`},
	})
}

func TestWaitingForFiles(t *testing.T) {
	polls := func(revents ...uint64) []byte {
		var b []byte
		for i, r := range revents {
			b = append(append(b, numbers(4, uint64(3+i))...), numbers(2, 1, r)...)
		}
		return b
	}
	check(t, []wanted{
		{abi: tables.X86_64, name: "poll", args: []uint64{at0, 2, 10}, mem: fakeMemory{at0: polls(0, 0)},
			want: `poll([{fd=3, events=POLLIN}, {fd=4, events=POLLIN}], 2, 10) = 0 (Timeout)`},
		{abi: tables.X86_64, name: "poll", args: []uint64{at0, 2, 1<<64 - 1}, mem: fakeMemory{at0: polls(0, 0x11)}, ret: 1,
			want: `poll([{fd=3, events=POLLIN}, {fd=4, events=POLLIN}], 2, -1) = 1 ([{fd=4, revents=POLLIN|POLLHUP}])`},
		{abi: tables.X86_64, name: "poll", args: []uint64{0, 1 << 40, 0}, errno: unix.EINVAL,
			want: `poll(NULL, 0, 0) = -1 EINVAL (Invalid argument)`},
		{abi: tables.X86_64, name: "ppoll", args: []uint64{at0, 1, at1, at2, 8}, ret: 1,
			mem:  fakeMemory{at0: polls(1), at1: numbers(8, 1, 500), at2: numbers(8, 0)},
			want: `ppoll([{fd=3, events=POLLIN}], 1, {tv_sec=1, tv_nsec=500}, [], 8) = 1 ([{fd=3, revents=POLLIN}], left {tv_sec=1, tv_nsec=500})`},
		{abi: tables.X86_64, name: "select", args: []uint64{5, at0, 0, at1, at2}, ret: 2,
			mem:  fakeMemory{at0: numbers(8, 0x18), at1: numbers(8, 1), at2: numbers(8, 1, 2)},
			want: `select(5, [3 4], NULL, [0], {tv_sec=1, tv_usec=2}) = 2 (in [3 4], left {tv_sec=1, tv_usec=2})`},
		{abi: tables.X86_64, name: "select", args: []uint64{1<<64 - 1, at0, 0, 0, 0}, errno: unix.EINVAL,
			want: `select(-1, 0x7000, NULL, NULL, NULL) = -1 EINVAL (Invalid argument)`},
		{abi: tables.I386, name: "select", args: []uint64{at0}, ret: 0,
			mem:  fakeMemory{at0: numbers(4, 33, at1, 0, 0, 0), at1: numbers(4, 2, 1)},
			want: `select(33, [1 32], NULL, NULL, NULL) = 0 (Timeout)`},
		{abi: tables.X86_64, name: "epoll_wait", args: []uint64{3, at0, 8, 0}, mem: fakeMemory{at0: append(numbers(4, 1), numbers(8, 7)...)}, ret: 1,
			want: `epoll_wait(3, [{events=EPOLLIN, data=0x7}], 8, 0) = 1`},
		{abi: tables.X86_64, name: "epoll_ctl", args: []uint64{3, 2, 4, at0}, want: `epoll_ctl(3, EPOLL_CTL_DEL, 4, 0x7000) = 0`},
		// What is shown after a call that failed is no more than addresses.
		{abi: tables.X86_64, name: "epoll_pwait2", args: []uint64{3, at0, 1, at1, at2, 8}, mem: fakeMemory{at1: numbers(8, 1, 2), at2: numbers(8, 0)},
			errno: unix.EBADF, want: `epoll_pwait2(3, 0x7000, 1, 0x7400, 0x7800, 8) = -1 EBADF (Bad file descriptor)`},
	})
}

// struct __kernel_timex is the same for both ABIs (linux/timex.h cannot be
// included beside the C library's headers, to ask a compiler).
func TestTimexLayout(t *testing.T) {
	for _, abi := range []tables.ABI{tables.X86_64, tables.I386} {
		if size := timex64.Layout(abi).Size; size != 208 {
			t.Errorf("%v: %d bytes, want 208", abi, size)
		}
		for name, want := range map[string]int{"offset": 8, "status": 40, "constant": 48, "time": 72, "shift": 112, "stabil": 120, "tai": 160} {
			if off, _ := timex64.Offset(abi, name); off != want {
				t.Errorf("%v: %s at %d, want %d", abi, name, off, want)
			}
		}
	}
}
