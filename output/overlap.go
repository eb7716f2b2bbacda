package output

import "time"

// Overlap measures for how long at least one call was in progress. If calls of several
// tracees overlap, that is shorter than the sum of their durations.
type Overlap struct {
	inProgress int
	since      time.Time // when the first of the current calls began, or when Elapsed was last updated
	elapsed    time.Duration
	occurred   bool
}

// Begin notes the entry of a call.
func (o *Overlap) Begin(at time.Time) {
	if o.inProgress == 0 {
		o.since = at
	} else {
		o.occurred = true
	}
	o.inProgress++
}

// End notes that a call has ended, or that its end will not be seen.
func (o *Overlap) End(at time.Time) {
	if o.inProgress == 0 {
		return
	}
	if o.inProgress--; o.inProgress == 0 {
		o.elapsed += max(0, at.Sub(o.since))
	}
}

// Take returns for how long a call was in progress since the last Take, and
// whether calls overlapped meanwhile.
func (o *Overlap) Take(at time.Time) (elapsed time.Duration, overlapped bool) {
	if o.inProgress > 0 {
		o.elapsed += max(0, at.Sub(o.since))
		o.since = at
	}
	elapsed, overlapped = o.elapsed, o.occurred
	o.elapsed, o.occurred = 0, o.inProgress > 1
	return elapsed, overlapped
}
