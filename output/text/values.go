package text

import (
	"bytes"

	"trapline/output"
	"trapline/tables"
)

// Values is an Encoder that writes values in strace's format. Formats whose
// fields hold such values can use it.
type Values struct {
	opt     *output.Options
	buf     []byte
	unshown int // bytes of the last line in buf that take no column (colours)
	frames  []frame
	named   []named
	names   output.NameStyle // of the values now being written
	remark  remark
	base    output.Hue // of parts that have no hue of their own
	remarks int        // depth of nested comments, in which everything has their hue
	path    bool       // the call has shown a path
}

// frame is a level of nesting: the arguments of the call (the outermost), or a
// struct, array, set or macro in them.
type frame struct {
	kind  frameKind
	begun bool // something has been written at this level
	bare  bool // its current member has no name
}

type frameKind uint8

const (
	inArgs frameKind = iota
	inStruct
	inArray
	inSet
	inMacro
	inRemark
)

// NewValues makes a Values that writes in the style of o.
func NewValues(o *output.Options) Values {
	return Values{opt: o, frames: make([]frame, 1, 16), names: o.Names}
}

// Begin starts a list of arguments, or a single value outside of any list.
func (e *Values) Begin() {
	e.frames = append(e.frames[:0], frame{kind: inArgs})
	e.base, e.remarks = output.HueArgValue, 0
}

// Take returns what was written since the last Take. It is valid until the next
// value is written.
func (e *Values) Take() []byte {
	b := e.buf
	e.buf, e.unshown = output.Reusable(b), 0
	return b
}

func (e *Values) put(s string) { e.buf = append(e.buf, s...) }

// color switches to a hue, with a mark that takes no column.
func (e *Values) color(h output.Hue) {
	if e.opt.Palette != nil {
		if e.remarks > 0 {
			h = output.HueComment
		}
		e.unshown += output.MarkSize
		e.buf = append(e.buf, output.HueMark, byte(h))
	}
}

// back returns to the base hue.
func (e *Values) back() { e.color(e.base) }

// punct writes punctuation.
func (e *Values) punct(s string) {
	if e.opt.Palette != nil {
		e.colored(output.HuePunct, s)
		return
	}
	e.put(s)
}

// colored writes something with a hue of its own. Apart from punct, it leaves that small
// enough to be compiled into its callers, where the lengths of marks are constants.
//
//go:noinline
func (e *Values) colored(h output.Hue, s string) {
	e.color(h)
	e.put(s)
	e.back()
}

// symbol writes the name of a value.
func (e *Values) symbol(name string) {
	e.color(output.HueConst)
	e.put(name)
	e.back()
}

// push and pop enter and leave a level of nesting.
func (e *Values) push(kind frameKind) { e.frames = append(e.frames, frame{kind: kind}) }

func (e *Values) pop() {
	if len(e.frames) > 1 {
		e.frames = e.frames[:len(e.frames)-1]
	}
}

// next writes the separator, if any, before the next element of the innermost
// level.
func (e *Values) next() {
	f := &e.frames[len(e.frames)-1]
	if !f.begun {
		f.begun = true
		return
	}
	if f.kind == inSet {
		e.punct(" ")
	} else {
		e.punct(", ")
	}
}

// Arg implements output.Encoder.
func (e *Values) Arg(name string, shown output.ArgName) {
	e.next()
	if e.opt.ArgNames || shown == output.NameAlways {
		e.member(name)
	}
}

func (e *Values) member(name string) {
	if name == "" {
		return
	}
	e.color(output.HueArgName)
	e.put(name)
	e.punct("=")
}

// Number implements output.Encoder.
func (e *Values) Number(v uint64, base output.Base) {
	if e.opt.Palette == nil {
		e.buf = output.AppendNumber(e.buf, v, base)
		return
	}
	e.number()
	e.buf = output.AppendNumber(e.buf, v, base)
	e.back()
}

// number begins a number. Numbers of a result look like the result.
func (e *Values) number() {
	if e.base == output.HueArgValue {
		e.color(output.HueNumber)
	}
}

// Addr implements output.Encoder.
func (e *Values) Addr(v uint64) {
	if v == 0 {
		e.symbol("NULL")
		return
	}
	e.number()
	e.buf = output.AppendHex(e.buf, v)
	e.back()
}

// style is how the name of a value in base is shown here. A remark that only
// names the result omits its number.
func (e *Values) style(base output.Base) output.NameStyle {
	if base&output.NamesAlone != 0 {
		return output.Abbrev
	}
	if f := &e.frames[len(e.frames)-1]; f.kind == inRemark && f.bare && e.names == output.Verbose {
		return output.Abbrev
	}
	return e.names
}

// Enum implements output.Encoder.
func (e *Values) Enum(v uint64, set *tables.Set, base output.Base) {
	style := e.style(base)
	if style == output.Raw {
		e.Number(v, base)
		return
	}
	name, known := set.Lookup(v)
	switch {
	case !known:
		e.Number(v, base)
		e.comment(set.Unknown)
	case style == output.Verbose:
		e.Number(v, base)
		e.comment(name)
	default:
		e.symbol(name)
	}
}

// Flags implements output.Encoder.
func (e *Values) Flags(v uint64, set *tables.Set, base output.Base) {
	if v == 0 && set.Unknown == "" {
		return
	}
	style := e.style(base)
	if style == output.Raw {
		e.Number(v, base)
		return
	}
	first, rest, i := set.Next(v, 0)
	if first == nil {
		if name, ok := set.Lookup(0); ok && v == 0 {
			e.Symbol(0, name, base)
			return
		}
		e.Number(v, base)
		if v != 0 {
			e.comment(set.Unknown)
		}
		return
	}
	verbose := style == output.Verbose
	if verbose {
		e.Number(v, base)
		e.beginComment()
	}
	e.color(output.HueConst) // also for the bars between the names
	for c := first; c != nil; c, rest, i = set.Next(rest, i) {
		if c != first {
			e.put("|")
		}
		e.put(c.Name)
	}
	if rest != 0 {
		e.put("|")
		e.Number(rest, base)
	}
	e.back()
	if verbose {
		e.endComment()
	}
}

// Symbol implements output.Encoder.
func (e *Values) Symbol(v uint64, name string, base output.Base) {
	switch e.style(base) {
	case output.Raw:
		e.Number(v, base)
	case output.Verbose:
		e.Number(v, base)
		e.comment(name)
	default:
		e.symbol(name)
	}
}

// Str implements output.Encoder.
func (e *Values) Str(kind output.StringKind, b []byte, more bool) {
	style := e.opt.Strings
	switch kind {
	case output.Abstract:
		e.put("@")
	case output.Binary:
		style = output.HexAll
	case output.Terminated:
		text, ended := bytes.CutSuffix(b, []byte{0})
		if ended && style != output.HexAll && (style != output.HexNonASCII || isText(text)) {
			b, more = text, false
		}
	}
	hue := output.HueString
	if kind == output.Path {
		hue, e.path = output.HuePath, true
	}
	e.color(hue)
	e.buf = appendQuoted(e.buf, b, style)
	e.back()
	if more {
		e.punct("...")
	}
}

// Offset implements output.Encoder.
func (e *Values) Offset(off, end uint64) {
	e.openComment()
	e.put("/* bytes ")
	e.Number(off, output.Unsigned)
	e.put("..")
	e.Number(end-1, output.Unsigned)
	e.endComment()
	e.put(" ")
}

// Size implements output.Encoder.
func (e *Values) Size(uint64) {}

// Text implements output.Encoder.
func (e *Values) Text(s string) { e.buf = appendPrintable(e.buf, s) }

// Annotate implements output.Encoder.
func (e *Values) Annotate(kind string, b []byte) {
	switch kind {
	case "deleted":
		e.put("(deleted)")
	case "path", "comm":
		e.punct("<")
		if kind == "path" {
			e.color(output.HuePath)
		}
		e.buf = AppendEscaped(e.buf, b, e.opt.Strings, "<>")
		e.punct(">")
	case "dev":
		// It goes inside the brackets of the path.
		close := len(e.buf)
		if e.opt.Palette != nil { // before and behind the bracket
			close -= 2 * output.MarkSize
			e.unshown -= 2 * output.MarkSize
		}
		e.buf = e.buf[:max(0, close-1)]
		e.bracketed(b)
		e.punct(">")
	default:
		e.bracketed(b)
	}
}

func (e *Values) beginComment() {
	e.openComment()
	e.put(" /* ")
}

// openComment begins the hue of a comment.
func (e *Values) openComment() {
	e.remarks++
	e.color(output.HueComment)
}

func (e *Values) endComment() {
	e.put(" */")
	e.remarks--
	e.back()
}

// Comment implements output.Encoder.
func (e *Values) Comment(kind output.CommentKind, s string) {
	switch {
	case s == "":
	case kind == output.Gloss && e.opt.Names == output.Raw:
	case kind == output.Note && len(e.named) > 0 && e.named[0].names == output.Verbose:
		// The symbolic form is already in a comment.
	default:
		e.beginComment()
		e.buf = appendPrintable(e.buf, s)
		e.endComment()
	}
}

// comment writes the name of a value, or says that it has none.
func (e *Values) comment(s string) {
	if s == "" {
		return
	}
	e.beginComment()
	e.put(s)
	e.endComment()
}

// Changed implements output.Encoder.
func (e *Values) Changed() { e.punct(" => ") }

// Join implements output.Encoder.
func (e *Values) Join(by output.Operator) {
	if by == output.Or {
		e.symbol("|") // as in a set of flags
	} else {
		e.put("+")
	}
}

// Shift implements output.Encoder.
func (e *Values) Shift(count uint, name string, base output.Base) {
	e.put("<<")
	if name != "" {
		e.Symbol(uint64(count), name, base)
	} else {
		e.Number(uint64(count), base)
	}
}

// named is a value whose symbolic form is being written.
type named struct {
	start, unshown int // of the text to remove if it is not to be shown
	names          output.NameStyle
	plain          []byte // the plain form, if it follows the symbolic one
	alone          bool   // only the symbolic form is shown
}

// BeginNamed implements output.Encoder.
func (e *Values) BeginNamed() {
	e.named = append(e.named, named{start: len(e.buf), unshown: e.unshown, names: e.names})
}

// Named implements output.Encoder.
func (e *Values) Named(kind output.NamedKind) {
	n := &e.named[len(e.named)-1]
	switch n.names {
	case output.Abbrev:
		e.buf, e.unshown = e.buf[:n.start], n.unshown
		e.names = output.Abbrev
	case output.Raw:
		n.start, n.unshown = len(e.buf), e.unshown
		e.names = output.Abbrev
	case output.Verbose:
		e.namedVerbose(n, kind)
	}
}

// namedVerbose starts a symbolic form with -X verbose.
func (e *Values) namedVerbose(n *named, kind output.NamedKind) {
	switch kind {
	case output.InComment:
		e.beginComment()
		e.names = output.Abbrev
	case output.NumbersInComment:
		e.beginComment()
	case output.BeforePlain:
		n.plain = bytes.Clone(e.buf[n.start:])
		e.buf = e.buf[:n.start]
	case output.WithoutPlain:
		n.alone = true
		e.buf, e.unshown = e.buf[:n.start], n.unshown
	}
}

// EndNamed implements output.Encoder.
func (e *Values) EndNamed() {
	n := e.named[len(e.named)-1]
	e.named = e.named[:len(e.named)-1]
	e.names = n.names
	switch n.names {
	case output.Raw:
		e.buf, e.unshown = e.buf[:n.start], n.unshown
	case output.Verbose:
		if n.alone {
			break
		}
		if n.plain != nil {
			e.beginComment()
			e.buf = append(e.buf, n.plain...)
		}
		e.endComment()
	}
}

// Native implements output.Encoder.
func (e *Values) Native(b []byte) {
	e.BeginNamed()
	e.Str(output.Binary, b, false)
	e.Named(output.InComment)
}

// Inet implements output.Encoder.
func (e *Values) Inet(name string, b []byte) {
	switch {
	case name == "":
		e.inet(b, "")
	case len(b) == 16 && e.names == output.Abbrev:
		e.next()
		e.inet(b, name)
	default:
		e.Field(name)
		e.inet(b, "")
	}
}

// inet writes an address; field is the name to show inside inet_pton(...).
func (e *Values) inet(b []byte, field string) {
	e.Native(b)
	if len(b) == 4 {
		e.BeginMacro("inet_addr")
		e.Elem()
	} else {
		e.BeginMacro("inet_pton")
		e.Elem()
		e.put("AF_INET6")
		e.Elem()
	}
	var room [64]byte // longer than any address
	e.Str(output.Plain, output.AppendInet(room[:0], b), false)
	if field != "" {
		e.Elem()
		e.put("&")
		e.put(field)
	}
	e.EndMacro()
	e.EndNamed()
}

// BeginStruct implements output.Encoder.
func (e *Values) BeginStruct() {
	e.punct("{")
	e.push(inStruct)
}

// Field implements output.Encoder.
func (e *Values) Field(name string) {
	e.next()
	e.frames[len(e.frames)-1].bare = name == ""
	switch {
	case name == "":
	case e.frames[len(e.frames)-1].kind == inRemark:
		e.put(name)
		e.put(" ")
	default:
		e.member(name)
	}
}

// EndStruct implements output.Encoder.
func (e *Values) EndStruct() {
	e.pop()
	e.punct("}")
}

// BeginArray implements output.Encoder.
func (e *Values) BeginArray() {
	e.punct("[")
	e.push(inArray)
}

// EndArray implements output.Encoder.
func (e *Values) EndArray() {
	e.pop()
	e.punct("]")
}

// BeginSet implements output.Encoder.
func (e *Values) BeginSet(complement bool) {
	if complement {
		e.put("~")
	}
	e.punct("[")
	e.push(inSet)
}

// EndSet implements output.Encoder.
func (e *Values) EndSet() {
	e.pop()
	e.punct("]")
}

// BeginMacro implements output.Encoder.
func (e *Values) BeginMacro(name string) {
	e.color(output.HueCall)
	e.put(name)
	e.punct("(")
	e.push(inMacro)
}

// EndMacro implements output.Encoder.
func (e *Values) EndMacro() {
	e.pop()
	e.punct(")")
}

// Index implements output.Encoder.
func (e *Values) Index(v uint64, set *tables.Set, base output.Base) {
	e.punct("[")
	if set == nil {
		e.Number(v, base)
	} else {
		e.Enum(v, set, base)
	}
	e.punct("]=")
}

// Elem implements output.Encoder.
func (e *Values) Elem() { e.next() }

// More implements output.Encoder.
func (e *Values) More() {
	e.next()
	e.punct("...")
}

// part starts the next part of the result.
func (e *Values) part(h output.Hue) {
	e.color(output.HueReset)
	e.put(" ")
	e.base = h
	e.color(h)
}

// Unknown implements output.Encoder.
func (e *Values) Unknown() { e.put("?") }

// remark is the remark being written.
type remark struct {
	start, unshown int // position before it
	dropped        bool
}

// BeginRemark implements output.Outcome.
func (e *Values) BeginRemark(kind output.RemarkKind) {
	e.remark = remark{len(e.buf), e.unshown, kind == output.ResultName && e.opt.Names == output.Raw}
	e.part(output.HueResult)
	e.put("(")
	e.push(inRemark)
}

// EndRemark implements output.Outcome.
func (e *Values) EndRemark() {
	e.pop()
	e.put(")")
	if r := &e.remark; r.dropped {
		e.buf, e.unshown = e.buf[:r.start], r.unshown
	}
}

func (e *Values) bracketed(b []byte) {
	e.punct("<")
	e.buf = appendPrintable(e.buf, b)
	e.punct(">")
}
