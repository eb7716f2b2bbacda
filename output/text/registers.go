package text

import "trapline/output"

// The layout of the lines under a call: a margin, and columns for names and
// values.
const (
	registerMargin = 6
	nameColumn     = 10
	valueColumn    = 20
)

// registers writes the lines under a finished call.
func (w *writer) registers(v *output.RegisterView) {
	for i := range v.Between {
		w.registerChange("between", &v.Between[i])
	}
	if v.Enter != nil && v.Exit != nil {
		for i := range v.Enter {
			w.registerPair(&v.Enter[i], at(v.Exit, i), change(v.Changed, v.Enter[i].Name))
		}
		// A program that execve replaced may have more registers than before.
		for i := len(v.Enter); i < len(v.Exit); i++ {
			w.registerPair(nil, &v.Exit[i], change(v.Changed, v.Exit[i].Name))
		}
		return
	}
	w.snapshot("enter", v.Enter)
	w.snapshot("exit", v.Exit)
	for i := range v.Changed {
		w.registerChange("", &v.Changed[i])
	}
}

func at(regs []output.Register, i int) *output.Register {
	if i < len(regs) {
		return &regs[i]
	}
	return nil
}

func change(changes []output.RegisterChange, name string) *output.RegisterChange {
	for i := range changes {
		if changes[i].From.Name == name || changes[i].To.Name == name {
			return &changes[i]
		}
	}
	return nil
}

// registerLine starts a line under a call, with the tracee as on all lines.
func (w *writer) registerLine() {
	w.beginPID()
	w.pad(w.lineLength() + registerMargin)
}

func (w *writer) registerChange(where string, c *output.RegisterChange) {
	w.registerLine()
	if where != "" {
		w.put(where)
		w.put(" ")
	}
	start := w.lineLength()
	w.put(c.To.Name)
	w.pad(start + nameColumn)
	start = w.lineLength()
	w.registerValue(&c.From, output.HueNumber)
	w.pad(start + valueColumn)
	w.punct(" => ")
	start = w.lineLength()
	w.registerValue(&c.To, changed(c))
	w.pad(start + valueColumn)
	w.put("  ")
	w.why(c)
	w.newline()
}

// registerPair writes a register at both stops, with a star if it changed.
func (w *writer) registerPair(enter, exit *output.Register, c *output.RegisterChange) {
	w.registerLine()
	mark := "  "
	if c != nil {
		mark = "* "
	}
	w.put(mark)
	name := enter
	if name == nil {
		name = exit
	}
	start := w.lineLength()
	w.put(name.Name)
	w.pad(start + nameColumn)
	start = w.lineLength()
	if enter != nil {
		w.registerValue(enter, output.HueNumber)
	}
	if exit != nil {
		w.pad(start + valueColumn)
		w.put("  ")
		start = w.lineLength()
		w.registerValue(exit, changed(c))
	}
	if c != nil {
		w.pad(start + valueColumn)
		w.put("  ")
		w.why(c)
	}
	w.newline()
}

func (w *writer) snapshot(where string, regs []output.Register) {
	for i := range regs {
		w.registerLine()
		w.put(where)
		w.put(" ")
		start := w.lineLength()
		w.put(regs[i].Name)
		w.pad(start + nameColumn)
		w.registerValue(&regs[i], output.HueNumber)
		w.newline()
	}
}

func (w *writer) why(c *output.RegisterChange) {
	if c.Unexplained {
		w.color(output.HueError)
	} else {
		w.color(output.HueComment)
	}
	w.put(c.Why)
}

// changed is the colour of the new value of a register.
func changed(c *output.RegisterChange) output.Hue {
	switch {
	case c == nil:
		return output.HueNumber
	case c.Unexplained:
		return output.HueError
	}
	return output.HueSyscall
}

// registerValue writes a value in hexadecimal, followed by the names of a flags
// register's bits.
func (w *writer) registerValue(r *output.Register, color output.Hue) {
	w.color(color)
	w.buf = r.AppendTo(w.buf)
	if r.Flags != nil {
		w.put(" ")
		w.put("[")
		for i, name := range r.FlagsSet() {
			if i > 0 {
				w.put(" ")
			}
			w.put(name)
		}
		w.put("]")
	}
	w.color(output.HueReset)
}

// Unexplained implements output.Writer.
func (w *writer) Unexplained(u *output.Unexplained) {
	w.put("unexplained changes of registers: ")
	w.buf = output.AppendNumber(w.buf, u.Total, output.Unsigned)
	w.put("\n")
	for i := range u.List {
		c := &u.List[i]
		w.put("  pid ")
		w.buf = output.AppendNumber(w.buf, uint64(c.PID), output.Signed)
		w.put(", ")
		w.put(c.Call)
		w.put(": ")
		w.put(c.Change.To.Name)
		w.put(" ")
		w.buf = c.Change.From.AppendTo(w.buf)
		w.put(" => ")
		w.buf = c.Change.To.AppendTo(w.buf)
		w.put("\n")
	}
	w.line = len(w.buf)
}
