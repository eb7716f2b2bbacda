package kernel

import (
	"math"
	"slices"

	"golang.org/x/sys/unix"

	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// Siginfo is a siginfo_t (asm-generic/siginfo.h): three ints and a union, of
// which the signal and the code select an arm.
const Siginfo = siginfo(SiginfoSize)

// SiginfoSize is the size of a siginfo_t, in bytes.
const SiginfoSize = 128

// Values of si_code that select an arm.
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

// Keep implements keeper of package lang.
func (siginfo) Keep(k *Keeps) {
	for i := range siginfoArms {
		for _, part := range siginfoArms[i].parts {
			part.Keep(k)
		}
	}
}

// ShowSiginfo shows the siginfo_t in raw, which has the layout of 64-bit
// programs. PTRACE_GETSIGINFO returns this layout for tracees of all ABIs.
func ShowSiginfo(c *Call, raw []byte) {
	p := personalities.Of(c)
	p.abi, p.hidden = c.ABI, true
	c.ABI = tables.X86_64
	c.Release(0)
	Siginfo.Show(c, View{B: raw})
	c.ABI, p.hidden = p.abi, false
}

// personality is the ABI of a tracee while memory in the layout of another ABI is
// shown.
type personality struct {
	abi    tables.ABI
	hidden bool
}

var personalities CallSlot[personality]

// personalityOf returns the tracee's own ABI.
func personalityOf(c *Call) tables.ABI {
	if p := personalities.Of(c); p.hidden {
		return p.abi
	}
	return c.ABI
}

// The start of all siginfo_t. Its second int is shown last.
var (
	siginfoHead  = &Struct{Fields: Fields{{"si_signo", Signal}, {"_", Int}, {"si_code", siginfoCode{Int}}}}
	siginfoErrno = &Struct{Fields: Fields{{"_", Int}, {"si_errno", Reserved{Errno}}, {"_", Int}}}
)

// siginfoUnion is the union. Its arms start with a head.
type siginfoUnion struct{}

func (siginfoUnion) Layout(abi tables.ABI) Layout {
	return Layout{Size: AlignUp(3*4, abi.WordSize()), Align: abi.WordSize()}
}

func (siginfoUnion) Show(*Call, View) {}

func (siginfoUnion) Keep(*Keeps) {}

// wordAligned is not a member. It aligns what follows like a pointer.
type wordAligned struct{}

func (wordAligned) Layout(abi tables.ABI) Layout { return Layout{Size: 0, Align: abi.WordSize()} }

func (wordAligned) Show(*Call, View) {}

func (wordAligned) Keep(*Keeps) {}

// Parts of arms. A union within the union is described as two parts at the same
// offset.
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

// siginfoArm is the arm for a signal and some of its codes.
type siginfoArm struct {
	signal      unix.Signal // 0 for any
	first, last int         // codes
	parts       []*Struct
	source      bool // followed by a source, unless that is zero
	value       bool // followed by a value, unless that is zero
}

// All codes of a signal, and the codes of signals that processes send (SI_QUEUE
// and others).
const (
	leastCode = math.MinInt
	mostCode  = math.MaxInt
	sentCode  = 0
)

// siginfoArms are the arms. The first that matches is used.
var siginfoArms = [...]siginfoArm{
	{0, siUser, siUser, []*Struct{siginfoSource}, false, false},
	{0, siTkill, siTkill, []*Struct{siginfoSource}, false, false},
	{0, siTimer, siTimer, []*Struct{siginfoTimer, siginfoInt, siginfoPtr}, false, false},
	{0, siSIGIO, siSIGIO, []*Struct{siginfoPoll}, false, false},
	{0, leastCode, sentCode, []*Struct{siginfoSource}, false, true},
	{tables.SIGCHLD, leastCode, mostCode, []*Struct{siginfoChild}, false, false},
	{tables.SIGBUS, busMceerrAR, busMceerrAO, []*Struct{siginfoAddrLSB}, false, false},
	{tables.SIGSEGV, segvBnderr, segvBnderr, []*Struct{siginfoBounds}, false, false},
	{tables.SIGSEGV, segvPkuerr, segvPkuerr, []*Struct{siginfoPkey}, false, false},
	{tables.SIGILL, leastCode, mostCode, []*Struct{siginfoAddr}, false, false},
	{tables.SIGFPE, leastCode, mostCode, []*Struct{siginfoAddr}, false, false},
	{tables.SIGBUS, leastCode, mostCode, []*Struct{siginfoAddr}, false, false},
	{tables.SIGSEGV, leastCode, mostCode, []*Struct{siginfoAddr}, false, false},
	{tables.SIGTRAP, leastCode, mostCode, []*Struct{siginfoAddr}, false, false},
	{tables.SIGIO, pollIn, pollHup, []*Struct{siginfoPoll}, false, false},
	{tables.SIGIO, leastCode, mostCode, nil, false, false},
	{tables.SIGSYS, leastCode, mostCode, []*Struct{siginfoSyscall}, false, false},
	{0, leastCode, mostCode, nil, true, true},
}

func showArm(c *Call, v View, signo, code int) {
	i := slices.IndexFunc(siginfoArms[:], func(arm siginfoArm) bool {
		return (arm.signal == 0 || int(arm.signal) == signo) && arm.first <= code && code <= arm.last
	})
	arm := &siginfoArms[i]
	for _, part := range arm.parts {
		part.ShowMembers(c, v)
	}
	number := func(st *Struct, member string) uint64 {
		n, _ := st.NumberIn(c, member, v)
		return n
	}
	if arm.source && (number(siginfoSource, "si_pid") != 0 || number(siginfoSource, "si_uid") != 0) {
		siginfoSource.ShowMembers(c, v)
	}
	if arm.value && number(siginfoPtr, "si_ptr") != 0 {
		siginfoInt.ShowMembers(c, v)
		siginfoPtr.ShowMembers(c, v)
	}
}

// siginfoCode is si_code. Its name is one that all signals share, or one of the
// signal's own.
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

// codesOf returns the names of a signal's own codes, or nil.
func codesOf(signo int) *tables.Set {
	for i := range signalCodes {
		if int(signalCodes[i].signal) == signo {
			return signalCodes[i].codes
		}
	}
	return nil
}

var signalCodes = [...]struct {
	signal unix.Signal
	codes  *tables.Set
}{
	{tables.SIGTRAP, &tables.SiCodeTrap},
	{tables.SIGCHLD, &tables.SiCodeChld},
	{tables.SIGIO, &tables.SiCodePoll},
	{tables.SIGILL, &tables.SiCodeIll},
	{tables.SIGFPE, &tables.SiCodeFpe},
	{tables.SIGSEGV, &tables.SiCodeSegv},
	{tables.SIGBUS, &tables.SiCodeBus},
	{tables.SIGSYS, &tables.SiCodeSys},
}

// siginfoStatus is si_status: an exit status, or the signal that killed or
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

// SyscallNumber is the number of a call. The ABI is in the member called Arch. It
// is shown as a constant if the ABI is the tracee's own, otherwise as a number.
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

// ABIOfArch returns the ABI for an AUDIT_ARCH_ value (linux/audit.h). Calls of
// x32 have that of x86-64.
func ABIOfArch(arch uint64) (tables.ABI, bool) {
	switch arch {
	case tables.AUDIT_ARCH_X86_64:
		return tables.X86_64, true
	case tables.AUDIT_ARCH_I386:
		return tables.I386, true
	}
	return 0, false
}
