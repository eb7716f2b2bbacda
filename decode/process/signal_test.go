package process_test

import (
	"testing"

	"golang.org/x/sys/unix"

	. "trapline/decode/internal/decodetest"
	. "trapline/decode/internal/fake"
	"trapline/tables"
)

func TestSignals(t *testing.T) {
	const at, at2 = 0x7000, 0x7100
	const allButKillStop = (1<<64 - 1) &^ (1<<8 | 1<<18)
	act64 := Numbers(8, 1, 0x14000004, 0x7fff00, 1<<16|1)
	act32 := append(Numbers(4, 0x8048000, 0x10000004, 0), Numbers(8, 1<<63)...)
	for _, tt := range []struct {
		abi   tables.ABI
		name  string
		args  []uint64
		mem   FakeMemory
		ret   int64
		errno unix.Errno
		want  string
	}{
		{tables.X86_64, "kill", []uint64{1<<64 - 5, 9}, nil, 0, 0, `kill(-5, SIGKILL) = 0`},
		{tables.X86_64, "tgkill", []uint64{5, 6, 99}, nil, 0, tables.EINVAL, `tgkill(5, 6, 99) = -1 EINVAL (Invalid argument)`},
		{tables.X86_64, "rt_sigprocmask", []uint64{2, at, 0, 8}, FakeMemory{at: Numbers(8, 0)}, 0, 0,
			`rt_sigprocmask(SIG_SETMASK, [], NULL, 8) = 0`},
		{tables.X86_64, "rt_sigprocmask", []uint64{0, at, at2, 8}, FakeMemory{at: Numbers(8, 1<<1|1<<33), at2: Numbers(8, allButKillStop)}, 0, 0,
			`rt_sigprocmask(SIG_BLOCK, [INT RT_2], ~[KILL STOP], 8) = 0`},
		// The kernel accepts only sets of its own size.
		{tables.X86_64, "rt_sigprocmask", []uint64{0, at, at2, 128}, FakeMemory{at: Numbers(8, 1)}, 0, tables.EINVAL,
			`rt_sigprocmask(SIG_BLOCK, 0x7000, 0x7100, 128) = -1 EINVAL (Invalid argument)`},
		{tables.X86_64, "rt_sigaction", []uint64{17, at, 0, 8}, FakeMemory{at: act64}, 0, 0,
			`rt_sigaction(SIGCHLD, {sa_handler=SIG_IGN, sa_mask=[HUP CHLD], sa_flags=SA_RESTORER|SA_RESTART|SA_SIGINFO, ` +
				`sa_restorer=0x7fff00}, NULL, 8) = 0`},
		{tables.I386, "rt_sigaction", []uint64{34, at, 0, 8}, FakeMemory{at: act32}, 0, 0,
			`rt_sigaction(SIGRT_2, {sa_handler=0x8048000, sa_mask=[RT_32], sa_flags=SA_RESTART|SA_SIGINFO}, NULL, 8) = 0`},
		{tables.I386, "signal", []uint64{2, 0xffffffff}, nil, 0, 0, `signal(SIGINT, 0xffffffff) = 0 (SIG_DFL)`},
		{tables.I386, "ssetmask", []uint64{1}, nil, 3, 0, `ssetmask([HUP]) = 0x3 (old mask [HUP INT])`},
		{tables.I386, "sigsuspend", []uint64{7, 8, 1 << 13}, nil, 0, tables.EINTR,
			`sigsuspend([ALRM]) = -1 EINTR (Interrupted system call)`},
		{tables.X86_64, "rt_sigtimedwait", []uint64{at, 0, 0, 8}, FakeMemory{at: Numbers(8, 1<<13)}, 14, 0,
			`rt_sigtimedwait([ALRM], NULL, NULL, 8) = 14 (SIGALRM)`},
	} {
		s := Named(t, tt.abi, tt.name, tt.args...)
		s.Mem, s.Ret, s.Errno = tt.mem, tt.ret, int(tt.errno)
		if got := s.Text(t); got != tt.want {
			t.Errorf("%v %s:\ngot  %s\nwant %s", tt.abi, tt.name, got, tt.want)
		}
	}
}

func TestSignalFrames(t *testing.T) {
	const sp = 0x7000
	// Offsets of the masks in the frames.
	const rtMask64, rtMask32 = 8 + 8 + 24 + 256, 3*4 + 128 + 4 + 4 + 12 + 88
	const maskLow, maskHigh = 20 * 4, 22*4 + 156*4
	frame64 := append(make([]byte, rtMask64), Numbers(8, 1<<13)...)
	frame32 := append(make([]byte, rtMask32), Numbers(8, 1<<13)...)
	old := make([]byte, 23*4+156*4)
	copy(old[maskLow:], Numbers(4, 1<<13))
	copy(old[maskHigh:], Numbers(4, 1))
	for _, tt := range []struct {
		abi        tables.ABI
		name, want string
		stack      []byte
	}{
		{tables.X86_64, "rt_sigreturn", `rt_sigreturn({mask=[ALRM]}) = 0`, frame64},
		{tables.I386, "rt_sigreturn", `rt_sigreturn({mask=[ALRM]}) = 0`, frame32},
		{tables.I386, "sigreturn", `sigreturn({mask=[ALRM RT_1]}) = 0`, old},
		{tables.X86_64, "rt_sigreturn", `rt_sigreturn({mask=0x7128}) = 0`, nil},
	} {
		s := Named(t, tt.abi, tt.name)
		s.Mem, s.Sp = FakeMemory{sp: tt.stack}, sp
		if got := s.Text(t); got != tt.want {
			t.Errorf("%v: got %s, want %s", tt.abi, got, tt.want)
		}
	}
}
