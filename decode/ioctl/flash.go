package ioctl

import (
	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/tables"
)

// Flash memory: mtd/mtd-abi.h, mtd/ubi-user.h.

var mtdIoctls = Ioctls{
	{"MEMERASE MEMLOCK MEMUNLOCK MEMISLOCKED", &Ptr{To: eraseInfoUser}},
	{"MEMERASE64", &Ptr{To: eraseInfoUser64}},
	{"MEMWRITEOOB MEMREADOOB", &Ptr{To: mtdOobBuf}},
	{"MEMWRITEOOB64 MEMREADOOB64", &Ptr{To: mtdOobBuf64}},
	{"MEMWRITE", &Ptr{To: mtdWriteReq}},
	{"OTPGETREGIONINFO", &Out{To: otpInfo}},
	{"OTPLOCK", &Ptr{To: otpInfo}},
	{"OTPSELECT", &Ptr{To: &Enum{Set: &tables.MtdOtpModes}}},
	{"MTDFILEMODE", &Enum{In: Xlong, Set: &tables.MtdFileModes}},
	{"MEMGETBADBLOCK MEMSETBADBLOCK", &Ptr{To: U64}},
	{"MEMGETINFO", &Out{To: mtdInfoUser}},
	{"MEMGETOOBSEL", &Out{To: nandOobinfo}},
	{"ECCGETLAYOUT", &Out{To: nandEcclayoutUser}},
	{"ECCGETSTATS", &Out{To: mtdEccStats}},
	{"OTPGETREGIONCOUNT", &Out{To: Uint}},
	{"MEMGETREGIONCOUNT", &Out{To: Int}},
	{"MEMGETREGIONINFO", &Fill{In: &Struct{Of: regionInfoUser, Pick: Names{"regionindex"}}, Out: &Struct{Of: regionInfoUser, Pick: Names{"offset", "erasesize", "numblocks"}}}},
}

var (
	eraseInfoUser   = &Struct{Fields: Fields{{"start", X32}, {"length", X32}}}
	eraseInfoUser64 = &Struct{Fields: Fields{{"start", X64}, {"length", X64}}}
	mtdOobBuf       = &Struct{Fields: Fields{{"start", X32}, {"length", X32}, {"ptr", Addr}}}
	mtdOobBuf64     = &Struct{Fields: Fields{{"start", X64}, {"_", U32}, {"length", X32}, {"usr_ptr", Addr64}}}
	otpInfo         = &Struct{Fields: Fields{{"start", X32}, {"length", X32}, {"locked", U32}}}
	mtdEccStats     = &Struct{Fields: Fields{{"corrected", X32}, {"failed", X32}, {"badblocks", X32}, {"bbtblocks", X32}}}
	nandOobfree     = &Struct{Fields: Fields{{"offset", X32}, {"length", X32}}}
	regionInfoUser  = &Struct{Fields: Fields{{"offset", X32}, {"erasesize", X32}, {"numblocks", X32}, {"regionindex", X32}}}
)

var mtdWriteReq = &Struct{Fields: Fields{
	{"start", X64},
	{"len", X64},
	{"ooblen", X64},
	{"usr_data", Addr64},
	{"usr_oob", Addr64},
	{"mode", &Enum{In: X8, Set: &tables.MtdModes}},
	{"_", Pad(7)},
}}

var mtdInfoUser = &Struct{Fields: Fields{
	{"type", &Enum{In: X8, Set: &tables.MtdTypes}},
	{"flags", &Flags{Set: &tables.MtdFlags}},
	{"size", X32},
	{"erasesize", X32},
	{"writesize", X32},
	{"oobsize", X32},
	{"padding", X64},
}}

var nandOobinfo = &Struct{Fields: Fields{
	{"useecc", &Enum{Set: &tables.MtdNandEcc}},
	{"eccbytes", X32},
	{"oobfree", &Array{Of: &Array{Of: X32, N: 2}, N: 8}},
	{"eccpos", &Array{Of: X32, N: 32}},
}}

var nandEcclayoutUser = &Struct{Fields: Fields{
	{"eccbytes", X32},
	{"eccpos", &Array{Of: X32, N: 64}},
	{"oobavail", X32},
	{"oobfree", &Array{Of: nandOobfree, N: 8}},
}}

var ubiIoctls = Ioctls{
	{"UBI_IOCMKVOL", &Change{In: ubiMkvolReq, Out: Int}},
	{"UBI_IOCRSVOL", &Ptr{To: ubiRsvolReq}},
	{"UBI_IOCRNVOL", &Ptr{To: ubiRnvolReq}},
	{"UBI_IOCEBCH", &Ptr{To: ubiLebChangeReq}},
	{"UBI_IOCATT", &Change{In: ubiAttachReq, Out: Int}},
	{"UBI_IOCEBMAP", &Ptr{To: ubiMapReq}},
	{"UBI_IOCSETVOLPROP", &Ptr{To: ubiSetVolPropReq}},
	{"UBI_IOCVOLUP", &Ptr{To: S64}},
	{"UBI_IOCDET UBI_IOCEBER UBI_IOCEBISMAP UBI_IOCEBUNMAP UBI_IOCRMVOL UBI_IOCRPEB UBI_IOCSPEB", &Ptr{To: Int}},
	{"UBI_IOCVOLCRBLK UBI_IOCVOLRMBLK", nil},
}

// ubiMaxVolumeName is UBI_MAX_VOLUME_NAME.
const ubiMaxVolumeName = 127

// ubiName is the name of a volume: name_len bytes and a NUL.
var ubiName = &Chars{N: ubiMaxVolumeName + 1, Len: Func(func(c *Call) uint64 {
	return 1 + uint64(min(max(0, int16(Ref("name_len").Num(c))), ubiMaxVolumeName))
}), Kind: Terminated}

var ubiMkvolReq = &Struct{Packed: true, Fields: Fields{
	{"vol_id", S32},
	{"alignment", S32},
	{"bytes", S64},
	{"vol_type", &Enum{In: X8, Set: &tables.UbiVolumeTypes}},
	{"flags", &Flags{In: X8, Set: &tables.UbiVolumeFlags}},
	{"name_len", S16},
	{"_", Pad(4)},
	{"name", ubiName},
}}

var ubiRsvolReq = &Struct{Packed: true, Fields: Fields{{"bytes", S64}, {"vol_id", S32}}}

var ubiRnvolReq = &Struct{Packed: true, Fields: Fields{
	{"count", S32},
	{"_", Pad(12)},
	{"ents", &Array{Of: &Struct{Packed: true, Fields: Fields{
		{"vol_id", S32}, {"name_len", S16}, {"_", Pad(2)}, {"name", ubiName},
	}}, N: 32, Used: Ref("count")}},
}}

var ubiLebChangeReq = &Struct{Packed: true, Fields: Fields{
	{"lnum", S32}, {"bytes", S32}, {"dtype", &Enum{In: X8, Set: &tables.UbiDataTypes}}, {"_", Pad(7)},
}}

var ubiAttachReq = &Struct{Fields: Fields{
	{"ubi_num", S32},
	{"mtd_num", S32},
	{"vid_hdr_offset", S32},
	{"max_beb_per1024", S16},
	{"disable_fm", S8},
	{"need_resv_pool", S8},
	{"_", Pad(8)},
}}

var ubiMapReq = &Struct{Packed: true, Fields: Fields{
	{"lnum", S32}, {"dtype", &Enum{In: X8, Set: &tables.UbiDataTypes}}, {"_", Pad(3)},
}}

var ubiSetVolPropReq = &Struct{Packed: true, Fields: Fields{
	{"property", &Enum{In: X8, Set: &tables.UbiVolumeProps}}, {"_", Pad(7)}, {"value", X64},
}}
