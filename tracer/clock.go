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

func (c *clock) start() {
	c.first, c.firstTSC = time.Now(), buffered.ReadTSC()
	c.last, c.lastTSC = c.first, c.firstTSC
}

// sync notes what time it is now, and returns the value of the counter.
func (c *clock) sync() uint64 {
	c.last, c.lastTSC = time.Now(), buffered.ReadTSC()
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
