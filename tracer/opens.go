//go:build linux && amd64

package tracer

import (
	"slices"

	"trapline/tables"
	"trapline/tracer/buffered"
	"trapline/tracer/colocate"
)

// Co-location has to see which files tracees open, since some files show affinity masks (see
// colocate.OpensFile). Calls that open files do not stop. But once tracees may be pinned,
// the stub looks at each file that such a call has opened (buffered.KindFile). If the file may
// be one of those, the thread stops before it can read the file, and the tracer examines the
// descriptors of the thread.

// watchOpens makes the stub look at the files that calls with this number open.
func (t *Tracer) watchOpens(nr uint64, call *buffered.Call) {
	if call.Buffered && t.colocation.Wanted() && colocate.OpensFile(tables.X86_64, nr) {
		call.Ops = slices.Insert(slices.Clone(call.Ops), 0, buffered.Op{Kind: buffered.KindFile, When: buffered.IfSucceeded})
	}
}

// beginWatch is called before any tracee is pinned. A thread that opens a file at this moment
// does so before its descriptors are examined, or finds that it has to look at the file.
func (t *Tracer) beginWatch() {
	if b := t.buffered; b != nil {
		b.watching = true
		for _, th := range b.areas {
			th.area.WatchFiles()
		}
	}
}

// leaveOpen is called when a signal has moved a thread out of the stub after a call, perhaps
// before the stub has looked at the file that the call has opened.
func (t *Tracer) leaveOpen(tr *Tracee, nr uint64) {
	if t.buffered.watching && colocate.OpensFile(tables.X86_64, nr) {
		t.colocation.Examine(&tr.task)
	}
}
