//go:build linux && amd64

package buffered

// What a traced process has in its memory, as the stub (stub_amd64.s), the
// trampolines and the tracer know it. The assembler gets these constants from
// go_asm.h.

// Where a process has the stub: below the addresses at which programs and
// libraries are loaded, above vm.mmap_min_addr (65,536 by default). The seccomp
// filter lets calls from the stub's page pass, so it has to be the same for all
// processes.
const (
	StubAddr  = 0x20000
	StubSize  = 0x1000 // of the page with the code
	CallsAddr = StubAddr + StubSize
	callsSize = 0x7000 // of the table of calls: see CallTable
	CodeSize  = StubSize + callsSize + 0x1000

	// StopAddr and WakeAddr have a system call instruction that stops, NameAddr the name
	// of the files of areas, and RemoteAddr the calls that the tracer makes in the process: each
	// its number, six arguments, and a word of the flags below. The rest of the page is
	// unused, but for ProvisionalFS.
	StopAddr = StubAddr + CodeSize - 0x1000
	WakeAddr = StopAddr + 8
	NameAddr = StopAddr + 16
	StopSize = 32 // of what is before RemoteAddr

	RemoteAddr  = StopAddr + StopSize
	RemoteSize  = 64
	RemoteKeep  = 1 // the result is kept
	RemoteFirst = 2 // the first argument is the result that was kept
	RemoteFifth = 4 // and so is the fifth

	// ProvisionalFS is the fs base of a thread that has none yet. The word there is its
	// own address, as where a C library has set the fs base. It is the last word of a
	// page that is read-only, and nothing is mapped behind it: writes fault, and so do
	// reads behind the word, as without an fs base.
	ProvisionalFS = StubAddr + CodeSize - 8

	// Index is a table of entries of 16 bytes, by bits 8 to 23 of a thread's fs
	// base: the negated fs base, and the address of the thread's area. An empty
	// entry is zero.
	IndexAddr  = 0x40000
	IndexEntry = 16
	IndexSize  = 1 << 16 * IndexEntry

	// AreasAddr is where areas are wanted: far below the stack and libraries, far
	// above the program and its heap, and not in the shadow memory of sanitizers.
	AreasAddr = 0x200000000000
)

// Each thread has an area: a page for its state, and a ring of records. The
// ring is mapped twice in a row, so that a record never wraps around.
const (
	areaHead      = 0   // where the next record begins: bytes since the area was made
	areaInFlight  = 16  // areaHead + 1 while the call of the record at areaHead may be under way
	areaStub      = 24  // the address of the stub
	areaCalls     = 32  // the address of the table of calls
	areaRing      = 40  // the address of the ring
	areaPID       = 48  // the id of the process in its own PID namespace
	areaSelf      = 56  // not zero: the area is in use
	areaSlow      = 64  // the trampoline's slow call
	areaSP        = 72  // registers of the program
	areaBX        = 80  //
	areaBP        = 88  //
	areaR12       = 96  //
	areaR13       = 104 //
	areaR14       = 112 //
	areaR15       = 120 //
	areaOpsEnd    = 128 // the end of the operations of this call
	areaPhase     = 136 // set of the Moments of operations to be done now
	areaTotal     = 144 // bytes of a string that were copied so far
	areaLocal     = 160 // struct iovec
	areaRemote    = 176 // struct iovec
	areaVector    = 192 // the next struct iovec whose buffer is copied, in the ring; 0: they are not known yet
	areaVectorEnd = 200
	areaLeft      = 208 // how many bytes are in it and those behind it
	areaSum       = 216 // how many bytes all of the buffers have space for
	areaGuard     = 224 // 4 bytes: see guard.go
	areaLowest    = 232 // the tracer has mapped nothing at this address or above
	areaListed    = 256 // a bit for each of listedFDs descriptors: see Area.List
	areaFlags     = 504 // the program's flags
	areaStack     = 512 // the end of the stub's stack, which is one word

	// Only the tracer writes here: not in a cache line that the stub writes to.
	areaTail      = 640 // what the tracer has read
	areaTimesEnds = 648 // not zero: the time is noted after a call, too
	areaAlarm     = 649 // not zero: the thread wakes the tracer when it begins or has ended a call

	listedFDs = 512 // descriptors that can be listed, from 0

	AreaState = 4096
	RingSize  = 1 << 17
	AreaSize  = AreaState + 2*RingSize // in the address space of a process
	areaFile  = AreaState + RingSize   // of the file that is mapped
)

// A record of one call, at a multiple of 8 bytes in the ring.
const (
	recSize      = 0   // in bytes, with what was copied
	recIP        = 8   // address behind its instruction
	recSP        = 16  // stack pointer
	recStart     = 24  // time stamp counter before the call
	recEnd       = 32  // and after it, or recStart
	recNR        = 40  // number of the call; from here on: see Record.Key
	recArgs      = 48  // six arguments
	recResult    = 96  // an Amount of 6 is here
	recUnbounded = 104 // all bits set; an Amount of 7 is here
	recChunks    = 112 // what was copied: pieces of memory, each after a chunk header

	chunkAddr = 0  // where it was in the process's memory
	chunkSize = 8  // in bytes, 4 bytes; zeros follow up to the next multiple of 8, where the next chunk is
	chunkOp   = 12 // the address of the operation, 4 bytes
	chunkWant = 16 // how many bytes there were to be copied
	chunkData = 24
)

// An entry of the table of calls, by number: 16 bytes. An entry that is zero is
// for a call that stops.
const (
	tableCalls = 512 // numbers in the table

	entryNeed  = 0  // how much of the ring a record may need, 0: the call stops
	entryCount = 4  // number of operations, or of commands
	entryFlags = 6  // the constants below
	entryArg   = 7  // of commands: the argument
	entryFirst = 8  // offset of the operations or commands in the table
	entryMask  = 12 // of commands: applied to the argument

	entryHasCommands = 1 // entryNeed is the offset of the entry for other values
	entryHasBefore   = 2 // there are operations to be done before the call

	commandValue = 0
	commandEntry = 4 // offset of its entry in the table
	commandSize  = 8
)

// An operation in the table of calls: 16 bytes.
const (
	opKind  = 0
	opWhen  = 1
	opArg   = 2
	opCount = 3
	opLow32 = 4
	opShift = 5
	opTotal = 6
	opSize  = 8
	opMost  = 12
	opBytes = 16
)

// A trampoline has this at its slow call, an ordinary system call instruction.
const (
	slowReturn = 16 // from there: the address behind the program's instruction, 8 bytes
)

// Where a thread goes on that has woken the tracer, in R15 at WakeAddr.
const (
	wakeBefore = 1 // before its call
	wakeAfter  = 2 // behind it
)

// iovecSize is the size of struct iovec.
const iovecSize = 16

// Calls that the stub makes itself.

//lint:ignore U1000 the assembly makes this call
const sysProcessVMReadv = 310

//lint:ignore U1000 the assembly makes this call
const sysRtSigaction = 13

//lint:ignore U1000 the assembly makes this call
const sysRtSigprocmask = 14

// Results of calls that have failed: ENOENT, ENOTDIR and ENODATA of
// asm-generic/errno-base.h and errno.h.

//lint:ignore U1000 the assembly compares with it
const noEntry = -2

//lint:ignore U1000 the assembly compares with it
const noDirectory = -20

//lint:ignore U1000 the assembly compares with it
const noAttribute = -61
