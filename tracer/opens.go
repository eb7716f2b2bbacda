//go:build linux && amd64

package tracer

import "trapline/tracer/buffered"

// Co-location has to see calls that open files, since some files show affinity masks:
// colocate.OpensFile. Therefore such calls of a patched process stop at first. When there
// were some, the process is taken for one that opens many. Then they do not stop any
// more, and no tracee is pinned as long as the process has a ring. While tracees do not
// take turns with the tracer there is nothing to lose, and such calls do not stop from the
// beginning, unless tracees are to be pinned in any case.

// withhold makes calls with a number, which open files, stop in all processes but those
// that hide theirs.
func (t *Tracer) withhold(nr uint64) {
	b := t.buffered
	if b.withheld == nil {
		b.withheld = map[uint64][]byte{}
	}
	b.withheld[nr] = b.table.Withhold(nr)
}

// grant lets calls with a number not stop in the processes that hide theirs.
func (t *Tracer) grant(nr uint64) {
	told := map[*space]bool{}
	for _, tr := range t.tracees {
		if s := tr.space; s != nil && s.ready && s.hidesOpens && !told[s] {
			told[s] = true
			t.writeCode(tr, buffered.EntryAddr(nr), t.buffered.withheld[nr])
		}
	}
}

// hides reports whether the call that a tracee has entered is one that opens files and
// need not stop. It counts those that a process has made, and begins to hide them.
func (t *Tracer) hides(tr *Tracee) bool {
	b, s, nr := t.buffered, tr.space, tr.call.NR
	if b.withheld[nr] == nil {
		return false
	}
	if s.hidesOpens {
		return true
	}
	if s.ready {
		s.opens++
	}
	if s.opens <= lazyOpens && t.mayPin() {
		return false
	}
	s.hidesOpens = true
	for _, th := range b.areas {
		if th.tr.space == s {
			t.colocation.HideOpens(&th.tr.task)
		}
	}
	t.grantAll(tr)
	return true
}

// mayPin reports whether pins are worth more than opening files without a stop.
func (t *Tracer) mayPin() bool {
	return t.colocation.TakesTurns() || t.opts.Colocate == ColocateAlways
}

// grantAll lets all calls that open files not stop in a process.
func (t *Tracer) grantAll(tr *Tracee) {
	for nr, word := range t.buffered.withheld {
		t.writeCode(tr, buffered.EntryAddr(nr), word)
	}
}
