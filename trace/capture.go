//go:build linux && amd64

package trace

import (
	"net/netip"

	"trapline/output"
	"trapline/tables"
	"trapline/trace/condition"
)

// step is a part of the way to a value inside an argument: the name of a member,
// or the position of an element.
type step struct {
	member string
	index  int // if member is empty
}

// capture is an Encoder that keeps the values at one place of an argument, at the end of
// path. Where the path has no position for an array, it goes through all elements and
// keeps the values of each.
type capture struct {
	output.Discard
	path   []step
	values []condition.Value
	bytes  []byte // of the strings in values

	levels   [captureDepth]captureLevel
	depth    int // of the struct or array being shown; levels[0] is the argument
	join     joining
	whole    uint64 // the number before the last part
	part     uint64 // that part
	symbolic int    // BeginNamed whose symbolic form is being shown, which is skipped
	named    []bool // for each BeginNamed, whether it had a plain form
	replaces int    // number of values, counted from the end, that the value after a change replaces; -1 for none

	shortened *shortened // nil without a recording
}

// captureDepth is the number of levels that are examined.
const captureDepth = 16

// captureLevel is the argument, or a struct or array inside it.
type captureLevel struct {
	array   bool
	reached int // steps of the path that lead to this level
	at      int // steps that lead to the value being shown in it; -1 if the path does not lead there
	element int // of an array: position of the value being shown
	since   int // number of values when it began
}

// start begins the argument.
func (c *capture) start() {
	c.values, c.bytes, c.named = c.values[:0], c.bytes[:0], c.named[:0]
	c.depth, c.symbolic, c.replaces = 0, 0, -1
	c.levels[0] = captureLevel{}
	c.join = notJoined
}

// here reports whether the value being shown is at the end of the path.
func (c *capture) here() bool {
	return c.symbolic == 0 && c.depth < captureDepth && c.levels[c.depth].at == len(c.path)
}

// next starts another value of a struct or array. at is the number of steps that lead to
// it.
func (c *capture) next(at int) {
	if c.depth >= captureDepth {
		return
	}
	l := &c.levels[c.depth]
	l.at, l.since = at, len(c.values)
	c.replaces, c.join = -1, notJoined
}

// begin starts a struct or array.
func (c *capture) begin(array bool) {
	if c.depth++; c.depth >= captureDepth {
		return
	}
	c.levels[c.depth] = captureLevel{array: array, reached: c.levels[c.depth-1].at, at: -1, element: -1}
}

func (c *capture) end() {
	if c.depth > 0 {
		c.depth--
	}
}

// add keeps a value.
func (c *capture) add(v condition.Value) {
	if c.replaces >= 0 {
		c.values = c.values[:c.replaces]
		c.replaces = -1
	}
	c.values = append(c.values, v)
}

func (c *capture) number(n condition.Num) {
	if !c.here() {
		return
	}
	if c.join == notJoined || len(c.values) == 0 {
		c.whole, c.part = 0, n.Bits
		c.add(condition.Value{Kind: condition.Number, Num: n})
		return
	}
	c.whole, c.part = c.values[len(c.values)-1].Num.Bits, n.Bits
	c.combine()
}

// combine puts the parts of a number together.
func (c *capture) combine() {
	v := &c.values[len(c.values)-1]
	if c.join == bySum {
		v.Num = condition.Unsigned(c.whole + c.part)
	} else {
		v.Num = condition.Unsigned(c.whole | c.part)
	}
	c.join = notJoined
}

func (c *capture) string(s []byte) {
	if !c.here() {
		return
	}
	start := len(c.bytes)
	c.bytes = append(c.bytes, s...)
	c.add(condition.Value{Kind: condition.String, Str: c.bytes[start:len(c.bytes):len(c.bytes)]})
}

// The verbs of output.Encoder.

func (c *capture) Field(name string) {
	if c.depth >= captureDepth {
		return
	}
	l := &c.levels[c.depth]
	at := -1
	if l.reached >= 0 {
		switch {
		case name == "":
			at = l.reached // the arm of a union has no name of its own in the path
		case l.reached < len(c.path) && c.path[l.reached].member == name:
			at = l.reached + 1
		}
	}
	c.next(at)
}

func (c *capture) Elem() {
	if c.depth >= captureDepth {
		return
	}
	l := &c.levels[c.depth]
	if !l.array {
		return
	}
	l.element++
	at := l.reached
	if at >= 0 && at < len(c.path) && c.path[at].member == "" {
		if c.path[at].index == l.element {
			at++
		} else {
			at = -1
		}
	}
	c.next(at)
}

func (c *capture) Number(v uint64, base output.Base) { c.number(asShown(v, base)) }
func (c *capture) Addr(addr uint64)                  { c.number(condition.Unsigned(addr)) }
func (c *capture) Enum(v uint64, _ *tables.Set, base output.Base) {
	c.number(asShown(v, base))
}
func (c *capture) Flags(v uint64, _ *tables.Set, base output.Base) { c.number(asShown(v, base)) }
func (c *capture) Symbol(v uint64, _ string, base output.Base)     { c.number(asShown(v, base)) }

// asShown is a number as the base says.
func asShown(v uint64, base output.Base) condition.Num {
	if base&^output.NamesAlone == output.Signed {
		return condition.Signed(int64(v))
	}
	return condition.Unsigned(v)
}

func (c *capture) Str(_ output.StringKind, b []byte, more bool) {
	if more && c.shortened != nil && c.here() {
		c.shortened.note(b)
	}
	c.string(b)
}

func (c *capture) Text(s string) {
	if c.here() {
		c.string([]byte(s))
	}
}

func (c *capture) Inet(name string, address []byte) {
	if name != "" {
		c.Field(name)
	}
	if addr, ok := netip.AddrFromSlice(address); ok && c.here() {
		var text [64]byte
		c.string(addr.AppendTo(text[:0]))
	}
}

// Changed implements Encoder: the next value is the one after the call.
func (c *capture) Changed() {
	if c.depth < captureDepth {
		c.replaces = c.levels[c.depth].since
		c.join = notJoined
	}
}

// BeginNamed implements Encoder: the plain form is the value.
func (c *capture) BeginNamed() { c.named = append(c.named, true) }

// Native implements Encoder: the symbolic form is the value.
func (c *capture) Native([]byte) { c.named = append(c.named, false) }

func (c *capture) Named(output.NamedKind) { c.symbolic++ }

func (c *capture) EndNamed() {
	if n := len(c.named); n > 0 {
		if c.named[n-1] && c.symbolic > 0 {
			c.symbolic--
		}
		c.named = c.named[:n-1]
	}
}

func (c *capture) Join(by output.Operator) {
	c.join = byOr
	if by == output.Plus {
		c.join = bySum
	}
}

func (c *capture) Shift(count uint, _ string, _ output.Base) {
	if !c.here() || len(c.values) == 0 {
		return
	}
	c.part <<= count
	c.combine()
}

func (c *capture) BeginStruct() {
	if c.here() {
		c.add(condition.Value{Kind: condition.Group})
	}
	c.begin(false)
}
func (c *capture) EndStruct()  { c.end() }
func (c *capture) BeginArray() { c.begin(true) }
func (c *capture) EndArray()   { c.end() }

// BeginSet implements Encoder. A set that lists what is not in it has no values.
func (c *capture) BeginSet(complement bool) {
	c.begin(true)
	if complement && c.depth < captureDepth {
		c.levels[c.depth].reached = -1
	}
}
func (c *capture) EndSet() { c.end() }

// BeginMacro implements Encoder. For macros that change the byte order, the arguments are
// the value.
func (c *capture) BeginMacro(name string) {
	switch name {
	case "htons", "htonl", "ntohs", "ntohl", "htobs":
		c.begin(true)
	default:
		c.begin(false)
	}
}
func (c *capture) EndMacro() { c.end() }
