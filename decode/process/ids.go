package process

import (
	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/tables"
)

// Processes seen from outside: kernel/sys.c, kernel/pid.c, kernel/kcmp.c,
// mm/process_vm_access.c, kernel/sched/membarrier.c.

var pidCalls = Calls{
	{"getpid getppid", Args{}, RetTGID},
	{"gettid", Args{}, RetPID},
	{"getpgrp", Args{}, RetPGID},
	{"getpgid", Args{{"pid", PIDOf(ThreadGroup)}}, RetPGID},
	{"setpgid", Args{{"pid", PIDOf(ThreadGroup)}, {"pgid", PIDOf(ProcessGroup)}}, RetUnsigned},
	{"getsid", Args{{"pid", PIDOf(ThreadGroup)}}, RetSID},
	{"setsid", Args{}, RetUnsigned},

	{"pidfd_open", Args{{"pid", PIDOf(ThreadGroup)}, {"flags", Flags(tables.PidfdOpenFlags)}}, RetFD},
	{"pidfd_getfd", Args{{"pidfd", FD}, {"targetfd", pidfdTarget{Int}}, {"flags", X32}}, RetFD},

	{"kcmp", Args{
		{"pid1", PIDOf(ThreadGroup)}, {"pid2", PIDOf(ThreadGroup)}, {"type", Enum(tables.KcmpType)},
		Rest(Ref("type"), tables.KcmpType, Calls{
			{"KCMP_FILE", Args{{"idx1", fdOf{Int, "pid1"}}, {"idx2", fdOf{Int, "pid2"}}}, Ret{}},
			{"KCMP_EPOLL_TFD", Args{{"idx1", fdOf{Int, "pid1"}}, {"idx2", Ptr(kcmpEpollSlot)}}, Ret{}},
			{"KCMP_FILES KCMP_FS KCMP_IO KCMP_SIGHAND KCMP_SYSVSEM KCMP_VM", nil, Ret{}},
			{"", Args{{"idx1", Xlong}, {"idx2", Xlong}}, Ret{}},
		}),
	}, RetUnsigned},

	{"process_vm_readv", Args{
		{"pid", PIDOf(ThreadGroup)}, {"local_iov", OutAlways(Iovecs(Ref("liovcnt"), Result))}, {"liovcnt", Ulong},
		{"remote_iov", Ptr(IovecRanges(Ref("riovcnt")))}, {"riovcnt", Ulong}, {"flags", Ulong},
	}, RetUnsigned},
	{"process_vm_writev", Args{
		{"pid", PIDOf(ThreadGroup)}, {"local_iov", Ptr(Iovecs(Ref("liovcnt"), Unlimited))}, {"liovcnt", Ulong},
		{"remote_iov", Ptr(IovecRanges(Ref("riovcnt")))}, {"riovcnt", Ulong}, {"flags", Ulong},
	}, RetUnsigned},

	{"membarrier", Args{
		{"cmd", Enum(tables.MembarrierCmd)}, {"flags", Flags(tables.MembarrierFlags)},
		{"cpu_id", When(Has(Ref("flags"), membarrierCPU), Int)},
	}, RetHex.With(remarkBits(tables.MembarrierCmds))},
}

// membarrierCPU is MEMBARRIER_CMD_FLAG_CPU (linux/membarrier.h): cpu_id is in use.
const membarrierCPU = 1

// fdOf is a descriptor of the process in another argument.
type fdOf struct {
	*Number
	pid Ref
}

func (t fdOf) Show(c *Call, v View) {
	process := 0
	if ContextOf(c.Decoder).FDs != 0 {
		_, process = FindID(c, int(int32(t.pid.Num(c))), ThreadGroup)
	}
	ShowFDOf(c, process, int(int32(t.Value(c, v))))
}

// pidfdTarget is a descriptor of the process behind the argument pidfd.
type pidfdTarget struct{ *Number }

func (t pidfdTarget) Show(c *Call, v View) {
	process := 0
	if ContextOf(c.Decoder).FDs != 0 {
		process = ProcessBehind(c, ProcessOf(c), int(int32(Ref("pidfd").Num(c))))
	}
	ShowFDOf(c, process, int(int32(t.Value(c, v))))
}

// kcmpEpollSlot is a struct kcmp_epoll_slot (linux/kcmp.h).
var kcmpEpollSlot = Struct(Fields{{"efd", fdOf{Int, "pid2"}}, {"tfd", fdOf{Int, "pid2"}}, {"toff", Uint}})
