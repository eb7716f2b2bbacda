package process

import (
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// Registers as ptrace transfers them (sys/user.h).

// Types of register sets (linux/elf.h).
const (
	ntPRStatus = 1
	ntFPRegset = 2
)

// userRegs64 and userRegs32 are the two layouts of struct user_regs_struct.
var (
	userRegs64 = &Struct{Fields: Fields{
		{"r15", X64}, {"r14", X64}, {"r13", X64}, {"r12", X64}, {"rbp", X64}, {"rbx", X64}, {"r11", X64}, {"r10", X64},
		{"r9", X64}, {"r8", X64}, {"rax", X64}, {"rcx", X64}, {"rdx", X64}, {"rsi", X64}, {"rdi", X64},
		{"orig_rax", X64}, {"rip", X64}, {"cs", X64}, {"eflags", X64}, {"rsp", X64}, {"ss", X64}, {"fs_base", X64},
		{"gs_base", X64}, {"ds", X64}, {"es", X64}, {"fs", X64}, {"gs", X64},
	}}
	userRegs32 = &Struct{Fields: Fields{
		{"ebx", X32}, {"ecx", X32}, {"edx", X32}, {"esi", X32}, {"edi", X32}, {"ebp", X32}, {"eax", X32}, {"xds", X32},
		{"xes", X32}, {"xfs", X32}, {"xgs", X32}, {"orig_eax", X32}, {"eip", X32}, {"xcs", X32}, {"eflags", X32},
		{"esp", X32}, {"xss", X32},
	}}

	// struct user_fpregs_struct; on i386, user_fpxregs_struct
	float64Regs = &Struct{Fields: Fields{
		{"cwd", X16}, {"swd", X16}, {"ftw", X16}, {"fop", X16}, {"rip", X64}, {"rdp", X64}, {"mxcsr", X32}, {"mxcr_mask", X32},
		{"", present{"st_space", X32, 32}}, {"_", Pad(4 * 32)},
		{"", present{"xmm_space", X32, 64}}, {"_", Pad(4 * 64)},
		{"", present{"padding", X32, 24}}, {"_", Pad(4 * 24)},
	}}
	float32Regs = &Struct{Fields: Fields{
		{"cwd", X32}, {"swd", X32}, {"twd", X32}, {"fip", X32}, {"fcs", X32}, {"foo", X32}, {"fos", X32},
		{"", present{"st_space", X32, 20}}, {"_", Pad(4 * 20)},
	}}
)

// showGeneralRegisters and showFloatRegisters show complete sets.
func showGeneralRegisters(c *Call, addr uint64) { showRegset(c, addr, ntPRStatus, 1<<20) }

func showFloatRegisters(c *Call, addr uint64) { showRegset(c, addr, ntFPRegset, 1<<20) }

// showRegset shows the first size bytes of a set of registers of a kind. The
// kernel refuses sizes that are not whole words.
func showRegset(c *Call, addr, kind, size uint64) {
	var st *Struct
	is64 := c.ABI == tables.X86_64
	switch {
	case kind == ntPRStatus && is64:
		st = userRegs64
	case kind == ntPRStatus:
		st = userRegs32
	case kind == ntFPRegset && is64:
		st = float64Regs
	case kind == ntFPRegset:
		st = float32Regs
	}
	if st == nil || size == 0 || size%uint64(c.WordSize()) != 0 || addr == 0 {
		c.Out.Addr(addr)
		return
	}
	whole := uint64(st.Layout(c.ABI).Size)
	b, ok := c.ReadAll(addr, int(min(size, whole)))
	if !ok {
		c.Out.Addr(addr)
		return
	}
	c.Out.BeginStruct()
	st.ShowMembers(c, View{B: b, Addr: addr})
	if size > whole && size != 1<<20 {
		c.Out.More()
	}
	c.Out.EndStruct()
}

// regsetVector reads the struct iovec by which a register set is passed.
func regsetVector(c *Call, v View) (base, size uint64, ok bool) {
	word := c.WordSize()
	b, ok := c.ReadAll(v.Uint(word), 2*word)
	if !ok {
		return 0, 0, false
	}
	return View{B: b}.Uint(word), View{B: b[word:]}.Uint(word), true
}

// getRegset points to an iovec. The kernel sets its length and fills its buffer.
type getRegset struct{}

func (getRegset) Layout(abi tables.ABI) Layout { return Addr.Layout(abi) }

func (getRegset) Dir() Dir { return Exit }

func (getRegset) Capture(c *Call, v View, arg int) {
	if _, size, ok := regsetVector(c, v); ok {
		c.Save(arg, size)
	}
}

func (getRegset) Show(c *Call, v View) {
	before, known := c.Captured()
	base, size, ok := regsetVector(c, v)
	if !known || !ok {
		c.Out.Addr(v.Uint(c.WordSize()))
		return
	}
	c.Out.BeginStruct()
	c.Out.Field("iov_base")
	if c.Failed() {
		c.Out.Addr(base)
	} else {
		showRegset(c, base, Ref("addr").Num(c), size)
	}
	c.Out.Field("iov_len")
	c.Out.Number(before, output.Unsigned)
	if size != before {
		c.Out.Changed()
		c.Out.Number(size, output.Unsigned)
	}
	c.Out.EndStruct()
}

// setRegset points to an iovec. The kernel sets its length.
type setRegset struct{}

func (setRegset) Layout(abi tables.ABI) Layout { return Addr.Layout(abi) }

func (setRegset) Dir() Dir { return Both }

func (setRegset) Show(c *Call, v View) {
	base, size, ok := regsetVector(c, v)
	c.Begun = ok && !c.Plain
	if !c.Begun {
		c.Out.Addr(v.Uint(c.WordSize()))
		return
	}
	c.Save(ptraceData, size)
	c.Out.BeginStruct()
	c.Out.Field("iov_base")
	showRegset(c, base, Ref("addr").Num(c), size)
	c.Out.Field("iov_len")
	c.Out.Number(size, output.Unsigned)
}

func (setRegset) Finish(c *Call, v View) {
	if !c.Begun {
		return
	}
	before, _ := c.SavedFor(ptraceData)
	if _, size, ok := regsetVector(c, v); ok && size != before {
		c.Out.Changed()
		c.Out.Number(size, output.Unsigned)
	}
	c.Out.EndStruct()
}

// userOffset is an offset into struct user. As in strace, it is the 64-bit struct
// for all programs. Registers have the names of asm/ptrace-abi.h.
type userOffset struct{ Number }

var userArea = &Struct{Fields: Fields{
	{"8*R15", U64}, {"8*R14", U64}, {"8*R13", U64}, {"8*R12", U64}, {"8*RBP", U64}, {"8*RBX", U64}, {"8*R11", U64}, {"8*R10", U64},
	{"8*R9", U64}, {"8*R8", U64}, {"8*RAX", U64}, {"8*RCX", U64}, {"8*RDX", U64}, {"8*RSI", U64}, {"8*RDI", U64}, {"8*ORIG_RAX", U64},
	{"8*RIP", U64}, {"8*CS", U64}, {"8*EFL", U64}, {"8*RSP", U64}, {"8*SS", U64}, {"_", &Array{Of: U64, N: 6}},
	{"offsetof(struct user, u_fpvalid)", Int}, {"offsetof(struct user, i387)", &Array{Of: U64, N: 64}},
	{"offsetof(struct user, u_tsize)", U64}, {"offsetof(struct user, u_dsize)", U64}, {"offsetof(struct user, u_ssize)", U64},
	{"offsetof(struct user, start_code)", U64}, {"offsetof(struct user, start_stack)", U64}, {"offsetof(struct user, signal)", U64},
	{"offsetof(struct user, reserved)", Int}, {"offsetof(struct user, u_ar0)", U64}, {"offsetof(struct user, u_fpstate)", U64},
	{"offsetof(struct user, magic)", U64}, {"offsetof(struct user, u_comm)", CharArray(32)},
	{"offsetof(struct user, u_debugreg)", &Array{Of: U64, N: 8}}, {"sizeof(struct user)", Pad(0)},
}}

func (t userOffset) Show(c *Call, v View) {
	off := t.Value(c, v)
	name, base := "", uint64(0)
	members := userArea.Members()
	for i := range members {
		if m := &members[i]; m.Name != "_" && uint64(m.Off[tables.X86_64]) <= off {
			name, base = m.Name, uint64(m.Off[tables.X86_64])
		}
	}
	if off > uint64(userArea.Layout(tables.X86_64).Size) {
		c.Out.Addr(off)
		return
	}
	c.Out.BeginNamed()
	c.Out.Addr(off)
	c.Out.Named(output.InComment)
	c.Out.Text(name)
	if off != base {
		c.Out.Join(output.Plus)
		c.Out.Number(off-base, output.Unsigned)
	}
	c.Out.EndNamed()
}
