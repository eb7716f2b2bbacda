package lang

import (
	"trapline/output"
	"trapline/tables"
)

// The caller passes the size of a struct that grows with new kernel versions
// (copy_struct_from_user in the kernel). In structs that are read in parts, Since marks
// the members that were added later.

// Extensible is a struct behind a pointer, of which the first Size bytes exist. A
// struct of less than Least bytes is not valid and is shown as an address. Bytes
// behind the known members are shown unless they are all zero.
type Extensible struct {
	Of    *Struct
	Size  Num // nil if the first member, a 32-bit integer, is the size
	Least int
	Cut   bool // bytes behind the known members are not read, but shown as "..."
	Exact bool // a struct of another size than Of is shown as an address
}

// Layout implements Type.
func (t *Extensible) Layout(abi tables.ABI) Layout { return t.Of.Layout(abi) }

// Show implements Type.
func (t *Extensible) Show(c *Call, v View) { t.Of.Show(c, v) }

func (t *Extensible) Keep(k *Keeps) {
	known := t.Of.Layout(k.ABI).Size
	switch {
	case t.Size == nil:
		k.Bytes(4)
		k.add(KeepOp{Kind: KeepCounted, Count: Amount(k.reg), Size: 1, Most: PageSize})
	case t.Cut || t.Exact:
		k.Elements(t.Size, 1, uint64(known))
	default:
		k.Elements(t.Size, 1, PageSize)
	}
	k.Inside(t.Of)
}

func (t *Extensible) ShowAt(c *Call, addr uint64) {
	if t.Size == nil {
		t.showSelfSized(c, addr)
		return
	}
	size := t.Size.Num(c)
	known := uint64(t.Of.Layout(c.ABI).Size)
	b, ok := c.ReadAll(addr, int(min(size, known)))
	if !ok || size < uint64(t.Least) || t.Exact && size != known {
		c.Out.Addr(addr)
		return
	}
	c.Out.BeginStruct()
	if t.Cut {
		t.Of.ShowMembers(c, View{t.Of.Complete(c, b), addr})
		if size > known {
			c.Out.More()
		}
	} else {
		t.Of.ShowMembers(c, View{b, addr})
		c.ShowRest(addr, known, size)
	}
	c.Out.EndStruct()
}

// showSelfSized shows a struct whose first member is its size.
func (t *Extensible) showSelfSized(c *Call, addr uint64) {
	size, ok := c.ReadUint(addr, 4)
	if !ok {
		c.Out.Addr(addr)
		return
	}
	c.Out.BeginStruct()
	known := uint64(t.Of.Layout(c.ABI).Size)
	first := &t.Of.layout().members[0]
	b, ok := c.ReadAll(addr, int(max(4, min(size, known))))
	switch {
	case size < uint64(t.Least):
		c.Out.Field(first.Name)
		first.Type.Show(c, View{b, addr}.At(0, 4))
	case !ok:
		c.Out.Field(first.Name)
		b = c.Alloc(4)
		PutUint(b, size)
		first.Type.Show(c, View{b, addr})
		c.Out.Field("")
		c.Out.Text("???")
	default:
		t.Of.ShowMembers(c, View{b, addr})
		c.ShowRest(addr, known, size)
	}
	c.Out.EndStruct()
}

// Complete returns b, padded with zeros if it ends within a member.
func (st *Struct) Complete(c *Call, b []byte) []byte {
	for i := range st.layout().members {
		m := &st.layout().members[i]
		off := m.Off[c.ABI]
		if end := off + m.Type.Layout(c.ABI).Size; off < len(b) && len(b) < end {
			whole := c.Alloc(end)
			clear(whole[copy(whole, b):])
			return whole
		}
	}
	return b
}

// PageSize is the size of a page on x86, and the limit of the kernel for extensible
// structs.
const PageSize = 4096

// ShowRest shows bytes off up to end of the struct at addr as one more member, unless all
// of them are zero.
func (c *Call) ShowRest(addr, off, end uint64) {
	c.ShowRestWith(addr, off, end, func() { c.Out.Field("") })
}

// ShowRestWith is ShowRest with next to start the member.
func (c *Call) ShowRestWith(addr, off, end uint64, next func()) {
	end = min(end, PageSize)
	if off >= end {
		return
	}
	b, ok := c.ReadAll(addr+off, int(end-off))
	if !ok {
		next()
		c.Out.Text("???")
		return
	}
	for _, x := range b {
		if x != 0 {
			n := min(len(b), c.StringLimit)
			next()
			c.Out.Offset(off, end)
			c.Out.Str(output.Binary, b[:n], n < len(b))
			if n < len(b) {
				c.Out.Size(end - off)
			}
			return
		}
	}
}
