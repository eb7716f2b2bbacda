package ioctl

import (
	"time"

	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// Clocks and timers: linux/rtc.h, linux/ptp_clock.h, linux/watchdog.h,
// linux/counter.h.

var rtcIoctls = Ioctls{
	{"RTC_ALM_READ RTC_RD_TIME", &Out{To: rtcTime}},
	{"RTC_ALM_SET RTC_SET_TIME", &Ptr{To: rtcTime}},
	{"RTC_IRQP_SET RTC_EPOCH_SET", Ulong},
	{"RTC_IRQP_READ RTC_EPOCH_READ", &Out{To: Ulong}},
	{"RTC_WKALM_RD", &Out{To: rtcWkalrm}},
	{"RTC_WKALM_SET", &Ptr{To: rtcWkalrm}},
	{"RTC_PLL_GET", &Out{To: rtcPllInfo}},
	{"RTC_PLL_SET", &Ptr{To: rtcPllInfo}},
	{"RTC_VL_READ", &Out{To: &Flags{Set: &tables.RtcVlFlags}}},
	{"RTC_PARAM_GET", &Change{In: &Struct{Of: rtcParam, Pick: Names{"param", "index", "__pad"}}, Out: &Struct{Of: rtcParam, Pick: Names{"", "__pad"}}, OrAddr: true, If: Always}},
	{"RTC_PARAM_SET", &Ptr{To: rtcParam}},
	{"RTC_AIE_ON RTC_AIE_OFF RTC_UIE_ON RTC_UIE_OFF RTC_PIE_ON RTC_PIE_OFF RTC_WIE_ON RTC_WIE_OFF RTC_VL_CLR", nil},
}

var rtcTime = &Struct{Fields: Fields{
	{"tm_sec", Int}, {"tm_min", Int}, {"tm_hour", Int},
	{"tm_mday", Int}, {"tm_mon", Int}, {"tm_year", Int},
	{"tm_wday", Verbose{Int}}, {"tm_yday", Verbose{Int}}, {"tm_isdst", Verbose{Int}},
}}

var rtcWkalrm = &Struct{Fields: Fields{
	{"enabled", U8}, {"pending", U8}, {"time", rtcTime},
}}

var rtcPllInfo = &Struct{Fields: Fields{
	{"pll_ctrl", Int}, {"pll_value", Int}, {"pll_max", Int}, {"pll_min", Int},
	{"pll_posmult", Int}, {"pll_negmult", Int}, {"pll_clock", Long},
}}

var rtcParam = &Struct{Fields: Fields{
	{"param", &Enum{In: X64, Set: &tables.RtcParams}},
	{"", &Union{On: Ref("param"), Set: &tables.RtcParams, Arms: Arms{
		{&NamedArm{Name: "uvalue", Type: &Flags{In: X64, Set: &tables.RtcFeatures}}, Names{"RTC_PARAM_FEATURES"}},
		{&NamedArm{Name: "svalue", Type: S64}, Names{"RTC_PARAM_CORRECTION"}},
		{&NamedArm{Name: "uvalue", Type: &Enum{In: X64, Set: &tables.RtcBackupSwitchModes}}, Names{"RTC_PARAM_BACKUP_SWITCH_MODE"}},
		{&NamedArm{Name: "uvalue", Type: X64}, nil},
	}}},
	{"index", U32},
	{"__pad", Reserved{X32}},
}}

var ptpIoctls = Ioctls{
	{"PTP_CLOCK_GETCAPS PTP_CLOCK_GETCAPS2", &Out{To: ptpClockCaps}},
	{"PTP_EXTTS_REQUEST", &Ptr{To: &Struct{Of: ptpExttsRequest, Pick: Names{"index", "flags"}}}},
	{"PTP_EXTTS_REQUEST2", &Ptr{To: ptpExttsRequest}},
	{"PTP_PEROUT_REQUEST", &Ptr{To: ptpPeroutRequest}},
	{"PTP_PEROUT_REQUEST2", &Ptr{To: ptpPeroutRequest2}},
	{"PTP_ENABLE_PPS PTP_ENABLE_PPS2", Xlong},
	{"PTP_SYS_OFFSET PTP_SYS_OFFSET2", &Fill{In: &Struct{Of: ptpSysOffset, Pick: Names{"n_samples", "rsv"}}, Out: &Struct{Of: ptpSysOffset, Pick: Names{"ts"}}}},
	{"PTP_PIN_GETFUNC", &Fill{In: &Struct{Of: ptpPinDesc, Pick: Names{"index"}}, Out: &Struct{Of: ptpPinDesc, Pick: Names{"name", "func", "chan"}}}},
	{"PTP_PIN_GETFUNC2", &Fill{In: &Struct{Of: ptpPinDesc, Pick: Names{"index", "rsv"}}, Out: &Struct{Of: ptpPinDesc, Pick: Names{"name", "func", "chan"}}}},
	{"PTP_PIN_SETFUNC", &Ptr{To: &Struct{Of: ptpPinDesc, Pick: Names{"index", "func", "chan"}}}},
	{"PTP_PIN_SETFUNC2", &Ptr{To: &Struct{Of: ptpPinDesc, Pick: Names{"index", "func", "chan", "rsv"}}}},
	{"PTP_SYS_OFFSET_PRECISE PTP_SYS_OFFSET_PRECISE2 PTP_SYS_OFFSET_PRECISE_CYCLES", &Out{To: ptpSysOffsetPrecise}},
	{"PTP_SYS_OFFSET_EXTENDED PTP_SYS_OFFSET_EXTENDED2 PTP_SYS_OFFSET_EXTENDED_CYCLES", &Fill{
		In: &Struct{Of: ptpSysOffsetExtended, Pick: Names{"n_samples", "clockid", "rsv"}}, Out: &Struct{Of: ptpSysOffsetExtended, Pick: Names{"ts"}}}},
}

// ptpMaxSamples is PTP_MAX_SAMPLES.
const ptpMaxSamples = 25

var ptpClockTime = &Struct{Fields: Fields{
	{"sec", S64}, {"nsec", U32}, {"reserved", Reserved{X32}},
}}

// ptpClockDate is a ptpClockTime of the real-time clock, with the date in a
// comment.
var ptpClockDate = &ptpDate{ptpClockTime}

type ptpDate struct{ *Struct }

func (t *ptpDate) Show(c *Call, v View) {
	t.Struct.Show(c, v)
	c.Out.Comment(output.Gloss, output.AsString(FormatDate(c, v.Int(8), v.At(8, 4).Uint(4), time.Nanosecond)))
}

var ptpClockCaps = &Struct{Fields: Fields{
	{"max_adj", Int}, {"n_alarm", Int}, {"n_ext_ts", Int}, {"n_per_out", Int}, {"pps", Int},
	{"n_pins", Int}, {"cross_timestamping", Int}, {"adjust_phase", Int},
	{"max_phase_adj", &Ticks{In: S32, Per: 1e9, Digits: 9}},
	{"rsv", Reserved{&Array{Of: X32, N: 11}}},
}}

var ptpExttsRequest = &Struct{Fields: Fields{
	{"index", U32}, {"flags", &Flags{Set: &tables.PtpExttsFlags}}, {"rsv", Reserved{&Array{Of: X32, N: 2}}},
}}

// ptpPeroutRequest is a struct ptp_perout_request. Unless its last member is a
// duty cycle, the kernel ignores it or, for requests with ptpPeroutRequest2,
// checks that it is zero.
var (
	ptpPeroutRequest = &Struct{Fields: Fields{
		{"", ptpPhase}, {"period", ptpClockTime}, {"index", U32}, {"flags", &Flags{Set: &tables.PtpPeroutFlags}},
		{"", &Union{On: If{ptpHasDuty}, Arms: Arms{{&NamedArm{Name: "on", Type: ptpClockTime}, Nums{1}}, {EmptyArm, nil}}}},
	}}
	ptpPeroutRequest2 = &Struct{Fields: Fields{
		{"", ptpPhase}, {"period", ptpClockTime}, {"index", U32}, {"flags", &Flags{Set: &tables.PtpPeroutFlags}},
		{"", &Union{On: If{ptpHasDuty}, Arms: Arms{{&NamedArm{Name: "on", Type: ptpClockTime}, Nums{1}}, {ptpReserved, nil}}}},
	}}

	ptpPhase = &Union{
		On:   If{&Has{N: Ref("flags"), Set: &tables.PtpPeroutFlags, Values: Names{"PTP_PEROUT_PHASE"}}},
		Arms: Arms{{&NamedArm{Name: "phase", Type: ptpClockTime}, Nums{1}}, {&NamedArm{Name: "start", Type: ptpClockDate}, nil}},
	}
	ptpHasDuty  = &Has{N: Ref("flags"), Set: &tables.PtpPeroutFlags, Values: Names{"PTP_PEROUT_DUTY_CYCLE"}}
	ptpReserved = &Inline{Of: &Struct{Fields: Fields{{"rsv", Reserved{&Array{Of: X32, N: 4}}}}}}
)

var ptpSysOffset = &Struct{Fields: Fields{
	{"n_samples", U32},
	{"rsv", Reserved{&Array{Of: X32, N: 3}}},
	{"ts", &Array{Of: ptpClockDate, N: 2*ptpMaxSamples + 1, Used: Func(func(c *Call) uint64 {
		return 2*min(ptpMaxSamples, Ref("n_samples").Num(c)) + 1
	})}},
}}

var ptpPinDesc = &Struct{Fields: Fields{
	{"name", CharArray(64)},
	{"index", U32},
	{"func", &Enum{Set: &tables.PtpPinFuncs}},
	{"chan", U32},
	{"rsv", Reserved{&Array{Of: X32, N: 5}}},
}}

var ptpSysOffsetPrecise = &Struct{Fields: Fields{
	{"device", ptpClockDate},
	{"sys_realtime", ptpClockDate},
	{"sys_monoraw", ptpClockTime},
	{"rsv", Reserved{&Array{Of: X32, N: 4}}},
}}

var ptpSysOffsetExtended = &Struct{Fields: Fields{
	{"n_samples", U32},
	{"clockid", &Enum{Set: &tables.ClockID}},
	{"rsv", Reserved{&Array{Of: X32, N: 2}}},
	{"ts", &Array{Of: &Array{Of: ptpClockDate, N: 3, Whole: true}, N: ptpMaxSamples, Used: Ref("n_samples")}},
}}

var watchdogIoctls = Ioctls{
	{"WDIOC_GETSUPPORT", &Out{To: watchdogInfo}},
	{"WDIOC_GETSTATUS WDIOC_GETBOOTSTATUS WDIOC_GETTEMP WDIOC_GETTIMEOUT WDIOC_GETPRETIMEOUT WDIOC_GETTIMELEFT", &Out{To: Int}},
	{"WDIOC_SETTIMEOUT WDIOC_SETPRETIMEOUT", &Ptr{To: Int}},
	{"WDIOC_SETOPTIONS", &Ptr{To: &Flags{Set: &tables.WatchdogSetOptions}}},
	{"WDIOC_KEEPALIVE", nil},
}

var watchdogInfo = &Struct{Fields: Fields{
	{"options", &Flags{Set: &tables.WatchdogOptions}},
	{"firmware_version", Verbose{X32}},
	{"identity", Verbose{CharArray(32)}},
}}

var counterIoctls = Ioctls{
	{"COUNTER_ADD_WATCH_IOCTL", &Ptr{To: counterWatch}},
	{"COUNTER_ENABLE_EVENTS_IOCTL COUNTER_DISABLE_EVENTS_IOCTL", nil},
}

var counterWatch = &Struct{Fields: Fields{
	{"component", &Struct{Fields: Fields{
		{"type", &Enum{In: X8, Set: &tables.CounterComponentTypes}},
		{"scope", &Enum{In: X8, Set: &tables.CounterScopes}},
		{"parent", U8},
		{"id", U8},
	}}},
	{"event", &Enum{In: X8, Set: &tables.CounterEventTypes}},
	{"channel", U8},
}}
