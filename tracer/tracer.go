//go:build linux && amd64

package tracer

import (
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"runtime"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"trapline/tracer/colocate"
)

// Tracer traces any number of tracees from one thread.
type Tracer struct {
	opts    Options
	tid     int // the tracing thread
	tracees map[int]*Tracee
	last    *Tracee // the tracee that stopped last, which often stops next as well
	current *Tracee // the tracee of the event that Next returned, not yet resumed

	event   Event
	info    syscallInfo
	siginfo [SiginfoSize]byte
	usage   *unix.Rusage // filled by every wait, or nil if not requested

	queue queue // stops that were waited for and not yet handled
	since int   // number of events since all pending stops were collected

	// manyStopped means that so many tracees have stopped that the tracer waits for each by
	// its id.
	manyStopped bool

	births births // tracees in state held
	execs  int    // tracees in a call of execve or execveat

	scheduled time.Time // when the Go scheduler was last called

	delayed []delayed // tracees that are kept stopped for a while, sorted by time
	timer   timer

	launched      int             // pid of the launched command
	launcher      *launcher       // its state, until its execve has succeeded
	commandStatus unix.WaitStatus // its wait status, if it has ended
	commandEnded  bool

	interrupt atomic.Int32  // the signal that ends the trace, or noSignal
	noticed   chan struct{} // closed when Next has noticed the interrupt
	closed    chan struct{} // closed by Close
	ending    bool
	detached  []*Tracee // detached tracees that have yet to be reported

	asked asked // functions passed to Do

	colocation *colocate.Controller

	filterData uint16 // SECCOMP_RET_DATA of the filter, if there is one

	buffered *bufferedState // nil without buffered calls

	vm       ioVectors
	accessor *accessor // reads memory that a process may serve; nil if no process does

	asksServed *Tracee // the tracee in a call after which it may serve memory, or nil
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
		t.colocation.StartAfter(lazyColocation, t.beginWatch)
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
		// The buffered calls of a tracee are reported while it still has its descriptors.
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
		tr.state = running // so that it is counted only once
	}
	t.noteExec(tr, false)
	t.noteUntold(tr)
	tr.parent = nil // otherwise all its ancestors would remain in memory
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

// next is Next, including the events of unseen tracees.
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
	if result, ok := t.foresee(tr); ok {
		return t.exitForeseen(tr, result)
	}
	if t.event.Delay > 0 {
		t.delay(tr, t.event.Delay)
	} else {
		t.resume(tr)
	}
	return nil
}

// resume resumes a stopped tracee. If the tracee was killed in its stop, the next wait
// returns its end. If the stop is stale, the next wait returns the new stop.
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
