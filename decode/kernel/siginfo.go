package kernel

import (
	"golang.org/x/sys/unix"

	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// Siginfo is a siginfo_t (asm-generic/siginfo.h): three ints, and behind them
// a union of which signal and code choose the arm.
const Siginfo = siginfo(SiginfoSize)

// SiginfoSize is the size of a siginfo_t, in bytes.
const SiginfoSize = 128

// Values of si_code that say what the union holds.
const (
	siUser  = 0
	siTimer = -2
	siSIGIO = -5
	siTkill = -6

	cldExited   = 1
	busMceerrAR = 4
	busMceerrAO = 5
	segvBnderr  = 3
	segvPkuerr  = 4
	pollIn      = 1
	pollHup     = 6
)

type siginfo uint8

// Layout implements Type.
func (t siginfo) Layout(abi tables.ABI) Layout {
	return Layout{Size: int(t), Align: abi.WordSize()}
}

// ShowSiginfo shows the siginfo_t in raw, laid out as 64-bit programs have it:
// so PTRACE_GETSIGINFO gives it, whatever the tracee's ABI.
func ShowSiginfo(c *Call, raw []byte) {
	p := personalities.Of(c)
	p.abi, p.hidden = c.ABI, true
	c.ABI = tables.X86_64
	c.Release(0)
	Siginfo.Show(c, View{B: raw})
	c.ABI, p.hidden = p.abi, false
}

// personality is the ABI of a tracee while memory is laid out by another one.
type personality struct {
	abi    tables.ABI
	hidden bool
}

var personalities = NewCallSlot[personality]()

// personalityOf gives the tracee's own ABI.
func personalityOf(c *Call) tables.ABI {
	if p := personalities.Of(c); p.hidden {
		return p.abi
	}
	return c.ABI
}

// What all of them begin with. The second int is shown last.
var (
	siginfoHead  = &Struct{Fields: Fields{{"si_signo", Signal}, {"_", Int}, {"si_code", siginfoCode{Int}}}}
	siginfoErrno = &Struct{Fields: Fields{{"_", Int}, {"si_errno", Reserved{Errno}}, {"_", Int}}}
)

// siginfoUnion is what is before the members of an arm of the union: the head.
type siginfoUnion struct{}

func (siginfoUnion) Layout(abi tables.ABI) Layout {
	return Layout{Size: AlignUp(3*4, abi.WordSize()), Align: abi.WordSize()}
}

func (siginfoUnion) Show(*Call, View) {}

// wordAligned is no member, but what follows is aligned as a pointer is.
type wordAligned struct{}

func (wordAligned) Layout(abi tables.ABI) Layout { return Layout{Size: 0, Align: abi.WordSize()} }

func (wordAligned) Show(*Call, View) {}

// Parts of arms. A union within the union is two parts in the same place.
var (
	siginfoSource = &Struct{Fields: Fields{{"_", siginfoUnion{}}, {"si_pid", PIDOf(ThreadGroup)}, {"si_uid", ID}}}
	siginfoInt    = &Struct{Fields: Fields{{"_", siginfoUnion{}}, {"_", &Array{Of: Int, N: 2}}, {"_", wordAligned{}}, {"si_int", Int}}}
	siginfoPtr    = &Struct{Fields: Fields{{"_", siginfoUnion{}}, {"_", &Array{Of: Int, N: 2}}, {"si_ptr", Addr}}}
	siginfoTimer  = &Struct{Fields: Fields{{"_", siginfoUnion{}}, {"si_timerid", X32}, {"si_overrun", Int}}}
	siginfoPoll   = &Struct{Fields: Fields{{"_", siginfoUnion{}}, {"si_band", Long}, {"si_fd", FD}}}
	siginfoChild  = &Struct{Fields: Fields{{"_", siginfoUnion{}}, {"si_pid", PIDOf(ThreadGroup)}, {"si_uid", ID},
		{"si_status", siginfoStatus{Int}}, {"si_utime", ClockT}, {"si_stime", ClockT}}}
	siginfoAddr    = &Struct{Fields: Fields{{"_", siginfoUnion{}}, {"si_addr", Addr}}}
	siginfoAddrLSB = &Struct{Fields: Fields{{"_", siginfoUnion{}}, {"si_addr", Addr}, {"si_addr_lsb", X16}}}
	siginfoBounds  = &Struct{Fields: Fields{{"_", siginfoUnion{}}, {"si_addr", Addr}, {"_", Addr}, {"si_lower", Addr}, {"si_upper", Addr}}}
	siginfoPkey    = &Struct{Fields: Fields{{"_", siginfoUnion{}}, {"si_addr", Addr}, {"_", Addr}, {"si_pkey", Uint}}}
	siginfoSyscall = &Struct{Fields: Fields{{"_", siginfoUnion{}}, {"si_call_addr", Addr}, {"si_syscall", SyscallNumber{U32, "si_arch"}},
		{"si_arch", &Enum{Set: &tables.AuditArch}}}}
)

func (t siginfo) Show(c *Call, v View) {
	c.Out.BeginStruct()
	signo, code := int(int32(v.Uint(4))), int(v.At(8, 4).Int(4))
	if signo != 0 {
		siginfoHead.ShowMembers(c, v)
		siginfoErrno.ShowMembers(c, v)
		showArm(c, v, signo, code)
	}
	c.Out.EndStruct()
}

func showArm(c *Call, v View, signo, code int) {
	show := func(parts ...*Struct) {
		for _, p := range parts {
			p.ShowMembers(c, v)
		}
	}
	ptr, _ := siginfoPtr.NumberIn(c, "si_ptr", v)
	switch {
	case code == siUser || code == siTkill:
		show(siginfoSource)
	case code == siTimer:
		show(siginfoTimer, siginfoInt, siginfoPtr)
	case code == siSIGIO:
		show(siginfoPoll)
	case code <= 0: // sent by a process: SI_QUEUE and the like
		show(siginfoSource)
		if ptr != 0 {
			show(siginfoInt, siginfoPtr)
		}
	case signo == int(unix.SIGCHLD):
		show(siginfoChild)
	case signo == int(unix.SIGBUS) && (code == busMceerrAR || code == busMceerrAO):
		show(siginfoAddrLSB)
	case signo == int(unix.SIGSEGV) && code == segvBnderr:
		show(siginfoBounds)
	case signo == int(unix.SIGSEGV) && code == segvPkuerr:
		show(siginfoPkey)
	case signo == int(unix.SIGILL), signo == int(unix.SIGFPE), signo == int(unix.SIGBUS),
		signo == int(unix.SIGSEGV), signo == int(unix.SIGTRAP):
		show(siginfoAddr)
	case signo == int(unix.SIGIO):
		if pollIn <= code && code <= pollHup {
			show(siginfoPoll)
		}
	case signo == int(unix.SIGSYS):
		show(siginfoSyscall)
	default:
		pid, _ := siginfoSource.NumberIn(c, "si_pid", v)
		uid, _ := siginfoSource.NumberIn(c, "si_uid", v)
		if pid != 0 || uid != 0 {
			show(siginfoSource)
		}
		if ptr != 0 {
			show(siginfoInt, siginfoPtr)
		}
	}
}

// siginfoCode is si_code: a name that all signals have, or one of the signal's.
type siginfoCode struct{ Number }

func (t siginfoCode) Show(c *Call, v View) {
	code := uint64(uint32(t.Value(c, v)))
	set := &tables.SiCode
	if _, ok := set.Lookup(code); !ok {
		signo, _ := siginfoHead.NumberIn(c, "si_signo", c.Frame(0).View)
		if own := codesOf(int(int32(signo))); own != nil {
			set = own
		}
	}
	c.Out.Enum(code, set, output.Hex)
}

func codesOf(signo int) *tables.Set {
	switch unix.Signal(signo) {
	case unix.SIGTRAP:
		return &tables.SiCodeTrap
	case unix.SIGCHLD:
		return &tables.SiCodeChld
	case unix.SIGIO:
		return &tables.SiCodePoll
	case unix.SIGILL:
		return &tables.SiCodeIll
	case unix.SIGFPE:
		return &tables.SiCodeFpe
	case unix.SIGSEGV:
		return &tables.SiCodeSegv
	case unix.SIGBUS:
		return &tables.SiCodeBus
	case unix.SIGSYS:
		return &tables.SiCodeSys
	}
	return nil
}

// siginfoStatus is si_status: an exit status or the signal that ended or
// stopped the child.
type siginfoStatus struct{ Number }

func (t siginfoStatus) Show(c *Call, v View) {
	code, _ := siginfoHead.NumberIn(c, "si_code", c.Frame(0).View)
	if code == cldExited {
		t.Number.Show(c, v)
		return
	}
	Signal.Show(c, v)
}

// SyscallNumber is the number of a call of the ABI that arch names: shown as
// the constant that programs use, or as a number where the tracee's own ABI is
// another one.
type SyscallNumber struct {
	Number
	Arch Ref
}

func (t SyscallNumber) Show(c *Call, v View) {
	nr := t.Value(c, v)
	if abi, ok := ABIOfArch(t.Arch.Num(c)); ok {
		if abi == tables.X86_64 && nr&tables.X32Bit != 0 {
			abi = tables.X32
		}
		if row := tables.Lookup(abi, nr&^tables.X32Bit); row != nil {
			if abi == personalityOf(c) {
				c.Out.Symbol(nr, "__NR_"+row.Name, output.Unsigned)
				return
			}
			c.Out.Number(nr, output.Unsigned)
			c.Out.Comment(output.Gloss, row.Name)
			return
		}
	}
	c.Out.Number(nr, output.Unsigned)
}

// ABIOfArch finds the ABI of an AUDIT_ARCH_ value (linux/audit.h). The calls of
// x32 have that of x86-64.
func ABIOfArch(arch uint64) (tables.ABI, bool) {
	switch arch {
	case unix.AUDIT_ARCH_X86_64:
		return tables.X86_64, true
	case unix.AUDIT_ARCH_I386:
		return tables.I386, true
	}
	return 0, false
}
