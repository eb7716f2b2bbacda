// Package perfetto writes a trace in Chrome's JSON trace format, which
// ui.perfetto.dev, chrome://tracing and Speedscope open: a track for each thread,
// grouped by process, with calls as slices. docs/perfetto.md describes it.
package perfetto

import (
	"bytes"
	"path"
	"strconv"
	"strings"
	"time"

	"trapline/output"
	"trapline/output/json"
	"trapline/output/text"
	"trapline/tables"
)

// Format is Chrome's JSON as an array of events. Readers accept an array without its end,
// so that they can open the trace of a tracer that was killed.
var Format = &output.Format{
	Name: "perfetto", Timed: true, Processes: true, StringLimit: 256,
	Title: `[{"ph":"M","name":"trapline","pid":0,"tid":0,"ts":0,"args":{}}` + "\n",
	Tail:  "]\n",
	Lacks: output.Registers | output.Dumps | output.VCPUs | output.FinalSummary | output.Tables | output.KernelPaths |
		output.Appending | output.Entries,
	Head: head, Message: message, New: newWriter,
}

// writer writes the events of one thread.
type writer struct {
	args
	opt    *output.Options
	tracee *output.Tracee
	state  *state
	buf    []byte // complete events
	call   call
	name   string // of the signal being recorded
	stamp  int64  // its time
}

// call is what is known of the call being recorded.
type call struct {
	name     string
	pid, tid int
	begin    int64 // its stamp
	failed   bool
	futex    futexCall
}

func newWriter(o *output.Options, t *output.Tracee) output.Writer {
	w := &writer{opt: o, tracee: t, state: stateOf(o)}
	plain := *o
	plain.Palette, plain.ArgNames = nil, false
	w.args.text = text.NewValues(&plain)
	return w
}

// Take implements output.Writer.
func (w *writer) Take() []byte {
	b := w.buf
	w.buf = output.Reusable(b)
	return b
}

// process is the id of the tracee's process, or else of the thread if that is unknown.
func (w *writer) process() int {
	if w.tracee.TGID != 0 {
		return w.tracee.TGID
	}
	return w.tracee.PID
}

// at notes the time of a record when it begins, and returns its stamp. It ends an open
// slice of the thread, whose end was not seen.
func (w *writer) at(t time.Time) int64 {
	stamp := w.opt.Stamp(t)
	w.state.start(stamp)
	if tid := w.tracee.PID; w.state.open[tid] {
		delete(w.state.open, tid)
		w.buf = w.state.appendEvent(w.buf, "E", w.process(), tid, stamp)
		w.end()
	}
	return stamp
}

// end ends an event.
func (w *writer) end() { w.buf = append(w.buf, "}\n"...) }

// named adds the name of an event, and its category.
func (w *writer) named(name, category string) {
	w.buf, _ = json.AppendString(append(w.buf, `,"name":`...), name)
	w.buf = append(append(append(w.buf, `,"cat":"`...), category...), '"')
}

// BeginCall implements output.Writer.
func (w *writer) BeginCall(h *output.Header) {
	w.call = call{name: h.Name, pid: w.process(), tid: w.tracee.PID, begin: w.at(h.Time)}
	w.args.begin()
	if h.ABI != tables.X86_64 {
		w.args.word("abi", h.ABI.String())
	}
	if h.Via != nil {
		w.args.word("via", h.Via.Name)
	}
	if w.opt.IP {
		w.args.word("ip", string(output.AppendHex(nil, h.IP)))
	}
	if w.opt.EntryPoints && h.Entry != "" {
		w.args.word("entry", h.Entry)
	}
}

// Arg implements output.Encoder.
func (w *writer) Arg(name string, _ output.ArgName) {
	w.endArgument()
	w.args.unwind()
	w.args.cell(name)
}

// endArgument examines an argument that is complete.
func (w *writer) endArgument() {
	if w.call.name == "futex" && w.args.endCell() {
		w.futexArgument(w.args.last.name, w.args.last.number, string(w.args.last.text))
	}
}

// Return implements output.Outcome.
func (w *writer) Return() {
	w.endArgument()
	w.args.unwind()
	w.args.cell("ret")
}

// Failure implements output.Outcome.
func (w *writer) Failure(errno int, name, _ string) {
	w.call.failed = true
	w.args.integer("errno", int64(errno))
	if name != "" {
		w.args.word("error", name)
	}
}

// BeginVCPU implements output.Outcome. The state is not shown.
func (w *writer) BeginVCPU(int, bool) { w.args.hide() }

// EndVCPU implements output.Outcome.
func (w *writer) EndVCPU() { w.args.show() }

// Dump implements output.Outcome. Data is not shown.
func (w *writer) Dump(output.DumpPart) {}

// EndCall implements output.Writer.
func (w *writer) EndCall(r *output.Result, s *output.Stack) {
	w.args.unwind()
	if r.Tampered != "" {
		w.args.word("tampered", r.Tampered)
	}
	if r.Delayed {
		w.args.word("delayed", "true")
	}
	if r.Reason != "" {
		w.args.word("reason", r.Reason)
	}
	duration := max(0, int64(r.Duration))
	w.slice("X", s)
	w.buf = appendMicroseconds(append(w.buf, `,"dur":`...), duration)
	w.end()
	w.flows(duration)
}

// slice writes the event of the call up to its duration.
func (w *writer) slice(phase string, s *output.Stack) {
	c := &w.call
	w.buf = w.state.appendEvent(w.buf, phase, c.pid, c.tid, c.begin)
	category := "syscall"
	if c.failed {
		category = "syscall,failed"
	}
	w.named(c.name, category)
	w.withArgs(s)
}

// withArgs adds the arguments of an event.
func (w *writer) withArgs(s *output.Stack) {
	if len(w.tracee.Comm) > 0 {
		w.args.word("comm", string(w.tracee.Comm))
	}
	if len(w.tracee.Context) > 0 {
		w.args.word("secontext", string(w.tracee.Context))
	}
	w.args.stack(s)
	w.buf = append(w.buf, `,"args":`...)
	w.buf = append(w.buf, w.args.take()...)
}

// NoResult implements output.Writer: the slice stays open until the next event of
// the thread, or the end of the trace.
func (w *writer) NoResult(why output.StatusSet, _ bool, s *output.Stack) {
	w.args.unwind()
	switch why {
	case output.Unfinished:
		w.args.word("end", "unfinished")
	case output.UnavailableStatus:
		w.args.word("end", "unavailable")
	case output.Detached:
		w.args.word("end", "detached")
	}
	w.slice("B", s)
	w.end()
	w.state.open[w.call.tid] = true
	w.state.futexes.forget(w.call.futex)
}

// BeginSignal implements output.Writer.
func (w *writer) BeginSignal(at time.Time, name string) {
	w.stamp, w.name = w.at(at), name
	w.args.begin()
	w.args.cell("info")
}

// EndSignal implements output.Writer.
func (w *writer) EndSignal(s *output.Stack) {
	w.args.unwind()
	w.instant(w.stamp, w.name, "signal", s)
}

// instant writes an event without a duration, with the arguments so far.
func (w *writer) instant(stamp int64, name, category string, s *output.Stack) {
	w.buf = w.state.appendEvent(w.buf, "i", w.process(), w.tracee.PID, stamp)
	w.buf = append(w.buf, `,"s":"t"`...)
	w.named(name, category)
	w.withArgs(s)
	w.end()
}

// Event implements output.Writer.
func (w *writer) Event(at time.Time, e output.Event, s *output.Stack) {
	stamp := w.opt.Stamp(at)
	if e.Process == nil { // else it may be in the middle of a call
		stamp = w.at(at)
	}
	w.state.start(stamp)
	w.args.begin()
	name := e.Kind.String()
	switch e.Kind {
	case output.Stopped:
		name = "stopped by " + e.Signal
	case output.Killed:
		name = "killed by " + e.Signal
		if e.Core {
			w.args.word("core", "dumped")
		}
	case output.Exited:
		name = "exited with " + strconv.Itoa(e.Code)
		w.args.integer("code", int64(e.Code))
	case output.Personality:
		name += " " + e.ABI.String()
	case output.Superseded:
		w.args.integer("thread", int64(e.Thread))
	case output.Started, output.Executed:
		name = w.processNames(e.Kind, e.Process, stamp)
	}
	if e.Usage != nil {
		w.usage(e.Usage)
	}
	w.instant(stamp, name, "process", s)
	switch e.Kind {
	case output.Started:
		w.born(stamp, e.Process)
	case output.Exited, output.Killed:
		w.state.forget(w.tracee.PID)
	}
}

// processNames names the track of a process after its program, and returns the
// name of the event.
func (w *writer) processNames(kind output.EventKind, p *output.Process, stamp int64) string {
	w.args.integer("time_ns", stamp)
	if p.How != "" {
		w.args.word("how", p.How)
	}
	if p.Parent != 0 {
		w.args.integer("parent", int64(p.Parent))
	}
	if p.UID >= 0 {
		w.args.integer("uid", int64(p.UID))
	}
	if p.Dir != nil {
		w.args.word("cwd", string(p.Dir))
	}
	if p.Exe == nil {
		return kind.String()
	}
	w.args.word("exe", string(p.Exe))
	w.args.strings("argv", p.Args)
	program := path.Base(string(p.Exe))
	if first, _, _ := bytes.Cut(p.Args, []byte{0}); len(first) > 0 && len(p.Args) > 0 {
		program = path.Base(string(first))
	}
	w.metadata("process_name", "name", program)
	// Readers show all labels of a process: its creator's command line is not one of its own.
	if line := strings.TrimSuffix(string(p.Args), "\x00"); line != "" && p.How != "created" {
		w.metadata("process_labels", "labels", shortened(strings.ReplaceAll(line, "\x00", " ")))
	}
	return kind.String() + " " + program
}

// shortened cuts a command line that is to be a label.
func shortened(s string) string {
	if len(s) > 120 {
		return s[:120] + "..."
	}
	return s
}

// metadata writes a metadata event about the process.
func (w *writer) metadata(name, member, value string) {
	w.buf = append(append(append(w.buf, `,{"ph":"M","name":"`...), name...), '"')
	w.buf = appendIDs(w.buf, w.process(), w.tracee.PID)
	w.buf = append(append(append(w.buf, `,"ts":0,"args":{"`...), member...), `":`...)
	w.buf, _ = json.AppendString(w.buf, value)
	w.buf = append(w.buf, "}}\n"...)
}

func (w *writer) usage(u *output.Usage) {
	w.args.integer("user_ns", int64(u.User))
	w.args.integer("system_ns", int64(u.System))
	w.args.integer("maxrss_kib", u.MaxRSS)
	w.args.integer("minor_faults", u.MinorFaults)
	w.args.integer("major_faults", u.MajorFaults)
	w.args.integer("blocks_in", u.BlocksIn)
	w.args.integer("blocks_out", u.BlocksOut)
	w.args.integer("voluntary_switches", u.Voluntary)
	w.args.integer("involuntary_switches", u.Involuntary)
}

// Summary implements output.Writer. There are no tables.
func (w *writer) Summary(*output.Summary) {}

// Unexplained implements output.Writer. Registers are not shown.
func (w *writer) Unexplained(*output.Unexplained) {}

// EndWaiting implements output.Writer. Waits have no duration, so they are not shown.
func (w *writer) EndWaiting(*output.Waiting, *output.Stack) {}

// Deadlock implements output.Writer.
func (w *writer) Deadlock(*output.Deadlock) {}

// head implements output.Format.Head: what is known of the whole trace.
func head(_ *output.Options, r *output.Run) []byte {
	var a args
	a.begin()
	a.word("version", r.Version)
	a.strings("command", joined(r.Command))
	a.strings("options", joined(r.Options))
	a.word("kernel", strings.Join([]string{r.Kernel, r.Release, r.Build, r.Machine}, " "))
	a.word("host", r.Host)
	a.integer("tracer", int64(r.PID))
	b := append([]byte(`,{"ph":"M","name":"trapline_trace","pid":0,"tid":0,"ts":0,"args":`), a.take()...)
	return append(b, "}\n"...)
}

// joined is a list of strings with a NUL after each.
func joined(list []string) []byte {
	var b []byte
	for _, s := range list {
		b = append(append(b, s...), 0)
	}
	return b
}

// message implements output.Format.Message: an instant of the whole trace.
func message(o *output.Options, at time.Time, text string) []byte {
	s := stateOf(o)
	stamp := o.Stamp(at)
	s.start(stamp)
	b := append(s.appendEvent(nil, "i", 0, 0, stamp), `,"s":"g","cat":"message","name":`...)
	b, _ = json.AppendString(b, text)
	return append(b, "}\n"...)
}
