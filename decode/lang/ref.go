package lang

import (
	"slices"

	"golang.org/x/sys/unix"

	"trapline/tables"
)

// Num is a number that a type depends on: a length, a count, a selector.
type Num interface {
	// Num evaluates to 0 where the number cannot be had.
	Num(c *Call) uint64
}

// Const is a fixed Num.
type Const uint64

func (n Const) Num(*Call) uint64 { return uint64(n) }

// Ref refers to another member of the struct being shown or, failing that, of
// the structs around it, or else to another argument of the call, by name. A
// pointer argument stands for the number that it points to.
type Ref string

func (name Ref) Num(c *Call) uint64 {
	for i := c.depth - 1; i >= 0; i-- {
		f := &c.frames[i]
		if v, ok := f.Struct.NumberIn(c, string(name), f.View); ok {
			return v
		}
	}
	if a := c.ArgNamed(string(name)); a != nil {
		return NumberOf(c, a.typ, c.ArgView(a))
	}
	return 0
}

// ReadBefore is the number that the InOut argument of that name pointed to at
// the enter-stop, and whether it could be had.
func (c *Call) ReadBefore(name string) (uint64, bool) {
	args := c.Sig.args
	for i := range args {
		if args[i].name == name {
			return c.SavedFor(i)
		}
	}
	return 0, false
}

// Result is the call's return value; 0 for a failed call.
var Result Num = result{}

type result struct{}

func (result) Num(c *Call) uint64 {
	if c.Failed() || c.Ret < 0 {
		return 0
	}
	return uint64(c.Ret)
}

// Func is a Num computed by a Go function.
type Func func(c *Call) uint64

func (f Func) Num(c *Call) uint64 { return f(c) }

// Within is n as the count of an array that has no more than most elements. An
// array that is said to have more is shown by its address.
func Within(n Num, most uint64) Num { return &within{n, most} }

type within struct {
	n    Num
	most uint64
}

// NoArray is a count that no array has: more than the address space.
const NoArray = 1<<64 - 1

func (w *within) Num(c *Call) uint64 {
	n := w.n.Num(c)
	if n > w.most || w.n == Result && c.Failed() {
		return NoArray
	}
	return n
}

// Div is a Num divided by a constant, for lengths in other units.
func Div(n Num, by uint64) Num { return Func(func(c *Call) uint64 { return n.Num(c) / by }) }

// Add is a Num and a constant.
func Add(n Num, k uint64) Num { return Func(func(c *Call) uint64 { return n.Num(c) + k }) }

// Clear is a Num without the bits in mask.
func Clear(n Num, mask uint64) Num { return Func(func(c *Call) uint64 { return n.Num(c) &^ mask }) }

// Bits is what a Num has of the bits in mask, as 1 or 0: a selector for Union.
func Bits(n Num, mask uint64) Num {
	return Func(func(c *Call) uint64 {
		if n.Num(c)&mask != 0 {
			return 1
		}
		return 0
	})
}

// Min is the smaller of two Nums.
func Min(a, b Num) Num { return Func(func(c *Call) uint64 { return min(a.Num(c), b.Num(c)) }) }

// valuer is implemented by types that stand for a number.
type valuer interface {
	Value(c *Call, v View) uint64
}

// NumberOf is the number that a value of type t stands for.
func NumberOf(c *Call, t Type, v View) uint64 {
	switch t := t.(type) {
	case valuer:
		return t.Value(c, v)
	case *pointer:
		if pv, ok := c.ReadType(v.Uint(c.WordSize()), t.elem); ok {
			return NumberOf(c, t.elem, pv)
		}
		return 0
	}
	return v.Uint(min(8, t.Layout(c.ABI).Size))
}

// Is is the condition that a Num has one of the values.
func Is(n Num, values ...uint64) Cond {
	return func(c *Call) bool {
		got := n.Num(c)
		for _, v := range values {
			if got == v {
				return true
			}
		}
		return false
	}
}

// Has is the condition that a Num has any of the bits set.
func Has(n Num, bits uint64) Cond {
	return func(c *Call) bool { return n.Num(c)&bits != 0 }
}

// IsNamed is the condition that a Num has the value of one of set's names.
func IsNamed(n Num, set *tables.Set, names ...string) Cond {
	values := make([]uint64, len(names))
	for i, name := range names {
		values[i] = ValueNamed(set, name)
	}
	return Is(n, values...)
}

// HasNamed is the condition that a Num has a bit set that has a name in set.
func HasNamed(n Num, set *tables.Set, name string) Cond { return Has(n, ValueNamed(set, name)) }

// ValueNamed is the value that name has in set.
func ValueNamed(set *tables.Set, name string) uint64 {
	for i := range set.Consts {
		if set.Consts[i].Name == name {
			return set.Consts[i].Value
		}
	}
	panic("decode: no constant is called " + name)
}

// Not is the opposite condition.
func Not(cond Cond) Cond { return func(c *Call) bool { return !cond(c) } }

// If is a Num that is 1 where cond holds and 0 elsewhere, to choose between the
// arms of a union.
func If(cond Cond) Num {
	return Func(func(c *Call) uint64 {
		if cond(c) {
			return 1
		}
		return 0
	})
}

// Any is the condition that one of several holds.
func Any(conds ...Cond) Cond {
	return func(c *Call) bool {
		for _, cond := range conds {
			if cond(c) {
				return true
			}
		}
		return false
	}
}

// All is the condition that all of several hold.
func All(conds ...Cond) Cond {
	return func(c *Call) bool {
		for _, cond := range conds {
			if !cond(c) {
				return false
			}
		}
		return true
	}
}

// Succeeded is the condition that the call did not fail, as far as is known.
func Succeeded(c *Call) bool { return !c.Failed() }

// FailedWith is the condition that the call failed with an errno.
func FailedWith(errno unix.Errno) Cond { return func(c *Call) bool { return c.Errno == int(errno) } }

// OnABI is the condition that the call is of one ABI.
func OnABI(abi tables.ABI) Cond { return func(c *Call) bool { return c.ABI == abi } }

// Values gives the values that names have in a set, for Is and Arm.
func Values(set *tables.Set, names ...string) []uint64 {
	values := make([]uint64, len(names))
	for i, name := range names {
		k := slices.IndexFunc(set.Consts, func(k tables.Const) bool { return k.Name == name })
		if k < 0 {
			panic("decode: no constant is called " + name)
		}
		values[i] = set.Consts[k].Value
	}
	return values
}

// BitsOf is the Values of several names in one.
func BitsOf(set *tables.Set, names ...string) uint64 {
	var mask uint64
	for _, v := range Values(set, names...) {
		mask |= v
	}
	return mask
}

// Always is the condition that always holds.
func Always(*Call) bool { return true }
