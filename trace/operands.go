//go:build linux && amd64

package trace

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"trapline/decode"
	"trapline/output"
	"trapline/socketcall"
	"trapline/tables"
	"trapline/trace/condition"
	"trapline/trace/nearest"
)

// operand is something that a condition can ask about a record.
type operand struct {
	condition.Operand
	kind     operandKind
	argument string // name of the argument
	path     []step // the way to the value in the argument
	register int    // number of the register, from 0
	early    bool   // the argument is known at the entry in at least some calls
}

// operandKind says where the values of an operand come from.
type operandKind uint8

const (
	ofArgument operandKind = iota
	ofRegister
	ofName
	ofEvent
	ofPID
	ofTID
	ofComm
	ofABI
	ofRet
	ofErrno
	ofDuration
	ofFD
	ofPath
	ofSignal
	ofCode
)

// generalOperands are those that do not depend on the call.
var generalOperands = [...]struct {
	name  string
	kind  operandKind
	kinds condition.Kind
}{
	{"name", ofName, condition.String},
	{"event", ofEvent, condition.String},
	{"pid", ofPID, condition.Number},
	{"tid", ofTID, condition.Number},
	{"comm", ofComm, condition.String},
	{"abi", ofABI, condition.String},
	{"ret", ofRet, condition.Number},
	{"errno", ofErrno, condition.Number},
	{"dur", ofDuration, condition.Duration},
	{"fd", ofFD, condition.Number},
	{"path", ofPath, condition.String},
	{"signal", ofSignal, condition.Number},
	{"code", ofCode, condition.Number},
}

// argumentPrefix qualifies the name of an argument that is also a general operand:
// args.pid.
const argumentPrefix = "args"

// late reports whether the operand is unknown at the entry of all calls.
func (o *operand) late() bool {
	switch o.kind {
	case ofRet, ofErrno, ofDuration:
		return true
	}
	return o.kind == ofArgument && !o.early
}

// operandSchema knows the operands of the calls in a set.
type operandSchema struct {
	calls    CallSet
	operands []*operand // the requested ones, by ID

	arguments map[string]*knownArgument // of all calls in the set; nil until it is needed
}

// knownArgument is what is known of the arguments of one name.
type knownArgument struct {
	types []decode.Type
	early bool // one of the types is known at the entry
}

// Operand implements condition.Schema.
func (s *operandSchema) Operand(path []string) (*condition.Operand, error) {
	name := operandName(path)
	for _, o := range s.operands {
		if o.Name == name {
			return &o.Operand, nil
		}
	}
	o, err := s.find(path)
	if err != nil {
		return nil, err
	}
	o.Name, o.ID = name, len(s.operands)
	s.operands = append(s.operands, o)
	return &o.Operand, nil
}

// operandName is the operand as it is written.
func operandName(path []string) string {
	name := path[0]
	for _, p := range path[1:] {
		if isNumber(p) {
			name += "[" + p + "]"
		} else {
			name += "." + p
		}
	}
	return name
}

func (s *operandSchema) find(path []string) (*operand, error) {
	if len(path) == 1 {
		for _, g := range generalOperands {
			if g.name == path[0] {
				return &operand{
					Operand: condition.Operand{Kinds: g.kinds, Sets: setsOf(g.kind), Check: checkOf(g.kind)}, kind: g.kind,
				}, nil
			}
		}
		if n, ok := strings.CutPrefix(path[0], "arg"); ok && len(n) == 1 && '1' <= n[0] && n[0] <= '6' {
			return &operand{Operand: condition.Operand{Kinds: condition.Number}, kind: ofRegister, register: int(n[0] - '1')}, nil
		}
	}
	s.findArguments()
	if path[0] == argumentPrefix && len(path) > 1 && s.arguments[path[1]] != nil {
		path = path[1:]
	}
	a := s.arguments[path[0]]
	if a == nil {
		var known []string
		for _, g := range generalOperands {
			known = append(known, g.name)
		}
		if nearest.Of(path[0], known) == "" { // else it is more likely meant than some argument
			known = slices.AppendSeq(known, maps.Keys(s.arguments))
		}
		return nil, &condition.UnknownError{
			Problem: "no call that is traced has an operand '" + path[0] + "'", Name: path[0], Known: known,
		}
	}
	o := &operand{argument: path[0], early: a.early}
	shape := decode.ShapeOf(a.types...)
	for i, p := range path[1:] {
		if n, err := strconv.Atoi(p); err == nil && isNumber(p) {
			o.path = append(o.path, step{index: n})
			continue
		}
		member, ok := shape.Member(p)
		if !ok {
			var known []string
			for _, m := range shape.Members {
				known = append(known, m.Name)
			}
			return nil, &condition.UnknownError{
				Problem: "'" + operandName(path[:i+1]) + "' has no member '" + p + "'", Name: p, Known: known,
			}
		}
		shape = member
		o.path = append(o.path, step{member: p})
	}
	o.Kinds, o.Sets = kindsOf(shape), shape.Sets
	return o, nil
}

// kindsOf are the kinds of value that a shape has.
func kindsOf(s *decode.Shape) (kinds condition.Kind) {
	if s.Number {
		kinds |= condition.Number
	}
	if s.String {
		kinds |= condition.String
	}
	if s.Open {
		kinds |= condition.Number | condition.String
	}
	if s.Struct || kinds == 0 {
		kinds |= condition.Group
	}
	return kinds
}

// setsOf are the sets of constants that a general operand is compared with.
func setsOf(kind operandKind) []*tables.Set {
	if kind == ofFD {
		return []*tables.Set{&atFDCWD}
	}
	return nil
}

// checkOf returns a check for strings that a general operand can never equal.
func checkOf(kind operandKind) func(string) error {
	switch kind {
	case ofEvent:
		return func(text string) error {
			return among("event", text, append(output.EventNames(), eventCall, eventSignal))
		}
	case ofABI:
		return func(text string) error { return among("abi", text, abiNames()) }
	case ofName:
		return func(text string) error {
			if strings.HasPrefix(text, unknownCallPrefix) {
				return nil
			}
			return among("name", text, callNames())
		}
	}
	return nil
}

// among returns an error for a string that is not in known, the values that the operand
// may have.
func among(operand, text string, known []string) error {
	if slices.Contains(known, text) {
		return nil
	}
	return &condition.UnknownError{
		Problem: "no record has the " + operand + " '" + text + "'", Name: text, Known: known,
	}
}

func abiNames() (names []string) {
	for _, abi := range tables.ABIs {
		names = append(names, abi.String())
	}
	return names
}

// callNames are the names of all calls, including those that are not traced: a condition
// may exclude them to be sure.
func callNames() (names []string) {
	for _, abi := range tables.ABIs {
		for call := range tables.Syscalls(abi) {
			names = append(names, call.Name)
		}
	}
	for _, sub := range socketcall.Subs() {
		names = append(names, sub.Name)
	}
	return names
}

// unknownCallPrefix begins the names of calls that the tables lack, as in strace.
const unknownCallPrefix = "syscall_0x"

var atFDCWD = tables.Set{Consts: []tables.Const{{Value: 1<<64 - -tables.AT_FDCWD, Name: "AT_FDCWD"}}}

// findArguments finds the arguments of all calls in the set.
func (s *operandSchema) findArguments() {
	if s.arguments != nil {
		return
	}
	s.arguments = make(map[string]*knownArgument)
	d := decode.NewDecoder(decode.Options{}, nil)
	for _, abi := range tables.ABIs {
		for call := range tables.Syscalls(abi) {
			if s.calls.Has(abi, uint64(call.NR)) {
				s.addArguments(d.Lookup(abi, uint64(call.NR)))
			}
		}
	}
	subs := socketcall.Subs()
	for i := range subs {
		if s.calls.inner.Has(&subs[i]) {
			s.addArguments(d.LookupInner(subs[i].Name, subs[i].Name))
		}
	}
}

func (s *operandSchema) addArguments(sig *decode.Signature) {
	sig.EachArgument(func(name string, t decode.Type) {
		a := s.arguments[name]
		if a == nil {
			a = new(knownArgument)
			s.arguments[name] = a
		}
		a.types = append(a.types, t)
		a.early = a.early || decode.KnownAtEntry(t)
	})
}

// Constant implements condition.Schema.
func (s *operandSchema) Constant(name string, sets []*tables.Set) (values [tables.NumABI]uint64, err error) {
	for _, set := range sets {
		if _, ok := set.Value(name); !ok {
			continue
		}
		for _, abi := range tables.ABIs {
			values[abi], _ = set.For(abi).Value(name)
		}
		return values, nil
	}
	for _, abi := range tables.ABIs {
		found := tables.Constant(abi, name)
		switch {
		case len(found) == 0 && abi == tables.X86_64:
			return values, &condition.UnknownError{
				Problem: "no constant is called '" + name + "'", Name: name, Known: constantNames(),
			}
		case len(found) == 0:
			continue
		case len(found) > 1:
			return values, &condition.UnknownError{Problem: "there are several constants '" + name + "': compare it with an argument, which determines its value"}
		}
		values[abi] = found[0]
	}
	return values, nil
}

// constantNames are the names of all constants.
func constantNames() []string {
	names := slices.Sorted(tables.ConstantNames)
	return slices.Compact(names)
}
