package ioctl

import (
	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// Btrfs: linux/btrfs.h, fs/btrfs/ioctl.c.

var btrfsIoctls = Ioctls{
	// The directions and sizes in these request numbers do not match their
	// arguments.
	{"BTRFS_IOC_TRANS_START BTRFS_IOC_TRANS_END BTRFS_IOC_SYNC BTRFS_IOC_SCRUB_CANCEL BTRFS_IOC_QUOTA_RESCAN_WAIT" +
		" BTRFS_IOC_DEFRAG BTRFS_IOC_BALANCE", nil},
	{"BTRFS_IOC_SNAP_CREATE BTRFS_IOC_RESIZE BTRFS_IOC_SCAN_DEV BTRFS_IOC_FORGET_DEV BTRFS_IOC_ADD_DEV BTRFS_IOC_RM_DEV" +
		" BTRFS_IOC_SUBVOL_CREATE BTRFS_IOC_SNAP_DESTROY BTRFS_IOC_DEVICES_READY", &Ptr{To: btrfsVolArgs}},
	{"BTRFS_IOC_SNAP_CREATE_V2 BTRFS_IOC_SUBVOL_CREATE_V2", &Change{
		In: &Struct{Of: btrfsVolArgsV2, Pick: Names{"fd", "flags", "", "name"}}, Out: &Struct{Of: btrfsVolArgsV2, Pick: Names{"transid"}}}},
	{"BTRFS_IOC_SUBVOL_GETFLAGS", &Out{To: &Flags{In: X64, Set: &tables.BtrfsSnapFlags}, Bare: true}},
	{"BTRFS_IOC_SUBVOL_SETFLAGS", &Ptr{To: &Flags{In: X64, Set: &tables.BtrfsSnapFlags}, Bare: true}},
	{"BTRFS_IOC_DEFAULT_SUBVOL BTRFS_IOC_WAIT_SYNC", &Ptr{To: U64}},
	{"BTRFS_IOC_START_SYNC", &Out{To: U64}},
	{"BTRFS_IOC_SET_RECEIVED_SUBVOL", &Change{
		In: &Struct{Of: btrfsReceivedSubvol, Pick: Names{"uuid", "stransid", "stime", "flags"}}, Out: &Struct{Of: btrfsReceivedSubvol, Pick: Names{"rtransid", "rtime"}}}},
	{"BTRFS_IOC_SEND", &Ptr{To: btrfsSendArgs}},

	{"BTRFS_IOC_BALANCE_CTL", &Enum{Set: &tables.BtrfsBalanceCtl}},
	{"BTRFS_IOC_BALANCE_V2", &Change{In: &Struct{Of: btrfsBalance, Pick: Names{"flags", "data", "meta", "sys"}}, Out: btrfsBalance, Unread: true}},
	{"BTRFS_IOC_BALANCE_PROGRESS", &Out{To: btrfsBalance}},
	{"BTRFS_IOC_DEFRAG_RANGE", &Ptr{To: btrfsDefragRange}},
	{"BTRFS_IOC_SCRUB", &Change{In: &Struct{Of: btrfsScrub, Pick: Names{"devid", "start", "end", "flags"}}, Out: &Struct{Of: btrfsScrub, Pick: Names{"progress"}}}},
	{"BTRFS_IOC_SCRUB_PROGRESS", &Change{In: &Struct{Of: btrfsScrub, Pick: Names{"devid"}}, Out: &Struct{Of: btrfsScrub, Pick: Names{"progress"}}}},
	{"BTRFS_IOC_DEV_INFO", &Change{
		In: &Struct{Of: btrfsDevInfo, Pick: Names{"devid", "uuid"}}, Out: &Struct{Of: btrfsDevInfo, Pick: Names{"uuid", "bytes_used", "total_bytes", "path"}}}},
	{"BTRFS_IOC_DEV_REPLACE", &Change{In: &Struct{Of: btrfsDevReplace, Pick: Names{"cmd", ""}}, Out: &Struct{Of: btrfsDevReplace, Pick: Names{"result", ""}}}},
	{"BTRFS_IOC_GET_DEV_STATS", &Change{
		In: &Struct{Of: btrfsDevStats, Pick: Names{"devid", "nr_items", "flags"}}, Out: &Struct{Of: btrfsDevStats, Pick: Names{"nr_items", "flags", ""}}}},

	{"BTRFS_IOC_FS_INFO", &Out{To: btrfsFsInfo}},
	{"BTRFS_IOC_SPACE_INFO", &Change{In: &Struct{Of: btrfsSpace, Pick: Names{"space_slots"}}, Out: &Struct{Of: btrfsSpace, Pick: Names{"total_spaces", "spaces"}}}},
	{"BTRFS_IOC_GET_FEATURES", &Out{To: btrfsFeatures}},
	{"BTRFS_IOC_SET_FEATURES", &Ptr{To: Tuple{btrfsFeatures, btrfsFeatures}}},
	{"BTRFS_IOC_GET_SUPPORTED_FEATURES", &Out{To: Tuple{
		btrfsRemarked{btrfsFeatures, "supported"}, btrfsRemarked{btrfsFeatures, "safe to set"}, btrfsRemarked{btrfsFeatures, "safe to clear"},
	}}},

	{"BTRFS_IOC_TREE_SEARCH", &Change{In: &Struct{Of: btrfsSearch, Pick: Names{"key"}}, Out: btrfsSearch}},
	{"BTRFS_IOC_TREE_SEARCH_V2", &Change{In: &Struct{Of: btrfsSearchV2, Pick: Names{"key", "buf_size"}},
		Out: &Union{On: If{Succeeded}, Arms: Arms{{btrfsSearchV2, Nums{1}}, {&Struct{Of: btrfsSearchV2, Pick: Names{"buf_size"}}, nil}}}, If: Any{Succeeded, FailedWith(tables.EOVERFLOW)}}},
	{"BTRFS_IOC_INO_LOOKUP", &Change{
		In:  btrfsRemembered{&Struct{Of: btrfsInoLookup, Pick: Names{"treeid", "objectid"}}},
		Out: &Struct{Of: btrfsInoLookup, With: Fields{{"treeid", btrfsFoundTree}}, Pick: Names{"treeid", "name"}}}},
	{"BTRFS_IOC_INO_PATHS", &Change{In: btrfsInoPath, Out: &Struct{Of: btrfsInoPath, With: Fields{{"fspath", &Ptr{To: btrfsPaths, Wide: true}}}, Pick: Names{"fspath"}}}},
	{"BTRFS_IOC_LOGICAL_INO", &Change{In: btrfsLogicalIno, Out: &Struct{Of: btrfsLogicalIno, With: Fields{{"inodes", &Ptr{To: btrfsInodes, Wide: true}}}, Pick: Names{"inodes"}}}},

	{"BTRFS_IOC_QUOTA_CTL", &Ptr{To: btrfsQuotaCtl}},
	{"BTRFS_IOC_QUOTA_RESCAN", &Ptr{To: &Struct{Of: btrfsQuotaRescan, Pick: Names{"flags"}}}},
	{"BTRFS_IOC_QUOTA_RESCAN_STATUS", &Out{To: btrfsQuotaRescan}},
	{"BTRFS_IOC_QGROUP_ASSIGN", &Ptr{To: btrfsQgroupAssign}},
	{"BTRFS_IOC_QGROUP_CREATE", &Ptr{To: btrfsQgroupCreate}},
	{"BTRFS_IOC_QGROUP_LIMIT", &Out{To: btrfsQgroupLimitArgs}},
}

var (
	btrfsID      = &Enum{In: U64, Set: &tables.BtrfsTreeID}
	btrfsKeyType = &Enum{In: U32, Set: &tables.BtrfsKeyType}
	// btrfsBound is a number whose largest value means that there is no limit.
	btrfsBound = &Enum{In: U64, Set: &tables.Uint64Max}
)

var btrfsVolArgs = &Struct{Fields: Fields{{"fd", FD64}, {"name", CharArray(4088)}}}

// btrfsInherits is the condition that a new subvolume inherits quota groups.
var btrfsInherits = &Has{N: Ref("flags"), Set: &tables.BtrfsSnapFlags, Values: Names{"BTRFS_SUBVOL_QGROUP_INHERIT"}}

var btrfsVolArgsV2 = &Struct{Fields: Fields{
	{"fd", FD64},
	{"transid", U64},
	{"flags", &Flags{In: X64, Set: &tables.BtrfsSnapFlags}},
	{"", &Union{On: If{btrfsInherits}, Arms: Arms{
		{&Inline{Of: &Struct{Fields: Fields{{"size", U64}, {"qgroup_inherit", &Ptr{To: btrfsQgroupInherit}}}}}, Nums{1}},
		{&Inline{Of: &Struct{Fields: Fields{{"_", &Array{Of: U64, N: 4}}}}}, nil}}}},
	{"name", CharArray(4040)},
}}

var btrfsQgroupLimit = &Struct{Fields: Fields{
	{"flags", &Flags{In: X64, Set: &tables.BtrfsQgroupLimit}},
	{"max_rfer", U64},
	{"max_excl", U64},
	{"rsv_rfer", U64},
	{"rsv_excl", U64},
}}

var btrfsQgroupInherit = &Struct{Fields: Fields{
	{"flags", &Flags{In: X64, Set: &tables.BtrfsQgroupInherit}},
	{"num_qgroups", U64},
	{"num_ref_copies", U64},
	{"num_excl_copies", U64},
	{"lim", btrfsQgroupLimit},
	{"qgroups", Verbose{&List{Of: U64, Count: Ref("num_qgroups")}}},
}}

var btrfsTimespec = &Struct{Fields: Fields{{"sec", U64}, {"nsec", U32}}}

var btrfsReceivedSubvol = &Struct{Fields: Fields{
	{"uuid", UUID},
	{"stransid", U64},
	{"rtransid", U64},
	{"stime", &Dated{Of: btrfsTimespec}},
	{"rtime", &Dated{Of: btrfsTimespec}},
	{"flags", U64},
	{"reserved", &Array{Of: U64, N: 16}},
}}

var btrfsSendArgs = &Struct{Of: &Struct{Fields: Fields{
	{"send_fd", FD64},
	{"clone_sources_count", U64},
	{"clone_sources", &Union{On: If{Test(abbreviated)}, Arms: Arms{{Addr, Nums{1}}, {&Ptr{To: &List{Of: btrfsID, Count: Ref("clone_sources_count")}}, nil}}}},
	{"parent_root", btrfsID},
	{"flags", &Flags{In: X64, Set: &tables.BtrfsSend}},
	{"version", U32},
	{"reserved", &Array{Of: U8, N: 28}},
}}, Pick: Names{"send_fd", "clone_sources_count", "clone_sources", "parent_root", "flags"}}

// abbreviated reports whether structs may be shown in part.
func abbreviated(c *Call) bool { return c.Abbrev }

var btrfsBalanceArgs = &Struct{Packed: true, Fields: Fields{
	{"profiles", &Flags{In: X64, Set: &tables.BtrfsProfiles}},
	{"usage", btrfsBound},
	{"devid", Dev64},
	{"pstart", btrfsBound},
	{"pend", btrfsBound},
	{"vstart", btrfsBound},
	{"vend", btrfsBound},
	{"target", btrfsBound},
	{"flags", &Flags{In: X64, Set: &tables.BtrfsBalanceArgs}},
	{"_", Pad(64)},
}}

var btrfsBalance = &Struct{Fields: Fields{
	{"flags", &Flags{In: X64, Set: &tables.BtrfsBalance}},
	{"state", &Flags{In: X64, Set: &tables.BtrfsBalanceState}},
	{"data", &When{If: &Has{N: Ref("flags"), Set: &tables.BtrfsBalance, Values: Names{"BTRFS_BALANCE_DATA"}}, Then: btrfsBalanceArgs}},
	{"meta", &When{If: &Has{N: Ref("flags"), Set: &tables.BtrfsBalance, Values: Names{"BTRFS_BALANCE_METADATA"}}, Then: btrfsBalanceArgs}},
	{"sys", &When{If: &Has{N: Ref("flags"), Set: &tables.BtrfsBalance, Values: Names{"BTRFS_BALANCE_SYSTEM"}}, Then: btrfsBalanceArgs}},
	{"_", &Array{Of: U64, N: 3 + 72}},
}}

var btrfsDefragRange = &Struct{Fields: Fields{
	{"start", U64},
	{"len", btrfsBound},
	{"flags", &Flags{In: X64, Set: &tables.BtrfsDefrag}},
	{"extent_thresh", U32},
	{"compress_type", &Enum{Set: &tables.BtrfsCompression}},
	{"_", &Array{Of: U32, N: 4}},
}}

var btrfsScrubProgress = &Struct{Fields: Fields{
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
}}

var btrfsScrub = &Struct{Fields: Fields{
	{"devid", Dev64},
	{"start", U64},
	{"end", btrfsBound},
	{"flags", &Flags{In: X64, Set: &tables.BtrfsScrubFlags}},
	{"progress", btrfsScrubProgress},
	{"unused", &Array{Of: U64, N: 109}},
}}

var btrfsDevInfo = &Struct{Fields: Fields{
	{"devid", Dev64},
	{"uuid", Reserved{UUID}},
	{"bytes_used", U64},
	{"total_bytes", U64},
	{"fsid", UUID},
	{"_", &Array{Of: U64, N: 377}},
	{"path", CharArray(1024)},
}}

// btrfsDevReplace shows the parameters of a command, or its results.
var btrfsDevReplace = &Struct{Fields: Fields{
	{"cmd", &Enum{In: X64, Set: &tables.BtrfsReplaceCmd}},
	{"result", &Enum{In: X64, Set: &tables.BtrfsReplaceResult}},
	{"", &Union{On: Ref("cmd"), Set: &tables.BtrfsReplaceCmd, Arms: Arms{
		{&NamedArm{Name: "start", Type: &When{If: Not{Test((*Call).Exiting)}, Then: btrfsReplaceStart}}, Names{"BTRFS_IOCTL_DEV_REPLACE_CMD_START"}},
		{&NamedArm{Name: "status", Type: &When{If: Test((*Call).Exiting), Then: btrfsReplaceStatus}}, Names{"BTRFS_IOCTL_DEV_REPLACE_CMD_STATUS"}},
		{EmptyArm, nil}}}},
	{"spare", &Array{Of: U64, N: 64}},
}}

var btrfsReplaceStart = &Struct{Fields: Fields{
	{"srcdevid", Dev64},
	{"cont_reading_from_srcdev_mode", &Enum{In: X64, Set: &tables.BtrfsReplaceMode}},
	{"srcdev_name", CharArray(1025)},
	{"tgtdev_name", CharArray(1025)},
}}

var btrfsReplaceStatus = &Struct{Fields: Fields{
	{"replace_state", &Enum{In: X64, Set: &tables.BtrfsReplaceState}},
	{"progress_1000", btrfsPerMille},
	{"time_started", &Date{Number: U64}},
	{"time_stopped", &Date{Number: U64}},
	{"num_write_errors", U64},
	{"num_uncorrectable_read_errors", U64},
}}

// btrfsPerMille is the progress of an operation.
var btrfsPerMille = &Value{In: U64, By: func(c *Call, v uint64) {
	c.Out.Number(v, output.Unsigned)
	if v <= 1000 {
		b := append(AppendUint(c.Alloc(8)[:0], v/10), '.')
		c.Out.Comment(output.Note, output.AsString(append(AppendUint(b, v%10), '%')))
	}
}}

var btrfsDevStats = &Struct{Fields: Fields{
	{"devid", Dev64},
	{"nr_items", U64},
	{"flags", &Flags{In: X64, Set: &tables.BtrfsDevStats}},
	{"", &Array{Of: U64, N: 5, Index: &tables.BtrfsDevStat, Used: Ref("nr_items")}},
	{"unused", &Array{Of: U64, N: 121}},
}}

var btrfsFsInfo = &Struct{Fields: Fields{
	{"max_id", U64},
	{"num_devices", U64},
	{"fsid", UUID},
	{"nodesize", U32},
	{"sectorsize", U32},
	{"clone_alignment", U32},
	{"csum_type", &When{If: btrfsHasInfo("BTRFS_FS_INFO_FLAG_CSUM_INFO"), Then: &Enum{In: X16, Set: &tables.BtrfsCsumType}}},
	{"csum_size", &When{If: btrfsHasInfo("BTRFS_FS_INFO_FLAG_CSUM_INFO"), Then: U16}},
	{"flags", &Flags{In: X64, Set: &tables.BtrfsFsInfo}},
	{"generation", &When{If: btrfsHasInfo("BTRFS_FS_INFO_FLAG_GENERATION"), Then: U64}},
	{"metadata_uuid", &When{If: btrfsHasInfo("BTRFS_FS_INFO_FLAG_METADATA_UUID"), Then: UUID}},
	{"_", Pad(944)},
}}

func btrfsHasInfo(flag string) Cond {
	return &Has{N: Ref("flags"), Set: &tables.BtrfsFsInfo, Values: Names{flag}}
}

var btrfsSpace = &Struct{Fields: Fields{
	{"space_slots", U64},
	{"total_spaces", U64},
	// Without slots the caller only asks for the number of spaces.
	{"spaces", &When{If: Any{Not{&Is{N: Ref("space_slots"), Values: Nums{0}}}, &Is{N: Ref("total_spaces"), Values: Nums{0}}},
		Then: Verbose{&List{Of: btrfsSpaceInfo, Count: Ref("total_spaces")}}}},
}}

var btrfsSpaceInfo = &Struct{Fields: Fields{
	{"flags", &Flags{In: X64, Set: &tables.BtrfsSpaceInfo}}, {"total_bytes", U64}, {"used_bytes", U64},
}}

// btrfsCompat is the set of compatible features, none of which has a name yet.
var btrfsCompat = &tables.Set{Unknown: "BTRFS_FEATURE_COMPAT_???"}

var btrfsFeatures = &Struct{Fields: Fields{
	{"compat_flags", &Flags{In: X64, Set: btrfsCompat}},
	{"compat_ro_flags", &Flags{In: X64, Set: &tables.BtrfsCompatRO}},
	{"incompat_flags", &Flags{In: X64, Set: &tables.BtrfsIncompat}},
}}

// Sizes in bytes of struct btrfs_ioctl_search_key, and of the room that
// BTRFS_IOC_TREE_SEARCH has after it.
const (
	btrfsSearchKeySize = 104
	btrfsSearchBufSize = 4096 - btrfsSearchKeySize
)

// btrfsSearchKey is a search key; after the request only the number of items
// found is shown. Without -v, bounds that exclude nothing are omitted.
var btrfsSearchKey = &Struct{Fields: Fields{
	{"tree_id", &When{If: Not{Test((*Call).Exiting)}, Then: btrfsID}},
	{"min_objectid", &When{If: &btrfsBounded{"min_objectid", "BTRFS_FIRST_FREE_OBJECTID"}, Then: btrfsID}},
	{"max_objectid", &When{If: &btrfsBounded{"max_objectid", "BTRFS_LAST_FREE_OBJECTID"}, Then: btrfsID}},
	{"min_offset", &When{If: Not{Test((*Call).Exiting)}, Then: btrfsBound}},
	{"max_offset", &When{If: Not{Test((*Call).Exiting)}, Then: btrfsBound}},
	{"min_transid", &When{If: Not{Test((*Call).Exiting)}, Then: btrfsBound}},
	{"max_transid", &When{If: Not{Test((*Call).Exiting)}, Then: btrfsBound}},
	{"min_type", &When{If: Not{Test((*Call).Exiting)}, Then: btrfsKeyType}},
	{"max_type", &When{If: Not{Test((*Call).Exiting)}, Then: btrfsKeyType}},
	{"nr_items", U32},
	{"unused", Hidden{U32}},
	{"_", &Array{Of: U64, N: 4}},
}}

// btrfsBounded is the condition that a member is a bound that excludes something.
type btrfsBounded struct {
	member Ref
	none   string // the constant for a bound that excludes nothing
}

// Holds implements Cond.
func (t *btrfsBounded) Holds(c *Call) bool {
	return !c.Exiting() && !(c.Abbrev && t.member.Num(c) == ValueNamed(&tables.BtrfsTreeID, t.none))
}

var btrfsSearch = &Struct{Fields: Fields{
	{"key", btrfsSearchKey},
	{"buf", Verbose{&btrfsItems{size: Const(btrfsSearchBufSize)}}},
}}

// btrfsSearchV2 has a buffer whose size the caller chooses. If that is too small
// for a single item, the kernel sets buf_size to the required size.
var btrfsSearchV2 = &Struct{Fields: Fields{
	{"key", btrfsSearchKey},
	{"buf_size", U64},
	{"buf", Verbose{&btrfsItems{size: Ref("buf_size")}}},
}}

var btrfsSearchHeader = &Struct{Fields: Fields{
	{"transid", U64}, {"objectid", btrfsID}, {"offset", U64}, {"type", btrfsKeyType}, {"len", U32},
}}

// btrfsItems are the items that a search found, at most size bytes of them. The
// data of each item follows its header.
type btrfsItems struct {
	Unsized
	size Num
}

func (t *btrfsItems) Show(c *Call, v View) { t.ShowAt(c, v.Addr) }

// ShowAt implements Reader.
func (t *btrfsItems) ShowAt(c *Call, addr uint64) {
	const header = 32
	room := t.size.Num(c)
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
}

// Structs whose members have different meanings before and after the request.
var (
	// struct btrfs_ioctl_ino_lookup_args. After the request the tree is shown if
	// the caller did not specify it.
	btrfsInoLookup = &Struct{Fields: Fields{{"treeid", btrfsID}, {"objectid", btrfsID}, {"name", CharArray(4080)}}}
	btrfsFoundTree = &When{If: &Is{N: &ValueBefore{Member: "treeid", Size: 8}, Values: Nums{0}}, Then: btrfsID}

	// struct btrfs_ioctl_ino_path_args
	btrfsInoPath = &Struct{Fields: Fields{{"inum", U64}, {"size", U64}, {"_", &Array{Of: U64, N: 4}}, {"fspath", Addr64}}}

	// struct btrfs_ioctl_logical_ino_args
	btrfsLogicalIno = &Struct{Fields: Fields{
		{"logical", U64},
		{"size", U64},
		{"reserved", Reserved{&Array{Of: X64, N: 3, Whole: true}}},
		{"flags", &Flags{In: X64, Set: &tables.BtrfsLogicalIno}},
		{"inodes", Addr64},
	}}
)

// btrfsRemembered is a struct that is remembered for the exit-stop.
type btrfsRemembered struct{ *Struct }

// Show implements Type.
func (t btrfsRemembered) Show(c *Call, v View) {
	c.Remember(v)
	t.Struct.Show(c, v)
}

// Shows implements Shower.
func (t btrfsRemembered) Shows() []Type { return []Type{t.Struct} }

// btrfsRemarked is a struct with a comment behind it.
type btrfsRemarked struct {
	*Struct
	remark string
}

// Show implements Type.
func (t btrfsRemarked) Show(c *Call, v View) {
	t.Struct.Show(c, v)
	c.Out.Comment(output.Note, t.remark)
}

// Shows implements Shower.
func (t btrfsRemarked) Shows() []Type { return []Type{t.Struct} }

// struct btrfs_data_container, with the meaning of its values
var (
	btrfsInodes = &Struct{Fields: Fields{
		{"bytes_left", U32},
		{"bytes_missing", U32},
		{"elem_cnt", U32},
		{"elem_missed", U32},
		{"val", Verbose{&List{Of: btrfsInode, Count: &Calc{N: Ref("elem_cnt"), Div: 3}}}},
	}}
	btrfsPaths = &Struct{Of: btrfsInodes, With: Fields{{"val", Verbose{&List{Of: &Value{In: X64, By: showBtrfsPathAt}, Count: Ref("elem_cnt")}}}}}

	btrfsInode = &Struct{Fields: Fields{{"inum", U64}, {"offset", U64}, {"root", U64}}}
)

// showBtrfsPathAt shows a path of a container, given its offset from the values.
func showBtrfsPathAt(c *Call, off uint64) {
	const val = 16 // offset of val
	c.ShowAt(c.Frame(0).View.Addr+val+off, AnyFile)
}

var btrfsQuotaCtl = &Struct{Fields: Fields{{"cmd", &Enum{In: X64, Set: &tables.BtrfsQgroupCtl}}, {"status", Hidden{U64}}}}

var btrfsQuotaRescan = &Struct{Fields: Fields{
	{"flags", U64}, {"progress", btrfsID}, {"_", &Array{Of: U64, N: 6}},
}}

var (
	btrfsQgroupAssign    = &Struct{Fields: Fields{{"assign", U64}, {"src", U64}, {"dst", U64}}}
	btrfsQgroupCreate    = &Struct{Fields: Fields{{"create", U64}, {"qgroupid", U64}}}
	btrfsQgroupLimitArgs = &Struct{Fields: Fields{{"qgroupid", U64}, {"lim", btrfsQgroupLimit}}}
)
