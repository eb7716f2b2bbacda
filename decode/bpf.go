package decode

import (
	"slices"
	"strconv"

	"trapline/output"
	"trapline/tables"
)

// bpf(2): kernel/bpf/syscall.c, linux/bpf.h. What the commands take is in
// bpf_attr.go.

var bpfCalls = Calls{
	{"bpf", Args{
		{"cmd", Enum(tables.BPFCommand)},
		Rest(Len("cmd"), tables.BPFCommand, bpfCommands),
	}, RetUnsigned},
}

// bpfAttr points to the part of union bpf_attr that belongs to a command. The
// caller says how large it is; what its version of the part does not have is
// zero to the kernel.
type bpfAttr struct {
	layouts
	in    *StructType
	out   *StructType // shown at the exit-stop, nil for nothing
	count *StructType // shown at the exit-stop on its own, if a value changed
	size  int         // in bytes, of what the kernel looks at
	name  string      // of the union's member, empty if it has none
}

// bpfIn is a part that the kernel only reads.
func bpfIn(name string, st *StructType) Type {
	return &bpfAttr{layouts: wordLayout(), name: name, in: st, size: bpfSize(st)}
}

// bpfInOut is a part of which the members called later are shown at the
// exit-stop.
func bpfInOut(name string, st *StructType, later ...string) Type {
	var first []string
	for i := range st.layout().members {
		if n := st.layout().members[i].name; n == later[0] {
			break
		} else if n != "_" {
			first = append(first, n)
		}
	}
	return &bpfAttr{layouts: wordLayout(), name: name, in: st.Pick(first...), out: st.Pick(later...), size: bpfSize(st)}
}

// bpfBatch is a part whose count is shown again if it has changed.
func bpfBatch(st *StructType) Type {
	return &bpfAttr{layouts: wordLayout(), name: "batch", in: st, count: st.Pick("count"), size: bpfSize(st)}
}

// bpfSize is the end of the last member, without the padding behind it.
func bpfSize(st *StructType) int {
	m := &st.layout().members[len(st.layout().members)-1]
	size := m.typ.Layout(tables.X86_64).Size
	if inner, ok := m.typ.(*StructType); ok {
		size = bpfSize(inner)
	}
	return m.off[tables.X86_64] + size
}

func (t *bpfAttr) dir() Dir {
	if t.out != nil || t.count != nil {
		return Both
	}
	return In
}

// read gives what the caller has of the part, and notes how much it is.
func (t *bpfAttr) read(c *Call, v View) (View, bool) {
	addr := v.Uint(c.WordSize())
	size := uint32(Len("size").num(c))
	c.known = uint64(size)
	b, ok := c.ReadAll(addr, int(min(size, pageSize+1)))
	if !ok || size == 0 || size > pageSize {
		return View{}, false
	}
	return View{b, addr}, true
}

// members is the part of attr that st describes, completed with zeros.
func (c *Call) members(st *StructType, attr View) View {
	size := st.Layout(c.ABI).Size
	if len(attr.B) >= size {
		return attr.At(0, size)
	}
	b := c.alloc(size)
	clear(b[copy(b, attr.B):])
	return View{b, attr.Addr}
}

func (t *bpfAttr) Show(c *Call, v View) {
	attr, ok := t.read(c, v)
	if !ok {
		c.begun = false
		c.Out.Addr(v.Uint(c.WordSize()))
		return
	}
	if t.dir() == Both {
		c.remember(c.members(t.in, attr))
	}
	c.Out.BeginStruct()
	if t.name != "" {
		c.Out.Field(t.name)
		c.Out.BeginStruct()
	}
	t.in.ShowMembers(c, c.members(t.in, attr))
	if t.out == nil {
		t.end(c, attr)
	}
	c.begun = true
}

func (t *bpfAttr) finish(c *Call, v View) {
	if !c.begun {
		return
	}
	attr, ok := t.read(c, v)
	if t.count != nil {
		if ok && !c.remembers(t.count.Member(c, "count", c.members(t.count, attr))) {
			c.Out.Changed()
			c.Out.BeginStruct()
			c.Out.Field(t.name)
			c.Out.BeginStruct()
			t.count.ShowMembers(c, c.members(t.count, attr))
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
		t.out.ShowMembers(c, c.members(t.out, attr))
	}
	t.end(c, attr)
}

// end closes the struct, with what the caller has behind the known part.
func (t *bpfAttr) end(c *Call, attr View) {
	if t.name != "" {
		c.Out.EndStruct()
	}
	c.showExtraData(attr, t.size)
	c.Out.EndStruct()
}

// showExtraData shows what is behind the first known bytes of a bpf struct,
// unless all of it is zero.
func (c *Call) showExtraData(v View, known int) {
	if len(v.B) <= known || allZero(v.B[known:]) {
		return
	}
	if c.Abbrev {
		c.Out.More()
		return
	}
	c.Out.Field("extra_data")
	c.Out.Bytes(v.B[known:], false)
	c.Out.Comment("bytes " + strconv.Itoa(known) + ".." + strconv.Itoa(len(v.B)-1))
}

// Versions describes a struct that has grown. A member marked with Since, and
// those behind it, are shown if the caller's struct (Call.known bytes of it)
// goes beyond the beginning of that member.
func Versions(fields Fields) *StructType {
	var st *StructType
	conditional := slices.Clone(fields)
	since := -1
	for i, f := range fields {
		if s, ok := f.Type.(*sinceVersion); ok {
			since, f.Type = i, s.Type
		}
		if since >= 0 {
			first, u := since, unwrap(f.Type)
			f.Type = When(func(c *Call) bool {
				return c.known > uint64(st.layout().members[first].off[c.ABI]) && (u.cond == nil || u.cond(c))
			}, u.Type)
		}
		conditional[i] = f
	}
	st = Struct(conditional)
	return st
}

// Since marks the first member that a version added.
func Since(t Type) Type { return &sinceVersion{t} }

type sinceVersion struct{ Type }

// Aligned8 is a value aligned to 8 bytes on i386 too, as __aligned_u64 is.
func Aligned8(t Type) Type { return &aligned8{t} }

type aligned8 struct{ Type }

func (t *aligned8) Layout(abi tables.ABI) Layout { return Layout{t.Type.Layout(abi).Size, 8} }

// The types of members that are __aligned_u64.
var (
	alignedU64  = Aligned8(U64)
	alignedX64  = Aligned8(X64)
	alignedAddr = Aligned8(Addr64)
)

// WasNow shows a number that the kernel may have changed since the enter-stop:
// 4 => 2.
func WasNow(t Type) Type { return &wasNow{t} }

type wasNow struct{ Type }

func (t *wasNow) Value(c *Call, v View) uint64 {
	return numberOf(c, t.Type, v)
}

func (t *wasNow) Show(c *Call, v View) {
	if before, ok := c.recall(v); ok && string(before) != string(v.B) {
		t.Type.Show(c, View{before, v.Addr})
		c.Out.Changed()
	}
	t.Type.Show(c, v)
}

// nowOf stands behind the member called name, of size bytes, which the
// enter-stop has shown: if the number has changed since, it shows what to.
func nowOf(name string, size int) Type { return &nowOfMember{name: name, size: size} }

type nowOfMember struct {
	unsized
	name string
	size int
}

// Show is never called: a fielder shows itself.
func (t *nowOfMember) Show(*Call, View) {}

func (t *nowOfMember) showField(c *Call, _ string, _ View) {
	f := &c.frames[c.depth-1]
	if v := f.st.Member(c, t.name, f.v); !c.remembers(v) {
		c.Out.Changed()
		c.Out.Number(v.Uint(t.size), output.Unsigned)
	}
}

// kernelVersion is a version as in LINUX_VERSION_CODE.
var kernelVersion = Value32(func(c *Call, v uint32) {
	c.Out.BeginNamed()
	c.Out.Number(uint64(v), output.Hex)
	c.Out.Named()
	c.Out.BeginMacro("KERNEL_VERSION")
	c.Out.Elem()
	c.Out.Number(uint64(v>>16), output.Unsigned)
	c.Out.Elem()
	c.Out.Number(uint64(v>>8&0xff), output.Unsigned)
	c.Out.Elem()
	c.Out.Number(uint64(v&0xff), output.Unsigned)
	c.Out.EndMacro()
	c.Out.EndNamed()
})

// bpfInstruction is struct bpf_insn of eBPF.
var bpfInstruction = Struct(Fields{
	{"code", ValueOf(X8, func(c *Call, v uint64) { c.ShowBPFCode(uint16(v), true) })},
	{"registers", Unseen(U8)},
	{"dst_reg", ebpfRegister(0)},
	{"src_reg", ebpfRegister(4)},
	{"off", S16},
	{"imm", X32},
})

func ebpfRegister(shift uint) Type {
	return &custom{layouts: layouts{{0, 1}, {0, 1}, {0, 1}}, show: func(c *Call, _ View) {
		c.Out.Enum(Len("registers").num(c)>>shift&0xf, tables.EBPFRegister, output.Hex)
	}}
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
		c.ShowArrayUpTo(addr, bpfInstruction, count.num(c), most)
	}))
}

// bpfList points to count elements that the kernel has written, if the call
// succeeded.
func bpfList(elem Type, count Num) Type {
	return Ptr64(AtAddr(func(c *Call, addr uint64) {
		n := count.num(c)
		if n > 0 && c.Failed() {
			c.Out.Addr(addr)
			return
		}
		c.ShowArray(addr, elem, n)
	}))
}
