package ioctl

import (
	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/tables"
)

// Flash memory: mtd/mtd-abi.h, mtd/ubi-user.h.

var mtdIoctls = Ioctls{
	{"MEMERASE MEMLOCK MEMUNLOCK MEMISLOCKED", Ptr(eraseInfoUser)},
	{"MEMERASE64", Ptr(eraseInfoUser64)},
	{"MEMWRITEOOB MEMREADOOB", Ptr(mtdOobBuf)},
	{"MEMWRITEOOB64 MEMREADOOB64", Ptr(mtdOobBuf64)},
	{"MEMWRITE", Ptr(mtdWriteReq)},
	{"OTPGETREGIONINFO", Out(otpInfo)},
	{"OTPLOCK", Ptr(otpInfo)},
	{"OTPSELECT", Ptr(Enum(tables.MtdOtpModes))},
	{"MTDFILEMODE", EnumOf(Xlong, tables.MtdFileModes)},
	{"MEMGETBADBLOCK MEMSETBADBLOCK", Ptr(U64)},
	{"MEMGETINFO", Out(mtdInfoUser)},
	{"MEMGETOOBSEL", Out(nandOobinfo)},
	{"ECCGETLAYOUT", Out(nandEcclayoutUser)},
	{"ECCGETSTATS", Out(mtdEccStats)},
	{"OTPGETREGIONCOUNT", Out(Uint)},
	{"MEMGETREGIONCOUNT", Out(Int)},
	{"MEMGETREGIONINFO", Fill(regionInfoUser.Pick("regionindex"), regionInfoUser.Pick("offset", "erasesize", "numblocks"))},
}

var (
	eraseInfoUser   = Struct(Fields{{"start", X32}, {"length", X32}})
	eraseInfoUser64 = Struct(Fields{{"start", X64}, {"length", X64}})
	mtdOobBuf       = Struct(Fields{{"start", X32}, {"length", X32}, {"ptr", Addr}})
	mtdOobBuf64     = Struct(Fields{{"start", X64}, {"_", U32}, {"length", X32}, {"usr_ptr", Addr64}})
	otpInfo         = Struct(Fields{{"start", X32}, {"length", X32}, {"locked", U32}})
	mtdEccStats     = Struct(Fields{{"corrected", X32}, {"failed", X32}, {"badblocks", X32}, {"bbtblocks", X32}})
	nandOobfree     = Struct(Fields{{"offset", X32}, {"length", X32}})
	regionInfoUser  = Struct(Fields{{"offset", X32}, {"erasesize", X32}, {"numblocks", X32}, {"regionindex", X32}})
)

var mtdWriteReq = Struct(Fields{
	{"start", X64},
	{"len", X64},
	{"ooblen", X64},
	{"usr_data", Addr64},
	{"usr_oob", Addr64},
	{"mode", EnumOf(X8, tables.MtdModes)},
	{"_", Pad(7)},
})

var mtdInfoUser = Struct(Fields{
	{"type", EnumOf(X8, tables.MtdTypes)},
	{"flags", Flags(tables.MtdFlags)},
	{"size", X32},
	{"erasesize", X32},
	{"writesize", X32},
	{"oobsize", X32},
	{"padding", X64},
})

var nandOobinfo = Struct(Fields{
	{"useecc", Enum(tables.MtdNandEcc)},
	{"eccbytes", X32},
	{"oobfree", Array(Array(X32, Const(2)), Const(8))},
	{"eccpos", Array(X32, Const(32))},
})

var nandEcclayoutUser = Struct(Fields{
	{"eccbytes", X32},
	{"eccpos", Array(X32, Const(64))},
	{"oobavail", X32},
	{"oobfree", Array(nandOobfree, Const(8))},
})

var ubiIoctls = Ioctls{
	{"UBI_IOCMKVOL", Change(ubiMkvolReq, Int)},
	{"UBI_IOCRSVOL", Ptr(ubiRsvolReq)},
	{"UBI_IOCRNVOL", Ptr(ubiRnvolReq)},
	{"UBI_IOCEBCH", Ptr(ubiLebChangeReq)},
	{"UBI_IOCATT", Change(ubiAttachReq, Int)},
	{"UBI_IOCEBMAP", Ptr(ubiMapReq)},
	{"UBI_IOCSETVOLPROP", Ptr(ubiSetVolPropReq)},
	{"UBI_IOCVOLUP", Ptr(S64)},
	{"UBI_IOCDET UBI_IOCEBER UBI_IOCEBISMAP UBI_IOCEBUNMAP UBI_IOCRMVOL UBI_IOCRPEB UBI_IOCSPEB", Ptr(Int)},
	{"UBI_IOCVOLCRBLK UBI_IOCVOLRMBLK", nil},
}

// ubiMaxVolumeName is UBI_MAX_VOLUME_NAME.
const ubiMaxVolumeName = 127

// ubiName is a volume's name, name_len bytes and a NUL.
var ubiName = CharsUpTo(ubiMaxVolumeName+1, Func(func(c *Call) uint64 {
	return 1 + uint64(min(max(0, int16(Ref("name_len").Num(c))), ubiMaxVolumeName))
}))

var ubiMkvolReq = Packed(Fields{
	{"vol_id", S32},
	{"alignment", S32},
	{"bytes", S64},
	{"vol_type", EnumOf(X8, tables.UbiVolumeTypes)},
	{"flags", FlagsOf(X8, tables.UbiVolumeFlags)},
	{"name_len", S16},
	{"_", Pad(4)},
	{"name", ubiName},
})

var ubiRsvolReq = Packed(Fields{{"bytes", S64}, {"vol_id", S32}})

var ubiRnvolReq = Packed(Fields{
	{"count", S32},
	{"_", Pad(12)},
	{"ents", UpTo(Packed(Fields{
		{"vol_id", S32}, {"name_len", S16}, {"_", Pad(2)}, {"name", ubiName},
	}), 32, Ref("count"))},
})

var ubiLebChangeReq = Packed(Fields{
	{"lnum", S32}, {"bytes", S32}, {"dtype", EnumOf(X8, tables.UbiDataTypes)}, {"_", Pad(7)},
})

var ubiAttachReq = Struct(Fields{
	{"ubi_num", S32},
	{"mtd_num", S32},
	{"vid_hdr_offset", S32},
	{"max_beb_per1024", S16},
	{"disable_fm", S8},
	{"need_resv_pool", S8},
	{"_", Pad(8)},
})

var ubiMapReq = Packed(Fields{
	{"lnum", S32}, {"dtype", EnumOf(X8, tables.UbiDataTypes)}, {"_", Pad(3)},
})

var ubiSetVolPropReq = Packed(Fields{
	{"property", EnumOf(X8, tables.UbiVolumeProps)}, {"_", Pad(7)}, {"value", X64},
})
