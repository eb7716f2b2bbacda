package file

import (
	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// The operations of fcntl(2): fs/fcntl.c, fs/locks.c.

// struct flock and flock64, and the members of them that the kernel reads
var (
	flockGet = &Struct{Fields: Fields{
		{"l_type", &Enum{In: X16, Set: &tables.LockType}},
		{"l_whence", &Enum{In: X16, Set: &tables.Whence}},
		{"l_start", KLong},
		{"l_len", KLong},
		{"l_pid", PIDOf(ThreadGroup)},
	}}
	flockSet   = &Struct{Of: flockGet, Pick: Names{"l_type", "l_whence", "l_start", "l_len"}}
	flock64Get = &Struct{Of: flockGet, With: Fields{{"l_start", S64}, {"l_len", S64}}}
	flock64Set = &Struct{Of: flock64Get, Pick: Names{"l_type", "l_whence", "l_start", "l_len"}}
)

var ownerEx = &Struct{C: "f_owner_ex", Fields: Fields{
	{"type", &Enum{Set: &tables.FileOwnerType}},
	{"pid", &Union{On: Ref("type"), Set: &tables.FileOwnerType, Arms: Arms{
		{PIDOf(ThreadGroup), Names{"F_OWNER_PID"}},
		{PIDOf(ProcessGroup), Names{"F_OWNER_PGRP"}},
		{PIDOf(Thread), nil},
	}}},
}}

var delegation = &Struct{C: "delegation", Fields: Fields{{"d_flags", X32}, {"d_type", &Enum{In: X16, Set: &tables.LockType}}, {"__pad", X16}}}

var rwHint = &Enum{In: X64, Set: &tables.WriteLifeHint}

// fcntlOps are the operations of both fcntl and i386's fcntl64.
var fcntlOps = Calls{
	{"F_DUPFD F_DUPFD_CLOEXEC", Args{{"arg", Long}}, RetFD},
	{"F_GETFD", nil, &ResultWith{Ret: RetHex, Remark: func(c *Call) { remarkFlags(c, "flags", &tables.FdFlags) }}},
	{"F_SETFD", Args{{"arg", &Flags{Set: &tables.FdFlags}}}, nil},
	{"F_GETFL", nil, &ResultWith{Ret: RetHex, Remark: remarkOpenFlags}},
	{"F_SETFL", Args{{"arg", &OpenFlags}}, nil},
	{"F_GETLK", Args{{"arg", &Out{To: flockGet}}}, nil},
	{"F_SETLK F_SETLKW", Args{{"arg", &Ptr{To: flockSet}}}, nil},
	{"F_OFD_GETLK", Args{{"arg", &Out{To: flock64Get}}}, nil},
	{"F_OFD_SETLK F_OFD_SETLKW", Args{{"arg", &Ptr{To: flock64Set}}}, nil},
	{"F_GETOWN", nil, PIDOrGroup},
	{"F_SETOWN", Args{{"arg", PIDOrGroup}}, nil},
	{"F_GETOWN_EX", Args{{"arg", &Out{To: ownerEx}}}, nil},
	{"F_SETOWN_EX", Args{{"arg", &Ptr{To: ownerEx}}}, nil},
	{"F_GETSIG", nil, &ResultWith{Ret: RetUnsigned, Remark: remarkSignal}},
	{"F_SETSIG", Args{{"arg", Signal}}, nil},
	{"F_GETLEASE", nil, &ResultWith{Ret: RetHex, Remark: remarkLease}},
	{"F_SETLEASE", Args{{"arg", &Enum{In: Xlong, Set: &tables.LockType}}}, nil},
	{"F_NOTIFY", Args{{"arg", &Flags{In: Xlong, Set: &tables.NotifyFlags}}}, nil},
	{"F_GETPIPE_SZ", nil, nil},
	{"F_SETPIPE_SZ", Args{{"arg", Long}}, nil},
	{"F_GET_SEALS", nil, &ResultWith{Ret: RetHex, Remark: func(c *Call) { remarkFlags(c, "seals", &tables.SealFlags) }}},
	{"F_ADD_SEALS", Args{{"arg", &Flags{In: Xlong, Set: &tables.SealFlags}}}, nil},
	{"F_GET_RW_HINT F_GET_FILE_RW_HINT", Args{{"arg", &Out{To: rwHint}}}, nil},
	{"F_SET_RW_HINT F_SET_FILE_RW_HINT", Args{{"arg", &Ptr{To: rwHint}}}, nil},
	{"F_DUPFD_QUERY", Args{{"arg", FD}}, nil},
	{"F_GETDELEG", Args{{"arg", &Out{To: delegation}}}, nil},
	{"F_SETDELEG", Args{{"arg", &Ptr{To: delegation}}}, nil},
	{"", Args{{"arg", Xlong}}, nil},
}

// fcntl64Ops are the operations of fcntl64: those of fcntl, and those for large
// files.
var fcntl64Ops = Calls{
	{"F_GETLK64", Args{{"arg", &Out{To: flock64Get}}}, nil},
	{"F_SETLK64 F_SETLKW64", Args{{"arg", &Ptr{To: flock64Set}}}, nil},
	{"", Args{{"", &Rest{On: Ref("op"), Set: &tables.FcntlCmd, Calls: fcntlOps}}}, nil},
}

var fcntlCalls = Calls{
	{"fcntl", Args{{"fd", FD}, {"op", fcntlOp}, {"", &Rest{On: Ref("op"), Set: &tables.FcntlCmd, Calls: fcntlOps}}}, RetUnsigned},
	{"fcntl64", Args{{"fd", FD}, {"op", fcntlOp}, {"", &Rest{On: Ref("op"), Set: &tables.FcntlCmd, Calls: fcntl64Ops}}}, RetUnsigned},
}

var fcntlOp = &Enum{Set: &tables.FcntlCmd}

// remarkFlags shows the names of the bits of a result, unless it is zero.
func remarkFlags(c *Call, what string, set *tables.Set) {
	if c.Ret != 0 {
		c.Outcome.BeginRemark(output.Aside)
		c.Out.Field(what)
		c.Out.Flags(uint64(c.Ret), set, output.Hex)
		c.Outcome.EndRemark()
	}
}

func remarkOpenFlags(c *Call) {
	c.Outcome.BeginRemark(output.Aside)
	c.Out.Field("flags")
	c.Out.Flags(uint64(c.Ret), &tables.OpenFlags, output.Hex|output.NamesAlone)
	c.Outcome.EndRemark()
}

func remarkLease(c *Call) {
	if name, ok := tables.LockType.Lookup(uint64(c.Ret)); ok {
		c.Outcome.BeginRemark(output.Aside)
		c.Out.Field("")
		c.Out.Text(name)
		c.Outcome.EndRemark()
	}
}

func remarkSignal(c *Call) {
	if c.Ret != 0 {
		c.Outcome.BeginRemark(output.Aside)
		c.Out.Field("")
		c.Out.Text(tables.SignalName(int(c.Ret)))
		c.Outcome.EndRemark()
	}
}
