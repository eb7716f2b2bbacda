package lang

import (
	"trapline/output"
)

// Change points to memory that the kernel reads as an in and overwrites with
// an out: {...} => {...}. What it has become is shown if the call succeeded.
func Change(in, out Type) Type { return ChangeIf(Succeeded, Ptr(in), Out(out)) }

// ChangeIf is an argument shown as an in and, when cond holds at the exit-stop,
// again as an out.
func ChangeIf(cond Cond, in, out Type) Type {
	return &change{Layouts: WordLayout(), in: in, out: out, cond: cond}
}

// ChangeUnread is a Change that is shown a second time even if it could not be
// read at the enter-stop.
func ChangeUnread(in, out Type) Type {
	return &change{Layouts: WordLayout(), in: Ptr(in), out: Out(out), cond: Succeeded, unread: true}
}

type change struct {
	Layouts
	in, out Type
	cond    Cond
	unread  bool // ends even if it has not begun
}

func (t *change) Dir() Dir { return Both }

func (t *change) Show(c *Call, v View) {
	c.Begun = false
	t.in.Show(c, v)
}

func (t *change) Finish(c *Call, v View) {
	if (c.Begun || t.unread) && t.cond(c) {
		c.Out.Changed()
		t.out.Show(c, v)
	}
}

// ChangeWhere is a ChangeIf of a struct that is shown a second time only if where
// holds within it at the enter-stop and all that is Needed was there.
func ChangeWhere(where Cond, in *StructType, cond Cond, out *StructType) Type {
	return &changeWhere{change{Layouts: WordLayout(), in: Ptr(in), out: OutAlways(out), cond: cond}, in, where}
}

type changeWhere struct {
	change
	st    *StructType
	where Cond
}

func (t *changeWhere) Show(c *Call, v View) {
	c.lacking = false
	t.change.Show(c, v)
	if !c.Begun {
		return
	}
	m, ok := c.ReadType(v.Uint(c.WordSize()), t.st)
	c.Begun = ok && !c.lacking && t.st.within(c, m, t.where)
}

// Fill points to a struct that the kernel completes: the members of in are
// shown at the enter-stop, those of out follow them, in the same braces, if
// the call succeeded.
func Fill(in, out *StructType) Type { return &fill{Layouts: WordLayout(), in: in, out: out} }

// FillFrom is a Fill whose last member of in is read again at the exit-stop,
// when it has the type again: if it is another one then, it is shown behind
// the first, before the members of out.
func FillFrom(in *StructType, again Type, out *StructType) Type {
	return &fill{Layouts: WordLayout(), in: in, out: out, again: again}
}

// FillAlways is a Fill that the kernel completes even when the call fails.
func FillAlways(in, out *StructType) Type {
	return &fill{Layouts: WordLayout(), in: in, out: out, always: true}
}

// FillOrMore is a Fill that ends with "..." if the call failed or out cannot be
// read.
func FillOrMore(in, out *StructType) Type {
	return &fill{Layouts: WordLayout(), in: in, out: out, more: true}
}

// FillFromAlways is a FillFrom that the kernel completes even when the call fails.
func FillFromAlways(in *StructType, again Type, out *StructType) Type {
	return &fill{Layouts: WordLayout(), in: in, out: out, again: again, always: true}
}

// Entered is what the last member of in of a FillFrom was at the enter-stop.
var Entered Num = Func(func(c *Call) uint64 { return c.Before })

type fill struct {
	Layouts
	in, out *StructType
	again   Type
	more    bool // shows "..." in place of out
	always  bool // shows out although the call failed
}

func (t *fill) Dir() Dir { return Both }

func (t *fill) Show(c *Call, v View) {
	addr := v.Uint(c.WordSize())
	m, ok := View{}, false
	if addr != 0 {
		m, ok = c.ReadType(addr, t.in)
	}
	if !ok {
		c.Begun = false
		c.Out.Addr(addr)
		return
	}
	c.Out.BeginStruct()
	t.in.ShowMembers(c, m)
	c.Begun = true
	if t.again != nil {
		c.Before = t.last(c, m)
	}
}

// last is the number in the last member of in.
func (t *fill) last(c *Call, m View) uint64 {
	n, _ := t.in.NumberIn(c, t.lastMember().Name, m)
	return n
}

func (t *fill) lastMember() *member {
	l := t.in.layout()
	return &l.members[l.shown[len(l.shown)-1]]
}

func (t *fill) Finish(c *Call, v View) {
	if !c.Begun {
		return
	}
	var m View
	ok := !c.Failed() || t.always
	if ok {
		m, ok = c.ReadType(v.Uint(c.WordSize()), t.out)
	}
	switch {
	case ok:
		if t.again != nil && t.last(c, m) != c.Before {
			last := t.lastMember()
			c.Out.Changed()
			t.again.Show(c, m.At(last.Off[c.ABI], last.Type.Layout(c.ABI).Size))
		}
		t.out.ShowMembers(c, m)
	case t.more:
		c.Out.More()
	}
	c.Out.EndStruct()
}

// Updated points to a number that the kernel may move on: [16 => 8] if the call
// succeeded with a result other than zero.
func Updated(n *Number) Type { return &updated{WordLayout(), n} }

type updated struct {
	Layouts
	n *Number
}

func (t *updated) Dir() Dir { return Both }

func (t *updated) Show(c *Call, v View) {
	addr := v.Uint(c.WordSize())
	m, ok := View{}, false
	if addr != 0 && !c.Plain {
		m, ok = c.ReadType(addr, t.n)
	}
	c.Begun = ok
	if !ok {
		c.Out.Addr(addr)
		return
	}
	c.Out.BeginArray()
	c.Out.Elem()
	t.n.Show(c, m)
}

func (t *updated) Finish(c *Call, v View) {
	if !c.Begun {
		return
	}
	if !c.Failed() && c.Ret != 0 {
		if m, ok := c.ReadType(v.Uint(c.WordSize()), t.n); ok {
			c.Out.Changed()
			t.n.Show(c, m)
		}
	}
	c.Out.EndArray()
}

// ChangeUnlessZero is a Change of which the first part is left out if the
// memory is all zero: in practice nobody fills in what the kernel only writes.
// If the call failed, the address is shown in place of the second part, or
// nothing if shy is true and the first part was shown.
func ChangeUnlessZero(in, out Type, size Num, shy bool) Type {
	return &unlessZero{WordLayout(), in, out, size, shy}
}

type unlessZero struct {
	Layouts
	in, out Type
	size    Num // of what must be zero, in bytes
	shy     bool
}

func (t *unlessZero) Dir() Dir { return Both }

// What Show left for finish, in Call.before.
const (
	shownAll = iota
	shownFirst
	shownNothing
)

func (t *unlessZero) Show(c *Call, v View) {
	addr := v.Uint(c.WordSize())
	c.Before = shownAll
	b, ok := c.ReadAll(addr, int(min(t.size.Num(c), PageSize)))
	switch {
	case addr == 0 || !ok:
		c.Out.Addr(addr)
	case AllZero(b):
		c.Before = shownNothing
	default:
		c.ShowAt(addr, t.in)
		c.Before = shownFirst
	}
}

func (t *unlessZero) Finish(c *Call, v View) {
	addr := v.Uint(c.WordSize())
	if c.Before == shownAll || c.Before == shownFirst && c.Failed() && t.shy {
		return
	}
	if c.Before == shownFirst {
		c.Out.Changed()
	}
	if c.Failed() {
		c.Out.Addr(addr)
		return
	}
	c.ShowAt(addr, t.out)
}

// WasNow shows a number that the kernel may have changed since the enter-stop:
// 4 => 2.
func WasNow(t Type) Type { return &wasNow{t} }

type wasNow struct{ Type }

func (t *wasNow) Value(c *Call, v View) uint64 {
	return NumberOf(c, t.Type, v)
}

func (t *wasNow) Show(c *Call, v View) {
	if before, ok := c.Recall(v); ok && string(before) != string(v.B) {
		t.Type.Show(c, View{before, v.Addr})
		c.Out.Changed()
	}
	t.Type.Show(c, v)
}

// NowOf stands behind the member called name, of size bytes, which was shown at
// the enter-stop. If the number has changed since then, NowOf shows the new one.
func NowOf(name string, size int) Type { return &nowOfMember{name: name, size: size} }

type nowOfMember struct {
	Unsized
	name string
	size int
}

// Show is never called: a fielder shows itself.
func (t *nowOfMember) Show(*Call, View) {}

func (t *nowOfMember) ShowField(c *Call, _ string, _ View) {
	f := c.Frame(0)
	if v := f.Struct.Member(c, t.name, f.View); !c.Remembers(v) {
		c.Out.Changed()
		c.Out.Number(v.Uint(t.size), output.Unsigned)
	}
}
