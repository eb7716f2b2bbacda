//go:build linux && amd64

package tracer

import (
	"time"

	"trapline/tracer/buffered"
)

// clock converts values of the time stamp counter. Its rate follows from two
// readings, the first of which is from the start of the trace.
type clock struct {
	firstTSC, lastTSC uint64
	first, last       time.Time
	perTick           float64 // nanoseconds
}

// bothTake is how long it takes at most to read both clocks, in ticks, if this thread
// keeps its processor meanwhile.
const bothTake = 20_000

// read reads both clocks. If this thread has lost its processor in between, they are of
// different times, and it reads them again.
func (c *clock) read() {
	const tries = 3 // on a busy machine
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

// sync notes what time it is now, and returns the value of the counter.
func (c *clock) sync() uint64 {
	c.read()
	if ticks := c.lastTSC - c.firstTSC; ticks > 0 {
		c.perTick = float64(c.last.Sub(c.first)) / float64(ticks)
	}
	return c.lastTSC
}

// ticks returns how many ticks a duration has.
func (c *clock) ticks(d time.Duration) uint64 {
	if c.perTick == 0 {
		return 0
	}
	return uint64(float64(d) / c.perTick)
}

// at returns the time of a value of the counter. A program may have noted any
// value: no time is more than an hour before the last reading, or after it.
func (c *clock) at(tsc uint64) time.Time {
	const hour = float64(time.Hour)
	d := float64(int64(tsc-c.lastTSC)) * c.perTick
	return c.last.Add(time.Duration(max(-hour*24*365, min(d, 0))))
}
