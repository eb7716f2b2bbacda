package lang

import "trapline/tables"

// Ptr points to a To that the kernel reads.
type Ptr struct {
	To          Type
	Wide        bool // held in 64 bits under every ABI, as in newer structs
	Bare        bool // a scalar has no brackets around it
	MustExist   bool // Change.Where does not hold if To, a *List, is empty or cannot be read
	UsuallyNull bool // it is usually a null pointer

	C string // the type in C, if it does not follow from To
}

// Layout implements Type.
func (t *Ptr) Layout(abi tables.ABI) Layout { return pointerLayout(abi, t.Wide) }

func (t *Ptr) Keep(k *Keeps) {
	if t.UsuallyNull {
		k.null()
		return
	}
	k.Follow(t.To, AnyTime)
}

func (t *Ptr) pointee() Type { return t.To }

// Show implements Type.
func (t *Ptr) Show(c *Call, v View) {
	addr := pointerAt(c, v, t.Wide)
	switch {
	case t.MustExist:
		c.showExisting(addr, t.To.(*List))
	case t.Bare:
		c.Begun = c.showBare(addr, t.To)
	default:
		c.Begun = c.ShowAt(addr, t.To)
	}
}

// Out points to a To that the kernel writes. It is shown at the exit-stop, or
// as an address if the call failed: then nothing was written.
type Out struct {
	To     Type
	Wide   bool // held in 64 bits whatever the ABI
	If     Cond // when the kernel has written it; nil for Succeeded
	Always bool // the kernel writes it even when the call fails
	Bare   bool // a scalar has no brackets around it
	IfAny  Num  // the kernel writes nothing if this is 0; nil if there is no such number
}

// Layout implements Type.
func (t *Out) Layout(abi tables.ABI) Layout { return pointerLayout(abi, t.Wide) }

func (t *Out) Keep(k *Keeps) {
	if t.If != nil || t.Always {
		k.Follow(t.To, AfterCall)
	} else {
		k.Follow(t.To, IfSucceeded)
	}
}

func (t *Out) pointee() Type { return t.To }

func (t *Out) Dir() Dir { return Exit }

// written reports whether there is something to show.
func (t *Out) written(c *Call) bool {
	switch {
	case t.Always || !c.exiting:
		return true
	case t.If != nil:
		return t.If.Holds(c)
	}
	return !c.Failed()
}

// Show implements Type.
func (t *Out) Show(c *Call, v View) {
	addr := pointerAt(c, v, t.Wide)
	if !t.written(c) {
		if l, ok := t.To.(*List); ok && addr != 0 && l.isEmpty(c) {
			l.ShowAt(c, addr) // empty whatever the kernel did
			return
		}
		c.Out.Addr(addr)
		return
	}
	if t.IfAny != nil && t.IfAny.Num(c) == 0 {
		c.Out.Addr(addr)
		return
	}
	if t.Bare {
		c.Begun = c.showBare(addr, t.To)
	} else {
		c.Begun = c.ShowAt(addr, t.To)
	}
}

// pointerLayout is the layout of a wide or word-sized pointer.
func pointerLayout(abi tables.ABI, wide bool) Layout {
	if wide {
		return X64.Layout(abi)
	}
	return Xlong.Layout(abi)
}

// pointerAt is the address in a pointer.
func pointerAt(c *Call, v View, wide bool) uint64 {
	if wide {
		return v.Uint(8)
	}
	return v.Uint(c.WordSize())
}

// plain is implemented by types that may be shown where pointers are not
// followed: strings and data always are, and arrays that have no elements.
type plain interface{ ShownPlain(c *Call) bool }

func (c *Call) ShownPlain(t Type) bool {
	p, ok := t.(plain)
	return ok && p.ShownPlain(c)
}

// ShowAt shows the t at addr or, if it cannot be read, the address. It returns
// false for a type of a known size that could not be read.
func (c *Call) ShowAt(addr uint64, t Type) bool {
	if addr == 0 || c.Plain && !c.ShownPlain(t) {
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

// showBare is ShowAt for a scalar without brackets around it.
func (c *Call) showBare(addr uint64, t Type) bool {
	v, ok := View{}, false
	if addr != 0 && !c.Plain {
		v, ok = c.ReadType(addr, t)
	}
	if ok {
		t.Show(c, v)
	} else {
		c.Out.Addr(addr)
	}
	return ok
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
