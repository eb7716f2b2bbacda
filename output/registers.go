package output

import "math/bits"

// RegisterView is what --regs shows of one call. Slices that are nil are not
// shown.
type RegisterView struct {
	Enter   []Register       // all registers at the syscall-enter-stop
	Exit    []Register       // all registers at the syscall-exit-stop
	Changed []RegisterChange // what the call changed
	Between []RegisterChange // what changed since the exit of the call before
}

// Register is a register with its value. A general register's value is in
// Value; a wider one (xmm0, ymm0_high) has its bytes in Wide, least significant
// first.
type Register struct {
	Name  string
	Bits  int // width of Value: 16, 32 or 64
	Value uint64
	Wide  []byte
	Flags []FlagName // of a flags register: names for its bits
}

// FlagName names one bit of a flags register.
type FlagName struct {
	Bit  uint64
	Name string
}

// RegisterChange is a register that differs between two stops.
type RegisterChange struct {
	From, To    Register
	Why         string
	Unexplained bool // no rule of the ABI accounts for it; Why says so too
}

// The layout of the lines under a call: a margin, and columns for names and
// values.
const (
	registerMargin = 6
	nameColumn     = 10
	valueColumn    = 20
)

// registers writes the lines under a finished call.
func (t *text) registers(v *RegisterView) {
	for i := range v.Between {
		t.registerChange("between", &v.Between[i])
	}
	if v.Enter != nil && v.Exit != nil {
		for i := range v.Enter {
			t.registerPair(&v.Enter[i], at(v.Exit, i), change(v.Changed, v.Enter[i].Name))
		}
		// A program that execve replaced may have more registers than before.
		for i := len(v.Enter); i < len(v.Exit); i++ {
			t.registerPair(nil, &v.Exit[i], change(v.Changed, v.Exit[i].Name))
		}
		return
	}
	t.snapshot("enter", v.Enter)
	t.snapshot("exit", v.Exit)
	for i := range v.Changed {
		t.registerChange("", &v.Changed[i])
	}
}

func at(regs []Register, i int) *Register {
	if i < len(regs) {
		return &regs[i]
	}
	return nil
}

func change(changes []RegisterChange, name string) *RegisterChange {
	for i := range changes {
		if changes[i].From.Name == name || changes[i].To.Name == name {
			return &changes[i]
		}
	}
	return nil
}

// registerLine starts a line under a call. It is marked with its tracee, as
// all lines are.
func (t *text) registerLine() {
	t.beginPID()
	t.pad(t.lineLength() + registerMargin)
}

func (t *text) registerChange(where string, c *RegisterChange) {
	t.registerLine()
	if where != "" {
		t.put(where)
		t.put(" ")
	}
	start := t.lineLength()
	t.put(c.To.Name)
	t.pad(start + nameColumn)
	start = t.lineLength()
	t.registerValue(&c.From, hueArgValue)
	t.pad(start + valueColumn)
	t.punct(" => ")
	start = t.lineLength()
	t.registerValue(&c.To, changed(c))
	t.pad(start + valueColumn)
	t.put("  ")
	t.why(c)
	t.newline()
}

// registerPair writes a register at both stops, with a star if it changed.
func (t *text) registerPair(enter, exit *Register, c *RegisterChange) {
	t.registerLine()
	mark := "  "
	if c != nil {
		mark = "* "
	}
	t.put(mark)
	name := enter
	if name == nil {
		name = exit
	}
	start := t.lineLength()
	t.put(name.Name)
	t.pad(start + nameColumn)
	start = t.lineLength()
	if enter != nil {
		t.registerValue(enter, hueArgValue)
	}
	if exit != nil {
		t.pad(start + valueColumn)
		t.put("  ")
		start = t.lineLength()
		t.registerValue(exit, changed(c))
	}
	if c != nil {
		t.pad(start + valueColumn)
		t.put("  ")
		t.why(c)
	}
	t.newline()
}

func (t *text) snapshot(where string, regs []Register) {
	for i := range regs {
		t.registerLine()
		t.put(where)
		t.put(" ")
		start := t.lineLength()
		t.put(regs[i].Name)
		t.pad(start + nameColumn)
		t.registerValue(&regs[i], hueArgValue)
		t.newline()
	}
}

func (t *text) why(c *RegisterChange) {
	if c.Unexplained {
		t.color(hueError)
	} else {
		t.color(hueComment)
	}
	t.put(c.Why)
}

// changed is the colour of the value that a register changed to.
func changed(c *RegisterChange) hue {
	switch {
	case c == nil:
		return hueArgValue
	case c.Unexplained:
		return hueError
	}
	return hueResult
}

// registerValue writes a value in hexadecimal, and a flags register's bits by
// name behind it.
func (t *text) registerValue(r *Register, color hue) {
	t.color(color)
	t.buf = appendRegister(t.buf, r)
	if r.Flags != nil {
		t.put(" ")
		t.put("[")
		for i, name := range flagsSet(r) {
			if i > 0 {
				t.put(" ")
			}
			t.put(name)
		}
		t.put("]")
	}
	t.color(hueReset)
}

// flagsSet lists the names of a flags register's set bits.
func flagsSet(r *Register) []string {
	names := make([]string, 0, bits.OnesCount64(r.Value))
	for _, f := range r.Flags {
		if r.Value&f.Bit != 0 {
			names = append(names, f.Name)
		}
	}
	return names
}

// appendRegister writes a value in hexadecimal.
func appendRegister(buf []byte, r *Register) []byte {
	switch {
	case r.Wide != nil:
		return appendWide(buf, r.Wide)
	case r.Value == 0:
		return append(buf, "0x0"...)
	}
	return appendNumber(buf, r.Value, Hex)
}

// appendWide writes bytes, least significant first, as one hexadecimal number
// without leading zeros.
func appendWide(buf, b []byte) []byte {
	const digits = "0123456789abcdef"
	buf = append(buf, "0x"...)
	i := len(b) - 1
	for i > 0 && b[i] == 0 {
		i--
	}
	if i >= 0 && b[i] < 16 {
		buf = append(buf, digits[b[i]])
		i--
	}
	for ; i >= 0; i-- {
		buf = append(buf, digits[b[i]>>4], digits[b[i]&15])
	}
	return buf
}

// registers writes the member "regs".
func (j *jsonTrace) registers(v *RegisterView) {
	j.member("regs")
	j.buf = append(j.buf, '{')
	j.snapshot("enter", v.Enter)
	j.snapshot("exit", v.Exit)
	j.registerChanges("changed", v.Changed)
	j.registerChanges("between", v.Between)
	j.buf = append(j.buf, '}')
}

func (j *jsonTrace) snapshot(key string, regs []Register) {
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

func (j *jsonTrace) registerChanges(key string, changes []RegisterChange) {
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
func (j *jsonTrace) registerChange(c *RegisterChange) {
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

// registerValue writes a value as a string in hexadecimal: JSON's numbers are
// too narrow for it.
func (j *jsonTrace) registerValue(r *Register) {
	j.buf = append(j.buf, '"')
	j.buf = appendRegister(j.buf, r)
	j.buf = append(j.buf, '"')
}
