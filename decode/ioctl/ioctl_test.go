package ioctl_test

import (
	"strings"
	"testing"

	. "trapline/decode/internal/decodetest"
	. "trapline/decode/internal/fake"
	. "trapline/decode/kernel"
	"trapline/output"
	"trapline/tables"
)

func TestPerfQueryBPF(t *testing.T) {
	const name = "PERF_EVENT_IOC_QUERY_BPF"
	for _, tt := range []IoctlTest{
		{Request: name, Before: PackedBytes(uint32(4)), After: PackedBytes(uint32(4), uint32(2), uint32(7), uint32(8)),
			Want: `ioctl(3, PERF_EVENT_IOC_QUERY_BPF, {ids_len=4, prog_cnt=2, ids=[7, 8]}) = 0`},
		{Request: name, Before: PackedBytes(uint32(4)), Want: `ioctl(3, PERF_EVENT_IOC_QUERY_BPF, {ids_len=4, ...}) = 0`},
		{Request: name, Before: PackedBytes(uint16(4)), Want: `ioctl(3, PERF_EVENT_IOC_QUERY_BPF, 0x7000) = 0`},
	} {
		tt.Run(t)
	}
}

// TestInputBits shows a set of bits with -X verbose: names and numbers come
// before the words of the set.
func TestInputBits(t *testing.T) {
	op := uint64(IocRead<<30 | 8<<16 | 'E'<<8 | 0x20)
	s := Named(t, tables.X86_64, "ioctl", 3, op, Argp)
	s.Mem, s.Ret = FakeMemory{Argp: PackedBytes(uint64(6))}, 4
	want := `ioctl(3, 0x80084520 /* EVIOCGBIT(0, 8) */, [0x1 /* EV_KEY */ 0x2 /* EV_REL */] /* [0x6] */) = 4` + "\n"
	if got := s.Record(t, output.Options{Names: output.Verbose}); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestKeycode(t *testing.T) {
	const name = "KDGETKEYCODE"
	for _, tt := range []IoctlTest{
		{Request: name, Before: PackedBytes(uint32(1), uint32(0)), Want: `ioctl(3, KDGETKEYCODE, {scancode=0x1, keycode=0}) = 0`},
		{Request: name, Before: PackedBytes(uint32(1), uint32(0)), After: PackedBytes(uint32(1), uint32(30)),
			Want: `ioctl(3, KDGETKEYCODE, {scancode=0x1, keycode=0 => 0x1e}) = 0`},
		{Request: name, Before: PackedBytes(uint32(1), uint32(0)), After: PackedBytes(uint32(1), uint32(30)), Errno: tables.ENOTTY,
			Want: `ioctl(3, KDGETKEYCODE, {scancode=0x1, keycode=0}) = -1 ENOTTY (Inappropriate ioctl for device)`},
	} {
		tt.Run(t)
	}
}

// TestVerboseParts checks that with -X verbose each part of a value has its
// number before it.
func TestVerboseParts(t *testing.T) {
	for _, tt := range []struct {
		op   uint64
		mem  []byte
		want string
	}{
		{0x2284, PackedBytes(uint32(0x101)), `0x2284 /* SG_SCSI_RESET */, [0x100 /* SG_SCSI_RESET_NO_ESCALATE */|0x1 /* SG_SCSI_RESET_DEVICE */]`},
		{tables.SIOCSIFHWADDR, append(PackedBytes([16]byte{'e'}, uint16(1), [6]byte{1, 2, 3, 4, 5, 6}), make([]byte, 16)...),
			`0x8924 /* SIOCSIFHWADDR */, {ifr_name="e", ifr_hwaddr={sa_family=0x1 /* ARPHRD_ETHER */,` +
				` sa_data="\x01\x02\x03\x04\x05\x06\x00\x00\x00\x00\x00\x00\x00\x00" /* 01:02:03:04:05:06 */}}`},
	} {
		s := Named(t, tables.X86_64, "ioctl", 3, tt.op, Argp)
		s.Mem = FakeMemory{Argp: tt.mem}
		if got, want := s.Record(t, output.Options{Names: output.Verbose}), "ioctl(3, "+tt.want+") = 0\n"; got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

// TestPlainIoctls checks that arguments are not followed if pointers are not, and
// that 0 is shown as NULL only if the request is known to take a pointer.
func TestPlainIoctls(t *testing.T) {
	for request, want := range map[string]string{"VIDIOC_QUERYCAP": "0", "PTP_CLOCK_GETCAPS": "0", "KVM_GET_REGS": "NULL"} {
		s := Named(t, tables.X86_64, "ioctl", 3, uint64(tables.IoctlsByName(tables.X86_64)[request]), 0)
		s.Plain = true
		if got, want := s.Text(t), "ioctl(3, "+request+", "+want+") = 0"; got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

// TestTermiosNumbers checks that with -X verbose and raw the shift of an input
// speed is hexadecimal, and that control characters have names.
func TestTermiosNumbers(t *testing.T) {
	op := uint64(tables.IoctlsByName(tables.X86_64)["TCSETS2"])
	s := Named(t, tables.X86_64, "ioctl", 3, op, Argp)
	s.Mem, s.Full = FakeMemory{Argp: PackedBytes([4]uint32{0, 0, 0xd<<16 | 0xd, 0}, make([]byte, 28))}, true
	for looks, part := range map[output.NameStyle]string{
		output.Abbrev:  `c_cflag=B9600|B9600<<IBSHIFT|CS5|, c_lflag=, c_line=N_TTY, c_cc=[[VINTR]=0,`,
		output.Raw:     `c_cflag=0xd|0xd<<0x10|0|, c_lflag=, c_line=0, c_cc=[[VINTR]=0,`,
		output.Verbose: `c_cflag=0xd /* B9600 */|0xd /* B9600 */<<0x10 /* IBSHIFT */|0 /* CS5 */|, c_lflag=, c_line=0 /* N_TTY */, c_cc=[[VINTR]=0,`,
	} {
		if got := s.Record(t, output.Options{Names: looks}); !strings.Contains(got, part) {
			t.Errorf("%s lacks %s", got, part)
		}
	}
}
