package csv

import (
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"trapline/output"
	"trapline/output/outputtest"
	"trapline/tables"
)

// rows runs f with a Log that writes CSV, and returns what encoding/csv reads from it,
// without titles and times. TSV must have the same fields.
func rows(t *testing.T, o output.Options, f func(l *output.Log)) [][]string {
	t.Helper()
	o.Format = Format
	if o.Statuses == 0 {
		o.Statuses = output.AllStatuses
	}
	all := parse(t, outputtest.Record(t, o, f))
	o.Format = Tabs
	lines := strings.Split(strings.TrimSuffix(outputtest.Record(t, o, f), "\n"), "\n")
	if len(lines) != len(all) {
		t.Fatalf("%d rows of TSV, %d of CSV", len(lines), len(all))
	}
	for i, line := range lines {
		if fields := strings.Split(line, "\t"); !slices.Equal(fields, all[i]) {
			t.Errorf("row %d of TSV is %q, of CSV %q", i, fields, all[i])
		}
	}
	for i, row := range all {
		if want := fmt.Sprintf("%d.123456789", outputtest.Start.Unix()); i > 0 && row[0] != want {
			t.Errorf("time %s, want %s", row[0], want)
		}
		all[i] = row[1:]
	}
	return all[1:]
}

// parse reads a trace and checks its titles.
func parse(t *testing.T, log string) [][]string {
	t.Helper()
	all, err := csv.NewReader(strings.NewReader(log)).ReadAll()
	if err != nil {
		t.Fatalf("%v in\n%s", err, log)
	}
	if len(all) == 0 || strings.Join(all[0], ",")+"\n" != Format.Title {
		t.Fatalf("no titles in\n%s", log)
	}
	return all
}

func TestRows(t *testing.T) {
	start := outputtest.Start
	open := func(r *output.Record) {
		r.BeginCall(&output.Header{Time: start, Name: "openat"})
		r.Arg("dirfd", output.NameOptional)
		r.Symbol(1<<64-100, "AT_FDCWD", output.Signed)
		r.Arg("pathname", output.NameOptional)
		r.Str(output.Plain, []byte("a,\"b\"\n"), false)
		r.Entered()
		r.Resume(start)
		r.Return()
	}
	for _, tt := range []struct {
		name    string
		options output.Options
		write   func(l *output.Log, r *output.Record) // tracee 7
		want    []string
	}{
		{"call", output.Options{}, func(l *output.Log, r *output.Record) {
			open(r)
			r.Number(3, output.Signed)
			r.EndCall(&output.Result{Duration: 1500 * time.Millisecond})
		}, []string{`7|||syscall|openat|AT_FDCWD, "a,\"b\"\n"|3|||1.500000000`}},
		{"failure", output.Options{}, func(l *output.Log, r *output.Record) {
			open(r)
			r.Number(1<<64-1, output.Signed)
			r.Failure(2, "ENOENT", "No such file or directory")
			r.EndCall(&output.Result{Tampered: "INJECTED", Delayed: true})
			open(r)
			r.Unknown()
			r.Failure(999, "", "")
			r.EndCall(&output.Result{})
		}, []string{
			`7|||syscall|openat|AT_FDCWD, "a,\"b\"\n"|-1|ENOENT|INJECTED, DELAYED|0.000000000`,
			`7|||syscall|openat|AT_FDCWD, "a,\"b\"\n"||999||0.000000000`}},
		{"remarks", output.Options{Names: output.Verbose}, func(l *output.Log, r *output.Record) {
			outputtest.Call(r, "poll")
			r.Return()
			r.Number(2, output.Hex)
			r.BeginRemark(output.Aside)
			r.Field("in")
			r.BeginSet(false)
			r.Elem()
			r.Number(3, output.Signed)
			r.EndSet()
			r.Field("flags")
			r.Flags(2, outputtest.OpenFlags, output.Hex)
			r.EndRemark()
			r.EndCall(&output.Result{Tampered: "INJECTED"})
		}, []string{`7|||syscall|poll||0x2||in [3], flags 0x2 /* O_RDWR */, INJECTED|0.000000000`}},
		{"without colours", output.Options{Palette: output.NewPalette(output.Dark16, "")}, func(l *output.Log, r *output.Record) {
			open(r)
			r.Number(3, output.Signed)
			r.EndCall(&output.Result{})
		}, []string{`7|||syscall|openat|AT_FDCWD, "a,\"b\"\n"|3|||0.000000000`}},
		{"processor and data", output.Options{}, func(l *output.Log, r *output.Record) {
			outputtest.Call(r, "ioctl")
			r.Return()
			r.Number(0, output.Signed)
			r.BeginVCPU(0, true)
			r.BeginStruct()
			r.EndStruct()
			r.EndVCPU()
			r.Dump(output.DumpPart{Kind: output.DumpBuffer, Index: 0, Size: 1})
			r.Dump(output.DumpPart{Kind: output.DumpData, Offset: 0, Size: 1, Data: []byte("x")})
			r.EndCall(&output.Result{})
		}, []string{`7|||syscall|ioctl||0|||0.000000000`}},
		{"interleaved", output.Options{}, func(l *output.Log, r *output.Record) {
			other := outputtest.NewRecord(t, l, 8)
			outputtest.Call(r, "f")
			outputtest.Call(other, "g")
			outputtest.Finish(r, 1)
			outputtest.Finish(other, 2)
		}, []string{`7|||syscall|f||1|||0.000000000`, `8|||syscall|g||2|||0.000000000`}},
		{"without a result", output.Options{}, func(l *output.Log, r *output.Record) {
			r.BeginCall(&output.Header{Time: start, Name: "f"})
			r.Arg("a", output.NameOptional)
			r.BeginStruct()
			r.Field("b")
			r.Number(1, output.Signed)
			r.Entered()
			r.Killed(start, "SIGSEGV", true, nil)
			outputtest.Call(r, "g")
			r.Unavailable()
			outputtest.Call(r, "h")
			r.Close()
		}, []string{
			`7|||syscall|f|{b=1|||unfinished|`, `7|||killed|SIGSEGV||||core dumped|`,
			`7|||syscall|g||||unavailable|`, `7|||syscall|h||||detached|`}},
		{"only failed calls", output.Options{Statuses: output.Failed}, func(l *output.Log, r *output.Record) {
			outputtest.Call(r, "f")
			outputtest.Finish(r, 0)
			open(r)
			r.Failure(1, "EPERM", "")
			r.EndCall(&output.Result{})
		}, []string{`7|||syscall|openat|AT_FDCWD, "a,\"b\"\n"||EPERM||0.000000000`}},
		{"other events", output.Options{}, func(l *output.Log, r *output.Record) {
			r.BeginSignal(start, "SIGCHLD")
			r.BeginStruct()
			r.Field("si_signo")
			r.Symbol(17, "SIGCHLD", output.Unsigned)
			r.EndStruct()
			r.EndSignal()
			r.Stopped(start, "SIGSTOP")
			r.Personality(start, tables.I386)
			thread := outputtest.NewRecord(t, l, 8)
			outputtest.Call(thread, "execve")
			thread.Superseded(start, r, false)
			outputtest.Finish(thread, 0)
			thread.Exited(start, 3, nil)
		}, []string{
			`7|||signal|SIGCHLD|{si_signo=SIGCHLD}||||`, `7|||stop|SIGSTOP|||||`, `7|||personality|i386|||||`,
			`7|||superseded|||||thread 8|`, `8|||syscall|execve||0|||0.000000000`, `7|||exit|||3|||`}},
		{"names of commands", output.Options{}, func(l *output.Log, r *output.Record) {
			for _, comm := range []string{"sh", " a,b\"\n", "=1+1", ""} {
				r.SetComm([]byte(comm))
				r.Exited(start, 0, nil)
			}
		}, []string{`7|sh||exit|||0|||`, `7| a,b\"\n||exit|||0|||`, `7|\0751+1||exit|||0|||`, `7|||exit|||0|||`}},
		{"contexts", output.Options{Strings: output.HexAll}, func(l *output.Log, r *output.Record) {
			r.SetContext([]byte("user_t"))
			outputtest.Call(r, "f")
			r.Arg("path", output.NameOptional)
			r.Str(output.Path, []byte("a"), false)
			r.Context([]byte("file_t"), []byte("other_t"))
			r.Return()
			r.Number(3, output.Signed)
			r.Context([]byte("file_t"), nil)
			r.EndCall(&output.Result{})
			r.SetContext([]byte("@\x01"))
			r.Exited(start, 0, nil)
		}, []string{`7||user_t|syscall|f|"\x61" [file_t!!other_t]|3 [file_t]|||0.000000000`, `7||\x40\x01|exit|||0|||`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, row := range rows(t, tt.options, func(l *output.Log) { tt.write(l, outputtest.NewRecord(t, l, 7)) }) {
				got = append(got, strings.Join(row, "|"))
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
			}
		})
	}
}

// TestTitles checks that each file starts with the column names, once.
func TestTitles(t *testing.T) {
	name := filepath.Join(t.TempDir(), "trace")
	for i, tt := range []struct {
		d    output.Destination
		ends int // of tracees
		want int // rows
	}{
		{output.Destination{Name: name}, 0, 1},
		{output.Destination{Name: name, Append: true}, 2, 3},
		{output.Destination{Name: name, Append: true}, 1, 4},
		{output.Destination{Name: name}, 1, 2},
		{output.Destination{Name: name, Separate: true, Append: true}, 1, 2},
	} {
		l, err := output.OpenLog(tt.d, output.Options{Format: Format, Statuses: output.AllStatuses})
		if err != nil {
			t.Fatal(err)
		}
		for range tt.ends {
			r := outputtest.NewRecord(t, l, 7)
			r.Exited(outputtest.Start, 0, nil)
			r.Close()
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		file := name
		if tt.d.Separate {
			file += ".7"
		}
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if got := parse(t, string(b)); len(got) != tt.want {
			t.Errorf("%d: %d rows, want %d", i, len(got), tt.want)
		}
	}
}

func TestSummary(t *testing.T) {
	s := output.Summary{Sort: output.ColumnName}
	s.Count(tables.X86_64, 0, "read", time.Millisecond, 3*time.Second, false)
	s.Count(tables.X86_64, 0, "read", 0, time.Second, true)
	s.Count(tables.I386, 4, "write", 0, 0, false)
	got := outputtest.Record(t, output.Options{Format: Format}, func(l *output.Log) { l.Summary(&s) })
	want := `abi,name,calls,errors,cpu,cpu_shortest,cpu_longest,wall,wall_shortest,wall_longest
x86_64,read,2,1,0.001000000,0.000000000,0.001000000,4.000000000,1.000000000,3.000000000
i386,write,1,0,0.000000000,0.000000000,0.000000000,0.000000000,0.000000000,0.000000000
`
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// FuzzField writes fields as encoding/csv does.
func FuzzField(f *testing.F) {
	for _, s := range []string{"", "plain", "a,b", `"`, "a\nb", "\r", " a", "a ", `a"b`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, field []byte) {
		line := appendField([]byte("a,"), field, ',')
		got, err := csv.NewReader(strings.NewReader(string(line) + ",b\n")).ReadAll()
		// The reader takes \r\n for \n.
		want := strings.ReplaceAll(string(field), "\r\n", "\n")
		if err != nil || len(got) != 1 || len(got[0]) != 3 || got[0][1] != want {
			t.Errorf("%q is written as %q and read as %q, %v", field, line, got, err)
		}
		between := string(appendField(nil, field, '\t'))
		if want := strings.NewReplacer("\t", " ", "\r", " ", "\n", " ").Replace(string(field)); between != want {
			t.Errorf("between tabs %q is written as %q", field, between)
		}
	})
}

// FuzzVerbs calls verbs in any order, as a faulty decoder might, and expects one row.
func FuzzVerbs(f *testing.F) {
	f.Add([]byte("abcdefghijklmnopqrstuvwxyz"))
	f.Add([]byte{8, 10, 0, 14, 12, 1, 9, 16, 3, 17, 2, 15, 18})
	f.Fuzz(func(t *testing.T, program []byte) {
		w := newWriter(&output.Options{}, &output.Tracee{}, ',')
		w.BeginCall(&output.Header{Time: outputtest.Start, Name: "f"})
		w.Arg("a", output.NameOptional)
		for i, op := range program {
			outputtest.Verb(w, i, op)
		}
		w.EndCall(&output.Result{}, nil)
		got, err := csv.NewReader(strings.NewReader(string(w.Take()))).ReadAll()
		if err != nil || len(got) != 1 || len(got[0]) != int(numColumns) || got[0][name] != "f" {
			t.Errorf("program %v makes %q, %v", program, got, err)
		}
	})
}
