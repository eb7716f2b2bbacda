//go:build linux && amd64

package colocate

import (
	"cmp"

	"golang.org/x/sys/unix"

	"trapline/tables"
)

// allProcessors is the affinity mask that restricts nothing. A task with this mask gets the
// mask of its cpuset, as if its affinity had never been set: sched_setaffinity(2).
var allProcessors = func() (all unix.CPUSet) {
	for i := range all {
		all[i] = ^all[i]
	}
	return all
}()

// findCpuset finds the mask of a task in the tracer's cpuset whose affinity was never set.
func (c *Controller) findCpuset() {
	c.cpuset = c.self
	if unix.SchedSetaffinity(0, &allProcessors) != nil {
		return
	}
	unix.SchedGetaffinity(0, &c.cpuset)
	c.own = &allProcessors
	if c.cpuset != c.self {
		c.own = &c.self
		unix.SchedSetaffinity(0, &c.self)
	}
}

// original returns the mask to set in order to restore mask. It takes into account that the
// cpuset may have changed; the guardian's mask is always the whole cpuset.
func (c *Controller) original(mask *unix.CPUSet) *unix.CPUSet {
	if *mask != c.cpuset {
		unix.SchedGetaffinity(int(c.guardian.pid.Load()), &c.cpuset)
	}
	if *mask == c.cpuset {
		return &allProcessors
	}
	return mask
}

// Enter is called when a tracee has stopped at the entry of a call. It ensures
// that calls show and pass on only the tracee's own mask.
func (c *Controller) Enter(task *Task, abi tables.ABI, nr uint64) {
	if !c.wanted {
		return
	}
	switch usesAffinity(abi, nr) {
	case createsTask:
		// The new task inherits the mask. It is not in the pin table before its parent's
		// event, so it must not be pinned then, unless it is killed with the tracer.
		if task.HeirsEnd {
			c.noteStop(task)
		} else {
			task.parted = task.slot != 0
			c.Unpin(task)
		}
		task.creating = true
	case changesID:
		if isLeader(task.TID) {
			c.noteStop(task)
		} else {
			c.Unpin(task)
		}
	case showsMask:
		// The call may refer to any task.
		c.maskCalls++
		task.inMaskCall = true
		c.unpinAll()
	default:
		c.noteStop(task)
	}
}

// Exit is called when a tracee has stopped at the exit of a call. first is the
// call's first argument, and result its return value, negative for an error. The
// result only matters for the calls for which NeedsResult holds.
func (c *Controller) Exit(task *Task, abi tables.ABI, nr, first uint64, result int64) {
	if !c.wanted {
		return
	}
	if result >= 0 && opensFile(abi, nr) {
		c.noteOpened(task, int(result))
	}
	if task.creating {
		task.creating, task.parted = false, false
		if result > 0 {
			c.noteUntraced(task)
		}
	}
	if task.inMaskCall {
		c.leaveMaskCall(task)
		if setsMask(abi, nr) {
			c.forgetPin(cmp.Or(int(int32(first)), task.TID))
		}
	}
	c.noteStop(task)
}

// leaveMaskCall records that a tracee has left a call that shows masks.
func (c *Controller) leaveMaskCall(task *Task) {
	if task.inMaskCall {
		task.inMaskCall = false
		c.maskCalls--
	}
}

// affinityUse is what a call does with affinity masks.
type affinityUse uint8

const (
	usesNone    affinityUse = iota
	createsTask             // creates a task, which inherits the caller's mask
	changesID               // gives a thread that is not the leader of its process the leader's id
	showsMask               // shows a mask, sets one, or depends on one
)

// isLeader reports whether a task is the first thread of its process. It is
// false if this process may not signal the task.
func isLeader(tid int) bool { return unix.Tgkill(tid, tid, 0) == nil }

// ShowsMask reports whether a call shows or sets an affinity mask, depends on
// one, or may open a file that shows masks. The tracer must stop at these for Enter
// and Exit.
func ShowsMask(abi tables.ABI, nr uint64) bool {
	return usesAffinity(abi, nr) == showsMask || opensFile(abi, nr)
}

// UsesMask reports whether a call shows or sets an affinity mask or depends on one.
func UsesMask(abi tables.ABI, nr uint64) bool { return usesAffinity(abi, nr) == showsMask }

// OpensFile reports whether a call may open a file that shows masks. If a tracee makes such a
// call without a stop, the caller must use Examine.
func OpensFile(abi tables.ABI, nr uint64) bool { return opensFile(abi, nr) }

// NeedsResult reports whether Exit needs the result of a call.
func NeedsResult(abi tables.ABI, nr uint64) bool {
	return usesAffinity(abi, nr) == createsTask || opensFile(abi, nr)
}

// intersects is also used by the guardian.
//
//go:nosplit
//go:norace
func intersects(a, b *unix.CPUSet) bool {
	for i := range a {
		if a[i]&b[i] != 0 {
			return true
		}
	}
	return false
}
