package lang

import (
	"cmp"
	"math"
	"reflect"
	"slices"

	"trapline/tables"
)

// Keeps collects what has to be kept of a call. The types of its arguments add
// what they read of the tracee's memory.
type Keeps struct {
	Detail
	Decoder *Decoder
	ABI     tables.ABI

	sig *Signature
	to  *Capture

	name   string // of the argument
	reg    uint8  // the register that it is in
	when   Moment // when the memory behind it is kept
	behind bool   // the value is in memory that the argument points to
	inside bool   // it is at a place there that Ops cannot express
	result bool   // the value is the call's result
}

// keeper is implemented by types that say what must be kept to show them. Numbers need
// nothing; pointers add the memory behind them to k. A type that is not a keeper may read
// anything, and leaves a gap.
// Keep is called for an argument, whose value is in a register, and for the value
// behind a pointer, which is in memory. In memory, a type of a fixed size has already
// been kept; a Reader has to keep its own.
type keeper interface{ Keep(k *Keeps) }

// call adds what all arguments, the result and the memory behind it need.
func (k *Keeps) call() {
	s := k.sig
	if k.Raw {
		return
	}
	if k.Dumped {
		k.Gap("its data are dumped")
	}
	for i := range s.args {
		if a := &s.args[i]; a.name != "_" {
			k.argument(a)
		}
	}
	if s.sub != nil {
		k.commands()
		return
	}
	k.name = "the result"
	if s.ret != nil {
		k.result = true
		k.Value(s.ret)
		k.result = false
	}
	if s.then != nil {
		k.Gap("a function shows more behind it")
	}
}

// argument adds what one argument needs.
func (k *Keeps) argument(a *arg) {
	k.name, k.reg, k.behind, k.inside = a.name, uint8(a.off/k.ABI.RegisterSize()), false, false
	first := len(k.to.Ops)
	k.Value(a.typ)
	if !slices.Contains(k.sig.again, a.name) {
		return
	}
	k.moment(first, BeforeCall)
	// The remark shows the result of the call. It examines all elements, including those
	// that the argument, cut short, does not show.
	first = len(k.to.Ops)
	abbrev := k.Abbrev
	k.Abbrev = false
	k.Value(a.typ)
	k.Abbrev = abbrev
	k.moment(first, IfSucceeded)
}

// moment sets when the operations from first on keep memory.
func (k *Keeps) moment(first int, when Moment) {
	for i := range k.to.Ops[first:] {
		k.to.Ops[first+i].When = when
	}
}

// commands adds the captures of sub-commands. Each contains that of the preceding
// arguments.
func (k *Keeps) commands() {
	sub := k.sig.sub
	arg, mask, ok := k.selector(sub.rest.On)
	if !ok {
		k.name = sub.base.Name
		k.Gap("its sub-commands are not told apart by one register")
		return
	}
	if sub.rest.By != nil {
		k.to = &Capture{Commands: &Commands{Arg: arg, Mask: mask, Many: true}}
		return
	}
	sub.rest.Resolve()
	t := &Commands{Arg: arg, Mask: mask}
	made := make(map[*Desc]*Capture)
	of := func(d *Desc) *Capture {
		if made[d] == nil {
			made[d] = k.Decoder.captureOf(sub.of(k.sig.Name, d, k.ABI), k.ABI, k.Detail)
		}
		return made[d]
	}
	for value, d := range sub.rest.byValue {
		t.Of = append(t.Of, Command{value & mask, of(d)})
	}
	slices.SortFunc(t.Of, func(a, b Command) int { return cmp.Compare(a.Value, b.Value) })
	t.Other = of(sub.rest.other)
	*k.to = Capture{Commands: t}
}

// selector finds the register that contains a number, and the bits that it uses.
func (k *Keeps) selector(n Num) (reg uint8, mask uint64, ok bool) {
	switch n := n.(type) {
	case Ref:
		if a := k.arg(n); a != nil && a.size <= k.ABI.RegisterSize() {
			return uint8(a.off / k.ABI.RegisterSize()), 1<<(8*a.size) - 1, true
		}
	case *Calc:
		reg, mask, ok = k.selector(n.N)
		return reg, mask &^ n.Clear, ok && n.Add == 0 && n.Div == 0
	}
	return 0, 0, false
}

// arg finds an argument of the call by name.
func (k *Keeps) arg(name Ref) *arg {
	for i := range k.sig.args {
		if k.sig.args[i].name == string(name) {
			return &k.sig.args[i]
		}
	}
	return nil
}

// Called is the name of the call.
func (k *Keeps) Called() string { return k.sig.Name }

// Gap notes that Ops cannot say what the argument needs, and why.
func (k *Keeps) Gap(why string) {
	if k.to.Gap == "" {
		k.to.Gap = k.name + ": " + why
	}
}

// AskFD notes that the host is asked about the value, a descriptor.
func (k *Keeps) AskFD() {
	switch {
	case k.result:
		k.to.Asks |= AsksResult
	case k.behind:
		k.to.Asks |= AsksMemory
	default:
		k.askFDIn(int(k.reg))
	}
}

// Special notes that more memory is read if the descriptor in a register is of a special
// kind.
func (k *Keeps) Special(reg int) { k.to.Special |= 1 << reg }

// askFDIn notes that the host is asked about the descriptor in a register.
func (k *Keeps) askFDIn(reg int) { k.to.Asks |= 1 << reg }

// Change notes that the call may change what the host answers about descriptors and
// the working directory.
func (k *Keeps) Change() { k.to.Changes = true }

// Close notes that the call closes the value, a descriptor.
func (k *Keeps) Close() {
	if !k.behind {
		k.to.Closes |= 1 << k.reg
	}
}

// Value adds what is needed to show the value as a t.
func (k *Keeps) Value(t Type) {
	if t, ok := t.(keeper); ok {
		t.Keep(k)
		return
	}
	k.Gap(reflect.TypeOf(t).String() + " does not say what it reads")
}

// Inside adds what is needed to show a t that is part of the value.
func (k *Keeps) Inside(t Type) {
	outer := k.inside
	k.inside = k.behind
	k.Value(t)
	k.inside = outer
}

// Follow adds what is needed to show the t that the value points to.
func (k *Keeps) Follow(t Type, when Moment) {
	if k.behind || k.result {
		k.Gap("a pointer behind a pointer")
		return
	}
	if st, ok := t.(*Struct); ok && st.Points != nil {
		st.Points(k, st)
		return
	}
	k.behind, k.when = true, when
	if _, ok := t.(Reader); !ok {
		k.Bytes(t.Layout(k.ABI).Size)
	}
	k.Value(t)
	k.behind = false
}

// FollowBytes adds the n bytes that the value points to.
func (k *Keeps) FollowBytes(n Num, when Moment) {
	if k.behind || k.result {
		k.Gap("a pointer behind a pointer")
		return
	}
	k.behind, k.when = true, when
	k.Elements(n, 1, NoArray)
	k.behind = false
}

// Bytes keeps the n bytes that the argument points to.
func (k *Keeps) Bytes(n int) {
	if n > 0 {
		k.add(KeepOp{Kind: KeepBytes, Count: Unbounded, Size: uint32(n), Most: 1})
	}
}

// null adds the condition that the argument is a null pointer.
func (k *Keeps) null() {
	if k.behind {
		k.Gap("a pointer behind a pointer")
		return
	}
	k.to.Ops = append(k.to.Ops, KeepOp{Kind: KeepNull, When: BeforeCall, Arg: Amount(k.reg), Count: Unbounded})
}

// String keeps the string that the argument points to, up to most bytes of it.
func (k *Keeps) String(most int) {
	k.add(KeepOp{Kind: KeepString, Count: Unbounded, Size: 1, Most: uint32(min(most, math.MaxUint32))})
}

// Elements keeps the n elements of size bytes that the argument points to, but no
// more than most.
func (k *Keeps) Elements(n Num, size int, most uint64) {
	if op, ok := k.counted(n, size, most); ok && size > 0 {
		k.add(op)
	}
}

// Buffers is Elements for pairs of an address and a length. The buffers are kept as well: up to each bytes
// of one buffer, and total bytes of all buffers together. If total is nil, all buffers
// are full.
func (k *Keeps) Buffers(n Num, most uint64, total Num, each int) {
	op, ok := k.counted(n, 2*k.ABI.WordSize(), most)
	if !ok {
		return
	}
	if op.Kind != KeepBytes {
		k.Gap("buffers that are counted in memory")
		return
	}
	op.Kind, op.Total, op.Each = KeepBuffers, Unbounded, uint32(min(each, math.MaxUint32))
	if total != nil {
		if _, ok := total.(result); !ok {
			k.Gap("a number that is in no register")
			return
		}
		op.Total = FromResult
	}
	k.add(op)
}

// counted is the KeepOp for n elements.
func (k *Keeps) counted(n Num, size int, most uint64) (KeepOp, bool) {
	op := KeepOp{Kind: KeepBytes, Count: Unbounded, Size: uint32(size), Most: uint32(min(most, math.MaxUint32))}
	if !k.Count(&op, n) {
		k.Gap("a number that is in no register")
		return op, false
	}
	return op, true
}

// keptNum is implemented by Nums that can be found in a KeepOp.
type keptNum interface {
	// KeepNum puts the number, or a larger one, into op, and reports whether it could.
	KeepNum(k *Keeps, op *KeepOp) bool
}

// Count puts the number n into op, or a larger one, and reports whether it could.
func (k *Keeps) Count(op *KeepOp, n Num) bool {
	switch n := n.(type) {
	case keptNum:
		return n.KeepNum(k, op)
	case Const:
		op.Most = uint32(min(uint64(n), uint64(op.Most)))
		return true
	case result:
		op.Count = FromResult
		return true
	case Ref:
		return k.countIn(op, n)
	case Min:
		// Any of them suffices, and the result is at most as large as each of them.
		for _, n := range n {
			if _, ok := n.(result); ok {
				return k.Count(op, n)
			}
		}
		for _, n := range n {
			if k.Count(op, n) {
				return true
			}
		}
	}
	return false
}

// countIn is count for the number in an argument.
func (k *Keeps) countIn(op *KeepOp, name Ref) bool {
	a := k.arg(name)
	if a == nil || k.inside || a.size > k.ABI.RegisterSize() {
		return false
	}
	op.Count = Amount(a.off / k.ABI.RegisterSize())
	switch t := a.typ.(type) {
	case pointsTo:
		op.Kind = KeepCounted
		return t.pointee().Layout(k.ABI).Size == 4
	case valuer:
		op.Low32 = a.size < 8
		return true
	}
	return false
}

// pointsTo is implemented by pointer types that stand for the number behind the pointer.
type pointsTo interface{ pointee() Type }

// add adds a KeepOp for what is behind the argument.
func (k *Keeps) add(op KeepOp) {
	if !k.behind || k.inside {
		k.Gap("what follows a struct")
		return
	}
	op.When, op.Arg = k.when, Amount(k.reg)
	k.to.Ops = append(k.to.Ops, op)
}

// Taken notes that a call which succeeds has read all of the memory that was added last.
func (k *Keeps) Taken() {
	if n := len(k.to.Ops); n > 0 {
		k.to.Ops[n-1].Taken = k.to.Ops[n-1].When == AnyTime
	}
}

// Struct keeps the st that the argument points to, and returns where its members are found:
// for Linked.
func (k *Keeps) Struct(st *Struct, when Moment) (member func(name string) Amount) {
	const word = 8
	first := WordBefore
	if when != BeforeCall {
		first = WordAfter
	}
	if k.ABI.WordSize() != word {
		k.Gap("pointers of less than a word in a struct")
	}
	k.to.Ops = append(k.to.Ops, KeepOp{
		Kind: KeepStruct, When: when, Arg: Amount(k.reg), Count: Unbounded, Size: uint32(st.Layout(k.ABI).Size), Most: 1,
	})
	return func(name string) Amount {
		at, _ := st.Offset(k.ABI, name)
		return first + Amount(at/word)
	}
}

// Linked adds memory that a struct points to.
func (k *Keeps) Linked(op KeepOp) { k.to.Ops = append(k.to.Ops, op) }

// Stack keeps size bytes at the stack pointer, all of which must be readable.
func (k *Keeps) Stack(size int) {
	k.to.Ops = append(k.to.Ops, KeepOp{
		Kind: KeepStruct, When: BeforeCall, Arg: StackPointer, Count: Unbounded, Size: uint32(size), Most: 1,
	})
}

// Within adds what is needed to show a t in memory that is kept otherwise.
func (k *Keeps) Within(t Type) {
	behind, inside := k.behind, k.inside
	k.behind, k.inside = true, true
	k.Value(t)
	k.behind, k.inside = behind, inside
}
