package process

import (
	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/tables"
)

// Filters of system calls: kernel/seccomp.c.

var seccompCalls = Calls{
	{"seccomp", Args{
		{"operation", Enum(tables.SeccompOp)},
		Rest(Ref("operation"), tables.SeccompOp, Calls{
			{"SECCOMP_GET_ACTION_AVAIL", Args{{"flags", X32}, {"args", Ptr(Enum(tables.SeccompAction))}}, Ret{}},
			{"SECCOMP_GET_NOTIF_SIZES", Args{{"flags", X32}, {"args", Out(seccompNotifSizes)}}, Ret{}},
			{"SECCOMP_SET_MODE_FILTER", Args{{"flags", Flags(tables.SeccompFilterFlags)}, {"args", SeccompProgram}}, Ret{}},
			{"", Args{{"flags", X32}, {"args", Addr}}, Ret{}},
		}),
	}, RetUnsigned},
}

var seccompNotifSizes = Struct(Fields{
	{"seccomp_notif", U16}, {"seccomp_notif_resp", U16}, {"seccomp_data", U16},
})
