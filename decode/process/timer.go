package process

import (
	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/tables"
)

// Timers: kernel/time/posix-timers.c, kernel/time/itimer.c, fs/timerfd.c.

var timerCalls = Calls{
	{"timer_create", Args{{"clockid", Clock}, {"sevp", Ptr(Sigevent)}, {"timerid", Out(Int)}}, RetUnsigned},
	{"timer_delete timer_getoverrun", Args{{"timerid", Int}}, RetUnsigned},
	{"timer_settime", timerSettimeArgs(Itimerspec), RetUnsigned},
	{"timer_gettime", Args{{"timerid", Int}, {"curr_value", Out(Itimerspec)}}, RetUnsigned},
	{"timerfd_create", Args{{"clockid", Clock}, {"flags", Flags(tables.TimerfdFlags)}}, RetFD},
	{"timerfd_settime", timerfdSettimeArgs(Itimerspec), RetUnsigned},
	{"timerfd_gettime", Args{{"fd", FD}, {"curr_value", Out(Itimerspec)}}, RetUnsigned},
	{"getitimer", Args{{"which", Enum(tables.Itimer)}, {"curr_value", Out(Itimerval)}}, RetUnsigned},
	{"setitimer", Args{{"which", Enum(tables.Itimer)}, {"new_value", Ptr(Itimerval)}, {"old_value", Out(Itimerval)}}, RetUnsigned},
	{"alarm", Args{{"seconds", Uint}}, RetUnsigned},
}

var timerCallsI386 = Calls{
	{"timer_settime64", timerSettimeArgs(Itimerspec64), RetUnsigned},
	{"timer_gettime64", Args{{"timerid", Int}, {"curr_value", Out(Itimerspec64)}}, RetUnsigned},
	{"timerfd_settime64", timerfdSettimeArgs(Itimerspec64), RetUnsigned},
	{"timerfd_gettime64", Args{{"fd", FD}, {"curr_value", Out(Itimerspec64)}}, RetUnsigned},
}

func timerSettimeArgs(spec Type) Args {
	return Args{{"timerid", Int}, {"flags", Flags(tables.ClockFlags)}, {"new_value", Ptr(spec)}, {"old_value", Out(spec)}}
}

func timerfdSettimeArgs(spec Type) Args {
	return Args{{"fd", FD}, {"flags", Flags(tables.TimerfdFlags)}, {"new_value", Ptr(spec)}, {"old_value", Out(spec)}}
}
