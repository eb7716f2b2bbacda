package json

import "trapline/output"

// registers writes the member "regs".
func (j *writer) registers(v *output.RegisterView) {
	j.member("regs")
	j.buf = append(j.buf, '{')
	j.snapshot("enter", v.Enter)
	j.snapshot("exit", v.Exit)
	j.registerChanges("changed", v.Changed)
	j.registerChanges("between", v.Between)
	j.buf = append(j.buf, '}')
}

func (j *writer) snapshot(key string, regs []output.Register) {
	if regs == nil {
		return
	}
	j.member(key)
	j.buf = append(j.buf, '{')
	for i := range regs {
		j.member(regs[i].Name)
		j.registerValue(&regs[i])
	}
	j.buf = append(j.buf, '}')
}

func (j *writer) registerChanges(key string, changes []output.RegisterChange) {
	if changes == nil {
		return
	}
	j.member(key)
	j.buf = append(j.buf, '[')
	for i := range changes {
		c := &changes[i]
		if i > 0 {
			j.buf = append(j.buf, ',')
		}
		j.buf = append(j.buf, '{')
		j.registerChange(c)
		j.buf = append(j.buf, '}')
	}
	j.buf = append(j.buf, ']')
}

// registerChange writes the members of an object.
func (j *writer) registerChange(c *output.RegisterChange) {
	j.member("reg")
	j.string(c.To.Name)
	j.member("from")
	j.registerValue(&c.From)
	j.member("to")
	j.registerValue(&c.To)
	j.member("why")
	j.string(c.Why)
	if c.Unexplained {
		j.flag("unexplained")
	}
}

// registerValue writes a value as a string in hexadecimal: JSON numbers are too
// narrow for it.
func (j *writer) registerValue(r *output.Register) {
	j.buf = append(j.buf, '"')
	j.buf = r.AppendTo(j.buf)
	j.buf = append(j.buf, '"')
}

// Unexplained implements output.Writer.
func (j *writer) Unexplained(u *output.Unexplained) {
	j.record("unexplained_registers")
	j.member("count")
	j.buf = output.AppendNumber(j.buf, u.Total, output.Unsigned)
	j.member("changes")
	j.buf = append(j.buf, '[')
	for i := range u.List {
		c := &u.List[i]
		if i > 0 {
			j.buf = append(j.buf, ',')
		}
		j.buf = append(j.buf, '{')
		j.member("pid")
		j.buf = output.AppendNumber(j.buf, uint64(c.PID), output.Signed)
		j.member("name")
		j.string(c.Call)
		j.registerChange(&c.Change)
		j.buf = append(j.buf, '}')
	}
	j.buf = append(j.buf, ']')
	j.end(nil)
}
