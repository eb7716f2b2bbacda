//go:build linux && amd64

package tracer

import (
	"time"

	"trapline/tracer/buffered"
)

// clock converts values of the time stamp counter to times. It computes the counter's rate
// from two readings. The first one is taken at the start of the trace.
type clock struct {
	firstTSC, lastTSC uint64
	first, last       time.Time
	perTick           float64 // nanoseconds
}

// bothTake is the longest time, in ticks, that reading both clocks can take if this thread is
// not preempted meanwhile.
const bothTake = 20_000

// read reads both clocks. If this thread was preempted in between, the two values belong to
// different times, and read tries again.
func (c *clock) read() {
	const tries = 3 // a limit for a busy machine
	for range tries {
		before := buffered.ReadTSC()
		c.last, c.lastTSC = time.Now(), buffered.ReadTSC()
		if c.lastTSC-before < bothTake {
			break
		}
	}
}

func (c *clock) start() {
	c.read()
	c.first, c.firstTSC = c.last, c.lastTSC
}

// sync updates the clock, and returns the current value of the counter.
func (c *clock) sync() uint64 {
	c.read()
	if ticks := c.lastTSC - c.firstTSC; ticks > 0 {
		c.perTick = float64(c.last.Sub(c.first)) / float64(ticks)
	}
	return c.lastTSC
}

// ticks returns a duration in ticks of the counter.
func (c *clock) ticks(d time.Duration) uint64 {
	if c.perTick == 0 {
		return 0
	}
	return uint64(float64(d) / c.perTick)
}

// at returns the time of a value of the counter. A program may have written any value into
// its ring, so the result is limited to an hour before or after the last reading.
func (c *clock) at(tsc uint64) time.Time {
	const hour = float64(time.Hour)
	d := float64(int64(tsc-c.lastTSC)) * c.perTick
	return c.last.Add(time.Duration(max(-hour*24*365, min(d, 0))))
}
