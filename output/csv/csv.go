// Package csv writes a trace as comma-separated values (RFC 4180) or tab-separated ones
// (text/tab-separated-values of IANA): a row with the column names, then a row for each
// call, signal and end of a tracee. docs/csv.md describes it.
package csv

import (
	"bytes"
	"strings"
	"time"

	"trapline/output"
	"trapline/output/text"
	"trapline/tables"
)

// Format is CSV: a field with a comma or a quote is in quotes.
var Format = &output.Format{Name: "csv", Timed: true, Lacks: lacks, New: newCommas,
	Title: "time,pid,comm,secontext,event,name,arguments,result,error,remark,duration\n"}

// Tabs is TSV: fields need no quotes, since they contain no tabs.
var Tabs = &output.Format{Name: "tsv", Timed: true, Lacks: lacks, New: newTabs,
	Title: "time\tpid\tcomm\tsecontext\tevent\tname\targuments\tresult\terror\tremark\tduration\n"}

// lacks is what has no columns. The table of -C would need columns other than those of the
// title.
const lacks = output.Stacks | output.Registers | output.Dumps | output.VCPUs | output.FinalSummary | output.Entries | output.KernelPaths

func newCommas(o *output.Options, t *output.Tracee) output.Writer { return newWriter(o, t, ',') }
func newTabs(o *output.Options, t *output.Tracee) output.Writer   { return newWriter(o, t, '\t') }

// column is a column of a row, in the order of Format.Title.
type column uint8

const (
	when column = iota
	pid
	comm
	secontext
	event
	name
	arguments
	result
	failure
	remark
	duration
	numColumns
)

// writer writes rows. Values are strace's text.
type writer struct {
	text.Values
	separator byte           // between the fields of a row
	opt       output.Options // without colours
	tracee    *output.Tracee
	row       [numColumns][]byte // the row being made, not quoted
	buf       []byte             // complete rows
}

func newWriter(o *output.Options, t *output.Tracee, separator byte) *writer {
	w := &writer{separator: separator, opt: *o, tracee: t}
	w.opt.Palette = nil
	w.Values = text.NewValues(&w.opt)
	return w
}

// Take implements output.Writer.
func (w *writer) Take() []byte {
	b := w.buf
	w.buf = output.Reusable(b)
	return b
}

// begin starts a row.
func (w *writer) begin(at time.Time, kind string) {
	for i, b := range w.row {
		w.row[i] = output.Reusable(b)
	}
	w.Values.Take() // left over from a call that is not shown
	w.Begin()
	w.row[when] = output.AppendStamp(w.row[when], w.opt.Stamp(at), output.Nanoseconds)
	w.row[pid] = output.AppendNumber(w.row[pid], uint64(w.tracee.PID), output.Signed)
	w.escaped(comm, w.tracee.Comm, w.opt.Strings)
	w.escaped(secontext, w.tracee.Context, text.ContextStyle(w.opt.Strings))
	w.set(event, kind)
}

// escaped fills a column with text that a tracee may have chosen, such as its
// name. It escapes what a spreadsheet would take for a formula.
func (w *writer) escaped(c column, b []byte, style output.StringStyle) {
	w.row[c] = text.AppendEscaped(w.row[c], b, style, formulaStart(string(b)))
}

// formulaStart returns the first character of text if a spreadsheet would take the text as
// a formula, else "".
func formulaStart(text string) string {
	if len(text) > 1 && strings.IndexByte("=+-@", text[0]) >= 0 {
		return text[:1]
	}
	return ""
}

func (w *writer) set(c column, s string) { w.row[c] = append(w.row[c], s...) }

// move sets a column to what the values have written since the last move.
func (w *writer) move(c column) { w.row[c] = append(w.row[c], w.Values.Take()...) }

// note adds a remark.
func (w *writer) note(s string) {
	if len(w.row[remark]) > 0 {
		w.set(remark, ", ")
	}
	w.set(remark, s)
}

// end ends a row.
func (w *writer) end() {
	for i, b := range w.row {
		if i > 0 {
			w.buf = append(w.buf, w.separator)
		}
		w.buf = appendField(w.buf, b, w.separator)
	}
	w.buf = append(w.buf, '\n')
}

// appendField writes a field, in quotes if necessary. In TSV it is never necessary: tabs
// and line ends in fields become spaces.
func appendField(b, field []byte, separator byte) []byte {
	if separator == '\t' {
		for _, c := range field {
			if c == '\t' || c == '\r' || c == '\n' {
				c = ' '
			}
			b = append(b, c)
		}
		return b
	}
	if !bytes.ContainsAny(field, ",\"\r\n") && !bytes.HasPrefix(field, []byte(" ")) {
		return append(b, field...)
	}
	b = append(b, '"')
	for _, c := range field {
		if c == '"' {
			b = append(b, '"')
		}
		b = append(b, c)
	}
	return append(b, '"')
}

// BeginCall implements output.Writer.
func (w *writer) BeginCall(h *output.Header) {
	kind := "syscall"
	if h.Waiting {
		kind = "waiting"
	}
	w.begin(h.Time, kind)
	w.set(name, h.Name)
}

// Return implements output.Outcome.
func (w *writer) Return() {
	w.move(arguments)
	w.Begin()
}

// Unknown implements output.Encoder: a missing result is an empty field.
func (w *writer) Unknown() {}

// Failure implements output.Outcome.
func (w *writer) Failure(errno int, errName, _ string) {
	w.move(result)
	if errName != "" {
		w.set(failure, errName)
	} else {
		w.row[failure] = output.AppendNumber(w.row[failure], uint64(errno), output.Signed)
	}
}

// BeginRemark implements output.Outcome.
func (w *writer) BeginRemark(kind output.RemarkKind) {
	w.move(result)
	w.Values.BeginRemark(kind)
}

// EndRemark implements output.Outcome.
func (w *writer) EndRemark() {
	w.Values.EndRemark()
	if b := w.Values.Take(); len(b) > len(" ()") {
		w.note("")
		w.row[remark] = append(w.row[remark], b[len(" ("):len(b)-len(")")]...)
	}
}

// BeginVCPU implements output.Outcome. The state is not shown.
func (w *writer) BeginVCPU(int, bool) { w.move(result) }

// EndVCPU implements output.Outcome.
func (w *writer) EndVCPU() { w.Values.Take() }

// Dump implements output.Outcome. Data is not shown.
func (w *writer) Dump(output.DumpPart) {}

// EndCall implements output.Writer.
func (w *writer) EndCall(r *output.Result, _ *output.Stack) {
	w.move(result)
	if r.Tampered != "" {
		w.note(r.Tampered)
	}
	if r.Delayed {
		w.note("DELAYED")
	}
	if r.Reason != "" {
		w.note(r.Reason)
	}
	w.row[duration] = appendSeconds(w.row[duration], r.Duration)
	w.end()
}

// NoResult implements output.Writer.
func (w *writer) NoResult(why output.StatusSet, _ bool, _ *output.Stack) {
	w.move(arguments)
	switch why {
	case output.Unfinished:
		w.note("unfinished")
	case output.UnavailableStatus:
		w.note("unavailable")
	case output.Detached:
		w.note("detached")
	}
	w.end()
}

// BeginSignal implements output.Writer.
func (w *writer) BeginSignal(at time.Time, signal string) {
	w.begin(at, "signal")
	w.set(name, signal)
}

// EndSignal implements output.Writer.
func (w *writer) EndSignal(*output.Stack) {
	w.move(arguments)
	w.end()
}

// Event implements output.Writer.
func (w *writer) Event(at time.Time, e output.Event, _ *output.Stack) {
	w.begin(at, e.Kind.String())
	w.set(name, e.Signal)
	switch e.Kind {
	case output.Exited:
		w.row[result] = output.AppendNumber(w.row[result], uint64(e.Code), output.Signed)
	case output.Killed:
		if e.Core {
			w.note("core dumped")
		}
	case output.Personality:
		w.set(name, e.ABI.String())
	case output.Superseded:
		w.set(remark, "thread ")
		w.row[remark] = output.AppendNumber(w.row[remark], uint64(e.Thread), output.Signed)
	}
	w.end()
}

// Summary implements output.Writer: a table of its own, with times in seconds.
func (w *writer) Summary(s *output.Summary) {
	titles := []string{"abi", s.By.String(), "calls", "errors", "cpu", "cpu_shortest", "cpu_longest", "wall", "wall_shortest", "wall_longest"}
	var percentiles []output.Column
	if s.Percentiles {
		percentiles = []output.Column{output.ColumnP50, output.ColumnP95, output.ColumnP99}
		titles = append(titles, "p50", "p95", "p99")
	}
	w.buf = append(append(w.buf, strings.Join(titles, string(w.separator))...), '\n')
	for _, abi := range tables.ABIs {
		for _, c := range s.Calls(abi) {
			w.buf = append(append(w.buf, abi.String()...), w.separator)
			w.buf = appendField(w.buf, text.AppendEscaped(nil, []byte(c.Name), w.opt.Strings, formulaStart(c.Name)), w.separator)
			w.buf = output.AppendNumber(append(w.buf, w.separator), c.Calls, output.Unsigned)
			w.buf = output.AppendNumber(append(w.buf, w.separator), c.Errors, output.Unsigned)
			for _, t := range []output.Times{c.CPU, c.Wall} {
				w.buf = appendSeconds(append(w.buf, w.separator), t.Total)
				w.buf = appendSeconds(append(w.buf, w.separator), t.Shortest)
				w.buf = appendSeconds(append(w.buf, w.separator), t.Longest)
			}
			for _, p := range percentiles {
				w.buf = appendSeconds(append(w.buf, w.separator), c.Durations.Percentile(p.Percent()))
			}
			w.buf = append(w.buf, '\n')
		}
	}
}

// EndWaiting implements output.Writer. The remark says what the thread waits for.
func (w *writer) EndWaiting(p *output.Waiting, _ *output.Stack) {
	w.move(arguments)
	w.note(p.State)
	for _, line := range p.Lines() {
		w.note(line)
	}
	if p.Timed {
		w.row[duration] = appendSeconds(w.row[duration], p.Time)
	}
	w.end()
}

// Deadlock implements output.Writer: a row with the remark alone.
func (w *writer) Deadlock(d *output.Deadlock) {
	for i, b := range w.row {
		w.row[i] = output.Reusable(b)
	}
	w.set(event, "deadlock")
	w.set(remark, d.String())
	w.end()
}

// Unexplained implements output.Writer. Registers are not shown.
func (w *writer) Unexplained(*output.Unexplained) {}

// appendSeconds writes seconds with nine decimals.
func appendSeconds(b []byte, d time.Duration) []byte {
	d = max(0, d)
	b = output.AppendNumber(b, uint64(d/time.Second), output.Unsigned)
	return output.AppendFraction(b, int(d%time.Second), output.Nanoseconds)
}
