//go:build linux && amd64

package tui

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"trapline/decode"
	"trapline/tables"
	"trapline/trace/recording"
)

// millions is how many million calls the recordings of benchmarks have: $MILLIONS, or 1.
func millions(b *testing.B) int {
	n, err := strconv.Atoi(os.Getenv("MILLIONS"))
	if err != nil {
		n = 1
	}
	return n
}

// synthetic writes a recording of so many calls: four processes that open, read and close
// files in turn.
func synthetic(b *testing.B, calls int) string {
	b.Helper()
	path := filepath.Join(b.TempDir(), "recording")
	if kept := os.Getenv("SYNTHETIC"); kept != "" { // made before
		if _, err := os.Stat(kept); err == nil {
			return kept
		}
		path = kept
	}
	w, err := recording.Create(path, &recording.Info{Program: "test", Start: time.Unix(1, 0), Strings: 4096, Follow: true})
	if err != nil {
		b.Fatal(err)
	}
	const processes = 4
	now := time.Unix(1, 0)
	put := func(ev *recording.Event) {
		now = now.Add(3 * time.Microsecond)
		ev.Time = now
		w.Begin()
		w.Put(ev)
	}
	for p := range processes {
		put(&recording.Event{Kind: recording.Launched, TID: 100 + p})
	}
	var c caller
	for i := 0; i < calls; i += processes {
		for p := range processes {
			put(c.enter(i+p, 100+p))
		}
		for p := range processes {
			put(c.exit(i+p, 100+p))
		}
	}
	for p := range processes {
		put(&recording.Event{Kind: recording.Exited, TID: 100 + p})
	}
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
	return path
}

// caller makes the events of synthetic calls.
type caller struct {
	ev   recording.Event
	path []byte
	data [64]byte
}

var syntheticCalls = [...]struct {
	name string
	args int
}{{"openat", 4}, {"read", 3}, {"read", 3}, {"close", 1}}

func (c *caller) enter(i, tid int) *recording.Event {
	kind := i / 4 % len(syntheticCalls)
	call := syntheticCalls[kind]
	c.ev = recording.Event{Kind: recording.Enter, TID: tid, Memory: c.ev.Memory[:0]}
	const at = 0x7ffd12345000
	c.ev.Call = recording.Call{
		ABI: tables.X86_64, NR: uint64(tables.ByName(tables.X86_64, call.name).NR), NumArgs: call.args,
		IP: 0x7f0000001000 + uint64(kind)*64, SP: at - 256, EntrySeen: true, Args: [6]uint64{3, at + 64, uint64(len(c.data))},
	}
	switch call.name {
	case "openat":
		c.path = append(fmt.Appendf(c.path[:0], "/usr/share/doc/package-%d/file-%d.txt", i/1000, i), 0)
		c.ev.Call.Args = [6]uint64{^uint64(99), at, 0, 0}
		c.ev.Memory = append(c.ev.Memory, decode.Piece{Addr: at, B: c.path, End: decode.AtNUL})
	case "close":
		c.ev.Call.Args = [6]uint64{3}
	}
	return &c.ev
}

func (c *caller) exit(i, tid int) *recording.Event {
	kind := i / 4 % len(syntheticCalls)
	enter := c.enter(i, tid).Call
	c.ev.Kind, c.ev.Memory = recording.Exit, c.ev.Memory[:0]
	switch syntheticCalls[kind].name {
	case "openat":
		enter.Ret = 3
	case "read":
		enter.Ret = int64(len(c.data))
		copy(c.data[:], fmt.Sprintf("line %d of the file\nand some more text of it\n", i))
		c.ev.Memory = append(c.ev.Memory, decode.Piece{Addr: enter.Args[1], B: c.data[:]})
	}
	c.ev.Call = enter
	return &c.ev
}

// BenchmarkRecording opens a large recording and shows its first and its last screen. It
// also reports the size of the file, the time for the whole survey, the memory that the
// process has used, and the cost of writing the recording.
func BenchmarkRecording(b *testing.B) {
	calls := millions(b) * 1_000_000
	begin := time.Now()
	path := synthetic(b, calls)
	written := time.Since(begin)
	size, err := os.Stat(path)
	if err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	for range b.N {
		r, err := recording.Open(path)
		if err != nil {
			b.Fatal(err)
		}
		begin := time.Now()
		m := newModel(newArchive(shown(r), pageEvents), "benchmark", 150, 40)
		m.update()
		m.lines()
		b.ReportMetric(float64(time.Since(begin).Milliseconds()), "ms-first")
		begin = time.Now()
		m.command("end")
		m.lines()
		b.ReportMetric(float64(time.Since(begin).Milliseconds()), "ms-last")
		awaitProcesses(b.Context(), m.store)
		b.ReportMetric(time.Since(begin).Seconds(), "s-survey")
		m.store.(*archive).close()
		r.Close()
	}
	b.ReportMetric(float64(peak(b)), "KiB-peak")
	b.ReportMetric(float64(written.Nanoseconds())/float64(calls), "ns-written/call")
	b.ReportMetric(float64(size.Size())/float64(calls), "bytes/call")
}

// peak is the most memory that this process has had resident, in KiB.
func peak(b *testing.B) int {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		b.Fatal(err)
	}
	_, line, _ := bytes.Cut(status, []byte("VmHWM:"))
	n, _ := strconv.Atoi(string(bytes.Fields(line)[0]))
	return n
}

// BenchmarkSearch reads the records of a recording one after the other, as searches and
// filters do: the recording of BenchmarkRecording, or $RECORDING.
func BenchmarkSearch(b *testing.B) {
	path := os.Getenv("RECORDING")
	if path == "" {
		path = synthetic(b, millions(b)*1_000_000)
	}
	r, err := recording.Open(path)
	if err != nil {
		b.Fatal(err)
	}
	defer r.Close()
	a := newArchive(shown(r), pageEvents)
	defer a.close()
	awaitProcesses(b.Context(), a)
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		a.Record(i % a.Len())
	}
}
