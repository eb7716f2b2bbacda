//go:build linux && amd64

package report

import (
	"bytes"
	"errors"
	"io"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"trapline/decode"
	"trapline/tables"
	"trapline/trace/recording"
)

// madeUp makes a recording from bytes, three for each event: what happens, in which of four
// threads, and with which argument or result.
func madeUp(t testing.TB, b []byte) *recording.Reader {
	t.Helper()
	file := filepath.Join(t.TempDir(), "file")
	at := time.Unix(1700000000, 0)
	w, err := recording.Create(file, &recording.Info{Start: at, Strings: 4096})
	if err != nil {
		t.Fatal(err)
	}
	for ; len(b) >= 3; b = b[3:] {
		at = at.Add(time.Millisecond)
		e := madeUpEvent(b[0], 100+int(b[1]%4), b[2])
		e.Time = at
		w.Begin()
		w.Put(e)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := recording.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

func madeUpEvent(what byte, tid int, value byte) *recording.Event {
	const address = 0x402000
	e := &recording.Event{TID: tid}
	e.Call = recording.Call{ABI: tables.X86_64, IP: 0x401000, SP: 0x7ffffff0, EntrySeen: true}
	calls := [...]struct {
		nr   uint64
		args [6]uint64
		n    int
	}{
		{0, [6]uint64{uint64(value % 4), address, 16}, 3},       // read
		{1, [6]uint64{uint64(value % 4), address, 16}, 3},       // write
		{3, [6]uint64{uint64(value % 4)}, 1},                    // close
		{12, [6]uint64{uint64(value) << 12}, 1},                 // brk
		{39, [6]uint64{}, 0},                                    // getpid
		{56, [6]uint64{}, 5},                                    // clone
		{87, [6]uint64{address}, 1},                             // unlink
		{257, [6]uint64{^uint64(99), address, 0, 0}, 4},         // openat
		{uint64(value) * 3, [6]uint64{address, uint64(tid)}, 6}, // any
	}
	switch what % 8 {
	case 0, 1, 2:
		e.Kind = recording.Enter
		c := &calls[int(what/8)%len(calls)]
		e.Call.NR, e.Call.Args, e.Call.NumArgs = c.nr, c.args, c.n
		e.Memory = []decode.Piece{{Addr: address, B: []byte{'/', 'a' + value%3, 0}, End: decode.AtNUL}}
	case 3, 4:
		e.Kind = recording.Exit
		e.Call.Ret = int64(value % 8)
		if value%5 == 0 {
			e.Call.Ret, e.Call.IsError = -int64(unix.ENOENT), true
		}
		e.Memory = []decode.Piece{{Addr: address, B: []byte("0123456789abcdef")[:value%16]}}
	case 5:
		e.Kind, e.Parent = recording.Created, 100+int(value%4)
	case 6:
		e.Kind = recording.Exec
		if value%4 == 0 {
			e.FormerTID, e.Superseded = 100+int(value/4%4), tid
		}
	default:
		e.Kind, e.Status = recording.Exited, unix.WaitStatus(value%2)<<8
	}
	return e
}

// counts are the numbers of a comparison, from the first side's point of view.
type counts struct {
	same, paired       int
	weights            [weighsData + 1]int
	missing, added     int
	filesOnly, without []string
	failed, worked     []string
}

func (c *Comparison) counts() (n counts) {
	n.same, n.paired = c.same, c.paired
	for _, d := range c.differences {
		n.weights[d.weight]++
		switch d.kind {
		case "missing":
			n.missing++
		case "added":
			n.added++
		}
	}
	n.filesOnly, n.without = c.a.filesOnly(c.b), c.b.filesOnly(c.a)
	n.failed, n.worked = c.a.errorsOnly(c.b), c.b.errorsOnly(c.a)
	return n
}

// exchanged returns the counts from the other side's point of view.
func (n counts) exchanged() counts {
	n.missing, n.added = n.added, n.missing
	n.filesOnly, n.without = n.without, n.filesOnly
	n.failed, n.worked = n.worked, n.failed
	return n
}

// Any two recordings can be compared. There is no difference between a recording and
// itself, and exchanging the recordings changes only the order.
func FuzzCompare(f *testing.F) {
	calls := []byte{0, 0, 1, 3, 0, 1, 56, 0, 2, 3, 0, 0, 40, 0, 0, 3, 0, 1, 5, 1, 0, 0, 1, 3, 3, 1, 3, 7, 1, 0, 7, 0, 1}
	f.Add(calls, calls)
	f.Add(calls, calls[:12])
	f.Add(calls, bytes.Repeat([]byte{56, 0, 1, 3, 0, 5}, 20))
	f.Add([]byte{5, 1, 0, 5, 2, 1, 6, 2, 4, 0, 2, 2, 7, 1, 1}, []byte{5, 3, 0, 6, 3, 12, 4, 3, 3})
	f.Add([]byte{}, calls)
	f.Fuzz(func(t *testing.T, x, y []byte) {
		if len(x) > 600 || len(y) > 600 {
			return
		}
		a, b := madeUp(t, x), madeUp(t, y)
		compare := func(a, b *recording.Reader) *Comparison {
			c, err := Compare(t.Context(), "a", "b", a, b)
			if err != nil {
				t.Fatal(err)
			}
			for _, form := range []Form{{}, {JSON: true}} {
				if err := c.Write(io.Discard, form); err != nil {
					t.Fatal(err)
				}
			}
			return c
		}
		if c := compare(a, a); len(c.differences) > 0 || c.same != c.a.calls {
			t.Errorf("a recording and itself: %d of %d calls are the same, %+v", c.same, c.a.calls, c.differences)
		}
		forth, back := compare(a, b).counts(), compare(b, a).counts().exchanged()
		if !reflect.DeepEqual(forth, back) {
			t.Errorf("in one order %+v, in the other %+v", forth, back)
		}
	})
}

// Calls that are missing because reading was interrupted do not count as differences, nor
// does a missing end of a call.
func TestCompareCut(t *testing.T) {
	forever := []byte{0, 0, 1, 3, 0, 1, 0, 0, 1, 3, 0, 1, 8, 0, 1, 3, 0, 1, 0, 0, 2, 3, 0, 2}
	whole, part := newSide("a", new(numbering)), newSide("b", nil)
	part.keys = whole.keys
	if err := errors.Join(whole.read(t.Context(), madeUp(t, forever)), part.read(t.Context(), madeUp(t, forever[:9]))); err != nil {
		t.Fatal(err)
	}
	part.cut = true
	part.dropOpen()
	c := &Comparison{a: whole, b: part, ctx: t.Context()}
	c.compareAll()
	if len(c.differences) > 0 || c.same != 1 {
		t.Errorf("%d calls are the same, %+v", c.same, c.differences)
	}
}
