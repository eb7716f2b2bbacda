package output

// Stack is the call stack of a tracee, as -k shows it.
type Stack struct {
	Frames []StackFrame // the innermost first
	Cut    bool         // there are more
}

// StackFrame is a function that is being executed.
type StackFrame struct {
	PC     uint64 // instruction pointer
	File   string // that PC is in; "" if it is in none
	Addr   uint64 // PC in the file's own address space
	Symbol string // name of the function; "" if it is not known
	Offset uint64 // of PC from the function's start
	Source string // file of the program's source; "" if it is not known
	Line   int
}

// SetStack implements Trace.
func (t *text) SetStack(s *Stack) { t.stack = s }

// writeStack writes the lines of the stack, if there is one:
//
//	> /usr/lib/libc.so.6(chdir+0x7) [0xf8bf7] chdir.c:120
func (t *text) writeStack() {
	s := t.stack
	if s == nil {
		return
	}
	t.stack = nil
	t.out.interrupt()
	for i := range s.Frames {
		t.put(" > ")
		t.stackFrame(&s.Frames[i])
		t.newline()
	}
	if s.Cut {
		t.put(" > too many stack frames")
		t.newline()
	}
}

func (t *text) stackFrame(f *StackFrame) {
	addr := f.PC
	if f.File == "" {
		t.put("unexpected_backtracing_error")
	} else {
		addr = f.Addr
		t.buf = appendPrintable(t.buf, f.File)
		t.put("(")
		if f.Symbol != "" {
			t.buf = appendPrintable(t.buf, f.Symbol)
			t.put("+")
			t.buf = appendHex(t.buf, f.Offset)
		}
		t.put(")")
	}
	t.put(" [")
	t.buf = appendHex(t.buf, addr)
	t.put("]")
	if f.Symbol != "" && f.Source != "" {
		t.put(" ")
		t.buf = appendPrintable(t.buf, f.Source)
		t.put(":")
		t.buf = appendNumber(t.buf, uint64(f.Line), Signed)
	}
}

// SetStack implements Trace.
func (j *jsonTrace) SetStack(s *Stack) { j.stack = s }

// writeStack writes the member "stack", if there is one.
func (j *jsonTrace) writeStack() {
	s := j.stack
	if s == nil {
		return
	}
	j.stack = nil
	j.member("stack")
	j.buf = append(j.buf, '[')
	for i := range s.Frames {
		if i > 0 {
			j.buf = append(j.buf, ',')
		}
		j.buf = append(j.buf, '{')
		j.stackFrame(&s.Frames[i])
		j.buf = append(j.buf, '}')
	}
	j.buf = append(j.buf, ']')
	if s.Cut {
		j.flag("stack_cut")
	}
}

func (j *jsonTrace) stackFrame(f *StackFrame) {
	j.member("ip")
	j.address(f.PC)
	if f.File == "" {
		return
	}
	j.nameOf("file", f.File)
	j.member("addr")
	j.address(f.Addr)
	if f.Symbol != "" {
		j.nameOf("symbol", f.Symbol)
		j.member("offset")
		j.number(f.Offset, Unsigned)
	}
	if f.Source != "" {
		j.nameOf("source", f.Source)
		j.member("line")
		j.number(uint64(f.Line), Signed)
	}
}

// nameOf writes a member with a name that need not be UTF-8.
func (j *jsonTrace) nameOf(key, name string) {
	b := []byte(name)
	j.member(key)
	if !j.bytes(b) {
		j.member(key + "_hex")
		j.hexString(b)
	}
}
