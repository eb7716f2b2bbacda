package lang

// pointer is an address that is followed.
type pointer struct {
	Layouts
	elem Type
	d    Dir
	cond Cond // when it is followed at the exit-stop; nil for always
}

// Ptr points to a t that the kernel reads.
func Ptr(t Type) Type { return &pointer{Layouts: WordLayout(), elem: t} }

// Ptr64 is a Ptr held in 64 bits whatever the ABI, as newer structs do.
func Ptr64(t Type) Type { return &pointer{Layouts: SameLayout(8), elem: t} }

// Out points to a t that the kernel writes. After a failed call nothing was
// written, and the address is shown.
func Out(t Type) Type { return OutIf(Succeeded, t) }

// Late points to a t that the kernel reads, shown at the exit-stop behind an
// Out: after a failed call only by its address, as strace does.
func Late(t Type) Type { return Out(t) }

// OutIf is an Out that the kernel has written if cond holds.
func OutIf(cond Cond, t Type) Type {
	return &pointer{Layouts: WordLayout(), elem: t, d: Exit, cond: cond}
}

// Out64 is an Out held in 64 bits whatever the ABI.
func Out64(t Type) Type { return &pointer{Layouts: SameLayout(8), elem: t, d: Exit, cond: Succeeded} }

// OutAlways is an Out that the kernel writes even when the call fails.
func OutAlways(t Type) Type { return OutIf(nil, t) }

func (t *pointer) Dir() Dir { return t.d }

func (t *pointer) Show(c *Call, v View) {
	addr := v.Uint(t.Layouts[c.ABI].Size)
	if t.d == Exit && c.exiting && t.cond != nil && !t.cond(c) {
		if a, ok := t.elem.(*array); ok && addr != 0 && a.count != Result && a.count.Num(c) == 0 {
			a.ShowAt(c, addr) // empty whatever the kernel did
			return
		}
		c.Out.Addr(addr)
		return
	}
	c.Begun = c.ShowAt(addr, t.elem)
}

// Reader is implemented by types whose size is not known before they are read:
// strings, buffers, counted arrays. They follow the pointer themselves.
type Reader interface{ ShowAt(c *Call, addr uint64) }

// plain is implemented by types that may be shown where pointers are not
// followed: strings and data always are, and arrays that have no elements.
type plain interface{ ShownPlain(c *Call) bool }

func (c *Call) shownPlain(t Type) bool {
	p, ok := t.(plain)
	return ok && p.ShownPlain(c)
}

// ShowAt shows the t at addr or, where it cannot be read, the address. It
// reports false for what has a size but could not be read.
func (c *Call) ShowAt(addr uint64, t Type) bool {
	if addr == 0 || c.Plain && !c.shownPlain(t) {
		c.Out.Addr(addr)
		return false
	}
	if r, ok := t.(Reader); ok {
		r.ShowAt(c, addr)
		return true
	}
	v, ok := c.ReadType(addr, t)
	if !ok {
		c.Out.Addr(addr)
		return false
	}
	ShowPointee(c, t, v)
	return true
}

// ShowPointee shows a value behind a pointer: scalars go into brackets, so
// that they cannot be mistaken for the argument itself.
func ShowPointee(c *Call, t Type, v View) {
	if _, scalar := t.(valuer); scalar {
		c.Out.BeginArray()
		c.Out.Elem()
		t.Show(c, v)
		c.Out.EndArray()
		return
	}
	t.Show(c, v)
}

// Bare is a scalar t that has no brackets around it behind a pointer.
func Bare(t Type) Type { return &bare{t} }

// bare hides that t is a valuer.
type bare struct{ Type }

// IfAny is a t behind a pointer, of which there is nothing to show if n is 0.
func IfAny(n Num, t Type) Type { return &ifAny{n: n, elem: t} }

type ifAny struct {
	Unsized
	n    Num
	elem Type
}

func (t *ifAny) Show(c *Call, v View) { t.ShowAt(c, v.Addr) }

func (t *ifAny) ShownPlain(c *Call) bool { return c.shownPlain(t.elem) }

func (t *ifAny) ShowAt(c *Call, addr uint64) {
	if t.n.Num(c) == 0 {
		c.Out.Addr(addr)
		return
	}
	c.ShowAt(addr, t.elem)
}

// InOutAlways points to a number that the kernel reads and then overwrites, or
// may overwrite even when the call fails; shown at the exit-stop as
// [before => after].
func InOutAlways(t Type) Type { return &InOut{WordLayout(), t, true} }

// InOut is the type of InOutAlways.
type InOut struct {
	Layouts
	Elem   Type
	always bool // shows after although the call failed
}

func (t *InOut) Dir() Dir { return Exit }

func (t *InOut) Capture(c *Call, v View, arg int) {
	if addr := v.Uint(c.WordSize()); addr != 0 {
		size := t.Elem.Layout(c.ABI).Size
		if u, ok := c.ReadUint(addr, size); ok {
			c.Save(arg, u)
		}
	}
}

func (t *InOut) Show(c *Call, v View) {
	addr := v.Uint(c.WordSize())
	before, known := c.Captured()
	if addr == 0 || !known {
		c.Out.Addr(addr)
		return
	}
	size := t.Elem.Layout(c.ABI).Size
	b := c.Alloc(8)
	PutUint(b, before)
	c.Out.BeginArray()
	c.Out.Elem()
	t.Elem.Show(c, View{B: b[:size]})
	if !c.Failed() || t.always {
		if after, ok := c.ReadUint(addr, size); ok && after != before {
			c.Out.Changed()
			PutUint(b, after)
			t.Elem.Show(c, View{B: b[:size]})
		}
	}
	c.Out.EndArray()
}

func (t *InOut) Value(c *Call, v View) uint64 {
	u, _ := c.ReadUint(v.Uint(c.WordSize()), t.Elem.Layout(c.ABI).Size)
	return u
}

// AsEntered points to a small t that is shown at the exit-stop as it was at the
// enter-stop. A call has one at most.
func AsEntered(t Type) Type { return &asEntered{WordLayout(), t} }

type asEntered struct {
	Layouts
	elem Type
}

func (t *asEntered) Dir() Dir { return Exit }

func (t *asEntered) Capture(c *Call, v View, arg int) {
	addr := v.Uint(c.WordSize())
	b, ok := c.ReadAll(addr, t.elem.Layout(c.ABI).Size)
	if addr != 0 && ok {
		copy(c.entered[:], b)
		c.Save(arg, addr)
	}
}

func (t *asEntered) Show(c *Call, v View) {
	addr, ok := c.Captured()
	if !ok {
		c.Out.Addr(v.Uint(c.WordSize()))
		return
	}
	ShowPointee(c, t.elem, View{c.entered[:t.elem.Layout(c.ABI).Size], addr})
}
