package text

import "trapline/output"

// Stack implements output.LineWriter:
//
//	> /usr/lib/libc.so.6(chdir+0x7) [0xf8bf7] chdir.c:120
func (w *writer) Stack(s *output.Stack) {
	if s == nil {
		return
	}
	for i := range s.Frames {
		w.put(" > ")
		w.stackFrame(&s.Frames[i])
		w.newline()
	}
	if s.Cut {
		w.put(" > too many stack frames")
		w.newline()
	}
}

func (w *writer) stackFrame(f *output.StackFrame) { w.buf = AppendFrame(w.buf, f) }

// AppendFrame writes a frame of a call stack.
func AppendFrame(b []byte, f *output.StackFrame) []byte {
	addr := f.PC
	if f.File == "" {
		b = append(b, "unexpected_backtracing_error"...)
	} else {
		addr = f.Addr
		b = append(appendPrintable(b, f.File), '(')
		if f.Symbol != "" {
			b = append(appendPrintable(b, f.Symbol), '+')
			b = output.AppendHex(b, f.Offset)
		}
		b = append(b, ')')
	}
	b = append(output.AppendHex(append(b, " ["...), addr), ']')
	if f.Symbol != "" && f.Source != "" {
		b = append(appendPrintable(append(b, ' '), f.Source), ':')
		b = output.AppendNumber(b, uint64(f.Line), output.Signed)
	}
	return b
}
