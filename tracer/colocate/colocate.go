package colocate

import (
	"iter"
	"math/bits"
	"strconv"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Mode says whether the tracer keeps the tracees that make calls on its
// own processor.
//
// A ptrace stop is two context switches. On one processor each costs a
// microsecond; between two each wakes an idle one, ten times dearer on a
// virtual machine.
type Mode uint8

const (
	// Auto does it where it helps, while the processor is not
	// contended, and where it leaves no trace: not for an attached process
	// that was given an affinity mask, which might not be put back exactly.
	Auto Mode = iota
	// Always does it for these too, and whatever the load. Of a mask
	// that was set only what the cpuset allowed is put back then.
	Always
	// Never leaves all affinity alone.
	Never
)

// Controller is the state of co-location.
//
// While it is active each tracee that makes many calls is pinned to one processor, home,
// and so is the tracer's thread as long as there are such. A pin ends
//   - when the tracee has not stopped for a tick: the guardian sees to that,
//   - before a call that shows or uses the mask (see usesAffinity),
//   - before the tracee is let go, and when the tracer dies: the guardian again.
//
// One processor is not enough when tracees compute in parallel, or when
// strangers want it too. Then everybody is let go to run where the scheduler
// puts them: until tracees do not compute in parallel any more, or for a while
// that doubles each time a new attempt meets strangers.
type Controller struct {
	mode   Mode
	tasks  iter.Seq[*Task] // all tracees
	debugf func(format string, args ...any)

	wanted       bool
	always       bool
	untilStart   int       // stops until it is decided whether to start the guardian
	since        time.Time // when they began to be counted
	guardian     *guardian // nil: not started
	self         unix.CPUSet
	cpuset       unix.CPUSet // the mask of who was never given one
	shared       unix.CPUSet // one processor; of the last stay while the tracer does not stay
	active       bool
	tracerPinned bool   // the tracer is kept at home
	affine       uint32 // tracees that were put or found at home since the last look
	uniprocessor bool   // there is one processor only: nobody needs to be pinned
	turns        bool   // tracer and tracee take turns: see takeTurn
	moves        uint32 // of home
	free         []int  // slots given back

	tick      uint32 // the guardian's clock when last looked at
	pause     int    // ticks until the next attempt
	nextPause int    // ticks that the next pause will have
	looks     int    // looks this attempt has survived

	schedstat int    // the tracer's thread's /proc schedstat, or -1
	delay     uint64 // nanoseconds it had waited for a processor at tick
	stops     uint32 // stops since the last decision
	parallel  uint32 // of these, those during which another tracee computed
	window    uint32 // ticks since then, while not active
	spread    bool   // tracees compute in parallel: an attempt would fail

	computing int // tracees that are resumed and not in a system call
	maskCalls int // tracees in a call that shows masks: nobody is pinned meanwhile
}

// task is a tracee as co-location sees it.
type Task struct {
	TID      int
	Attached bool // it ran before it was traced, or was created by such a tracee

	computes   bool     // resumed, and not in a system call
	slot       int      // its slot in the pin table plus 1; 0 while not pinned
	moves      uint32   // Controller.moves when it was pinned
	skipTick   uint32   // the tick in which it needed no pin, or was denied one
	tick       uint32   // the tick of its last stop while not pinned
	stops      uint32   // its stops since then
	inMaskCall bool     // in a call that shows masks
	last       *lastPin // what it was pinned to last, or nil
}

// Pinned tells whether a tracee is pinned, or was until the guardian ended that.
func (task *Task) Pinned() bool { return task.slot != 0 }

// The pause between attempts, in ticks.
const (
	shortestPause = 8
	longestPause  = 256
)

// windowTicks is for how many ticks it is watched whether tracees that are free
// compute in parallel.
const windowTicks = 8

// earlyStops is how many stops have to come one soon after the other before it is
// worth to start a guardian. A short command is over before that is ready, and
// tracees that compute would only be disturbed by it.
const earlyStops = 100

// New makes the state of co-location. tasks are all tracees at any
// time; debugf is told what happens.
func New(mode Mode, tasks iter.Seq[*Task], debugf func(format string, args ...any)) *Controller {
	return &Controller{mode: mode, tasks: tasks, debugf: debugf}
}

// Enable allows co-location.
func (c *Controller) Enable() {
	if c.wanted || c.mode == Never || unix.SchedGetaffinity(0, &c.self) != nil {
		return
	}
	c.wanted = true
	c.uniprocessor = c.self.Count() == 1
	c.always = c.mode == Always
	c.untilStart, c.since = earlyStops, time.Now()
}

// start starts what co-location needs.
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
	path := "/proc/self/task/" + strconv.Itoa(unix.Gettid()) + "/schedstat"
	if c.schedstat, err = unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0); err != nil {
		c.schedstat = -1
	}
}

// Stop ends everything, when no tracee is left.
func (c *Controller) Stop() {
	if c.guardian == nil {
		return
	}
	c.Deactivate()
	c.guardian.dismiss()
	c.debugf("co-location: %d changes of the processor", c.moves)
	if c.schedstat >= 0 {
		unix.Close(c.schedstat)
	}
	c.guardian = nil
	c.wanted = false
}

// TakesTurns tells whether stops come so fast that the tracer had better yield the
// processor than sleep until the next.
func (c *Controller) TakesTurns() bool { return c.turns }

// SharesProcessor tells whether a tracee runs on the tracer's processor.
func (c *Controller) SharesProcessor(task *Task) bool { return task.slot != 0 || c.uniprocessor }

// SetComputing notes whether a tracee has work of its own to do.
func (c *Controller) SetComputing(task *Task, computes bool) {
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

// noteStop is called at every syscall-stop that does not use affinity masks.
func (c *Controller) noteStop(task *Task) {
	if c.uniprocessor {
		c.countUniprocessor()
		return
	}
	if c.guardian == nil {
		if c.untilStart--; c.untilStart <= 0 {
			c.untilStart = earlyStops
			now := time.Now()
			if c.always || now.Sub(c.since) < earlyStops/freeTick*tick*time.Millisecond {
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
	if now := g.table.ticks.Load(); g.dead.Load() {
		c.Deactivate()
	} else if now != c.tick {
		c.look(now)
	}
	if !c.active {
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
	if c.maskCalls == 0 && task.skipTick != c.tick && c.shouldPin(task) {
		c.pin(task)
	}
}

// countUniprocessor counts a stop where there is one processor only. Turns are taken
// as long as stops come one soon after the other.
func (c *Controller) countUniprocessor() {
	if c.stops++; c.stops < busyTick {
		return
	}
	now := time.Now()
	c.turns = now.Sub(c.since) < tick*time.Millisecond
	c.stops, c.since = 0, now
}

// often is how many stops in a tick make a tracee one that does nothing else.
const often = 8

// shouldPin tells whether a tracee is to be pinned now: at once where nobody
// else may want the processor, otherwise when it makes a call after the other.
func (c *Controller) shouldPin(task *Task) bool {
	if task.tick != c.tick {
		task.tick, task.stops = c.tick, 0
	}
	task.stops++
	return c.always || c.computing == 0 || task.stops >= often
}

// look is called at the first stop after each tick, and decides whether to be
// active.
func (c *Controller) look(now uint32) {
	passed := now - c.tick
	c.tick = now
	delay := c.runDelay()
	waited := delay - c.delay
	c.delay = delay
	if c.active {
		// Who takes turns waits for the processor all the time; if strangers
		// had it, stops were few.
		isContended := !c.turns && contended(waited, c.stops, passed)
		c.turns = c.stops >= busyTick*passed
		switch {
		case c.always:
		case c.tooParallel(passed):
			c.Deactivate()
			c.spread, c.window = true, 0
		case isContended:
			c.backOff()
		}
		if c.tracerPinned && c.affine == 0 && c.guardian.table.pinned.Load() == 0 {
			c.unpinTracer()
		}
		c.looks++
		c.stops, c.parallel, c.affine = 0, 0, 0
		return
	}
	c.pause -= int(passed)
	if c.window += passed; c.window >= windowTicks {
		c.spread = !c.always && c.computesInParallel()
		c.stops, c.parallel, c.window = 0, 0, 0
	}
	if c.pause <= 0 && !c.spread {
		c.activate()
	}
}

// backOff deactivates until the next attempt.
func (c *Controller) backOff() {
	c.Deactivate()
	if c.looks >= longestPause {
		c.nextPause = shortestPause
	}
	c.pause = c.nextPause
	c.nextPause = min(2*c.nextPause, longestPause)
}

// Disperse is backOff where so many tracees are busy that no processor is ever
// idle.
func (c *Controller) Disperse() {
	if c.active && !c.always {
		c.backOff()
	}
}

// tooParallel tells, while tracees are pinned, whether several of them wanted
// the processor, and stops were so few that tracing was not what the time went
// into.
func (c *Controller) tooParallel(ticks uint32) bool {
	return c.stops < busyTick*ticks && c.guardian.table.runnable.Load() > 1
}

// computesInParallel tells, while tracees are free, whether they make use of it: most
// of the few stops come while another tracee computes.
func (c *Controller) computesInParallel() bool {
	return c.stops < freeTick*c.window && c.parallel > c.stops/2
}

// contended tells whether the tracer waited too long for its processor. At
// each stop it waits for the tracee to leave it: that much is due.
func contended(waited uint64, stops, ticks uint32) bool {
	const due = 2_000 // nanoseconds a stop
	return waited > uint64(stops)*due+uint64(ticks)*tick*1_000_000/4
}

// runDelay is how long the tracer's thread has waited for a processor, in
// nanoseconds: the second number in its schedstat.
func (c *Controller) runDelay() uint64 {
	if c.schedstat < 0 {
		return 0
	}
	var text [64]byte
	n, err := unix.Pread(c.schedstat, text[:], 0)
	if err != nil {
		return 0
	}
	var field int
	var delay uint64
	for _, b := range text[:n] {
		switch {
		case b == ' ':
			field++
		case field == 1:
			delay = delay*10 + uint64(b-'0')
		}
	}
	return delay
}

// activate begins an attempt.
func (c *Controller) activate() {
	if c.guardian.table.ready.Load() != 0 {
		c.active = true
		c.looks, c.stops, c.parallel, c.window, c.affine = 0, 0, 0, 0, 0
	}
}

// pinTracer makes the processor that the tracer runs on its home, for as long as there
// are tracees at home: without them it would only be in somebody's way.
func (c *Controller) pinTracer() bool {
	var cpu uint32
	if _, _, errno := unix.RawSyscall(unix.SYS_GETCPU, uintptr(unsafe.Pointer(&cpu)), 0, 0); errno != 0 {
		return false
	}
	c.tracerPinned = c.moveTo(int(cpu))
	return c.tracerPinned
}

// unpinTracer lets the tracer run anywhere.
func (c *Controller) unpinTracer() {
	if c.tracerPinned {
		unix.SchedSetaffinity(0, c.original(&c.self))
		c.tracerPinned, c.turns = false, false
	}
}

// moveTo makes a processor the home. Tracees that are pinned to another follow
// as they stop.
func (c *Controller) moveTo(cpu int) bool {
	var one unix.CPUSet
	one.Set(cpu)
	if unix.SchedSetaffinity(0, &one) != nil {
		return false
	}
	c.shared = one
	c.moves++
	return true
}

// moveWithin moves the home to a processor where a tracee may run, which may not
// run at home.
func (c *Controller) moveWithin(mask *unix.CPUSet) bool {
	for i := range mask {
		if both := uint64(mask[i] & c.self[i]); both != 0 {
			return c.moveTo(i*64 + bits.TrailingZeros64(both))
		}
	}
	return false
}

// Deactivate ends an attempt. The tracees follow the tracer as they stop, or
// as the guardian finds them.
func (c *Controller) Deactivate() {
	c.unpinTracer()
	c.active, c.turns = false, false
}
