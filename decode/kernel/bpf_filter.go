package kernel

import (
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// Programs for the classic Berkeley packet filter (linux/filter.h), which sockets
// and seccomp(2) use.

// bpfConstant shows the operand of an instruction if it has a meaning beyond its
// number, and reports whether it did.
type bpfConstant func(c *Call, code uint16, k uint32) bool

// BPFInstructions is an array of Count instructions, struct sock_filter. Without
// -v it is shown as its address.
type BPFInstructions struct {
	Unsized
	Count    Num
	Constant bpfConstant
}

// Show implements Type.
func (t *BPFInstructions) Show(c *Call, v View) { t.ShowAt(c, v.Addr) }

// Keep implements keeper of package lang.
func (t *BPFInstructions) Keep(k *Keeps) {
	if !k.Abbrev {
		k.Elements(t.Count, U64.SizeIn(k.ABI), maxInstructions+1)
	}
}

// ShowAt implements Reader.
func (t *BPFInstructions) ShowAt(c *Call, addr uint64) {
	if c.Abbrev {
		c.Out.Addr(addr)
		return
	}
	c.ShowArrayUpTo(addr, &bpfInsn{Layouts(U64), t.Constant}, t.Count.Num(c), maxInstructions)
}

// maxInstructions is BPF_MAXINSNS.
const maxInstructions = 4096

type bpfInsn struct {
	Layouts
	constant bpfConstant
}

func (t *bpfInsn) Show(c *Call, v View) {
	code := uint16(v.Uint(2))
	jt, jf := v.At(2, 1).Uint(1), v.At(3, 1).Uint(1)
	k := uint32(v.At(4, 4).Uint(4))
	jump := jt != 0 || jf != 0
	if jump {
		c.Out.BeginMacro("BPF_JUMP")
	} else {
		c.Out.BeginMacro("BPF_STMT")
	}
	c.Out.Elem()
	ShowBPFCode(c, code, false)
	c.Out.Elem()
	if jump || t.constant == nil || !t.constant(c, code, k) {
		c.Out.Number(uint64(k), output.Hex)
	}
	if jump {
		c.Out.Elem()
		c.Out.Number(jt, output.Hex)
		c.Out.Elem()
		c.Out.Number(jf, output.Hex)
	}
	c.Out.EndMacro()
}

// Masks for the parts of an instruction's code (linux/bpf_common.h,
// linux/filter.h).
const (
	bpfClassMask = 0x07
	bpfSizeMask  = 0x18
	bpfModeMask  = 0xe0
	bpfOpMask    = 0xf0
	bpfSrcMask   = 0x08
	bpfRvalMask  = 0x18
	bpfMiscMask  = 0xf8
)

// ShowBPFCode shows the code of an instruction as its parts:
// BPF_LD|BPF_W|BPF_ABS. extended means eBPF.
func ShowBPFCode(c *Call, code uint16, extended bool) {
	classes, sizes, modes := &tables.BPFClass, &tables.BPFSize, &tables.BPFMode
	ops, jumps := &tables.BPFArithmeticOp, &tables.BPFJumpOp
	if extended {
		classes, sizes, modes = &tables.EBPFClass, &tables.EBPFSize, &tables.EBPFMode
		ops, jumps = &tables.EBPFArithmeticOp, &tables.EBPFJumpOp
	}
	part := func(mask uint16, set *tables.Set) {
		c.Out.Join(output.Or)
		c.Out.Enum(uint64(code&mask), set, output.Hex)
	}
	rest := func(bits uint16) {
		if bits != 0 {
			c.Out.Join(output.Or)
			c.Out.Number(uint64(bits), output.Hex)
			c.Out.Comment(output.Note, "BPF_???")
		}
	}
	class := code & bpfClassMask
	operands := code &^ bpfClassMask
	c.Out.Enum(uint64(class), classes, output.Hex)
	switch {
	case class == tables.BPF_LD, class == tables.BPF_LDX, extended && (class == tables.BPF_ST || class == tables.BPF_STX):
		part(bpfSizeMask, sizes)
		part(bpfModeMask, modes)
	case class == tables.BPF_ST, class == tables.BPF_STX:
		rest(operands)
	case class == tables.BPF_ALU, extended && class == tables.BPF_ALU64:
		part(bpfSrcMask, &tables.BPFSource)
		part(bpfOpMask, ops)
	case class == tables.BPF_MISC:
		part(bpfMiscMask, &tables.BPFMiscOp)
		rest(operands &^ bpfMiscMask)
	case class == tables.BPF_JMP:
		part(bpfSrcMask, &tables.BPFSource)
		part(bpfOpMask, jumps)
	case class == tables.BPF_RET && extended: // in eBPF, BPF_RET is BPF_JMP32
		rest(operands)
	case class == tables.BPF_RET:
		part(bpfRvalMask, &tables.BPFReturn)
		rest(operands &^ bpfRvalMask)
	}
}

// SocketFilter is the program of SO_ATTACH_FILTER.
var SocketFilter = Struct{Fields: Fields{{"len", U16}, {"filter", &Ptr{To: &BPFInstructions{Count: Ref("len"), Constant: SocketFilterConstant}}}}}

// SocketFilterConstant shows offsets that refer to data about a packet and not to
// its contents.
func SocketFilterConstant(c *Call, code uint16, k uint32) bool {
	if code&bpfClassMask != tables.BPF_LD || code&bpfModeMask != tables.BPF_ABS {
		return false
	}
	const (
		ancillary = 0xfffff000 // SKF_AD_OFF
		network   = 0xfff00000 // SKF_NET_OFF
		link      = 0xffe00000 // SKF_LL_OFF
	)
	show := func(first uint32, name string) {
		c.Out.Symbol(uint64(first), name, output.Hex)
		c.Out.Join(output.Plus)
	}
	switch {
	case k >= ancillary:
		show(ancillary, "SKF_AD_OFF")
		c.Out.Enum(uint64(k-ancillary), &tables.SocketFilterData, output.Hex)
	case k >= network:
		show(network, "SKF_NET_OFF")
		c.Out.Number(uint64(k-network), output.Unsigned)
	case k >= link:
		show(link, "SKF_LL_OFF")
		c.Out.Number(uint64(k-link), output.Unsigned)
	default:
		return false
	}
	return true
}

// SeccompProgram points to a filter.
var SeccompProgram = Ptr{To: &Struct{Fields: Fields{{"len", U16}, {"filter", &Ptr{To: &BPFInstructions{Count: Ref("len"), Constant: SeccompConstant}}}}}}

// SeccompConstant shows the value that a filter returns: an action and its data.
func SeccompConstant(c *Call, code uint16, k uint32) bool {
	const class, data = 7, 0xffff // BPF_CLASS, SECCOMP_RET_DATA
	if code&class != tables.BPF_RET {
		return false
	}
	c.Out.Enum(uint64(k&^data), &tables.SeccompAction, output.Hex)
	if k&data != 0 {
		c.Out.Join(output.Or)
		c.Out.Number(uint64(k&data), output.Hex)
	}
	return true
}
