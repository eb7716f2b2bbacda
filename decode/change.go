package decode

// Change points to memory that the kernel reads as an in and overwrites with
// an out: {...} => {...}. What it has become is shown if the call succeeded.
func Change(in, out Type) Type { return &change{wordLayout(), in, out, Succeeded} }

// ChangeIf is a Change whose outcome is shown when cond holds at the exit-stop.
func ChangeIf(cond Cond, in, out Type) Type { return &change{wordLayout(), in, out, cond} }

type change struct {
	layouts
	in, out Type
	cond    Cond
}

func (t *change) dir() Dir { return Both }

func (t *change) Show(c *Call, v View) {
	c.begun = c.ShowAt(v.Uint(c.WordSize()), t.in)
}

func (t *change) finish(c *Call, v View) {
	if c.begun && t.cond(c) {
		c.Out.Changed()
		c.ShowAt(v.Uint(c.WordSize()), t.out)
	}
}

// Fill points to a struct that the kernel completes: the members of in are
// shown at the enter-stop, those of out follow them, in the same braces, if
// the call succeeded.
func Fill(in, out *StructType) Type { return &fill{wordLayout(), in, out} }

type fill struct {
	layouts
	in, out *StructType
}

func (t *fill) dir() Dir { return Both }

func (t *fill) Show(c *Call, v View) {
	addr := v.Uint(c.WordSize())
	m, ok := View{}, false
	if addr != 0 {
		m, ok = c.ReadType(addr, t.in)
	}
	c.begun = ok
	if !ok {
		c.Out.Addr(addr)
		return
	}
	c.Out.BeginStruct()
	t.in.ShowMembers(c, m)
}

func (t *fill) finish(c *Call, v View) {
	if !c.begun {
		return
	}
	if !c.Failed() {
		if m, ok := c.ReadType(v.Uint(c.WordSize()), t.out); ok {
			t.out.ShowMembers(c, m)
		}
	}
	c.Out.EndStruct()
}
