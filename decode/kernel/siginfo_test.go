package kernel_test

import (
	"strings"
	"testing"

	. "trapline/decode/internal/decodetest"
	. "trapline/decode/internal/fake"
	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/tables"
)

// TestSiginfo shows each arm of siginfo_t's union in both layouts.
func TestSiginfo(t *testing.T) {
	const at = 0x7000
	for _, tt := range []struct {
		name string
		head [3]uint64 // si_signo, si_errno, si_code
		rest func(word int) []byte
		want string
	}{
		{"kill", [3]uint64{15, 0, 0}, func(int) []byte { return Numbers(4, 100, 1000) },
			`{si_signo=SIGTERM, si_code=SI_USER, si_pid=100, si_uid=1000}`},
		{"error", [3]uint64{15, 2, 0}, func(int) []byte { return Numbers(4, 100, 1000) },
			`{si_signo=SIGTERM, si_code=SI_USER, si_errno=ENOENT, si_pid=100, si_uid=1000}`},
		{"queue", [3]uint64{10, 0, 1<<32 - 1}, func(word int) []byte { return append(Numbers(4, 100, 1000), Numbers(word, 42)...) },
			`{si_signo=SIGUSR1, si_code=SI_QUEUE, si_pid=100, si_uid=1000, si_int=42, si_ptr=0x2a}`},
		{"timer", [3]uint64{14, 0, 1<<32 - 2}, func(word int) []byte { return append(Numbers(4, 3, 7), Numbers(word, 0)...) },
			`{si_signo=SIGALRM, si_code=SI_TIMER, si_timerid=0x3, si_overrun=7, si_int=0, si_ptr=NULL}`},
		{"exited", [3]uint64{17, 0, 1}, func(word int) []byte {
			// The times are longs and aligned accordingly.
			b := Numbers(4, 100, 0, 42)
			return append(b[:len(b):len(b)], append(make([]byte, (word-4)%8), Numbers(word, 1, 250)...)...)
		}, `{si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=100, si_uid=0, si_status=42, si_utime=1 /* 0.01 s */, si_stime=250 /* 2.50 s */}`},
		{"stopped", [3]uint64{17, 0, 5}, func(word int) []byte { return Numbers(4, 100, 0, 19) },
			`{si_signo=SIGCHLD, si_code=CLD_STOPPED, si_pid=100, si_uid=0, si_status=SIGSTOP, si_utime=0, si_stime=0}`},
		{"fault", [3]uint64{11, 0, 1}, func(word int) []byte { return Numbers(word, 0xdead) },
			`{si_signo=SIGSEGV, si_code=SEGV_MAPERR, si_addr=0xdead}`},
		{"bounds", [3]uint64{11, 0, 3}, func(word int) []byte { return Numbers(word, 1, 0, 2, 3) },
			`{si_signo=SIGSEGV, si_code=SEGV_BNDERR, si_addr=0x1, si_lower=0x2, si_upper=0x3}`},
		{"key", [3]uint64{11, 0, 4}, func(word int) []byte { return Numbers(word, 1, 0, 5) },
			`{si_signo=SIGSEGV, si_code=SEGV_PKUERR, si_addr=0x1, si_pkey=5}`},
		{"poll", [3]uint64{29, 0, 1}, func(word int) []byte { return Numbers(word, 65, 3) },
			`{si_signo=SIGIO, si_code=POLL_IN, si_band=65, si_fd=3}`},
		{"unknown code", [3]uint64{29, 0, 99}, func(word int) []byte { return nil }, `{si_signo=SIGIO, si_code=0x63}`},
		{"kernel", [3]uint64{14, 0, 128}, func(int) []byte { return nil }, `{si_signo=SIGALRM, si_code=SI_KERNEL}`},
		{"none", [3]uint64{}, func(int) []byte { return Numbers(4, 1, 2, 3) }, `{}`},
	} {
		for _, abi := range []tables.ABI{tables.X86_64, tables.I386} {
			word := abi.WordSize()
			b := append(Numbers(4, tt.head[:]...), make([]byte, 16-12)[:word-4]...)
			b = append(b, tt.rest(word)...)
			b = append(b, make([]byte, SiginfoSize-len(b))...)
			s := Named(t, abi, "rt_sigqueueinfo", 1, 10, at)
			s.Mem = FakeMemory{at: b}
			want := "rt_sigqueueinfo(1, SIGUSR1, " + tt.want + ") = 0"
			if got := s.Text(t); got != want {
				t.Errorf("%s, %v:\ngot  %s\nwant %s", tt.name, abi, got, want)
			}
		}
	}
}

// TestDeliveredSiginfo shows a siginfo_t from ptrace. It has the 64-bit layout,
// but calls are named as in the tracee's ABI.
func TestDeliveredSiginfo(t *testing.T) {
	raw := append(Numbers(4, 31, 0, 1, 0), Numbers(8, 0x1000)...)
	raw = append(raw, Numbers(4, 162, uint64(tables.AUDIT_ARCH_I386))...) // nanosleep
	raw = append(raw, make([]byte, SiginfoSize-len(raw))...)
	for abi, want := range map[tables.ABI]string{tables.I386: "__NR_nanosleep", tables.X86_64: "162 /* nanosleep */"} {
		got := Encoded(t, func(c *Call) {
			c.ABI = abi
			ShowSiginfo(c, raw)
		})
		want := "{si_signo=SIGSYS, si_code=SYS_SECCOMP, si_call_addr=0x1000, si_syscall=" + want + ", si_arch=AUDIT_ARCH_I386}"
		if !strings.Contains(got, want) {
			t.Errorf("%v: got %s, want %s", abi, got, want)
		}
	}
}
