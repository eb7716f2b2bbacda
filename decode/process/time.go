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
	{"time", Args{{"tloc", &Out{To: oldTime}}}, &ResultWith{Ret: RetUnsigned, Remark: remarkDate}},
	{"gettimeofday", Args{{"tv", &Out{To: &Timeval}}, {"tz", &Out{To: timezone}}}, RetUnsigned},
	{"settimeofday", Args{{"tv", &Ptr{To: &Timeval}}, {"tz", &Ptr{To: timezone}}}, RetUnsigned},
	{"clock_gettime clock_getres", Args{{"clockid", clockID}, {"tp", &Out{To: &Timespec}}}, RetUnsigned},
	{"clock_settime", Args{{"clockid", clockID}, {"tp", &Ptr{To: &Timespec}}}, RetUnsigned},
	{"clock_nanosleep", Args{
		{"clockid", clockID}, {"flags", clockFlags}, {"request", &Ptr{To: &Timespec}}, {"remain", &Out{To: &Timespec, If: Test(sleepLeft)}},
	}, RetUnsigned},
	{"nanosleep", Args{{"req", &Ptr{To: &Timespec}}, {"rem", &Out{To: &Timespec, If: Test((*Call).Restarts)}}}, RetUnsigned},
	{"adjtimex", Args{{"buf", &Out{To: timex}}}, retClockState},
	{"clock_adjtime", Args{{"clockid", clockID}, {"buf", &Out{To: timex}}}, retClockState},
	{"times", Args{{"buf", &Out{To: tms}}}, RetUnsigned},
}

var timeCallsI386 = Calls{
	{"stime", Args{{"tloc", &Ptr{To: oldTime}}}, RetUnsigned},
	{"clock_gettime64 clock_getres_time64", Args{{"clockid", clockID}, {"tp", &Out{To: &Timespec64}}}, RetUnsigned},
	{"clock_settime64", Args{{"clockid", clockID}, {"tp", &Ptr{To: &Timespec64}}}, RetUnsigned},
	{"clock_nanosleep_time64", Args{
		{"clockid", clockID}, {"flags", clockFlags}, {"request", &Ptr{To: &Timespec64}}, {"remain", &Out{To: &Timespec64, If: Test(sleepLeft)}},
	}, RetUnsigned},
	{"clock_adjtime64", Args{{"clockid", clockID}, {"buf", &Out{To: timex64}}}, retClockState},
}

// oldTime is a time_t. On i386 its date is that of the unsigned number, because
// the signed one ends in 2038.
var oldTime = &Value{In: KLong, By: func(c *Call, sec uint64) {
	c.Out.Number(sec, output.Signed)
	if c.ABI == tables.I386 {
		sec = uint64(uint32(sec))
	}
	CommentDate(c, int64(sec), 0, time.Second)
}}

// remarkDate shows the date of the time that a call returns.
func remarkDate(c *Call) {
	if b := FormatDate(c, c.Ret, 0, time.Second); len(b) > 0 {
		c.Outcome.BeginRemark(output.Aside)
		c.Out.Field("")
		c.Out.Text(output.AsString(b))
		c.Outcome.EndRemark()
	}
}

// clockID is a clockid_t.
var clockID = clock{Int}

type clock struct{ Number }

// A negative clockid_t refers to the clock of a process, a thread or a file
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
		c.Out.Enum(uint64(id), &tables.ClockID, output.Hex)
		return
	}
	of := ^(id >> 3)
	if id&clockWhich == clockFD && id&clockFDMask != clockFD {
		c.Out.Enum(uint64(uint32(id)), &tables.ClockID, output.Hex)
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
	c.Out.Enum(uint64(id&clockWhich), &tables.CPUClock, output.Hex)
}

var timezone = &Struct{C: "timezone", Fields: Fields{{"tz_minuteswest", Int}, {"tz_dsttime", Int}}}

// sleepLeft reports whether a clock_nanosleep was interrupted by a signal and has
// written the remaining time.
func sleepLeft(c *Call) bool { return c.Restarts() && Ref("flags").Num(c) == 0 }

var tms = &Struct{C: "tms", Fields: Fields{{"tms_utime", ClockT}, {"tms_stime", ClockT}, {"tms_cutime", ClockT}, {"tms_cstime", ClockT}}}

// timex is a struct timex, timex64 a struct __kernel_timex (linux/timex.h). The
// latter has padding after its ints.
var (
	timex = &Struct{C: "__kernel_timex", Fields: Fields{
		{"modes", &Flags{Set: &tables.AdjtimexModes}}, {"_", Pad(0)}, {"offset", KLong}, {"freq", KLong}, {"maxerror", KLong}, {"esterror", KLong},
		{"status", &Flags{Set: &tables.AdjtimexStatus}}, {"_", Pad(0)}, {"constant", KLong}, {"precision", KLong}, {"tolerance", KLong},
		{"time", &Struct{Fields: Fields{{"tv_sec", KLong}, {"tv_usec", KUlong}}}}, {"tick", KLong},
		{"ppsfreq", KLong}, {"jitter", KLong}, {"shift", Int}, {"_", Pad(0)}, {"stabil", KLong},
		{"jitcnt", KLong}, {"calcnt", KLong}, {"errcnt", KLong}, {"stbcnt", KLong}, {"tai", Int}, {"_", &Array{Of: Int, N: 11}},
	}}
	timex64 = &Struct{C: "__kernel_timex", Fields: Fields{
		{"modes", &Flags{Set: &tables.AdjtimexModes}}, {"_", Pad(4)}, {"offset", S64}, {"freq", S64}, {"maxerror", S64}, {"esterror", S64},
		{"status", &Flags{Set: &tables.AdjtimexStatus}}, {"_", Pad(4)}, {"constant", S64}, {"precision", S64}, {"tolerance", S64},
		{"time", &Struct{Fields: Fields{{"tv_sec", S64}, {"tv_usec", U64}}}}, {"tick", S64},
		{"ppsfreq", S64}, {"jitter", S64}, {"shift", Int}, {"_", Pad(4)}, {"stabil", S64},
		{"jitcnt", S64}, {"calcnt", S64}, {"errcnt", S64}, {"stbcnt", S64}, {"tai", Int}, {"_", &Array{Of: Int, N: 11}},
	}}
)

var retClockState = &ResultWith{Ret: RetUnsigned, Remark: func(c *Call) {
	if name, ok := tables.AdjtimexState.Lookup(uint64(c.Ret)); ok && c.Begun {
		c.Remark(name)
	}
}}
