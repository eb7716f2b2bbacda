package lang

import (
	"cmp"
	"slices"
	"strings"

	"trapline/output"
	"trapline/tables"
)

// Prototype returns the arguments of the call as C declares them, in the order of their
// registers: "int fd, void *buf, unsigned long count". The types follow from the
// description: they have the width that the call uses, and a struct whose C name is
// unknown is "struct". "..." stands for arguments that depend on the preceding ones. The
// prototype of a call without arguments is "void".
func (s *Signature) Prototype(abi tables.ABI) string {
	args := slices.Clone(s.args)
	slices.SortStableFunc(args, func(a, b arg) int { return cmp.Compare(a.off, b.off) })
	var list []string
	for i := range args {
		a := &args[i]
		if a.size == 0 || i > 0 && a.off == args[i-1].off {
			continue // on the stack, or another meaning of the same argument
		}
		name := a.name
		if name == "_" {
			name = ""
		}
		list = append(list, declare(cTypeOf(a.typ, abi), name))
	}
	switch {
	case s.sub != nil:
		list = append(list, "...")
	case len(list) == 0:
		return "void"
	}
	return strings.Join(list, ", ")
}

// declare combines a C type and a name.
func declare(typ, name string) string {
	if name == "" || strings.HasSuffix(typ, "*") {
		return typ + name
	}
	return typ + " " + name
}

// cTyped is implemented by types that a Go function shows, to tell their C type.
type cTyped interface{ CType() string }

// cTypeOf is the type of an argument in C.
func cTypeOf(t Type, abi tables.ABI) string {
	t = unwrap(t).Type
	switch t := t.(type) {
	case cTyped:
		return t.CType()
	case *Ptr:
		if t.C != "" {
			return t.C
		}
		return pointerTo(t.To, abi)
	case pointsTo:
		return pointerTo(t.pointee(), abi)
	case *Change:
		return pointerTo(t.In, abi)
	case *Fill:
		return pointerTo(t.In, abi)
	case stringPointer, *UsedPath:
		return "const char *"
	case address:
		return "void *"
	case *Shown:
		if t.C != "" {
			return t.C
		}
		return cTypeOf(t.As, abi)
	case *Union:
		if t.C != "" {
			return t.C
		}
		one := ""
		for i := range t.Arms {
			arm := cTypeOf(t.Arms[i].Type, abi)
			if i > 0 && arm != one {
				return cInteger(t.Layout(abi).Size, false, abi)
			}
			one = arm
		}
		return one
	case *number:
		return cNumber(t.n, abi)
	case *Enum:
		return cNamed(t.In, abi)
	case *Flags:
		return cNamed(t.In, abi)
	case *Ticks:
		return cNumber(t.In, abi)
	case *Macro:
		return cNumber(t.In, abi)
	case *Value:
		return cNumber(t.In, abi)
	case interface { // types that embed a Number
		SizeIn(abi tables.ABI) int
		Base() output.Base
	}:
		return cInteger(t.SizeIn(abi), t.Base() == output.Signed, abi)
	case valuer:
		return cInteger(t.(Type).Layout(abi).Size, false, abi)
	}
	if size := t.Layout(abi).Size; size < abi.RegisterSize() {
		return cInteger(size, false, abi)
	}
	return "void *" // a Go function follows it
}

// pointerTo is a pointer to what t describes, which may be one of many in an array.
func pointerTo(t Type, abi tables.ABI) string {
	t = unwrap(t).Type
	switch t := t.(type) {
	case cTyped:
		return t.CType() + " *"
	case *Struct:
		return declare("struct", t.cName()) + " *"
	case *Extensible:
		return pointerTo(t.Of, abi)
	case *List:
		return pointerTo(t.Of, abi)
	case *Array:
		return pointerTo(t.Of, abi)
	case *Bytes:
		if t.Kind != Text && t.Kind != Binary {
			return "char *"
		}
	case StrN, fileName, CharArray:
		return "char *"
	case pointsTo, stringPointer:
		return cTypeOf(t, abi) + "*"
	case address:
		return "void **"
	case *number, *Enum, *Flags, *Ticks, *Macro, *Value, valuer:
		return cTypeOf(t, abi) + " *"
	}
	return "void *"
}

// cNumber is the C integer type for n. Numbers shown in octal or hexadecimal are unsigned.
func cNumber(n Number, abi tables.ABI) string {
	switch n & sizeMask {
	case sizeWord, sizeKernel:
		if n.Base() == output.Signed {
			return "long"
		}
		return "unsigned long"
	}
	return cInteger(n.SizeIn(abi), n.Base() == output.Signed, abi)
}

// cNamed is the type of a number whose values or bits have names: in C it is an int if it
// is 32 bits wide and not known to be unsigned.
func cNamed(n Number, abi tables.ABI) string {
	if n.SizeIn(abi) == 4 && n&sizeMask == size4 && n.Base() != output.Unsigned {
		return "int"
	}
	return cNumber(n, abi)
}

// cInteger is the integer type of C with a size in bytes.
func cInteger(size int, signed bool, abi tables.ABI) string {
	name := "int"
	switch size {
	case 1:
		name = "char"
	case 2:
		name = "short"
	case 8:
		if name = "long"; abi != tables.X86_64 {
			name = "long long"
		}
	}
	switch {
	case !signed:
		return "unsigned " + name
	case size == 1:
		return "signed char"
	}
	return name
}

// cName is the struct's name in C, or "".
func (st *Struct) cName() string {
	for st.C == "" && st.Of != nil {
		st = st.Of
	}
	return st.C
}
