package lang

// Memory as it was at the enter-stop, which the exit-stop compares or still
// needs.

// ValueBefore is the number that a member of Size bytes had at the enter-stop.
type ValueBefore struct {
	Member string
	Size   int
}

func (t *ValueBefore) Num(c *Call) uint64 {
	f := c.Frame(0)
	if b, ok := c.Recall(f.Struct.Member(c, t.Member, f.View)); ok {
		return View{B: b}.Uint(t.Size)
	}
	return Ref(t.Member).Num(c)
}

// Remember keeps memory for the exit-stop. There may be several pieces of it.
func (c *Call) Remember(v View) {
	c.snapshots = append(c.snapshots, View{append([]byte(nil), v.B...), v.Addr})
}

// Recall returns the bytes that v had when it was remembered.
func (c *Call) Recall(v View) ([]byte, bool) {
	for _, s := range c.snapshots {
		if off := v.Addr - s.Addr; v.Addr >= s.Addr && off+uint64(len(v.B)) <= uint64(len(s.B)) {
			return s.B[off:][:len(v.B)], true
		}
	}
	return nil, false
}

// AtEntry calls show, which sees the remembered memory as it was.
func (c *Call) AtEntry(show func()) {
	now := c.Mem
	c.Mem = rememberedMemory{c, now}
	c.windows.forget()
	show()
	c.Mem = now
	c.windows.forget()
}

type rememberedMemory struct {
	c *Call
	Memory
}

func (m rememberedMemory) ReadMemory(addr uint64, b []byte) int {
	if was, ok := m.c.Recall(View{b, addr}); ok {
		return copy(b, was)
	}
	return m.Memory.ReadMemory(addr, b)
}

// Remembers reports whether v is unchanged since it was remembered.
func (c *Call) Remembers(v View) bool {
	b, ok := c.Recall(v)
	return ok && string(b) == string(v.B)
}

// HasRemembered reports whether Remember was called.
func (c *Call) HasRemembered() bool { return len(c.snapshots) > 0 }
