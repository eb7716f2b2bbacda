package lang

import (
	"slices"
	"sync/atomic"

	"trapline/output"
	"trapline/tables"
)

// Union is one of several types in one place, chosen by On. Its size is its
// largest arm's.
type Union struct {
	C string // the type in C, if it does not follow from Arms

	On   Num
	Set  *tables.Set // has the Names of arms
	Arms Arms

	resolved atomic.Pointer[[][]uint64]
}

// Arms are the types of a union, each for some values of the selector. An arm without
// values is the default.
type Arms []struct {
	Type   Type
	Values Values
}

// Resolve looks the names of the arms up. It panics if Set lacks one.
func (u *Union) Resolve() { u.values() }

// Layout implements Type.
func (u *Union) Layout(abi tables.ABI) Layout {
	l := Layout{0, 1}
	for i := range u.Arms {
		arm := u.Arms[i].Type.Layout(abi)
		l.Size, l.Align = max(l.Size, arm.Size), max(l.Align, arm.Align)
	}
	l.Size = AlignUp(l.Size, l.Align)
	return l
}

func (u *Union) Keep(k *Keeps) {
	for i := range u.Arms {
		k.Value(u.Arms[i].Type)
	}
}

// Show implements Type.
func (u *Union) Show(c *Call, v View) {
	if t := u.arm(c); t != nil {
		t.Show(c, v.At(0, t.Layout(c.ABI).Size))
		return
	}
	c.Out.Str(output.Plain, v.B, false)
}

// ShowAsMembers lets an Inline arm show its members as the struct's.
func (u *Union) ShowAsMembers(c *Call, v View) {
	t := u.arm(c)
	if t == nil {
		c.Out.Field("")
		c.Out.Str(output.Plain, v.At(0, u.Layout(c.ABI).Size).B, false)
		return
	}
	if g, ok := t.(memberGroup); ok {
		g.ShowAsMembers(c, v)
		return
	}
	c.Out.Field("")
	t.Show(c, v.At(0, t.Layout(c.ABI).Size))
}

func (u *Union) arm(c *Call) Type {
	on := u.On.Num(c)
	values := u.values()
	for i := range u.Arms {
		if u.Arms[i].Values == nil || slices.Contains(values[i], on) {
			return u.Arms[i].Type
		}
	}
	return nil
}

// values are the selector values of each arm.
func (u *Union) values() [][]uint64 {
	if values := u.resolved.Load(); values != nil {
		return *values
	}
	values := make([][]uint64, len(u.Arms))
	for i, arm := range u.Arms {
		if arm.Values != nil {
			values[i] = arm.Values.In(u.Set)
		}
	}
	u.resolved.Store(&values)
	return values
}
