//go:build linux && amd64

package buffered

import (
	"encoding/binary"
	"errors"
)

// Kind is the kind of an operation. It determines how much memory is copied.
type Kind uint8

const (
	KindBytes    Kind = iota // n elements
	KindString               // up to and including the first zero byte, but at most Most bytes
	KindCounted              // n elements; argument Count has the address of n, an unsigned int
	KindNull                 // nothing; the call stops unless the argument is zero
	KindAtMost               // nothing; the call stops if the argument is larger than Most
	KindBuffers              // n elements of struct iovec, and what they point to
	KindListed               // nothing; the call stops if the argument is a descriptor that is not listed, see Area.List
	KindMasks                // nothing; the call may change which signals the thread blocks, see Area.DoubtMask
	KindPlace                // nothing; the call stops if the argument is an address below Area.SetLowest, and argument Count has any bit of Most or Most is 0
	KindStruct               // n elements; the call stops unless all of them can be read, and other operations refer to them: see FirstWord
	KindAddress              // n elements; the call stops if they begin with the 16-bit number Total
	KindLesser               // n elements, but n is the lesser of Count and Total
	KindOrdinary             // nothing; the call stops if the argument is a descriptor of a socket of family Most, or it is not known what it is
	KindFile                 // nothing; if the result may be a descriptor of a file of procfs, the thread stops after the call: see Area.WatchFiles
)

// Copies reports whether an operation of this kind copies memory.
func (k Kind) Copies() bool {
	switch k {
	case KindBytes, KindString, KindCounted, KindBuffers, KindStruct, KindAddress, KindLesser:
		return true
	}
	return false
}

// Moment says when memory is copied.
type Moment uint8

const (
	AnyTime     Moment = iota // at any time: the call only reads the memory
	BeforeCall                // before the call
	IfSucceeded               // after the call, unless it failed
	AfterCall
)

// Values of Op.Count that are not an argument.
const (
	FromResult = 6 // the result, or 0 if the call failed
	Unbounded  = 7 // only Most limits the number
)

// StackPointer is the value of Op.Arg for the memory at the stack pointer: the only operation
// of a call that Returns, which copies FrameSize bytes.
const StackPointer = 8

// FirstWord and more are values of Op.Arg and others that are not an argument: words of 8
// bytes of the struct that a KindStruct has copied before the call. It is the first memory
// that is copied of the call. If it has n bytes, and another KindStruct for IfSucceeded is the
// first that is copied after the call, NextWord(n) and more are words of that one.
const FirstWord = (recChunks + chunkData - recArgs) / 8

// NextWord is for the words of a second struct: see FirstWord.
func NextWord(size uint32) uint8 { return FirstWord + uint8(size/8) + chunkData/8 }

// Op is an operation, which usually copies memory at the address in argument Arg. The memory
// has n elements of Size bytes. n is Count, but at most Most.
//
// With KindBuffers, at most Size bytes of each buffer are copied, and at most Total bytes of
// all buffers together. Total counts the whole size of each buffer.
//
// Of memory at an address in a struct, and with Taken, a call that succeeds has read all.
type Op struct {
	Kind  Kind
	When  Moment
	Arg   uint8 // index of an argument, from 0
	Count uint8 // an argument, FromResult or Unbounded
	Low32 bool  // only the low half of Count is used
	Shift uint8 // Count is in units of 1<<Shift elements; n is rounded up
	Taken bool  // for AnyTime: a call that succeeds has read all of it
	Total uint8 // FromResult or Unbounded; with some kinds another number
	Size  uint32
	Most  uint32
}

// Call says what is copied for a call.
type Call struct {
	Buffered bool // otherwise the call stops
	Ops      []Op

	// Returns means that the call is rt_sigreturn, which ends where its frame says.
	Returns bool

	// Closes has bit i set if the call closes the descriptor in argument i. It is ClosesAny
	// if the call may close any descriptor.
	Closes uint8

	// If there are Commands, the low 32 bits of argument Arg select one. Buffered and Ops
	// then apply to all other values.
	Commands []Command
	Arg      uint8 // 0 to 2
	Mask     uint32
}

// ClosesAny is the value of Call.Closes for a call that may close any descriptor.
const ClosesAny = 1 << 7

// Command says what is copied for a call if the argument has this value.
type Command struct {
	Value uint32
	Call  Call
}

// maxStruct is how large a struct may be that other operations refer to.
const maxStruct = 128

// maxRecord limits the size of a record, so that several records fit into the ring.
const maxRecord = RingSize / 2

var (
	errTooMany  = errors.New("the table of calls is full")
	errTooLarge = errors.New("the record may be too large")
	errOp       = errors.New("the stub has no such operation")
)

// CallTable is the table of calls, in the form that the stub reads.
type CallTable struct {
	image []byte // the memory from StubAddr on
	b     []byte // the part of image that is the table
}

// NewCallTable makes a table in which all calls stop.
func NewCallTable() *CallTable {
	image := make([]byte, CodeSize)
	return &CallTable{image, image[StubSize:][: tableCalls*opBytes : callsSize]}
}

// Stops reports whether all calls with this number stop.
func (t *CallTable) Stops(nr uint64) bool {
	return nr >= tableCalls || binary.LittleEndian.Uint32(t.b[nr*opBytes+entryNeed:]) == 0
}

// Stop makes all calls with this number stop. In processes that have the table already, the
// caller must also write a zero word at EntryAddr.
func (t *CallTable) Stop(nr uint64) {
	binary.LittleEndian.PutUint32(t.b[nr*opBytes+entryNeed:], 0)
}

// Size returns the size of the table in bytes. Set appends to the table.
func (t *CallTable) Size() uint64 { return uint64(len(t.b)) }

// EntrySize is the size in bytes of a call's entry in the table.
const EntrySize = opBytes

// EntryAddr returns the address of the entry for calls with this number. The calls stop if
// the first four bytes of the entry are zero.
func EntryAddr(nr uint64) uint64 { return CallsAddr + nr*opBytes + entryNeed }

// Set sets the entry for calls with this number. After an error these calls stop.
func (t *CallTable) Set(nr uint64, c *Call) error {
	if nr >= tableCalls {
		return nil
	}
	used := len(t.b)
	entry, err := t.entry(c, true)
	if err != nil {
		t.b = t.b[:used]
		return err
	}
	copy(t.b[nr*opBytes:], entry[:])
	return nil
}

// entry returns the entry of a call, and appends what the entry refers to.
func (t *CallTable) entry(c *Call, commands bool) (e [opBytes]byte, err error) {
	le := binary.LittleEndian
	if len(c.Commands) > 0 {
		if !commands || c.Arg > 2 {
			return e, errOp
		}
		other := *c
		other.Commands = nil
		at, err := t.nested(&other)
		if err != nil {
			return e, err
		}
		list := make([]byte, commandSize*len(c.Commands))
		for i := range c.Commands {
			command := &c.Commands[i]
			entry, err := t.nested(&command.Call)
			if err != nil {
				return e, err
			}
			le.PutUint32(list[i*commandSize+commandValue:], command.Value)
			le.PutUint32(list[i*commandSize+commandEntry:], entry)
		}
		first, err := t.add(list)
		if err != nil {
			return e, err
		}
		le.PutUint32(e[entryNeed:], at)
		le.PutUint16(e[entryCount:], uint16(len(c.Commands)))
		e[entryFlags], e[entryArg] = entryHasCommands, c.Arg
		le.PutUint32(e[entryFirst:], first)
		le.PutUint32(e[entryMask:], c.Mask)
		return e, nil
	}
	if !c.Buffered {
		return e, nil
	}
	if c.Returns {
		return t.returnEntry(c)
	}
	if err := checkWords(c.Ops); err != nil {
		return e, err
	}
	const zeros = 8 // number of zero bytes that the stub writes after what it has copied
	need := uint64(recChunks + zeros)
	ops := make([]byte, opBytes*len(c.Ops))
	for i := range c.Ops {
		o := &c.Ops[i]
		size, err := o.check()
		if err != nil {
			return e, err
		}
		need += chunkData + (size+7)&^7
		if o.When == BeforeCall {
			e[entryFlags] |= entryHasBefore
		}
		o.encode(ops[i*opBytes:])
	}
	if need > maxRecord {
		return e, errTooLarge
	}
	first, err := t.add(ops)
	if err != nil {
		return e, err
	}
	le.PutUint32(e[entryNeed:], uint32(need))
	le.PutUint16(e[entryCount:], uint16(len(c.Ops)))
	le.PutUint32(e[entryFirst:], first)
	return e, nil
}

// returnEntry returns the entry of rt_sigreturn.
func (t *CallTable) returnEntry(c *Call) (e [opBytes]byte, err error) {
	var ops []byte
	switch len(c.Ops) {
	case 0:
	case 1:
		if o := c.Ops[0]; o != (Op{Kind: KindStruct, When: BeforeCall, Arg: StackPointer, Count: Unbounded, Size: FrameSize, Most: 1}) {
			return e, errOp
		}
		ops = make([]byte, opBytes)
		c.Ops[0].encode(ops)
	default:
		return e, errOp
	}
	first, err := t.add(ops)
	if err != nil {
		return e, err
	}
	binary.LittleEndian.PutUint32(e[entryNeed:], recChunks+chunkData+FrameSize)
	binary.LittleEndian.PutUint16(e[entryCount:], uint16(len(c.Ops)))
	e[entryFlags] = entryReturns
	binary.LittleEndian.PutUint32(e[entryFirst:], first)
	return e, nil
}

// nested appends the entry of a command and returns its offset.
func (t *CallTable) nested(c *Call) (uint32, error) {
	e, err := t.entry(c, false)
	if err != nil {
		e = [opBytes]byte{} // only this command stops
	}
	return t.add(e[:])
}

func (t *CallTable) add(b []byte) (offset uint32, err error) {
	if len(t.b)+len(b) > callsSize {
		return 0, errTooMany
	}
	offset = uint32(len(t.b))
	t.b = append(t.b, b...)
	return offset, nil
}

// check returns the largest number of bytes that an operation can copy.
func (o *Op) check() (uint64, error) {
	switch {
	case (o.Kind == KindNull || o.Kind == KindAtMost || o.Kind == KindListed || o.Kind == KindOrdinary) && o.When == BeforeCall:
		return 0, nil
	case o.Kind == KindFile && o.When == IfSucceeded:
		return statxSize, nil // the stub needs the space for a moment
	case o.Kind == KindMasks && o.When == AfterCall && o.Arg <= 5,
		o.Kind == KindPlace && o.When == BeforeCall && o.Arg <= 5 && o.Count <= 5:
		return 0, nil
	case o.Kind == KindBuffers && (o.When == BeforeCall || o.Total != FromResult && o.Total != Unbounded):
		return 0, errOp
	case !o.Kind.Copies(), o.Shift > 31, o.When > AfterCall,
		o.Kind == KindString && o.Size != 1,
		o.Kind == KindAddress && o.When != BeforeCall,
		o.Kind == KindLesser && (o.When == BeforeCall || !o.Low32),
		o.Kind == KindCounted && (o.When != IfSucceeded || o.Count > 5),
		o.Count == FromResult && (o.When == BeforeCall || o.When == AnyTime):
		return 0, errOp
	}
	size := uint64(o.Size) * uint64(o.Most)
	if o.Kind == KindBuffers {
		size = uint64(o.Most) * (iovecSize + chunkData + (uint64(o.Size)+7)&^7)
	}
	if size > maxRecord {
		return 0, errTooLarge
	}
	return size, nil
}

// checkWords checks what operations say of arguments and of words of a struct.
func checkWords(ops []Op) error {
	const args = 6
	first, next := uint8(0), uint8(0) // words of the structs
	before, after := 0, 0             // how often memory is copied before the call, and after it
	for i := range ops {
		o := &ops[i]
		known := func(word uint8) bool {
			return word < args || word >= FirstWord && word < FirstWord+first ||
				next > 0 && o.When == IfSucceeded && word >= FirstWord+first+chunkData/8 && word < FirstWord+first+chunkData/8+next
		}
		counts := func(word uint8) bool { return word == FromResult || word == Unbounded || known(word) }
		switch {
		case !known(o.Arg), !counts(o.Count), o.Kind == KindLesser && !known(o.Total):
			return errOp
		case o.Kind != KindStruct:
		case o.Arg >= args, o.Count != Unbounded, o.Most != 1, o.Size%8 != 0, o.Size > maxStruct:
			return errOp
		case o.When == BeforeCall && before == 0:
			first = uint8(o.Size / 8)
		case o.When == IfSucceeded && after == 0 && before == 1 && first == uint8(o.Size/8):
			next = first
		default:
			return errOp
		}
		switch {
		case !o.Kind.Copies():
		case o.When == BeforeCall:
			if before++; next > 0 {
				return errOp // it would be in between
			}
		default:
			after++
		}
	}
	return nil
}

func (o *Op) encode(b []byte) {
	b[opKind], b[opWhen], b[opArg], b[opCount] = uint8(o.Kind), uint8(o.When), o.Arg, o.Count
	if o.Low32 {
		b[opLow32] = 1
	}
	if o.Taken {
		b[opTaken] = 1
	}
	b[opShift], b[opTotal] = o.Shift, o.Total
	binary.LittleEndian.PutUint32(b[opSize:], o.Size)
	binary.LittleEndian.PutUint32(b[opMost:], o.Most)
}

// Choose returns what is copied for a call with these arguments.
func (c *Call) Choose(args *[6]uint64) *Call {
	value := uint32(args[c.Arg]) & c.Mask
	for i := range c.Commands {
		if c.Commands[i].Value == value {
			return &c.Commands[i].Call
		}
	}
	return c
}
