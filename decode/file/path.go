package file

import (
	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// File names, and changes made by name: fs/namei.c, fs/open.c, fs/utimes.c.

var (
	accessMode = &Flags{Set: &tables.AccessMode}
	timePair   = &Ptr{To: &Array{Of: &Dated{Of: &Timespec, OrNow: true}, N: 2}}
	timePair64 = &Ptr{To: &Array{Of: &Dated{Of: &Timespec64, OrNow: true}, N: 2}}
	timevals   = &Ptr{To: &Array{Of: &Dated{Of: &Timeval}, N: 2}}
	utimbuf    = &Struct{C: "utimbuf", Fields: Fields{{"actime", TimeT}, {"modtime", TimeT}}}
	nodeDev    = &When{If: Test(ofDeviceMode), Then: Dev}
)

// Names of symbolic links, which some calls follow only if a flag says so and
// others unless one does.
var (
	atPath       = &UsedPath{Link: &Has{N: Ref("flags"), Values: Nums{tables.AT_SYMLINK_NOFOLLOW}}}
	atPathToLink = &UsedPath{Link: Not{&Has{N: Ref("flags"), Values: Nums{tables.AT_SYMLINK_FOLLOW}}}}
)

// Names of files whose attributes change.
var (
	atChangedPath   = &UsedPath{Link: &Has{N: Ref("flags"), Values: Nums{tables.AT_SYMLINK_NOFOLLOW}}, For: changed}
	changedLinkPath = &UsedPath{Link: Always, For: changed}
)

func changed(*Call) Naming { return NamesChanged }

// exchangedPath is the new name of renameat2. The name already exists if the call is to
// exchange two names.
var exchangedPath = &UsedPath{Link: Always, For: func(c *Call) Naming {
	if exchanges.Holds(c) {
		return NamesEntry
	}
	return NamesEntry | NamesNew
}}

var exchanges = &Has{N: Ref("flags"), Set: &tables.RenameFlags, Values: Names{"RENAME_EXCHANGE"}}

// Names of files that access(2) asks about.
var (
	accessedPath  = &UsedPath{For: func(c *Call) Naming { return NamesForReal | accessedFor(c) }}
	accessed2Path = &UsedPath{
		Link: &Has{N: Ref("flags"), Values: Nums{tables.AT_SYMLINK_NOFOLLOW}},
		For: func(c *Call) Naming {
			if Ref("flags").Num(c)&tables.AT_EACCESS != 0 {
				return accessedFor(c)
			}
			return NamesForReal | accessedFor(c)
		},
	}
)

// accessedFor says what access(2) asks about, from its mode.
func accessedFor(c *Call) (n Naming) {
	n = NamesAsked
	mode := Ref("mode").Num(c)
	for bit, use := range [...]Naming{NamesRun, NamesWritten, NamesRead} {
		if mode>>bit&1 != 0 {
			n |= use
		}
	}
	return n
}

// ofDeviceMode reports whether mknod's mode is that of a device file, for which
// it takes a device number.
func ofDeviceMode(c *Call) bool { return isDeviceMode(Ref("mode").Num(c)) }

var pathCalls = Calls{
	{"access", Args{{"pathname", accessedPath}, {"mode", accessMode}}, RetUnsigned},
	{"faccessat", Args{{"dirfd", DirFD}, {"pathname", accessedPath}, {"mode", accessMode}}, RetUnsigned},
	{"faccessat2", Args{{"dirfd", DirFD}, {"pathname", accessed2Path}, {"mode", accessMode}, {"flags", &Flags{Set: &tables.FaccessatFlags}}}, RetUnsigned},
	{"chmod", Args{{"pathname", ChangedPath}, {"mode", Mode}}, RetUnsigned},
	{"fchmod", Args{{"fd", ChangedFD}, {"mode", Mode}}, RetUnsigned},
	{"fchmodat", Args{{"dirfd", DirFD}, {"pathname", ChangedPath}, {"mode", Mode}}, RetUnsigned},
	{"fchmodat2", Args{{"dirfd", DirFD}, {"pathname", atChangedPath}, {"mode", Mode}, {"flags", &Flags{Set: &tables.FchmodatFlags}}}, RetUnsigned},
	{"fchownat", Args{{"dirfd", DirFD}, {"pathname", atChangedPath}, {"owner", ID}, {"group", ID}, {"flags", atFlags}}, RetUnsigned},
	{"mkdir", Args{{"pathname", NewPath}, {"mode", Mode}}, RetUnsigned},
	{"mkdirat", Args{{"dirfd", DirFD}, {"pathname", NewPath}, {"mode", Mode}}, RetUnsigned},
	{"mknod", Args{{"pathname", NewPath}, {"mode", FileMode16}, {"dev", nodeDev}}, RetUnsigned},
	{"mknodat", Args{{"dirfd", DirFD}, {"pathname", NewPath}, {"mode", FileMode16}, {"dev", nodeDev}}, RetUnsigned},
	{"rmdir unlink", Args{{"path", EntryPath}}, RetUnsigned},
	{"chdir chroot", Args{{"path", EnteredPath}}, RetUnsigned},
	{"acct uselib swapoff", Args{{"path", Path}}, RetUnsigned},
	{"fchdir", Args{{"fd", EnteredFD}}, RetUnsigned},
	{"unlinkat", Args{{"dirfd", DirFD}, {"pathname", EntryPath}, {"flags", atFlags}}, RetUnsigned},
	{"link", Args{{"oldpath", LinkPath}, {"newpath", NewPath}}, RetUnsigned},
	{"rename", Args{{"oldpath", EntryPath}, {"newpath", NewPath}}, RetUnsigned},
	{"pivot_root", Args{{"oldpath", Path}, {"newpath", Path}}, RetUnsigned},
	{"symlink", Args{{"oldpath", LinkTarget}, {"newpath", NewPath}}, RetUnsigned},
	{"linkat", Args{{"olddirfd", DirFD}, {"oldpath", atPathToLink}, {"newdirfd", DirFD}, {"newpath", NewPath}, {"flags", atFlags}}, RetUnsigned},
	{"symlinkat", Args{{"target", LinkTarget}, {"newdirfd", DirFD}, {"linkpath", NewPath}}, RetUnsigned},
	{"renameat", Args{{"olddirfd", DirFD}, {"oldpath", EntryPath}, {"newdirfd", DirFD}, {"newpath", NewPath}}, RetUnsigned},
	{"renameat2", Args{{"olddirfd", DirFD}, {"oldpath", EntryPath}, {"newdirfd", DirFD}, {"newpath", exchangedPath}, {"flags", &Flags{Set: &tables.RenameFlags}}}, RetUnsigned},
	{"readlink", Args{{"pathname", LinkPath}, {"buf", &Out{To: &Bytes{Len: Result}}}, {"bufsiz", Size}}, RetUnsigned},
	{"readlinkat", Args{{"dirfd", DirFD}, {"pathname", LinkPath}, {"buf", &Out{To: &Bytes{Len: Result}}}, {"bufsiz", Size}}, RetUnsigned},
	{"getcwd", Args{{"buf", &Out{To: &Bytes{Len: Result, Kind: FilePath}}}, {"size", Size}}, RetUnsigned},
	{"lookup_dcookie", Args{{"cookie", U64}, {"buffer", &Out{To: &Bytes{Len: Result}}}, {"len", Size}}, RetUnsigned},
	{"swapon", Args{{"path", Path}, {"swapflags", swapFlags}}, RetUnsigned},
	{"utime", Args{{"filename", ChangedPath}, {"times", &Ptr{To: utimbuf}}}, RetUnsigned},
	{"utimes", Args{{"pathname", ChangedPath}, {"times", timevals}}, RetUnsigned},
	{"futimesat", Args{{"dirfd", DirFD}, {"pathname", ChangedPath}, {"times", timevals}}, RetUnsigned},
	{"utimensat", Args{{"dirfd", DirFD}, {"pathname", atChangedPath}, {"times", timePair}, {"flags", atFlags}}, RetUnsigned},
}

var pathCalls64 = Calls{
	{"chown", Args{{"pathname", ChangedPath}, {"owner", ID}, {"group", ID}}, RetUnsigned},
	{"lchown", Args{{"pathname", changedLinkPath}, {"owner", ID}, {"group", ID}}, RetUnsigned},
	{"fchown", Args{{"fd", ChangedFD}, {"owner", ID}, {"group", ID}}, RetUnsigned},
}

var pathCallsI386 = Calls{
	{"chown", Args{{"pathname", ChangedPath}, {"owner", ID16}, {"group", ID16}}, RetUnsigned},
	{"lchown", Args{{"pathname", changedLinkPath}, {"owner", ID16}, {"group", ID16}}, RetUnsigned},
	{"fchown", Args{{"fd", ChangedFD}, {"owner", ID16}, {"group", ID16}}, RetUnsigned},
	{"chown32", Args{{"pathname", ChangedPath}, {"owner", ID}, {"group", ID}}, RetUnsigned},
	{"lchown32", Args{{"pathname", changedLinkPath}, {"owner", ID}, {"group", ID}}, RetUnsigned},
	{"fchown32", Args{{"fd", ChangedFD}, {"owner", ID}, {"group", ID}}, RetUnsigned},
	{"utimensat_time64", Args{{"dirfd", DirFD}, {"pathname", atChangedPath}, {"times", timePair64}, {"flags", atFlags}}, RetUnsigned},
}

// swapFlags are the flags of swapon, including the priority (SWAP_FLAG_PRIO_MASK
// of linux/swap.h).
var swapFlags = &Flags{Set: &tables.SwapFlags, Parts: []Part{{Mask: 0x7fff, Base: output.Unsigned, Zero: true}}}
