package kernel

import (
	"math"
	"time"

	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// The times of calls with plain names consist of longs, which have 32 bits on
// i386. The later versions of these calls (futex_time64) use the types whose
// names end in 64.

// Points in time, as seconds and a fraction. A negative fraction, which is
// invalid, is shown unsigned.
var (
	Timespec   = Struct{C: "timespec", Fields: Fields{{"tv_sec", KLong}, {"tv_nsec", KUlong}}}         // struct __kernel_old_timespec
	Timespec32 = Struct{C: "old_timespec32", Fields: Fields{{"tv_sec", S32}, {"tv_nsec", U32}}}        // struct old_timespec32
	Timespec64 = Struct{C: "__kernel_timespec", Fields: Fields{{"tv_sec", S64}, {"tv_nsec", U64}}}     // struct __kernel_timespec
	Timeval    = Struct{C: "timeval", Fields: Fields{{"tv_sec", KLong}, {"tv_usec", KUlong}}}          // struct __kernel_old_timeval
	Timeval32  = Struct{C: "old_timeval32", Fields: Fields{{"tv_sec", S32}, {"tv_usec", U32}}}         // struct old_timeval32
	Timeval64  = Struct{C: "__kernel_sock_timeval", Fields: Fields{{"tv_sec", S64}, {"tv_usec", U64}}} // struct __kernel_sock_timeval
)

// Timer settings: an interval and the time until the next expiration.
var (
	Itimerspec   = Struct{C: "itimerspec", Fields: Fields{{"it_interval", &Timespec}, {"it_value", &Timespec}}}
	Itimerspec64 = Struct{C: "__kernel_itimerspec", Fields: Fields{{"it_interval", &Timespec64}, {"it_value", &Timespec64}}}
	Itimerval    = Struct{C: "itimerval", Fields: Fields{{"it_interval", &Timeval}, {"it_value", &Timeval}}}
)

// Date is the type of TimeT.
type Date struct{ Number }

func (t *Date) Show(c *Call, v View) {
	sec := t.Value(c, v)
	c.Out.Number(sec, t.Base())
	CommentDate(c, int64(sec), 0, time.Second)
}

// Dated is a point in time such as Timespec, with the date in a comment.
type Dated struct {
	Of    *Struct
	OrNow bool // the fraction may be UTIME_NOW or UTIME_OMIT of utimensat(2)
}

// Layout implements Type.
func (t *Dated) Layout(abi tables.ABI) Layout { return t.Of.Layout(abi) }

// Keep implements keeper of package lang.
func (t *Dated) Keep(k *Keeps) { k.Value(t.Of) }

// Special values of tv_nsec (linux/stat.h).
const (
	utimeNow  = 1<<30 - 1
	utimeOmit = 1<<30 - 2
)

func (t *Dated) Show(c *Call, v View) {
	members := t.Of.Members()
	sec, frac := &members[0], &members[1]
	s := NumberOf(c, sec.Type, v.At(sec.Off[c.ABI], sec.Type.Layout(c.ABI).Size))
	n := NumberOf(c, frac.Type, v.At(frac.Off[c.ABI], frac.Type.Layout(c.ABI).Size))
	if t.OrNow && (n == utimeNow || n == utimeOmit) {
		c.Out.BeginNamed()
		t.Of.Show(c, v)
		c.Out.Named(output.InComment)
		if n == utimeNow {
			c.Out.Text("UTIME_NOW")
		} else {
			c.Out.Text("UTIME_OMIT")
		}
		c.Out.EndNamed()
		return
	}
	t.Of.Show(c, v)
	unit := time.Nanosecond
	if frac.Name == "tv_usec" {
		unit = time.Microsecond
	}
	CommentDate(c, int64(s), n, unit)
}

// CommentDate adds the local date and time of sec seconds and frac units after
// the epoch as a comment, unless it is the epoch itself or invalid.
func CommentDate(c *Call, sec int64, frac uint64, unit time.Duration) {
	if c.Discarded() {
		return
	}
	if b := FormatDate(c, sec, frac, unit); len(b) > 0 {
		c.Out.Comment(output.Note, output.AsString(b))
	}
}

// FormatDate returns the text that CommentDate shows.
func FormatDate(c *Call, sec int64, frac uint64, unit time.Duration) []byte {
	if sec == 0 && frac == 0 || frac >= uint64(time.Second/unit) && frac > 0 {
		return nil
	}
	layout := "2006-01-02T15:04:05-0700"
	if frac > 0 {
		layout = "2006-01-02T15:04:05.000000000-0700"
		if unit == time.Microsecond {
			layout = "2006-01-02T15:04:05.000000-0700"
		}
	}
	// A struct tm of the C library counts years in an int.
	const most = (math.MaxInt32 - 70) * 31556952
	if sec > most || sec < -most {
		return nil
	}
	t := time.Unix(sec, int64(frac)*int64(unit))
	return t.AppendFormat(c.Alloc(64)[:0], layout)
}
