package ioctl

import (
	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/tables"
)

// Devices and descriptors with few requests: linux/random.h, linux/lirc.h,
// linux/inotify.h, linux/eventpoll.h, linux/udmabuf.h.

var miscIoctls = Ioctls{
	{"RNDGETENTCNT", &Out{To: Int}},
	{"RNDADDTOENTCNT", &Ptr{To: Int}},
	{"RNDADDENTROPY", &Ptr{To: randPoolInfo}},
	{"RNDZAPENTCNT RNDCLEARPOOL RNDRESEEDCRNG", nil},
	{"LIRC_GET_FEATURES", &Out{To: &Flags{Set: &tables.LircFeatures}}},
	{"LIRC_GET_SEND_MODE LIRC_GET_REC_MODE", &Out{To: &Enum{Set: &tables.LircModes}}},
	{"LIRC_SET_SEND_MODE LIRC_SET_REC_MODE", &Ptr{To: &Enum{Set: &tables.LircModes}}},
	{"LIRC_SET_TRANSMITTER_MASK", &Ptr{To: X32}},
	{"LIRC_GET_REC_RESOLUTION LIRC_GET_MIN_TIMEOUT LIRC_GET_MAX_TIMEOUT LIRC_GET_LENGTH LIRC_GET_REC_TIMEOUT", &Out{To: U32}},
	{"LIRC_SET_SEND_CARRIER LIRC_SET_REC_CARRIER LIRC_SET_SEND_DUTY_CYCLE LIRC_SET_REC_TIMEOUT" +
		" LIRC_SET_REC_TIMEOUT_REPORTS LIRC_SET_MEASURE_CARRIER_MODE LIRC_SET_REC_CARRIER_RANGE LIRC_SET_WIDEBAND_RECEIVER", &Ptr{To: U32}},
	{"INOTIFY_IOC_SETNEXTWD", Int},
	{"EPIOCGPARAMS", &Out{To: epollParams}},
	{"EPIOCSPARAMS", &Ptr{To: epollParams}},
	{"UDMABUF_CREATE", &Returning{Ret: RetFD, Of: &Ptr{To: udmabufCreate}}},
	{"UDMABUF_CREATE_LIST", &Returning{Ret: RetFD, Of: &Ptr{To: udmabufCreateList}}},
}

var randPoolInfo = &Struct{Fields: Fields{
	{"entropy_count", Int}, {"buf_size", Int}, {"buf", &Bytes{Len: Ref("buf_size")}},
}}

var epollParams = &Struct{Fields: Fields{
	{"busy_poll_usecs", &Ticks{In: U32, Per: 1e6, Digits: 6}},
	{"busy_poll_budget", U16},
	{"prefer_busy_poll", X8},
	{"__pad", Reserved{X8}},
}}

var udmabufCreate = &Struct{Fields: Fields{
	{"memfd", FD}, {"flags", &Flags{Set: &tables.UdmabufFlags}}, {"offset", U64}, {"size", U64},
}}

var udmabufCreateList = &Struct{Fields: Fields{
	{"flags", &Flags{Set: &tables.UdmabufFlags}},
	{"count", U32},
	{"list", &List{Of: &Struct{Fields: Fields{{"memfd", FD}, {"_", U32}, {"offset", U64}, {"size", U64}}}, Count: Ref("count")}},
}}
