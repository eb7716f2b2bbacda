package decode

import (
	"strconv"

	"trapline/output"
)

// userHZ is the unit of clock_t, ticks a second, that the kernel shows to user
// space whatever its own is (USER_HZ of asm-generic/param.h).
const userHZ = 100

// ClockT is a clock_t, with the seconds that it makes.
var ClockT Type = &clockT{Long}

type clockT struct{ *Number }

func (t *clockT) Show(c *Call, v View) { c.ShowTicks(t.Value(c, v)) }

// ShowTicks writes a number of ticks and, beside it, of seconds.
func (c *Call) ShowTicks(n uint64) {
	c.Out.Number(n, output.Unsigned)
	if n == 0 {
		return
	}
	b := strconv.AppendUint(c.alloc(40)[:0], n/userHZ, 10)
	b = append(b, '.', byte('0'+n%userHZ/10), byte('0'+n%10), ' ', 's')
	c.Out.Gloss(b)
}

// Rusage is a struct rusage.
var Rusage = Struct(Fields{
	{"ru_utime", Timeval}, {"ru_stime", Timeval},
	{"ru_maxrss", Verbose(KUlong)}, {"ru_ixrss", Verbose(KUlong)}, {"ru_idrss", Verbose(KUlong)}, {"ru_isrss", Verbose(KUlong)},
	{"ru_minflt", Verbose(KUlong)}, {"ru_majflt", Verbose(KUlong)}, {"ru_nswap", Verbose(KUlong)},
	{"ru_inblock", Verbose(KUlong)}, {"ru_oublock", Verbose(KUlong)},
	{"ru_msgsnd", Verbose(KUlong)}, {"ru_msgrcv", Verbose(KUlong)},
	{"ru_nsignals", Verbose(KUlong)}, {"ru_nvcsw", Verbose(KUlong)}, {"ru_nivcsw", Verbose(KUlong)},
})
