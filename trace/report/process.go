//go:build linux && amd64

package report

import (
	"path"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"trapline/trace"
)

// process is a process of the trace. Processes that have the same id one after the other
// are different processes.
type process struct {
	pid      int
	parent   *process // nil if the creator is not traced
	children []*process
	order    int // position of its beginning among those of all processes

	start, end time.Time   // zero if not seen
	threads    int         // how many it has had
	living     int         // how many of them are alive
	execs      []execution // the programs that it has executed; the first may be older than the trace
	origin     *execution  // the program that its creator ran then, or nil
	attached   bool        // the trace began while it was running
	detached   bool        // it continues untraced
	ended      bool
	status     unix.WaitStatus
	usage      *trace.Usage

	fds map[int]*openFD // with the report of descriptors

	searches map[string]*search // of files that have not been found yet, by the last part of the name
	lookups  int                // of files by name
}

// execution is a program that a process executes.
type execution struct {
	at       time.Time
	exe, dir string
	args     []string
	env      []string // nil if it is not known
}

// program is the program that a process runs now; nil if it is not known.
func (p *process) program() *execution {
	if n := len(p.execs); n > 0 {
		return &p.execs[n-1]
	}
	return p.origin
}

// name is the name of its program.
func (p *process) name() string {
	e := p.program()
	switch {
	case e == nil:
		return "?"
	case len(e.args) > 0 && e.args[0] != "":
		return path.Base(e.args[0])
	case e.exe != "":
		return path.Base(e.exe)
	}
	return "?"
}

// processes are the processes of a trace.
type processes struct {
	all     []*process
	threads map[int]*process // by the ids of their threads
}

func (ps *processes) init() { ps.threads = make(map[int]*process) }

// add begins a process.
func (ps *processes) add(pid int, parent *process, at time.Time) *process {
	p := &process{pid: pid, parent: parent, order: len(ps.all), start: at}
	if parent != nil {
		parent.begets(p)
		if e := parent.program(); e != nil {
			origin := *e // the list may move in memory
			p.origin = &origin
		}
	}
	ps.all = append(ps.all, p)
	return p
}

// begets adds a child after those that were created before it.
func (p *process) begets(child *process) {
	i := len(p.children)
	for i > 0 && trace.CreatedBefore(child.pid, p.children[i-1].pid) {
		i--
	}
	p.children = slices.Insert(p.children, i, child)
}

// of finds the process of a thread.
func (ps *processes) of(tid int, at time.Time) *process {
	p := ps.threads[tid]
	if p == nil {
		p = ps.add(tid, nil, at)
		ps.threads[tid] = p
		p.threads, p.living = 1, 1
	}
	return p
}

func (ps *processes) started(t *trace.Process) *process {
	var p *process
	creator := ps.threads[t.Parent]
	if t.TGID != 0 && t.TGID != t.PID {
		p = ps.threads[t.TGID]
	}
	if p == nil || p.ended {
		pid := t.TGID
		if pid == 0 {
			pid = t.PID
		}
		p = ps.add(pid, creator, t.Time)
		if creator == nil {
			creator = ps.threads[t.PPID]
			p.attached = len(t.Args) > 0 || t.Exe != ""
			if creator != nil && creator != p && p.attached {
				p.parent = creator // both were attached to
				creator.begets(p)
			}
		}
		if p.attached {
			p.execs = []execution{{t.Time, t.Exe, t.Dir, t.Args, t.Env}}
		}
		ps.threads[pid] = p
	}
	p.threads++
	p.living++
	ps.threads[t.PID] = p
	return p
}

func (ps *processes) executed(t *trace.Process) *process {
	id := t.PID
	if t.Former != 0 {
		id = t.Former
	}
	p := ps.of(id, t.Time)
	if t.Former != 0 {
		delete(ps.threads, t.Former)
		ps.threads[t.PID] = p
	}
	p.living = 1 // all other threads are gone
	p.execs = append(p.execs, execution{t.Time, t.Exe, t.Dir, t.Args, t.Env})
	return p
}

func (ps *processes) ended(t *trace.Process) {
	p := ps.threads[t.PID]
	delete(ps.threads, t.PID)
	p.living--
	if t.PID != p.pid {
		return
	}
	p.end, p.usage = t.Time, t.Usage
	if t.Detached {
		p.detached = true
		return
	}
	p.ended, p.status = true, t.Status
}

// roots are the processes whose creators are not in the trace.
func (ps *processes) roots() []*process {
	return slices.DeleteFunc(slices.Clone(ps.all), func(p *process) bool { return p.parent != nil })
}
