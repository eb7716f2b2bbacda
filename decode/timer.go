package decode

import "trapline/tables"

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

// Values of sigev_notify (asm-generic/siginfo.h).
const (
	sigevSignal   = 0
	sigevThread   = 2
	sigevThreadID = 4
)

// Sigevent is a struct sigevent as far as it has a meaning: the size of the
// whole is 64 bytes, of which the end is read for no way of notification.
var Sigevent = Struct(Fields{
	{"sigev_value", When(func(c *Call) bool { return Len("sigev_value").num(c) != 0 }, sigval{Xlong})},
	{"sigev_signo", sigevSigno{Int}},
	{"sigev_notify", Enum(tables.SigevNotify)},
	{"", Union(Len("sigev_notify"),
		Arm(One("sigev_notify_thread_id", Int), sigevThreadID),
		Arm(Inline(Struct(Fields{{"sigev_notify_function", Addr}, {"sigev_notify_attributes", Addr}})), sigevThread),
		Arm(Nothing),
	)},
})

// sigval is a union sigval, an int or a pointer: shown as both.
type sigval struct{ *Number }

func (t sigval) Show(c *Call, v View) {
	c.Out.BeginStruct()
	c.Out.Field("sival_int")
	Int.Show(c, v)
	c.Out.Field("sival_ptr")
	Addr.Show(c, v)
	c.Out.EndStruct()
}

// sigevSigno is a signal where one is sent.
type sigevSigno struct{ *Number }

func (t sigevSigno) Show(c *Call, v View) {
	switch Len("sigev_notify").num(c) {
	case sigevSignal, sigevThread, sigevThreadID:
		Signal.Show(c, v)
	default:
		Uint.Show(c, v)
	}
}
