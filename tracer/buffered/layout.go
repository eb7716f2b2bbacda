//go:build linux && amd64

package buffered

// This file lays out what a traced process has in its memory for the stub (stub_amd64.s), the
// trampolines and the tracer. The assembler gets these constants from go_asm.h.

// The stub is below the addresses at which programs and libraries are loaded, and above
// vm.mmap_min_addr (65,536 by default). It must be at the same address in all processes,
// because the seccomp filter lets calls from its page pass.
const (
	StubAddr  = 0x20000
	StubSize  = 0x1000 // size of the page with the code
	CallsAddr = StubAddr + StubSize
	callsSize = 0x7000 // size of the table of calls, see CallTable
	CodeSize  = StubSize + callsSize + 0x1000

	// StopAddr and WakeAddr are the addresses of system call instructions that stop. NameAddr
	// is the name of the files of areas. RemoteAddr is the list of calls that the tracer
	// makes in the process: each has its number, six arguments, and a word with the flags
	// below. The rest of the page is unused, except for ProvisionalFS.
	StopAddr = StubAddr + CodeSize - 0x1000
	WakeAddr = StopAddr + 8
	NameAddr = StopAddr + 16
	StopSize = 32 // size of what is before RemoteAddr

	areaName = "trapline"    // zeros follow
	nameSize = len(areaName) // the assembly has it, too

	RemoteAddr  = StopAddr + StopSize
	RemoteSize  = 64
	RemoteKeep  = 1 // keep the result
	RemoteFirst = 2 // replace the first argument by the result that was kept
	RemoteFifth = 4 // replace the fifth argument by it

	// ProvisionalFS is the fs base of a thread that has not set its own. The word there
	// contains its own address, as if a C library had set the fs base. It is the last word of
	// a read-only page, and nothing is mapped after it. So writes cause faults, and so do
	// reads after the word, as they do without an fs base.
	ProvisionalFS = StubAddr + CodeSize - 8

	// IndexAddr is the address of the index, a table that is indexed by bits 8 to 23 of a
	// thread's fs base. Each entry has 16 bytes: the negated fs base, and the address of the
	// thread's area. An unused entry is zero.
	IndexAddr  = 0x40000
	IndexEntry = 16
	IndexSize  = 1 << 16 * IndexEntry

	// The first areas of a process are mapped after the index. They have the same page of the
	// page table as the stub and the index, so that a process needs no other pages of it for
	// them. There are LowAreas of them.
	lowAreasAddr = 0x150000
	LowAreas     = 2
	lowDistance  = 0x50000

	// AreasAddr is where other areas are mapped: far below the stack and libraries, far above
	// the program and its heap, and outside of the shadow memory of sanitizers.
	AreasAddr = 0x200000000000
	distance  = 1 << 20
)

// AreaAddr returns the address of area number n of a process, from 0. It is far from where the
// kernel puts mappings, so that the mappings of the program have the same addresses as without
// the area.
func AreaAddr(n uint64) uint64 {
	if n < LowAreas {
		return lowAreasAddr + n*lowDistance
	}
	return AreasAddr + (n-LowAreas)*distance
}

// Each thread has an area: a page with its state, and a ring of records. The ring is mapped
// twice in a row, so that a record never wraps around.
const (
	areaHead      = 0   // where the next record begins, in bytes since the area was made
	areaInFlight  = 16  // areaHead + 1 while the call of the record at areaHead may be in progress
	areaStub      = 24  // address of the stub
	areaCalls     = 32  // address of the table of calls
	areaRing      = 40  // address of the ring
	areaPID       = 48  // id of the process in its own PID namespace
	areaSelf      = 56  // not zero if the area is in use
	areaSlow      = 64  // address of the trampoline's slow call
	areaSP        = 72  // registers of the program, from here to areaR15
	areaBX        = 80  //
	areaBP        = 88  //
	areaR12       = 96  //
	areaR13       = 104 //
	areaR14       = 112 //
	areaR15       = 120 //
	areaOpsEnd    = 128 // end of the operations of this call
	areaPhase     = 136 // set of the Moments whose operations are performed now
	areaTotal     = 144 // number of bytes of a string that were copied so far
	areaLocal     = 160 // struct iovec
	areaRemote    = 176 // struct iovec
	areaVector    = 192 // address in the ring of the next struct iovec whose buffer is copied; 0 if not known yet
	areaVectorEnd = 200
	areaLeft      = 208 // number of bytes in it and the ones after it
	areaSum       = 216 // total size of all buffers
	areaGuard     = 224 // 4 bytes, see guard.go
	areaLowest    = 232 // address from which on the tracer has mapped nothing
	areaFeatures  = 240 // registers that any rt_sigreturn may restore, see SetFeatures
	areaListed    = 256 // one bit for each of listedFDs descriptors, see Area.List
	areaFlags     = 504 // the program's flags
	areaStack     = 512 // end of the stub's stack, which has one word

	// The following words are written only by the tracer. They are not in a cache line that
	// the stub writes to.
	areaTail      = 640 // what the tracer has read, as areaHead
	areaTimesEnds = 648 // not zero if the time is also recorded after a call
	areaAlarm     = 649 // not zero if the thread wakes the tracer when it begins or has ended a call
	areaFound     = 650 // the same after a call, but set by the stub: see KindFile
	areaWatch     = 651 // not zero if the stub looks for such files

	areaFP = 1024 // what was copied of the floating point registers in a frame

	listedFDs = 512 // number of descriptors that can be listed, from 0

	AreaState = 4096
	RingSize  = 1 << 17
	AreaSize  = AreaState + 2*RingSize // size in the address space of a process
	areaFile  = AreaState + RingSize   // size of the file that is mapped
)

// The record of a call begins at a multiple of 8 bytes in the ring.
const (
	recSize      = 0   // size in bytes, including what was copied
	recIP        = 8   // address after the call's instruction
	recSP        = 16  // stack pointer
	recStart     = 24  // time stamp counter before the call
	recEnd       = 32  // time stamp counter after the call, or recStart
	recNR        = 40  // number of the call; Record.Key begins here
	recArgs      = 48  // six arguments
	recResult    = 96  // result; Op.Count 6 refers to it
	recUnbounded = 104 // all bits set; Op.Count 7 refers to it
	recChunks    = 112 // what was copied: pieces of memory, each after a chunk header

	chunkAddr = 0  // address in the process's memory
	chunkSize = 8  // size in bytes, 4 bytes; zeros follow up to the next multiple of 8, where the next chunk begins
	chunkOp   = 12 // address of the operation, 4 bytes
	chunkWant = 16 // number of bytes that should have been copied
	chunkData = 24
)

// The table of calls has one entry of 16 bytes for each number. The calls stop if the entry
// is zero.
const (
	tableCalls = 512 // number of entries in the table

	entryNeed  = 0  // largest size of the record; 0 if the call stops
	entryCount = 4  // number of operations, or of commands
	entryFlags = 6  // flags, see below
	entryArg   = 7  // for commands: index of the argument
	entryFirst = 8  // offset in the table of the operations or commands
	entryMask  = 12 // for commands: mask for the argument

	entryHasCommands = 1 // the entry has commands; entryNeed is the offset of the entry for all other values
	entryHasBefore   = 2 // some operations are performed before the call
	entryReturns     = 4 // the call is rt_sigreturn

	commandValue = 0
	commandEntry = 4 // offset of the command's entry in the table
	commandSize  = 8
)

// An operation in the table of calls has 16 bytes.
const (
	opKind  = 0
	opWhen  = 1
	opArg   = 2
	opCount = 3
	opLow32 = 4
	opShift = 5
	opTotal = 6
	opTaken = 7
	opSize  = 8
	opMost  = 12
	opBytes = 16
)

// A trampoline has an ordinary system call instruction, the slow call, followed by data.
const (
	slowReturn = 16 // offset from the slow call of the address after the program's instruction, 8 bytes
)

// Values of R15 at WakeAddr: where a thread continues after it has woken the tracer.
const (
	wakeBefore = 1 // before its call
	wakeAfter  = 2 // after its call
)

// iovecSize is the size of struct iovec.
const iovecSize = 16

// Numbers of the calls that the stub makes itself.

//lint:ignore U1000 the assembly makes this call
const sysProcessVMReadv = 310

//lint:ignore U1000 the assembly makes this call
const sysRtSigaction = 13

//lint:ignore U1000 the assembly makes this call
const sysRtSigprocmask = 14

//lint:ignore U1000 the assembly makes this call
const sysRtSigreturn = 15

// getsockopt(fd, SOL_SOCKET, SO_DOMAIN): asm-generic/socket.h.

//lint:ignore U1000 the assembly makes this call
const sysGetsockopt = 55

//lint:ignore U1000 the assembly makes this call
const solSocket = 1

//lint:ignore U1000 the assembly makes this call
const soDomain = 39

// statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE | STATX_SIZE) and struct statx:
// linux/fcntl.h and linux/stat.h. It asks no server of a network file system.

//lint:ignore U1000 the assembly makes this call
const sysStatx = 332

//lint:ignore U1000 the assembly has it
const statxFlags = 0x1000 | 0x4000

//lint:ignore U1000 the assembly has it
const statxMask = 0x1 | 0x200

const (
	statxSize     = 256 // size of the struct in bytes
	statxMode     = 28
	statxLength   = 40
	statxDevMajor = 136
)

// S_IFMT and S_IFREG of linux/stat.h.
const (
	//lint:ignore U1000 the assembly has it
	fileTypes = 0xf000
	//lint:ignore U1000 the assembly has it
	regularFile = 0x8000
)

// Results of failed calls: ENOENT, ENOTDIR, ENODATA, EBADF and ENOTSOCK of
// asm-generic/errno-base.h and errno.h.

//lint:ignore U1000 the assembly compares with it
const noEntry = -2

//lint:ignore U1000 the assembly compares with it
const noDirectory = -20

//lint:ignore U1000 the assembly compares with it
const noAttribute = -61

//lint:ignore U1000 the assembly compares with it
const noDescriptor = -9

//lint:ignore U1000 the assembly compares with it
const noSocket = -88
