package main

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"trapline/socketcall"
	"trapline/tables"
	"trapline/tracer"
)

// syscallSet is a set of system calls of every ABI, laid out so that a stop is
// looked up with one load. The calls inside i386's multiplexers are members of
// their own, since some of them have no number.
type syscallSet struct {
	numbers [tables.NumABI][setSize / 64]uint64
	inner   socketcall.Set
	others  bool // numbers past every table
}

// setSize is past every number of every table. The highest is x32's 547.
const setSize = 576

var allSyscalls = (&syscallSet{}).complement()

// chooses says whether a tracee's call is in the set. inner is the call inside
// it, which decides if there is one, or nil.
func (s *syscallSet) chooses(call *tracer.Syscall, inner *socketcall.Call) bool {
	if inner != nil {
		return s.inner.Has(inner.Sub)
	}
	return s.has(call.ABI, call.NR)
}

// has says whether the call with a number is in the set. nr is as in the
// register, with x32's bit.
func (s *syscallSet) has(abi tables.ABI, nr uint64) bool {
	if abi == tables.X32 {
		nr &^= tables.X32Bit
	}
	if nr >= setSize {
		return s.others
	}
	return s.numbers[abi][nr/64]&(1<<(nr%64)) != 0
}

// addUnknown takes in the numbers that no call has: they are traced whatever
// -e trace= says, as nothing could choose them.
func (s *syscallSet) addUnknown() {
	s.others = true
	for abi := range tables.ABI(tables.NumABI) {
		for nr := range uint64(setSize) {
			if tables.Lookup(abi, nr) == nil {
				s.numbers[abi][nr/64] |= 1 << (nr % 64)
			}
		}
	}
}

// stops says whether a call has to be looked at. A multiplexer's call does if
// any call that may be inside is in the set.
func (s *syscallSet) stops(abi tables.ABI, nr uint64) bool {
	return abi == tables.I386 && s.inner.HasAny(nr) || s.has(abi, nr)
}

func (s *syscallSet) add(abi tables.ABI, nr uint32) {
	s.numbers[abi][nr/64] |= 1 << (nr % 64)
}

func (s *syscallSet) complement() syscallSet {
	c := syscallSet{inner: ^s.inner, others: !s.others}
	for abi := range s.numbers {
		for i, w := range s.numbers[abi] {
			c.numbers[abi][i] = ^w
		}
	}
	return c
}

// parseSyscallSet reads the value of -e trace= and its like:
// [!][?]{{SYSCALL|NUMBER|%CLASS|all|/REGEX}[@64|@32|@x32]},...|all|none.
func parseSyscallSet(text string) (syscallSet, error) {
	var s syscallSet
	negated, err := parseSet(text, "system call", func(item string) (bool, error) {
		name, optional := strings.CutPrefix(item, "?")
		found, err := s.addItem(name)
		return found || optional && err == nil, err
	})
	if err != nil {
		return syscallSet{}, err
	}
	if negated {
		return s.complement(), nil
	}
	return s, nil
}

// addItem adds the calls of one item of a set and says whether there are any.
func (s *syscallSet) addItem(item string) (found bool, err error) {
	name, designator, limited := strings.Cut(item, "@")
	abis := []tables.ABI{tables.X86_64, tables.I386, tables.X32}
	if limited {
		abi, ok := designators[designator]
		if !ok {
			return false, usagef("incorrect personality designator '%s' in qualification '%s'", designator, item)
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

// addInner adds the calls inside multiplexers that an item stands for, and says
// whether there are any. A multiplexer's own name or number stands for all
// calls inside; these have no numbers themselves.
func (s *syscallSet) addInner(name string, match func(*tables.Syscall) bool) (found bool) {
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

// designators are what may follow the @ of an item.
var designators = map[string]tables.ABI{"64": tables.X86_64, "32": tables.I386, "x32": tables.X32}

// plainClasses are the classes that may be named without their %.
var plainClasses = map[string]bool{
	"file": true, "process": true, "network": true, "signal": true, "ipc": true, "desc": true, "memory": true,
}

// itemMatcher turns an item, without ? and @, into a predicate. It is nil for an
// item that cannot match anything.
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
		return func(c *tables.Syscall) bool { return re.MatchString(c.Name) }, nil
	case item[0] == '%' || plainClasses[item]:
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
		// Of x32 either number will do: that in the table, or that in the register.
		return func(c *tables.Syscall) bool {
			return uint64(c.NR) == nr || tables.InRegister(c.ABI, uint64(c.NR)) == nr
		}, nil
	}
	return func(c *tables.Syscall) bool { return c.Name == item }, nil
}

// isNumber says whether an item stands for a number, so far as its start tells.
func isNumber(item string) bool { return item != "" && '0' <= item[0] && item[0] <= '9' }

// compileERE compiles a POSIX extended regular expression.
func compileERE(expr string) (*regexp.Regexp, error) {
	if strings.HasPrefix(expr, "{") {
		// Go takes a brace that cannot start a repetition literally.
		return nil, refusef("regcomp: %s: missing argument to repetition operator: `{`", expr)
	}
	re, err := regexp.CompilePOSIX(expr)
	if err != nil {
		return nil, refusef("regcomp: %s: %s", expr, strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
	return re, nil
}
