package json

import (
	"strconv"
	"time"

	"trapline/output"
	"trapline/tables"
)

// Summary implements output.Writer: an object for each call.
func (j *writer) Summary(s *output.Summary) {
	at := s.At
	if at.IsZero() {
		at = time.Now()
	}
	for _, abi := range tables.ABIs {
		for _, c := range s.Calls(abi) {
			j.record("summary")
			j.time(at)
			if !s.From.IsZero() {
				j.integer("from_ns", j.opt.Stamp(s.From))
				j.integer("to_ns", j.opt.Stamp(s.To))
			}
			j.member("abi")
			j.string(abi.String())
			if c.Name == output.NoKey && s.By != output.ByName {
				j.member(s.By.String())
				j.buf = append(j.buf, "null"...)
			} else {
				j.nameOf(s.By.String(), c.Name)
			}
			j.member("calls")
			j.number(c.Calls, output.Unsigned)
			j.member("errors")
			j.number(c.Errors, output.Unsigned)
			j.times("cpu_ns", &c.CPU)
			j.times("wall_ns", &c.Wall)
			if s.Percentiles {
				j.durations(&c.Durations, s.Histogram)
			}
			j.end(nil)
		}
	}
	if s.Overlaps {
		j.record("summary_total")
		j.time(at)
		if !s.From.IsZero() {
			j.integer("from_ns", j.opt.Stamp(s.From))
			j.integer("to_ns", j.opt.Stamp(s.To))
		}
		j.integer("elapsed_ns", int64(s.Elapsed))
		if s.Overlapped {
			j.flag("overlapped")
		}
		j.end(nil)
	}
}

// durations writes percentiles of the durations of calls and, if asked for, how
// many calls took how long.
func (j *writer) durations(d *output.Durations, histogram bool) {
	j.member("percentiles_ns")
	j.buf = append(j.buf, '{')
	for _, c := range []output.Column{output.ColumnP50, output.ColumnP95, output.ColumnP99} {
		j.integer("p"+strconv.Itoa(int(c.Percent())), int64(d.Percentile(c.Percent())))
	}
	j.buf = append(j.buf, '}')
	if !histogram {
		return
	}
	j.member("histogram")
	j.buf = append(j.buf, '[')
	for i, bar := range d.Histogram() {
		if i > 0 {
			j.buf = append(j.buf, ',')
		}
		j.buf = append(j.buf, '{')
		j.integer("from_ns", int64(bar.From))
		j.integer("to_ns", int64(bar.To))
		j.integer("calls", int64(bar.Calls))
		j.buf = append(j.buf, '}')
	}
	j.buf = append(j.buf, ']')
}

// times writes a member with times in nanoseconds.
func (j *writer) times(key string, t *output.Times) {
	j.member(key)
	j.buf = append(j.buf, '{')
	j.integer("total", int64(t.Total))
	j.integer("shortest", int64(t.Shortest))
	j.integer("longest", int64(t.Longest))
	j.buf = append(j.buf, '}')
}
