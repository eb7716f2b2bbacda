package output

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"trapline/integration/jsonlines"
	"trapline/socketcall"
	"trapline/tables"
)

// recordJSON is record for JSON; it checks that every line is an object that
// has no key twice.
func recordJSON(t *testing.T, o Options, f func(l *Log)) []string {
	t.Helper()
	o.JSON = true
	out := record(t, o, f)
	lines := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
	for _, line := range lines {
		checkJSON(t, line)
	}
	return lines
}

func checkJSON(t *testing.T, line string) {
	t.Helper()
	if err := jsonlines.Check(line); err != nil {
		t.Errorf("%v: %s", err, line)
	}
}

func TestJSONValues(t *testing.T) {
	for _, tt := range []struct {
		name  string
		write func(e Encoder)
		want  string // the members of the argument behind its name
	}{
		{"number", func(e Encoder) { e.Number(31, Hex) }, `"value":31`},
		{"negative", func(e Encoder) { e.Number(1<<64-1, Signed) }, `"value":-1`},
		{"greatest number", func(e Encoder) { e.Number(1<<53-1, Unsigned) }, `"value":9007199254740991`},
		{"too great a number", func(e Encoder) { e.Number(1<<53, Unsigned) }, `"value":"9007199254740992"`},
		{"greatest", func(e Encoder) { e.Number(1<<64-1, Hex) }, `"value":"18446744073709551615"`},
		{"least", func(e Encoder) { e.Number(1<<63, Signed) }, `"value":"-9223372036854775808"`},
		{"address", func(e Encoder) { e.Addr(0x7ffc0000beef) }, `"value":"0x7ffc0000beef"`},
		{"null", func(e Encoder) { e.Addr(0) }, `"value":null`},
		{"enum", func(e Encoder) { e.Enum(2, families, Hex) }, `"value":2,"symbol":"AF_INET"`},
		{"enum unknown", func(e Encoder) { e.Enum(200, families, Hex) }, `"value":200`},
		{"flags", func(e Encoder) { e.Flags(0x80042, openFlags, Hex) }, `"value":524354,"flags":["O_RDWR","O_CREAT","O_CLOEXEC"]`},
		{"flags zero", func(e Encoder) { e.Flags(0, protections, Hex) }, `"value":0,"flags":["PROT_NONE"]`},
		{"flags none", func(e Encoder) { e.Flags(0, noNames, Hex) }, `"value":0,"flags":[]`},
		{"flags rest", func(e Encoder) { e.Flags(0x81, protections, Hex) }, `"value":129,"flags":["PROT_READ"],"unknown":128`},
		{"flags and another", func(e Encoder) {
			e.Flags(1, protections, Hex)
			e.Or()
			e.Number(21, Unsigned)
			e.Shift(26, "MAP_HUGE_SHIFT", Unsigned)
		}, `"value":1,"flags":["PROT_READ"],"or":{"value":21,"shift":26,"shift_symbol":"MAP_HUGE_SHIFT"}`},
		{"string", func(e Encoder) { e.Str([]byte("a\"\\\n\x00\x1b\x7fé\u009b"), false) },
			`"value":"a\"\\\n\u0000\u001b\u007fé\u009b","length":11`},
		{"string cut", func(e Encoder) { e.Str([]byte("hel"), true); e.Size(99) }, `"value":"hel","cut":true,"length":99`},
		{"string not UTF-8", func(e Encoder) { e.Str([]byte("a\xffb\xed\xa0\x80"), false) },
			`"value":"a` + "\ufffdb\ufffd\ufffd\ufffd" + `","hex":"61ff62eda080","length":6`},
		{"bytes", func(e Encoder) { e.Bytes([]byte("P\x01"), false) }, `"value":"P\u0001","hex":"5001","length":2`},
		{"path", func(e Encoder) { e.Path([]byte("/tmp"), false) }, `"value":"/tmp"`},
		{"comments", func(e Encoder) {
			e.Addr(0)
			e.Comment("a")
			e.Annotate("path", []byte("\xff"))
			e.CommentBytes([]byte("b"))
			e.Annotate("path", []byte("\xfe"))
			e.Comment("c")
			e.Changed()
			e.Number(1, Signed)
			e.Comment("d")
		}, `"value":null,"comment":"a","path":"` + "\ufffd" + `","path_hex":"ff","comment_2":"b","path_2":"` + "\ufffd" +
			`","path_hex_2":"fe","comment_3":"c","changed":{"value":1,"comment":"d"}`},
		{"text", func(e Encoder) { e.Text("00:11") }, `"value":"00:11"`},
		{"descriptor", func(e Encoder) {
			e.Number(3, Signed)
			e.Annotate("path", []byte("/tmp/\xff"))
			e.Annotate("deleted", nil)
		}, `"value":3,"path":"/tmp/` + "\ufffd" + `","path_hex":"2f746d702fff","deleted":true`},
		{"comment", func(e Encoder) { e.Addr(16); e.Comment("22 vars") }, `"value":"0x10","comment":"22 vars"`},
		{"struct", func(e Encoder) {
			e.BeginStruct()
			e.Field("tv_sec")
			e.Number(1, Signed)
			e.Field("")
			e.Number(2, Signed)
			e.More()
			e.EndStruct()
		}, `"value":{"tv_sec":{"value":1},"_2":{"value":2}},"cut":true`},
		{"array", func(e Encoder) {
			e.BeginArray()
			e.Elem()
			e.Index(2, families, Hex)
			e.Number(1, Signed)
			e.Elem()
			e.Number(2, Signed)
			e.More()
			e.Comment("0x1000")
			e.EndArray()
			e.Comment("all")
		}, `"value":[{"index":2,"index_symbol":"AF_INET","value":1},{"value":2}],"cut":true,"cut_comment":"0x1000","comment":"all"`},
		{"set", func(e Encoder) {
			e.BeginSet(true)
			e.Elem()
			e.Symbol(9, "SIGKILL", Unsigned)
			e.EndSet()
		}, `"complement":true,"value":[{"value":9,"symbol":"SIGKILL"}]`},
		{"device", device, `"value":2049,"named":{"macro":"makedev","value":[{"value":8},{"value":1}]}`},
		{"flags of several sets", func(e Encoder) {
			e.BeginNamed()
			e.Number(0x8022, Hex)
			e.Named()
			e.Symbol(2, "MAP_PRIVATE", Hex)
			e.Or()
			e.Flags(0x8020, &tables.Set{Consts: []tables.Const{{Value: 0x20, Name: "MAP_ANONYMOUS"}}}, Hex)
			e.EndNamed()
		}, `"value":32802,"flags":["MAP_PRIVATE","MAP_ANONYMOUS"],"unknown":32768`},
		{"file mode", func(e Encoder) {
			e.BeginNamed()
			e.Number(0o100644, Octal)
			e.Named()
			e.Symbol(0o100000, "S_IFREG", Octal)
			e.Or()
			e.Number(0o644, Octal)
			e.EndNamed()
		}, `"value":33188,"flags":["S_IFREG"],"unknown":420`},
		{"name of a number", func(e Encoder) {
			e.BeginNamed()
			e.Number(21505, Hex)
			e.Named()
			e.Text("TCGETS")
			e.EndNamed()
		}, `"value":21505,"symbol":"TCGETS"`},
		{"name of a struct", func(e Encoder) {
			e.BeginNamed()
			e.BeginStruct()
			e.Field("tv_sec")
			e.Number(1, Signed)
			e.EndStruct()
			e.Named()
			e.Text("UTIME_NOW")
			e.EndNamed()
		}, `"value":{"tv_sec":{"value":1}},"symbol":"UTIME_NOW"`},
		{"symbolic form with a shift", func(e Encoder) {
			e.BeginNamed()
			e.Number(5, Hex)
			e.Named()
			e.Symbol(1, "A", Hex)
			e.Or()
			e.Number(1, Unsigned)
			e.Shift(2, "", Unsigned)
			e.EndNamed()
			e.Comment("c")
		}, `"value":5,"named":{"value":1,"symbol":"A","or":{"value":1,"shift":2}},"comment":"c"`},
		{"port", port, `"value":80`},
		{"addresses", addressFields, `"value":{"sin_addr":{"value":"1.2.3.4"},"sin6_addr":{"value":"::1"}}`},
		{"abstract", func(e Encoder) { e.Abstract([]byte("x"), true) }, `"value":"x","cut":true,"abstract":true`},
		{"changed", func(e Encoder) {
			e.BeginArray()
			e.Elem()
			e.Number(16, Signed)
			e.Or()
			e.Number(1, Signed)
			e.Changed()
			e.Number(8, Signed)
			e.EndArray()
		}, `"value":[{"value":16,"or":{"value":1},"changed":{"value":8}}]`},
		{"value without Elem", func(e Encoder) {
			e.BeginArray()
			e.Number(16, Signed)
			e.EndArray()
		}, `"value":[{"value":16}]`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := recordJSON(t, Options{Statuses: AllStatuses}, func(l *Log) {
				tr := newTrace(t, l, 1)
				tr.BeginCall(&Header{Time: start, Name: "f", NR: 5})
				tr.Arg("a")
				tt.write(tr)
				tr.Arg("b")
				tr.Number(0, Signed)
				tr.Return()
				tr.Number(0, Signed)
				tr.EndCall(&Result{Duration: 7})
			})
			want := fmt.Sprintf(`{"schema":1,"event":"syscall","pid":1,"time":%d.123456789,"abi":"x86_64","nr":5,"name":"f","args":[`+
				`{"name":"a",%s},{"name":"b","value":0}],"ret":0,"duration_ns":7}`, start.Unix(), tt.want)
			if got[0] != want {
				t.Errorf("got  %s\nwant %s", got[0], want)
			}
		})
	}
}

func TestJSONEvents(t *testing.T) {
	head := func(event string, pid int) string {
		return fmt.Sprintf(`{"schema":1,"event":%q,"pid":%d,"time":%d.123456789`, event, pid, start.Unix())
	}
	failed := func(tr Trace) {
		tr.BeginCall(&Header{Time: start, Name: "open"})
		tr.Arg("a")
		tr.BeginStruct()
		tr.Return()
		tr.Number(1<<64-1, Signed)
		tr.Failure(2, "ENOENT", "No such file or directory")
		tr.BeginRemark()
		tr.Field("flags")
		tr.Number(1, Hex)
		tr.Field("")
		tr.Text("Timeout")
		tr.EndRemark()
		tr.EndCall(&Result{Duration: 1})
	}
	for _, tt := range []struct {
		name    string
		options Options
		write   func(l *Log, tr Trace)
		want    []string
	}{
		{"failure", Options{}, func(l *Log, tr Trace) { failed(tr) }, []string{
			head("syscall", 7) + `,"abi":"x86_64","nr":0,"name":"open","args":[{"name":"a","value":{}}],"ret":-1,` +
				`"error":{"errno":2,"name":"ENOENT","message":"No such file or directory"},` +
				`"remark":[{"name":"flags","value":1},{"value":"Timeout"}],"duration_ns":1}`}},
		{"only successful", Options{Statuses: Successful}, func(l *Log, tr Trace) {
			failed(tr)
			tr.Exited(start, 0)
		}, []string{head("exit", 7) + `,"code":0}`}},
		{"result", Options{IP: true, EntryPoints: true}, func(l *Log, tr Trace) {
			tr.SetComm([]byte("sh"))
			tr.BeginCall(&Header{Time: start, Name: "connect", ABI: tables.I386, NR: 102, IP: 16, Entry: "__ia32_compat_sys_socketcall",
				Via: &socketcall.Via{Name: "socketcall", Call: 3, Symbol: "SYS_CONNECT", ArgsAddr: 0xffffd2c0, Raw: []uint64{3, 4294955744, 16}, Entry: "__sys_connect"}})
			tr.More()
			tr.Entered()
			tr.Resume(start)
			tr.Return()
			tr.Number(3, Signed)
			tr.Annotate("path", []byte("/\xff"))
			tr.EndCall(&Result{})
		}, []string{strings.Replace(head("syscall", 7), `7,`, `7,"comm":"sh",`, 1) + `,"abi":"i386","nr":102,"name":"connect","ip":"0x10","entry":"__ia32_compat_sys_socketcall",` +
			`"via":{"name":"socketcall","call":3,"symbol":"SYS_CONNECT","args_addr":"0xffffd2c0","raw":[3,4294955744,16],"entry":"__sys_connect"},` +
			`"args":[],"args_cut":true,"ret":3,"ret_path":"/` + "\ufffd" + `","ret_path_hex":"2fff","duration_ns":0}`}},
		{"unfinished", Options{}, func(l *Log, tr Trace) {
			tr.BeginCall(&Header{Time: start, Name: "pause"})
			tr.Arg("a")
			tr.BeginArray()
			tr.Elem()
			tr.BeginStruct()
			tr.Field("x")
			tr.Entered()
			tr.Killed(start, "SIGSEGV", true)
		}, []string{
			head("syscall", 7) + `,"abi":"x86_64","nr":0,"name":"pause","args":[{"name":"a","value":[{"value":{"x":{}}}]}],"ret":null,"unfinished":true}`,
			head("killed", 7) + `,"signal":"SIGSEGV","core_dumped":true}`}},
		{"unreturned, unavailable, detached", Options{}, func(l *Log, tr Trace) {
			for range 3 {
				tr.BeginCall(&Header{Time: start, Name: "f"})
				tr.Entered()
				tr.Unreturned(start, true)
				tr.BeginCall(&Header{Time: start, Name: "f"})
				tr.Resume(start)
				tr.Unavailable()
			}
			tr.BeginCall(&Header{Time: start, Name: "f"})
			tr.Close()
		}, func() (want []string) {
			call := head("syscall", 7) + `,"abi":"x86_64","nr":0,"name":"f","args":[],"ret":null,`
			for range 3 {
				want = append(want, call+`"unfinished":true}`, call+`"unavailable":true}`)
			}
			return append(want, call+`"detached":true}`)
		}()},
		{"signal, stop, personality", Options{}, func(l *Log, tr Trace) {
			tr.BeginSignal(start, "SIGCHLD")
			tr.BeginStruct()
			tr.Field("si_signo")
			tr.Symbol(17, "SIGCHLD", Unsigned)
			tr.More()
			tr.EndStruct()
			tr.EndSignal()
			tr.Stopped(start, "SIGSTOP")
			tr.Personality(start, tables.I386)
		}, []string{
			head("signal", 7) + `,"signal":"SIGCHLD","info":{"si_signo":{"value":17,"symbol":"SIGCHLD"}},"info_cut":true}`,
			head("stop", 7) + `,"signal":"SIGSTOP"}`,
			head("personality", 7) + `,"abi":"i386"}`}},
		{"superseded", Options{}, func(l *Log, tr Trace) {
			thread, _ := l.Trace(8)
			thread.BeginCall(&Header{Time: start, Name: "execve"})
			thread.Superseded(start, tr, false)
			thread.Resume(start)
			thread.Return()
			thread.Number(0, Signed)
			thread.EndCall(&Result{})
			thread.Exited(start, 3)
		}, []string{
			head("superseded", 7) + `,"thread":8}`,
			head("syscall", 8) + `,"abi":"x86_64","nr":0,"name":"execve","args":[],"ret":0,"duration_ns":0}`,
			head("exit", 7) + `,"code":3}`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.options.Statuses == 0 {
				tt.options.Statuses = AllStatuses
			}
			got := recordJSON(t, tt.options, func(l *Log) { tt.write(l, newTrace(t, l, 7)) })
			if strings.Join(got, "\n") != strings.Join(tt.want, "\n") {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
			}
		})
	}
}

// FuzzJSONString passes bytes through JSON and demands them back.
func FuzzJSONString(f *testing.F) {
	for _, s := range []string{"", "plain", "\x00\x1f\x7f\"\\/", "é\u2028\U0001f600\ufffd", "\xff\xc0\x80\xed\xa0\x80", "\xe2\x82", "\x80\xc2\x9b"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		encoded, exact := appendJSONString(nil, b)
		var s string
		if err := json.Unmarshal(encoded, &s); err != nil {
			t.Fatalf("%q: %v", encoded, err)
		}
		if exact != utf8.Valid(b) {
			t.Errorf("%q is exact: %v", b, exact)
		}
		if exact && s != string(b) {
			t.Errorf("%q came back as %q", b, s)
		}
		same, _ := appendJSONString(nil, string(b))
		if string(same) != string(encoded) {
			t.Errorf("%q as a string, %q as bytes", same, encoded)
		}
		j := &jsonTrace{}
		j.hexString(b)
		if back, err := hex.DecodeString(strings.Trim(string(j.buf), `"`)); err != nil || string(back) != string(b) {
			t.Errorf("%q came back from hexadecimal as %q, %v", b, back, err)
		}
	})
}

// FuzzJSONVerbs calls verbs in any order, as a broken decoder might, and demands
// one valid object.
func FuzzJSONVerbs(f *testing.F) {
	f.Add([]byte("abcdefghijklmnopqrstuvwxyz"))
	f.Add([]byte{8, 10, 0, 14, 12, 1, 9, 16, 3, 17, 2, 15, 18})
	f.Fuzz(func(t *testing.T, program []byte) {
		l, err := OpenLog(Destination{Name: "/dev/null"}, Options{JSON: true, Statuses: AllStatuses})
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		j := newTrace(t, l, 1).(*jsonTrace)
		j.BeginCall(&Header{Time: time.Unix(1, 0), Name: "f"})
		j.Arg("a")
		for i, op := range program {
			switch op % 24 {
			case 0:
				j.Number(1, Signed)
			case 1:
				j.Addr(1)
			case 2:
				j.Flags(0xff, protections, Hex)
			case 3:
				j.Str([]byte{op}, op > 128)
			case 4:
				j.Enum(2, families, Hex)
			case 5:
				j.Comment("c")
			case 6:
				j.Changed()
			case 7:
				j.Or()
			case 8:
				j.BeginStruct()
			case 9:
				j.EndStruct()
			case 10:
				j.Field(fmt.Sprint("f", i)) // descriptions give a name once
			case 11:
				j.BeginArray()
			case 12:
				j.EndArray()
			case 13:
				j.Elem()
			case 14:
				j.More()
			case 15:
				j.BeginSet(true)
			case 16:
				j.EndSet()
			case 17:
				device(j)
			case 18:
				port(j)
			case 19:
				j.Annotate("path", []byte{op})
			case 20:
				j.Arg(fmt.Sprint("b", i))
			case 21:
				j.Return()
			case 22:
				j.Failure(1, "EPERM", "m")
			case 23:
				j.BeginRemark()
			}
		}
		j.unwind()
		line := string(j.buf) + "}"
		if err := jsonlines.Check(line); err != nil {
			t.Errorf("%v: program %v makes %s", err, program, line)
		}
	})
}
