//go:build linux && amd64

package colocate

import (
	"iter"
	"time"

	"golang.org/x/sys/unix"
)

// Mode says whether the tracer keeps the tracees that make calls on its own
// processor.
type Mode uint8

const (
	// Auto does so where it helps, while the processor is not contended, and
	// where it leaves no trace. It therefore leaves out attached processes that
	// were given an affinity mask, since that might not be restored exactly.
	Auto Mode = iota
	// Always does so for these as well, and whatever the load. Only the part of
	// the old mask that the cpuset allows is restored then.
	Always
	// Never leaves all affinity masks alone.
	Never
)

// Controller decides which tracees share the tracer's processor, and pins them.
// All its methods must be called from the tracer's thread.
//
// While it is active, each tracee that makes many calls is pinned to the shared
// processor, and so is the tracer's thread as long as there are such tracees. A
// pin ends
//   - when the tracee has not stopped for a tick: the guardian ends it,
//   - before a call that shows or uses the mask (see usesAffinity),
//   - before the tracee is detached,
//   - when the tracer dies: again the guardian ends it.
//
// One processor is not enough when tracees compute in parallel, or when other
// processes need it. Then all tracees are unpinned and run where the scheduler
// puts them, until they no longer compute in parallel, or for a pause that
// doubles each time a new attempt meets contention.
type Controller struct {
	mode   Mode
	tasks  iter.Seq[*Task] // all tracees
	debugf func(format string, args ...any)

	wanted       bool
	always       bool
	startAfter   int          // how many stops come before the decision whether to start the guardian
	untilStart   int          // how many of them are left
	since        time.Time    // when the count of these stops began
	guardian     *guardian    // nil: not started
	self         unix.CPUSet  // the tracer's own mask
	own          *unix.CPUSet // what to set in order to restore it
	cpuset       unix.CPUSet  // the mask of tasks whose affinity was never set
	shared       unix.CPUSet  // the shared processor; while the tracer is not pinned, the last one
	active       bool         // tracees may be pinned
	tracerPinned bool         // the tracer's thread is pinned to the shared processor
	affine       uint32       // tracees that were pinned to, or found confined to, the shared processor since the last look
	uniprocessor bool         // only one processor: pins are unnecessary
	turns        bool         // stops come fast: see TakesTurns
	moves        uint32       // how often the shared processor was chosen
	free         []int        // slots that were freed
	forgotten    *lastPin     // the last pin of the tracee that was forgotten last, or nil

	tick      uint32 // the guardian's clock at the last look
	pause     int    // ticks until the next attempt
	nextPause int    // ticks that the next pause will last
	looks     int    // looks since this attempt began

	schedstat int    // descriptor of the schedstat file in /proc of the tracer's thread, or -1
	delay     uint64 // nanoseconds that this thread had waited for a processor by the last look
	stops     uint32 // stops since the last decision
	parallel  uint32 // how many of these came while another tracee computed
	window    uint32 // ticks since then, while not active
	spread    bool   // tracees compute in parallel: an attempt would fail

	computing int // tracees that are resumed and not in a system call
	maskCalls int // tracees in a call that shows masks: no tracee is pinned meanwhile

	hiding          int        // tracees that open files without a stop: no tracee is pinned meanwhile
	exposing        int        // tracees that can read masks from files: no tracee is pinned meanwhile
	examined        bool       // the descriptors of all tracees are known
	nextExamination uint32     // tick of the next check whether they still can
	examinations    int        // number of these checks
	path            []byte     // of the descriptor that isExposing checks
	link            [4096]byte // target of that link
}

// Task is this package's data about a tracee.
type Task struct {
	TID      int  // its thread id: see Renamed
	Attached bool // it ran before it was traced, or was created by such a tracee

	computes          bool     // resumed, and not in a system call
	slot              int      // its slot in the pin table plus 1; 0 while not pinned
	moves             uint32   // Controller.moves when it was pinned
	skipTick          uint32   // the tick in which it needed no pin or was denied one
	tick              uint32   // the tick of its last stop while not pinned, or while it is apart
	stops             uint32   // its stops in that tick
	apart             bool     // most of its calls do not stop
	often             bool     // it stopped often in the tick before that
	hidesOpens        bool     // it opens files without a stop
	inMaskCall        bool     // in a call that shows masks
	examined          bool     // its descriptors are known: see expose.go
	related           bool     // if Attached: it is known whether it has untraced relatives
	exposing          bool     // it, or an untraced relative, can read masks
	creating          bool     // in a call that creates a task, which is not yet known
	untracedRelatives bool     // it has created tasks that are not traced: see untraced.go
	last              *lastPin // what it was pinned to last, or nil
}

// Pinned reports whether the tracee has a slot in the pin table. The guardian
// may have ended the pin since the last stop.
func (task *Task) Pinned() bool { return task.slot != 0 }

// earlyStops is how many stops must come in quick succession to make a guardian
// worthwhile, unless StartAfter says otherwise. A short command ends before the guardian is ready, and tracees
// that compute would only be disturbed by it.
const earlyStops = 100

// New makes a Controller that does nothing until Enable is called. tasks yields
// all current tracees; debugf receives debugging messages.
func New(mode Mode, tasks iter.Seq[*Task], debugf func(format string, args ...any)) *Controller {
	return &Controller{mode: mode, tasks: tasks, debugf: debugf, startAfter: earlyStops}
}

// StartAfter sets how many stops must come in quick succession before the guardian is
// started. It must be called before Enable.
func (c *Controller) StartAfter(stops int) { c.startAfter = stops }

// Wanted reports whether tracees may be pinned now or later.
func (c *Controller) Wanted() bool { return c.wanted }

// Enable allows co-location, unless the mode forbids it.
func (c *Controller) Enable() {
	c.examined = false // there will be others
	if c.wanted || c.mode == Never || unix.SchedGetaffinity(0, &c.self) != nil {
		return
	}
	c.wanted = true
	c.uniprocessor = c.self.Count() == 1
	c.always = c.mode == Always
	c.untilStart, c.since = c.startAfter, time.Now()
}

// start starts the guardian and opens the other files of co-location.
func (c *Controller) start() {
	guardian, err := startGuardian()
	if err != nil {
		c.wanted = false // it is only an optimization
		return
	}
	c.guardian = guardian
	c.findCpuset()
	c.debugf("co-location: guardian started")
	c.nextPause = shortestPause
	c.openSchedstat()
}

// Stop ends co-location, when no tracee is left.
func (c *Controller) Stop() {
	if c.guardian == nil {
		return
	}
	c.deactivate()
	c.guardian.dismiss()
	c.debugf("co-location: %d changes of the processor", c.moves)
	if c.schedstat >= 0 {
		unix.Close(c.schedstat)
	}
	after := c.startAfter
	*c = *New(c.mode, c.tasks, c.debugf) // the tracer may be used again
	c.startAfter = after
}

// TakesTurns reports whether stops come so fast that the tracer should yield
// the processor instead of sleeping until the next stop.
func (c *Controller) TakesTurns() bool { return c.turns }

// SharesProcessor reports whether a tracee runs on the tracer's processor, as
// far as the tracer knows.
func (c *Controller) SharesProcessor(task *Task) bool { return task.slot != 0 || c.uniprocessor }

// SetComputing notes whether a tracee runs its own code: it is resumed and not
// in a system call.
func (c *Controller) SetComputing(task *Task, computes bool) {
	computes = computes && !task.apart // it does not want the shared processor
	if task.computes == computes {
		return
	}
	task.computes = computes
	if computes {
		c.computing++
	} else {
		c.computing--
	}
}

// Forget drops a tracee that has ended or was detached.
func (c *Controller) Forget(task *Task) {
	c.SetComputing(task, false)
	c.ShowOpens(task)
	c.leaveMaskCall(task)
	c.leaveExposing(task)
	if task.last != nil {
		c.forgotten = task.last
	}
	c.releaseDead(task)
}

// noteStop is called when a tracee stops at the entry or exit of a call, except
// at the entry of one that uses affinity masks. It pins the tracee if that is
// worth it.
func (c *Controller) noteStop(task *Task) {
	if c.uniprocessor {
		c.countUniprocessor()
		return
	}
	if c.guardian == nil {
		if c.untilStart--; c.untilStart <= 0 {
			c.untilStart = c.startAfter
			now := time.Now()
			if c.always || now.Sub(c.since) < time.Duration(c.startAfter/freeTick*tick)*time.Millisecond {
				c.start()
			}
			c.since = now
		}
		return
	}
	g := c.guardian
	g.noteStop()
	c.stops++
	if c.computing > 0 {
		c.parallel++
	}
	if now := g.table.ticks.Load(); g.closed.Load() {
		c.deactivate()
	} else if now != c.tick {
		c.look(now)
		if c.exposing > 0 {
			c.examineAgain()
		}
	}
	if !c.active || task.apart && !c.stopsOften(task) {
		c.Unpin(task)
		return
	}
	if task.slot != 0 {
		s := &g.table.slots[task.slot-1]
		if s.state.Load() == slotTaken && task.moves == c.moves {
			s.stops.Add(1)
			return
		}
		c.Unpin(task)
	}
	if !c.areShown() && task.skipTick != c.tick && (task.apart || c.shouldPin(task)) && c.examineAll() && c.examineRelatives(task) {
		c.pin(task)
	}
}

// countUniprocessor counts a stop where there is only one processor. Turns are
// taken as long as stops come in quick succession.
func (c *Controller) countUniprocessor() {
	if c.stops++; c.stops < busyTick {
		return
	}
	now := time.Now()
	c.turns = now.Sub(c.since) < tick*time.Millisecond
	c.stops, c.since = 0, now
}

// callBoundStops is how many stops in a tick make a tracee count as call-bound.
const callBoundStops = 8

// shouldPin reports whether to pin a tracee now: at once if no other tracee may
// need the processor, otherwise if it is call-bound.
func (c *Controller) shouldPin(task *Task) bool {
	if task.tick != c.tick {
		task.tick, task.stops = c.tick, 0
	}
	task.stops++
	return c.always || c.computing == 0 || task.stops >= callBoundStops
}

// SetApart notes whether most calls of a tracee do not stop. Such a tracee runs where
// the scheduler puts it, beside the tracer, except while it stops often.
func (c *Controller) SetApart(task *Task, apart bool) {
	if task.apart = apart; apart {
		c.SetComputing(task, false)
		task.tick, task.stops, task.often = c.tick, 0, task.slot != 0
	}
}

// stopsOften counts a stop of a tracee that is apart, and reports whether it stops so
// often that it is worth to be pinned: in this tick or in the one before.
func (c *Controller) stopsOften(task *Task) bool {
	if task.tick != c.tick {
		task.often = task.tick+1 == c.tick && task.stops >= callBoundStops
		task.tick, task.stops = c.tick, 0
	}
	task.stops++
	return task.often || task.stops >= callBoundStops
}
