package file

import (
	"math"

	"golang.org/x/sys/unix"

	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// Mounting file systems: fs/namespace.c, fs/fsopen.c.

// mount's arguments count only for some of what it can do.
var (
	mountType = Union(mountFlag(unix.MS_REMOUNT|mountMoves), Arm(String, 0), Arm(Addr))
	mountData = Union(Func(func(c *Call) uint64 {
		if flags := mountFlags(c); flags&unix.MS_REMOUNT == 0 {
			return flags & mountMoves
		}
		return 0
	}), Arm(String, 0), Arm(Addr))
)

// mountMoves are the flags of mount that change where a mount is seen and take
// neither a type nor data.
const mountMoves = unix.MS_BIND | unix.MS_MOVE | unix.MS_SHARED | unix.MS_PRIVATE | unix.MS_SLAVE | unix.MS_UNBINDABLE

// mountFlags are mount's flags without the magic number of old.
func mountFlags(c *Call) uint64 {
	flags := Ref("mountflags").Num(c)
	if flags&unix.MS_MGC_MSK == unix.MS_MGC_VAL {
		flags &^= unix.MS_MGC_MSK
	}
	return flags
}

// mountFlagsArg shows the flags behind the magic number.
var mountFlagsArg = Word(In, func(c *Call, v View) {
	all, flags := v.Uint(c.WordSize()), mountFlags(c)
	if all != flags {
		c.Out.Symbol(unix.MS_MGC_VAL, "MS_MGC_VAL", output.Hex)
		if flags == 0 {
			return
		}
		c.Out.Or()
	}
	c.Out.Flags(flags, tables.MountFlags, output.Hex)
})

func mountFlag(bits uint64) Num { return Func(func(c *Call) uint64 { return mountFlags(c) & bits }) }

// mountAttr is struct mount_attr. The user namespace is a descriptor if there
// is to be one.
var mountAttr = Struct(Fields{
	{"attr_set", FlagsOf(X64, tables.MountAttr)},
	{"attr_clr", FlagsOf(X64, tables.MountAttr)},
	{"propagation", EnumOf(X64, tables.MountPropagation)},
	{"userns_fd", Union(If(mapsIDs), Arm(FD64, 1), Arm(U64, 0))},
})

func mapsIDs(c *Call) bool {
	attrs := Ref("attr_set").Num(c) | Ref("attr_clr").Num(c)
	return attrs&unix.MOUNT_ATTR_IDMAP != 0 && Ref("userns_fd").Num(c) <= math.MaxInt32
}

// mountAttrLeast is the size of the first version of struct mount_attr.
const mountAttrLeast = 32

var (
	mountAttrs    = Ptr(Extensible(mountAttr, Ref("size"), mountAttrLeast))
	openTreeFlags = Flags(tables.OpenTreeFlags)
	fsString      = Ptr(StrN(256)) // fsconfig takes no longer ones
)

var mountCalls = Calls{
	{"mount", Args{{"source", Path}, {"target", Path}, {"filesystemtype", mountType},
		{"mountflags", mountFlagsArg}, {"data", mountData}}, RetUnsigned},
	{"umount2", Args{{"target", Path}, {"flags", Flags(tables.UmountFlags)}}, RetUnsigned},
	{"fsopen", Args{{"fsname", String}, {"flags", Flags(tables.FsopenFlags)}}, RetFD},
	{"fsconfig", Args{{"fd", ContextFD}, {"cmd", Enum(tables.FsconfigCmd)}, Rest(Ref("cmd"), tables.FsconfigCmd, fsconfigCalls)}, RetUnsigned},
	{"fsmount", Args{{"fd", FD}, {"flags", Flags(tables.FsmountFlags)}, {"attr_flags", Flags(tables.FsmountAttr)}}, RetFD},
	{"fspick", Args{{"dirfd", DirFD}, {"pathname", Path}, {"flags", Flags(tables.FspickFlags)}}, RetFD},
	{"move_mount", Args{{"from_dfd", DirFD}, {"from_pathname", Path}, {"to_dfd", DirFD}, {"to_pathname", Path},
		{"flags", Flags(tables.MoveMountFlags)}}, RetUnsigned},
	{"open_tree", Args{{"dirfd", DirFD}, {"pathname", Path}, {"flags", openTreeFlags}}, RetFD},
	{"open_tree_attr", Args{{"dirfd", DirFD}, {"pathname", Path}, {"flags", openTreeFlags}, {"attr", mountAttrs}, {"size", Size}}, RetFD},
	{"mount_setattr", Args{{"dirfd", DirFD}, {"pathname", Path}, {"flags", Flags(tables.MountSetattrFlags)},
		{"attr", mountAttrs}, {"size", Size}}, RetUnsigned},
}

var mountCallsI386 = Calls{
	{"umount", Args{{"path", Path}}, RetUnsigned},
}

var fsconfigCalls = Calls{
	{"FSCONFIG_SET_STRING", Args{{"key", fsString}, {"value", fsString}, {"aux", Int}}, Ret{}},
	{"FSCONFIG_SET_BINARY", Args{{"key", fsString}, {"value", fsBinary}, {"aux", Int}}, Ret{}},
	{"FSCONFIG_SET_PATH FSCONFIG_SET_PATH_EMPTY", Args{{"key", fsString}, {"value", Path}, {"aux", DirFD}}, Ret{}},
	{"FSCONFIG_SET_FD", Args{{"key", fsString}, {"value", Addr}, {"aux", FD}}, Ret{}},
	{"FSCONFIG_SET_FLAG", Args{{"key", fsString}, {"value", Addr}, {"aux", Int}}, Ret{}},
	{"", Args{{"key", Addr}, {"value", Addr}, {"aux", Int}}, Ret{}},
}

// fsBinaryMax is the longest binary value that the kernel takes (fsconfig(2)).
const fsBinaryMax = 1 << 20

var (
	fsBinary      = Union(If(fsBinaryValid), Arm(Ptr(Binary(Ref("aux"))), 1), Arm(Addr, 0))
	fsBinaryValid = Cond(func(c *Call) bool { return Ref("aux").Num(c) <= fsBinaryMax })
)
