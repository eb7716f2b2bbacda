package lang

import (
	"strings"
	"sync"

	"trapline/tables"
)

// rest stands for the arguments of a call that depend on those before it.
type rest struct {
	Unsized
	choose func(c *Call) *Desc
	among  []*Desc // what it chooses from, as far as that takes more registers
}

// Show is never called: newSignature takes a rest apart.
func (t *rest) Show(*Call, View) {}

// Rest stands last in the Args of a call with sub-commands (fcntl, keyctl,
// ptrace): the arguments that follow, and what the result means, are those of
// the entry in calls that has the name that set gives to on. The entry called
// "" is for all other values; without one they end the arguments. An entry
// without a Ret has the result of the call.
func Rest(on Num, set *tables.Set, calls Calls) Field {
	among := make([]*Desc, len(calls))
	for i := range calls {
		among[i] = &calls[i]
	}
	return RestBy((&subCommands{on: on, set: set, calls: calls}).choose, among...)
}

// subCommands are what a Rest chooses from.
type subCommands struct {
	on    Num
	set   *tables.Set
	calls Calls

	// The names are resolved when the call is first seen.
	once    sync.Once
	byValue map[uint64]*Desc
	other   *Desc
}

func (s *subCommands) choose(c *Call) *Desc {
	s.once.Do(func() { s.byValue, s.other = index(s.set, s.calls) })
	if d := s.byValue[s.on.Num(c)]; d != nil {
		return d
	}
	return s.other
}

// RestBy is a Rest that a Go function chooses among others; nil ends the
// arguments.
func RestBy(choose func(c *Call) *Desc, among ...*Desc) Field {
	return Field{"", &rest{choose: choose, among: among}}
}

// index finds the values of the names in calls.
func index(set *tables.Set, calls Calls) (byValue map[uint64]*Desc, other *Desc) {
	byName := make(map[string]*Desc)
	for i := range calls {
		d := &calls[i]
		if d.Name == "" {
			other = d
		}
		for name := range strings.FieldsSeq(d.Name) {
			byName[name] = d
		}
	}
	byValue = make(map[uint64]*Desc)
	for _, k := range set.Consts {
		if d := byName[k.Name]; d != nil {
			byValue[k.Value] = d
			delete(byName, k.Name)
		}
	}
	for name := range byName {
		panic("decode: no constant is called " + name)
	}
	return byValue, other
}

// subSignatures are the signatures that a Signature with a rest may turn into.
// Like it they belong to one Decoder.
type subSignatures struct {
	base   *Desc // the arguments before the rest
	rest   *rest
	byDesc map[*Desc]*Signature // made so far
}

// width is the number of registers that the widest of them takes.
func (s *subSignatures) width(abi tables.ABI) int {
	widest := 0
	for _, d := range s.rest.among {
		widest = max(widest, newSignature("", s.whole(d), abi).width(abi))
	}
	return widest
}

// settle replaces c.Sig by the signature for the arguments that c has.
func (c *Call) settle() {
	c.Release(0)
	if c.Sig.whole != nil { // of the same call, begun before
		c.Sig = c.Sig.whole
	}
	for whole := c.Sig; c.Sig.sub != nil; c.Sig.whole = whole {
		c.Sig = c.Sig.sub.signature(c)
	}
}

func (s *subSignatures) signature(c *Call) *Signature {
	d := s.rest.choose(c)
	sig := s.byDesc[d]
	if sig == nil {
		sig = newSignature(c.Sig.Name, s.whole(d), c.ABI)
		s.byDesc[d] = sig
	}
	return sig
}

// whole is the description with the rest d.
func (s *subSignatures) whole(d *Desc) *Desc {
	whole := *s.base
	if d != nil {
		whole.Args = append(whole.Args[:len(whole.Args):len(whole.Args)], d.Args...)
		if d.Ret.Typ != nil {
			whole.Ret = d.Ret
		}
	}
	return &whole
}
