package decode

import (
	"golang.org/x/sys/unix"

	"trapline/output"
	"trapline/tables"
)

// Filters of system calls: kernel/seccomp.c.

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
