package json

import "trapline/output"

// EndWaiting implements output.Writer.
func (j *writer) EndWaiting(w *output.Waiting, s *output.Stack) {
	j.unwind()
	j.member("state")
	j.string(w.State)
	if w.Timed {
		j.integer("for_ns", int64(w.Time))
	}
	if w.For != "" {
		j.nameOf("waits_for", w.For)
	}
	if len(w.On) > 0 {
		j.parties("on", w.On)
		if w.All {
			j.flag("all")
		}
	}
	if w.More {
		j.flag("unseen")
	}
	if len(w.Files) > 0 {
		j.array("files", len(w.Files), func(i int) { j.watched(&w.Files[i]) })
	}
	if len(w.Same) > 0 {
		j.parties("same", w.Same)
	}
	if w.Last != nil {
		j.member("last_user")
		j.party(w.Last)
	}
	if w.Tracer != nil {
		j.member("traced_by")
		j.party(w.Tracer)
	}
	if len(w.Kernel) > 0 {
		j.array("kernel", len(w.Kernel), func(i int) { j.string(w.Kernel[i]) })
	}
	j.end(s)
}

// array writes a member that is a list.
func (j *writer) array(key string, n int, element func(i int)) {
	j.member(key)
	j.buf = append(j.buf, '[')
	for i := range n {
		if i > 0 {
			j.buf = append(j.buf, ',')
		}
		element(i)
	}
	j.buf = append(j.buf, ']')
}

func (j *writer) parties(key string, all []output.Party) {
	j.array(key, len(all), func(i int) { j.party(&all[i]) })
}

func (j *writer) party(p *output.Party) {
	j.buf = append(j.buf, '{')
	j.integer("pid", int64(p.PID))
	if p.TID != 0 {
		j.integer("tid", int64(p.TID))
	}
	if p.Comm != "" {
		j.nameOf("comm", p.Comm)
	}
	if p.Note != "" {
		j.member("note")
		j.string(p.Note)
	}
	j.buf = append(j.buf, '}')
}

func (j *writer) watched(f *output.WatchedFile) {
	j.buf = append(j.buf, '{')
	j.integer("fd", int64(f.FD))
	if f.Path != "" {
		j.nameOf("path", f.Path)
	}
	j.member("events")
	j.string(f.Events)
	if f.Known {
		j.member("ready")
		j.string(f.Ready)
	}
	if len(f.On) > 0 {
		j.parties("on", f.On)
	}
	j.buf = append(j.buf, '}')
}

// Deadlock implements output.Writer.
func (j *writer) Deadlock(d *output.Deadlock) {
	j.record("deadlock")
	j.parties("circle", d.Circle)
	j.end(nil)
}
