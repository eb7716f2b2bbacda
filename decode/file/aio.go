package file

import (
	"math"

	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/tables"
)

// Asynchronous input and output: fs/aio.c.

// newIocb is struct iocb with what a command takes aio_buf for, showing the
// members that it uses.
func newIocb(buf Type, more ...string) *StructType {
	return Struct(Fields{
		{"aio_data", X64},
		Reserved("aio_key", U32),
		Reserved("aio_rw_flags", rwFlags),
		{"aio_lio_opcode", EnumOf(U16, tables.AioCmd)},
		{"aio_reqprio", When(Any(iocbHasPriority, Has(Ref("aio_reqprio"), math.MaxUint16)),
			Union(If(iocbHasPriority), Arm(Ioprio{Number: X16}, 1), Arm(S16, 0)))},
		{"aio_fildes", FD},
		{"aio_buf", buf},
		{"aio_nbytes", U64},
		{"aio_offset", S64},
		{"aio_reserved2", X64},
		Reserved("aio_flags", Flags(tables.AioFlags)),
		{"aio_resfd", When(Any(iocbNotifies, Has(Ref("aio_resfd"), math.MaxUint32)),
			Union(If(iocbNotifies), Arm(FD, 1), Arm(X32, 0)))},
	}).Pick(append([]string{"aio_data", "aio_key", "aio_rw_flags", "aio_lio_opcode", "aio_reqprio", "aio_fildes"}, more...)...)
}

// iocbHasPriority says that aio_reqprio is an I/O priority, iocbNotifies that
// aio_resfd is an eventfd to tell of the end.
var (
	iocbHasPriority = HasNamed(Ref("aio_flags"), tables.AioFlags, "IOCB_FLAG_IOPRIO")
	iocbNotifies    = HasNamed(Ref("aio_flags"), tables.AioFlags, "IOCB_FLAG_RESFD")
)

// iocbNone has what all commands use; io_cancel shows no more of any.
var (
	iocbNone     = newIocb(X64)
	iocbRead     = newIocb(X64, "aio_buf", "aio_nbytes", "aio_offset", "aio_flags", "aio_resfd")
	iocbWrite    = newIocb(Ptr64(Buf(Ref("aio_nbytes"))), "aio_buf", "aio_nbytes", "aio_offset", "aio_flags", "aio_resfd")
	iocbReadVec  = newIocb(Ptr64(IovecsOf(Ref("aio_nbytes"), Unlimited, showIovBase)), "aio_buf", "aio_offset", "aio_flags", "aio_resfd")
	iocbWriteVec = newIocb(Ptr64(Iovecs(Ref("aio_nbytes"), Unlimited)), "aio_buf", "aio_offset", "aio_flags", "aio_resfd")
	iocbPoll     = newIocb(FlagsOf(X64, tables.PollEvents), "aio_buf", "aio_flags", "aio_resfd")
)

// showIovBase is for buffers that the kernel will write: there is nothing in
// them yet.
func showIovBase(c *Call, addr, n uint64) { c.Out.Addr(addr) }

// iocb is a struct iocb with the members that its command uses.
var iocb = AtAddr(func(c *Call, addr uint64) {
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
		st = iocbRead // the kernel will refuse it
	}
	st.Show(c, v)
})

var ioEvent = Struct(Fields{{"data", X64}, {"obj", X64}, {"res", S64}, {"res2", S64}})

var (
	aioContext = Addr
	ioEvents   = Out(Array(ioEvent, Result))
)

var aioCalls = Calls{
	{"io_setup", Args{{"nr_events", Uint}, {"ctx_idp", Out(Array(aioContext, Const(1)))}}, RetUnsigned},
	{"io_destroy", Args{{"ctx_id", aioContext}}, RetUnsigned},
	{"io_submit", Args{{"ctx_id", aioContext}, {"nr", Long}, {"iocbpp", Ptr(Array(Ptr(iocb), Ref("nr")))}}, RetUnsigned},
	{"io_cancel", Args{{"ctx_id", aioContext}, {"iocb", Ptr(iocbNone)}, {"result", Out(ioEvent)}}, RetUnsigned},
	{"io_getevents", Args{{"ctx_id", aioContext}, {"min_nr", Long}, {"nr", Long}, {"events", ioEvents},
		{"timeout", Ptr(Timespec)}}, RetUnsigned},
	{"io_pgetevents", Args{{"ctx_id", aioContext}, {"min_nr", Long}, {"nr", Long}, {"events", ioEvents},
		{"timeout", Ptr(Timespec)}, {"sig", Ptr(sizedSigmask)}}, RetUnsigned},
}

var aioCallsI386 = Calls{
	{"io_pgetevents_time64", Args{{"ctx_id", aioContext}, {"min_nr", Long}, {"nr", Long}, {"events", ioEvents},
		{"timeout", Ptr(Timespec64)}, {"sig", Ptr(sizedSigmask)}}, RetUnsigned},
}
