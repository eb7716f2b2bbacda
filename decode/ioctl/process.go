package ioctl

import (
	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// Requests on descriptors of processes, namespaces and seccomp listeners:
// linux/pidfd.h, linux/nsfs.h, linux/seccomp.h.

var processIoctls = Ioctls{
	{"NS_GET_USERNS NS_GET_PARENT", &Returning{Ret: RetFD, Of: nil}},
	{"NS_GET_NSTYPE", &Returning{Ret: &ResultWith{Ret: RetUnsigned, Remark: func(c *Call) {
		if name, ok := tables.SetnsType.Lookup(uint64(c.Ret)); ok {
			c.Outcome.BeginRemark(output.Aside)
			c.Out.Field("")
			c.Out.Text(name)
			c.Outcome.EndRemark()
		}
	}}, Of: nil}},
	{"NS_GET_OWNER_UID", &NamedArgument{Name: "uid", Of: &Out{To: ID}}},
	{"NS_GET_MNTNS_ID", &Out{To: X64}},
	{"NS_GET_PID_FROM_PIDNS", &Returning{Ret: RetPID, Of: Int}},
	{"NS_GET_TGID_FROM_PIDNS", &Returning{Ret: RetTGID, Of: Int}},
	{"NS_GET_PID_IN_PIDNS", PID},
	{"NS_GET_TGID_IN_PIDNS", PIDOf(ThreadGroup)},
	{"PIDFD_GET_CGROUP_NAMESPACE PIDFD_GET_IPC_NAMESPACE PIDFD_GET_MNT_NAMESPACE PIDFD_GET_NET_NAMESPACE" +
		" PIDFD_GET_PID_NAMESPACE PIDFD_GET_PID_FOR_CHILDREN_NAMESPACE PIDFD_GET_TIME_NAMESPACE" +
		" PIDFD_GET_TIME_FOR_CHILDREN_NAMESPACE PIDFD_GET_USER_NAMESPACE PIDFD_GET_UTS_NAMESPACE", &Returning{Ret: RetFD, Of: Xlong}},
	{"SECCOMP_IOCTL_NOTIF_RECV", &Change{In: seccompNotif, Out: seccompNotif, UnlessZero: Const(80), NoAddr: false}},
	{"SECCOMP_IOCTL_NOTIF_SEND", &Ptr{To: seccompNotifResp}},
	{"SECCOMP_IOCTL_NOTIF_ID_VALID SECCOMP_IOCTL_NOTIF_ID_VALID_WRONG_DIR", &Ptr{To: X64}},
	{"SECCOMP_IOCTL_NOTIF_ADDFD", &Ptr{To: seccompNotifAddfd}},
	{"SECCOMP_IOCTL_NOTIF_SET_FLAGS", &Flags{In: Xlong, Set: &tables.SeccompNotifFlags}},
}

// Requests that are identified by type and number, whatever size they have.
const (
	nsMntGetInfo = 10
	nsMntGetNext = 11
	nsMntGetPrev = 12
	pidfdGetInfo = 11

	mntNsInfoSizeVer0 = 16
	pidfdInfoSizeVer0 = 64
)

// nsfsIoctl describes the requests that iterate over mount namespaces.
func nsfsIoctl(op uint32) *Desc {
	if IocSize(op) < mntNsInfoSizeVer0 {
		return nil
	}
	switch IocNR(op) {
	case nsMntGetInfo:
		return &nsfsInfo
	case nsMntGetNext, nsMntGetPrev:
		return &nsfsWalk
	}
	return nil
}

var (
	nsfsInfo = Desc{Args: Args{{"argp", &Out{To: mntNsInfo}}}}
	nsfsWalk = Desc{Args: Args{{"argp", &Out{To: mntNsInfo}}}, Ret: RetFD}
)

var mntNsInfo = &Struct{Fields: Fields{{"size", U32}, {"nr_mounts", U32}, {"mnt_ns_id", X64}}}

// pidfdIoctl describes PIDFD_GET_INFO in all its sizes.
func pidfdIoctl(op uint32) *Desc {
	switch {
	case IocNR(op) != pidfdGetInfo:
		return nil
	case IocSize(op) < pidfdInfoSizeVer0:
		return &pidfdInfoShort
	}
	return &pidfdInfoDesc
}

var (
	pidfdInfoShort = Desc{Args: Args{{"argp", Addr}}}
	pidfdInfoDesc  = Desc{Args: Args{{"argp", &pidfdInfoArg{Layouts(Ulong)}}}}
)

// pidfdInfoArg points to a struct pidfd_info whose size is in the request. mask
// selects what the kernel is to fill in.
type pidfdInfoArg struct{ Layouts }

func (t *pidfdInfoArg) Dir() Dir { return Both }

func (t *pidfdInfoArg) Show(c *Call, v View) {
	addr := v.Uint(c.WordSize())
	mask, ok := c.ReadUint(addr, 8)
	c.Begun, c.Before = ok, mask
	if !ok {
		c.Out.Addr(addr)
		return
	}
	c.Out.BeginStruct()
	c.Out.Field("mask")
	c.Out.Flags(mask, &tables.PidfdInfoMask, output.Hex)
}

func (t *pidfdInfoArg) Finish(c *Call, v View) {
	if !c.Begun {
		return
	}
	addr := v.Uint(c.WordSize())
	size := min(IocSize(uint32(c.Args[1])), uint32(pidfdInfo.Layout(c.ABI).Size))
	if b, ok := c.ReadAll(addr, int(size)); ok && !c.Failed() {
		if mask := (View{B: b}).Uint(8); mask != c.Before {
			c.Out.Changed()
			c.Out.Flags(mask, &tables.PidfdInfoMask, output.Hex)
		}
		pidfdInfo.ShowMembers(c, View{B: b, Addr: addr})
	}
	c.Out.EndStruct()
}

var pidfdInfo = &Struct{Fields: Fields{
	{"mask", Hidden{X64}},
	{"cgroupid", &When{If: pidfdHas("PIDFD_INFO_CGROUPID"), Then: U64}},
	{"pid", &When{If: pidfdHas("PIDFD_INFO_PID"), Then: PID}},
	{"tgid", &When{If: pidfdHas("PIDFD_INFO_PID"), Then: PIDOf(ThreadGroup)}},
	{"ppid", &When{If: pidfdHas("PIDFD_INFO_PID"), Then: PIDOf(ThreadGroup)}},
	{"ruid", &When{If: pidfdHas("PIDFD_INFO_CREDS"), Then: ID}},
	{"rgid", &When{If: pidfdHas("PIDFD_INFO_CREDS"), Then: ID}},
	{"euid", &When{If: pidfdHas("PIDFD_INFO_CREDS"), Then: ID}},
	{"egid", &When{If: pidfdHas("PIDFD_INFO_CREDS"), Then: ID}},
	{"suid", &When{If: pidfdHas("PIDFD_INFO_CREDS"), Then: ID}},
	{"sgid", &When{If: pidfdHas("PIDFD_INFO_CREDS"), Then: ID}},
	{"fsuid", &When{If: pidfdHas("PIDFD_INFO_CREDS"), Then: ID}},
	{"fsgid", &When{If: pidfdHas("PIDFD_INFO_CREDS"), Then: ID}},
	{"exit_code", &When{If: pidfdHas("PIDFD_INFO_EXIT"), Then: &Array{Of: WaitStatus{Number: Int}, N: 1}}},
	{"coredump_mask", &When{If: pidfdHas("PIDFD_INFO_COREDUMP"), Then: &Flags{Set: &tables.PidfdCoredumpMask}}},
	{"coredump_signal", &When{If: pidfdHas("PIDFD_INFO_COREDUMP_SIGNAL"), Then: Signal}},
	{"coredump_code", &When{If: pidfdHas("PIDFD_INFO_COREDUMP_CODE"), Then: U32}},
	{"_", U32},
	{"supported_mask", &When{If: pidfdHas("PIDFD_INFO_SUPPORTED_MASK"), Then: &Flags{In: X64, Set: &tables.PidfdInfoMask}}},
}}

// pidfdHas is the condition that mask has the named bit.
type pidfdHas string

// Holds implements Cond.
func (bit pidfdHas) Holds(c *Call) bool {
	return Ref("mask").Num(c)&ValueNamed(&tables.PidfdInfoMask, string(bit)) != 0
}

var seccompNotif = &Struct{Fields: Fields{
	{"id", X64},
	{"pid", PIDOf(ThreadGroup)},
	{"flags", X32},
	{"data", &Struct{Fields: Fields{
		{"nr", seccompNR{S32}},
		{"arch", &Enum{Set: &tables.AuditArch}},
		{"instruction_pointer", Addr64},
		{"args", &Array{Of: X64, N: 6}},
	}}},
}}

// seccompNR is the number of a system call. The member arch has its ABI.
type seccompNR struct{ Number }

func (t seccompNR) Show(c *Call, v View) {
	nr := uint64(uint32(t.Value(c, v)))
	abi, ok := ABIOfArch(Ref("arch").Num(c))
	if abi == tables.X86_64 && nr&tables.X32Bit != 0 {
		abi = tables.X32
	}
	row := tables.Lookup(abi, nr)
	switch {
	case !ok || row == nil:
		c.Out.Number(nr, output.Unsigned)
	case abi == c.ABI:
		c.Out.Symbol(nr, "__NR_"+row.Name, output.Unsigned)
	default:
		c.Out.Number(nr, output.Unsigned)
		c.Out.Comment(output.Gloss, row.Name)
	}
}

var seccompNotifResp = &Struct{Fields: Fields{
	{"id", X64}, {"val", S64}, {"error", NegatedError}, {"flags", &Flags{Set: &tables.SeccompRespFlags}},
}}

var seccompNotifAddfd = &Struct{Fields: Fields{
	{"id", X64},
	{"flags", &Flags{Set: &tables.SeccompAddfdFlags}},
	{"srcfd", FD},
	{"newfd", S32},
	{"newfd_flags", &Flags{Set: &tables.OpenModeFlags}},
}}
