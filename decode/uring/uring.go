package uring

import (
	"golang.org/x/sys/unix"

	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// io_uring(7): io_uring/io_uring.c, linux/io_uring.h. The commands of
// io_uring_register are in io_uring_register.go.

var ioUringCalls = Calls{
	{"io_uring_setup", Args{
		{"entries", U32},
		{"params", Fill(
			ioUringParams.Pick("flags", "sq_thread_cpu", "sq_thread_idle", "wq_fd", "resv"),
			ioUringParams.Pick("sq_entries", "cq_entries", "features", "sq_off", "cq_off"))},
	}, RetFD},
	{"io_uring_enter", Args{
		{"fd", FD},
		{"to_submit", U32},
		{"min_complete", U32},
		{"flags", Flags(tables.UringEnter)},
		{"arg", When(ioUringWait(extArgReg), Ulong)},
		{"argsz", When(ioUringWait(extArgReg), InReg(5, Ulong))},
		{"arg", When(ioUringWait(extArg), InReg(4, Ptr(ioUringGeteventsArg)))},
		{"argsz", When(ioUringWait(extArg), InReg(5, Ulong))},
		{"sigset", When(ioUringWait(0, extArg|extArgReg), InReg(4, Ptr(SigsetSized(Ref("sigsetsize")))))},
		{"sigsetsize", When(ioUringWait(0, extArg|extArgReg), InReg(5, Ulong))},
	}, RetUnsigned},
	{"io_uring_register", Args{
		{"fd", Union(Bits(Ref("opcode"), registeredRing), Arm(U32, 1), Arm(FD))},
		{"opcode", ioUringOpcode},
		Rest(Clear(Ref("opcode"), registeredRing), tables.UringRegister, ioUringRegister),
	}, RetUnsigned},
}

// Flags of io_uring_enter that say what its last two arguments are.
var (
	extArg    = BitsOf(tables.UringEnter, "IORING_ENTER_EXT_ARG")
	extArgReg = BitsOf(tables.UringEnter, "IORING_ENTER_EXT_ARG_REG")
)

// ioUringWait is the condition that of the flags extArg and extArgReg just one
// of ways is set.
func ioUringWait(ways ...uint64) Cond {
	return Is(Func(func(c *Call) uint64 { return Ref("flags").Num(c) & (extArg | extArgReg) }), ways...)
}

var ioUringGeteventsArg = Struct(Fields{
	{"sigmask", Ptr64(SigsetSized(Ref("sigmask_sz")))},
	{"sigmask_sz", U32},
	{"min_wait_usec", U32},
	{"ts", Ptr64(Timespec64)},
})

var ioUringParams = Struct(Fields{
	{"sq_entries", U32},
	{"cq_entries", U32},
	{"flags", Flags(tables.UringSetup)},
	{"sq_thread_cpu", X32},
	{"sq_thread_idle", U32},
	{"features", Flags(tables.UringFeatures)},
	{"wq_fd", When(Has(Ref("flags"), BitsOf(tables.UringSetup, "IORING_SETUP_ATTACH_WQ")), FD)},
	Reserved("resv", Array(X32, Const(3))),
	{"sq_off", Struct(Fields{
		{"head", U32}, {"tail", U32}, {"ring_mask", U32}, {"ring_entries", U32},
		{"flags", U32}, {"dropped", U32}, {"array", U32}, Reserved("resv1", X32), {"user_addr", X64},
	})},
	{"cq_off", Struct(Fields{
		{"head", U32}, {"tail", U32}, {"ring_mask", U32}, {"ring_entries", U32},
		{"overflow", U32}, {"cqes", U32}, {"flags", U32}, Reserved("resv1", X32), {"user_addr", X64},
	})},
})

// registeredRing is IORING_REGISTER_USE_REGISTERED_RING.
var registeredRing = BitsOf(tables.UringRegisterFlags, "IORING_REGISTER_USE_REGISTERED_RING")

// ioUringOpcode is a command of io_uring_register with a flag.
var ioUringOpcode = ValueOf(U32, func(c *Call, v uint64) {
	c.Out.Enum(v&^registeredRing, tables.UringRegister, output.Hex)
	if v&registeredRing != 0 {
		c.Out.Or()
		c.Out.Flags(v&registeredRing, tables.UringRegisterFlags, output.Hex)
	}
})

// Requests: struct io_uring_sqe. Some members mean what the operation says.

func uringOps(names ...string) []uint64 {
	for i := range names {
		names[i] = "IORING_OP_" + names[i]
	}
	return Values(tables.UringOp, names...)
}

var ioUringSqe = Struct(Fields{
	{"opcode", EnumOf(U8, tables.UringOp)},
	{"flags", FlagsOf(X8, tables.UringSqeFlags)},
	{"ioprio", Union(Ref("opcode"),
		Arm(FlagsOf(X16, tables.UringAccept), uringOps("ACCEPT")...),
		Arm(FlagsOf(X16, tables.UringRecvSend), uringOps("SEND", "SENDMSG", "SEND_ZC", "SENDMSG_ZC", "RECV", "RECVMSG", "RECV_ZC")...),
		Arm(U16))},
	{"fd", FD},
	{"off", &uringOffset{X64}},
	{"addr", X64},
	{"len", U32},
	{"", Union(Ref("opcode"),
		Arm(One("nop_flags", Flags(tables.UringNop)), uringOps("NOP", "NOP128")...),
		Arm(One("install_fd_flags", Flags(tables.UringFixedFd)), uringOps("FIXED_FD_INSTALL")...),
		Arm(One("msg_ring_flags", Flags(tables.UringMsgRingFlags)), uringOps("MSG_RING")...),
		Arm(One("rw_flags", X32)))},
	{"user_data", X64},
	{"buf_index", X16},
	{"personality", U16},
	{"file_index", X32},
	{"attr_ptr", When(uringAttributes, Union(Bits(Ref("attr_type_mask"), BitsOf(tables.UringRwAttr, "IORING_RW_ATTR_FLAG_PI")),
		Arm(Ptr64(ioUringAttrPI), 1), Arm(Addr64)))},
	{"attr_type_mask", When(uringAttributes, FlagsOf(X64, tables.UringRwAttr))},
	{"optval", When(Not(uringAttributes), ShownWith(Layouts{}, In, func(c *Call, _ View) {
		c.Out.Number(Ref("attr_ptr").Num(c), output.Hex)
	}))},
	{"cmd", When(Is(Ref("opcode"), uringOps("NOP128", "URING_CMD128")...), Array(X8, Func(func(*Call) uint64 { return 64 })))},
}).Moved("attr_type_mask", "attr_ptr")

// uringAttributes says that a request to read or write has attributes.
func uringAttributes(c *Call) bool {
	return Ref("attr_type_mask").Num(c) != 0 && uringTransfer(c)
}

var uringTransfer = Is(Ref("opcode"), uringOps("READ", "WRITE", "READV", "WRITEV", "READ_FIXED", "WRITE_FIXED",
	"READV_FIXED", "WRITEV_FIXED", "SEND", "RECV", "SENDMSG", "RECVMSG", "SEND_ZC", "RECV_ZC", "READ_MULTISHOT")...)

var ioUringAttrPI = Struct(Fields{
	{"flags", X16}, {"app_tag", X16}, {"len", U32}, {"addr", X64}, {"seed", X64}, {"rsvd", X64},
})

// uringOffset is an offset, or the command for a socket.
type uringOffset struct{ *Number }

func (t *uringOffset) Show(c *Call, v View) {
	if uringCommand(c) && isSocket(c, int(int32(Ref("fd").Num(c)))) {
		c.Out.Enum(t.Value(c, v), tables.UringSocketOp, output.Unsigned)
		return
	}
	c.Out.Number(t.Value(c, v), output.Hex)
}

var uringCommand = Is(Ref("opcode"), uringOps("URING_CMD", "URING_CMD128")...)

// isSocket says whether a descriptor of the tracee is a socket.
func isSocket(c *Call, fd int) bool {
	file, ok := ContextOf(c.Decoder).Host.FileType(ProcessOf(c), fd)
	return ok && file.Mode&unix.S_IFMT == unix.S_IFSOCK
}
