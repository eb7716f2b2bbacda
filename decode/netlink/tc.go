package netlink

import (
	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/tables"
)

// Traffic control (linux/pkt_sched.h, linux/pkt_cls.h, linux/gen_stats.h).

var tcStats = &Attributes{Set: &tables.TcStatsAttr, Prefix: "TCA_STATS_", Types: []attributeTypes{
	{&taillessStruct{&Struct{Fields: Fields{{"bytes", U64}, {"packets", U32}}}, 12}, "BASIC BASIC_HW"},
	{&Struct{Fields: Fields{{"bps", U32}, {"pps", U32}}}, "RATE_EST"},
	{&Struct{Fields: Fields{{"bps", U64}, {"pps", U64}}}, "RATE_EST64"},
	{&Struct{Fields: Fields{{"qlen", U32}, {"backlog", U32}, {"drops", U32}, {"requeues", U32}, {"overlimits", U32}}}, "QUEUE"},
	{U64, "PKT64"},
}}

// taillessStruct is a struct that may be shorter than its size in C, by the
// padding at its end. It has at least size bytes.
type taillessStruct struct {
	*Struct
	size int
}

func (t *taillessStruct) Layout(tables.ABI) Layout { return Layout{Size: t.size, Align: 1} }

// struct tcmsg (linux/rtnetlink.h)
var tcMessage = netlinkMessage{head: &Struct{Fields: Fields{
	{"tcm_family", routeFamilyType}, {"_", U8}, {"_", U16}, {"tcm_ifindex", IfIndex}, {"tcm_handle", U32}, {"tcm_parent", U32}, {"tcm_info", U32},
}}, attrs: &Attributes{Set: &tables.TcAttr, Prefix: "TCA_", Types: []attributeTypes{
	{AtAddr(showAttrString), "KIND EXT_WARN_MSG"},
	{&taillessStruct{&Struct{Fields: Fields{
		{"bytes", U64}, {"packets", U32}, {"drops", U32}, {"overlimits", U32}, {"bps", U32}, {"pps", U32}, {"qlen", U32}, {"backlog", U32},
	}}, 36}, "STATS"},
	{&Struct{Fields: Fields{{"interval", S8}, {"ewma_log", U8}}}, "RATE"},
	{U32, "FCNT CHAIN INGRESS_BLOCK EGRESS_BLOCK DUMP_FLAGS"},
	{U8, "HW_OFFLOAD"},
	{tcStats, "STATS2"},
	{&Attributes{Set: &tables.TcStabAttr, Prefix: "TCA_STAB_", Types: []attributeTypes{
		{&Struct{Fields: Fields{
			{"cell_log", U8}, {"size_log", U8}, {"cell_align", S16}, {"overhead", S32}, {"linklayer", U32}, {"mpu", U32}, {"mtu", U32}, {"tsize", U32},
		}}, "BASE"},
		{&payloadArray{elem: U16}, "DATA"},
	}}, "STAB"},
}}}

// struct tcamsg (linux/rtnetlink.h)
var tcActionMessage = netlinkMessage{head: &Struct{Fields: Fields{
	{"tca_family", routeFamilyType}, {"_", U8}, {"_", U16},
}}, attrs: &Attributes{Set: &tables.TcRootAttr, Prefix: "TCA_ROOT_", Types: []attributeTypes{
	{&Attributes{Other: &Attributes{Set: &tables.TcActAttr, Prefix: "TCA_ACT_", Types: []attributeTypes{
		{AtAddr(showAttrString), "KIND"},
		{U32, "INDEX IN_HW_COUNT"},
		{tcStats, "STATS"},
		{&flagsIn{size: 4, set: &tables.TcActFlags}, "FLAGS"},
		{&flagsIn{size: 4, set: &tables.TcActHwStats}, "HW_STATS USED_HW_STATS"},
	}}}, "TAB"},
	{&flagsIn{size: 4, set: &tables.TcRootFlags}, "FLAGS"},
	{U32, "COUNT"},
	{&payloadFunc{least: 1, most: 8, show: func(c *Call, v View) { milliseconds.Show(c, View{B: widen(c, v.B)}) }}, "TIME_DELTA"},
	{AtAddr(showAttrString), "EXT_WARN_MSG"},
}}}

var milliseconds = &Ticks{In: U64, Per: 1000, Digits: 3}
