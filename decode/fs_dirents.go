package decode

import (
	"trapline/output"
	"trapline/tables"
)

// Reading directories: fs/readdir.c.

// direntHead and dirent64Head are the members of struct linux_dirent and
// linux_dirent64 that have a fixed place. In the latter the type of the file
// follows and then the name; in the former the name follows, and the type is
// in the last byte of the entry.
var (
	direntHead   = Packed(Fields{{"d_ino", Ulong}, {"d_off", Ulong}, {"d_reclen", U16}})
	dirent64Head = Packed(Fields{{"d_ino", U64}, {"d_off", U64}, {"d_reclen", U16}})
)

// nameMax is the size in bytes of the longest name of a file with its NUL.
const nameMax = 256

// dirents points to the entries in the buffer that getdents filled. Abbreviated
// they are counted.
type dirents struct {
	layouts
	head       *StructType
	typeBehind bool // the type comes behind the head, not at the end
}

func (t *dirents) dir() Dir { return Exit }

func (t *dirents) Show(c *Call, v View) {
	addr, left := v.Uint(c.WordSize()), Result.num(c)
	if c.Failed() || c.Plain || left > Len("count").num(c) {
		c.Out.Addr(addr)
		return
	}
	if c.Abbrev {
		c.Out.Addr(addr)
	} else if left == 0 {
		c.Out.BeginArray()
	}
	headSize := uint64(t.head.Layout(c.ABI).Size)
	least := headSize
	if t.typeBehind {
		least++
	}
	mark := c.used
	count := uint64(0)
	lost := false
	for left >= least {
		c.used = mark
		b, ok := c.ReadAll(addr, int(least))
		if !ok {
			break
		}
		count++
		reclen := View{B: b}.At(int(headSize)-2, 2).Uint(2)
		step := min(max(reclen, least), left)
		if c.Abbrev {
			c.commentMisfit("d_reclen ", reclen, least, left)
		} else {
			if count == 1 {
				c.Out.BeginArray()
			}
			c.Out.Elem()
			c.Out.BeginStruct()
			t.head.ShowMembers(c, View{b[:headSize], addr})
			c.commentMisfit("", reclen, least, left)
			ok = t.showTail(c, addr+least, step-least, b[headSize:])
			c.Out.EndStruct()
		}
		addr, left = addr+step, left-step
		if !ok && left > 0 {
			c.Out.More()
		}
		if !ok || reclen < least { // where the next one begins is anyone's guess
			lost = true
			break
		}
	}
	if c.Abbrev {
		b := appendUint(c.alloc(40)[:0], count)
		if left > 0 {
			b = append(b, '+')
		}
		c.Out.CommentBytes(append(b, " entries"...))
		return
	}
	switch {
	case lost:
	case left >= least && count == 0:
		c.Out.Addr(addr)
		return
	case left >= least:
		c.Out.More()
		c.Out.Comment(hexString(addr))
	case left > 0 && count == 0:
		c.showBuffer(addr, left, binaryData)
		return
	case left > 0:
		c.Out.Elem()
		c.showBuffer(addr, left, binaryData)
	}
	c.Out.EndArray()
}

// commentMisfit remarks on an entry that is longer than what is left, or
// shorter than its head.
func (c *Call) commentMisfit(what string, reclen, least, left uint64) {
	b := append(c.alloc(64)[:0], what...)
	switch {
	case reclen > left:
		c.Out.CommentBytes(append(appendUint(b, reclen-left), " bytes overflow"...))
	case reclen < least:
		c.Out.CommentBytes(append(appendUint(b, least-reclen), " bytes underflow"...))
	}
}

// showTail shows the name, in the n bytes at addr, and the type, and says
// whether they could be read. kind is the type if it comes behind the head.
func (t *dirents) showTail(c *Call, addr, n uint64, kind []byte) bool {
	if t.typeBehind {
		c.Out.Field("d_type")
		c.Out.Enum(uint64(kind[0]), tables.DirentType, output.Hex)
		if n == 0 {
			return true
		}
		c.Out.Field("d_name")
		return c.ShowPath(addr, min(n, nameMax))
	}
	if n == 0 {
		return true
	}
	ok := true
	if n > 1 {
		c.Out.Field("d_name")
		ok = c.ShowPath(addr, min(n-1, nameMax))
	}
	c.Out.Field("d_type")
	last := addr + n - 1
	d, readable := c.ReadUint(last, 1)
	if !readable {
		c.Out.Addr(last)
		return false
	}
	c.Out.Enum(d, tables.DirentType, output.Hex)
	return ok
}

// oldDirent is struct old_linux_dirent, of which readdir(2) fills one. There is
// none at the end of the directory.
var oldDirent = AtAddr(func(c *Call, addr uint64) {
	v, ok := c.ReadType(addr, direntHead)
	if c.Ret == 0 || !ok {
		c.Out.Addr(addr)
		return
	}
	c.Out.BeginStruct()
	direntHead.ShowMembers(c, v)
	c.Out.Field("d_name")
	n, _ := direntHead.value(c, "d_reclen", v)
	c.ShowPath(addr+uint64(len(v.B)), min(n, nameMax)+1)
	c.Out.EndStruct()
})

var fsDirentsCalls = Calls{
	{"getdents", Args{{"fd", FD}, {"dirp", &dirents{wordLayout(), direntHead, false}}, {"count", Uint}}, RetUnsigned},
	{"getdents64", Args{{"fd", FD}, {"dirp", &dirents{wordLayout(), dirent64Head, true}}, {"count", Uint}}, RetUnsigned},
	{"readdir", Args{{"fd", FD}, {"dirp", Out(oldDirent)}, {"count", When(Not(Is(Len("count"), 1)), Uint)}}, RetUnsigned},
}
