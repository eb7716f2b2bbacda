package file

import (
	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// The operations of fcntl(2): fs/fcntl.c, fs/locks.c.

// newFlock is struct flock with offsets of a type; who holds a lock is known
// after asking for it.
func newFlock(offset *Number) (set, get *StructType) {
	get = Struct(Fields{
		{"l_type", EnumOf(X16, tables.LockType)},
		{"l_whence", EnumOf(X16, tables.Whence)},
		{"l_start", offset},
		{"l_len", offset},
		{"l_pid", PIDOf(ThreadGroup)},
	})
	return get.Pick("l_type", "l_whence", "l_start", "l_len"), get
}

var (
	flockSet, flockGet     = newFlock(KLong)
	flock64Set, flock64Get = newFlock(S64)
)

var ownerEx = Struct(Fields{
	{"type", Enum(tables.FileOwnerType)},
	{"pid", Union(Ref("type"),
		Arm(PIDOf(ThreadGroup), ValueNamed(tables.FileOwnerType, "F_OWNER_PID")),
		Arm(PIDOf(ProcessGroup), ValueNamed(tables.FileOwnerType, "F_OWNER_PGRP")),
		Arm(PIDOf(Thread)))},
})

var delegation = Struct(Fields{{"d_flags", X32}, {"d_type", EnumOf(X16, tables.LockType)}, {"__pad", X16}})

var rwHint = EnumOf(X64, tables.WriteLifeHint)

// fcntlOps are the operations that both fcntl and i386's fcntl64 have.
var fcntlOps = Calls{
	{"F_DUPFD F_DUPFD_CLOEXEC", Args{{"arg", Long}}, RetFD},
	{"F_GETFD", nil, RetHex.With(remarkFlags("flags", tables.FdFlags))},
	{"F_SETFD", Args{{"arg", Flags(tables.FdFlags)}}, Ret{}},
	{"F_GETFL", nil, RetHex.With(remarkOpenFlags)},
	{"F_SETFL", Args{{"arg", OpenFlags}}, Ret{}},
	{"F_GETLK", Args{{"arg", Out(flockGet)}}, Ret{}},
	{"F_SETLK F_SETLKW", Args{{"arg", Ptr(flockSet)}}, Ret{}},
	{"F_OFD_GETLK", Args{{"arg", Out(flock64Get)}}, Ret{}},
	{"F_OFD_SETLK F_OFD_SETLKW", Args{{"arg", Ptr(flock64Set)}}, Ret{}},
	{"F_GETOWN", nil, ReturnsType(PIDOrGroup)},
	{"F_SETOWN", Args{{"arg", PIDOrGroup}}, Ret{}},
	{"F_GETOWN_EX", Args{{"arg", Out(ownerEx)}}, Ret{}},
	{"F_SETOWN_EX", Args{{"arg", Ptr(ownerEx)}}, Ret{}},
	{"F_GETSIG", nil, RetUnsigned.With(remarkSignal)},
	{"F_SETSIG", Args{{"arg", Signal}}, Ret{}},
	{"F_GETLEASE", nil, RetHex.With(remarkLease)},
	{"F_SETLEASE", Args{{"arg", EnumOf(Xlong, tables.LockType)}}, Ret{}},
	{"F_NOTIFY", Args{{"arg", FlagsOf(Xlong, tables.NotifyFlags)}}, Ret{}},
	{"F_GETPIPE_SZ", nil, Ret{}},
	{"F_SETPIPE_SZ", Args{{"arg", Long}}, Ret{}},
	{"F_GET_SEALS", nil, RetHex.With(remarkFlags("seals", tables.SealFlags))},
	{"F_ADD_SEALS", Args{{"arg", FlagsOf(Xlong, tables.SealFlags)}}, Ret{}},
	{"F_GET_RW_HINT F_GET_FILE_RW_HINT", Args{{"arg", Out(rwHint)}}, Ret{}},
	{"F_SET_RW_HINT F_SET_FILE_RW_HINT", Args{{"arg", Ptr(rwHint)}}, Ret{}},
	{"F_DUPFD_QUERY", Args{{"arg", FD}}, Ret{}},
	{"F_GETDELEG", Args{{"arg", Out(delegation)}}, Ret{}},
	{"F_SETDELEG", Args{{"arg", Ptr(delegation)}}, Ret{}},
	{"", Args{{"arg", Xlong}}, Ret{}},
}

// fcntl64Ops are the operations with large files that only fcntl64 has.
var fcntl64Ops = append(fcntlOps[:len(fcntlOps):len(fcntlOps)],
	Desc{"F_GETLK64", Args{{"arg", Out(flock64Get)}}, Ret{}},
	Desc{"F_SETLK64 F_SETLKW64", Args{{"arg", Ptr(flock64Set)}}, Ret{}},
)

var fcntlCalls = Calls{
	{"fcntl", Args{{"fd", FD}, {"op", fcntlOp}, Rest(Ref("op"), tables.FcntlCmd, fcntlOps)}, RetUnsigned},
	{"fcntl64", Args{{"fd", FD}, {"op", fcntlOp}, Rest(Ref("op"), tables.FcntlCmd, fcntl64Ops)}, RetUnsigned},
}

var fcntlOp = Enum(tables.FcntlCmd)

// remarkFlags tells the names of the bits of a result that is not zero.
func remarkFlags(what string, set *tables.Set) func(*Call) {
	return func(c *Call) {
		if c.Ret != 0 {
			c.Out.BeginRemark(output.Aside)
			c.Out.Field(what)
			c.Out.Flags(uint64(c.Ret), set, output.Hex)
			c.Out.EndRemark()
		}
	}
}

func remarkOpenFlags(c *Call) {
	c.Out.BeginRemark(output.Aside)
	c.Out.Field("flags")
	c.Out.Flags(uint64(c.Ret), tables.OpenFlags, output.Hex|output.NamesAlone)
	c.Out.EndRemark()
}

func remarkLease(c *Call) {
	if name, ok := tables.LockType.Lookup(uint64(c.Ret)); ok {
		c.Out.BeginRemark(output.Aside)
		c.Out.Field("")
		c.Out.Text(name)
		c.Out.EndRemark()
	}
}

func remarkSignal(c *Call) {
	if c.Ret != 0 {
		c.Out.BeginRemark(output.Aside)
		c.Out.Field("")
		c.Out.Text(tables.SignalName(int(c.Ret)))
		c.Out.EndRemark()
	}
}
