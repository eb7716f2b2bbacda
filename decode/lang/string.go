package lang

import (
	"bytes"
	"math"

	"trapline/output"
	"trapline/tables"
)

// PathMax is PATH_MAX of linux/limits.h: file names are shown whole.
const PathMax = 4096

// StrN is a NUL-terminated string behind a pointer, cut after -s bytes. At most as many
// bytes are read as the number that is converted to it.
type StrN int

// Str is a StrN of any length.
const Str = StrN(math.MaxInt)

// Layout implements Type.
func (StrN) Layout(tables.ABI) Layout { return Layout{0, 1} }

// Show implements Type.
func (t StrN) Show(c *Call, v View) { t.ShowAt(c, v.Addr) }

func (t StrN) ShownPlain(*Call) bool { return true }

func (t StrN) ShowAt(c *Call, addr uint64) { c.showCString(addr, c.StringLimit, int(t)) }

// Keep implements keeper.
func (t StrN) Keep(k *Keeps) { k.String(min(k.Decoder.StringLimit+1, int(t))) }

// showCString shows up to limit bytes of the string at addr, or the address. It examines
// at most most bytes.
func (c *Call) showCString(addr uint64, limit, most int) {
	b, more, ok := c.readString(addr, limit, min(limit+1, most))
	if !ok {
		c.Out.Addr(addr)
		return
	}
	c.Out.Str(output.Plain, b, more)
}

// fileName is a NUL-terminated file name behind a pointer.
type fileName uint8

const (
	AnyFile fileName = iota // the name of a file that the call is about
	Inert                   // a name by which no file is looked up
)

// Layout implements Type.
func (fileName) Layout(tables.ABI) Layout { return Layout{0, 1} }

// Show implements Type.
func (t fileName) Show(c *Call, v View) { t.ShowAt(c, v.Addr) }

func (t fileName) ShownPlain(*Call) bool { return true }

func (t fileName) ShowAt(c *Call, addr uint64) {
	b, more, ok := c.ReadString(addr, PathMax-1)
	switch {
	case !ok:
		c.Out.Addr(addr)
	case t == Inert:
		c.Out.Str(output.Plain, b, more)
		c.Naming = NamesNothing
	default:
		c.Out.Str(output.Path, b, more)
	}
	if ok && !more {
		c.PathShown(b)
	}
	c.Naming = NamesFile
}

// Keep implements keeper.
func (t fileName) Keep(k *Keeps) {
	k.String(PathMax)
	k.Path()
}

// Path leaves a gap if more than the path is shown.
func (k *Keeps) Path() {
	if k.Decoder.AfterPath != nil {
		k.Gap("what is beside a path")
	}
}

// stringPointer points to a string that the kernel reads.
type stringPointer uint8

const (
	Path        stringPointer = iota // to a file name
	LinkTarget                       // to the target of a symbolic link
	String                           // to a Str
	LinkPath                         // to a file name; if it is a symbolic link, the call uses the link itself
	NewPath                          // to a LinkPath that the call puts into a directory
	EntryPath                        // to a LinkPath that the call takes out of a directory
	RunPath                          // to a Path that is executed
	EnteredPath                      // to a Path of a directory that the caller goes to
	RulesPath                        // to a Path that is looked up by rules of the call's own
	ChangedPath                      // to a Path whose attributes are changed
)

// namings has the Naming of each stringPointer.
var namings = [...]Naming{
	LinkTarget: NamesNothing, LinkPath: NamesLink, NewPath: NamesLink | NamesNew | NamesEntry,
	EntryPath: NamesLink | NamesEntry, RunPath: NamesRun, EnteredPath: NamesEntered, RulesPath: NamesByRules,
	ChangedPath: NamesChanged,
}

// Layout implements Type.
func (stringPointer) Layout(abi tables.ABI) Layout { return pointerLayout(abi, false) }

// Show implements Type.
func (t stringPointer) Show(c *Call, v View) {
	addr := v.Uint(c.WordSize())
	c.Begun = addr != 0
	switch {
	case addr == 0:
		c.Out.Addr(addr)
	case t == LinkTarget:
		Inert.ShowAt(c, addr)
	case t == String:
		Str.ShowAt(c, addr)
	default:
		c.Naming = namings[t]
		AnyFile.ShowAt(c, addr)
	}
}

// Keep implements keeper.
func (t stringPointer) Keep(k *Keeps) {
	switch t {
	case String:
		k.Follow(Str, AnyTime)
	default:
		if namings[t]&(NamesEntry|NamesEntered) != 0 {
			k.Change()
		}
		k.Follow(AnyFile, AnyTime)
	}
}

// ReadString reads a NUL-terminated string. more reports that it continues after
// limit bytes; !ok that the tracee's memory ended before the string did.
func (c *Call) ReadString(addr uint64, limit int) (b []byte, more, ok bool) {
	return c.readString(addr, limit, limit+1)
}

// readString is ReadString for strings that may lack their NUL: no more than look
// bytes are read.
func (c *Call) readString(addr uint64, limit, look int) (b []byte, more, ok bool) {
	// Most strings are short and lie in one page.
	const first = 256
	b = c.readText(addr, int(min(uint64(min(look, first)), PageRoom(addr))))
	if i := bytes.IndexByte(b, 0); i >= 0 {
		c.EndRead(addr + uint64(i) + 1)
		return b[:i], false, true
	}
	if len(b) < look {
		start := b
		b = append(c.Alloc(look)[:0], start...)
	}
	for len(b) < look {
		at := addr + uint64(len(b))
		n := int(min(uint64(look-len(b)), PageRoom(at)))
		got := 0
		if c.addressable(addr) && c.Mem != nil {
			got = c.Mem.ReadMemory(at, b[len(b):len(b)+n])
		}
		if i := bytes.IndexByte(b[len(b):len(b)+got], 0); i >= 0 {
			c.EndRead(at + uint64(i) + 1)
			return b[:len(b)+i], false, true
		}
		if got < n {
			return nil, false, false
		}
		b = b[:len(b)+n]
	}
	return b[:min(limit, look)], true, true
}

// EndRead tells a NotedMemory where the data that was just read ends: a string with its
// NUL, an array with its null pointer. Readers do not need what follows, even if they read
// more at once.
func (c *Call) EndRead(end uint64) {
	if c.noted != nil {
		c.noted.endString(end)
	}
}

// UsedPath points to a file name. What the call does with the file depends on other
// arguments.
type UsedPath struct {
	Link Cond                 // when it is a LinkPath; nil for never
	For  func(c *Call) Naming // what the call does with the file; nil for what it does with that of a Path
}

// Layout implements Type.
func (*UsedPath) Layout(abi tables.ABI) Layout { return pointerLayout(abi, false) }

// Show implements Type.
func (t *UsedPath) Show(c *Call, v View) {
	addr := v.Uint(c.WordSize())
	c.Begun = addr != 0
	if addr == 0 {
		c.Out.Addr(addr)
		return
	}
	// Only AfterPath needs to know.
	if c.AfterPath != nil {
		if t.For != nil {
			c.Naming = t.For(c)
		}
		if t.Link != nil && t.Link.Holds(c) {
			c.Naming |= NamesLink
		}
	}
	AnyFile.ShowAt(c, addr)
}

// Keep implements keeper.
func (*UsedPath) Keep(k *Keeps) { k.Follow(AnyFile, AnyTime) }

// PathShown calls AfterPath, which shows more about a path.
func (c *Call) PathShown(path []byte) {
	if after := c.AfterPath; after != nil {
		after(c, path)
	}
}

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

// Bytes are Len bytes behind a pointer, cut after -s.
type Bytes struct {
	Unsized
	Len  Num
	Kind BytesKind
}

// BytesKind says what bytes are.
type BytesKind uint8

const (
	Text       BytesKind = iota
	OrString             // text that may end in a NUL, which is not shown
	Binary               // not text
	Terminated           // a string that ends at a NUL; without one its last byte is not shown
	ExpectNUL            // text that ends in a NUL, or goes on
	CutString            // a string of which no more than Len bytes, including the NUL, are read
	FilePath             // a file name of Len bytes
)

// Show implements Type.
func (t *Bytes) Show(c *Call, v View) { t.ShowAt(c, v.Addr) }

func (t *Bytes) ShownPlain(*Call) bool { return t.Kind != CutString }

func (t *Bytes) ShowAt(c *Call, addr uint64) {
	n := t.Len.Num(c)
	switch t.Kind {
	case CutString:
		c.showCutString(addr, n)
	case Terminated:
		c.showCString(addr, min(c.StringLimit, int(n)-1), int(n))
	case FilePath:
		c.ShowPath(addr, min(n, PathMax))
	default:
		c.ShowBuffer(addr, n, t.Kind)
	}
}

// Keep implements keeper.
func (t *Bytes) Keep(k *Keeps) {
	switch t.Kind {
	case FilePath:
		k.Elements(t.Len, 1, PathMax)
		k.Path()
	default:
		k.Elements(t.Len, 1, uint64(k.Decoder.StringLimit)+1)
	}
}

// ShowBytes shows length bytes from addr on as a string, cut after -s bytes,
// or the address if they cannot be read.
func (c *Call) ShowBytes(addr, length uint64) { c.ShowBuffer(addr, length, Text) }

func (c *Call) ShowBuffer(addr, length uint64, kind BytesKind) {
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
	case Binary:
		c.Out.Str(output.Binary, b, more)
	default:
		c.Out.Str(output.Plain, b, more)
	}
	if length > limit {
		c.Out.Size(length)
	}
}

// showCutString shows the string at addr, of which no more than size bytes,
// including the NUL, are read.
func (c *Call) showCutString(addr, size uint64) {
	size = min(size, uint64(c.StringLimit)+1)
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

// CharArray is a char array inside a struct, with as many bytes as the number converted to
// it. It holds a string that ends at a NUL. Without a NUL, the last byte is not shown.
type CharArray int

// Layout implements Type.
func (t CharArray) Layout(tables.ABI) Layout { return Layout{int(t), 1} }

// Show implements Type.
func (t CharArray) Show(c *Call, v View) { c.showChars(v.B, Terminated) }

func (CharArray) Keep(*Keeps) {}

// Chars are N bytes inside a struct, of which Len are in use; all, if there is
// no Len. Their Kind is Text, Binary or Terminated.
type Chars struct {
	N    int
	Len  Num
	Kind BytesKind
}

// Layout implements Type.
func (t *Chars) Layout(tables.ABI) Layout { return Layout{t.N, 1} }

func (*Chars) Keep(*Keeps) {}

// Show implements Type.
func (t *Chars) Show(c *Call, v View) {
	b := v.B
	if t.Len != nil {
		if size := t.Len.Num(c); size < uint64(len(b)) {
			b = b[:size]
		}
	}
	c.showChars(b, t.Kind)
}

// showChars shows what a char array holds.
func (c *Call) showChars(b []byte, kind BytesKind) {
	switch kind {
	case Binary:
		c.Out.Str(output.Binary, b, false)
	case Terminated:
		if i := bytes.IndexByte(b, 0); i >= 0 {
			c.Out.Str(output.Plain, b[:i], false)
		} else {
			c.Out.Str(output.Plain, b[:max(0, len(b)-1)], true)
		}
	default:
		c.Out.Str(output.Plain, b, false)
	}
}

// Pad is a hole between members, with as many bytes as the number converted to it.
type Pad int

// Layout implements Type.
func (t Pad) Layout(tables.ABI) Layout { return Layout{int(t), 1} }

// Show implements Type.
func (t Pad) Show(c *Call, v View) { c.Out.Str(output.Plain, v.B, false) }

func (Pad) Keep(*Keeps) {}

// UUID is 16 bytes in groups: 01234567-89ab-cdef-0123-456789abcdef.
const UUID = uuid(16)

type uuid uint8

// Layout implements Type.
func (t uuid) Layout(tables.ABI) Layout { return Layout{int(t), 1} }

func (uuid) Keep(*Keeps) {}

// Show implements Type.
func (uuid) Show(c *Call, v View) {
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
}
