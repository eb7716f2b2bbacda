package process

import (
	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/tables"
)

// System call filters: kernel/seccomp.c.

var seccompCalls = Calls{
	{"seccomp", Args{
		{"operation", &Enum{Set: &tables.SeccompOp}},
		{"", &Rest{On: Ref("operation"), Set: &tables.SeccompOp, Calls: Calls{
			{"SECCOMP_GET_ACTION_AVAIL", Args{{"flags", X32}, {"args", &Ptr{To: &Enum{Set: &tables.SeccompAction}}}}, nil},
			{"SECCOMP_GET_NOTIF_SIZES", Args{{"flags", X32}, {"args", &Out{To: seccompNotifSizes}}}, nil},
			{"SECCOMP_SET_MODE_FILTER", Args{{"flags", &Flags{Set: &tables.SeccompFilterFlags}}, {"args", &SeccompProgram}}, nil},
			{"", Args{{"flags", X32}, {"args", Addr}}, nil},
		}}},
	}, RetUnsigned},
}

var seccompNotifSizes = &Struct{C: "seccomp_notif_sizes", Fields: Fields{
	{"seccomp_notif", U16}, {"seccomp_notif_resp", U16}, {"seccomp_data", U16},
}}
