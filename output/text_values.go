package output

import (
	"bytes"

	"trapline/tables"
)

func (t *text) put(s string) { t.buf = append(t.buf, s...) }

// color goes on in a colour. An escape sequence takes no column.
func (t *text) color(h hue) {
	if p := t.opt.Palette; p != nil {
		t.unshown += len(p[h])
		t.put(p[h])
	}
}

// punct writes punctuation, and goes on in the colour of values.
func (t *text) punct(s string) {
	t.color(huePunct)
	t.put(s)
	t.color(hueArgValue)
}

// symbol writes the name of a value.
func (t *text) symbol(name string) {
	t.color(hueConst)
	t.put(name)
	t.color(hueArgValue)
}

// push and pop enter and leave a level of nesting.
func (t *text) push(kind frameKind) { t.frames = append(t.frames, frame{kind: kind}) }

func (t *text) pop() {
	if len(t.frames) > 1 {
		t.frames = t.frames[:len(t.frames)-1]
	}
}

// next separates what follows from what is there in the innermost level.
func (t *text) next() {
	f := &t.frames[len(t.frames)-1]
	if !f.begun {
		f.begun = true
		return
	}
	if f.kind == inSet {
		t.punct(" ")
	} else {
		t.punct(", ")
	}
}

func (t *text) Arg(name string) {
	t.next()
	if t.opt.ArgNames {
		t.member(name)
	}
}

func (t *text) NamedArg(name string) {
	t.next()
	t.member(name)
}

func (t *text) member(name string) {
	if name == "" {
		return
	}
	t.color(hueArgName)
	t.put(name)
	t.punct("=")
}

func (t *text) Number(v uint64, base Base) { t.buf = appendNumber(t.buf, v, base) }

func (t *text) Mask(v uint64, size int) {
	digits := 2 * size
	if v != 0 {
		t.put("0x")
		for digits -= 2; digits < 16 && v>>(4*digits) != 0; {
			digits++
		}
	}
	t.buf = appendHexPadded(t.buf, v, digits)
}

func (t *text) Addr(v uint64) {
	if v == 0 {
		t.put("NULL")
		return
	}
	t.buf = appendHex(t.buf, v)
}

// style is how names are shown just here. A remark that is but the result's name
// does not repeat its number.
func (t *text) style() NameStyle {
	if f := &t.frames[len(t.frames)-1]; f.kind == inRemark && f.bare && t.names == Verbose {
		return Abbrev
	}
	return t.names
}

func (t *text) Enum(v uint64, set *tables.Set, base Base) {
	name := ""
	known := false
	if t.style() != Raw {
		name, known = set.Lookup(v)
	}
	switch {
	case t.style() == Raw:
		t.Number(v, base)
	case !known:
		t.Number(v, base)
		t.comment(set.Unknown)
	case t.style() == Verbose:
		t.Number(v, base)
		t.comment(name)
	default:
		t.symbol(name)
	}
}

func (t *text) Flags(v uint64, set *tables.Set, base Base) {
	if v == 0 && set.Unknown == "" {
		return
	}
	if t.style() == Raw {
		t.Number(v, base)
		return
	}
	first, rest, i := set.Next(v, 0)
	if first == nil {
		if name, ok := set.Lookup(0); ok && v == 0 {
			t.Symbol(0, name, base)
			return
		}
		t.Number(v, base)
		if v != 0 {
			t.comment(set.Unknown)
		}
		return
	}
	verbose := t.style() == Verbose
	if verbose {
		t.Number(v, base)
		t.beginComment()
	}
	for c := first; c != nil; c, rest, i = set.Next(rest, i) {
		if c != first {
			t.punct("|")
		}
		if verbose {
			t.put(c.Name)
		} else {
			t.symbol(c.Name)
		}
	}
	if rest != 0 {
		t.punct("|")
		t.Number(rest, base)
	}
	if verbose {
		t.endComment()
	}
}

func (t *text) FlagNames(v uint64, set *tables.Set, base Base) {
	names := t.names
	t.names = Abbrev
	t.Flags(v, set, base)
	t.names = names
}

func (t *text) Symbol(v uint64, name string, base Base) {
	switch t.style() {
	case Raw:
		t.Number(v, base)
	case Verbose:
		t.Number(v, base)
		t.comment(name)
	default:
		t.symbol(name)
	}
}

func (t *text) Str(b []byte, more bool) {
	t.buf = appendQuoted(t.buf, b, t.opt.Strings)
	if more {
		t.punct("...")
	}
}

func (t *text) Value(b []byte, more bool) {
	text, ended := bytes.CutSuffix(b, []byte{0})
	style := t.opt.Strings
	if !ended || style == HexAll || style == HexNonASCII && !isText(text) {
		t.Str(b, more)
	} else {
		t.Str(text, false)
	}
}

func (t *text) Bytes(b []byte, more bool) {
	t.buf = appendQuoted(t.buf, b, HexAll)
	if more {
		t.punct("...")
	}
}

func (t *text) BytesAt(off, end uint64, b []byte, more bool) {
	t.color(hueComment)
	t.put("/* bytes ")
	t.Number(off, Unsigned)
	t.put("..")
	t.Number(end-1, Unsigned)
	t.put(" */")
	t.color(hueArgValue)
	t.put(" ")
	t.Bytes(b, more)
}

func (t *text) Path(b []byte, more bool) { t.Str(b, more) }

func (t *text) Size(uint64) {}

func (t *text) Text(s string) { t.put(s) }

func (t *text) TextBytes(b []byte) { t.buf = appendPrintable(t.buf, b) }

func (t *text) Annotate(kind string, b []byte) {
	switch kind {
	case "deleted":
		t.put("(deleted)")
	case "path", "comm":
		t.punct("<")
		t.buf = appendEscaped(t.buf, b, t.opt.Strings, "<>")
		t.punct(">")
	case "dev":
		// Back into the brackets of the path.
		close := len(t.buf)
		if p := t.opt.Palette; p != nil {
			colors := len(p[huePunct]) + len(p[hueArgValue])
			close -= colors
			t.unshown -= colors
		}
		t.buf = t.buf[:max(0, close-1)]
		t.bracketed(b)
		t.punct(">")
	default:
		t.bracketed(b)
	}
}

func (t *text) beginComment() {
	t.color(hueComment)
	t.put(" /* ")
}

func (t *text) endComment() {
	t.color(hueComment)
	t.put(" */")
	t.color(hueArgValue)
}

func (t *text) Comment(s string) {
	if len(t.named) > 0 && t.named[0].names == Verbose {
		return // there is no remark within the symbolic form, a comment itself
	}
	t.comment(s)
}

// comment writes the name of a value, or that it has none.
func (t *text) comment(s string) {
	if s == "" {
		return
	}
	t.beginComment()
	t.put(s)
	t.endComment()
}

func (t *text) Nameless() bool { return t.opt.Names == Raw }

func (t *text) Gloss(b []byte) {
	if !t.Nameless() {
		t.CommentBytes(b)
	}
}

func (t *text) CommentBytes(b []byte) {
	if len(b) == 0 {
		return
	}
	t.beginComment()
	t.buf = appendPrintable(t.buf, b)
	t.endComment()
}

func (t *text) Changed() { t.punct(" => ") }

func (t *text) Or() { t.punct("|") }

func (t *text) Plus() { t.put("+") }

func (t *text) Shift(count uint, name string, base Base) {
	t.put("<<")
	if name != "" {
		t.Symbol(uint64(count), name, base)
	} else {
		t.Number(uint64(count), base)
	}
}

// named is a value whose symbolic form is being written.
type named struct {
	start, unshown int // of what goes if it is not to be shown
	names          NameStyle
	plain          []byte // the plain form, if it comes behind the symbolic one
	alone          bool   // there is no plain form beside it
}

func (t *text) BeginNamed() {
	t.named = append(t.named, named{start: len(t.buf), unshown: t.unshown, names: t.names})
}

func (t *text) Named() {
	n := &t.named[len(t.named)-1]
	switch n.names {
	case Abbrev:
		t.buf, t.unshown = t.buf[:n.start], n.unshown
	case Raw:
		n.start, n.unshown = len(t.buf), t.unshown
	case Verbose:
		t.beginComment()
	}
	t.names = Abbrev
}

func (t *text) NamedFirst() {
	n := &t.named[len(t.named)-1]
	if n.names != Verbose {
		t.Named()
		return
	}
	n.plain = bytes.Clone(t.buf[n.start:])
	t.buf = t.buf[:n.start]
}

func (t *text) NamedAlone() {
	n := &t.named[len(t.named)-1]
	if n.names != Verbose {
		t.Named()
		return
	}
	n.alone = true
	t.buf, t.unshown = t.buf[:n.start], n.unshown
}

func (t *text) NamedNumbers() {
	names := t.names
	t.Named()
	t.names = names
}

func (t *text) EndNamed() {
	n := t.named[len(t.named)-1]
	t.named = t.named[:len(t.named)-1]
	t.names = n.names
	switch n.names {
	case Raw:
		t.buf, t.unshown = t.buf[:n.start], n.unshown
	case Verbose:
		if n.alone {
			break
		}
		if n.plain != nil {
			t.beginComment()
			t.buf = append(t.buf, n.plain...)
		}
		t.endComment()
	}
}

func (t *text) BeginNative(b []byte) {
	t.BeginNamed()
	t.Bytes(b, false)
	t.Named()
}

func (t *text) EndNative() { t.EndNamed() }

func (t *text) Inet(b []byte) { t.inet(b, "") }

// inet writes an address; field is the name to show inside a call of inet_pton.
func (t *text) inet(b []byte, field string) {
	t.BeginNative(b)
	if len(b) == 4 {
		t.BeginMacro("inet_addr")
		t.Elem()
	} else {
		t.BeginMacro("inet_pton")
		t.Elem()
		t.put("AF_INET6")
		t.Elem()
	}
	var room [64]byte // longer than any address is written
	t.Str(appendInet(room[:0], b), false)
	if field != "" {
		t.Elem()
		t.put("&")
		t.put(field)
	}
	t.EndMacro()
	t.EndNative()
}

func (t *text) FieldInet(name string, b []byte) {
	if len(b) == 16 && t.names == Abbrev {
		t.next()
		t.inet(b, name)
		return
	}
	t.Field(name)
	t.Inet(b)
}

func (t *text) Abstract(b []byte, more bool) {
	t.put("@")
	t.Str(b, more)
}

func (t *text) BeginStruct() {
	t.punct("{")
	t.push(inStruct)
}

func (t *text) Field(name string) {
	t.next()
	t.frames[len(t.frames)-1].bare = name == ""
	switch {
	case name == "":
	case t.frames[len(t.frames)-1].kind == inRemark:
		t.put(name)
		t.put(" ")
	default:
		t.member(name)
	}
}

func (t *text) EndStruct() {
	t.pop()
	t.punct("}")
}

func (t *text) BeginArray() {
	t.punct("[")
	t.push(inArray)
}

func (t *text) EndArray() {
	t.pop()
	t.punct("]")
}

func (t *text) BeginSet(complement bool) {
	if complement {
		t.put("~")
	}
	t.punct("[")
	t.push(inSet)
}

func (t *text) EndSet() {
	t.pop()
	t.punct("]")
}

func (t *text) BeginMacro(name string) {
	t.color(hueCall)
	t.put(name)
	t.punct("(")
	t.push(inMacro)
}

func (t *text) EndMacro() {
	t.pop()
	t.color(huePunct)
	t.put(")")
	t.color(hueReset)
}

func (t *text) Index(v uint64, set *tables.Set, base Base) {
	t.punct("[")
	if set == nil {
		t.Number(v, base)
	} else {
		t.Enum(v, set, base)
	}
	t.punct("]=")
}

func (t *text) IndexName(v uint64, set *tables.Set, base Base) {
	names := t.names
	t.names = Abbrev
	t.Index(v, set, base)
	t.names = names
}

func (t *text) Elem() { t.next() }

func (t *text) More() {
	t.next()
	t.punct("...")
}

func (t *text) Return() {
	t.frames = append(t.frames[:0], frame{kind: inArgs})
	t.color(huePunct)
	t.put(")")
	t.color(hueReset)
	t.put(" ")
	t.pad(t.opt.Column)
	t.color(huePunct)
	t.put("=")
	t.color(hueReset)
	t.part(hueResult)
}

// part starts the next part of the result.
func (t *text) part(h hue) {
	t.color(hueReset)
	t.put(" ")
	t.color(h)
}

func (t *text) Unknown() { t.put("?") }

func (t *text) Failure(errno int, name, message string) {
	t.failed = true
	t.part(hueError)
	if name == "" {
		t.put("(errno ")
		t.Number(uint64(errno), Unsigned)
	} else {
		t.put(name)
		t.part(hueError)
		t.put("(")
		t.put(message)
	}
	t.put(")")
}

func (t *text) BeginRemark() {
	t.part(hueResult)
	t.put("(")
	t.push(inRemark)
}

func (t *text) EndRemark() {
	t.pop()
	t.put(")")
}
