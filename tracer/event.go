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

	// Exec is reported when an execve has replaced the program, before its Exit. If a thread
	// other than the leader called execve, it took over the leader's id: FormerTID is the id
	// that it had, and Superseded is the leader, which no longer exists.
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

	// Stray is a task that was created with CLONE_PTRACE and thereby became a tracee, without
	// Options.Follow. It was detached at once.
	Stray

	// StrayEnded is the end of a child of this process that is not a tracee. This process had
	// the child when it was started.
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
	NR        uint64    // the number, without x32's bit 30, which ABI stands for
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

	// Time is set for a call that did not stop (see Options.Buffered), and for a stop that
	// was held back until earlier calls of this kind were reported: it is the time of the
	// call's entry or exit, or of the stop. It is zero for any other stop, which happened
	// just now.
	Time time.Time

	// Kept is set for a call that did not stop while its tracee runs: only Pieces has the
	// memory of the call.
	Kept bool
	// Partly is set for a call that did not stop while its tracee is stopped: Pieces has what
	// was kept before the stop, and the tracee's memory has the rest.
	Partly bool

	// Whole is set at an Enter if no other event comes before the Exit of the call. See
	// Tracer.Exit.
	Whole bool

	// Signal is the signal of Signal, GroupStop and Killed. For a Signal event
	// the caller may change the signal that is delivered; zero suppresses it.
	// At Enter and Exit the caller may set a signal to be sent.
	Signal unix.Signal

	// Delay may be set by the caller to keep the tracee stopped for this long.
	Delay time.Duration

	// ExitUnwanted may be set by the caller at Enter. The Exit may then be omitted, which
	// saves a request to the kernel at the syscall-exit-stop.
	ExitUnwanted bool

	// Siginfo is the raw siginfo_t of a Signal event, in the layout of the
	// 64-bit kernel even for 32-bit tracees.
	Siginfo *[SiginfoSize]byte

	Status unix.WaitStatus // for Exited, Killed and StrayEnded

	FormerTID  int     // for Exec, if the thread was not the leader; else 0
	Superseded *Tracee // for Exec, if the thread was not the leader; else nil

	Errno unix.Errno // for LaunchFailed

	// Usage is the tracee's resource usage so far, with Options.Usage or Options.EndUsage.
	Usage *unix.Rusage
}

// SiginfoSize is the size in bytes of the kernel's siginfo_t.
const SiginfoSize = 128
