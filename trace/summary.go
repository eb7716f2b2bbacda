//go:build linux && amd64

package trace

import (
	"fmt"
	"time"

	"trapline/output"
	"trapline/tracer"
)

// tally counts calls, for Options.Summary and for tables that cover a part of the trace.
type tally struct {
	total    *Summary
	current  *Summary // where calls are counted now; total if there are no parts
	overlap  output.Overlap
	began    time.Time // of the trace
	since    time.Time // when current began
	keys     *summaryKeys
	separate map[int]*Summary // with a file for each process: by process id; else nil
}

// newTally starts Options.Summary.
func (s *Session) newTally() *tally {
	sum := s.o.Summary
	if sum == nil {
		return nil
	}
	if sum.Columns == nil {
		sum.Columns = output.DefaultColumns
		if sum.Sort == output.ColumnNone {
			sum.Sort = output.ColumnPercent
		}
	}
	y := &tally{total: sum, current: sum, began: s.began()}
	y.since = y.began
	if s.o.SummaryEvery > 0 {
		y.current = sum.Empty()
	}
	if sum.By != output.ByName {
		y.keys = newSummaryKeys(s, sum.By)
	}
	if s.o.Output != nil && s.o.Output.Separate && s.o.Output.Name != "" {
		y.separate = make(map[int]*Summary)
	}
	return y
}

// began returns when the trace began.
func (s *Session) began() time.Time {
	if s.past != nil {
		return s.past.info.Start
	}
	return time.Now()
}

// beginCount handles the entry of a call that is to be counted.
func (s *Session) beginCount(t *tracee, ev *tracer.Event) {
	y := s.tally
	t.cpu = systemTime(ev)
	if y.total.Overlaps && !t.counting {
		t.counting = true
		y.overlap.Begin(t.entered)
	}
	if y.keys != nil {
		y.keys.enter(t, ev.Call, s.inner)
	}
}

// endCount handles the end of such a call, seen or not.
func (s *Session) endCount(t *tracee, now time.Time) {
	if t.counting {
		t.counting = false
		s.tally.overlap.End(now)
	}
}

// count adds a completed call to the summary.
func (s *Session) count(t *tracee, ev *tracer.Event, now time.Time) {
	y, d := s.tally, &t.call
	name, nr := d.Sig.Name, d.NR
	if y.keys != nil {
		name, nr = y.keys.exit(t, ev), 0
	}
	sum := y.current
	if y.separate != nil {
		sum = y.of(t, ev.Tracee)
	}
	wall := now.Sub(t.entered)
	cpu := wall // the processor time of a call that did not stop, or whose time was not recorded, is unknown
	if ev.Usage != nil {
		cpu = systemTime(ev) - t.cpu
	}
	sum.Count(d.ABI, nr, name, cpu, wall, ev.Call.IsError)
}

// of returns the summary of a tracee's process.
func (y *tally) of(t *tracee, tr *tracer.Tracee) *Summary {
	id := t.tgid
	if id == 0 {
		id = tr.TID
	}
	sum := y.separate[id]
	if sum == nil {
		sum = y.total.Empty()
		y.separate[id] = sum
	}
	return sum
}

// systemTime is the processor time that a tracee has spent in the kernel.
func systemTime(ev *tracer.Event) time.Duration {
	if ev.Usage == nil {
		return 0
	}
	return time.Duration(ev.Usage.Stime.Nano())
}

// finishPart adds the current part to the total, and returns it.
func (y *tally) finishPart(now time.Time) *Summary {
	part := y.current
	elapsed, overlapped := y.overlap.Take(now)
	part.Elapsed += elapsed
	part.Overlapped = part.Overlapped || overlapped
	part.From, part.To = y.since, now
	y.since = now
	if part != y.total {
		y.current = part.Empty()
		y.total.Merge(part)
	}
	return part
}

// writePart writes a table of the calls since the last one.
func (s *Session) writePart(now time.Time) {
	y := s.tally
	if s.log == nil || y.current == y.total {
		return
	}
	part := y.finishPart(now)
	part.Title = fmt.Sprintf("From %.3f to %.3f seconds:", part.From.Sub(y.began).Seconds(), part.To.Sub(y.began).Seconds())
	part.At = now
	s.log.Summary(part)
	s.log.Flush()
}

// WriteSummary writes a table of all calls so far. It may be called from any
// goroutine during Run.
func (s *Session) WriteSummary() {
	s.source.Do(func() {
		y := s.tally
		if s.log == nil || y == nil || y.separate != nil {
			return
		}
		now := s.present()
		y.finishPart(now)
		total := *y.total
		total.From, total.To = y.began, y.since
		total.Title = fmt.Sprintf("The first %.3f seconds:", y.since.Sub(y.began).Seconds())
		total.At = now
		s.log.Summary(&total)
		s.log.Flush()
	})
}

// writePeriodically calls writePart as Options.SummaryEvery says until stopped.
func (s *Session) writePeriodically() (stop func()) {
	if s.tally == nil || s.o.SummaryEvery <= 0 || s.past != nil { // see pastTime
		return func() {}
	}
	ticker, done := time.NewTicker(s.o.SummaryEvery), make(chan struct{})
	go func() {
		for {
			select {
			case <-ticker.C:
				s.source.Do(func() { s.writePart(s.present()) })
			case <-done:
				return
			}
		}
	}()
	return func() {
		ticker.Stop()
		close(done)
	}
}

// writeProcessSummary writes the table of a process to its own file when the process, or
// its trace, ends.
func (s *Session) writeProcessSummary(t *tracee, tr *tracer.Tracee) {
	if s.tally == nil || s.tally.separate == nil || t.tgid != 0 && t.tgid != tr.TID {
		return
	}
	sum := s.tally.separate[tr.TID]
	if sum == nil {
		return
	}
	delete(s.tally.separate, tr.TID)
	t.trace.Summary(sum)
}

// writeSummaries writes results known only at the end of the trace: the
// summary, and unexplained register changes.
func (s *Session) writeSummaries() {
	if s.log == nil {
		return
	}
	if y := s.tally; y != nil && y.separate == nil {
		if y.current != y.total {
			s.writePart(s.clock())
			y.total.Title = "All of the trace:"
			y.total.From, y.total.To = y.began, y.since
		} else if y.total.Overlaps {
			y.finishPart(s.clock())
			y.total.From, y.total.To = time.Time{}, time.Time{}
		}
		y.total.At = s.when
		s.log.Summary(y.total)
	}
	s.log.Unexplained(&s.unexplained)
}
