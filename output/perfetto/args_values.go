package perfetto

import (
	"bytes"
	"unicode/utf8"

	"trapline/output"
	"trapline/output/json"
	"trapline/tables"
)

// The verbs of output.Encoder for single values.

// appendInteger writes a number, as a string if a double cannot hold it.
func appendInteger(b []byte, v uint64, base output.Base) []byte {
	const safe = 1<<53 - 1
	size := v
	if base&^output.NamesAlone != output.Signed {
		base = output.Unsigned
	} else if int64(v) < 0 {
		size = -v
	}
	if size <= safe {
		return output.AppendNumber(b, v, base)
	}
	b = append(b, '"')
	return append(output.AppendNumber(b, v, base), '"')
}

// value counts a verb, and returns the cell for the value.
func (a *args) value() *cell {
	c := a.begun()
	c.verbs++
	return c
}

// scalar returns where to put the JSON value of a verb, or nil if it is not the cell's
// whole value.
func (a *args) scalar() *cell {
	if a.depth > 0 {
		return nil
	}
	if c := a.value(); c.verbs == 1 {
		return c
	}
	return nil
}

// mixed is called when a value becomes more than a scalar.
func (a *args) mixed() {
	if a.depth == 0 {
		a.value().verbs++
	}
}

// Arg implements output.Encoder.
func (a *args) Arg(name string, _ output.ArgName) {
	a.unwind()
	a.cell(name)
}

// Number implements output.Encoder.
func (a *args) Number(v uint64, base output.Base) {
	if a.order && a.native && a.depth == 2 {
		c := &a.top().cell
		c.scalar = appendInteger(c.scalar[:0], v, base)
	} else if c := a.scalar(); c != nil {
		c.number = v
		c.scalar = appendInteger(c.scalar, v, base)
		if len(a.levels) == 1 && c.name == "ret" {
			a.result, a.hasResult = int64(v), true
		}
	}
	a.text.Number(v, base)
}

// Addr implements output.Encoder.
func (a *args) Addr(v uint64) {
	if c := a.scalar(); c != nil {
		c.number = v
	}
	a.text.Addr(v)
}

// Enum implements output.Encoder.
func (a *args) Enum(v uint64, set *tables.Set, base output.Base) {
	a.scalar()
	a.text.Enum(v, set, base)
}

// Flags implements output.Encoder.
func (a *args) Flags(v uint64, set *tables.Set, base output.Base) {
	if c := a.scalar(); c != nil && v == 0 && set.Unknown == "" {
		c.scalar = append(c.scalar, '0')
	}
	a.text.Flags(v, set, base)
}

// Symbol implements output.Encoder.
func (a *args) Symbol(v uint64, name string, base output.Base) {
	a.scalar()
	a.text.Symbol(v, name, base)
}

// Str implements output.Encoder. Bytes that are not text are escaped.
func (a *args) Str(kind output.StringKind, b []byte, more bool) {
	if c := a.scalar(); c != nil && kind != output.Binary && kind != output.Abstract && utf8.Valid(b) {
		c.scalar, _ = json.AppendString(c.scalar, bytes.TrimSuffix(b, []byte{0}))
		if more {
			c.scalar = append(c.scalar[:len(c.scalar)-1], `..."`...)
		}
	}
	a.text.Str(kind, b, more)
}

// Offset implements output.Encoder.
func (a *args) Offset(off, end uint64) {
	a.mixed()
	a.text.Offset(off, end)
}

// Text implements output.Encoder.
func (a *args) Text(s string) {
	a.scalar()
	a.text.Text(s)
}

// Annotate implements output.Encoder.
func (a *args) Annotate(kind string, b []byte) {
	if a.depth == 0 {
		if c := a.begun(); c.verbs == 1 && len(c.scalar) > 0 {
			if kind == "deleted" {
				b = []byte("true")
			}
			c.details = append(c.details, detail{kind, bytes.Clone(b)})
		}
	}
	a.text.Annotate(kind, b)
}

// Context implements output.Encoder.
func (a *args) Context(context, expected []byte) {
	a.mixed()
	a.text.Context(context, expected)
}

// Comment implements output.Encoder.
func (a *args) Comment(kind output.CommentKind, s string) {
	if s == "" || a.top().cell.written {
		return
	}
	a.mixed()
	a.text.Comment(kind, s)
}

// Size implements output.Encoder.
func (a *args) Size(uint64) {}

// Changed implements output.Encoder: the value after the call is a member of its
// own.
func (a *args) Changed() {
	if a.depth > 0 {
		a.text.Changed()
		return
	}
	name := a.begun().name
	a.cell(name)
	a.top().cell.after = true
}
