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

func (w *writer) stackFrame(f *output.StackFrame) {
	addr := f.PC
	if f.File == "" {
		w.put("unexpected_backtracing_error")
	} else {
		addr = f.Addr
		w.buf = appendPrintable(w.buf, f.File)
		w.put("(")
		if f.Symbol != "" {
			w.buf = appendPrintable(w.buf, f.Symbol)
			w.put("+")
			w.buf = output.AppendHex(w.buf, f.Offset)
		}
		w.put(")")
	}
	w.put(" [")
	w.buf = output.AppendHex(w.buf, addr)
	w.put("]")
	if f.Symbol != "" && f.Source != "" {
		w.put(" ")
		w.buf = appendPrintable(w.buf, f.Source)
		w.put(":")
		w.buf = output.AppendNumber(w.buf, uint64(f.Line), output.Signed)
	}
}
