package output_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"trapline/output"
	jsonformat "trapline/output/json"
	"trapline/output/outputtest"
	"trapline/output/text"
)

// keeping makes a Log that keeps n records of each tracee, and returns a function
// that reads its file.
func keeping(t *testing.T, f *output.Format, n int) (*output.Log, func() string) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "trace")
	l, err := output.OpenLog(output.Destination{Name: name}, output.Options{Format: f, Statuses: output.AllStatuses, Keep: n, Run: &output.Run{}})
	if err != nil {
		t.Fatal(err)
	}
	return l, func() string {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
}

// Each tracee keeps its own last records, also after its end; they are written
// once, in order, and followed by the calls in progress.
func TestKeep(t *testing.T) {
	l, written := keeping(t, text.Format, 2)
	a, b, c := outputtest.NewRecord(t, l, 1), outputtest.NewRecord(t, l, 2), outputtest.NewRecord(t, l, 3)
	outputtest.Call(b, "slow")
	for i := range uint64(5) {
		outputtest.Call(a, "f")
		outputtest.Call(c, "g")
		outputtest.Finish(c, i)
		outputtest.Finish(a, i)
	}
	c.Exited(outputtest.Start, 1, nil)
	c.Close()
	l.Flush()
	if got := written(); got != "" {
		t.Errorf("before there is a reason, written is\n%s", got)
	}
	if n := l.Dump(); n != 0 {
		t.Errorf("%d tracees were dropped", n)
	}
	const first = "f() = 3\ng() = 4\nf() = 4\n+++ exited with 1 +++\nslow( <unfinished ...>\n"
	if got := written(); got != first {
		t.Errorf("got\n%swant\n%s", got, first)
	}
	outputtest.Finish(b, 9)
	l.Dump()
	if got := written(); got != first+"slow() = 9\n" {
		t.Errorf("after another dump, written is\n%s", got)
	}
	a.Close()
	b.Close()
	l.Dump()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if got := written(); got != first+"slow() = 9\n" {
		t.Errorf("at the end, written is\n%s", got)
	}
}

// Without a dump nothing is written, not even the first record.
func TestKeepInJSON(t *testing.T) {
	l, written := keeping(t, jsonformat.Format, 1)
	r := outputtest.NewRecord(t, l, 1)
	outputtest.Call(r, "f")
	outputtest.Finish(r, 0)
	r.Process(outputtest.Start, output.Executed, &output.Process{UID: 1})
	outputtest.Call(r, "g")
	l.Flush()
	if got := written(); got != "" {
		t.Errorf("written is %s", got)
	}
	l.Dump()
	var events []string
	for _, line := range outputtest.Lines(t, written()) {
		events = append(events, strings.Split(line, `"`)[5])
	}
	if got := strings.Join(events, " "); got != "trace exec enter" {
		t.Errorf("written are %s", got)
	}
	r.Close()
	l.Close()

	l, written = keeping(t, jsonformat.Format, 1)
	outputtest.NewRecord(t, l, 1).Close()
	l.Close()
	if got := written(); got != "" {
		t.Errorf("without a dump, written is %s", got)
	}
}

// The kept records of ended tracees use limited memory.
func TestKeepForgets(t *testing.T) {
	l, written := keeping(t, text.Format, 1)
	output.SetEndedRoom(t, 64<<10)
	long := []byte(strings.Repeat("x", 10<<10))
	for i := range 20 {
		r := outputtest.NewRecord(t, l, i+1)
		r.BeginCall(&output.Header{Time: outputtest.Start, Name: "f"})
		r.Arg("a", output.NameOptional)
		r.Str(output.Plain, long, false)
		r.Return()
		r.Number(uint64(i), output.Signed)
		r.EndCall(&output.Result{})
		r.Close()
	}
	dropped := l.Dump()
	l.Close()
	got := written()
	if n := strings.Count(got, "\n"); dropped < 12 || n+dropped != 20 || !strings.HasSuffix(got, " = 19\n") {
		t.Errorf("%d tracees are dropped, %d written", dropped, n)
	}
}

// Keeping a record does not allocate once the ring is full.
func TestKeepDoesNotAllocate(t *testing.T) {
	l, _ := keeping(t, text.Format, 4)
	defer l.Close()
	r := outputtest.NewRecord(t, l, 1)
	call := func() {
		outputtest.Call(r, "f")
		outputtest.Finish(r, 1)
	}
	for range 10 {
		call()
	}
	header, result := &output.Header{Time: outputtest.Start, Name: "f"}, &output.Result{}
	if n := testing.AllocsPerRun(100, func() {
		r.BeginCall(header)
		r.Entered()
		r.Resume(outputtest.Start)
		r.Return()
		r.Number(1, output.Signed)
		r.EndCall(result)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
