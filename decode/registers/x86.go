package registers

import "trapline/output"

// User has the general registers of an x86-64 tracee. It is the kernel's
// user_regs_struct (asm/user_64.h) with the member names of
// golang.org/x/sys/unix, so that values of one type can be converted to the
// other.
type User struct {
	R15, R14, R13, R12, Rbp, Rbx, R11, R10, R9, R8 uint64
	Rax, Rcx, Rdx, Rsi, Rdi, Orig_rax, Rip, Cs     uint64
	Eflags, Rsp, Ss, Fs_base, Gs_base              uint64
	Ds, Es, Fs, Gs                                 uint64
}

// userCode32 is the code segment of 32-bit programs (__USER32_CS of
// asm/segment.h).
const userCode32 = 0x23

// Is32Bit reports whether the tracee runs 32-bit code, regardless of the ABI of
// its call.
func (s *Snapshot) Is32Bit() bool { return s.User.Cs == userCode32 }

// register is a member of user_regs_struct.
type register struct {
	name   string // in 64-bit code
	name32 string // in 32-bit code; empty if it cannot access the register
	set    Sets
	bits   uint8 // 64, or 16 for selectors; 32-bit code sees 32 of 64
	value  func(*User) *uint64
	role   role
}

// role is the role of a register in a call. The reasons for changes refer to
// roles.
type role uint32

const (
	regOther role = 1 << iota
	regAX         // the call's number, then its result
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
	{"rax", "eax", General, 64, func(r *User) *uint64 { return &r.Rax }, regAX},
	{"rbx", "ebx", General, 64, func(r *User) *uint64 { return &r.Rbx }, regOther},
	{"rcx", "ecx", General, 64, func(r *User) *uint64 { return &r.Rcx }, regCX},
	{"rdx", "edx", General, 64, func(r *User) *uint64 { return &r.Rdx }, regOther},
	{"rsi", "esi", General, 64, func(r *User) *uint64 { return &r.Rsi }, regOther},
	{"rdi", "edi", General, 64, func(r *User) *uint64 { return &r.Rdi }, regOther},
	{"rbp", "ebp", General, 64, func(r *User) *uint64 { return &r.Rbp }, regOther},
	{"rsp", "esp", General, 64, func(r *User) *uint64 { return &r.Rsp }, regSP},
	{"r8", "", General, 64, func(r *User) *uint64 { return &r.R8 }, regOther},
	{"r9", "", General, 64, func(r *User) *uint64 { return &r.R9 }, regOther},
	{"r10", "", General, 64, func(r *User) *uint64 { return &r.R10 }, regOther},
	{"r11", "", General, 64, func(r *User) *uint64 { return &r.R11 }, regR11},
	{"r12", "", General, 64, func(r *User) *uint64 { return &r.R12 }, regOther},
	{"r13", "", General, 64, func(r *User) *uint64 { return &r.R13 }, regOther},
	{"r14", "", General, 64, func(r *User) *uint64 { return &r.R14 }, regOther},
	{"r15", "", General, 64, func(r *User) *uint64 { return &r.R15 }, regOther},
	{"rip", "eip", General, 64, func(r *User) *uint64 { return &r.Rip }, regIP},
	{"eflags", "eflags", General, 64, func(r *User) *uint64 { return &r.Eflags }, regFlags},
	{"orig_rax", "orig_eax", General, 64, func(r *User) *uint64 { return &r.Orig_rax }, regOrigAX},
	{"cs", "cs", Segment, 16, func(r *User) *uint64 { return &r.Cs }, regOther},
	{"ss", "ss", Segment, 16, func(r *User) *uint64 { return &r.Ss }, regOther},
	{"ds", "ds", Segment, 16, func(r *User) *uint64 { return &r.Ds }, regOther},
	{"es", "es", Segment, 16, func(r *User) *uint64 { return &r.Es }, regOther},
	{"fs", "fs", Segment, 16, func(r *User) *uint64 { return &r.Fs }, regFS},
	{"gs", "gs", Segment, 16, func(r *User) *uint64 { return &r.Gs }, regGS},
	{"fs_base", "fs_base", Segment, 64, func(r *User) *uint64 { return &r.Fs_base }, regFSBase},
	{"gs_base", "gs_base", Segment, 64, func(r *User) *uint64 { return &r.Gs_base }, regGSBase},
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

// in returns the register as the snapshot's code, 64-bit or 32-bit, sees it. ok
// is false if the code cannot access it.
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
