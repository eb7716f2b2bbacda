package file

import (
	"golang.org/x/sys/unix"

	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// Making, copying and closing descriptors of files: fs/open.c, fs/file.c,
// fs/pipe.c, mm/memfd.c.

// modeFlags are open's flags in calls that make a descriptor without opening a
// file, where there is no access mode.
var modeFlags = Flags(tables.OpenModeFlags)

// createBits are the flags with which open takes a mode: O_CREAT, and what
// O_TMPFILE has beside O_DIRECTORY.
const createBits = unix.O_CREAT | unix.O_TMPFILE&^unix.O_DIRECTORY

var creates = Has(Ref("flags"), createBits)

var openHow = Struct(Fields{
	{"flags", FlagsOf(X64, tables.Openat2Flags)},
	{"mode", When(Any(creates, Has(Ref("mode"), 1<<64-1)), O64)},
	{"resolve", FlagsOf(X64, tables.ResolveFlags)},
})

var openCalls = Calls{
	{"open", Args{{"pathname", Path}, {"flags", OpenFlags}, {"mode", When(creates, Mode)}}, RetFD},
	{"creat", Args{{"pathname", Path}, {"mode", Mode}}, RetFD},
	{"openat", Args{{"dirfd", DirFD}, {"pathname", Path}, {"flags", OpenFlags}, {"mode", When(creates, Mode)}}, RetFD},
	{"openat2", Args{{"dirfd", DirFD}, {"pathname", Path}, {"how", Ptr(Extensible(openHow, Ref("size"), 24))}, {"size", Size}}, RetFD},
	{"close", Args{{"fd", FD}}, RetUnsigned},
	{"close_range", Args{{"first", Uint}, {"last", Uint}, {"flags", Flags(tables.CloseRangeFlags)}}, RetUnsigned},
	{"dup", Args{{"oldfd", FD}}, RetFD},
	{"dup2", Args{{"oldfd", FD}, {"newfd", FD}}, RetFD},
	{"dup3", Args{{"oldfd", FD}, {"newfd", FD}, {"flags", modeFlags}}, RetFD},
	{"pipe", Args{{"pipefd", Out(FdPair)}}, RetUnsigned},
	{"pipe2", Args{{"pipefd", Out(FdPair)}, {"flags", modeFlags}}, RetUnsigned},
	{"memfd_create", Args{{"name", Ptr(StrN(memfdNameMax + 1))}, {"flags", memfdFlags}}, RetFD},
	{"eventfd", Args{{"initval", Uint}}, RetFD},
	{"eventfd2", Args{{"initval", Uint}, {"flags", Flags(tables.EventfdFlags)}}, RetFD},
	{"umask", Args{{"mask", Mode}}, RetOctal},
	{"flock", Args{{"fd", FD}, {"op", Flags(tables.FlockOps)}}, RetUnsigned},
}

// memfdNameMax is the longest name memfd_create(2) takes, in bytes: NAME_MAX
// without "memfd:".
const memfdNameMax = 255 - len("memfd:")

// memfdFlags are memfd_create's flags, with the logarithm of the size of huge
// pages in the highest bits.
var memfdFlags Type = Value32(func(c *Call, v uint32) {
	const mask = unix.MFD_HUGE_MASK << unix.MFD_HUGE_SHIFT
	flags, huge := uint64(v&^mask), uint64(v&mask>>unix.MFD_HUGE_SHIFT)
	if v == 0 {
		c.Out.Number(0, output.Hex)
		return
	}
	c.Out.BeginNamed()
	c.Out.Number(uint64(v), output.Hex)
	c.Out.Named(output.InComment)
	if flags != 0 {
		c.Out.Flags(flags, tables.MemfdFlags, output.Hex)
	}
	if huge != 0 {
		if flags != 0 {
			c.Out.Or()
		}
		c.Out.Number(huge, output.Unsigned)
		c.Out.Shift(unix.MFD_HUGE_SHIFT, "MFD_HUGE_SHIFT", output.Unsigned)
	}
	c.Out.EndNamed()
})
