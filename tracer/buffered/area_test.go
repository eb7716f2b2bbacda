//go:build linux && amd64

package buffered

import (
	"encoding/binary"
	"errors"
	"runtime"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

// newFile makes a file for an area.
func newFile(t testing.TB) (fd int) {
	t.Helper()
	fd, err := unix.MemfdCreate("area", unix.MFD_ALLOW_SEALING|unix.MFD_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.Ftruncate(fd, AreaFileSize); err != nil {
		t.Fatal(err)
	}
	return fd
}

// areaOf maps an area.
func areaOf(t testing.TB, fd int) *Area {
	t.Helper()
	memory, err := unix.Mmap(fd, 0, areaFile, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		t.Fatal(err)
	}
	a := &Area{Addr: 0x7f0000000000, memory: memory, views: new(Views)}
	t.Cleanup(a.Close)
	return a
}

// newArea makes an area that no other process has.
func newArea(t testing.TB) *Area {
	t.Helper()
	fd := newFile(t)
	defer unix.Close(fd)
	a, err := new(Views).NewArea(fd, 0x7f0000000000)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	a.Begin(1)
	return a
}

// put writes a record in the same way as the stub.
func put(a *Area, nr uint64, size uint64) {
	head := a.load(areaHead)
	at := AreaState + head%RingSize
	le := binary.LittleEndian
	record := make([]byte, size)
	le.PutUint64(record[recSize:], size)
	le.PutUint64(record[recNR:], nr)
	n := copy(a.memory[at:AreaState+RingSize], record)
	copy(a.memory[AreaState:], record[n:])
	a.word(areaHead).Store(head + size)
}

func TestRing(t *testing.T) {
	a := newArea(t)
	var r Record
	for i := range uint64(5000) { // around the ring several times
		put(a, i, recChunks+i%50*8)
		if ok, err := a.Next(&r); !ok || err != nil || r.NR != i {
			t.Fatalf("record %d: %v, %v, number %d", i, ok, err, r.NR)
		}
	}
	if ok, err := a.Next(&r); ok || err != nil {
		t.Errorf("an empty ring has a record, or %v", err)
	}
	if head, tail := a.load(areaHead), a.load(areaTail); head != tail {
		t.Errorf("head %d, tail %d", head, tail)
	}
}

// A thread that writes continuously, and waits only while the ring is full, loses no
// record, and no record is read before it is complete.
func TestRingWhileWritten(t *testing.T) {
	const records = 100_000
	fd := newFile(t)
	defer unix.Close(fd)
	a, writer := areaOf(t, fd), areaOf(t, fd) // two mappings, as in two processes
	go func() {
		for i := range uint64(records) {
			size := recChunks + i%70*8
			for writer.load(areaHead)-writer.load(areaTail)+size > RingSize {
				runtime.Gosched()
			}
			put(writer, i, size)
		}
	}()
	var r Record
	for i := uint64(0); i < records; {
		if i%3 != 0 {
			if key, _, _, size := a.Peek(); key != nil {
				if nr := binary.LittleEndian.Uint64(key); nr != i || size != recChunks+i%70*8 {
					t.Fatalf("record %d: number %d, %d bytes are seen", i, nr, size)
				}
				a.Pass(size)
				i++
				continue
			}
		}
		ok, err := a.Next(&r)
		switch {
		case err != nil:
			t.Fatalf("record %d: %v", i, err)
		case !ok:
			runtime.Gosched()
		case r.NR != i || uint64(len(r.Chunks)) != i%70*8:
			t.Fatalf("record %d: number %d, %d bytes of chunks", i, r.NR, len(r.Chunks))
		default:
			i++
		}
	}
}

// Records that differ only in their times and in the place of the call have the same key.
// All others have different keys.
func TestKey(t *testing.T) {
	a := newArea(t)
	key := func(change uint64) string {
		at := AreaState + a.load(areaHead)%RingSize
		put(a, 7, recChunks+32)
		for i := range uint64(recChunks + 32) {
			if i >= recNR && (i < recNR+8 || i >= recArgs) {
				a.memory[at+i] = byte(i)
			}
		}
		a.memory[at+change]++
		var r Record
		if ok, err := a.Next(&r); !ok || err != nil {
			t.Fatal(ok, err)
		}
		return string(r.Key())
	}
	same := key(recStart)
	for change := uint64(recIP); change < recChunks+32; change++ {
		got, bears := key(change), change >= recNR
		if (got != same) != bears {
			t.Errorf("byte %d of a record: the key differs: %v, want %v", change, got != same, bears)
		}
	}
	a.word(areaInFlight).Store(a.load(areaHead) + 1)
	var r Record
	if _, ok := a.InFlight(&r); !ok || r.Key() != nil {
		t.Errorf("a call in progress (%v) has the key %x", ok, r.Key())
	}
}

// Peek shows the record that Next then returns.
func TestPeek(t *testing.T) {
	a := newArea(t)
	var r Record
	seen, wrapped := 0, 0
	for i := range uint64(5000) { // around the ring several times
		at := AreaState + a.load(areaHead)%RingSize
		put(a, i, recChunks+i%50*8)
		if at+recChunks <= AreaState+RingSize {
			a.word(at + recStart).Store(2 * i)
			a.word(at + recEnd).Store(3 * i)
		}
		key, start, end, size := a.Peek()
		shown := string(key)
		if ok, err := a.Next(&r); !ok || err != nil {
			t.Fatalf("record %d: %v, %v", i, ok, err)
		}
		switch {
		case key == nil:
			wrapped++
		case shown != string(r.Key()) || start != 2*i || end != 3*i || size != r.Size():
			t.Fatalf("record %d: %x, %d, %d, %d bytes are seen of %x, %d, %d, %d bytes",
				i, shown, start, end, size, r.Key(), r.Start, r.End, r.Size())
		default:
			seen++
		}
	}
	if key, _, _, _ := a.Peek(); key != nil || seen < 4900 || wrapped == 0 {
		t.Errorf("%d records were seen, %d not; of the empty ring %x", seen, wrapped, key)
	}
}

// The memory that was copied before a call is available while the call is in progress.
func TestCopiedBefore(t *testing.T) {
	const size = recChunks + chunkData + 8
	for written, want := range map[uint64]string{
		size: "\x03", 0: "", recChunks - 8: "", size + 4: "", maxRecord + 8: "", 1 << 63: "",
	} {
		a := newArea(t)
		table := NewCallTable()
		op := Op{Kind: KindBytes, When: BeforeCall, Arg: 1, Count: Unbounded, Size: 1, Most: 1}
		if err := table.Set(7, &Call{Buffered: true, Ops: []Op{op}}); err != nil {
			t.Fatal(err)
		}
		for i := range uint64(1000) { // to a place in the middle of the ring
			put(a, i, recChunks)
			if ok, err := a.Next(&Record{}); !ok || err != nil {
				t.Fatal(ok, err)
			}
		}
		head := a.load(areaHead)
		put(a, 7, size)
		record := a.memory[AreaState+head%RingSize:]
		le := binary.LittleEndian
		le.PutUint64(record[recSize:], written)
		le.PutUint32(record[recChunks+chunkSize:], 1)
		le.PutUint32(record[recChunks+chunkOp:], CallsAddr+tableCalls*opBytes)
		le.PutUint64(record[recChunks+chunkWant:], 1)
		record[recChunks+chunkData] = 3
		a.word(areaHead).Store(head)
		a.word(areaInFlight).Store(head + 1)

		var r Record
		begun, ok := a.InFlight(&r)
		if !ok || len(r.Chunks) > 0 {
			t.Fatalf("a call in progress (%v) has %d bytes of chunks", ok, len(r.Chunks))
		}
		a.CopiedBefore(&r)
		got := ""
		table.Pieces(&r, func(p Piece) {
			got += string(p.B)
			if p.When != BeforeCall || p.Unreadable {
				t.Errorf("%+v", p)
			}
		})
		if got != want || !a.StillInFlight(begun) || r.NR != 7 {
			t.Errorf("a record whose size is given as %d: copied %q, want %q", written, got, want)
		}
	}
}

// After a program has damaged its ring, later records can be read again.
func TestDamagedRing(t *testing.T) {
	for _, size := range []uint64{0, 8, recChunks + 1, maxRecord + 8, 1 << 63, ^uint64(0)} {
		a := newArea(t)
		put(a, 1, recChunks)
		a.word(AreaState + recSize).Store(size)
		var r Record
		if ok, err := a.Next(&r); ok || !errors.Is(err, ErrDamaged) {
			t.Errorf("size %#x: %v, %v", size, ok, err)
		}
		put(a, 2, recChunks)
		if ok, err := a.Next(&r); !ok || err != nil || r.NR != 2 {
			t.Errorf("size %#x: the next record: %v, %v, number %d", size, ok, err, r.NR)
		}
	}
}

// Words of a struct that was copied before the call are found where the stub finds them.
// Words that were not copied are not found.
func TestNumber(t *testing.T) {
	record := make([]byte, recChunks+2*chunkData+16)
	le := binary.LittleEndian
	for i := range uint64(6) {
		le.PutUint64(record[recArgs+8*i:], 100+i)
	}
	first := record[recChunks:]
	le.PutUint32(first[chunkSize:], 16)
	le.PutUint64(first[chunkData:], 200)
	le.PutUint64(first[chunkData+8:], 201)
	var r Record
	for size, want := range map[int]map[uint8]uint64{
		recChunks + chunkData + 16: {0: 100, 5: 105, FirstWord: 200, FirstWord + 1: 201},
		recChunks + chunkData + 8:  {0: 100, 5: 105, FirstWord: 200},
		recChunks + 8:              {0: 100, 5: 105},
		len(record):                {0: 100, 5: 105, FirstWord: 200, FirstWord + 1: 201},
	} {
		r.decode(record[:size])
		for of := range 256 {
			got, ok := r.Number(uint8(of))
			if of >= 1 && of < 5 {
				continue // arguments as well
			}
			if number, known := want[uint8(of)]; ok != known || got != number {
				t.Errorf("a record of %d bytes: number %d is %d, %v, want %d, %v", size, of, got, ok, number, known)
			}
		}
	}
	for i, word := range []uint64{200, 201} {
		if got := le.Uint64(record[recArgs+8*(FirstWord+i):]); got != word {
			t.Errorf("the stub finds %d as word %d of the first struct", got, i)
		}
	}
}

// Operations may refer only to words that the stub has copied before.
func TestWords(t *testing.T) {
	ordinary := Op{Kind: KindOrdinary, When: BeforeCall, Count: Unbounded, Most: 16}
	header := Op{Kind: KindStruct, When: BeforeCall, Arg: 1, Count: Unbounded, Size: 56, Most: 1}
	after := header
	after.When = IfSucceeded
	bytes := func(when Moment, arg, count uint8) Op {
		return Op{When: when, Arg: arg, Count: count, Size: 1, Most: 8}
	}
	buffers := func(when Moment, arg, count, total uint8) Op {
		return Op{Kind: KindBuffers, When: when, Arg: arg, Count: count, Total: total, Size: 1, Most: 8}
	}
	next := NextWord(56)
	for _, tt := range []struct {
		ops []Op
		ok  bool
	}{
		{[]Op{ordinary, header, bytes(AnyTime, FirstWord, FirstWord+6)}, true},
		{[]Op{header, after, bytes(IfSucceeded, next, next+6)}, true},
		{[]Op{header, after, buffers(IfSucceeded, next, FirstWord, FromResult)}, true},
		{[]Op{bytes(AnyTime, FirstWord, 0)}, false},
		{[]Op{bytes(AnyTime, 6, 0)}, false},
		{[]Op{bytes(AnyTime, FirstWord, 0), header}, false},
		{[]Op{header, bytes(AnyTime, FirstWord+7, 0)}, false},
		{[]Op{header, bytes(AnyTime, 0, 8)}, false},
		{[]Op{header, bytes(IfSucceeded, next, next)}, false},
		{[]Op{header, after, bytes(AnyTime, next, 0)}, false},
		{[]Op{header, after, bytes(AfterCall, next, 0)}, false},
		{[]Op{header, after, bytes(IfSucceeded, next+7, 0)}, false},
		{[]Op{header, header}, false},
		{[]Op{after}, false},
		{[]Op{bytes(BeforeCall, 0, Unbounded), header}, false},
		{[]Op{header, bytes(BeforeCall, 0, Unbounded), after}, false},
		{[]Op{header, bytes(AnyTime, 0, Unbounded), after}, false},
		{[]Op{header, after, bytes(BeforeCall, 0, Unbounded)}, false},
		{[]Op{{Kind: KindAtMost, When: BeforeCall, Arg: FirstWord}, header}, false},
		{[]Op{{Kind: KindFile, When: IfSucceeded}, bytes(AnyTime, 0, Unbounded)}, true},
		{[]Op{{Kind: KindFile, When: BeforeCall}}, false}, // there is no result yet
	} {
		if err := NewCallTable().Set(1, &Call{Buffered: true, Ops: tt.ops}); (err == nil) != tt.ok {
			t.Errorf("%+v: %v", tt.ops, err)
		}
	}
}

// Whatever a program writes to its area, reading ends, and does not read beyond the area.
func FuzzArea(f *testing.F) {
	f.Add([]byte{}, uint64(0), uint64(0), uint64(0x20100))
	f.Add([]byte("some records of a ring that is not one"), uint64(1<<17), uint64(1<<17+1), uint64(0x20200))
	stub := NewStub()
	table := NewCallTable()
	for nr, call := range []Call{
		{Buffered: true, Ops: []Op{{Kind: KindString, Arg: 0, Count: Unbounded, Size: 1, Most: 4096}}},
		{Buffered: true, Ops: []Op{{Kind: KindBuffers, When: IfSucceeded, Arg: 1, Count: 2, Total: FromResult, Size: 32, Most: 8}}},
		{Buffered: true, Ops: []Op{{Kind: KindNull, When: BeforeCall, Arg: 1}, {Kind: KindCounted, When: IfSucceeded, Arg: 1, Count: 2, Size: 1, Most: 64}}},
		{Buffered: true, Ops: []Op{
			{Kind: KindOrdinary, When: BeforeCall, Count: Unbounded, Most: 16},
			{Kind: KindStruct, When: BeforeCall, Arg: 1, Count: Unbounded, Size: 56, Most: 1},
			{Kind: KindAtMost, When: BeforeCall, Arg: FirstWord + 3, Most: 8},
			{Kind: KindStruct, When: IfSucceeded, Arg: 1, Count: Unbounded, Size: 56, Most: 1},
			{Kind: KindLesser, When: IfSucceeded, Arg: NextWord(56), Count: NextWord(56) + 1, Total: FirstWord + 1, Low32: true, Size: 1, Most: 128},
			{Kind: KindBuffers, When: IfSucceeded, Arg: NextWord(56) + 2, Count: NextWord(56) + 3, Total: FromResult, Size: 32, Most: 8},
		}},
		{Arg: 1, Mask: 0xff, Commands: []Command{{Value: 3, Call: Call{Buffered: true, Ops: []Op{{When: AfterCall, Arg: 2, Count: Unbounded, Size: 8, Most: 1}}}}}},
	} {
		if err := table.Set(uint64(nr), &call); err != nil {
			f.Fatal(err)
		}
	}
	// A record, as the stub writes it, of a string at the first operation.
	record := make([]byte, recChunks+chunkData+8)
	le := binary.LittleEndian
	le.PutUint64(record[recSize:], uint64(len(record)))
	le.PutUint32(record[recChunks+chunkSize:], 5)
	le.PutUint32(record[recChunks+chunkOp:], uint32(CallsAddr+tableCalls*opBytes))
	le.PutUint64(record[recChunks+chunkWant:], 4096)
	copy(record[recChunks+chunkData:], "name")
	f.Add(record, uint64(len(record)), uint64(0), uint64(0))
	f.Add(append(record, record...), uint64(2*len(record)), uint64(2*len(record)+1), uint64(0x400))
	f.Add(record, uint64(0), uint64(1), uint64(0))
	f.Fuzz(func(t *testing.T, ring []byte, head, inFlight, ip uint64) {
		a := newArea(t)
		copy(a.memory[AreaState:], ring)
		copy(a.memory[areaSlow:AreaState], ring)
		a.word(areaHead).Store(head)
		a.word(areaInFlight).Store(inFlight)
		var r Record
		read := 0
		for range RingSize / recChunks {
			if key, _, _, size := a.Peek(); uint64(len(key)) > size || size > maxRecord {
				t.Errorf("%d bytes of %d are seen", len(key), size)
			}
			ok, err := a.Next(&r)
			if !ok {
				if err != nil {
					continue
				}
				break
			}
			if read += recChunks + len(r.Chunks); read > 2*RingSize {
				t.Error("more was read than the ring has")
			}
			table.Pieces(&r, func(p Piece) {
				if len(p.B) > maxRecord || p.When > AfterCall {
					t.Errorf("%d bytes, at %d", len(p.B), p.When)
				}
			})
		}
		a.word(areaHead).Store(head)
		if begun, ok := a.InFlight(&r); ok {
			a.CopiedBefore(&r)
			if len(r.Chunks) > maxRecord {
				t.Errorf("%d bytes of chunks", len(r.Chunks))
			}
			for of := range 256 {
				r.Number(uint8(of))
			}
			table.Pieces(&r, func(Piece) {})
			if !a.StillInFlight(begun) {
				t.Error("a call in progress has ended")
			}
		}
		regs := unix.PtraceRegs{Rip: StubAddr + ip%StubSize}
		stub.Unwind(&regs, a, &r)
	})
}

// What the stub copies of a frame fits in the area behind everything else, with the word
// that ends it.
func TestAreaHasRoomForFrame(t *testing.T) {
	const state, words = areaWatch + 1, fpHeaderSize + 4
	if areaFP < state || areaFP+words > AreaState || areaStack+8 > areaTail || areaListed+listedFDs/8 > areaFlags {
		t.Errorf("parts of the area's state overlap: the frame's are from %d to %d", areaFP, areaFP+words)
	}
}

// Calls yields the addresses of all calls of a short-lived thread, and of the one that it has
// not completed. It stops at what cannot be a record, and yields nothing once the ring has been
// filled.
func TestCalls(t *testing.T) {
	const size = recChunks + 16
	a := newArea(t)
	address := func(i uint64) []byte { return a.memory[AreaState+i*size+recIP:][:8] }
	var want []uint64
	for i := range uint64(3) {
		put(a, i, size)
		binary.LittleEndian.PutUint64(address(i), 0x1000+i)
		want = append(want, 0x1000+i)
	}
	binary.LittleEndian.PutUint64(address(3), 0x1003) // begun
	calls := func() (list []uint64, ok bool) {
		ok = a.Calls(func(ip uint64) { list = append(list, ip) })
		return list, ok
	}
	if got, ok := calls(); !ok || !slices.Equal(got, want) {
		t.Errorf("calls at %#x, %t; want %#x", got, ok, want)
	}
	a.word(areaInFlight).Store(a.load(areaHead) + 1)
	if got, ok := calls(); !ok || !slices.Equal(got, append(want, 0x1003)) {
		t.Errorf("with a call in flight: calls at %#x, %t", got, ok)
	}
	for _, wrong := range []uint64{0, 8, recChunks + 4, 2*size + 8, 1 << 63} {
		binary.LittleEndian.PutUint64(a.memory[AreaState+size+recSize:], wrong)
		if got, ok := calls(); !ok || !slices.Equal(got, want[:1]) {
			t.Errorf("a record of %#x bytes: calls at %#x, %t", wrong, got, ok)
		}
	}
	for _, head := range []uint64{RingSize, RingSize + 8*size, 1 << 63, size + 4} {
		a.word(areaHead).Store(head)
		if got, ok := calls(); ok || got != nil {
			t.Errorf("with %#x bytes written: calls at %#x, %t", head, got, ok)
		}
	}
}
