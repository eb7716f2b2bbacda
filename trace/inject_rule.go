//go:build linux && amd64

package trace

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"strconv"
	"strings"

	"trapline/decode"
	"trapline/decode/host"
	"trapline/socketcall"
	"trapline/tables"
	"trapline/trace/condition"
	"trapline/trace/nearest"
	"trapline/tracer"
)

// argument is an argument to change: the one with a name or, if that is empty, the one in
// a register.
type argument struct {
	name     string
	register int
	value    [tables.NumABI]uint64 // constants differ between ABIs
}

// splitActions yields the parts of an injection, which are separated by colons. A colon in
// a string of a condition does not separate.
func splitActions(text string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for text != "" {
			end := len(text)
			quote := byte(0)
			isCondition := strings.HasPrefix(text, "if=")
			for i := 0; i < len(text); i++ {
				c := text[i]
				switch {
				case quote != 0 && c == '\\':
					i++
				case quote != 0:
					if c == quote {
						quote = 0
					}
				case isCondition && (c == '"' || c == '\''):
					quote = c
				case c == ':':
					end = i
				}
				if end < len(text) {
					break
				}
			}
			if !yield(text[:end]) || end == len(text) {
				return
			}
			text = text[end+1:]
		}
	}
}

// parseIf reads if=.
func (in *Injection) parseIf(text string) error {
	condition, err := ParseCondition(text, &in.calls)
	if err != nil {
		return err
	}
	in.when, in.extended = condition, true
	return condition.AtEntry()
}

// parseCondition reads path=, fd=, p= or seed=.
func (in *Injection) parseCondition(name, arg string) bool {
	switch name {
	case "path":
		in.paths = append(in.paths, arg)
		return arg != "" && ValidPath(arg)
	case "fd":
		fds, err := ParseDescriptors(arg)
		if in.fds != nil && err == nil {
			fds, err = ParseDescriptors(in.fdsText + "," + arg)
			arg = in.fdsText + "," + arg
		}
		in.fds, in.fdsText = fds, arg
		return err == nil
	case "p":
		p, err := strconv.ParseFloat(arg, 64)
		in.chance = p
		return err == nil && 0 < p && p <= 1
	}
	seed, err := strconv.ParseUint(arg, 0, 64)
	in.seed, in.hasSeed = seed, true
	return err == nil
}

// parseArgument reads argN=VALUE or NAME=VALUE.
func (in *Injection) parseArgument(name, value string) (known, valid bool, err error) {
	a := argument{name: name}
	if digits, ok := strings.CutPrefix(name, "arg"); ok && len(digits) == 1 && '1' <= digits[0] && digits[0] <= '6' {
		a.name, a.register = "", int(digits[0]-'1')
	} else if names, known, ok := in.argumentNames(name); !ok {
		if names == "" {
			return false, false, nil
		}
		near := nearAction(name)
		if near == "" {
			near = nearest.Of(name, known)
		}
		if near != "" {
			return false, false, fmt.Errorf("nothing is called '%s'%s", name, nearest.Question(near))
		}
		return false, false, fmt.Errorf("nothing is called '%s', neither an action nor an argument (%s)", name, names)
	}
	if a.value, err = in.parseValue(a.name, value); err != nil {
		return true, false, fmt.Errorf("'%s=%s' has a wrong value: %w", name, value, err)
	}
	in.arguments, in.extended = append(in.arguments, a), true
	return true, true, nil
}

// parseValue reads a value of an argument: numbers and constants, separated by |. The
// argument's own constants take precedence over others of the same names.
func (in *Injection) parseValue(argument, text string) (value [tables.NumABI]uint64, err error) {
	schema := operandSchema{calls: in.calls}
	var sets []*tables.Set
	if argument != "" {
		schema.findArguments()
		if known := schema.arguments[argument]; known != nil {
			sets = decode.ShapeOf(known.types...).Sets
		}
	}
	for part := range strings.SplitSeq(text, "|") {
		part = strings.TrimSpace(part)
		var one [tables.NumABI]uint64
		if n, ok := parseResult(part); ok {
			for abi := range one {
				one[abi] = uint64(*n)
			}
		} else if one, err = schema.Constant(part, sets); err != nil {
			return value, err
		}
		for abi := range value {
			value[abi] |= one[abi]
		}
	}
	return value, nil
}

// argumentNames reports whether any of the calls has an argument called name. If not, it
// returns a text with the names of one call's arguments, and the names of all.
func (in *Injection) argumentNames(name string) (others string, known []string, ok bool) {
	d := decode.NewDecoder(decode.Options{}, nil)
	for _, abi := range tables.ABIs {
		for call := range tables.Syscalls(abi) {
			if !in.calls.Has(abi, uint64(call.NR)) {
				continue
			}
			sig := d.Lookup(abi, uint64(call.NR))
			names, more := sig.Names()
			if _, _, found := sig.Register(name, abi); found || more {
				return "", nil, true
			}
			known = append(known, names...)
			if others == "" && len(names) > 0 {
				others = call.Name + " has " + strings.Join(names, ", ")
			}
		}
	}
	return others, known, false
}

// rule is an Injection of one Session.
type rule struct {
	*Injection
	number     int         // from 1
	paths, fds *fileFilter // nil without such a condition
	seed       uint64
	counts     map[tamperedCall]int // with global: how often each call has matched
	when       *bound               // nil without if=
	fired      bool
}

// newRules makes the rules of a Session.
func newRules(injections []*Injection, h host.Host) []rule {
	rules := make([]rule, len(injections))
	for i, in := range injections {
		r := &rules[i]
		*r = rule{
			Injection: in, number: i + 1, seed: in.seed,
			paths: newFileFilter(&Options{Paths: in.paths}, h), fds: newFileFilter(&Options{Descriptors: in.fds}, h),
		}
		if in.chance > 0 && !in.hasSeed {
			r.seed = rand.Uint64() >> 1
		}
		if in.global {
			r.counts = make(map[tamperedCall]int)
		}
	}
	return rules
}

// saySeeds reports the random seeds that were chosen, so that a run can be repeated.
func (s *Session) saySeeds() {
	for i := range s.rules {
		if r := &s.rules[i]; r.chance > 0 && !r.hasSeed {
			s.say("-e %s: seed=%d", r.text, r.seed)
		}
	}
}

// sayUnfired reports the rules that have not changed any call.
func (s *Session) sayUnfired() {
	for i := range s.rules {
		if r := &s.rules[i]; !r.fired && r.calls != (CallSet{}) {
			s.sayUnless(QuietInjection, "-e %s has not changed any call", r.text)
		}
	}
}

// findRule finds the first matching rule for a tracee's call, or for inner, the call
// inside it. It returns nil if there is none, and for numbers without a call.
func (s *Session) findRule(t *tracee, call *tracer.Syscall, inner *socketcall.Call) *rule {
	if tables.Lookup(call.ABI, call.NR) == nil {
		return nil
	}
	for i := range s.rules {
		if r := &s.rules[i]; r.calls.chooses(call, inner) && !s.isReplaced(i, call, inner) && s.fits(r, t, call, inner) {
			return r
		}
	}
	return nil
}

// isReplaced reports whether a later rule replaces a rule for a call, as in strace:
// neither uses trapline's additions, and they have different sets of calls.
func (s *Session) isReplaced(i int, call *tracer.Syscall, inner *socketcall.Call) bool {
	r := &s.rules[i]
	if r.extended {
		return false
	}
	for j := i + 1; j < len(s.rules); j++ {
		if later := &s.rules[j]; !later.extended && later.calls != r.calls && later.calls.chooses(call, inner) {
			return true
		}
	}
	return false
}

// fits reports whether a rule, which selects the call, applies to this
// invocation.
func (s *Session) fits(r *rule, t *tracee, call *tracer.Syscall, inner *socketcall.Call) bool {
	if r.arguments != nil && (inner != nil || keepsRegisters(t.call.Sig.Name)) {
		return false
	}
	if r.paths != nil && !r.paths.chooses(&t.call, call, inner) || r.fds != nil && !r.fds.chooses(&t.call, call, inner) {
		return false
	}
	if r.when != nil && t.asked.at(&t.call, call, inner).holds(r.when) != condition.True {
		return false
	}
	key := tamperedCall{rule: r.number, abi: call.ABI, nr: call.NR}
	if inner != nil {
		key.sub = inner.Sub
	}
	counts := r.counts
	if counts == nil {
		if t.tamper.counts == nil {
			t.tamper.counts = make(map[tamperedCall]int)
		}
		counts = t.tamper.counts
	}
	counts[key]++
	n := counts[key]
	return r.hits(n) && (r.chance == 0 || r.dice(t.ordinal, call.NR, n) < r.chance)
}

// keepsRegisters reports whether a call passes its registers on to a new task, or replaces
// them. The arguments of such a call cannot be changed without leaving a trace.
func keepsRegisters(name string) bool {
	switch name {
	case "clone", "clone3", "fork", "vfork", "rt_sigreturn", "sigreturn":
		return true
	}
	return false
}

// hits reports whether the nth invocation is to be tampered with.
func (in *Injection) hits(n int) bool {
	if n < in.first || n > in.last {
		return false
	}
	return n == in.first || in.step > 0 && (n-in.first)%in.step == 0
}

// dice returns a number in [0, 1) for the nth call of a tracee. It depends only on these
// and the seed, so that a repeated run does not depend on the order in which the tracees
// run.
func (r *rule) dice(tracee int, nr uint64, n int) float64 {
	generator := rand.NewPCG(r.seed, uint64(tracee)<<48|(nr&0xffff)<<32|uint64(uint32(n)))
	generator.Uint64() // similar seeds have similar first numbers
	return float64(generator.Uint64()>>11) / (1 << 53)
}

// changeArguments changes arguments at the syscall-enter-stop and reports whether
// it could.
func (s *Session) changeArguments(t *tracee, ev *tracer.Event, changes []argument) bool {
	d := &t.call
	args := d.Args
	done := false
	for _, a := range changes {
		first, count := a.register, 1
		if a.name != "" {
			var ok bool
			if first, count, ok = d.Sig.Register(a.name, d.ABI); !ok {
				continue // another call of the set has that argument
			}
		} else if n := d.NumArgs(); first >= n {
			s.say("Failed to tamper with process %d: requested to change argument #%d, but system call '%s' has only %d arguments",
				ev.Tracee.TID, first+1, d.Sig.Name, n)
			continue
		}
		setRegisters(args[first:first+count], a.value[d.ABI], d.ABI)
		done = true
	}
	if !done || ev.Tracee.ChangeArguments(&args) != nil {
		return false
	}
	d.Args = args
	d.Begin()
	return true
}

// setRegisters puts a number into one register, or into two of i386.
func setRegisters(registers []uint64, value uint64, abi tables.ABI) {
	if abi.RegisterSize() == 8 {
		registers[0] = value
		return
	}
	for i := range registers {
		registers[i] = uint64(uint32(value))
		value >>= 32
	}
}
