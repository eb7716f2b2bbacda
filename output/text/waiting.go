package text

import "trapline/output"

// EndWaiting implements output.Writer:
//
//	4711<cat> read(0<pipe:[21]>, 0x7ffc1000, 4096) <asleep for 12.345s>
//	      waits for data in pipe:[21]: 4710 (make)
//	      kernel: pipe_read vfs_read ksys_read do_syscall_64
func (w *writer) EndWaiting(p *output.Waiting, s *output.Stack) {
	if w.name != "" {
		w.Begin()
		w.color(output.HuePunct)
		w.put(")")
		w.color(output.HueReset)
		w.put(" ")
	}
	w.punct("<")
	w.put(p.State)
	if p.Timed {
		w.put(" for ")
		w.buf = output.AppendNumber(w.buf, uint64(p.Time/1e9), output.Unsigned)
		w.buf = output.AppendFraction(w.buf, int(p.Time%1e9), output.Milliseconds)
		w.put("s")
	}
	w.punct(">")
	w.newline()
	for _, line := range p.Lines() {
		w.under(line)
	}
	if len(p.Kernel) > 0 {
		line := "kernel:"
		for _, f := range p.Kernel {
			line += " " + f
		}
		w.under(line)
	}
	w.Stack(s)
}

// under writes a line below that of a call.
func (w *writer) under(line string) {
	w.pad(registerMargin)
	w.buf = appendPrintable(w.buf, line)
	w.newline()
}

// Deadlock implements output.Writer.
func (w *writer) Deadlock(d *output.Deadlock) {
	w.buf = appendPrintable(w.buf, d.String())
	w.newline()
}
