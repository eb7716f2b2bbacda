//go:build linux && amd64

package trace

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"trapline/tables"
	"trapline/trace/nearest"
)

// Injection describes how to tamper with certain invocations of certain calls.
// ParseInjection and ParseFault make one from an expression.
type Injection struct {
	text     string // the expression, after -e
	calls    CallSet
	extended bool // it uses features that strace lacks

	// Further conditions on a call: see ParseInjection.
	paths   []string
	fds     *FDSet
	fdsText string
	when    *Condition // if=; nil for none
	chance  float64    // 0 for always
	seed    uint64     // if hasSeed is set
	hasSeed bool
	global  bool // first, last and step count the calls of all tracees

	result      *int64 // result of the call, a negated errno for an error; nil leaves it unchanged
	fails       bool   // the result is an error; with retval= it never is, even if it looks like one
	signal      int    // sent at the syscall-enter-stop, 0 for none
	replacement string // the call to run instead, if the result is injected; "" for none
	delayEnter  time.Duration
	delayExit   time.Duration
	pokeEnter   []poke
	pokeExit    []poke
	arguments   []argument // arguments to change
	warning     string     // see Warning

	// The invocations to tamper with, counted from 1 for each tracee and call: first, and
	// then every step-th up to last. If step is 0, only first.
	first, last, step int
}

// poke is data to write to the memory at an argument.
type poke struct {
	arg  int // from 0
	data []byte
}

// Warning describes an unexpected effect of the injection, or is "".
func (in *Injection) Warning() string { return in.warning }

// Bounds of numbers in when=, and of data in poke_enter= and poke_exit=, in bytes.
const (
	maxWhen = 65535
	maxPoke = 1024
)

// ParseInjection reads the value of strace's -e inject=, such as
// "openat:error=ENOENT:when=2+" or "read:delay_exit=10ms", with trapline's additions:
//
//	SET[:error=ERRNO|:retval=VALUE][:signal=SIG][:syscall=SYSCALL]
//	   [:delay_enter=TIME][:delay_exit=TIME]
//	   [:poke_enter=@argN=DATA,...][:poke_exit=@argN=DATA,...]
//	   [:argN=VALUE][:NAME=VALUE]
//	   [:path=PATH][:fd=SET][:if=CONDITION][:p=CHANCE[:seed=N]]
//	   [:when=FIRST[..LAST][+[STEP]][:global]]
//
// See Calls in Options for SET, and strace(1) for strace's actions. argN, counted from 1,
// and NAME, an argument's name, change an argument of the call. path, in the form of
// Options.Paths, and fd restrict the calls to those that use a file or descriptor. Both
// may be repeated, and one match suffices. if is a Condition that is evaluated at the
// entry of the call, as in ParseCondition. when counts the matching calls of each process
// or thread; with global, those of all. p, up to 1, is the chance that each remaining call
// is selected.
func ParseInjection(value string) (*Injection, error) { return parseInjection("inject", value) }

// ParseFault is ParseInjection for the value of -e fault=, which has fewer
// actions: only error and syscall. Without an error calls fail with ENOSYS.
func ParseFault(value string) (*Injection, error) { return parseInjection("fault", value) }

// parseInjection parses an injection or a fault, depending on what.
func parseInjection(what, value string) (*Injection, error) {
	wrong := func(format string, args ...any) (*Injection, error) {
		return nil, parseErrorf("invalid %s argument '%s': %s", what, value, fmt.Sprintf(format, args...))
	}
	set, actions, _ := strings.Cut(value, ":")
	calls, err := ParseCalls(set)
	if err != nil {
		return nil, err
	}
	in := &Injection{text: what + "=" + value, calls: *calls, first: 1, last: maxWhen + 1, step: 1}
	seen := map[string]bool{}
	for action := range splitActions(actions) {
		if action == "" {
			continue
		}
		name, arg, ok := strings.Cut(action, "=")
		repeated := seen[name] && !repeatable(name)
		seen[name] = true
		switch {
		case repeated:
			return wrong("'%s' is given twice", name)
		case action == "global":
			in.global, in.extended = true, true
			continue
		case !ok:
			return wrong("'%s' is not of the form NAME=VALUE%s", action, nearest.Question(nearAssignment(action)))
		}
		if name == "if" {
			if err := in.parseIf(arg); err != nil {
				return wrong("%v", err)
			}
			continue
		}
		known, valid := in.parseAction(what, name, arg)
		if !known && what == "inject" {
			known, valid, err = in.parseArgument(name, arg)
			if err != nil {
				return wrong("%v", err)
			}
		}
		switch {
		case !known:
			return wrong("nothing is called '%s'%s", name, unknownAction(name))
		case !valid:
			return wrong("'%s' has a wrong value%s", action, actionTakes(name, arg))
		}
	}
	switch {
	case seen["error"] && seen["retval"]:
		return wrong("'error' and 'retval' exclude each other")
	case seen["global"] && !seen["when"]:
		return wrong("'global' needs 'when'")
	case seen["seed"] && !seen["p"]:
		return wrong("'seed' needs 'p'")
	}
	if what == "fault" && in.result == nil {
		in.result, in.fails = errorResult(defaultFault), true
	}
	if in.result == nil && in.signal == 0 && !seen["delay_enter"] && !seen["delay_exit"] &&
		in.pokeEnter == nil && in.pokeExit == nil && in.arguments == nil {
		return wrong("it has no action, such as error=ENOENT")
	}
	return in, nil
}

// repeatable reports whether a part of an injection may be given more than once.
func repeatable(name string) bool { return name == "when" || name == "path" || name == "fd" }

// defaultFault is ENOSYS, which -e fault= injects by default.
const defaultFault = 38

func errorResult(errno uint32) *int64 {
	result := -int64(errno)
	return &result
}

// parseAction reads a part of an injection. known is false if no action has that
// name.
func (in *Injection) parseAction(what, name, arg string) (known, valid bool) {
	switch name {
	case "error":
		errno, ok := tables.ErrnoByName(strings.ToUpper(arg))
		if n, number := ParseNumber(arg, maxErrno); number {
			errno, ok = uint32(n), n > 0
		}
		in.result, in.fails = errorResult(errno), true
		return true, ok
	case "when":
		return true, in.parseWhen(arg)
	case "syscall":
		in.replacement = arg
		return true, isPure(arg)
	case "path", "fd", "p", "seed":
		in.extended = true
		return true, in.parseCondition(name, arg)
	}
	if what == "fault" {
		return false, false
	}
	switch name {
	case "retval":
		if in.result, valid = parseResult(arg); valid {
			in.warning = warningOf(*in.result)
		}
	case "signal":
		in.signal, valid = parseSignal(arg)
		valid = valid && 0 < in.signal && in.signal <= tables.NumSignals
	case "delay_enter":
		in.delayEnter, valid = ParseDuration(arg)
	case "delay_exit":
		in.delayExit, valid = ParseDuration(arg)
	case "poke_enter":
		in.pokeEnter, valid = parsePokes(arg)
	case "poke_exit":
		in.pokeExit, valid = parsePokes(arg)
	default:
		return false, false
	}
	return true, valid
}

// parseResult parses a result like strtoull(3): decimal, hexadecimal after 0x
// or octal after 0, with or without a sign.
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

// warningOf describes an unexpected effect of an injected result: it looks like an error,
// or i386 programs get it truncated. Otherwise it returns "".
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

// isErrorResult reports whether a result is a negated errno.
func isErrorResult(result int64) bool { return -maxErrno <= result && result < 0 }

// parseWhen reads FIRST[..LAST][+[STEP]].
func (in *Injection) parseWhen(s string) bool {
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
	n, ok := ParseNumber(s, most)
	*to = int(n)
	return ok && n > 0
}

// isPure reports whether a call always succeeds and changes nothing, in every
// ABI that has it.
func isPure(name string) bool {
	pure, _ := tables.ClassByName("pure")
	found := false
	for _, abi := range tables.ABIs {
		if call := tables.ByName(abi, name); call != nil {
			found = true
			if call.Classes&pure == 0 {
				return false
			}
		}
	}
	return found
}

// parsePokes reads @argN=HEX[,@argN=HEX].... N is from 1 to 7, and each may
// occur once.
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

// ParseDuration reads a floating-point number with a unit (s, ms, us or ns), by
// default microseconds. It returns false for anything else.
func ParseDuration(s string) (time.Duration, bool) {
	unit := time.Microsecond
	for _, u := range []struct {
		suffix string
		unit   time.Duration
	}{{"ns", time.Nanosecond}, {"us", time.Microsecond}, {"ms", time.Millisecond}, {"s", time.Second}} {
		if number, ok := strings.CutSuffix(s, u.suffix); ok {
			s, unit = number, u.unit
			break
		}
	}
	f, err := strconv.ParseFloat(trimBlanks(s), 64)
	if err != nil || strings.Contains(s, "_") || !(f >= 0) || f*float64(unit) >= float64(1<<63) {
		return 0, false
	}
	return time.Duration(f * float64(unit)), true
}
