//go:build linux && amd64

package tracer

import (
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// delayed is a tracee that is to be resumed later.
type delayed struct {
	tracee *Tracee
	until  time.Time
}

// delay keeps a stopped tracee stopped for a while.
func (t *Tracer) delay(tr *Tracee, d time.Duration) {
	t.takeStatus(tr)
	until := time.Now().Add(d)
	i, _ := slices.BinarySearchFunc(t.delayed, until, func(d delayed, until time.Time) int { return d.until.Compare(until) })
	t.delayed = slices.Insert(t.delayed, i, delayed{tr, until})
}

// takeStatus consumes the wait status of a stop that takeTurn has handled without a wait, so
// that the stop is not reported again.
func (t *Tracer) takeStatus(tr *Tracee) {
	unix.Waitid(unix.P_PID, tr.TID, nil, unix.WSTOPPED|unix.WNOHANG|unix.WALL, nil)
}

// resumeDelayed resumes the tracees whose delay has passed.
func (t *Tracer) resumeDelayed() {
	for len(t.delayed) > 0 && !time.Now().Before(t.delayed[0].until) {
		tr := t.delayed[0].tracee
		t.delayed = slices.Delete(t.delayed, 0, 1)
		t.resume(tr)
	}
}

// forgetDelayed drops a tracee that has ended.
func (t *Tracer) forgetDelayed(tr *Tracee) {
	t.delayed = slices.DeleteFunc(t.delayed, func(d delayed) bool { return d.tracee == tr })
}
