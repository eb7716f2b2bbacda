package process

import (
	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/tables"
)

// Return from a signal handler: arch/x86/kernel/signal_64.c and signal_32.c. The
// argument is the frame that the kernel put on the stack.

var signalReturnCalls = Calls{
	{"rt_sigreturn", Args{{"sigmask", rtSigframe{}}}, RetUnsigned},
}

var signalReturnCallsI386 = Calls{
	{"sigreturn", Args{{"sigmask", sigframe{}}}, RetUnsigned},
}

// rtSigframe is a struct rt_sigframe. Its first word, the return address, has
// already been popped when the call is made.
type rtSigframe struct{ Unsized }

// Offsets of uc.uc_sigmask from the second word of the frame (asm/ucontext.h).
// Before it are the flags, link, stack and registers of a struct ucontext and, on
// i386, the handler's arguments and a siginfo_t.
const (
	rtMask64 = 8 + 8 + 24 + 256
	rtMask32 = 3*4 + SiginfoSize + 4 + 4 + 12 + 88
)

func (rtSigframe) Show(c *Call, _ View) {
	addr := c.SP + rtMask64
	if c.ABI == tables.I386 {
		addr = c.SP + rtMask32
	}
	c.Out.BeginStruct()
	c.Out.Field("mask")
	if mask, ok := c.ReadUint(addr, SigsetSize); ok {
		ShowSigset(c, mask, SigsetSize)
	} else {
		c.Out.Addr(addr)
	}
	c.Out.EndStruct()
}

// Keep implements the capture of it: the frame up to the mask, which buffered calls look at.
func (rtSigframe) Keep(k *Keeps) {
	if k.ABI == tables.I386 {
		k.Gap("its frame has another layout")
		return
	}
	k.Stack(rtMask64 + SigsetSize)
}

// sigframe is a struct sigframe_ia32 after its return address and signal. The
// lower half of the mask is the second last member of its struct sigcontext; the
// upper half follows the floating-point state.
type sigframe struct{ Unsized }

const (
	maskLow  = 20 * 4
	maskHigh = 22*4 + 156*4
)

func (sigframe) Show(c *Call, _ View) {
	low, ok := c.ReadUint(c.SP+maskLow, 4)
	high, ok2 := c.ReadUint(c.SP+maskHigh, 4)
	if !ok || !ok2 {
		c.Out.Addr(c.SP)
		return
	}
	c.Out.BeginStruct()
	c.Out.Field("mask")
	ShowSigset(c, low|high<<32, SigsetSize)
	c.Out.EndStruct()
}
