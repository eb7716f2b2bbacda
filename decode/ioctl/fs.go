package ioctl

import (
	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/tables"
)

// File systems: linux/fs.h, linux/fiemap.h, linux/nsfs.h, linux/fsverity.h,
// linux/fscrypt.h.

var fsIoctls = Ioctls{
	{"FS_IOC_GETFSUUID", &NamedArgument{Name: "arg", Of: &Out{To: fsuuid2}}},
	{"FS_IOC_GETFSSYSFSPATH", &NamedArgument{Name: "arg", Of: &Out{To: fsSysfsPath}}},
	{"FS_IOC_GETLBMD_CAP", &NamedArgument{Name: "arg", Of: &Out{To: logicalBlockMetadataCap}}},
	{"FS_IOC_FIEMAP", &Change{
		In:  &Struct{Of: fiemap, Pick: Names{"fm_start", "fm_length", "fm_flags", "fm_extent_count"}},
		Out: &Struct{Of: fiemap, Pick: Names{"fm_flags", "fm_mapped_extents", "fm_extents"}}}},
	{"FS_IOC_GETFLAGS FS_IOC32_GETFLAGS", &NamedArgument{Name: "attr", Of: &Out{To: &Flags{Set: &tables.FsIocFlags}}}},
	{"FS_IOC_SETFLAGS FS_IOC32_SETFLAGS", &NamedArgument{Name: "attr", Of: &Ptr{To: &Flags{Set: &tables.FsIocFlags}}}},
	{"FITRIM", &Ptr{To: fstrimRange}},
	{"FS_IOC_FSGETXATTR", &NamedArgument{Name: "arg", Of: &Out{To: fsxattr}}},
	{"FS_IOC_FSSETXATTR", &NamedArgument{Name: "arg", Of: &Ptr{To: &Struct{Of: fsxattr, Pick: Names{"fsx_xflags", "fsx_extsize", "fsx_projid", "fsx_cowextsize"}}}}},
	{"FS_IOC_SHUTDOWN", &Ptr{To: &Enum{Set: &tables.FsShutdownFlags}}},
	{"FIFREEZE FITHAW", nil},
	{"FICLONE", &NamedArgument{Name: "src_fd", Of: Int}},
	{"FICLONERANGE", &NamedArgument{Name: "arg", Of: &Ptr{To: fileCloneRange}}},
	{"FIDEDUPERANGE", &NamedArgument{Name: "arg", Of: &Change{In: fileDedupeIn,
		Out: fileDedupeOut, OrAddr: true, If: Test(dedupedRanges)}}},
	{"FS_IOC_GETFSLABEL", &NamedArgument{Name: "label", Of: &Out{To: CharArray(fslabelMax)}}},
	{"FS_IOC_SETFSLABEL", &NamedArgument{Name: "label", Of: &Ptr{To: CharArray(fslabelMax)}}},
}

// dedupedRanges reports whether the kernel has returned ranges, and they can be
// read.
func dedupedRanges(c *Call) bool {
	info := c.Register(2) + uint64(fileDedupeRange.Layout(c.ABI).Size)
	n, ok := c.ReadUint(info-8, 2) // dest_count
	if c.Abbrev {
		n = min(n, fileDedupeShort+1)
	}
	_, readable := c.ReadUint(info+n*uint64(fileDedupeRangeInfo.Layout(c.ABI).Size)-4, 4)
	return !c.Failed() && ok && n != 0 && readable
}

// fslabelMax is FSLABEL_MAX.
const fslabelMax = 256

var fsuuid2 = &Struct{Fields: Fields{
	{"len", U8}, {"uuid", &Chars{N: 16, Len: Ref("len"), Kind: Binary}},
}}

var fsSysfsPath = &Struct{Fields: Fields{
	{"len", U8}, {"name", &Chars{N: 128, Len: &Calc{N: Ref("len"), Add: 1}, Kind: Terminated}},
}}

var logicalBlockMetadataCap = &Struct{Fields: Fields{
	{"lbmd_flags", &Flags{Set: &tables.LbmdPiCapFlags}},
	{"lbmd_interval", U16},
	{"lbmd_size", U8},
	{"lbmd_opaque_size", U8},
	{"lbmd_opaque_offset", U8},
	{"lbmd_pi_size", U8},
	{"lbmd_pi_offset", U8},
	{"lbmd_guard_tag_type", &Enum{In: X8, Set: &tables.LbmdPiCsumTypes}},
	{"lbmd_app_tag_size", U8},
	{"lbmd_ref_tag_size", U8},
	{"lbmd_storage_tag_size", U8},
}}

var fiemap = &Struct{Fields: Fields{
	{"fm_start", U64},
	{"fm_length", U64},
	{"fm_flags", &Flags{Set: &tables.FiemapFlags}},
	{"fm_mapped_extents", U32},
	{"fm_extent_count", U32},
	{"_", U32},
	{"fm_extents", Verbose{&List{Of: fiemapExtent, Count: Ref("fm_mapped_extents")}}},
}}

var fiemapExtent = &Struct{Fields: Fields{
	{"fe_logical", U64},
	{"fe_physical", U64},
	{"fe_length", U64},
	{"_", Pad(16)},
	{"fe_flags", &Flags{Set: &tables.FiemapExtentFlags}},
	{"_", Pad(12)},
}}

var fstrimRange = &Struct{Fields: Fields{
	{"start", X64}, {"len", U64}, {"minlen", U64},
}}

var fsxattr = &Struct{Fields: Fields{
	{"fsx_xflags", &Flags{Set: &tables.FsXflags}},
	{"fsx_extsize", U32},
	{"fsx_nextents", U32},
	{"fsx_projid", X32},
	{"fsx_cowextsize", U32},
	{"_", Pad(8)},
}}

var fileCloneRange = &Struct{Fields: Fields{
	{"src_fd", FD64}, {"src_offset", U64}, {"src_length", U64}, {"dest_offset", U64},
}}

// fileDedupeRange is struct file_dedupe_range. Some members of the elements of
// info are input, others output.
var (
	fileDedupeRange = &Struct{Fields: Fields{
		{"src_offset", U64},
		{"src_length", U64},
		{"dest_count", U16},
		{"_", Pad(6)},
		{"info", &List{Of: fileDedupeRangeInfo, Count: Ref("dest_count"), Short: fileDedupeShort}},
	}}
	fileDedupeIn = &Struct{Of: fileDedupeRange, With: Fields{{"info", &List{
		Of: &Struct{Of: fileDedupeRangeInfo, Pick: Names{"dest_fd", "dest_offset"}}, Count: Ref("dest_count"), Short: fileDedupeShort,
	}}}}
	fileDedupeOut = &Struct{Of: fileDedupeRange, With: Fields{{"info", &List{
		Of: &Struct{Of: fileDedupeRangeInfo, Pick: Names{"bytes_deduped", "status"}}, Count: Ref("dest_count"), Short: fileDedupeShort,
	}}}, Pick: Names{"info"}}
)

// fileDedupeShort is the number of elements of info that are shown without -v.
const fileDedupeShort = 2

var fileDedupeRangeInfo = &Struct{Fields: Fields{
	{"dest_fd", FD64},
	{"dest_offset", U64},
	{"bytes_deduped", U64},
	{"status", S32},
	{"_", U32},
}}
