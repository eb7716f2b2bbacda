package lang

import (
	"trapline/output"
	"trapline/tables"
)

// arg is a Field made ready for one ABI.
type arg struct {
	name    string
	typ     Type
	dir     Dir
	cond    Cond
	capture capturer
	finish  finisher
	early   Cond           // nil, or when an argument of direction Exit is shown at the enter-stop
	shown   output.ArgName // when text shows the name
	off     int            // into Call.regs, bytes
	size    int
}

// end is the number of registers up to and including the argument's last.
func (a *arg) end(abi tables.ABI) int {
	return AlignUp(a.off+a.size, abi.RegisterSize()) / abi.RegisterSize()
}

// Signature is a description made ready for one ABI.
type Signature struct {
	Name      string // of the call, as in the tables
	Described bool   // false for the hexadecimal fallback

	args   []arg
	ret    Type           // nil for a number
	remark func(c *Call)  // behind the result of a call that succeeded, or nil
	then   func(c *Call)  // behind the record of the call, or nil
	again  Names          // arguments that remark reads
	sub    *subSignatures // for calls with a Rest

	whole *Signature // the one that this is for a sub-command of, or nil
}

// newSignature lays out the arguments for an ABI.
func newSignature(name string, d *Desc, abi tables.ABI) *Signature {
	s := &Signature{Name: name, Described: true, ret: d.Ret, args: make([]arg, len(d.Args))}
	if w, ok := d.Ret.(*ResultWith); ok {
		s.ret, s.remark, s.then, s.again = w.Ret, w.Remark, w.Then, w.Again
	}
	if s.ret != nil {
		s.ret = unwrap(s.ret).Type
	}
	reg := 0
	word := abi.RegisterSize()
	for i, f := range d.Args {
		if r, ok := f.Type.(*Rest); ok {
			base := &Desc{d.Name, d.Args[:i], d.Ret}
			s.args = s.args[:i]
			s.sub = &subSignatures{base: base, rest: r, byDesc: make(map[*Desc]*Signature)}
			break
		}
		if all, ok := f.Type.(Others); ok {
			args := append(d.Args[:i:i], all.args(i)...)
			return newSignature(name, &Desc{d.Name, args, d.Ret}, abi)
		}
		u := unwrap(f.Type)
		t := u.Type
		a := &s.args[i]
		*a = arg{name: f.Name, typ: t, dir: dirOf(t), cond: u.cond, early: u.early}
		if u.named {
			a.shown = output.NameAlways
		}
		if u.reg >= 0 {
			reg = u.reg
		}
		a.capture, _ = t.(capturer)
		a.finish, _ = t.(finisher)
		a.off = reg * word
		a.size = t.Layout(abi).Size
		if r, ok := t.(registers); ok {
			a.size = r.registers(abi) * word
		}
		reg = a.end(abi)
	}
	return s
}

// width is the number of registers that the arguments take.
func (s *Signature) width(abi tables.ABI) int {
	n := 0
	for i := range s.args {
		n = max(n, s.args[i].end(abi))
	}
	if s.sub != nil {
		n = max(n, s.sub.width(abi))
	}
	return n
}

// Register finds the argument called name, and gives the first register that it
// takes, counted from 0, and the number of registers.
func (s *Signature) Register(name string, abi tables.ABI) (first, count int, ok bool) {
	for i := range s.args {
		if a := &s.args[i]; a.name == name && name != "_" && a.size > 0 {
			first = a.off / abi.RegisterSize()
			return first, a.end(abi) - first, true
		}
	}
	return 0, 0, false
}

// Names returns the names of the arguments. more says that there are others, which
// depend on these.
func (s *Signature) Names() (names []string, more bool) {
	for i := range s.args {
		if name := s.args[i].name; name != "_" && s.args[i].size > 0 {
			names = append(names, name)
		}
	}
	return names, s.sub != nil
}

// registers is implemented by types whose number of registers, as an argument,
// does not follow from their size in memory.
type registers interface{ registers(abi tables.ABI) int }

// unknown describes calls without a description: six hexadecimal registers.
var unknown = Desc{Ret: RetUnsigned, Args: Args{
	{"arg1", KHex}, {"arg2", KHex}, {"arg3", KHex}, {"arg4", KHex}, {"arg5", KHex}, {"arg6", KHex},
}}

// signatures are those that a Decoder has made so far: a program uses few calls.
type signatures struct {
	byNR  [tables.NumABI][]*Signature
	inner map[string]*Signature // of calls inside multiplexers, by the names of their descriptions
}

// Lookup finds the signature of a call by number. Calls that have no
// description, or no row in the tables, are shown in hexadecimal.
func (d *Decoder) Lookup(abi tables.ABI, nr uint64) *Signature {
	if abi == tables.X32 {
		nr &^= tables.X32Bit
	}
	if t := d.signatures.byNR[abi]; nr < uint64(len(t)) && t[nr] != nil {
		return t[nr]
	}
	return d.addSignature(abi, nr)
}

func (d *Decoder) addSignature(abi tables.ABI, nr uint64) *Signature {
	row := tables.Lookup(abi, nr)
	if row == nil {
		// There may be any number of these: they are not kept.
		return signatureOf(abi, "syscall_"+HexString(tables.InRegister(abi, nr)), nil)
	}
	t := &d.signatures.byNR[abi]
	if grow := int(nr) + 1 - len(*t); grow > 0 {
		*t = append(*t, make([]*Signature, grow)...)
	}
	(*t)[nr] = signatureOf(abi, row.Name, d.catalogue.Describe(abi, nr))
	return (*t)[nr]
}

// LookupInner finds the signature of a call that an i386 program made through a
// multiplexer. form names its description, which need not be that of the call
// called name: the multiplexer may pass other arguments. The call need not
// have a number of its own.
func (d *Decoder) LookupInner(name, form string) *Signature {
	s := d.signatures.inner[form]
	if s == nil {
		s = signatureOf(tables.I386, name, d.catalogue.DescribeInner(tables.I386, form))
		if d.signatures.inner == nil {
			d.signatures.inner = make(map[string]*Signature)
		}
		d.signatures.inner[form] = s
	}
	return s
}

// signatureOf makes the signature of a call, with hexadecimal arguments if there
// is no description of it.
func signatureOf(abi tables.ABI, name string, d *Desc) *Signature {
	if d != nil {
		return newSignature(name, d, abi)
	}
	s := newSignature(name, &unknown, abi)
	s.Described = false
	return s
}
