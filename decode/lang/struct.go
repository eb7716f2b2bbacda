package lang

import (
	"slices"
	"strings"
	"sync/atomic"

	"trapline/output"
	"trapline/tables"
)

// Struct is a C struct: named members, laid out by the rules of each ABI. A
// member called "" is shown without its name (a union's arm), one called "_" is
// never shown.
type Struct struct {
	Fields Fields
	Packed bool   // there is no padding
	Union  bool   // all members lie at its beginning, as in a union of C
	C      string // its name in C, without "struct"; "" if not known, or as that of Of

	// Of, if not nil, is a struct whose members this one shows in another way: with other
	// types for those in With; only those that Pick names, in that order, or all; and with
	// the member called Move before the one called Before.
	Of           *Struct
	With         Fields
	Pick         Names
	Move, Before string

	// Points, if not nil, says what has to be kept of the struct behind an argument, and of
	// the memory that its members point to: see Keeps.Struct.
	Points func(k *Keeps, st *Struct)

	// A program's calls need few of all structs, so each is laid out when it is
	// first needed. That keeps the start short.
	laid atomic.Pointer[structLayout]
}

type structLayout struct {
	sizes   [tables.NumABI]Layout
	members []member
	shown   []int // the members to show, by position

	// Of an abbreviated struct that is there as a whole, only brief has to be looked at:
	// the members to show that are not verbose. cut says that this leaves some out.
	brief []int
	cut   bool
}

type member struct {
	Name     string
	Type     Type
	cond     Cond
	since    int  // the first member of the version that it is of; 0 for the first version
	verbose  bool // left out of abbreviated structs
	reserved bool // shown only when it is not zero
	fielder  fielder
	number   valuer // Type if it represents a number, else nil
	Off      [tables.NumABI]int
	size     [tables.NumABI]int
}

// fielder is implemented by types that write their member's name.
type fielder interface {
	ShowField(c *Call, name string, v View)
}

// Fields are the members of a struct, in order.
type Fields []Field

// Names are names of members of a struct or of constants of a set.
type Names []string

// layout lays the members out, once.
func (st *Struct) layout() *structLayout {
	if l := st.laid.Load(); l != nil {
		return l
	}
	sl := &structLayout{}
	if st.Of != nil && st.With == nil {
		*sl = *st.Of.layout()
	} else {
		fields := st.fields()
		sl.members = make([]member, len(fields))
		since := 0
		for i, f := range fields {
			u := unwrap(f.Type)
			if u.since {
				since = i
			}
			m := &sl.members[i]
			*m = member{Name: f.Name, Type: u.Type, cond: u.cond, since: since, verbose: u.verbose, reserved: u.reserved}
			m.fielder, _ = u.Type.(fielder)
			m.number, _ = u.Type.(valuer)
		}
		sl.place(st)
	}
	sl.shown = st.positions(sl)
	sl.abridge()
	st.laid.Store(sl)
	return sl
}

// abridge finds the members of an abbreviated struct. If a verbose member is left out
// whatever the call, no other one has to be looked at: all they do is to show "...".
func (sl *structLayout) abridge() {
	sl.brief, sl.cut = nil, false
	for _, i := range sl.shown {
		if m := &sl.members[i]; m.verbose && m.cond == nil && m.since == 0 {
			sl.cut = true
		}
	}
	if !sl.cut {
		sl.brief = sl.shown
		return
	}
	for _, i := range sl.shown {
		if !sl.members[i].verbose {
			sl.brief = append(sl.brief, i)
		}
	}
}

// fields are the members with their types.
func (st *Struct) fields() Fields {
	if st.Of == nil {
		return st.Fields
	}
	fields := slices.Clone(st.Of.fields())
	for _, f := range st.With {
		i := slices.IndexFunc(fields, func(was Field) bool { return was.Name == f.Name })
		if i < 0 {
			panic(noMember(f.Name, fields))
		}
		fields[i] = f
	}
	return fields
}

// noMember returns a message if a struct with these members lacks the one called name.
func noMember(name string, fields Fields) string {
	var names []string
	for _, f := range fields {
		names = append(names, f.Name)
	}
	return "lang: no member is called " + name + " in struct { " + strings.Join(names, ", ") + " }"
}

// place finds the offsets of the members and the size of them all.
func (sl *structLayout) place(st *Struct) {
	packed, union := st.packed(), st.union()
	for _, abi := range tables.ABIs {
		size, align := 0, 1
		for i := range sl.members {
			m := &sl.members[i]
			l := m.Type.Layout(abi)
			m.size[abi] = l.Size
			if packed {
				l.Align = 1
			}
			if !union {
				m.Off[abi] = AlignUp(size, l.Align)
			}
			size = max(size, m.Off[abi]+l.Size)
			align = max(align, l.Align)
		}
		sl.sizes[abi] = Layout{AlignUp(size, align), align}
	}
}

// Resolve lays the struct out. It panics if a name does not belong to a member.
func (st *Struct) Resolve() { st.layout() }

// packed reports whether there is no padding.
func (st *Struct) packed() bool { return st.Packed || st.Of != nil && st.Of.packed() }

// union reports whether all members lie at its beginning.
func (st *Struct) union() bool { return st.Union || st.Of != nil && st.Of.union() }

// Layout implements Type.
func (st *Struct) Layout(abi tables.ABI) Layout { return st.layout().sizes[abi] }

func (st *Struct) Keep(k *Keeps) {
	sl := st.layout()
	for _, i := range sl.shown {
		if m := &sl.members[i]; !m.verbose || !k.Abbrev {
			k.Inside(m.Type)
		}
	}
}

// positions are those of the members of sl that are shown.
func (st *Struct) positions(sl *structLayout) []int {
	at := func(name string) int {
		i := slices.IndexFunc(sl.members, func(m member) bool { return m.Name == name })
		if i < 0 {
			panic(noMember(name, st.fields()))
		}
		return i
	}
	switch {
	case st.Pick != nil:
		shown := make([]int, 0, len(st.Pick))
		for _, name := range st.Pick {
			shown = append(shown, at(name))
		}
		return shown
	case st.Move != "":
		shown := slices.Clone(sl.shown)
		move := at(st.Move)
		shown = slices.DeleteFunc(shown, func(i int) bool { return i == move })
		return slices.Insert(shown, slices.Index(shown, at(st.Before)), move)
	}
	shown := make([]int, 0, len(sl.members))
	for i := range sl.members {
		if sl.members[i].Name != "_" {
			shown = append(shown, i)
		}
	}
	return shown
}

// Offset returns a member's offset in bytes, for tests of the layout.
func (st *Struct) Offset(abi tables.ABI, name string) (int, bool) {
	if m := st.member(name); m != nil {
		return m.Off[abi], true
	}
	return 0, false
}

// Member returns the bytes of the member called name; empty if v is too short.
func (st *Struct) Member(c *Call, name string, v View) View {
	if m := st.member(name); m != nil {
		return v.At(m.Off[c.ABI], m.size[c.ABI])
	}
	return View{}
}

// Members are all members, in order.
func (st *Struct) Members() []member { return st.layout().members }

// member finds the member called name.
func (st *Struct) member(name string) *member {
	members := st.layout().members
	for i := range members {
		if members[i].Name == name {
			return &members[i]
		}
	}
	return nil
}

// value is the number in the member called name.
func (st *Struct) NumberIn(c *Call, name string, v View) (uint64, bool) {
	if m := st.member(name); m != nil {
		mv := v.At(m.Off[c.ABI], m.size[c.ABI])
		if m.number != nil {
			return m.number.Value(c, mv), true
		}
		return NumberOf(c, m.Type, mv), true
	}
	return 0, false
}

// within reports whether cond holds where names are those of the members in v.
func (st *Struct) within(c *Call, v View, cond Cond) bool {
	if !c.Push(st, v) {
		return false
	}
	defer c.Pop()
	return cond.Holds(c)
}

// Show writes the members that v is long enough to hold.
func (st *Struct) Show(c *Call, v View) {
	c.Out.BeginStruct()
	st.ShowMembers(c, v)
	c.Out.EndStruct()
}

// ShowPart is Show for a struct that may end within a member: then the bytes of
// that member are shown.
func (st *Struct) ShowPart(c *Call, v View) {
	c.Out.BeginStruct()
	st.show(c, v, true)
	c.Out.EndStruct()
}

// ShowMembers writes the members without the braces around them.
func (st *Struct) ShowMembers(c *Call, v View) { st.show(c, v, false) }

func (st *Struct) show(c *Call, v View, part bool) {
	if !c.Push(st, v) {
		c.Out.More()
		return
	}
	sl := st.layout()
	shown, cut := sl.shown, false
	if c.Abbrev && len(v.B) >= sl.sizes[c.ABI].Size {
		shown, cut = sl.brief, sl.cut
	}
	for _, i := range shown {
		m := &sl.members[i]
		if m.since > 0 && c.Known <= uint64(sl.members[m.since].Off[c.ABI]) || m.cond != nil && !m.cond.Holds(c) {
			continue
		}
		if m.verbose && c.Abbrev {
			cut = true
			continue
		}
		off, size := m.Off[c.ABI], m.size[c.ABI]
		if m.reserved && AllZero(v.At(off, size).B) {
			continue
		}
		if off+size > len(v.B) {
			if part && off < len(v.B) {
				c.Out.Field(m.Name)
				c.Out.Str(output.Binary, v.B[off:], false)
			}
			break
		}
		if m.Name == "" {
			if g, ok := m.Type.(memberGroup); ok {
				g.ShowAsMembers(c, v.At(off, len(v.B)))
				continue
			}
		}
		mv := v.At(off, size)
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
	c.Pop()
}

// memberGroup is implemented by types that, as a member called "", represent members of
// the enclosing struct. ShowAsMembers gets all bytes of that struct from the group's first
// byte on, since a group may end in a Tail.
type memberGroup interface{ ShowAsMembers(c *Call, v View) }

// Inline is a struct within a struct or union whose members are shown as if
// they were the outer one's. Its name is "".
type Inline struct{ Of *Struct }

// Layout implements Type.
func (t *Inline) Layout(abi tables.ABI) Layout { return t.Of.Layout(abi) }

func (t *Inline) Keep(k *Keeps) { k.Value(t.Of) }

// Show implements Type.
func (t *Inline) Show(c *Call, v View) { t.Of.Show(c, v) }

func (t *Inline) ShowAsMembers(c *Call, v View) { t.Of.ShowMembers(c, v) }

// NamedArm is an Inline with a single member: the arm of a union that is shown
// under a name of its own.
type NamedArm struct {
	Name string
	Type Type

	made atomic.Pointer[Struct]
}

// inner is the struct with the member.
func (t *NamedArm) inner() *Struct {
	st := t.made.Load()
	if st == nil {
		st = &Struct{Fields: Fields{{t.Name, t.Type}}}
		t.made.Store(st)
	}
	return st
}

// Layout implements Type.
func (t *NamedArm) Layout(abi tables.ABI) Layout { return t.inner().Layout(abi) }

func (t *NamedArm) Keep(k *Keeps) { k.Value(t.Type) }

// Show implements Type.
func (t *NamedArm) Show(c *Call, v View) { t.inner().Show(c, v) }

func (t *NamedArm) ShowAsMembers(c *Call, v View) { t.inner().ShowMembers(c, v) }

// Abbreviated represents several members, which an abbreviated struct shows as "...". Without
// an Of it is always "...". Its name is not shown.
type Abbreviated struct{ Of *Struct }

// Layout implements Type.
func (t *Abbreviated) Layout(abi tables.ABI) Layout {
	if t.Of == nil {
		return Layout{0, 1}
	}
	return t.Of.Layout(abi)
}

// Show is never called: a group of members shows itself.
func (t *Abbreviated) Show(*Call, View) {}

func (t *Abbreviated) Keep(k *Keeps) {
	if t.Of != nil && !k.Abbrev {
		k.Value(t.Of)
	}
}

func (t *Abbreviated) ShowField(c *Call, _ string, v View) { t.ShowAsMembers(c, v) }

func (t *Abbreviated) ShowAsMembers(c *Call, v View) {
	if t.Of == nil || c.Abbrev {
		c.Out.More()
	} else {
		t.Of.ShowMembers(c, v)
	}
}

// Tail is the end of a struct of variable length: all of the struct's Call.Known bytes
// from there on, whatever the size of the type. An Inline that does not fit is shown as
// "...", an Array as the elements that fit.
type Tail [1]Type

// Layout implements Type.
func (t Tail) Layout(abi tables.ABI) Layout { return Layout{0, t[0].Layout(abi).Align} }

// Show is never called: a fielder shows itself.
func (t Tail) Show(*Call, View) {}

func (t Tail) Keep(k *Keeps) { k.Value(t[0]) }

func (t Tail) ShowField(c *Call, name string, v View) {
	f := c.Frame(0)
	off := int(v.Addr - f.View.Addr)
	v = f.View.At(off, max(0, int(c.Known)-off))
	switch of := t[0].(type) {
	case *Inline:
		switch size := of.Layout(c.ABI).Size; {
		case len(v.B) >= size:
			of.ShowAsMembers(c, v)
		case len(v.B) > 0:
			c.Out.More()
		}
	case *Array:
		c.Out.Field(name)
		of.showFirst(c, v, len(v.B)/of.Of.Layout(c.ABI).Size)
	default:
		c.Out.Field(name)
		of.Show(c, v)
	}
}

// Length is the size in bytes of a struct of variable length.
const Length = length(0)

type length uint8

func (length) Num(c *Call) uint64 { return c.Known }

// EmptyArm is an arm of a union that is not shown.
const EmptyArm = emptyArm(0)

type emptyArm uint8

func (emptyArm) Layout(tables.ABI) Layout      { return Layout{0, 1} }
func (emptyArm) Show(c *Call, _ View)          { c.Out.BeginStruct(); c.Out.EndStruct() }
func (emptyArm) ShowAsMembers(c *Call, v View) {}

func (emptyArm) Keep(*Keeps) {}
