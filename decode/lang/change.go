package lang

import (
	"trapline/output"
	"trapline/tables"
)

// Change points to memory that the kernel reads as an In and overwrites with
// an Out: {...} => {...}. What it has become is shown if the call succeeded.
type Change struct {
	WordSized
	In, Out Type
	If      Cond // when Out is shown; nil for Succeeded
	OrAddr  bool // where If holds although the call failed, the address stands for Out
	Unread  bool // Out is shown even if In could not be read

	// Where, if there is one, must hold within In at the enter-stop, and all that
	// is Needed must be there: otherwise Out is not shown. In is a *Struct then.
	Where Cond

	// UnlessZero, if there is one, is a number of bytes: where these are all zero,
	// In is not shown, since in practice nobody fills in what the kernel only
	// writes. If the call failed, the address is shown in place of Out, or nothing
	// if it is Shy and In was shown.
	UnlessZero Num
	Shy        bool
}

func (t *Change) Dir() Dir { return Both }

// Show implements Type.
func (t *Change) Show(c *Call, v View) {
	if t.UnlessZero != nil {
		t.showUnlessZero(c, v)
		return
	}
	addr := v.Uint(c.WordSize())
	c.lacking = false
	c.Begun = c.ShowAt(addr, t.In)
	if c.Begun && t.Where != nil {
		m, ok := c.ReadType(addr, t.In)
		c.Begun = ok && !c.lacking && t.In.(*Struct).within(c, m, t.Where)
	}
}

// Finish shows what the memory has become.
func (t *Change) Finish(c *Call, v View) {
	if t.UnlessZero != nil {
		t.finishUnlessZero(c, v)
		return
	}
	if !c.Begun && !t.Unread || t.If == nil && c.Failed() || t.If != nil && !t.If.Holds(c) {
		return
	}
	c.Out.Changed()
	addr := v.Uint(c.WordSize())
	if t.OrAddr && c.Failed() {
		c.Out.Addr(addr)
		return
	}
	c.ShowAt(addr, t.Out)
}

// Fill points to a struct that the kernel completes: the members of In are
// shown at the enter-stop, those of Out follow them, in the same braces, if
// the call succeeded.
type Fill struct {
	WordSized
	In, Out *Struct

	// Again, if there is one, is the type that the last member of In has at the
	// exit-stop: if it is another one then, it is shown behind the first, before
	// the members of Out.
	Again  Type
	Always bool // the kernel completes it even when the call fails
	OrMore bool // "..." stands in place of Out if the call failed or Out cannot be read
}

// Entered is what the last member of Fill.In was at the enter-stop, if there is
// a Fill.Again.
const Entered = entered(0)

type entered uint8

func (entered) Num(c *Call) uint64 { return c.Before }

func (t *Fill) Dir() Dir { return Both }

// Show implements Type.
func (t *Fill) Show(c *Call, v View) {
	addr := v.Uint(c.WordSize())
	m, ok := View{}, false
	if addr != 0 {
		m, ok = c.ReadType(addr, t.In)
	}
	if !ok {
		c.Begun = false
		c.Out.Addr(addr)
		return
	}
	c.Out.BeginStruct()
	t.In.ShowMembers(c, m)
	c.Begun = true
	if t.Again != nil {
		c.Before = t.last(c, m)
	}
}

// last is the number in the last member of In.
func (t *Fill) last(c *Call, m View) uint64 {
	n, _ := t.In.NumberIn(c, t.lastMember().Name, m)
	return n
}

func (t *Fill) lastMember() *member {
	l := t.In.layout()
	return &l.members[l.shown[len(l.shown)-1]]
}

func (t *Fill) Finish(c *Call, v View) {
	if !c.Begun {
		return
	}
	var m View
	ok := !c.Failed() || t.Always
	if ok {
		m, ok = c.ReadType(v.Uint(c.WordSize()), t.Out)
	}
	switch {
	case ok:
		if t.Again != nil && t.last(c, m) != c.Before {
			last := t.lastMember()
			c.Out.Changed()
			t.Again.Show(c, m.At(last.Off[c.ABI], last.Type.Layout(c.ABI).Size))
		}
		t.Out.ShowMembers(c, m)
	case t.OrMore:
		c.Out.More()
	}
	c.Out.EndStruct()
}

// Updated points to the Number that it is converted from, which the kernel may
// move on: [16 => 8] if the call succeeded with a result other than zero.
type Updated Number

// Layout implements Type.
func (t Updated) Layout(abi tables.ABI) Layout { return pointerLayout(abi, false) }

func (t Updated) Dir() Dir { return Both }

// Show implements Type.
func (t Updated) Show(c *Call, v View) {
	addr := v.Uint(c.WordSize())
	m, ok := View{}, false
	if addr != 0 && !c.Plain {
		m, ok = c.ReadType(addr, Number(t))
	}
	c.Begun = ok
	if !ok {
		c.Out.Addr(addr)
		return
	}
	c.Out.BeginArray()
	c.Out.Elem()
	Number(t).Show(c, m)
}

func (t Updated) Finish(c *Call, v View) {
	if !c.Begun {
		return
	}
	if !c.Failed() && c.Ret != 0 {
		if m, ok := c.ReadType(v.Uint(c.WordSize()), Number(t)); ok {
			c.Out.Changed()
			Number(t).Show(c, m)
		}
	}
	c.Out.EndArray()
}

// What showUnlessZero left for finishUnlessZero, in Call.Before.
const (
	shownAll = iota
	shownFirst
	shownNothing
)

func (t *Change) showUnlessZero(c *Call, v View) {
	addr := v.Uint(c.WordSize())
	c.Before = shownAll
	b, ok := c.ReadAll(addr, int(min(t.UnlessZero.Num(c), PageSize)))
	switch {
	case addr == 0 || !ok:
		c.Out.Addr(addr)
	case AllZero(b):
		c.Before = shownNothing
	default:
		c.ShowAt(addr, t.In)
		c.Before = shownFirst
	}
}

func (t *Change) finishUnlessZero(c *Call, v View) {
	addr := v.Uint(c.WordSize())
	if c.Before == shownAll || c.Before == shownFirst && c.Failed() && t.Shy {
		return
	}
	if c.Before == shownFirst {
		c.Out.Changed()
	}
	if c.Failed() {
		c.Out.Addr(addr)
		return
	}
	c.ShowAt(addr, t.Out)
}

// WasNow shows a number that the kernel may have changed since the enter-stop:
// 4 => 2.
type WasNow [1]Type

// Layout implements Type.
func (t WasNow) Layout(abi tables.ABI) Layout { return t[0].Layout(abi) }

// Value is the number as it is now.
func (t WasNow) Value(c *Call, v View) uint64 { return NumberOf(c, t[0], v) }

// Show implements Type.
func (t WasNow) Show(c *Call, v View) {
	if before, ok := c.Recall(v); ok && string(before) != string(v.B) {
		t[0].Show(c, View{before, v.Addr})
		c.Out.Changed()
	}
	t[0].Show(c, v)
}

// NowOf stands behind the member called Member, of Size bytes, which was shown
// at the enter-stop. If the number has changed since then, it shows the new one.
type NowOf struct {
	Unsized
	Member string
	Size   int
}

// Show is never called: a fielder shows itself.
func (t *NowOf) Show(*Call, View) {}

func (t *NowOf) ShowField(c *Call, _ string, _ View) {
	f := c.Frame(0)
	if v := f.Struct.Member(c, t.Member, f.View); !c.Remembers(v) {
		c.Out.Changed()
		c.Out.Number(v.Uint(t.Size), output.Unsigned)
	}
}
