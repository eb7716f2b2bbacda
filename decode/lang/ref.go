package lang

// Num is a number that a type depends on: a length, a count, a selector.
type Num interface {
	// Num returns 0 if the number is not available.
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

// ReadBefore is the number that the InOut argument of that name pointed to at the
// enter-stop, and whether it is available.
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
const Result = result(0)

type result uint8

func (result) Num(c *Call) uint64 {
	if c.Failed() || c.Ret < 0 {
		return 0
	}
	return uint64(c.Ret)
}

// Func is a Num computed by the function that is converted to it.
type Func func(c *Call) uint64

func (f Func) Num(c *Call) uint64 { return f(c) }

// NoArray is a count that no list can have: it exceeds the address space.
const NoArray = 1<<64 - 1

// Calc is computed from N: the bits in Clear are cleared, Add is added, and the sum is
// divided by Div.
type Calc struct {
	N          Num
	Clear, Add uint64
	Div        uint64 // 0 for no division
}

// Num implements Num.
func (t *Calc) Num(c *Call) uint64 {
	n := t.N.Num(c)&^t.Clear + t.Add
	if t.Div != 0 {
		n /= t.Div
	}
	return n
}

// Min is the smallest of several Nums.
type Min []Num

func (ns Min) Num(c *Call) uint64 {
	least := ns[0].Num(c)
	for _, n := range ns[1:] {
		least = min(least, n.Num(c))
	}
	return least
}

// If is a Num that is 1 where a condition holds and 0 elsewhere, to choose
// between the arms of a union.
type If [1]Cond

func (n If) Num(c *Call) uint64 {
	if n[0].Holds(c) {
		return 1
	}
	return 0
}

// valuer is implemented by types that represent a number.
type valuer interface {
	Value(c *Call, v View) uint64
}

func NumberOf(c *Call, t Type, v View) uint64 {
	switch t := t.(type) {
	case valuer:
		return t.Value(c, v)
	case *Ptr:
		return c.numberAt(v, t.To)
	case *Out:
		return c.numberAt(v, t.To)
	}
	return v.Uint(min(8, t.Layout(c.ABI).Size))
}

// numberAt is the number that the pointer v points to.
func (c *Call) numberAt(v View, t Type) uint64 {
	if pv, ok := c.ReadType(v.Uint(c.WordSize()), t); ok {
		return NumberOf(c, t, pv)
	}
	return 0
}
