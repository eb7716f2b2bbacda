//go:build linux && amd64

package tracer

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"trapline/tables"
	"trapline/tracer/buffered"
	"trapline/tracer/colocate"
)

// With Options.Buffered most calls do not stop: docs/buffered.md.
//
// Once a process has made some calls, each call that stops has its instruction
// replaced by a jump to a trampoline, which leads to the stub (package buffered).
// The stub makes the call from a page whose calls the seccomp filter lets pass,
// and notes it in a ring that the tracer reads.

// BufferedCall says what is kept of a call so that it can be reported later; see package
// buffered.
type BufferedCall = buffered.Call

// bufferedState is a Tracer's state for buffered calls.
type bufferedState struct {
	stub  *buffered.Stub
	calls [bufferedNumbers]buffered.Call
	table *buffered.CallTable // nil before prepareCall
	image []byte

	prepared [bufferedNumbers]bool // whether the table has an entry for calls with this number
	texts    texts

	textsLimit int // number of texts from which on unused ones are forgotten

	histories map[*buffered.Text]*history // of the calls in each file
	clock     clock

	areas     []*thread // the threads that have an area
	views     buffered.Views
	mapFiles  bool      // /proc/PID/map_files can be used, see newArea
	held      *stop     // a stop that is handled after all calls before it have been reported
	ahead     *thread   // the only thread that can have the next event, or nil: the next events of the others are known
	rest      uint64    // time of the earliest of these known events
	unsettled []*thread // threads whose next event may have come since they were last checked
	until     uint64    // report calls up to this value of the time stamp counter
	next      time.Time // when to read the rings if no tracee stops before
	idle      time.Duration
	looked    time.Time // when the rings were last read
	latest    time.Time // time of the last event
	round     uint64    // number of times that the fill rate was measured
	most      uint64    // most bytes found in one ring in this round
	peeked    uint64    // size of the record that Ahead has returned
	busy      bool      // calls are being reported
	last      bool      // the trace is ending
	wait      bool      // handle stops before the rings are read
	over      bool      // make all calls stop from now on

	stirred bool      // something has happened since the rings were last read
	still   time.Time // time of the last activity, or of the alarms set after it
	alarmed bool      // alarms are set, see sleep.go
	asleep  bool      // do not read the rings before the next stop

	memory   *space // the address space that memoryFD and mapsFD belong to, or nil
	memoryFD int    // of /proc/PID/mem, or -1
	mapsFD   int    // of /proc/PID/maps, or -1
	linking  linking
	scratch  scratch

	ownIDs bool // all tracees are in this process's PID namespace
	moved  bool // a tracee may have moved to another one

	tables uint64 // how often a part of the image was written to all processes

	watching bool // the stub looks at the files that calls open, see opens.go

	listsNone bool // descriptors are no longer listed

	confined bool // this process lacks CAP_SYS_PTRACE, see hidesMemory

	fpFeatures uint64 // see Tracee.fpFeatures
	fpAsked    bool   // fpFeatures is set

	call   Syscall // the call of the current event
	record *buffered.Record

	// Numbers of calls that did not stop, of calls that did, and of times that a program has
	// written to its ring.
	passed, stopped, damaged uint64
}

// What is kept of a call. See package buffered.
type (
	BufferedOp      = buffered.Op
	BufferedCommand = buffered.Command
	BufferedPiece   = buffered.Piece
	BufferedMoment  = buffered.Moment
)

// Kinds and moments of a BufferedOp.
const (
	BufferedBytes   = buffered.KindBytes
	BufferedString  = buffered.KindString
	BufferedCounted = buffered.KindCounted
	BufferedNull    = buffered.KindNull
	BufferedAtMost  = buffered.KindAtMost
	BufferedBuffers = buffered.KindBuffers
	BufferedListed  = buffered.KindListed

	BufferedStruct   = buffered.KindStruct
	BufferedAddress  = buffered.KindAddress
	BufferedLesser   = buffered.KindLesser
	BufferedOrdinary = buffered.KindOrdinary

	BufferedUnbounded = buffered.Unbounded    // for BufferedOp.Count
	BufferedStack     = buffered.StackPointer // for BufferedOp.Arg

	BufferedAnyTime     = buffered.AnyTime
	BufferedBefore      = buffered.BeforeCall
	BufferedIfSucceeded = buffered.IfSucceeded
	BufferedAfter       = buffered.AfterCall
)

// BufferedFirstWord and BufferedNextWord say where numbers are that are in a struct: see
// buffered.FirstWord and NextWord.
const BufferedFirstWord = buffered.FirstWord

// BufferedNextWord is for the struct after the call.
func BufferedNextWord(size uint32) uint8 { return buffered.NextWord(size) }

// bufferedNumbers is greater than the numbers of all calls that can be buffered.
const bufferedNumbers = 512

// lazyStops is the number of calls of a process that stop before the process is patched.
// lazyForked is this number for a process made by fork that has its parent's patched calls.
// lazyThread is the number of calls of a thread that stop before the thread gets an area.
const (
	lazyStops  = 30
	lazyForked = 4
	lazyThread = 4
)

// loopStops is how many calls in a row are taken for a loop. A dynamic linker makes up to
// six.
const loopStops = 8

// lazyColocation is the number of stops before co-location begins; each call has two stops.
// Most processes that create no others are patched earlier, and the guardian process of
// co-location would cost them more than it saves.
const lazyColocation = 200

// thread is a tracee's state for buffered calls.
type thread struct {
	tr    *Tracee
	area  *buffered.Area
	fs    uint64 // the fs base that leads to the area; not used with gs
	pid   uint64 // id of the process in its own PID namespace
	aside bool   // the index does not point to the area: during a vfork, or while the fs base changes

	moving bool // the fs base is about to change

	record  buffered.Record  // the next call to report
	loaded  bool             // record holds a call
	entered bool             // the entry of this call has been reported
	running bool             // the call has not ended
	live    bool             // the tracee is stopped right after the call
	ending  bool             // the tracee has ended
	begun   uint64           // identifies a call that has not ended
	pieces  []buffered.Piece // copied by the tracer for this call

	filled uint64 // number of bytes read from its ring
	round  uint64 // in the round with this number
}

// CanBuffer returns nil if calls can be buffered here. Otherwise the error says what in this
// machine, or in a sandbox around this process, prevents it.
func CanBuffer() error {
	if missing := buffered.Missing(); missing != "" {
		return fmt.Errorf("the processor lacks %s", missing)
	}
	if mode, err := unix.PrctlRetInt(unix.PR_GET_SECCOMP, 0, 0, 0, 0); err != nil || mode != 0 {
		return errors.New("a seccomp filter is in force already")
	}
	fd, err := unix.MemfdCreate("trapline", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return fmt.Errorf("memfd_create: %w", err)
	}
	defer unix.Close(fd)
	own, err := fileOf(os.Getpid(), fd)
	if err != nil {
		return err
	}
	return unix.Close(own)
}

// newBuffered prepares buffered calls.
func (t *Tracer) newBuffered() *bufferedState {
	b := &bufferedState{
		stub: buffered.NewStub(), texts: texts{}, histories: map[*buffered.Text]*history{},
		textsLimit: maxTexts, confined: !hasCapSysPtrace(),
	}
	b.clock.start()
	return b
}

// prepareCall writes the table entry for a number, when the first call with this number is to
// be buffered. Entries for all numbers would take longer to make than many programs run.
func (t *Tracer) prepareCall(nr uint64) {
	b := t.buffered
	if b.table == nil {
		b.table = buffered.NewCallTable()
		b.image = b.stub.Image(b.table)
		t.prepareMappings()
	}
	if b.prepared[nr] {
		return
	}
	b.prepared[nr] = true
	if alwaysStops(nr) || nr == unix.SYS_RT_SIGRETURN && !t.foresees() || b.confined && changesIDs(nr) ||
		t.colocation.Wanted() && colocate.UsesMask(tables.X86_64, nr) {
		return
	}
	used := b.table.Size()
	call := t.opts.Buffered(nr)
	call.Returns = nr == unix.SYS_RT_SIGRETURN
	guardCopies(nr, &call)
	guardMappings(nr, &call)
	t.watchOpens(nr, &call)
	if err := b.table.Set(nr, &call); err != nil {
		t.debugf("buffered: call %d stops: %v", nr, err)
	}
	b.calls[nr] = call
	if b.table.Stops(nr) {
		return
	}
	// What the entry refers to is written first, then the rest of the entry, and last the
	// word that makes the entry valid, since a thread may be about to read it.
	entry := buffered.EntryAddr(nr)
	t.writeTables(buffered.CallsAddr+used, b.table.Size()-used)
	t.writeTables(entry+4, buffered.EntrySize-4)
	t.writeTables(entry, 4)
}

// writeTables writes a part of the image to all processes that have the image.
func (t *Tracer) writeTables(addr, size uint64) {
	t.buffered.tables++
	told := map[*space]bool{}
	for _, tr := range t.tracees {
		if s := tr.space; s != nil && s.ready && !s.lost && !told[s] && size > 0 {
			told[s] = true
			t.writeCode(tr, addr, t.buffered.image[addr-buffered.StubAddr:][:size])
		}
	}
}

// StopAt makes calls with a number of the x86-64 ABI stop from now on. Calls that are already
// in rings are still reported.
func (t *Tracer) StopAt(nr uint64) {
	b := t.buffered
	if b == nil || b.table == nil || b.table.Stops(nr) {
		return
	}
	b.table.Stop(nr)
	t.writeTables(buffered.EntryAddr(nr), 4)
	t.debugf("buffered: call %d stops from now on", nr)
}

// alwaysStops reports whether a call of the x86-64 ABI must stop whatever the options:
// because the tracer has to see it, or because it depends on the stack pointer or the
// instruction pointer.
func alwaysStops(nr uint64) bool {
	switch nr {
	case unix.SYS_SIGALTSTACK, unix.SYS_RESTART_SYSCALL,
		unix.SYS_CLONE, unix.SYS_CLONE3, unix.SYS_FORK, unix.SYS_VFORK, unix.SYS_EXECVE, unix.SYS_EXECVEAT,
		unix.SYS_EXIT, unix.SYS_UNSHARE, unix.SYS_SETNS,
		unix.SYS_MREMAP, unix.SYS_SHMAT, unix.SYS_PKEY_MPROTECT, unix.SYS_REMAP_FILE_PAGES,
		unix.SYS_ARCH_PRCTL, unix.SYS_PRCTL, unix.SYS_SECCOMP, unix.SYS_MODIFY_LDT, unix.SYS_SET_THREAD_AREA,
		unix.SYS_PTRACE, unix.SYS_USERFAULTFD, unix.SYS_IOPL, unix.SYS_IOPERM,
		unix.SYS_PROCESS_VM_READV, unix.SYS_PROCESS_VM_WRITEV, unix.SYS_IO_URING_SETUP:
		return true
	}
	return false
}

// isBuffered reports whether calls in this tracee's address space are buffered.
func (tr *Tracee) isBuffered() bool { return tr.space != nil && tr.space.ready }

// isInStub reports whether the stub made the call that a tracee has entered. Such a call
// stops only if the tracee has a seccomp filter that another thread of the program has
// installed for all threads. The tracee then keeps its area until a call outside of the stub
// stops.
func (tr *Tracee) isInStub(ip uint64) bool {
	return tr.isBuffered() && !tr.space.ownsStubPage && tr.t.buffered.stub.Has(ip)
}

// enterBuffered handles a stop at the entry of a call before it is reported. It
// returns false if the tracee makes its call again.
func (t *Tracer) enterBuffered(tr *Tracee) bool {
	t.buffered.stopped++
	call, s := &tr.call, tr.space
	if t.opts.BufferedNames && startsRing(call) {
		t.stopAll()
	}
	flags, creates := tr.cloneFlagsOf()
	if tr.copying = creates && flags&unix.CLONE_VM == 0; tr.copying {
		tr.tables = t.buffered.tables
	}
	if creates {
		tr.cloneFlags = flags
		t.setAside(tr)
		t.beginThreads(tr, flags)
	}
	t.noteNamespaces(tr)
	if s.ready {
		t.enterGuarded(tr)
	}
	if (tr.everyCall || s.lost) && tr.buffered != nil {
		t.takeArea(tr)
	}
	if call.ABI == tables.I386 {
		if s.ready && changesMemory386(call.NR) {
			t.unpatchAll(tr, errI386)
			t.endProvisional(tr, errI386)
		}
		return true
	}
	if s.ready && t.opts.Lasting != nil {
		t.unlistClosed(tr)
		t.list(tr)
	}
	slow := false
	if !s.ready {
		s.mapped = s.mapped[:0] // the calls that changed the mappings before were not recorded
		if call.ABI == tables.X86_64 && call.NR == unix.SYS_PRCTL {
			t.watchPrctl(tr)
		}
	} else {
		var returns uint64
		var ok bool
		if returns, slow, ok = s.returnOf(call.IP); ok && slow {
			t.leaveTrampoline(tr, returns)
		}
		t.watchSpace(tr)
	}
	if t.buffered.confined && hidesMemory(call) {
		t.unpatchAll(tr, errHidden)
	}
	if s.ready && !s.lost && s.takesMemory(call) {
		t.loseMemory(tr)
	}
	if !s.ownsStubPage && call.ABI == tables.X86_64 && s.takesStubPage(call) {
		t.leaveStubPage(tr)
	}
	if s.ready && t.makeSpare(tr) {
		return false
	}
	s.stops++
	if s.refused || t.buffered.over || call.ABI != tables.X86_64 || tr.everyCall || tr.shares && tr.buffered == nil || tr.launch != notLaunched || t.ending ||
		t.info.op != unix.PTRACE_SYSCALL_INFO_SECCOMP || call.NR >= bufferedNumbers || alwaysStops(call.NR) || !t.isWorth(tr) {
		return true
	}
	if t.prepareCall(call.NR); t.buffered.table.Stops(call.NR) || s.threaded && changesKnown(call) {
		return true
	}
	if s.threaded && t.isCopied(s) {
		return true
	}
	if call.NR == unix.SYS_EXIT_GROUP && !s.isCheap(tr) || call.NR == unix.SYS_RT_SIGRETURN && !t.patchesReturn(tr, slow) {
		return true
	}
	tr.bufferable++
	if tr.buffered == nil && tr.bufferable <= lazyThread && s.ready {
		return true
	}
	return t.patch(tr, slow)
}

// startsRing reports whether a call sets up an io_uring, whose requests may change
// names at any time.
func startsRing(call *Syscall) bool {
	const x32 = 0x40000000                         // __X32_SYSCALL_BIT of asm/unistd.h
	return call.NR&^x32 == unix.SYS_IO_URING_SETUP // the number is the same in all ABIs
}

// stopAll makes all calls stop from now on.
func (t *Tracer) stopAll() {
	t.buffered.over = true
	for nr := range uint64(bufferedNumbers) {
		if t.buffered.prepared[nr] {
			t.StopAt(nr)
		}
	}
}

// refuse gives up buffered calls in an address space.
func (t *Tracer) refuse(s *space, why error) {
	if !s.refused {
		s.refused = true
		t.debugf("buffered: process %d: its calls stop: %v", s.pid, why)
	}
}

// isCopied reports whether a thread may be making a copy of an address space by fork. What is
// patched at this time may or may not be in the copy, and the tracer would not know.
func (t *Tracer) isCopied(s *space) bool {
	for _, other := range t.tracees {
		if other.space == s && other.inCall && other.copying {
			return true
		}
	}
	return false
}

// hasThreads reports whether other tracees have the same address space.
func (t *Tracer) hasThreads(s *space, tr *Tracee) bool {
	for _, other := range t.tracees {
		if other != tr && other.space == s {
			return true
		}
	}
	return false
}

// writeCode writes to memory that is read-only for the tracee.
func (t *Tracer) writeCode(tr *Tracee, addr uint64, code []byte) error {
	if fd := t.memoryOf(tr); fd >= 0 {
		if n, _ := unix.Pwrite(fd, code, int64(addr)); n == len(code) {
			return nil
		}
	}
	if tr.poke(addr, code) != len(code) {
		return unix.EFAULT
	}
	return nil
}

// memoryOf returns a descriptor of the memory of a tracee, or -1. The descriptor remains open
// until the memory of another address space is needed.
func (t *Tracer) memoryOf(tr *Tracee) int {
	b := t.buffered
	t.useMemory(tr.space)
	if b.memoryFD < 0 {
		fd, err := unix.Open("/proc/"+strconv.Itoa(tr.TID)+"/mem", unix.O_WRONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			return -1
		}
		b.memoryFD = fd
	}
	return b.memoryFD
}

// mapsOf returns a descriptor of the list of mappings of a tracee. It remains open like that
// of memoryOf. again means that the last one was of no use, because it was opened for a thread
// that has ended.
func (t *Tracer) mapsOf(tr *Tracee, again bool) (int, error) {
	b := t.buffered
	t.useMemory(tr.space)
	if again {
		unix.Close(b.mapsFD)
		b.mapsFD = -1
	}
	if b.mapsFD < 0 {
		fd, err := unix.Open("/proc/"+strconv.Itoa(tr.TID)+"/maps", unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			return -1, err
		}
		b.mapsFD = fd
	}
	return b.mapsFD, nil
}

// useMemory closes the descriptors of another address space.
func (t *Tracer) useMemory(s *space) {
	if b := t.buffered; b.memory != s {
		t.closeMemory(b.memory)
		b.memory, b.memoryFD, b.mapsFD = s, -1, -1
	}
}

// closeMemory closes the descriptors that memoryOf and mapsOf have opened for an address space.
func (t *Tracer) closeMemory(s *space) {
	b := t.buffered
	if s == nil || b.memory != s {
		return
	}
	for _, fd := range []int{b.memoryFD, b.mapsFD} {
		if fd >= 0 {
			unix.Close(fd)
		}
	}
	b.memory = nil
}
