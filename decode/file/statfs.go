package file

import (
	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/tables"
)

// File system attributes: fs/statfs.c.

var fsid = &Struct{Fields: Fields{{"val", &Array{Of: X32, N: 2}}}}

// statfs is struct statfs, whose members are longs.
var statfs = &Struct{C: "statfs", Fields: Fields{
	{"f_type", &Enum{In: Xlong, Set: &tables.FsMagic}},
	{"f_bsize", Ulong},
	{"f_blocks", Ulong},
	{"f_bfree", Ulong},
	{"f_bavail", Ulong},
	{"f_files", Ulong},
	{"f_ffree", Ulong},
	{"f_fsid", fsid},
	{"f_namelen", Ulong},
	{"f_frsize", Ulong},
	{"f_flags", &When{If: statfsFlagsValid, Then: &Flags{In: Xlong, Set: &tables.StatfsFlags}}},
	{"_", &Array{Of: Ulong, N: 4}},
}}

// statfs64 is struct statfs64 of i386.
var statfs64 = &Struct{C: "statfs64", Fields: Fields{
	{"f_type", &Enum{In: X32, Set: &tables.FsMagic}},
	{"f_bsize", U32},
	{"f_blocks", U64},
	{"f_bfree", U64},
	{"f_bavail", U64},
	{"f_files", U64},
	{"f_ffree", U64},
	{"f_fsid", fsid},
	{"f_namelen", U32},
	{"f_frsize", U32},
	{"f_flags", &When{If: statfsFlagsValid, Then: &Flags{In: X32, Set: &tables.StatfsFlags}}},
	{"_", &Array{Of: U32, N: 4}},
}}

// Old kernels do not set f_flags.
var statfsFlagsValid = &Has{N: Ref("f_flags"), Set: &tables.StatfsFlags, Values: Names{"ST_VALID"}}

// ustat is struct ustat. The names of the file system and the volume are never
// set.
var ustat = &Struct{C: "ustat", Fields: Fields{{"f_tfree", U32}, {"f_tinode", Ulong}, {"_", Pad(6 + 6)}}}

var statfsCalls = Calls{
	{"statfs", Args{{"pathname", Path}, {"buf", &Out{To: statfs}}}, RetUnsigned},
	{"fstatfs", Args{{"fd", FD}, {"buf", &Out{To: statfs}}}, RetUnsigned},
	{"ustat", Args{{"dev", Dev}, {"ubuf", &Out{To: ustat}}}, RetUnsigned},
	{"sysfs nfsservctl", Args{{"arg1", Xlong}, {"arg2", Xlong}, {"arg3", Xlong}}, RetUnsigned},
}

var statfsCallsI386 = Calls{
	{"statfs64", Args{{"pathname", Path}, {"size", Size}, {"buf", &Out{To: &Extensible{Of: statfs64, Size: Ref("size"), Exact: true}}}}, RetUnsigned},
	{"fstatfs64", Args{{"fd", FD}, {"size", Size}, {"buf", &Out{To: &Extensible{Of: statfs64, Size: Ref("size"), Exact: true}}}}, RetUnsigned},
}
