package output

import "time"

// clock writes the times at the head of text lines.
type clock struct {
	second int64  // the one that head is for
	head   []byte // wall clock without the fraction
	last   time.Time
}

// appendWall writes the wall clock and a blank (-t).
func (c *clock) appendWall(b []byte, at time.Time, format Clock, digits Precision) []byte {
	if format == ClockNone {
		return b
	}
	if second := at.Unix(); second != c.second || len(c.head) == 0 {
		c.second = second
		if format == ClockEpoch {
			c.head = appendNumber(c.head[:0], uint64(second), Signed)
		} else {
			c.head = at.Local().AppendFormat(c.head[:0], time.TimeOnly)
		}
	}
	b = append(b, c.head...)
	b = appendFraction(b, at.Nanosecond(), digits)
	return append(b, ' ')
}

// appendRelative writes the time since the line before and a blank (-r). Where
// the wall clock stands before it, brackets keep the two apart.
func (c *clock) appendRelative(b []byte, at time.Time, brackets bool, digits Precision) []byte {
	var d time.Duration
	if !c.last.IsZero() {
		d = max(0, at.Sub(c.last))
	}
	c.last = at
	if brackets {
		b = append(b, "(+"...)
	}
	b = appendPadded(b, uint64(d/time.Second), 6, ' ')
	b = appendFraction(b, int(d%time.Second), digits)
	if brackets {
		b = append(b, ')')
	}
	return append(b, ' ')
}
