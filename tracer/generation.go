//go:build linux && amd64

package tracer

import "strconv"

// OnlyThreads in Options.FollowDepth follows no processes.
const OnlyThreads = -1

// created reports a new tracee, or lets it go if it is not to be followed: it
// has not run yet.
func (t *Tracer) created(tr *Tracee) *Event {
	if t.opts.FollowDepth != 0 && !t.follows(tr) {
		t.letGo(tr)
		return nil
	}
	return t.report(Created, tr)
}

// follows notes the generation of a new tracee, and reports whether it is
// followed under Options.FollowDepth. A thread is of its process's generation.
func (t *Tracer) follows(tr *Tracee) bool {
	creator := tr.Parent()
	isThread := statusField(tr.TID, "Tgid") != strconv.Itoa(tr.TID)
	if creator == nil { // it has ended: the process that is left may be known
		key := "PPid"
		if isThread {
			key = "Tgid"
		}
		pid, _ := strconv.Atoi(statusField(tr.TID, key))
		if creator = t.tracees[pid]; creator == nil {
			return true
		}
	}
	tr.generation = creator.generation
	if !isThread {
		tr.generation++
	}
	return tr.generation <= max(0, t.opts.FollowDepth)
}
