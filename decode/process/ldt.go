package process

import (
	"strconv"

	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// Segment descriptors: arch/x86/kernel/ldt.c, arch/x86/kernel/tls.c.

var ldtCalls = Calls{
	{"modify_ldt", Args{
		{"func", Int},
		{"ptr", &When{If: &Is{N: Ref("bytecount"), Values: Nums{userDescSize}}, Then: &Ptr{To: userDesc}}},
		{"ptr", &When{If: Not{&Is{N: Ref("bytecount"), Values: Nums{userDescSize}}}, Then: &InReg{Reg: 1, Of: Addr}}},
		{"bytecount", Ulong},
	}, &ResultWith{Ret: RetUnsigned, Remark: remarkTruncated}},
	{"set_thread_area", Args{{"u_info", &Ptr{To: userDesc}}}, &ResultWith{Ret: RetUnsigned, Remark: remarkEntryNumber}},
	{"get_thread_area", Args{{"u_info", getDescriptor{}}}, RetUnsigned},
}

// getDescriptor points to a user_desc. Its first member selects a segment, which
// the kernel describes in the others.
type getDescriptor struct{}

func (getDescriptor) Layout(abi tables.ABI) Layout { return Addr.Layout(abi) }

func (getDescriptor) Dir() Dir { return Both }

func (getDescriptor) Show(c *Call, v View) {
	addr := v.Uint(c.WordSize())
	n, ok := c.ReadUint(addr, 4)
	c.Begun = ok && !c.Plain
	if !c.Begun {
		c.Out.Addr(addr)
		return
	}
	c.Before = n
	c.Out.BeginStruct()
	c.Out.Field("entry_number")
	showID(c, n)
}

func (getDescriptor) Finish(c *Call, v View) {
	if !c.Begun {
		return
	}
	if desc, ok := c.ReadType(v.Uint(c.WordSize()), userDesc); ok && !c.Failed() {
		if n := desc.Uint(4); n != c.Before {
			c.Out.Changed()
			showID(c, n)
		}
		userDescRest.ShowMembers(c, desc)
	} else {
		c.Out.More()
	}
	c.Out.EndStruct()
}

func showID(c *Call, n uint64) {
	b := c.Alloc(4)
	PutUint(b, n)
	ID.Show(c, View{B: b})
}

// remarkTruncated shows the error in a result of modify_ldt, which the 64-bit
// kernel returns as an unsigned int.
func remarkTruncated(c *Call) {
	const firstErrno = 1<<32 - 4095
	if ret := uint64(c.Ret); firstErrno <= ret && ret < 1<<32 {
		e := -int32(ret)
		c.Outcome.Failure(int(e), tables.ErrnoName(uint32(e)), tables.ErrnoMessage(uint32(e)))
	}
}

const userDescSize = 16

// userDesc is a struct user_desc (asm/ldt.h). Its last word consists of
// bit-fields.
var (
	userDescWhole = &Struct{C: "user_desc", Fields: Fields{
		{"entry_number", ID}, {"base_addr", MaskOf(U32)}, {"limit", MaskOf(U32)}, {"bits", U32},
		{"seg_32bit", &BitField{Word: Ref("bits"), Shift: 0, Width: 1}},
		{"contents", &BitField{Word: Ref("bits"), Shift: 1, Width: 2}},
		{"read_exec_only", &BitField{Word: Ref("bits"), Shift: 3, Width: 1}},
		{"limit_in_pages", &BitField{Word: Ref("bits"), Shift: 4, Width: 1}},
		{"seg_not_present", &BitField{Word: Ref("bits"), Shift: 5, Width: 1}},
		{"useable", &BitField{Word: Ref("bits"), Shift: 6, Width: 1}},
		{"lm", &When{If: Test(isNative), Then: &BitField{Word: Ref("bits"), Shift: 7, Width: 1}}},
	}}
	userDesc = &Struct{Of: userDescWhole, Pick: Names{
		"entry_number", "base_addr", "limit", "seg_32bit", "contents", "read_exec_only", "limit_in_pages",
		"seg_not_present", "useable", "lm",
	}}
	userDescRest = &Struct{Of: userDescWhole, Pick: Names{
		"base_addr", "limit", "seg_32bit", "contents", "read_exec_only", "limit_in_pages",
		"seg_not_present", "useable", "lm",
	}}
)

// remarkEntryNumber shows which entry set_thread_area has used.
func remarkEntryNumber(c *Call) {
	if n, ok := c.ReadUint(c.Args[0], 4); ok && c.Begun {
		c.Outcome.BeginRemark(output.Aside)
		c.Out.Field("")
		c.Out.Text(output.AsString(strconv.AppendUint(append(c.Alloc(32)[:0], "entry_number="...), n, 10)))
		c.Outcome.EndRemark()
	}
}

// isNative reports whether a 64-bit program made the call.
func isNative(c *Call) bool { return c.ABI == tables.X86_64 }
