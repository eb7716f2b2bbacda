//go:build linux && amd64

package recording

import (
	"bytes"
	"encoding/binary"
	"slices"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"trapline/decode"
	"trapline/tables"
)

// The parts that an event may have, as bits beside its kind.
const (
	hasMemory = 1 << iota
	hasAnswers
	hasError // of an Exit: the call has failed
	hasPlace // of an Exit: the instruction or stack pointer differs from the entry's
	hasStack
	hasRegisters
	hasUsage
	hasInterrupted
	hasReason
	hasInjected
	allParts = 1<<iota - 1
)

const kindBits = 4 // of an event's first number

// userRegisters is the number of words of unix.PtraceRegs.
const userRegisters = int(unsafe.Sizeof(unix.PtraceRegs{}) / 8)

// history is what the encoding of a block refers back to. The encoder and the decoder keep
// it in the same way. It is empty at the start of each block.
type history struct {
	time    int64 // of the last event, in nanoseconds since 1970
	threads []threadHistory
	sites   []site
	texts   []string
	kept    [][]byte // of the decoder: long bytes, that may occur again
	last    int      // position in kept of those that were met last

	lastIP uint64         // of the last new site
	byTID  map[int]int    // of the encoder: positions in threads
	bySite map[place]int  // of the encoder: positions in sites
	byText map[string]int // of the encoder: positions in texts
	byKept map[string]int // of the encoder: positions in kept
	room   Room           // of byKept
}

// leastKept is the length from which bytes of memory, paths and answers are kept.
const leastKept = 16

// threadHistory is what is known of a thread.
type threadHistory struct {
	tid   int
	frame int // of the encoder: in which it had its last event
	sp    uint64
	ip    uint64    // of the current call
	args  [6]uint64 // of the current call
	regs  [userRegisters]uint64
	usage [2]int64 // user and system time in microseconds
}

// place is where a call is made.
type place struct {
	abi tables.ABI
	nr  uint64
	ip  uint64
}

// site is a place, with the arguments of the last call there.
type site struct {
	place
	numArgs int
	args    [6]uint64
}

func (h *history) reset(start int64) {
	h.time, h.lastIP = start, 0
	h.threads, h.sites, h.texts = h.threads[:0], h.sites[:0], h.texts[:0]
	h.kept, h.last = h.kept[:0], -1
	clear(h.byTID)
	clear(h.bySite)
	clear(h.byText)
	clear(h.byKept)
	h.room.Empty()
}

// rename moves the call of a thread that has called execve to its new id.
func (h *history) rename(t *threadHistory, former int) {
	for i := range h.threads {
		if from := &h.threads[i]; from.tid == former && from != t {
			tid := t.tid
			*t = *from
			t.tid = tid
			return
		}
	}
}

// A frame has its events in sections, because similar data is compressed better together.
// The numbers are those in files.
const (
	eventSection  = iota // everything that has no section of its own
	timeSection          // times
	argSection           // stack pointers and arguments of calls
	resultSection        // results
	pieceSection         // where memory is, and how much
	memorySection        // its bytes, if they are few
	stringSection        // its bytes, if they are a string
	bufferSection        // its bytes, if they are many
	answerSection        // questions and answers
	sections
)

// sectionOf returns the section for the bytes of a piece of memory with that length and
// end.
func sectionOf(length uint64, end decode.PieceEnd) int {
	const many = 1024
	switch {
	case end == decode.AtNUL:
		return stringSection
	case length >= many:
		return bufferSection
	}
	return memorySection
}

// coder makes a part of a file.
type coder struct{ b []byte }

func (e *coder) uvarint(n uint64) { e.b = binary.AppendUvarint(e.b, n) }
func (e *coder) varint(n int64)   { e.b = binary.AppendVarint(e.b, n) }

func (e *coder) bytes(b []byte) {
	e.uvarint(uint64(len(b)))
	e.b = append(e.b, b...)
}

// contents are the sections of a frame.
type contents [sections]coder

// roomOf are the initial capacities of sections, in bytes: what most blocks need. Unused
// memory is never touched, but growing touches new memory each time.
var roomOf = [sections]int{
	32 << 10, 32 << 10, 32 << 10, 16 << 10, 32 << 10, 128 << 10, 128 << 10, 256 << 10, 128 << 10,
}

// newContents returns empty sections with their initial capacity.
func newContents() (c contents) {
	total := 0
	for _, n := range roomOf {
		total += n
	}
	room := make([]byte, total)
	for i, n := range roomOf {
		c[i].b, room = room[:0:n], room[n:]
	}
	return c
}

// size is the number of bytes in all sections.
func (c *contents) size() (n int) {
	for i := range c {
		n += len(c[i].b)
	}
	return n
}

// parts are the parts of a block: the sizes of all sections but the last, and the sections.
func (c *contents) parts() (parts [sections + 1][]byte) {
	var sizes coder
	for i := range c {
		if i < sections-1 {
			sizes.uvarint(uint64(len(c[i].b)))
		}
		parts[i+1] = c[i].b
	}
	parts[0] = sizes.b
	return parts
}

// encoder makes the contents of a block.
type encoder struct {
	history
	*coder // the section of events
	contents
}

func newEncoder() *encoder {
	e := &encoder{history: history{byTID: make(map[int]int), bySite: make(map[place]int), byText: make(map[string]int), byKept: make(map[string]int)}}
	e.coder = &e.contents[eventSection]
	return e
}

func appendUvarint(b []byte, n uint64) []byte { return binary.AppendUvarint(b, n) }

// text encodes a string that is likely to occur again.
func (e *encoder) text(s string) {
	if i, ok := e.byText[s]; ok {
		e.uvarint(uint64(i) + 1)
		return
	}
	e.byText[s] = len(e.byText)
	e.uvarint(0)
	e.uvarint(uint64(len(s)))
	e.b = append(e.b, s...)
}

// repeats looks for bytes among those that the block has already, and keeps them if they
// are new. The step leads there from those that were met last: programs that do the same
// again mostly meet the next ones.
func (e *encoder) repeats(b []byte) (step int64, ok bool) {
	if len(b) < leastKept {
		return 0, false
	}
	if i, ok := e.byKept[string(b)]; ok {
		step, e.last = int64(i-e.last-1), i
		return step, true
	}
	e.last = len(e.byKept)
	e.byKept[e.room.KeepString(b)] = e.last
	return 0, false
}

// long encodes bytes that are likely to occur again: their length or the step to those
// that are the same. extra is one more bit.
func (c *coder) long(e *encoder, b []byte, extra int) {
	if step, ok := e.repeats(b); ok {
		c.uvarint(zigzag(step)<<2 | again | uint64(extra))
		return
	}
	c.uvarint(uint64(len(b))<<2 | uint64(extra))
	c.b = append(c.b, b...)
}

// again is the bit of long for a step.
const again = 2

func zigzag(n int64) uint64   { return uint64(n<<1) ^ uint64(n>>63) }
func unzigzag(n uint64) int64 { return int64(n>>1) ^ -int64(n&1) }

// thread encodes a thread and returns its history.
func (e *encoder) thread(tid int) *threadHistory {
	i, ok := e.byTID[tid]
	e.uvarint(uint64(i))
	if !ok {
		e.b = e.b[:len(e.b)-1] // of i, which is 0
		i = len(e.threads)
		e.uvarint(uint64(i))
		e.uvarint(uint64(tid))
		e.byTID[tid] = i
		e.threads = append(e.threads, threadHistory{tid: tid})
	}
	return &e.threads[i]
}

// event adds an event to the block. It returns the history of its thread.
func (e *encoder) event(ev *Event) *threadHistory {
	parts := partsOf(ev)
	var t *threadHistory
	if i, ok := e.byTID[ev.TID]; ok && ev.Kind == Exit {
		if t = &e.threads[i]; t.ip != ev.Call.IP || t.sp != ev.Call.SP {
			parts |= hasPlace
		}
	} else if ev.Kind == Exit {
		parts |= hasPlace
	}
	e.uvarint(uint64(parts)<<kindBits | uint64(ev.Kind))
	t = e.thread(ev.TID)
	now := ev.Time.UnixNano()
	e.contents[timeSection].varint(now - e.time)
	e.time = now
	e.own(ev, t, parts)
	if parts&hasMemory != 0 {
		e.memory(ev, t)
	}
	if parts&hasAnswers != 0 {
		e.answers(&ev.Answers)
	}
	if parts&hasStack != 0 {
		e.stack(ev)
	}
	if parts&hasRegisters != 0 {
		e.registers(&ev.Registers, t)
	}
	if parts&hasUsage != 0 {
		e.usage(ev, t)
	}
	if parts&hasInterrupted != 0 {
		e.uvarint(uint64(ev.Interrupted.ABI))
		e.uvarint(ev.Interrupted.NR)
	}
	if parts&hasReason != 0 {
		e.text(ev.Reason)
	}
	if parts&hasInjected != 0 {
		e.text(ev.Injected)
		e.uvarint(uint64(ev.Rule)<<1 | uint64(number(ev.Delayed)))
	}
	return t
}

// partsOf returns the bits for the parts of an event.
func partsOf(ev *Event) (parts int) {
	add := func(has bool, part int) {
		if has {
			parts |= part
		}
	}
	add(len(ev.Memory) > 0, hasMemory)
	add(ev.Answers.n > 0, hasAnswers)
	add(ev.Kind == Exit && ev.Call.IsError, hasError)
	add(ev.HasStack, hasStack)
	add(ev.HasRegisters, hasRegisters)
	add(ev.HasUsage, hasUsage)
	add(ev.HasInterrupted, hasInterrupted)
	add(ev.Reason != "", hasReason)
	add(ev.Injected != "" || ev.Delayed || ev.Rule != 0, hasInjected)
	return parts
}

// own encodes what is specific to this kind of event.
func (e *encoder) own(ev *Event, t *threadHistory, parts int) {
	switch ev.Kind {
	case Enter:
		e.enter(&ev.Call, t)
	case Exit:
		c := &ev.Call
		if parts&hasError != 0 {
			e.contents[resultSection].varint(-c.Ret)
		} else {
			e.contents[resultSection].varint(c.Ret)
		}
		if parts&hasPlace != 0 {
			e.uvarint(uint64(c.ABI)<<1 | uint64(number(c.EntrySeen)))
			e.varint(int64(c.IP - t.ip))
			e.varint(int64(c.SP - t.sp))
			t.ip, t.sp = c.IP, c.SP
		}
	case Signal:
		e.uvarint(uint64(ev.Signal))
		n := SiginfoSize
		for n > 0 && ev.Siginfo[n-1] == 0 {
			n--
		}
		e.bytes(ev.Siginfo[:n])
	case GroupStop:
		e.uvarint(uint64(ev.Signal))
	case Exec:
		e.uvarint(uint64(ev.FormerTID))
		e.uvarint(uint64(ev.Superseded))
		e.history.rename(t, ev.FormerTID)
	case Created:
		e.uvarint(uint64(ev.Parent))
	case LaunchFailed:
		e.uvarint(uint64(ev.Errno))
	case Exited, Killed, StrayEnded:
		e.uvarint(uint64(ev.Status))
	case Attached:
		e.uvarint(uint64(len(ev.Threads)))
		for _, tid := range ev.Threads {
			e.uvarint(uint64(tid))
		}
	}
}

// enter encodes the entry of a call.
func (e *encoder) enter(c *Call, t *threadHistory) {
	p := place{c.ABI, c.NR, c.IP}
	i, ok := e.bySite[p]
	if !ok {
		i = len(e.sites)
	}
	e.uvarint(uint64(i))
	if !ok {
		e.bySite[p] = i
		e.sites = append(e.sites, site{place: p, numArgs: c.NumArgs})
		e.uvarint(uint64(c.ABI)<<3 | uint64(c.NumArgs))
		e.uvarint(c.NR)
		e.varint(int64(c.IP - e.lastIP))
		e.lastIP = c.IP
	}
	args := &e.contents[argSection]
	args.varint(int64(c.SP - t.sp))
	t.sp, t.ip = c.SP, c.IP
	s := &e.sites[i]
	for i := range s.numArgs {
		args.varint(int64(c.Args[i] - s.args[i]))
		s.args[i] = c.Args[i]
	}
	t.args = s.args
}

// Where a piece of memory begins: at one of the arguments of the call (0 to 5), or
// elsewhere.
const afterArguments = 6

// Bits beside a piece's length: its decode.PieceEnd, and whether the piece repeats an
// earlier one.
const (
	pieceEnd     = 1<<2 - 1
	pieceRepeats = 1 << 2
	pieceBits    = 3
)

// withoutNUL returns what of a piece is kept: of a string what comes before its end. It is
// false for strings without an end.
func withoutNUL(b []byte, end decode.PieceEnd) ([]byte, bool) {
	if end != decode.AtNUL {
		return b, true
	}
	return bytes.CutSuffix(b, []byte{0})
}

// memory encodes the memory that was read.
func (e *encoder) memory(ev *Event, t *threadHistory) {
	pieces := &e.contents[pieceSection]
	pieces.uvarint(uint64(len(ev.Memory)))
	end := uint64(0)
	for i := range ev.Memory {
		p := &ev.Memory[i]
		from := afterArguments
		if a := slices.Index(t.args[:], p.Addr); a >= 0 && p.Addr != 0 {
			from = a
		}
		step, repeats := int64(0), false
		if kept, ok := withoutNUL(p.B, p.End); ok {
			step, repeats = e.repeats(kept)
		}
		if repeats {
			pieces.uvarint(zigzag(step)<<pieceBits | pieceRepeats | uint64(p.End))
		} else {
			pieces.uvarint(uint64(len(p.B))<<pieceBits | uint64(p.End))
			memory := &e.contents[sectionOf(uint64(len(p.B)), p.End)]
			memory.b = append(memory.b, p.B...)
		}
		pieces.b = append(pieces.b, byte(from))
		if from == afterArguments {
			pieces.varint(int64(p.Addr - end))
		}
		end = p.Addr + uint64(len(p.B))
	}
}

// answers encodes answers. A path in a question is often in the memory of the same call,
// and is the answer, too, but for the byte that says that there is one.
func (e *encoder) answers(a *Answered) {
	to := &e.contents[answerSection]
	to.uvarint(uint64(a.n))
	d := decoder{b: a.b}
	for range a.n {
		question, answer := d.bytes(d.uvarint()), d.bytes(d.uvarint())
		head := headOf(question)
		to.bytes(question[:head])
		to.long(e, question[head:], 0)
		first := answer[:min(1, len(answer))]
		to.long(e, answer[len(first):], len(first))
		to.b = append(to.b, first...)
	}
}

// stack encodes a call stack.
func (e *encoder) stack(ev *Event) {
	e.uvarint(uint64(len(ev.Stack))<<1 | uint64(number(ev.Cut)))
	for i := range ev.Stack {
		f := &ev.Stack[i]
		e.uvarint(f.PC)
		e.text(f.File)
		e.varint(int64(f.PC - f.Addr))
		e.text(f.Symbol)
		e.uvarint(f.Offset)
		e.text(f.Source)
		e.uvarint(uint64(f.Line))
	}
}

// words returns general registers as an array.
func words(regs *unix.PtraceRegs) *[userRegisters]uint64 {
	return (*[userRegisters]uint64)(unsafe.Pointer(regs))
}

// registers encodes registers: the general ones as differences from the previous ones.
func (e *encoder) registers(r *Registers, t *threadHistory) {
	for i, v := range words(&r.User) {
		e.varint(int64(v - t.regs[i]))
		t.regs[i] = v
	}
	e.uvarint(uint64(len(r.Sets)))
	for i := range r.Sets {
		e.uvarint(uint64(r.Sets[i].Note))
		e.bytes(r.Sets[i].B)
	}
}

// usage encodes the resources that a thread has used: all of them at its end, otherwise
// only times.
func (e *encoder) usage(ev *Event, t *threadHistory) {
	u := &ev.Usage
	times := [2]int64{u.Utime.Nano() / int64(time.Microsecond), u.Stime.Nano() / int64(time.Microsecond)}
	for i, v := range times {
		e.varint(v - t.usage[i])
		t.usage[i] = v
	}
	if !ev.Kind.Ends() {
		return
	}
	for _, v := range [...]int64{u.Maxrss, u.Minflt, u.Majflt, u.Inblock, u.Oublock, u.Nvcsw, u.Nivcsw} {
		e.varint(v)
	}
}
