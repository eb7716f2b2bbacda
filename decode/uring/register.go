package uring

import (
	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// Commands of io_uring_register(2): io_uring/register.c.

var ioUringRegister = Calls{
	uringList("IORING_REGISTER_BUFFERS", Ptr(IovecRanges(Ref("nr_args")))),
	uringList("IORING_REGISTER_FILES IORING_REGISTER_EVENTFD IORING_REGISTER_EVENTFD_ASYNC", Ptr(Array(FD, Ref("nr_args")))),
	uringList("IORING_REGISTER_FILES_UPDATE", Ptr(ioUringFilesUpdate)),
	uringIf("IORING_REGISTER_PROBE", func(c *Call) bool { return Ref("nr_args").Num(c) <= maxProbe }, uringProbe),
	uringList("IORING_REGISTER_RESTRICTIONS", Ptr(Array(ioUringRestriction, Ref("nr_args")))),
	uringList("IORING_REGISTER_FILES2", uringSized(uringResources(Array(FD, Ref("nr"))))),
	uringList("IORING_REGISTER_BUFFERS2", uringSized(uringResources(IovecRanges(Ref("nr"))))),
	uringList("IORING_REGISTER_FILES_UPDATE2", uringSized(uringUpdate(Array(uringFile, Ref("nr"))))),
	uringList("IORING_REGISTER_BUFFERS_UPDATE", uringSized(uringUpdate(IovecRanges(Ref("nr"))))),
	uringList("IORING_REGISTER_IOWQ_AFF", Ptr(CpuSet(Ref("nr_args")))),
	uringList("IORING_REGISTER_IOWQ_MAX_WORKERS", ChangeIf(uringWorkersKnown, Ptr(uringWorkers), Out(uringWorkers))),
	uringList("IORING_REGISTER_RING_FDS", Ptr(Array(uringRingFD, Ref("nr_args")))),
	uringList("IORING_UNREGISTER_RING_FDS", Ptr(Array(uringRingFree, Ref("nr_args")))),
	uringOne("IORING_REGISTER_PBUF_RING IORING_UNREGISTER_PBUF_RING", 1, Ptr(ioUringBufReg)),
	uringOne("IORING_REGISTER_SYNC_CANCEL", 1, Ptr(ioUringSyncCancelReg)),
	uringOne("IORING_REGISTER_FILE_ALLOC_RANGE", 1, Ptr(ioUringFileIndexRange)),
	uringOne("IORING_REGISTER_PBUF_STATUS", 1, Out(ioUringBufStatus)),
	uringOne("IORING_REGISTER_NAPI", 1, Change(ioUringNapi, ioUringNapi)),
	uringOne("IORING_UNREGISTER_NAPI", 1, Out(ioUringNapi)),
	uringOne("IORING_REGISTER_CLOCK", 0, Ptr(ioUringClockRegister)),
	uringOne("IORING_REGISTER_CLONE_BUFFERS", 1, Ptr(ioUringCloneBuffers)),
	uringOne("IORING_REGISTER_SEND_MSG_RING", 1, Ptr(ioUringSqe)),
	uringOne("IORING_REGISTER_ZCRX_IFQ", 1, Ptr(ioUringZcrxIfqReg)),
	uringOne("IORING_REGISTER_ZCRX_CTRL", 1, Fill(
		zcrxCtrl.Pick("zcrx_id", "op", "__resv", "zc_flush", "zc_arm_event"), zcrxCtrl.Pick("zc_export"))),
	uringOne("IORING_REGISTER_RESIZE_RINGS", 1, Ptr(ioUringResize)),
	uringOne("IORING_REGISTER_MEM_REGION", 1, Ptr(ioUringMemRegionReg)),
	uringOne("IORING_REGISTER_QUERY", 0, Ptr(AtAddr(func(c *Call, addr uint64) { showUringQueries(c, addr, 0) }))),
	uringList("", Addr),
}

// uringList is a command with an argument that nr_args may count.
func uringList(names string, arg Type) Desc {
	return Desc{names, Args{{"arg", arg}, {"nr_args", U32}}, Ret{}}
}

// uringOne is a command for which nr_args must be want.
func uringOne(names string, want uint64, arg Type) Desc {
	return uringIf(names, Is(Ref("nr_args"), want), arg)
}

// uringIf is a command whose argument is followed if ok holds.
func uringIf(names string, ok Cond, arg Type) Desc {
	return Desc{names, Args{{"arg", When(ok, arg)}, {"arg", When(Not(ok), InReg(2, Addr))}, {"nr_args", InReg(3, U32)}}, Ret{}}
}

// uringFile is a descriptor, or a number that means none or no change.
var uringFile = ValueOf(S32, func(c *Call, v uint64) {
	if int64(v) < -1 {
		c.Out.Enum(v, tables.UringFilesUpdate, output.Signed)
		return
	}
	ShowFD(c, int(int32(v)))
})

var ioUringFilesUpdate = Struct(Fields{
	{"offset", U32},
	Reserved("resv", X32),
	{"fds", Aligned8(Ptr64(Array(uringFile, Ref("nr_args"))))},
})

var ioUringRestriction = Struct(Fields{
	{"opcode", EnumOf(X16, tables.UringRestriction)},
	{"", Union(Ref("opcode"),
		Arm(One("register_op", EnumOf(X8, tables.UringRegister)), Values(tables.UringRestriction, "IORING_RESTRICTION_REGISTER_OP")...),
		Arm(One("sqe_op", EnumOf(X8, tables.UringOp)), Values(tables.UringRestriction, "IORING_RESTRICTION_SQE_OP")...),
		Arm(One("sqe_flags", FlagsOf(X8, tables.UringSqeFlags)), Values(tables.UringRestriction,
			"IORING_RESTRICTION_SQE_FLAGS_ALLOWED", "IORING_RESTRICTION_SQE_FLAGS_REQUIRED")...),
		Arm(&uringNoted{U8}))},
	Reserved("resv", X8),
	Reserved("resv2", Array(X32, Const(3))),
})

// uringNoted is a byte of unknown meaning, told in a comment.
type uringNoted struct{ *Number }

func (t *uringNoted) ShowAsMembers(c *Call, v View) {
	op := "0"
	if n := t.Value(c, v); n != 0 {
		op = HexString(n)
	}
	c.Out.Comment(output.Note, "op: "+op)
}

// uringSized points to a struct of nr_args bytes.
func uringSized(st *StructType) Type { return Ptr(Extensible(st, Ref("nr_args"), 32)) }

func uringResources(data Type) *StructType {
	return Struct(Fields{
		{"nr", U32},
		{"flags", Flags(tables.UringRsrcFlags)},
		Reserved("resv2", X64),
		{"data", Aligned8(Ptr64(data))},
		{"tags", Aligned8(Ptr64(Array(X64, Ref("nr"))))},
	})
}

func uringUpdate(data Type) *StructType {
	return Struct(Fields{
		{"offset", U32},
		Reserved("resv", X32),
		{"data", Aligned8(Ptr64(data))},
		{"tags", Aligned8(Ptr64(Array(X64, Ref("nr"))))},
		{"nr", U32},
		Reserved("resv2", X32),
	})
}

var uringWorkers = IndexedList(U32, Ref("nr_args"), tables.UringWorkers)

// uringWorkersKnown says that the array could be shown, as far as it is.
func uringWorkersKnown(c *Call) bool {
	n := Ref("nr_args").Num(c)
	if c.Abbrev {
		n = min(n, uint64(c.StringLimit)+1)
	}
	if n == 0 {
		return false
	}
	_, first := c.ReadUint(c.Args[2], 4)
	_, last := c.ReadUint(c.Args[2]+4*(n-1), 4)
	return first && last
}

var uringRingFD = Struct(Fields{{"offset", uringSlot}, Reserved("resv", X32), {"data", FD64}})

// uringSlot is the place of a ring's descriptor; -1 asks for any.
var uringSlot = ValueOf(U32, func(c *Call, v uint64) {
	if v == 0xffffffff {
		c.Out.Number(^uint64(0), output.Signed)
		return
	}
	c.Out.Number(v, output.Unsigned)
})

var uringRingFree = Struct(Fields{
	{"offset", U32}, Reserved("resv", X32), Reserved("data", X64),
})

// maxProbe is the most operations that IORING_REGISTER_PROBE tells of.
const maxProbe = 256

// uringProbe points to a struct io_uring_probe with room for nr_args operations.
var uringProbe = ChangeUnlessZero(
	uringProbeWith(Array(ioUringProbeOp, Ref("nr_args"))),
	uringProbeWith(AtAddr(func(c *Call, addr uint64) {
		c.ShowRoom(addr, ioUringProbeOp, Ref("ops_len").Num(c), Ref("nr_args").Num(c))
	})),
	Func(func(c *Call) uint64 { return 16 + 8*Ref("nr_args").Num(c) }), true)

var ioUringProbeOp = Struct(Fields{
	{"op", EnumOf(U8, tables.UringOp)},
	Reserved("resv", X8),
	{"flags", FlagsOf(X16, tables.UringOpFlags)},
	Reserved("resv2", X32),
})

func uringProbeWith(ops Type) *StructType {
	return Struct(Fields{
		{"last_op", EnumOf(U8, tables.UringOp)},
		{"ops_len", U8},
		Reserved("resv", X16),
		Reserved("resv2", Array(X32, Const(3))),
		{"ops", ops},
	})
}

var ioUringBufReg = Struct(Fields{
	{"ring_addr", Addr64},
	{"ring_entries", U32},
	{"bgid", U16},
	{"flags", X16},
	{"min_left", U32},
	Reserved("resv", Array(X32, Const(5))),
})

var ioUringSyncCancelReg = Struct(Fields{
	{"addr", Addr64},
	{"fd", FD},
	{"flags", Flags(tables.UringCancelFlags)},
	{"timeout", Struct(Fields{{"tv_sec", S64}, {"tv_nsec", S64}})},
	{"opcode", EnumOf(X8, tables.UringOp)},
	Reserved("pad", Array(X8, Const(7))),
	Reserved("pad2", Array(X64, Const(3))),
})

var ioUringFileIndexRange = Struct(Fields{{"off", U32}, {"len", U32}, Reserved("resv", X64)})

var ioUringBufStatus = Struct(Fields{
	{"buf_group", X32}, {"head", X32}, Reserved("resv", Array(X32, Const(8))),
})

var ioUringNapi = Struct(Fields{
	{"busy_poll_to", X32},
	{"prefer_busy_poll", X8},
	{"opcode", EnumOf(X8, tables.UringNapiOp)},
	Reserved("pad", Array(X8, Const(2))),
	{"op_param", Union(Ref("opcode"),
		Arm(Enum(tables.UringNapiTracking), Values(tables.UringNapiOp, "IO_URING_NAPI_REGISTER_OP")...), Arm(X32))},
	Reserved("resv", X32),
})

var ioUringClockRegister = Struct(Fields{
	{"clockid", Enum(tables.ClockID)}, Reserved("__resv", Array(X32, Const(3))),
})

var ioUringCloneBuffers = Struct(Fields{
	{"src_fd", FD},
	{"flags", Flags(tables.UringCloneBuffers)},
	{"src_off", U32},
	{"dst_off", U32},
	{"nr", U32},
	Reserved("pad", Array(X32, Const(3))),
})

var ioUringZcrxIfqReg = Struct(Fields{
	{"if_idx", U32},
	{"if_rxq", U32},
	{"rq_entries", U32},
	{"flags", Flags(tables.UringZcrxReg)},
	{"area_ptr", Addr64},
	{"region_ptr", Addr64},
	{"offsets", Struct(Fields{
		{"head", U32}, {"tail", U32}, {"rqes", U32}, Reserved("__resv2", X32), Reserved("__resv", Array(X64, Const(2))),
	})},
	{"zcrx_id", U32},
	{"rx_buf_len", U32},
	{"event_desc", Addr64},
	Reserved("__resv", Array(X64, Const(2))),
})

// zcrxCtrl has its union once for each operation.
var zcrxCtrl = Struct(Fields{
	{"zcrx_id", U32},
	{"op", Enum(tables.UringZcrxCtrl)},
	Reserved("__resv", Array(X64, Const(2))),
	{"zc_flush", When(zcrxOp("ZCRX_CTRL_FLUSH_RQ"), overlaid(Struct(Fields{Reserved("__resv", Array(X64, Const(6)))})))},
	{"zc_export", When(zcrxOp("ZCRX_CTRL_EXPORT"), overlaid(Struct(Fields{
		{"zcrx_fd", FD}, Reserved("__resv1", Array(X32, Const(11))),
	})))},
	{"zc_arm_event", When(zcrxOp("ZCRX_CTRL_ARM_EVENT"), overlaid(Struct(Fields{
		{"event_type", Enum(tables.UringZcrxEvent)}, Reserved("__resv", Array(X32, Const(11))),
	})))},
	{"_", Pad(48)},
})

func zcrxOp(name string) Cond { return Is(Ref("op"), Values(tables.UringZcrxCtrl, name)...) }

// overlaid is a member of a union: it takes no room of its own, and is read
// from where it stands.
func overlaid(st *StructType) Type {
	return AtAddr(func(c *Call, addr uint64) { c.ShowAt(addr, st) })
}

var ioUringResize = Struct(Fields{
	{"sq_entries", U32},
	{"cq_entries", U32},
	{"flags", Flags(tables.UringSetup)},
	{"_", Pad(16)},
	Reserved("resv", Array(X32, Const(3))),
	Reserved("sq_off", Struct(Fields{{"_", Pad(32)}, {"user_addr", X64}})),
	Reserved("cq_off", Struct(Fields{{"_", Pad(32)}, {"user_addr", X64}})),
}).Moved("sq_off", "resv").Moved("cq_off", "resv")

var ioUringMemRegionReg = Struct(Fields{
	{"region_uptr", Addr64}, {"flags", FlagsOf(X64, tables.UringMemRegionReg)}, Reserved("__resv", Array(X64, Const(2))),
})

// Queries form a list; each has data of its own.

var ioUringQueryHdr = Struct(Fields{
	{"next_entry", Unseen(X64)},
	{"query_data", Addr64},
	{"query_op", Enum(tables.UringQuery)},
	{"size", U32},
	{"result", S32},
	Reserved("__resv", Array(X32, Const(3))),
})

// ioUringQueries are the kinds of data, by operation.
var ioUringQueries = Union(Ref("query_op"),
	Arm(Ptr64(Struct(Fields{
		{"nr_request_opcodes", U32}, {"nr_register_opcodes", U32},
		{"feature_flags", FlagsOf(X64, tables.UringFeatures)}, {"ring_setup_flags", FlagsOf(X64, tables.UringSetup)},
		{"enter_flags", FlagsOf(X64, tables.UringEnter)}, {"sqe_flags", FlagsOf(X64, tables.UringSqeFlags)},
		{"nr_query_opcodes", U32}, Reserved("__pad", X32),
	})), Values(tables.UringQuery, "IO_URING_QUERY_OPCODES")...),
	Arm(Ptr64(Struct(Fields{
		{"register_flags", FlagsOf(X64, tables.UringZcrxReg)}, {"area_flags", FlagsOf(X64, tables.UringZcrxArea)},
		{"nr_ctrl_opcodes", U32}, {"features", X32}, {"rq_hdr_size", U32}, {"rq_hdr_alignment", U32}, Reserved("__resv2", X64),
	})), Values(tables.UringQuery, "IO_URING_QUERY_ZCRX")...),
	Arm(Ptr64(Struct(Fields{{"hdr_size", U64}, {"hdr_alignment", U64}})), Values(tables.UringQuery, "IO_URING_QUERY_SCQ")...),
	Arm(Ptr64(Struct(Fields{
		{"event_flags", X32}, {"stats_size", U32}, {"stats_off_alignment", U32},
		Reserved("__resv1", X32), Reserved("__resv2", Array(X64, Const(4))),
	})), Values(tables.UringQuery, "IO_URING_QUERY_ZCRX_EVENT")...),
	Arm(Addr64))

// maxQueries is the longest list that the kernel follows.
const maxQueries = 1000

// showUringQueries shows the list from its n-th entry on, each within the one
// before it.
func showUringQueries(c *Call, addr uint64, n int) {
	v, ok := c.ReadType(addr, ioUringQueryHdr)
	if addr == 0 || !ok {
		c.Out.Addr(addr)
		return
	}
	if n >= maxQueries || c.Abbrev && n >= c.StringLimit {
		c.Out.Addr(addr)
		c.Out.Comment(output.Note, "...")
		return
	}
	c.Out.BeginStruct()
	ioUringQueryHdr.ShowMembers(c, v)
	pushed := c.Push(ioUringQueryHdr, v)
	data := ioUringQueryHdr.Member(c, "query_data", v)
	if data.Uint(8) != 0 && Ref("size").Num(c) > 0 {
		c.Out.Field("query_data")
		ioUringQueries.Show(c, data)
	}
	next := Ref("next_entry").Num(c)
	if pushed {
		c.Pop()
	}
	c.Out.Field("next_entry")
	showUringQueries(c, next, n+1)
	c.Out.EndStruct()
}
