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
	// Auto pins tracees where that helps, while the processor is not contended, and where it
	// leaves no trace. Therefore it does not pin attached processes whose affinity was set,
	// since the mask might not be restored exactly.
	Auto Mode = iota
	// Always pins such processes as well, and whatever the load is. Then only the part of a
	// process's mask that the cpuset allows is restored.
	Always
	// Never changes no affinity masks.
	Never
)

// Controller decides which tracees share the tracer's processor, and pins them. All its
// methods must be called from the tracer's thread.
//
// While it is active, each tracee that makes many calls is pinned to the shared processor,
// and so is the tracer's thread as long as there are such tracees. A pin ends in these cases:
//   - when the tracee has not stopped for a tick: the guardian ends it,
//   - before a call that shows or uses the mask (see usesAffinity),
//   - before the tracee is detached,
//   - when the tracer dies: again the guardian ends it.
//
// One processor is not enough if tracees compute in parallel, or if other processes need it.
// Then all tracees are unpinned and run where the scheduler puts them, until they no longer
// compute in parallel, or for a pause. The pause doubles each time a new attempt finds the
// processor contended.
type Controller struct {
	mode   Mode
	tasks  iter.Seq[*Task] // all tracees
	debugf func(format string, args ...any)

	wanted       bool
	always       bool
	startAfter   int          // number of stops before the decision whether to start the guardian
	startRate    int          // and how many of them at least have to come in a tick
	started      func()       // called before any tracee is pinned
	untilStart   int          // how many of these stops are left
	since        time.Time    // when the count of these stops began
	guardian     *guardian    // nil if it was not started
	self         unix.CPUSet  // the tracer's own mask
	own          *unix.CPUSet // the mask to set in order to restore self
	cpuset       unix.CPUSet  // the mask of tasks whose affinity was never set
	shared       unix.CPUSet  // the shared processor, or the last one while the tracer is not pinned
	active       bool         // tracees may be pinned
	tracerPinned bool         // the tracer's thread is pinned to the shared processor
	affine       uint32       // number of tracees that were pinned to the shared processor, or found confined to it, since the last look
	uniprocessor bool         // there is only one processor, so pins are not necessary
	turns        bool         // stops come in quick succession, see TakesTurns
	dense        bool         // tracees that are apart stop so often, together, that they are pinned
	moves        uint32       // number of times that a shared processor was chosen
	free         []int        // slots that can be used again
	forgotten    *lastPin     // the last pin of the tracee that Forget dropped last, or nil

	tick      uint32 // the guardian's clock at the last look
	pause     int    // ticks until the next attempt
	nextPause int    // ticks that the next pause will last
	looks     int    // looks since this attempt began

	rate     rate   // stops since this attempt began, or since the last comparison
	freeRate rate   // stops in the last window before it
	crowded  uint32 // number of looks in a row at which several tracees wanted the shared processor

	schedstat int    // descriptor of the schedstat file in /proc of the tracer's thread, or -1
	delay     uint64 // nanoseconds that this thread had waited for a processor at the last look
	stops     uint32 // number of stops since the last decision
	parallel  uint32 // number of these stops that came while another tracee computed
	window    uint32 // ticks since the last decision, while not active
	spread    bool   // tracees compute in parallel, so an attempt would fail

	computing int // number of tracees that are resumed and not in a system call
	maskCalls int // number of tracees in a call that shows masks; if not 0, no tracee is pinned

	exposing        int        // number of tracees that can read masks from files; if not 0, no tracee is pinned
	examined        bool       // the descriptors of all tracees are known
	nextExamination uint32     // tick of the next check whether these still can
	examinations    int        // number of these checks
	path            []byte     // path of the descriptor that isExposing checks
	link            [4096]byte // target of that link
}

// Task is what this package knows about a tracee.
type Task struct {
	TID      int  // its thread id, see Renamed
	Attached bool // it ran before it was traced, or was created by a tracee that did

	// HeirsEnd is set before Enter if the task that the call creates is a tracee from the start,
	// and is killed when the tracer ends. Then it may inherit a pinned mask.
	HeirsEnd bool

	computes          bool     // resumed, and not in a system call
	slot              int      // index of its slot in the pin table plus 1; 0 if it is not pinned
	moves             uint32   // value of Controller.moves when it was pinned
	skipTick          uint32   // the tick in which it needed no pin, or could not be pinned
	tick              uint32   // tick of its last stop while it is not pinned, or while it is apart
	stops             uint32   // number of its stops in that tick
	apart             bool     // most of its calls do not stop
	often             bool     // it stopped often in the previous tick
	inMaskCall        bool     // in a call that shows masks
	examined          bool     // its descriptors are known, see expose.go
	related           bool     // if Attached: whether it has untraced relatives is known
	exposing          bool     // it, or an untraced relative, can read masks
	creating          bool     // in a call that creates a task that is not known yet
	parted            bool     // it was unpinned for this call
	untracedRelatives bool     // it has created tasks that are not traced, see untraced.go
	last              *lastPin // its last pin, or nil
}

// Pinned reports whether the tracee has a slot in the pin table. The guardian
// may have ended the pin since the last stop.
func (task *Task) Pinned() bool { return task.slot != 0 }

// earlyStops is the number of stops in quick succession after which a guardian is worthwhile,
// unless StartAfter sets another number. A short command would end before the guardian is
// ready, and tracees that compute would only be disturbed by it.
const earlyStops = 100

// New makes a Controller that does nothing until Enable is called. tasks yields
// all current tracees; debugf receives debugging messages.
func New(mode Mode, tasks iter.Seq[*Task], debugf func(format string, args ...any)) *Controller {
	return &Controller{mode: mode, tasks: tasks, debugf: debugf, startAfter: earlyStops, startRate: freeTick, started: func() {}}
}

// StartAfter is for a tracer with tracees that are apart. It sets the number of stops in quick
// succession after which the guardian is started, and a function that is called then, before
// any tracee is pinned. It must be called before Enable.
func (c *Controller) StartAfter(stops int, started func()) {
	c.startAfter, c.startRate, c.started = stops, denseTick, started
}

// Wanted reports whether tracees may be pinned now or later.
func (c *Controller) Wanted() bool { return c.wanted }

// Enable allows co-location, unless the mode or the thread's scheduling policy forbids it.
func (c *Controller) Enable() {
	c.examined = false // tracees will come
	if c.wanted || c.mode == Never || isFIFO() || unix.SchedGetaffinity(0, &c.self) != nil {
		return
	}
	c.wanted = true
	c.uniprocessor = c.self.Count() == 1
	c.always = c.mode == Always
	c.untilStart, c.since = c.startAfter, time.Now()
}

// isFIFO reports whether the calling thread is scheduled as SCHED_FIFO: sched(7). Such threads
// of the same priority do not take a processor from each other. The Go runtime lets some of
// its threads wait in a loop for another one, which may never run if it can only run on the
// same processor.
func isFIFO() bool {
	attr, err := unix.SchedGetAttr(0, 0)
	return err == nil && attr.Policy == unix.SCHED_FIFO
}

// start starts the guardian and opens the other files of co-location.
func (c *Controller) start() {
	guardian, err := startGuardian()
	if err != nil {
		c.wanted = false // co-location is only an optimization
		return
	}
	c.guardian = guardian
	c.started()
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
	after, rate, started := c.startAfter, c.startRate, c.started
	*c = *New(c.mode, c.tasks, c.debugf) // the tracer may be used again
	c.startAfter, c.startRate, c.started = after, rate, started
}

// TakesTurns reports whether stops come so fast that the tracer should yield
// the processor instead of sleeping until the next stop.
func (c *Controller) TakesTurns() bool { return c.turns }

// SharesProcessor reports whether a tracee runs on the tracer's processor, as
// far as the tracer knows.
func (c *Controller) SharesProcessor(task *Task) bool { return task.slot != 0 || c.uniprocessor }

// SetComputing records whether a tracee runs its own code: it is resumed and not in a system
// call.
func (c *Controller) SetComputing(task *Task, computes bool) {
	computes = computes && !task.apart // it does not need the shared processor
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
	c.leaveMaskCall(task)
	c.leaveExposing(task)
	if task.last != nil {
		c.forgotten = task.last
	}
	c.releaseDead(task)
}

// noteStop is called when a tracee stops at the entry or exit of a call, except at the entry
// of one that uses affinity masks. It pins the tracee if that is worthwhile.
func (c *Controller) noteStop(task *Task) {
	if c.uniprocessor {
		c.countUniprocessor()
		return
	}
	if c.guardian == nil {
		if c.untilStart--; c.untilStart <= 0 {
			c.untilStart = c.startAfter
			now := time.Now()
			if c.always || now.Sub(c.since) < time.Duration(c.startAfter/c.startRate*tick)*time.Millisecond {
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
	if !c.active || task.apart && !c.stopsOften(task) && !c.dense {
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

// countUniprocessor counts a stop on a machine with one processor. The tracer takes turns
// while stops come in quick succession.
func (c *Controller) countUniprocessor() {
	if c.stops++; c.stops < busyTick {
		return
	}
	now := time.Now()
	c.turns = now.Sub(c.since) < tick*time.Millisecond
	c.stops, c.since = 0, now
}

// callBoundStops is the number of stops in a tick from which on a tracee counts as
// call-bound.
const callBoundStops = 8

// shouldPin reports whether to pin a tracee now. It does so at once if no other tracee may
// need the processor, otherwise only if the tracee is call-bound.
func (c *Controller) shouldPin(task *Task) bool {
	if task.tick != c.tick {
		task.tick, task.stops = c.tick, 0
	}
	task.stops++
	return c.always || c.computing == 0 || task.stops >= callBoundStops
}

// SetApart records whether most calls of a tracee do not stop. Such a tracee is apart: except
// while it stops often, or all tracees together do, it is not pinned, and runs on whatever
// processor the scheduler chooses.
func (c *Controller) SetApart(task *Task, apart bool) {
	if task.apart = apart; apart {
		c.SetComputing(task, false)
		task.tick, task.stops, task.often = c.tick, 0, task.slot != 0
	}
}

// stopsOften counts a stop of a tracee that is apart. It reports whether the tracee has
// stopped often enough to be pinned, in this tick or the one before.
func (c *Controller) stopsOften(task *Task) bool {
	if task.tick != c.tick {
		task.often = task.tick+1 == c.tick && task.stops >= callBoundStops
		task.tick, task.stops = c.tick, 0
	}
	task.stops++
	return task.often || task.stops >= callBoundStops
}
