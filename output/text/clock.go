package text

import (
	"time"

	"trapline/output"
)

// clock writes the times at the start of text lines.
type clock struct {
	second int64  // the second that head shows
	head   []byte // wall clock without the fraction
}

// append writes the time of a line and a blank (-t).
func (c *clock) append(b []byte, at time.Time, o *output.Options) []byte {
	format, digits := o.Clock, o.ClockDigits
	if o.Monotonic {
		return append(output.AppendStamp(b, o.Stamp(at), digits), ' ')
	}
	if second := at.Unix(); second != c.second || len(c.head) == 0 {
		c.second = second
		if format == output.ClockEpoch {
			c.head = output.AppendNumber(c.head[:0], uint64(second), output.Signed)
		} else {
			c.head = at.Local().AppendFormat(c.head[:0], time.TimeOnly)
		}
	}
	b = append(b, c.head...)
	b = output.AppendFraction(b, at.Nanosecond(), digits)
	return append(b, ' ')
}

// appendRelative writes the time since the previous line and a blank (-r), in
// brackets if the wall clock precedes it.
func appendRelative(b []byte, since time.Duration, brackets bool, digits output.Precision) []byte {
	if brackets {
		b = append(b, "(+"...)
	}
	b = output.AppendPadded(b, uint64(since/time.Second), 6, ' ')
	b = output.AppendFraction(b, int(since%time.Second), digits)
	if brackets {
		b = append(b, ')')
	}
	return append(b, ' ')
}
