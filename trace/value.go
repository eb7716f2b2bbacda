package trace

import (
	"strconv"
	"strings"
)

// Value is an argument, a result, or a part of one, decoded. What its fields hold
// depends on Kind.
type Value struct {
	// Name is that of an argument or struct member, as in the manual page, or
	// what the index of an array's element stands for. It may be empty.
	Name string
	Kind Kind

	// Num is the number of a Number or Address. Signed ones are sign-extended,
	// see Int.
	Num uint64
	// Names are what parts of Num are called: the name of an enumeration's
	// value, the names of the flags that are set. What has no name is in Num only.
	Names []string
	// Str is what a String or Bytes holds, the text of a Token, the name of a Macro.
	// It may have any bytes.
	Str string
	// Elems are the members of a Struct, the elements of an Array or Set, the
	// arguments of a Macro.
	Elems []Value

	// More says that there is more of a String, Bytes, Struct or Array than is
	// here. Size is the length of the whole in bytes, if it is known; else 0.
	More bool
	Size uint64
	// Complement says that a Set has all but its elements.
	Complement bool

	// Symbolic is the same value in a form that Names cannot express, such as
	// makedev(8, 1) of a device number; nil if there is none.
	Symbolic *Value
	// After is what the call has changed the value to; nil if it has not.
	After *Value
	// Notes tell more of the value, such as a descriptor's path.
	Notes []Note
}

// Note is something that is known of a value. Kind is "path", "comm", "socket"
// and so on, see Options.DecodeFDs and DecodePIDs; or "comment".
type Note struct{ Kind, Text string }

// Kind says what a Value is.
type Kind uint8

const (
	None    Kind = iota // there is no value, such as the result of exit
	Number              // Num, Names
	Address             // Num; in the process's memory, 0 for NULL
	String              // Str
	Bytes               // Str, of data that is not text
	Token               // Str, what is not a C string: "127.0.0.1" of an address
	Struct              // Elems
	Array               // Elems
	Set                 // Elems, of signals or descriptors
	Macro               // Str, Elems
)

// Int is Num as a signed number.
func (v *Value) Int() int64 { return int64(v.Num) }

// Has says whether a Number has a name, as a flag or as the whole.
func (v *Value) Has(name string) bool {
	for _, n := range v.Names {
		if n == name {
			return true
		}
	}
	return false
}

// Member gives the member of a Struct that has a name. If there is none it is a
// Value of Kind None.
func (v *Value) Member(name string) Value { return named(v.Elems, name) }

// Note gives the text of the Note of a kind, or "".
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

// String is the value for people to read, much as strace writes it.
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
