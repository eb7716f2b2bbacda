//go:build linux && amd64

package tracer

import "strconv"

// OnlyThreads, as Options.FollowDepth, follows threads but not processes.
const OnlyThreads = -1

// created reports a new tracee, or detaches it before it has run if it is not to be followed.
func (t *Tracer) created(tr *Tracee) *Event {
	if t.opts.FollowDepth != 0 && !t.follows(tr) {
		t.letGo(tr)
		return nil
	}
	return t.report(Created, tr)
}

// follows records the generation of a new tracee, and reports whether Options.FollowDepth
// includes it. A thread has the generation of its process.
func (t *Tracer) follows(tr *Tracee) bool {
	creator := tr.Parent()
	isThread := statusField(tr.TID, "Tgid") != strconv.Itoa(tr.TID)
	if creator == nil { // the creator has ended, but another thread of its process may be known
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
