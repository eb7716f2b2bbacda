package output

import "trapline/tables"

// top is the innermost level.
func (j *jsonTrace) top() *level { return &j.levels[len(j.levels)-1] }

// member starts a member of the innermost object.
func (j *jsonTrace) member(key string) {
	if j.buf[len(j.buf)-1] != '{' {
		j.buf = append(j.buf, ',')
	}
	j.buf = append(j.buf, '"')
	j.buf = append(j.buf, key...)
	j.buf = append(j.buf, '"', ':')
}

// flag writes a member that is true.
func (j *jsonTrace) flag(key string) {
	j.member(key)
	j.buf = append(j.buf, "true"...)
}

// outside says that what comes next belongs to the record, not to a cell.
func (j *jsonTrace) outside() bool {
	l := j.top()
	return l.kind == inRecord && l.open == 0
}

// value starts the value of a cell, and the cell if that has not been done.
func (j *jsonTrace) value() {
	if j.outside() {
		j.unique("", memberName{j.key, ""})
		return
	}
	j.begun()
	j.unique("", memberName{"value", ""})
}

// begun starts a cell that has not been started by Arg, Field or Elem.
func (j *jsonTrace) begun() {
	if j.top().open == 0 {
		j.cell("")
	}
}

// extra starts a member that tells more of the value. Outside of a cell its name
// has the value's before it: "ret_path".
func (j *jsonTrace) extra(key string) { j.extraNamed(memberName{key, ""}) }

func (j *jsonTrace) extraNamed(name memberName) {
	if j.outside() {
		j.unique(j.key, name)
		return
	}
	j.begun()
	j.unique("", name)
}

// unique starts a member as member does, with prefix and a low line before its
// name if there is a prefix, and with a number behind it if it is not the first
// of that name.
func (j *jsonTrace) unique(prefix string, name memberName) {
	if j.buf[len(j.buf)-1] != '{' {
		j.buf = append(j.buf, ',')
	}
	j.buf = append(j.buf, '"')
	if prefix != "" {
		j.buf = append(append(j.buf, prefix...), '_')
	}
	j.buf = append(append(j.buf, name.key...), name.suffix...)
	if before := j.told.add(name); before > 0 {
		j.buf = appendNumber(append(j.buf, '_'), uint64(before+1), Unsigned)
	}
	j.buf = append(j.buf, '"', ':')
}

// cell ends a cell and starts the next one of the innermost level.
func (j *jsonTrace) cell(name string) {
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
			// A member that has no name in C: its place in the struct.
			j.buf = append(j.buf, '"', '_')
			j.buf = appendNumber(j.buf, uint64(l.members), Unsigned)
			j.buf = append(j.buf, '"')
		} else {
			j.string(name)
		}
		j.buf = append(j.buf, ':', '{')
		return
	}
	j.buf = append(j.buf, '{')
	if name != "" {
		j.member("name")
		j.string(name)
	}
}

// closeCell closes the cell of the innermost level, or only what has been
// opened within it beyond a number of braces.
func (j *jsonTrace) closeCell(keep int) {
	for l := j.top(); l.open > keep; l.open-- {
		j.told.end()
		j.buf = append(j.buf, '}')
	}
}

// inner starts a cell within the cell, for another form of the value.
func (j *jsonTrace) inner(key string) {
	j.extra(key)
	j.buf = append(j.buf, '{')
	j.top().open++
	j.told.begin()
}

// enter and leave begin and end a level.
func (j *jsonTrace) enter(kind levelKind, bracket byte) {
	j.names.plain = false
	j.buf = append(j.buf, bracket)
	j.levels = append(j.levels, level{kind: kind})
}

func (j *jsonTrace) leave() {
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

// leaveFrom is leave for a level that should be of a kind.
func (j *jsonTrace) leaveFrom(kind levelKind) {
	if j.top().kind == kind {
		j.leave()
	}
}

// unwind ends all levels but the record.
func (j *jsonTrace) unwind() {
	for len(j.levels) > 1 {
		j.leave()
	}
	j.closeCell(0)
	j.named = j.named[:0]
	j.order = false
}

func (j *jsonTrace) Arg(name string) { j.cell(name) }

func (j *jsonTrace) NamedArg(name string) { j.cell(name) }

// safeInteger is the largest number up to which readers that hold numbers as
// IEEE doubles, as jq does, tell all integers apart.
const safeInteger = 1<<53 - 1

// number writes an integer; one that a double cannot hold as a string.
func (j *jsonTrace) number(v uint64, base Base) {
	size := v
	if base != Signed {
		base = Unsigned
	} else if int64(v) < 0 {
		size = -v
	}
	if size <= safeInteger {
		j.buf = appendNumber(j.buf, v, base)
		return
	}
	j.buf = append(j.buf, '"')
	j.buf = appendNumber(j.buf, v, base)
	j.buf = append(j.buf, '"')
}

func (j *jsonTrace) Mask(v uint64, size int) { j.Number(v, Hex) }

func (j *jsonTrace) address(v uint64) {
	j.buf = append(j.buf, '"')
	j.buf = appendHex(j.buf, v)
	j.buf = append(j.buf, '"')
}

func (j *jsonTrace) Number(v uint64, base Base) {
	j.value()
	j.number(v, base)
	j.names.rest |= v
}

func (j *jsonTrace) Addr(v uint64) {
	j.names.plain = false
	j.value()
	if v == 0 {
		j.buf = append(j.buf, "null"...)
		return
	}
	j.address(v)
}

func (j *jsonTrace) Enum(v uint64, set *tables.Set, base Base) {
	name, _ := set.Lookup(v)
	j.Symbol(v, name, base)
}

func (j *jsonTrace) Symbol(v uint64, name string, base Base) {
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

func (j *jsonTrace) FlagNames(v uint64, set *tables.Set, base Base) { j.Flags(v, set, base) }

func (j *jsonTrace) Flags(v uint64, set *tables.Set, base Base) {
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
		j.string(c.Name)
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
		j.number(rest, Unsigned)
	}
}

func (j *jsonTrace) Value(b []byte, more bool) { j.Str(b, more) }

func (j *jsonTrace) Str(b []byte, more bool) {
	j.Path(b, more)
	if !more {
		j.extra("length")
		j.buf = appendNumber(j.buf, uint64(len(b)), Unsigned)
	}
}

func (j *jsonTrace) Bytes(b []byte, more bool) {
	j.names.plain = false
	j.value()
	j.bytes(b)
	j.extra("hex")
	j.hexString(b)
	j.cut(more)
	if !more {
		j.extra("length")
		j.buf = appendNumber(j.buf, uint64(len(b)), Unsigned)
	}
}

func (j *jsonTrace) BytesAt(off, end uint64, b []byte, more bool) {
	j.extra("offset")
	j.number(off, Unsigned)
	j.Bytes(b, more)
	if more {
		j.Size(end - off)
	}
}

func (j *jsonTrace) Path(b []byte, more bool) {
	j.names.plain = false
	j.text(b)
	j.cut(more)
}

func (j *jsonTrace) cut(more bool) {
	if more {
		j.extra("cut")
		j.buf = append(j.buf, "true"...)
	}
}

func (j *jsonTrace) Size(n uint64) {
	j.extra("length")
	j.number(n, Unsigned)
}

func (j *jsonTrace) Text(s string) {
	j.value()
	j.string(s)
	addName(&j.names, s)
}

func (j *jsonTrace) TextBytes(b []byte) {
	j.text(b)
	addName(&j.names, b)
}

// text writes a value that is a string.
func (j *jsonTrace) text(b []byte) {
	j.value()
	if !j.bytes(b) {
		j.extra("hex")
		j.hexString(b)
	}
}

func (j *jsonTrace) Annotate(kind string, b []byte) {
	j.names.plain = false
	j.extra(kind)
	if kind == "deleted" {
		j.buf = append(j.buf, "true"...)
		return
	}
	if !j.bytes(b) {
		j.extraNamed(memberName{kind, "_hex"})
		j.hexString(b)
	}
}

func (j *jsonTrace) Comment(s string) {
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

func (j *jsonTrace) Nameless() bool { return false }

func (j *jsonTrace) Gloss(b []byte) { j.CommentBytes(b) }

func (j *jsonTrace) CommentBytes(b []byte) {
	if len(b) == 0 {
		return
	}
	if l := j.top(); l.cut && l.open == 0 {
		j.note = append(j.note[:0], b...)
		return
	}
	j.names.plain = false
	j.extra("comment")
	j.bytes(b)
}

// namedCell is a cell whose symbolic form is being written.
type namedCell struct {
	depth int // levels around it
	open  int // braces of it that are open
	start int // of the symbolic form in buf, 0 before Named
	told  int // members.names before it
}

// base is the number of braces of the cell proper, or of the symbolic form that
// is being written in it.
func (j *jsonTrace) base() int {
	if n := len(j.named); n > 0 && j.named[n-1].depth == len(j.levels) {
		return j.named[n-1].open
	}
	if j.top().kind == inRecord {
		return 0
	}
	return 1
}

func (j *jsonTrace) BeginNamed() {
	if !j.outside() {
		j.begun()
	}
	j.names.plain = false // if this is within a symbolic form
	j.named = append(j.named, namedCell{depth: len(j.levels), open: j.top().open})
}

func (j *jsonTrace) Named() {
	n := &j.named[len(j.named)-1]
	j.closeCell(n.open)
	n.start, n.told = len(j.buf), len(j.told.names)
	j.inner("named")
	n.open++
	if len(j.named) == 1 {
		j.names.start()
	}
}

func (j *jsonTrace) NamedFirst() { j.Named() }

func (j *jsonTrace) NamedNumbers() { j.Named() }

func (j *jsonTrace) NamedAlone() { j.Named() }

// EndNamed implements Encoder. A symbolic form that is but names and bits takes
// the place that it has beside values from one Set.
func (j *jsonTrace) EndNamed() {
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
			j.number(names.rest, Unsigned)
		}
	}
	j.names.plain = false
}

// nameList collects the names of a symbolic form, which is written as a value of
// its own as well, for the case that it is more than names.
type nameList struct {
	list  []byte // as JSON strings, with commas
	rest  uint64 // bits without names
	flags bool   // the names are of bits, not of the value
	plain bool   // there are only names and bits
}

func (l *nameList) start() { l.list, l.rest, l.flags, l.plain = l.list[:0], 0, false, true }

func addName[S string | []byte](l *nameList, name S) {
	if !l.plain {
		return
	}
	if len(l.list) > 0 {
		l.list = append(l.list, ',')
	}
	l.list, _ = appendJSONString(l.list, name)
}

func (j *jsonTrace) Changed() {
	j.names.plain = false
	j.closeCell(j.base())
	j.inner("changed")
}

func (j *jsonTrace) Or() {
	j.names.flags = true
	j.inner("or")
}

func (j *jsonTrace) Plus() {
	j.names.plain = false
	j.inner("plus")
}

func (j *jsonTrace) Shift(count uint, name string, _ Base) {
	j.names.plain = false
	j.extra("shift")
	j.buf = appendNumber(j.buf, uint64(count), Unsigned)
	if name != "" {
		j.extra("shift_symbol")
		j.string(name)
	}
}

// BeginNative implements Encoder. What the bytes mean is all that is written.
func (j *jsonTrace) BeginNative([]byte) {}

func (j *jsonTrace) EndNative() {}

func (j *jsonTrace) Inet(b []byte) {
	j.names.plain = false
	j.value()
	j.buf = append(j.buf, '"')
	j.buf = appendInet(j.buf, b)
	j.buf = append(j.buf, '"')
}

func (j *jsonTrace) FieldInet(name string, b []byte) {
	j.Field(name)
	j.Inet(b)
}

func (j *jsonTrace) Abstract(b []byte, more bool) {
	j.Path(b, more)
	j.extra("abstract")
	j.buf = append(j.buf, "true"...)
}

func (j *jsonTrace) BeginStruct() {
	j.value()
	j.enter(inObject, '{')
}

func (j *jsonTrace) Field(name string) { j.cell(name) }

func (j *jsonTrace) EndStruct() { j.leaveFrom(inObject) }

func (j *jsonTrace) BeginArray() {
	j.value()
	j.enter(inList, '[')
}

func (j *jsonTrace) EndArray() { j.leaveFrom(inList) }

func (j *jsonTrace) BeginSet(complement bool) {
	if complement {
		j.extra("complement")
		j.buf = append(j.buf, "true"...)
	}
	j.value()
	j.enter(inList, '[')
}

func (j *jsonTrace) EndSet() { j.leaveFrom(inList) }

func (j *jsonTrace) BeginMacro(name string) {
	switch name {
	case "htons", "htonl", "ntohs", "ntohl":
		// The number itself is meant, whatever the order of its bytes.
		j.order = true
		return
	}
	j.extra("macro")
	j.string(name)
	j.value()
	j.enter(inList, '[')
}

func (j *jsonTrace) EndMacro() {
	if j.order {
		j.order = false
		return
	}
	j.leaveFrom(inList)
}

func (j *jsonTrace) Index(v uint64, set *tables.Set, base Base) {
	j.extra("index")
	j.number(v, Unsigned)
	if set == nil {
		return
	}
	if name, ok := set.Lookup(v); ok {
		j.extra("index_symbol")
		j.string(name)
	}
}

func (j *jsonTrace) IndexName(v uint64, set *tables.Set, base Base) { j.Index(v, set, base) }

func (j *jsonTrace) Elem() {
	if !j.order {
		j.cell("")
	}
}

func (j *jsonTrace) More() {
	j.closeCell(0)
	j.top().cut = true
}

func (j *jsonTrace) Return() {
	j.unwind()
	j.key = "ret"
}

func (j *jsonTrace) Unknown() {
	j.value()
	j.buf = append(j.buf, "null"...)
}

func (j *jsonTrace) Failure(errno int, name, message string) {
	j.failed = true
	j.unwind()
	j.unique("", memberName{"error", ""})
	j.buf = append(j.buf, '{')
	j.member("errno")
	j.buf = appendNumber(j.buf, uint64(errno), Signed)
	if name != "" {
		j.member("name")
		j.string(name)
		j.member("message")
		j.string(message)
	}
	j.buf = append(j.buf, '}')
}

func (j *jsonTrace) BeginRemark() {
	j.unwind()
	j.unique("", memberName{"remark", ""})
	j.enter(inList, '[')
}

func (j *jsonTrace) EndRemark() { j.leaveFrom(inList) }
