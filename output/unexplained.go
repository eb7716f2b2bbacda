package output

// Unexplained collects changes of registers that no rule of the ABI accounts
// for, to be listed at the end of the trace.
type Unexplained struct {
	total uint64
	list  []unexplainedChange
}

type unexplainedChange struct {
	pid    int
	call   string
	change RegisterChange
}

// maxUnexplained bounds the list; the count goes on.
const maxUnexplained = 1000

// Count adds a change in a call of a tracee.
func (u *Unexplained) Count(pid int, call string, c RegisterChange) {
	u.total++
	if len(u.list) < maxUnexplained {
		u.list = append(u.list, unexplainedChange{pid, call, c})
	}
}

// Append adds the list to buf: nothing if there was no such change, else a
// heading with the count and a line a change, or one JSON object.
func (u *Unexplained) Append(buf []byte, asJSON bool) []byte {
	switch {
	case u.total == 0:
		return buf
	case asJSON:
		return u.appendJSON(buf)
	}
	buf = append(buf, "unexplained changes of registers: "...)
	buf = appendNumber(buf, u.total, Unsigned)
	buf = append(buf, '\n')
	for i := range u.list {
		c := &u.list[i]
		buf = append(buf, "  pid "...)
		buf = appendNumber(buf, uint64(c.pid), Signed)
		buf = append(buf, ", "...)
		buf = append(buf, c.call...)
		buf = append(buf, ": "...)
		buf = append(buf, c.change.To.Name...)
		buf = append(buf, ' ')
		buf = appendRegister(buf, &c.change.From)
		buf = append(buf, " => "...)
		buf = appendRegister(buf, &c.change.To)
		buf = append(buf, '\n')
	}
	return buf
}

func (u *Unexplained) appendJSON(buf []byte) []byte {
	j := jsonTrace{buf: append(buf, '{')}
	j.member("schema")
	j.buf = appendNumber(j.buf, jsonSchema, Unsigned)
	j.member("event")
	j.string("unexplained_registers")
	j.member("count")
	j.buf = appendNumber(j.buf, u.total, Unsigned)
	j.member("changes")
	j.buf = append(j.buf, '[')
	for i := range u.list {
		c := &u.list[i]
		if i > 0 {
			j.buf = append(j.buf, ',')
		}
		j.buf = append(j.buf, '{')
		j.member("pid")
		j.buf = appendNumber(j.buf, uint64(c.pid), Signed)
		j.member("name")
		j.string(c.call)
		j.registerChange(&c.change)
		j.buf = append(j.buf, '}')
	}
	return append(j.buf, ']', '}', '\n')
}
