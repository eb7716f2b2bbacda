package lang

// Change points to memory that the kernel reads as an In and overwrites with
// an Out: {...} => {...}. Out is shown if the call succeeded.
type Change struct {
	WordSized
	In, Out Type
	If      Cond // when Out is shown; nil for Succeeded
	OrAddr  bool // if If holds but the call failed, the address is shown in place of Out
	Unread  bool // Out is shown even if In could not be read

	// Where, if not nil, must hold within In at the enter-stop, and every list in In that
	// MustExist must exist; otherwise Out is not shown. In is then a *Struct.
	Where Cond

	// UnlessZero, if not 0, is a number of bytes. If these bytes are all zero, In is not
	// shown: programs rarely fill in memory that the kernel only writes. If the call
	// failed, the address is shown instead of Out, or nothing if NoAddr is set and In was
	// shown.
	UnlessZero Num
	NoAddr     bool
}

func (t *Change) Dir() Dir { return Both }

func (t *Change) Keep(k *Keeps) {
	if t.UnlessZero != nil {
		k.Follow(&Bytes{Len: Min{t.UnlessZero, Const(PageSize)}}, BeforeCall)
	}
	k.Follow(t.In, BeforeCall)
	if t.If != nil {
		k.Follow(t.Out, AfterCall)
	} else {
		k.Follow(t.Out, IfSucceeded)
	}
}

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

// Finish shows the memory after the call.
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

// Fill points to a struct that the kernel completes. The members of In are shown
// at the enter-stop. If the call succeeded, those of Out follow in the same braces.
type Fill struct {
	WordSized
	In, Out *Struct

	// Again, if it is not nil, is the type of the last member of In at the exit-stop.
	// If its value has changed, it is shown again, before the members of Out.
	Again  Type
	Always bool // the kernel completes it even when the call fails
	OrMore bool // "..." stands in place of Out if the call failed or Out cannot be read
}

// Entered is the value of the last member of Fill.In at the enter-stop, if Fill.Again is
// set.
const Entered = entered(0)

type entered uint8

func (entered) Num(c *Call) uint64 { return c.Before }

func (t *Fill) Dir() Dir { return Both }

func (t *Fill) Keep(k *Keeps) {
	k.Follow(t.In, BeforeCall)
	after := IfSucceeded
	if t.Always {
		after = AfterCall
	}
	k.Follow(t.Out, after)
	if t.Again != nil {
		k.behind, k.when = true, after
		k.Inside(t.Again)
		k.behind = false
	}
}

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

// States that showUnlessZero leaves in Call.Before for finishUnlessZero.
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
	if c.Before == shownAll || c.Before == shownFirst && c.Failed() && t.NoAddr {
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
