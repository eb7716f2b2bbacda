package perfetto

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"trapline/output"
	"trapline/output/outputtest"
	"trapline/tables"
)

// events runs f with a Log in this format, and returns what it wrote, checked,
// without metadata.
func events(t testing.TB, f func(l *output.Log)) []outputtest.ChromeEvent {
	t.Helper()
	log := outputtest.Record(t, output.Options{Format: Format, Statuses: output.AllStatuses}, f)
	var list []outputtest.ChromeEvent
	for _, e := range outputtest.ChromeEvents(t, log) {
		if e.Phase != "M" {
			list = append(list, e)
		}
	}
	return list
}

// after returns the time of a record in tests.
func after(d time.Duration) time.Time { return outputtest.Start.Add(d) }

// made records a call at that time.
func made(r *output.Record, name string, begin, end time.Duration, arguments func(), result uint64) {
	enter(r, name, begin, arguments)
	leave(r, begin, end, result)
}

func enter(r *output.Record, name string, begin time.Duration, arguments func()) {
	r.BeginCall(&output.Header{Time: after(begin), Name: name})
	arguments()
	r.Entered()
}

func leave(r *output.Record, begin, end time.Duration, result uint64) {
	r.Resume(after(end))
	r.Return()
	r.Number(result, output.Signed)
	r.EndCall(&output.Result{Duration: end - begin})
}

// TestValues compares arguments in JSON.
func TestValues(t *testing.T) {
	for _, tt := range []struct {
		name  string
		write func(e output.Encoder)
		want  string
	}{
		{"number", func(e output.Encoder) { e.Number(1<<64-100, output.Signed) }, `"a":-100`},
		{"large number", func(e output.Encoder) { e.Number(1<<64-1, output.Unsigned) }, `"a":"18446744073709551615"`},
		{"address", func(e output.Encoder) { e.Addr(0x7f00) }, `"a":"0x7f00"`},
		{"descriptor", func(e output.Encoder) {
			e.Number(3, output.Signed)
			e.Annotate("path", []byte("/dev/null"))
			e.Annotate("dev", []byte("char 1:3"))
		}, `"a":3,"a_dev":"char 1:3","a_path":"/dev/null"`},
		{"string", func(e output.Encoder) { e.Str(output.Plain, []byte("a\"\nä"), false) }, `"a":"a\"\nä"`},
		{"terminated", func(e output.Encoder) { e.Str(output.Terminated, []byte("a\x00"), false) }, `"a":"a"`},
		{"cut string", func(e output.Encoder) { e.Str(output.Plain, []byte("a"), true) }, `"a":"a..."`},
		{"bytes", func(e output.Encoder) { e.Str(output.Plain, []byte("a\xff"), false) }, `"a":"\"a\\377\""`},
		{"enumeration", func(e output.Encoder) { e.Enum(2, outputtest.Families, output.Hex) }, `"a":"AF_INET"`},
		{"flags", func(e output.Encoder) { e.Flags(0x41, outputtest.OpenFlags, output.Hex) }, `"a":"O_WRONLY|O_CREAT"`},
		{"device", outputtest.Device, `"a":"makedev(0x8, 0x1)"`},
		{"port", outputtest.Port, `"a":80`},
		{"inet", func(e output.Encoder) { e.Inet("", []byte{127, 0, 0, 1}) }, `"a":"127.0.0.1"`},
		{"bits", func(e output.Encoder) {
			e.Flags(2, outputtest.Protections, output.Hex)
			e.Join(output.Or)
			e.Number(5, output.Hex)
			e.Shift(16, "", output.Unsigned)
		}, `"a":"PROT_WRITE|0x5\u003c\u003c16"`},
		{"comment", func(e output.Encoder) {
			e.Addr(16)
			e.Comment(output.Note, "2 vars")
		}, `"a":"0x10 /* 2 vars */"`},
		{"changed", func(e output.Encoder) {
			e.Number(16, output.Signed)
			e.Changed()
			e.Number(8, output.Signed)
		}, `"a":16,"a_after":8`},
		{"struct", func(e output.Encoder) {
			e.BeginStruct()
			e.Field("family")
			e.Enum(2, outputtest.Families, output.Hex)
			e.Field("port")
			outputtest.Port(e)
			e.Inet("addr", []byte{1, 2, 3, 4})
			e.Field("list")
			e.BeginArray()
			e.Elem()
			e.Number(1, output.Hex)
			e.Elem()
			e.BeginStruct()
			e.Field("x")
			e.Str(output.Path, []byte("p"), false)
			e.EndStruct()
			e.More()
			e.EndArray()
			e.More()
			e.EndStruct()
		}, `"a":{"addr":"1.2.3.4","cut":true,"family":"AF_INET","list":[1,{"x":"p"},"..."],"port":80}`},
		{"changed struct", func(e output.Encoder) {
			for i := range 2 {
				if i > 0 {
					e.Changed()
				}
				e.BeginStruct()
				e.Field("x")
				e.Number(uint64(i), output.Signed)
				e.EndStruct()
			}
		}, `"a":{"x":0},"a_after":{"x":1}`},
		{"changed in a list", func(e output.Encoder) {
			e.BeginArray()
			e.Elem()
			e.Number(1, output.Signed)
			e.Changed()
			e.Number(2, output.Signed)
			e.EndArray()
		}, `"a":[1,{"after":2}]`},
		{"set", func(e output.Encoder) {
			e.BeginSet(true)
			e.Elem()
			e.Symbol(2, "INT", output.Signed)
			e.Elem()
			e.Symbol(3, "QUIT", output.Signed)
			e.EndSet()
		}, `"a":"~[INT QUIT]"`},
		{"subscript", func(e output.Encoder) {
			e.BeginArray()
			e.Elem()
			e.Index(2, outputtest.Families, output.Hex)
			e.BeginStruct()
			e.Field("x")
			e.Number(1, output.Signed)
			e.EndStruct()
			e.EndArray()
		}, `"a":["[AF_INET]={x=1}"]`},
		{"same name", func(e output.Encoder) {
			e.Number(1, output.Signed)
			e.Arg("a", output.NameOptional)
			e.Number(2, output.Signed)
		}, `"a":1,"a_2":2`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			list := events(t, func(l *output.Log) {
				r := outputtest.NewRecord(t, l, 7)
				made(r, "f", 0, 0, func() {
					r.Arg("a", output.NameOptional)
					tt.write(r)
				}, 0)
			})
			b, err := json.Marshal(list[0].Args)
			if want := "{" + tt.want + `,"ret":0}`; err != nil || string(b) != want {
				t.Errorf("%s (%v), want %s", b, err, want)
			}
		})
	}
}

// TestTimes checks that nanoseconds are exact, from the first record on.
func TestTimes(t *testing.T) {
	list := events(t, func(l *output.Log) {
		r := outputtest.NewRecord(t, l, 7)
		made(r, "first", 0, 1, func() {}, 0)
		made(r, "second", 40*24*time.Hour+1, 41*24*time.Hour, func() {}, 0)
	})
	day := int64(24 * time.Hour)
	if list[0].Begin != 0 || list[0].End != 1 || list[1].Begin != 40*day+1 || list[1].End != 41*day {
		t.Errorf("%+v", list)
	}
	var micros float64
	if err := json.Unmarshal([]byte(*list[1].Time), &micros); err != nil || int64(micros*1000+0.5) != list[1].Begin {
		t.Errorf("as a double %v: %v", micros, err)
	}
}

// TestCreation checks that a flow leads from the call to the new thread, whichever of their
// records comes first, and that no other call has a flow.
func TestCreation(t *testing.T) {
	started := func(child *output.Record, at time.Duration) {
		child.SetProcess(8, 7)
		child.Process(after(at), output.Started, &output.Process{How: "created", Parent: 7, UID: -1})
	}
	for _, tt := range []struct {
		name   string
		call   string
		first  bool // the child comes first
		at     time.Duration
		result uint64
		want   string
	}{
		{"child first", "vfork", true, 12, 8, "7 at 12, 8 at 12"},
		{"call first", "clone3", false, 40, 8, "7 at 20, 8 at 40"},
		{"another child", "clone", true, 12, 9, ""},
		{"before it", "fork", true, 5, 8, ""},
		{"another call", "wait4", true, 12, 8, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := ""
			for _, e := range events(t, func(l *output.Log) {
				parent, child := outputtest.NewRecord(t, l, 7), outputtest.NewRecord(t, l, 8)
				made(parent, "getpid", 0, 1, func() {}, 7)
				enter(parent, tt.call, 10, func() {})
				if tt.first {
					started(child, tt.at)
				}
				leave(parent, 10, 30, tt.result)
				if !tt.first {
					started(child, tt.at)
				}
				made(child, "getpid", 50, 51, func() {}, 8)
			}) {
				if e.Phase == "s" {
					got = fmt.Sprintf("%d at %d", *e.TID, e.Begin)
				} else if e.Phase == "f" {
					got += fmt.Sprintf(", %d at %d", *e.TID, e.Begin)
				}
			}
			if got != tt.want {
				t.Errorf("flow %q, want %q", got, tt.want)
			}
		})
	}
}

// A new process has the command lines of the programs that it executes as labels. The
// command line of its creator is a label of the creator only.
func TestLabels(t *testing.T) {
	var got []string
	for _, e := range outputtest.ChromeEvents(t, outputtest.Record(t, output.Options{Format: Format}, func(l *output.Log) {
		for _, p := range []struct {
			pid     int
			kind    output.EventKind
			process output.Process
		}{
			{7, output.Started, output.Process{How: "attached", UID: -1, Exe: []byte("/bin/sh"), Args: []byte("sh\x00script\x00")}},
			{8, output.Started, output.Process{How: "created", Parent: 7, UID: -1, Exe: []byte("/bin/sh"), Args: []byte("sh\x00script\x00")}},
			{8, output.Executed, output.Process{UID: -1, Exe: []byte("/bin/cat"), Args: []byte("cat\x00file\x00")}},
		} {
			r := outputtest.NewRecord(t, l, p.pid)
			r.SetProcess(p.pid, p.process.Parent)
			r.Process(after(1), p.kind, &p.process)
		}
	})) {
		if e.Name == "process_labels" {
			got = append(got, fmt.Sprint(*e.PID, " ", e.Args["labels"]))
		}
	}
	if want := []string{"7 sh script", "8 cat file"}; !slices.Equal(got, want) {
		t.Errorf("labels %q, want %q", got, want)
	}
}

// TestCreationOfTheEnded checks that there is a flow even if the new thread ends before its
// creator's call returns, and that an earlier thread with the same id has no effect.
func TestCreationOfTheEnded(t *testing.T) {
	started := func(child *output.Record, at time.Duration) {
		child.SetProcess(8, 7)
		child.Process(after(at), output.Started, &output.Process{How: "created", Parent: 7, UID: -1})
	}
	var got []string
	for _, e := range events(t, func(l *output.Log) {
		parent, first, second := outputtest.NewRecord(t, l, 7), outputtest.NewRecord(t, l, 8), outputtest.NewRecord(t, l, 8)
		third, fourth := outputtest.NewRecord(t, l, 8), outputtest.NewRecord(t, l, 8)
		made(parent, "getpid", 0, 1, func() {}, 7)
		enter(parent, "vfork", 10, func() {})
		started(first, 12)
		first.Exited(after(20), 0, nil)
		leave(parent, 10, 30, 8)
		started(second, 40) // whose creator's call is not in the trace
		second.Exited(after(50), 0, nil)
		enter(parent, "fork", 60, func() {})
		leave(parent, 60, 70, 8)
		started(third, 75)
		third.Exited(after(80), 0, nil)
		enter(parent, "fork", 90, func() {})
		started(fourth, 95)
		leave(parent, 90, 99, 8)
	}) {
		if e.Phase == "s" || e.Phase == "f" {
			got = append(got, fmt.Sprintf("%s %d at %d", e.Phase, *e.TID, e.Begin))
		}
	}
	want := []string{"s 7 at 12", "f 8 at 12", "s 7 at 65", "f 8 at 75", "s 7 at 94", "f 8 at 95"}
	if !slices.Equal(got, want) {
		t.Errorf("flows %q, want %q", got, want)
	}
}

// TestWake checks which waiters a call of futex is said to have woken.
func TestWake(t *testing.T) {
	op := func(name string) *tables.Set {
		return &tables.Set{Consts: []tables.Const{{Value: 1, Name: name}}}
	}
	wait, wake := op("FUTEX_WAIT_PRIVATE"), op("FUTEX_WAKE_PRIVATE")
	type step struct {
		thread int
		enter  bool
		at     time.Duration
		op     *tables.Set
		addr   uint64
		result uint64
	}
	in := func(thread int, at time.Duration, op *tables.Set) step { return step{thread, true, at, op, 16, 0} }
	out := func(thread int, at time.Duration, result uint64) step { return step{thread, false, at, nil, 0, result} }
	for _, tt := range []struct {
		name  string
		steps []step
		want  string
	}{
		{"one", []step{in(7, 0, wait), in(8, 10, wake), out(8, 20, 1), out(7, 30, 0)}, "8>7 "},
		{"the wait returns first", []step{in(7, 0, wait), in(8, 10, wake), out(7, 15, 0), out(8, 20, 1)}, "8>7 "},
		{"nobody", []step{in(7, 0, wait), in(8, 10, wake), out(8, 20, 0), out(7, 30, 0)}, ""},
		{"before the wait", []step{in(8, 0, wake), out(8, 5, 1), in(7, 10, wait), out(7, 30, 0)}, ""},
		{"two threads", []step{in(7, 0, wait), in(9, 1, wait), in(8, 10, wake), out(8, 20, 2), out(7, 30, 0), out(9, 31, 0)}, "8>7 8>9 "},
		{"two wakes", []step{in(7, 0, wait), in(8, 10, wake), in(9, 11, wake), out(8, 20, 1), out(9, 21, 1), out(7, 30, 0)}, ""},
		{"another is in progress", []step{in(7, 0, wait), in(8, 10, wake), in(9, 11, wake), out(8, 20, 1), out(7, 22, 0), out(9, 23, 0)}, "8>7 "},
		{"one after another", []step{in(7, 0, wait), in(8, 10, wake), out(8, 11, 1), out(7, 12, 0),
			in(7, 20, wait), in(9, 25, wake), out(9, 26, 1), out(7, 27, 0)}, "8>7 9>7 "},
		{"a wait that fails", []step{in(7, 0, wait), in(8, 10, wake), out(8, 20, 1), out(7, 30, 1<<64-11)}, ""},
		{"requeued", []step{in(7, 0, wait), in(8, 5, op("FUTEX_CMP_REQUEUE_PRIVATE")), out(8, 6, 1),
			in(9, 10, wake), out(9, 20, 1), out(7, 30, 0)}, ""},
		{"shared", []step{in(7, 0, op("FUTEX_WAIT")), in(8, 10, op("FUTEX_WAKE")), out(8, 20, 1), out(7, 30, 0)}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := ""
			for _, e := range events(t, func(l *output.Log) {
				records := map[int]*output.Record{}
				begun := map[int]time.Duration{}
				for _, tid := range []int{7, 8, 9} {
					records[tid] = outputtest.NewRecord(t, l, tid)
					records[tid].SetProcess(7, 1)
				}
				for _, s := range tt.steps {
					r := records[s.thread]
					if s.enter {
						begun[s.thread] = s.at
						enter(r, "futex", s.at, func() {
							r.Arg("uaddr", output.NameOptional)
							r.Addr(s.addr)
							r.Arg("futex_op", output.NameOptional)
							r.Enum(1, s.op, output.Hex)
							r.Arg("val", output.NameOptional)
							r.Number(1, output.Hex)
						})
						continue
					}
					if int64(s.result) >= 0 {
						leave(r, begun[s.thread], s.at, s.result)
						continue
					}
					r.Resume(after(s.at))
					r.Return()
					r.Number(^uint64(0), output.Signed)
					r.Failure(int(-int64(s.result)), "EAGAIN", "")
					r.EndCall(&output.Result{Duration: s.at - begun[s.thread]})
				}
			}) {
				if e.Phase == "s" {
					got += fmt.Sprintf("%d>", *e.TID)
				} else if e.Phase == "f" {
					got += fmt.Sprintf("%d ", *e.TID)
				}
			}
			if got != tt.want {
				t.Errorf("flows %q, want %q", got, tt.want)
			}
		})
	}
}

// TestOpenSlices checks the ends of calls that do not return.
func TestOpenSlices(t *testing.T) {
	list := events(t, func(l *output.Log) {
		leader, thread, other := outputtest.NewRecord(t, l, 7), outputtest.NewRecord(t, l, 8), outputtest.NewRecord(t, l, 9)
		enter(leader, "pause", 0, func() {})
		enter(thread, "execve", 10, func() {})
		thread.Superseded(after(20), leader, true)
		leave(thread, 10, 30, 0)
		made(thread, "getpid", 40, 50, func() {}, 7)
		enter(thread, "exit_group", 60, func() {})
		thread.Exited(after(70), 0, nil)
		enter(other, "read", 61, func() {})
		other.Close()
	})
	got := ""
	for _, e := range list {
		got += fmt.Sprintf("%s %s %d %d-%d\n", e.Phase, e.Name, *e.TID, e.Begin, e.End)
	}
	want := `B pause 7 0-40
X execve 8 10-30
E  7 40-40
X getpid 7 40-50
B exit_group 7 60-70
E  7 70-70
i exited with 0 7 70-70
B read 9 61-61
`
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// TestEmpty checks that a trace without records is a valid document.
func TestEmpty(t *testing.T) {
	if list := events(t, func(*output.Log) {}); len(list) > 0 {
		t.Errorf("%+v", list)
	}
}

// FuzzValues checks that any order of verbs makes JSON.
func FuzzValues(f *testing.F) {
	f.Add([]byte{8, 10, 0, 9, 21, 0})
	f.Add([]byte{11, 13, 18, 6, 8, 10, 17, 12, 14, 21, 22})
	f.Add([]byte(strings.Repeat("\x0b\x0d\x08\x0a", 20)))
	f.Fuzz(func(t *testing.T, program []byte) {
		o := output.Options{Format: Format}
		w := Format.New(&o, &output.Tracee{PID: 1})
		w.BeginCall(&output.Header{Time: outputtest.Start, Name: "f"})
		w.Arg("a", output.NameOptional)
		for i, op := range program {
			outputtest.Verb(w, i, op)
		}
		w.EndCall(&output.Result{}, nil)
		outputtest.ChromeEvents(t, Format.Title+string(w.Take())+Format.Tail)
	})
}
