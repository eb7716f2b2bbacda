package output

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"trapline/tables"
)

// start is the time of the first record in these tests.
var start = time.Date(2026, 3, 4, 5, 6, 7, 123456789, time.Local)

var (
	families = &tables.Set{
		Consts:  []tables.Const{{Value: 0, Name: "AF_UNSPEC"}, {Value: 2, Name: "AF_INET"}},
		Unknown: "AF_???",
	}
	openFlags = &tables.Set{
		Consts: []tables.Const{
			{Value: 0, Mask: 3, Name: "O_RDONLY"},
			{Value: 1, Mask: 3, Name: "O_WRONLY"},
			{Value: 2, Mask: 3, Name: "O_RDWR"},
			{Value: 0x40, Name: "O_CREAT"},
			{Value: 0x80000, Name: "O_CLOEXEC"},
		},
		Unknown: "O_???",
	}
	protections = &tables.Set{
		Consts:  []tables.Const{{Value: 0, Name: "PROT_NONE"}, {Value: 1, Name: "PROT_READ"}, {Value: 2, Name: "PROT_WRITE"}},
		Unknown: "PROT_???",
	}
	fileModes = &tables.Set{
		Consts: []tables.Const{{Value: 0o100000, Mask: 0o170000, Name: "S_IFREG"}, {Value: 0o4000, Name: "S_ISUID"}},
	}
	noNames = &tables.Set{Unknown: "X_???"}
)

// record runs f with a Log that writes a file, and gives back what it wrote.
func record(t *testing.T, o Options, f func(l *Log)) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "trace")
	l, err := OpenLog(Destination{Name: name}, o)
	if err != nil {
		t.Fatal(err)
	}
	f(l)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func newTrace(t *testing.T, l *Log, pid int) Trace {
	t.Helper()
	tr, err := l.Trace(pid)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

func device(e Encoder) {
	e.BeginNamed()
	e.Number(0x801, Hex)
	e.Named()
	e.BeginMacro("makedev")
	e.Elem()
	e.Number(8, Hex)
	e.Elem()
	e.Number(1, Hex)
	e.EndMacro()
	e.EndNamed()
}

func mask(e Encoder) {
	e.BeginNamed()
	e.BeginArray()
	e.Elem()
	e.Number(5, Hex)
	e.EndArray()
	e.NamedFirst()
	e.BeginSet(false)
	e.Elem()
	e.Enum(2, families, Hex)
	e.Elem()
	e.Enum(0, families, Hex)
	e.EndSet()
	e.EndNamed()
}

func parts(e Encoder) {
	e.BeginNamed()
	e.Number(12, Hex)
	e.NamedAlone()
	e.Enum(2, families, Hex)
	e.Or()
	e.Number(10, Hex)
	e.EndNamed()
}

func port(e Encoder) {
	e.BeginNative([]byte{0, 80})
	e.BeginMacro("htons")
	e.Elem()
	e.Number(80, Unsigned)
	e.EndMacro()
	e.EndNative()
}

func addressFields(e Encoder) {
	e.BeginStruct()
	e.FieldInet("sin_addr", []byte{1, 2, 3, 4})
	e.FieldInet("sin6_addr", []byte{15: 1})
	e.EndStruct()
}

func TestTextValues(t *testing.T) {
	for _, tt := range []struct {
		name    string
		options Options
		write   func(e Encoder)
		want    string
	}{
		{"hex", Options{}, func(e Encoder) { e.Number(31, Hex) }, "0x1f"},
		{"hex zero", Options{}, func(e Encoder) { e.Number(0, Hex) }, "0"},
		{"unsigned", Options{}, func(e Encoder) { e.Number(1<<64-1, Unsigned) }, "18446744073709551615"},
		{"signed", Options{}, func(e Encoder) { e.Number(1<<64-1, Signed) }, "-1"},
		{"octal", Options{}, func(e Encoder) { e.Number(0o644, Octal) }, "0644"},
		{"octal zero", Options{}, func(e Encoder) { e.Number(0, Octal) }, "000"},
		{"octal digit", Options{}, func(e Encoder) { e.Number(7, Octal) }, "007"},
		{"octal two digits", Options{}, func(e Encoder) { e.Number(0o22, Octal) }, "022"},
		{"address", Options{}, func(e Encoder) { e.Addr(0x7ffc0000beef) }, "0x7ffc0000beef"},
		{"null", Options{}, func(e Encoder) { e.Addr(0) }, "NULL"},

		{"enum", Options{}, func(e Encoder) { e.Enum(2, families, Hex) }, "AF_INET"},
		{"enum raw", Options{Names: Raw}, func(e Encoder) { e.Enum(2, families, Hex) }, "0x2"},
		{"enum verbose", Options{Names: Verbose}, func(e Encoder) { e.Enum(2, families, Unsigned) }, "2 /* AF_INET */"},
		{"enum unknown", Options{}, func(e Encoder) { e.Enum(0xff, families, Hex) }, "0xff /* AF_??? */"},
		{"enum unknown raw", Options{Names: Raw}, func(e Encoder) { e.Enum(0xff, families, Hex) }, "0xff"},
		{"enum unknown verbose", Options{Names: Verbose}, func(e Encoder) { e.Enum(0xff, families, Hex) }, "0xff /* AF_??? */"},

		{"flags", Options{}, func(e Encoder) { e.Flags(0x80042, openFlags, Hex) }, "O_RDWR|O_CREAT|O_CLOEXEC"},
		{"flags zero of an enumeration", Options{}, func(e Encoder) { e.Flags(0, openFlags, Hex) }, "O_RDONLY"},
		{"flags rest", Options{}, func(e Encoder) { e.Flags(0x900000, openFlags, Hex) }, "O_RDONLY|0x900000"},
		{"flags zero", Options{}, func(e Encoder) { e.Flags(0, protections, Hex) }, "PROT_NONE"},
		{"flags unknown", Options{}, func(e Encoder) { e.Flags(0xf0, protections, Hex) }, "0xf0 /* PROT_??? */"},
		{"flags without names, zero", Options{}, func(e Encoder) { e.Flags(0, noNames, Hex) }, "0"},
		{"flags raw", Options{Names: Raw}, func(e Encoder) { e.Flags(0x80042, openFlags, Hex) }, "0x80042"},
		{"flags verbose", Options{Names: Verbose}, func(e Encoder) { e.Flags(3, protections, Hex) }, "0x3 /* PROT_READ|PROT_WRITE */"},
		{"flags verbose rest", Options{Names: Verbose}, func(e Encoder) { e.Flags(0x13, protections, Hex) }, "0x13 /* PROT_READ|PROT_WRITE|0x10 */"},
		{"flags verbose zero", Options{Names: Verbose}, func(e Encoder) { e.Flags(0, protections, Hex) }, "0 /* PROT_NONE */"},
		{"flags verbose unknown", Options{Names: Verbose}, func(e Encoder) { e.Flags(0xf0, protections, Hex) }, "0xf0 /* PROT_??? */"},
		{"file mode", Options{}, func(e Encoder) { e.Flags(0o104755, fileModes, Octal) }, "S_IFREG|S_ISUID|0755"},
		{"flags and another", Options{}, func(e Encoder) { e.Flags(1, protections, Hex); e.Or(); e.Symbol(17, "SIGCHLD", Unsigned) }, "PROT_READ|SIGCHLD"},

		{"unknown in a symbolic form, verbose", Options{Names: Verbose}, func(e Encoder) {
			e.BeginNamed()
			e.Number(0xff, Hex)
			e.Named()
			e.Enum(0xf, families, Hex)
			e.Or()
			e.Enum(2, families, Hex)
			e.Comment("remark")
			e.EndNamed()
		}, "0xff /* 0xf /* AF_??? */|AF_INET */"},
		{"parts", Options{}, parts, "AF_INET|0xa"},
		{"parts, raw", Options{Names: Raw}, parts, "0xc"},
		{"parts, verbose", Options{Names: Verbose}, parts, "0x2 /* AF_INET */|0xa"},
		{"symbolic form first", Options{}, mask, "[AF_INET AF_UNSPEC]"},
		{"symbolic form first, raw", Options{Names: Raw}, mask, "[0x5]"},
		{"symbolic form first, verbose", Options{Names: Verbose}, mask, "[0x2 /* AF_INET */ 0 /* AF_UNSPEC */] /* [0x5] */"},
		{"symbolic form with numbers, verbose", Options{Names: Verbose}, func(e Encoder) {
			e.BeginNamed()
			e.Number(7, Unsigned)
			e.NamedNumbers()
			e.Enum(2, families, Hex)
			e.EndNamed()
		}, "7 /* 0x2 /* AF_INET */ */"},
		{"symbol", Options{}, func(e Encoder) { e.Symbol(17, "SIGCHLD", Unsigned) }, "SIGCHLD"},
		{"symbol raw", Options{Names: Raw}, func(e Encoder) { e.Symbol(17, "SIGCHLD", Unsigned) }, "17"},
		{"symbol verbose", Options{Names: Verbose}, func(e Encoder) { e.Symbol(17, "SIGCHLD", Unsigned) }, "17 /* SIGCHLD */"},

		{"string", Options{}, func(e Encoder) { e.Str([]byte("hello\n"), false) }, `"hello\n"`},
		{"string cut", Options{}, func(e Encoder) { e.Str([]byte("hel"), true); e.Size(99) }, `"hel"...`},
		{"path", Options{}, func(e Encoder) { e.Path([]byte("/tmp"), false) }, `"/tmp"`},
		{"text", Options{}, func(e Encoder) { e.Text("00:11:22"); e.TextBytes([]byte(":33")) }, "00:11:22:33"},

		{"hostile text", Options{}, func(e Encoder) {
			e.TextBytes([]byte("a\x1b[2J\\\""))
			e.CommentBytes([]byte("\n\xff"))
			e.Annotate("socket", []byte("\x9b>"))
		}, `a\033[2J\" /* \012\377 */<\233>>`},
		{"descriptor", Options{}, func(e Encoder) { e.Number(3, Signed); e.Annotate("path", []byte("/a<b>\"c\n")) }, `3</a\74b\76\"c\n>`},
		{"descriptor of a deleted file", Options{}, func(e Encoder) {
			e.Number(3, Signed)
			e.Annotate("path", []byte("/tmp/x"))
			e.Annotate("deleted", nil)
		}, `3</tmp/x>(deleted)`},
		{"descriptor of a device", Options{}, func(e Encoder) {
			e.Number(3, Signed)
			e.Annotate("path", []byte("/dev/null"))
			e.Annotate("dev", []byte("char 1:3"))
		}, `3</dev/null<char 1:3>>`},
		{"descriptor of a socket", Options{}, func(e Encoder) {
			e.Number(3, Signed)
			e.Annotate("socket", []byte("TCP:[127.0.0.1:80->127.0.0.1:1234]"))
		}, `3<TCP:[127.0.0.1:80->127.0.0.1:1234]>`},
		{"value with its NUL", Options{}, func(e Encoder) { e.Value([]byte("on\x00"), true) }, `"on"`},
		{"value without", Options{}, func(e Encoder) { e.Value([]byte("on"), true) }, `"on"...`},
		{"value in hex", Options{Strings: HexAll}, func(e Encoder) { e.Value([]byte("on\x00"), true) }, `"\x6f\x6e\x00"...`},
		{"value of text", Options{Strings: HexNonASCII}, func(e Encoder) { e.Value([]byte("on\x00"), false) }, `"on"`},
		{"value of no text", Options{Strings: HexNonASCII}, func(e Encoder) { e.Value([]byte("\x01\x00"), false) }, `"\x01\x00"`},
		{"bytes of a struct", Options{}, func(e Encoder) { e.BytesAt(24, 26, []byte("\x00P"), false) }, `/* bytes 24..25 */ "\x00\x50"`},
		{"bytes", Options{}, func(e Encoder) { e.Bytes([]byte("\x00P"), true) }, `"\x00\x50"...`},
		{"device", Options{}, device, "makedev(0x8, 0x1)"},
		{"device raw", Options{Names: Raw}, device, "0x801"},
		{"device verbose", Options{Names: Verbose}, device, "0x801 /* makedev(0x8, 0x1) */"},
		{"port", Options{}, port, "htons(80)"},
		{"port raw", Options{Names: Raw}, port, `"\x00\x50"`},
		{"port verbose", Options{Names: Verbose}, port, `"\x00\x50" /* htons(80) */`},
		{"IPv4", Options{}, func(e Encoder) { e.Inet([]byte{127, 0, 0, 1}) }, `inet_addr("127.0.0.1")`},
		{"IPv6", Options{}, func(e Encoder) { e.Inet(make([]byte, 16)) }, `inet_pton(AF_INET6, "::")`},
		{"IPv4-compatible", Options{}, func(e Encoder) { e.Inet([]byte{12: 1, 2, 3, 4}) }, `inet_pton(AF_INET6, "::1.2.3.4")`},
		{"IPv4-mapped", Options{}, func(e Encoder) { e.Inet([]byte{10: 255, 255, 1, 2, 3, 4}) }, `inet_pton(AF_INET6, "::ffff:1.2.3.4")`},
		{"loopback", Options{}, func(e Encoder) { e.Inet([]byte{15: 1}) }, `inet_pton(AF_INET6, "::1")`},
		{"address fields", Options{}, addressFields, `{sin_addr=inet_addr("1.2.3.4"), inet_pton(AF_INET6, "::1", &sin6_addr)}`},
		{"address fields raw", Options{Names: Raw}, addressFields,
			`{sin_addr="\x01\x02\x03\x04", sin6_addr="` + strings.Repeat(`\x00`, 15) + `\x01"}`},
		{"address fields verbose", Options{Names: Verbose}, addressFields,
			`{sin_addr="\x01\x02\x03\x04" /* inet_addr("1.2.3.4") */, sin6_addr="` + strings.Repeat(`\x00`, 15) +
				`\x01" /* inet_pton(AF_INET6, "::1") */}`},
		{"abstract", Options{}, func(e Encoder) { e.Abstract([]byte("x\x00"), false) }, `@"x\0"`},
		{"sum", Options{}, func(e Encoder) { e.Symbol(4096, "SKF_AD_OFF", Hex); e.Plus(); e.Number(4, Unsigned) }, "SKF_AD_OFF+4"},
		{"comment", Options{}, func(e Encoder) { e.Addr(16); e.Comment("22 vars"); e.CommentBytes([]byte("b")) }, "0x10 /* 22 vars */ /* b */"},
		{"no comment", Options{}, func(e Encoder) { e.Addr(16); e.Comment("") }, "0x10"},

		{"struct", Options{}, func(e Encoder) {
			e.BeginStruct()
			e.Field("tv_sec")
			e.Number(1, Signed)
			e.Field("")
			e.Number(2, Signed)
			e.More()
			e.EndStruct()
		}, "{tv_sec=1, 2, ...}"},
		{"array", Options{}, func(e Encoder) {
			e.BeginArray()
			e.Elem()
			e.Number(1, Signed)
			e.Elem()
			e.Number(2, Signed)
			e.More()
			e.EndArray()
		}, "[1, 2, ...]"},
		{"empty", Options{}, func(e Encoder) { e.BeginArray(); e.EndArray() }, "[]"},
		{"array with subscripts", Options{}, func(e Encoder) {
			e.BeginArray()
			e.Elem()
			e.Index(2, families, Hex)
			e.Number(1, Signed)
			e.Elem()
			e.Index(7, nil, Unsigned)
			e.Number(2, Signed)
			e.EndArray()
		}, "[[AF_INET]=1, [7]=2]"},
		{"set", Options{}, func(e Encoder) {
			e.BeginSet(true)
			e.Elem()
			e.Text("KILL")
			e.Elem()
			e.Text("STOP")
			e.EndSet()
		}, "~[KILL STOP]"},
		{"macro", Options{}, func(e Encoder) {
			e.BeginMacro("makedev")
			e.Elem()
			e.Number(8, Hex)
			e.Elem()
			e.Number(1, Hex)
			e.EndMacro()
		}, "makedev(0x8, 0x1)"},
		{"nested, changed", Options{}, func(e Encoder) {
			e.BeginArray()
			e.Elem()
			e.BeginStruct()
			e.Field("fd")
			e.Number(3, Signed)
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
			tt.options.Statuses = AllStatuses
			got := record(t, tt.options, func(l *Log) {
				tr := newTrace(t, l, 1)
				tr.BeginCall(&Header{Name: "f"})
				tr.Arg("a")
				tt.write(tr)
				tr.Arg("b")
				tr.Number(0, Signed)
				tr.Return()
				tr.Number(0, Signed)
				tr.EndCall(&Result{})
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
		write func(e Encoder)
	}{
		{"= 0", func(e Encoder) { e.Number(0, Signed) }},
		{"= 0x7f0000001000", func(e Encoder) { e.Number(0x7f0000001000, Hex) }},
		{"= 022", func(e Encoder) { e.Number(0o22, Octal) }},
		{"= 3</etc/passwd>", func(e Encoder) { e.Number(3, Signed); e.Annotate("path", []byte("/etc/passwd")) }},
		{"= ?", func(e Encoder) { e.Unknown() }},
		{"= -1 ENOENT (No such file or directory)", func(e Encoder) {
			e.Number(1<<64-1, Signed)
			e.Failure(2, "ENOENT", "No such file or directory")
		}},
		{"= -1 (errno 1234)", func(e Encoder) { e.Number(1<<64-1, Signed); e.Failure(1234, "", "") }},
		{"= ? ERESTARTSYS (To be restarted if SA_RESTART is set)", func(e Encoder) {
			e.Unknown()
			e.Failure(512, "ERESTARTSYS", "To be restarted if SA_RESTART is set")
		}},
		{"= 0 (Timeout)", func(e Encoder) {
			e.Number(0, Signed)
			e.BeginRemark()
			e.Text("Timeout")
			e.EndRemark()
		}},
		{"= 0x2 (flags O_RDWR)", func(e Encoder) {
			e.Number(2, Hex)
			e.BeginRemark()
			e.Field("flags")
			e.Flags(2, openFlags, Hex)
			e.EndRemark()
		}},
		{"= 2 (in [3], left {tv_sec=1, tv_usec=0})", func(e Encoder) {
			e.Number(2, Signed)
			e.BeginRemark()
			e.Field("in")
			e.BeginSet(false)
			e.Elem()
			e.Number(3, Signed)
			e.EndSet()
			e.Field("left")
			e.BeginStruct()
			e.Field("tv_sec")
			e.Number(1, Signed)
			e.Field("tv_usec")
			e.Number(0, Signed)
			e.EndStruct()
			e.EndRemark()
		}},
	} {
		got := record(t, Options{Column: 10, Durations: true, DurDigits: Microseconds, Statuses: AllStatuses}, func(l *Log) {
			tr := newTrace(t, l, 1)
			tr.BeginCall(&Header{Name: "f"})
			tr.Return()
			tt.write(tr)
			tr.EndCall(&Result{Duration: 1234567890})
		})
		if want := "f()       " + tt.want + " <1.234567>\n"; got != want {
			t.Errorf("got  %swant %s", got, want)
		}
	}
}

// TestTextRemarkStyle has names alone in a remark that is the name of the result.
func TestTextRemarkStyle(t *testing.T) {
	for _, tt := range []struct{ field, want string }{
		{"", "f() = 0x3 (PROT_READ|PROT_WRITE)\n"},
		{"flags", "f() = 0x3 (flags 0x3 /* PROT_READ|PROT_WRITE */)\n"},
	} {
		got := record(t, Options{Names: Verbose, Statuses: AllStatuses}, func(l *Log) {
			tr := newTrace(t, l, 1)
			tr.BeginCall(&Header{Name: "f"})
			tr.Return()
			tr.Number(3, Hex)
			tr.BeginRemark()
			tr.Field(tt.field)
			tr.Flags(3, protections, Hex)
			tr.EndRemark()
			tr.EndCall(&Result{})
		})
		if got != tt.want {
			t.Errorf("got  %swant %s", got, tt.want)
		}
	}
}

func TestTextPrefix(t *testing.T) {
	for _, tt := range []struct {
		name    string
		options Options
		want    []string // of the call's line, its resumption, a signal and the exit
	}{
		{"none", Options{}, []string{"", "", "", ""}},
		{"pid column", Options{PID: PIDColumn}, []string{"12    ", "12    ", "12    ", "12    "}},
		{"many", Options{PID: PIDMany}, []string{"[pid    12] ", "[pid    12] ", "[pid    12] ", "[pid    12] "}},
		{"seconds", Options{Clock: ClockTime}, []string{"05:06:07 ", "05:06:08 ", "05:06:09 ", "05:06:10 "}},
		{"microseconds", Options{Clock: ClockTime, ClockDigits: Microseconds},
			[]string{"05:06:07.123456 ", "05:06:08.123456 ", "05:06:09.123456 ", "05:06:10.123456 "}},
		{"nanoseconds", Options{Clock: ClockTime, ClockDigits: Nanoseconds},
			[]string{"05:06:07.123456789 ", "05:06:08.123456789 ", "05:06:09.123456789 ", "05:06:10.123456789 "}},
		{"relative", Options{Relative: true, RelDigits: Microseconds},
			[]string{"     0.000000 ", "     1.000000 ", "     1.000000 ", "     1.000000 "}},
		{"relative and absolute", Options{Clock: ClockTime, Relative: true, RelDigits: Milliseconds},
			[]string{"05:06:07 (+     0.000) ", "05:06:08 (+     1.000) ", "05:06:09 (+     1.000) ", "05:06:10 (+     1.000) "}},
		{"number", Options{Number: true}, []string{"[  57] ", "[  57] ", "[  57] ", "[  57] "}},
		{"instruction pointer", Options{IP: true},
			[]string{"[00007f0012345678] ", "[00007f001234567a] ", "[0000000000000001] ", "[????????????????] "}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.options.Statuses = AllStatuses
			tt.options.Column = 40
			other := ""
			got := record(t, tt.options, func(l *Log) {
				tr := newTrace(t, l, 12)
				l.Trace(13)
				tr.BeginCall(&Header{Time: start, Name: "fork", NR: 57, IP: 0x7f0012345678})
				tr.Entered()
				l.Write([]byte("other\n"))
				other = "other\n"
				tr.SetIP(0x7f001234567a)
				tr.Resume(start.Add(time.Second))
				tr.Return()
				tr.Number(13, Signed)
				tr.EndCall(&Result{})
				tr.SetIP(1)
				tr.Stopped(start.Add(2*time.Second), "SIGSTOP")
				tr.Exited(start.Add(3*time.Second), 1)
				tr.Close()
			})
			resumed := tt.want[1] + "<... fork resumed>) "
			resumed += strings.Repeat(" ", max(0, 40-len(resumed)))
			want := tt.want[0] + "fork( <unfinished ...>\n" + other +
				resumed + "= 13\n" +
				tt.want[2] + "--- stopped by SIGSTOP ---\n" +
				tt.want[3] + "+++ exited with 1 +++\n"
			if got != want {
				t.Errorf("got\n%swant\n%s", got, want)
			}
		})
	}
}
