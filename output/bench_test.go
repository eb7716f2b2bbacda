package output_test

import (
	"testing"
	"time"

	"trapline/output"
	csvformat "trapline/output/csv"
	jsonformat "trapline/output/json"
	"trapline/output/outputtest"
	"trapline/output/text"
	"trapline/tables"
)

// benchmarkLines are typical calls and their lines.
var benchmarkLines = []struct {
	name  string
	write func(tr *output.Record)
}{
	{"read", func(tr *output.Record) {
		tr.BeginCall(&benchmarkHeader)
		tr.Arg("fd", output.NameOptional)
		tr.Number(3, output.Signed)
		tr.Entered()
		tr.Resume(outputtest.Start)
		tr.Arg("buf", output.NameOptional)
		tr.Str(output.Plain, benchmarkData, true)
		tr.Size(832)
		tr.Arg("count", output.NameOptional)
		tr.Number(832, output.Unsigned)
		tr.Return()
		tr.Number(832, output.Signed)
		tr.EndCall(&benchmarkResult)
	}},
	{"openat", func(tr *output.Record) {
		tr.BeginCall(&benchmarkHeader)
		tr.Arg("dirfd", output.NameOptional)
		tr.Symbol(1<<64-100, "AT_FDCWD", output.Signed)
		tr.Arg("pathname", output.NameOptional)
		tr.Str(output.Path, benchmarkPath, false)
		tr.Arg("flags", output.NameOptional)
		tr.Flags(0x80000, outputtest.OpenFlags, output.Hex)
		tr.Entered()
		tr.Resume(outputtest.Start)
		tr.Return()
		tr.Number(1<<64-1, output.Signed)
		tr.Failure(2, "ENOENT", "No such file or directory")
		tr.EndCall(&benchmarkResult)
	}},
	{"fstat", func(tr *output.Record) {
		tr.BeginCall(&benchmarkHeader)
		tr.Arg("fd", output.NameOptional)
		tr.Number(3, output.Signed)
		tr.Annotate("path", benchmarkPath)
		tr.Entered()
		tr.Resume(outputtest.Start)
		tr.Arg("statbuf", output.NameOptional)
		tr.BeginStruct()
		tr.Field("st_mode")
		tr.Flags(0o100644, outputtest.FileModes, output.Octal)
		tr.Field("st_rdev")
		outputtest.Device(tr)
		tr.Field("st_size")
		tr.Number(1234, output.Unsigned)
		tr.More()
		tr.EndStruct()
		tr.Return()
		tr.Number(0, output.Signed)
		tr.EndCall(&benchmarkResult)
	}},
	{"signal", func(tr *output.Record) {
		tr.BeginSignal(outputtest.Start, "SIGCHLD")
		tr.BeginStruct()
		tr.Field("si_signo")
		tr.Symbol(17, "SIGCHLD", output.Unsigned)
		tr.Field("si_pid")
		tr.Number(1234, output.Signed)
		tr.EndStruct()
		tr.EndSignal()
	}},
}

var (
	benchmarkHeader = output.Header{Time: outputtest.Start, ABI: tables.X86_64, NR: 257, Name: "openat", IP: 0x7f0012345678}
	benchmarkResult = output.Result{Duration: 12345 * time.Nanosecond}
	benchmarkData   = []byte("\x7fELF\x02\x01\x01\x03\x00\x00\x00\x00\x00\x00\x00\x00\x03\x00>\x00\x01\x00\x00\x00 f\x02\x00\x00\x00\x00\x00")
	benchmarkPath   = []byte("/usr/lib/x86_64-linux-gnu/libc.so.6")
)

var benchmarkOptions = map[string]output.Options{
	"text":    {Format: text.Format, Column: 40, Statuses: output.AllStatuses},
	"decked":  {Format: text.Format, Column: 40, Statuses: output.AllStatuses, PID: output.PIDColumn, Clock: output.ClockTime, ClockDigits: output.Microseconds, Relative: true, RelDigits: output.Microseconds, Durations: true, DurDigits: output.Microseconds, Number: true, IP: true, ArgNames: true, Names: output.Verbose, Palette: output.NewPalette(output.Dark16, "")},
	"csv":     {Format: csvformat.Format, Statuses: output.AllStatuses},
	"json":    {Format: jsonformat.Format, Statuses: output.AllStatuses},
	"chosen":  {Format: text.Format, Column: 40, Statuses: output.Failed},
	"hex":     {Format: text.Format, Column: 40, Statuses: output.AllStatuses, Strings: output.HexAll},
	"decoded": {Format: text.Format, Column: 40, Statuses: output.AllStatuses, Names: output.Raw},
}

func discard(tb testing.TB, o output.Options) (*output.Log, *output.Record) {
	tb.Helper()
	l, err := output.OpenLog(output.Destination{Name: "/dev/null"}, o)
	if err != nil {
		tb.Fatal(err)
	}
	tr, err := l.Record(1234)
	if err != nil {
		tb.Fatal(err)
	}
	return l, tr
}

func BenchmarkLine(b *testing.B) {
	for _, format := range []string{"text", "json", "csv"} {
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

// TestNoAllocation checks that lines do not allocate, with any options.
func TestNoAllocation(t *testing.T) {
	for format, o := range benchmarkOptions {
		for _, line := range benchmarkLines {
			l, tr := discard(t, o)
			for range 10000 {
				line.write(tr) // the buffers grow to their final size
			}
			if n := testing.AllocsPerRun(1000, func() { line.write(tr) }); n != 0 {
				t.Errorf("%s, %s: %v allocations", format, line.name, n)
			}
			l.Close()
		}
	}
}
