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
	past   Past    // nil for a tracee of t
	parent *Tracee // its creator
	state  state
	call   Syscall
	known  bool // reported to the user
	inCall bool // between syscall-enter-stop and syscall-exit-stop
	inExec bool // in a call of execve or execveat

	heldUntil time.Time // of state held: when it has waited too long
	overdue   bool      // it has waited too long, and its parent's event is looked for once more

	exitUnwanted bool // Event.ExitUnwanted of the current call

	untraced  *untracedClone // a call whose flags are to be restored, or nil
	untracing bool           // CLONE_UNTRACED is to be removed from untraced

	changed *changedArguments // of the current call, or nil

	generation int // with Options.FollowDepth: 0 for those that were there first

	filtered  bool // has the tracer's seccomp filter
	everyCall bool // also has another filter: stops at every call
	unseen    bool // its events are not returned
	attached  bool // by Attach, or created by such a tracee

	task colocate.Task // co-location's data about it

	skipTurns uint8 // stops for which it gets no turn: see takeTurn

	interrupted *Syscall // the call that attaching interrupted and that will be restarted, or nil

	// For buffered calls: see buffered.go.
	space        *space // nil without Options.Buffered
	buffered     *thread
	cloneFlags   uint64 // of the call that creates a task
	bufferable   int    // calls that stopped and need not have
	areaFailures int
	shares       bool // its fs base is not its own: no area
	changing     bool // it is counted in space.changing
	swallow      bool // the signal of this stop is not the program's

	launch  launchPhase
	pending unix.Signal // signal to deliver when it is resumed
}

// state is where a tracee is, as far as the tracer knows.
type state uint8

const (
	running   state = iota // resumed
	stopped                // the tracer handles its stop
	groupStop              // stopped, and must be resumed with PTRACE_LISTEN
	listening              // stopped as a group; may report without being resumed
	held                   // stopped at birth until its parent's event
	announced              // its parent's event has come, its first stop has not
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
	launchFailed              // only its end is left to report
)

// Interrupted returns the call, with only its ABI and number, that the tracee
// was in when it was attached, if restart_syscall will resume it; or nil.
func (tr *Tracee) Interrupted() *Syscall {
	if tr.past != nil {
		return tr.past.Interrupted()
	}
	return tr.interrupted
}

// noteInterrupted determines the result of Interrupted, at the stop that
// attaching causes: a group-stop if the tracee was already stopped.
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

// Parent returns the tracee that created this one, or nil if that is gone or
// was never traced.
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
	tr.everyCall = parent.everyCall
	tr.unseen = parent.unseen || parent.untraced != nil || tr.t.opts.OnlyCommand
	tr.t.inheritSpace(tr, parent)
	if tr.state == announced || tr.state == held {
		tr.untraced = parent.untraced
	}
}

// runsToFilter reports whether a tracee, when resumed, runs until a call that
// the filter stops.
func (tr *Tracee) runsToFilter() bool {
	return tr.filtered && !tr.inCall && tr.launch == notLaunched && tr.untraced == nil && (!tr.everyCall || tr.unseen)
}
