package decode_test

import (
	"testing"

	. "trapline/decode/internal/decodetest"
	"trapline/tables"
)

// Each argument of an x32 call has its own 64-bit register.
func TestX32Registers(t *testing.T) {
	s := Named(t, tables.X32, "pread64", 3, 0x7000, 5, 0x123456789)
	s.Errno = 9
	if got, want := s.Text(t), `pread64(3, 0x7000, 5, 4886718345) = -1 EBADF (Bad file descriptor)`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	s = Sample{Abi: tables.X32, Nr: 0xfff, Args: [6]uint64{1 << 40, 2, 3, 4, 5, 1<<64 - 1}, Errno: 38}
	want := `syscall_0x40000fff(0x10000000000, 0x2, 0x3, 0x4, 0x5, 0xffffffffffffffff) = -1 ENOSYS (Function not implemented)`
	if got := s.Text(t); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
