package registers

import (
	"strconv"
	"strings"
	"sync"

	"trapline/tables"
)

// reason explains a change of some registers by the rules of the ABI. The first
// reason that applies is used.
type reason struct {
	regs role
	when func(x *Transition, from, to uint64, after *Snapshot) bool
	why  string
	say  func(x *Transition) string // replaces why
}

// Codes of arch_prctl(2), from asm/prctl.h.
const (
	archSetGS = 0x1001
	archSetFS = 0x1002
)

// reasons lists what may change registers according to the ABI, for calls made
// with syscall (System V ABI for x86-64, A.2.1), int $0x80 and sysenter
// (arch/x86/entry). All other changes are unexplained.
func reasons() []reason {
	reasonsMade.Do(func() { allReasons = makeReasons() })
	return allReasons
}

// allReasons are made when they are first needed.
var (
	reasonsMade sync.Once
	allReasons  []reason
)

func makeReasons() []reason {
	return []reason{
		// Between calls the program runs. Its last instruction enters the kernel;
		// the instruction syscall changes two registers.
		{regAX, restarted, "restarted: the number again with ip set back, then preset to -ENOSYS", nil},
		{regAX, between, "preset to -ENOSYS until the call has a result", nil},
		{regOrigAX, takesUp, "number of restart_syscall, to take up the call before", nil},
		{regOrigAX, between, "number of this call", nil},
		{regCX, bySyscall(func(s *Snapshot) uint64 { return s.User.Rip }), "return address (syscall)", nil},
		{regR11, bySyscall(func(s *Snapshot) uint64 { return s.User.Eflags }), "flags (syscall)", nil},
		{anyReg, func(x *Transition, _, _ uint64, _ *Snapshot) bool { return x.Between && x.Signaled },
			"program, or delivery of a signal", nil},
		{anyReg, between, "program", nil},

		// A child starts as a copy of its parent.
		{regAX, child, "0 in the child", nil},
		{regSP, child, "stack given to clone", nil},
		{regFSBase | regGSBase | regGS | regFS, child, "CLONE_SETTLS", nil},

		// Calls that replace the whole state.
		{anyReg, succeeds("execve", "execveat"), "new program (execve)", nil},
		{anyReg, calls("rt_sigreturn", "sigreturn"), "restored from the signal frame", nil},
		{anyReg, calls("vm86", "vm86old"), "virtual 8086 mode", nil},
		{anyReg, calls("uretprobe", "uprobe"), "trampoline of a uprobe", nil},

		// The result. rax has been -ENOSYS since the entry.
		{regAX, always, "", resultInAX},

		// Calls whose purpose is to change registers.
		{regFSBase | regFS, archPrctl(archSetFS), "arch_prctl(ARCH_SET_FS)", nil},
		{regGSBase | regGS, archPrctl(archSetGS), "arch_prctl(ARCH_SET_GS)", nil},
		{regFSBase | regGSBase | regFS | regGS, succeeds("set_thread_area", "modify_ldt"),
			"", func(x *Transition) string { return "segment descriptor changed (" + x.Name + ")" }},
		{regFlags, succeeds("iopl"), "I/O privilege level (iopl)", nil},
		{regPKRU, succeeds("pkey_alloc", "pkey_free"), "rights of the protection key", nil},
	}
}

func always(*Transition, uint64, uint64, *Snapshot) bool { return true }

func between(x *Transition, _, _ uint64, _ *Snapshot) bool { return x.Between }

func child(x *Transition, _, _ uint64, _ *Snapshot) bool { return x.Child }

// restarted reports whether rax shows that the previous call was interrupted and
// that the kernel has restarted it. If a signal handler had run, the previous
// call would be rt_sigreturn.
func restarted(x *Transition, from, _ uint64, _ *Snapshot) bool {
	const first, last = 512, 516 // ERESTARTSYS and ERESTART_RESTARTBLOCK of linux/errno.h
	code := -int32(from)
	return x.Between && first <= code && code <= last && x.Name != "rt_sigreturn" && x.Name != "sigreturn"
}

// takesUp reports whether this is a restart_syscall, which the kernel makes on
// behalf of the program.
func takesUp(x *Transition, _, _ uint64, _ *Snapshot) bool {
	return x.Between && x.Name == "restart_syscall"
}

// bySyscall returns a condition: the register has the value of another one,
// returned by of, as the instruction syscall sets it.
func bySyscall(of func(*Snapshot) uint64) func(*Transition, uint64, uint64, *Snapshot) bool {
	return func(x *Transition, _, to uint64, after *Snapshot) bool {
		return x.Between && x.ABI != tables.I386 && to == of(after)
	}
}

func calls(names ...string) func(*Transition, uint64, uint64, *Snapshot) bool {
	return func(x *Transition, _, _ uint64, _ *Snapshot) bool {
		for _, name := range names {
			if x.Name == name {
				return true
			}
		}
		return false
	}
}

func succeeds(names ...string) func(*Transition, uint64, uint64, *Snapshot) bool {
	called := calls(names...)
	return func(x *Transition, from, to uint64, after *Snapshot) bool {
		return x.Errno == 0 && called(x, from, to, after)
	}
}

func archPrctl(code uint64) func(*Transition, uint64, uint64, *Snapshot) bool {
	called := succeeds("arch_prctl")
	return func(x *Transition, from, to uint64, after *Snapshot) bool {
		return called(x, from, to, after) && x.Args[0] == code
	}
}

// resultInAX describes the value in rax or eax.
func resultInAX(x *Transition) string {
	if x.Errno == 0 {
		return "result"
	}
	name := tables.ErrnoName(uint32(x.Errno))
	if name == "" {
		name = strconv.Itoa(x.Errno)
	}
	if strings.HasPrefix(name, "ERESTART") {
		return "-" + name + ": to be restarted, or EINTR"
	}
	return "result: -" + name
}
