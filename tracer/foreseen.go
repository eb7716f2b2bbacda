//go:build linux && amd64

package tracer

import (
	"encoding/binary"

	"golang.org/x/sys/unix"

	"trapline/tables"
)

// With buffered calls, some of the calls that stop need no stop at their exit, since
// their result is known before:
//
//   - execve, when it has replaced the program (PTRACE_EVENT_EXEC): from there on it
//     cannot fail;
//   - rt_sigreturn, whose result is in the frame that it restores;
//   - arch_prctl(ARCH_SET_FS), which the tracer makes itself.
//
// Their Exit follows in the same stop. How long the last two take is not known then, so
// they stop where times are shown.

// foresee returns the result of the call in which a tracee is stopped, if it is known
// and nothing has to be seen at its exit.
func (t *Tracer) foresee(tr *Tracee) (result int64, ok bool) {
	if t.buffered == nil || t.interrupt.Load() != 0 || t.ending || t.event.Delay > 0 || tr.pending != 0 ||
		!tr.inCall || !tr.filtered || tr.everyCall || tr.untraced != nil || tr.changed != nil || tr.state != stopped {
		return 0, false
	}
	call := &tr.call
	switch {
	case t.event.Kind == Exec:
		return 0, t.event.FormerTID == 0 && isExec(call.ABI, call.NR)
	case t.event.Kind != Enter || tr.launch != notLaunched || call.ABI != tables.X86_64 || t.opts.BufferedTimes || t.usage != nil:
		return 0, false
	case call.NR == unix.SYS_RT_SIGRETURN:
		return tr.resultOfFrame(call.SP)
	case call.NR == unix.SYS_ARCH_PRCTL && tr.buffered != nil && tr.buffered.moving:
		return 0, tr.makeSetFS(call.Args[1])
	}
	return 0, false
}

// exitForeseen makes the Exit of a call whose result has been foreseen. It returns nil if
// that is not wanted.
func (t *Tracer) exitForeseen(tr *Tracee, result int64) *Event {
	when := t.event.Time
	tr.inCall, tr.launch = false, notLaunched
	t.noteExec(tr, false)
	t.checkServed(tr)
	t.leaveBuffered(tr)
	call := &tr.call
	call.Ret, call.IsError = result, result < 0 && result >= -maxErrno
	if t.event.Kind == Exec && getSyscallInfo(tr.TID, &t.info) == 0 {
		call.IP, call.SP = t.info.ip, t.info.sp // where the new program begins
	}
	t.colocation.Exit(&tr.task, call.ABI, call.NR, call.Args[0], result)
	if tr.exitUnwanted {
		tr.exitUnwanted = false
		t.resume(tr)
		return nil
	}
	ev := t.report(Exit, tr)
	ev.Time = when
	return ev
}

// maxErrno is MAX_ERRNO of linux/err.h.
const maxErrno = 4095

// makeSetFS makes arch_prctl(ARCH_SET_FS), which a tracee has entered, for it. It returns
// false if the kernel has to do it.
func (tr *Tracee) makeSetFS(base uint64) bool {
	const taskSize = 1<<47 - pageSize // addresses beyond it may be valid, or not
	var regs Registers
	if base >= taskSize || tr.Registers(&regs) != nil || regs.Fs != 0 {
		return false
	}
	regs.Fs_base, regs.Rax, regs.Orig_rax = base, 0, ^uint64(0)
	return tr.SetRegisters(&regs) == nil
}

// Offsets in what rt_sigreturn finds at the stack pointer, struct ucontext of
// asm-generic/ucontext.h with struct sigcontext of asm/sigcontext.h, and in the state of
// the floating point registers that this leads to.
const (
	contextRAX   = 144
	contextFP    = 224
	contextSize  = 304
	fpMXCSR      = 24
	fpMagic      = 464
	fpFeatures   = 472 // 8 bytes
	fpSize       = 480
	fpPresent    = 512 // 8 bytes, and 8 for its layout
	fpHeaderSize = 576
	fpAlignment  = 64
	fpEnd        = 2696 // of the registers in fpKnown, at most
)

// fpKnown are the sets of registers of which any value can be restored, if the processor has
// them: x87, SSE, AVX, AVX-512 and PKRU.
const fpKnown = 0b10_1110_0111

// resultOfFrame returns the result of an rt_sigreturn that restores the registers at sp.
// It returns false for a frame that the kernel may refuse.
func (tr *Tracee) resultOfFrame(sp uint64) (result int64, ok bool) {
	const (
		magic    = 0x46505853         // FP_XSTATE_MAGIC1: there is more than the first 512 bytes
		reserved = ^uint32(1<<16 - 1) // of MXCSR
	)
	var context [contextSize]byte
	var fp [fpHeaderSize]byte
	if tr.ReadMemory(sp, context[:]) != len(context) {
		return 0, false
	}
	result = int64(binary.LittleEndian.Uint64(context[contextRAX:]))
	at := binary.LittleEndian.Uint64(context[contextFP:])
	if at == 0 {
		return result, true
	}
	if at%fpAlignment != 0 || tr.ReadMemory(at, fp[:]) != len(fp) {
		return 0, false
	}
	features, present := binary.LittleEndian.Uint64(fp[fpFeatures:]), binary.LittleEndian.Uint64(fp[fpPresent:])
	size := uint64(binary.LittleEndian.Uint32(fp[fpSize:]))
	ok = binary.LittleEndian.Uint32(fp[fpMagic:]) == magic && binary.LittleEndian.Uint32(fp[fpMXCSR:])&reserved == 0 &&
		present&^(features&tr.fpFeatures()) == 0 && [fpHeaderSize - fpPresent - 8]byte(fp[fpPresent+8:]) == [fpHeaderSize - fpPresent - 8]byte{} &&
		size >= fpHeaderSize && tr.hasWord(at+size) && (size == fpEnd || tr.hasWord(at+fpEnd))
	return result, ok
}

// fpFeatures returns those sets of registers in fpKnown that the processor has.
func (tr *Tracee) fpFeatures() uint64 {
	b := tr.t.buffered
	if !b.fpAsked {
		b.fpAsked = true
		var state [fpPresent]byte
		// The kernel has these features where a frame has its own, as asm/user.h says.
		if n, err := tr.RegisterSet(NoteX86Xstate, state[:]); err == nil && n == len(state) {
			b.fpFeatures = fpKnown & binary.LittleEndian.Uint64(state[fpMagic:])
		}
	}
	return b.fpFeatures
}

// hasWord reports whether there are four bytes of memory at an address.
func (tr *Tracee) hasWord(addr uint64) bool {
	var word [4]byte
	return tr.ReadMemory(addr, word[:]) == len(word)
}
