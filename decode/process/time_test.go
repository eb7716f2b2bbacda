package process_test

import (
	"testing"

	. "trapline/decode/internal/decodetest"
	. "trapline/decode/internal/fake"
	"trapline/tables"
)

func TestClocksAndTimers(t *testing.T) {
	ts64, ts32 := Numbers(8, 1, 500), Numbers(4, 1, 500)
	const restart = 516 // ERESTART_RESTARTBLOCK
	Check(t, []Wanted{
		{Abi: tables.X86_64, Name: "clock_gettime", Args: []uint64{1, At0}, Mem: FakeMemory{At0: ts64},
			Want: `clock_gettime(CLOCK_MONOTONIC, {tv_sec=1, tv_nsec=500}) = 0`},
		{Abi: tables.I386, Name: "clock_gettime", Args: []uint64{0, At0}, Mem: FakeMemory{At0: ts32},
			Want: `clock_gettime(CLOCK_REALTIME, {tv_sec=1, tv_nsec=500}) = 0`},
		// Clocks of a process, a thread and a file.
		{Abi: tables.X86_64, Name: "clock_getres", Args: []uint64{1<<64 - 8*6 + 2, 0}, Want: `clock_getres(MAKE_PROCESS_CPUCLOCK(5, CPUCLOCK_SCHED), NULL) = 0`},
		{Abi: tables.X86_64, Name: "clock_getres", Args: []uint64{1<<64 - 8*6 + 4, 0}, Want: `clock_getres(MAKE_THREAD_CPUCLOCK(5, CPUCLOCK_PROF), NULL) = 0`},
		{Abi: tables.X86_64, Name: "clock_getres", Args: []uint64{1<<64 - 8*6 + 3, 0}, Want: `clock_getres(FD_TO_CLOCKID(5), NULL) = 0`},
		// The remaining time is written only if the sleep was interrupted.
		{Abi: tables.X86_64, Name: "nanosleep", Args: []uint64{At0, At1}, Mem: FakeMemory{At0: ts64, At1: ts64},
			Want: `nanosleep({tv_sec=1, tv_nsec=500}, 0x7400) = 0`},
		{Abi: tables.X86_64, Name: "nanosleep", Args: []uint64{At0, At1}, Mem: FakeMemory{At0: ts64, At1: ts64}, Errno: restart,
			Want: `nanosleep({tv_sec=1, tv_nsec=500}, {tv_sec=1, tv_nsec=500}) = ? ERESTART_RESTARTBLOCK (Interrupted by signal)`},
		{Abi: tables.X86_64, Name: "clock_nanosleep", Args: []uint64{0, 1, At0, At1}, Mem: FakeMemory{At0: ts64, At1: ts64}, Errno: restart,
			Want: `clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, {tv_sec=1, tv_nsec=500}, 0x7400)` +
				` = ? ERESTART_RESTARTBLOCK (Interrupted by signal)`},
		{Abi: tables.X86_64, Name: "timer_create", Args: []uint64{0, At0, At1},
			Mem:  FakeMemory{At0: append(Numbers(8, 7), append(Numbers(4, 10, 4, 42), make([]byte, 44)...)...), At1: Numbers(4, 3)},
			Want: `timer_create(CLOCK_REALTIME, {sigev_value={sival_int=7, sival_ptr=0x7}, sigev_signo=SIGUSR1, sigev_notify=SIGEV_THREAD_ID, sigev_notify_thread_id=42}, [3]) = 0`},
		{Abi: tables.I386, Name: "timer_create", Args: []uint64{0, At0, At1},
			Mem:  FakeMemory{At0: append(Numbers(4, 0, 0, 2, 0x10, 0x20), make([]byte, 44)...), At1: Numbers(4, 3)},
			Want: `timer_create(CLOCK_REALTIME, {sigev_signo=0, sigev_notify=SIGEV_THREAD, sigev_notify_function=0x10, sigev_notify_attributes=0x20}, [3]) = 0`},
		{Abi: tables.X86_64, Name: "times", Args: []uint64{At0}, Mem: FakeMemory{At0: Numbers(8, 0, 1, 150, 10000)}, Ret: 17,
			Want: `times({tms_utime=0, tms_stime=1 /* 0.01 s */, tms_cutime=150 /* 1.50 s */, tms_cstime=10000 /* 100.00 s */}) = 17`},
		{Abi: tables.X86_64, Name: "adjtimex", Args: []uint64{At0}, Mem: FakeMemory{At0: make([]byte, 208)}, Ret: 5,
			Want: `adjtimex({modes=0, offset=0, freq=0, maxerror=0, esterror=0, status=0, constant=0, precision=0, tolerance=0, ` +
				`time={tv_sec=0, tv_usec=0}, tick=0, ppsfreq=0, jitter=0, shift=0, stabil=0, jitcnt=0, calcnt=0, errcnt=0, stbcnt=0, ` +
				`tai=0}) = 5 (TIME_ERROR)`},
	})
}
