package file

import (
	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/tables"
)

// Attributes of file systems: fs/statfs.c.

var fsid = Struct(Fields{{"val", Array(X32, Const(2))}})

// statfs is struct statfs, of longs.
var statfs = Struct(Fields{
	{"f_type", EnumOf(Xlong, tables.FsMagic)},
	{"f_bsize", Ulong},
	{"f_blocks", Ulong},
	{"f_bfree", Ulong},
	{"f_bavail", Ulong},
	{"f_files", Ulong},
	{"f_ffree", Ulong},
	{"f_fsid", fsid},
	{"f_namelen", Ulong},
	{"f_frsize", Ulong},
	{"f_flags", When(statfsFlagsValid, FlagsOf(Xlong, tables.StatfsFlags))},
	{"_", Array(Ulong, Const(4))},
})

// statfs64 is struct statfs64 of i386.
var statfs64 = Struct(Fields{
	{"f_type", EnumOf(X32, tables.FsMagic)},
	{"f_bsize", U32},
	{"f_blocks", U64},
	{"f_bfree", U64},
	{"f_bavail", U64},
	{"f_files", U64},
	{"f_ffree", U64},
	{"f_fsid", fsid},
	{"f_namelen", U32},
	{"f_frsize", U32},
	{"f_flags", When(statfsFlagsValid, FlagsOf(X32, tables.StatfsFlags))},
	{"_", Array(U32, Const(4))},
})

// Old kernels do not fill f_flags.
var statfsFlagsValid = HasNamed(Ref("f_flags"), tables.StatfsFlags, "ST_VALID")

// ustat is struct ustat; its names of a file system and a volume are unused.
var ustat = Struct(Fields{{"f_tfree", U32}, {"f_tinode", Ulong}, {"_", Pad(6 + 6)}})

var statfsCalls = Calls{
	{"statfs", Args{{"pathname", Path}, {"buf", Out(statfs)}}, RetUnsigned},
	{"fstatfs", Args{{"fd", FD}, {"buf", Out(statfs)}}, RetUnsigned},
	{"ustat", Args{{"dev", Dev}, {"ubuf", Out(ustat)}}, RetUnsigned},
	{"sysfs nfsservctl", Args{{"arg1", Xlong}, {"arg2", Xlong}, {"arg3", Xlong}}, RetUnsigned},
}

var statfsCallsI386 = Calls{
	{"statfs64", Args{{"pathname", Path}, {"size", Size}, {"buf", Out(Sized(statfs64, Ref("size")))}}, RetUnsigned},
	{"fstatfs64", Args{{"fd", FD}, {"size", Size}, {"buf", Out(Sized(statfs64, Ref("size")))}}, RetUnsigned},
}
