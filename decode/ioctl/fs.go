package ioctl

import (
	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/tables"
)

// File systems: linux/fs.h, linux/fiemap.h, linux/nsfs.h, linux/fsverity.h,
// linux/fscrypt.h.

var fsIoctls = Ioctls{
	{"FS_IOC_GETFSUUID", Called("arg", Out(fsuuid2))},
	{"FS_IOC_GETFSSYSFSPATH", Called("arg", Out(fsSysfsPath))},
	{"FS_IOC_GETLBMD_CAP", Called("arg", Out(logicalBlockMetadataCap))},
	{"FS_IOC_FIEMAP", Change(
		fiemap.Pick("fm_start", "fm_length", "fm_flags", "fm_extent_count"),
		fiemap.Pick("fm_flags", "fm_mapped_extents", "fm_extents"))},
	{"FS_IOC_GETFLAGS FS_IOC32_GETFLAGS", Called("attr", Out(Flags(tables.FsIocFlags)))},
	{"FS_IOC_SETFLAGS FS_IOC32_SETFLAGS", Called("attr", Ptr(Flags(tables.FsIocFlags)))},
	{"FITRIM", Ptr(fstrimRange)},
	{"FS_IOC_FSGETXATTR", Called("arg", Out(fsxattr))},
	{"FS_IOC_FSSETXATTR", Called("arg", Ptr(fsxattr.Pick("fsx_xflags", "fsx_extsize", "fsx_projid", "fsx_cowextsize")))},
	{"FS_IOC_SHUTDOWN", Ptr(Enum(tables.FsShutdownFlags))},
	{"FIFREEZE FITHAW", nil},
	{"FICLONE", Called("src_fd", Int)},
	{"FICLONERANGE", Called("arg", Ptr(fileCloneRange))},
	{"FIDEDUPERANGE", Called("arg", ChangeIf(dedupedRanges,
		Ptr(fileDedupeRange("dest_fd", "dest_offset")),
		Out(fileDedupeRange("bytes_deduped", "status").Pick("info"))))},
	{"FS_IOC_GETFSLABEL", Called("label", Out(CharArray(fslabelMax)))},
	{"FS_IOC_SETFSLABEL", Called("label", Ptr(CharArray(fslabelMax)))},
}

// dedupedRanges says that there are ranges of which the kernel tells, and that
// they could be shown.
func dedupedRanges(c *Call) bool {
	info := c.Register(2) + uint64(fileDedupeRange().Layout(c.ABI).Size)
	n, ok := c.ReadUint(info-8, 2) // dest_count
	if c.Abbrev {
		n = min(n, fileDedupeShort+1)
	}
	_, readable := c.ReadUint(info+n*uint64(fileDedupeRangeInfo.Layout(c.ABI).Size)-4, 4)
	return Succeeded(c) && ok && n != 0 && readable
}

// fslabelMax is FSLABEL_MAX.
const fslabelMax = 256

var fsuuid2 = Struct(Fields{
	{"len", U8}, {"uuid", Binaries(16, Ref("len"))},
})

var fsSysfsPath = Struct(Fields{
	{"len", U8}, {"name", CharsUpTo(128, Add(Ref("len"), 1))},
})

var logicalBlockMetadataCap = Struct(Fields{
	{"lbmd_flags", Flags(tables.LbmdPiCapFlags)},
	{"lbmd_interval", U16},
	{"lbmd_size", U8},
	{"lbmd_opaque_size", U8},
	{"lbmd_opaque_offset", U8},
	{"lbmd_pi_size", U8},
	{"lbmd_pi_offset", U8},
	{"lbmd_guard_tag_type", EnumOf(X8, tables.LbmdPiCsumTypes)},
	{"lbmd_app_tag_size", U8},
	{"lbmd_ref_tag_size", U8},
	{"lbmd_storage_tag_size", U8},
})

var fiemap = Struct(Fields{
	{"fm_start", U64},
	{"fm_length", U64},
	{"fm_flags", Flags(tables.FiemapFlags)},
	{"fm_mapped_extents", U32},
	{"fm_extent_count", U32},
	{"_", U32},
	{"fm_extents", Verbose(Array(fiemapExtent, Ref("fm_mapped_extents")))},
})

var fiemapExtent = Struct(Fields{
	{"fe_logical", U64},
	{"fe_physical", U64},
	{"fe_length", U64},
	{"_", Pad(16)},
	{"fe_flags", Flags(tables.FiemapExtentFlags)},
	{"_", Pad(12)},
})

var fstrimRange = Struct(Fields{
	{"start", X64}, {"len", U64}, {"minlen", U64},
})

var fsxattr = Struct(Fields{
	{"fsx_xflags", Flags(tables.FsXflags)},
	{"fsx_extsize", U32},
	{"fsx_nextents", U32},
	{"fsx_projid", X32},
	{"fsx_cowextsize", U32},
	{"_", Pad(8)},
})

var fileCloneRange = Struct(Fields{
	{"src_fd", FD64}, {"src_offset", U64}, {"src_length", U64}, {"dest_offset", U64},
})

// fileDedupeRange is shown with the given members of the elements of info.
func fileDedupeRange(members ...string) *StructType {
	return Struct(Fields{
		{"src_offset", U64},
		{"src_length", U64},
		{"dest_count", U16},
		{"_", Pad(6)},
		{"info", ShortArray(fileDedupeRangeInfo.Pick(members...), Ref("dest_count"), fileDedupeShort)},
	})
}

// fileDedupeShort is how many elements an abbreviated info has.
const fileDedupeShort = 2

var fileDedupeRangeInfo = Struct(Fields{
	{"dest_fd", FD64},
	{"dest_offset", U64},
	{"bytes_deduped", U64},
	{"status", S32},
	{"_", U32},
})
