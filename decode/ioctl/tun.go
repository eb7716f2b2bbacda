package ioctl

import (
	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/tables"
)

// TUN and TAP interfaces: linux/if_tun.h, drivers/net/tun.c. Some requests take a number,
// although their own numbers say that they take a pointer.

var tunIoctls = Ioctls{
	{"TUNSETIFF", &Change{In: tunRequest, Out: &Struct{Of: tunRequest, Pick: Names{"ifr_name"}}}},
	{"TUNGETIFF", &Out{To: tunRequest}},
	{"TUNSETQUEUE", &Ptr{To: &Struct{Of: tunRequest, Pick: Names{""}}}},
	{"TUNSETIFINDEX", &Ptr{To: U32}},
	{"TUNGETFEATURES", &Out{To: &Flags{Set: &tables.TunFlags}}},
	{"TUNSETOFFLOAD", &Flags{In: Xlong, Set: &tables.TunOffloads}},
	{"TUNSETNOCSUM TUNSETDEBUG TUNSETPERSIST", Int},
	{"TUNSETOWNER TUNSETGROUP", ID},
	{"TUNSETLINK", &Enum{In: Xlong, Set: &tables.ArpHardware}},
	{"TUNSETTXFILTER", &Ptr{To: tunFilter}},
	{"TUNATTACHFILTER", &Ptr{To: &SocketFilter}},
	{"TUNGETFILTER", &Out{To: &SocketFilter}},
	{"TUNGETSNDBUF TUNGETVNETHDRSZ TUNGETVNETLE TUNGETVNETBE", &Out{To: Int}},
	{"TUNSETSNDBUF TUNSETVNETHDRSZ TUNSETVNETLE TUNSETVNETBE TUNSETCARRIER", &Ptr{To: Int}},
	{"TUNSETSTEERINGEBPF TUNSETFILTEREBPF", &Ptr{To: FD}}, // -1 for none
	{"TUNGETDEVNETNS", &Returning{Ret: RetFD, Of: nil}},
}

var tunRequest = &Struct{Fields: Fields{
	{"ifr_name", CharArray(tables.IFNAMSIZ)},
	{"", &Union{On: Const(0), Arms: Arms{{&NamedArm{Name: "ifr_flags", Type: &Flags{In: X16, Set: &tables.TunFlags}}, Nums{0}}, {ifMap, nil}}}},
}}

var tunFilter = &Struct{Fields: Fields{
	{"flags", &Flags{In: X16, Set: &tables.TunFilterFlags}},
	{"count", U16},
	{"addr", &List{Of: MAC(6), Count: Ref("count")}},
}}
