package uring

import (
	"bytes"
	"encoding/binary"
	"strconv"

	"trapline/decode/host"
	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// With --io-uring, io_uring_enter is shown with two more arguments, which are read from the
// memory that the process shares with the kernel: the requests that the call submits, and the
// requests that completed during the call.

// ringsShown reports whether these two arguments are shown.
func ringsShown(c *Call) bool { return SettingsOf(c.Decoder).Rings }

// layout has the byte offsets of some members of struct io_rings (linux/io_uring_types.h).
type layout struct {
	sqHead, sqTail, cqTail               uint32
	sqMask, cqMask, sqEntries, cqEntries uint32
	cqes                                 uint32
}

// layouts are the layouts that kernels since 5.4 use on processors with cache lines of 64
// bytes: the current one, and the older one in which each index has its own cache line.
var layouts = [...]layout{
	{sqHead: 0, sqTail: 4, cqTail: 12, sqMask: 16, cqMask: 20, sqEntries: 24, cqEntries: 28, cqes: 64},
	{sqHead: 0, sqTail: 64, cqTail: 192, sqMask: 256, cqMask: 260, sqEntries: 264, cqEntries: 268, cqes: 320},
}

const (
	ringHeader = 320 // bytes that are read of struct io_rings
	cacheLine  = 64

	sqeSize, cqeSize = 64, 16
)

// The sizes of the largest queues that the kernel creates: IORING_MAX_ENTRIES and
// IORING_MAX_CQ_ENTRIES.
const (
	maxSubmissions = 32768
	maxCompletions = 2 * maxSubmissions
)

// Flags of IORING_SETUP that change the layout of a ring or the thread that submits requests.
const (
	setupSQPoll    = 1 << 1
	setupSQE128    = 1 << 10
	setupCQE32     = 1 << 11
	setupNoMmap    = 1 << 14
	setupNoSQArray = 1 << 16
	setupCQEMixed  = 1 << 18
	setupSQEMixed  = 1 << 19
	setupSQRewind  = 1 << 20

	setupUnhandled = setupCQEMixed | setupSQEMixed | setupSQRewind
)

// registeredRingFD is IORING_ENTER_REGISTERED_RING of linux/io_uring.h: the descriptor is an
// index among registered ones.
const registeredRingFD = 1 << 4

// ring is the known state of a ring.
type ring struct {
	flags    uint64 // the flags that it was set up with
	sure     bool   // the flags are known
	rings    uint64 // address of struct io_rings
	sqes     uint64
	room     uint64 // size in bytes of the mapping of sqes; 0 if unknown
	array    uint64 // offset in struct io_rings of the array of request indexes; 0 if unknown
	inFlight map[uint64]request

	// reported is the index after the last completion that was shown. It is valid if told is
	// set.
	reported uint32
	told     bool
}

// request counts the requests with one user_data that have not completed.
type request struct {
	opcode uint8
	count  int
	mixed  bool // the requests have different opcodes
}

// ringKey identifies a ring.
type ringKey struct {
	process int
	inode   uint64
}

// knownRings are the rings of all tracees.
var knownRings DecoderSlot[map[ringKey]*ring]

// Limits on the number of rings and requests that are kept.
const (
	maxRings    = 1024
	maxInFlight = 1 << 16
)

// entered is the state of the ring when a call begins.
type entered struct {
	ring *ring
	ok   bool // the state of its queues is consistent
}

var enteredRing CallSlot[entered]

// findRing returns the ring that an io_uring_enter refers to, or nil.
func findRing(c *Call) *ring {
	if Ref("flags").Num(c)&registeredRingFD != 0 {
		return nil
	}
	finder, ok := SettingsOf(c.Decoder).Host().(host.RingFinder)
	if !ok {
		return nil
	}
	process, fd := ProcessOf(c), int(int32(c.Args[0]))
	found, ok := finder.Ring(process, fd)
	if !ok {
		return nil
	}
	r := known(c, ringKey{process, found.Inode})
	switch {
	case r != nil && r.sure:
	case found.Known:
		r = &ring{sure: true, flags: found.Flags, array: found.Array, rings: found.Rings, sqes: found.Entries}
		keep(c, ringKey{process, found.Inode}, r)
	default:
		before := r
		if r = unknownRing(c, process, fd, found); r == nil {
			return nil
		}
		if before != nil {
			r.inFlight, r.reported, r.told = before.inFlight, before.reported, before.told
		}
		keep(c, ringKey{process, found.Inode}, r)
	}
	if r.flags&setupNoMmap == 0 {
		r.rings, r.sqes, r.room = found.Rings, found.Entries, found.EntrySize
	}
	if noter, ok := finder.(host.RingNoter); ok && r.sure {
		found.Known, found.Flags, found.Array, found.Rings, found.Entries = true, r.flags, r.array, r.rings, r.sqes
		noter.NoteRing(process, fd, found)
	}
	if r.rings == 0 || r.flags&setupUnhandled != 0 {
		return nil
	}
	return r
}

// Share makes a Decoder use the same table of rings as another one.
func Share(from, with *Decoder) {
	all := knownRings.Of(from)
	if *all == nil {
		*all = make(map[ringKey]*ring)
	}
	*knownRings.Of(with) = *all
}

func known(c *Call, key ringKey) *ring { return (*knownRings.Of(c.Decoder))[key] }

func keep(c *Call, key ringKey, r *ring) {
	all := knownRings.Of(c.Decoder)
	switch {
	case *all == nil:
		*all = make(map[ringKey]*ring)
	case len(*all) >= maxRings:
		clear(*all)
	}
	(*all)[key] = r
}

// noteSetup records the flags of a ring that io_uring_setup has created and, if the process
// has provided the memory, the addresses of the ring.
func noteSetup(c *Call) {
	finder, ok := SettingsOf(c.Decoder).Host().(host.RingFinder)
	if !SettingsOf(c.Decoder).Rings || !ok || c.Failed() {
		return
	}
	const paramsSize, flagsAt, arrayAt, sqAddrAt, cqAddrAt = 120, 8, 64, 72, 112 // offsets in struct io_uring_params
	b, ok := c.ReadAll(c.Args[1], paramsSize)
	if !ok {
		return
	}
	process := ProcessOf(c)
	found, ok := finder.Ring(process, int(c.Ret))
	if !ok {
		return
	}
	r := &ring{sure: true, told: true, flags: uint64(binary.LittleEndian.Uint32(b[flagsAt:])), array: uint64(binary.LittleEndian.Uint32(b[arrayAt:]))}
	if r.flags&setupNoMmap != 0 {
		r.rings, r.sqes = binary.LittleEndian.Uint64(b[cqAddrAt:]), binary.LittleEndian.Uint64(b[sqAddrAt:])
	}
	keep(c, ringKey{process, found.Inode}, r)
}

// unknownRing finds the flags of a ring whose setup was not traced. The kernel lists the
// entries in the submission queue in the descriptor's fdinfo. unknownRing tries combinations
// of flags until it finds the listed entries in memory. If the queue is empty, it assumes for
// now that the ring has no special flags.
func unknownRing(c *Call, process, fd int, found host.Ring) *ring {
	info := SettingsOf(c.Decoder).Host().DescriptorInfo(c.Alloc(64<<10), process, fd)
	r := &ring{rings: found.Rings, sqes: found.Entries, room: found.EntrySize}
	if thread := host.Field(info, "SqThread:"); len(thread) > 0 && string(thread) != "-1" {
		r.flags, r.sure = setupSQPoll, true
		return r
	}
	want := listedUserData(info)
	if len(want) == 0 {
		waiting := host.Field(info, "SQEs:")
		if len(waiting) == 0 || string(waiting) == "0" {
			return r
		}
		// The kernel lists no entries for a ring without an array of indexes.
		r.flags, r.sure = setupNoSQArray, true
		q, ok := r.queue(c)
		if !ok || uint64(q.entries)*2*sqeSize <= r.room {
			return nil // the entries may have 128 bytes
		}
		return r
	}
	for _, flags := range []uint64{0, setupNoSQArray, setupSQE128, setupSQE128 | setupNoSQArray, setupCQE32, setupCQE32 | setupSQE128} {
		r.flags = flags
		q, ok := r.queue(c)
		if !ok {
			return nil
		}
		matches := true
		for i, data := range want {
			sqe, _, ok := q.entry(c, uint32(i))
			if !ok || binary.LittleEndian.Uint64(sqe[32:]) != data {
				matches = false
				break
			}
		}
		if matches {
			r.sure = true
			return r
		}
	}
	return nil
}

// listedUserData returns the user_data of the first entries that a ring's fdinfo lists.
func listedUserData(info []byte) (data []uint64) {
	_, list, found := bytes.Cut(info, []byte("\nSQEs:"))
	if !found {
		return nil
	}
	for line := range bytes.Lines(list) {
		if bytes.HasPrefix(line, []byte("CQEs:")) || len(data) == 8 {
			break
		}
		at := bytes.Index(line, []byte("user_data:"))
		if at < 0 {
			continue
		}
		number := line[at+len("user_data:"):]
		if end := bytes.IndexFunc(number, func(c rune) bool { return c < '0' || c > '9' }); end >= 0 {
			number = number[:end]
		}
		n, err := strconv.ParseUint(string(number), 10, 64)
		if err != nil {
			return data
		}
		data = append(data, n)
	}
	return data
}

// queue is the state of a ring's queues. It is read from memory that the process can change
// at any time.
type queue struct {
	ring               *ring
	layout             *layout
	sqHead, sqTail     uint32
	cqTail             uint32
	entries, cqEntries uint32 // powers of two
}

// queue reads the state. It returns false if the state is not consistent.
func (r *ring) queue(c *Call) (q queue, ok bool) {
	b, ok := c.ReadAll(r.rings, ringHeader)
	if !ok {
		return q, false
	}
	for i := range layouts {
		l := &layouts[i]
		word := func(at uint32) uint32 { return binary.LittleEndian.Uint32(b[at:]) }
		q = queue{r, l, word(l.sqHead), word(l.sqTail), word(l.cqTail), word(l.sqEntries), word(l.cqEntries)}
		if isQueue(q.entries, word(l.sqMask), maxSubmissions) && isQueue(q.cqEntries, word(l.cqMask), maxCompletions) {
			return q, true
		}
	}
	return q, false
}

// isQueue reports whether a queue can have this number of entries and this mask for their
// indexes.
func isQueue(entries, mask, most uint32) bool {
	return entries != 0 && entries <= most && entries&(entries-1) == 0 && mask == entries-1
}

// cqe returns the size in bytes of an entry of the completion queue.
func (r *ring) cqe() uint64 {
	if r.flags&setupCQE32 != 0 {
		return 2 * cqeSize
	}
	return cqeSize
}

// sqe returns the size in bytes of an entry of the submission queue.
func (r *ring) sqe() uint64 {
	if r.flags&setupSQE128 != 0 {
		return 2 * sqeSize
	}
	return sqeSize
}

// entry returns the i-th entry of the submission queue that the kernel has not taken yet, and
// its address.
func (q *queue) entry(c *Call, i uint32) (b []byte, addr uint64, ok bool) {
	r := q.ring
	index := (q.sqHead + i) & (q.entries - 1)
	if r.flags&setupNoSQArray == 0 {
		array := r.array
		if array == 0 {
			array = uint64(q.layout.cqes) + cqeSize*uint64(q.cqEntries)
			if r.flags&setupCQE32 != 0 {
				array *= 2 // the kernel doubles the whole size, header included
			}
			array = (array + cacheLine - 1) &^ (cacheLine - 1)
		}
		v, ok := c.ReadUint(r.rings+array+4*uint64(index), 4)
		if !ok || v >= uint64(q.entries) {
			return nil, 0, false // the kernel ignores such an entry
		}
		index = uint32(v)
	}
	offset := uint64(index) * r.sqe()
	if r.room != 0 && offset+r.sqe() > r.room {
		return nil, 0, false
	}
	b, ok = c.ReadAll(r.sqes+offset, sqeSize)
	return b, r.sqes + offset, ok
}

// ringArg is an argument whose value is in a ring.
type ringArg struct {
	Unsized
	at   Dir
	show func(c *Call)
	of   Type
}

func (t *ringArg) Dir() Dir             { return t.at }
func (t *ringArg) Show(c *Call, _ View) { t.show(c) }

// Shows implements Shower.
func (t *ringArg) Shows() []Type { return []Type{t.of} }

// Keep implements keeper. If rings are shown, io_uring_enter is not buffered.
func (t *ringArg) Keep(k *Keeps) {
	if SettingsOf(k.Decoder).Rings {
		k.Gap("it lies in a ring")
	}
}

var (
	submitted = &ringArg{at: In, show: showSubmitted, of: ringSqe}
	completed = &ringArg{at: Exit, show: showCompleted, of: ringCqe}
)

// showSubmitted shows the requests that the call submits.
func showSubmitted(c *Call) {
	e := enteredRing.Of(c)
	*e = entered{ring: findRing(c)}
	if e.ring == nil {
		c.Out.Unknown()
		return
	}
	q, ok := e.ring.queue(c)
	if !ok {
		c.Out.Unknown()
		return
	}
	e.ok = true
	if !e.ring.told { // earlier completions are not known
		e.ring.reported, e.ring.told = q.cqTail, true
	}
	c.Out.BeginArray()
	if e.ring.flags&setupSQPoll == 0 { // otherwise a kernel thread takes the requests at any time
		n := min(uint32(Ref("to_submit").Num(c)), q.sqTail-q.sqHead, q.entries)
		mark := c.Mark()
		for i := range n {
			c.Release(mark)
			if c.Abbrev && i >= maxShown {
				c.Out.More()
				break
			}
			c.Out.Elem()
			b, addr, ok := q.entry(c, i)
			if !ok {
				c.Out.Unknown()
				continue
			}
			e.ring.begin(b)
			ringSqe.Show(c, View{B: b, Addr: addr})
		}
		c.Release(mark)
	}
	c.Out.EndArray()
}

// maxShown is the number of requests that are shown per call without -v.
const maxShown = 32

// showCompleted shows the completions that were added since the previous call's were shown.
// Completions can also arrive between two calls, and the process can take them without a
// call.
func showCompleted(c *Call) {
	e := enteredRing.Of(c)
	if e.ring == nil || !e.ok {
		c.Out.Unknown()
		return
	}
	q, ok := e.ring.queue(c)
	if !ok {
		c.Out.Unknown()
		return
	}
	first, n := e.ring.reported, q.cqTail-e.ring.reported
	e.ring.reported = q.cqTail
	if n > q.cqEntries { // the process has taken some of them, and they were overwritten
		first, n = q.cqTail-q.cqEntries, q.cqEntries
	}
	c.Out.BeginArray()
	mark := c.Mark()
	for i := range n {
		c.Release(mark)
		if c.Abbrev && i >= maxShown {
			c.Out.More()
			break
		}
		c.Out.Elem()
		addr := e.ring.rings + uint64(q.layout.cqes) + uint64((first+i)&(q.cqEntries-1))*e.ring.cqe()
		b, ok := c.ReadAll(addr, cqeSize)
		if !ok {
			c.Out.Unknown()
			continue
		}
		e.ring.showCompletion(c, b, addr)
	}
	c.Release(mark)
	c.Out.EndArray()
}

// begin records a request, so that its completion can be shown with its opcode.
func (r *ring) begin(sqe []byte) {
	opcode, data := sqe[0], binary.LittleEndian.Uint64(sqe[32:])
	if r.inFlight == nil || len(r.inFlight) >= maxInFlight {
		r.inFlight = make(map[uint64]request)
	}
	q := r.inFlight[data]
	r.inFlight[data] = request{opcode, q.count + 1, q.mixed || q.count > 0 && q.opcode != opcode}
}

// moreFollows is IORING_CQE_F_MORE: the request will have further completions.
const moreFollows = 1 << 1

// showCompletion shows a struct io_uring_cqe, and the opcode of its request if that is
// certain.
func (r *ring) showCompletion(c *Call, b []byte, addr uint64) {
	data, flags := binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint32(b[12:])
	q, found := r.inFlight[data]
	if found && flags&moreFollows == 0 {
		if q.count--; q.count == 0 {
			delete(r.inFlight, data)
		} else {
			r.inFlight[data] = q
		}
	}
	c.Out.BeginStruct()
	if found && !q.mixed {
		c.Out.Field("opcode")
		c.Out.Enum(uint64(q.opcode), &tables.UringOp, output.Unsigned)
	}
	ringCqe.ShowMembers(c, View{B: b, Addr: addr})
	c.Out.EndStruct()
}

var ringCqe = &Struct{Fields: Fields{
	{"user_data", X64},
	{"res", &Value{In: S32, By: func(c *Call, v uint64) { ShowNegativeErrno(c, int64(v)) }}},
	{"flags", &Flags{In: X16, Set: &tables.UringCqeFlags}},
	{"bid", &When{If: &Has{N: Ref("flags"), Set: &tables.UringCqeFlags, Values: Names{"IORING_CQE_F_BUFFER"}}, Then: U16}},
}}
