package process

import (
	. "trapline/decode/kernel"
	. "trapline/decode/lang"
)

// User and group ids: kernel/sys.c, kernel/groups.c, kernel/uid16.c.

var credsCalls64 = Calls{
	{"getuid geteuid getgid getegid", Args{}, RetUnsigned},
	{"setuid", Args{{"uid", ID}}, RetUnsigned},
	{"setgid", Args{{"gid", ID}}, RetUnsigned},
	{"setreuid", Args{{"ruid", ID}, {"euid", ID}}, RetUnsigned},
	{"setregid", Args{{"rgid", ID}, {"egid", ID}}, RetUnsigned},
	{"setresuid", Args{{"ruid", ID}, {"euid", ID}, {"suid", ID}}, RetUnsigned},
	{"setresgid", Args{{"rgid", ID}, {"egid", ID}, {"sgid", ID}}, RetUnsigned},
	{"getresuid", Args{{"ruid", &Out{To: ID}}, {"euid", &Out{To: ID}}, {"suid", &Out{To: ID}}}, RetUnsigned},
	{"getresgid", Args{{"rgid", &Out{To: ID}}, {"egid", &Out{To: ID}}, {"sgid", &Out{To: ID}}}, RetUnsigned},
	{"setfsuid", Args{{"fsuid", ID}}, RetUnsigned},
	{"setfsgid", Args{{"fsgid", ID}}, RetUnsigned},
	{"setgroups", Args{{"size", Int}, {"list", &Ptr{To: groups(ID, Ref("size"))}}}, RetUnsigned},
	{"getgroups", Args{{"size", Int}, {"list", &Out{To: groups(ID, Result)}}}, RetUnsigned},
}

// On i386 the calls without a suffix take 16-bit ids.
var credsCallsI386 = Calls{
	{"getuid geteuid getgid getegid getuid32 geteuid32 getgid32 getegid32", Args{}, RetUnsigned},
	{"setuid", Args{{"uid", ID16}}, RetUnsigned},
	{"setgid", Args{{"gid", ID16}}, RetUnsigned},
	{"setreuid", Args{{"ruid", ID16}, {"euid", ID16}}, RetUnsigned},
	{"setregid", Args{{"rgid", ID16}, {"egid", ID16}}, RetUnsigned},
	{"setresuid", Args{{"ruid", ID16}, {"euid", ID16}, {"suid", ID16}}, RetUnsigned},
	{"setresgid", Args{{"rgid", ID16}, {"egid", ID16}, {"sgid", ID16}}, RetUnsigned},
	{"getresuid", Args{{"ruid", &Out{To: ID16}}, {"euid", &Out{To: ID16}}, {"suid", &Out{To: ID16}}}, RetUnsigned},
	{"getresgid", Args{{"rgid", &Out{To: ID16}}, {"egid", &Out{To: ID16}}, {"sgid", &Out{To: ID16}}}, RetUnsigned},
	{"setfsuid", Args{{"fsuid", ID16}}, RetUnsigned},
	{"setfsgid", Args{{"fsgid", ID16}}, RetUnsigned},
	{"setgroups", Args{{"size", Int}, {"list", &Ptr{To: groups(ID16, Ref("size"))}}}, RetUnsigned},
	{"getgroups", Args{{"size", Int}, {"list", &Out{To: groups(ID16, Result)}}}, RetUnsigned},

	{"setuid32", Args{{"uid", ID}}, RetUnsigned},
	{"setgid32", Args{{"gid", ID}}, RetUnsigned},
	{"setreuid32", Args{{"ruid", ID}, {"euid", ID}}, RetUnsigned},
	{"setregid32", Args{{"rgid", ID}, {"egid", ID}}, RetUnsigned},
	{"setresuid32", Args{{"ruid", ID}, {"euid", ID}, {"suid", ID}}, RetUnsigned},
	{"setresgid32", Args{{"rgid", ID}, {"egid", ID}, {"sgid", ID}}, RetUnsigned},
	{"getresuid32", Args{{"ruid", &Out{To: ID}}, {"euid", &Out{To: ID}}, {"suid", &Out{To: ID}}}, RetUnsigned},
	{"getresgid32", Args{{"rgid", &Out{To: ID}}, {"egid", &Out{To: ID}}, {"sgid", &Out{To: ID}}}, RetUnsigned},
	{"setfsuid32", Args{{"fsuid", ID}}, RetUnsigned},
	{"setfsgid32", Args{{"fsgid", ID}}, RetUnsigned},
	{"setgroups32", Args{{"size", Int}, {"list", &Ptr{To: groups(ID, Ref("size"))}}}, RetUnsigned},
	{"getgroups32", Args{{"size", Int}, {"list", &Out{To: groups(ID, Result)}}}, RetUnsigned},
}

// maxGroups is NGROUPS_MAX of linux/limits.h. The kernel refuses longer lists.
const maxGroups = 65536

// groups is a list of n group ids.
func groups(id Type, n Num) Type { return &List{Of: id, Count: n, Most: maxGroups} }
