//go:build linux && amd64

package tracer

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"runtime"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"trapline/tables"
	"trapline/tracer/colocate"
)

// Colocation controls whether tracees that make many calls are kept on the
// tracer's processor.
type Colocation = colocate.Mode

// The modes of co-location. Package colocate explains them.
const (
	ColocateAuto   = colocate.Auto
	ColocateAlways = colocate.Always
	ColocateNever  = colocate.Never
)

// Options control how to trace.
type Options struct {
	// Follow traces the tasks that a tracee creates by fork, vfork, clone and
	// clone3, and attaches to all threads of a process.
	Follow bool

	// FollowDepth limits Follow to a number of generations of processes: 1 stands for
	// the children of the launched command and of the processes attached to. With
	// OnlyThreads only threads are followed. 0 means no limit. It must not be used with
	// Traced. The other processes are let go before they run, and co-location does not
	// take them into account.
	FollowDepth int

	// DetachOnExec detaches a tracee after a successful execve, except the
	// execve of a launched command.
	DetachOnExec bool

	// KillOnExit kills the tracees when the tracer dies, however it dies. An
	// interrupted trace relies on that instead of detaching them.
	KillOnExit bool

	// Colocate controls whether tracees are kept on the tracer's processor.
	Colocate Colocation

	// Traced, if not nil, selects the calls at which a launched command stops:
	// a seccomp filter lets all others pass. It is called with the numbers of
	// each ABI, without x32's bit; its answer for one number past all tables
	// applies to all such numbers. Some calls are reported even if it does not
	// select them: execve, userfaultfd, mount, those that co-location has to see
	// (including calls that open files), those that may install a filter or
	// create a task with CLONE_UNTRACED, and all calls of a tracee that has
	// installed a filter.
	//
	// It needs Follow, since children inherit the filter, and implies
	// KillOnExit, since the calls would fail without a tracer. For the same
	// reason, after an interrupt Next returns io.EOF only when the last of
	// these tracees has ended, and tasks created with CLONE_UNTRACED are
	// tracees without events.
	//
	// The tracees can see the filter. If another filter is already in force
	// (UnderFilter), calls that it refuses are not reported.
	Traced func(abi tables.ABI, nr uint64) bool

	// Buffered, if not nil, lets calls of a launched command be reported without
	// a stop where that is possible. It is asked at most once for each number
	// of the x86-64 ABI. It needs Traced, a command with Follow, and a machine where
	// CanBuffer returns nil.
	//
	// Enter and Exit of such a call come late and have Event.Time; the registers
	// of the tracee are not those of the call, and of its memory there is only
	// what was kept.
	Buffered func(nr uint64) BufferedCall

	// BufferedNames says that what descriptors refer to, and where paths lead, is
	// asked when a buffered call is reported. Buffered has to let all calls stop that
	// may change that.
	BufferedNames bool

	// BufferedTimes says that Event.Time is needed at the Exit of buffered calls. It is
	// that of the Enter if it is not.
	BufferedTimes bool

	// Lasting, if not nil, says whether what is shown of a descriptor lasts until it
	// is closed. Where a BufferedOp is BufferedListed, calls with other descriptors
	// stop. A BufferedCall has the descriptors that it closes.
	Lasting func(tr *Tracee, fd uint64) bool

	// OnlyCommand returns no events of tasks that the command creates, although
	// Follow, which a filter needs, makes them tracees.
	OnlyCommand bool

	// ProcessesOnly stops tracees at no calls, except for those of a launched command up
	// to its execve: events are those of tasks that begin, call execve and end, and of
	// signals. It must not be used with Traced.
	ProcessesOnly bool

	// Usage fills Event.Usage. Tracees then do not take turns with the tracer.
	Usage bool
	// EndUsage fills Event.Usage for Exited and Killed only.
	EndUsage bool

	// Debug, if not nil, is called with messages about the engine: wait
	// statuses, requests, tracees that come and go, the kernel's features.
	Debug func(line string)
}

// Tracer traces any number of tracees from one thread.
type Tracer struct {
	opts    Options
	tid     int // the tracing thread
	tracees map[int]*Tracee
	last    *Tracee // the last tracee that stopped, often the next one as well
	current *Tracee // the tracee of the event that Next returned, not yet resumed

	event   Event
	info    syscallInfo
	siginfo [SiginfoSize]byte
	usage   *unix.Rusage // filled by every wait, or nil if not requested

	queue queue // stops that were waited for and not yet handled
	since int   // events since all pending stops were last collected

	// manyStopped says that so many tracees have stopped that each is waited
	// for by its id.
	manyStopped bool

	births births // tracees in state held
	execs  int    // tracees in a call of execve or execveat

	scheduled time.Time // when the Go scheduler was last called

	delayed []delayed // stopped for a while, in order of time
	timer   timer

	launched      int             // pid of the launched command
	launcher      *launcher       // its state until its execve has succeeded
	commandStatus unix.WaitStatus // its wait status, if it has ended
	commandEnded  bool

	interrupt atomic.Int32  // the signal that ends the trace, or noSignal
	noticed   chan struct{} // closed when Next has seen it
	closed    chan struct{} // closed by Close
	ending    bool
	detached  []*Tracee // tracees detached, to be reported

	asked asked // by Do

	colocation *colocate.Controller

	filterData uint16 // SECCOMP_RET_DATA of the filter, if there is one

	buffered *bufferedState // nil without buffered calls

	vm       ioVectors
	accessor *accessor // reads memory that a process may have to serve; nil if there is none

	asksServed *Tracee // in a call after which it may serve memory; or nil
}

// New makes a tracer and locks the calling goroutine to its thread.
func New(opts Options) (*Tracer, error) {
	runtime.LockOSThread()
	t := &Tracer{
		opts:    opts,
		tid:     unix.Gettid(),
		tracees: make(map[int]*Tracee),
		noticed: make(chan struct{}),
		closed:  make(chan struct{}),
	}
	t.colocation = colocate.New(opts.Colocate, t.tasks, t.debugf)
	if opts.Usage || opts.EndUsage {
		t.usage = new(unix.Rusage)
	}
	if opts.Traced != nil {
		t.filterData = 1 + rand.N(uint16(math.MaxUint16))
	}
	if opts.Buffered != nil {
		t.colocation.StartAfter(lazyColocation)
		t.buffered = t.newBuffered()
	}
	t.debugf("ptrace_setoptions = %#x", t.options())
	if err := quietChildSignals(); err != nil {
		return nil, err
	}
	if err := unblockWakeSignal(); err != nil {
		return nil, err
	}
	return t, nil
}

// options returns the ptrace options for a new tracee.
func (t *Tracer) options() uintptr {
	options := uintptr(optionsBasic)
	if t.opts.Follow {
		options |= optionsFollow
	}
	if t.opts.KillOnExit {
		options |= unix.PTRACE_O_EXITKILL
	}
	if t.opts.BufferedNames {
		// Its calls are reported while it still has its descriptors.
		options |= unix.PTRACE_O_TRACEEXIT
	}
	return options
}

// filteredOptions returns the ptrace options for a launched command with a
// seccomp filter; tasks that it creates inherit them.
func (t *Tracer) filteredOptions() uintptr {
	return t.options() | unix.PTRACE_O_TRACESECCOMP | unix.PTRACE_O_EXITKILL
}

func (t *Tracer) add(tid int, s state) *Tracee {
	tr := &Tracee{TID: tid, t: t, state: s, task: colocate.Task{TID: tid}}
	t.tracees[tid] = tr
	t.debugf("tracee %d: %v, %d in all", tid, s, len(t.tracees))
	return tr
}

// Tracees yields all tracees whose events are returned.
func (t *Tracer) Tracees(yield func(*Tracee) bool) {
	for _, tr := range t.tracees {
		if !tr.unseen && tr.known && !yield(tr) {
			return
		}
	}
}

// tasks yields co-location's data about each tracee.
func (t *Tracer) tasks(yield func(*colocate.Task) bool) {
	for _, tr := range t.tracees {
		if !yield(&tr.task) {
			return
		}
	}
}

func (t *Tracer) lookup(tid int) *Tracee {
	if t.last != nil && t.last.TID == tid {
		return t.last
	}
	return t.tracees[tid]
}

// forget drops a tracee that has ended or was detached.
func (t *Tracer) forget(tr *Tracee) {
	if t.tracees[tr.TID] == tr {
		delete(t.tracees, tr.TID)
		t.debugf("tracee %d: gone, %d left", tr.TID, len(t.tracees))
	}
	if tr.space != nil {
		t.leaveSpace(tr)
	}
	if t.last == tr {
		t.last = nil
	}
	if t.current == tr {
		t.current = nil
	}
	if tr.state == held {
		t.births.held--
		tr.state = running // count it only once
	}
	t.noteExec(tr, false)
	t.noteUntold(tr)
	tr.parent = nil // otherwise it would keep all its ancestors in memory
	if len(t.delayed) > 0 {
		t.forgetDelayed(tr)
	}
	t.colocation.Forget(&tr.task)
}

// Next resumes the tracee of the previous event, waits, and returns the next
// event. It returns io.EOF when no tracee is left.
func (t *Tracer) Next() (*Event, error) {
	for {
		ev, err := t.next()
		if err != nil || !ev.Tracee.unseen || ev.Kind == Detached {
			return ev, err
		}
		ev.ExitUnwanted = ev.Kind == Enter
	}
}

// next is Next including the events of unseen tracees.
func (t *Tracer) next() (*Event, error) {
	if t.interrupt.Load() != 0 {
		if ev := t.lastBuffered(); ev != nil {
			return ev, nil
		}
		return t.nextDetached()
	}
	if ev := t.resumeCurrent(); ev != nil {
		return ev, nil
	}
	for {
		if t.asked.pending.Load() {
			t.answer()
		}
		if t.buffered != nil {
			if ev := t.nextBuffered(); ev != nil {
				return ev, nil
			}
			if held := t.buffered.held; held != nil {
				t.buffered.held = nil
				if ev := t.classify(*held); ev != nil {
					ev.Time = t.buffered.noEarlier(t.buffered.clock.last)
					return ev, nil
				}
				continue
			}
		}
		if len(t.delayed) > 0 {
			t.resumeDelayed()
		}
		if len(t.tracees) == 0 {
			t.colocation.Stop()
			return nil, io.EOF
		}
		if t.births.held > 0 && t.queue.empty() {
			if ev, err := t.releaseOrphan(); ev != nil || err != nil {
				return ev, err
			}
		}
		var s stop
		if t.colocation.TakesTurns() {
			if t.buffered != nil && len(t.buffered.areas) > 0 {
				s = t.takeTurnBeside()
			} else if ev := t.takeTurn(); ev != nil {
				return ev, nil
			}
		}
		if s.tid == 0 {
			var err error
			if s, err = t.nextStop(); err != nil {
				return nil, err
			}
		}
		if t.buffered != nil {
			t.buffered.wait = false
		}
		if t.interrupt.Load() != 0 {
			if s.tid != 0 {
				t.queue.putBack(s, t.usage)
			}
			return t.next()
		}
		if s.tid == 0 {
			continue
		}
		if t.buffered != nil && t.settle(s) {
			continue
		}
		if ev := t.classify(s); ev != nil {
			return ev, nil
		}
	}
}

// resumeCurrent resumes the tracee of the previous event, or returns the next
// event of this tracee.
func (t *Tracer) resumeCurrent() *Event {
	tr := t.current
	switch {
	case tr == nil:
		return nil
	case tr.launch == launchFailing:
		return t.failLaunch(tr)
	}
	t.current = nil
	// The caller may have changed the signal.
	switch t.event.Kind {
	case Signal, Enter, Exit:
		tr.pending = t.event.Signal
		tr.exitUnwanted = t.event.ExitUnwanted && tr.launch == notLaunched
	}
	if t.event.Delay > 0 {
		t.delay(tr, t.event.Delay)
	} else {
		t.resume(tr)
	}
	return nil
}

// classify turns a wait status into an event. It returns nil if there is nothing
// to report; the tracee has then been resumed if necessary.
func (t *Tracer) classify(s stop) *Event {
	tr := t.lookup(s.tid)
	status := unix.WaitStatus(s.status)
	sig, event := unix.Signal(s.status>>8&0xff), int(s.status>>16)
	switch {
	case status.Exited(), status.Signaled():
		return t.ended(tr, s.tid, status)
	case !status.Stopped():
		return nil
	case event == unix.PTRACE_EVENT_EXEC:
		return t.execStop(s.tid, tr)
	case tr == nil && !t.opts.Follow:
		// Its parent used CLONE_PTRACE.
		ptrace(unix.PTRACE_DETACH, s.tid, 0, 0)
		return t.report(Stray, &Tracee{TID: s.tid, t: t})
	case tr == nil:
		t.hold(s.tid, status.StopSignal())
		return nil
	case s.queued && sig != stopSyscall && t.overtaken(s.tid):
		return nil
	}
	first := tr.state == announced
	t.beginStop(tr)

	switch {
	case sig == stopSyscall && tr.exitUnwanted && !s.queued:
		t.passExit(tr)
		return nil
	case sig == stopSyscall:
		return t.syscallStop(tr)
	case event == 0:
		return t.signalStop(tr, s, sig)
	case event == unix.PTRACE_EVENT_STOP:
		return t.eventStop(tr, sig, first)
	case event == unix.PTRACE_EVENT_SECCOMP:
		return t.seccompStop(tr)
	case event == unix.PTRACE_EVENT_FORK, event == unix.PTRACE_EVENT_VFORK, event == unix.PTRACE_EVENT_CLONE:
		return t.createdStop(tr)
	}
	t.resume(tr)
	return nil
}

// beginStop notes that a tracee has stopped.
func (t *Tracer) beginStop(tr *Tracee) {
	t.last = tr
	t.colocation.SetComputing(&tr.task, false)
	tr.state = stopped
}

// report makes the event that Next returns.
func (t *Tracer) report(kind Kind, tr *Tracee) *Event {
	if kind < Exited {
		t.current = tr
	}
	tr.known = true
	ev := &t.event
	ev.Kind = kind
	ev.Tracee = tr
	ev.Call = &tr.call
	ev.Time, ev.Kept, ev.Partly, ev.Whole = time.Time{}, false, false, false
	ev.Signal = 0
	ev.Siginfo = nil
	ev.FormerTID = 0
	ev.Superseded = nil
	ev.Status = 0
	ev.Errno = 0
	ev.Delay = 0
	ev.ExitUnwanted = false
	ev.Usage = t.usage
	return ev
}

// resume resumes a stopped tracee. If the tracee was killed in its stop, its
// end will be waited for; if the stop is stale, the new stop will be.
func (t *Tracer) resume(tr *Tracee) {
	if (t.execs > 0 && !tr.inExec || t.opts.ProcessesOnly) && t.overtaken(tr.TID) {
		tr.state = running
		return
	}
	if tr.state == groupStop {
		tr.state = listening
		t.debugResume(tr, unix.PTRACE_LISTEN, 0, ptrace(unix.PTRACE_LISTEN, tr.TID, 0, 0))
		return
	}
	request := unix.PTRACE_SYSCALL
	if tr.launch == launchFailed || tr.runsToFilter() || t.opts.ProcessesOnly && tr.launch == notLaunched {
		request = unix.PTRACE_CONT
	}
	if tr.untracing {
		tr.takeUntraced()
	}
	sig := tr.pending
	tr.pending = 0
	tr.state = running
	t.colocation.SetComputing(&tr.task, !tr.inCall)
	errno := ptrace(request, tr.TID, 0, uintptr(sig))
	t.debugResume(tr, request, sig, errno)
}

// syscallStop handles a syscall-enter-stop or a syscall-exit-stop.
func (t *Tracer) syscallStop(tr *Tracee) *Event {
	if getSyscallInfo(tr.TID, &t.info) != 0 {
		return nil // killed in the stop
	}
	switch t.info.op {
	case unix.PTRACE_SYSCALL_INFO_ENTRY, unix.PTRACE_SYSCALL_INFO_SECCOMP:
		return t.enterStop(tr)
	case unix.PTRACE_SYSCALL_INFO_EXIT:
		return t.exitStop(tr)
	}
	return nil // the stop is stale
}

func (t *Tracer) enterStop(tr *Tracee) *Event {
	info, call := &t.info, &tr.call
	if tr.isInStub(info.ip) {
		t.resume(tr) // the stub notes the call
		return nil
	}
	if tr.isWaking(info.ip) {
		t.letGoOn(tr)
		return nil
	}
	call.ABI, call.NR = abiOf(info.arch, info.data[0])
	copy(call.Args[:], info.data[1:])
	call.IP, call.SP = info.ip, info.sp
	call.Ret, call.IsError = 0, false
	call.EntrySeen = true
	tr.inCall = true
	if tr.filtered {
		t.watchCall(tr)
	}
	if tr.space != nil && !t.enterBuffered(tr) {
		return nil
	}
	t.noteExec(tr, isExec(call.ABI, call.NR))
	if t.accessor == nil {
		t.checkServed(tr)
		if servesMemory(call.ABI, call.NR, &call.Args) {
			t.awaitServed(tr)
		}
	}

	t.colocation.Enter(&tr.task, call.ABI, call.NR)
	return t.report(Enter, tr)
}

func (t *Tracer) exitStop(tr *Tracee) *Event {
	info, call := &t.info, &tr.call
	tr.restoreUntraced()
	tr.restoreArguments()
	t.noteExec(tr, false)
	t.checkServed(tr)
	failed := uint8(info.data[1]) != 0
	if tr.launch == launching {
		tr.launch = notLaunched
		if failed {
			tr.launch = launchFailing
		}
	}
	if !tr.inCall && tr.filtered {
		// It passed the filter, and there was no stop at its entry.
		t.resume(tr)
		return nil
	}
	if !tr.inCall {
		abi, _ := abiOf(info.arch, 0)
		*call = Syscall{ABI: abi}
	}
	tr.inCall = false
	t.leaveBuffered(tr)
	call.IP, call.SP = info.ip, info.sp
	call.Ret = int64(info.data[0])
	call.IsError = failed
	t.colocation.Exit(&tr.task, call.ABI, call.NR, call.Args[0], call.Ret)
	return t.report(Exit, tr)
}

// passExit handles a syscall-exit-stop that the caller does not want. It is not
// used for queued stops, which may be stale.
func (t *Tracer) passExit(tr *Tracee) {
	tr.inCall, tr.exitUnwanted = false, false
	t.leaveBuffered(tr)
	tr.restoreUntraced()
	tr.restoreArguments()
	t.noteExec(tr, false)
	t.checkServed(tr)
	result := int64(-1)
	if colocate.NeedsResult(tr.call.ABI, tr.call.NR) && getSyscallInfo(tr.TID, &t.info) == 0 {
		result = int64(t.info.data[0])
	}
	t.colocation.Exit(&tr.task, tr.call.ABI, tr.call.NR, tr.call.Args[0], result)
	t.resume(tr)
}

func (t *Tracer) signalStop(tr *Tracee, s stop, sig unix.Signal) *Event {
	if tr.launch != notLaunched {
		tr.pending = sig
		t.resume(tr)
		return nil
	}
	errno := ptraceData(unix.PTRACE_GETSIGINFO, tr.TID, 0, unsafe.Pointer(&t.siginfo))
	if errno != 0 || unix.Signal(binary.NativeEndian.Uint32(t.siginfo[:])) != sig {
		return nil // killed in the stop, or the stop is stale
	}
	if !s.behind && t.mayFollowDeath(sig) && t.putBehind(s) {
		tr.state = running // its stop is yet to be handled
		return nil
	}
	if tr.isBuffered() && !t.leaveStub(tr, sig, &t.siginfo) && !t.ending {
		t.buffered.held = &stop{tid: tr.TID, status: s.status, behind: true}
		t.beginReport()
		return nil
	}
	if tr.swallow {
		tr.swallow = false
		t.resume(tr)
		return nil
	}
	ev := t.report(Signal, tr)
	ev.Signal = sig
	ev.Siginfo = &t.siginfo
	return ev
}

// eventStop handles PTRACE_EVENT_STOP: a group-stop or the end of one, a
// tracee's first stop, or the result of PTRACE_INTERRUPT.
func (t *Tracer) eventStop(tr *Tracee, sig unix.Signal, first bool) *Event {
	if sig != unix.SIGTRAP {
		tr.state = groupStop
	}
	if tr.attached && !first {
		tr.noteInterrupted()
	}
	switch {
	case first:
		tr.restoreUntraced()
		t.born(tr)
		return t.created(tr)
	case tr.state == groupStop:
		ev := t.report(GroupStop, tr)
		ev.Signal = sig
		return ev
	}
	t.resume(tr)
	return nil
}

// ended handles the death of a tracee.
func (t *Tracer) ended(tr *Tracee, tid int, status unix.WaitStatus) *Event {
	if tid == t.launched {
		t.commandStatus, t.commandEnded = status, true
		t.launcher.release()
	}
	if tr == nil {
		if tid == t.launched {
			return nil // detached, and reported
		}
		// A child that this process had before it became a tracer.
		ev := t.report(StrayEnded, &Tracee{TID: tid, t: t})
		ev.Status = status
		return ev
	}
	t.forget(tr)
	if !tr.known {
		return nil // it died before its first stop
	}
	kind := Exited
	if status.Signaled() {
		kind = Killed
	}
	ev := t.report(kind, tr)
	if kind == Killed {
		ev.Signal = status.Signal()
	}
	ev.Status = status
	return ev
}

func (t *Tracer) failLaunch(tr *Tracee) *Event {
	tr.launch = launchFailed
	errno := unix.Errno(-tr.call.Ret)
	ev := t.report(LaunchFailed, tr)
	ev.Errno = errno
	return ev
}

var errTooOld = errors.New("requires Linux >= 5.3 (PTRACE_GET_SYSCALL_INFO)")

// checkSupport checks, on a stopped tracee, that the kernel has what every
// syscall-stop needs.
func (t *Tracer) checkSupport(tid int) error {
	if errno := getSyscallInfo(tid, &t.info); errno == unix.EIO || errno == unix.EINVAL || errno == unix.ENOSYS {
		return errTooOld
	}
	t.debugf("PTRACE_GET_SYSCALL_INFO works")
	return nil
}

// quietChildSignals stops the kernel from sending a SIGCHLD for every stop,
// which would run the runtime's handler for nothing. The end of a child still
// sends one. If SIGCHLD is ignored, which would make the kernel discard wait
// statuses, it is reset to the default action.
func quietChildSignals() error {
	const saNoCldWait = 2 // asm-generic/signal-defs.h
	var action sigaction
	_, _, errno := unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(syscall.SIGCHLD),
		0, uintptr(unsafe.Pointer(&action)), signalSetSize, 0, 0)
	if errno == 0 {
		if action.handler == sigIgn {
			action.handler = sigDfl
		}
		action.flags = action.flags&^saNoCldWait | saNoCldStop
		_, _, errno = unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(syscall.SIGCHLD),
			uintptr(unsafe.Pointer(&action)), 0, signalSetSize, 0, 0)
	}
	if errno != 0 {
		return fmt.Errorf("rt_sigaction(SIGCHLD): %w", errno)
	}
	return nil
}

const saNoCldStop = 1 // SA_NOCLDSTOP of asm-generic/signal-defs.h
