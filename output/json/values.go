package json

import (
	"trapline/output"
	"trapline/tables"
)

// top is the innermost level.
func (j *writer) top() *level { return &j.levels[len(j.levels)-1] }

// member starts a member of the innermost object.
func (j *writer) member(key string) {
	b := j.buf
	if b[len(b)-1] == '{' {
		b = append(b, '"')
	} else {
		b = append(b, ',', '"')
	}
	b = append(b, key...)
	j.buf = append(b, '"', ':')
}

// flag writes a member that is true.
func (j *writer) flag(key string) {
	j.member(key)
	j.buf = append(j.buf, "true"...)
}

// outside reports whether the next member belongs to the record, not to a cell.
func (j *writer) outside() bool {
	l := j.top()
	return l.kind == inRecord && l.open == 0
}

// value starts the value of a cell, and the cell itself if necessary.
func (j *writer) value() {
	if j.outside() {
		j.unique("", memberName{j.key, ""})
		return
	}
	j.begun()
	if !j.told.addFirst(valueName) {
		j.unique("", valueName)
		return
	}
	if b := j.buf; b[len(b)-1] == '{' {
		j.buf = append(b, `"value":`...)
	} else {
		j.buf = append(b, `,"value":`...)
	}
}

// valueName is the name of the first member of most cells.
var valueName = memberName{"value", ""}

// begun starts a cell that has not been started by Arg, Field or Elem.
func (j *writer) begun() {
	if j.top().open == 0 {
		j.cell("")
	}
}

// extra starts a member with details of the value. Outside a cell the value's name
// precedes the member's name: "ret_path".
func (j *writer) extra(key string) { j.extraNamed(memberName{key, ""}) }

func (j *writer) extraNamed(name memberName) {
	if j.outside() {
		j.unique(j.key, name)
		return
	}
	j.begun()
	j.unique("", name)
}

// unique starts a member as member does, but with a unique name: it prepends a prefix, if
// there is one, with an underscore, and appends a number if the object already has a
// member of that name.
func (j *writer) unique(prefix string, name memberName) {
	b := j.buf
	if b[len(b)-1] == '{' {
		b = append(b, '"')
	} else {
		b = append(b, ',', '"')
	}
	if prefix != "" {
		b = append(append(b, prefix...), '_')
	}
	b = append(b, name.key...)
	if name.suffix != "" {
		b = append(b, name.suffix...)
	}
	if before := j.told.add(name); before > 0 {
		b = output.AppendNumber(append(b, '_'), uint64(before+1), output.Unsigned)
	}
	j.buf = append(b, '"', ':')
}

// cell ends a cell and starts the next one of the innermost level.
func (j *writer) cell(name string) {
	j.closeCell(0)
	l := j.top()
	if l.kind == inRecord {
		return
	}
	if l.members > 0 {
		j.buf = append(j.buf, ',')
	}
	l.members++
	l.open = 1
	j.told.begin()
	if l.kind == inObject {
		if name == "" {
			// A member without a name in C: its position in the struct.
			j.buf = append(j.buf, '"', '_')
			j.buf = output.AppendNumber(j.buf, uint64(l.members), output.Unsigned)
			j.buf = append(j.buf, '"')
		} else {
			j.word(name)
		}
		j.buf = append(j.buf, ':', '{')
		return
	}
	if name == "" {
		j.put("{")
		return
	}
	j.put(`{"name":`)
	j.word(name)
}

// closeCell closes the cell of the innermost level down to keep open braces.
func (j *writer) closeCell(keep int) {
	for l := j.top(); l.open > keep; l.open-- {
		j.told.end()
		j.buf = append(j.buf, '}')
	}
}

// inner starts a cell within the cell, for another form of the value.
func (j *writer) inner(key string) {
	j.extra(key)
	j.buf = append(j.buf, '{')
	j.top().open++
	j.told.begin()
}

// enter and leave start and end a level.
func (j *writer) enter(kind levelKind, bracket byte) {
	j.names.plain = false
	j.buf = append(j.buf, bracket)
	j.levels = append(j.levels, level{kind: kind})
}

func (j *writer) leave() {
	j.closeCell(0)
	l := *j.top()
	j.levels = j.levels[:len(j.levels)-1]
	if l.kind == inObject {
		j.buf = append(j.buf, '}')
	} else {
		j.buf = append(j.buf, ']')
	}
	if !l.cut {
		return
	}
	j.cut(true)
	if len(j.note) > 0 {
		j.extra("cut_comment")
		j.bytes(j.note)
		j.note = j.note[:0]
	}
}

// leaveFrom is leave for a level of the given kind.
func (j *writer) leaveFrom(kind levelKind) {
	if j.top().kind == kind {
		j.leave()
	}
}

// unwind ends all levels except the record.
func (j *writer) unwind() {
	for len(j.levels) > 1 {
		j.leave()
	}
	j.closeCell(0)
	j.named = j.named[:0]
	j.order = false
}

// Arg implements output.Encoder.
func (j *writer) Arg(name string, _ output.ArgName) { j.cell(name) }

// safeInteger is the largest number up to which readers that store numbers as IEEE
// doubles, such as jq, can distinguish all integers.
const safeInteger = 1<<53 - 1

// number writes an integer, as a string if a double cannot hold it.
func (j *writer) number(v uint64, base output.Base) {
	size := v
	if base&^output.NamesAlone != output.Signed {
		base = output.Unsigned
	} else if int64(v) < 0 {
		size = -v
	}
	if size <= safeInteger {
		j.buf = output.AppendNumber(j.buf, v, base)
		return
	}
	j.buf = append(j.buf, '"')
	j.buf = output.AppendNumber(j.buf, v, base)
	j.buf = append(j.buf, '"')
}

func (j *writer) address(v uint64) {
	j.buf = append(j.buf, '"')
	j.buf = output.AppendHex(j.buf, v)
	j.buf = append(j.buf, '"')
}

// Number implements output.Encoder.
func (j *writer) Number(v uint64, base output.Base) {
	j.value()
	j.number(v, base)
	j.names.rest |= v
}

// Addr implements output.Encoder.
func (j *writer) Addr(v uint64) {
	j.names.plain = false
	j.value()
	if v == 0 {
		j.buf = append(j.buf, "null"...)
		return
	}
	j.address(v)
}

// Enum implements output.Encoder.
func (j *writer) Enum(v uint64, set *tables.Set, base output.Base) {
	name, _ := set.Lookup(v)
	j.Symbol(v, name, base)
}

// Symbol implements output.Encoder.
func (j *writer) Symbol(v uint64, name string, base output.Base) {
	j.value()
	j.number(v, base)
	if name == "" {
		j.names.rest |= v
		return
	}
	j.extra("symbol")
	j.string(name)
	addName(&j.names, name)
}

// Flags implements output.Encoder.
func (j *writer) Flags(v uint64, set *tables.Set, base output.Base) {
	j.value()
	j.number(v, base)
	j.names.flags = true
	j.extra("flags")
	j.buf = append(j.buf, '[')
	n := 0
	c, rest, i := set.Next(v, 0)
	for ; c != nil; c, rest, i = set.Next(rest, i) {
		if n++; n > 1 {
			j.buf = append(j.buf, ',')
		}
		j.word(c.Name)
		addName(&j.names, c.Name)
	}
	if v == 0 && n == 0 {
		if name, ok := set.Lookup(0); ok {
			j.string(name)
			addName(&j.names, name)
		}
	}
	j.buf = append(j.buf, ']')
	j.names.rest |= rest
	if rest != 0 {
		j.extra("unknown")
		j.number(rest, output.Unsigned)
	}
}

// Str implements output.Encoder.
func (j *writer) Str(kind output.StringKind, b []byte, more bool) {
	j.names.plain = false
	switch kind {
	case output.Path:
		j.text(output.AsString(b))
		j.cut(more)
	case output.Abstract:
		j.text(output.AsString(b))
		j.cut(more)
		j.flagged("abstract")
	case output.Binary:
		j.value()
		j.bytes(b)
		j.extra("hex")
		j.hexString(b)
		j.cut(more)
		j.length(b, more)
	default:
		j.text(output.AsString(b))
		j.cut(more)
		j.length(b, more)
	}
}

// length writes the length of a string that is complete.
func (j *writer) length(b []byte, more bool) {
	if !more {
		j.extra("length")
		j.buf = output.AppendNumber(j.buf, uint64(len(b)), output.Unsigned)
	}
}

// Offset implements output.Encoder.
func (j *writer) Offset(off, _ uint64) {
	j.extra("offset")
	j.number(off, output.Unsigned)
}

func (j *writer) cut(more bool) {
	if more {
		j.flagged("cut")
	}
}

// flagged adds a member with the value true.
func (j *writer) flagged(key string) {
	j.extra(key)
	j.buf = append(j.buf, "true"...)
}

// Size implements output.Encoder.
func (j *writer) Size(n uint64) {
	j.extra("length")
	j.number(n, output.Unsigned)
}

// Text implements output.Encoder.
func (j *writer) Text(s string) {
	j.text(s)
	addName(&j.names, s)
}

// text writes a value that is a string.
func (j *writer) text(s string) {
	j.value()
	var exact bool
	if j.buf, exact = AppendString(j.buf, s); !exact {
		j.extra("hex")
		j.buf = appendHexString(j.buf, s)
	}
}

// Annotate implements output.Encoder.
func (j *writer) Annotate(kind string, b []byte) {
	j.names.plain = false
	if kind == "deleted" {
		j.flagged(kind)
		return
	}
	j.extra(kind)
	if !j.bytes(b) {
		j.extraNamed(memberName{kind, "_hex"})
		j.hexString(b)
	}
}

// Comment implements output.Encoder.
func (j *writer) Comment(_ output.CommentKind, s string) {
	if s == "" {
		return
	}
	if l := j.top(); l.cut && l.open == 0 {
		j.note = append(j.note[:0], s...)
		return
	}
	j.names.plain = false
	j.extra("comment")
	j.string(s)
}

// namedCell is a cell whose symbolic form is being written.
type namedCell struct {
	depth int // levels around it
	open  int // open braces of the cell
	start int // offset of the symbolic form in buf, 0 before Named
	told  int // length of members.names before it
}

// base is the number of braces of the cell itself, or of the symbolic form
// being written in it.
func (j *writer) base() int {
	if n := len(j.named); n > 0 && j.named[n-1].depth == len(j.levels) {
		return j.named[n-1].open
	}
	if j.top().kind == inRecord {
		return 0
	}
	return 1
}

// BeginNamed implements output.Encoder.
func (j *writer) BeginNamed() {
	if !j.outside() {
		j.begun()
	}
	j.names.plain = false // in case this is within a symbolic form
	j.named = append(j.named, namedCell{depth: len(j.levels), open: j.top().open})
}

// Named implements output.Encoder.
func (j *writer) Named(output.NamedKind) {
	n := &j.named[len(j.named)-1]
	j.closeCell(n.open)
	n.start, n.told = len(j.buf), len(j.told.names)
	j.inner("named")
	n.open++
	if len(j.named) == 1 {
		j.names.start()
	}
}

// EndNamed implements output.Encoder. A symbolic form that consists of names and bits is
// written like a value from one Set.
func (j *writer) EndNamed() {
	if j.native && j.nativeAt == len(j.named) {
		j.native = false
		return
	}
	n := j.named[len(j.named)-1]
	j.named = j.named[:len(j.named)-1]
	j.closeCell(n.open - 1)
	if names := &j.names; names.plain && n.start > 0 {
		j.buf, j.told.names = j.buf[:n.start], j.told.names[:n.told]
		switch {
		case names.flags:
			j.extra("flags")
			j.buf = append(j.buf, '[')
			j.buf = append(j.buf, names.list...)
			j.buf = append(j.buf, ']')
		case len(names.list) > 0:
			j.extra("symbol")
			j.buf = append(j.buf, names.list...)
		}
		if names.rest != 0 {
			j.extra("unknown")
			j.number(names.rest, output.Unsigned)
		}
	}
	j.names.plain = false
}

// nameList collects the names of a symbolic form. The form is also written as a
// value of its own, in case it is more than names.
type nameList struct {
	list  []byte // as JSON strings, with commas
	rest  uint64 // bits without names
	flags bool   // the names are of bits, not of the whole value
	plain bool   // only names and bits so far
}

func (l *nameList) start() { l.list, l.rest, l.flags, l.plain = l.list[:0], 0, false, true }

func addName[S string | []byte](l *nameList, name S) {
	if !l.plain {
		return
	}
	if len(l.list) > 0 {
		l.list = append(l.list, ',')
	}
	l.list, _ = AppendString(l.list, name)
}

// Changed implements output.Encoder.
func (j *writer) Changed() {
	j.names.plain = false
	j.closeCell(j.base())
	j.inner("changed")
}

// Join implements output.Encoder.
func (j *writer) Join(by output.Operator) {
	if by == output.Or {
		j.names.flags = true
		j.inner("or")
	} else {
		j.names.plain = false
		j.inner("plus")
	}
}

// Shift implements output.Encoder.
func (j *writer) Shift(count uint, name string, _ output.Base) {
	j.names.plain = false
	j.extra("shift")
	j.buf = output.AppendNumber(j.buf, uint64(count), output.Unsigned)
	if name != "" {
		j.extra("shift_symbol")
		j.string(name)
	}
}

// Native implements output.Encoder. Only the meaning of the bytes is written.
func (j *writer) Native([]byte) { j.native, j.nativeAt = true, len(j.named) }

// Inet implements output.Encoder.
func (j *writer) Inet(name string, b []byte) {
	if name != "" {
		j.Field(name)
	}
	j.names.plain = false
	j.value()
	j.buf = append(j.buf, '"')
	j.buf = output.AppendInet(j.buf, b)
	j.buf = append(j.buf, '"')
}

// BeginStruct implements output.Encoder.
func (j *writer) BeginStruct() {
	j.value()
	j.enter(inObject, '{')
}

// Field implements output.Encoder.
func (j *writer) Field(name string) { j.cell(name) }

// EndStruct implements output.Encoder.
func (j *writer) EndStruct() { j.leaveFrom(inObject) }

// BeginArray implements output.Encoder.
func (j *writer) BeginArray() {
	j.value()
	j.enter(inList, '[')
}

// EndArray implements output.Encoder.
func (j *writer) EndArray() { j.leaveFrom(inList) }

// BeginSet implements output.Encoder.
func (j *writer) BeginSet(complement bool) {
	if complement {
		j.flagged("complement")
	}
	j.value()
	j.enter(inList, '[')
}

// EndSet implements output.Encoder.
func (j *writer) EndSet() { j.leaveFrom(inList) }

// BeginMacro implements output.Encoder.
func (j *writer) BeginMacro(name string) {
	switch name {
	case "htons", "htonl", "ntohs", "ntohl":
		// JSON has the number itself, in host order.
		j.order = true
		return
	}
	j.extra("macro")
	j.string(name)
	j.value()
	j.enter(inList, '[')
}

// EndMacro implements output.Encoder.
func (j *writer) EndMacro() {
	if j.order {
		j.order = false
		return
	}
	j.leaveFrom(inList)
}

// Index implements output.Encoder.
func (j *writer) Index(v uint64, set *tables.Set, base output.Base) {
	j.extra("index")
	j.number(v, output.Unsigned)
	if set == nil {
		return
	}
	if name, ok := set.Lookup(v); ok {
		j.extra("index_symbol")
		j.string(name)
	}
}

// Elem implements output.Encoder.
func (j *writer) Elem() {
	if !j.order {
		j.cell("")
	}
}

// More implements output.Encoder.
func (j *writer) More() {
	j.closeCell(0)
	j.top().cut = true
}

// Return implements output.Outcome.
func (j *writer) Return() {
	j.unwind()
	j.key = "ret"
}

// Unknown implements output.Encoder.
func (j *writer) Unknown() {
	j.value()
	j.buf = append(j.buf, "null"...)
}

// Failure implements output.Outcome.
func (j *writer) Failure(errno int, name, message string) {
	j.unwind()
	j.unique("", memberName{"error", ""})
	j.buf = append(j.buf, '{')
	j.member("errno")
	j.buf = output.AppendNumber(j.buf, uint64(errno), output.Signed)
	if name != "" {
		j.member("name")
		j.string(name)
		j.member("message")
		j.string(message)
	}
	j.buf = append(j.buf, '}')
}

// BeginRemark implements output.Outcome.
func (j *writer) BeginRemark(output.RemarkKind) {
	j.unwind()
	j.unique("", memberName{"remark", ""})
	j.enter(inList, '[')
}

// EndRemark implements output.Outcome.
func (j *writer) EndRemark() { j.leaveFrom(inList) }
