package text

import (
	"strings"
	"testing"
	"time"

	"trapline/output"
	"trapline/output/outputtest"
)

// record runs f with a Log that writes text, and returns its output.
func record(t *testing.T, o output.Options, f func(l *output.Log)) string {
	t.Helper()
	o.Format = Format
	return outputtest.Record(t, o, f)
}

func mask(e output.Encoder) {
	e.BeginNamed()
	e.BeginArray()
	e.Elem()
	e.Number(5, output.Hex)
	e.EndArray()
	e.Named(output.BeforePlain)
	e.BeginSet(false)
	e.Elem()
	e.Enum(2, outputtest.Families, output.Hex)
	e.Elem()
	e.Enum(0, outputtest.Families, output.Hex)
	e.EndSet()
	e.EndNamed()
}

func parts(e output.Encoder) {
	e.BeginNamed()
	e.Number(12, output.Hex)
	e.Named(output.WithoutPlain)
	e.Enum(2, outputtest.Families, output.Hex)
	e.Join(output.Or)
	e.Number(10, output.Hex)
	e.EndNamed()
}

func addressFields(e output.Encoder) {
	e.BeginStruct()
	e.Inet("sin_addr", []byte{1, 2, 3, 4})
	e.Inet("sin6_addr", []byte{15: 1})
	e.EndStruct()
}

func TestTextValues(t *testing.T) {
	for _, tt := range []struct {
		name    string
		options output.Options
		write   func(e output.Encoder)
		want    string
	}{
		{"hex", output.Options{}, func(e output.Encoder) { e.Number(31, output.Hex) }, "0x1f"},
		{"hex zero", output.Options{}, func(e output.Encoder) { e.Number(0, output.Hex) }, "0"},
		{"unsigned", output.Options{}, func(e output.Encoder) { e.Number(1<<64-1, output.Unsigned) }, "18446744073709551615"},
		{"signed", output.Options{}, func(e output.Encoder) { e.Number(1<<64-1, output.Signed) }, "-1"},
		{"octal", output.Options{}, func(e output.Encoder) { e.Number(0o644, output.Octal) }, "0644"},
		{"octal zero", output.Options{}, func(e output.Encoder) { e.Number(0, output.Octal) }, "000"},
		{"octal digit", output.Options{}, func(e output.Encoder) { e.Number(7, output.Octal) }, "007"},
		{"octal two digits", output.Options{}, func(e output.Encoder) { e.Number(0o22, output.Octal) }, "022"},
		{"address", output.Options{}, func(e output.Encoder) { e.Addr(0x7ffc0000beef) }, "0x7ffc0000beef"},
		{"null", output.Options{}, func(e output.Encoder) { e.Addr(0) }, "NULL"},

		{"enum", output.Options{}, func(e output.Encoder) { e.Enum(2, outputtest.Families, output.Hex) }, "AF_INET"},
		{"enum raw", output.Options{Names: output.Raw}, func(e output.Encoder) { e.Enum(2, outputtest.Families, output.Hex) }, "0x2"},
		{"enum verbose", output.Options{Names: output.Verbose}, func(e output.Encoder) { e.Enum(2, outputtest.Families, output.Unsigned) }, "2 /* AF_INET */"},
		{"enum unknown", output.Options{}, func(e output.Encoder) { e.Enum(0xff, outputtest.Families, output.Hex) }, "0xff /* AF_??? */"},
		{"enum unknown raw", output.Options{Names: output.Raw}, func(e output.Encoder) { e.Enum(0xff, outputtest.Families, output.Hex) }, "0xff"},
		{"enum unknown verbose", output.Options{Names: output.Verbose}, func(e output.Encoder) { e.Enum(0xff, outputtest.Families, output.Hex) }, "0xff /* AF_??? */"},

		{"flags", output.Options{}, func(e output.Encoder) { e.Flags(0x80042, outputtest.OpenFlags, output.Hex) }, "O_RDWR|O_CREAT|O_CLOEXEC"},
		{"flags zero of an enumeration", output.Options{}, func(e output.Encoder) { e.Flags(0, outputtest.OpenFlags, output.Hex) }, "O_RDONLY"},
		{"flags rest", output.Options{}, func(e output.Encoder) { e.Flags(0x900000, outputtest.OpenFlags, output.Hex) }, "O_RDONLY|0x900000"},
		{"flags zero", output.Options{}, func(e output.Encoder) { e.Flags(0, outputtest.Protections, output.Hex) }, "PROT_NONE"},
		{"flags unknown", output.Options{}, func(e output.Encoder) { e.Flags(0xf0, outputtest.Protections, output.Hex) }, "0xf0 /* PROT_??? */"},
		{"flags without names, zero", output.Options{}, func(e output.Encoder) { e.Flags(0, outputtest.NoNames, output.Hex) }, "0"},
		{"flags raw", output.Options{Names: output.Raw}, func(e output.Encoder) { e.Flags(0x80042, outputtest.OpenFlags, output.Hex) }, "0x80042"},
		{"flags verbose", output.Options{Names: output.Verbose}, func(e output.Encoder) { e.Flags(3, outputtest.Protections, output.Hex) }, "0x3 /* PROT_READ|PROT_WRITE */"},
		{"flags verbose rest", output.Options{Names: output.Verbose}, func(e output.Encoder) { e.Flags(0x13, outputtest.Protections, output.Hex) }, "0x13 /* PROT_READ|PROT_WRITE|0x10 */"},
		{"flags verbose zero", output.Options{Names: output.Verbose}, func(e output.Encoder) { e.Flags(0, outputtest.Protections, output.Hex) }, "0 /* PROT_NONE */"},
		{"flags verbose unknown", output.Options{Names: output.Verbose}, func(e output.Encoder) { e.Flags(0xf0, outputtest.Protections, output.Hex) }, "0xf0 /* PROT_??? */"},
		{"file mode", output.Options{}, func(e output.Encoder) { e.Flags(0o104755, outputtest.FileModes, output.Octal) }, "S_IFREG|S_ISUID|0755"},
		{"flags and another", output.Options{}, func(e output.Encoder) {
			e.Flags(1, outputtest.Protections, output.Hex)
			e.Join(output.Or)
			e.Symbol(17, "SIGCHLD", output.Unsigned)
		}, "PROT_READ|SIGCHLD"},

		{"unknown in a symbolic form, verbose", output.Options{Names: output.Verbose}, func(e output.Encoder) {
			e.BeginNamed()
			e.Number(0xff, output.Hex)
			e.Named(output.InComment)
			e.Enum(0xf, outputtest.Families, output.Hex)
			e.Join(output.Or)
			e.Enum(2, outputtest.Families, output.Hex)
			e.Comment(output.Note, "remark")
			e.EndNamed()
		}, "0xff /* 0xf /* AF_??? */|AF_INET */"},
		{"parts", output.Options{}, parts, "AF_INET|0xa"},
		{"parts, raw", output.Options{Names: output.Raw}, parts, "0xc"},
		{"parts, verbose", output.Options{Names: output.Verbose}, parts, "0x2 /* AF_INET */|0xa"},
		{"symbolic form first", output.Options{}, mask, "[AF_INET AF_UNSPEC]"},
		{"symbolic form first, raw", output.Options{Names: output.Raw}, mask, "[0x5]"},
		{"symbolic form first, verbose", output.Options{Names: output.Verbose}, mask, "[0x2 /* AF_INET */ 0 /* AF_UNSPEC */] /* [0x5] */"},
		{"symbolic form with numbers, verbose", output.Options{Names: output.Verbose}, func(e output.Encoder) {
			e.BeginNamed()
			e.Number(7, output.Unsigned)
			e.Named(output.NumbersInComment)
			e.Enum(2, outputtest.Families, output.Hex)
			e.EndNamed()
		}, "7 /* 0x2 /* AF_INET */ */"},
		{"symbol", output.Options{}, func(e output.Encoder) { e.Symbol(17, "SIGCHLD", output.Unsigned) }, "SIGCHLD"},
		{"symbol raw", output.Options{Names: output.Raw}, func(e output.Encoder) { e.Symbol(17, "SIGCHLD", output.Unsigned) }, "17"},
		{"symbol verbose", output.Options{Names: output.Verbose}, func(e output.Encoder) { e.Symbol(17, "SIGCHLD", output.Unsigned) }, "17 /* SIGCHLD */"},

		{"string", output.Options{}, func(e output.Encoder) { e.Str(output.Plain, []byte("hello\n"), false) }, `"hello\n"`},
		{"string cut", output.Options{}, func(e output.Encoder) { e.Str(output.Plain, []byte("hel"), true); e.Size(99) }, `"hel"...`},
		{"path", output.Options{}, func(e output.Encoder) { e.Str(output.Path, []byte("/tmp"), false) }, `"/tmp"`},
		{"text", output.Options{}, func(e output.Encoder) { e.Text("00:11:22"); e.Text(":33") }, "00:11:22:33"},

		{"hostile text", output.Options{}, func(e output.Encoder) {
			e.Text("a\x1b[2J\\\"")
			e.Comment(output.Note, "\n\xff")
			e.Annotate("socket", []byte("\x9b>"))
		}, `a\033[2J\" /* \012\377 */<\233>>`},
		{"descriptor", output.Options{}, func(e output.Encoder) { e.Number(3, output.Signed); e.Annotate("path", []byte("/a<b>\"c\n")) }, `3</a\74b\76\"c\n>`},
		{"descriptor of a deleted file", output.Options{}, func(e output.Encoder) {
			e.Number(3, output.Signed)
			e.Annotate("path", []byte("/tmp/x"))
			e.Annotate("deleted", nil)
		}, `3</tmp/x>(deleted)`},
		{"descriptor of a device", output.Options{}, func(e output.Encoder) {
			e.Number(3, output.Signed)
			e.Annotate("path", []byte("/dev/null"))
			e.Annotate("dev", []byte("char 1:3"))
		}, `3</dev/null<char 1:3>>`},
		{"descriptor of a socket", output.Options{}, func(e output.Encoder) {
			e.Number(3, output.Signed)
			e.Annotate("socket", []byte("TCP:[127.0.0.1:80->127.0.0.1:1234]"))
		}, `3<TCP:[127.0.0.1:80->127.0.0.1:1234]>`},
		{"value with its NUL", output.Options{}, func(e output.Encoder) { e.Str(output.Terminated, []byte("on\x00"), true) }, `"on"`},
		{"value without", output.Options{}, func(e output.Encoder) { e.Str(output.Terminated, []byte("on"), true) }, `"on"...`},
		{"value in hex", output.Options{Strings: output.HexAll}, func(e output.Encoder) { e.Str(output.Terminated, []byte("on\x00"), true) }, `"\x6f\x6e\x00"...`},
		{"value of text", output.Options{Strings: output.HexNonASCII}, func(e output.Encoder) { e.Str(output.Terminated, []byte("on\x00"), false) }, `"on"`},
		{"value of no text", output.Options{Strings: output.HexNonASCII}, func(e output.Encoder) { e.Str(output.Terminated, []byte("\x01\x00"), false) }, `"\x01\x00"`},
		{"bytes of a struct", output.Options{}, func(e output.Encoder) {
			e.Offset(24, 26)
			e.Str(output.Binary, []byte("\x00P"), false)
		}, `/* bytes 24..25 */ "\x00\x50"`},
		{"bytes", output.Options{}, func(e output.Encoder) { e.Str(output.Binary, []byte("\x00P"), true) }, `"\x00\x50"...`},
		{"device", output.Options{}, outputtest.Device, "makedev(0x8, 0x1)"},
		{"device raw", output.Options{Names: output.Raw}, outputtest.Device, "0x801"},
		{"device verbose", output.Options{Names: output.Verbose}, outputtest.Device, "0x801 /* makedev(0x8, 0x1) */"},
		{"port", output.Options{}, outputtest.Port, "htons(80)"},
		{"port raw", output.Options{Names: output.Raw}, outputtest.Port, `"\x00\x50"`},
		{"port verbose", output.Options{Names: output.Verbose}, outputtest.Port, `"\x00\x50" /* htons(80) */`},
		{"IPv4", output.Options{}, func(e output.Encoder) { e.Inet("", []byte{127, 0, 0, 1}) }, `inet_addr("127.0.0.1")`},
		{"IPv6", output.Options{}, func(e output.Encoder) { e.Inet("", make([]byte, 16)) }, `inet_pton(AF_INET6, "::")`},
		{"IPv4-compatible", output.Options{}, func(e output.Encoder) { e.Inet("", []byte{12: 1, 2, 3, 4}) }, `inet_pton(AF_INET6, "::1.2.3.4")`},
		{"IPv4-mapped", output.Options{}, func(e output.Encoder) { e.Inet("", []byte{10: 255, 255, 1, 2, 3, 4}) }, `inet_pton(AF_INET6, "::ffff:1.2.3.4")`},
		{"loopback", output.Options{}, func(e output.Encoder) { e.Inet("", []byte{15: 1}) }, `inet_pton(AF_INET6, "::1")`},
		{"address fields", output.Options{}, addressFields, `{sin_addr=inet_addr("1.2.3.4"), inet_pton(AF_INET6, "::1", &sin6_addr)}`},
		{"address fields raw", output.Options{Names: output.Raw}, addressFields,
			`{sin_addr="\x01\x02\x03\x04", sin6_addr="` + strings.Repeat(`\x00`, 15) + `\x01"}`},
		{"address fields verbose", output.Options{Names: output.Verbose}, addressFields,
			`{sin_addr="\x01\x02\x03\x04" /* inet_addr("1.2.3.4") */, sin6_addr="` + strings.Repeat(`\x00`, 15) +
				`\x01" /* inet_pton(AF_INET6, "::1") */}`},
		{"abstract", output.Options{}, func(e output.Encoder) { e.Str(output.Abstract, []byte("x\x00"), false) }, `@"x\0"`},
		{"sum", output.Options{}, func(e output.Encoder) {
			e.Symbol(4096, "SKF_AD_OFF", output.Hex)
			e.Join(output.Plus)
			e.Number(4, output.Unsigned)
		}, "SKF_AD_OFF+4"},
		{"comment", output.Options{}, func(e output.Encoder) { e.Addr(16); e.Comment(output.Note, "22 vars"); e.Comment(output.Note, "b") }, "0x10 /* 22 vars */ /* b */"},
		{"no comment", output.Options{}, func(e output.Encoder) { e.Addr(16); e.Comment(output.Note, "") }, "0x10"},

		{"struct", output.Options{}, func(e output.Encoder) {
			e.BeginStruct()
			e.Field("tv_sec")
			e.Number(1, output.Signed)
			e.Field("")
			e.Number(2, output.Signed)
			e.More()
			e.EndStruct()
		}, "{tv_sec=1, 2, ...}"},
		{"array", output.Options{}, func(e output.Encoder) {
			e.BeginArray()
			e.Elem()
			e.Number(1, output.Signed)
			e.Elem()
			e.Number(2, output.Signed)
			e.More()
			e.EndArray()
		}, "[1, 2, ...]"},
		{"empty", output.Options{}, func(e output.Encoder) { e.BeginArray(); e.EndArray() }, "[]"},
		{"array with subscripts", output.Options{}, func(e output.Encoder) {
			e.BeginArray()
			e.Elem()
			e.Index(2, outputtest.Families, output.Hex)
			e.Number(1, output.Signed)
			e.Elem()
			e.Index(7, nil, output.Unsigned)
			e.Number(2, output.Signed)
			e.EndArray()
		}, "[[AF_INET]=1, [7]=2]"},
		{"set", output.Options{}, func(e output.Encoder) {
			e.BeginSet(true)
			e.Elem()
			e.Text("KILL")
			e.Elem()
			e.Text("STOP")
			e.EndSet()
		}, "~[KILL STOP]"},
		{"macro", output.Options{}, func(e output.Encoder) {
			e.BeginMacro("makedev")
			e.Elem()
			e.Number(8, output.Hex)
			e.Elem()
			e.Number(1, output.Hex)
			e.EndMacro()
		}, "makedev(0x8, 0x1)"},
		{"nested, changed", output.Options{}, func(e output.Encoder) {
			e.BeginArray()
			e.Elem()
			e.BeginStruct()
			e.Field("fd")
			e.Number(3, output.Signed)
			e.EndStruct()
			e.Elem()
			e.BeginStruct()
			e.EndStruct()
			e.EndArray()
			e.Changed()
			e.BeginArray()
			e.EndArray()
		}, "[{fd=3}, {}] => []"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.options.Statuses = output.AllStatuses
			got := record(t, tt.options, func(l *output.Log) {
				tr := outputtest.NewRecord(t, l, 1)
				tr.BeginCall(&output.Header{Name: "f"})
				tr.Arg("a", output.NameOptional)
				tt.write(tr)
				tr.Arg("b", output.NameOptional)
				tr.Number(0, output.Signed)
				tr.Return()
				tr.Number(0, output.Signed)
				tr.EndCall(&output.Result{})
			})
			if want := "f(" + tt.want + ", 0) = 0\n"; got != want {
				t.Errorf("got  %swant %s", got, want)
			}
		})
	}
}

func TestTextResults(t *testing.T) {
	for _, tt := range []struct {
		want  string
		write func(e *output.Record)
	}{
		{"= 0", func(e *output.Record) { e.Number(0, output.Signed) }},
		{"= 0x7f0000001000", func(e *output.Record) { e.Number(0x7f0000001000, output.Hex) }},
		{"= 022", func(e *output.Record) { e.Number(0o22, output.Octal) }},
		{"= 3</etc/passwd>", func(e *output.Record) { e.Number(3, output.Signed); e.Annotate("path", []byte("/etc/passwd")) }},
		{"= ?", func(e *output.Record) { e.Unknown() }},
		{"= -1 ENOENT (No such file or directory)", func(e *output.Record) {
			e.Number(1<<64-1, output.Signed)
			e.Failure(2, "ENOENT", "No such file or directory")
		}},
		{"= -1 (errno 1234)", func(e *output.Record) { e.Number(1<<64-1, output.Signed); e.Failure(1234, "", "") }},
		{"= ? ERESTARTSYS (To be restarted if SA_RESTART is set)", func(e *output.Record) {
			e.Unknown()
			e.Failure(512, "ERESTARTSYS", "To be restarted if SA_RESTART is set")
		}},
		{"= 0 (Timeout)", func(e *output.Record) {
			e.Number(0, output.Signed)
			e.BeginRemark(output.Aside)
			e.Text("Timeout")
			e.EndRemark()
		}},
		{"= 0x2 (flags O_RDWR)", func(e *output.Record) {
			e.Number(2, output.Hex)
			e.BeginRemark(output.Aside)
			e.Field("flags")
			e.Flags(2, outputtest.OpenFlags, output.Hex)
			e.EndRemark()
		}},
		{"= 2 (in [3], left {tv_sec=1, tv_usec=0})", func(e *output.Record) {
			e.Number(2, output.Signed)
			e.BeginRemark(output.Aside)
			e.Field("in")
			e.BeginSet(false)
			e.Elem()
			e.Number(3, output.Signed)
			e.EndSet()
			e.Field("left")
			e.BeginStruct()
			e.Field("tv_sec")
			e.Number(1, output.Signed)
			e.Field("tv_usec")
			e.Number(0, output.Signed)
			e.EndStruct()
			e.EndRemark()
		}},
	} {
		got := record(t, output.Options{Column: 10, Durations: true, DurDigits: output.Microseconds, Statuses: output.AllStatuses}, func(l *output.Log) {
			tr := outputtest.NewRecord(t, l, 1)
			tr.BeginCall(&output.Header{Name: "f"})
			tr.Return()
			tt.write(tr)
			tr.EndCall(&output.Result{Duration: 1234567890})
		})
		if want := "f()       " + tt.want + " <1.234567>\n"; got != want {
			t.Errorf("got  %swant %s", got, want)
		}
	}
}

// TestTextRemarkStyle checks that a remark with the name of the result has no
// number.
func TestTextRemarkStyle(t *testing.T) {
	for _, tt := range []struct{ field, want string }{
		{"", "f() = 0x3 (PROT_READ|PROT_WRITE)\n"},
		{"flags", "f() = 0x3 (flags 0x3 /* PROT_READ|PROT_WRITE */)\n"},
	} {
		got := record(t, output.Options{Names: output.Verbose, Statuses: output.AllStatuses}, func(l *output.Log) {
			tr := outputtest.NewRecord(t, l, 1)
			tr.BeginCall(&output.Header{Name: "f"})
			tr.Return()
			tr.Number(3, output.Hex)
			tr.BeginRemark(output.Aside)
			tr.Field(tt.field)
			tr.Flags(3, outputtest.Protections, output.Hex)
			tr.EndRemark()
			tr.EndCall(&output.Result{})
		})
		if got != tt.want {
			t.Errorf("got  %swant %s", got, tt.want)
		}
	}
}

func TestTextPrefix(t *testing.T) {
	for _, tt := range []struct {
		name    string
		options output.Options
		want    []string // the call's line, its resumption, a signal and the exit
	}{
		{"none", output.Options{}, []string{"", "", "", ""}},
		{"pid column", output.Options{PID: output.PIDColumn}, []string{"12    ", "12    ", "12    ", "12    "}},
		{"many", output.Options{PID: output.PIDMany}, []string{"[pid    12] ", "[pid    12] ", "[pid    12] ", "[pid    12] "}},
		{"seconds", output.Options{Clock: output.ClockTime}, []string{"05:06:07 ", "05:06:08 ", "05:06:09 ", "05:06:10 "}},
		{"microseconds", output.Options{Clock: output.ClockTime, ClockDigits: output.Microseconds},
			[]string{"05:06:07.123456 ", "05:06:08.123456 ", "05:06:09.123456 ", "05:06:10.123456 "}},
		{"nanoseconds", output.Options{Clock: output.ClockTime, ClockDigits: output.Nanoseconds},
			[]string{"05:06:07.123456789 ", "05:06:08.123456789 ", "05:06:09.123456789 ", "05:06:10.123456789 "}},
		{"relative", output.Options{Relative: true, RelDigits: output.Microseconds},
			[]string{"     0.000000 ", "     1.000000 ", "     1.000000 ", "     1.000000 "}},
		{"relative and absolute", output.Options{Clock: output.ClockTime, Relative: true, RelDigits: output.Milliseconds},
			[]string{"05:06:07 (+     0.000) ", "05:06:08 (+     1.000) ", "05:06:09 (+     1.000) ", "05:06:10 (+     1.000) "}},
		{"number", output.Options{Number: true}, []string{"[  57] ", "[  57] ", "[  57] ", "[  57] "}},
		{"instruction pointer", output.Options{IP: true},
			[]string{"[00007f0012345678] ", "[00007f001234567a] ", "[0000000000000001] ", "[????????????????] "}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.options.Statuses = output.AllStatuses
			tt.options.Column = 40
			got := record(t, tt.options, func(l *output.Log) {
				tr := outputtest.NewRecord(t, l, 12)
				l.Record(13)
				tr.BeginCall(&output.Header{Time: outputtest.Start, Name: "fork", NR: 57, IP: 0x7f0012345678})
				tr.Entered()
				l.Summary(&output.Summary{}) // interrupts the line
				tr.SetIP(0x7f001234567a)
				tr.Resume(outputtest.Start.Add(time.Second))
				tr.Return()
				tr.Number(13, output.Signed)
				tr.EndCall(&output.Result{})
				tr.SetIP(1)
				tr.Stopped(outputtest.Start.Add(2*time.Second), "SIGSTOP")
				tr.Exited(outputtest.Start.Add(3*time.Second), 1, nil)
				tr.Close()
			})
			resumed := tt.want[1] + "<... fork resumed>) "
			resumed += strings.Repeat(" ", max(0, 40-len(resumed)))
			want := tt.want[0] + "fork( <unfinished ...>\n" +
				resumed + "= 13\n" +
				tt.want[2] + "--- stopped by SIGSTOP ---\n" +
				tt.want[3] + "+++ exited with 1 +++\n"
			if got != want {
				t.Errorf("got\n%swant\n%s", got, want)
			}
		})
	}
}

// A call that a tracer or a filter has cancelled has no number with -n.
func TestNoNumber(t *testing.T) {
	got := record(t, output.Options{Number: true, Statuses: output.AllStatuses}, func(l *output.Log) {
		r := outputtest.NewRecord(t, l, 7)
		r.SetNumber(noNumber)
		r.Exited(outputtest.Start, 0, nil)
		r.SetNumber(noNumber - 1)
		r.Exited(outputtest.Start, 0, nil)
	})
	want := "[???] +++ exited with 0 +++\n[18446744073709551614] +++ exited with 0 +++\n"
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// With -a lines are padded up to a column that a terminal can have.
func TestWidestColumn(t *testing.T) {
	for column, want := range map[int]int{0: 6, 100: 100, widest: widest, 1<<31 - 1: widest} {
		got := record(t, output.Options{Column: column, Statuses: output.AllStatuses}, func(l *output.Log) {
			tr := outputtest.NewRecord(t, l, 12)
			tr.BeginCall(&output.Header{Time: outputtest.Start, Name: "fork"})
			tr.Return()
			tr.Number(13, output.Signed)
			tr.EndCall(&output.Result{})
			tr.Close()
		})
		if at := strings.Index(got, "= 13\n"); at != max(want, len("fork() ")) {
			t.Errorf("-a %d: the result is in column %d", column, at)
		}
	}
}
