package main

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"trapline/tables"
)

// injection is one -e inject= or -e fault=: what is done to which calls.
type injection struct {
	calls syscallSet

	result      *int64 // what the call returns, a negated errno for an error; nil leaves it alone
	fails       bool   // the result is an error; one of retval= never is, whatever it looks like
	signal      int    // sent at the enter-stop, 0 for none
	replacement string // the call to run in place of a replaced one; "" for none at all
	delayEnter  time.Duration
	delayExit   time.Duration
	pokeEnter   []poke
	pokeExit    []poke
	warning     string // to be made known, or ""

	// The calls it is done to, counted from 1 for each tracee and call: first,
	// and every step after it up to last. A step of 0 stands for first alone.
	first, last, step int
}

// poke is data to be written where an argument points to.
type poke struct {
	arg  int // from 0
	data []byte
}

// hits says whether the nth call is among those that are tampered with.
func (in *injection) hits(n int) bool {
	if n < in.first || n > in.last {
		return false
	}
	return n == in.first || in.step > 0 && (n-in.first)%in.step == 0
}

// Bounds of numbers in when=, and of data in poke_enter= and poke_exit=, in bytes.
const (
	maxWhen = 65535
	maxPoke = 1024
)

// parseInjection reads SET[:ACTION]..., the value of -e inject= or, with fewer
// actions, -e fault=.
func parseInjection(what, value string) (*injection, error) {
	set, actions, _ := strings.Cut(value, ":")
	calls, err := parseSyscallSet(set)
	if err != nil {
		return nil, err
	}
	in := &injection{calls: calls, first: 1, last: maxWhen + 1, step: 1}
	seen := map[string]bool{}
	for action := range strings.SplitSeq(actions, ":") {
		if action == "" {
			continue
		}
		name, arg, ok := strings.Cut(action, "=")
		if !ok || seen[name] && name != "when" || !in.parseAction(what, name, arg) {
			return nil, refusef("invalid %s argument '%s'", what, value)
		}
		seen[name] = true
	}
	if seen["error"] && seen["retval"] {
		return nil, refusef("invalid %s argument '%s'", what, value)
	}
	if what == "fault" && in.result == nil {
		in.result, in.fails = errorResult(defaultFault), true
	}
	if in.result == nil && in.signal == 0 && !seen["delay_enter"] && !seen["delay_exit"] &&
		in.pokeEnter == nil && in.pokeExit == nil {
		return nil, refusef("invalid %s argument '%s'", what, value)
	}
	return in, nil
}

// defaultFault is ENOSYS, what -e fault= injects of itself.
const defaultFault = 38

func errorResult(errno uint32) *int64 {
	result := -int64(errno)
	return &result
}

func (in *injection) parseAction(what, name, arg string) (ok bool) {
	switch name {
	case "error":
		errno, ok := tables.ErrnoByName(strings.ToUpper(arg))
		if n, number := parseNumber(arg, maxErrno); number {
			errno, ok = uint32(n), n > 0
		}
		in.result, in.fails = errorResult(errno), true
		return ok
	case "when":
		return in.parseWhen(arg)
	case "syscall":
		in.replacement = arg
		return isPure(arg)
	}
	if what == "fault" {
		return false
	}
	switch name {
	case "retval":
		if in.result, ok = parseResult(arg); ok {
			in.warning = warningOf(*in.result)
		}
		return ok
	case "signal":
		in.signal, ok = parseSignal(arg)
		return ok && 0 < in.signal && in.signal <= tables.NumSignals
	case "delay_enter":
		in.delayEnter, ok = parseDuration(arg)
		return ok
	case "delay_exit":
		in.delayExit, ok = parseDuration(arg)
		return ok
	case "poke_enter":
		in.pokeEnter, ok = parsePokes(arg)
		return ok
	case "poke_exit":
		in.pokeExit, ok = parsePokes(arg)
		return ok
	}
	return false
}

// parseResult reads a result as strtoull(3) does: decimal, hexadecimal after 0x
// or octal after 0, with a sign or without.
func parseResult(s string) (*int64, bool) {
	s = trimBlanks(s)
	digits := strings.TrimPrefix(strings.TrimPrefix(s, "+"), "-")
	n, err := strconv.ParseUint(digits, 0, 64)
	if s == "" || len(s)-len(digits) > 1 || strings.Contains(s, "_") {
		return nil, false
	}
	result := int64(n)
	if s[0] == '-' {
		result = -result
	}
	return &result, err == nil
}

// warningOf says what is unexpected about a result to be injected: that it is an
// error, or is another result for i386 programs. It is "" if there is nothing.
func warningOf(result int64) string {
	switch compat := int32(result); {
	case isErrorResult(result):
		return fmt.Sprintf("Inadvertent injection of error %d is possible for retval=%d", -result, uint64(result))
	case isErrorResult(int64(compat)):
		return fmt.Sprintf("Inadvertent injection of error %d is possible in compat personality for retval=%d", -compat, uint64(result))
	case int64(uint32(compat)) != result:
		return fmt.Sprintf("Injected return value %d will be clipped to %d in compat personality", uint64(result), uint32(compat))
	}
	return ""
}

// isErrorResult says that a result is a negated errno.
func isErrorResult(result int64) bool { return -maxErrno <= result && result < 0 }

// parseWhen reads FIRST[..LAST][+[STEP]].
func (in *injection) parseWhen(s string) bool {
	rest, step, stepped := strings.Cut(strings.TrimPrefix(trimBlanks(s), "+"), "+")
	first, last, ranged := strings.Cut(rest, "..")
	in.first, in.last, in.step = 0, maxWhen+1, 0
	valid := parseCount(&in.first, first, maxWhen)
	if ranged {
		valid = parseCount(&in.last, last, maxWhen-1) && valid && in.first <= in.last
		in.step = 1
	}
	if stepped {
		in.step = 1
		if step != "" {
			valid = parseCount(&in.step, step, maxWhen) && valid
		}
	}
	return valid
}

func parseCount(to *int, s string, most uint64) bool {
	n, ok := parseNumber(s, most)
	*to = int(n)
	return ok && n > 0
}

// isPure says whether a call always succeeds and does nothing else, in every
// ABI that has it.
func isPure(name string) bool {
	pure, _ := tables.ClassByName("pure")
	found := false
	for _, abi := range []tables.ABI{tables.X86_64, tables.I386, tables.X32} {
		if call := tables.ByName(abi, name); call != nil {
			found = true
			if call.Classes&pure == 0 {
				return false
			}
		}
	}
	return found
}

// parsePokes reads @argN=HEX[,@argN=HEX]..., with N from 1 to 7 and each only once.
func parsePokes(s string) ([]poke, bool) {
	var pokes []poke
	seen := map[int]bool{}
	for item := range strings.FieldsFuncSeq(s, func(r rune) bool { return r == ',' }) {
		name, digits, _ := strings.Cut(item, "=")
		number, ok := strings.CutPrefix(name, "@arg")
		n, err := strconv.ParseUint(number, 10, 8)
		data, hexErr := hex.DecodeString(digits)
		if !ok || err != nil || len(number) > 1 || n < 1 || n > 7 || hexErr != nil || len(data) == 0 || len(data) > maxPoke || seen[int(n)] {
			return nil, false
		}
		seen[int(n)] = true
		pokes = append(pokes, poke{int(n) - 1, data})
	}
	return pokes, len(s) > 0
}
