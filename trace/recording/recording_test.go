//go:build linux && amd64

package recording

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"trapline/decode"
	"trapline/decode/host"
	"trapline/tables"
)

var start = time.Unix(1700000000, 123456789)

// machine is a host with few answers.
type machine struct {
	host.Unknown
	name string
}

func (m *machine) Process(tid int) int                { return tid }
func (m *machine) Command([]byte, int) ([]byte, bool) { return []byte(m.name), true }
func (m *machine) Descriptor(b []byte, _, fd int) []byte {
	return fmt.Appendf(b[:0], "/folder/of/file/%d", fd)
}

// events returns events of all kinds with all parts.
func events() []*Event {
	at := start
	next := func(k Kind, tid int) *Event {
		at = at.Add(1234567 * time.Nanosecond)
		return &Event{Kind: k, TID: tid, Time: at}
	}
	var all []*Event
	add := func(e *Event) *Event { all = append(all, e); return e }
	add(next(Launched, 100))
	for i := range 40 {
		tid := 100 + i%3
		if i > 0 && i < 3 {
			add(next(Created, tid)).Parent = 100
		}
		e := add(next(Enter, tid))
		e.Call = Call{ABI: tables.X86_64, NR: uint64(i % 5), Args: [6]uint64{3, 0x7fff0000 + uint64(i), 17}, NumArgs: 3, IP: 0x401000, SP: 0x7ffffff0, EntrySeen: true}
		e.Memory = []decode.Piece{
			{Addr: 0x7fff0000 + uint64(i), B: []byte("a string\x00"), End: decode.AtNUL},
			{Addr: 0x1000, End: decode.Unreadable},
			{Addr: 0x2000, B: []byte("/folder/of/file/3\x00"), End: decode.AtNUL}, // repeats an answer
			{Addr: 0x3000, B: bytes.Repeat([]byte{byte(i % 4)}, 1500)},
			{Addr: 0x4000, B: []byte("/folder/of/file/3"), End: decode.PieceEnd(i % 2)}, // 1: a string without its end
			{Addr: 0x5000, B: bytes.Repeat([]byte{byte(i % 4)}, 15+i%3), End: decode.Unreadable},
		}
		e.HasStack, e.Cut = i%4 == 0, i%8 == 0
		if e.HasStack {
			e.Stack = []Frame{{PC: 0x401010, File: "/bin/x", Addr: 0x1010, Symbol: "main", Offset: 16, Source: "x.c", Line: 7}, {PC: 0x402000, File: "/bin/x"}}
		}
		if e.HasUsage = i%5 == 0; e.HasUsage {
			e.Usage.Stime = unix.NsecToTimeval(int64(i) * 1000000)
		}
		if e.HasRegisters = i%7 == 0; e.HasRegisters {
			e.Registers = Registers{User: unix.PtraceRegs{Rax: uint64(i), Rip: 0x401000}, Sets: []RegisterSet{{Note: 2, B: []byte{1, 2, 3}}}}
		}
		if i == 11 {
			s := add(next(Signal, tid))
			s.Signal = unix.SIGUSR1
			s.Siginfo[0], s.Siginfo[127] = byte(unix.SIGUSR1), 9
			add(next(GroupStop, tid)).Signal = unix.SIGSTOP
		}
		x := add(next(Exit, tid))
		x.Call = e.Call
		x.Call.Ret = int64(i)
		if x.Call.IsError = i%6 == 0; x.Call.IsError {
			x.Call.Ret = -2
			x.Reason = "there is no such file"
		}
		x.Memory = []decode.Piece{{Addr: 0x7fff0000 + uint64(i), B: []byte{byte(i), 0, 1}}}
		if i == 13 {
			x.Injected, x.Rule, x.Delayed = "INJECTED", 2, true
		}
	}
	e := add(next(Enter, 101)) // the thread takes over the id of the leader
	e.Call = Call{ABI: tables.X86_64, NR: 59, NumArgs: 3, IP: 0x401000, SP: 0x7ffffff0, EntrySeen: true}
	x := add(next(Exec, 100))
	x.FormerTID, x.Superseded = 101, 100
	r := add(next(Exit, 100))
	r.Call = e.Call
	a := add(next(Attached, 300))
	a.Threads = []int{300, 1}
	add(next(Killed, 102)).Status = 9
	all[len(all)-1].Signal = 9
	last := add(next(Exited, 100))
	last.Status, last.HasUsage = 3<<8, true
	last.Usage.Maxrss = 4711
	return all
}

// write writes events to a file in frames of n events, and blocks of so many frames.
func write(t testing.TB, all []*Event, n, frames int) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	w, err := Create(path, &Info{Program: "test", Command: []string{"a", "b c"}, Start: start, Strings: 4096, Vector: []int{2, 576, 256}})
	if err != nil {
		t.Fatal(err)
	}
	m := &machine{name: "one"}
	asked := NewAsked(m)
	for i, e := range all {
		if block, frame := w.Begin(); block {
			asked.StartBlock()
		} else if frame {
			asked.StartFrame()
		}
		asked.Command(make([]byte, 16), e.TID)
		asked.Descriptor(make([]byte, 64), e.TID, 3)
		asked.WorkingDir(nil, e.TID)
		copied := *e
		copied.Answers = asked.Take()
		w.Put(&copied)
		e.Number, e.Ordinal = copied.Number, copied.Ordinal
		w.mu.Lock()
		if i%n == n-1 && !w.fresh { // the timer may have run
			w.send()
		}
		if i%(n*frames) == n*frames-1 {
			w.complete()
		}
		w.mu.Unlock()
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func open(b []byte) (*Reader, error) { return NewReader(bytes.NewReader(b), int64(len(b))) }

// same compares what was read with what was written.
func same(t *testing.T, got, want *Event) {
	t.Helper()
	g, w := *got, *want
	g.Answers, w.Answers = Answered{}, Answered{}
	for _, e := range []*Event{&g, &w} {
		if len(e.Memory) == 0 {
			e.Memory = nil
		}
		for i := range e.Memory {
			if len(e.Memory[i].B) == 0 {
				e.Memory[i].B = nil
			}
		}
		if len(e.Stack) == 0 {
			e.Stack = nil
		}
		if len(e.Threads) == 0 {
			e.Threads = nil
		}
		if len(e.Registers.Sets) == 0 {
			e.Registers.Sets = nil
		}
		e.Time = e.Time.UTC()
	}
	if !reflect.DeepEqual(g, w) {
		t.Fatalf("event %d:\n got %.150v\nwant %.150v", w.Number, g, w)
	}
}

// Everything that is written can be read back, from the start and from any call, event and
// time, however the events are divided into blocks and frames.
func TestRoundTrip(t *testing.T) {
	all := events()
	for _, n := range [][2]int{{1, 1}, {3, 1}, {10, 1}, {1000, 1}, {1, 1000}, {1, 7}, {3, 2}, {10, 3}} {
		r, err := open(write(t, all, n[0], n[1]))
		if err != nil {
			t.Fatal(err)
		}
		if blocks := (len(all) + n[0]*n[1] - 1) / (n[0] * n[1]); len(r.Blocks()) != blocks {
			t.Errorf("%d blocks, want %d", len(r.Blocks()), blocks)
		}
		if !r.Complete() || r.NumEvents() != uint64(len(all)) || r.NumCalls() != 41 {
			t.Errorf("complete %v, %d events, %d calls", r.Complete(), r.NumEvents(), r.NumCalls())
		}
		if i := r.Info(); !reflect.DeepEqual(i.Command, []string{"a", "b c"}) || !i.Start.Equal(start) || len(i.Vector) != 3 {
			t.Errorf("info is %+v", i)
		}
		if th := r.Threads(); len(th) != 7 || th[1].Kind != Created || th[1].Parent != 100 || th[6].Status.ExitStatus() != 3 {
			t.Errorf("threads are %+v", th)
		}
		for from := range all {
			c, err := r.SeekEvent(uint64(from))
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range all[from:] {
				got, err := c.Next()
				if err != nil {
					t.Fatal(err)
				}
				same(t, got, want)
				if name, ok := c.Host().Command(make([]byte, 16), got.TID); !ok || string(name) != "one" {
					t.Fatalf("the command is %q, %v", name, ok)
				}
				if got := c.Host().Descriptor(make([]byte, 64), got.TID, 3); string(got) != "/folder/of/file/3" {
					t.Fatalf("the descriptor is %q", got)
				}
				if got := c.Host().WorkingDir(make([]byte, 64), 100); got != nil {
					t.Fatalf("the directory is %q", got)
				}
			}
			if _, err := c.Next(); err != io.EOF {
				t.Fatal(err)
			}
			c.Close()
		}
		for call := range uint64(41) {
			c, err := r.SeekCall(call)
			if err != nil {
				t.Fatal(err)
			}
			if e, err := c.Next(); err != nil || e.Kind != Enter || e.Ordinal != call {
				t.Fatalf("call %d: %+v, %v", call, e, err)
			}
			c.Close()
		}
		c, err := r.SeekTime(all[20].Time)
		if err != nil {
			t.Fatal(err)
		}
		if e, err := c.Next(); err != nil || e.Number != 20 {
			t.Fatalf("time of event 20: %+v, %v", e, err)
		}
	}
}

// readAll reads as much as possible. It returns the number of events, and the error.
func readAll(b []byte) (n int, complete bool, err error) {
	r, err := open(b)
	if err != nil {
		return 0, false, err
	}
	c := r.Events()
	defer c.Close()
	for {
		if _, err := c.Next(); err == io.EOF {
			return n, r.Complete(), nil
		} else if err != nil {
			return n, r.Complete(), err
		}
		n++
	}
}

// A file that is cut off anywhere is read up to that place, and the reader reports that its
// end is missing.
func TestTruncated(t *testing.T) {
	all := events()
	b := write(t, all, 5, 3)
	last := 0
	for size := range b {
		n, complete, err := readAll(b[:size])
		if complete {
			t.Fatalf("%d of %d bytes are complete", size, len(b))
		}
		if err != nil && n > 0 {
			t.Fatalf("%d of %d bytes: %d events, then %v", size, len(b), n, err)
		}
		if n < last {
			t.Fatalf("%d of %d bytes: %d events, fewer than before", size, len(b), n)
		}
		last = n
	}
	if last != len(all) {
		t.Errorf("without the last byte there are %d events, want %d", last, len(all))
	}
}

// The text about what is missing depends on how much of a recording was read, why reading
// ended there, and whether the recording has its end.
func TestMissing(t *testing.T) {
	const (
		noEnd = "the end of the recording is missing: the recorder was killed, or could not write"
		some  = "interrupted: the rest is missing after 7 of 41 calls"
		fails = "the rest is missing after 7 calls: it is damaged"
	)
	b := write(t, events(), 5, 3)
	damaged := errors.New("it is damaged")
	for _, tt := range []struct {
		size        int // of the file
		calls       int // that are read
		interrupted bool
		err         error
		want        string
	}{
		{len(b), 41, false, nil, ""},
		{len(b), 41, true, nil, ""},
		{len(b), 7, true, nil, some},
		{len(b), 7, true, damaged, some},
		{len(b), 7, false, damaged, fails},
		{len(b) - 1, 41, false, nil, noEnd},
		{len(b) - 1, 41, true, nil, ""},
		{len(b) - 1, 7, true, nil, some},
		{len(b) - 1, 7, false, damaged, fails},
	} {
		r, err := open(b[:tt.size])
		if err != nil {
			t.Fatal(err)
		}
		c := r.Events()
		for calls := 0; calls < tt.calls; {
			e, err := c.Next()
			if err != nil {
				t.Fatal(err)
			}
			if e.Kind == Enter {
				calls++
			}
		}
		c.Close()
		if got := r.Missing(tt.interrupted, tt.err); got != tt.want {
			t.Errorf("%+v: %q", tt, got)
		}
	}
}

// If a bit of the file is changed, reading gives an error, or the end is missing.
// Everything read before equals what was written.
func TestFlippedBits(t *testing.T) {
	all := events()
	b := write(t, all, 5, 3)
	step := 7 // so that each of the bits of a byte has its turn
	if os.Getenv("CI") != "" {
		step = 1
	}
	for bit := 0; bit < 8*len(b); bit += step {
		b[bit/8] ^= 1 << (bit % 8)
		r, err := open(b)
		if err == nil {
			c := r.Events()
			for i := 0; ; i++ {
				var e *Event
				if e, err = c.Next(); err != nil {
					break
				}
				same(t, e, all[i])
			}
			c.Close()
			if err == io.EOF && r.Complete() {
				t.Errorf("bit %d: there is no error", bit)
			}
		}
		b[bit/8] ^= 1 << (bit % 8)
	}
}

// Blocks may contain anything, as long as the checksums are correct. The second argument is
// the frame that continues the block.
func FuzzBlock(f *testing.F) {
	e := newEncoder()
	e.history.reset(0)
	e.uvarint(0)
	for _, ev := range events() {
		e.event(ev)
	}
	parts := e.parts()
	block := bytes.Join(parts[:], nil)
	e.contents = newContents()
	for _, ev := range events() {
		e.event(ev)
	}
	parts = e.parts()
	f.Add(block, bytes.Join(parts[:], nil))
	f.Fuzz(func(t *testing.T, b, more []byte) {
		var d blockDecoder
		d.start(b, 0)
		r := &Reader{blocks: []Block{{}}}
		c := Cursor{r: r, d: d, block: 1, host: newHost(), calls: make(map[int]*current)}
		c.readOlder()
		for n := 0; c.d.more() || more != nil; n++ {
			if !c.d.more() {
				c.d.frame(more)
				more = nil
				continue
			}
			before := len(c.d.b)
			if err := c.d.event(&c.ev); err != nil {
				return
			}
			if len(c.d.b) >= before {
				t.Fatal("an event of no bytes")
			}
			c.host.learn(&c.ev.Answers)
			if err := c.settle(&c.ev); err != nil {
				return
			}
		}
	})
}

// A file may contain anything.
func FuzzFile(f *testing.F) {
	f.Add(write(f, events(), 5, 3))
	f.Add(write(f, events(), 1, 100))
	f.Add([]byte(firstLine()))
	f.Fuzz(func(t *testing.T, b []byte) {
		readAll(b)
	})
}

// FuzzAnswers reads answers with arbitrary contents.
func FuzzAnswers(f *testing.F) {
	f.Add([]byte{1, 3, 'a'})
	f.Fuzz(func(t *testing.T, b []byte) {
		h := newHost()
		for m := askProcess; m <= askRing; m++ {
			h.answers[string(ask(nil, m, 1))] = string(b)
			h.answers[string(ask(nil, m, 1, 1))] = string(b)
			h.answers[string(ask(nil, m))] = string(b)
			h.answers[string(appendUvarint(ask(nil, askSocket, 1, 1), 1))] = string(b)
		}
		room := make([]byte, 16)
		h.Process(1)
		h.Find(1, 1, 0)
		h.Command(room, 1)
		h.Identity(1)
		h.Descriptor(room, 1, 1)
		h.FileType(1, 1)
		h.Socket(1, 1, 1)
		h.Interface(1)
		h.GenericFamilies()
		h.DescriptorContext(room, 1, 1, true)
		h.Mapping(1, nil)
		h.CPUSetSize()
		h.BootTime(1)
		h.Ring(1, 1)
	})
}

// A full disk is an error of the Writer, and what is on the disk can be read.
func TestFullDisk(t *testing.T) {
	w, err := Create("/dev/full", &Info{Start: start})
	if err == nil {
		t.Fatal("/dev/full is not full")
	}
	if w != nil || !errors.Is(err, unix.ENOSPC) {
		t.Errorf("the error is %v", err)
	}
}

func TestNoRecording(t *testing.T) {
	for text, want := range map[string]string{
		"":                            "the file is empty",
		"hello\n":                     ErrNotRecording.Error(),
		"trapline recording 2\n":      `the recording has version "2" of the format, of which this trapline knows only 3`,
		firstLine():                   "the recording ends before it begins",
		"trapline recording 3\nhello": "the recording ends before it begins",
	} {
		if _, err := open([]byte(text)); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

// ringHost answers for a ring.
type ringHost struct {
	host.Unknown
	ring host.Ring
}

func (h *ringHost) Ring(_, fd int) (host.Ring, bool) { return h.ring, fd == 5 }

// The answer about a ring is reused until it changes, and is recorded once.
func TestRingAnswers(t *testing.T) {
	of := &ringHost{ring: host.Ring{Inode: 7, Rings: 1, Entries: 2, EntrySize: 3}}
	asked, told := NewAsked(of), newHost()
	check := func(when string, want host.Ring, answers int) {
		t.Helper()
		new := asked.Take()
		told.learn(&new)
		if r, ok := told.Ring(1, 5); !ok || r != want || new.Len() != answers {
			t.Errorf("%s: %+v, %v, want %+v, in %d answers, want %d", when, r, ok, want, new.Len(), answers)
		}
	}
	asked.Ring(1, 5)
	check("asked", of.ring, 1)
	known := of.ring
	known.Known, known.Flags, known.Array = true, 1<<16, 64
	asked.NoteRing(1, 5, known)
	check("noted", known, 1)
	asked.Ring(1, 5)
	asked.NoteRing(1, 5, known)
	check("asked again", known, 0)
	of.ring.Inode = 8
	asked.Ring(1, 5)
	check("another one", of.ring, 1)
	if r, ok := asked.Ring(1, 6); ok {
		t.Errorf("descriptor 6 is %+v", r)
	}
}

// Memory that occurred before in the block takes a few bytes, and each block contains
// everything to which it refers.
func TestRepeats(t *testing.T) {
	const size = 20000 // the memory of one event, which cannot be compressed
	var all []*Event
	for range 20 {
		e := &Event{Kind: Enter, TID: 100, Time: start, Call: Call{ABI: tables.X86_64, EntrySeen: true}}
		for part := range 5 {
			b := make([]byte, size/5)
			rand.NewChaCha8([32]byte{byte(part)}).Read(b)
			e.Memory = append(e.Memory, decode.Piece{Addr: 0x1000, B: b})
		}
		all = append(all, e)
	}
	for frames, blocks := range map[int]int{1: 20, 4: 5, 1000: 1} {
		b := write(t, all, 1, frames)
		if least := blocks * size; len(b) < least || len(b) > least+20*300 {
			t.Errorf("%d blocks, %d bytes", blocks, len(b))
		}
		r, err := open(b)
		if err != nil {
			t.Fatal(err)
		}
		for i := range all {
			c, err := r.SeekEvent(uint64(i))
			if err != nil {
				t.Fatal(err)
			}
			if e, err := c.Next(); err != nil || !reflect.DeepEqual(e.Memory, all[i].Memory) {
				t.Errorf("%d blocks: event %d differs: %v", blocks, i, err)
			}
		}
	}
}
