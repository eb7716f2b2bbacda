package netlink

import (
	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/tables"
)

// Traffic control (linux/pkt_sched.h, linux/pkt_cls.h, linux/gen_stats.h).

var tcStats = NewAttributes(tables.TcStatsAttr, "TCA_STATS_",
	AttributeTypes{tailless(Struct(Fields{{"bytes", U64}, {"packets", U32}}), 12), "BASIC BASIC_HW"},
	AttributeTypes{Struct(Fields{{"bps", U32}, {"pps", U32}}), "RATE_EST"},
	AttributeTypes{Struct(Fields{{"bps", U64}, {"pps", U64}}), "RATE_EST64"},
	AttributeTypes{Struct(Fields{{"qlen", U32}, {"backlog", U32}, {"drops", U32}, {"requeues", U32}, {"overlimits", U32}}), "QUEUE"},
	AttributeTypes{U64, "PKT64"},
)

// tailless is a struct of which only the first size bytes need be there: what
// follows is the compiler's.
func tailless(st *StructType, size int) Type { return &taillessStruct{st, size} }

type taillessStruct struct {
	*StructType
	size int
}

func (t *taillessStruct) Layout(tables.ABI) Layout { return Layout{Size: t.size, Align: 1} }

// struct tcmsg (linux/rtnetlink.h)
var tcMessage = netlinkMessage{head: Struct(Fields{
	{"tcm_family", routeFamilyType}, {"_", U8}, {"_", U16}, {"tcm_ifindex", IfIndex}, {"tcm_handle", U32}, {"tcm_parent", U32}, {"tcm_info", U32},
}), attrs: NewAttributes(tables.TcAttr, "TCA_",
	AttributeTypes{attrString, "KIND EXT_WARN_MSG"},
	AttributeTypes{tailless(Struct(Fields{
		{"bytes", U64}, {"packets", U32}, {"drops", U32}, {"overlimits", U32}, {"bps", U32}, {"pps", U32}, {"qlen", U32}, {"backlog", U32},
	}), 36), "STATS"},
	AttributeTypes{Struct(Fields{{"interval", S8}, {"ewma_log", U8}}), "RATE"},
	AttributeTypes{U32, "FCNT CHAIN INGRESS_BLOCK EGRESS_BLOCK DUMP_FLAGS"},
	AttributeTypes{U8, "HW_OFFLOAD"},
	AttributeTypes{tcStats, "STATS2"},
	AttributeTypes{NewAttributes(tables.TcStabAttr, "TCA_STAB_",
		AttributeTypes{Struct(Fields{
			{"cell_log", U8}, {"size_log", U8}, {"cell_align", S16}, {"overhead", S32}, {"linklayer", U32}, {"mpu", U32}, {"mtu", U32}, {"tsize", U32},
		}), "BASE"},
		AttributeTypes{attrArray(U16), "DATA"},
	), "STAB"},
)}

// struct tcamsg (linux/rtnetlink.h)
var tcActionMessage = netlinkMessage{head: Struct(Fields{
	{"tca_family", routeFamilyType}, {"_", U8}, {"_", U16},
}), attrs: NewAttributes(tables.TcRootAttr, "TCA_ROOT_",
	// The actions are numbered.
	AttributeTypes{Numbered(NewAttributes(tables.TcActAttr, "TCA_ACT_",
		AttributeTypes{attrString, "KIND"},
		AttributeTypes{U32, "INDEX IN_HW_COUNT"},
		AttributeTypes{tcStats, "STATS"},
		AttributeTypes{flagsIn(4, tables.TcActFlags), "FLAGS"},
		AttributeTypes{flagsIn(4, tables.TcActHwStats), "HW_STATS USED_HW_STATS"},
	)), "TAB"},
	AttributeTypes{flagsIn(4, tables.TcRootFlags), "FLAGS"},
	AttributeTypes{U32, "COUNT"},
	AttributeTypes{&payloadFunc{least: 1, most: 8, show: func(c *Call, v View) { milliseconds.Show(c, View{B: widen(c, v.B)}) }}, "TIME_DELTA"},
	AttributeTypes{attrString, "EXT_WARN_MSG"},
)}

var milliseconds = Ticks(U64, 1000, 3)
