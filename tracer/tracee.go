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
	parent *Tracee // who created it
	state  state
	call   Syscall
	known  bool // reported to the user
	inCall bool // between syscall-enter-stop and syscall-exit-stop
	inExec bool // in a call of execve or execveat

	heldUntil time.Time // of state held: when it has waited for too long
	overdue   bool      // it has, and its parent is looked for once more

	exitUnwanted bool // Event.ExitUnwanted of the call under way

	untraced  *untracedClone // to be restored; or nil
	untracing bool           // CLONE_UNTRACED is to be taken from untraced

	filtered  bool // has the tracer's seccomp filter
	everyCall bool // has another filter too: stops at every call
	unseen    bool // no event tells of it
	attached  bool // by Attach, or created by such a tracee

	task colocate.Task // what co-location knows of it

	skipTurns uint8 // stops for which it is given no turn: see takeTurn

	interrupted *Syscall // by Attach, and to be restarted; or nil

	launch  launchPhase
	pending unix.Signal // what resuming delivers
}

// state says where a tracee is, as far as the tracer has been told.
type state uint8

const (
	running   state = iota // resumed
	stopped                // waits for the tracer
	groupStop              // stopped, and must be resumed with PTRACE_LISTEN
	listening              // stopped as a group; may report without being resumed
	held                   // stopped at birth until its parent tells of it
	announced              // its parent told of it, it has not stopped yet
)

var stateNames = [...]string{
	running: "running", stopped: "stopped", groupStop: "group-stop", listening: "listening",
	held: "held until its parent tells of it", announced: "announced",
}

func (s state) String() string { return stateNames[s] }

// launchPhase follows a launched process until it is the command.
type launchPhase uint8

const (
	notLaunched   launchPhase = iota
	launching                 // not yet the command: about to call execve, or in it
	launchFailing             // execve failed, to be reported
	launchFailed              // nothing more to report but the end
)

// Interrupted is the call, as far as its ABI and number, that the tracee was
// in when it was attached, if it is going to be resumed by restart_syscall; or nil.
func (tr *Tracee) Interrupted() *Syscall { return tr.interrupted }

// noteInterrupted finds out what Interrupted tells, at the stop that attaching
// brings about: a group-stop if the tracee was stopped before.
func (tr *Tracee) noteInterrupted() {
	const restartBlock = -516 // ERESTART_RESTARTBLOCK of linux/errno.h
	var regs Registers
	if tr.Registers(&regs) != nil {
		return
	}
	arch := uint32(unix.AUDIT_ARCH_X86_64)
	if regs.Cs == Code32 {
		arch = unix.AUDIT_ARCH_I386
	}
	if int32(regs.Rax) == restartBlock && int64(regs.Orig_rax) >= 0 {
		tr.interrupted = new(Syscall)
		tr.interrupted.ABI, tr.interrupted.NR = abiOf(arch, regs.Orig_rax)
	}
}

// Parent is the tracee that created this one, or nil if that is gone or was
// never traced.
func (tr *Tracee) Parent() *Tracee {
	if p := tr.parent; p != nil && tr.t.tracees[p.TID] != p {
		tr.parent = nil
	}
	return tr.parent
}

// inherit takes over what a new tracee has from the one that created it.
func (tr *Tracee) inherit(parent *Tracee) {
	tr.parent = parent
	tr.attached = parent.attached
	tr.t.colocation.Inherit(&parent.task, &tr.task)
	tr.filtered = parent.filtered
	tr.everyCall = parent.everyCall
	tr.unseen = parent.unseen || parent.untraced != nil
	if tr.state == announced || tr.state == held {
		tr.untraced = parent.untraced
	}
}

// runsToFilter tells whether a tracee, when it is resumed, goes on until a call
// that the filter stops.
func (tr *Tracee) runsToFilter() bool {
	return tr.filtered && !tr.inCall && tr.launch == notLaunched && tr.untraced == nil && (!tr.everyCall || tr.unseen)
}

// InCall tells whether the tracee is between the entry and the exit of a
// system call.
func (tr *Tracee) InCall() bool { return tr.inCall }
