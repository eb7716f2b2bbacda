package uring

import (
	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// Commands of io_uring_register(2): io_uring/register.c.

var registerCommands = Calls{
	{"IORING_REGISTER_BUFFERS", Args{{"arg", &Ptr{To: &Iovecs{Count: Ref("nr_args"), Bare: true}}}, {"nr_args", U32}}, nil},
	{"IORING_REGISTER_FILES IORING_REGISTER_EVENTFD IORING_REGISTER_EVENTFD_ASYNC", Args{{"arg", &Ptr{To: &List{Of: FD, Count: Ref("nr_args")}}}, {"nr_args", U32}}, nil},
	{"IORING_REGISTER_FILES_UPDATE", Args{{"arg", &Ptr{To: ioUringFilesUpdate}}, {"nr_args", U32}}, nil},
	{"IORING_REGISTER_PROBE", Args{{"arg", &When{If: Test(fewProbed), Then: uringProbe}}, {"arg", unlessFew}, {"nr_args", uringCount}}, nil},
	{"IORING_REGISTER_RESTRICTIONS", Args{{"arg", &Ptr{To: &List{Of: ioUringRestriction, Count: Ref("nr_args")}}}, {"nr_args", U32}}, nil},
	{"IORING_REGISTER_FILES2", Args{{"arg", &Ptr{To: &Extensible{Of: &Struct{Of: uringResources, With: Fields{{"data", Aligned{&Ptr{To: &List{Of: FD, Count: Ref("nr")}, Wide: true}}}}}, Size: Ref("nr_args"), Least: 32}}}, {"nr_args", U32}}, nil},
	{"IORING_REGISTER_BUFFERS2", Args{{"arg", &Ptr{To: &Extensible{Of: &Struct{Of: uringResources, With: Fields{{"data", Aligned{&Ptr{To: &Iovecs{Count: Ref("nr"), Bare: true}, Wide: true}}}}}, Size: Ref("nr_args"), Least: 32}}}, {"nr_args", U32}}, nil},
	{"IORING_REGISTER_FILES_UPDATE2", Args{{"arg", &Ptr{To: &Extensible{Of: &Struct{Of: uringUpdate, With: Fields{{"data", Aligned{&Ptr{To: &List{Of: uringFile, Count: Ref("nr")}, Wide: true}}}}}, Size: Ref("nr_args"), Least: 32}}}, {"nr_args", U32}}, nil},
	{"IORING_REGISTER_BUFFERS_UPDATE", Args{{"arg", &Ptr{To: &Extensible{Of: &Struct{Of: uringUpdate, With: Fields{{"data", Aligned{&Ptr{To: &Iovecs{Count: Ref("nr"), Bare: true}, Wide: true}}}}}, Size: Ref("nr_args"), Least: 32}}}, {"nr_args", U32}}, nil},
	{"IORING_REGISTER_IOWQ_AFF", Args{{"arg", &Ptr{To: &CPUSet{Size: Ref("nr_args")}}}, {"nr_args", U32}}, nil},
	{"IORING_REGISTER_IOWQ_MAX_WORKERS", Args{{"arg", &Change{In: uringWorkers, Out: uringWorkers, OrAddr: true, If: Test(uringWorkersKnown)}}, {"nr_args", U32}}, nil},
	{"IORING_REGISTER_RING_FDS", Args{{"arg", &Ptr{To: &List{Of: uringRingFD, Count: Ref("nr_args")}}}, {"nr_args", U32}}, nil},
	{"IORING_UNREGISTER_RING_FDS", Args{{"arg", &Ptr{To: &List{Of: uringRingFree, Count: Ref("nr_args")}}}, {"nr_args", U32}}, nil},
	{"IORING_REGISTER_PBUF_RING IORING_UNREGISTER_PBUF_RING", Args{{"arg", &When{If: one, Then: &Ptr{To: ioUringBufReg}}}, {"arg", unlessOne}, {"nr_args", uringCount}}, nil},
	{"IORING_REGISTER_SYNC_CANCEL", Args{{"arg", &When{If: one, Then: &Ptr{To: ioUringSyncCancelReg}}}, {"arg", unlessOne}, {"nr_args", uringCount}}, nil},
	{"IORING_REGISTER_FILE_ALLOC_RANGE", Args{{"arg", &When{If: one, Then: &Ptr{To: ioUringFileIndexRange}}}, {"arg", unlessOne}, {"nr_args", uringCount}}, nil},
	{"IORING_REGISTER_PBUF_STATUS", Args{{"arg", &When{If: one, Then: &Out{To: ioUringBufStatus}}}, {"arg", unlessOne}, {"nr_args", uringCount}}, nil},
	{"IORING_REGISTER_NAPI", Args{{"arg", &When{If: one, Then: &Change{In: ioUringNapi, Out: ioUringNapi}}}, {"arg", unlessOne}, {"nr_args", uringCount}}, nil},
	{"IORING_UNREGISTER_NAPI", Args{{"arg", &When{If: one, Then: &Out{To: ioUringNapi}}}, {"arg", unlessOne}, {"nr_args", uringCount}}, nil},
	{"IORING_REGISTER_CLOCK", Args{{"arg", &When{If: none, Then: &Ptr{To: ioUringClockRegister}}}, {"arg", unlessNone}, {"nr_args", uringCount}}, nil},
	{"IORING_REGISTER_CLONE_BUFFERS", Args{{"arg", &When{If: one, Then: &Ptr{To: ioUringCloneBuffers}}}, {"arg", unlessOne}, {"nr_args", uringCount}}, nil},
	{"IORING_REGISTER_SEND_MSG_RING", Args{{"arg", &When{If: one, Then: &Ptr{To: ioUringSqe}}}, {"arg", unlessOne}, {"nr_args", uringCount}}, nil},
	{"IORING_REGISTER_ZCRX_IFQ", Args{{"arg", &When{If: one, Then: &Ptr{To: ioUringZcrxIfqReg}}}, {"arg", unlessOne}, {"nr_args", uringCount}}, nil},
	{"IORING_REGISTER_ZCRX_CTRL", Args{{"arg", &When{If: one, Then: &Fill{
		In: &Struct{Of: zcrxCtrl, Pick: Names{"zcrx_id", "op", "__resv", "zc_flush", "zc_arm_event"}}, Out: &Struct{Of: zcrxCtrl, Pick: Names{"zc_export"}}}}}, {"arg", unlessOne}, {"nr_args", uringCount}}, nil},
	{"IORING_REGISTER_RESIZE_RINGS", Args{{"arg", &When{If: one, Then: &Ptr{To: ioUringResize}}}, {"arg", unlessOne}, {"nr_args", uringCount}}, nil},
	{"IORING_REGISTER_MEM_REGION", Args{{"arg", &When{If: one, Then: &Ptr{To: ioUringMemRegionReg}}}, {"arg", unlessOne}, {"nr_args", uringCount}}, nil},
	{"IORING_REGISTER_QUERY", Args{{"arg", &When{If: none, Then: &Ptr{To: AtAddr(func(c *Call, addr uint64) { showUringQueries(c, addr, 0) })}}}, {"arg", unlessNone}, {"nr_args", uringCount}}, nil},
	{"", Args{{"arg", Addr}, {"nr_args", U32}}, nil},
}

// Some commands read their argument only if nr_args has a certain value.
var (
	one        = &Is{N: Ref("nr_args"), Values: Nums{1}}
	none       = &Is{N: Ref("nr_args"), Values: Nums{0}}
	unlessOne  = &When{If: Not{one}, Then: &InReg{Reg: 2, Of: Addr}}
	unlessNone = &When{If: Not{none}, Then: &InReg{Reg: 2, Of: Addr}}
	unlessFew  = &When{If: Not{Test(fewProbed)}, Then: &InReg{Reg: 2, Of: Addr}}
	uringCount = &InReg{Reg: 3, Of: U32}
)

// fewProbed reports whether the caller asks for no more operations than the
// kernel can report.
func fewProbed(c *Call) bool { return Ref("nr_args").Num(c) <= maxProbe }

// uringFile is a descriptor, or a negative number that means "none" or "no change".
var uringFile = &Value{In: S32, By: func(c *Call, v uint64) {
	if int64(v) < -1 {
		c.Out.Enum(v, &tables.UringFilesUpdate, output.Signed)
		return
	}
	ShowFD(c, int(int32(v)))
}}

var ioUringFilesUpdate = &Struct{C: "io_uring_files_update", Fields: Fields{
	{"offset", U32},
	{"resv", Reserved{X32}},
	{"fds", Aligned{&Ptr{To: &List{Of: uringFile, Count: Ref("nr_args")}, Wide: true}}},
}}

var ioUringRestriction = &Struct{C: "io_uring_restriction", Fields: Fields{
	{"opcode", &Enum{In: X16, Set: &tables.UringRestriction}},
	{"", &Union{On: Ref("opcode"), Set: &tables.UringRestriction, Arms: Arms{
		{&NamedArm{Name: "register_op", Type: &Enum{In: X8, Set: &tables.UringRegister}}, Names{"IORING_RESTRICTION_REGISTER_OP"}},
		{&NamedArm{Name: "sqe_op", Type: &Enum{In: X8, Set: &tables.UringOp}}, Names{"IORING_RESTRICTION_SQE_OP"}},
		{&NamedArm{Name: "sqe_flags", Type: &Flags{In: X8, Set: &tables.UringSqeFlags}}, Names{"IORING_RESTRICTION_SQE_FLAGS_ALLOWED", "IORING_RESTRICTION_SQE_FLAGS_REQUIRED"}},
		{&uringNoted{U8}, nil}}}},
	{"resv", Reserved{X8}},
	{"resv2", Reserved{&Array{Of: X32, N: 3}}},
}}

// uringNoted is a byte of unknown meaning, shown in a comment.
type uringNoted struct{ Number }

func (t *uringNoted) ShowAsMembers(c *Call, v View) {
	op := "0"
	if n := t.Value(c, v); n != 0 {
		op = HexString(n)
	}
	c.Out.Comment(output.Note, "op: "+op)
}

// Structs that describe resources. The type of their data depends on the kind of
// resource.
var (
	uringResources = &Struct{Fields: Fields{
		{"nr", U32},
		{"flags", &Flags{Set: &tables.UringRsrcFlags}},
		{"resv2", Reserved{X64}},
		{"data", AlignedAddr},
		{"tags", Aligned{&Ptr{To: &List{Of: X64, Count: Ref("nr")}, Wide: true}}},
	}}
	uringUpdate = &Struct{Fields: Fields{
		{"offset", U32},
		{"resv", Reserved{X32}},
		{"data", AlignedAddr},
		{"tags", Aligned{&Ptr{To: &List{Of: X64, Count: Ref("nr")}, Wide: true}}},
		{"nr", U32},
		{"resv2", Reserved{X32}},
	}}
)

var uringWorkers = &List{Of: U32, Count: Ref("nr_args"), Index: &tables.UringWorkers}

// uringWorkersKnown reports whether the part of the array that is shown can be
// read.
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

var uringRingFD = &Struct{C: "io_uring_rsrc_update", Fields: Fields{{"offset", uringSlot}, {"resv", Reserved{X32}}, {"data", FD64}}}

// uringSlot is an index for a ring's descriptor. -1 lets the kernel choose.
var uringSlot = &Value{In: U32, By: func(c *Call, v uint64) {
	if v == 0xffffffff {
		c.Out.Number(^uint64(0), output.Signed)
		return
	}
	c.Out.Number(v, output.Unsigned)
}}

var uringRingFree = &Struct{Fields: Fields{
	{"offset", U32}, {"resv", Reserved{X32}}, {"data", Reserved{X64}},
}}

// maxProbe is the largest number of operations that IORING_REGISTER_PROBE
// reports.
const maxProbe = 256

// uringProbe points to a struct io_uring_probe with room for nr_args operations.
var uringProbe = &Change{
	In:         uringProbeIn,
	Out:        &Struct{Of: uringProbeIn, With: Fields{{"ops", AtAddr(showProbeOps)}}},
	UnlessZero: Func(func(c *Call) uint64 { return 16 + 8*Ref("nr_args").Num(c) }), NoAddr: true}

func showProbeOps(c *Call, addr uint64) {
	c.ShowRoom(addr, ioUringProbeOp, Ref("ops_len").Num(c), Ref("nr_args").Num(c))
}

var ioUringProbeOp = &Struct{C: "io_uring_probe_op", Fields: Fields{
	{"op", &Enum{In: U8, Set: &tables.UringOp}},
	{"resv", Reserved{X8}},
	{"flags", &Flags{In: X16, Set: &tables.UringOpFlags}},
	{"resv2", Reserved{X32}},
}}

var uringProbeIn = &Struct{Fields: Fields{
	{"last_op", &Enum{In: U8, Set: &tables.UringOp}},
	{"ops_len", U8},
	{"resv", Reserved{X16}},
	{"resv2", Reserved{&Array{Of: X32, N: 3}}},
	{"ops", &List{Of: ioUringProbeOp, Count: Ref("nr_args")}},
}}

var ioUringBufReg = &Struct{C: "io_uring_buf_reg", Fields: Fields{
	{"ring_addr", Addr64},
	{"ring_entries", U32},
	{"bgid", U16},
	{"flags", X16},
	{"min_left", U32},
	{"resv", Reserved{&Array{Of: X32, N: 5}}},
}}

var ioUringSyncCancelReg = &Struct{C: "io_uring_sync_cancel_reg", Fields: Fields{
	{"addr", Addr64},
	{"fd", FD},
	{"flags", &Flags{Set: &tables.UringCancelFlags}},
	{"timeout", &Struct{Fields: Fields{{"tv_sec", S64}, {"tv_nsec", S64}}}},
	{"opcode", &Enum{In: X8, Set: &tables.UringOp}},
	{"pad", Reserved{&Array{Of: X8, N: 7}}},
	{"pad2", Reserved{&Array{Of: X64, N: 3}}},
}}

var ioUringFileIndexRange = &Struct{C: "io_uring_file_index_range", Fields: Fields{{"off", U32}, {"len", U32}, {"resv", Reserved{X64}}}}

var ioUringBufStatus = &Struct{C: "io_uring_buf_status", Fields: Fields{
	{"buf_group", X32}, {"head", X32}, {"resv", Reserved{&Array{Of: X32, N: 8}}},
}}

var ioUringNapi = &Struct{C: "io_uring_napi", Fields: Fields{
	{"busy_poll_to", X32},
	{"prefer_busy_poll", X8},
	{"opcode", &Enum{In: X8, Set: &tables.UringNapiOp}},
	{"pad", Reserved{&Array{Of: X8, N: 2}}},
	{"op_param", &Union{On: Ref("opcode"), Set: &tables.UringNapiOp, Arms: Arms{
		{&Enum{Set: &tables.UringNapiTracking}, Names{"IO_URING_NAPI_REGISTER_OP"}}, {X32, nil}}}},
	{"resv", Reserved{X32}},
}}

var ioUringClockRegister = &Struct{C: "io_uring_clock_register", Fields: Fields{
	{"clockid", &Enum{Set: &tables.ClockID}}, {"__resv", Reserved{&Array{Of: X32, N: 3}}},
}}

var ioUringCloneBuffers = &Struct{C: "io_uring_clone_buffers", Fields: Fields{
	{"src_fd", FD},
	{"flags", &Flags{Set: &tables.UringCloneBuffers}},
	{"src_off", U32},
	{"dst_off", U32},
	{"nr", U32},
	{"pad", Reserved{&Array{Of: X32, N: 3}}},
}}

var ioUringZcrxIfqReg = &Struct{C: "io_uring_zcrx_ifq_reg", Fields: Fields{
	{"if_idx", U32},
	{"if_rxq", U32},
	{"rq_entries", U32},
	{"flags", &Flags{Set: &tables.UringZcrxReg}},
	{"area_ptr", Addr64},
	{"region_ptr", Addr64},
	{"offsets", &Struct{Fields: Fields{
		{"head", U32}, {"tail", U32}, {"rqes", U32}, {"__resv2", Reserved{X32}}, {"__resv", Reserved{&Array{Of: X64, N: 2}}},
	}}},
	{"zcrx_id", U32},
	{"rx_buf_len", U32},
	{"event_desc", Addr64},
	{"__resv", Reserved{&Array{Of: X64, N: 2}}},
}}

// zcrxCtrl shows its union as one member for each operation.
var zcrxCtrl = &Struct{C: "zcrx_ctrl", Fields: Fields{
	{"zcrx_id", U32},
	{"op", &Enum{Set: &tables.UringZcrxCtrl}},
	{"__resv", Reserved{&Array{Of: X64, N: 2}}},
	{"zc_flush", &When{If: zcrxOp("ZCRX_CTRL_FLUSH_RQ"), Then: &overlaid{of: &Struct{Fields: Fields{{"__resv", Reserved{&Array{Of: X64, N: 6}}}}}}}},
	{"zc_export", &When{If: zcrxOp("ZCRX_CTRL_EXPORT"), Then: &overlaid{of: &Struct{Fields: Fields{
		{"zcrx_fd", FD}, {"__resv1", Reserved{&Array{Of: X32, N: 11}}},
	}}}}},
	{"zc_arm_event", &When{If: zcrxOp("ZCRX_CTRL_ARM_EVENT"), Then: &overlaid{of: &Struct{Fields: Fields{
		{"event_type", &Enum{Set: &tables.UringZcrxEvent}}, {"__resv", Reserved{&Array{Of: X32, N: 11}}},
	}}}}},
	{"_", Pad(48)},
}}

func zcrxOp(name string) Cond {
	return &Is{N: Ref("op"), Set: &tables.UringZcrxCtrl, Values: Names{name}}
}

// overlaid is a member of a union that adds nothing to the size of the struct. It is read
// from its own position.
type overlaid struct {
	Unsized
	of *Struct
}

func (t *overlaid) Show(c *Call, v View) { c.ShowAt(v.Addr, t.of) }

var ioUringResize = &Struct{Of: &Struct{Of: &Struct{Fields: Fields{
	{"sq_entries", U32},
	{"cq_entries", U32},
	{"flags", &Flags{Set: &tables.UringSetup}},
	{"_", Pad(16)},
	{"resv", Reserved{&Array{Of: X32, N: 3}}},
	{"sq_off", Reserved{&Struct{Fields: Fields{{"_", Pad(32)}, {"user_addr", X64}}}}},
	{"cq_off", Reserved{&Struct{Fields: Fields{{"_", Pad(32)}, {"user_addr", X64}}}}},
}}, Move: "sq_off", Before: "resv"}, Move: "cq_off", Before: "resv"}

var ioUringMemRegionReg = &Struct{C: "io_uring_mem_region_reg", Fields: Fields{
	{"region_uptr", Addr64}, {"flags", &Flags{In: X64, Set: &tables.UringMemRegionReg}}, {"__resv", Reserved{&Array{Of: X64, N: 2}}},
}}

// Queries form a linked list. Each has its own data.

var ioUringQueryHdr = &Struct{C: "io_uring_query_hdr", Fields: Fields{
	{"next_entry", Hidden{X64}},
	{"query_data", Addr64},
	{"query_op", &Enum{Set: &tables.UringQuery}},
	{"size", U32},
	{"result", S32},
	{"__resv", Reserved{&Array{Of: X32, N: 3}}},
}}

// ioUringQueries are the types of data, by operation.
var ioUringQueries = &Union{On: Ref("query_op"), Set: &tables.UringQuery, Arms: Arms{
	{&Ptr{To: &Struct{Fields: Fields{
		{"nr_request_opcodes", U32}, {"nr_register_opcodes", U32},
		{"feature_flags", &Flags{In: X64, Set: &tables.UringFeatures}}, {"ring_setup_flags", &Flags{In: X64, Set: &tables.UringSetup}},
		{"enter_flags", &Flags{In: X64, Set: &tables.UringEnter}}, {"sqe_flags", &Flags{In: X64, Set: &tables.UringSqeFlags}},
		{"nr_query_opcodes", U32}, {"__pad", Reserved{X32}},
	}}, Wide: true}, Names{"IO_URING_QUERY_OPCODES"}},
	{&Ptr{To: &Struct{Fields: Fields{
		{"register_flags", &Flags{In: X64, Set: &tables.UringZcrxReg}}, {"area_flags", &Flags{In: X64, Set: &tables.UringZcrxArea}},
		{"nr_ctrl_opcodes", U32}, {"features", X32}, {"rq_hdr_size", U32}, {"rq_hdr_alignment", U32}, {"__resv2", Reserved{X64}},
	}}, Wide: true}, Names{"IO_URING_QUERY_ZCRX"}},
	{&Ptr{To: &Struct{Fields: Fields{{"hdr_size", U64}, {"hdr_alignment", U64}}}, Wide: true}, Names{"IO_URING_QUERY_SCQ"}},
	{&Ptr{To: &Struct{Fields: Fields{
		{"event_flags", X32}, {"stats_size", U32}, {"stats_off_alignment", U32},
		{"__resv1", Reserved{X32}}, {"__resv2", Reserved{&Array{Of: X64, N: 4}}},
	}}, Wide: true}, Names{"IO_URING_QUERY_ZCRX_EVENT"}},
	{Addr64, nil}}}

// maxQueries is the longest list that the kernel follows.
const maxQueries = 1000

// showUringQueries shows the list starting at its n-th entry. Each entry is
// nested in the previous one.
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
