//go:build linux && amd64

package report

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"time"

	"trapline/trace"
)

// timeReport is the report of where the elapsed time went.
type timeReport struct {
	set     *Set
	threads map[int]*threadTime
	of      map[*process]*processTime
	order   []*processTime
	all     busy // in any call
	slowest []slowCall
	first   time.Time
	last    time.Time
}

// processTime is what is known of a process.
type processTime struct {
	process *process
	busy    busy // at least one thread was in a call
	calls   time.Duration
	stopped time.Duration // of all its threads
	on      map[waitKey]*waited
}

// threadTime is what is known of a thread.
type threadTime struct {
	inCall  bool
	stopped time.Time // since when it is stopped, or zero
}

// busy adds up the time in which at least one of several things was going on.
type busy struct {
	n     int
	since time.Time
	sum   time.Duration
}

func (b *busy) begin(at time.Time) {
	if b.n++; b.n == 1 {
		b.since = at
	}
}

func (b *busy) end(at time.Time) {
	if b.n == 0 {
		return
	}
	if b.n--; b.n == 0 {
		b.sum += at.Sub(b.since)
	}
}

// total is the sum until now.
func (b *busy) total(now time.Time) time.Duration {
	if b.n > 0 {
		return b.sum + now.Sub(b.since)
	}
	return b.sum
}

// waitKey is a call, and the file that it uses or "".
type waitKey struct{ call, file string }

// waited is the time spent in such calls.
type waited struct {
	key   waitKey
	calls int
	spent time.Duration
}

// slowCall is one of the slowest calls.
type slowCall struct {
	call    *trace.Call
	process *process
}

// slowestMax is the number of calls that are shown one by one.
const slowestMax = 10

func newTime(s *Set) view {
	r := &timeReport{set: s, threads: make(map[int]*threadTime), of: make(map[*process]*processTime)}
	return view{
		enter: r.enter, exit: r.exit, stopped: r.stopped, threadEnded: r.threadEnded,
		started: func(p *process) { r.seen(p.start); r.process(p) },
		text:    r.text, json: r.json,
	}
}

func (r *timeReport) seen(at time.Time) {
	if r.first.IsZero() {
		r.first = at
	}
	if at.After(r.last) {
		r.last = at
	}
}

func (r *timeReport) process(p *process) *processTime {
	t := r.of[p]
	if t == nil {
		t = &processTime{process: p, on: make(map[waitKey]*waited)}
		r.of[p] = t
		r.order = append(r.order, t)
	}
	return t
}

// thread finds a thread, which runs again if it was stopped.
func (r *timeReport) thread(tid int, p *process, at time.Time) *threadTime {
	r.seen(at)
	t := r.threads[tid]
	if t == nil {
		t = new(threadTime)
		r.threads[tid] = t
	}
	if !t.stopped.IsZero() {
		r.process(p).stopped += at.Sub(t.stopped)
		t.stopped = time.Time{}
	}
	return t
}

func (r *timeReport) enter(c *trace.Call, p *process) {
	t := r.thread(c.PID, p, c.Time)
	if !t.inCall {
		t.inCall = true
		r.all.begin(c.Time)
		r.process(p).busy.begin(c.Time)
	}
}

func (r *timeReport) exit(c *trace.Call, p *process) {
	end := c.Time.Add(c.Duration)
	r.leave(r.thread(c.PID, p, end), p, end)
	pt := r.process(p)
	pt.calls += c.Duration
	key := waitKey{call: c.Name}
	for i := range c.Files {
		if f := &c.Files[i]; f.Path != "" && f.Use&trace.UseDir == 0 {
			key.file = f.Path
			break
		}
	}
	on := pt.on[key]
	if on == nil {
		on = &waited{key: key}
		pt.on[key] = on
	}
	on.calls++
	on.spent += c.Duration
	if n := len(r.slowest); n < slowestMax || c.Duration > r.slowest[n-1].call.Duration {
		i, _ := slices.BinarySearchFunc(r.slowest, c.Duration, func(s slowCall, d time.Duration) int { return cmp.Compare(d, s.call.Duration) })
		r.slowest = slices.Insert(r.slowest, i, slowCall{c, p})
		r.slowest = r.slowest[:min(len(r.slowest), slowestMax)]
	}
}

func (r *timeReport) leave(t *threadTime, p *process, at time.Time) {
	if t.inCall {
		t.inCall = false
		r.all.end(at)
		r.process(p).busy.end(at)
	}
}

func (r *timeReport) stopped(t *trace.Process, p *process) {
	r.thread(t.PID, p, t.Time).stopped = t.Time
}

func (r *timeReport) threadEnded(t *trace.Process, p *process) {
	r.leave(r.thread(t.PID, p, t.Time), p, t.Time)
	delete(r.threads, t.PID)
}

// elapsed is how long a process was seen.
func (r *timeReport) elapsed(p *process) time.Duration {
	end := p.end
	if end.IsZero() {
		end = r.last
	}
	return max(0, end.Sub(p.start))
}

// outside is the time in which no thread of a process was in a call: it computed, or waited
// for a processor or for trapline.
func (r *timeReport) outside(t *processTime) time.Duration {
	return max(0, r.elapsed(t.process)-t.busy.total(r.last)-t.stopped)
}

// longest are the calls in which a process spent most of its time.
func (t *processTime) longest(most int) (list []*waited) {
	for _, on := range t.on {
		list = append(list, on)
	}
	slices.SortFunc(list, func(a, b *waited) int {
		return cmp.Or(cmp.Compare(b.spent, a.spent), cmp.Compare(a.key.call, b.key.call), cmp.Compare(a.key.file, b.key.file))
	})
	return list[:min(len(list), most)]
}

func (r *timeReport) text(w *writer) {
	elapsed := r.last.Sub(r.first)
	w.line("At least one call was in progress for %s of %s seconds.", seconds(r.all.total(r.last)), seconds(elapsed))
	w.line("")
	rows := [][]string{{"elapsed", "in calls", "outside", "stopped", "user", "system", "pid", "program, and the calls that took most of its time"}}
	for _, t := range r.order {
		user, system := "", ""
		if u := t.process.usage; u != nil {
			user, system = seconds(u.User), seconds(u.System)
		}
		rows = append(rows, []string{
			seconds(r.elapsed(t.process)), seconds(t.busy.total(r.last)), seconds(r.outside(t)), seconds(t.stopped), user, system,
			strconv.Itoa(t.process.pid), shown(t.process.name()),
		})
		for _, on := range t.longest(3) {
			text := fmt.Sprintf("  %s, %d times", on.key.call, on.calls)
			if on.calls == 1 {
				text = "  " + on.key.call + ", once"
			}
			if on.key.file != "" {
				text += ": " + shown(on.key.file)
			}
			rows = append(rows, []string{"", seconds(on.spent), "", "", "", "", "", text})
		}
	}
	w.table(rows, 7)
	w.line("")
	rows = [][]string{{"duration", "after", "pid", "slowest calls"}}
	for _, s := range r.slowest {
		c := s.call
		rows = append(rows, []string{seconds(c.Duration), seconds(c.Time.Sub(r.first)), strconv.Itoa(c.PID), callText(c)})
	}
	w.table(rows, 3)
}

// callText is a call in one line for people.
func callText(c *trace.Call) string {
	text := c.Name + "("
	for i := range c.Args {
		if i > 0 {
			text += ", "
		}
		text += c.Args[i].String()
	}
	const most = 100
	if runes := []rune(text); len(runes) > most {
		text = string(runes[:most]) + "..."
	}
	text += ")"
	for i := range c.Files {
		if f := &c.Files[i]; f.Path != "" && f.FD >= 0 {
			text += " " + shown(f.Path)
			break
		}
	}
	return text
}

func (r *timeReport) json(w *writer) {
	w.record("time")
	w.number("elapsed_ns", int64(r.last.Sub(r.first)))
	w.number("in_calls_ns", int64(r.all.total(r.last)))
	w.end()
	for _, t := range r.order {
		w.record("time_process")
		w.number("pid", int64(t.process.pid))
		w.text("program", t.process.name())
		w.number("elapsed_ns", int64(r.elapsed(t.process)))
		w.number("in_calls_ns", int64(t.busy.total(r.last)))
		w.number("calls_ns", int64(t.calls))
		w.number("outside_ns", int64(r.outside(t)))
		w.number("stopped_ns", int64(t.stopped))
		if t.process.usage != nil {
			w.usage(t.process.usage)
		}
		w.open("calls", '[')
		for _, on := range t.longest(len(t.on)) {
			w.open("", '{')
			w.text("name", on.key.call)
			if on.key.file != "" {
				w.text("path", on.key.file)
			}
			w.number("calls", int64(on.calls))
			w.number("duration_ns", int64(on.spent))
			w.close('}')
		}
		w.close(']')
		w.end()
	}
	for _, s := range r.slowest {
		w.record("slow_call")
		w.number("pid", int64(s.call.PID))
		w.number("tgid", int64(s.process.pid))
		w.text("name", s.call.Name)
		w.instant("start_ns", s.call.Time)
		w.number("duration_ns", int64(s.call.Duration))
		w.text("call", callText(s.call))
		w.end()
	}
}
