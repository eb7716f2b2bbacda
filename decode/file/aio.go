package file

import (
	"math"

	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/tables"
)

// Asynchronous I/O: fs/aio.c.

// iocbWhole is struct iocb. What aio_buf refers to depends on the command.
var iocbWhole = &Struct{C: "iocb", Fields: Fields{
	{"aio_data", X64},
	{"aio_key", Reserved{U32}},
	{"aio_rw_flags", Reserved{rwFlags}},
	{"aio_lio_opcode", &Enum{In: U16, Set: &tables.AioCmd}},
	{"aio_reqprio", &When{If: Any{iocbHasPriority, &Has{N: Ref("aio_reqprio"), Values: Nums{math.MaxUint16}}},
		Then: &Union{On: If{iocbHasPriority}, Arms: Arms{{Ioprio{Number: X16}, Nums{1}}, {S16, Nums{0}}}}}},
	{"aio_fildes", FD},
	{"aio_buf", X64},
	{"aio_nbytes", U64},
	{"aio_offset", S64},
	{"aio_reserved2", X64},
	{"aio_flags", Reserved{&Flags{Set: &tables.AioFlags}}},
	{"aio_resfd", &When{If: Any{iocbNotifies, &Has{N: Ref("aio_resfd"), Values: Nums{math.MaxUint32}}},
		Then: &Union{On: If{iocbNotifies}, Arms: Arms{{FD, Nums{1}}, {X32, Nums{0}}}}}},
}}

// iocbHasPriority is the condition that aio_reqprio is an I/O priority,
// iocbNotifies that aio_resfd is an eventfd to be notified of the completion.
var (
	iocbHasPriority = &Has{N: Ref("aio_flags"), Set: &tables.AioFlags, Values: Names{"IOCB_FLAG_IOPRIO"}}
	iocbNotifies    = &Has{N: Ref("aio_flags"), Set: &tables.AioFlags, Values: Names{"IOCB_FLAG_RESFD"}}
)

// iocbNone has the members that all commands use. io_cancel shows only these.
var (
	iocbNone = &Struct{Of: iocbWhole, Pick: Names{"aio_data", "aio_key", "aio_rw_flags", "aio_lio_opcode", "aio_reqprio", "aio_fildes"}}
	iocbRead = &Struct{Of: iocbWhole, Pick: Names{
		"aio_data", "aio_key", "aio_rw_flags", "aio_lio_opcode", "aio_reqprio", "aio_fildes", "aio_buf", "aio_nbytes", "aio_offset", "aio_flags",
		"aio_resfd",
	}}
	iocbWrite = &Struct{Of: iocbWhole, With: Fields{{"aio_buf", &Ptr{To: &Bytes{Len: Ref("aio_nbytes")}, Wide: true}}}, Pick: Names{
		"aio_data", "aio_key", "aio_rw_flags", "aio_lio_opcode", "aio_reqprio", "aio_fildes", "aio_buf", "aio_nbytes", "aio_offset", "aio_flags",
		"aio_resfd",
	}}
	iocbReadVec = &Struct{Of: iocbWhole, With: Fields{{"aio_buf", &Ptr{To: &Iovecs{Count: Ref("aio_nbytes"), Bare: true}, Wide: true}}}, Pick: Names{
		"aio_data", "aio_key", "aio_rw_flags", "aio_lio_opcode", "aio_reqprio", "aio_fildes", "aio_buf", "aio_offset", "aio_flags", "aio_resfd",
	}}
	iocbWriteVec = &Struct{Of: iocbWhole, With: Fields{{"aio_buf", &Ptr{To: &Iovecs{Count: Ref("aio_nbytes")}, Wide: true}}}, Pick: Names{
		"aio_data", "aio_key", "aio_rw_flags", "aio_lio_opcode", "aio_reqprio", "aio_fildes", "aio_buf", "aio_offset", "aio_flags", "aio_resfd",
	}}
	iocbPoll = &Struct{Of: iocbWhole, With: Fields{{"aio_buf", &Flags{In: X64, Set: &tables.PollEvents}}}, Pick: Names{
		"aio_data", "aio_key", "aio_rw_flags", "aio_lio_opcode", "aio_reqprio", "aio_fildes", "aio_buf", "aio_flags", "aio_resfd",
	}}
)

// showIocb shows a struct iocb with the members that its command uses.
func showIocb(c *Call, addr uint64) {
	v, ok := c.ReadType(addr, iocbNone)
	if !ok {
		c.Out.Addr(addr)
		return
	}
	op, _ := iocbNone.NumberIn(c, "aio_lio_opcode", v)
	size, _ := iocbNone.NumberIn(c, "aio_nbytes", v)
	name, _ := tables.AioCmd.Lookup(op)
	st := iocbNone
	switch name {
	case "IOCB_CMD_PREAD":
		st = iocbRead
	case "IOCB_CMD_PWRITE":
		st = iocbWrite
	case "IOCB_CMD_PREADV":
		st = iocbReadVec
	case "IOCB_CMD_PWRITEV":
		st = iocbWriteVec
	case "IOCB_CMD_POLL":
		st = iocbPoll
	}
	if st != iocbNone && st != iocbPoll && size > math.MaxInt64 {
		st = iocbRead // the kernel is going to refuse it
	}
	st.Show(c, v)
}

var ioEvent = &Struct{C: "io_event", Fields: Fields{{"data", X64}, {"obj", X64}, {"res", S64}, {"res2", S64}}}

var (
	aioContext = Addr
	ioEvents   = &Out{To: &List{Of: ioEvent, Count: Result}}
)

var aioCalls = Calls{
	{"io_setup", Args{{"nr_events", Uint}, {"ctx_idp", &Out{To: &Array{Of: aioContext, N: 1}}}}, RetUnsigned},
	{"io_destroy", Args{{"ctx_id", aioContext}}, RetUnsigned},
	{"io_submit", Args{{"ctx_id", aioContext}, {"nr", Long}, {"iocbpp", &Ptr{To: &List{Of: &Ptr{To: AtAddr(showIocb)}, Count: Ref("nr")}}}}, RetUnsigned},
	{"io_cancel", Args{{"ctx_id", aioContext}, {"iocb", &Ptr{To: iocbNone}}, {"result", &Out{To: ioEvent}}}, RetUnsigned},
	{"io_getevents", Args{{"ctx_id", aioContext}, {"min_nr", Long}, {"nr", Long}, {"events", ioEvents},
		{"timeout", &Ptr{To: &Timespec}}}, RetUnsigned},
	{"io_pgetevents", Args{{"ctx_id", aioContext}, {"min_nr", Long}, {"nr", Long}, {"events", ioEvents},
		{"timeout", &Ptr{To: &Timespec}}, {"sig", &Ptr{To: sizedSigmask}}}, RetUnsigned},
}

var aioCallsI386 = Calls{
	{"io_pgetevents_time64", Args{{"ctx_id", aioContext}, {"min_nr", Long}, {"nr", Long}, {"events", ioEvents},
		{"timeout", &Ptr{To: &Timespec64}}, {"sig", &Ptr{To: sizedSigmask}}}, RetUnsigned},
}
