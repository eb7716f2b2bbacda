package lang

// InOut points to a To that the kernel reads and then overwrites: [before => after].
// The old value is read at the enter-stop; both are shown at the exit-stop.
type InOut struct {
	WordSized
	To      Type
	Always  bool // the kernel may overwrite it even when the call fails
	OldOnly bool // only the old value is shown; To may be larger than a number, but only once in a call
	Early   bool // the old value is shown at the enter-stop, the new one if the result is neither an error nor 0
}

func (t *InOut) Dir() Dir {
	if t.Early {
		return Both
	}
	return Exit
}

func (t *InOut) Keep(k *Keeps) {
	k.Follow(t.To, BeforeCall)
	switch {
	case t.OldOnly:
	case t.Always:
		k.Follow(t.To, AfterCall)
	default:
		k.Follow(t.To, IfSucceeded)
	}
}

func (t *InOut) pointee() Type { return t.To }

func (t *InOut) Capture(c *Call, v View, arg int) {
	addr := v.Uint(c.WordSize())
	if addr == 0 || t.Early {
		return
	}
	size := t.To.Layout(c.ABI).Size
	if b, ok := c.ReadAll(addr, size); ok && t.OldOnly {
		copy(c.entered[:], b)
		c.Save(arg, addr)
	} else if ok {
		c.Save(arg, View{B: b}.Uint(size))
	}
}

// Show implements Type.
func (t *InOut) Show(c *Call, v View) {
	addr := v.Uint(c.WordSize())
	if t.Early {
		t.showEarly(c, addr)
		return
	}
	before, known := c.SavedFor(c.next)
	if addr == 0 || !known {
		c.Out.Addr(addr)
		return
	}
	size := t.To.Layout(c.ABI).Size
	if t.OldOnly {
		ShowPointee(c, t.To, View{c.entered[:size], addr})
		return
	}
	b := c.Alloc(8)
	PutUint(b, before)
	c.Out.BeginArray()
	c.Out.Elem()
	t.To.Show(c, View{B: b[:size]})
	if !c.Failed() || t.Always {
		if after, ok := c.ReadUint(addr, size); ok && after != before {
			c.Out.Changed()
			PutUint(b, after)
			t.To.Show(c, View{B: b[:size]})
		}
	}
	c.Out.EndArray()
}

func (t *InOut) showEarly(c *Call, addr uint64) {
	m, ok := View{}, false
	if addr != 0 {
		m, ok = c.ReadType(addr, t.To)
	}
	c.Begun = ok
	if !ok {
		c.Out.Addr(addr)
		return
	}
	c.Out.BeginArray()
	c.Out.Elem()
	t.To.Show(c, m)
}

// Finish shows the new value of an Early number.
func (t *InOut) Finish(c *Call, v View) {
	if !c.Begun {
		return
	}
	if !c.Failed() && c.Ret != 0 {
		if m, ok := c.ReadType(v.Uint(c.WordSize()), t.To); ok {
			c.Out.Changed()
			t.To.Show(c, m)
		}
	}
	c.Out.EndArray()
}

// Value is the current number.
func (t *InOut) Value(c *Call, v View) uint64 {
	u, _ := c.ReadUint(v.Uint(c.WordSize()), t.To.Layout(c.ABI).Size)
	return u
}
