package decode

import (
	"golang.org/x/sys/unix"

	"trapline/output"
	"trapline/tables"
)

// RegisterSets selects groups of registers.
type RegisterSets uint8

const (
	GeneralRegs   RegisterSets = 1 << iota // general purpose, ip and flags, orig_rax
	SegmentRegs                            // segment selectors, fs_base and gs_base
	FloatRegs                              // x87 and SSE (NT_PRFPREG)
	VectorRegs                             // all else that XSAVE saves (NT_X86_XSTATE)
	DefaultRegs   = GeneralRegs | SegmentRegs
	ExtendedState = FloatRegs | VectorRegs
)

// Snapshot is the registers of a tracee at one stop.
type Snapshot struct {
	// User is the kernel's user_regs_struct, of which 32-bit code uses the
	// lower halves.
	User unix.PtraceRegs
	// Float is the 512 bytes of FXSAVE, Vector the whole of XSAVE's state in
	// the standard layout; each empty if not asked for.
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
	set    RegisterSets
	bits   uint8 // 64, or 16 for selectors; 32-bit code sees 32 of 64
	value  func(*unix.PtraceRegs) *uint64
	class  regClass
}

// regClass says what part a register plays in a call, for the rules that
// explain changes.
type regClass uint32

const (
	regOther regClass = 1 << iota
	regAX             // the number, then the result
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

	anyReg = ^regClass(0)
)

// userRegisters are in the order in which they are shown.
var userRegisters = [...]register{
	{"rax", "eax", GeneralRegs, 64, func(r *unix.PtraceRegs) *uint64 { return &r.Rax }, regAX},
	{"rbx", "ebx", GeneralRegs, 64, func(r *unix.PtraceRegs) *uint64 { return &r.Rbx }, regOther},
	{"rcx", "ecx", GeneralRegs, 64, func(r *unix.PtraceRegs) *uint64 { return &r.Rcx }, regCX},
	{"rdx", "edx", GeneralRegs, 64, func(r *unix.PtraceRegs) *uint64 { return &r.Rdx }, regOther},
	{"rsi", "esi", GeneralRegs, 64, func(r *unix.PtraceRegs) *uint64 { return &r.Rsi }, regOther},
	{"rdi", "edi", GeneralRegs, 64, func(r *unix.PtraceRegs) *uint64 { return &r.Rdi }, regOther},
	{"rbp", "ebp", GeneralRegs, 64, func(r *unix.PtraceRegs) *uint64 { return &r.Rbp }, regOther},
	{"rsp", "esp", GeneralRegs, 64, func(r *unix.PtraceRegs) *uint64 { return &r.Rsp }, regSP},
	{"r8", "", GeneralRegs, 64, func(r *unix.PtraceRegs) *uint64 { return &r.R8 }, regOther},
	{"r9", "", GeneralRegs, 64, func(r *unix.PtraceRegs) *uint64 { return &r.R9 }, regOther},
	{"r10", "", GeneralRegs, 64, func(r *unix.PtraceRegs) *uint64 { return &r.R10 }, regOther},
	{"r11", "", GeneralRegs, 64, func(r *unix.PtraceRegs) *uint64 { return &r.R11 }, regR11},
	{"r12", "", GeneralRegs, 64, func(r *unix.PtraceRegs) *uint64 { return &r.R12 }, regOther},
	{"r13", "", GeneralRegs, 64, func(r *unix.PtraceRegs) *uint64 { return &r.R13 }, regOther},
	{"r14", "", GeneralRegs, 64, func(r *unix.PtraceRegs) *uint64 { return &r.R14 }, regOther},
	{"r15", "", GeneralRegs, 64, func(r *unix.PtraceRegs) *uint64 { return &r.R15 }, regOther},
	{"rip", "eip", GeneralRegs, 64, func(r *unix.PtraceRegs) *uint64 { return &r.Rip }, regIP},
	{"eflags", "eflags", GeneralRegs, 64, func(r *unix.PtraceRegs) *uint64 { return &r.Eflags }, regFlags},
	{"orig_rax", "orig_eax", GeneralRegs, 64, func(r *unix.PtraceRegs) *uint64 { return &r.Orig_rax }, regOrigAX},
	{"cs", "cs", SegmentRegs, 16, func(r *unix.PtraceRegs) *uint64 { return &r.Cs }, regOther},
	{"ss", "ss", SegmentRegs, 16, func(r *unix.PtraceRegs) *uint64 { return &r.Ss }, regOther},
	{"ds", "ds", SegmentRegs, 16, func(r *unix.PtraceRegs) *uint64 { return &r.Ds }, regOther},
	{"es", "es", SegmentRegs, 16, func(r *unix.PtraceRegs) *uint64 { return &r.Es }, regOther},
	{"fs", "fs", SegmentRegs, 16, func(r *unix.PtraceRegs) *uint64 { return &r.Fs }, regFS},
	{"gs", "gs", SegmentRegs, 16, func(r *unix.PtraceRegs) *uint64 { return &r.Gs }, regGS},
	{"fs_base", "fs_base", SegmentRegs, 64, func(r *unix.PtraceRegs) *uint64 { return &r.Fs_base }, regFSBase},
	{"gs_base", "gs_base", SegmentRegs, 64, func(r *unix.PtraceRegs) *uint64 { return &r.Gs_base }, regGSBase},
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

// in gives the register as code of the given kind sees it; ok is false if it
// cannot see it.
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
	if r.class == regFlags {
		reg.Flags = flagNames
	}
	return reg, true
}

// Registers appends the registers of the snapshot that are in the sets. Of the
// extended state only what is not zero is listed.
func (s *Snapshot) Registers(dst []output.Register, sets RegisterSets) []output.Register {
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

// Transition is what happened to a tracee between two stops whose registers
// are compared.
type Transition struct {
	ABI      tables.ABI
	Name     string // of the call
	Args     [6]uint64
	Ret      int64
	Errno    int
	Between  bool // from the exit of one call to the entry of this one
	Signaled bool // a signal was delivered in between
	Child    bool // from the parent's entry of clone to the child's first stop
}

// Changes appends the registers of the sets that differ between two snapshots,
// each with the reason.
func (x *Transition) Changes(dst []output.RegisterChange, sets RegisterSets, before, after *Snapshot) []output.RegisterChange {
	for i := range userRegisters {
		r := &userRegisters[i]
		if r.set&sets == 0 {
			continue
		}
		from, _ := r.in(before)
		to, ok := r.in(after)
		if !ok || from.Value == to.Value {
			continue
		}
		dst = append(dst, x.explain(r.class, from, to, after))
	}
	if sets&ExtendedState != 0 {
		was := map[string]output.Register{}
		for r := range extendedRegisters(before, sets) {
			was[r.reg.Name] = r.reg
		}
		for r := range extendedRegisters(after, sets) {
			if from, ok := was[r.reg.Name]; ok && string(from.Wide) != string(r.reg.Wide) {
				dst = append(dst, x.explain(r.class, from, r.reg, after))
			}
		}
	}
	return dst
}

func (x *Transition) explain(class regClass, from, to output.Register, after *Snapshot) output.RegisterChange {
	c := output.RegisterChange{From: from, To: to}
	for i := range registerRules {
		rule := &registerRules[i]
		if rule.regs&class != 0 && rule.when(x, from.Value, to.Value, after) {
			c.Why = rule.why
			if rule.say != nil {
				c.Why = rule.say(x)
			}
			return c
		}
	}
	c.Why, c.Unexplained = "unexplained", true
	return c
}
