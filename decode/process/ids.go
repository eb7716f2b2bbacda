package process

import (
	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/tables"
)

// Operations on other processes: kernel/sys.c, kernel/pid.c, kernel/kcmp.c,
// mm/process_vm_access.c, kernel/sched/membarrier.c.

var pidCalls = Calls{
	{"getpid getppid", Args{}, RetTGID},
	{"gettid", Args{}, RetPID},
	{"getpgrp", Args{}, RetPGID},
	{"getpgid", Args{{"pid", PIDOf(ThreadGroup)}}, RetPGID},
	{"setpgid", Args{{"pid", PIDOf(ThreadGroup)}, {"pgid", PIDOf(ProcessGroup)}}, RetUnsigned},
	{"getsid", Args{{"pid", PIDOf(ThreadGroup)}}, RetSID},
	{"setsid", Args{}, RetUnsigned},

	{"pidfd_open", Args{{"pid", PIDOf(ThreadGroup)}, {"flags", &Flags{Set: &tables.PidfdOpenFlags}}}, RetFD},
	{"pidfd_getfd", Args{{"pidfd", FD}, {"targetfd", pidfdTarget{Int}}, {"flags", X32}}, RetFD},

	{"kcmp", Args{
		{"pid1", PIDOf(ThreadGroup)}, {"pid2", PIDOf(ThreadGroup)}, {"type", &Enum{Set: &tables.KcmpType}},
		{"", &Rest{On: Ref("type"), Set: &tables.KcmpType, Calls: Calls{
			{"KCMP_FILE", Args{{"idx1", fdOf{Int, "pid1"}}, {"idx2", fdOf{Int, "pid2"}}}, nil},
			{"KCMP_EPOLL_TFD", Args{{"idx1", fdOf{Int, "pid1"}}, {"idx2", &Ptr{To: kcmpEpollSlot}}}, nil},
			{"KCMP_FILES KCMP_FS KCMP_IO KCMP_SIGHAND KCMP_SYSVSEM KCMP_VM", nil, nil},
			{"", Args{{"idx1", Xlong}, {"idx2", Xlong}}, nil},
		}}},
	}, RetUnsigned},

	{"process_vm_readv", Args{
		{"pid", PIDOf(ThreadGroup)}, {"local_iov", &Out{To: &Iovecs{Count: Ref("liovcnt"), Limit: Result}, Always: true}}, {"liovcnt", Ulong},
		{"remote_iov", &Ptr{To: &Iovecs{Count: Ref("riovcnt"), Bare: true}}}, {"riovcnt", Ulong}, {"flags", Ulong},
	}, RetUnsigned},
	{"process_vm_writev", Args{
		{"pid", PIDOf(ThreadGroup)}, {"local_iov", &Ptr{To: &Iovecs{Count: Ref("liovcnt")}}}, {"liovcnt", Ulong},
		{"remote_iov", &Ptr{To: &Iovecs{Count: Ref("riovcnt"), Bare: true}}}, {"riovcnt", Ulong}, {"flags", Ulong},
	}, RetUnsigned},

	{"membarrier", Args{
		{"cmd", &Enum{Set: &tables.MembarrierCmd}}, {"flags", &Flags{Set: &tables.MembarrierFlags}},
		{"cpu_id", &When{If: &Has{N: Ref("flags"), Values: Nums{membarrierCPU}}, Then: Int}},
	}, &ResultWith{Ret: RetHex, Remark: func(c *Call) { remarkBits(c, &tables.MembarrierCmds) }}},
}

// membarrierCPU is MEMBARRIER_CMD_FLAG_CPU (linux/membarrier.h), which makes the
// call use cpu_id.
const membarrierCPU = 1

// fdOf is a descriptor of the process whose id is another argument.
type fdOf struct {
	Number
	pid Ref
}

func (t fdOf) Show(c *Call, v View) {
	process := 0
	if SettingsOf(c.Decoder).FDs != 0 {
		_, process = FindID(c, int(int32(t.pid.Num(c))), ThreadGroup)
	}
	ShowFDOf(c, process, int(int32(t.Value(c, v))))
}

// pidfdTarget is a descriptor of the process that the argument pidfd refers to.
type pidfdTarget struct{ Number }

func (t pidfdTarget) Show(c *Call, v View) {
	process := 0
	if SettingsOf(c.Decoder).FDs != 0 {
		process = ProcessBehind(c, ProcessOf(c), int(int32(Ref("pidfd").Num(c))))
	}
	ShowFDOf(c, process, int(int32(t.Value(c, v))))
}

// kcmpEpollSlot is a struct kcmp_epoll_slot (linux/kcmp.h).
var kcmpEpollSlot = &Struct{C: "kcmp_epoll_slot", Fields: Fields{{"efd", fdOf{Int, "pid2"}}, {"tfd", fdOf{Int, "pid2"}}, {"toff", Uint}}}
