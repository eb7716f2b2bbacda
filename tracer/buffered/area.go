//go:build linux && amd64

package buffered

import (
	"encoding/binary"
	"errors"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Area is the tracer's view of a thread's area: the file of the area, which the thread has
// mapped as well. The thread may write anything to it at any time. So everything that is read
// from it is checked, and nothing is read twice.
type Area struct {
	Addr   uint64 // in the thread's process
	memory []byte // areaFile bytes long
	read   uint64 // number of bytes of the ring that were read
	head   uint64 // value of areaHead when the thread's records were last found to end there
	told   uint64 // areaTail: the part of read that the thread knows of
	marked uint64 // areaInFlight when Mark was called
	copied []byte // the record that was returned last
	views  *Views
}

// AreaFileSize is the size of the file of an area.
const AreaFileSize = areaFile

// AreaFirstPages is the size of the part of an area that every thread uses: its state and the
// first page of its ring.
const AreaFirstPages = 2 * AreaState

// NewArea maps the file of an area. It seals the file against shrinking.
func (v *Views) NewArea(fd int, addr uint64) (*Area, error) {
	seals, err := unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, unix.F_SEAL_SHRINK|unix.F_SEAL_GROW|unix.F_SEAL_SEAL)
	if err != nil || seals < 0 {
		return nil, errors.Join(errors.New("cannot seal the file of an area"), err)
	}
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil || st.Size != areaFile {
		return nil, errors.Join(errors.New("the file of an area has another size"), err)
	}
	memory, err := v.add(fd)
	if err != nil {
		return nil, err
	}
	return &Area{Addr: addr, memory: memory, views: v}, nil
}

// Close releases the area in this process. Its file is unmapped sooner or later.
func (a *Area) Close() {
	a.views.drop(a.memory)
	a.memory = nil
}

func (a *Area) word(offset uint64) *atomic.Uint64 {
	return (*atomic.Uint64)(unsafe.Pointer(&a.memory[offset]))
}

func (a *Area) word32(offset uint64) *atomic.Uint32 {
	return (*atomic.Uint32)(unsafe.Pointer(&a.memory[offset]))
}

// load reads a word of the thread's state.
func (a *Area) load(offset uint64) uint64 { return a.word(offset).Load() }

// Begin prepares the area for a thread of a process.
func (a *Area) Begin(pid int) {
	for i := range uint64(areaStack / 8) {
		a.word(8 * i).Store(0)
	}
	a.word(areaTail).Store(0)
	a.word(areaTimesEnds).Store(0)
	a.read, a.head, a.told = 0, 0, 0
	a.word(areaStub).Store(StubAddr)
	a.word(areaCalls).Store(CallsAddr)
	a.word(areaRing).Store(a.Addr + AreaState)
	a.word(areaPID).Store(uint64(pid))
	a.word(areaSelf).Store(a.Addr)
	a.DoubtMask()
}

// TimeEnds sets whether the time at the end of a call is recorded from now on. Initially it
// is not.
func (a *Area) TimeEnds(wanted bool) {
	a.setFlag(timesEnds, wanted)
}

// SetAlarm sets whether the thread stops when it begins a call or after a call has returned.
// Initially it does not.
func (a *Area) SetAlarm(set bool) { a.setFlag(alarm, set) }

// WatchFiles makes the thread stop after a call that has opened a file of procfs, or a file
// that may be one: an empty one on a file system without a device. Such a stop is at WakeAddr.
func (a *Area) WatchFiles() { a.setFlag(watch, true) }

// TakeFound reports whether the thread has found such a file since the last time.
func (a *Area) TakeFound() bool {
	return a.word(areaTimesEnds).And(^uint64(found))&found != 0
}

// Bits of the flags at areaTimesEnds.
const (
	timesEnds = 1
	alarm     = 1 << (8 * (areaAlarm - areaTimesEnds))
	found     = 1 << (8 * (areaFound - areaTimesEnds))
	watch     = 1 << (8 * (areaWatch - areaTimesEnds))
)

func (a *Area) setFlag(flag uint64, set bool) {
	if set {
		a.word(areaTimesEnds).Or(flag)
	} else {
		a.word(areaTimesEnds).And(^flag)
	}
}

// SetLowest sets the address from which on the tracer has mapped nothing in the process. See
// KindPlace.
func (a *Area) SetLowest(addr uint64) { a.word(areaLowest).Store(addr) }

// SetFeatures sets the sets of registers of which an rt_sigreturn may restore any value.
func (a *Area) SetFeatures(features uint64) { a.word(areaFeatures).Store(features) }

// SelfOffset is the offset of the word of an area that the gs base points to.
const SelfOffset = areaSelf

// Record is one call.
type Record struct {
	NR         uint64
	IP, SP     uint64
	Start, End uint64 // values of the time stamp counter; End is equal to Start unless Area.TimeEnds was called
	Args       [6]uint64
	Result     int64
	Chunks     []byte // see CallTable.Pieces; valid until the next Record

	whole []byte // the record as it is in the ring
}

// Number returns the number that an operation means: an argument, or a word of the struct that
// was copied first (FirstWord).
func (r *Record) Number(of uint8) (n uint64, ok bool) {
	if int(of) < len(r.Args) {
		return r.Args[of], true
	}
	at := (int(of) - FirstWord) * 8
	if at < 0 || len(r.Chunks) < chunkData || at+8 > min(len(r.Chunks)-chunkData, int(binary.LittleEndian.Uint32(r.Chunks[chunkSize:]))) {
		return 0, false
	}
	return binary.LittleEndian.Uint64(r.Chunks[chunkData+at:]), true
}

// Key returns a complete record without its times, the address of the call and the stack
// pointer. Two calls with the same Key have the same number, arguments, result and memory. It
// is nil if the whole record was not read from a ring.
func (r *Record) Key() []byte {
	if len(r.whole) < recChunks {
		return nil
	}
	return r.whole[recNR:]
}

// NumberOf returns the number of the call that has this Key.
func NumberOf(key []byte) uint64 { return binary.LittleEndian.Uint64(key) }

// Size returns the size of a record in the ring, in bytes.
func (r *Record) Size() uint64 { return recChunks + uint64(len(r.Chunks)) }

// ErrDamaged means that a program has written to its ring.
var ErrDamaged = errors.New("the ring is damaged")

// Next reads the next complete record. It returns false if there is none. After an error,
// everything that was in the ring is lost.
func (a *Area) Next(r *Record) (ok bool, err error) {
	offset, size, err := a.next()
	if err != nil {
		a.read = a.head &^ 7
		a.head, a.told = a.read, a.read
		a.word(areaHead).Store(a.read)
		a.word(areaTail).Store(a.read)
		return false, err
	}
	if size == 0 {
		return false, nil
	}
	a.take(offset, size)
	r.decode(a.copied)
	r.whole = a.copied
	a.pass(size)
	return true, nil
}

// next returns the offset in the ring of the next complete record, and its size; the size is
// 0 if there is no such record.
func (a *Area) next() (offset, size uint64, err error) {
	if a.read == a.head {
		// Reading the head takes the cache line from the thread's processor.
		if a.head = a.load(areaHead); a.head == a.read {
			return 0, 0, nil
		}
	}
	n := a.head - a.read
	offset = a.read % RingSize
	size = a.load(AreaState + offset + recSize)
	if n > RingSize || a.head%8 != 0 || size < recChunks || size > maxRecord || size > n || size%8 != 0 {
		return 0, 0, ErrDamaged
	}
	return offset, size, nil
}

// tellAfter is the number of bytes that are read from a ring before the thread is told that
// the space is free. This is not done after each record, since it takes a cache line from the
// thread's processor.
const tellAfter = RingSize / 16

// pass skips to the next record.
func (a *Area) pass(size uint64) {
	a.read += size
	if a.read-a.told >= tellAfter || a.read == a.head {
		a.told = a.read
		a.word(areaTail).Store(a.read)
	}
}

// Peek returns the Key, times and size of the next complete record without copying it. The
// Key is in the ring, which a program may write to at any time. It is nil if there is no
// record, or if the record has to be copied.
func (a *Area) Peek() (key []byte, start, end, size uint64) {
	offset, size, err := a.next()
	if size == 0 || err != nil || offset+size > RingSize {
		return nil, 0, 0, 0
	}
	at := AreaState + offset
	return a.memory[at+recNR : at+size], a.load(at + recStart), a.load(at + recEnd), size
}

// Pass skips the record that Peek has returned. size is the size from Peek.
func (a *Area) Pass(size uint64) { a.pass(size) }

// take copies a record, which may wrap around.
func (a *Area) take(offset, size uint64) {
	ring := a.memory[AreaState:]
	end := min(offset+size, RingSize)
	a.copied = append(a.copied[:0], ring[offset:end]...)
	a.copied = append(a.copied, ring[:size-(end-offset)]...)
}

func (r *Record) decode(b []byte) {
	le := binary.LittleEndian
	r.NR = le.Uint64(b[recNR:])
	r.IP, r.SP = le.Uint64(b[recIP:]), le.Uint64(b[recSP:])
	r.Start, r.End = le.Uint64(b[recStart:]), le.Uint64(b[recEnd:])
	for i := range r.Args {
		r.Args[i] = le.Uint64(b[recArgs+8*i:])
	}
	r.Result = int64(le.Uint64(b[recResult:]))
	r.Chunks = b[recChunks:]
	r.whole = nil
}

// InFlight returns the call that the thread has begun, if that call has not completed. The
// record has no result and no chunks; for these see CopiedBefore. begun identifies the call
// among the calls of the thread.
func (a *Area) InFlight(r *Record) (begun uint64, ok bool) {
	begun = a.load(areaInFlight)
	if begun == 0 || begun-1 != a.load(areaHead) || begun-1 != a.read || a.read%8 != 0 {
		return 0, false
	}
	a.take(a.read%RingSize, recChunks)
	if a.load(areaInFlight) != begun || a.load(areaHead) != begun-1 {
		return 0, false
	}
	r.decode(a.copied)
	r.Result, r.End, r.Chunks = 0, 0, nil
	return begun, true
}

// Calls yields the address after each call that the thread has recorded in the area, and the one
// in which it has ended. It returns false, and yields none, if the ring has been filled once.
func (a *Area) Calls(yield func(ip uint64)) bool {
	head := a.load(areaHead)
	if head > RingSize-recChunks || head%8 != 0 {
		return false
	}
	ring := a.memory[AreaState:]
	le := binary.LittleEndian
	at := uint64(0)
	for at < head {
		size := le.Uint64(ring[at+recSize:])
		if size < recChunks || size > head-at || size%8 != 0 {
			return true // the program has written to its ring
		}
		yield(le.Uint64(ring[at+recIP:]))
		at += size
	}
	if a.load(areaInFlight) == head+1 {
		yield(le.Uint64(ring[at+recIP:]))
	}
	return true
}

// CopiedBefore adds the chunks to a record that InFlight has just returned, for a call with
// operations for BeforeCall. It adds none if the program has written to its ring. The chunks
// are valid only if the call is StillInFlight afterwards.
func (a *Area) CopiedBefore(r *Record) {
	size := binary.LittleEndian.Uint64(a.copied[recSize:])
	if size < recChunks || size > maxRecord || size%8 != 0 {
		return
	}
	a.take(a.read%RingSize, size)
	r.Chunks = a.copied[recChunks:]
}

// Mark remembers the state of the thread for IsAsMarked.
func (a *Area) Mark() { a.marked = a.load(areaInFlight) }

// IsAsMarked reports whether the ring has no unread record and the thread has neither begun
// nor ended a call since Mark.
func (a *Area) IsAsMarked() bool {
	return a.load(areaInFlight) == a.marked && a.load(areaHead) == a.read
}

// StillInFlight reports whether a call that InFlight has returned is still in progress.
func (a *Area) StillInFlight(begun uint64) bool {
	return a.load(areaInFlight) == begun && a.load(areaHead) == begun-1
}

// List sets whether calls with a descriptor are buffered where an operation depends on it
// (KindListed). Initially no descriptor is listed.
func (a *Area) List(fd uint64, listed bool) {
	const wordBits = 64
	if fd >= listedFDs {
		return
	}
	word, bit := a.word(areaListed+fd/wordBits*8), uint64(1)<<(fd%wordBits)
	if listed {
		word.Or(bit)
	} else {
		word.And(^bit)
	}
}

// IsListed reports whether a descriptor is listed.
func (a *Area) IsListed(fd uint64) bool {
	return fd < listedFDs && a.load(areaListed+fd/64*8)>>(fd%64)&1 != 0
}

// ListNone removes all descriptors from the list.
func (a *Area) ListNone() {
	for i := uint64(0); i < listedFDs/64; i++ {
		a.word(areaListed + 8*i).Store(0)
	}
}

// Finish is called for a thread that does not run and whose call in flight, if there is one,
// has ended without the stub.
func (a *Area) Finish() { a.word(areaInFlight).Store(0) }

// Piece is memory that was copied.
type Piece struct {
	Addr uint64
	B    []byte
	When Moment
	// Ended means that B ends with the zero byte of a string. Unreadable means that the
	// program's memory ends after B.
	Ended, Unreadable bool
}

// Pieces yields the memory that was copied for a record's call.
func (t *CallTable) Pieces(r *Record, yield func(p Piece)) {
	le := binary.LittleEndian
	for at := r.Chunks; len(at) >= chunkData; {
		size, op := uint64(le.Uint32(at[chunkSize:])), le.Uint32(at[chunkOp:])-CallsAddr
		want := le.Uint64(at[chunkWant:])
		p := Piece{Addr: le.Uint64(at[chunkAddr:])}
		at = at[chunkData:]
		if size > uint64(len(at)) || uint64(op)+opBytes > uint64(len(t.b)) {
			return // the program has written to its ring
		}
		p.B, p.When = at[:size], min(Moment(t.b[op+opWhen]), AfterCall)
		p.Ended = Kind(t.b[op+opKind]) == KindString && size > 0 && p.B[size-1] == 0
		p.Unreadable = !p.Ended && size < want
		yield(p)
		at = at[min((size+7)&^7, uint64(len(at))):]
	}
}
