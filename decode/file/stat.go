package file

import (
	"time"

	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// File attributes: fs/stat.c.

// atFlags are the flags of calls that take a directory descriptor and a path.
var atFlags = &Flags{Set: &tables.AtFlags}

// statOrder is the order in which the members of all stat structs are shown.
// Without -v only two of them are.
var statOrder = []string{
	"st_dev", "st_ino", "st_mode", "st_nlink", "st_uid", "st_gid", "st_blksize", "st_blocks", "st_size", "st_rdev",
	"st_atime", "st_atime_nsec", "st_mtime", "st_mtime_nsec", "st_ctime", "st_ctime_nsec",
}

// The type of the file decides whether its size or its device number is shown.
var (
	ofDevice = &Any{Test(statIsDevice)}
	ofOthers = &Not{ofDevice}
)

func statIsDevice(c *Call) bool { return isDeviceMode(Ref("st_mode").Num(c)) }

// isDeviceMode reports whether a mode is that of a device file.
func isDeviceMode(mode uint64) bool {
	return mode&tables.S_IFMT == tables.S_IFBLK || mode&tables.S_IFMT == tables.S_IFCHR
}

// stat64Bit is struct stat of x86-64.
var stat64Bit = &Struct{C: "stat", Of: &Struct{Fields: Fields{
	{"st_dev", Verbose{Dev64}},
	{"st_ino", Verbose{U64}},
	{"st_nlink", Verbose{U64}},
	{"st_mode", FileMode},
	{"st_uid", Verbose{U32}},
	{"st_gid", Verbose{U32}},
	{"_", Pad(4)},
	{"st_rdev", &When{If: ofDevice, Then: Dev64}},
	{"st_size", &When{If: ofOthers, Then: U64}},
	{"st_blksize", Verbose{U64}},
	{"st_blocks", Verbose{U64}},
	{"st_atime", Verbose{statTime(S64, "st_atime_nsec")}},
	{"st_atime_nsec", Verbose{U64}},
	{"st_mtime", Verbose{statTime(S64, "st_mtime_nsec")}},
	{"st_mtime_nsec", Verbose{U64}},
	{"st_ctime", Verbose{statTime(S64, "st_ctime_nsec")}},
	{"st_ctime_nsec", Verbose{U64}},
	{"_", Pad(3 * 8)},
}}, Pick: statOrder}

// stat32Bit is struct stat of i386.
var stat32Bit = &Struct{C: "stat", Of: &Struct{Fields: Fields{
	{"st_dev", Verbose{Dev}},
	{"st_ino", Verbose{U32}},
	{"st_mode", FileMode16},
	{"st_nlink", Verbose{U16}},
	{"st_uid", Verbose{U16}},
	{"st_gid", Verbose{U16}},
	{"st_rdev", &When{If: ofDevice, Then: Dev}},
	{"st_size", &When{If: ofOthers, Then: U32}},
	{"st_blksize", Verbose{U32}},
	{"st_blocks", Verbose{U32}},
	{"st_atime", Verbose{statTime(S32, "st_atime_nsec")}},
	{"st_atime_nsec", Verbose{U32}},
	{"st_mtime", Verbose{statTime(S32, "st_mtime_nsec")}},
	{"st_mtime_nsec", Verbose{U32}},
	{"st_ctime", Verbose{statTime(S32, "st_ctime_nsec")}},
	{"st_ctime_nsec", Verbose{U32}},
	{"_", Pad(2 * 4)},
}}, Pick: statOrder}

// stat64OnI386 is struct stat64 of i386, for large files.
var stat64OnI386 = &Struct{C: "stat64", Of: &Struct{Fields: Fields{
	{"st_dev", Verbose{Dev64}},
	{"_", Pad(4)},
	{"__st_ino", Verbose{U32}},
	{"st_mode", FileMode},
	{"st_nlink", Verbose{U32}},
	{"st_uid", Verbose{U32}},
	{"st_gid", Verbose{U32}},
	{"st_rdev", &When{If: ofDevice, Then: Dev64}},
	{"_", Pad(4)},
	{"st_size", &When{If: ofOthers, Then: U64}},
	{"st_blksize", Verbose{U32}},
	{"st_blocks", Verbose{U64}},
	{"st_atime", Verbose{statTime(S32, "st_atime_nsec")}},
	{"st_atime_nsec", Verbose{U32}},
	{"st_mtime", Verbose{statTime(S32, "st_mtime_nsec")}},
	{"st_mtime_nsec", Verbose{U32}},
	{"st_ctime", Verbose{statTime(S32, "st_ctime_nsec")}},
	{"st_ctime_nsec", Verbose{U32}},
	{"st_ino", Verbose{U64}},
}}, Pick: statOrder}

// oldStat is struct __old_kernel_stat, the first version in Linux.
var oldStat = &Struct{C: "__old_kernel_stat", Of: &Struct{Fields: Fields{
	{"st_dev", Verbose{Dev16}},
	{"st_ino", Verbose{U16}},
	{"st_mode", FileMode16},
	{"st_nlink", Verbose{U16}},
	{"st_uid", Verbose{U16}},
	{"st_gid", Verbose{U16}},
	{"st_rdev", &When{If: ofDevice, Then: Dev16}},
	{"st_size", &When{If: ofOthers, Then: U32}},
	{"st_atime", Verbose{statTime(S32, "")}},
	{"st_mtime", Verbose{statTime(S32, "")}},
	{"st_ctime", Verbose{statTime(S32, "")}},
	// The struct lacks these members, so they are shown as zero.
	{"st_blksize", Verbose{zero}},
	{"st_blocks", Verbose{zero}},
}},
	Pick: Names{"st_dev", "st_ino", "st_mode", "st_nlink", "st_uid", "st_gid", "st_blksize", "st_blocks", "st_size", "st_rdev",
		"st_atime", "st_mtime", "st_ctime",
	}}

var zero = &Shown{As: U64, By: func(c *Call, v View) { c.Out.Number(0, output.Unsigned) }}

// statTime is the seconds of a time. The nanoseconds are another member.
func statTime(sec Number, nsec Ref) Type { return &splitTime{sec, nsec} }

type splitTime struct {
	Number
	nsec Ref
}

func (t *splitTime) Show(c *Call, v View) {
	sec := t.Value(c, v)
	c.Out.Number(sec, output.Signed)
	CommentDate(c, int64(sec), t.nsec.Num(c), time.Nanosecond)
}

var statCalls = Calls{
	{"statx", Args{{"dirfd", DirFD}, {"pathname", atPath}, {"flags", &Value{By: showStatxFlags}}, {"mask", statxMask}, {"statxbuf", &Out{To: statx}}}, RetUnsigned},
}

var statCalls64 = Calls{
	{"stat", Args{{"pathname", Path}, {"statbuf", &Out{To: stat64Bit}}}, RetUnsigned},
	{"lstat", Args{{"pathname", LinkPath}, {"statbuf", &Out{To: stat64Bit}}}, RetUnsigned},
	{"fstat", Args{{"fd", FD}, {"statbuf", &Out{To: stat64Bit}}}, RetUnsigned},
	{"newfstatat", Args{{"dirfd", DirFD}, {"pathname", atPath}, {"statbuf", &Out{To: stat64Bit}}, {"flags", atFlags}}, RetUnsigned},
}

var statCallsI386 = Calls{
	{"stat", Args{{"pathname", Path}, {"statbuf", &Out{To: stat32Bit}}}, RetUnsigned},
	{"lstat", Args{{"pathname", LinkPath}, {"statbuf", &Out{To: stat32Bit}}}, RetUnsigned},
	{"fstat", Args{{"fd", FD}, {"statbuf", &Out{To: stat32Bit}}}, RetUnsigned},
	{"stat64", Args{{"pathname", Path}, {"statbuf", &Out{To: stat64OnI386}}}, RetUnsigned},
	{"lstat64", Args{{"pathname", LinkPath}, {"statbuf", &Out{To: stat64OnI386}}}, RetUnsigned},
	{"fstat64", Args{{"fd", FD}, {"statbuf", &Out{To: stat64OnI386}}}, RetUnsigned},
	{"fstatat64", Args{{"dirfd", DirFD}, {"pathname", atPath}, {"statbuf", &Out{To: stat64OnI386}}, {"flags", atFlags}}, RetUnsigned},
	{"oldstat", Args{{"pathname", Path}, {"statbuf", &Out{To: oldStat}}}, RetUnsigned},
	{"oldlstat", Args{{"pathname", LinkPath}, {"statbuf", &Out{To: oldStat}}}, RetUnsigned},
	{"oldfstat", Args{{"fd", FD}, {"statbuf", &Out{To: oldStat}}}, RetUnsigned},
}
