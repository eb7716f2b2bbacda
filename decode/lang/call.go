package lang

import (
	"encoding/binary"

	"trapline/output"
	"trapline/tables"
)

// Memory is the memory of one tracee.
type Memory interface {
	// ReadMemory fills b from addr on and returns how many bytes it has read: less than
	// len(b) where the tracee's memory ends.
	ReadMemory(addr uint64, b []byte) int
}

// Decoder holds what the calls of all tracees share. A Decoder is not safe for concurrent
// use, but each goroutine may have its own.
type Decoder struct {
	StringLimit int // -s: bytes shown of a string

	// AfterPath, if not nil, is called when a file name has been shown. Call.Naming
	// says what the call uses that name for.
	AfterPath func(c *Call, path []byte)

	catalogue  Catalogue
	signatures signatures
	windows    windows // memory that was read at this stop
	scratch    []byte
	used       int
	slots      []any // see DecoderSlot
}

// Catalogue is what a Decoder knows of system calls.
type Catalogue struct {
	// Describe returns the description of the call with number nr in an ABI, or nil.
	Describe func(abi tables.ABI, nr uint64) *Desc
	// DescribeInner is Describe for the calls of multiplexers, by name.
	DescribeInner func(abi tables.ABI, name string) *Desc
	// Resuming is the name of the call by which the kernel continues an interrupted
	// call.
	Resuming string
}

// NewDecoderOf makes a Decoder of the calls in a catalogue.
func NewDecoderOf(from Catalogue, stringLimit int) *Decoder {
	return &Decoder{StringLimit: stringLimit, catalogue: from, scratch: make([]byte, 16<<10)}
}

// Renewed returns a Decoder like d, but without anything that d has remembered. Both share
// the signatures that d has found.
func (d *Decoder) Renewed() *Decoder {
	n := NewDecoderOf(d.catalogue, d.StringLimit)
	n.AfterPath, n.signatures = d.AfterPath, d.signatures
	return n
}

// Call is a system call of one tracee, from its enter-stop to its exit-stop. It is reused
// for the tracee's next call. The caller sets the exported fields that are known at the
// stop.
type Call struct {
	*Decoder
	Out     output.Encoder
	Outcome output.Outcome // for Result and Dump
	Mem     Memory
	TID     int

	ABI    tables.ABI
	NR     uint64
	Sig    *Signature // what the Decoder's Lookup or LookupInner found
	Args   [6]uint64
	SP     uint64 // stack pointer at the enter-stop
	Abbrev bool   // structs may be cut short (no -v, no -e abbrev=none)
	Plain  bool   // -e verbose=none for this call: only strings are followed
	Raw    bool   // -e raw: undecoded hexadecimal arguments

	// Ordinary says that no descriptor in the arguments is of the kind that
	// Capture.Special means. The host need not be asked.
	Ordinary bool

	// At the exit-stop:
	Ret   int64 // result, sign-extended; -errno for a failed call
	Errno int   // 0 unless the call failed

	serial        uint64 // counts the calls: see Serial
	Previous, now string // names of the call before this one, and of this one

	next      int             // index into Sig.args of the next one to show
	halfway   bool            // args[next] is of direction Both and has begun
	Begun     bool            // the memory behind the last pointer could be read
	Naming    Naming          // what the call does with the file name being shown
	lacking   bool            // a MustExist array was missing
	Before    uint64          // a value of the half-shown argument at the enter-stop
	Known     uint64          // size of the caller's struct that is being shown, in bytes
	snapshots []View          // memory as it was at the enter-stop
	exiting   bool            // at the exit-stop
	regs      [6 * 8]byte     // Args, each one ABI word wide
	saved     [maxArgs]uint64 // what capture saw
	hasSave   uint16          // bit i: saved[i] is set
	entered   [16]byte        // what an InOut with OldOnly pointed to
	frames    [maxDepth]Frame // structs being shown, innermost last
	depth     int
	exact     bool         // Mem has exactly the memory that is read, not its surroundings
	noted     *NotedMemory // Mem, if it is one
	slots     []any        // see CallSlot
}

const (
	maxArgs  = 8
	maxDepth = 12
)

// Naming says how a file name is looked up, and what for: a set of bits.
type Naming uint16

const (
	NamesFile    Naming = 0               // a file; a symbolic link by that name is followed
	NamesLink    Naming = 1 << (iota - 1) // a file; a symbolic link by that name is the file
	NamesNothing                          // nothing yet
	NamesNew                              // a file that need not exist
	NamesEntry                            // the entry in its directory, which the call adds, changes or removes
	NamesByRules                          // a file, found by rules of the call's own
	NamesRead                             // a file to read
	NamesWritten                          // a file to write to
	NamesRun                              // a program to execute
	NamesEntered                          // a directory to go to
	NamesForReal                          // a file, with the rights of the real user and group ids
	NamesAsked                            // a file that the call only asks about, whatever it would be for
	NamesChanged                          // a file whose attributes the call changes
)

// Frame is a struct being shown, for references to its members.
type Frame struct {
	Struct *Struct
	View   View
}

// Frame returns the struct being shown, or with out = 1 the one around it, and so on.
func (c *Call) Frame(out int) *Frame { return &c.frames[c.depth-1-out] }

// Outermost returns the outermost of the structs being shown.
func (c *Call) Outermost() *Frame { return &c.frames[0] }

// Push makes v, an st, the struct being shown, until Pop. If structs are nested too
// deep it returns false, and Pop must not be called.
func (c *Call) Push(st *Struct, v View) bool {
	if c.depth == maxDepth {
		return false
	}
	c.frames[c.depth] = Frame{st, v}
	c.depth++
	return true
}

// Pop ends what Push began.
func (c *Call) Pop() { c.depth-- }

// Failed reports whether the call returned an error.
func (c *Call) Failed() bool { return c.Errno != 0 }

// Complete reports whether all arguments have been shown.
func (c *Call) Complete() bool { return c.Raw || c.next >= len(c.Sig.args) && !c.halfway }

// Exiting reports whether the call is at its exit-stop.
func (c *Call) Exiting() bool { return c.exiting }

// Pass notes a call that is not shown, or during which tracing began: a later call may
// resume it.
func (c *Call) Pass(name string) {
	if c.now != c.catalogue.Resuming { // that one resumes an earlier call
		c.Previous = c.now
	}
	c.now = name
}

// Begin starts a new call; ABI, NR, Args, Sig and the flags have been set.
func (c *Call) Begin() {
	c.startStop() // settle must not see memory that an earlier stop read
	c.serial++
	c.next, c.halfway, c.exiting, c.hasSave, c.depth = 0, false, false, 0, 0
	c.snapshots = c.snapshots[:0]
	c.Ret, c.Errno = 0, 0
	c.Pass(c.Sig.Name)
	c.layArgs()
	c.settle()
}

// layArgs puts the arguments side by side into regs, in the order of the registers.
func (c *Call) layArgs() {
	if c.ABI.RegisterSize() == 8 {
		for i, a := range c.Args {
			binary.LittleEndian.PutUint64(c.regs[8*i:], a)
		}
	} else {
		for i, a := range c.Args {
			binary.LittleEndian.PutUint32(c.regs[4*i:], uint32(a))
		}
	}
}

// Enter shows the arguments that are known at the enter-stop, up to the first
// one that the kernel has yet to write.
func (c *Call) Enter() {
	if c.Raw {
		c.showRaw()
		return
	}
	args := c.Sig.args
	i := 0
	for ; i < len(args); i++ {
		a := &args[i]
		if a.dir == Exit && (a.early == nil || !a.early.Holds(c)) {
			break
		}
		if a.name == "_" || a.cond != nil && !a.cond.Holds(c) {
			continue
		}
		c.Out.Arg(a.name, a.shown)
		a.typ.Show(c, c.ArgView(a))
		if a.dir == Both {
			c.halfway = true
			break
		}
	}
	c.next = i
	for ; i < len(args); i++ {
		if a := &args[i]; a.capture != nil {
			a.capture.Capture(c, c.ArgView(a), i)
		}
	}
}

// Exit shows the arguments that Enter left.
func (c *Call) Exit() {
	c.startStop()
	c.exiting = true
	if c.Raw {
		return
	}
	args := c.Sig.args
	for ; c.next < len(args); c.next++ {
		a := &args[c.next]
		if c.halfway {
			c.halfway = false
			a.finish.Finish(c, c.ArgView(a))
			continue
		}
		if a.name == "_" || a.cond != nil && !a.cond.Holds(c) {
			continue
		}
		c.Out.Arg(a.name, a.shown)
		a.typ.Show(c, c.ArgView(a))
		if a.dir == Both {
			a.finish.Finish(c, c.ArgView(a))
		}
	}
}

// NumArgs is the number of registers that the call's arguments take.
func (c *Call) NumArgs() int {
	// A sub-command has the same registers as the whole call.
	if c.Sig.whole != nil {
		return c.Sig.whole.width(c.ABI)
	}
	return c.Sig.width(c.ABI)
}

func (c *Call) showRaw() {
	for i := range c.NumArgs() {
		c.Out.Arg("", output.NameOptional)
		c.Out.Number(c.Args[i], output.Hex)
	}
	c.next = len(c.Sig.args)
}

// ArgView is an argument as it is in the registers.
func (c *Call) ArgView(a *arg) View {
	return View{B: c.regs[a.off : a.off+a.size]}
}

// ArgNamed finds the argument called name.
func (c *Call) ArgNamed(name string) *arg {
	args := c.Sig.args
	for i := range args {
		if args[i].name == name {
			return &args[i]
		}
	}
	return nil
}

// Save keeps v, at the enter-stop, for the exit-stop of the same argument.
func (c *Call) Save(arg int, v uint64) {
	c.saved[arg] = v
	c.hasSave |= 1 << arg
}

// SavedFor returns the value that Save has kept for an argument, and whether there is one.
func (c *Call) SavedFor(arg int) (uint64, bool) {
	return c.saved[arg], c.hasSave&(1<<arg) != 0
}

// Serial is a number that differs for each call that begins.
func (c *Call) Serial() uint64 { return c.serial }

// Captured is SavedFor for the argument being shown.
func (c *Call) Captured() (uint64, bool) { return c.SavedFor(c.next) }

// WordSize is the size in bytes of the call's longs and pointers.
func (c *Call) WordSize() int { return c.ABI.WordSize() }

// Register returns argument register i of the call.
func (c *Call) Register(i int) uint64 {
	w := c.ABI.RegisterSize()
	return View{B: c.regs[i*w : (i+1)*w]}.Uint(w)
}

// ArgsFromMemory replaces the arguments by the n words that the first one
// points to. It returns false if they cannot be read.
func (c *Call) ArgsFromMemory(n int) bool {
	size := n * c.WordSize()
	b := c.readText(c.Args[0], size)
	if len(b) < size {
		return false
	}
	copy(c.regs[:], b)
	return true
}
