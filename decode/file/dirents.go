package file

import (
	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// Reading directories: fs/readdir.c.

// direntHead and dirent64Head are the members of struct linux_dirent and
// linux_dirent64 with fixed offsets. In linux_dirent64 the file's type and then
// its name follow. In linux_dirent the name follows, and the type is the last
// byte of the entry.
var (
	direntHead   = &Struct{Packed: true, Fields: Fields{{"d_ino", Ulong}, {"d_off", Ulong}, {"d_reclen", U16}}}
	dirent64Head = &Struct{Packed: true, Fields: Fields{{"d_ino", U64}, {"d_off", U64}, {"d_reclen", U16}}}
)

// nameMax is the size in bytes of the longest file name, including its NUL.
const nameMax = 256

// dirents points to the entries in the buffer that getdents filled. Without -v
// they are only counted.
type dirents struct {
	Layouts
	head       *Struct
	typeBehind bool // the type follows the head instead of ending the entry
}

func (t *dirents) Dir() Dir { return Exit }

// Keep implements keeper of package lang.
func (t *dirents) Keep(k *Keeps) { k.FollowBytes(Result, IfSucceeded) }

func (t *dirents) Show(c *Call, v View) {
	addr, size := v.Uint(c.WordSize()), Result.Num(c)
	SeeFrom(c, int(int32(c.Args[0]))) // the names are in this directory
	switch {
	case c.Failed() || c.Plain || size > Ref("count").Num(c):
		c.Out.Addr(addr)
	case c.Abbrev:
		t.count(c, addr, size)
	default:
		t.list(c, addr, size)
	}
}

// dirent is the start of an entry: its head, and its type if that follows the
// head.
type dirent struct {
	b      []byte
	reclen uint64 // d_reclen, the length in bytes that the entry claims
	takes  uint64 // this length, limited to what is left of the buffer
}

// read reads the start of the entry at addr. left is what is left of the buffer,
// in bytes.
func (t *dirents) read(c *Call, addr, left uint64) (d dirent, ok bool) {
	head := t.head.Layout(c.ABI).Size
	least := head
	if t.typeBehind {
		least++
	}
	if left < uint64(least) {
		return d, false
	}
	d.b, ok = c.ReadAll(addr, least)
	d.reclen = View{B: d.b}.At(head-2, 2).Uint(2)
	d.takes = min(max(d.reclen, uint64(least)), left)
	return d, ok
}

// tooShort reports whether an entry claims to be shorter than its start, so that
// the next one cannot be found.
func (d *dirent) tooShort() bool { return d.reclen < uint64(len(d.b)) }

// remark adds a comment if the length is too short or exceeds what is left.
func (d *dirent) remark(c *Call, what string) {
	b := append(c.Alloc(64)[:0], what...)
	switch {
	case d.tooShort():
		c.Out.Comment(output.Note, output.AsString(append(AppendUint(b, uint64(len(d.b))-d.reclen), " bytes underflow"...)))
	case d.reclen > d.takes:
		c.Out.Comment(output.Note, output.AsString(append(AppendUint(b, d.reclen-d.takes), " bytes overflow"...)))
	}
}

// count shows the number of entries in the size bytes at addr.
func (t *dirents) count(c *Call, addr, size uint64) {
	c.Out.Addr(addr)
	n := uint64(0)
	mark := c.Mark()
	for {
		c.Release(mark)
		d, ok := t.read(c, addr, size)
		if !ok {
			break
		}
		n++
		d.remark(c, "d_reclen ")
		addr, size = addr+d.takes, size-d.takes
		if d.tooShort() {
			break
		}
	}
	b := AppendUint(c.Alloc(40)[:0], n)
	if size > 0 {
		b = append(b, '+')
	}
	c.Out.Comment(output.Note, output.AsString(append(b, " entries"...)))
}

// list shows the entries in the size bytes at addr.
func (t *dirents) list(c *Call, addr, size uint64) {
	head := t.head.Layout(c.ABI).Size
	mark := c.Mark()
	d, ok := t.read(c, addr, size)
	switch {
	case ok || size == 0:
	case size <= uint64(head): // too little for an entry
		c.ShowBuffer(addr, size, Binary)
		return
	default:
		c.Out.Addr(addr)
		return
	}
	c.Out.BeginArray()
	for ok {
		c.Out.Elem()
		c.Out.BeginStruct()
		t.head.ShowMembers(c, View{B: d.b[:head], Addr: addr})
		d.remark(c, "")
		start := uint64(len(d.b))
		readable := t.showTail(c, addr+start, d.takes-start, d.b[head:])
		c.Out.EndStruct()
		addr, size = addr+d.takes, size-d.takes
		if !readable && size > 0 {
			c.Out.More()
		}
		if !readable || d.tooShort() || size == 0 {
			break
		}
		c.Release(mark)
		if d, ok = t.read(c, addr, size); !ok {
			if size <= uint64(head) {
				c.Out.Elem()
				c.ShowBuffer(addr, size, Binary)
			} else {
				c.Out.More()
				c.Out.Comment(output.Note, HexString(addr))
			}
		}
	}
	c.Out.EndArray()
}

// showTail shows the name, in the n bytes at addr, and the type, and reports
// whether they could be read. kind is the type if it follows the head, or nil.
func (t *dirents) showTail(c *Call, addr, n uint64, kind []byte) bool {
	if t.typeBehind {
		c.Out.Field("d_type")
		c.Out.Enum(uint64(kind[0]), &tables.DirentType, output.Hex)
		if n == 0 {
			return true
		}
		c.Out.Field("d_name")
		return showEntryName(c, addr, min(n, nameMax))
	}
	if n == 0 {
		return true
	}
	ok := true
	if n > 1 {
		c.Out.Field("d_name")
		ok = showEntryName(c, addr, min(n-1, nameMax))
	}
	c.Out.Field("d_type")
	last := addr + n - 1
	d, readable := c.ReadUint(last, 1)
	if !readable {
		c.Out.Addr(last)
		return false
	}
	c.Out.Enum(d, &tables.DirentType, output.Hex)
	return ok
}

// showEntryName shows the name of an entry in the n bytes at addr, and reports whether it
// could be read. The call only reports the name: it does nothing with that file.
func showEntryName(c *Call, addr, n uint64) bool {
	c.Naming = NamesNothing
	ok := c.ShowPath(addr, n)
	c.Naming = NamesFile
	return ok
}

// showOldDirent shows the struct old_linux_dirent that readdir(2) fills, except
// at the end of the directory.
func showOldDirent(c *Call, addr uint64) {
	v, ok := c.ReadType(addr, direntHead)
	SeeFrom(c, int(int32(c.Args[0])))
	if c.Ret == 0 || !ok {
		c.Out.Addr(addr)
		return
	}
	c.Out.BeginStruct()
	direntHead.ShowMembers(c, v)
	c.Out.Field("d_name")
	n, _ := direntHead.NumberIn(c, "d_reclen", v)
	showEntryName(c, addr+uint64(len(v.B)), min(n, nameMax)+1)
	c.Out.EndStruct()
}

var direntsCalls = Calls{
	{"getdents", Args{{"fd", SourceFD}, {"dirp", &dirents{Layouts(Ulong), direntHead, false}}, {"count", Uint}}, RetUnsigned},
	{"getdents64", Args{{"fd", SourceFD}, {"dirp", &dirents{Layouts(Ulong), dirent64Head, true}}, {"count", Uint}}, RetUnsigned},
	{"readdir", Args{{"fd", SourceFD}, {"dirp", &Out{To: AtAddr(showOldDirent)}}, {"count", &When{If: Not{&Is{N: Ref("count"), Values: Nums{1}}}, Then: Uint}}}, RetUnsigned},
}
