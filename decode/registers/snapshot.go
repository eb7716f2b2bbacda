// Package registers shows the registers of a tracee and tells why they changed.
//
// A Snapshot is what ptrace gives at one stop; the caller fills it in. It can
// list its registers (Snapshot.Registers), of which a caller chooses groups by
// Sets. A Transition says what happened between two snapshots: which call, with
// which arguments and result. Transition.Changes compares the snapshots, and
// gives each register that differs the first reason of a table (reasons.go)
// which applies. A change that no reason accounts for is marked as unexplained:
// somebody else has written that register.
//
// The results are output.Register and output.RegisterChange, which the formats
// know how to show. The package knows x86-64 and i386 only.
package registers

import (
	"golang.org/x/sys/unix"

	"trapline/output"
)

// Sets is a set of groups of registers.
type Sets uint8

const (
	General  Sets = 1 << iota // general purpose, ip and flags, orig_rax
	Segment                   // segment selectors, fs_base and gs_base
	Float                     // x87 and SSE (NT_PRFPREG)
	Vector                    // all else that XSAVE saves (NT_X86_XSTATE)
	Default  = General | Segment
	Extended = Float | Vector
)

// Snapshot is the registers of a tracee at one stop.
type Snapshot struct {
	// User is the kernel's user_regs_struct, of which 32-bit code uses the
	// lower halves.
	User unix.PtraceRegs
	// Float is the 512 bytes of FXSAVE, Vector the whole of XSAVE's state in
	// the standard layout; each empty if it was not fetched.
	Float, Vector []byte
}

// userCode32 is the code segment of 32-bit programs (__USER32_CS of
// asm/segment.h).
const userCode32 = 0x23

// Is32Bit says that the tracee runs 32-bit code, whatever the ABI of its call.
func (s *Snapshot) Is32Bit() bool { return s.User.Cs == userCode32 }

// register is a member of user_regs_struct.
type register struct {
	name   string // in 64-bit code
	name32 string // in 32-bit code; empty where that cannot see it
	set    Sets
	bits   uint8 // 64, or 16 for selectors; 32-bit code sees 32 of 64
	value  func(*unix.PtraceRegs) *uint64
	role   role
}

// role says what part a register plays in a call. Reasons for changes go by it.
type role uint32

const (
	regOther role = 1 << iota
	regAX         // the number, then the result
	regCX
	regSP
	regR11
	regIP
	regFlags
	regOrigAX
	regFSBase
	regGSBase
	regFS
	regGS
	regPKRU
	regExtended // floating point and vector state

	anyReg = ^role(0)
)

// userRegisters are in the order in which they are shown.
var userRegisters = [...]register{
	{"rax", "eax", General, 64, func(r *unix.PtraceRegs) *uint64 { return &r.Rax }, regAX},
	{"rbx", "ebx", General, 64, func(r *unix.PtraceRegs) *uint64 { return &r.Rbx }, regOther},
	{"rcx", "ecx", General, 64, func(r *unix.PtraceRegs) *uint64 { return &r.Rcx }, regCX},
	{"rdx", "edx", General, 64, func(r *unix.PtraceRegs) *uint64 { return &r.Rdx }, regOther},
	{"rsi", "esi", General, 64, func(r *unix.PtraceRegs) *uint64 { return &r.Rsi }, regOther},
	{"rdi", "edi", General, 64, func(r *unix.PtraceRegs) *uint64 { return &r.Rdi }, regOther},
	{"rbp", "ebp", General, 64, func(r *unix.PtraceRegs) *uint64 { return &r.Rbp }, regOther},
	{"rsp", "esp", General, 64, func(r *unix.PtraceRegs) *uint64 { return &r.Rsp }, regSP},
	{"r8", "", General, 64, func(r *unix.PtraceRegs) *uint64 { return &r.R8 }, regOther},
	{"r9", "", General, 64, func(r *unix.PtraceRegs) *uint64 { return &r.R9 }, regOther},
	{"r10", "", General, 64, func(r *unix.PtraceRegs) *uint64 { return &r.R10 }, regOther},
	{"r11", "", General, 64, func(r *unix.PtraceRegs) *uint64 { return &r.R11 }, regR11},
	{"r12", "", General, 64, func(r *unix.PtraceRegs) *uint64 { return &r.R12 }, regOther},
	{"r13", "", General, 64, func(r *unix.PtraceRegs) *uint64 { return &r.R13 }, regOther},
	{"r14", "", General, 64, func(r *unix.PtraceRegs) *uint64 { return &r.R14 }, regOther},
	{"r15", "", General, 64, func(r *unix.PtraceRegs) *uint64 { return &r.R15 }, regOther},
	{"rip", "eip", General, 64, func(r *unix.PtraceRegs) *uint64 { return &r.Rip }, regIP},
	{"eflags", "eflags", General, 64, func(r *unix.PtraceRegs) *uint64 { return &r.Eflags }, regFlags},
	{"orig_rax", "orig_eax", General, 64, func(r *unix.PtraceRegs) *uint64 { return &r.Orig_rax }, regOrigAX},
	{"cs", "cs", Segment, 16, func(r *unix.PtraceRegs) *uint64 { return &r.Cs }, regOther},
	{"ss", "ss", Segment, 16, func(r *unix.PtraceRegs) *uint64 { return &r.Ss }, regOther},
	{"ds", "ds", Segment, 16, func(r *unix.PtraceRegs) *uint64 { return &r.Ds }, regOther},
	{"es", "es", Segment, 16, func(r *unix.PtraceRegs) *uint64 { return &r.Es }, regOther},
	{"fs", "fs", Segment, 16, func(r *unix.PtraceRegs) *uint64 { return &r.Fs }, regFS},
	{"gs", "gs", Segment, 16, func(r *unix.PtraceRegs) *uint64 { return &r.Gs }, regGS},
	{"fs_base", "fs_base", Segment, 64, func(r *unix.PtraceRegs) *uint64 { return &r.Fs_base }, regFSBase},
	{"gs_base", "gs_base", Segment, 64, func(r *unix.PtraceRegs) *uint64 { return &r.Gs_base }, regGSBase},
}

// flagNames are the bits of EFLAGS (Intel SDM volume 1, 3.4.3).
var flagNames = []output.FlagName{
	{Bit: 1 << 0, Name: "CF"}, {Bit: 1 << 2, Name: "PF"}, {Bit: 1 << 4, Name: "AF"},
	{Bit: 1 << 6, Name: "ZF"}, {Bit: 1 << 7, Name: "SF"}, {Bit: 1 << 8, Name: "TF"},
	{Bit: 1 << 9, Name: "IF"}, {Bit: 1 << 10, Name: "DF"}, {Bit: 1 << 11, Name: "OF"},
	{Bit: 1 << 14, Name: "NT"}, {Bit: 1 << 16, Name: "RF"}, {Bit: 1 << 17, Name: "VM"},
	{Bit: 1 << 18, Name: "AC"}, {Bit: 1 << 19, Name: "VIF"}, {Bit: 1 << 20, Name: "VIP"},
	{Bit: 1 << 21, Name: "ID"},
}

// in gives the register as the snapshot's code, 64-bit or 32-bit, sees it; ok is
// false if that code cannot see it.
func (r *register) in(s *Snapshot) (reg output.Register, ok bool) {
	reg = output.Register{Name: r.name, Bits: int(r.bits), Value: *r.value(&s.User)}
	if s.Is32Bit() {
		if r.name32 == "" {
			return reg, false
		}
		reg.Name = r.name32
		reg.Bits = min(reg.Bits, 32)
	}
	if reg.Bits < 64 {
		reg.Value &= 1<<reg.Bits - 1
	}
	if r.role == regFlags {
		reg.Flags = flagNames
	}
	return reg, true
}

// Registers appends to dst the registers of the snapshot that are in the sets.
// Registers of the extended state are listed only if they are not zero.
func (s *Snapshot) Registers(dst []output.Register, sets Sets) []output.Register {
	for i := range userRegisters {
		r := &userRegisters[i]
		if r.set&sets == 0 {
			continue
		}
		if reg, ok := r.in(s); ok {
			dst = append(dst, reg)
		}
	}
	for r := range extendedRegisters(s, sets) {
		if !isZero(r.reg.Wide) {
			dst = append(dst, r.reg)
		}
	}
	return dst
}
