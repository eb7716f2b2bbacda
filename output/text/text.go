// Package text writes a trace as strace does.
package text

import (
	"time"
	"unicode/utf8"

	"trapline/output"
	"trapline/socketcall"
	"trapline/tables"
)

// Format is strace's text.
var Format = &output.Format{Name: "text", New: newWriter, Lacks: output.Entries}

// writer writes lines. The line being built is at the end of buf. Its beginning
// may already have been taken: the result of a call may come much later than
// its arguments, on a separate line.
type writer struct {
	Values
	tracee *output.Tracee
	clock  clock

	line   int    // offset in buf of the line being built
	column int    // columns of that line already taken
	name   string // of the call

	entry       []byte     // see Entry
	painted     []byte     // what Take returned, with colours
	start       output.Hue // of what is in buf
	dump        []byte     // lines that follow the call's line
	vcpu        int        // offset in buf of the state being written
	vcpuUnshown int        // unshown before it
}

var _ output.LineWriter = (*writer)(nil)

func newWriter(o *output.Options, t *output.Tracee) output.Writer {
	return &writer{Values: NewValues(o), tracee: t}
}

// BeginCall implements output.Writer.
func (w *writer) BeginCall(h *output.Header) {
	w.name, w.path = h.Name, false
	if len(w.dump) > 0 {
		w.dump = output.Reusable(w.dump)
	}
	w.begin(h.Time, true)
	if w.opt.EntryPoints && h.Entry != "" {
		w.punct("[")
		w.put(h.Entry)
		if h.Via != nil && h.Via.Entry != "" {
			w.put(" ")
			w.put(h.Via.Entry)
		}
		w.punct("]")
		w.put(" ")
	}
	if w.opt.Multiplexer && h.Via != nil {
		w.via(h.Via)
	}
	w.color(output.HueSyscall)
	w.put(h.Name)
	if h.Waiting && h.Name == "" {
		return
	}
	w.punct("(")
	w.Begin()
}

// via writes the multiplexer through which the call was made:
// socketcall(SYS_CONNECT, 0xffffd2c0 -> [3, 0xffffd2e0, 16]):
func (w *writer) via(v *socketcall.Via) {
	w.color(output.HueSyscall)
	w.put(v.Name)
	w.punct("(")
	if v.Version != 0 {
		w.buf = output.AppendNumber(w.buf, uint64(v.Version), output.Unsigned)
		w.Shift(16, "", output.Unsigned)
		w.Join(output.Or)
	}
	if v.Symbol != "" {
		w.symbol(v.Symbol)
	} else {
		w.buf = output.AppendNumber(w.buf, v.Call, output.Unsigned)
	}
	if v.ArgsAddr != 0 {
		w.punct(", ")
		w.buf = output.AppendHex(w.buf, v.ArgsAddr)
		w.punct(" -> [")
	}
	for i, raw := range v.Raw {
		if i > 0 || v.ArgsAddr == 0 {
			w.punct(", ")
		}
		if raw < 1<<16 {
			w.buf = output.AppendNumber(w.buf, raw, output.Unsigned)
		} else {
			w.buf = output.AppendHex(w.buf, raw)
		}
	}
	if v.ArgsAddr != 0 {
		w.punct("]")
	}
	w.punct("): ")
}

// Entry implements output.EntryWriter: the line of the call so far.
func (w *writer) Entry() []byte {
	w.entry = w.entry[:0]
	if p := w.opt.Palette; p != nil {
		w.entry = p.Paint(w.entry, w.buf, w.start)
	} else {
		w.entry = append(w.entry, w.buf...)
	}
	w.entry = append(w.entry, " <unfinished ...>\n"...)
	return w.entry
}

// Resume implements output.LineWriter.
func (w *writer) Resume(at time.Time) {
	w.begin(at, true)
	w.color(output.HueComment)
	w.put("<... ")
	w.put(w.name)
	w.put(" resumed>")
	w.base = output.HueArgValue
	w.back()
}

// Suspend implements output.LineWriter.
func (w *writer) Suspend(why string) {
	w.color(output.HueComment)
	w.put(" <")
	w.put(why)
	w.put(" ...>")
	w.newline()
}

// Return implements output.Outcome.
func (w *writer) Return() {
	w.Begin()
	w.punct(")")
	w.put(" ")
	w.pad(min(w.opt.Column, widest))
	w.punct("=")
	w.part(output.HueResult)
}

// Failure implements output.Outcome.
func (w *writer) Failure(errno int, name, message string) {
	hue := output.HueError
	if w.path && (name == "ENOENT" || name == "ENOTDIR") {
		hue = output.HueSearch // usually one of the places in a search
	}
	w.part(hue)
	if name == "" {
		w.put("(errno ")
		w.Number(uint64(errno), output.Unsigned)
	} else {
		w.put(name)
		w.part(hue)
		w.put("(")
		w.put(message)
	}
	w.put(")")
}

// EndCall implements output.Writer.
func (w *writer) EndCall(r *output.Result, s *output.Stack) {
	if r.Tampered != "" {
		w.tampered(r.Tampered)
	}
	if r.Delayed {
		w.tampered("DELAYED")
	}
	if r.Reason != "" {
		w.part(output.HueComment)
		w.put("/* ")
		w.put(r.Reason)
		w.put(" */")
	}
	if w.opt.Durations {
		w.part(output.HueResult)
		w.punct("<")
		d := max(0, r.Duration)
		w.buf = output.AppendNumber(w.buf, uint64(d/time.Second), output.Unsigned)
		w.buf = output.AppendFraction(w.buf, int(d%time.Second), w.opt.DurDigits)
		w.punct(">")
	}
	if r.Kernel != nil {
		w.endLine()
		w.kernelPath(r.Kernel, s)
	} else {
		w.endCall(s)
	}
	if r.Regs != nil {
		w.registers(r.Regs)
	}
}

// tampered says, after a result, how the call was tampered with.
func (w *writer) tampered(how string) {
	w.part(output.HueResult)
	w.put("(")
	w.put(how)
	w.put(")")
}

// NoResult implements output.Writer.
func (w *writer) NoResult(why output.StatusSet, complete bool, s *output.Stack) {
	if !complete {
		w.put(" <unfinished ...>")
	}
	w.Return()
	w.Unknown()
	if why == output.UnavailableStatus {
		w.part(output.HueResult)
		w.put("<unavailable>")
	}
	w.endCall(s)
}

// endCall ends the line of a call and writes those that follow it.
func (w *writer) endCall(s *output.Stack) {
	w.endLine()
	w.Stack(s)
}

// endLine ends the line of a call and writes the dumps.
func (w *writer) endLine() {
	w.color(output.HueReset)
	w.newline()
	if len(w.dump) > 0 {
		w.buf = append(w.buf, w.dump...)
		w.line = len(w.buf)
	}
}

// BeginSignal implements output.Writer.
func (w *writer) BeginSignal(at time.Time, name string) {
	w.begin(at, true)
	w.put("--- ")
	w.color(output.HueSignal)
	w.put(name)
	w.color(output.HueReset)
	w.put(" ")
	w.Begin()
}

// EndSignal implements output.Writer.
func (w *writer) EndSignal(s *output.Stack) {
	w.color(output.HueReset)
	w.put(" ---")
	w.newline()
	w.Stack(s)
}

// Event implements output.Writer.
func (w *writer) Event(at time.Time, e output.Event, s *output.Stack) {
	w.begin(at, e.Kind != output.Exited && e.Kind != output.Killed)
	switch e.Kind {
	case output.Stopped:
		w.color(output.HueSignal)
		w.put("--- stopped by ")
		w.put(e.Signal)
		w.put(" ---")
	case output.Exited:
		if e.Code != 0 {
			w.color(output.HueError)
		}
		w.put("+++ exited with ")
		w.buf = output.AppendNumber(w.buf, uint64(e.Code), output.Signed)
		w.put(" +++")
	case output.Killed:
		w.color(output.HueEnd)
		w.put("+++ killed by ")
		w.put(e.Signal)
		if e.Core {
			w.put(" (core dumped)")
		}
		w.put(" +++")
	case output.Personality:
		w.personality(e.ABI)
	case output.Superseded:
		w.put("+++ superseded by execve in pid ")
		w.buf = output.AppendNumber(w.buf, uint64(e.Thread), output.Signed)
		w.put(" +++")
	}
	w.newline()
	w.Stack(s)
}

func (w *writer) personality(abi tables.ABI) {
	w.put("[ Process PID=")
	w.buf = output.AppendNumber(w.buf, uint64(w.tracee.PID), output.Signed)
	w.put(" runs in ")
	w.put(modes[abi])
	w.put(" mode. ]")
}

// Take implements output.Writer.
func (w *writer) Take() []byte {
	partial := w.line < len(w.buf)
	if partial {
		w.column = w.lineLength()
	}
	w.line = 0
	text := w.Values.Take()
	p := w.opt.Palette
	if p == nil {
		return text
	}
	w.painted = p.Paint(output.Reusable(w.painted), text, w.start)
	if w.start = output.HueReset; partial {
		w.start = w.base
	}
	return w.painted
}

// noNumber is the number of a call that a tracer or a seccomp filter has cancelled. Like
// strace, the trace shows it as a missing number.
const noNumber = 1<<64 - 1

// begin starts a line. located says that the tracee still has an instruction
// pointer.
func (w *writer) begin(at time.Time, located bool) {
	w.column, w.base = 0, output.HueReset
	o, t := w.opt, w.tracee
	w.beginPID()
	w.beginContext()
	if o.Clock != output.ClockNone {
		w.buf = w.clock.append(w.buf, at, o)
	}
	if o.Relative {
		w.buf = appendRelative(w.buf, t.Since, o.Clock != output.ClockNone, o.RelDigits)
	}
	if o.Number {
		w.punct("[")
		if t.Numbered && t.NR != noNumber {
			w.buf = output.AppendPadded(w.buf, t.NR, 4, ' ')
		} else {
			w.put("???")
		}
		w.punct("]")
		w.put(" ")
	}
	if o.IP {
		w.punct("[")
		digits := 2 * t.ABI.WordSize()
		for i := 0; !located && i < digits; i++ {
			w.put("?")
		}
		if located {
			w.buf = output.AppendHexPadded(w.buf, t.IP, digits)
		}
		w.punct("]")
		w.put(" ")
	}
}

// beginPID writes the tracee of a line.
func (w *writer) beginPID() {
	pid, comm := uint64(w.tracee.PID), w.tracee.Comm
	switch {
	case w.opt.PID == output.PIDColumn:
		start := len(w.buf)
		w.buf = output.AppendNumber(w.buf, pid, output.Signed)
		if len(comm) > 0 {
			w.comm(comm)
			break
		}
		for len(w.buf) < start+5 {
			w.buf = append(w.buf, ' ')
		}
	case w.opt.PID == output.PIDMany && w.tracee.Many():
		w.punct("[")
		w.put("pid ")
		w.buf = output.AppendPadded(w.buf, pid, 5, ' ')
		if len(comm) > 0 {
			w.comm(comm)
		}
		w.punct("]")
	default:
		return
	}
	w.put(" ")
}

// comm writes the name of a command in angle brackets.
func (w *writer) comm(name []byte) {
	w.punct("<")
	w.buf = AppendEscaped(w.buf, name, w.opt.Strings, "<>")
	w.punct(">")
}

// newline ends the line.
func (w *writer) newline() {
	w.base = output.HueReset
	w.back()
	w.buf = append(w.buf, '\n')
	w.line, w.unshown, w.column = len(w.buf), 0, 0
}

// lineLength is the number of columns that the line has so far.
func (w *writer) lineLength() int {
	n := w.column + len(w.buf) - w.line - w.unshown
	if w.opt.Strings == output.UTF8 {
		for _, c := range w.buf[w.line:] {
			if !utf8.RuneStart(c) {
				n--
			}
		}
	}
	return n
}

// widest is the number of columns of the widest terminal (struct winsize of
// asm-generic/termios.h). Lines are not padded beyond it.
const widest = 1<<16 - 1

// pad fills the line up to a column.
func (w *writer) pad(column int) {
	const blanks = "                                                                "
	for n := column - w.lineLength(); n > 0; n -= len(blanks) {
		w.put(blanks[:min(n, len(blanks))])
	}
}
