package json

import "trapline/output"

// stack writes the member "stack".
func (j *writer) stack(s *output.Stack) {
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

func (j *writer) stackFrame(f *output.StackFrame) {
	j.member("ip")
	j.address(f.PC)
	if f.File == "" {
		return
	}
	j.nameOf("file", f.File)
	j.member("addr")
	j.address(f.Addr)
	if f.Symbol != "" {
		if f.Mangled != "" {
			j.nameOf("symbol", f.Mangled)
			j.nameOf("demangled", f.Symbol)
		} else {
			j.nameOf("symbol", f.Symbol)
		}
		j.member("offset")
		j.number(f.Offset, output.Unsigned)
	}
	if f.Source != "" {
		j.nameOf("source", f.Source)
		j.member("line")
		j.number(uint64(f.Line), output.Signed)
	}
}

// nameOf writes a member with a name that need not be UTF-8.
func (j *writer) nameOf(key, name string) {
	b := []byte(name)
	j.member(key)
	if !j.bytes(b) {
		j.member(key + "_hex")
		j.hexString(b)
	}
}
