//go:build linux && amd64

package tui

import (
	"fmt"
	"path"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"trapline/tables"
	"trapline/trace/recording"
)

// survey reads a recording once in the background, without decoding its calls, to learn
// what its processes are called and how many calls they made.
type survey struct {
	r       *recording.Reader
	threads []recording.ThreadEvent
	read    atomic.Uint64 // events
	over    atomic.Bool
	stop    atomic.Bool

	mu        sync.Mutex
	processes []Process
	byTID     map[int]int // the last one of that id
}

// newSurvey makes a survey. If the end of the recording is missing, it finds the events of
// threads in the blocks.
func newSurvey(r *recording.Reader) *survey {
	s := &survey{r: r, threads: r.Threads(), byTID: map[int]int{}}
	if !r.Complete() {
		s.threads = nil
		c := r.Events()
		defer c.Close()
		for {
			ev, err := c.Next()
			if err != nil {
				break
			}
			if ev.Kind.Ends() {
				s.threads = append(s.threads, recording.ThreadEvent{Kind: ev.Kind, TID: ev.TID, Number: ev.Number})
			}
		}
	}
	return s
}

// run reads the recording.
func (s *survey) run() {
	defer s.over.Store(true)
	c := s.r.Events()
	defer c.Close()
	for !s.stop.Load() {
		ev, err := c.Next()
		if err != nil { // io.EOF, or the recording is damaged, which pages report
			return
		}
		if s.read.Add(1); ev.Kind != recording.Enter {
			s.event(ev, c.Host())
		}
	}
}

// event takes in an event.
func (s *survey) event(ev *recording.Event, h *recording.Host) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch ev.Kind {
	case recording.Launched, recording.Attached, recording.Created:
		s.begin(ev, h)
		return
	}
	i, ok := s.byTID[ev.TID]
	if !ok {
		return
	}
	p := &s.processes[i]
	switch ev.Kind {
	case recording.Exit:
		p.Calls++
		if ev.Call.IsError {
			p.Errors++
		}
	case recording.Exec:
		s.describe(p, h)
	case recording.Exited:
		p.Ended, p.How = ev.Time, fmt.Sprintf("exited with %d", ev.Status.ExitStatus())
	case recording.Killed:
		p.Ended, p.How = ev.Time, "killed by "+tables.SignalName(int(ev.Signal))
	}
}

// begin adds a process or thread.
func (s *survey) begin(ev *recording.Event, h *recording.Host) {
	p := Process{TID: ev.TID, TGID: ev.TID, Parent: ev.Parent, Began: ev.Time}
	if id, ok := h.Identity(h.Process(ev.TID)); ok {
		p.TGID = id.TGID
	}
	if ev.Kind != recording.Launched {
		s.describe(&p, h)
	}
	s.byTID[p.TID] = len(s.processes)
	s.processes = append(s.processes, p)
}

// describe finds out what a process executes.
func (s *survey) describe(p *Process, h *recording.Host) {
	process := h.Process(p.TID)
	p.Args = list(h.Arguments(process))
	if len(p.Args) > 0 {
		p.Name = path.Base(p.Args[0])
		return
	}
	var b [unix.PathMax]byte
	if exe := h.Executable(b[:], process); exe != nil {
		p.Name = path.Base(string(exe))
	}
}

// list returns the processes and threads so far.
func (s *survey) list() []Process {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Process(nil), s.processes...)
}

// progress reports how much was read, from 0 to 1; false at the end.
func (s *survey) progress() (part float64, busy bool) {
	if s.over.Load() {
		return 1, false
	}
	return float64(s.read.Load()) / float64(max(1, s.r.NumEvents())), true
}

// process returns what is known of the last process or thread with an id, or nil.
func (s *survey) process(tid int) *Process {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i, ok := s.byTID[tid]; ok {
		found := s.processes[i]
		return &found
	}
	return nil
}
