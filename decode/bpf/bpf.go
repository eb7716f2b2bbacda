package bpf

import (
	"strconv"

	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// bpf(2): kernel/bpf/syscall.c, linux/bpf.h. What the commands take is in
// bpf_attr.go.

var bpfCalls = Calls{
	{"bpf", Args{
		{"cmd", Enum(tables.BPFCommand)},
		Rest(Ref("cmd"), tables.BPFCommand, bpfCommands),
	}, RetUnsigned},
}

// bpfAttr points to the part of union bpf_attr that belongs to a command. The
// caller says how large it is; what its version of the part does not have is
// zero to the kernel.
type bpfAttr struct {
	Layouts
	in    *StructType
	out   *StructType // shown at the exit-stop, nil for nothing
	count *StructType // shown at the exit-stop on its own, if a value changed
	size  int         // in bytes, of what the kernel looks at
	name  string      // of the union's member, empty if it has none
}

// bpfIn is a part that the kernel only reads.
func bpfIn(name string, st *StructType) Type {
	return &bpfAttr{Layouts: WordLayout(), name: name, in: st, size: bpfSize(st)}
}

// bpfInOut is a part of which the members called later are shown at the
// exit-stop.
func bpfInOut(name string, st *StructType, later ...string) Type {
	var first []string
	for i := range st.Members() {
		if n := st.Members()[i].Name; n == later[0] {
			break
		} else if n != "_" {
			first = append(first, n)
		}
	}
	return &bpfAttr{Layouts: WordLayout(), name: name, in: st.Pick(first...), out: st.Pick(later...), size: bpfSize(st)}
}

// bpfBatch is a part whose count is shown again if it has changed.
func bpfBatch(st *StructType) Type {
	return &bpfAttr{Layouts: WordLayout(), name: "batch", in: st, count: st.Pick("count"), size: bpfSize(st)}
}

// bpfSize is the end of the last member, without the padding behind it.
func bpfSize(st *StructType) int {
	m := &st.Members()[len(st.Members())-1]
	size := m.Type.Layout(tables.X86_64).Size
	if inner, ok := m.Type.(*StructType); ok {
		size = bpfSize(inner)
	}
	return m.Off[tables.X86_64] + size
}

func (t *bpfAttr) Dir() Dir {
	if t.out != nil || t.count != nil {
		return Both
	}
	return In
}

// read gives what the caller has of the part, and notes how much it is.
func (t *bpfAttr) read(c *Call, v View) (View, bool) {
	addr := v.Uint(c.WordSize())
	size := uint32(Ref("size").Num(c))
	c.Known = uint64(size)
	b, ok := c.ReadAll(addr, int(min(size, PageSize+1)))
	if !ok || size == 0 || size > PageSize {
		return View{}, false
	}
	return View{B: b, Addr: addr}, true
}

// members is the part of attr that st describes, completed with zeros.
func members(c *Call, st *StructType, attr View) View {
	size := st.Layout(c.ABI).Size
	if len(attr.B) >= size {
		return attr.At(0, size)
	}
	b := c.Alloc(size)
	clear(b[copy(b, attr.B):])
	return View{B: b, Addr: attr.Addr}
}

func (t *bpfAttr) Show(c *Call, v View) {
	attr, ok := t.read(c, v)
	if !ok {
		c.Begun = false
		c.Out.Addr(v.Uint(c.WordSize()))
		return
	}
	if t.Dir() == Both {
		c.Remember(members(c, t.in, attr))
	}
	c.Out.BeginStruct()
	if t.name != "" {
		c.Out.Field(t.name)
		c.Out.BeginStruct()
	}
	t.in.ShowMembers(c, members(c, t.in, attr))
	if t.out == nil {
		t.end(c, attr)
	}
	c.Begun = true
}

func (t *bpfAttr) Finish(c *Call, v View) {
	if !c.Begun {
		return
	}
	attr, ok := t.read(c, v)
	if t.count != nil {
		if ok && !c.Remembers(t.count.Member(c, "count", members(c, t.count, attr))) {
			c.Out.Changed()
			c.Out.BeginStruct()
			c.Out.Field(t.name)
			c.Out.BeginStruct()
			t.count.ShowMembers(c, members(c, t.count, attr))
			c.Out.EndStruct()
			c.Out.EndStruct()
		}
		return
	}
	if !ok {
		c.Out.Field("")
		c.Out.Addr(v.Uint(c.WordSize()))
		attr = View{}
	} else {
		t.out.ShowMembers(c, members(c, t.out, attr))
	}
	t.end(c, attr)
}

// end closes the struct, with what the caller has behind the known part.
func (t *bpfAttr) end(c *Call, attr View) {
	if t.name != "" {
		c.Out.EndStruct()
	}
	showExtraData(c, attr, t.size)
	c.Out.EndStruct()
}

// showExtraData shows what is behind the first known bytes of a bpf struct,
// unless all of it is zero.
func showExtraData(c *Call, v View, known int) {
	if len(v.B) <= known || AllZero(v.B[known:]) {
		return
	}
	if c.Abbrev {
		c.Out.More()
		return
	}
	c.Out.Field("extra_data")
	c.Out.Str(output.Binary, v.B[known:], false)
	c.Out.Comment(output.Note, "bytes "+strconv.Itoa(known)+".."+strconv.Itoa(len(v.B)-1))
}

// bpfInstruction is struct bpf_insn of eBPF.
var bpfInstruction = Struct(Fields{
	{"code", ValueOf(X8, func(c *Call, v uint64) { ShowBPFCode(c, uint16(v), true) })},
	{"registers", Unseen(U8)},
	{"dst_reg", ebpfRegister(0)},
	{"src_reg", ebpfRegister(4)},
	{"off", S16},
	{"imm", X32},
})

func ebpfRegister(shift uint) Type {
	return ShownWith(Layouts{{Size: 0, Align: 1}, {Size: 0, Align: 1}, {Size: 0, Align: 1}}, In, func(c *Call, _ View) {
		c.Out.Enum(Ref("registers").Num(c)>>shift&0xf, tables.EBPFRegister, output.Hex)
	})
}

// bpfProgram points to count instructions, shown only if nothing is to be
// abbreviated.
func bpfProgram(count Num) Type {
	return Ptr64(AtAddr(func(c *Call, addr uint64) {
		if c.Abbrev {
			c.Out.Addr(addr)
			return
		}
		const most = 4096 // BPF_MAXINSNS
		c.ShowArrayUpTo(addr, bpfInstruction, count.Num(c), most)
	}))
}

// bpfList points to count elements that the kernel has written, if the call
// succeeded.
func bpfList(elem Type, count Num) Type {
	return Ptr64(AtAddr(func(c *Call, addr uint64) {
		n := count.Num(c)
		if n > 0 && c.Failed() {
			c.Out.Addr(addr)
			return
		}
		c.ShowArray(addr, elem, n)
	}))
}
