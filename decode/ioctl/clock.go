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
	{"RTC_ALM_READ RTC_RD_TIME", Out(rtcTime)},
	{"RTC_ALM_SET RTC_SET_TIME", Ptr(rtcTime)},
	{"RTC_IRQP_SET RTC_EPOCH_SET", Ulong},
	{"RTC_IRQP_READ RTC_EPOCH_READ", Out(Ulong)},
	{"RTC_WKALM_RD", Out(rtcWkalrm)},
	{"RTC_WKALM_SET", Ptr(rtcWkalrm)},
	{"RTC_PLL_GET", Out(rtcPllInfo)},
	{"RTC_PLL_SET", Ptr(rtcPllInfo)},
	{"RTC_VL_READ", Out(Flags(tables.RtcVlFlags))},
	{"RTC_PARAM_GET", ChangeIf(Always, Ptr(rtcParam.Pick("param", "index", "__pad")), Out(rtcParam.Pick("", "__pad")))},
	{"RTC_PARAM_SET", Ptr(rtcParam)},
	{"RTC_AIE_ON RTC_AIE_OFF RTC_UIE_ON RTC_UIE_OFF RTC_PIE_ON RTC_PIE_OFF RTC_WIE_ON RTC_WIE_OFF RTC_VL_CLR", nil},
}

var rtcTime = Struct(Fields{
	{"tm_sec", Int}, {"tm_min", Int}, {"tm_hour", Int},
	{"tm_mday", Int}, {"tm_mon", Int}, {"tm_year", Int},
	{"tm_wday", Verbose(Int)}, {"tm_yday", Verbose(Int)}, {"tm_isdst", Verbose(Int)},
})

var rtcWkalrm = Struct(Fields{
	{"enabled", U8}, {"pending", U8}, {"time", rtcTime},
})

var rtcPllInfo = Struct(Fields{
	{"pll_ctrl", Int}, {"pll_value", Int}, {"pll_max", Int}, {"pll_min", Int},
	{"pll_posmult", Int}, {"pll_negmult", Int}, {"pll_clock", Long},
})

var rtcParam = Struct(Fields{
	{"param", EnumOf(X64, tables.RtcParams)},
	{"", Union(Ref("param"),
		Arm(One("uvalue", FlagsOf(X64, tables.RtcFeatures)), Values(tables.RtcParams, "RTC_PARAM_FEATURES")...),
		Arm(One("svalue", S64), Values(tables.RtcParams, "RTC_PARAM_CORRECTION")...),
		Arm(One("uvalue", EnumOf(X64, tables.RtcBackupSwitchModes)), Values(tables.RtcParams, "RTC_PARAM_BACKUP_SWITCH_MODE")...),
		Arm(One("uvalue", X64)),
	)},
	{"index", U32},
	Reserved("__pad", X32),
})

var ptpIoctls = Ioctls{
	{"PTP_CLOCK_GETCAPS PTP_CLOCK_GETCAPS2", Out(ptpClockCaps)},
	{"PTP_EXTTS_REQUEST", Ptr(ptpExttsRequest.Pick("index", "flags"))},
	{"PTP_EXTTS_REQUEST2", Ptr(ptpExttsRequest)},
	{"PTP_PEROUT_REQUEST", Ptr(ptpPeroutRequest(Nothing))},
	{"PTP_PEROUT_REQUEST2", Ptr(ptpPeroutRequest(Inline(Struct(Fields{Reserved("rsv", Array(X32, Const(4)))}))))},
	{"PTP_ENABLE_PPS PTP_ENABLE_PPS2", Xlong},
	{"PTP_SYS_OFFSET PTP_SYS_OFFSET2", Fill(ptpSysOffset.Pick("n_samples", "rsv"), ptpSysOffset.Pick("ts"))},
	{"PTP_PIN_GETFUNC", Fill(ptpPinDesc.Pick("index"), ptpPinDesc.Pick("name", "func", "chan"))},
	{"PTP_PIN_GETFUNC2", Fill(ptpPinDesc.Pick("index", "rsv"), ptpPinDesc.Pick("name", "func", "chan"))},
	{"PTP_PIN_SETFUNC", Ptr(ptpPinDesc.Pick("index", "func", "chan"))},
	{"PTP_PIN_SETFUNC2", Ptr(ptpPinDesc.Pick("index", "func", "chan", "rsv"))},
	{"PTP_SYS_OFFSET_PRECISE PTP_SYS_OFFSET_PRECISE2 PTP_SYS_OFFSET_PRECISE_CYCLES", Out(ptpSysOffsetPrecise)},
	{"PTP_SYS_OFFSET_EXTENDED PTP_SYS_OFFSET_EXTENDED2 PTP_SYS_OFFSET_EXTENDED_CYCLES", Fill(
		ptpSysOffsetExtended.Pick("n_samples", "clockid", "rsv"), ptpSysOffsetExtended.Pick("ts"))},
}

// ptpMaxSamples is PTP_MAX_SAMPLES.
const ptpMaxSamples = 25

var ptpClockTime = Struct(Fields{
	{"sec", S64}, {"nsec", U32}, Reserved("reserved", X32),
})

// ptpClockDate is a ptpClockTime of the real-time clock, with its date.
var ptpClockDate Type = &ptpDate{ptpClockTime}

type ptpDate struct{ *StructType }

func (t *ptpDate) Show(c *Call, v View) {
	t.StructType.Show(c, v)
	c.Out.Comment(output.Gloss, output.AsString(FormatDate(c, v.Int(8), v.At(8, 4).Uint(4), time.Nanosecond)))
}

var ptpClockCaps = Struct(Fields{
	{"max_adj", Int}, {"n_alarm", Int}, {"n_ext_ts", Int}, {"n_per_out", Int}, {"pps", Int},
	{"n_pins", Int}, {"cross_timestamping", Int}, {"adjust_phase", Int},
	{"max_phase_adj", Ticks(S32, 1e9, 9)},
	Reserved("rsv", Array(X32, Const(11))),
})

var ptpExttsRequest = Struct(Fields{
	{"index", U32}, {"flags", Flags(tables.PtpExttsFlags)}, Reserved("rsv", Array(X32, Const(2))),
})

// ptpPeroutRequest has an arm for what the end of the struct is when it is no
// duty cycle.
func ptpPeroutRequest(otherwise Type) *StructType {
	phase := Values(tables.PtpPeroutFlags, "PTP_PEROUT_PHASE")[0]
	duty := Values(tables.PtpPeroutFlags, "PTP_PEROUT_DUTY_CYCLE")[0]
	return Struct(Fields{
		{"", Union(Bits(Ref("flags"), phase), Arm(One("phase", ptpClockTime), 1), Arm(One("start", ptpClockDate)))},
		{"period", ptpClockTime},
		{"index", U32},
		{"flags", Flags(tables.PtpPeroutFlags)},
		{"", Union(Bits(Ref("flags"), duty), Arm(One("on", ptpClockTime), 1), Arm(otherwise))},
	})
}

var ptpSysOffset = Struct(Fields{
	{"n_samples", U32},
	Reserved("rsv", Array(X32, Const(3))),
	{"ts", UpTo(ptpClockDate, 2*ptpMaxSamples+1, Func(func(c *Call) uint64 {
		return 2*min(ptpMaxSamples, Ref("n_samples").Num(c)) + 1
	}))},
})

var ptpPinDesc = Struct(Fields{
	{"name", CharArray(64)},
	{"index", U32},
	{"func", Enum(tables.PtpPinFuncs)},
	{"chan", U32},
	Reserved("rsv", Array(X32, Const(5))),
})

var ptpSysOffsetPrecise = Struct(Fields{
	{"device", ptpClockDate},
	{"sys_realtime", ptpClockDate},
	{"sys_monoraw", ptpClockTime},
	Reserved("rsv", Array(X32, Const(4))),
})

var ptpSysOffsetExtended = Struct(Fields{
	{"n_samples", U32},
	{"clockid", Enum(tables.ClockID)},
	Reserved("rsv", Array(X32, Const(2))),
	{"ts", UpTo(WholeArray(ptpClockDate, 3), ptpMaxSamples, Ref("n_samples"))},
})

var watchdogIoctls = Ioctls{
	{"WDIOC_GETSUPPORT", Out(watchdogInfo)},
	{"WDIOC_GETSTATUS WDIOC_GETBOOTSTATUS WDIOC_GETTEMP WDIOC_GETTIMEOUT WDIOC_GETPRETIMEOUT WDIOC_GETTIMELEFT", Out(Int)},
	{"WDIOC_SETTIMEOUT WDIOC_SETPRETIMEOUT", Ptr(Int)},
	{"WDIOC_SETOPTIONS", Ptr(Flags(tables.WatchdogSetOptions))},
	{"WDIOC_KEEPALIVE", nil},
}

var watchdogInfo = Struct(Fields{
	{"options", Flags(tables.WatchdogOptions)},
	{"firmware_version", Verbose(X32)},
	{"identity", Verbose(CharArray(32))},
})

var counterIoctls = Ioctls{
	{"COUNTER_ADD_WATCH_IOCTL", Ptr(counterWatch)},
	{"COUNTER_ENABLE_EVENTS_IOCTL COUNTER_DISABLE_EVENTS_IOCTL", nil},
}

var counterWatch = Struct(Fields{
	{"component", Struct(Fields{
		{"type", EnumOf(X8, tables.CounterComponentTypes)},
		{"scope", EnumOf(X8, tables.CounterScopes)},
		{"parent", U8},
		{"id", U8},
	})},
	{"event", EnumOf(X8, tables.CounterEventTypes)},
	{"channel", U8},
})
