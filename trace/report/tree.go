//go:build linux && amd64

package report

import (
	"fmt"
	"strings"
	"time"

	"trapline/tables"
	"trapline/trace"
)

// treeReport is the tree of processes.
type treeReport struct{ set *Set }

func newTree(s *Set) view {
	r := &treeReport{s}
	return view{text: r.text, json: r.json}
}

// around is where a process was created: its command line is relative to that.
func (r *treeReport) around(p *process, i int) (dir string, env []string) {
	if i > 0 {
		return p.execs[i-1].dir, p.execs[i-1].env
	}
	if p.origin != nil {
		return p.origin.dir, p.origin.env
	}
	if p.attached {
		return "", nil
	}
	return "", r.set.Environment
}

// command is the command line of a program that a process has executed.
func (r *treeReport) command(p *process, i int) string {
	dir, env := r.around(p, i)
	e := &p.execs[i]
	if dir == "" {
		dir = e.dir
	}
	return shellCommand(e, dir, env)
}

func (r *treeReport) text(w *writer) {
	for _, p := range r.set.roots() {
		r.branch(w, p, "", "")
	}
}

// branch writes a process and its descendants. first begins its line, rest the lines
// below.
func (r *treeReport) branch(w *writer, p *process, first, rest string) {
	line := "(" + shown(p.name()) + ")" // it has not executed anything
	if len(p.execs) > 0 {
		line = r.command(p, 0)
	}
	w.line("%s%s  [%s]", first, line, p.facts())
	below := rest + "   "
	if len(p.children) > 0 {
		below = rest + "│  "
	}
	for i := 1; i < len(p.execs); i++ {
		w.line("%sthen %s", below, r.command(p, i))
	}
	for i, child := range p.children {
		if i == len(p.children)-1 {
			r.branch(w, child, rest+"└─ ", rest+"   ")
		} else {
			r.branch(w, child, rest+"├─ ", rest+"│  ")
		}
	}
}

// facts are details about a process beside its command line.
func (p *process) facts() string {
	facts := []string{fmt.Sprint(p.pid), p.outcome()}
	if p.threads > 1 {
		facts = append(facts, fmt.Sprintf("%d threads", p.threads))
	}
	if !p.end.IsZero() && !p.start.IsZero() {
		facts = append(facts, brief(p.end.Sub(p.start)))
	}
	if u := p.usage; u != nil {
		facts = append(facts, "cpu "+brief(u.User)+" + "+brief(u.System))
		if u.MaxRSS > 0 { // the kernel has counted it
			facts = append(facts, size(uint64(u.MaxRSS)<<10))
		}
	}
	return strings.Join(facts, ", ")
}

// outcome says how a process ended.
func (p *process) outcome() string {
	switch {
	case p.detached:
		return "lives on"
	case !p.ended:
		return "end not seen"
	case p.status.Signaled():
		s := "killed by " + tables.SignalName(int(p.status.Signal()))
		if p.status.CoreDump() {
			s += ", core dumped"
		}
		return s
	}
	return fmt.Sprintf("exit %d", p.status.ExitStatus())
}

// brief is a duration with about three digits.
func brief(d time.Duration) string {
	switch {
	case d < 10*time.Second:
		return fmt.Sprintf("%.3fs", d.Seconds())
	case d < time.Minute:
		return fmt.Sprintf("%.1fs", d.Seconds())
	}
	return d.Round(time.Second).String()
}

func (r *treeReport) json(w *writer) {
	for _, p := range r.set.all {
		w.record("process")
		w.number("pid", int64(p.pid))
		if p.parent != nil {
			w.number("parent", int64(p.parent.pid))
			w.number("parent_index", int64(p.parent.order))
		}
		w.number("index", int64(p.order))
		w.number("threads", int64(p.threads))
		if !p.start.IsZero() {
			w.instant("start_ns", p.start)
		}
		if !p.end.IsZero() {
			w.instant("end_ns", p.end)
			w.number("wall_ns", int64(p.end.Sub(p.start)))
		}
		if p.attached {
			w.flag("attached")
		}
		switch {
		case p.detached:
			w.flag("detached")
		case p.ended && p.status.Signaled():
			w.text("signal", tables.SignalName(int(p.status.Signal())))
			if p.status.CoreDump() {
				w.flag("core_dumped")
			}
		case p.ended:
			w.number("code", int64(p.status.ExitStatus()))
		}
		w.open("execs", '[')
		for i := range p.execs {
			r.execJSON(w, p, i)
		}
		w.close(']')
		if p.usage != nil {
			w.usage(p.usage)
		}
		w.end()
	}
}

func (r *treeReport) execJSON(w *writer, p *process, i int) {
	e := &p.execs[i]
	w.open("", '{')
	w.instant("time_ns", e.at)
	if e.exe != "" {
		w.text("exe", e.exe)
	}
	w.texts("argv", e.args)
	if e.dir != "" {
		w.text("cwd", e.dir)
	}
	_, before := r.around(p, i)
	set, unset := environmentChanges(before, e.env)
	w.texts("env_set", set)
	w.texts("env_unset", unset)
	w.text("command", r.command(p, i))
	w.close('}')
}

// usage writes the resources that a process has used, like the records of its end.
func (w *writer) usage(u *trace.Usage) {
	w.open("rusage", '{')
	w.number("user_ns", int64(u.User))
	w.number("system_ns", int64(u.System))
	w.number("maxrss_kib", u.MaxRSS)
	w.number("minor_faults", u.MinorFaults)
	w.number("major_faults", u.MajorFaults)
	w.number("blocks_in", u.BlocksIn)
	w.number("blocks_out", u.BlocksOut)
	w.number("voluntary_switches", u.Voluntary)
	w.number("involuntary_switches", u.Involuntary)
	w.close('}')
}
