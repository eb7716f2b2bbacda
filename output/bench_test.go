package output

import (
	"testing"
	"time"

	"trapline/tables"
)

// benchmarkLines are typical calls, with the lines that they make.
var benchmarkLines = []struct {
	name  string
	write func(tr Trace)
}{
	{"read", func(tr Trace) {
		tr.BeginCall(&benchmarkHeader)
		tr.Arg("fd")
		tr.Number(3, Signed)
		tr.Entered()
		tr.Resume(start)
		tr.Arg("buf")
		tr.Str(benchmarkData, true)
		tr.Size(832)
		tr.Arg("count")
		tr.Number(832, Unsigned)
		tr.Return()
		tr.Number(832, Signed)
		tr.EndCall(&benchmarkResult)
	}},
	{"openat", func(tr Trace) {
		tr.BeginCall(&benchmarkHeader)
		tr.Arg("dirfd")
		tr.Symbol(1<<64-100, "AT_FDCWD", Signed)
		tr.Arg("pathname")
		tr.Path(benchmarkPath, false)
		tr.Arg("flags")
		tr.Flags(0x80000, openFlags, Hex)
		tr.Entered()
		tr.Resume(start)
		tr.Return()
		tr.Number(1<<64-1, Signed)
		tr.Failure(2, "ENOENT", "No such file or directory")
		tr.EndCall(&benchmarkResult)
	}},
	{"fstat", func(tr Trace) {
		tr.BeginCall(&benchmarkHeader)
		tr.Arg("fd")
		tr.Number(3, Signed)
		tr.Annotate("path", benchmarkPath)
		tr.Entered()
		tr.Resume(start)
		tr.Arg("statbuf")
		tr.BeginStruct()
		tr.Field("st_mode")
		tr.Flags(0o100644, fileModes, Octal)
		tr.Field("st_rdev")
		device(tr)
		tr.Field("st_size")
		tr.Number(1234, Unsigned)
		tr.More()
		tr.EndStruct()
		tr.Return()
		tr.Number(0, Signed)
		tr.EndCall(&benchmarkResult)
	}},
	{"signal", func(tr Trace) {
		tr.BeginSignal(start, "SIGCHLD")
		tr.BeginStruct()
		tr.Field("si_signo")
		tr.Symbol(17, "SIGCHLD", Unsigned)
		tr.Field("si_pid")
		tr.Number(1234, Signed)
		tr.EndStruct()
		tr.EndSignal()
	}},
}

var (
	benchmarkHeader = Header{Time: start, ABI: tables.X86_64, NR: 257, Name: "openat", IP: 0x7f0012345678}
	benchmarkResult = Result{Duration: 12345 * time.Nanosecond}
	benchmarkData   = []byte("\x7fELF\x02\x01\x01\x03\x00\x00\x00\x00\x00\x00\x00\x00\x03\x00>\x00\x01\x00\x00\x00 f\x02\x00\x00\x00\x00\x00")
	benchmarkPath   = []byte("/usr/lib/x86_64-linux-gnu/libc.so.6")
)

var benchmarkOptions = map[string]Options{
	"text":    {Column: 40, Statuses: AllStatuses},
	"decked":  {Column: 40, Statuses: AllStatuses, PID: PIDColumn, Clock: ClockTime, ClockDigits: Microseconds, Relative: true, RelDigits: Microseconds, Durations: true, DurDigits: Microseconds, Number: true, IP: true, ArgNames: true, Names: Verbose, Palette: NewPalette("")},
	"json":    {JSON: true, Statuses: AllStatuses},
	"chosen":  {Column: 40, Statuses: Failed},
	"hex":     {Column: 40, Statuses: AllStatuses, Strings: HexAll},
	"decoded": {Column: 40, Statuses: AllStatuses, Names: Raw},
}

func discard(tb testing.TB, o Options) (*Log, Trace) {
	tb.Helper()
	l, err := OpenLog(Destination{Name: "/dev/null"}, o)
	if err != nil {
		tb.Fatal(err)
	}
	tr, err := l.Trace(1234)
	if err != nil {
		tb.Fatal(err)
	}
	return l, tr
}

func BenchmarkLine(b *testing.B) {
	for _, format := range []string{"text", "json"} {
		for _, line := range benchmarkLines {
			b.Run(format+"/"+line.name, func(b *testing.B) {
				l, tr := discard(b, benchmarkOptions[format])
				defer l.Close()
				b.ReportAllocs()
				for b.Loop() {
					line.write(tr)
				}
			})
		}
	}
}

// TestNoAllocation demands that lines cost no memory, with whatever options.
func TestNoAllocation(t *testing.T) {
	for format, o := range benchmarkOptions {
		for _, line := range benchmarkLines {
			l, tr := discard(t, o)
			for range 10000 {
				line.write(tr) // the buffers grow to their size
			}
			if n := testing.AllocsPerRun(1000, func() { line.write(tr) }); n != 0 {
				t.Errorf("%s, %s: %v allocations", format, line.name, n)
			}
			l.Close()
		}
	}
}
