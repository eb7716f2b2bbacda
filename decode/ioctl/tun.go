package ioctl

import (
	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/tables"
)

// Network interfaces of programs: linux/if_tun.h, drivers/net/tun.c. Some of the
// requests are made as if they took a pointer, but take a number.

var tunIoctls = Ioctls{
	{"TUNSETIFF", Change(tunRequest, tunRequest.Pick("ifr_name"))},
	{"TUNGETIFF", Out(tunRequest)},
	{"TUNSETQUEUE", Ptr(tunRequest.Pick(""))},
	{"TUNSETIFINDEX", Ptr(U32)},
	{"TUNGETFEATURES", Out(Flags(tables.TunFlags))},
	{"TUNSETOFFLOAD", FlagsOf(Xlong, tables.TunOffloads)},
	{"TUNSETNOCSUM TUNSETDEBUG TUNSETPERSIST", Int},
	{"TUNSETOWNER TUNSETGROUP", ID},
	{"TUNSETLINK", EnumOf(Xlong, tables.ArpHardware)},
	{"TUNSETTXFILTER", Ptr(tunFilter)},
	{"TUNATTACHFILTER", Ptr(SocketFilter)},
	{"TUNGETFILTER", Out(SocketFilter)},
	{"TUNGETSNDBUF TUNGETVNETHDRSZ TUNGETVNETLE TUNGETVNETBE", Out(Int)},
	{"TUNSETSNDBUF TUNSETVNETHDRSZ TUNSETVNETLE TUNSETVNETBE TUNSETCARRIER", Ptr(Int)},
	{"TUNSETSTEERINGEBPF TUNSETFILTEREBPF", Ptr(FD)}, // -1 for none
	{"TUNGETDEVNETNS", Giving(RetFD, nil)},
}

var tunRequest = ifReq("ifr_flags", FlagsOf(X16, tables.TunFlags))

var tunFilter = Struct(Fields{
	{"flags", FlagsOf(X16, tables.TunFilterFlags)},
	{"count", U16},
	{"addr", Array(MAC(6), Ref("count"))},
})
