package lang

import (
	"slices"

	"trapline/output"
)

// Structs that grow with new versions of the kernel come with the size that
// the caller knows them in (copy_struct_from_user in the kernel).

// Extensible is a struct behind a pointer of which the first size bytes are
// there. Less than least bytes are no valid struct and shown as an address.
// What a larger one holds behind the known members is shown as bytes unless it
// is all zero.
func Extensible(st *StructType, size Num, least int) Type {
	return &extensible{st, size, uint64(least)}
}

type extensible struct {
	*StructType
	size  Num
	least uint64
}

func (t *extensible) ShowAt(c *Call, addr uint64) {
	size := t.size.Num(c)
	if size < t.least {
		c.Out.Addr(addr)
		return
	}
	known := uint64(t.StructType.Layout(c.ABI).Size)
	b, ok := c.ReadAll(addr, int(min(size, known)))
	if !ok {
		c.Out.Addr(addr)
		return
	}
	c.Out.BeginStruct()
	t.ShowMembers(c, View{b, addr})
	c.ShowRest(addr, known, size)
	c.Out.EndStruct()
}

// CutAt is like Extensible, but that of a larger struct nothing is looked at
// behind the known members.
func CutAt(st *StructType, size Num, least int) Type { return &cutAt{st, size, uint64(least)} }

type cutAt struct {
	*StructType
	size  Num
	least uint64
}

func (t *cutAt) ShowAt(c *Call, addr uint64) {
	size := t.size.Num(c)
	known := uint64(t.StructType.Layout(c.ABI).Size)
	b, ok := c.ReadAll(addr, int(min(size, known)))
	if size < t.least || !ok {
		c.Out.Addr(addr)
		return
	}
	c.Out.BeginStruct()
	t.ShowMembers(c, View{t.Complete(c, b), addr})
	if size > known {
		c.Out.More()
	}
	c.Out.EndStruct()
}

// Complete gives b, with zeros behind it if it ends within a member.
func (st *StructType) Complete(c *Call, b []byte) []byte {
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

// SelfSized is an Extensible whose first member, a 32-bit integer, is its size.
func SelfSized(st *StructType, least int) Type { return &selfSized{st, uint64(least)} }

type selfSized struct {
	*StructType
	least uint64
}

func (t *selfSized) ShowAt(c *Call, addr uint64) {
	size, ok := c.ReadUint(addr, 4)
	if !ok {
		c.Out.Addr(addr)
		return
	}
	c.Out.BeginStruct()
	known := uint64(t.StructType.Layout(c.ABI).Size)
	first := &t.layout().members[0]
	b, ok := c.ReadAll(addr, int(max(4, min(size, known))))
	switch {
	case size < t.least:
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
		t.ShowMembers(c, View{b, addr})
		c.ShowRest(addr, known, size)
	}
	c.Out.EndStruct()
}

// Sized is a struct behind a pointer that is there only if the caller gives its
// size right.
func Sized(st *StructType, size Num) Type { return &exactly{st, size} }

type exactly struct {
	*StructType
	size Num
}

func (t *exactly) ShowAt(c *Call, addr uint64) {
	if t.size.Num(c) != uint64(t.StructType.Layout(c.ABI).Size) {
		c.Out.Addr(addr)
		return
	}
	c.ShowAt(addr, t.StructType)
}

// PageSize is the size of a page on x86, the most that the kernel takes of an
// extensible struct.
const PageSize = 4096

// ShowRest shows, as one more member, what the struct at addr has from byte
// off up to byte end, unless all of it is zero.
func (c *Call) ShowRest(addr, off, end uint64) {
	c.ShowRestWith(addr, off, end, func() { c.Out.Field("") })
}

// ShowRestWith is ShowRest for what next starts.
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

// Versions describes a struct that has grown. A member marked with Since, and
// those behind it, are shown if the caller's struct, which is Call.known bytes
// long, reaches beyond the beginning of that member.
func Versions(fields Fields) *StructType {
	var st *StructType
	conditional := slices.Clone(fields)
	since := -1
	for i, f := range fields {
		if s, ok := f.Type.(*sinceVersion); ok {
			since, f.Type = i, s.Type
		}
		if since >= 0 {
			first, u := since, unwrap(f.Type)
			f.Type = When(func(c *Call) bool {
				return c.Known > uint64(st.layout().members[first].Off[c.ABI]) && (u.cond == nil || u.cond(c))
			}, u.Type)
		}
		conditional[i] = f
	}
	st = Struct(conditional)
	return st
}

// Since marks the first of the members that a version added.
func Since(t Type) Type { return &sinceVersion{t} }

type sinceVersion struct{ Type }
