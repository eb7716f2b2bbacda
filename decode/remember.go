package decode

// Memory as it was at the enter-stop, which the exit-stop compares or still
// needs.

// Remembered is a t behind a pointer that is kept for the exit-stop.
func Remembered(t *StructType) Type { return &rememberedStruct{t} }

type rememberedStruct struct{ *StructType }

func (t *rememberedStruct) Show(c *Call, v View) {
	c.remember(v)
	t.StructType.Show(c, v)
}

// was is the number that a member had at the enter-stop.
func was(name string, size int) Num {
	return Func(func(c *Call) uint64 {
		f := c.frame(0)
		if b, ok := c.recall(f.st.Member(c, name, f.v)); ok {
			return View{B: b}.Uint(size)
		}
		return Len(name).num(c)
	})
}

// remember keeps memory for the exit-stop. There may be several pieces of it.
func (c *Call) remember(v View) {
	c.snapshots = append(c.snapshots, View{append([]byte(nil), v.B...), v.Addr})
}

// hasRemembered says that remember was called.
func (c *Call) hasRemembered() bool { return len(c.snapshots) > 0 }

// recall gives the bytes that v had when it was remembered.
func (c *Call) recall(v View) ([]byte, bool) {
	for _, s := range c.snapshots {
		if off := v.Addr - s.Addr; v.Addr >= s.Addr && off+uint64(len(v.B)) <= uint64(len(s.B)) {
			return s.B[off:][:len(v.B)], true
		}
	}
	return nil, false
}

// atEntry has show see the memory that is remembered as it was.
func (c *Call) atEntry(show func()) {
	now := c.Mem
	c.Mem = rememberedMemory{c, now}
	c.windows.valid = [2]bool{}
	show()
	c.Mem = now
	c.windows.valid = [2]bool{}
}

type rememberedMemory struct {
	c *Call
	Memory
}

func (m rememberedMemory) ReadMemory(addr uint64, b []byte) int {
	if was, ok := m.c.recall(View{b, addr}); ok {
		return copy(b, was)
	}
	return m.Memory.ReadMemory(addr, b)
}

// remembers says that v has not changed since it was remembered.
func (c *Call) remembers(v View) bool {
	b, ok := c.recall(v)
	return ok && string(b) == string(v.B)
}
