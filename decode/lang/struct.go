package lang

import (
	"slices"
	"sync/atomic"

	"trapline/output"
	"trapline/tables"
)

// StructType is a C struct: named members, laid out by the rules of each ABI.
type StructType struct {
	fields Fields
	packed bool
	shown  []int // the members to show, by position in fields; nil for all

	// A program's calls need few of the structs that there are, so each is
	// laid out when it is first needed: that keeps the start short.
	laid atomic.Pointer[structLayout]
}

type structLayout struct {
	Layouts
	members []member
	shown   []int
}

type member struct {
	Name    string
	Type    Type
	cond    Cond
	verbose bool // left out of an abbreviated struct
	fielder fielder
	Off     [tables.NumABI]int
}

// fielder is implemented by types that write their member's name themselves.
type fielder interface {
	ShowField(c *Call, name string, v View)
}

// Fields are the members of a struct, in order.
type Fields []Field

// Struct describes a C struct. A member called "" is shown without its name
// (a union's arm), one called "_" is never shown.
func Struct(fields Fields) *StructType { return &StructType{fields: fields} }

// Packed is a Struct without padding.
func Packed(fields Fields) *StructType { return &StructType{fields: fields, packed: true} }

// layout lays the members out, once.
func (st *StructType) layout() *structLayout {
	if l := st.laid.Load(); l != nil {
		return l
	}
	sl := &structLayout{members: make([]member, len(st.fields)), shown: st.shown}
	for i, f := range st.fields {
		u := unwrap(f.Type)
		sl.members[i] = member{Name: f.Name, Type: u.Type, cond: u.cond, verbose: u.verbose}
		sl.members[i].fielder, _ = u.Type.(fielder)
	}
	for _, abi := range Abis {
		size, align := 0, 1
		for i := range sl.members {
			m := &sl.members[i]
			l := m.Type.Layout(abi)
			if st.packed {
				l.Align = 1
			}
			size = AlignUp(size, l.Align)
			m.Off[abi] = size
			size += l.Size
			align = max(align, l.Align)
		}
		sl.Layouts[abi] = Layout{AlignUp(size, align), align}
	}
	if sl.shown == nil {
		sl.shown = st.positions()
	}
	st.laid.Store(sl)
	return sl
}

// Layout implements Type.
func (st *StructType) Layout(abi tables.ABI) Layout { return st.layout().Layouts[abi] }

// positions are those of the members that are shown.
func (st *StructType) positions() []int {
	if st.shown != nil {
		return st.shown
	}
	shown := make([]int, 0, len(st.fields))
	for i := range st.fields {
		if st.fields[i].Name != "_" {
			shown = append(shown, i)
		}
	}
	return shown
}

// Pick is the same struct with only the named members shown, in that order.
func (st *StructType) Pick(names ...string) *StructType {
	picked := &StructType{fields: st.fields, packed: st.packed, shown: make([]int, 0, len(names))}
	for _, name := range names {
		i := slices.IndexFunc(st.fields, func(f Field) bool { return f.Name == name })
		if i < 0 {
			panic("decode: no member is called " + name)
		}
		picked.shown = append(picked.shown, i)
	}
	return picked
}

// Moved is the same struct with one member shown before another.
func (st *StructType) Moved(name, before string) *StructType {
	shown := slices.Clone(st.positions())
	at := func(name string) int {
		return slices.IndexFunc(shown, func(i int) bool { return st.fields[i].Name == name })
	}
	from := at(name)
	position := shown[from]
	shown = slices.Delete(shown, from, from+1)
	shown = slices.Insert(shown, at(before), position)
	return &StructType{fields: st.fields, packed: st.packed, shown: shown}
}

// Offset gives a member's offset in bytes, for tests of the layout.
func (st *StructType) Offset(abi tables.ABI, name string) (int, bool) {
	if m := st.member(name); m != nil {
		return m.Off[abi], true
	}
	return 0, false
}

// Member gives the bytes of the member called name; empty if v is too short.
func (st *StructType) Member(c *Call, name string, v View) View {
	if m := st.member(name); m != nil {
		return v.At(m.Off[c.ABI], m.Type.Layout(c.ABI).Size)
	}
	return View{}
}

// Members are all members, in order.
func (st *StructType) Members() []member { return st.layout().members }

// member finds the member called name.
func (st *StructType) member(name string) *member {
	members := st.layout().members
	for i := range members {
		if members[i].Name == name {
			return &members[i]
		}
	}
	return nil
}

// NumberIn is the number in the member called name.
func (st *StructType) NumberIn(c *Call, name string, v View) (uint64, bool) {
	if m := st.member(name); m != nil {
		return NumberOf(c, m.Type, v.At(m.Off[c.ABI], m.Type.Layout(c.ABI).Size)), true
	}
	return 0, false
}

// within says whether cond holds where names are those of the members in v.
func (st *StructType) within(c *Call, v View, cond Cond) bool {
	if !c.Push(st, v) {
		return false
	}
	defer c.Pop()
	return cond(c)
}

// Show writes the members that v is long enough to hold.
func (st *StructType) Show(c *Call, v View) {
	c.Out.BeginStruct()
	st.ShowMembers(c, v)
	c.Out.EndStruct()
}

// ShowPart is Show for a struct that may end within a member, whose bytes are
// shown then.
func (st *StructType) ShowPart(c *Call, v View) {
	c.Out.BeginStruct()
	st.show(c, v, true)
	c.Out.EndStruct()
}

// ShowMembers writes the members without the braces around them.
func (st *StructType) ShowMembers(c *Call, v View) { st.show(c, v, false) }

func (st *StructType) show(c *Call, v View, part bool) {
	if c.depth == maxDepth {
		c.Out.More()
		return
	}
	c.frames[c.depth] = Frame{st, v}
	c.depth++
	cut := false
	sl := st.layout()
	for _, i := range sl.shown {
		m := &sl.members[i]
		if m.cond != nil && !m.cond(c) {
			continue
		}
		if m.verbose && c.Abbrev {
			cut = true
			continue
		}
		l := m.Type.Layout(c.ABI)
		if m.Off[c.ABI]+l.Size > len(v.B) {
			if part && m.Off[c.ABI] < len(v.B) {
				c.Out.Field(m.Name)
				c.Out.Str(output.Binary, v.B[m.Off[c.ABI]:], false)
			}
			break
		}
		mv := v.At(m.Off[c.ABI], l.Size)
		if g, ok := m.Type.(memberGroup); ok && m.Name == "" {
			g.ShowAsMembers(c, mv)
			continue
		}
		if m.fielder != nil {
			m.fielder.ShowField(c, m.Name, mv)
			continue
		}
		c.Out.Field(m.Name)
		m.Type.Show(c, mv)
	}
	if cut {
		c.Out.More()
	}
	c.depth--
}

// memberGroup is implemented by types that, as a member called "", stand for
// members of the struct around them.
type memberGroup interface{ ShowAsMembers(c *Call, v View) }

// Inline is a struct within a struct or union whose members are shown as if
// they were the outer one's. Its name is "".
func Inline(st *StructType) Type { return &inline{st} }

type inline struct{ *StructType }

func (t *inline) ShowAsMembers(c *Call, v View) { t.ShowMembers(c, v) }

// Overlay is a C union of which all members are shown, one behind the other. Its
// name is "".
func Overlay(fields Fields) Type {
	arms := make([]Type, len(fields))
	for i, f := range fields {
		arms[i] = One(f.Name, f.Type)
	}
	return &overlay{arms}
}

type overlay struct{ arms []Type }

func (t *overlay) Layout(abi tables.ABI) Layout {
	l := Layout{0, 1}
	for _, arm := range t.arms {
		a := arm.Layout(abi)
		l.Size, l.Align = max(l.Size, a.Size), max(l.Align, a.Align)
	}
	return l
}

func (t *overlay) Show(c *Call, v View) { c.Out.Str(output.Plain, v.B, false) }

func (t *overlay) ShowAsMembers(c *Call, v View) {
	for _, arm := range t.arms {
		arm.(memberGroup).ShowAsMembers(c, v)
	}
}

// Elided is several members of a struct, "..." in place of which stands in an
// abbreviated one. Its name is "".
func Elided(fields Fields) Type { return &elided{Struct(fields)} }

type elided struct{ *StructType }

func (t *elided) ShowAsMembers(c *Call, v View) {
	if c.Abbrev {
		c.Out.More()
	} else {
		t.ShowMembers(c, v)
	}
}

// Dots stands for members that are left out: "...".
var Dots Type = dots{}

type dots struct{}

func (dots) Layout(tables.ABI) Layout { return Layout{0, 1} }

func (dots) Show(c *Call, _ View) { c.Out.More() }

func (dots) ShowField(c *Call, _ string, v View) { c.Out.More() }

// One is an Inline with a single member: the arm of a union that is shown
// under a name of its own.
func One(name string, t Type) Type { return Inline(Struct(Fields{{name, t}})) }

// Nothing is an arm of a union that is not shown.
var Nothing = Inline(Struct(nil))

// Unseen is a member that is not shown; others may refer to it.
func Unseen(t Type) Type { return When(func(*Call) bool { return false }, t) }

// Pad is a hole of n bytes between members.
func Pad(n int) Type { return &pad{n} }

type pad struct{ n int }

func (p *pad) Layout(tables.ABI) Layout { return Layout{p.n, 1} }

func (p *pad) Show(c *Call, v View) { c.Out.Str(output.Plain, v.B, false) }

// Reserved is a member shown only when it is not zero.
func Reserved(name string, t Type) Field {
	return Field{name, When(func(c *Call) bool {
		f := c.Frame(0)
		for _, b := range f.Struct.Member(c, name, f.View).B {
			if b != 0 {
				return true
			}
		}
		return false
	}, t)}
}

// UnionType is one of several types in one place.
type UnionType struct {
	on    Num
	cases []Case
}

// Case is an arm of a union, for some values of the selector. An arm without
// values is the default.
type Case struct {
	Type   Type
	Values []uint64
}

// Union describes a C union whose arm is chosen by on. Its size is its largest
// arm's.
func Union(on Num, cases ...Case) *UnionType { return &UnionType{on, cases} }

// Layout implements Type.
func (u *UnionType) Layout(abi tables.ABI) Layout {
	l := Layout{0, 1}
	for i := range u.cases {
		arm := u.cases[i].Type.Layout(abi)
		l.Size, l.Align = max(l.Size, arm.Size), max(l.Align, arm.Align)
	}
	l.Size = AlignUp(l.Size, l.Align)
	return l
}

// Arm is a Case.
func Arm(t Type, values ...uint64) Case { return Case{t, values} }

func (u *UnionType) Show(c *Call, v View) {
	if t := u.arm(c); t != nil {
		t.Show(c, v.At(0, t.Layout(c.ABI).Size))
		return
	}
	c.Out.Str(output.Plain, v.B, false)
}

// ShowAsMembers lets arms made by Inline show their members as the struct's.
func (u *UnionType) ShowAsMembers(c *Call, v View) {
	t := u.arm(c)
	if t == nil {
		c.Out.Field("")
		c.Out.Str(output.Plain, v.B, false)
		return
	}
	v = v.At(0, t.Layout(c.ABI).Size)
	if g, ok := t.(memberGroup); ok {
		g.ShowAsMembers(c, v)
		return
	}
	c.Out.Field("")
	t.Show(c, v)
}

func (u *UnionType) arm(c *Call) Type {
	on := u.on.Num(c)
	for i := range u.cases {
		cs := &u.cases[i]
		if len(cs.Values) == 0 {
			return cs.Type
		}
		for _, v := range cs.Values {
			if v == on {
				return cs.Type
			}
		}
	}
	return nil
}
