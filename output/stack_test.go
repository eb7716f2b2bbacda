package output_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"trapline/output"
	"trapline/output/outputtest"
)

var testStack = output.Stack{Frames: []output.StackFrame{
	{PC: 0x7f0000001007, File: "/lib/libc.so", Addr: 0x1007, Symbol: "chdir", Offset: 7, Source: "../chdir.c", Line: 12},
	{PC: 0x7f0000002000, File: "/tmp/a\x1b[2J (deleted)", Addr: 0x2000, Symbol: "_Z\nf", Source: "/src/\xff", Line: 1},
	{PC: 0x400100, File: "/bin/true", Addr: 0x400100, Source: "unseen", Line: 1},
	{PC: 0xdead0000},
}}

const testStackLines = ` > /lib/libc.so(chdir+0x7) [0x1007] ../chdir.c:12
 > /tmp/a\033[2J (deleted)(_Z\012f+0x0) [0x2000] /src/\377:1
 > /bin/true() [0x400100]
 > unexpected_backtracing_error [0xdead0000]
`

// stackOf makes one record of each kind that has a stack.
func stackOf(l *output.Log, a, b *output.Record) {
	short := &output.Stack{Frames: testStack.Frames[2:3], Cut: true}
	outputtest.Call(a, "f")
	a.SetStack(&testStack)
	outputtest.Call(b, "g")
	b.SetStack(short)
	outputtest.Finish(a, 1)
	a.SetStack(short)
	a.BeginSignal(outputtest.Start, "SIGURG")
	a.BeginStruct()
	a.EndStruct()
	a.EndSignal()
	outputtest.Finish(b, 2)
	b.SetStack(short)
	b.Stopped(outputtest.Start, "SIGSTOP")
	outputtest.Call(b, "exit") // its stack comes at the end
	b.SetStack(short)
	b.Unreturned(outputtest.Start, true)
	outputtest.Call(a, "h")
	b.Exited(outputtest.Start, 0, nil)
	b.Close()
	outputtest.Finish(a, 3)
	a.Close()
}

func TestStackInText(t *testing.T) {
	const short = " > /bin/true() [0x400100]\n > too many stack frames\n"
	for _, tt := range []struct {
		name     string
		statuses output.StatusSet
		want     string
	}{
		{"all", output.AllStatuses, `1     f( <unfinished ...>
2     g( <unfinished ...>
1     <... f resumed>) = 1
` + testStackLines + `1     --- SIGURG {} ---
` + short + `2     <... g resumed>) = 2
` + short + `2     --- stopped by SIGSTOP ---
` + short + `2     exit() = ?
1     h( <unfinished ...>
2     +++ exited with 0 +++
` + short + `1     <... h resumed>) = 3
`},
		{"failed", output.Failed, `1     --- SIGURG {} ---
` + short + `2     --- stopped by SIGSTOP ---
` + short + `2     +++ exited with 0 +++
`},
	} {
		got := record(t, output.Options{PID: output.PIDColumn, Statuses: tt.statuses}, func(l *output.Log) { stackOf(l, outputtest.NewRecord(t, l, 1), outputtest.NewRecord(t, l, 2)) })
		if got != tt.want {
			t.Errorf("%s:\n%swant\n%s", tt.name, got, tt.want)
		}
	}
}

func TestStackInJSON(t *testing.T) {
	lines := recordJSON(t, output.Options{Statuses: output.AllStatuses}, func(l *output.Log) { stackOf(l, outputtest.NewRecord(t, l, 1), outputtest.NewRecord(t, l, 2)) })
	var stacks []any
	var cut []bool
	for _, line := range lines {
		var e struct {
			Stack any
			Cut   bool `json:"stack_cut"`
		}
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		stacks, cut = append(stacks, e.Stack), append(cut, e.Cut)
	}
	var long, short any
	json.Unmarshal([]byte(strings.ReplaceAll(`[
		{"ip":"0x7f0000001007","file":"/lib/libc.so","addr":"0x1007","symbol":"chdir","offset":7,"source":"../chdir.c","line":12},
		{"ip":"0x7f0000002000","file":"/tmp/a\u001b[2J (deleted)","addr":"0x2000","symbol":"_Z\nf","offset":0,
		 "source":"/src/\ufffd","source_hex":"2f7372632fff","line":1},
		{"ip":"0x400100","file":"/bin/true","addr":"0x400100","source":"unseen","line":1},
		{"ip":"0xdead0000"}]`, "\t", "")), &long)
	json.Unmarshal([]byte(`[{"ip":"0x400100","file":"/bin/true","addr":"0x400100","source":"unseen","line":1}]`), &short)
	// f, SIGURG, g, SIGSTOP, exit, the end, h
	if want := []any{long, short, short, short, short, nil, nil}; long == nil || !reflect.DeepEqual(stacks, want) {
		t.Errorf("got  %v\nwant %v", stacks, want)
	}
	if want := []bool{false, true, true, true, true, false, false}; !reflect.DeepEqual(cut, want) {
		t.Errorf("cut: %v, want %v", cut, want)
	}
}
