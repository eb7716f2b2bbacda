package ioctl_test

import (
	"testing"

	"golang.org/x/sys/unix"

	. "trapline/decode/internal/decodetest"
	. "trapline/decode/internal/fake"
	"trapline/tables"
)

// word is a C long or a pointer, in the size of an ABI.
func word(abi tables.ABI, v uint64) any {
	if abi.WordSize() == 4 {
		return uint32(v)
	}
	return v
}

func TestConsoleFonts(t *testing.T) {
	for _, abi := range []tables.ABI{tables.X86_64, tables.I386} {
		hole := make([]byte, abi.WordSize()-2)
		const at = 0x8000
		fontHole := make([]byte, abi.WordSize()-4)
		font := func(op, flags, width, height, count uint32) []byte {
			return PackedBytes(op, flags, width, height, count, fontHole, word(abi, at))
		}
		unimap := func(n uint16) []byte { return PackedBytes(n, hole, word(abi, at)) }
		for _, tt := range []struct {
			request       string
			before, after []byte
			data          []byte
			errno         unix.Errno
			want          string
		}{
			{"PIO_UNIMAP", unimap(1), nil, PackedBytes([2]uint16{0x41, 1}), 0,
				`ioctl(3, PIO_UNIMAP, {entry_ct=1, entries=[{unicode=0x41, fontpos=0x1}]}) = 0`},
			{"GIO_UNIMAP", unimap(1), nil, PackedBytes([2]uint16{0x41, 1}), 0,
				`ioctl(3, GIO_UNIMAP, {entry_ct=1, entries=[{unicode=0x41, fontpos=0x1}]}) = 0`},
			// The kernel has more entries than the caller has room for.
			{"GIO_UNIMAP", unimap(1), unimap(300), PackedBytes([2]uint16{0x41, 1}), tables.ENOMEM,
				`ioctl(3, GIO_UNIMAP, {entry_ct=1 => 300, entries=[{unicode=0x41, fontpos=0x1}]}) = -1 ENOMEM (Cannot allocate memory)`},
			{"GIO_UNIMAP", unimap(1), nil, PackedBytes([2]uint16{0x41, 1}), tables.EBADF,
				`ioctl(3, GIO_UNIMAP, {entry_ct=1, entries=0x8000}) = -1 EBADF (Bad file descriptor)`},
			{"KDFONTOP", font(0, 1, 8, 16, 1), nil, make([]byte, 32), 0,
				`ioctl(3, KDFONTOP, {op=KD_FONT_OP_SET, flags=KD_FONT_FLAG_DONT_RECALC, width=8, height=16, charcount=1, data="\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"}) = 0`},
			{"KDFONTOP", font(1, 0, 0, 0, 0), font(1, 0, 8, 16, 512), []byte("\x01"), 0,
				`ioctl(3, KDFONTOP, {op=KD_FONT_OP_GET, flags=0, width=0, height=0, charcount=0, data=0x8000} => {width=8, height=16, charcount=512, data=0x8000}) = 0`},
			{"KDFONTOP", font(2, 0, 8, 16, 0), nil, []byte("a name of thirty-one characters\x00"), 0,
				`ioctl(3, KDFONTOP, {op=KD_FONT_OP_SET_DEFAULT, width=8, height=16, data="a name of thirty-one characters"} => {width=8, height=16}) = 0`},
			{"KDFONTOP", font(2, 0, 8, 16, 0), nil, []byte("a name of thirty-one characters."), tables.EINVAL,
				`ioctl(3, KDFONTOP, {op=KD_FONT_OP_SET_DEFAULT, width=8, height=16, data="a name of thirty-one characters"...}) = -1 EINVAL (Invalid argument)`},
			{"KDFONTOP", font(3, 0, 8, 2, 0), nil, nil, 0, `ioctl(3, KDFONTOP, {op=KD_FONT_OP_COPY, height=2}) = 0`},
		} {
			s := Named(t, abi, "ioctl", 3, uint64(tables.IoctlsByName(abi)[tt.request]), Argp)
			s.Mem, s.Errno = FakeMemory{Argp: tt.before, at: tt.data}, int(tt.errno)
			if tt.after != nil {
				s.After = FakeMemory{Argp: tt.after, at: tt.data}
			}
			if got := s.Text(t); got != tt.want {
				t.Errorf("%v: got  %s\nwant %s", abi, got, tt.want)
			}
		}
	}
}

// TestAccents checks that a table whose count exceeds the kernel's limit is shown
// only up to this limit.
func TestAccents(t *testing.T) {
	s := Named(t, tables.X86_64, "ioctl", 3, uint64(tables.IoctlsByName(tables.X86_64)["KDSKBDIACR"]), Argp)
	s.Mem, s.Full = FakeMemory{Argp: PackedBytes(uint32(257), make([]byte, 256*3))}, true
	const end = `{diacr='\x00', base='\x00', result='\x00'}, ...]}) = 0`
	if got := s.Text(t); got[max(0, len(got)-len(end)):] != end {
		t.Errorf("%s does not end in %s", got, end)
	}
}
