//go:build linux && amd64

package trace

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"trapline/socketcall"
	"trapline/tables"
	"trapline/trace/recording"
	"trapline/tracer"
)

// CallSet is a set of system calls of all ABIs. ParseCalls makes one from an
// expression, and Calls from names; the zero value is empty.
//
// Its layout allows a lookup at a stop with one load. The calls inside i386's
// multiplexers are separate members, since some have no number.
type CallSet struct {
	numbers [tables.NumABI][setSize / 64]uint64
	inner   socketcall.Set
	others  bool // numbers past the end of every table
}

// setSize is greater than all numbers of all tables. The highest is x32's 547.
const setSize = 576

func allCalls() CallSet { return (&CallSet{}).complement() }

// AllCalls returns the set of all calls.
func AllCalls() *CallSet {
	all := allCalls()
	return &all
}

// orAll returns the set, or all calls if it is nil.
func (s *CallSet) orAll() CallSet {
	if s == nil {
		return allCalls()
	}
	return *s
}

// IsAll reports whether the set has all calls, as a nil set does.
func (s *CallSet) IsAll() bool { return s == nil || *s == allCalls() }

// chooses reports whether a tracee's call is in the set. If there is a call inside it,
// inner, that one decides.
func (s *CallSet) chooses(call *tracer.Syscall, inner *socketcall.Call) bool {
	if inner != nil {
		return s.inner.Has(inner.Sub)
	}
	return s.Has(call.ABI, call.NR)
}

// Has reports whether the call with this ABI and number is in the set. An x32
// number may include bit 30, as in the register.
func (s *CallSet) Has(abi tables.ABI, nr uint64) bool {
	if abi == tables.X32 {
		nr &^= tables.X32Bit
	}
	if nr >= setSize {
		return s.others
	}
	return s.numbers[abi][nr/64]&(1<<(nr%64)) != 0
}

// Overlaps reports whether two sets have a call in common.
func (s *CallSet) Overlaps(other *CallSet) bool {
	for abi := range s.numbers {
		for i := range s.numbers[abi] {
			if s.numbers[abi][i]&other.numbers[abi][i] != 0 {
				return true
			}
		}
	}
	return false
}

// leftOut lists the known calls that are not in the set, in the form that recordings use.
func (s *CallSet) leftOut() (list []int) {
	if s.IsAll() {
		return nil
	}
	for _, abi := range tables.ABIs {
		for nr := range uint64(setSize) {
			if tables.Lookup(abi, nr) != nil && !s.Has(abi, nr) {
				list = append(list, int(abi)<<16|int(nr))
			}
		}
	}
	return list
}

// LeftOut is the set of calls that a recording lacks because they were not to be traced.
func LeftOut(i *recording.Info) *CallSet {
	s := new(CallSet)
	for _, v := range i.LeftOut {
		if abi, nr := v>>16, v&0xffff; abi >= 0 && abi < int(tables.NumABI) && nr < setSize {
			s.add(tables.ABI(abi), uint32(nr))
		}
	}
	return s
}

// addUnknown adds the numbers without a call. They are always traced, since no
// expression could select them.
func (s *CallSet) addUnknown() {
	s.others = true
	for _, abi := range tables.ABIs {
		for nr := range uint64(setSize) {
			if tables.Lookup(abi, nr) == nil {
				s.numbers[abi][nr/64] |= 1 << (nr % 64)
			}
		}
	}
}

// stops reports whether a call has to stop. A multiplexer has to stop if any of
// its inner calls is in the set.
func (s *CallSet) stops(abi tables.ABI, nr uint64) bool {
	return abi == tables.I386 && s.inner.HasAny(nr) || s.Has(abi, nr)
}

func (s *CallSet) add(abi tables.ABI, nr uint32) {
	s.numbers[abi][nr/64] |= 1 << (nr % 64)
}

// remove takes the calls of another set out.
func (s *CallSet) remove(other *CallSet) {
	for abi := range s.numbers {
		for i := range s.numbers[abi] {
			s.numbers[abi][i] &^= other.numbers[abi][i]
		}
	}
	s.inner &^= other.inner
	s.others = s.others && !other.others
}

func (s *CallSet) complement() CallSet {
	c := CallSet{inner: ^s.inner, others: !s.others}
	for abi := range s.numbers {
		for i, w := range s.numbers[abi] {
			c.numbers[abi][i] = ^w
		}
	}
	return c
}

// ParseCalls reads a set of calls, such as "open,openat", "%file", "!%memory" or
// "/^exec". It is the value of strace's -e trace=:
//
//	[!][?]{{SYSCALL|NUMBER|%CLASS|all|/REGEX}[@64|@32|@x32]},[!]...|all|none
//
// An unknown name is an error, unless a question mark precedes it. A ! at the beginning
// complements the set. A ! before a later item removes that item from the items to its
// left. ^ means the same as !.
func ParseCalls(text string) (*CallSet, error) {
	var s CallSet
	negated, err := parseSet(text, "system call", nearCall, func(item string, except bool) (bool, error) {
		name, optional := strings.CutPrefix(item, "?")
		if except {
			var out CallSet
			found, err := out.addItem(name)
			s.remove(&out)
			return found || optional && err == nil, err
		}
		found, err := s.addItem(name)
		return found || optional && err == nil, err
	})
	if err != nil {
		return nil, err
	}
	if negated {
		s = s.complement()
	}
	return &s, nil
}

// Calls returns the set of the calls with these names, in all ABIs that have
// them. It panics if a name is unknown: use ParseCalls for names that may be
// wrong.
func Calls(names ...string) *CallSet {
	var s CallSet
	for _, name := range names {
		if found, err := s.addItem(name); !found || err != nil {
			panic("trace: no system call is called " + strconv.Quote(name))
		}
	}
	return &s
}

// addItem adds the calls of one item of a set and reports whether there are
// any.
func (s *CallSet) addItem(item string) (found bool, err error) {
	name, designator, limited := strings.Cut(item, "@")
	abis := tables.ABIs[:]
	if limited {
		abi, ok := designated(designator)
		if !ok {
			return false, &ParseError{
				Message: fmt.Sprintf("incorrect personality designator '%s' in qualification '%s'", designator, item),
				Misused: true,
			}
		}
		abis = []tables.ABI{abi}
	}
	match, err := itemMatcher(name)
	if match == nil || err != nil {
		return false, err
	}
	for _, abi := range abis {
		for call := range tables.Syscalls(abi) {
			if match(call) {
				s.add(abi, call.NR)
				found = true
			}
		}
	}
	if slices.Contains(abis, tables.I386) && s.addInner(name, match) {
		found = true
	}
	s.others = s.others || name == "all"
	return found, nil
}

// addInner adds the calls inside multiplexers that an item matches, and reports whether
// there are any. The name or number of a multiplexer matches all its inner calls, which
// have no numbers of their own.
func (s *CallSet) addInner(name string, match func(*tables.Syscall) bool) (found bool) {
	subs := socketcall.Subs()
	for i := range subs {
		sub := &subs[i]
		call := &tables.Syscall{Name: sub.Name, ABI: tables.I386, Classes: sub.Classes()}
		if isNumber(name) {
			call = tables.Lookup(tables.I386, uint64(sub.Outer.NR))
		}
		if name == sub.Outer.Name || match(call) {
			s.inner.Add(sub)
			found = true
		}
	}
	return found
}

// designated returns the ABI of a designator, the part after the @ of an item.
func designated(designator string) (abi tables.ABI, ok bool) {
	switch designator {
	case "64":
		return tables.X86_64, true
	case "32":
		return tables.I386, true
	case "x32":
		return tables.X32, true
	}
	return 0, false
}

// plainClass reports whether an item is a class that may be named without the %.
func plainClass(item string) bool {
	switch item {
	case "file", "process", "network", "signal", "ipc", "desc", "memory":
		return true
	}
	return false
}

// itemMatcher turns an item, without ? and @, into a predicate, or into nil if
// the item cannot match anything.
func itemMatcher(item string) (func(*tables.Syscall) bool, error) {
	switch {
	case item == "":
		return nil, nil
	case item == "all":
		return func(*tables.Syscall) bool { return true }, nil
	case item[0] == '/':
		re, err := compileERE(item[1:])
		if err != nil {
			return nil, err
		}
		match := func(c *tables.Syscall) bool { return re.MatchString(c.Name) }
		if expr, ok := strings.CutSuffix(item[1:], "/"); ok && expr != "" && !matchesAny(match) {
			return itemMatcher("/" + expr) // names do not end with a slash
		}
		return match, nil
	case item[0] == '%' || plainClass(item):
		class, ok := tables.ClassByName(strings.TrimPrefix(item, "%"))
		if !ok {
			return nil, nil
		}
		return func(c *tables.Syscall) bool { return c.Classes&class != 0 }, nil
	case isNumber(item):
		nr, err := strconv.ParseUint(item, 10, 31)
		if err != nil {
			return nil, nil
		}
		// For x32 either number matches: with bit 30, as in the register, or
		// without.
		return func(c *tables.Syscall) bool {
			return uint64(c.NR) == nr || tables.InRegister(c.ABI, uint64(c.NR)) == nr
		}, nil
	}
	return func(c *tables.Syscall) bool { return c.Name == item }, nil
}

// matchesAny reports whether a predicate holds for any call.
func matchesAny(match func(*tables.Syscall) bool) bool {
	for _, abi := range tables.ABIs {
		for call := range tables.Syscalls(abi) {
			if match(call) {
				return true
			}
		}
	}
	return false
}

// isNumber reports whether an item starts like a number.
func isNumber(item string) bool { return item != "" && '0' <= item[0] && item[0] <= '9' }

// compileERE compiles a POSIX extended regular expression.
func compileERE(expr string) (*regexp.Regexp, error) {
	if strings.HasPrefix(expr, "{") {
		// Go takes a brace that cannot start a repetition literally.
		return nil, parseErrorf("regcomp: %s: missing argument to repetition operator: `{`", expr)
	}
	re, err := regexp.CompilePOSIX(expr)
	if err != nil {
		return nil, parseErrorf("regcomp: %s: %s", expr, strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
	return re, nil
}
