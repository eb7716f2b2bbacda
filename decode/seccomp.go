package decode

import (
	"golang.org/x/sys/unix"

	"trapline/output"
	"trapline/tables"
)

// Filters of system calls: kernel/seccomp.c.

var seccompCalls = Calls{
	{"seccomp", Args{
		{"operation", Enum(tables.SeccompOp)},
		Rest(Len("operation"), tables.SeccompOp, Calls{
			{"SECCOMP_GET_ACTION_AVAIL", Args{{"flags", X32}, {"args", Ptr(Enum(tables.SeccompAction))}}, Ret{}},
			{"SECCOMP_GET_NOTIF_SIZES", Args{{"flags", X32}, {"args", Out(seccompNotifSizes)}}, Ret{}},
			{"SECCOMP_SET_MODE_FILTER", Args{{"flags", Flags(tables.SeccompFilterFlags)}, {"args", seccompProgram}}, Ret{}},
			{"", Args{{"flags", X32}, {"args", Addr}}, Ret{}},
		}),
	}, RetUnsigned},
}

var seccompNotifSizes = Struct(Fields{
	{"seccomp_notif", U16}, {"seccomp_notif_resp", U16}, {"seccomp_data", U16},
})

// seccompProgram points to a filter.
var seccompProgram = Ptr(BPFProgram(seccompConstant))

// seccompConstant shows what a filter returns: an action and data for it.
func seccompConstant(c *Call, code uint16, k uint32) bool {
	const class, data = 7, 0xffff // BPF_CLASS, SECCOMP_RET_DATA
	if code&class != unix.BPF_RET {
		return false
	}
	c.Out.Enum(uint64(k&^data), tables.SeccompAction, output.Hex)
	if k&data != 0 {
		c.Out.Or()
		c.Out.Number(uint64(k&data), output.Hex)
	}
	return true
}
