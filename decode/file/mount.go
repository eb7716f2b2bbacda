package file

import (
	"math"

	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// Mounting file systems: fs/namespace.c, fs/fsopen.c.

// Some arguments of mount are ignored, depending on its flags.
var (
	mountType = &Union{C: "const char *", On: mountFlag(tables.MS_REMOUNT | mountMoves), Arms: Arms{{String, Nums{0}}, {Addr, nil}}}
	mountData = &Union{C: "void *", On: Func(func(c *Call) uint64 {
		if flags := mountFlags(c); flags&tables.MS_REMOUNT == 0 {
			return flags & mountMoves
		}
		return 0
	}), Arms: Arms{{String, Nums{0}}, {Addr, nil}}}
)

// mountMoves are the flags of mount that move, bind or share mounts. With any of
// them mount ignores the type and data.
const mountMoves = tables.MS_BIND | tables.MS_MOVE | tables.MS_SHARED | tables.MS_PRIVATE | tables.MS_SLAVE | tables.MS_UNBINDABLE

// mountFlags returns mount's flags without the old magic number.
func mountFlags(c *Call) uint64 {
	flags := Ref("mountflags").Num(c)
	if flags&tables.MS_MGC_MSK == tables.MS_MGC_VAL {
		flags &^= tables.MS_MGC_MSK
	}
	return flags
}

// mountFlagsArg shows the flags after the magic number.
var mountFlagsArg = &Shown{As: Ulong, At: In, Sees: Ulong, By: func(c *Call, v View) {
	all, flags := v.Uint(c.WordSize()), mountFlags(c)
	if all != flags {
		c.Out.Symbol(tables.MS_MGC_VAL, "MS_MGC_VAL", output.Hex)
		if flags == 0 {
			return
		}
		c.Out.Join(output.Or)
	}
	c.Out.Flags(flags, &tables.MountFlags, output.Hex)
}}

// mountFlag is the value of some bits of mount's flags.
type mountFlag uint64

// Num implements Num.
func (bits mountFlag) Num(c *Call) uint64 { return mountFlags(c) & uint64(bits) }

// mountAttr is struct mount_attr. userns_fd is shown as a descriptor only if it
// is used.
var mountAttr = &Struct{C: "mount_attr", Fields: Fields{
	{"attr_set", &Flags{In: X64, Set: &tables.MountAttr}},
	{"attr_clr", &Flags{In: X64, Set: &tables.MountAttr}},
	{"propagation", &Enum{In: X64, Set: &tables.MountPropagation}},
	{"userns_fd", &Union{On: If{Test(mapsIDs)}, Arms: Arms{{FD64, Nums{1}}, {U64, Nums{0}}}}},
}}

func mapsIDs(c *Call) bool {
	attrs := Ref("attr_set").Num(c) | Ref("attr_clr").Num(c)
	return attrs&tables.MOUNT_ATTR_IDMAP != 0 && Ref("userns_fd").Num(c) <= math.MaxInt32
}

// mountAttrLeast is the size of the first version of struct mount_attr.
const mountAttrLeast = 32

var (
	mountAttrs    = &Ptr{To: &Extensible{Of: mountAttr, Size: Ref("size"), Least: mountAttrLeast}}
	openTreeFlags = &Flags{Set: &tables.OpenTreeFlags}
	fsString      = &Ptr{To: StrN(256)} // fsconfig refuses longer ones
)

var mountCalls = Calls{
	{"mount", Args{{"source", RulesPath}, {"target", Path}, {"filesystemtype", mountType},
		{"mountflags", mountFlagsArg}, {"data", mountData}}, RetUnsigned},
	{"umount2", Args{{"target", Path}, {"flags", &Flags{Set: &tables.UmountFlags}}}, RetUnsigned},
	{"fsopen", Args{{"fsname", String}, {"flags", &Flags{Set: &tables.FsopenFlags}}}, RetFD},
	{"fsconfig", Args{{"fd", ContextFD}, {"cmd", &Enum{Set: &tables.FsconfigCmd}}, {"", &Rest{On: Ref("cmd"), Set: &tables.FsconfigCmd, Calls: fsconfigCalls}}}, RetUnsigned},
	{"fsmount", Args{{"fd", FD}, {"flags", &Flags{Set: &tables.FsmountFlags}}, {"attr_flags", &Flags{Set: &tables.FsmountAttr}}}, RetFD},
	{"fspick", Args{{"dirfd", DirFD}, {"pathname", Path}, {"flags", &Flags{Set: &tables.FspickFlags}}}, RetFD},
	{"move_mount", Args{{"from_dfd", DirFD}, {"from_pathname", Path}, {"to_dfd", DirFD}, {"to_pathname", Path},
		{"flags", &Flags{Set: &tables.MoveMountFlags}}}, RetUnsigned},
	{"open_tree", Args{{"dirfd", DirFD}, {"pathname", atPath}, {"flags", openTreeFlags}}, RetFD},
	{"open_tree_attr", Args{{"dirfd", DirFD}, {"pathname", atPath}, {"flags", openTreeFlags}, {"attr", mountAttrs}, {"size", Size}}, RetFD},
	{"mount_setattr", Args{{"dirfd", DirFD}, {"pathname", atPath}, {"flags", &Flags{Set: &tables.MountSetattrFlags}},
		{"attr", mountAttrs}, {"size", Size}}, RetUnsigned},
}

var mountCallsI386 = Calls{
	{"umount", Args{{"path", Path}}, RetUnsigned},
}

var fsconfigCalls = Calls{
	{"FSCONFIG_SET_STRING", Args{{"key", fsString}, {"value", fsString}, {"aux", Int}}, nil},
	{"FSCONFIG_SET_BINARY", Args{{"key", fsString}, {"value", fsBinary}, {"aux", Int}}, nil},
	{"FSCONFIG_SET_PATH FSCONFIG_SET_PATH_EMPTY", Args{{"key", fsString}, {"value", Path}, {"aux", DirFD}}, nil},
	{"FSCONFIG_SET_FD", Args{{"key", fsString}, {"value", Addr}, {"aux", FD}}, nil},
	{"FSCONFIG_SET_FLAG", Args{{"key", fsString}, {"value", Addr}, {"aux", Int}}, nil},
	{"", Args{{"key", Addr}, {"value", Addr}, {"aux", Int}}, nil},
}

// fsBinaryMax is the largest binary value that the kernel accepts (fsconfig(2)).
const fsBinaryMax = 1 << 20

var (
	fsBinary = &Union{On: If{Test(fsBinaryValid)}, Arms: Arms{{&Ptr{To: &Bytes{Len: Ref("aux"), Kind: Binary}}, Nums{1}}, {Addr, Nums{0}}}}
)

func fsBinaryValid(c *Call) bool { return Ref("aux").Num(c) <= fsBinaryMax }
