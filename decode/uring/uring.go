package uring

import (
	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// io_uring(7): io_uring/io_uring.c, linux/io_uring.h. The commands of
// io_uring_register are in register.go.

var calls = Calls{
	{"io_uring_setup", Args{
		{"entries", U32},
		{"params", &Fill{
			In:  &Struct{Of: ioUringParams, Pick: Names{"flags", "sq_thread_cpu", "sq_thread_idle", "wq_fd", "resv"}},
			Out: &Struct{Of: ioUringParams, Pick: Names{"sq_entries", "cq_entries", "features", "sq_off", "cq_off"}}}},
	}, &ResultWith{Ret: RetFD, Then: noteSetup}},
	{"io_uring_enter", Args{
		{"fd", FD},
		{"to_submit", U32},
		{"min_complete", U32},
		{"flags", &Flags{Set: &tables.UringEnter}},
		{"arg", &When{If: waitsByRegion, Then: Ulong}},
		{"argsz", &When{If: waitsByRegion, Then: &InReg{Reg: 5, Of: Ulong}}},
		{"arg", &When{If: waitsByArg, Then: &InReg{Reg: 4, Of: &Ptr{To: ioUringGeteventsArg, UsuallyNull: true}}}},
		{"argsz", &When{If: waitsByArg, Then: &InReg{Reg: 5, Of: Ulong}}},
		{"sigset", &When{If: waitsBySignals, Then: &InReg{Reg: 4, Of: &Ptr{To: &SizedSigset{Size: Ref("sigsetsize")}}}}},
		{"sigsetsize", &When{If: waitsBySignals, Then: &InReg{Reg: 5, Of: Ulong}}},
		{"submitted", &When{If: Test(ringsShown), Then: submitted}},
		{"completed", &When{If: Test(ringsShown), Then: completed}},
	}, RetUnsigned},
	{"io_uring_register", Args{
		{"fd", &Union{On: If{&Has{N: Ref("opcode"), Values: Nums{registeredRing}}}, Arms: Arms{{U32, Nums{1}}, {FD, nil}}}},
		{"opcode", ioUringOpcode},
		{"", &Rest{On: &Calc{N: Ref("opcode"), Clear: registeredRing}, Set: &tables.UringRegister, Calls: registerCommands}},
	}, RetUnsigned},
}

// Flags of io_uring_enter that determine its last two arguments
// (linux/io_uring.h).
const (
	extArg    = 1 << 3 // IORING_ENTER_EXT_ARG
	extArgReg = 1 << 6 // IORING_ENTER_EXT_ARG_REG
)

// ioUringExt returns those of these flags that are set.
func ioUringExt(c *Call) uint64 { return Ref("flags").Num(c) & (extArg | extArgReg) }

// The last two arguments, depending on the flags.
var (
	waitsByRegion  = &Is{N: Func(ioUringExt), Values: Nums{extArgReg}}
	waitsByArg     = &Is{N: Func(ioUringExt), Values: Nums{extArg}}
	waitsBySignals = &Is{N: Func(ioUringExt), Values: Nums{0, extArg | extArgReg}}
)

var ioUringGeteventsArg = &Struct{C: "io_uring_getevents_arg", Fields: Fields{
	{"sigmask", &Ptr{To: &SizedSigset{Size: Ref("sigmask_sz")}, Wide: true}},
	{"sigmask_sz", U32},
	{"min_wait_usec", U32},
	{"ts", &Ptr{To: &Timespec64, Wide: true}},
}}

var ioUringParams = &Struct{C: "io_uring_params", Fields: Fields{
	{"sq_entries", U32},
	{"cq_entries", U32},
	{"flags", &Flags{Set: &tables.UringSetup}},
	{"sq_thread_cpu", X32},
	{"sq_thread_idle", U32},
	{"features", &Flags{Set: &tables.UringFeatures}},
	{"wq_fd", &When{If: &Has{N: Ref("flags"), Set: &tables.UringSetup, Values: Names{"IORING_SETUP_ATTACH_WQ"}}, Then: FD}},
	{"resv", Reserved{&Array{Of: X32, N: 3}}},
	{"sq_off", &Struct{Fields: Fields{
		{"head", U32}, {"tail", U32}, {"ring_mask", U32}, {"ring_entries", U32},
		{"flags", U32}, {"dropped", U32}, {"array", U32}, {"resv1", Reserved{X32}}, {"user_addr", X64},
	}}},
	{"cq_off", &Struct{Fields: Fields{
		{"head", U32}, {"tail", U32}, {"ring_mask", U32}, {"ring_entries", U32},
		{"overflow", U32}, {"cqes", U32}, {"flags", U32}, {"resv1", Reserved{X32}}, {"user_addr", X64},
	}}},
}}

// registeredRing is IORING_REGISTER_USE_REGISTERED_RING of linux/io_uring.h.
const registeredRing = 1 << 31

// ioUringOpcode is a command of io_uring_register, combined with a flag.
var ioUringOpcode = &Value{In: U32, By: func(c *Call, v uint64) {
	c.Out.Enum(v&^registeredRing, &tables.UringRegister, output.Hex)
	if v&registeredRing != 0 {
		c.Out.Join(output.Or)
		c.Out.Flags(v&registeredRing, &tables.UringRegisterFlags, output.Hex)
	}
}}

// Requests: struct io_uring_sqe. The meaning of some members depends on the
// operation.

var ioUringSqe = &Struct{C: "io_uring_sqe", Of: &Struct{Fields: Fields{
	{"opcode", &Enum{In: U8, Set: &tables.UringOp}},
	{"flags", &Flags{In: X8, Set: &tables.UringSqeFlags}},
	{"ioprio", &Union{On: Ref("opcode"), Set: &tables.UringOp, Arms: Arms{
		{&Flags{In: X16, Set: &tables.UringAccept}, Names{"IORING_OP_ACCEPT"}},
		{&Flags{In: X16, Set: &tables.UringRecvSend}, Names{"IORING_OP_SEND", "IORING_OP_SENDMSG", "IORING_OP_SEND_ZC", "IORING_OP_SENDMSG_ZC", "IORING_OP_RECV", "IORING_OP_RECVMSG", "IORING_OP_RECV_ZC"}},
		{U16, nil}}}},
	{"fd", FD},
	{"off", &uringOffset{X64}},
	{"addr", X64},
	{"len", U32},
	{"", &Union{On: Ref("opcode"), Set: &tables.UringOp, Arms: Arms{
		{&NamedArm{Name: "nop_flags", Type: &Flags{Set: &tables.UringNop}}, Names{"IORING_OP_NOP", "IORING_OP_NOP128"}},
		{&NamedArm{Name: "install_fd_flags", Type: &Flags{Set: &tables.UringFixedFd}}, Names{"IORING_OP_FIXED_FD_INSTALL"}},
		{&NamedArm{Name: "msg_ring_flags", Type: &Flags{Set: &tables.UringMsgRingFlags}}, Names{"IORING_OP_MSG_RING"}},
		{&NamedArm{Name: "rw_flags", Type: X32}, nil}}}},
	{"user_data", X64},
	{"buf_index", X16},
	{"personality", U16},
	{"file_index", X32},
	{"attr_ptr", &When{If: Test(uringAttributes), Then: &Union{On: If{&Has{N: Ref("attr_type_mask"), Set: &tables.UringRwAttr, Values: Names{"IORING_RW_ATTR_FLAG_PI"}}}, Arms: Arms{
		{&Ptr{To: ioUringAttrPI, Wide: true}, Nums{1}}, {Addr64, nil}}}}},
	{"attr_type_mask", &When{If: Test(uringAttributes), Then: &Flags{In: X64, Set: &tables.UringRwAttr}}},
	{"optval", &When{If: Not{Test(uringAttributes)}, Then: &Shown{As: Pad(0), By: func(c *Call, _ View) {
		c.Out.Number(Ref("attr_ptr").Num(c), output.Hex)
	}}}},
	{"cmd", &When{If: &Is{N: Ref("opcode"), Set: &tables.UringOp, Values: Names{"IORING_OP_NOP128", "IORING_OP_URING_CMD128"}}, Then: &List{Of: X8, Count: Func(func(*Call) uint64 { return 64 })}}},
}}, Move: "attr_type_mask", Before: "attr_ptr"}

// uringAttributes reports whether a read or write request has attributes.
func uringAttributes(c *Call) bool {
	return Ref("attr_type_mask").Num(c) != 0 && uringTransfer.Holds(c)
}

var uringTransfer = &Is{N: Ref("opcode"), Set: &tables.UringOp, Values: Names{"IORING_OP_READ", "IORING_OP_WRITE", "IORING_OP_READV", "IORING_OP_WRITEV", "IORING_OP_READ_FIXED", "IORING_OP_WRITE_FIXED",
	"IORING_OP_READV_FIXED", "IORING_OP_WRITEV_FIXED", "IORING_OP_SEND", "IORING_OP_RECV", "IORING_OP_SENDMSG", "IORING_OP_RECVMSG", "IORING_OP_SEND_ZC", "IORING_OP_RECV_ZC", "IORING_OP_READ_MULTISHOT"}}

var ioUringAttrPI = &Struct{C: "io_uring_attr_pi", Fields: Fields{
	{"flags", X16}, {"app_tag", X16}, {"len", U32}, {"addr", X64}, {"seed", X64}, {"rsvd", X64},
}}

// uringOffset is an offset, or the command of a request to a socket.
type uringOffset struct{ Number }

func (t *uringOffset) Show(c *Call, v View) {
	if uringCommand.Holds(c) && isSocket(c, int(int32(Ref("fd").Num(c)))) {
		c.Out.Enum(t.Value(c, v), &tables.UringSocketOp, output.Unsigned)
		return
	}
	c.Out.Number(t.Value(c, v), output.Hex)
}

var uringCommand = &Is{N: Ref("opcode"), Set: &tables.UringOp, Values: Names{"IORING_OP_URING_CMD", "IORING_OP_URING_CMD128"}}

// isSocket reports whether a descriptor of the tracee is a socket.
func isSocket(c *Call, fd int) bool {
	file, ok := SettingsOf(c.Decoder).Host().FileType(ProcessOf(c), fd)
	return ok && file.Mode&tables.S_IFMT == tables.S_IFSOCK
}
