//go:build linux && amd64

package tracer

import (
	"time"

	"golang.org/x/sys/unix"

	"trapline/tracer/colocate"
)

// Tracee is one traced thread.
type Tracee struct {
	TID  int
	Data any // for the user of the package

	t      *Tracer
	past   Past    // set for a tracee of an earlier trace
	parent *Tracee // its creator
	state  state
	call   Syscall
	known  bool // reported to the user
	inCall bool // between syscall-enter-stop and syscall-exit-stop
	inExec bool // in a call of execve or execveat

	heldUntil time.Time // in state held: when the tracer stops waiting for its parent's event
	overdue   bool      // that time has passed, and the tracer looks for the parent's event once more

	exitUnwanted bool // Event.ExitUnwanted of the current call

	untraced  *untracedClone // a call whose flags must be restored, or nil
	untracing bool           // CLONE_UNTRACED must be removed from the flags in untraced

	changed *changedArguments // of the current call, or nil

	generation int // with Options.FollowDepth: 0 for the first processes

	filtered       bool // has the tracer's seccomp filter
	endsWithTracer bool // it is killed when the tracer ends
	everyCall      bool // also has another filter: stops at every call
	unseen         bool // its events are not returned
	attached       bool // traced by Attach, or created by such a tracee

	task colocate.Task // co-location's data about it

	skipTurns uint8 // number of stops before it gets the next turn, see takeTurn

	interrupted *Syscall // the call that attaching interrupted and that will be restarted, or nil

	// For buffered calls: see buffered.go.
	space        *space // nil without Options.Buffered
	buffered     *thread
	cloneFlags   uint64 // flags of the call that creates a task
	copying      bool   // this call copies the address space
	tables       uint64 // bufferedState.tables before that call
	bufferable   int    // number of its calls that stopped and could have been buffered
	areaFailures int
	shares       bool // it gets no area: its fs base or address space is shared, or attempts have failed; one may be lent
	changing     bool // it is counted in space.changing
	swallow      bool // the signal of this stop is not meant for the program

	again *[SiginfoSize]byte // the information of a signal that will come again, see finishReturn

	launch  launchPhase
	pending unix.Signal // signal to deliver when it is resumed
}

// state is the state of a tracee as far as the tracer knows.
type state uint8

const (
	running   state = iota // resumed
	stopped                // the tracer handles its stop
	groupStop              // stopped, and must be resumed with PTRACE_LISTEN
	listening              // in a group-stop; may report another stop without being resumed
	held                   // kept in its first stop until its parent's event
	announced              // its parent's event has come, but its first stop has not
)

var stateNames = [...]string{
	running: "running", stopped: "stopped", groupStop: "group-stop", listening: "listening",
	held: "held until its parent tells of it", announced: "announced",
}

func (s state) String() string { return stateNames[s] }

// launchPhase tracks a launched process until it is the command.
type launchPhase uint8

const (
	notLaunched   launchPhase = iota
	launching                 // not yet the command: about to call execve, or in it
	launchFailing             // execve failed, to be reported
	launchFailed              // only its end has yet to be reported
)

// Interrupted returns the call that the tracee was in when it was attached, if
// restart_syscall will resume that call; otherwise nil. Only the ABI and the number of the
// call are set.
func (tr *Tracee) Interrupted() *Syscall {
	if tr.past != nil {
		return tr.past.Interrupted()
	}
	return tr.interrupted
}

// noteInterrupted determines the result of Interrupted, at the stop that attaching causes.
// That is a group-stop if the tracee was already stopped.
func (tr *Tracee) noteInterrupted() {
	const restartBlock = -516 // ERESTART_RESTARTBLOCK of linux/errno.h
	var regs Registers
	if tr.Registers(&regs) != nil {
		return
	}
	nr := *callNumber(&regs)
	if int32(*callResult(&regs)) == restartBlock && int64(nr) >= 0 {
		tr.interrupted = new(Syscall)
		tr.interrupted.ABI, tr.interrupted.NR = abiOf(auditArch(&regs), nr)
	}
}

// Parent returns the tracee that created this one, or nil if that tracee has ended or was
// never traced.
func (tr *Tracee) Parent() *Tracee {
	if p := tr.parent; p != nil && tr.past == nil && tr.t.tracees[p.TID] != p {
		tr.parent = nil
	}
	return tr.parent
}

// inherit copies what a new tracee inherits from its creator.
func (tr *Tracee) inherit(parent *Tracee) {
	tr.parent = parent
	tr.attached = parent.attached
	tr.t.colocation.Inherit(&parent.task, &tr.task)
	tr.filtered = parent.filtered
	tr.endsWithTracer = parent.endsWithTracer
	tr.everyCall = parent.everyCall
	tr.unseen = parent.unseen || parent.untraced.isUnseen() || tr.t.opts.OnlyCommand
	tr.t.inheritSpace(tr, parent)
	if tr.state == announced || tr.state == held {
		tr.untraced = parent.untraced
	}
}

// runsToFilter reports whether a tracee, when resumed, runs until the filter stops one of its
// calls.
func (tr *Tracee) runsToFilter() bool {
	return tr.filtered && !tr.inCall && tr.launch == notLaunched && tr.untraced == nil && (!tr.everyCall || tr.unseen)
}
