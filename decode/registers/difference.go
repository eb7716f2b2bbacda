package registers

import (
	"trapline/output"
	"trapline/tables"
)

// Transition describes what happened to a tracee between the two stops whose
// registers are compared.
type Transition struct {
	ABI      tables.ABI
	Name     string // of the call
	Args     [6]uint64
	Ret      int64
	Errno    int
	Between  bool // from the exit of one call to the entry of this one
	Signaled bool // a signal was delivered in between
	Child    bool // from the parent's entry of clone to the child's first stop
}

// Changes appends to dst the registers of the sets that differ between two
// snapshots, with the reason for each.
func (x *Transition) Changes(dst []output.RegisterChange, sets Sets, before, after *Snapshot) []output.RegisterChange {
	for i := range userRegisters {
		r := &userRegisters[i]
		if r.set&sets == 0 {
			continue
		}
		from, _ := r.in(before)
		to, ok := r.in(after)
		if !ok || from.Value == to.Value {
			continue
		}
		dst = append(dst, x.explain(r.role, from, to, after))
	}
	if sets&Extended != 0 {
		was := map[string]output.Register{}
		for r := range extendedRegisters(before, sets) {
			was[r.reg.Name] = r.reg
		}
		for r := range extendedRegisters(after, sets) {
			if from, ok := was[r.reg.Name]; ok && string(from.Wide) != string(r.reg.Wide) {
				dst = append(dst, x.explain(r.role, from, r.reg, after))
			}
		}
	}
	return dst
}

func (x *Transition) explain(role role, from, to output.Register, after *Snapshot) output.RegisterChange {
	c := output.RegisterChange{From: from, To: to}
	rules := reasons()
	for i := range rules {
		rule := &rules[i]
		if rule.regs&role != 0 && rule.when(x, from.Value, to.Value, after) {
			c.Why = rule.why
			if rule.say != nil {
				c.Why = rule.say(x)
			}
			return c
		}
	}
	c.Why, c.Unexplained = "unexplained", true
	return c
}
