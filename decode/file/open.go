package file

import (
	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// Making, copying and closing descriptors of files: fs/open.c, fs/file.c,
// fs/pipe.c, mm/memfd.c.

// modeFlags are open's flags in calls that make a descriptor without opening a
// file, where there is no access mode.
var modeFlags = &Flags{Set: &tables.OpenModeFlags}

// createBits are the flags with which open takes a mode: O_CREAT, and what
// O_TMPFILE has beside O_DIRECTORY.
const createBits = tables.O_CREAT | tables.O_TMPFILE&^tables.O_DIRECTORY

var creates = &Has{N: Ref("flags"), Values: Nums{createBits}}

var openHow = &Struct{Fields: Fields{
	{"flags", &Flags{In: X64, Set: &tables.Openat2Flags}},
	{"mode", &When{If: Any{creates, &Has{N: Ref("mode"), Values: Nums{1<<64 - 1}}}, Then: O64}},
	{"resolve", &Flags{In: X64, Set: &tables.ResolveFlags}},
}}

var openCalls = Calls{
	{"open", Args{{"pathname", Path}, {"flags", &OpenFlags}, {"mode", &When{If: creates, Then: Mode}}}, RetFD},
	{"creat", Args{{"pathname", Path}, {"mode", Mode}}, RetFD},
	{"openat", Args{{"dirfd", DirFD}, {"pathname", Path}, {"flags", &OpenFlags}, {"mode", &When{If: creates, Then: Mode}}}, RetFD},
	{"openat2", Args{{"dirfd", DirFD}, {"pathname", Path}, {"how", &Ptr{To: &Extensible{Of: openHow, Size: Ref("size"), Least: 24}}}, {"size", Size}}, RetFD},
	{"close", Args{{"fd", FD}}, RetUnsigned},
	{"close_range", Args{{"first", Uint}, {"last", Uint}, {"flags", &Flags{Set: &tables.CloseRangeFlags}}}, RetUnsigned},
	{"dup", Args{{"oldfd", FD}}, RetFD},
	{"dup2", Args{{"oldfd", FD}, {"newfd", FD}}, RetFD},
	{"dup3", Args{{"oldfd", FD}, {"newfd", FD}, {"flags", modeFlags}}, RetFD},
	{"pipe", Args{{"pipefd", &Out{To: &FdPair}}}, RetUnsigned},
	{"pipe2", Args{{"pipefd", &Out{To: &FdPair}}, {"flags", modeFlags}}, RetUnsigned},
	{"memfd_create", Args{{"name", &Ptr{To: StrN(memfdNameMax + 1)}}, {"flags", memfdFlags}}, RetFD},
	{"eventfd", Args{{"initval", Uint}}, RetFD},
	{"eventfd2", Args{{"initval", Uint}, {"flags", &Flags{Set: &tables.EventfdFlags}}}, RetFD},
	{"umask", Args{{"mask", Mode}}, RetOctal},
	{"flock", Args{{"fd", FD}, {"op", &Flags{Set: &tables.FlockOps}}}, RetUnsigned},
}

// memfdNameMax is the longest name memfd_create(2) takes, in bytes: NAME_MAX
// without "memfd:".
const memfdNameMax = 255 - len("memfd:")

// memfdFlags are memfd_create's flags, with the logarithm of the size of huge
// pages in the highest bits.
var memfdFlags = &Flags{Set: &tables.MemfdFlags, Named: true, Parts: []Part{
	{Mask: tables.MFD_HUGE_MASK << tables.MFD_HUGE_SHIFT, Base: output.Unsigned, Shift: "MFD_HUGE_SHIFT"},
}}
