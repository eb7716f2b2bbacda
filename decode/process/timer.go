package process

import (
	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/tables"
)

// Timers: kernel/time/posix-timers.c, kernel/time/itimer.c, fs/timerfd.c.

var timerCalls = Calls{
	{"timer_create", Args{{"clockid", clockID}, {"sevp", &Ptr{To: &Sigevent}}, {"timerid", &Out{To: Int}}}, RetUnsigned},
	{"timer_delete timer_getoverrun", Args{{"timerid", Int}}, RetUnsigned},
	{"timer_settime", Args{{"timerid", Int}, {"flags", clockFlags}, {"new_value", &Ptr{To: &Itimerspec}}, {"old_value", &Out{To: &Itimerspec}}}, RetUnsigned},
	{"timer_gettime", Args{{"timerid", Int}, {"curr_value", &Out{To: &Itimerspec}}}, RetUnsigned},
	{"timerfd_create", Args{{"clockid", clockID}, {"flags", &Flags{Set: &tables.TimerfdFlags}}}, RetFD},
	{"timerfd_settime", Args{{"fd", FD}, {"flags", timerfdFlags}, {"new_value", &Ptr{To: &Itimerspec}}, {"old_value", &Out{To: &Itimerspec}}}, RetUnsigned},
	{"timerfd_gettime", Args{{"fd", FD}, {"curr_value", &Out{To: &Itimerspec}}}, RetUnsigned},
	{"getitimer", Args{{"which", &Enum{Set: &tables.Itimer}}, {"curr_value", &Out{To: &Itimerval}}}, RetUnsigned},
	{"setitimer", Args{{"which", &Enum{Set: &tables.Itimer}}, {"new_value", &Ptr{To: &Itimerval}}, {"old_value", &Out{To: &Itimerval}}}, RetUnsigned},
	{"alarm", Args{{"seconds", Uint}}, RetUnsigned},
}

var timerCallsI386 = Calls{
	{"timer_settime64", Args{{"timerid", Int}, {"flags", clockFlags}, {"new_value", &Ptr{To: &Itimerspec64}}, {"old_value", &Out{To: &Itimerspec64}}}, RetUnsigned},
	{"timer_gettime64", Args{{"timerid", Int}, {"curr_value", &Out{To: &Itimerspec64}}}, RetUnsigned},
	{"timerfd_settime64", Args{{"fd", FD}, {"flags", timerfdFlags}, {"new_value", &Ptr{To: &Itimerspec64}}, {"old_value", &Out{To: &Itimerspec64}}}, RetUnsigned},
	{"timerfd_gettime64", Args{{"fd", FD}, {"curr_value", &Out{To: &Itimerspec64}}}, RetUnsigned},
}

var (
	clockFlags   = &Flags{Set: &tables.ClockFlags}
	timerfdFlags = &Flags{Set: &tables.TimerfdFlags}
)
