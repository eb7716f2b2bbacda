//go:build linux && amd64

package tracer

import (
	"time"

	"golang.org/x/sys/unix"

	"trapline/tables"
)

// Kind is the kind of an Event.
type Kind uint8

const (
	_ Kind = iota

	// Enter is a syscall-enter-stop: Call has the number and arguments.
	Enter

	// Exit is a syscall-exit-stop: Call also has the result. When EntrySeen is
	// false, the tracee was attached during the call and Call has only the
	// result.
	Exit

	// Signal is a signal-delivery-stop: Signal and Siginfo are set, and the
	// signal is delivered when the tracee is resumed.
	Signal

	// GroupStop is a stop of the whole process by Signal (SIGSTOP, SIGTSTP,
	// SIGTTIN or SIGTTOU). The tracee stays stopped until a SIGCONT.
	GroupStop

	// Exec is the point at which an execve has replaced the program, before its
	// Exit. If a thread other than the leader called execve, it took over the
	// leader's id: FormerTID is the id it had, and Superseded is the leader,
	// which is gone.
	Exec

	// Created is the first stop of a tracee that a followed tracee created.
	Created

	// LaunchFailed follows the Exit of a launched command's execve that failed;
	// Errno is the error. The process that would have become the command exits
	// with status 1.
	LaunchFailed

	// Exited is the end of a tracee by exit: Status.ExitStatus has its code.
	Exited

	// Killed is the end of a tracee by a signal: Signal, and Status.CoreDump.
	Killed

	// Detached is the end of the trace for a tracee that continues to live.
	Detached

	// Stray is a task that a tracee's clone with CLONE_PTRACE made a tracee,
	// without Options.Follow, and that was detached at once.
	Stray

	// StrayEnded is the end of a child that is not a tracee: this process had
	// it from its start.
	StrayEnded

	// Launched and Attached are events of a recording: the command was started, or
	// a thread was attached to. A Tracer reports neither.
	Launched
	Attached
)

var kindNames = [...]string{
	Enter: "enter", Exit: "exit", Signal: "signal", GroupStop: "group-stop", Exec: "exec", Created: "created",
	LaunchFailed: "launch-failed", Exited: "exited", Killed: "killed", Detached: "detached",
	Stray: "stray", StrayEnded: "stray-ended", Launched: "launched", Attached: "attached",
}

func (k Kind) String() string {
	if int(k) < len(kindNames) && kindNames[k] != "" {
		return kindNames[k]
	}
	return "unknown"
}

// Syscall is one system call as the kernel sees it.
type Syscall struct {
	ABI       tables.ABI
	NR        uint64    // the number; x32's bit 30 is in ABI, not here
	Args      [6]uint64 // i386 arguments are zero-extended
	IP        uint64    // instruction pointer, after the instruction that makes the call
	SP        uint64    // stack pointer
	Ret       int64     // the result; a negated errno if IsError
	IsError   bool
	EntrySeen bool // false for a call in progress when the tracee was attached
}

// Event is one thing that happened to one tracee. Next reuses it.
type Event struct {
	Kind   Kind
	Tracee *Tracee

	// Call is the call at Enter and Exit, and at Exec the current execve.
	Call *Syscall

	// Time is when a call that did not stop was entered or left (see
	// Options.Buffered), or when a stop was seen before which the events of such
	// calls have been reported; zero for any other stop, which is now.
	Time time.Time

	// Kept says, for such a call, that the tracee runs: what there is of its
	// memory is in Pieces.
	Kept bool
	// Partly says, for such a call of a tracee that is stopped, that Pieces has what was
	// kept before the stop. All else is in the tracee's memory.
	Partly bool

	// Whole says of an Enter that nothing happens before the Exit of the call: see
	// Tracer.Exit.
	Whole bool

	// Signal is the signal of Signal, GroupStop and Killed. For a Signal event
	// the caller may change the signal that is delivered; zero suppresses it.
	// At Enter and Exit the caller may set a signal to be sent.
	Signal unix.Signal

	// Delay may be set by the caller, to keep the tracee stopped for this long.
	Delay time.Duration

	// ExitUnwanted may be set by the caller at Enter: there may be no Exit
	// then. It saves a request to the kernel at the syscall-exit-stop.
	ExitUnwanted bool

	// Siginfo is the raw siginfo_t of a Signal event, in the layout of the
	// 64-bit kernel even for 32-bit tracees.
	Siginfo *[SiginfoSize]byte

	Status unix.WaitStatus // of Exited, Killed and StrayEnded

	FormerTID  int     // of Exec, if the thread was not the leader; else 0
	Superseded *Tracee // of Exec, if the thread was not the leader; else nil

	Errno unix.Errno // of LaunchFailed

	// Usage is the tracee's resource usage so far, with Options.Usage or
	// EndUsage.
	Usage *unix.Rusage
}

// SiginfoSize is the size in bytes of the kernel's siginfo_t.
const SiginfoSize = 128
