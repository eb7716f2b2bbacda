//go:build linux && amd64

package tracer

import (
	"encoding/binary"
	"unsafe"

	"golang.org/x/sys/unix"

	"trapline/tables"
	"trapline/tracer/buffered"
)

// With buffered calls, some of the calls that stop need no stop at their exit, since
// their result is known before:
//
//   - execve, when it has replaced the program (PTRACE_EVENT_EXEC): from there on it
//     cannot fail;
//   - rt_sigreturn, whose result is in the frame that it restores, unless the stub makes it
//     (patchesReturn);
//   - arch_prctl(ARCH_SET_FS), which the tracer makes itself.
//
// Their Exit follows in the same stop. How long the last two take is not known then, so
// they stop where times are shown.

// foresees reports whether calls need no stop at their exit for the options.
func (t *Tracer) foresees() bool { return !t.opts.BufferedTimes && t.usage == nil }

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
	case t.event.Kind != Enter || tr.launch != notLaunched || call.ABI != tables.X86_64 || !t.foresees():
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

// resultOfFrame returns the result of an rt_sigreturn that restores the registers at sp.
// It returns false for a frame that the kernel may refuse.
func (tr *Tracee) resultOfFrame(sp uint64) (result int64, ok bool) {
	return buffered.ResultOfFrame(sp, tr.fpFeatures(), tr.ReadMemory)
}

// fpFeatures returns those sets of registers in buffered.KnownFeatures that the processor
// has. It must be called for a stopped tracee.
func (tr *Tracee) fpFeatures() uint64 {
	b := tr.t.buffered
	if !b.fpAsked {
		b.fpAsked = true
		var state [buffered.FeaturesSize]byte
		if n, err := tr.RegisterSet(NoteX86Xstate, state[:]); err == nil && n == len(state) {
			b.fpFeatures = buffered.KnownFeatures & binary.LittleEndian.Uint64(state[buffered.FeaturesAt:])
		}
	}
	return b.fpFeatures
}

// patchesReturn reports whether the rt_sigreturn that a tracee has entered is to be patched.
// Unwinders may know code that makes this call by its bytes, if nothing else describes it:
// only code with call frame information is patched, and a static Go program, which has no
// such unwinder.
func (t *Tracer) patchesReturn(tr *Tracee, slow bool) bool {
	s, ip := tr.space, tr.call.IP
	switch {
	case slow, s.unpatched == ip:
		return false
	case s.sites[ip] != nil:
		return tr.buffered == nil
	}
	x := &site{returns: ip}
	if p := t.placeOf(tr, x); p.text != nil && (s.ready && s.lookup == buffered.ByGS || p.text.Describes(ip-p.bias)) {
		if p.findHole(tr, x); p.found {
			return true
		}
	}
	if s.ready {
		s.unpatched = ip
	}
	return false
}

// finishReturn makes an rt_sigreturn for a thread that was stopped by a signal when it had
// recorded the call, but not made it. The signal then comes after the call.
func (t *Tracer) finishReturn(tr *Tracee, sig unix.Signal, info *[SiginfoSize]byte) {
	r := t.beginRemote(tr)
	for range 2 { // to the entry of the call, and to its exit
		if !r.resume(unix.PTRACE_SYSCALL, isSyscallStop) {
			return
		}
	}
	r.sendHeld()
	tr.again = new([SiginfoSize]byte)
	*tr.again = *info
	tr.pending = sig
}

// restoreInfo gives the signal of a stop, which finishReturn has sent, its old information.
func (tr *Tracee) restoreInfo(sig unix.Signal, info *[SiginfoSize]byte) {
	const kernel = 0x80 // SI_KERNEL of asm-generic/siginfo.h
	code := func(info *[SiginfoSize]byte) int32 { return int32(binary.NativeEndian.Uint32(info[siginfoCode:])) }
	if tr.again == nil || unix.Signal(binary.NativeEndian.Uint32(tr.again[:])) != sig || code(info) != kernel {
		return
	}
	if ptraceData(unix.PTRACE_SETSIGINFO, tr.TID, 0, unsafe.Pointer(tr.again)) == 0 {
		*info = *tr.again
	}
	tr.again = nil
}
