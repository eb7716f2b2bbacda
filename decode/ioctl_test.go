package decode

import (
	"encoding/binary"
	"maps"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"trapline/output"
	"trapline/tables"
)

// packed is values one behind the other, as a packed struct of C has them.
func packed(values ...any) []byte {
	var b []byte
	for _, v := range values {
		var err error
		if b, err = binary.Append(b, binary.LittleEndian, v); err != nil {
			panic(err)
		}
	}
	return b
}

// ioctlTest is an ioctl whose argument is the same under both ABIs, or is for
// one of them.
type ioctlTest struct {
	request string
	abis    []tables.ABI // nil for both
	before  []byte       // what argp points to
	after   []byte       // at the exit-stop, if that is something else
	more    fakeMemory   // what is elsewhere
	errno   unix.Errno
	full    bool // -v
	want    string
}

// argp is where the argument of an ioctlTest lies.
const argp = 0x7000

// memory is the tracee's with b behind argp.
func (tt *ioctlTest) memory(b []byte) fakeMemory {
	m := fakeMemory{argp: b}
	maps.Copy(m, tt.more)
	return m
}

// run compares both ABIs' line of the ioctl with what is wanted.
func (tt *ioctlTest) run(t *testing.T) {
	t.Helper()
	abis := tt.abis
	if abis == nil {
		abis = []tables.ABI{tables.X86_64, tables.I386}
	}
	for _, abi := range abis {
		op, ok := tables.IoctlsByName(abi)[tt.request]
		if !ok {
			t.Fatalf("%v has no %s", abi, tt.request)
		}
		s := named(t, abi, "ioctl", 3, uint64(op), argp)
		s.mem, s.errno, s.full = tt.memory(tt.before), int(tt.errno), tt.full
		if tt.after != nil {
			s.after = tt.memory(tt.after)
		}
		if got := s.text(t); got != tt.want {
			t.Errorf("%v: got  %s\nwant %s", abi, got, tt.want)
		}
	}
}

func TestPerfQueryBPF(t *testing.T) {
	const name = "PERF_EVENT_IOC_QUERY_BPF"
	for _, tt := range []ioctlTest{
		{request: name, before: packed(uint32(4)), after: packed(uint32(4), uint32(2), uint32(7), uint32(8)),
			want: `ioctl(3, PERF_EVENT_IOC_QUERY_BPF, {ids_len=4, prog_cnt=2, ids=[7, 8]}) = 0`},
		{request: name, before: packed(uint32(4)), want: `ioctl(3, PERF_EVENT_IOC_QUERY_BPF, {ids_len=4, ...}) = 0`},
		{request: name, before: packed(uint16(4)), want: `ioctl(3, PERF_EVENT_IOC_QUERY_BPF, 0x7000) = 0`},
	} {
		tt.run(t)
	}
}

// With -X verbose a set of bits is shown by names and numbers before its words.
func TestInputBits(t *testing.T) {
	op := uint64(iocRead<<30 | 8<<16 | 'E'<<8 | 0x20)
	s := named(t, tables.X86_64, "ioctl", 3, op, argp)
	s.mem, s.ret = fakeMemory{argp: packed(uint64(6))}, 4
	want := `ioctl(3, 0x80084520 /* EVIOCGBIT(0, 8) */, [0x1 /* EV_KEY */ 0x2 /* EV_REL */] /* [0x6] */) = 4` + "\n"
	if got := s.record(t, output.Options{Names: output.Verbose}); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestKeycode(t *testing.T) {
	const name = "KDGETKEYCODE"
	for _, tt := range []ioctlTest{
		{request: name, before: packed(uint32(1), uint32(0)), want: `ioctl(3, KDGETKEYCODE, {scancode=0x1, keycode=0}) = 0`},
		{request: name, before: packed(uint32(1), uint32(0)), after: packed(uint32(1), uint32(30)),
			want: `ioctl(3, KDGETKEYCODE, {scancode=0x1, keycode=0 => 0x1e}) = 0`},
		{request: name, before: packed(uint32(1), uint32(0)), after: packed(uint32(1), uint32(30)), errno: unix.ENOTTY,
			want: `ioctl(3, KDGETKEYCODE, {scancode=0x1, keycode=0}) = -1 ENOTTY (Inappropriate ioctl for device)`},
	} {
		tt.run(t)
	}
}

// The parts of a value each have their number before them with -X verbose.
func TestVerboseParts(t *testing.T) {
	for _, tt := range []struct {
		op   uint64
		mem  []byte
		want string
	}{
		{0x2284, packed(uint32(0x101)), `0x2284 /* SG_SCSI_RESET */, [0x100 /* SG_SCSI_RESET_NO_ESCALATE */|0x1 /* SG_SCSI_RESET_DEVICE */]`},
		{unix.SIOCSIFHWADDR, append(packed([16]byte{'e'}, uint16(1), [6]byte{1, 2, 3, 4, 5, 6}), make([]byte, 16)...),
			`0x8924 /* SIOCSIFHWADDR */, {ifr_name="e", ifr_hwaddr={sa_family=0x1 /* ARPHRD_ETHER */,` +
				` sa_data="\x01\x02\x03\x04\x05\x06\x00\x00\x00\x00\x00\x00\x00\x00" /* 01:02:03:04:05:06 */}}`},
	} {
		s := named(t, tables.X86_64, "ioctl", 3, tt.op, argp)
		s.mem = fakeMemory{argp: tt.mem}
		if got, want := s.record(t, output.Options{Names: output.Verbose}), "ioctl(3, "+tt.want+") = 0\n"; got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

// Without a look behind pointers, a null pointer is one only where the request
// is known to take a pointer.
func TestPlainIoctls(t *testing.T) {
	for request, want := range map[string]string{"VIDIOC_QUERYCAP": "0", "PTP_CLOCK_GETCAPS": "0", "KVM_GET_REGS": "NULL"} {
		s := named(t, tables.X86_64, "ioctl", 3, uint64(tables.IoctlsByName(tables.X86_64)[request]), 0)
		s.plain = true
		if got, want := s.text(t), "ioctl(3, "+request+", "+want+") = 0"; got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

// With -X verbose and raw the shift of an input speed is hexadecimal, and control
// characters have their names.
func TestTermiosNumbers(t *testing.T) {
	op := uint64(tables.IoctlsByName(tables.X86_64)["TCSETS2"])
	s := named(t, tables.X86_64, "ioctl", 3, op, argp)
	s.mem, s.full = fakeMemory{argp: packed([4]uint32{0, 0, 0xd<<16 | 0xd, 0}, make([]byte, 28))}, true
	for looks, part := range map[output.NameStyle]string{
		output.Abbrev:  `c_cflag=B9600|B9600<<IBSHIFT|CS5|, c_lflag=, c_line=N_TTY, c_cc=[[VINTR]=0,`,
		output.Raw:     `c_cflag=0xd|0xd<<0x10|0|, c_lflag=, c_line=0, c_cc=[[VINTR]=0,`,
		output.Verbose: `c_cflag=0xd /* B9600 */|0xd /* B9600 */<<0x10 /* IBSHIFT */|0 /* CS5 */|, c_lflag=, c_line=0 /* N_TTY */, c_cc=[[VINTR]=0,`,
	} {
		if got := s.record(t, output.Options{Names: looks}); !strings.Contains(got, part) {
			t.Errorf("%s lacks %s", got, part)
		}
	}
}
