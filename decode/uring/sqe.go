package uring

import (
	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// ringSqe is a struct io_uring_sqe in a ring. The operation determines what its members mean
// (io_uring/opdef.c). Paths and data are read when the call submits the request; the kernel
// may read the data later.
var ringSqe = &Struct{Of: ioUringSqe, With: Fields{
	{"fd", &Union{On: If{&Has{N: Ref("flags"), Set: &tables.UringSqeFlags, Values: Names{"IOSQE_FIXED_FILE"}}}, Arms: Arms{
		{S32, Nums{1}},
		{&Union{On: Ref("opcode"), Set: &tables.UringOp, Arms: Arms{
			{DirFD, Names{"IORING_OP_OPENAT", "IORING_OP_OPENAT2", "IORING_OP_STATX", "IORING_OP_RENAMEAT", "IORING_OP_UNLINKAT",
				"IORING_OP_MKDIRAT", "IORING_OP_SYMLINKAT", "IORING_OP_LINKAT"}},
			{S32, Names{"IORING_OP_NOP", "IORING_OP_NOP128", "IORING_OP_TIMEOUT", "IORING_OP_TIMEOUT_REMOVE", "IORING_OP_ASYNC_CANCEL",
				"IORING_OP_LINK_TIMEOUT", "IORING_OP_POLL_REMOVE", "IORING_OP_FILES_UPDATE", "IORING_OP_PROVIDE_BUFFERS",
				"IORING_OP_REMOVE_BUFFERS", "IORING_OP_MADVISE", "IORING_OP_FUTEX_WAIT", "IORING_OP_FUTEX_WAKE",
				"IORING_OP_FUTEX_WAITV", "IORING_OP_WAITID", "IORING_OP_SETXATTR", "IORING_OP_GETXATTR", "IORING_OP_PIPE"}},
			{&Enum{Set: &tables.AddressFamily}, Names{"IORING_OP_SOCKET"}},
			{FD, nil}}}, nil}}}},
	{"addr", &Union{On: Ref("opcode"), Set: &tables.UringOp, Arms: Arms{
		{&wideName{X64, "fd", NamesFile}, Names{"IORING_OP_OPENAT", "IORING_OP_STATX"}},
		{&wideName{X64, "fd", NamesByRules}, Names{"IORING_OP_OPENAT2"}},
		{&wideName{X64, "fd", NamesLink | NamesEntry}, Names{"IORING_OP_RENAMEAT", "IORING_OP_UNLINKAT"}},
		{&wideName{X64, "fd", NamesLink}, Names{"IORING_OP_LINKAT"}},
		{&wideName{X64, "fd", NamesLink | NamesNew | NamesEntry}, Names{"IORING_OP_MKDIRAT"}},
		{&wideName{X64, "fd", NamesNothing}, Names{"IORING_OP_SYMLINKAT"}},
		{&Ptr{To: Str, Wide: true}, Names{"IORING_OP_SETXATTR", "IORING_OP_GETXATTR", "IORING_OP_FSETXATTR", "IORING_OP_FGETXATTR"}},
		{&Ptr{To: &Bytes{Len: Ref("len")}, Wide: true}, Names{"IORING_OP_WRITE", "IORING_OP_SEND", "IORING_OP_SEND_ZC"}},
		{&Ptr{To: &Iovecs{Count: Ref("len")}, Wide: true}, Names{"IORING_OP_WRITEV"}},
		{&Ptr{To: &Iovecs{Count: Ref("len"), Bare: true}, Wide: true}, Names{"IORING_OP_READV"}},
		{&Ptr{To: Sockaddr(Ref("off")), Wide: true}, Names{"IORING_OP_CONNECT", "IORING_OP_BIND"}},
		{&Ptr{To: &Timespec64, Wide: true}, Names{"IORING_OP_TIMEOUT", "IORING_OP_LINK_TIMEOUT"}},
		{X64, nil}}}},
	{"off", &Union{On: Ref("opcode"), Set: &tables.UringOp, Arms: Arms{
		{&wideName{X64, "len", NamesLink | NamesNew | NamesEntry}, Names{"IORING_OP_RENAMEAT", "IORING_OP_LINKAT"}},
		{&wideName{X64, "fd", NamesLink | NamesNew | NamesEntry}, Names{"IORING_OP_SYMLINKAT"}},
		{&uringOffset{X64}, nil}}}},
	{"optval", &When{If: Not{Test(uringAttributes)}, Then: &Shown{As: Pad(0), By: func(c *Call, _ View) {
		addr := Ref("attr_ptr").Num(c)
		if uringNamedFile.Holds(c) && addr != 0 {
			AnyFile.ShowAt(c, addr)
			return
		}
		c.Out.Number(addr, output.Hex)
	}}}},
	{"", &Union{On: Ref("opcode"), Set: &tables.UringOp, Arms: Arms{
		{&NamedArm{Name: "nop_flags", Type: &Flags{Set: &tables.UringNop}}, Names{"IORING_OP_NOP", "IORING_OP_NOP128"}},
		{&NamedArm{Name: "install_fd_flags", Type: &Flags{Set: &tables.UringFixedFd}}, Names{"IORING_OP_FIXED_FD_INSTALL"}},
		{&NamedArm{Name: "msg_ring_flags", Type: &Flags{Set: &tables.UringMsgRingFlags}}, Names{"IORING_OP_MSG_RING"}},
		{&NamedArm{Name: "open_flags", Type: &OpenFlags}, Names{"IORING_OP_OPENAT"}},
		{&NamedArm{Name: "statx_flags", Type: &Flags{Set: &tables.AtFlags}}, Names{"IORING_OP_STATX"}},
		{&NamedArm{Name: "unlink_flags", Type: &Flags{Set: &tables.AtFlags}}, Names{"IORING_OP_UNLINKAT"}},
		{&NamedArm{Name: "hardlink_flags", Type: &Flags{Set: &tables.AtFlags}}, Names{"IORING_OP_LINKAT"}},
		{&NamedArm{Name: "rename_flags", Type: &Flags{Set: &tables.RenameFlags}}, Names{"IORING_OP_RENAMEAT"}},
		{&NamedArm{Name: "poll32_events", Type: &Flags{Set: &tables.PollEvents}}, Names{"IORING_OP_POLL_ADD"}},
		{&NamedArm{Name: "msg_flags", Type: &Flags{Set: &tables.MsgFlags}}, Names{"IORING_OP_SEND", "IORING_OP_SENDMSG", "IORING_OP_RECV",
			"IORING_OP_RECVMSG", "IORING_OP_SEND_ZC", "IORING_OP_SENDMSG_ZC"}},
		{&NamedArm{Name: "cancel_flags", Type: &Flags{Set: &tables.UringCancelFlags}}, Names{"IORING_OP_ASYNC_CANCEL"}},
		{&NamedArm{Name: "splice_flags", Type: &Flags{Set: &tables.SpliceFlags}}, Names{"IORING_OP_SPLICE", "IORING_OP_TEE"}},
		{&NamedArm{Name: "rw_flags", Type: X32}, nil}}}},
}}

// uringNamedFile is the condition that the last member of a request names a file.
var uringNamedFile = &Is{N: Ref("opcode"), Set: &tables.UringOp, Values: Names{"IORING_OP_SETXATTR", "IORING_OP_GETXATTR"}}

// wideName is a 64-bit pointer to a file name. The name is relative to a directory whose
// descriptor is in another member.
type wideName struct {
	Number
	dir    Ref
	naming Naming
}

// Keep implements keeper, as for a Value.
func (*wideName) Keep(*Keeps) {}

// Show implements Type.
func (t *wideName) Show(c *Call, v View) {
	switch addr := t.Value(c, v); {
	case addr == 0 || c.Plain:
		c.Out.Addr(addr)
	case t.naming&NamesNothing != 0:
		Inert.ShowAt(c, addr)
	default:
		SeeFrom(c, int(int32(t.dir.Num(c))))
		c.Naming = t.naming
		AnyFile.ShowAt(c, addr)
	}
}
