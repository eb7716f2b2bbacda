package ioctl

import (
	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// Descriptors of processes, namespaces and of those who watch system calls:
// linux/pidfd.h, linux/nsfs.h, linux/seccomp.h.

var processIoctls = Ioctls{
	{"NS_GET_USERNS NS_GET_PARENT", Giving(RetFD, nil)},
	{"NS_GET_NSTYPE", Giving(RetUnsigned.With(func(c *Call) {
		if name, ok := tables.SetnsType.Lookup(uint64(c.Ret)); ok {
			c.Out.BeginRemark(output.Aside)
			c.Out.Field("")
			c.Out.Text(name)
			c.Out.EndRemark()
		}
	}), nil)},
	{"NS_GET_OWNER_UID", Called("uid", Out(ID))},
	{"NS_GET_MNTNS_ID", Out(X64)},
	{"NS_GET_PID_FROM_PIDNS", Giving(RetPID, Int)},
	{"NS_GET_TGID_FROM_PIDNS", Giving(RetTGID, Int)},
	{"NS_GET_PID_IN_PIDNS", PID},
	{"NS_GET_TGID_IN_PIDNS", PIDOf(ThreadGroup)},
	{"PIDFD_GET_CGROUP_NAMESPACE PIDFD_GET_IPC_NAMESPACE PIDFD_GET_MNT_NAMESPACE PIDFD_GET_NET_NAMESPACE" +
		" PIDFD_GET_PID_NAMESPACE PIDFD_GET_PID_FOR_CHILDREN_NAMESPACE PIDFD_GET_TIME_NAMESPACE" +
		" PIDFD_GET_TIME_FOR_CHILDREN_NAMESPACE PIDFD_GET_USER_NAMESPACE PIDFD_GET_UTS_NAMESPACE", Giving(RetFD, Xlong)},
	{"SECCOMP_IOCTL_NOTIF_RECV", ChangeUnlessZero(seccompNotif, seccompNotif, Const(80), false)},
	{"SECCOMP_IOCTL_NOTIF_SEND", Ptr(seccompNotifResp)},
	{"SECCOMP_IOCTL_NOTIF_ID_VALID SECCOMP_IOCTL_NOTIF_ID_VALID_WRONG_DIR", Ptr(X64)},
	{"SECCOMP_IOCTL_NOTIF_ADDFD", Ptr(seccompNotifAddfd)},
	{"SECCOMP_IOCTL_NOTIF_SET_FLAGS", FlagsOf(Xlong, tables.SeccompNotifFlags)},
}

// Requests that are known by type and number whatever the size they tell.
const (
	nsMntGetInfo = 10
	nsMntGetNext = 11
	nsMntGetPrev = 12
	pidfdGetInfo = 11

	mntNsInfoSizeVer0 = 16
	pidfdInfoSizeVer0 = 64
)

// nsfsIoctl describes the requests that go through mount namespaces.
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
	nsfsInfo = Desc{Args: Args{{"argp", Out(mntNsInfo)}}}
	nsfsWalk = Desc{Args: Args{{"argp", Out(mntNsInfo)}}, Ret: RetFD}
)

var mntNsInfo = Struct(Fields{{"size", U32}, {"nr_mounts", U32}, {"mnt_ns_id", X64}})

// pidfdIoctl describes PIDFD_GET_INFO, of any version.
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
	pidfdInfoDesc  = Desc{Args: Args{{"argp", &pidfdInfoArg{WordLayout()}}}}
)

// pidfdInfoArg points to a struct pidfd_info, which is as large as the request
// says. The caller asks by mask for what the kernel is to fill in.
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
	c.Out.Flags(mask, tables.PidfdInfoMask, output.Hex)
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
			c.Out.Flags(mask, tables.PidfdInfoMask, output.Hex)
		}
		pidfdInfo.ShowMembers(c, View{B: b, Addr: addr})
	}
	c.Out.EndStruct()
}

var pidfdInfo = Struct(Fields{
	{"mask", Unseen(X64)},
	{"cgroupid", pidfdHas("PIDFD_INFO_CGROUPID", U64)},
	{"pid", pidfdHas("PIDFD_INFO_PID", PID)},
	{"tgid", pidfdHas("PIDFD_INFO_PID", PIDOf(ThreadGroup))},
	{"ppid", pidfdHas("PIDFD_INFO_PID", PIDOf(ThreadGroup))},
	{"ruid", pidfdHas("PIDFD_INFO_CREDS", ID)},
	{"rgid", pidfdHas("PIDFD_INFO_CREDS", ID)},
	{"euid", pidfdHas("PIDFD_INFO_CREDS", ID)},
	{"egid", pidfdHas("PIDFD_INFO_CREDS", ID)},
	{"suid", pidfdHas("PIDFD_INFO_CREDS", ID)},
	{"sgid", pidfdHas("PIDFD_INFO_CREDS", ID)},
	{"fsuid", pidfdHas("PIDFD_INFO_CREDS", ID)},
	{"fsgid", pidfdHas("PIDFD_INFO_CREDS", ID)},
	{"exit_code", pidfdHas("PIDFD_INFO_EXIT", Array(WaitStatus{Number: Int}, Const(1)))},
	{"coredump_mask", pidfdHas("PIDFD_INFO_COREDUMP", Flags(tables.PidfdCoredumpMask))},
	{"coredump_signal", pidfdHas("PIDFD_INFO_COREDUMP_SIGNAL", Signal)},
	{"coredump_code", pidfdHas("PIDFD_INFO_COREDUMP_CODE", U32)},
	{"_", U32},
	{"supported_mask", pidfdHas("PIDFD_INFO_SUPPORTED_MASK", FlagsOf(X64, tables.PidfdInfoMask))},
})

func pidfdHas(bit string, t Type) Type {
	return When(Has(Ref("mask"), BitsOf(tables.PidfdInfoMask, bit)), t)
}

var seccompNotif = Struct(Fields{
	{"id", X64},
	{"pid", PIDOf(ThreadGroup)},
	{"flags", X32},
	{"data", Struct(Fields{
		{"nr", seccompNR{S32}},
		{"arch", Enum(tables.AuditArch)},
		{"instruction_pointer", Addr64},
		{"args", Array(X64, Const(6))},
	})},
})

// seccompNR is the number of a system call of the ABI that arch tells.
type seccompNR struct{ *Number }

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

var seccompNotifResp = Struct(Fields{
	{"id", X64}, {"val", S64}, {"error", NegatedError}, {"flags", Flags(tables.SeccompRespFlags)},
})

var seccompNotifAddfd = Struct(Fields{
	{"id", X64},
	{"flags", Flags(tables.SeccompAddfdFlags)},
	{"srcfd", FD},
	{"newfd", S32},
	{"newfd_flags", Flags(tables.OpenModeFlags)},
})
