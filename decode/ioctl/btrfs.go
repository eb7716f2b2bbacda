package ioctl

import (
	"golang.org/x/sys/unix"

	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// Btrfs: linux/btrfs.h, fs/btrfs/ioctl.c.

var btrfsIoctls = Ioctls{
	// What these numbers say of an argument is not so.
	{"BTRFS_IOC_TRANS_START BTRFS_IOC_TRANS_END BTRFS_IOC_SYNC BTRFS_IOC_SCRUB_CANCEL BTRFS_IOC_QUOTA_RESCAN_WAIT" +
		" BTRFS_IOC_DEFRAG BTRFS_IOC_BALANCE", nil},
	{"BTRFS_IOC_SNAP_CREATE BTRFS_IOC_RESIZE BTRFS_IOC_SCAN_DEV BTRFS_IOC_FORGET_DEV BTRFS_IOC_ADD_DEV BTRFS_IOC_RM_DEV" +
		" BTRFS_IOC_SUBVOL_CREATE BTRFS_IOC_SNAP_DESTROY BTRFS_IOC_DEVICES_READY", Ptr(btrfsVolArgs)},
	{"BTRFS_IOC_SNAP_CREATE_V2 BTRFS_IOC_SUBVOL_CREATE_V2", Change(
		btrfsVolArgsV2.Pick("fd", "flags", "", "name"), btrfsVolArgsV2.Pick("transid"))},
	{"BTRFS_IOC_SUBVOL_GETFLAGS", Out(Bare(FlagsOf(X64, tables.BtrfsSnapFlags)))},
	{"BTRFS_IOC_SUBVOL_SETFLAGS", Ptr(Bare(FlagsOf(X64, tables.BtrfsSnapFlags)))},
	{"BTRFS_IOC_DEFAULT_SUBVOL BTRFS_IOC_WAIT_SYNC", Ptr(U64)},
	{"BTRFS_IOC_START_SYNC", Out(U64)},
	{"BTRFS_IOC_SET_RECEIVED_SUBVOL", Change(
		btrfsReceivedSubvol.Pick("uuid", "stransid", "stime", "flags"), btrfsReceivedSubvol.Pick("rtransid", "rtime"))},
	{"BTRFS_IOC_SEND", Ptr(btrfsSendArgs)},

	{"BTRFS_IOC_BALANCE_CTL", Enum(tables.BtrfsBalanceCtl)},
	{"BTRFS_IOC_BALANCE_V2", ChangeUnread(btrfsBalance.Pick("flags", "data", "meta", "sys"), btrfsBalance)},
	{"BTRFS_IOC_BALANCE_PROGRESS", Out(btrfsBalance)},
	{"BTRFS_IOC_DEFRAG_RANGE", Ptr(btrfsDefragRange)},
	{"BTRFS_IOC_SCRUB", Change(btrfsScrub.Pick("devid", "start", "end", "flags"), btrfsScrub.Pick("progress"))},
	{"BTRFS_IOC_SCRUB_PROGRESS", Change(btrfsScrub.Pick("devid"), btrfsScrub.Pick("progress"))},
	{"BTRFS_IOC_DEV_INFO", Change(
		btrfsDevInfo.Pick("devid", "uuid"), btrfsDevInfo.Pick("uuid", "bytes_used", "total_bytes", "path"))},
	{"BTRFS_IOC_DEV_REPLACE", Change(btrfsDevReplace.Pick("cmd", ""), btrfsDevReplace.Pick("result", ""))},
	{"BTRFS_IOC_GET_DEV_STATS", Change(
		btrfsDevStats.Pick("devid", "nr_items", "flags"), btrfsDevStats.Pick("nr_items", "flags", ""))},

	{"BTRFS_IOC_FS_INFO", Out(btrfsFsInfo)},
	{"BTRFS_IOC_SPACE_INFO", Change(btrfsSpace.Pick("space_slots"), btrfsSpace.Pick("total_spaces", "spaces"))},
	{"BTRFS_IOC_GET_FEATURES", Out(btrfsFeatures)},
	{"BTRFS_IOC_SET_FEATURES", Ptr(Tuple(btrfsFeatures, btrfsFeatures))},
	{"BTRFS_IOC_GET_SUPPORTED_FEATURES", Out(Tuple(Remarked(btrfsFeatures, "supported"),
		Remarked(btrfsFeatures, "safe to set"), Remarked(btrfsFeatures, "safe to clear")))},

	{"BTRFS_IOC_TREE_SEARCH", Change(btrfsSearch.Pick("key"), btrfsSearch)},
	{"BTRFS_IOC_TREE_SEARCH_V2", ChangeIf(Any(Succeeded, FailedWith(unix.EOVERFLOW)), Ptr(btrfsSearchV2.Pick("key", "buf_size")),
		OutAlways(Union(If(Succeeded), Arm(btrfsSearchV2, 1), Arm(btrfsSearchV2.Pick("buf_size")))))},
	{"BTRFS_IOC_INO_LOOKUP", Change(
		Remembered(btrfsInoLookup(btrfsID).Pick("treeid", "objectid")),
		// The caller may ask for the tree that the file is in.
		btrfsInoLookup(When(Is(Was("treeid", 8), 0), btrfsID)).Pick("treeid", "name"))},
	{"BTRFS_IOC_INO_PATHS", Change(btrfsInoPath(Addr64), btrfsInoPath(Ptr64(btrfsPaths)).Pick("fspath"))},
	{"BTRFS_IOC_LOGICAL_INO", Change(btrfsLogicalIno(Addr64), btrfsLogicalIno(Ptr64(btrfsInodes)).Pick("inodes"))},

	{"BTRFS_IOC_QUOTA_CTL", Ptr(btrfsQuotaCtl)},
	{"BTRFS_IOC_QUOTA_RESCAN", Ptr(btrfsQuotaRescan.Pick("flags"))},
	{"BTRFS_IOC_QUOTA_RESCAN_STATUS", Out(btrfsQuotaRescan)},
	{"BTRFS_IOC_QGROUP_ASSIGN", Ptr(btrfsQgroupAssign)},
	{"BTRFS_IOC_QGROUP_CREATE", Ptr(btrfsQgroupCreate)},
	{"BTRFS_IOC_QGROUP_LIMIT", Out(btrfsQgroupLimitArgs)},
}

var (
	btrfsID      = EnumOf(U64, tables.BtrfsTreeID)
	btrfsKeyType = EnumOf(U32, tables.BtrfsKeyType)
	// btrfsBound is a number whose largest value means that there is no bound.
	btrfsBound = EnumOf(U64, tables.Uint64Max)
)

var btrfsVolArgs = Struct(Fields{{"fd", FD64}, {"name", CharArray(4088)}})

// btrfsInherits says that a new subvolume has quota groups from its parent.
var btrfsInherits = HasNamed(Ref("flags"), tables.BtrfsSnapFlags, "BTRFS_SUBVOL_QGROUP_INHERIT")

var btrfsVolArgsV2 = Struct(Fields{
	{"fd", FD64},
	{"transid", U64},
	{"flags", FlagsOf(X64, tables.BtrfsSnapFlags)},
	{"", Union(If(btrfsInherits),
		Arm(Inline(Struct(Fields{{"size", U64}, {"qgroup_inherit", Ptr(btrfsQgroupInherit)}})), 1),
		Arm(Inline(Struct(Fields{{"_", Array(U64, Const(4))}}))))},
	{"name", CharArray(4040)},
})

var btrfsQgroupLimit = Struct(Fields{
	{"flags", FlagsOf(X64, tables.BtrfsQgroupLimit)},
	{"max_rfer", U64},
	{"max_excl", U64},
	{"rsv_rfer", U64},
	{"rsv_excl", U64},
})

var btrfsQgroupInherit = Struct(Fields{
	{"flags", FlagsOf(X64, tables.BtrfsQgroupInherit)},
	{"num_qgroups", U64},
	{"num_ref_copies", U64},
	{"num_excl_copies", U64},
	{"lim", btrfsQgroupLimit},
	{"qgroups", Verbose(Array(U64, Ref("num_qgroups")))},
})

var btrfsTimespec = Struct(Fields{{"sec", U64}, {"nsec", U32}})

var btrfsReceivedSubvol = Struct(Fields{
	{"uuid", UUID},
	{"stransid", U64},
	{"rtransid", U64},
	{"stime", WithDate(btrfsTimespec)},
	{"rtime", WithDate(btrfsTimespec)},
	{"flags", U64},
	{"reserved", Array(U64, Const(16))},
})

var btrfsSendArgs = Struct(Fields{
	{"send_fd", FD64},
	{"clone_sources_count", U64},
	{"clone_sources", Union(If(abbreviated), Arm(Addr, 1), Arm(Ptr(Array(btrfsID, Ref("clone_sources_count")))))},
	{"parent_root", btrfsID},
	{"flags", FlagsOf(X64, tables.BtrfsSend)},
	{"version", U32},
	{"reserved", Array(U8, Const(28))},
}).Pick("send_fd", "clone_sources_count", "clone_sources", "parent_root", "flags")

// abbreviated is the condition that structs may be cut short.
func abbreviated(c *Call) bool { return c.Abbrev }

var btrfsBalanceArgs = Packed(Fields{
	{"profiles", FlagsOf(X64, tables.BtrfsProfiles)},
	{"usage", btrfsBound},
	{"devid", Dev64},
	{"pstart", btrfsBound},
	{"pend", btrfsBound},
	{"vstart", btrfsBound},
	{"vend", btrfsBound},
	{"target", btrfsBound},
	{"flags", FlagsOf(X64, tables.BtrfsBalanceArgs)},
	{"_", Pad(64)},
})

var btrfsBalance = Struct(Fields{
	{"flags", FlagsOf(X64, tables.BtrfsBalance)},
	{"state", FlagsOf(X64, tables.BtrfsBalanceState)},
	{"data", When(HasNamed(Ref("flags"), tables.BtrfsBalance, "BTRFS_BALANCE_DATA"), btrfsBalanceArgs)},
	{"meta", When(HasNamed(Ref("flags"), tables.BtrfsBalance, "BTRFS_BALANCE_METADATA"), btrfsBalanceArgs)},
	{"sys", When(HasNamed(Ref("flags"), tables.BtrfsBalance, "BTRFS_BALANCE_SYSTEM"), btrfsBalanceArgs)},
	{"_", Array(U64, Const(3+72))},
})

var btrfsDefragRange = Struct(Fields{
	{"start", U64},
	{"len", btrfsBound},
	{"flags", FlagsOf(X64, tables.BtrfsDefrag)},
	{"extent_thresh", U32},
	{"compress_type", Enum(tables.BtrfsCompression)},
	{"_", Array(U32, Const(4))},
})

var btrfsScrubProgress = Struct(Fields{
	{"data_extents_scrubbed", U64},
	{"tree_extents_scrubbed", U64},
	{"data_bytes_scrubbed", U64},
	{"tree_bytes_scrubbed", U64},
	{"read_errors", U64},
	{"csum_errors", U64},
	{"verify_errors", U64},
	{"no_csum", U64},
	{"csum_discards", U64},
	{"super_errors", U64},
	{"malloc_errors", U64},
	{"uncorrectable_errors", U64},
	{"corrected_errors", U64},
	{"last_physical", U64},
	{"unverified_errors", U64},
})

var btrfsScrub = Struct(Fields{
	{"devid", Dev64},
	{"start", U64},
	{"end", btrfsBound},
	{"flags", FlagsOf(X64, tables.BtrfsScrubFlags)},
	{"progress", btrfsScrubProgress},
	{"unused", Array(U64, Const(109))},
})

var btrfsDevInfo = Struct(Fields{
	{"devid", Dev64},
	Reserved("uuid", UUID),
	{"bytes_used", U64},
	{"total_bytes", U64},
	{"fsid", UUID},
	{"_", Array(U64, Const(377))},
	{"path", CharArray(1024)},
})

// btrfsDevReplace shows the parameters of a command, or what it has found out.
var btrfsDevReplace = Struct(Fields{
	{"cmd", EnumOf(X64, tables.BtrfsReplaceCmd)},
	{"result", EnumOf(X64, tables.BtrfsReplaceResult)},
	{"", Union(Ref("cmd"),
		Arm(One("start", When(Not((*Call).Exiting), btrfsReplaceStart)), Values(tables.BtrfsReplaceCmd, "BTRFS_IOCTL_DEV_REPLACE_CMD_START")...),
		Arm(One("status", When((*Call).Exiting, btrfsReplaceStatus)), Values(tables.BtrfsReplaceCmd, "BTRFS_IOCTL_DEV_REPLACE_CMD_STATUS")...),
		Arm(Nothing))},
	{"spare", Array(U64, Const(64))},
})

var btrfsReplaceStart = Struct(Fields{
	{"srcdevid", Dev64},
	{"cont_reading_from_srcdev_mode", EnumOf(X64, tables.BtrfsReplaceMode)},
	{"srcdev_name", CharArray(1025)},
	{"tgtdev_name", CharArray(1025)},
})

var btrfsReplaceStatus = Struct(Fields{
	{"replace_state", EnumOf(X64, tables.BtrfsReplaceState)},
	{"progress_1000", btrfsPerMille},
	{"time_started", &Date{Number: U64}},
	{"time_stopped", &Date{Number: U64}},
	{"num_write_errors", U64},
	{"num_uncorrectable_read_errors", U64},
})

// btrfsPerMille is how much of some work is done.
var btrfsPerMille = ValueOf(U64, func(c *Call, v uint64) {
	c.Out.Number(v, output.Unsigned)
	if v <= 1000 {
		b := append(AppendUint(c.Alloc(8)[:0], v/10), '.')
		c.Out.Comment(output.Note, output.AsString(append(AppendUint(b, v%10), '%')))
	}
})

var btrfsDevStats = Struct(Fields{
	{"devid", Dev64},
	{"nr_items", U64},
	{"flags", FlagsOf(X64, tables.BtrfsDevStats)},
	{"", IndexedUpTo(U64, 5, tables.BtrfsDevStat, Ref("nr_items"))},
	{"unused", Array(U64, Const(121))},
})

var btrfsFsInfo = Struct(Fields{
	{"max_id", U64},
	{"num_devices", U64},
	{"fsid", UUID},
	{"nodesize", U32},
	{"sectorsize", U32},
	{"clone_alignment", U32},
	{"csum_type", When(btrfsHasInfo("BTRFS_FS_INFO_FLAG_CSUM_INFO"), EnumOf(X16, tables.BtrfsCsumType))},
	{"csum_size", When(btrfsHasInfo("BTRFS_FS_INFO_FLAG_CSUM_INFO"), U16)},
	{"flags", FlagsOf(X64, tables.BtrfsFsInfo)},
	{"generation", When(btrfsHasInfo("BTRFS_FS_INFO_FLAG_GENERATION"), U64)},
	{"metadata_uuid", When(btrfsHasInfo("BTRFS_FS_INFO_FLAG_METADATA_UUID"), UUID)},
	{"_", Pad(944)},
})

func btrfsHasInfo(flag string) Cond { return HasNamed(Ref("flags"), tables.BtrfsFsInfo, flag) }

var btrfsSpace = Struct(Fields{
	{"space_slots", U64},
	{"total_spaces", U64},
	// Without slots the caller has only asked how many there are.
	{"spaces", When(Any(Not(Is(Ref("space_slots"), 0)), Is(Ref("total_spaces"), 0)),
		Verbose(Array(btrfsSpaceInfo, Ref("total_spaces"))))},
})

var btrfsSpaceInfo = Struct(Fields{
	{"flags", FlagsOf(X64, tables.BtrfsSpaceInfo)}, {"total_bytes", U64}, {"used_bytes", U64},
})

// btrfsCompat is the set of features that the kernel has not given names yet.
var btrfsCompat = &tables.Set{Unknown: "BTRFS_FEATURE_COMPAT_???"}

var btrfsFeatures = Struct(Fields{
	{"compat_flags", FlagsOf(X64, btrfsCompat)},
	{"compat_ro_flags", FlagsOf(X64, tables.BtrfsCompatRO)},
	{"incompat_flags", FlagsOf(X64, tables.BtrfsIncompat)},
})

// Sizes in bytes of a struct btrfs_ioctl_search_key and of what BTRFS_IOC_TREE_SEARCH
// has room for behind it.
const (
	btrfsSearchKeySize = 104
	btrfsSearchBufSize = 4096 - btrfsSearchKeySize
)

// btrfsSearchKey is what to search for; what has been found is only a number.
// Bounds that exclude nothing are left out of an abbreviated one.
var btrfsSearchKey = Struct(Fields{
	{"tree_id", When(Not((*Call).Exiting), btrfsID)},
	{"min_objectid", When(btrfsBoundedBy("min_objectid", "BTRFS_FIRST_FREE_OBJECTID"), btrfsID)},
	{"max_objectid", When(btrfsBoundedBy("max_objectid", "BTRFS_LAST_FREE_OBJECTID"), btrfsID)},
	{"min_offset", When(Not((*Call).Exiting), btrfsBound)},
	{"max_offset", When(Not((*Call).Exiting), btrfsBound)},
	{"min_transid", When(Not((*Call).Exiting), btrfsBound)},
	{"max_transid", When(Not((*Call).Exiting), btrfsBound)},
	{"min_type", When(Not((*Call).Exiting), btrfsKeyType)},
	{"max_type", When(Not((*Call).Exiting), btrfsKeyType)},
	{"nr_items", U32},
	{"unused", Unseen(U32)},
	{"_", Array(U64, Const(4))},
})

func btrfsBoundedBy(member, none string) Cond {
	unbounded := IsNamed(Ref(member), tables.BtrfsTreeID, none)
	return func(c *Call) bool { return !c.Exiting() && !(c.Abbrev && unbounded(c)) }
}

var btrfsSearch = Struct(Fields{
	{"key", btrfsSearchKey},
	{"buf", Verbose(btrfsItems(Const(btrfsSearchBufSize)))},
})

// btrfsSearchV2 has a buffer of its own size; if that is too small for a single
// item, buf_size is what it takes.
var btrfsSearchV2 = Struct(Fields{
	{"key", btrfsSearchKey},
	{"buf_size", U64},
	{"buf", Verbose(btrfsItems(Ref("buf_size")))},
})

var btrfsSearchHeader = Struct(Fields{
	{"transid", U64}, {"objectid", btrfsID}, {"offset", U64}, {"type", btrfsKeyType}, {"len", U32},
})

// btrfsItems are the items that a search found, size bytes at most, each with
// its data behind it.
func btrfsItems(size Num) Type {
	return AtAddr(func(c *Call, addr uint64) {
		const header = 32
		room := size.Num(c)
		f := c.Frame(0)
		count, _ := btrfsSearchKey.NumberIn(c, "nr_items", f.Struct.Member(c, "key", f.View))
		c.Out.BeginArray()
		for off := uint64(0); count > 0; count-- {
			if addr+off < addr || off+header > room {
				c.Out.More()
				break
			}
			v, ok := c.ReadType(addr+off, btrfsSearchHeader)
			if !ok {
				c.Out.More()
				c.Out.Comment(output.Note, HexString(addr+off))
				break
			}
			c.Out.Elem()
			btrfsSearchHeader.Show(c, v)
			n, _ := btrfsSearchHeader.NumberIn(c, "len", v)
			off += header + n
		}
		c.Out.EndArray()
	})
}

// btrfsInoLookup is struct btrfs_ioctl_ino_lookup_args, with how treeid is
// shown.
func btrfsInoLookup(treeid Type) *StructType {
	return Struct(Fields{{"treeid", treeid}, {"objectid", btrfsID}, {"name", CharArray(4080)}})
}

// btrfsInoPath is struct btrfs_ioctl_ino_path_args, with what fspath points to.
func btrfsInoPath(fspath Type) *StructType {
	return Struct(Fields{{"inum", U64}, {"size", U64}, {"_", Array(U64, Const(4))}, {"fspath", fspath}})
}

// btrfsLogicalIno is struct btrfs_ioctl_logical_ino_args, with what inodes
// points to.
func btrfsLogicalIno(inodes Type) *StructType {
	return Struct(Fields{
		{"logical", U64},
		{"size", U64},
		Reserved("reserved", WholeArray(X64, 3)),
		{"flags", FlagsOf(X64, tables.BtrfsLogicalIno)},
		{"inodes", inodes},
	})
}

// btrfsContainer is struct btrfs_data_container, with what its values are.
func btrfsContainer(val Type) *StructType {
	return Struct(Fields{
		{"bytes_left", U32},
		{"bytes_missing", U32},
		{"elem_cnt", U32},
		{"elem_missed", U32},
		{"val", Verbose(val)},
	})
}

var (
	btrfsInodes = btrfsContainer(Array(
		Struct(Fields{{"inum", U64}, {"offset", U64}, {"root", U64}}), Div(Ref("elem_cnt"), 3)))
	btrfsPaths = btrfsContainer(Array(btrfsPathAt, Ref("elem_cnt")))
)

// btrfsPathAt is a path of a container, by its offset from the values.
var btrfsPathAt = Value64(func(c *Call, off uint64) {
	const val = 16 // offset of val
	c.ShowAt(c.Frame(0).View.Addr+val+off, PathStr)
})

var btrfsQuotaCtl = Struct(Fields{{"cmd", EnumOf(X64, tables.BtrfsQgroupCtl)}, {"status", Unseen(U64)}})

var btrfsQuotaRescan = Struct(Fields{
	{"flags", U64}, {"progress", btrfsID}, {"_", Array(U64, Const(6))},
})

var (
	btrfsQgroupAssign    = Struct(Fields{{"assign", U64}, {"src", U64}, {"dst", U64}})
	btrfsQgroupCreate    = Struct(Fields{{"create", U64}, {"qgroupid", U64}})
	btrfsQgroupLimitArgs = Struct(Fields{{"qgroupid", U64}, {"lim", btrfsQgroupLimit}})
)
