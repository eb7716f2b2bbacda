package lang

import (
	"slices"

	"trapline/tables"
)

// Shape is what a type may show, as its description tells. An array has the shape of its
// elements.
type Shape struct {
	Number, String, Struct bool

	Open    bool          // a Go function shows it, which may show anything
	Sets    []*tables.Set // have names of its numbers
	Members Fields        // of all structs that it may be; a name may occur several times

	depth int
}

// ShapeOf returns the shape of types that may all occur in one place.
func ShapeOf(types ...Type) *Shape {
	s := new(Shape)
	for _, t := range types {
		s.add(t)
	}
	return s
}

// Member returns the shape of the members with that name. It returns false if there are
// none. If no members are known, any name is possible.
func (s *Shape) Member(name string) (*Shape, bool) {
	m, found := new(Shape), s.Open && len(s.Members) == 0
	m.Open = s.Open
	for _, f := range s.Members {
		if f.Name == name {
			m.add(f.Type)
			found = true
		}
	}
	return m, found
}

// Shower is implemented by types that a Go function shows, to say what it may
// show.
type Shower interface{ Shows() []Type }

// maxShape is the depth to which nested types are examined.
const maxShape = 16

func (s *Shape) add(t Type) {
	if t == nil || s.depth == maxShape {
		return
	}
	s.depth++
	defer func() { s.depth-- }()
	t = unwrap(t).Type
	switch t := t.(type) {
	case Shower:
		for _, one := range t.Shows() {
			s.add(one)
		}
	case *Struct:
		s.Struct = true
		for _, m := range t.layout().members {
			s.addMember(m.Name, m.Type)
		}
	case *Inline:
		s.add(t.Of)
	case *NamedArm:
		s.add(t.inner())
	case Tail:
		s.add(t[0])
	case *Abbreviated:
		if t.Of != nil {
			s.add(t.Of)
		}
	case *Extensible:
		s.add(t.Of)
	case *Union:
		for i := range t.Arms {
			s.add(t.Arms[i].Type)
		}
	case *Ptr:
		s.add(t.To)
	case *Out:
		s.add(t.To)
	case *InOut:
		s.add(t.To)
	case *Change:
		s.add(t.In)
		s.add(t.Out)
	case *Fill:
		s.add(t.In)
		s.add(t.Out)
	case Aligned:
		s.add(t[0])
	case *List:
		s.add(t.Of)
	case *Array:
		s.add(t.Of)
	case Tuple:
		for _, elem := range t {
			s.add(elem)
		}
	case *ResultWith:
		s.add(t.Ret)
	case *Enum:
		s.addNumber(t.Set)
	case *Flags:
		s.addNumber(t.Set)
		s.addParts(t.Parts)
	case *Macro:
		s.Number = true
		s.addParts(t.Parts)
	case Number, *number, address, *Ticks, *Value, *BitField, MaskOf, resultAddr:
		s.Number = true
	case stringPointer, *UsedPath, fileName, StrN, *Bytes, CharArray, *Chars, Pad, uuid:
		s.String = true
	case emptyArm:
	case valuer:
		s.Number = true
	default:
		s.Open = true
	}
}

// addMember adds a member of a struct. A type without a name shows members of its own,
// either in its place or in an unnamed struct.
func (s *Shape) addMember(name string, t Type) {
	switch name {
	case "_":
	case "":
		s.add(t)
	default:
		s.Members = append(s.Members, Field{name, t})
	}
}

func (s *Shape) addNumber(set *tables.Set) {
	s.Number = true
	if set != nil && !slices.Contains(s.Sets, set) {
		s.Sets = append(s.Sets, set)
	}
}

func (s *Shape) addParts(parts []Part) {
	for i := range parts {
		s.addNumber(parts[i].Set)
	}
}

// EachArgument calls visit with the name and the type of each argument that calls with a
// signature may have, including those of sub-commands. A name may occur several times.
func (s *Signature) EachArgument(visit func(name string, t Type)) {
	for i := range s.args {
		if a := &s.args[i]; a.name != "_" {
			visit(a.name, a.typ)
		}
	}
	if s.sub != nil {
		s.sub.rest.eachArgument(visit)
	}
}

func (t *Rest) eachArgument(visit func(name string, t Type)) {
	add := func(d *Desc) {
		if d == nil {
			return
		}
		for _, f := range d.Args {
			switch inner := f.Type.(type) {
			case *Rest:
				inner.eachArgument(visit)
			case Others:
			default:
				if f.Name != "_" {
					visit(f.Name, f.Type)
				}
			}
		}
	}
	for i := range t.Calls {
		add(&t.Calls[i])
	}
	for _, d := range t.Among {
		add(d)
	}
	if t.All != nil {
		t.All(add)
	}
}
