package file_test

import (
	"testing"

	"golang.org/x/sys/unix"

	. "trapline/decode/internal/decodetest"
	. "trapline/decode/internal/fake"
	"trapline/tables"
)

func TestReadAndWrite(t *testing.T) {
	const at = 0x7000
	mem := FakeMemory{at: []byte("hello, world\n")}
	for _, tt := range []struct {
		name  string
		args  []uint64
		ret   int64
		errno unix.Errno
		want  string
	}{
		{"read", []uint64{3, at, 100}, 5, 0, `read(3, "hello", 100) = 5`},
		{"read", []uint64{3, at, 100}, 0, tables.EBADF, `read(3, 0x7000, 100) = -1 EBADF (Bad file descriptor)`},
		{"read", []uint64{3, 0, 100}, 0, tables.EFAULT, `read(3, NULL, 100) = -1 EFAULT (Bad address)`},
		{"write", []uint64{1, at, 13}, 13, 0, `write(1, "hello, world\n", 13) = 13`},
		{"write", []uint64{1, at, 14}, 14, 0, `write(1, 0x7000, 14) = 14`}, // one byte too many
		{"write", []uint64{1, 0x10, 1 << 63}, 0, tables.EFAULT, `write(1, 0x10, 9223372036854775808) = -1 EFAULT (Bad address)`},
	} {
		s := Named(t, tables.X86_64, tt.name, tt.args...)
		s.Mem, s.Ret, s.Errno = mem, tt.ret, int(tt.errno)
		if got := s.Text(t); got != tt.want {
			t.Errorf("got  %s\nwant %s", got, tt.want)
		}
	}
	// On i386 an offset takes two registers.
	s := Named(t, tables.I386, "pread64", 3, at, 5, 0x89abcdef, 0x01234567)
	s.Mem, s.Ret = mem, 5
	if got, want := s.Text(t), `pread64(3, "hello", 5, 81985529216486895) = 5`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
