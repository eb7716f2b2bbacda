package lang

import "trapline/tables"

// Capture is what has to be kept of a call's memory so that the call can be
// decoded later, when that memory may no longer be as it was. It follows from the
// call's description: see Decoder.Capture.
type Capture struct {
	Ops []KeepOp // in the order of the arguments

	// Gap is empty, or says why Ops are not enough ("argv: an array of pointers"):
	// such a call has to be decoded while it is stopped.
	Gap string

	// Asks says which descriptors decoding asks the host about: bit i stands for the one
	// in argument register i, AsksResult for the one that the call returns, AsksMemory for
	// those in the call's memory. The answers must be those at the time of the call.
	Asks uint8

	// Special has bit i set if more memory is read when the descriptor in argument
	// register i is of a special kind: then Ops are not enough. Call.Ordinary says that
	// it is not.
	Special uint8

	// Changes says that the call may change what descriptors refer to, which names
	// files have, or what the working directory is.
	Changes bool

	// Closes has bit i set if the call closes the descriptor in argument register i.
	Closes uint8

	// Commands, if not nil, has a Capture for each sub-command of the call, which replaces
	// this one.
	Commands *Commands
}

// The higher bits of Capture.Asks.
const (
	AsksResult = 1 << 6
	AsksMemory = 1 << 7
)

// Commands are the captures of a call with sub-commands. The sub-command is in
// the bits Mask of argument register Arg.
type Commands struct {
	Arg   uint8
	Mask  uint64
	Of    []Command // sorted by Value
	Other *Capture  // for all other values, if it is not nil

	// Many says that there are too many sub-commands to list. Then Of and Other are nil,
	// and Decoder.CaptureFor returns the capture of a single sub-command.
	Many bool
}

// Command is the capture for one sub-command.
type Command struct {
	Value   uint64
	Capture *Capture
}

// KeepOp is memory to be kept. Its address is in Arg; if that is zero, nothing is kept. It has n elements of Size bytes. n is Count divided by 1<<Shift,
// rounded up, but at most Most. If a part of the memory cannot be read, that part and
// everything behind it are left out, and the Piece is Unreadable.
//
// Several KeepOps may keep the same memory. They may also keep more than the call uses,
// since Count may exceed the number of elements.
type KeepOp struct {
	Kind  KeepKind
	When  Moment
	Arg   Amount // the address: in an argument register, from 0, or in a struct
	Count Amount // how many elements there are
	Low32 bool   // Count is the low 32 bits of the register or word, unsigned
	Taken bool   // of AnyTime: a call that succeeds has read all of it
	Shift uint8  // Count counts parts of elements: 1<<Shift make one element
	Size  uint32 // bytes of one element
	Most  uint32 // upper limit of the number of elements

	// Of KeepBuffers:
	Total Amount // bytes of data in all buffers together
	Each  uint32 // most bytes to keep of one buffer

	Least  Amount // of KeepLesser: the other number of elements
	Family uint8  // of KeepAddress
}

// KeepKind says how far the memory reaches.
type KeepKind uint8

const (
	// KeepBytes keeps n elements.
	KeepBytes KeepKind = iota
	// KeepString keeps a string with its NUL, but no more than Most bytes. Size is 1,
	// and Count is Unbounded.
	KeepString
	// KeepCounted is KeepBytes with Count, an argument register, as the address of the
	// number of elements, an unsigned int. The number is read when the elements are. If it
	// cannot be read, nothing is kept.
	KeepCounted
	// KeepBuffers keeps n pairs of an address and a length, Size bytes each, and the
	// buffers that they describe, up to Total bytes together. At most Each bytes of a
	// buffer are kept, but all of its bytes count towards Total.
	KeepBuffers
	// KeepNull keeps nothing. A call whose argument is not a null pointer has to be
	// decoded while it is stopped.
	KeepNull
	// KeepStruct keeps a struct of Size bytes, whose words later KeepOps refer to. If it
	// cannot be read before the call, the call has to be decoded while it is stopped. If it
	// cannot be read after the call, the KeepOps that refer to it keep nothing.
	KeepStruct
	// KeepAddress is KeepBytes. If the memory begins with the 16-bit number Family, the
	// call has to be decoded while it is stopped.
	KeepAddress
	// KeepLesser is KeepBytes where n is the lesser of Count and Least.
	KeepLesser
)

// Moment says when memory is kept.
type Moment uint8

const (
	// AnyTime is for memory that the call only reads: it may be kept before or after
	// the call, whether it failed or not.
	AnyTime Moment = iota
	// BeforeCall is for memory that the call may overwrite and that is shown as it was.
	BeforeCall
	// IfSucceeded is for memory that the call has written, unless it failed.
	IfSucceeded
	// AfterCall is for memory that the call may have written even if it failed.
	AfterCall
)

// Amount says where a number is found: below 6, in that argument register; from
// WordBefore on, in a struct; or as the constants say.
type Amount uint8

const (
	// FromResult is the call's result, or 0 if it failed.
	FromResult Amount = 6
	// Unbounded is a number larger than any other: Most alone counts.
	Unbounded Amount = 7
	// StackPointer is the stack pointer, for Arg.
	StackPointer Amount = 8
	// WordBefore + i is the word of 8 bytes with index i of the struct that a KeepStruct
	// has kept BeforeCall, WordAfter + i of the one that it has kept IfSucceeded.
	WordBefore Amount = 0x20
	WordAfter  Amount = 0x40
)

// Detail has the options that change the capture of a call.
type Detail struct {
	Abbrev, Plain, Raw bool // see Call
	Dumped             bool // all data that the call moves is also shown (-e read=, -e write=)
}

// Capture returns what has to be kept of a call, given its ABI and number. It makes a new
// Capture each time.
func (d *Decoder) Capture(abi tables.ABI, nr uint64, detail Detail) *Capture {
	return d.captureOf(d.Lookup(abi, nr), abi, detail)
}

// CaptureFor is Capture for a call with these arguments. The result has no Commands: it is
// the capture of the sub-command.
func (d *Decoder) CaptureFor(abi tables.ABI, nr uint64, args *[6]uint64, detail Detail) *Capture {
	c := Call{Decoder: d, ABI: abi, NR: nr, Args: *args, Plain: detail.Plain, Abbrev: detail.Abbrev, Sig: d.Lookup(abi, nr)}
	c.layArgs()
	for c.Sig.sub != nil && c.Sig.sub.rest.On != nil {
		c.Sig = c.Sig.sub.signature(&c)
	}
	return d.captureOf(c.Sig, abi, detail)
}

func (d *Decoder) captureOf(s *Signature, abi tables.ABI, detail Detail) *Capture {
	k := Keeps{Detail: detail, Decoder: d, ABI: abi, sig: s, to: &Capture{}}
	k.call()
	return k.to
}
