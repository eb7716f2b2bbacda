package decode

import (
	"encoding/binary"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"trapline/tables"
)

// numbers lays out numbers of size bytes each, one behind the other.
func numbers(size int, values ...uint64) []byte {
	b := make([]byte, 0, size*len(values))
	for _, v := range values {
		b = append(b, binary.LittleEndian.AppendUint64(nil, v)[:size]...)
	}
	return b
}

func TestSignals(t *testing.T) {
	const at, at2 = 0x7000, 0x7100
	const allButKillStop = (1<<64 - 1) &^ (1<<8 | 1<<18)
	act64 := numbers(8, 1, 0x14000004, 0x7fff00, 1<<16|1)
	act32 := append(numbers(4, 0x8048000, 0x10000004, 0), numbers(8, 1<<63)...)
	for _, tt := range []struct {
		abi   tables.ABI
		name  string
		args  []uint64
		mem   fakeMemory
		ret   int64
		errno unix.Errno
		want  string
	}{
		{tables.X86_64, "kill", []uint64{1<<64 - 5, 9}, nil, 0, 0, `kill(-5, SIGKILL) = 0`},
		{tables.X86_64, "tgkill", []uint64{5, 6, 99}, nil, 0, unix.EINVAL, `tgkill(5, 6, 99) = -1 EINVAL (Invalid argument)`},
		{tables.X86_64, "rt_sigprocmask", []uint64{2, at, 0, 8}, fakeMemory{at: numbers(8, 0)}, 0, 0,
			`rt_sigprocmask(SIG_SETMASK, [], NULL, 8) = 0`},
		{tables.X86_64, "rt_sigprocmask", []uint64{0, at, at2, 8}, fakeMemory{at: numbers(8, 1<<1|1<<33), at2: numbers(8, allButKillStop)}, 0, 0,
			`rt_sigprocmask(SIG_BLOCK, [INT RT_2], ~[KILL STOP], 8) = 0`},
		// The kernel takes sets of its own size only.
		{tables.X86_64, "rt_sigprocmask", []uint64{0, at, at2, 128}, fakeMemory{at: numbers(8, 1)}, 0, unix.EINVAL,
			`rt_sigprocmask(SIG_BLOCK, 0x7000, 0x7100, 128) = -1 EINVAL (Invalid argument)`},
		{tables.X86_64, "rt_sigaction", []uint64{17, at, 0, 8}, fakeMemory{at: act64}, 0, 0,
			`rt_sigaction(SIGCHLD, {sa_handler=SIG_IGN, sa_mask=[HUP CHLD], sa_flags=SA_RESTORER|SA_RESTART|SA_SIGINFO, ` +
				`sa_restorer=0x7fff00}, NULL, 8) = 0`},
		{tables.I386, "rt_sigaction", []uint64{34, at, 0, 8}, fakeMemory{at: act32}, 0, 0,
			`rt_sigaction(SIGRT_2, {sa_handler=0x8048000, sa_mask=[RT_32], sa_flags=SA_RESTART|SA_SIGINFO}, NULL, 8) = 0`},
		{tables.I386, "signal", []uint64{2, 0xffffffff}, nil, 0, 0, `signal(SIGINT, 0xffffffff) = 0 (SIG_DFL)`},
		{tables.I386, "ssetmask", []uint64{1}, nil, 3, 0, `ssetmask([HUP]) = 0x3 (old mask [HUP INT])`},
		{tables.I386, "sigsuspend", []uint64{7, 8, 1 << 13}, nil, 0, unix.EINTR,
			`sigsuspend([ALRM]) = -1 EINTR (Interrupted system call)`},
		{tables.X86_64, "rt_sigtimedwait", []uint64{at, 0, 0, 8}, fakeMemory{at: numbers(8, 1<<13)}, 14, 0,
			`rt_sigtimedwait([ALRM], NULL, NULL, 8) = 14 (SIGALRM)`},
	} {
		s := named(t, tt.abi, tt.name, tt.args...)
		s.mem, s.ret, s.errno = tt.mem, tt.ret, int(tt.errno)
		if got := s.text(t); got != tt.want {
			t.Errorf("%v %s:\ngot  %s\nwant %s", tt.abi, tt.name, got, tt.want)
		}
	}
}

// TestSiginfo goes through the arms of siginfo_t's union in both layouts.
func TestSiginfo(t *testing.T) {
	const at = 0x7000
	for _, tt := range []struct {
		name string
		head [3]uint64 // si_signo, si_errno, si_code
		rest func(word int) []byte
		want string
	}{
		{"kill", [3]uint64{15, 0, 0}, func(int) []byte { return numbers(4, 100, 1000) },
			`{si_signo=SIGTERM, si_code=SI_USER, si_pid=100, si_uid=1000}`},
		{"error", [3]uint64{15, 2, 0}, func(int) []byte { return numbers(4, 100, 1000) },
			`{si_signo=SIGTERM, si_code=SI_USER, si_errno=ENOENT, si_pid=100, si_uid=1000}`},
		{"queue", [3]uint64{10, 0, 1<<32 - 1}, func(word int) []byte { return append(numbers(4, 100, 1000), numbers(word, 42)...) },
			`{si_signo=SIGUSR1, si_code=SI_QUEUE, si_pid=100, si_uid=1000, si_int=42, si_ptr=0x2a}`},
		{"timer", [3]uint64{14, 0, 1<<32 - 2}, func(word int) []byte { return append(numbers(4, 3, 7), numbers(word, 0)...) },
			`{si_signo=SIGALRM, si_code=SI_TIMER, si_timerid=0x3, si_overrun=7, si_int=0, si_ptr=NULL}`},
		{"exited", [3]uint64{17, 0, 1}, func(word int) []byte {
			// The times are longs, aligned as such.
			b := numbers(4, 100, 0, 42)
			return append(b[:len(b):len(b)], append(make([]byte, (word-4)%8), numbers(word, 1, 250)...)...)
		}, `{si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=100, si_uid=0, si_status=42, si_utime=1 /* 0.01 s */, si_stime=250 /* 2.50 s */}`},
		{"stopped", [3]uint64{17, 0, 5}, func(word int) []byte { return numbers(4, 100, 0, 19) },
			`{si_signo=SIGCHLD, si_code=CLD_STOPPED, si_pid=100, si_uid=0, si_status=SIGSTOP, si_utime=0, si_stime=0}`},
		{"fault", [3]uint64{11, 0, 1}, func(word int) []byte { return numbers(word, 0xdead) },
			`{si_signo=SIGSEGV, si_code=SEGV_MAPERR, si_addr=0xdead}`},
		{"bounds", [3]uint64{11, 0, 3}, func(word int) []byte { return numbers(word, 1, 0, 2, 3) },
			`{si_signo=SIGSEGV, si_code=SEGV_BNDERR, si_addr=0x1, si_lower=0x2, si_upper=0x3}`},
		{"key", [3]uint64{11, 0, 4}, func(word int) []byte { return numbers(word, 1, 0, 5) },
			`{si_signo=SIGSEGV, si_code=SEGV_PKUERR, si_addr=0x1, si_pkey=5}`},
		{"poll", [3]uint64{29, 0, 1}, func(word int) []byte { return numbers(word, 65, 3) },
			`{si_signo=SIGIO, si_code=POLL_IN, si_band=65, si_fd=3}`},
		{"unknown code", [3]uint64{29, 0, 99}, func(word int) []byte { return nil }, `{si_signo=SIGIO, si_code=0x63}`},
		{"kernel", [3]uint64{14, 0, 128}, func(int) []byte { return nil }, `{si_signo=SIGALRM, si_code=SI_KERNEL}`},
		{"none", [3]uint64{}, func(int) []byte { return numbers(4, 1, 2, 3) }, `{}`},
	} {
		for _, abi := range []tables.ABI{tables.X86_64, tables.I386} {
			word := abi.WordSize()
			b := append(numbers(4, tt.head[:]...), make([]byte, 16-12)[:word-4]...)
			b = append(b, tt.rest(word)...)
			b = append(b, make([]byte, siginfoSize-len(b))...)
			s := named(t, abi, "rt_sigqueueinfo", 1, 10, at)
			s.mem = fakeMemory{at: b}
			want := "rt_sigqueueinfo(1, SIGUSR1, " + tt.want + ") = 0"
			if got := s.text(t); got != want {
				t.Errorf("%s, %v:\ngot  %s\nwant %s", tt.name, abi, got, want)
			}
		}
	}
}

// A siginfo_t that ptrace gives is the 64-bit kernel's, and a call is named as
// the tracee's own programs do.
func TestDeliveredSiginfo(t *testing.T) {
	raw := append(numbers(4, 31, 0, 1, 0), numbers(8, 0x1000)...)
	raw = append(raw, numbers(4, 162, uint64(unix.AUDIT_ARCH_I386))...) // nanosleep
	raw = append(raw, make([]byte, siginfoSize-len(raw))...)
	for abi, want := range map[tables.ABI]string{tables.I386: "__NR_nanosleep", tables.X86_64: "162 /* nanosleep */"} {
		got := encoded(t, func(c *Call) {
			c.ABI = abi
			ShowSiginfo(c, raw)
		})
		want := "{si_signo=SIGSYS, si_code=SYS_SECCOMP, si_call_addr=0x1000, si_syscall=" + want + ", si_arch=AUDIT_ARCH_I386}"
		if !strings.Contains(got, want) {
			t.Errorf("%v: got %s, want %s", abi, got, want)
		}
	}
}

func TestSignalFrames(t *testing.T) {
	const sp = 0x7000
	// Where the masks lie in the frames.
	const rtMask64, rtMask32 = 8 + 8 + 24 + 256, 3*4 + 128 + 4 + 4 + 12 + 88
	const maskLow, maskHigh = 20 * 4, 22*4 + 156*4
	frame64 := append(make([]byte, rtMask64), numbers(8, 1<<13)...)
	frame32 := append(make([]byte, rtMask32), numbers(8, 1<<13)...)
	old := make([]byte, 23*4+156*4)
	copy(old[maskLow:], numbers(4, 1<<13))
	copy(old[maskHigh:], numbers(4, 1))
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
		s := named(t, tt.abi, tt.name)
		s.mem, s.sp = fakeMemory{sp: tt.stack}, sp
		if got := s.text(t); got != tt.want {
			t.Errorf("%v: got %s, want %s", tt.abi, got, tt.want)
		}
	}
}
