package process

import (
	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// Signals: kernel/signal.c. A size of a set that is not a sigset_t's makes
// the kernel refuse the call.

var signalCalls = Calls{
	{"rt_sigaction", Args{{"signum", Signal}, {"act", Ptr(sigaction)}, {"oldact", Out(sigaction)}, {"sigsetsize", Size}}, RetUnsigned},
	{"rt_sigprocmask", Args{
		{"how", Enum(tables.SigmaskHow)}, {"set", Ptr(RtSigset)}, {"oldset", Out(RtSigset)}, {"sigsetsize", Size},
	}, RetUnsigned},
	{"rt_sigpending", Args{{"set", Out(pendingSigset)}, {"sigsetsize", Size}}, RetUnsigned},
	{"rt_sigsuspend", Args{{"set", Ptr(RtSigset)}, {"sigsetsize", Size}}, RetUnsigned},
	{"rt_sigtimedwait", Args{{"set", Ptr(RtSigset)}, {"info", Out(Siginfo)}, {"timeout", Ptr(Timespec)}, {"sigsetsize", Size}}, retSignal},
	{"rt_sigqueueinfo", Args{{"tgid", PIDOf(ThreadGroup)}, {"signum", Signal}, {"info", Ptr(Siginfo)}}, RetUnsigned},
	{"rt_tgsigqueueinfo", Args{{"tgid", PIDOf(ThreadGroup)}, {"tid", PID}, {"signum", Signal}, {"info", Ptr(Siginfo)}}, RetUnsigned},
	{"pidfd_send_signal", Args{{"pidfd", FD}, {"signum", Signal}, {"info", Ptr(Siginfo)}, {"flags", Flags(tables.PidfdSignalFlags)}}, RetUnsigned},
	{"kill", Args{{"pid", PIDOrGroup}, {"signum", Signal}}, RetUnsigned},
	{"tkill", Args{{"tid", PID}, {"signum", Signal}}, RetUnsigned},
	{"tgkill", Args{{"tgid", PIDOf(ThreadGroup)}, {"tid", PID}, {"signum", Signal}}, RetUnsigned},
	{"sigaltstack", Args{{"ss", Ptr(sigstack)}, {"old_ss", Out(sigstack)}}, RetUnsigned},
	{"pause", Args{}, RetUnsigned},
	{"restart_syscall", Args{{"", resumed{}}}, RetUnsigned},
	{"signalfd", Args{{"fd", FD}, {"mask", Ptr(SigsetSized(Ref("sizemask")))}, {"sizemask", Size}}, RetFD},
	{"signalfd4", Args{{"fd", FD}, {"mask", Ptr(SigsetSized(Ref("sizemask")))}, {"sizemask", Size}, {"flags", Flags(tables.SignalfdFlags)}}, RetFD},
}

var signalCallsI386 = Calls{
	{"sigaction", Args{{"signum", Signal}, {"act", Ptr(oldSigaction)}, {"oldact", Out(oldSigaction)}}, RetUnsigned},
	{"signal", Args{{"signum", Signal}, {"handler", sigHandler}}, RetAddr.With(remarkHandler)},
	{"sigprocmask", Args{{"how", Enum(tables.SigmaskHow)}, {"set", Ptr(OldSigset)}, {"oldset", Out(OldSigset)}}, RetUnsigned},
	{"sigpending", Args{{"set", Out(OldSigset)}}, RetUnsigned},
	{"sigsuspend", Args{{"mask", InReg(2, OldSigset)}}, RetUnsigned},
	{"sgetmask", Args{}, RetHex.With(remarkMask("mask"))},
	{"ssetmask", Args{{"newmask", OldSigset}}, RetHex.With(remarkMask("old mask"))},
	{"rt_sigtimedwait_time64", Args{
		{"set", Ptr(RtSigset)}, {"info", Out(Siginfo)}, {"timeout", Ptr(Timespec64)}, {"sigsetsize", Size},
	}, retSignal},
}

// pendingSigset is the set of rt_sigpending, which may be of any size.
var pendingSigset = &SizedSigset{Size: Ref("sigsetsize"), Least: 1}

// sigaction is the kernel's struct sigaction, oldSigaction that of the call
// sigaction, with a set of one word.
var (
	sigaction = Struct(Fields{
		{"sa_handler", sigHandler}, {"sa_flags", FlagsOf(Xlong, tables.SigactionFlags)},
		{"sa_restorer", When(Has(Ref("sa_flags"), saRestorer), Addr)}, {"sa_mask", Sigset},
	}).Pick("sa_handler", "sa_mask", "sa_flags", "sa_restorer")
	oldSigaction = Struct(Fields{
		{"sa_handler", sigHandler}, {"sa_mask", OldSigset}, {"sa_flags", FlagsOf(Xlong, tables.SigactionFlags)},
		{"sa_restorer", When(Has(Ref("sa_flags"), saRestorer), Addr)},
	})
)

// saRestorer is SA_RESTORER (asm/signal.h): sa_restorer is valid.
const saRestorer = 0x04000000

// sigHandler is a handler's address or one of the values that stand for none.
var sigHandler Type = handler{Xlong}

type handler struct{ *Number }

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
func remarkMask(name string) func(c *Call) {
	return func(c *Call) {
		c.Out.BeginRemark(output.Aside)
		c.Out.Field(name)
		ShowSigset(c, uint64(c.Ret), c.WordSize())
		c.Out.EndRemark()
	}
}

// resumed tells which call restart_syscall takes up again: the last one.
type resumed struct{ OnStack }

func (resumed) Show(c *Call, _ View) {
	name := c.Previous
	if name == "" {
		name = "system call"
	}
	b := append(c.Alloc(128)[:0], "<... resuming interrupted "...)
	c.Out.Text(output.AsString(append(append(b, name...), " ...>"...)))
}

// retSignal is the signal that a call waited for.
var retSignal = RetUnsigned.With(func(c *Call) {
	if name := tables.SignalName(int(c.Ret)); name != "" {
		c.Remark(name)
	}
})

// sigstack is a stack_t.
var sigstack = Struct(Fields{
	{"ss_sp", Addr}, {"ss_flags", Flags(tables.SigaltstackFlags)}, {"ss_size", Size},
})
