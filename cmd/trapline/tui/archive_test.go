//go:build linux && amd64

package tui

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"trapline/integration/need"
	"trapline/output"
	"trapline/trace"
	"trapline/trace/recording"
)

// recorded records a command, and returns the name of the file.
func recorded(t *testing.T, args ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "recording")
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	command := trace.NewCommand(args[0], args[1:]...)
	command.Stdin, command.Stdout, command.Stderr = null, null, null
	o := trace.Options{Follow: true, Record: &trace.Recording{Path: path, Run: &output.Run{}}}
	if _, err := trace.Run(t.Context(), command, o); err != nil {
		t.Fatal(err)
	}
	return path
}

// opened opens a recording.
func opened(t *testing.T, path string) *recording.Reader {
	t.Helper()
	r, err := recording.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

// shown are options of a window on a recording.
func shown(r *recording.Reader) *trace.Options {
	o := &trace.Options{From: r, Follow: true, DecodeFDs: trace.AllFDs}
	o.Handler.StringLimit = valueLimit
	return o
}

// busyProgram has calls that are in progress while calls of other processes fill blocks, a
// process that is killed in a call and one that is killed outside of any, and threads.
const busyProgram = `
import os, signal, threading
r, w = os.pipe()
random = os.open('/dev/urandom', os.O_RDONLY)
waiting = os.fork()
if waiting == 0:
    os.read(r, 1)
    os.execv('/bin/sh', ['sh', '-c', 'exit 3'])
killed = os.fork()
if killed == 0:
    signal.pause()
looping = os.fork()
if looping == 0:
    while True: pass
t = threading.Thread(target=lambda: os.read(r, 1))
t.start()
for i in range(3):
    for k in range(300): os.stat('/etc/passwd')
    for k in range(150): os.read(random, 4096)  # more than a block
os.write(w, b'ab')
t.join()
os.kill(killed, signal.SIGTERM)
os.kill(looping, signal.SIGKILL)
for i in range(3): os.wait()
`

// values are those of a call.
func values(r *Record) string {
	c := r.Call()
	if c == nil {
		return ""
	}
	var b strings.Builder
	for i := range c.Args {
		b.WriteString(c.Args[i].Name + "=" + c.Args[i].String() + " ")
	}
	return b.String() + c.Result.String()
}

// TestArchive checks that pages have the same records as the whole trace, however the trace
// is divided into pages, and in whatever order they are read.
func TestArchive(t *testing.T) {
	need.All(t, need.Python3)
	r := opened(t, recorded(t, "python3", "-c", busyProgram))
	if len(r.Blocks()) < 3 {
		t.Fatalf("%d blocks", len(r.Blocks()))
	}
	o := *shown(r)
	whole := newMemory()
	(&collector{store: whole}).attach(&o)
	if err := trace.Replay(t.Context(), r, o); err != nil {
		t.Fatal(err)
	}
	for _, events := range []int{1, 500, 1 << 30} {
		a := newArchive(shown(r), events)
		awaitProcesses(t.Context(), a)
		var got []*Record
		for i := a.Len() - 1; i >= 0; i-- {
			if r := a.Record(i); r.Event != "" {
				got = append([]*Record{r}, got...)
			}
		}
		if a.close() != nil || len(got) != whole.Len() {
			t.Errorf("pages of %d events: %d records, want %d; %v", events, len(got), whole.Len(), a.close())
		}
		for i := range min(len(got), whole.Len()) {
			have, want := *got[i], *whole.Record(i)
			if got, want := values(&have), values(&want); got != want {
				t.Errorf("record %d: %s, want %s", i, got, want)
			}
			have.store, have.packed, have.call = nil, nil, nil
			want.store, want.packed, want.call = nil, nil, nil
			if have.Text != want.Text || have.Event != want.Event || have.TID != want.TID || have.Process != want.Process ||
				have.Took != want.Took || have.Given != want.Given || have.Ended != want.Ended || have.Failed != want.Failed {
				t.Fatalf("pages of %d events: record %d is\n%+v, want\n%+v", events, i, have, want)
			}
		}
		for _, p := range a.Processes() {
			if p.Ended.IsZero() || p.TID == p.TGID && (p.Name == "" || p.Calls == 0) {
				t.Errorf("process %+v", p)
			}
		}
	}
}

// TestArchiveWithoutEnd reads a recording whose recorder was killed.
func TestArchiveWithoutEnd(t *testing.T) {
	need.All(t, need.Python3)
	path := recorded(t, "python3", "-c", busyProgram)
	blocks := opened(t, path).Blocks()
	if err := os.Truncate(path, blocks[len(blocks)-1].Offset+100); err != nil {
		t.Fatal(err)
	}
	r := opened(t, path)
	if r.Complete() || len(r.Blocks()) != len(blocks)-1 {
		t.Fatalf("%d blocks of %d", len(r.Blocks()), len(blocks))
	}
	o := *shown(r)
	whole := newMemory()
	(&collector{store: whole}).attach(&o)
	if err := trace.Replay(t.Context(), r, o); err != nil {
		t.Fatal(err)
	}
	a := newArchive(shown(r), 500)
	awaitProcesses(t.Context(), a)
	n := 0
	for i := range a.Len() {
		got := a.Record(i)
		if got.Event == "" {
			continue
		}
		if want := whole.Record(n); got.Text != want.Text {
			t.Fatalf("record %d is %q, want %q", n, got.Text, want.Text)
		}
		n++
	}
	// In addition, the whole trace has the calls that had not returned.
	for ; n < whole.Len(); n++ {
		if r := whole.Record(n); r.Event == "syscall" && r.Ended {
			t.Errorf("no record of %s", r.Text)
		}
	}
	if err := a.close(); err != nil || len(a.Processes()) < 4 {
		t.Errorf("%v, processes %+v", err, a.Processes())
	}
}
