package process

import (
	"time"

	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// Clocks: kernel/time/time.c, kernel/time/posix-timers.c, kernel/time/hrtimer.c.

var timeCalls = Calls{
	{"time", Args{{"tloc", Out(oldTime)}}, RetUnsigned.With(remarkDate)},
	{"gettimeofday", Args{{"tv", Out(Timeval)}, {"tz", Out(timezone)}}, RetUnsigned},
	{"settimeofday", Args{{"tv", Ptr(Timeval)}, {"tz", Ptr(timezone)}}, RetUnsigned},
	{"clock_gettime clock_getres", Args{{"clockid", Clock}, {"tp", Out(Timespec)}}, RetUnsigned},
	{"clock_settime", Args{{"clockid", Clock}, {"tp", Ptr(Timespec)}}, RetUnsigned},
	{"clock_nanosleep", clockNanosleepArgs(Timespec), RetUnsigned},
	{"nanosleep", nanosleepArgs(Timespec), RetUnsigned},
	{"adjtimex", Args{{"buf", Out(timex)}}, retClockState},
	{"clock_adjtime", Args{{"clockid", Clock}, {"buf", Out(timex)}}, retClockState},
	{"times", Args{{"buf", Out(tms)}}, RetUnsigned},
}

var timeCallsI386 = Calls{
	{"stime", Args{{"tloc", Ptr(oldTime)}}, RetUnsigned},
	{"clock_gettime64 clock_getres_time64", Args{{"clockid", Clock}, {"tp", Out(Timespec64)}}, RetUnsigned},
	{"clock_settime64", Args{{"clockid", Clock}, {"tp", Ptr(Timespec64)}}, RetUnsigned},
	{"clock_nanosleep_time64", clockNanosleepArgs(Timespec64), RetUnsigned},
	{"clock_adjtime64", Args{{"clockid", Clock}, {"buf", Out(timex64)}}, retClockState},
}

// oldTime is a time_t. On i386, where it ends in 2038, its date is that of the
// unsigned number.
var oldTime = ValueOf(KLong, func(c *Call, sec uint64) {
	c.Out.Number(sec, output.Signed)
	if c.ABI == tables.I386 {
		sec = uint64(uint32(sec))
	}
	CommentDate(c, int64(sec), 0, time.Second)
})

// remarkDate shows the time that a call returns.
func remarkDate(c *Call) {
	if b := FormatDate(c, c.Ret, 0, time.Second); len(b) > 0 {
		c.Out.BeginRemark(output.Aside)
		c.Out.Field("")
		c.Out.Text(output.AsString(b))
		c.Out.EndRemark()
	}
}

// Clock is a clockid_t.
var Clock Type = clock{Int}

type clock struct{ *Number }

// A negative clockid_t is a process, thread or file, and a clock of it
// (include/linux/posix-timers.h): ~id << 3 | per-thread bit | clock.
const (
	clockFD        = 3
	clockFDMask    = 7
	clockWhich     = 3
	clockPerThread = 4
)

func (t clock) Show(c *Call, v View) {
	id := int32(t.Value(c, v))
	if id >= 0 {
		c.Out.Enum(uint64(id), tables.ClockID, output.Hex)
		return
	}
	of := ^(id >> 3)
	if id&clockWhich == clockFD && id&clockFDMask != clockFD {
		c.Out.Enum(uint64(uint32(id)), tables.ClockID, output.Hex)
		return
	}
	c.Out.BeginNamed()
	c.Out.Number(uint64(id), output.Signed)
	c.Out.Named(output.InComment)
	switch {
	case id&clockFDMask == clockFD:
		c.Out.BeginMacro("FD_TO_CLOCKID")
		c.Out.Elem()
		c.Out.Number(uint64(of), output.Signed)
	case id&clockPerThread != 0:
		c.Out.BeginMacro("MAKE_THREAD_CPUCLOCK")
		cpuClock(c, of, id)
	default:
		c.Out.BeginMacro("MAKE_PROCESS_CPUCLOCK")
		cpuClock(c, of, id)
	}
	c.Out.EndMacro()
	c.Out.EndNamed()
}

func cpuClock(c *Call, of, id int32) {
	c.Out.Elem()
	c.Out.Number(uint64(of), output.Signed)
	c.Out.Elem()
	c.Out.Enum(uint64(id&clockWhich), tables.CPUClock, output.Hex)
}

var timezone = Struct(Fields{{"tz_minuteswest", Int}, {"tz_dsttime", Int}})

// The time that is left of a sleep is written when a signal interrupted it.
func nanosleepArgs(ts Type) Args {
	return Args{{"req", Ptr(ts)}, {"rem", OutIf((*Call).Restarts, ts)}}
}

func clockNanosleepArgs(ts Type) Args {
	left := func(c *Call) bool { return c.Restarts() && Ref("flags").Num(c) == 0 }
	return Args{{"clockid", Clock}, {"flags", Flags(tables.ClockFlags)}, {"request", Ptr(ts)}, {"remain", OutIf(left, ts)}}
}

var tms = Struct(Fields{{"tms_utime", ClockT}, {"tms_stime", ClockT}, {"tms_cutime", ClockT}, {"tms_cstime", ClockT}})

// timex is a struct timex, timex64 a struct __kernel_timex (linux/timex.h).
var (
	timex   = timexOf(KLong, KUlong, Pad(0))
	timex64 = timexOf(S64, U64, Pad(4))
)

// timexOf is made of longs; hole is what the struct has behind its ints.
func timexOf(long, ulong *Number, hole Type) *StructType {
	return Struct(Fields{
		{"modes", Flags(tables.AdjtimexModes)}, {"_", hole}, {"offset", long}, {"freq", long}, {"maxerror", long}, {"esterror", long},
		{"status", Flags(tables.AdjtimexStatus)}, {"_", hole}, {"constant", long}, {"precision", long}, {"tolerance", long},
		{"time", Struct(Fields{{"tv_sec", long}, {"tv_usec", ulong}})}, {"tick", long},
		{"ppsfreq", long}, {"jitter", long}, {"shift", Int}, {"_", hole}, {"stabil", long},
		{"jitcnt", long}, {"calcnt", long}, {"errcnt", long}, {"stbcnt", long}, {"tai", Int}, {"_", Array(Int, Const(11))},
	})
}

var retClockState = RetUnsigned.With(func(c *Call) {
	if name, ok := tables.AdjtimexState.Lookup(uint64(c.Ret)); ok && c.Begun {
		c.Remark(name)
	}
})
