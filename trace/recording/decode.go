//go:build linux && amd64

package recording

import (
	"encoding/binary"
	"errors"
	"time"

	"golang.org/x/sys/unix"

	"trapline/decode"
	"trapline/tables"
)

// errDamaged says that a block does not contain what it should.
var errDamaged = errors.New("its contents are not those of a recording")

// decoder reads numbers and strings. After the first error it reads only zeros.
type decoder struct {
	b   []byte
	err error
}

func (d *decoder) fail() { d.b, d.err = nil, errDamaged }

func (d *decoder) byte() byte {
	if len(d.b) == 0 {
		d.fail()
		return 0
	}
	v := d.b[0]
	d.b = d.b[1:]
	return v
}

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.b)
	if n <= 0 {
		d.fail()
		return 0
	}
	d.b = d.b[n:]
	return v
}

func (d *decoder) varint() int64 {
	v, n := binary.Varint(d.b)
	if n <= 0 {
		d.fail()
		return 0
	}
	d.b = d.b[n:]
	return v
}

// bytes reads n bytes. The result is a part of the block.
func (d *decoder) bytes(n uint64) []byte {
	if n > uint64(len(d.b)) {
		d.fail()
		return nil
	}
	v := d.b[:n:n]
	d.b = d.b[n:]
	return v
}

// count reads a number of things, each of which takes at least one byte.
func (d *decoder) count() int {
	n := d.uvarint()
	if n > uint64(len(d.b)) {
		d.fail()
		return 0
	}
	return int(n)
}

// id reads the id of a process or thread.
func (d *decoder) id() int {
	const most = 1<<31 - 1
	n := d.uvarint()
	if n > most {
		d.fail()
		return 0
	}
	return int(n)
}

// blockDecoder reads the events of a block.
type blockDecoder struct {
	decoder                    // the section of events
	sections [sections]decoder // the others
	history
	answers []byte // of the event
}

// start begins a block with its first frame.
func (d *blockDecoder) start(b []byte, start int64) {
	d.history.reset(start)
	d.frame(b)
}

// frame begins a frame: the sizes of the sections but the last, and the sections.
func (d *blockDecoder) frame(b []byte) {
	all := decoder{b: b}
	var sizes [sections]uint64
	for i := range sections - 1 {
		sizes[i] = all.uvarint()
	}
	d.decoder = decoder{b: all.bytes(sizes[eventSection])}
	for i := eventSection + 1; i < sections-1; i++ {
		d.sections[i] = decoder{b: all.bytes(sizes[i])}
	}
	d.sections[sections-1] = decoder{b: all.b}
	if all.err != nil {
		d.fail()
	}
}

// check fails unless exactly what a section contains was read from it.
func (d *blockDecoder) check() {
	for i := range d.sections {
		if d.sections[i].err != nil {
			d.fail()
		}
	}
}

// more reports whether there are more events in the frame.
func (d *blockDecoder) more() bool { return len(d.b) > 0 && d.err == nil }

// text reads a string of encoder.text.
func (d *blockDecoder) text() string {
	i := d.uvarint()
	if i == 0 {
		s := string(d.bytes(d.uvarint()))
		d.texts = append(d.texts, s)
		return s
	}
	if i > uint64(len(d.texts)) {
		d.fail()
		return ""
	}
	return d.texts[i-1]
}

// keep keeps bytes as encoder.repeats does.
func (d *blockDecoder) keep(b []byte) {
	if len(b) >= leastKept {
		d.last = len(d.kept)
		d.kept = append(d.kept, b)
	}
}

// repeated returns the bytes to which a step leads.
func (d *blockDecoder) repeated(step int64) []byte {
	i := int64(d.last) + 1 + step
	if i < 0 || i >= int64(len(d.kept)) {
		d.fail()
		return nil
	}
	d.last = int(i)
	return d.kept[i]
}

// long reads the bytes of coder.long, whose number has been read.
func (d *blockDecoder) long(from *decoder, n uint64) []byte {
	if n&again != 0 {
		return d.repeated(unzigzag(n >> 2))
	}
	b := from.bytes(n >> 2)
	d.keep(b)
	return b
}

// thread reads a thread.
func (d *blockDecoder) thread() *threadHistory {
	i := d.uvarint()
	if i > uint64(len(d.threads)) {
		d.fail()
	} else if i == uint64(len(d.threads)) {
		d.threads = append(d.threads, threadHistory{tid: d.id()})
	}
	if d.err != nil {
		return nil
	}
	return &d.threads[i]
}

// event reads the next event. The event is valid until the next one is read, and its bytes
// as long as those of the block.
func (d *blockDecoder) event(ev *Event) error {
	first := d.uvarint()
	*ev = Event{
		Kind: Kind(first & (1<<kindBits - 1)), Number: ev.Number,
		Memory: ev.Memory[:0], Stack: ev.Stack[:0], Threads: ev.Threads[:0],
		Registers: Registers{Sets: ev.Registers.Sets[:0]},
	}
	parts := first >> kindBits
	if ev.Kind == 0 || ev.Kind >= kinds || parts > allParts {
		d.fail()
	}
	t := d.thread()
	if t == nil {
		return d.err
	}
	ev.TID = t.tid
	d.time += d.sections[timeSection].varint()
	ev.Time = time.Unix(0, d.time)
	d.own(ev, t, parts)
	if parts&hasMemory != 0 {
		d.memory(ev, t)
	}
	if parts&hasAnswers != 0 {
		d.readAnswers(ev)
	}
	if parts&hasStack != 0 {
		d.stack(ev)
	}
	if parts&hasRegisters != 0 {
		d.registers(ev, t)
	}
	if parts&hasUsage != 0 {
		d.usage(ev, t)
	}
	if parts&hasInterrupted != 0 {
		ev.HasInterrupted = true
		ev.Interrupted.ABI, ev.Interrupted.NR = d.abi(d.uvarint()), d.uvarint()
	}
	if parts&hasReason != 0 {
		ev.Reason = d.text()
	}
	if parts&hasInjected != 0 {
		ev.Injected = d.text()
		n := d.uvarint()
		ev.Rule, ev.Delayed = int(n>>1&(1<<30-1)), n&1 != 0
	}
	d.check()
	return d.err
}

// abi checks an ABI.
func (d *blockDecoder) abi(n uint64) tables.ABI {
	if n >= uint64(tables.NumABI) {
		d.fail()
		return 0
	}
	return tables.ABI(n)
}

// own reads what is specific to this kind of event.
func (d *blockDecoder) own(ev *Event, t *threadHistory, parts uint64) {
	switch ev.Kind {
	case Enter:
		d.enter(&ev.Call, t)
	case Exit:
		c := &ev.Call
		c.Ret = d.sections[resultSection].varint()
		if c.IsError = parts&hasError != 0; c.IsError {
			c.Ret = -c.Ret
		}
		c.EntrySeen = true
		if parts&hasPlace != 0 {
			n := d.uvarint()
			c.ABI, c.EntrySeen = d.abi(n>>1), n&1 != 0
			t.ip += uint64(d.varint())
			t.sp += uint64(d.varint())
		}
		c.IP, c.SP = t.ip, t.sp
	case Signal:
		ev.Signal = d.signal()
		copy(ev.Siginfo[:], d.bytes(d.uvarint()))
	case GroupStop:
		ev.Signal = d.signal()
	case Exec:
		ev.FormerTID, ev.Superseded = d.id(), d.id()
		d.history.rename(t, ev.FormerTID)
	case Created:
		ev.Parent = d.id()
	case LaunchFailed:
		ev.Errno = unix.Errno(d.id())
	case Exited, Killed, StrayEnded:
		ev.Status = unix.WaitStatus(d.uvarint())
		if ev.Kind == Killed {
			ev.Signal = ev.Status.Signal()
		}
	case Attached:
		for range d.count() {
			ev.Threads = append(ev.Threads, d.id())
		}
	}
}

func (d *blockDecoder) signal() unix.Signal {
	n := d.uvarint()
	if n > 0xff {
		d.fail()
	}
	return unix.Signal(n)
}

// enter reads the entry of a call.
func (d *blockDecoder) enter(c *Call, t *threadHistory) {
	i := d.uvarint()
	if i > uint64(len(d.sites)) {
		d.fail()
		return
	}
	if i == uint64(len(d.sites)) {
		n := d.uvarint()
		s := site{numArgs: int(n & 7)}
		s.abi, s.nr = d.abi(n>>3), d.uvarint()
		d.lastIP += uint64(d.varint())
		s.ip = d.lastIP
		if s.numArgs > len(s.args) {
			d.fail()
			return
		}
		d.sites = append(d.sites, s)
	}
	s := &d.sites[i]
	args := &d.sections[argSection]
	t.sp += uint64(args.varint())
	t.ip = s.ip
	for i := range s.numArgs {
		s.args[i] += uint64(args.varint())
	}
	t.args = s.args
	*c = Call{ABI: s.abi, NR: s.nr, Args: s.args, NumArgs: s.numArgs, IP: s.ip, SP: t.sp, EntrySeen: true}
}

// memory reads the memory that decoding needs.
func (d *blockDecoder) memory(ev *Event, t *threadHistory) {
	pieces := &d.sections[pieceSection]
	end := uint64(0)
	for range pieces.count() {
		n := pieces.uvarint()
		p := decode.Piece{End: decode.PieceEnd(n & pieceEnd)}
		if p.End > decode.Unreadable {
			pieces.fail()
		}
		switch from := pieces.byte(); {
		case from < afterArguments:
			p.Addr = t.args[from]
		case from == afterArguments:
			p.Addr = end + uint64(pieces.varint())
		default:
			pieces.fail()
		}
		p.B = d.piece(n, p.End)
		if pieces.err != nil || d.err != nil {
			return
		}
		end = p.Addr + uint64(len(p.B))
		ev.Memory = append(ev.Memory, p)
	}
}

// piece reads the bytes of a piece of memory, which n describes.
func (d *blockDecoder) piece(n uint64, end decode.PieceEnd) []byte {
	if n&pieceRepeats != 0 {
		b := d.repeated(unzigzag(n >> pieceBits))
		if end != decode.AtNUL || d.err != nil {
			return b
		}
		if size := len(b) + 1; cap(b) < size || b[:size][size-1] != 0 { // it is not from a string
			d.kept[d.last] = append(b[:len(b):len(b)], 0)[:len(b)]
		}
		return d.kept[d.last][:len(b)+1]
	}
	memory := &d.sections[sectionOf(n>>pieceBits, end)]
	b := memory.bytes(n >> pieceBits)
	if memory.err != nil {
		d.fail()
	}
	if kept, ok := withoutNUL(b, end); ok {
		d.keep(kept)
	}
	return b
}

// readAnswers reads the answers of an event.
func (d *blockDecoder) readAnswers(ev *Event) {
	from := &d.sections[answerSection]
	a := Answered{n: from.count(), b: d.answers[:0]}
	for range a.n {
		head := from.bytes(from.uvarint())
		tail := d.long(from, from.uvarint())
		a.b = appendUvarint(a.b, uint64(len(head)+len(tail)))
		a.b = append(append(a.b, head...), tail...)
		n := from.uvarint()
		rest := d.long(from, n)
		first := from.bytes(n & 1)
		a.b = appendUvarint(a.b, uint64(len(first)+len(rest)))
		a.b = append(append(a.b, first...), rest...)
		if from.err != nil || d.err != nil || len(a.b) > mostRaw {
			d.fail()
			return
		}
	}
	d.answers, ev.Answers = a.b, a
}

// stack reads a call stack.
func (d *blockDecoder) stack(ev *Event) {
	n := d.uvarint()
	ev.HasStack, ev.Cut = true, n&1 != 0
	if n>>1 > uint64(len(d.b)) {
		d.fail()
		return
	}
	for range n >> 1 {
		f := Frame{PC: d.uvarint(), File: d.text()}
		f.Addr = f.PC - uint64(d.varint())
		f.Symbol, f.Offset = d.text(), d.uvarint()
		f.Source, f.Line = d.text(), d.id()
		if d.err != nil {
			return
		}
		ev.Stack = append(ev.Stack, f)
	}
}

// registers reads registers.
func (d *blockDecoder) registers(ev *Event, t *threadHistory) {
	ev.HasRegisters = true
	to := words(&ev.Registers.User)
	for i := range to {
		t.regs[i] += uint64(d.varint())
		to[i] = t.regs[i]
	}
	for range d.count() {
		note := d.id()
		b := d.bytes(d.uvarint())
		if d.err != nil {
			return
		}
		ev.Registers.Sets = append(ev.Registers.Sets, RegisterSet{note, b})
	}
}

// usage reads the resources that a thread has used.
func (d *blockDecoder) usage(ev *Event, t *threadHistory) {
	ev.HasUsage = true
	for i := range t.usage {
		t.usage[i] += d.varint()
	}
	u := &ev.Usage
	u.Utime = unix.NsecToTimeval(t.usage[0] * int64(time.Microsecond))
	u.Stime = unix.NsecToTimeval(t.usage[1] * int64(time.Microsecond))
	if !ev.Kind.Ends() {
		return
	}
	for _, to := range [...]*int64{&u.Maxrss, &u.Minflt, &u.Majflt, &u.Inblock, &u.Oublock, &u.Nvcsw, &u.Nivcsw} {
		*to = d.varint()
	}
}
