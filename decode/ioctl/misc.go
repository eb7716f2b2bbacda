package ioctl

import (
	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/tables"
)

// Devices and descriptors with few requests: linux/random.h, linux/lirc.h,
// linux/inotify.h, linux/eventpoll.h, linux/udmabuf.h.

var miscIoctls = Ioctls{
	{"RNDGETENTCNT", Out(Int)},
	{"RNDADDTOENTCNT", Ptr(Int)},
	{"RNDADDENTROPY", Ptr(randPoolInfo)},
	{"RNDZAPENTCNT RNDCLEARPOOL RNDRESEEDCRNG", nil},
	{"LIRC_GET_FEATURES", Out(Flags(tables.LircFeatures))},
	{"LIRC_GET_SEND_MODE LIRC_GET_REC_MODE", Out(Enum(tables.LircModes))},
	{"LIRC_SET_SEND_MODE LIRC_SET_REC_MODE", Ptr(Enum(tables.LircModes))},
	{"LIRC_SET_TRANSMITTER_MASK", Ptr(X32)},
	{"LIRC_GET_REC_RESOLUTION LIRC_GET_MIN_TIMEOUT LIRC_GET_MAX_TIMEOUT LIRC_GET_LENGTH LIRC_GET_REC_TIMEOUT", Out(U32)},
	{"LIRC_SET_SEND_CARRIER LIRC_SET_REC_CARRIER LIRC_SET_SEND_DUTY_CYCLE LIRC_SET_REC_TIMEOUT" +
		" LIRC_SET_REC_TIMEOUT_REPORTS LIRC_SET_MEASURE_CARRIER_MODE LIRC_SET_REC_CARRIER_RANGE LIRC_SET_WIDEBAND_RECEIVER", Ptr(U32)},
	{"INOTIFY_IOC_SETNEXTWD", Int},
	{"EPIOCGPARAMS", Out(epollParams)},
	{"EPIOCSPARAMS", Ptr(epollParams)},
	{"UDMABUF_CREATE", Giving(RetFD, Ptr(udmabufCreate))},
	{"UDMABUF_CREATE_LIST", Giving(RetFD, Ptr(udmabufCreateList))},
}

var randPoolInfo = Struct(Fields{
	{"entropy_count", Int}, {"buf_size", Int}, {"buf", Buf(Ref("buf_size"))},
})

var epollParams = Struct(Fields{
	{"busy_poll_usecs", Ticks(U32, 1e6, 6)},
	{"busy_poll_budget", U16},
	{"prefer_busy_poll", X8},
	Reserved("__pad", X8),
})

var udmabufCreate = Struct(Fields{
	{"memfd", FD}, {"flags", Flags(tables.UdmabufFlags)}, {"offset", U64}, {"size", U64},
})

var udmabufCreateList = Struct(Fields{
	{"flags", Flags(tables.UdmabufFlags)},
	{"count", U32},
	{"list", Array(Struct(Fields{{"memfd", FD}, {"_", U32}, {"offset", U64}, {"size", U64}}), Ref("count"))},
})
