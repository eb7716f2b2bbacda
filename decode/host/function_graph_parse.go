package host

import (
	"bytes"
	"strconv"
	"strings"
	"time"
)

// graphParser reads the text of function_graph (Documentation/trace/ftrace.rst):
//
//  0. |  do_utimes() {
//  0. 1.202 us    |    user_path_at_empty();
//  0. + 12.520 us   |  }
//
// A line with two commands and pids says that a processor switches from one thread to
// another. The parser leaves out functions of interrupts, and functions that run only
// because a thread is traced, with everything that they call.
type graphParser struct {
	tid   int
	pids  map[string]int // the thread that each processor runs; empty before the first switch
	lines []graphLine
	lost  int
}

// graphLine is a function that the kernel has entered, left, or both.
type graphLine struct {
	KernelFunction
	indent  int
	enters  bool
	returns bool
	pid     int    // the thread, or unknownPID
	cpu     string // the processor, if the thread is not known
}

// Instead of a thread: unknownPID, on a processor that has not switched yet, and a thread
// that is not the recorded one.
const (
	unknownPID = -1
	otherPID   = -2
)

// maxGraphLines limits how much is kept of one call.
const maxGraphLines = 1 << 20

func (p *graphParser) begin(tid int) { p.tid, p.lines, p.lost = tid, p.lines[:0], 0 }

// parse parses the complete lines of b[:n], moves the rest to the start of b, and
// returns its length. A line that does not fit into b is dropped.
func (p *graphParser) parse(b []byte, n int) int {
	text := b[:n]
	for {
		line, after, found := bytes.Cut(text, []byte("\n"))
		if !found {
			break
		}
		p.line(string(line))
		text = after
	}
	if len(text) == len(b) {
		return 0
	}
	return copy(b, text)
}

// line parses one line.
func (p *graphParser) line(line string) {
	if before, after, found := strings.Cut(line, " [LOST "); found && strings.HasPrefix(strings.TrimSpace(before), "CPU:") {
		count, _, _ := strings.Cut(after, " ")
		n, _ := strconv.Atoi(count)
		p.lost += max(0, n)
		return
	}
	cpu, rest, found := strings.Cut(line, ")")
	if !found {
		return
	}
	cpu = strings.TrimSpace(cpu)
	bar := strings.Index(rest, "|")
	if bar < 0 {
		p.change(cpu, rest)
		return
	}
	columns, call := rest[:bar], rest[bar+1:]
	// With options that a user has set there are more columns, with a bar between.
	for {
		next := strings.Index(call, "|  ")
		if next < 0 {
			break
		}
		columns, call = call[:next], call[next+1:]
	}
	name := strings.TrimLeft(call, " ")
	indent := len(call) - len(name)
	if name == "" || strings.HasPrefix(name, "/*") || len(p.lines) >= maxGraphLines {
		return // a mark of an interrupt, or a comment
	}
	l := graphLine{indent: indent, pid: unknownPID, cpu: cpu}
	if pid, known := p.pids[cpu]; known {
		if pid != p.tid {
			return
		}
		l.pid = pid
	}
	l.Duration = parseGraphDuration(columns)
	if name[0] == '}' {
		l.returns = true
	} else {
		end := strings.IndexByte(name, '(')
		if end < 0 {
			return
		}
		l.enters, l.returns = true, !strings.HasSuffix(strings.TrimRight(name, " "), "{")
		l.Name = strings.TrimSpace(name[:end])
		if at := strings.IndexByte(l.Name, ' '); at > 0 { // "ext4_lookup [ext4]"
			l.Name, l.Module = l.Name[:at], strings.Trim(l.Name[at:], " []")
		}
	}
	p.lines = append(p.lines, l)
}

// change notes that a processor switches to another thread: " a-12 => b-34".
func (p *graphParser) change(cpu, text string) {
	at := strings.LastIndex(text, "=>")
	if at < 0 {
		return
	}
	now, ok := graphPID(text[at:])
	if !ok {
		return
	}
	if _, had := p.pids[cpu]; !had {
		before, known := graphPID(text[:at]) // a command may contain anything, even "=>"
		switch {
		case now == p.tid:
			p.settle(cpu, otherPID)
		case known:
			p.settle(cpu, before)
		}
	}
	p.pids[cpu] = now
}

// settle says which thread a processor ran before its first switch.
func (p *graphParser) settle(cpu string, pid int) {
	for i := range p.lines {
		if l := &p.lines[i]; l.pid == unknownPID && l.cpu == cpu {
			l.pid = pid
		}
	}
}

// graphPID returns the pid at the end of a command and a pid.
func graphPID(text string) (int, bool) {
	text = strings.TrimSpace(text)
	pid, err := strconv.Atoi(text[strings.LastIndexByte(text, '-')+1:])
	return pid, err == nil
}

// end returns the functions of the thread that have returned, and how many entries and
// returns were lost.
func (p *graphParser) end() ([]KernelFunction, int) {
	p.match()
	var functions []KernelFunction
	var indents []int
	skip := -1 // functions with a greater indentation belong to one that is left out
	for i := range p.lines {
		l := &p.lines[i]
		if !p.own(l) || !l.enters || skip >= 0 && l.indent > skip {
			continue
		}
		skip = -1
		if !l.returns || isAside(l.Name) {
			skip = l.indent
			continue
		}
		for len(indents) > 0 && indents[len(indents)-1] >= l.indent {
			indents = indents[:len(indents)-1]
		}
		l.Depth = len(indents)
		indents = append(indents, l.indent)
		functions = append(functions, l.KernelFunction)
	}
	return functions, p.lost
}

// own reports whether a line is the thread's. A processor that has not switched has run
// only this thread, since no other is recorded.
func (p *graphParser) own(l *graphLine) bool { return l.pid == p.tid || l.pid == unknownPID }

// match finds the return of each function. It ignores a return whose entry was not
// recorded, or was lost.
func (p *graphParser) match() {
	var open []int // functions that have not returned
	for i := range p.lines {
		l := &p.lines[i]
		if !p.own(l) {
			continue
		}
		n := len(open)
		for n > 0 && p.lines[open[n-1]].indent > l.indent {
			n-- // the return was lost
		}
		if n > 0 && p.lines[open[n-1]].indent == l.indent {
			n--
			if !l.enters {
				entry := &p.lines[open[n]]
				entry.returns, entry.Duration = true, l.Duration
			}
		}
		open = open[:n]
		if l.enters && !l.returns {
			open = append(open, i)
		}
	}
}

// parseGraphDuration reads the column of durations: "+ 12.520 us", or nothing.
func parseGraphDuration(column string) time.Duration {
	number, found := strings.CutSuffix(strings.TrimSpace(column), " us")
	if !found {
		return -1
	}
	number = number[strings.LastIndexByte(number, ' ')+1:]
	us, err := strconv.ParseFloat(number, 64)
	if err != nil || us < 0 || us > 1e15 {
		return -1
	}
	return time.Duration(us*1000 + 0.5)
}

// isAside reports whether a function is not part of a call: it serves an interrupt, stops
// a tracee, or belongs to ftrace.
func isAside(name string) bool {
	switch name {
	case "irq_enter_rcu", "irq_exit_rcu", "__irq_exit_rcu", "__common_interrupt", "irqentry_exit_cond_resched",
		"raw_irqentry_exit_cond_resched", "default_do_nmi", "nmi_handle",
		"ptrace_stop", "ptrace_notify", "ptrace_do_notify":
		return true
	}
	return strings.HasPrefix(name, "__sysvec_") || strings.HasPrefix(name, "sysvec_") || strings.HasPrefix(name, "__traceiter_")
}
