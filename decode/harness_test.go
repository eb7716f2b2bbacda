package decode

import (
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"trapline/decode/host"
	"trapline/output"
	"trapline/tables"
)

// fakeMemory is a tracee's memory: bytes at addresses. Runs must not touch.
type fakeMemory map[uint64][]byte

func (m fakeMemory) ReadMemory(addr uint64, b []byte) int {
	for base, page := range m {
		if addr >= base && addr < base+uint64(len(page)) {
			return copy(b, page[addr-base:])
		}
	}
	return 0
}

// sample is one call for a test.
type sample struct {
	abi    tables.ABI
	nr     uint64
	args   [6]uint64
	sp     uint64
	mem    Memory
	after  Memory // at the exit-stop, if it is another one
	ret    int64
	errno  int
	full   bool // -v
	plain  bool // -e verbose=none
	limit  int  // -s, 32 if 0
	traits Options
	host   host.Host // nil: nothing is known
}

// named makes a sample of the call of that name.
func named(t testing.TB, abi tables.ABI, name string, args ...uint64) sample {
	t.Helper()
	row := tables.ByName(abi, name)
	if row == nil {
		t.Fatalf("%v has no %s", abi, name)
	}
	s := sample{abi: abi, nr: uint64(row.NR)}
	copy(s.args[:], args)
	return s
}

// record runs a sample through the description of its call into the records of a log.
func (s sample) record(t testing.TB, looks output.Options) string {
	t.Helper()
	o := s.traits
	if o.StringLimit = s.limit; o.StringLimit == 0 {
		o.StringLimit = 32
	}
	return logged(t, looks, func(trace output.Trace) { s.run(NewDecoder(o, s.host), trace) })
}

// logged gives what a log says of the trace that write writes. The log is in
// memory: files would cost more than all else that a sample does.
func logged(t testing.TB, looks output.Options, write func(trace output.Trace)) string {
	t.Helper()
	fd, err := unix.MemfdCreate("log", unix.MFD_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	file := os.NewFile(uintptr(fd), "log")
	defer file.Close()
	looks.Statuses = output.AllStatuses
	log, err := output.OpenLog(output.Destination{Name: fmt.Sprintf("/proc/self/fd/%d", fd)}, looks)
	if err != nil {
		t.Fatal(err)
	}
	trace, err := log.Trace(1)
	if err != nil {
		t.Fatal(err)
	}
	write(trace)
	trace.Close()
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func (s sample) run(d *Decoder, trace output.Trace) {
	c := Call{Decoder: d, Out: trace, Mem: s.mem, TID: os.Getpid(), ABI: s.abi, NR: s.nr, Args: s.args,
		SP: s.sp, Sig: d.Lookup(s.abi, s.nr), Abbrev: !s.full, Plain: s.plain}
	c.Begin()
	trace.BeginCall(&output.Header{Time: time.Unix(0, 0), ABI: s.abi, NR: s.nr, Name: c.Sig.Name})
	c.Enter()
	trace.Entered()
	trace.Resume(time.Unix(0, 0))
	if s.after != nil {
		c.Mem = s.after
	}
	c.Ret, c.Errno = s.ret, s.errno
	if s.errno != 0 {
		c.Ret = -int64(s.errno)
	}
	c.Exit()
	c.Result()
	trace.EndCall(&output.Result{})
}

// bareDecoder makes a Decoder that knows no call and no host.
func bareDecoder() *Decoder {
	d := NewDecoderOf(Catalogue{Describe: func(tables.ABI, string) *Desc { return nil }}, 32)
	ContextOf(d).Host = host.Unknown{}
	return d
}

// encoded is what show writes, as text.
func encoded(t testing.TB, show func(c *Call)) string {
	t.Helper()
	return logged(t, output.Options{}, func(trace output.Trace) {
		trace.BeginSignal(time.Unix(0, 0), "")
		d := bareDecoder()
		show(&Call{Decoder: d, Out: trace, TID: os.Getpid(), Sig: d.Lookup(tables.X86_64, 0)})
		trace.EndSignal()
	})
}

// text is the sample as a line of strace's text.
func (s sample) text(t testing.TB) string {
	return strings.TrimSuffix(s.record(t, output.Options{}), "\n")
}

func TestReadAndWrite(t *testing.T) {
	const at = 0x7000
	mem := fakeMemory{at: []byte("hello, world\n")}
	for _, tt := range []struct {
		name  string
		args  []uint64
		ret   int64
		errno unix.Errno
		want  string
	}{
		{"read", []uint64{3, at, 100}, 5, 0, `read(3, "hello", 100) = 5`},
		{"read", []uint64{3, at, 100}, 0, unix.EBADF, `read(3, 0x7000, 100) = -1 EBADF (Bad file descriptor)`},
		{"read", []uint64{3, 0, 100}, 0, unix.EFAULT, `read(3, NULL, 100) = -1 EFAULT (Bad address)`},
		{"write", []uint64{1, at, 13}, 13, 0, `write(1, "hello, world\n", 13) = 13`},
		{"write", []uint64{1, at, 14}, 14, 0, `write(1, 0x7000, 14) = 14`}, // a byte too many
		{"write", []uint64{1, 0x10, 1 << 63}, 0, unix.EFAULT, `write(1, 0x10, 9223372036854775808) = -1 EFAULT (Bad address)`},
	} {
		s := named(t, tables.X86_64, tt.name, tt.args...)
		s.mem, s.ret, s.errno = mem, tt.ret, int(tt.errno)
		if got := s.text(t); got != tt.want {
			t.Errorf("got  %s\nwant %s", got, tt.want)
		}
	}
	// Two registers make up an offset on i386.
	s := named(t, tables.I386, "pread64", 3, at, 5, 0x89abcdef, 0x01234567)
	s.mem, s.ret = mem, 5
	if got, want := s.text(t), `pread64(3, "hello", 5, 81985529216486895) = 5`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
