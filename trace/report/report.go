//go:build linux && amd64

// Package report makes views of a whole trace: the files that were used, the process tree,
// and others. A Set of reports is a Handler of a trace. It records what happens, and at
// the end writes text for people or JSON records.
//
// Reports are made from what the descriptions of calls say (trace.FileUse), so that they
// have no lists of calls of their own.
package report

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"trapline/trace"
	"trapline/trace/nearest"
	"trapline/trace/recording"
)

// Kind is a kind of report.
type Kind string

// The kinds of reports.
const (
	Files Kind = "files" // files, and how they were used
	Tree  Kind = "tree"  // processes, and what they executed
	FDs   Kind = "fds"   // descriptors that were not closed
	Net   Kind = "net"   // connections
	Time  Kind = "time"  // where the elapsed time went

	Folded  Kind = "folded"  // call stacks, for flame graphs
	Seccomp Kind = "seccomp" // the calls that were made, as a seccomp profile of containers
	Systemd Kind = "systemd" // the same as a SystemCallFilter of systemd
)

// view is a report being made. Its functions may be nil.
type view struct {
	enter, exit func(c *trace.Call, p *process)
	// started and executed are called when a process begins and after it has executed
	// a program; stopped when a thread has been stopped, and threadEnded when it ends.
	started, executed    func(p *process)
	stopped, threadEnded func(t *trace.Process, p *process)
	// text writes the report for people, and json as records.
	text func(w *writer)
	json func(w *writer)
}

// kind describes a Kind.
type kind struct {
	name Kind
	// classes are the calls that it needs, as trace.ParseCalls takes them; empty for none.
	classes string
	files   bool // it needs trace.Call.Files
	stacks  bool // it needs trace.Call.Stack
	strings int  // how many bytes of a string it needs
	sockets bool // it needs the kernel's descriptions of sockets
	merged  bool // it may cover several traces
	make    func(s *Set) view
}

func kinds() []kind {
	return []kind{
		{name: Files, classes: "%file,%desc", files: true, merged: true, make: newFiles},
		{name: Tree, make: newTree},
		{name: FDs, classes: "%desc,%network", files: true, sockets: true, make: newFDs},
		{name: Net, classes: "%desc,%network", files: true, strings: dnsMax, sockets: true, make: newNet},
		{name: Time, classes: "all", files: true, make: newTime},
		{name: Folded, classes: "all", stacks: true, make: newFolded},
		{name: Seccomp, classes: "all", merged: true, make: newSeccomp},
		{name: Systemd, classes: "all", merged: true, make: newSystemd},
	}
}

// Names are all kinds of reports.
func Names() (names []string) {
	for _, k := range kinds() {
		names = append(names, string(k.name))
	}
	return names
}

// Merged are the kinds that may cover several traces: see Set.NextTrace.
func Merged() (merged []Kind) {
	for _, k := range kinds() {
		if k.merged {
			merged = append(merged, k.name)
		}
	}
	return merged
}

// Parse parses a list of kinds that are separated by commas.
func Parse(list string) (parsed []Kind, err error) {
	for name := range strings.SplitSeq(list, ",") {
		if !slices.Contains(Names(), name) {
			return nil, noReport(name)
		}
		if k := Kind(name); !slices.Contains(parsed, k) {
			parsed = append(parsed, k)
		}
	}
	return parsed, nil
}

// noReport is the error for an unknown report. It suggests the report with the most
// similar name, or lists all of them.
func noReport(name string) error {
	if near := nearest.Begun(name, Names()); near != "" {
		return fmt.Errorf("there is no report %q%s", name, nearest.Question(near))
	}
	return fmt.Errorf("there is no report %q, only %s", name, strings.Join(Names(), ", "))
}

// Set is a set of reports on one trace, or on several.
type Set struct {
	processes
	views  []view
	traces int // how many there are
	needs  *trace.CallSet
	// Environment is the environment of the program that launched the command, NAME=VALUE;
	// nil if it is not known. The environment of the command is shown as its differences
	// from this.
	Environment []string
}

// New starts reports, and changes the Options of their trace: it sets the Handler, and the
// calls to trace unless the Options have any.
func New(wanted []Kind, o *trace.Options) (*Set, error) {
	s := &Set{traces: 1}
	s.processes.init()
	var classes []string
	calls := false
	for _, k := range kinds() {
		if !slices.Contains(wanted, k.name) {
			continue
		}
		v := k.make(s)
		s.views = append(s.views, v)
		o.Files = o.Files || k.files
		if k.stacks && o.Stacks == trace.NoStacks {
			o.Stacks = trace.SymbolStacks
		}
		if k.sockets {
			o.DecodeFDs |= trace.SocketFDs
		}
		if k.strings > o.StringLimit && o.StringLimit >= 0 {
			o.StringLimit = k.strings
		}
		if k.classes != "" {
			classes = append(classes, k.classes)
			calls = true
		}
	}
	o.Describe = true
	o.Handler = trace.Handler{Started: s.started, Executed: s.executed, Ended: s.ended, Stopped: s.stopped}
	if !calls {
		o.ProcessesOnly = true
		return s, nil
	}
	o.Handler.Enter, o.Handler.Exit = s.enter, s.exit
	var err error
	if s.needs, err = trace.ParseCalls(strings.Join(classes, ",")); err != nil {
		return nil, err
	}
	if o.Calls == nil {
		o.Calls = s.needs
	}
	return s, nil
}

// Lacks reports whether the reports need calls that a recording lacks because they were
// not to be traced.
func (s *Set) Lacks(i *recording.Info) bool {
	return s.needs != nil && s.needs.Overlaps(trace.LeftOut(i))
}

// NextTrace begins another trace, whose processes are unrelated to the previous ones. It
// may be used only with the kinds of Merged.
func (s *Set) NextTrace() {
	s.processes.init()
	s.traces++
}

func (s *Set) started(t *trace.Process) error {
	p := s.processes.started(t)
	for i := range s.views {
		if f := s.views[i].started; f != nil && p.threads == 1 {
			f(p)
		}
	}
	return nil
}

func (s *Set) executed(t *trace.Process) error {
	p := s.processes.executed(t)
	for i := range s.views {
		if f := s.views[i].executed; f != nil {
			f(p)
		}
	}
	return nil
}

func (s *Set) stopped(t *trace.Process) error {
	p := s.of(t.PID, t.Time)
	for i := range s.views {
		if f := s.views[i].stopped; f != nil {
			f(t, p)
		}
	}
	return nil
}

func (s *Set) ended(t *trace.Process) error {
	p := s.of(t.PID, t.Time)
	for i := range s.views {
		if f := s.views[i].threadEnded; f != nil {
			f(t, p)
		}
	}
	s.processes.ended(t)
	return nil
}

func (s *Set) enter(c *trace.Call) error {
	p := s.of(c.PID, c.Time)
	for i := range s.views {
		if f := s.views[i].enter; f != nil {
			f(c, p)
		}
	}
	return nil
}

func (s *Set) exit(c *trace.Call) error {
	p := s.of(c.PID, c.Time)
	for i := range s.views {
		if f := s.views[i].exit; f != nil {
			f(c, p)
		}
	}
	return nil
}

// Form says how reports are written.
type Form struct {
	JSON bool
	// Message, if not nil, is called with messages about a report that have no place in
	// the report.
	Message func(text string)
	// Missing says what is missing of the trace. With text, Message gets it; with JSON,
	// each item becomes a record.
	Missing []string
	// At is the time of the records; zero for now.
	At time.Time
	// Stamp returns the time of a record in nanoseconds; nil for those since 1970.
	Stamp func(time.Time) int64
}

// Write writes the reports, as they are after the trace.
func (s *Set) Write(to io.Writer, f Form) error {
	w := f.newWriter()
	for i := range s.views {
		if f.JSON {
			s.views[i].json(w)
			continue
		}
		if len(w.b) > 0 {
			w.line("")
		}
		s.views[i].text(w)
	}
	w.missing(&f)
	_, err := to.Write(w.b)
	return err
}
