//go:build linux && amd64

package recording

import (
	"time"

	"golang.org/x/sys/unix"

	"trapline/decode"
	"trapline/tables"
)

// Kind is the kind of an Event. The numbers are those in files.
type Kind uint8

const (
	_ Kind = iota

	Enter        // a system call is entered: Call has the number and arguments
	Exit         // it has returned: Call also has the result
	Signal       // a signal is about to be delivered: Signal and Siginfo
	GroupStop    // the process is stopped by Signal
	Exec         // an execve has replaced the program, before its Exit: FormerTID, Superseded
	Created      // the first stop of a thread that a traced one, Parent, has created
	LaunchFailed // the command could not be executed: Errno
	Exited       // the thread has exited: Status
	Killed       // the thread was killed by Signal: Status
	Detached     // the trace of the thread has ended, but not the thread
	Stray        // a thread that is not traced was let go
	StrayEnded   // a child of the tracer that is not traced has ended: Status
	Launched     // the command's process has been started; it has yet to call execve
	Attached     // a process was attached to: Threads and their ids

	kinds // how many there are
)

var kindNames = [kinds]string{
	Enter: "enter", Exit: "exit", Signal: "signal", GroupStop: "group-stop", Exec: "exec", Created: "created",
	LaunchFailed: "launch-failed", Exited: "exited", Killed: "killed", Detached: "detached",
	Stray: "stray", StrayEnded: "stray-ended", Launched: "launched", Attached: "attached",
}

// String returns the name of a kind.
func (k Kind) String() string {
	if k < kinds && kindNames[k] != "" {
		return kindNames[k]
	}
	return "unknown"
}

// Ends reports whether the event is the end of a thread.
func (k Kind) Ends() bool { return k == Exited || k == Killed || k == Detached }

// Event is one thing that happened to one thread. A Cursor reuses it, and all
// that it refers to, for the next one.
type Event struct {
	Kind   Kind
	TID    int
	Number uint64    // position in the recording, from 0
	Time   time.Time // when it happened

	Call    Call
	Ordinal uint64 // of Enter and Exit: the number of the call, from 0; NoCall if the recording lacks its entry

	Memory  []decode.Piece // what decoding the event reads of the thread's memory
	Answers Answered       // answers that are new in this block, or differ from the earlier ones
	Stack   []Frame        // innermost first, if HasStack is set
	Cut     bool           // the stack has more frames

	HasStack, HasRegisters, HasUsage, HasInterrupted bool

	Registers   Registers
	Usage       unix.Rusage
	Interrupted Call   // the call that attaching interrupted: ABI and number
	Reason      string // why a call has failed, if --explain was given
	Injected    string // what an injection has done to the call, as text shows it
	Delayed     bool   // an injection has delayed the call
	Rule        int    // number of the rule that has injected

	Signal     unix.Signal
	Siginfo    [SiginfoSize]byte
	Status     unix.WaitStatus
	Errno      unix.Errno
	Parent     int // of Created; 0 if the parent is not traced
	FormerTID  int // of Exec by another thread than the leader
	Superseded int // of the same: the id of the leader, which is gone; 0 if the leader was not traced
	Threads    []int
}

// SiginfoSize is the size in bytes of the kernel's siginfo_t.
const SiginfoSize = 128

// NoCall is the Event.Ordinal of an Exit whose Enter came before the recording.
const NoCall = ^uint64(0)

// Call is a system call as the kernel sees it.
type Call struct {
	ABI       tables.ABI
	NR        uint64
	Args      [6]uint64
	NumArgs   int // of Args that are kept; the others are 0
	IP, SP    uint64
	Ret       int64 // negated errno if IsError
	IsError   bool
	EntrySeen bool
}

// Frame is a frame of a call stack. Its fields are those of unwind.Frame; Symbol is as in
// the file.
type Frame struct {
	PC     uint64
	File   string
	Addr   uint64
	Symbol string
	Offset uint64
	Source string
	Line   int
}

// Registers are those of a thread: the general ones, and the sets that --regs asked
// for, by their notes in ptrace's PTRACE_GETREGSET.
type Registers struct {
	User unix.PtraceRegs
	Sets []RegisterSet
}

// RegisterSet is what PTRACE_GETREGSET gives.
type RegisterSet struct {
	Note int
	B    []byte
}
