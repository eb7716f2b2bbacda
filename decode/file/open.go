package file

import (
	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// Creating, copying and closing file descriptors: fs/open.c, fs/file.c,
// fs/pipe.c, mm/memfd.c.

// modeFlags are flags of open, without the access mode, for calls that create a
// descriptor without opening a file.
var modeFlags = &Flags{Set: &tables.OpenModeFlags}

// createBits are the flags with which open takes a mode: O_CREAT, and the bit of
// O_TMPFILE that is not O_DIRECTORY.
const createBits = tables.O_CREAT | tables.O_TMPFILE&^tables.O_DIRECTORY

var creates = &Has{N: Ref("flags"), Values: Nums{createBits}}

// openedPath: open does not follow a link with these flags.
var openedPath = &UsedPath{
	Link: &Has{N: Ref("flags"), Values: Nums{tables.O_NOFOLLOW | tables.O_EXCL}},
	For:  func(c *Call) Naming { return openedFor(Ref("flags").Num(c)) },
}

// openedFor says what a file is opened for, from the flags of open.
func openedFor(flags uint64) (n Naming) {
	if flags&tables.O_PATH != 0 {
		return n
	}
	if flags&tables.O_CREAT != 0 {
		n |= NamesNew
	}
	switch flags & (tables.O_WRONLY | tables.O_RDWR) {
	case tables.O_RDONLY:
		n |= NamesRead
	case tables.O_WRONLY:
		n |= NamesWritten
	case tables.O_RDWR:
		n |= NamesRead | NamesWritten
	}
	if flags&tables.O_TRUNC != 0 {
		n |= NamesWritten
	}
	return n
}

var createdPath = &UsedPath{For: func(*Call) Naming { return NamesNew | NamesWritten }}

var openHow = &Struct{C: "open_how", Fields: Fields{
	{"flags", &Flags{In: X64, Set: &tables.Openat2Flags}},
	{"mode", &When{If: Any{creates, &Has{N: Ref("mode"), Values: Nums{1<<64 - 1}}}, Then: O64}},
	{"resolve", &Flags{In: X64, Set: &tables.ResolveFlags}},
}}

var openCalls = Calls{
	{"open", Args{{"pathname", openedPath}, {"flags", &OpenFlags}, {"mode", &When{If: creates, Then: Mode}}}, RetFD},
	{"creat", Args{{"pathname", createdPath}, {"mode", Mode}}, RetFD},
	{"openat", Args{{"dirfd", DirFD}, {"pathname", openedPath}, {"flags", &OpenFlags}, {"mode", &When{If: creates, Then: Mode}}}, RetFD},
	{"openat2", Args{{"dirfd", DirFD}, {"pathname", RulesPath}, {"how", &Ptr{To: &Extensible{Of: openHow, Size: Ref("size"), Least: 24}}}, {"size", Size}}, RetFD},
	{"close", Args{{"fd", ClosedFD}}, RetUnsigned},
	{"close_range", Args{{"first", Uint}, {"last", Uint}, {"flags", &Flags{Set: &tables.CloseRangeFlags}}}, RetUnsigned},
	{"dup", Args{{"oldfd", FD}}, RetFD},
	{"dup2", Args{{"oldfd", FD}, {"newfd", ReplacedFD}}, RetFD},
	{"dup3", Args{{"oldfd", FD}, {"newfd", ReplacedFD}, {"flags", modeFlags}}, RetFD},
	{"pipe", Args{{"pipefd", &Out{To: &FdPair}}}, RetUnsigned},
	{"pipe2", Args{{"pipefd", &Out{To: &FdPair}}, {"flags", modeFlags}}, RetUnsigned},
	{"memfd_create", Args{{"name", &Ptr{To: StrN(memfdNameMax + 1)}}, {"flags", memfdFlags}}, RetFD},
	{"eventfd", Args{{"initval", Uint}}, RetFD},
	{"eventfd2", Args{{"initval", Uint}, {"flags", &Flags{Set: &tables.EventfdFlags}}}, RetFD},
	{"umask", Args{{"mask", Mode}}, O32},
	{"flock", Args{{"fd", FD}, {"op", &Flags{Set: &tables.FlockOps}}}, RetUnsigned},
}

// memfdNameMax is the longest name that memfd_create(2) accepts, in bytes:
// NAME_MAX minus "memfd:".
const memfdNameMax = 255 - len("memfd:")

// memfdFlags are the flags of memfd_create. The highest bits are the logarithm of
// the size of huge pages.
var memfdFlags = &Flags{Set: &tables.MemfdFlags, Named: true, Parts: []Part{
	{Mask: tables.MFD_HUGE_MASK << tables.MFD_HUGE_SHIFT, Base: output.Unsigned, Shift: "MFD_HUGE_SHIFT"},
}}
