package text

import (
	"slices"
	"time"

	"trapline/output"
)

// kernelPath writes the path of a call through the kernel, below the call stack s if there
// is one. The stack is then in reverse order, so that each line is called by a line above
// it:
//
//	> /home/u/a.out(main+0x12) [0x1148]
//	> /usr/lib/libc.so.6(utime+0x7) [0xf8bf7]
//	> entry_SYSCALL_64_after_hwframe()
//	>   do_syscall_64()
//	>     __x64_sys_utime() 12.520 us
func (w *writer) kernelPath(k *output.KernelPath, s *output.Stack) {
	if s != nil {
		if s.Cut {
			w.put(" > too many stack frames")
			w.newline()
		}
		for _, f := range slices.Backward(s.Frames) {
			w.put(" > ")
			w.stackFrame(&f)
			w.newline()
		}
	}
	for i := range k.Functions {
		f := &k.Functions[i]
		w.put(" > ")
		for range f.Depth {
			w.put("  ")
		}
		w.buf = appendPrintable(w.buf, f.Name)
		w.put("()")
		if f.Module != "" {
			w.put(" [")
			w.buf = appendPrintable(w.buf, f.Module)
			w.put("]")
		}
		if f.Duration >= 0 {
			w.put(" ")
			w.microseconds(f.Duration)
		}
		if k.Asleep && i == len(k.Functions)-1 {
			w.put(" asleep")
		}
		w.newline()
	}
	if k.Note != "" {
		w.put(" > ")
		w.put(k.Note)
		w.newline()
	}
}

// microseconds writes a duration as function_graph does: "12.520 us".
func (w *writer) microseconds(d time.Duration) {
	w.buf = output.AppendNumber(w.buf, uint64(d/time.Microsecond), output.Unsigned)
	w.put(".")
	w.buf = output.AppendPadded(w.buf, uint64(d%time.Microsecond), 3, '0')
	w.put(" us")
}
