package file

import (
	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// Names of files and what is changed by name: fs/namei.c, fs/open.c,
// fs/utimes.c.

var (
	accessMode = &Flags{Set: &tables.AccessMode}
	timePair   = &Ptr{To: &Array{Of: &Dated{Of: &Timespec, OrNow: true}, N: 2}}
	timePair64 = &Ptr{To: &Array{Of: &Dated{Of: &Timespec64, OrNow: true}, N: 2}}
	timevals   = &Ptr{To: &Array{Of: &Dated{Of: &Timeval}, N: 2}}
	utimbuf    = &Struct{Fields: Fields{{"actime", TimeT}, {"modtime", TimeT}}}
	nodeDev    = &When{If: Test(ofDeviceMode), Then: Dev}
)

// mknod takes a device number for the types of files that have one.
func ofDeviceMode(c *Call) bool { return isDeviceMode(Ref("mode").Num(c)) }

var pathCalls = Calls{
	{"access", Args{{"pathname", Path}, {"mode", accessMode}}, RetUnsigned},
	{"faccessat", Args{{"dirfd", DirFD}, {"pathname", Path}, {"mode", accessMode}}, RetUnsigned},
	{"faccessat2", Args{{"dirfd", DirFD}, {"pathname", Path}, {"mode", accessMode}, {"flags", &Flags{Set: &tables.FaccessatFlags}}}, RetUnsigned},
	{"chmod", Args{{"pathname", Path}, {"mode", Mode}}, RetUnsigned},
	{"fchmod", Args{{"fd", FD}, {"mode", Mode}}, RetUnsigned},
	{"fchmodat", Args{{"dirfd", DirFD}, {"pathname", Path}, {"mode", Mode}}, RetUnsigned},
	{"fchmodat2", Args{{"dirfd", DirFD}, {"pathname", Path}, {"mode", Mode}, {"flags", &Flags{Set: &tables.FchmodatFlags}}}, RetUnsigned},
	{"fchownat", Args{{"dirfd", DirFD}, {"pathname", Path}, {"owner", ID}, {"group", ID}, {"flags", AtFlags}}, RetUnsigned},
	{"mkdir", Args{{"pathname", Path}, {"mode", Mode}}, RetUnsigned},
	{"mkdirat", Args{{"dirfd", DirFD}, {"pathname", Path}, {"mode", Mode}}, RetUnsigned},
	{"mknod", Args{{"pathname", Path}, {"mode", FileMode16}, {"dev", nodeDev}}, RetUnsigned},
	{"mknodat", Args{{"dirfd", DirFD}, {"pathname", Path}, {"mode", FileMode16}, {"dev", nodeDev}}, RetUnsigned},
	{"rmdir unlink chdir chroot acct uselib swapoff", Args{{"path", Path}}, RetUnsigned},
	{"fchdir", Args{{"fd", FD}}, RetUnsigned},
	{"unlinkat", Args{{"dirfd", DirFD}, {"pathname", Path}, {"flags", AtFlags}}, RetUnsigned},
	{"link rename pivot_root", Args{{"oldpath", Path}, {"newpath", Path}}, RetUnsigned},
	{"symlink", Args{{"oldpath", LinkTarget}, {"newpath", Path}}, RetUnsigned},
	{"linkat", Args{{"olddirfd", DirFD}, {"oldpath", Path}, {"newdirfd", DirFD}, {"newpath", Path}, {"flags", AtFlags}}, RetUnsigned},
	{"symlinkat", Args{{"target", LinkTarget}, {"newdirfd", DirFD}, {"linkpath", Path}}, RetUnsigned},
	{"renameat", Args{{"olddirfd", DirFD}, {"oldpath", Path}, {"newdirfd", DirFD}, {"newpath", Path}}, RetUnsigned},
	{"renameat2", Args{{"olddirfd", DirFD}, {"oldpath", Path}, {"newdirfd", DirFD}, {"newpath", Path}, {"flags", &Flags{Set: &tables.RenameFlags}}}, RetUnsigned},
	{"readlink", Args{{"pathname", Path}, {"buf", &Out{To: &Bytes{Len: Result}}}, {"bufsiz", Size}}, RetUnsigned},
	{"readlinkat", Args{{"dirfd", DirFD}, {"pathname", Path}, {"buf", &Out{To: &Bytes{Len: Result}}}, {"bufsiz", Size}}, RetUnsigned},
	{"getcwd", Args{{"buf", &Out{To: &Bytes{Len: Result, Kind: FilePath}}}, {"size", Size}}, RetUnsigned},
	{"lookup_dcookie", Args{{"cookie", U64}, {"buffer", &Out{To: &Bytes{Len: Result}}}, {"len", Size}}, RetUnsigned},
	{"swapon", Args{{"path", Path}, {"swapflags", swapFlags}}, RetUnsigned},
	{"utime", Args{{"filename", Path}, {"times", &Ptr{To: utimbuf}}}, RetUnsigned},
	{"utimes", Args{{"pathname", Path}, {"times", timevals}}, RetUnsigned},
	{"futimesat", Args{{"dirfd", DirFD}, {"pathname", Path}, {"times", timevals}}, RetUnsigned},
	{"utimensat", Args{{"dirfd", DirFD}, {"pathname", Path}, {"times", timePair}, {"flags", AtFlags}}, RetUnsigned},
}

var pathCalls64 = Calls{
	{"chown lchown", Args{{"pathname", Path}, {"owner", ID}, {"group", ID}}, RetUnsigned},
	{"fchown", Args{{"fd", FD}, {"owner", ID}, {"group", ID}}, RetUnsigned},
}

var pathCallsI386 = Calls{
	{"chown lchown", Args{{"pathname", Path}, {"owner", ID16}, {"group", ID16}}, RetUnsigned},
	{"fchown", Args{{"fd", FD}, {"owner", ID16}, {"group", ID16}}, RetUnsigned},
	{"chown32 lchown32", Args{{"pathname", Path}, {"owner", ID}, {"group", ID}}, RetUnsigned},
	{"fchown32", Args{{"fd", FD}, {"owner", ID}, {"group", ID}}, RetUnsigned},
	{"utimensat_time64", Args{{"dirfd", DirFD}, {"pathname", Path}, {"times", timePair64}, {"flags", AtFlags}}, RetUnsigned},
}

// swapFlags are swapon's flags with the priority (SWAP_FLAG_PRIO_MASK of
// linux/swap.h).
var swapFlags = &Flags{Set: &tables.SwapFlags, Parts: []Part{{Mask: 0x7fff, Base: output.Unsigned, Zero: true}}}
