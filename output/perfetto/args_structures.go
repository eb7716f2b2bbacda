package perfetto

import (
	"bytes"

	"trapline/output"
	"trapline/output/json"
	"trapline/tables"
)

// The verbs of output.Encoder for composite values.

// deeper and shallower enclose parts that are written only as text.
func (a *args) deeper() {
	if a.depth == 0 {
		a.mixed()
	}
	a.depth++
}

func (a *args) shallower() { a.depth = max(0, a.depth-1) }

// BeginNamed implements output.Encoder.
func (a *args) BeginNamed() {
	a.deeper()
	a.text.BeginNamed()
}

// Named implements output.Encoder.
func (a *args) Named(kind output.NamedKind) { a.text.Named(kind) }

// EndNamed implements output.Encoder.
func (a *args) EndNamed() {
	a.text.EndNamed()
	a.shallower()
	if a.depth > 0 || !a.native {
		return
	}
	a.native = false
	if c := &a.top().cell; len(c.scalar) > 0 {
		c.verbs = 1
	}
}

// Native implements output.Encoder. A number with swapped bytes is written as a number.
func (a *args) Native(b []byte) {
	a.native = a.depth == 0 && a.begun().verbs == 0
	a.deeper()
	a.text.Native(b)
}

// Inet implements output.Encoder.
func (a *args) Inet(name string, b []byte) {
	if a.depth > 0 {
		a.text.Inet(name, b)
		return
	}
	if name != "" {
		a.Field(name)
	}
	if c := a.scalar(); c != nil {
		c.scalar = append(output.AppendInet(append(c.scalar, '"'), b), '"')
	}
	a.text.Inet("", b)
}

// Join implements output.Encoder.
func (a *args) Join(by output.Operator) {
	a.mixed()
	a.text.Join(by)
}

// Shift implements output.Encoder.
func (a *args) Shift(count uint, name string, base output.Base) {
	a.mixed()
	a.text.Shift(count, name, base)
}

// structural reports whether a struct or array that begins here is the whole value.
func (a *args) structural() bool {
	return a.depth == 0 && a.begun().verbs == 0 && !a.top().cell.written
}

// BeginStruct implements output.Encoder.
func (a *args) BeginStruct() {
	if a.structural() {
		a.enter(false)
		return
	}
	a.deeper()
	a.text.BeginStruct()
}

// Field implements output.Encoder.
func (a *args) Field(name string) {
	if a.depth > 0 {
		a.text.Field(name)
		return
	}
	a.cell(name)
}

// EndStruct implements output.Encoder.
func (a *args) EndStruct() {
	switch {
	case a.depth > 0:
		a.text.EndStruct()
		a.shallower()
	case len(a.levels) > 1 && !a.top().list:
		a.leave()
	}
}

// BeginArray implements output.Encoder.
func (a *args) BeginArray() {
	if a.structural() {
		a.enter(true)
		return
	}
	a.deeper()
	a.text.BeginArray()
}

// EndArray implements output.Encoder.
func (a *args) EndArray() {
	switch {
	case a.depth > 0:
		a.text.EndArray()
		a.shallower()
	case len(a.levels) > 1 && a.top().list:
		a.leave()
	}
}

// BeginSet implements output.Encoder.
func (a *args) BeginSet(complement bool) {
	a.deeper()
	a.text.BeginSet(complement)
}

// EndSet implements output.Encoder.
func (a *args) EndSet() {
	a.text.EndSet()
	a.shallower()
}

// BeginMacro implements output.Encoder.
func (a *args) BeginMacro(name string) {
	a.deeper()
	switch name {
	case "htons", "htonl", "ntohs", "ntohl":
		a.order = true
	}
	a.text.BeginMacro(name)
}

// EndMacro implements output.Encoder.
func (a *args) EndMacro() {
	a.order = false
	a.text.EndMacro()
	a.shallower()
}

// Elem implements output.Encoder.
func (a *args) Elem() {
	if a.depth > 0 {
		a.text.Elem()
		return
	}
	a.cell("")
}

// Index implements output.Encoder. An element with a subscript is text.
func (a *args) Index(v uint64, set *tables.Set, base output.Base) {
	a.mixed()
	a.text.Index(v, set, base)
}

// More implements output.Encoder.
func (a *args) More() {
	if a.depth > 0 {
		a.text.More()
		return
	}
	a.endCell()
	a.top().cut = true
}

// Unknown implements output.Encoder.
func (a *args) Unknown() {
	a.scalar()
	a.text.Unknown()
}

// BeginRemark implements output.Outcome.
func (a *args) BeginRemark(kind output.RemarkKind) {
	a.unwind()
	a.cell("remark")
	a.deeper()
	a.text.BeginRemark(kind)
}

// EndRemark implements output.Outcome.
func (a *args) EndRemark() {
	a.text.EndRemark()
	a.shallower()
	c := &a.top().cell
	b := a.text.Take()
	c.scalar, _ = json.AppendString(c.scalar[:0], bytes.TrimSuffix(bytes.TrimPrefix(b, []byte(" (")), []byte(")")))
	c.verbs = 1
}
