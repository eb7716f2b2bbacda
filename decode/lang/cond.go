package lang

import (
	"slices"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"trapline/tables"
)

// Cond is a condition on a call under way.
type Cond interface{ Holds(c *Call) bool }

// Test is the condition that the function converted to it returns true.
type Test func(c *Call) bool

func (f Test) Holds(c *Call) bool { return f(c) }

// Values are Nums, or the Names of numbers in a set.
type Values interface {
	In(set *tables.Set) []uint64
}

// Nums are numbers.
type Nums []uint64

func (n Nums) In(*tables.Set) []uint64 { return n }

func (names Names) In(set *tables.Set) []uint64 {
	values := make([]uint64, len(names))
	for i, name := range names {
		values[i] = ValueNamed(set, name)
	}
	return values
}

// ValueNamed is the value that name has in set.
func ValueNamed(set *tables.Set, name string) uint64 {
	i := slices.IndexFunc(set.Consts, func(k tables.Const) bool { return k.Name == name })
	if i < 0 {
		panic("lang: no constant is called " + name)
	}
	return set.Consts[i].Value
}

// lookup is Values that are looked up once.
type lookup struct{ found atomic.Pointer[[]uint64] }

func (l *lookup) values(v Values, set *tables.Set) []uint64 {
	if n, ok := v.(Nums); ok {
		return n
	}
	found := l.found.Load()
	if found == nil {
		values := v.In(set)
		found = &values
		l.found.Store(found)
	}
	return *found
}

// Is is the condition that N is one of Values.
type Is struct {
	N      Num
	Values Values
	Set    *tables.Set // has the Names

	lookup
}

// Resolve looks the Names up. It panics if Set lacks one.
func (t *Is) Resolve() { t.values(t.Values, t.Set) }

func (t *Is) Holds(c *Call) bool {
	return slices.Contains(t.values(t.Values, t.Set), t.N.Num(c))
}

// Has is the condition that N has any of the bits of Values set.
type Has struct {
	N      Num
	Values Values
	Set    *tables.Set // has the Names

	lookup
}

// Resolve looks the Names up. It panics if Set lacks one.
func (t *Has) Resolve() { t.values(t.Values, t.Set) }

func (t *Has) Holds(c *Call) bool {
	n := t.N.Num(c)
	for _, bits := range t.values(t.Values, t.Set) {
		if n&bits != 0 {
			return true
		}
	}
	return false
}

// Not is the negation of a condition.
type Not [1]Cond

func (t Not) Holds(c *Call) bool { return !t[0].Holds(c) }

// Any is the condition that one of several holds.
type Any []Cond

func (t Any) Holds(c *Call) bool {
	for _, cond := range t {
		if cond.Holds(c) {
			return true
		}
	}
	return false
}

// All is the condition that all of several hold.
type All []Cond

func (t All) Holds(c *Call) bool {
	for _, cond := range t {
		if !cond.Holds(c) {
			return false
		}
	}
	return true
}

// FailedWith is the condition that the call failed with the errno that is
// converted to it.
type FailedWith unix.Errno

func (e FailedWith) Holds(c *Call) bool { return c.Errno == int(e) }

// Succeeded is the condition that the call is not known to have failed.
const Succeeded = FailedWith(0)

// Always is the condition that always holds.
const Always = always(0)

type always uint8

func (always) Holds(*Call) bool { return true }

// BitsOf returns the values that names have in a set, in one word.
func BitsOf(set *tables.Set, names ...string) uint64 {
	var mask uint64
	for _, v := range Names(names).In(set) {
		mask |= v
	}
	return mask
}
