//go:build linux && amd64

package trace

import (
	"net/netip"
	"strconv"
	"strings"

	"trapline/output"
	"trapline/tables"
)

// builder is an Encoder that makes Values of decoded calls.
type builder struct {
	output.Discard
	args    []Value
	result  Value
	remarks []Value
	unseen  Value // target for values that are not kept

	levels  []level
	natives []int // number of levels at each Native
	order   bool  // inside htons and the like, of which only the number is kept

	// A number made of several parts (Or, Plus, Shift).
	join        joining
	whole, part uint64 // the number before the last part, and that part
}

// level is the target of values: a list of them, or one value.
type level struct {
	list *[]Value
	one  *Value
}

// joining is how the next number is combined with the previous one.
type joining uint8

const (
	notJoined joining = iota
	byOr
	bySum
)

// start drops all values and begins with the arguments.
func (b *builder) start() {
	b.args, b.result, b.remarks = nil, Value{}, nil
	b.levels = append(b.levels[:0], level{list: &b.args})
	b.order, b.join, b.natives = false, notJoined, b.natives[:0]
}

func (b *builder) top() *level { return &b.levels[len(b.levels)-1] }

// push makes the elements of a value, or another value, the target of the next values.
func (b *builder) push(l level) { b.levels = append(b.levels, l) }

func (b *builder) pop() {
	if len(b.levels) > 1 {
		b.levels = b.levels[:len(b.levels)-1]
	}
}

// next starts the next value of the innermost list.
func (b *builder) next(name string) {
	b.join = notJoined
	if l := b.top().list; l != nil {
		*l = append(*l, Value{Name: name})
	}
}

// value is the value being made.
func (b *builder) value() *Value {
	l := b.top()
	v := l.one
	if l.list != nil {
		if len(*l.list) == 0 {
			b.next("")
		}
		v = &(*l.list)[len(*l.list)-1]
	}
	for v.After != nil {
		v = v.After
	}
	return v
}

// number makes the value a number, or adds a part to it.
func (b *builder) number(n uint64, names ...string) {
	v := b.value()
	if b.join == notJoined {
		v.Num = 0
	}
	b.whole, b.part = v.Num, n
	v.Kind = Number
	v.Names = append(v.Names, names...)
	b.combine(v)
}

// combine puts the parts of a number together.
func (b *builder) combine(v *Value) {
	if b.join == bySum {
		v.Num = b.whole + b.part
		return
	}
	v.Num = b.whole | b.part
}

func (b *builder) text(kind Kind, text string, more bool) {
	v := b.value()
	v.Kind, v.Str, v.More = kind, text, more
}

// The verbs of output.Encoder.

func (b *builder) Arg(name string, _ output.ArgName) { b.levels = b.levels[:1]; b.next(name) }
func (b *builder) Field(name string)                 { b.next(name) }

func (b *builder) Elem() {
	if !b.order {
		b.next("")
	}
}

func (b *builder) Number(v uint64, _ output.Base) { b.number(v) }

func (b *builder) Addr(addr uint64) {
	v := b.value()
	v.Kind, v.Num = Address, addr
}

func (b *builder) Enum(v uint64, set *tables.Set, base output.Base) {
	name, _ := set.Lookup(v)
	b.Symbol(v, name, base)
}

func (b *builder) Symbol(v uint64, name string, _ output.Base) {
	if name == "" {
		b.number(v)
		return
	}
	b.number(v, name)
}

func (b *builder) Flags(v uint64, set *tables.Set, _ output.Base) {
	var names []string
	c, rest, i := set.Next(v, 0)
	for ; c != nil; c, rest, i = set.Next(rest, i) {
		names = append(names, c.Name)
	}
	if name, ok := set.Lookup(0); ok && v == 0 && len(names) == 0 {
		names = append(names, name)
	}
	b.number(v, names...)
}

func (b *builder) Str(kind output.StringKind, s []byte, more bool) {
	switch kind {
	case output.Binary:
		b.text(Bytes, string(s), more)
	case output.Abstract:
		b.text(String, "\x00"+string(s), more)
	default:
		b.text(String, string(s), more)
		b.value().Path = kind == output.Path
	}
}

// Text implements Encoder. It clones the string, whose bytes may change.
func (b *builder) Text(s string) { b.text(Token, strings.Clone(s), false) }

func (b *builder) Offset(off, end uint64) { b.Size(end - off) }

func (b *builder) Size(n uint64) { b.value().Size = n }

func (b *builder) Inet(name string, address []byte) {
	if name != "" {
		b.Field(name)
	}
	if addr, ok := netip.AddrFromSlice(address); ok {
		b.text(Token, addr.String(), false)
	}
}

func (b *builder) note(kind, text string) {
	v := b.value()
	v.Notes = append(v.Notes, Note{kind, text})
}

func (b *builder) Annotate(kind string, text []byte) { b.note(kind, string(text)) }
func (b *builder) Context(context, expected []byte) {
	b.note("secontext", string(context))
	if expected != nil {
		b.note("secontext_expected", string(expected))
	}
}

func (b *builder) Comment(_ output.CommentKind, text string) {
	if text != "" {
		b.note("comment", strings.Clone(text))
	}
}

func (b *builder) Changed() { b.value().After = new(Value) }

// BeginNamed implements Encoder: the plain form becomes the value itself.
func (b *builder) BeginNamed() { b.push(level{one: b.value()}) }

// Native implements Encoder: the meaning of the bytes becomes the value itself.
func (b *builder) Native([]byte) { b.natives = append(b.natives, len(b.levels)) }

func (b *builder) Named(output.NamedKind) {
	plain := b.top().one
	plain.Symbolic = new(Value)
	b.join = notJoined
	b.push(level{one: plain.Symbolic})
}

// EndNamed implements Encoder. Most symbolic forms consist of names only.
func (b *builder) EndNamed() {
	if n := len(b.natives); n > 0 && b.natives[n-1] == len(b.levels) {
		b.natives = b.natives[:n-1]
		return
	}
	b.pop()
	plain := b.top().one
	b.pop()
	b.join = notJoined
	symbolic := plain.Symbolic
	switch {
	case symbolic == nil || symbolic.Symbolic != nil:
	case symbolic.Kind == Token:
		plain.Names, plain.Symbolic = append(plain.Names, symbolic.Str), nil
	case symbolic.Kind == Number, symbolic.Kind == None:
		plain.Names, plain.Symbolic = append(plain.Names, symbolic.Names...), nil
	}
}

func (b *builder) Join(by output.Operator) {
	b.join = byOr
	if by == output.Plus {
		b.join = bySum
	}
}

func (b *builder) Shift(count uint, _ string, _ output.Base) {
	b.part <<= count
	b.combine(b.value())
}

func (b *builder) begin(kind Kind) {
	v := b.value()
	v.Kind = kind
	b.push(level{list: &v.Elems})
}

func (b *builder) BeginStruct() { b.begin(Struct) }
func (b *builder) EndStruct()   { b.pop() }
func (b *builder) BeginArray()  { b.begin(Array) }
func (b *builder) EndArray()    { b.pop() }

func (b *builder) BeginSet(complement bool) {
	b.value().Complement = complement
	b.begin(Set)
}

func (b *builder) EndSet() { b.pop() }

func (b *builder) BeginMacro(name string) {
	switch name {
	case "htons", "htonl", "ntohs", "ntohl":
		b.order = true
		return
	}
	b.value().Str = name
	b.begin(Macro)
}

func (b *builder) EndMacro() {
	if b.order {
		b.order = false
		return
	}
	b.pop()
}

func (b *builder) Index(v uint64, set *tables.Set, _ output.Base) {
	name := strconv.FormatUint(v, 10)
	if set != nil {
		if symbol, ok := set.Lookup(v); ok {
			name = symbol
		}
	}
	b.value().Name = name
}

// More implements Encoder. It refers to the value whose elements are being
// made.
func (b *builder) More() {
	if n := len(b.levels); n > 1 {
		inner := b.levels[n-1]
		b.levels = b.levels[:n-1]
		b.value().More = true
		b.levels = append(b.levels, inner)
	}
}

func (b *builder) Return() { b.levels = append(b.levels[:1], level{one: &b.result}) }

func (b *builder) BeginRemark(output.RemarkKind) {
	b.levels = append(b.levels[:1], level{list: &b.remarks})
}
func (b *builder) EndRemark() { b.pop() }

func (b *builder) BeginVCPU(int, bool) { b.levels = append(b.levels[:1], level{one: &b.unseen}) }
func (b *builder) EndVCPU()            { b.pop() }
