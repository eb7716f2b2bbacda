//go:build linux && amd64

package tui

import (
	"path"
	"strings"
	"time"

	"trapline/output"
	textformat "trapline/output/text"
	"trapline/tables"
	"trapline/trace"
)

func signalNumber(name string) int {
	if n, ok := tables.SignalByName(name); ok {
		return n
	}
	return -1
}

// collector fills a memory with the records of a Session. It is a format whose
// writers write nothing, and a Handler from which the values of calls come.
type collector struct {
	store *memory
	calls map[int]*trace.Call // of each thread: its current or last call
	given map[int]int         // how many arguments it had at its entry
	tgids map[int]int         // process id of each thread, where records lack it
}

// attach makes a Session with these options fill the store.
func (c *collector) attach(o *trace.Options) {
	c.calls = map[int]*trace.Call{}
	o.Looks.Format = &output.Format{Name: "tui", Timed: true, Processes: true, New: c.newWriter}
	c.given = map[int]int{}
	o.Handler.Enter = func(call *trace.Call) error {
		c.calls[call.PID], c.given[call.PID] = call, len(call.Args)
		return nil
	}
	o.Handler.Exit = func(*trace.Call) error { return nil } // the call is the same one
	o.Output = &output.Destination{Writer: discard{}}
}

// discard is the destination of the writers, which write nothing.
type discard struct{}

func (discard) Write(b []byte) (int, error) { return len(b), nil }

// writer passes the records of a tracee to the store. The text format makes their texts.
type writer struct {
	output.Writer // of the text format
	c             *collector
	tracee        *output.Tracee
	record        Record
}

func (c *collector) newWriter(o *output.Options, t *output.Tracee) output.Writer {
	plain := *o
	plain.PID, plain.Clock, plain.Relative, plain.Durations, plain.Palette = output.PIDNone, output.ClockNone, false, false, nil
	plain.Column = 0
	return &writer{Writer: textformat.Format.New(&plain, t), c: c, tracee: t}
}

// process is the id of the tracee's process.
func (w *writer) process() int {
	if w.tracee.TGID != 0 {
		return w.tracee.TGID
	}
	if id := w.c.tgids[w.tracee.PID]; id != 0 {
		return id
	}
	return w.tracee.PID
}

// begin starts a record.
func (w *writer) begin(event string, at time.Time, name string) {
	w.record = Record{
		Event: event, TID: w.tracee.PID, Process: w.process(), Time: at, Name: strings.Clone(name), Signal: -1, Code: -1,
	}
}

// take returns the text of the record that the text format has written.
func (w *writer) take() string { return strings.TrimSuffix(string(w.Writer.Take()), "\n") }

// Take implements output.Writer.
func (w *writer) Take() []byte { return nil }

// BeginCall implements output.Writer.
func (w *writer) BeginCall(h *output.Header) {
	w.Writer.Take() // left over from a call that is not shown
	w.begin(events[0], h.Time, h.Name)
	w.Writer.BeginCall(h)
	name := w.record.Name
	w.c.store.change(w.tracee.PID, func(p *Process) { p.In = name })
}

// Failure implements output.Outcome.
func (w *writer) Failure(errno int, name, message string) {
	w.record.Failed = true
	w.Writer.Failure(errno, name, message)
}

// EndCall implements output.Writer.
func (w *writer) EndCall(r *output.Result, s *output.Stack) {
	w.Writer.EndCall(r, s)
	w.record.Took, w.record.Ended = r.Duration, true
	w.addCall()
}

// NoResult implements output.Writer.
func (w *writer) NoResult(why output.StatusSet, complete bool, s *output.Stack) {
	w.Writer.NoResult(why, complete, s)
	w.addCall()
}

// addCall adds the record of a call.
func (w *writer) addCall() {
	w.record.Given = w.c.given[w.record.TID]
	w.add(w.c.calls[w.record.TID])
}

// add adds the record to the store.
func (w *writer) add(call *trace.Call) {
	w.record.Text = w.take()
	w.c.store.add(&w.record, call)
}

// BeginSignal implements output.Writer.
func (w *writer) BeginSignal(at time.Time, name string) {
	w.begin(events[1], at, name)
	w.record.Signal = signalNumber(name)
	w.Writer.BeginSignal(at, name)
}

// EndSignal implements output.Writer.
func (w *writer) EndSignal(s *output.Stack) {
	w.Writer.EndSignal(s)
	w.add(nil)
}

// Event implements output.Writer.
func (w *writer) Event(at time.Time, e output.Event, s *output.Stack) {
	if e.Process != nil {
		w.processEvent(at, &e)
		return
	}
	w.begin(e.Kind.String(), at, e.Signal)
	w.record.Signal = signalNumber(e.Signal)
	if e.Kind == output.Exited {
		w.record.Code = e.Code
	}
	w.Writer.Event(at, e, s)
	w.add(nil)
	if e.Kind == output.Exited || e.Kind == output.Killed {
		how := strings.Trim(w.record.Text, "+ ")
		w.c.store.change(w.tracee.PID, func(p *Process) { p.Ended, p.How, p.In = at, how, "" })
	}
}

// processEvent handles the start of a thread, and an execve, which the text format
// does not show.
func (w *writer) processEvent(at time.Time, e *output.Event) {
	name, args := "", list(e.Process.Args)
	if len(args) > 0 {
		name = path.Base(args[0])
	} else if e.Process.Exe != nil {
		name = path.Base(string(e.Process.Exe))
	}
	w.begin(e.Kind.String(), at, name)
	w.record.Text = strings.TrimSpace("--- " + w.record.Event + " " + quoted(args) + " ---")
	if e.Kind == output.Started {
		w.c.store.begin(Process{
			TID: w.tracee.PID, TGID: w.process(), Parent: e.Process.Parent, Name: name, Args: args, Began: at,
		})
	} else {
		w.c.store.change(w.tracee.PID, func(p *Process) { p.Name, p.Args = name, args })
	}
	w.c.store.add(&w.record, nil)
}

// list splits strings that end with a NUL each.
func list(b []byte) []string {
	if len(b) == 0 {
		return nil
	}
	return strings.Split(strings.TrimSuffix(string(b), "\x00"), "\x00")
}

// quoted is a command line. Arguments that a shell would change are in quotes.
func quoted(args []string) string {
	var b strings.Builder
	for i, a := range args {
		if i > 0 {
			b.WriteByte(' ')
		}
		plain := a != "" && strings.IndexFunc(a, func(r rune) bool {
			return !strings.ContainsRune("%+,-./:=@_", r) && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
		}) < 0
		if plain {
			b.WriteString(a)
		} else {
			b.WriteString("'" + strings.ReplaceAll(printable(a), "'", `'\''`) + "'")
		}
	}
	return b.String()
}

// printable replaces characters that a terminal would interpret.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 {
			return '?'
		}
		return r
	}, s)
}
