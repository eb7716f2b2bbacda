package tracer

import (
	"time"

	"golang.org/x/sys/unix"

	"trapline/tables"
)

// Kind says what happened to a tracee.
type Kind uint8

const (
	_ Kind = iota

	// Enter is a syscall-enter-stop: Call has the number and arguments.
	Enter

	// Exit is a syscall-exit-stop: Call has the result too. When EntrySeen is
	// false the tracee was attached in mid-call and Call has the result only.
	Exit

	// Signal is a signal-delivery-stop: Signal and Siginfo are set, and the
	// signal is delivered when the tracee goes on.
	Signal

	// GroupStop is a stop of the whole process by Signal (SIGSTOP, SIGTSTP,
	// SIGTTIN or SIGTTOU). The tracee stays stopped until a SIGCONT.
	GroupStop

	// Exec is the moment when an execve has replaced the program, before its
	// Exit. When a thread that was not the leader called execve, it took over
	// the leader's id: FormerTID is the id it had, and Superseded is the
	// leader, which is gone.
	Exec

	// Created is the first stop of a tracee that a followed tracee created.
	Created

	// LaunchFailed follows the Exit of a launched command's execve that
	// failed: Errno says why. The process that would have become the command
	// exits with status 1.
	LaunchFailed

	// Exited is the end of a tracee by exit: Status.ExitStatus has its code.
	Exited

	// Killed is the end of a tracee by a signal: Signal, and Status.CoreDump.
	Killed

	// Detached is the end of tracing a tracee that lives on.
	Detached

	// Stray is a task that came to be traced by a tracee's clone with
	// CLONE_PTRACE, without Options.Follow, and was let go at once.
	Stray

	// StrayEnded is the end of a child that is no tracee: this process had it
	// from its start.
	StrayEnded
)

var kindNames = [...]string{
	Enter: "enter", Exit: "exit", Signal: "signal", GroupStop: "group-stop", Exec: "exec", Created: "created",
	LaunchFailed: "launch-failed", Exited: "exited", Killed: "killed", Detached: "detached",
	Stray: "stray", StrayEnded: "stray-ended",
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
	IP        uint64    // instruction pointer, after the instruction that made the call
	SP        uint64    // stack pointer
	Ret       int64     // the result; a negated errno where IsError
	IsError   bool
	EntrySeen bool // false for a call that was under way when the tracee was attached
}

// Event is one thing that happened to one tracee. Next reuses it.
type Event struct {
	Kind   Kind
	Tracee *Tracee

	// Call is the call at Enter and Exit, and at Exec the execve under way.
	Call *Syscall

	// Signal is the signal of Signal, GroupStop and Killed. A caller may
	// change what a Signal event delivers: zero suppresses the signal. At
	// Enter and Exit it may set a signal to be sent.
	Signal unix.Signal

	// Delay may be set by the caller, to keep the tracee stopped for so long.
	Delay time.Duration

	// ExitUnwanted may be set by the caller at Enter: there may be no Exit
	// then. It saves asking the kernel about the exit-stop.
	ExitUnwanted bool

	// Siginfo is the raw siginfo_t of a Signal event, in the layout of the
	// 64-bit kernel whatever the tracee's own.
	Siginfo *[SiginfoSize]byte

	Status unix.WaitStatus // of Exited, Killed and StrayEnded

	FormerTID  int     // of Exec, where the thread was not the leader; else 0
	Superseded *Tracee // of Exec, where the thread was not the leader; else nil

	Errno unix.Errno // of LaunchFailed

	// Usage is the tracee's resource usage so far, with Options.Usage.
	Usage *unix.Rusage
}

// SiginfoSize is the size in bytes of the kernel's siginfo_t.
const SiginfoSize = 128
