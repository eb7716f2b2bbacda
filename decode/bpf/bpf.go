package bpf

import (
	"strconv"
	"sync/atomic"

	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// bpf(2): kernel/bpf/syscall.c, linux/bpf.h. The attributes of the commands are
// in attr.go.

var calls = Calls{
	{"bpf", Args{
		{"cmd", &Enum{Set: &tables.BPFCommand}},
		{"", &Rest{On: Ref("cmd"), Set: &tables.BPFCommand, Calls: commands}},
	}, RetUnsigned},
}

// bpfAttr points to the part of union bpf_attr that belongs to a command. Its
// size is an argument. Members beyond this size are zero for the kernel.
type bpfAttr struct {
	WordSized
	name  string // of the union's member, empty if it has none
	of    *Struct
	later Names // members shown at the exit-stop, which are the last ones
	batch bool  // the member count is shown again at the exit-stop if it has changed

	made atomic.Pointer[attrParts]
}

// attrParts are the members of a bpfAttr, by when they are shown.
type attrParts struct {
	in, out, count *Struct
	size           int // in bytes, of what the kernel reads
}

// parts splits the members by when they are shown.
func (t *bpfAttr) parts() *attrParts {
	if p := t.made.Load(); p != nil {
		return p
	}
	p := &attrParts{in: t.of, size: attrSize(t.of)}
	if t.later != nil {
		first := Names{}
		for _, m := range t.of.Members() {
			if m.Name == t.later[0] {
				break
			} else if m.Name != "_" {
				first = append(first, m.Name)
			}
		}
		p.in = &Struct{Of: t.of, Pick: first}
		p.out = &Struct{Of: t.of, Pick: t.later}
	}
	if t.batch {
		p.count = &Struct{Of: t.of, Pick: Names{"count"}}
	}
	t.made.Store(p)
	return p
}

// attrSize returns the end of the last member, without the padding after it.
func attrSize(st *Struct) int {
	m := &st.Members()[len(st.Members())-1]
	size := m.Type.Layout(tables.X86_64).Size
	if inner, ok := m.Type.(*Struct); ok {
		size = attrSize(inner)
	}
	return m.Off[tables.X86_64] + size
}

func (t *bpfAttr) Dir() Dir {
	if t.later != nil || t.batch {
		return Both
	}
	return In
}

// read reads the caller's attributes and records their size in c.Known.
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

// members returns the part of attr that st describes. Missing bytes are zero.
func members(c *Call, st *Struct, attr View) View {
	size := st.Layout(c.ABI).Size
	if len(attr.B) >= size {
		return attr.At(0, size)
	}
	b := c.Alloc(size)
	clear(b[copy(b, attr.B):])
	return View{B: b, Addr: attr.Addr}
}

func (t *bpfAttr) Show(c *Call, v View) {
	p := t.parts()
	attr, ok := t.read(c, v)
	if !ok {
		c.Begun = false
		c.Out.Addr(v.Uint(c.WordSize()))
		return
	}
	if t.Dir() == Both {
		c.Remember(members(c, p.in, attr))
	}
	c.Out.BeginStruct()
	if t.name != "" {
		c.Out.Field(t.name)
		c.Out.BeginStruct()
	}
	p.in.ShowMembers(c, members(c, p.in, attr))
	if p.out == nil {
		t.end(c, attr)
	}
	c.Begun = true
}

func (t *bpfAttr) Finish(c *Call, v View) {
	if !c.Begun {
		return
	}
	p := t.parts()
	attr, ok := t.read(c, v)
	if p.count != nil {
		if ok && !c.Remembers(p.count.Member(c, "count", members(c, p.count, attr))) {
			c.Out.Changed()
			c.Out.BeginStruct()
			c.Out.Field(t.name)
			c.Out.BeginStruct()
			p.count.ShowMembers(c, members(c, p.count, attr))
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
		p.out.ShowMembers(c, members(c, p.out, attr))
	}
	t.end(c, attr)
}

// end closes the struct, after any data beyond the known part.
func (t *bpfAttr) end(c *Call, attr View) {
	if t.name != "" {
		c.Out.EndStruct()
	}
	showExtraData(c, attr, t.parts().size)
	c.Out.EndStruct()
}

// showExtraData shows the data after the first known bytes of a bpf struct,
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

// instruction is struct bpf_insn of eBPF.
var instruction = &Struct{C: "bpf_insn", Fields: Fields{
	{"code", &Value{In: X8, By: func(c *Call, v uint64) { ShowBPFCode(c, uint16(v), true) }}},
	{"registers", Hidden{U8}},
	{"dst_reg", ebpfRegister(0)},
	{"src_reg", ebpfRegister(4)},
	{"off", S16},
	{"imm", X32},
}}

// ebpfRegister is a register number in four bits, starting at the bit that its
// value gives.
type ebpfRegister uint

// Layout implements Type.
func (ebpfRegister) Layout(tables.ABI) Layout { return Layout{Size: 0, Align: 1} }

func (shift ebpfRegister) Show(c *Call, _ View) {
	c.Out.Enum(Ref("registers").Num(c)>>shift&0xf, &tables.EBPFRegister, output.Hex)
}

// program is count instructions, shown only with -v.
type program struct {
	Unsized
	count Num
}

func (t *program) Show(c *Call, v View) { t.ShowAt(c, v.Addr) }

// ShowAt implements Reader.
func (t *program) ShowAt(c *Call, addr uint64) {
	if c.Abbrev {
		c.Out.Addr(addr)
		return
	}
	const most = 4096 // BPF_MAXINSNS
	c.ShowArrayUpTo(addr, instruction, t.count.Num(c), most)
}

// written is count elements that the kernel has written, if the call succeeded.
type written struct {
	Unsized
	elem  Type
	count Num
}

func (t *written) Show(c *Call, v View) { t.ShowAt(c, v.Addr) }

// ShowAt implements Reader.
func (t *written) ShowAt(c *Call, addr uint64) {
	n := t.count.Num(c)
	if n > 0 && c.Failed() {
		c.Out.Addr(addr)
		return
	}
	c.ShowArray(addr, t.elem, n)
}
