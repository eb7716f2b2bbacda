package json

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"trapline/integration/jsonlines"
	"trapline/output"
	"trapline/output/outputtest"
	"trapline/socketcall"
	"trapline/tables"
)

// record runs f with a Log that writes JSON, and returns its lines.
func record(t *testing.T, o output.Options, f func(l *output.Log)) []string {
	t.Helper()
	o.Format = Format
	return outputtest.Lines(t, outputtest.Record(t, o, f))
}

func TestJSONValues(t *testing.T) {
	for _, tt := range []struct {
		name  string
		write func(e output.Encoder)
		want  string // the members of the argument after its name
	}{
		{"number", func(e output.Encoder) { e.Number(31, output.Hex) }, `"value":31`},
		{"negative", func(e output.Encoder) { e.Number(1<<64-1, output.Signed) }, `"value":-1`},
		{"greatest number", func(e output.Encoder) { e.Number(1<<53-1, output.Unsigned) }, `"value":9007199254740991`},
		{"too great a number", func(e output.Encoder) { e.Number(1<<53, output.Unsigned) }, `"value":"9007199254740992"`},
		{"greatest", func(e output.Encoder) { e.Number(1<<64-1, output.Hex) }, `"value":"18446744073709551615"`},
		{"least", func(e output.Encoder) { e.Number(1<<63, output.Signed) }, `"value":"-9223372036854775808"`},
		{"address", func(e output.Encoder) { e.Addr(0x7ffc0000beef) }, `"value":"0x7ffc0000beef"`},
		{"null", func(e output.Encoder) { e.Addr(0) }, `"value":null`},
		{"enum", func(e output.Encoder) { e.Enum(2, outputtest.Families, output.Hex) }, `"value":2,"symbol":"AF_INET"`},
		{"enum unknown", func(e output.Encoder) { e.Enum(200, outputtest.Families, output.Hex) }, `"value":200`},
		{"flags", func(e output.Encoder) { e.Flags(0x80042, outputtest.OpenFlags, output.Hex) }, `"value":524354,"flags":["O_RDWR","O_CREAT","O_CLOEXEC"]`},
		{"flags zero", func(e output.Encoder) { e.Flags(0, outputtest.Protections, output.Hex) }, `"value":0,"flags":["PROT_NONE"]`},
		{"flags none", func(e output.Encoder) { e.Flags(0, outputtest.NoNames, output.Hex) }, `"value":0,"flags":[]`},
		{"flags rest", func(e output.Encoder) { e.Flags(0x81, outputtest.Protections, output.Hex) }, `"value":129,"flags":["PROT_READ"],"unknown":128`},
		{"flags and another", func(e output.Encoder) {
			e.Flags(1, outputtest.Protections, output.Hex)
			e.Join(output.Or)
			e.Number(21, output.Unsigned)
			e.Shift(26, "MAP_HUGE_SHIFT", output.Unsigned)
		}, `"value":1,"flags":["PROT_READ"],"or":{"value":21,"shift":26,"shift_symbol":"MAP_HUGE_SHIFT"}`},
		{"string", func(e output.Encoder) { e.Str(output.Plain, []byte("a\"\\\n\x00\x1b\x7fé\u009b"), false) },
			`"value":"a\"\\\n\u0000\u001b\u007fé\u009b","length":11`},
		{"string cut", func(e output.Encoder) { e.Str(output.Plain, []byte("hel"), true); e.Size(99) }, `"value":"hel","cut":true,"length":99`},
		{"string not UTF-8", func(e output.Encoder) { e.Str(output.Plain, []byte("a\xffb\xed\xa0\x80"), false) },
			`"value":"a` + "\ufffdb\ufffd\ufffd\ufffd" + `","hex":"61ff62eda080","length":6`},
		{"bytes", func(e output.Encoder) { e.Str(output.Binary, []byte("P\x01"), false) }, `"value":"P\u0001","hex":"5001","length":2`},
		{"path", func(e output.Encoder) { e.Str(output.Path, []byte("/tmp"), false) }, `"value":"/tmp"`},
		{"comments", func(e output.Encoder) {
			e.Addr(0)
			e.Comment(output.Note, "a")
			e.Annotate("path", []byte("\xff"))
			e.Comment(output.Gloss, "b")
			e.Annotate("path", []byte("\xfe"))
			e.Comment(output.Note, "c")
			e.Changed()
			e.Number(1, output.Signed)
			e.Comment(output.Note, "d")
		}, `"value":null,"comment":"a","path":"` + "\ufffd" + `","path_hex":"ff","comment_2":"b","path_2":"` + "\ufffd" +
			`","path_hex_2":"fe","comment_3":"c","changed":{"value":1,"comment":"d"}`},
		{"contexts", func(e output.Encoder) {
			e.Str(output.Path, []byte("/tmp"), false)
			e.Context([]byte("tmp_t"), nil)
			e.Changed()
			e.Str(output.Path, []byte("/etc"), false)
			e.Context([]byte("\xff_t"), []byte("etc_t"))
		}, `"value":"/tmp","secontext":"tmp_t","changed":{"value":"/etc","secontext":"` + "\ufffd" +
			`_t","secontext_hex":"ff5f74","secontext_expected":"etc_t"}`},
		{"text", func(e output.Encoder) { e.Text("00:11") }, `"value":"00:11"`},
		{"descriptor", func(e output.Encoder) {
			e.Number(3, output.Signed)
			e.Annotate("path", []byte("/tmp/\xff"))
			e.Annotate("deleted", nil)
		}, `"value":3,"path":"/tmp/` + "\ufffd" + `","path_hex":"2f746d702fff","deleted":true`},
		{"comment", func(e output.Encoder) { e.Addr(16); e.Comment(output.Note, "22 vars") }, `"value":"0x10","comment":"22 vars"`},
		{"struct", func(e output.Encoder) {
			e.BeginStruct()
			e.Field("tv_sec")
			e.Number(1, output.Signed)
			e.Field("")
			e.Number(2, output.Signed)
			e.More()
			e.EndStruct()
		}, `"value":{"tv_sec":{"value":1},"_2":{"value":2}},"cut":true`},
		{"array", func(e output.Encoder) {
			e.BeginArray()
			e.Elem()
			e.Index(2, outputtest.Families, output.Hex)
			e.Number(1, output.Signed)
			e.Elem()
			e.Number(2, output.Signed)
			e.More()
			e.Comment(output.Note, "0x1000")
			e.EndArray()
			e.Comment(output.Note, "all")
		}, `"value":[{"index":2,"index_symbol":"AF_INET","value":1},{"value":2}],"cut":true,"cut_comment":"0x1000","comment":"all"`},
		{"set", func(e output.Encoder) {
			e.BeginSet(true)
			e.Elem()
			e.Symbol(9, "SIGKILL", output.Unsigned)
			e.EndSet()
		}, `"complement":true,"value":[{"value":9,"symbol":"SIGKILL"}]`},
		{"device", outputtest.Device, `"value":2049,"named":{"macro":"makedev","value":[{"value":8},{"value":1}]}`},
		{"flags of several sets", func(e output.Encoder) {
			e.BeginNamed()
			e.Number(0x8022, output.Hex)
			e.Named(output.InComment)
			e.Symbol(2, "MAP_PRIVATE", output.Hex)
			e.Join(output.Or)
			e.Flags(0x8020, &tables.Set{Consts: []tables.Const{{Value: 0x20, Name: "MAP_ANONYMOUS"}}}, output.Hex)
			e.EndNamed()
		}, `"value":32802,"flags":["MAP_PRIVATE","MAP_ANONYMOUS"],"unknown":32768`},
		{"file mode", func(e output.Encoder) {
			e.BeginNamed()
			e.Number(0o100644, output.Octal)
			e.Named(output.InComment)
			e.Symbol(0o100000, "S_IFREG", output.Octal)
			e.Join(output.Or)
			e.Number(0o644, output.Octal)
			e.EndNamed()
		}, `"value":33188,"flags":["S_IFREG"],"unknown":420`},
		{"name of a number", func(e output.Encoder) {
			e.BeginNamed()
			e.Number(21505, output.Hex)
			e.Named(output.InComment)
			e.Text("TCGETS")
			e.EndNamed()
		}, `"value":21505,"symbol":"TCGETS"`},
		{"name of a struct", func(e output.Encoder) {
			e.BeginNamed()
			e.BeginStruct()
			e.Field("tv_sec")
			e.Number(1, output.Signed)
			e.EndStruct()
			e.Named(output.InComment)
			e.Text("UTIME_NOW")
			e.EndNamed()
		}, `"value":{"tv_sec":{"value":1}},"symbol":"UTIME_NOW"`},
		{"symbolic form with a shift", func(e output.Encoder) {
			e.BeginNamed()
			e.Number(5, output.Hex)
			e.Named(output.InComment)
			e.Symbol(1, "A", output.Hex)
			e.Join(output.Or)
			e.Number(1, output.Unsigned)
			e.Shift(2, "", output.Unsigned)
			e.EndNamed()
			e.Comment(output.Note, "c")
		}, `"value":5,"named":{"value":1,"symbol":"A","or":{"value":1,"shift":2}},"comment":"c"`},
		{"port", outputtest.Port, `"value":80`},
		{"addresses", addressFields, `"value":{"sin_addr":{"value":"1.2.3.4"},"sin6_addr":{"value":"::1"}}`},
		{"abstract", func(e output.Encoder) { e.Str(output.Abstract, []byte("x"), true) }, `"value":"x","cut":true,"abstract":true`},
		{"changed", func(e output.Encoder) {
			e.BeginArray()
			e.Elem()
			e.Number(16, output.Signed)
			e.Join(output.Or)
			e.Number(1, output.Signed)
			e.Changed()
			e.Number(8, output.Signed)
			e.EndArray()
		}, `"value":[{"value":16,"or":{"value":1},"changed":{"value":8}}]`},
		{"value without Elem", func(e output.Encoder) {
			e.BeginArray()
			e.Number(16, output.Signed)
			e.EndArray()
		}, `"value":[{"value":16}]`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := record(t, output.Options{Statuses: output.AllStatuses}, func(l *output.Log) {
				tr := outputtest.NewRecord(t, l, 1)
				tr.BeginCall(&output.Header{Time: outputtest.Start, Name: "f", NR: 5})
				tr.Arg("a", output.NameOptional)
				tt.write(tr)
				tr.Arg("b", output.NameOptional)
				tr.Number(0, output.Signed)
				tr.Return()
				tr.Number(0, output.Signed)
				tr.EndCall(&output.Result{Duration: 7})
			})
			want := fmt.Sprintf(`{"schema":2,"event":"syscall","pid":1,"time":%[1]d.123456789,"time_ns":%[1]d123456789,"abi":"x86_64","nr":5,"name":"f","args":[`+
				`{"name":"a",%s},{"name":"b","value":0}],"ret":0,"duration_ns":7}`, outputtest.Start.Unix(), tt.want)
			if got[0] != want {
				t.Errorf("got  %s\nwant %s", got[0], want)
			}
		})
	}
}

func TestJSONEvents(t *testing.T) {
	head := func(event string, pid int) string {
		return fmt.Sprintf(`{"schema":2,"event":%q,"pid":%d,"time":%[3]d.123456789,"time_ns":%[3]d123456789`, event, pid, outputtest.Start.Unix())
	}
	failed := func(tr *output.Record) {
		tr.BeginCall(&output.Header{Time: outputtest.Start, Name: "open"})
		tr.Arg("a", output.NameOptional)
		tr.BeginStruct()
		tr.Return()
		tr.Number(1<<64-1, output.Signed)
		tr.Failure(2, "ENOENT", "No such file or directory")
		tr.BeginRemark(output.Aside)
		tr.Field("flags")
		tr.Number(1, output.Hex)
		tr.Field("")
		tr.Text("Timeout")
		tr.EndRemark()
		tr.EndCall(&output.Result{Duration: 1})
	}
	for _, tt := range []struct {
		name    string
		options output.Options
		write   func(l *output.Log, tr *output.Record)
		want    []string
	}{
		{"failure", output.Options{}, func(l *output.Log, tr *output.Record) { failed(tr) }, []string{
			head("syscall", 7) + `,"abi":"x86_64","nr":0,"name":"open","args":[{"name":"a","value":{}}],"ret":-1,` +
				`"error":{"errno":2,"name":"ENOENT","message":"No such file or directory"},` +
				`"remark":[{"name":"flags","value":1},{"value":"Timeout"}],"duration_ns":1}`}},
		{"only successful", output.Options{Statuses: output.Successful}, func(l *output.Log, tr *output.Record) {
			failed(tr)
			tr.Exited(outputtest.Start, 0, nil)
		}, []string{head("exit", 7) + `,"code":0}`}},
		{"result", output.Options{IP: true, EntryPoints: true}, func(l *output.Log, tr *output.Record) {
			tr.SetComm([]byte("sh"))
			tr.BeginCall(&output.Header{Time: outputtest.Start, Name: "connect", ABI: tables.I386, NR: 102, IP: 16, Entry: "__ia32_compat_sys_socketcall",
				Via: &socketcall.Via{Name: "socketcall", Call: 3, Symbol: "SYS_CONNECT", ArgsAddr: 0xffffd2c0, Raw: []uint64{3, 4294955744, 16}, Entry: "__sys_connect"}})
			tr.More()
			tr.Entered()
			tr.Resume(outputtest.Start)
			tr.Return()
			tr.Number(3, output.Signed)
			tr.Annotate("path", []byte("/\xff"))
			tr.EndCall(&output.Result{})
		}, []string{strings.Replace(head("syscall", 7), `7,`, `7,"comm":"sh",`, 1) + `,"abi":"i386","nr":102,"name":"connect","ip":"0x10","entry":"__ia32_compat_sys_socketcall",` +
			`"via":{"name":"socketcall","call":3,"symbol":"SYS_CONNECT","args_addr":"0xffffd2c0","raw":[3,4294955744,16],"entry":"__sys_connect"},` +
			`"args":[],"args_cut":true,"ret":3,"ret_path":"/` + "\ufffd" + `","ret_path_hex":"2fff","duration_ns":0}`}},
		{"unfinished", output.Options{}, func(l *output.Log, tr *output.Record) {
			tr.BeginCall(&output.Header{Time: outputtest.Start, Name: "pause"})
			tr.Arg("a", output.NameOptional)
			tr.BeginArray()
			tr.Elem()
			tr.BeginStruct()
			tr.Field("x")
			tr.Entered()
			tr.Killed(outputtest.Start, "SIGSEGV", true, nil)
		}, []string{
			head("syscall", 7) + `,"abi":"x86_64","nr":0,"name":"pause","args":[{"name":"a","value":[{"value":{"x":{}}}]}],"ret":null,"unfinished":true}`,
			head("killed", 7) + `,"signal":"SIGSEGV","core_dumped":true}`}},
		{"unreturned, unavailable, detached", output.Options{}, func(l *output.Log, tr *output.Record) {
			for range 3 {
				tr.BeginCall(&output.Header{Time: outputtest.Start, Name: "f"})
				tr.Entered()
				tr.Unreturned(outputtest.Start, true)
				tr.BeginCall(&output.Header{Time: outputtest.Start, Name: "f"})
				tr.Resume(outputtest.Start)
				tr.Unavailable()
			}
			tr.BeginCall(&output.Header{Time: outputtest.Start, Name: "f"})
			tr.Close()
		}, func() (want []string) {
			call := head("syscall", 7) + `,"abi":"x86_64","nr":0,"name":"f","args":[],"ret":null,`
			for range 3 {
				want = append(want, call+`"unfinished":true}`, call+`"unavailable":true}`)
			}
			return append(want, call+`"detached":true}`)
		}()},
		{"processes", output.Options{}, func(l *output.Log, tr *output.Record) {
			tr.SetProcess(7, 3)
			tr.Process(outputtest.Start, output.Started, &output.Process{How: "created", Parent: 4, UID: -1})
			tr.BeginCall(&output.Header{Time: outputtest.Start, Name: "execve"})
			tr.Process(outputtest.Start, output.Executed, &output.Process{UID: 5, Exe: []byte("/bin/\xff"), Dir: []byte("/"), Args: []byte("a\x00\x00b\xfe\x00")})
			tr.Resume(outputtest.Start)
			tr.Return()
			tr.Number(0, output.Signed)
			tr.EndCall(&output.Result{})
			tr.Exited(outputtest.Start, 1, &output.Usage{User: 1000, System: 2000, MaxRSS: 3, MinorFaults: 4, MajorFaults: 5, BlocksIn: 6, BlocksOut: 7, Voluntary: 8, Involuntary: 9})
		}, func() []string {
			ids := func(event string) string {
				return strings.Replace(head(event, 7), `"pid":7,`, `"pid":7,"tgid":7,"ppid":3,`, 1)
			}
			return []string{
				ids("start") + `,"how":"created","parent":4}`,
				ids("exec") + `,"exe":"/bin/` + "\ufffd" + `","exe_hex":"2f62696e2fff","argv":["a","","b` + "\ufffd" + `"],"argv_hex":["61","","62fe"],"cwd":"/","uid":5}`,
				ids("syscall") + `,"abi":"x86_64","nr":0,"name":"execve","args":[],"ret":0,"duration_ns":0}`,
				ids("exit") + `,"code":1,"rusage":{"user_ns":1000,"system_ns":2000,"maxrss_kib":3,"minor_faults":4,"major_faults":5,` +
					`"blocks_in":6,"blocks_out":7,"voluntary_switches":8,"involuntary_switches":9}}`}
		}()},
		{"entries", output.Options{Entries: true}, func(l *output.Log, tr *output.Record) {
			tr.BeginCall(&output.Header{Time: outputtest.Start, Name: "f"})
			tr.Arg("a", output.NameOptional)
			tr.BeginArray()
			tr.Elem()
			tr.BeginStruct()
			tr.Field("x")
			tr.Number(1, output.Signed)
			tr.Annotate("path", []byte("/"))
			tr.Entered()
			tr.Resume(outputtest.Start)
			tr.Annotate("path", []byte("/2"))
			tr.More()
			tr.EndStruct()
			tr.EndArray()
			tr.Return()
			tr.Number(0, output.Signed)
			tr.EndCall(&output.Result{})
		}, []string{
			head("enter", 7) + `,"abi":"x86_64","nr":0,"name":"f","args":[{"name":"a","value":[{"value":{"x":{"value":1,"path":"/"}}}]}]}`,
			head("syscall", 7) + `,"abi":"x86_64","nr":0,"name":"f","args":[{"name":"a","value":[{"value":{"x":{"value":1,"path":"/","path_2":"/2"}},"cut":true}]}],"ret":0,"duration_ns":0}`}},
		{"entries of calls that may not be shown", output.Options{Entries: true, Statuses: output.Successful}, func(l *output.Log, tr *output.Record) {
			failed(tr)
			tr.Exited(outputtest.Start, 0, nil)
		}, []string{head("exit", 7) + `,"code":0}`}},
		{"signal, stop, personality", output.Options{}, func(l *output.Log, tr *output.Record) {
			tr.BeginSignal(outputtest.Start, "SIGCHLD")
			tr.BeginStruct()
			tr.Field("si_signo")
			tr.Symbol(17, "SIGCHLD", output.Unsigned)
			tr.More()
			tr.EndStruct()
			tr.EndSignal()
			tr.Stopped(outputtest.Start, "SIGSTOP")
			tr.Personality(outputtest.Start, tables.I386)
		}, []string{
			head("signal", 7) + `,"signal":"SIGCHLD","info":{"si_signo":{"value":17,"symbol":"SIGCHLD"}},"info_cut":true}`,
			head("stop", 7) + `,"signal":"SIGSTOP"}`,
			head("personality", 7) + `,"abi":"i386"}`}},
		{"superseded", output.Options{}, func(l *output.Log, tr *output.Record) {
			thread, _ := l.Record(8)
			thread.BeginCall(&output.Header{Time: outputtest.Start, Name: "execve"})
			thread.Superseded(outputtest.Start, tr, false)
			thread.Resume(outputtest.Start)
			thread.Return()
			thread.Number(0, output.Signed)
			thread.EndCall(&output.Result{})
			thread.Exited(outputtest.Start, 3, nil)
		}, []string{
			head("superseded", 7) + `,"thread":8}`,
			head("syscall", 8) + `,"abi":"x86_64","nr":0,"name":"execve","args":[],"ret":0,"duration_ns":0}`,
			head("exit", 7) + `,"code":3}`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.options.Statuses == 0 {
				tt.options.Statuses = output.AllStatuses
			}
			got := record(t, tt.options, func(l *output.Log) { tt.write(l, outputtest.NewRecord(t, l, 7)) })
			if strings.Join(got, "\n") != strings.Join(tt.want, "\n") {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
			}
		})
	}
}

func addressFields(e output.Encoder) {
	e.BeginStruct()
	e.Inet("sin_addr", []byte{1, 2, 3, 4})
	e.Inet("sin6_addr", []byte{15: 1})
	e.EndStruct()
}

// FuzzJSONString passes bytes through JSON and checks that they come back.
func FuzzJSONString(f *testing.F) {
	for _, s := range []string{"", "plain", "\x00\x1f\x7f\"\\/", "é\u2028\U0001f600\ufffd", "\xff\xc0\x80\xed\xa0\x80", "\xe2\x82", "\x80\xc2\x9b"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		encoded, exact := AppendString(nil, b)
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
		same, _ := AppendString(nil, string(b))
		if string(same) != string(encoded) {
			t.Errorf("%q as a string, %q as bytes", same, encoded)
		}
		j := &writer{}
		j.hexString(b)
		if back, err := hex.DecodeString(strings.Trim(string(j.buf), `"`)); err != nil || string(back) != string(b) {
			t.Errorf("%q came back from hexadecimal as %q, %v", b, back, err)
		}
	})
}

// FuzzJSONVerbs calls verbs in any order, as a faulty decoder might, and expects one valid
// object.
func FuzzJSONVerbs(f *testing.F) {
	f.Add([]byte("abcdefghijklmnopqrstuvwxyz"))
	f.Add([]byte{8, 10, 0, 14, 12, 1, 9, 16, 3, 17, 2, 15, 18})
	f.Fuzz(func(t *testing.T, program []byte) {
		write := func(entries bool) string {
			j := newWriter(&output.Options{}, &output.Tracee{}).(*writer)
			j.BeginCall(&output.Header{Time: time.Unix(1, 0), Name: "f"})
			j.Arg("a", output.NameOptional)
			for i, op := range program {
				outputtest.Verb(j, i, op)
				if !entries {
					continue
				}
				if entry := string(j.Entry()); jsonlines.Check(strings.TrimSuffix(entry, "\n")) != nil {
					t.Errorf("the entry after program %v is %s", program[:i+1], entry)
				}
			}
			j.unwind()
			return string(j.buf) + "}"
		}
		line := write(false)
		if err := jsonlines.Check(line); err != nil {
			t.Errorf("%v: program %v makes %s", err, program, line)
		}
		if again := write(true); again != line {
			t.Errorf("with entries, program %v makes %s and not %s", program, again, line)
		}
	})
}
