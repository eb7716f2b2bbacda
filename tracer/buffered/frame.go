//go:build linux && amd64

package buffered

import (
	"encoding/binary"

	"golang.org/x/sys/unix"
)

// rt_sigreturn restores the registers from a frame at the stack pointer, and so never comes
// back to the stub. The stub records it before it makes the call. This is right only for a
// frame that the kernel cannot refuse.

// Offsets in what rt_sigreturn finds at the stack pointer, struct ucontext of
// asm-generic/ucontext.h with struct sigcontext of asm/sigcontext.h, and in the state of
// the floating point registers that this leads to.
const (
	frameRAX  = 144
	frameFP   = 224
	frameSize = 304

	fpMXCSR      = 24
	fpMagic      = 464
	fpFeatures   = 472 // 8 bytes
	fpSize       = 480
	fpPresent    = 512 // 8 bytes, and 8 for its layout
	fpHeaderSize = 576
	fpAlignment  = 64
	fpEnd        = 2696 // of the registers in KnownFeatures, at most

	fpMagicValue  = 0x46505853 // FP_XSTATE_MAGIC1: there is more than the first 512 bytes
	reservedMXCSR = ^uint32(1<<16 - 1)
)

// FrameSize is the size of a frame up to and with the signals that are blocked after it.
const FrameSize = frameSize

// FeaturesAt is the offset of the features that the kernel has, in the first FeaturesSize
// bytes of NT_X86_XSTATE: it has them there as a frame has its own (asm/user.h).
const (
	FeaturesAt   = fpMagic
	FeaturesSize = fpPresent
)

// KnownFeatures are the sets of registers of which any value can be restored, if the
// processor has them: x87, SSE, AVX, AVX-512 and PKRU.
const KnownFeatures = 0b10_1110_0111

// ResultOfFrame returns the result of an rt_sigreturn that restores the registers at sp. It
// returns false for a frame that the kernel may refuse. read reads the memory, and features
// are those in KnownFeatures that the processor has. The stub does the same (returns), but with
// larger frames the call stops.
func ResultOfFrame(sp, features uint64, read func(addr uint64, b []byte) int) (result int64, ok bool) {
	le := binary.LittleEndian
	var frame [frameSize]byte
	var fp [fpHeaderSize]byte
	var word [4]byte
	if read(sp, frame[:]) != len(frame) {
		return 0, false
	}
	result = int64(le.Uint64(frame[frameRAX:]))
	at := le.Uint64(frame[frameFP:])
	if at == 0 {
		return result, true
	}
	if at%fpAlignment != 0 || read(at, fp[:]) != len(fp) {
		return 0, false
	}
	hasWord := func(addr uint64) bool { return read(addr, word[:]) == len(word) }
	size, present := uint64(le.Uint32(fp[fpSize:])), le.Uint64(fp[fpPresent:])
	ok = le.Uint32(fp[fpMagic:]) == fpMagicValue && le.Uint32(fp[fpMXCSR:])&reservedMXCSR == 0 &&
		present&^(le.Uint64(fp[fpFeatures:])&features) == 0 && [fpHeaderSize - fpPresent - 8]byte(fp[fpPresent+8:]) == [fpHeaderSize - fpPresent - 8]byte{} &&
		size >= fpHeaderSize && hasWord(at+size) && (size == fpEnd || hasWord(at+fpEnd))
	return result, ok
}

// IsLeaving reports whether a stopped thread is about to make the rt_sigreturn that it has
// recorded.
func (s *Stub) IsLeaving(regs *unix.PtraceRegs) bool { return regs.Rip == StubAddr+s.leaves }
