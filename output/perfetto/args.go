package perfetto

import (
	"trapline/output"
	"trapline/output/json"
	"trapline/output/text"
)

// args is an Encoder that writes the arguments of an event as one JSON object. Numbers,
// strings, structs and arrays are the same in JSON. Values that are more than one of
// these, such as flags and macros, are strings in strace's format.
type args struct {
	text text.Values // the text of the value being written

	buf    []byte
	levels []level
	depth  int // of the part that is written only as text: sets, macros, symbolic forms
	hidden int // length of buf before the hidden part, or 0

	native bool // a Native is being written, which is the outermost at that depth
	order  bool // in htons and the like

	last      value // the last complete one
	result    int64 // if hasResult: the number that was returned
	hasResult bool
}

// level is an object or a list.
type level struct {
	list    bool
	members int
	cut     bool
	keys    []string // of the object
	cell    cell     // the innermost that is being written
}

// cell is a member of an object or an element of a list.
type cell struct {
	name    string
	open    bool
	written bool // as a struct or array
	after   bool // it is the value after the kernel changed it

	verbs   int      // verbs called for the value
	scalar  []byte   // the value in JSON if it is a scalar, else nil
	number  uint64   // if the value is a number
	details []detail // of the scalar
}

// detail is what a number refers to.
type detail struct {
	kind string
	text []byte
}

// value is a complete value.
type value struct {
	name   string
	number uint64
	text   []byte
}

var _ output.Encoder = (*args)(nil)

// begin starts the object.
func (a *args) begin() {
	a.buf = append(output.Reusable(a.buf), '{')
	if cap(a.levels) == 0 {
		a.levels = make([]level, 0, 8)
	}
	a.levels = a.levels[:0]
	a.push(false)
	a.depth, a.hidden, a.native, a.order, a.hasResult = 0, 0, false, false, false
	a.text.Take()
}

// push starts a level. It reuses the memory of the previous level at this depth.
func (a *args) push(list bool) {
	n := len(a.levels)
	if n == cap(a.levels) {
		a.levels = append(a.levels, level{})
	} else {
		a.levels = a.levels[:n+1]
	}
	l := &a.levels[n]
	*l = level{list: list, keys: l.keys[:0], cell: cell{scalar: l.cell.scalar[:0], details: l.cell.details[:0]}}
}

// take ends the object and returns it. It is valid until the next begin.
func (a *args) take() []byte {
	a.unwind()
	a.buf = append(a.buf, '}')
	return a.buf
}

// hide omits what follows, up to show.
func (a *args) hide() {
	a.unwind()
	a.hidden = len(a.buf)
	a.depth++
}

func (a *args) show() {
	a.buf, a.hidden, a.depth = a.buf[:a.hidden], 0, 0
	a.text.Take()
	a.top().cell.reset("")
}

func (a *args) top() *level { return &a.levels[len(a.levels)-1] }

// reset empties a cell for the next value.
func (c *cell) reset(name string) {
	*c = cell{name: name, scalar: c.scalar[:0], details: c.details[:0]}
}

// separate writes what precedes the next member or element.
func (a *args) separate() {
	if l := a.top(); l.members > 0 {
		a.buf = append(a.buf, ',')
	}
	a.top().members++
}

// key starts a member: name, or name_suffix. It adds a number if the object already has a
// member of that name, because readers do not expect duplicates.
func (a *args) key(name, suffix string) {
	l := a.top()
	a.separate()
	if l.list {
		return
	}
	if suffix != "" {
		name += "_" + suffix
	}
	before := 0
	for _, k := range l.keys {
		if k == name {
			before++
		}
	}
	l.keys = append(l.keys, name)
	start := len(a.buf)
	a.buf, _ = json.AppendString(a.buf, name)
	if before > 0 {
		a.buf = append(a.buf[:len(a.buf)-1], '_')
		a.buf = append(output.AppendNumber(a.buf, uint64(before+1), output.Unsigned), '"')
		l.keys = append(l.keys, string(a.buf[start+1:len(a.buf)-1]))
	}
	a.buf = append(a.buf, ':')
}

// cell ends the previous value, and starts the next one of the innermost level.
func (a *args) cell(name string) {
	a.endCell()
	l := a.top()
	if name == "" && !l.list {
		name = "value"
	}
	l.cell.reset(name)
	l.cell.open = true
	a.text.Begin()
}

// begun returns the cell of the current value. It starts one if necessary.
func (a *args) begun() *cell {
	if c := &a.top().cell; c.open {
		return c
	}
	a.cell("")
	return &a.top().cell
}

// endCell writes the value of the innermost cell, if there is one.
func (a *args) endCell() bool {
	l := a.top()
	c := &l.cell
	if !c.open || a.depth > 0 {
		return false
	}
	c.open = false
	written := a.text.Take()
	if c.written {
		return false
	}
	a.last = value{c.name, c.number, append(a.last.text[:0], written...)}
	suffix := ""
	if c.after {
		suffix = "after"
	}
	a.key(c.name, suffix)
	if c.after && l.list {
		a.buf = append(a.buf, `{"after":`...)
	}
	if c.verbs == 1 && len(c.scalar) > 0 {
		a.buf = append(a.buf, c.scalar...)
	} else {
		a.buf, _ = json.AppendString(a.buf, written)
	}
	if c.after && l.list {
		a.buf = append(a.buf, '}')
	}
	if c.verbs == 1 && len(c.scalar) > 0 {
		for _, d := range c.details {
			a.key(c.name, d.kind)
			if l.list {
				a.buf = append(a.buf, '{')
				a.buf, _ = json.AppendString(a.buf, d.kind)
				a.buf = append(a.buf, ':')
			}
			a.buf, _ = json.AppendString(a.buf, d.text)
			if l.list {
				a.buf = append(a.buf, '}')
			}
		}
	}
	return true
}

// unwind ends all values.
func (a *args) unwind() {
	a.depth, a.native, a.order = 0, false, false
	for len(a.levels) > 1 {
		a.leave()
	}
	a.endCell()
	a.cutHere()
}

// enter starts the value of the cell as an object or list.
func (a *args) enter(list bool) {
	c := a.begun()
	c.written = true
	suffix := ""
	if c.after {
		suffix = "after"
	}
	a.key(c.name, suffix)
	if c.after && a.top().list {
		a.buf = append(a.buf, `{"after":`...)
	}
	if list {
		a.buf = append(a.buf, '[')
	} else {
		a.buf = append(a.buf, '{')
	}
	a.push(list)
}

// leave ends it.
func (a *args) leave() {
	a.endCell()
	a.cutHere()
	list := a.top().list
	a.levels = a.levels[:len(a.levels)-1]
	if list {
		a.buf = append(a.buf, ']')
	} else {
		a.buf = append(a.buf, '}')
	}
	if l := a.top(); l.cell.after && l.list {
		a.buf = append(a.buf, '}')
	}
	a.text.Take()
	a.text.Begin()
}

// cutHere notes that the innermost level is incomplete.
func (a *args) cutHere() {
	l := a.top()
	if !l.cut {
		return
	}
	l.cut = false
	a.key("cut", "")
	if l.list {
		a.buf = append(a.buf, `"..."`...)
	} else {
		a.buf = append(a.buf, "true"...)
	}
}
