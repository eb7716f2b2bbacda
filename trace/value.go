//go:build linux && amd64

package trace

import (
	"strconv"
	"strings"
)

// Value is a decoded argument, result, or part of one. Kind decides the meaning
// of the other fields.
type Value struct {
	// Name is the name of an argument or struct member, as in the manual page,
	// or the name of an array element's index. It may be empty.
	Name string
	Kind Kind

	// Num is the number of a Number or Address. Signed numbers are
	// sign-extended, see Int.
	Num uint64
	// Names are the names of parts of Num: the name of an enumeration value,
	// the names of the flags set. Parts without a name are only in Num.
	Names []string
	// Str is the content of a String or Bytes, the text of a Token, the name of
	// a Macro. It may contain any bytes.
	Str string
	// Elems are the members of a Struct, the elements of an Array or Set, the
	// arguments of a Macro.
	Elems []Value

	// More says that a String, Bytes, Struct or Array is incomplete. Size is
	// the length of the whole in bytes if it is known, else 0.
	More bool
	Size uint64
	// Path says that a String is the name of a file.
	Path bool
	// Complement says that a Set contains everything except its elements.
	Complement bool

	// Symbolic is the same value in a form that Names cannot express, such as makedev(8,
	// 1) for a device number, or nil.
	Symbolic *Value
	// After is the value after the call if the call changed it, else nil.
	After *Value
	// Notes are details of the value, such as a descriptor's path.
	Notes []Note
}

// Note is a detail of a value. Kind is "path", "comm", "socket" and so on, see
// Options.DecodeFDs and DecodePIDs; or "comment".
type Note struct{ Kind, Text string }

// Kind is the kind of a Value.
type Kind uint8

const (
	None    Kind = iota // no value, such as the result of exit
	Number              // Num, Names
	Address             // Num; in the process's memory, 0 for NULL
	String              // Str
	Bytes               // Str; data that is not text
	Token               // Str; text that is not a C string: "127.0.0.1" of an address
	Struct              // Elems
	Array               // Elems
	Set                 // Elems, of signals or descriptors
	Macro               // Str, Elems
)

// Int returns Num as a signed number.
func (v *Value) Int() int64 { return int64(v.Num) }

// Has reports whether a Number has a name, as a flag or as a whole.
func (v *Value) Has(name string) bool {
	for _, n := range v.Names {
		if n == name {
			return true
		}
	}
	return false
}

// Member returns the member of a Struct with this name, or a Value of Kind
// None.
func (v *Value) Member(name string) Value { return named(v.Elems, name) }

// IsDescriptor reports whether a Number is an open descriptor of the process. This is
// known only with Options.DecodeFDs.
func (v *Value) IsDescriptor() bool {
	if v.Kind != Number || int64(v.Num) < 0 {
		return false
	}
	for _, n := range v.Notes {
		switch n.Kind {
		case "path", "socket", "eventfd", "pidfd", "signalfd":
			return true
		}
	}
	return false
}

// EachDescriptor calls f for each descriptor in the value, at any depth.
func (v *Value) EachDescriptor(f func(*Value)) {
	if v.IsDescriptor() {
		f(v)
	}
	for i := range v.Elems {
		v.Elems[i].EachDescriptor(f)
	}
	if v.After != nil {
		v.After.EachDescriptor(f)
	}
}

// Note returns the text of the Note of this kind, or "".
func (v *Value) Note(kind string) string {
	for _, n := range v.Notes {
		if n.Kind == kind {
			return n.Text
		}
	}
	return ""
}

func named(values []Value, name string) Value {
	for i := range values {
		if values[i].Name == name {
			return values[i]
		}
	}
	return Value{}
}

// String formats the value for people, similar to strace.
func (v Value) String() string {
	var b strings.Builder
	v.write(&b)
	return b.String()
}

func (v *Value) write(b *strings.Builder) {
	switch v.Kind {
	case None:
		b.WriteByte('?')
	case Number:
		if len(v.Names) > 0 {
			b.WriteString(strings.Join(v.Names, "|"))
		} else if v.Symbolic != nil {
			v.Symbolic.write(b)
		} else {
			b.WriteString(strconv.FormatInt(v.Int(), 10))
		}
	case Address:
		if v.Num == 0 {
			b.WriteString("NULL")
		} else {
			b.WriteString("0x" + strconv.FormatUint(v.Num, 16))
		}
	case String, Bytes:
		b.WriteString(strconv.Quote(v.Str))
		if v.More {
			b.WriteString("...")
		}
	case Token:
		b.WriteString(v.Str)
	case Struct:
		v.writeElems(b, '{', '}')
	case Array, Set:
		if v.Complement {
			b.WriteByte('~')
		}
		v.writeElems(b, '[', ']')
	case Macro:
		b.WriteString(v.Str)
		v.writeElems(b, '(', ')')
	}
	if v.After != nil {
		b.WriteString(" => ")
		v.After.write(b)
	}
}

func (v *Value) writeElems(b *strings.Builder, open, end byte) {
	b.WriteByte(open)
	for i := range v.Elems {
		if i > 0 {
			b.WriteString(", ")
		}
		if name := v.Elems[i].Name; name != "" && v.Kind == Struct {
			b.WriteString(name + "=")
		}
		v.Elems[i].write(b)
	}
	if v.More {
		if len(v.Elems) > 0 {
			b.WriteString(", ")
		}
		b.WriteString("...")
	}
	b.WriteByte(end)
}
