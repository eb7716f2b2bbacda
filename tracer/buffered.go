//go:build linux && amd64

package tracer

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"time"
	"unsafe"

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

// BufferedCall says what is to be kept of a call so that it can be reported
// later; see package buffered.
type BufferedCall = buffered.Call

// bufferedState is a Tracer's state for buffered calls.
type bufferedState struct {
	stub  *buffered.Stub
	calls [bufferedNumbers]buffered.Call
	table *buffered.CallTable // nil before prepareCall
	image []byte

	prepared [bufferedNumbers]bool // the table has what is kept of calls with this number
	texts    texts
	clock    clock

	areas     []*thread // of all tracees that have one
	held      *stop     // a stop to be handled when all calls before it are reported
	ahead     *thread   // where the next event is to be looked for, or nil: those of other threads have been found
	rest      uint64    // the earliest of them
	unsettled []*thread // threads that had none, or whose next one may have come since
	until     uint64    // calls up to this time stamp counter are reported now
	next      time.Time // when the rings are looked at without a stop
	idle      time.Duration
	looked    time.Time // when the rings were looked at before that
	latest    time.Time // of the last event
	round     uint64    // how often how fast they fill has been found
	most      uint64    // bytes that were found in the fullest one since
	peeked    uint64    // size of the record that Ahead has returned
	busy      bool      // calls are being reported
	last      bool      // the trace ends
	wait      bool      // stops are looked at before the rings are
	over      bool      // all calls stop from now on

	stirred bool      // something has happened since the rings were looked at
	still   time.Time // when it last had, or when alarms were set after that
	alarmed bool      // alarms are set: see sleep.go
	asleep  bool      // the rings are not looked at before the next stop

	memory   *space // whose memory memoryFD is; nil: none
	memoryFD int

	withheld map[uint64][]byte // what lets calls with a number not stop: see opens.go

	listsNone bool // descriptors are not listed any more

	call   Syscall // of the event
	record *buffered.Record

	// Numbers of calls that did not stop and of those that did, and of times that a
	// program has written to its ring.
	passed, stopped, damaged uint64
}

// What is kept of a call; see package buffered.
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

	BufferedUnbounded = buffered.Unbounded // of BufferedOp.Count

	BufferedAnyTime     = buffered.AnyTime
	BufferedBefore      = buffered.BeforeCall
	BufferedIfSucceeded = buffered.IfSucceeded
	BufferedAfter       = buffered.AfterCall
)

// bufferedNumbers is past the numbers of calls that can be buffered.
const bufferedNumbers = 512

// lazyStops is how many calls of a process stop before it is worth to be patched,
// and lazyThread those of a thread before it gets an area.
const (
	lazyStops  = 60
	lazyThread = 4
)

// lazyColocation is how many stops there are before co-location begins, two for each
// call. Most processes that do not create others are patched before that, and its
// guardian would cost them more than it saves.
const lazyColocation = 500

// lazyOpens is how many calls of a patched process that open files stop. From then on
// it is not co-location that gains most.
const lazyOpens = 40

// lateStops is how many calls of a process stop until it is taken for one that will
// never have an fs base. A dynamic linker may need hundreds before it sets one.
const lateStops = 1000

// hasFS reports whether a tracee has an fs base.
func (tr *Tracee) hasFS() bool {
	var fs uint64
	ptraceData(unix.PTRACE_PEEKUSR, tr.TID, unsafe.Offsetof(Registers{}.Fs_base), unsafe.Pointer(&fs))
	return fs != 0
}

// thread is a tracee's state for buffered calls.
type thread struct {
	tr    *Tracee
	area  *buffered.Area
	fs    uint64 // the fs base that leads to the area; by gs: not used
	aside bool   // the index does not lead to the area for the time of a vfork

	record  buffered.Record  // the call to be reported next
	loaded  bool             // there is one
	entered bool             // and its entry has been reported
	running bool             // and it is under way
	live    bool             // and the tracee is stopped behind it
	ending  bool             // the tracee has ended
	begun   uint64           // of a call that is under way
	pieces  []buffered.Piece // copied of it by the tracer

	filled uint64 // how many bytes of its ring were read
	round  uint64 // in this round
}

// CanBuffer returns why this machine, or a sandbox that this process is in, does
// not let calls be buffered, or nil.
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
	b := &bufferedState{stub: buffered.NewStub(), texts: texts{}}
	b.clock.start()
	return b
}

// prepareCall says in the table of calls what is kept of the calls with a number,
// when the first of them is worth it. Descriptions of all calls would take longer
// than many programs run.
func (t *Tracer) prepareCall(nr uint64) {
	b := t.buffered
	if b.table == nil {
		b.table = buffered.NewCallTable()
		b.image = b.stub.Image(b.table)
	}
	if b.prepared[nr] {
		return
	}
	b.prepared[nr] = true
	if alwaysStops(nr) || t.colocation.Wanted() && colocate.UsesMask(tables.X86_64, nr) {
		return
	}
	used := b.table.Size()
	call := t.opts.Buffered(nr)
	guardCopies(nr, &call)
	if err := b.table.Set(nr, &call); err != nil {
		t.debugf("buffered: call %d stops: %v", nr, err)
	}
	b.calls[nr] = call
	if b.table.Stops(nr) {
		return
	}
	if t.colocation.Wanted() && colocate.OpensFile(tables.X86_64, nr) {
		t.withhold(nr)
	}
	// What the entry refers to, then the rest of the entry, and last the word that
	// makes it valid: a thread may be about to read it.
	entry := buffered.EntryAddr(nr)
	t.writeTables(buffered.CallsAddr+used, b.table.Size()-used)
	t.writeTables(entry+4, buffered.EntrySize-4)
	t.writeTables(entry, 4)
	if b.withheld[nr] != nil {
		t.grant(nr)
	}
}

// writeTables writes a part of the image to all processes that have it already.
func (t *Tracer) writeTables(addr, size uint64) {
	told := map[*space]bool{}
	for _, tr := range t.tracees {
		if s := tr.space; s != nil && s.ready && !told[s] && size > 0 {
			told[s] = true
			t.writeCode(tr, addr, t.buffered.image[addr-buffered.StubAddr:][:size])
		}
	}
}

// StopAt makes calls with a number of the x86-64 ABI stop from now on. Those that
// are in rings already are reported as before.
func (t *Tracer) StopAt(nr uint64) {
	b := t.buffered
	if b == nil || b.table == nil || b.table.Stops(nr) && b.withheld[nr] == nil {
		return
	}
	delete(b.withheld, nr)
	b.table.Stop(nr)
	t.writeTables(buffered.EntryAddr(nr), 4)
	t.debugf("buffered: call %d stops from now on", nr)
}

// alwaysStops reports whether a call of the x86-64 ABI must stop whatever is
// wanted: the tracer has to see it, or it depends on the stack pointer or the
// instruction pointer.
func alwaysStops(nr uint64) bool {
	switch nr {
	case unix.SYS_RT_SIGRETURN, unix.SYS_SIGALTSTACK, unix.SYS_RESTART_SYSCALL,
		unix.SYS_CLONE, unix.SYS_CLONE3, unix.SYS_FORK, unix.SYS_VFORK, unix.SYS_EXECVE, unix.SYS_EXECVEAT,
		unix.SYS_EXIT, unix.SYS_EXIT_GROUP, unix.SYS_UNSHARE, unix.SYS_SETNS,
		unix.SYS_MMAP, unix.SYS_MUNMAP, unix.SYS_MREMAP, unix.SYS_MPROTECT, unix.SYS_PKEY_MPROTECT, unix.SYS_REMAP_FILE_PAGES,
		unix.SYS_ARCH_PRCTL, unix.SYS_PRCTL, unix.SYS_SECCOMP, unix.SYS_MODIFY_LDT, unix.SYS_SET_THREAD_AREA,
		unix.SYS_PTRACE, unix.SYS_USERFAULTFD, unix.SYS_IOPL, unix.SYS_IOPERM,
		unix.SYS_PROCESS_VM_READV, unix.SYS_PROCESS_VM_WRITEV, unix.SYS_IO_URING_SETUP:
		return true
	}
	return false
}

// isBuffered reports whether there are buffered calls in this address space.
func (tr *Tracee) isBuffered() bool { return tr.space != nil && tr.space.ready }

// isInStub reports whether a call that a tracee has entered is one that the stub makes.
// It stops if the tracee has a filter of its own, which another thread has installed for
// all: it has an area up to the next call that stops elsewhere.
func (tr *Tracee) isInStub(ip uint64) bool { return tr.isBuffered() && tr.t.buffered.stub.Has(ip) }

// enterBuffered handles a stop at the entry of a call before it is reported. It
// returns false if the tracee makes its call again.
func (t *Tracer) enterBuffered(tr *Tracee) bool {
	t.buffered.stopped++
	call, s := &tr.call, tr.space
	if t.opts.BufferedNames && startsRing(call) {
		t.stopAll()
	}
	if flags, creates := tr.cloneFlagsOf(); creates {
		tr.cloneFlags = flags
		t.setAside(tr)
	}
	if s.ready {
		t.enterGuarded(tr)
	}
	if tr.everyCall && tr.buffered != nil {
		t.takeArea(tr)
	}
	if call.ABI == tables.I386 {
		if s.ready && changesMemory386(call.NR) {
			t.unpatchAll(tr, errI386)
		}
		return true
	}
	if s.ready && t.opts.Lasting != nil {
		t.unlistClosed(tr)
		t.list(tr)
	}
	if s.ready {
		if returns, slow, ok := s.returnOf(call.IP); ok && slow {
			t.leaveTrampoline(tr, returns)
		}
		t.watchSpace(tr)
	}
	s.stops++
	if s.stops <= lazyStops || s.refused || t.buffered.over || call.ABI != tables.X86_64 || tr.everyCall || tr.shares || tr.launch != notLaunched || t.ending ||
		t.info.op != unix.PTRACE_SYSCALL_INFO_SECCOMP || call.NR >= bufferedNumbers {
		return true
	}
	if t.prepareCall(call.NR); t.buffered.table.Stops(call.NR) && !t.hides(tr) {
		return true
	}
	if !s.ready && s.stops < lateStops && !tr.hasFS() {
		return true // its C library has not started
	}
	tr.bufferable++
	if tr.buffered == nil && tr.bufferable <= lazyThread && s.ready {
		return true
	}
	return t.patch(tr)
}

// startsRing reports whether a call sets up an io_uring, whose requests may change
// names at any time.
func startsRing(call *Syscall) bool {
	const x32 = 0x40000000                         // __X32_SYSCALL_BIT of asm/unistd.h
	return call.NR&^x32 == unix.SYS_IO_URING_SETUP // the same number for all
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

// leaveTrampoline moves a tracee at the slow call of a trampoline to the place
// where it would have made its call.
func (t *Tracer) leaveTrampoline(tr *Tracee, returns uint64) {
	tr.call.IP = returns
	ptrace(unix.PTRACE_POKEUSR, tr.TID, unsafe.Offsetof(Registers{}.Rip), uintptr(returns))
	ptrace(unix.PTRACE_POKEUSR, tr.TID, unsafe.Offsetof(Registers{}.Rcx), uintptr(returns))
}

// refuse gives up buffered calls in an address space.
func (t *Tracer) refuse(s *space, why error) {
	if !s.refused {
		s.refused = true
		t.debugf("buffered: process %d: its calls stop: %v", s.pid, why)
	}
}

// patch makes the call that a tracee has entered a buffered one, and gives the
// tracee an area. It returns false if the tracee makes its call again.
func (t *Tracer) patch(tr *Tracee) bool {
	s := tr.space
	x := s.sites[tr.call.IP]
	needsArea := tr.buffered == nil
	if !needsArea && x != nil {
		return true
	}
	var text *buffered.Text
	var m *mapping
	var fresh bool
	if x == nil {
		x = &site{returns: tr.call.IP}
		if s.sites == nil {
			s.sites = map[uint64]*site{}
		}
		s.sites[x.returns] = x
		m, text, fresh = t.textOf(tr, x)
	}
	hole, found := uint64(0), false
	if text != nil {
		hole, found = t.placeOf(tr, text, x, m.start-text.Address(m.offset))
	}
	if x.returns != 0 && !found && m != nil {
		t.debugf("buffered: the call at %#x cannot be patched", x.returns)
	}
	needsArena := found && s.arenaNear(x.returns) == nil
	if !needsArea && !needsArena {
		if found {
			t.install(tr, x, hole)
		}
		return true
	}

	r := t.beginRemote(tr)
	if !s.ready {
		if err := t.mapStub(r); err != nil {
			t.refuse(s, err)
			r.finish()
			return false
		}
	}
	if needsArea {
		err := t.giveArea(r)
		if err != nil && !s.ready {
			t.refuse(s, err)
			r.finish()
			return false
		}
		if err != nil {
			tr.bufferable = 0 // perhaps later
			tr.areaFailures++
			t.debugf("buffered: tracee %d has no area: %v", tr.TID, err)
			if tr.areaFailures > 3 {
				tr.shares = true
			}
		}
	}
	if needsArena && r.failed == nil {
		if err := t.mapArena(r, x.returns, fresh); err != nil {
			t.debugf("buffered: process %d has no space for trampolines: %v", s.pid, err)
			found = false
		}
	}
	if found && !r.ended {
		t.install(tr, x, hole)
	}
	r.finish()
	return false
}

// textOf finds the code of the file that has a call. Only private mappings of
// files are patched. fresh says that all mappings have been read.
func (t *Tracer) textOf(tr *Tracee, x *site) (m *mapping, text *buffered.Text, fresh bool) {
	s := tr.space
	m = findMapping(s.mapped, x.returns-1)
	if m == nil {
		s.mapped, _ = readMappings(tr.TID)
		m, fresh = findMapping(s.mapped, x.returns-1), true
	}
	if m == nil || m.mode != "r-xp" || m.inode == 0 || x.returns-m.start < 2 {
		return nil, nil, fresh
	}
	if !m.read {
		var err error
		if m.text, err = t.buffered.texts.of(tr.TID, m); err != nil {
			t.debugf("buffered: calls of %s stop: %v", m.name, err)
		}
		m.read = true
	}
	return m, m.text, fresh
}

// placeOf finds what is patched for a call: a hole, or the instruction that loads its
// number. bias is what is added to addresses in the file.
func (t *Tracer) placeOf(tr *Tracee, text *buffered.Text, x *site, bias uint64) (hole uint64, found bool) {
	returns := x.returns - bias
	if hole, found = text.Hole(returns); found {
		return hole + bias, isPristine(tr, text, returns-callSize, callSize, bias) && isPristine(tr, text, hole, buffered.JumpSize, bias)
	}
	load := returns - callSize - buffered.LoadSize
	if !text.LoadsNumber(returns) || !isPristine(tr, text, load, buffered.LoadSize+callSize, bias) {
		return 0, false
	}
	x.load = slices.Clone(text.Read(load, buffered.LoadSize))
	return 0, true
}

// isPristine reports whether code is in memory as in the file.
func isPristine(tr *Tracee, text *buffered.Text, addr uint64, size int, bias uint64) bool {
	var b [buffered.LoadSize + callSize]byte
	return tr.ReadMemory(addr+bias, b[:size]) == size && string(b[:size]) == string(text.Read(addr, size))
}

// install patches a call: the trampoline, the jump to it in the hole, and last
// the jump to the hole; or the trampoline, and the jump to it in place of the
// instruction that loads the call's number.
func (t *Tracer) install(tr *Tracee, x *site, hole uint64) {
	at, size := x.returns-callSize, uint64(callSize)
	if x.load != nil {
		at, size = at-buffered.LoadSize, buffered.LoadSize
	}
	if isSplit(at, size) && t.hasThreads(tr.space, tr) {
		return // another thread may be about to run it
	}
	addr, ok := t.installTrampoline(tr, x)
	if !ok {
		return
	}
	x.trampoline = addr
	if x.load != nil {
		x.patched = pokeJump(tr, at, addr+tr.space.lookup.LoadEntry())
		return
	}
	short := []byte{0xeb, byte(hole - x.returns)}
	if pokeJump(tr, hole, addr) && tr.poke(at, short) == len(short) {
		x.patched = true
		if tr.space.holes == nil {
			tr.space.holes = map[uint64]uint64{}
		}
		tr.space.holes[hole] = x.returns
	}
}

// isSplit reports whether memory is in two words, which cannot be written at the
// same time.
func isSplit(at, size uint64) bool {
	const wordSize = 8
	return at%wordSize+size > wordSize
}

// installTrampoline writes the trampoline for a call, and returns its address.
func (t *Tracer) installTrampoline(tr *Tracee, x *site) (addr uint64, ok bool) {
	s := tr.space
	a := s.arenaNear(x.returns)
	addr = a.addr + uint64(a.used)*buffered.TrampolineSize
	code := s.lookup.Trampoline(addr, x.returns)
	if x.load != nil {
		code = s.lookup.AppendLoad(code, x.load)
	}
	if t.writeCode(tr, addr, code) != nil {
		return 0, false
	}
	a.used++
	a.returns = append(a.returns, x.returns)
	return addr, true
}

// pokeJump writes a jump to an address.
func pokeJump(tr *Tracee, at, to uint64) bool {
	jump := binary.LittleEndian.AppendUint32([]byte{0xe9}, uint32(to-(at+buffered.JumpSize)))
	return tr.poke(at, jump) == len(jump)
}

// hasThreads reports whether a space has other tracees.
func (t *Tracer) hasThreads(s *space, tr *Tracee) bool {
	for _, other := range t.tracees {
		if other != tr && other.space == s {
			return true
		}
	}
	return false
}

// arenaNear returns an arena with space for a trampoline that a call can reach.
func (s *space) arenaNear(addr uint64) *arena {
	for i := range s.arenas {
		a := &s.arenas[i]
		if distance := max(a.addr, addr) - min(a.addr, addr); a.used < arenaPlaces && distance < 1<<31-1<<20 {
			return a
		}
	}
	return nil
}

// mapStub gives a process the stub. giveArea does the rest.
func (t *Tracer) mapStub(r *remote) error {
	tr, s := r.tr, r.tr.space
	switch own, err := t.wordAtFS(tr, r.own.Fs_base); {
	case err == nil && own:
		s.lookup = buffered.ByFS
	case r.own.Gs_base == 0:
		s.lookup = buffered.ByGS
	default:
		return fmt.Errorf("no register leads to a place of its threads")
	}
	if s.lookup == buffered.ByGS && t.hasThreads(s, tr) {
		return fmt.Errorf("it has threads already, and gs has to be set in all of them")
	}
	if err := r.mapFirst(buffered.StubAddr, buffered.CodeSize, unix.PROT_READ|unix.PROT_EXEC, mapNew); err != nil {
		return fmt.Errorf("mmap: %w", err)
	}
	if err := t.writeImage(tr); err != nil {
		return err
	}
	t.debugf("buffered: process %d: threads find their areas by %v", s.pid, s.lookup)
	return nil
}

// mapIndex is the call that maps the index.
func (s *space) mapIndex() remoteCall {
	size := uint64(buffered.IndexSize)
	if s.lookup == buffered.ByGS {
		size = pageSize
	}
	return remoteCall{unix.SYS_MMAP, buffered.IndexAddr, size, unix.PROT_READ | unix.PROT_WRITE, mapNew, ^uint64(0), 0}
}

const mapNew = unix.MAP_PRIVATE | unix.MAP_ANONYMOUS | unix.MAP_FIXED_NOREPLACE | unix.MAP_NORESERVE

// writeImage writes the stub and the table, as far as it is used.
func (t *Tracer) writeImage(tr *Tracee) error {
	const stop = buffered.StopAddr - buffered.StubAddr
	b := t.buffered
	used := buffered.CallsAddr - buffered.StubAddr + b.table.Size()
	if err := t.writeCode(tr, buffered.StubAddr, b.image[:used]); err != nil {
		return err
	}
	return t.writeCode(tr, buffered.StopAddr, b.image[stop:stop+buffered.StopSize])
}

// wordAtFS reports whether the word at an fs base is the fs base.
func (t *Tracer) wordAtFS(tr *Tracee, fs uint64) (bool, error) {
	var word [8]byte
	if fs == 0 || tr.ReadMemory(fs, word[:]) != len(word) {
		return false, unix.EFAULT
	}
	return binary.LittleEndian.Uint64(word[:]) == fs, nil
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

// memoryOf returns a descriptor of the memory of a tracee, or -1. That of the address
// space that was written to last stays open.
func (t *Tracer) memoryOf(tr *Tracee) int {
	b := t.buffered
	if b.memory != tr.space {
		t.closeMemory(b.memory)
		fd, err := unix.Open("/proc/"+strconv.Itoa(tr.TID)+"/mem", unix.O_WRONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			return -1
		}
		b.memory, b.memoryFD = tr.space, fd
	}
	return b.memoryFD
}

// closeMemory closes what memoryOf has opened for an address space.
func (t *Tracer) closeMemory(s *space) {
	if b := t.buffered; s != nil && b.memory == s {
		unix.Close(b.memoryFD)
		b.memory = nil
	}
}

// mapArena maps space for trampolines.
func (t *Tracer) mapArena(r *remote, near uint64, fresh bool) (err error) {
	s := r.tr.space
	if !fresh {
		if s.mapped, err = readMappings(r.tr.TID); err != nil {
			return err
		}
	}
	addr, ok := placeNear(s.mapped, near, arenaSize)
	if !ok {
		return unix.ENOMEM
	}
	const flags = unix.MAP_PRIVATE | unix.MAP_ANONYMOUS | unix.MAP_FIXED_NOREPLACE
	got, err := r.call(unix.SYS_MMAP, addr, arenaSize, unix.PROT_READ|unix.PROT_EXEC, flags, ^uint64(0), 0)
	if err == nil && got != addr {
		r.call(unix.SYS_MUNMAP, got, arenaSize) // a kernel before 4.17
		err = unix.EEXIST
	}
	if err != nil {
		return err
	}
	s.arenas = append(s.arenas, arena{addr: addr})
	return nil
}
