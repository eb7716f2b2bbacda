//go:build linux && amd64

package why

import (
	"slices"

	"trapline/output"
)

// deadlocks finds cycles of threads that wait for each other and that no other thread can
// wake.
//
// A thread is stuck if it is certain whom it waits for, it waits without a time limit, and
// everybody who can end its wait is stuck as well. If a process can end the wait, each of
// its threads can.
func (q *Inquiry) deadlocks() (found []output.Deadlock) {
	stuck := make(map[int]bool)
	for _, t := range q.order {
		stuck[t.TID] = t.closed && !t.limited && len(t.on) > 0
	}
	for changed := true; changed; {
		changed = false
		for _, t := range q.order {
			if stuck[t.TID] && q.mayGoOn(t, stuck) {
				stuck[t.TID], changed = false, true
			}
		}
	}
	told := make(map[int]bool)
	for _, t := range q.order {
		if !stuck[t.TID] || told[t.TID] {
			continue
		}
		circle := q.circle(t, stuck)
		if circle == nil || slices.ContainsFunc(circle, func(t *thread) bool { return told[t.TID] }) {
			continue
		}
		var d output.Deadlock
		for _, member := range circle {
			told[member.TID] = true
			on := target{process: member.TGID}
			if len(q.known[member.TGID]) > 1 {
				on.thread = member.TID
			}
			d.Circle = append(d.Circle, q.party(on))
		}
		found = append(found, d)
	}
	return found
}

// mayGoOn reports whether those whom a thread waits for may end its wait: if one of them
// suffices, one, otherwise all.
func (q *Inquiry) mayGoOn(t *thread, stuck map[int]bool) bool {
	for _, on := range t.on {
		if free := q.mayAct(on, stuck); free != t.wait.All {
			return free
		}
	}
	return t.wait.All
}

// mayAct reports whether a target is not known to be stuck.
func (q *Inquiry) mayAct(on target, stuck map[int]bool) bool {
	if on.thread != 0 {
		return !stuck[on.thread]
	}
	threads, asked := q.known[on.process]
	alive := 0
	for _, tid := range threads {
		t := q.threads[tid]
		if t != nil && t.State == 'Z' { // it has ended, and other threads of its process live
			continue
		}
		if !stuck[tid] {
			return true
		}
		alive++
	}
	return !asked || alive == 0
}

// circle finds the shortest cycle from a stuck thread back to itself.
func (q *Inquiry) circle(from *thread, stuck map[int]bool) []*thread {
	before := map[*thread]*thread{}
	queue := []*thread{from}
	for len(queue) > 0 {
		t := queue[0]
		queue = queue[1:]
		for _, next := range q.after(t, stuck) {
			if next == from {
				circle := []*thread{t}
				for t != from {
					t = before[t]
					circle = append(circle, t)
				}
				slices.Reverse(circle)
				return circle
			}
			if before[next] == nil {
				before[next] = t
				queue = append(queue, next)
			}
		}
	}
	return nil
}

// after lists the stuck threads that a thread waits for.
func (q *Inquiry) after(t *thread, stuck map[int]bool) (next []*thread) {
	for _, on := range t.on {
		tids := q.known[on.process]
		if on.thread != 0 {
			tids = []int{on.thread}
		}
		for _, tid := range tids {
			if stuck[tid] {
				next = append(next, q.threads[tid])
			}
		}
	}
	return next
}
