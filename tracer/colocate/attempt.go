//go:build linux && amd64

package colocate

import (
	"strconv"

	"golang.org/x/sys/unix"
)

// The pause between attempts, in ticks.
const (
	shortestPause = 8
	longestPause  = 256
)

// windowTicks is how many ticks the tracer watches tracees that are not pinned
// before it decides whether they compute in parallel.
const windowTicks = 8

// look is called at the first stop after each tick. It decides whether
// co-location is active.
func (c *Controller) look(now uint32) {
	passed := now - c.tick
	c.tick = now
	delay := c.runDelay()
	waited := delay - c.delay
	c.delay = delay
	if c.active {
		// While the tracer takes turns, it waits for the processor all the time. There are
		// few stops if other processes use the processor.
		isContended := !c.turns && contended(waited, c.stops, passed)
		c.turns = c.stops >= busyTick*passed
		c.dense = c.stops >= denseTick*passed
		c.rate.stops += c.stops
		c.rate.ticks += passed
		switch {
		case c.always:
		case c.tooParallel(passed):
			if c.crowded++; c.crowded > 1 {
				c.debugf("co-location: attempt ends after %d looks: tracees compute in parallel", c.looks)
				c.backOff()
				c.spread, c.window = true, 0
			}
		case isContended && !c.isFaster():
			c.debugf("co-location: attempt ends after %d looks: the processor is contended", c.looks)
			c.backOff()
		default:
			c.crowded = 0
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
		c.freeRate = rate{c.stops, c.window}
		c.stops, c.parallel, c.window = 0, 0, 0
	}
	if c.pause <= 0 && !c.spread {
		c.activate()
	}
}

// activate begins an attempt, once the guardian is ready.
func (c *Controller) activate() {
	if c.guardian.table.ready.Load() != 0 && c.guardian.pid.Load() != 0 {
		c.active = true
		c.debugf("co-location: attempt begins")
		c.looks, c.stops, c.parallel, c.window, c.affine = 0, 0, 0, 0, 0
		c.rate, c.crowded, c.dense = rate{}, 0, true
	}
}

// End ends co-location permanently, except that Stop must still be called. The caller
// unpins the tracees.
func (c *Controller) End() {
	c.deactivate()
	c.wanted = false
}

// deactivate ends an attempt. The tracer's thread is unpinned at once; tracees
// are unpinned as they stop, or by the guardian.
func (c *Controller) deactivate() {
	c.unpinTracer()
	c.active, c.turns = false, false
}

// backOff ends an attempt and sets the pause until the next one.
func (c *Controller) backOff() {
	c.deactivate()
	if c.looks >= longestPause {
		c.nextPause = shortestPause
	}
	c.pause = c.nextPause
	c.nextPause = min(2*c.nextPause, longestPause)
}

// Disperse backs off, when so many tracees are busy that no processor is ever
// idle.
func (c *Controller) Disperse() {
	if c.active && !c.always {
		c.backOff()
	}
}

// tooParallel reports, while tracees are pinned, whether several of them wanted
// the processor while there were so few stops that the time did not go into
// tracing. A parent and its child that ends want it at the same moment, so an attempt only
// ends when this is true at two looks in a row.
func (c *Controller) tooParallel(ticks uint32) bool {
	return c.stops < busyTick*ticks && c.guardian.table.runnable.Load() > 1
}

// computesInParallel reports, while tracees are not pinned, whether they run in
// parallel: stops are few, and most come while another tracee computes.
func (c *Controller) computesInParallel() bool {
	return c.stops < freeTick*c.window && c.parallel > c.stops/2
}

// contended reports whether the tracer waited too long for its processor. At
// each stop it has to wait until the tracee has left the processor; that much
// is normal.
func contended(waited uint64, stops, ticks uint32) bool {
	const due = 2_000 // nanoseconds a stop
	return waited > uint64(stops)*due+uint64(ticks)*tick*1_000_000/4
}

// rate is a number of stops in a number of ticks.
type rate struct{ stops, ticks uint32 }

// isFaster reports whether stops come faster in this attempt than before it, by a sixteenth
// at least, although the processor is contended: short commands that follow each other gain
// more from one processor than they lose by waiting for it. It assumes so until the attempt
// has lasted for a window.
func (c *Controller) isFaster() bool {
	if c.freeRate.ticks == 0 || c.rate.ticks < windowTicks {
		return c.freeRate.ticks > 0
	}
	faster := 16*uint64(c.rate.stops)*uint64(c.freeRate.ticks) >= 17*uint64(c.freeRate.stops)*uint64(c.rate.ticks)
	c.rate = rate{}
	return faster
}

// openSchedstat opens the file that runDelay reads.
func (c *Controller) openSchedstat() {
	path := "/proc/self/task/" + strconv.Itoa(unix.Gettid()) + "/schedstat"
	var err error
	if c.schedstat, err = unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0); err != nil {
		c.schedstat = -1
	}
}

// runDelay is how long the tracer's thread has waited for a processor in all,
// in nanoseconds: the second number in its schedstat file.
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
