package lang

import (
	"bytes"
	"math"

	"trapline/output"
	"trapline/tables"
)

// PathMax is PATH_MAX of linux/limits.h: file names are shown whole.
const PathMax = 4096

// Str is a NUL-terminated string behind a pointer, cut after -s bytes.
var Str Type = &cString{most: math.MaxInt}

// StrN is a Str of which no more than n bytes are looked at.
func StrN(n int) Type { return &cString{most: n} }

// NameIn is a Str that is to fit into n bytes with its NUL.
func NameIn(n int) Type { return &cString{most: n, whole: true} }

// PathStr is a NUL-terminated file name behind a pointer.
var PathStr Type = &cString{path: true}

// Path points to a file name.
var Path = Ptr(PathStr)

// LinkTarget points to what a symbolic link is to hold.
var LinkTarget = Ptr(&cString{path: true, inert: true})

// String points to a Str.
var String = Ptr(Str)

type cString struct {
	Unsized
	path  bool
	inert bool // no file is looked for by this name
	most  int  // bytes looked at
	whole bool // a NUL is expected among them
}

func (t *cString) Show(c *Call, v View) { t.ShowAt(c, v.Addr) }

func (t *cString) ShownPlain(*Call) bool { return true }

func (t *cString) ShowAt(c *Call, addr uint64) {
	if t.path {
		b, more, ok := c.ReadString(addr, PathMax-1)
		if !ok {
			c.Out.Addr(addr)
			return
		}
		if t.inert {
			c.Out.Str(output.Plain, b, more)
		} else {
			c.Out.Str(output.Path, b, more)
		}
		if !more {
			c.PathShown(b)
		}
		return
	}
	limit := c.StringLimit
	if t.whole {
		limit = min(limit, t.most-1)
	}
	b, more, ok := c.readString(addr, limit, min(limit+1, t.most))
	if !ok {
		c.Out.Addr(addr)
		return
	}
	c.Out.Str(output.Plain, b, more)
}

// ReadString reads a NUL-terminated string. more says that it goes on after
// limit bytes; !ok that the tracee's memory ended before the string did.
func (c *Call) ReadString(addr uint64, limit int) (b []byte, more, ok bool) {
	return c.readString(addr, limit, limit+1)
}

// readString is ReadString for strings that may lack their NUL: no more than
// look bytes are looked at.
func (c *Call) readString(addr uint64, limit, look int) (b []byte, more, ok bool) {
	// Most strings are short and lie in one page.
	const first = 256
	b = c.readText(addr, int(min(uint64(min(look, first)), PageRoom(addr))))
	if i := bytes.IndexByte(b, 0); i >= 0 {
		return b[:i], false, true
	}
	if len(b) < look {
		start := b
		b = append(c.Alloc(look)[:0], start...)
	}
	for len(b) < look {
		at := addr + uint64(len(b))
		n := int(min(uint64(look-len(b)), PageRoom(at)))
		part := b[len(b) : len(b)+n]
		if !c.addressable(addr) || c.Mem == nil || c.Mem.ReadMemory(at, part) < n {
			n = 0
		}
		if i := bytes.IndexByte(part[:n], 0); i >= 0 {
			return b[:len(b)+i], false, true
		}
		if n == 0 {
			return nil, false, false
		}
		b = b[:len(b)+n]
	}
	return b[:min(limit, look)], true, true
}

// PathShown has what is beside a path shown.
func (c *Call) PathShown(path []byte) {
	if after := c.AfterPath; after != nil {
		after(c, path)
	}
}

// PathIn is a file name in a buffer of which length bytes are filled.
func PathIn(length Num) Type { return &pathIn{length: length} }

type pathIn struct {
	Unsized
	length Num
}

func (t *pathIn) Show(c *Call, v View) { t.ShowAt(c, v.Addr) }

func (t *pathIn) ShownPlain(*Call) bool { return true }

func (t *pathIn) ShowAt(c *Call, addr uint64) { c.ShowPath(addr, min(t.length.Num(c), PathMax)) }

// ShowPath shows the file name in the n bytes at addr, or their address, and
// says whether it could be read.
func (c *Call) ShowPath(addr, n uint64) bool {
	b := c.readText(addr, int(n))
	if i := bytes.IndexByte(b, 0); i >= 0 {
		c.Out.Str(output.Path, b[:i], false)
		c.PathShown(b[:i])
		return true
	}
	if uint64(len(b)) < n {
		c.Out.Addr(addr)
		return false
	}
	c.Out.Str(output.Path, b[:max(1, n)-1], true)
	return true
}

// Buf is data of a known length behind a pointer, cut after -s bytes.
func Buf(length Num) Type { return &buffer{length: length} }

// BufOrString is a Buf that may end in a NUL, which is not shown.
func BufOrString(length Num) Type { return &buffer{length: length, kind: OrString} }

// Binary is a Buf of bytes that are no text.
func Binary(length Num) Type { return &buffer{length: length, kind: BinaryData} }

type buffer struct {
	Unsized
	length Num
	kind   BufferKind
}

// BufferKind says how bytes are shown.
type BufferKind uint8

const (
	text       BufferKind = iota // as a string
	OrString                     // as a string, of which a NUL at the end is not shown
	BinaryData                   // as data that is no text
	terminated                   // up to a NUL
	ExpectNUL                    // text that ends in a NUL, or goes on
)

func (t *buffer) Show(c *Call, v View) { t.ShowAt(c, v.Addr) }

func (t *buffer) ShownPlain(*Call) bool { return true }

func (t *buffer) ShowAt(c *Call, addr uint64) { c.ShowBuffer(addr, t.length.Num(c), t.kind) }

// ShowBytes shows length bytes from addr on as a string, cut after -s bytes,
// or the address if they cannot be read.
func (c *Call) ShowBytes(addr, length uint64) { c.ShowBuffer(addr, length, text) }

// ShowBuffer is ShowBytes for bytes of any kind.
func (c *Call) ShowBuffer(addr, length uint64, kind BufferKind) {
	if addr == 0 || !c.addressable(addr) {
		c.Out.Addr(addr)
		return
	}
	limit := uint64(c.StringLimit)
	n := int(min(length, limit+1))
	b := c.readText(addr, n)
	if len(b) < n {
		c.Out.Addr(addr)
		return
	}
	more := length > limit
	if more {
		b = b[:limit]
	}
	switch kind {
	case OrString:
		c.Out.Str(output.Terminated, b, more)
	case ExpectNUL:
		if n := len(b); n > 0 && b[n-1] == 0 {
			b = b[:n-1]
		} else if n > 0 {
			more = true
		}
		c.Out.Str(output.Plain, b, more)
	case BinaryData:
		c.Out.Str(output.Binary, b, more)
	default:
		c.Out.Str(output.Plain, b, more)
	}
	if length > limit {
		c.Out.Size(length)
	}
}

// CharArray is a char array of n bytes inside a struct, holding a string that
// ends at a NUL. Without one the last byte is not shown.
func CharArray(n int) Type { return &charArray{n: n, kind: terminated} }

// CharsUpTo is a CharArray of which only the first size bytes, the NUL
// included, are in use.
func CharsUpTo(n int, size Num) Type { return &charArray{n, size, terminated} }

// Chars is n bytes of text inside a struct, of which size are in use.
func Chars(n int, size Num) Type { return &charArray{n, size, text} }

// Binaries is n bytes inside a struct that are no text, of which size are in
// use.
func Binaries(n int, size Num) Type { return &charArray{n, size, BinaryData} }

type charArray struct {
	n    int
	size Num // nil for n
	kind BufferKind
}

func (t *charArray) Layout(tables.ABI) Layout { return Layout{t.n, 1} }

func (t *charArray) Show(c *Call, v View) {
	b := v.B
	if t.size != nil {
		if size := t.size.Num(c); size < uint64(len(b)) {
			b = b[:size]
		}
	}
	switch t.kind {
	case BinaryData:
		c.Out.Str(output.Binary, b, false)
	case terminated:
		if i := bytes.IndexByte(b, 0); i >= 0 {
			c.Out.Str(output.Plain, b[:i], false)
		} else {
			c.Out.Str(output.Plain, b[:max(0, len(b)-1)], true)
		}
	default:
		c.Out.Str(output.Plain, b, false)
	}
}

// ByteArray is n bytes inside a struct that are no string: shown as strace
// shows binary data.
func ByteArray(n int) Type { return &pad{n} }

// UUID is 16 bytes in groups: 01234567-89ab-cdef-0123-456789abcdef.
var UUID Type = ShownAs(ByteArray(16), func(c *Call, v View) {
	text := c.Alloc(36)[:0]
	const digits = "0123456789abcdef"
	for i, b := range v.B[:16] {
		switch i {
		case 4, 6, 8, 10:
			text = append(text, '-')
		}
		text = append(text, digits[b>>4], digits[b&15])
	}
	c.Out.Text(output.AsString(text))
})

// CutStr is a Str of which no more than size bytes, the NUL included, are
// looked at.
func CutStr(size Num) Type { return &cutString{size: size} }

type cutString struct {
	Unsized
	size Num
}

func (t *cutString) Show(c *Call, v View) { t.ShowAt(c, v.Addr) }

func (t *cutString) ShowAt(c *Call, addr uint64) {
	size := min(t.size.Num(c), uint64(c.StringLimit)+1)
	if !c.addressable(addr) {
		c.Out.Addr(addr)
		return
	}
	b, more, ok := []byte(nil), false, size == 0
	if !c.Plain && size > 0 {
		b, more, ok = c.readString(addr, c.StringLimit, int(size))
	}
	if !ok {
		c.Out.Addr(addr)
		return
	}
	c.Out.Str(output.Plain, b, more)
}
