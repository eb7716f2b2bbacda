//go:build linux && amd64

package report

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"trapline/tables"
	"trapline/trace"
	"trapline/trace/recording"
)

// noReturn is the outcome of a call that has not returned.
const noReturn = "no return"

// step is a call, as it is compared.
type step struct {
	key     int           // stands for what the call is: its name, files, flags
	outcome string        // its error, or what it has returned
	data    string        // what it has read and written, and other numbers
	text    string        // the call as it is shown
	at      time.Duration // when it returned, if it did
	moves   bool          // it moves data of a file or socket
	weighs  bool          // it is about more than memory, time and scheduling
	streams bool          // it is about a standard stream
	arrived bool          // it has read from a pipe or socket: see inOtherParts
	got     uint64        // how many bytes, then
}

// side is one of the recordings to be compared.
type side struct {
	processes
	name    string
	began   time.Time
	steps   map[*process]*sequence
	ids     map[uint64]bool   // ids of threads, and ports that the kernel has chosen
	bound   map[uint64]bool   // ports that programs have chosen
	keys    *numbering        // shared by both sides
	files   map[string]string // as they are compared, and as they are shown
	failed  map[string]string // calls, files and errors
	open    map[int]openCall  // by thread: the call it is in
	places  map[int]*place
	streams map[*process]streams
	pending map[int][]int // by thread: see handlers
	current streams       // of the process whose call is being described

	ofStream string // the standard stream that the call is about
	terminal bool   // a standard stream is a terminal

	made    map[string]bool  // files that the trace has created, if their names may be random
	marked  map[*step]string // keys with such names
	classes tables.Class
	calls   int
	cut     bool // reading has ended early
}

// sequence is the calls of a process, by thread, in the order in which threads began.
type sequence struct {
	threads  [][]*step
	handlers [][]*step // calls of signal handlers, by thread
}

// of returns the calls of a thread.
func (s *sequence) of(thread int, handlers bool) []*step {
	switch {
	case s == nil || thread >= len(s.threads):
		return nil
	case handlers:
		return s.handlers[thread]
	}
	return s.threads[thread]
}

// count is the number of threads.
func (s *sequence) count() int {
	if s == nil {
		return 0
	}
	return len(s.threads)
}

// openCall is a call that has not returned, and where it is: see place.
type openCall struct {
	*step
	in     *sequence
	thread int
}

// place is where the calls of a thread are added.
type place struct {
	process *process
	thread  int
}

func newSide(name string, keys *numbering) *side {
	s := &side{
		name: name, keys: keys, steps: make(map[*process]*sequence), ids: make(map[uint64]bool), files: make(map[string]string),
		failed: make(map[string]string), open: make(map[int]openCall), places: make(map[int]*place),
		streams: make(map[*process]streams), pending: make(map[int][]int), bound: make(map[uint64]bool), made: make(map[string]bool), marked: make(map[*step]string),
	}
	s.processes.init()
	for _, name := range [...]string{"file", "desc", "network", "process", "ipc", "creds"} {
		class, _ := tables.ClassByName(name)
		s.classes |= class
	}
	return s
}

// read reads a recording until its end, or until ctx is done.
func (s *side) read(ctx context.Context, r *recording.Reader) error {
	if s.cut = ctx.Err() != nil; s.cut {
		return nil
	}
	s.ids[uint64(r.Info().PID)] = true
	s.began = r.Start()
	o := trace.Options{Follow: true, Files: true, Describe: true, DecodeFDs: trace.AllFDs, DecodePIDs: trace.AllPIDs, StringLimit: 512}
	o.Handler = trace.Handler{
		Enter: s.enter, Exit: s.exit, Signal: s.signal,
		Started: func(p *trace.Process) error {
			s.ids[uint64(p.PID)], s.ids[uint64(p.TGID)], s.ids[uint64(p.PPID)] = true, true, true
			s.streamsOf(s.started(p))
			return nil
		},
		Executed: func(p *trace.Process) error {
			delete(s.places, p.Former)
			delete(s.pending, p.Former)
			delete(s.pending, p.PID)
			s.executed(p)
			return nil
		},
		Ended: func(p *trace.Process) error {
			s.of(p.PID, p.Time)
			s.ended(p)
			delete(s.places, p.PID)
			delete(s.pending, p.PID)
			return nil
		},
	}
	delete(s.ids, 0)
	err := trace.Replay(ctx, r, o)
	if s.cut = ctx.Err() != nil; s.cut {
		s.dropOpen()
		if errors.Is(err, context.Cause(ctx)) {
			return nil
		}
	}
	if err != nil {
		return fmt.Errorf("%s: %w", s.name, err)
	}
	return nil
}

// dropOpen drops the calls whose ends were not read, the last ones of their threads.
func (s *side) dropOpen() {
	for _, call := range s.open {
		for _, calls := range [...]*[]*step{&call.in.threads[call.thread], &call.in.handlers[call.thread]} {
			if n := len(*calls); n > 0 && (*calls)[n-1] == call.step {
				*calls = (*calls)[:n-1]
				s.calls--
			}
		}
	}
}

// whole reports whether all calls and children of a process were read.
func (s *side) whole(p *process) bool { return !s.cut || p.ended }

func (s *side) enter(c *trace.Call) error {
	p := s.of(c.PID, c.Time)
	seq := s.steps[p]
	if seq == nil {
		seq = new(sequence)
		s.steps[p] = seq
	}
	at := s.places[c.PID]
	if at == nil || at.process != p {
		at = &place{p, len(seq.threads)}
		s.places[c.PID] = at
		seq.threads, seq.handlers = append(seq.threads, nil), append(seq.handlers, nil)
	}
	st := &step{at: c.Time.Sub(s.began), outcome: noReturn}
	s.current = s.streamsOf(p)
	s.describe(st, c)
	seq.threads[at.thread] = append(seq.threads[at.thread], st)
	s.open[c.PID] = openCall{st, seq, at.thread}
	s.calls++
	if c.Name == "rt_sigreturn" || c.Name == "sigreturn" {
		s.handled(c.PID, seq, at.thread)
	}
	return nil
}

func (s *side) exit(c *trace.Call) error {
	st := s.open[c.PID].step
	if st == nil {
		return nil
	}
	delete(s.open, c.PID)
	st.at += c.Duration
	st.outcome = ""
	s.current = s.streamsOf(s.of(c.PID, c.Time))
	s.current.opens(c)
	s.makes(c)
	s.ports(c)
	s.describe(st, c)
	result := ""
	switch {
	case c.Errno != 0:
		st.outcome = tables.ErrnoName(uint32(c.Errno))
		result = "-1 " + st.outcome
	default:
		st.outcome = s.number(&c.Result)
		result = c.Result.String()
	}
	st.text += " = " + result
	for i := range c.Files {
		f := &c.Files[i]
		st.moves = st.moves || f.Bytes > 0 && !differsAlways(f.Path)
		if c.Errno == 0 && f.Use&trace.UseRead != 0 && (strings.HasPrefix(f.Path, "pipe:") || strings.HasPrefix(f.Path, "socket:")) {
			st.arrived, st.got = true, f.Bytes
		}
		name := s.fileName(f)
		if f.Path == "" || f.Path[0] != '/' || f.Use&trace.UseDir != 0 || name == stream && (c.Errno == 0 || s.current.onlyAsked(c)) {
			continue
		}
		if f.Path == terminalDevice {
			continue
		}
		if c.Errno == 0 {
			s.files[name] = name
		} else {
			failure := c.Name + " " + name + ": " + st.outcome
			s.failed[failure] = failure
		}
	}
	s.current.closes(c)
	return nil
}

// differsAlways reports whether what a file has differs in each run: it is about the process or
// the machine at this moment, or random.
func differsAlways(path string) bool {
	return strings.HasPrefix(path, "/proc/") || path == "/dev/random" || path == "/dev/urandom"
}

// describe says what a call is.
func (s *side) describe(st *step, c *trace.Call) {
	var key, data strings.Builder
	key.WriteString(c.Name)
	s.ofStream = s.current.in(c)
	s.terminal = s.terminal || isTerminal(s.ofStream)
	for i := range c.Args {
		v := &c.Args[i]
		if v.Name == "envp" {
			continue
		}
		s.add(&key, &data, v, false)
	}
	for i := range c.Files {
		if f := &c.Files[i]; f.FD >= 0 && f.Use&(trace.UseNewFD|trace.UseDir) == 0 {
			key.WriteString(" " + s.fileName(f))
		}
	}
	row := tables.Lookup(c.ABI, c.Number)
	memory, _ := tables.ClassByName("memory")
	creds, _ := tables.ClassByName("creds") // without arguments, they ask who the process is
	st.key, st.data, st.text = s.keys.of(key.String()), data.String(), callText(c)
	if strings.Contains(key.String(), mark) || strings.Contains(st.data, mark) {
		s.marked[st] = key.String()
	}
	st.streams = s.ofStream != ""
	st.weighs = row != nil && row.Classes&s.classes != 0 && row.Classes&memory == 0 && !s.current.onlyAsked(c) &&
		!(row.Classes&creds != 0 && len(c.Args) == 0) && !(isWait(c) && st.outcome != noReturn) && !onTerminalDevice(c)
}

// add writes the part of a value that identifies the call to key, and the rest to data.
func (s *side) add(key, data *strings.Builder, v *trace.Value, inside bool) {
	switch v.Kind {
	case trace.String:
		// The text in a buffer is data; names tell what the call is about.
		if inside || v.Size == 0 && !v.More && v.Name != "buf" {
			key.WriteString(" " + s.plain(v.Str))
		} else {
			data.WriteString(" " + s.plain(v.Str))
		}
	case trace.Bytes:
		data.WriteString(" " + s.plain(v.Str))
	case trace.Number:
		if len(v.Names) > 0 && inside && s.ofStream != "" {
			return // the type of the file
		}
		if len(v.Names) > 0 {
			key.WriteString(" " + strings.Join(v.Names, "|"))
		} else if !inside {
			data.WriteString(" " + s.number(v))
		}
	case trace.Array, trace.Set:
		for i := range v.Elems {
			s.add(key, data, &v.Elems[i], true)
		}
	}
}

// fileName is the name of a file, as it is compared.
func (s *side) fileName(f *trace.FileUse) string {
	if f.FD >= 0 && s.current[f.FD] || f.Name == "" && f.Path == s.ofStream {
		return stream
	}
	return s.plain(f.Path)
}

// number is a number that has the same meaning on both sides.
func (s *side) number(v *trace.Value) string {
	switch {
	case v.Kind != trace.Number, v.Symbolic != nil:
		return ""
	case v.Note("path") != "" && s.current[int(v.Int())]:
		return stream
	case v.Note("path") != "":
		return s.plain(v.Note("path"))
	case v.Note("comm") != "", s.ids[v.Num]:
		return "id"
	}
	// Such numbers are addresses.
	if v.Num >= 1<<40 && v.Num < 1<<47 {
		return "address"
	}
	return strconv.FormatInt(v.Int(), 10)
}

// plain replaces ids and the numbers of sockets and pipes in a text, and marks names that
// may be random.
func (s *side) plain(text string) string {
	for _, kind := range [...]string{"socket:[", "pipe:["} {
		if strings.HasPrefix(text, kind) {
			return kind + "]"
		}
	}
	return s.plainNames(text)
}

// plainIDs replaces ids in a text.
func (s *side) plainIDs(text string) string {
	if !strings.ContainsAny(text, "0123456789") {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); {
		n := 0
		for i+n < len(text) && text[i+n] >= '0' && text[i+n] <= '9' {
			n++
		}
		if n == 0 {
			b.WriteByte(text[i])
			i++
			continue
		}
		digits := text[i : i+n]
		if id, err := strconv.ParseUint(digits, 10, 32); err == nil && n > 1 && s.ids[id] {
			digits = "<id>"
		}
		b.WriteString(digits)
		i += n
	}
	return b.String()
}
