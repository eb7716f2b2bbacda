package process

import (
	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// Signals: kernel/signal.c. The kernel refuses sets of another size than a
// sigset_t.

var signalCalls = Calls{
	{"rt_sigaction", Args{{"signum", Signal}, {"act", &Ptr{To: sigaction}}, {"oldact", &Out{To: sigaction}}, {"sigsetsize", Size}}, RetUnsigned},
	{"rt_sigprocmask", Args{
		{"how", &Enum{Set: &tables.SigmaskHow}}, {"set", &Ptr{To: &RtSigset}}, {"oldset", &Out{To: &RtSigset}}, {"sigsetsize", Size},
	}, RetUnsigned},
	{"rt_sigpending", Args{{"set", &Out{To: pendingSigset}}, {"sigsetsize", Size}}, RetUnsigned},
	{"rt_sigsuspend", Args{{"set", &Ptr{To: &RtSigset}}, {"sigsetsize", Size}}, RetUnsigned},
	{"rt_sigtimedwait", Args{{"set", &Ptr{To: &RtSigset}}, {"info", &Out{To: Siginfo}}, {"timeout", &Ptr{To: &Timespec}}, {"sigsetsize", Size}}, retSignal},
	{"rt_sigqueueinfo", Args{{"tgid", PIDOf(ThreadGroup)}, {"signum", Signal}, {"info", &Ptr{To: Siginfo}}}, RetUnsigned},
	{"rt_tgsigqueueinfo", Args{{"tgid", PIDOf(ThreadGroup)}, {"tid", PID}, {"signum", Signal}, {"info", &Ptr{To: Siginfo}}}, RetUnsigned},
	{"pidfd_send_signal", Args{{"pidfd", FD}, {"signum", Signal}, {"info", &Ptr{To: Siginfo}}, {"flags", &Flags{Set: &tables.PidfdSignalFlags}}}, RetUnsigned},
	{"kill", Args{{"pid", PIDOrGroup}, {"signum", Signal}}, RetUnsigned},
	{"tkill", Args{{"tid", PID}, {"signum", Signal}}, RetUnsigned},
	{"tgkill", Args{{"tgid", PIDOf(ThreadGroup)}, {"tid", PID}, {"signum", Signal}}, RetUnsigned},
	{"sigaltstack", Args{{"ss", &Ptr{To: sigstack}}, {"old_ss", &Out{To: sigstack}}}, RetUnsigned},
	{"pause", Args{}, RetUnsigned},
	{"restart_syscall", Args{{"", resumed{}}}, RetUnsigned},
	{"signalfd", Args{{"fd", FD}, {"mask", &Ptr{To: &SizedSigset{Size: Ref("sizemask")}}}, {"sizemask", Size}}, RetFD},
	{"signalfd4", Args{{"fd", FD}, {"mask", &Ptr{To: &SizedSigset{Size: Ref("sizemask")}}}, {"sizemask", Size}, {"flags", &Flags{Set: &tables.SignalfdFlags}}}, RetFD},
}

var signalCallsI386 = Calls{
	{"sigaction", Args{{"signum", Signal}, {"act", &Ptr{To: oldSigaction}}, {"oldact", &Out{To: oldSigaction}}}, RetUnsigned},
	{"signal", Args{{"signum", Signal}, {"handler", sigHandler}}, &ResultWith{Ret: RetAddr, Remark: remarkHandler}},
	{"sigprocmask", Args{{"how", &Enum{Set: &tables.SigmaskHow}}, {"set", &Ptr{To: OldSigset}}, {"oldset", &Out{To: OldSigset}}}, RetUnsigned},
	{"sigpending", Args{{"set", &Out{To: OldSigset}}}, RetUnsigned},
	{"sigsuspend", Args{{"mask", &InReg{Reg: 2, Of: OldSigset}}}, RetUnsigned},
	{"sgetmask", Args{}, &ResultWith{Ret: RetHex, Remark: func(c *Call) { remarkMask(c, "mask") }}},
	{"ssetmask", Args{{"newmask", OldSigset}}, &ResultWith{Ret: RetHex, Remark: func(c *Call) { remarkMask(c, "old mask") }}},
	{"rt_sigtimedwait_time64", Args{
		{"set", &Ptr{To: &RtSigset}}, {"info", &Out{To: Siginfo}}, {"timeout", &Ptr{To: &Timespec64}}, {"sigsetsize", Size},
	}, retSignal},
}

// pendingSigset is the set of rt_sigpending, which may have any size up to that
// of a sigset_t.
var pendingSigset = &SizedSigset{Size: Ref("sigsetsize"), Least: 1}

// sigaction is the kernel's struct sigaction. oldSigaction is the one that the
// call sigaction takes, with a set of one word.
var (
	sigaction = &Struct{C: "sigaction", Of: &Struct{Fields: Fields{
		{"sa_handler", sigHandler}, {"sa_flags", &Flags{In: Xlong, Set: &tables.SigactionFlags}},
		{"sa_restorer", &When{If: &Has{N: Ref("sa_flags"), Values: Nums{saRestorer}}, Then: Addr}}, {"sa_mask", Sigset},
	}}, Pick: Names{"sa_handler", "sa_mask", "sa_flags", "sa_restorer"}}
	oldSigaction = &Struct{Fields: Fields{
		{"sa_handler", sigHandler}, {"sa_mask", OldSigset}, {"sa_flags", &Flags{In: Xlong, Set: &tables.SigactionFlags}},
		{"sa_restorer", &When{If: &Has{N: Ref("sa_flags"), Values: Nums{saRestorer}}, Then: Addr}},
	}}
)

// saRestorer is SA_RESTORER (asm/signal.h): the member sa_restorer is valid.
const saRestorer = 0x04000000

// sigHandler is the address of a handler, or a special value such as SIG_IGN.
var sigHandler = handler{Xlong}

type handler struct{ Number }

func (t handler) Show(c *Call, v View) {
	addr := t.Value(c, v)
	if name, ok := handlerName(addr); ok {
		c.Out.Symbol(addr, name, output.Hex)
		return
	}
	c.Out.Addr(addr)
}

func handlerName(addr uint64) (string, bool) {
	if addr == 1<<32-1 { // SIG_ERR is -1, in 64 bits only
		return "", false
	}
	return tables.SigHandler.Lookup(addr)
}

func remarkHandler(c *Call) {
	if name, ok := handlerName(uint64(c.Ret)); ok {
		c.Remark(name)
	}
}

// remarkMask shows the set of signals that a call returns.
func remarkMask(c *Call, name string) {
	c.Outcome.BeginRemark(output.Aside)
	c.Out.Field(name)
	ShowSigset(c, uint64(c.Ret), c.WordSize())
	c.Outcome.EndRemark()
}

// resumed shows which call restart_syscall continues: the tracee's previous one.
type resumed struct{ Unsized }

func (resumed) Show(c *Call, _ View) {
	name := c.Previous
	if name == "" {
		name = "system call"
	}
	b := append(c.Alloc(128)[:0], "<... resuming interrupted "...)
	c.Out.Text(output.AsString(append(append(b, name...), " ...>"...)))
}

// retSignal is a result that is a signal, with its name.
var retSignal = &ResultWith{Ret: RetUnsigned, Remark: func(c *Call) {
	if name := tables.SignalName(int(c.Ret)); name != "" {
		c.Remark(name)
	}
}}

// sigstack is a stack_t.
var sigstack = &Struct{C: "sigaltstack", Fields: Fields{
	{"ss_sp", Addr}, {"ss_flags", &Flags{Set: &tables.SigaltstackFlags}}, {"ss_size", Size},
}}
