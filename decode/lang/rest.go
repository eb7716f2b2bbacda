package lang

import (
	"strings"
	"sync"

	"trapline/tables"
)

// Rest is the last of the Args of a call with sub-commands. The entry in Calls whose name
// Set gives to the value of On describes the following arguments and the result. The entry
// called "" is for all other values; without it, they have no more arguments. An entry
// without a Ret has the result of the call.
type Rest struct {
	Unsized
	On    Num
	Set   *tables.Set
	Calls Calls

	// By, if not nil, chooses the rest instead of On, from descriptions other than Calls.
	// If it returns nil, there are no more arguments. If On is set as well, the choice
	// depends on that number alone.
	By    func(c *Call) *Desc
	Among []*Desc // descriptions that By may return; at least all that use more registers than the call
	// All, if not nil, calls add with the other descriptions that By may return.
	All func(add func(*Desc))

	// The names are resolved when the call is first seen.
	once    sync.Once
	byValue map[uint64]*Desc
	other   *Desc
}

// Show is never called: newSignature resolves a Rest.
func (t *Rest) Show(*Call, View) {}

// Resolve looks the names in Calls up. It panics if Set lacks one.
func (t *Rest) Resolve() {
	if t.By == nil {
		t.once.Do(func() { t.byValue, t.other = index(t.Set, t.Calls) })
	}
}

// choice is the entry for a value of On.
func (t *Rest) choice(on uint64) *Desc {
	t.Resolve()
	if d := t.byValue[on]; d != nil {
		return d
	}
	return t.other
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
		panic("lang: no constant is called " + name)
	}
	return byValue, other
}

// subSignatures are the signatures that can replace a Signature with a Rest. They belong
// to the same Decoder.
type subSignatures struct {
	base   *Desc // the arguments before the rest
	rest   *Rest
	byDesc map[*Desc]*Signature // made so far
	last   *Signature           // the last one chosen by a value of On, or nil
	lastOn uint64               // that value
	widest int                  // number of registers, once it is known
}

// width is the number of registers that the widest of them takes.
func (s *subSignatures) width(abi tables.ABI) int {
	if s.widest > 0 {
		return s.widest
	}
	for _, d := range s.rest.Among {
		s.widest = max(s.widest, newSignature("", s.whole(d), abi).width(abi))
	}
	for i := range s.rest.Calls {
		s.widest = max(s.widest, newSignature("", s.whole(&s.rest.Calls[i]), abi).width(abi))
	}
	return s.widest
}

// settle replaces c.Sig by the signature for the arguments that c has.
func (c *Call) settle() {
	c.Release(0)
	if c.Sig.whole != nil { // begun earlier for the same call
		c.Sig = c.Sig.whole
	}
	for whole := c.Sig; c.Sig.sub != nil; c.Sig.whole = whole {
		c.Sig = c.Sig.sub.signature(c)
	}
}

// signature is the one for the arguments that c has.
func (s *subSignatures) signature(c *Call) *Signature {
	if s.rest.By != nil {
		return s.of(c.Sig.Name, s.rest.By(c), c.ABI)
	}
	if on := s.rest.On.Num(c); s.last == nil || on != s.lastOn {
		s.last, s.lastOn = s.of(c.Sig.Name, s.rest.choice(on), c.ABI), on
	}
	return s.last
}

// of is the signature of a call with the rest d.
func (s *subSignatures) of(name string, d *Desc, abi tables.ABI) *Signature {
	sig := s.byDesc[d]
	if sig == nil {
		sig = newSignature(name, s.whole(d), abi)
		s.byDesc[d] = sig
	}
	return sig
}

// whole is the description with the rest d.
func (s *subSignatures) whole(d *Desc) *Desc {
	whole := *s.base
	if d != nil {
		whole.Args = append(whole.Args[:len(whole.Args):len(whole.Args)], d.Args...)
		if d.Ret != nil {
			whole.Ret = d.Ret
		}
	}
	return &whole
}
