//go:build linux && amd64

package unwind

import "bytes"

// The functions in this file step from code without call frame information. They use the
// machine code and the stack.

// stepBySigreturn steps from a signal trampoline that is recognized by its
// code: those of musl and Go have no call frame information that marks them.
func (w *walk) stepBySigreturn() bool {
	r, mem := &w.regs, &w.u.memory
	caller := *r
	at, _ := r.get(r.sp)
	at += r.saved
	for i, n := range r.savedInTurn {
		if n == notFollowed {
			continue
		}
		v, ok := mem.load(at+uint64(i*r.word), r.word)
		if !ok {
			return false
		}
		caller.set(uint64(n), v)
	}
	w.regs, w.exact = caller, true
	return true
}

// isSigreturn reports whether the code at an address is that of a signal
// trampoline.
func (w *walk) isSigreturn(addr uint64) bool {
	var code [16]byte
	n := len(w.regs.sigreturn)
	return w.u.memory.read(addr, code[:n]) && bytes.Equal(code[:n], w.regs.sigreturn)
}

// isTrampoline reports whether a function that returns to an address is a
// signal handler.
func (w *walk) isTrampoline(addr uint64) bool {
	if w.isSigreturn(addr) {
		return true
	}
	d := w.describe(addr - 1) // as locate does
	return d.inTrampoline()
}

// stepFromLeaf steps from a function that has put nothing on the stack, such as
// a wrapper of a system call instruction: the return address is on top. It
// accepts a value as the return address only if the call before that address
// goes to this function.
func (w *walk) stepFromLeaf(d *description) bool {
	r, mem := &w.regs, &w.u.memory
	sp, ok := r.get(r.sp)
	if !ok {
		return false
	}
	ret, ok := mem.load(sp, r.word)
	if !ok || w.mappings.find(ret) == nil {
		return false
	}
	if d.mapping == nil {
		// A call of an address that is not code. It must be an indirect call.
		ok = w.behindIndirectCall(ret)
	} else {
		target, direct := w.callBefore(ret)
		const maxLeaf = 4096 // bytes of code
		ok = direct && r.pc()-target < maxLeaf
	}
	if !ok {
		return false
	}
	w.regs.set(r.sp, sp+uint64(r.word))
	w.regs.set(r.ra, ret)
	w.exact = false
	return true
}

// stepByFramePointer steps from a function with a classic frame: the frame
// pointer points to the saved one of the caller, and the return address is
// above it.
func (w *walk) stepByFramePointer() bool {
	r, mem := &w.regs, &w.u.memory
	fp, ok := r.get(r.fp)
	if !ok {
		return false
	}
	sp, ok := r.get(r.sp)
	if !ok || fp < sp || fp%uint64(r.word) != 0 {
		return false
	}
	word := uint64(r.word)
	saved, ok := mem.load(fp, r.word)
	ret, ok2 := mem.load(fp+word, r.word)
	if !ok || !ok2 || w.mappings.find(ret) == nil {
		return false
	}
	if _, direct := w.callBefore(ret); !direct && !w.behindIndirectCall(ret) && !w.isTrampoline(ret) {
		return false
	}
	w.regs.set(r.fp, saved)
	w.regs.set(r.sp, fp+2*word)
	w.regs.set(r.ra, ret)
	w.exact = false
	return true
}
