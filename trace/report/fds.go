//go:build linux && amd64

package report

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"trapline/tables"
	"trapline/trace"
)

// openFD is a descriptor that is open.
type openFD struct {
	path   string
	socket *socket // what is known of it, if it is one
	call   string  // call that made it
	at     time.Time
	tid    int
	owner  *process // process that made it
	by     string   // program that the process ran then
	onExec bool     // it is closed by execve
	stack  []trace.StackFrame
}

// fdsReport is the report of descriptors that are still open when the processes that
// opened them end.
type fdsReport struct {
	set     *Set
	sockets map[string]*socket // by their names, which are the same in all processes
}

func newFDs(s *Set) view {
	r := &fdsReport{set: s, sockets: make(map[string]*socket)}
	return view{exit: r.exit, started: r.started, executed: r.executed, text: r.text, json: r.json}
}

// started copies the descriptors of a process's creator.
func (r *fdsReport) started(p *process) {
	if p.parent != nil {
		p.fds = maps.Clone(p.parent.fds)
	}
	if p.fds == nil {
		p.fds = make(map[int]*openFD)
	}
}

// executed closes what execve closes.
func (r *fdsReport) executed(p *process) {
	maps.DeleteFunc(p.fds, func(_ int, f *openFD) bool { return f.onExec })
}

func (r *fdsReport) exit(c *trace.Call, p *process) {
	if p.fds == nil {
		p.fds = make(map[int]*openFD)
	}
	if c.Errno == 0 {
		r.rangeClosed(c, p)
		flagged(c, p)
	}
	var listener *socket
	for i := range c.Files {
		u := &c.Files[i]
		if u.FD < 0 {
			continue
		}
		s := r.socket(c, u, listener)
		if u.Use&trace.UseListens != 0 {
			listener = s
		}
		// A close that fails closes the descriptor as well, if there was one.
		if u.Use&trace.UseClosedFD != 0 && u.Use&trace.UseNewFD == 0 && c.Errno != unix.EBADF {
			delete(p.fds, u.FD)
		}
		if u.Use&trace.UseNewFD != 0 && c.Errno == 0 {
			p.fds[u.FD] = &openFD{
				path: u.Path, socket: s, call: c.Name, at: c.Time, tid: c.PID, owner: p, by: p.name(), onExec: u.CloseOnExec, stack: c.Stack,
			}
		}
	}
}

// socket records what a call says of a socket; nil if the file is none. What is known of a
// socket belongs to all its descriptors, also to those that were inherited or passed.
func (r *fdsReport) socket(c *trace.Call, u *trace.FileUse, listener *socket) *socket {
	if !isSocket(u) {
		return nil
	}
	s := r.sockets[u.Path]
	if s == nil {
		s = new(socket)
		s.describe(c, listener)
		r.sockets[u.Path] = s
	}
	s.use(c, u)
	return s
}

// rangeClosed closes the descriptors of close_range, the only call that closes descriptors
// without naming each.
func (r *fdsReport) rangeClosed(c *trace.Call, p *process) {
	first, last := c.Arg("first"), c.Arg("last")
	if c.Name != "close_range" || first.Kind != trace.Number || last.Kind != trace.Number {
		return
	}
	flags := c.Arg("flags")
	for fd, f := range p.fds {
		if uint64(fd) < first.Num || uint64(fd) > last.Num {
			continue
		}
		if flags.Has("CLOSE_RANGE_CLOEXEC") {
			f := *f
			f.onExec = true
			p.fds[fd] = &f
			continue
		}
		delete(p.fds, fd)
	}
}

// flagged follows FD_CLOEXEC, which fcntl and ioctl change.
func flagged(c *trace.Call, p *process) {
	op, arg := c.Arg("op"), c.Arg("arg")
	on := op.Has("F_SETFD") && arg.Has("FD_CLOEXEC") || op.Has("FIOCLEX")
	off := op.Has("F_SETFD") && !arg.Has("FD_CLOEXEC") || op.Has("FIONCLEX")
	if !on && !off || len(c.Files) == 0 {
		return
	}
	if f := p.fds[c.Files[0].FD]; f != nil {
		changed := *f // a child may share the record, but not the flag
		changed.onExec = on
		p.fds[c.Files[0].FD] = &changed
	}
}

// open are the descriptors that a process has opened and not closed, in order, except
// those that standard input and output were redirected to.
func (r *fdsReport) open(p *process) (fds []int) {
	for fd, f := range p.fds {
		if f.owner == p && fd > 2 {
			fds = append(fds, fd)
		}
	}
	slices.Sort(fds)
	return fds
}

func (r *fdsReport) text(w *writer) {
	rows := [][]string{{"pid", "fd", "program", "opened by", "what"}}
	var stacks [][]trace.StackFrame
	for _, p := range r.set.all {
		for _, fd := range r.open(p) {
			f := p.fds[fd]
			by := f.call
			if f.tid != p.pid {
				by += fmt.Sprintf(" of thread %d", f.tid)
			}
			what := shown(f.path)
			if f.socket != nil {
				what += " " + f.socket.text()
			}
			rows = append(rows, []string{strconv.Itoa(p.pid), strconv.Itoa(fd), shown(f.by), by, what})
			stacks = append(stacks, f.stack)
		}
	}
	if len(rows) == 1 {
		w.line("All descriptors that were opened were closed.")
		return
	}
	lines := &writer{}
	lines.table(rows, 2)
	i := -1
	for line := range splitLines(string(lines.b)) {
		w.line("%s", line)
		if i >= 0 {
			for j := range stacks[i] {
				w.line("      %s", frameText(&stacks[i][j]))
			}
		}
		i++
	}
}

// frameText is a frame of a stack, as the trace shows it.
func frameText(f *trace.StackFrame) string {
	switch {
	case f.Symbol != "":
		return fmt.Sprintf("%s(%s+%#x)", shown(f.File), shown(f.Symbol), f.Offset)
	case f.File != "":
		return fmt.Sprintf("%s() [%#x]", shown(f.File), f.Addr)
	}
	return fmt.Sprintf("[%#x]", f.PC)
}

func (r *fdsReport) json(w *writer) {
	for _, p := range r.set.all {
		for _, fd := range r.open(p) {
			f := p.fds[fd]
			w.record("descriptor")
			w.number("pid", int64(p.pid))
			w.text("program", f.by)
			w.number("fd", int64(fd))
			w.text("path", f.path)
			if f.socket != nil {
				w.ends(f.socket)
				if f.socket.listens {
					w.flag("listens")
				}
				if f.socket.refused != 0 {
					w.text("connect_error", tables.ErrnoName(uint32(f.socket.refused)))
				}
			}
			w.text("call", f.call)
			w.number("tid", int64(f.tid))
			w.instant("opened_ns", f.at)
			if f.onExec {
				w.flag("close_on_exec")
			}
			if len(f.stack) > 0 {
				w.open("stack", '[')
				for i := range f.stack {
					w.frame(&f.stack[i])
				}
				w.close(']')
			}
			w.end()
		}
	}
}

// frame writes a frame, as the records of calls have them.
func (w *writer) frame(f *trace.StackFrame) {
	w.open("", '{')
	w.text("ip", fmt.Sprintf("%#x", f.PC))
	if f.File != "" {
		w.text("file", f.File)
		w.text("addr", fmt.Sprintf("%#x", f.Addr))
		if f.Symbol != "" {
			w.text("symbol", f.Symbol)
			w.number("offset", int64(f.Offset))
		}
		if f.Source != "" {
			w.text("source", f.Source)
			w.number("line", int64(f.Line))
		}
	}
	w.close('}')
}
