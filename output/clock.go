package output

import (
	"time"

	"golang.org/x/sys/unix"
)

// clocks relate the times of records, which are times of day, to
// CLOCK_MONOTONIC.
type clocks struct {
	at        time.Time // with Go's monotonic reading
	monotonic time.Duration
}

// readClocks reads both clocks at the same moment, as nearly as possible.
func readClocks() (c clocks) {
	least := time.Duration(1<<63 - 1)
	for range 8 {
		before := monotonicNow()
		at := time.Now()
		after := monotonicNow()
		if span := after - before; span < least {
			least = span
			c = clocks{at, before + span/2}
		}
	}
	return c
}

// clocksAt returns Clocks in the form that the Options need. Times from a recording have
// no monotonic reading, but their differences are those of monotonic times.
func (c *Clocks) clocksAt() clocks {
	return clocks{time.Unix(0, c.Realtime), time.Duration(c.Monotonic)}
}

// monotonicNow returns the time of CLOCK_MONOTONIC.
func monotonicNow() time.Duration { return readClock(unix.CLOCK_MONOTONIC) }

func readClock(clock int32) time.Duration {
	var t unix.Timespec
	if unix.ClockGettime(clock, &t) != nil {
		return 0
	}
	return time.Duration(t.Nano())
}

// Stamp returns the time of a record, by the clock that the Options ask for, in
// nanoseconds. For the monotonic clock, at must come from time.Now.
func (o *Options) Stamp(at time.Time) int64 {
	if !o.Monotonic {
		return at.UnixNano()
	}
	return int64(o.clocks.monotonic + at.Sub(o.clocks.at))
}

// Stamp returns the time of a record: see Options.Stamp.
func (l *Log) Stamp(at time.Time) int64 { return l.options.Stamp(at) }

// AppendStamp writes such a time as seconds with decimals.
func AppendStamp(b []byte, stamp int64, digits Precision) []byte {
	second, fraction := stamp/1e9, stamp%1e9
	if fraction < 0 {
		second, fraction = second-1, fraction+1e9
	}
	b = AppendNumber(b, uint64(second), Signed)
	return AppendFraction(b, int(fraction), digits)
}

// Clocks are the times of several clocks at one moment, in nanoseconds.
type Clocks struct{ Realtime, Monotonic, Boottime int64 }

// ReadClocks reads the clocks.
func ReadClocks() Clocks {
	c := readClocks()
	// The difference of these two clocks is the time of suspension.
	suspended := readClock(unix.CLOCK_BOOTTIME) - monotonicNow()
	if suspended < time.Millisecond { // the two clocks were not read at the same moment
		suspended = 0
	}
	return Clocks{c.at.UnixNano(), int64(c.monotonic), int64(c.monotonic + suspended)}
}

// setClocks finds out what Monotonic needs: from the clocks of this machine, or from those
// of the recording that Run is of.
func (o *Options) setClocks() {
	if !o.Monotonic {
		return
	}
	o.clocks = readClocks()
	if r := o.Run; r != nil && !r.Began.IsZero() {
		o.clocks = r.Clocks.clocksAt()
	}
}
