//go:build linux && amd64

package trace

import (
	"time"

	"trapline/output"
	"trapline/tracer"
)

// startSummary sets the defaults of a summary.
func startSummary(sum *Summary) {
	if sum.Columns == nil {
		sum.Columns = output.DefaultColumns
		if sum.Sort == output.ColumnNone {
			sum.Sort = output.ColumnPercent
		}
	}
}

// count adds a completed call to the summary.
func (s *Session) count(t *tracee, ev *tracer.Event, now time.Time) {
	d := &t.call
	s.o.Summary.Count(d.ABI, d.NR, d.Sig.Name, systemTime(ev)-t.cpu, now.Sub(t.entered), ev.Call.IsError)
}

// systemTime is the processor time that a tracee has spent in the kernel.
func systemTime(ev *tracer.Event) time.Duration {
	return time.Duration(ev.Usage.Stime.Nano())
}

// writeSummaries writes results known only at the end of the trace: the
// summary, and unexplained register changes.
func (s *Session) writeSummaries() {
	if s.log == nil {
		return
	}
	if s.o.Summary != nil {
		s.log.Summary(s.o.Summary)
	}
	s.log.Unexplained(&s.unexplained)
}
