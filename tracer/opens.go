//go:build linux && amd64

package tracer

import "trapline/tracer/buffered"

// Co-location has to see calls that open files, since some files show affinity masks (see
// colocate.OpensFile). Therefore such calls of a patched process stop at first. After some of
// them, the tracer assumes that the process opens many files. From then on these calls do not
// stop, and no tracee is pinned while the process has a ring. If tracees do not take turns
// with the tracer, pinning gains nothing, and these calls never stop, unless the options
// require pinning.

// withhold makes calls with a number stop in all processes except those that hide their
// opens. The number is that of a call that opens files.
func (t *Tracer) withhold(nr uint64) {
	b := t.buffered
	if b.withheld == nil {
		b.withheld = map[uint64][]byte{}
	}
	b.withheld[nr] = b.table.Withhold(nr)
}

// grant enables the buffering of calls with a number in the processes that hide their opens.
func (t *Tracer) grant(nr uint64) {
	told := map[*space]bool{}
	for _, tr := range t.tracees {
		if s := tr.space; s != nil && s.ready && !s.lost && s.hidesOpens && !told[s] {
			told[s] = true
			t.writeCode(tr, buffered.EntryAddr(nr), t.buffered.withheld[nr])
		}
	}
}

// hides reports whether the call that a tracee has entered opens files and need not stop. It
// counts such calls of a process, and decides when the process begins to hide them.
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

// mayPin reports whether pinning tracees may save more than opening files without a stop.
func (t *Tracer) mayPin() bool {
	return t.colocation.TakesTurns() || t.opts.Colocate == ColocateAlways
}

// exchangeWithheld exchanges the withheld table entries for those in the image.
func (b *bufferedState) exchangeWithheld() {
	for nr, word := range b.withheld {
		entry := b.image[buffered.EntryAddr(nr)-buffered.StubAddr:]
		for i := range word {
			word[i], entry[i] = entry[i], word[i]
		}
	}
}

// grantAll enables the buffering of all calls that open files in a process.
func (t *Tracer) grantAll(tr *Tracee) {
	for nr, word := range t.buffered.withheld {
		t.writeCode(tr, buffered.EntryAddr(nr), word)
	}
}
