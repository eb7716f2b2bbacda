package ioctl

import (
	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// SCSI devices: scsi/sg.h, linux/bsg.h.

var scsiIoctls = Ioctls{
	{"SG_IO", &sgTransfer{}},
	{"SG_GET_SCSI_ID", &Out{To: sgSCSIID}},
	{"SG_GET_REQUEST_TABLE", &Out{To: sgReqInfo}},
	{"SG_SCSI_RESET", &Ptr{To: &Array{Of: &Value{By: showReset}, N: 1}}},
	{"SG_NEXT_CMD_LEN SG_SET_COMMAND_Q SG_SET_DEBUG SG_SET_FORCE_LOW_DMA SG_SET_FORCE_PACK_ID", &Ptr{To: Int}},
	{"SG_SET_KEEP_ORPHAN SG_SET_RESERVED_SIZE SG_SET_TIMEOUT", &Ptr{To: Int}},
	{"SG_EMULATED_HOST SG_GET_ACCESS_COUNT SG_GET_COMMAND_Q SG_GET_KEEP_ORPHAN SG_GET_LOW_DMA", &Out{To: Int}},
	{"SG_GET_NUM_WAITING SG_GET_PACK_ID SG_GET_RESERVED_SIZE SG_GET_SG_TABLESIZE SG_GET_TRANSFORM", &Out{To: Int}},
	{"SG_GET_VERSION_NUM", &Out{To: Int}},
	{"SG_SET_TRANSFORM", X32},
	{"SG_GET_TIMEOUT", nil},
}

var sgSCSIID = &Struct{Fields: Fields{
	{"host_no", Int},
	{"channel", Int},
	{"scsi_id", X32},
	{"lun", Int},
	{"scsi_type", X32},
	{"h_cmd_per_lun", S16},
	{"d_queue_depth", S16},
	{"_", &Array{Of: Int, N: 2}},
}}

var sgReqInfo = &Struct{Fields: Fields{
	{"req_state", S8},
	{"orphan", S8},
	{"sg_io_owned", S8},
	{"problem", S8},
	{"pack_id", Int},
	{"usr_ptr", Addr},
	{"duration", Uint},
	{"_", Int},
}}

// showReset shows what SG_SCSI_RESET resets.
func showReset(c *Call, v uint64) {
	const noEscalate = 0x100 // SG_SCSI_RESET_NO_ESCALATE
	if v&noEscalate != 0 {
		c.Out.Symbol(noEscalate, "SG_SCSI_RESET_NO_ESCALATE", output.Hex)
		c.Out.Join(output.Or)
	}
	c.Out.Enum(v&^noEscalate, &tables.SGReset, output.Hex)
}

// sgTransfer is the argument of SG_IO: a struct sg_io_hdr or sg_io_v4. The first
// word tells which.
type sgTransfer struct{ WordSized }

func (t *sgTransfer) Dir() Dir { return Both }

// sgHeader is one of these structs: the members shown before and after the
// transfer.
type sgHeader struct {
	tag     string // name of the first member
	mark    string // its value
	in, out *Struct
}

func sgHeaderOf(mark uint64) *sgHeader {
	switch mark {
	case 'S':
		return &sgV3
	case 'Q':
		return &sgV4
	}
	return nil
}

func (t *sgTransfer) Show(c *Call, v View) {
	c.Begun = false
	addr := v.Uint(c.WordSize())
	b, ok := c.ReadAll(addr, 4)
	if addr == 0 || !ok {
		c.Out.Addr(addr)
		return
	}
	mark := View{B: b}.Uint(4)
	h := sgHeaderOf(mark)
	if h == nil {
		c.Out.BeginArray()
		c.Out.Elem()
		c.Out.Number(mark, output.Unsigned)
		c.Out.EndArray()
		return
	}
	c.Out.BeginStruct()
	c.Out.Field(h.tag)
	c.Out.Text(h.mark)
	m, ok := c.ReadType(addr, h.in)
	if !ok {
		c.Out.Elem()
		c.Out.Addr(addr + 4)
		c.Out.EndStruct()
		return
	}
	h.in.ShowMembers(c, m)
	c.Begun, c.Before = true, mark
}

func (t *sgTransfer) Finish(c *Call, v View) {
	if !c.Begun {
		return
	}
	h := sgHeaderOf(c.Before)
	if m, ok := c.ReadType(v.Uint(c.WordSize()), h.in); ok {
		if now := m.Uint(4); now != c.Before {
			c.Out.Changed()
			c.Out.Field(h.tag)
			c.Out.Number(now, output.Unsigned)
		} else {
			h.showAnswer(c, m)
			h.out.ShowMembers(c, m)
		}
	}
	c.Out.EndStruct()
}

var (
	sgV3 = sgHeader{"interface_id", "'S'",
		&Struct{Of: sgIOHdr, Pick: Names{"dxfer_direction", "cmd_len", "cmdp", "mx_sb_len", "iovec_count", "dxfer_len", "timeout", "flags", "dxferp"}},
		&Struct{Of: sgIOHdr, Pick: Names{"dxferp", "status", "masked_status", "msg_status", "sb_len_wr", "sbp", "host_status", "driver_status", "resid", "duration", "info"}},
	}
	sgV4 = sgHeader{"guard", "'Q'",
		&Struct{Of: sgIOV4, Pick: Names{"protocol", "subprotocol", "request_len", "request", "request_tag", "request_attr", "request_priority",
			"request_extra", "max_response_len", "dout_iovec_count", "dout_xfer_len", "din_iovec_count", "din_xfer_len",
			"dout_xferp", "timeout", "flags", "usr_ptr"}},
		&Struct{Of: sgIOV4, Pick: Names{"response_len", "response", "din_xferp", "driver_status", "transport_status", "device_status",
			"retry_delay", "info", "duration", "response_len", "din_resid", "dout_resid", "generated_tag"}},
	}
)

var sgIOHdr = &Struct{Fields: Fields{
	{"interface_id", Int},
	{"dxfer_direction", &Enum{In: Int, Set: &tables.SGDirection}},
	{"cmd_len", U8},
	{"mx_sb_len", U8},
	{"iovec_count", U16},
	{"dxfer_len", U32},
	{"dxferp", &When{If: Test(sgMoves), Then: sgData{size: &sgFilled{"dxfer_len", "resid"}, iovecs: Ref("iovec_count")}}},
	{"cmdp", &Ptr{To: &Bytes{Len: Ref("cmd_len"), Kind: Binary}}},
	{"sbp", &Ptr{To: &Bytes{Len: Ref("sb_len_wr"), Kind: Binary}}},
	{"timeout", U32},
	{"flags", &Flags{Set: &tables.SGFlags}},
	{"pack_id", Int},
	{"usr_ptr", Addr},
	{"status", X8},
	{"masked_status", X8},
	{"msg_status", X8},
	{"sb_len_wr", U8},
	{"host_status", X16},
	{"driver_status", X16},
	{"resid", Int},
	{"duration", U32},
	{"info", &Flags{Set: &tables.SGInfo}},
}}

// Values of dxfer_direction: SG_DXFER_*.
const (
	sgToDev     = -2
	sgFromDev   = -3
	sgToFromDev = -4
)

// sgMoves reports whether a transfer in the direction dxfer_direction has data to
// show first at this stop.
func sgMoves(c *Call) bool {
	switch int32(Ref("dxfer_direction").Num(c)) {
	case sgToDev, sgToFromDev:
		return !c.Exiting()
	case sgFromDev:
		return c.Exiting()
	}
	return false
}

// showAnswer shows the received data, which replaces the sent data.
func (h *sgHeader) showAnswer(c *Call, m View) {
	value := func(name string) uint64 {
		n, _ := h.in.NumberIn(c, name, m)
		return n
	}
	if h != &sgV3 || int32(value("dxfer_direction")) != sgToFromDev {
		return
	}
	if n := sgLeft(value("dxfer_len"), value("resid")); n != 0 {
		c.Out.Changed()
		showTransfer(c, value("dxferp"), n, value("iovec_count"))
	}
}

// sgLeft returns how many of length bytes were transferred if rest bytes were not.
func sgLeft(length, rest uint64) uint64 {
	if left := int32(rest); left > 0 && uint64(left) <= length {
		return length - uint64(left)
	}
	return length
}

// sgFilled is the number of valid bytes of a transfer: before it all of them,
// after it all except the residual count.
type sgFilled struct{ length, rest Ref }

// Num implements Num.
func (t *sgFilled) Num(c *Call) uint64 {
	if c.Exiting() {
		return sgLeft(t.length.Num(c), t.rest.Num(c))
	}
	return t.length.Num(c)
}

// sgData is a member that points to the data of a transfer or to its iovecs.
type sgData struct {
	size, iovecs Num
	wide         bool // the pointer has 64 bits in every ABI
}

func (t sgData) Layout(abi tables.ABI) Layout {
	if t.wide {
		return U64.Layout(abi)
	}
	return Ulong.Layout(abi)
}

func (t sgData) Show(c *Call, v View) {
	showTransfer(c, v.Uint(t.Layout(c.ABI).Size), t.size.Num(c), t.iovecs.Num(c))
}

// showTransfer shows the bytes of a transfer, or the bytes that its iovecs point
// to.
func showTransfer(c *Call, addr, size, count uint64) {
	if count != 0 {
		ShowAnsweredIovecs(c, addr, count, size)
	} else {
		c.ShowBuffer(addr, size, Binary)
	}
}

var sgIOV4 = &Struct{Fields: Fields{
	{"guard", Int},
	{"protocol", &Enum{Set: &tables.BSGProtocol}},
	{"subprotocol", &Enum{Set: &tables.BSGSubprotocol}},
	{"request_len", U32},
	{"request", sgData{Ref("request_len"), Const(0), true}},
	{"request_tag", X64},
	{"request_attr", U32},
	{"request_priority", U32},
	{"request_extra", U32},
	{"max_response_len", U32},
	{"response", sgData{Ref("response_len"), Const(0), true}},
	{"dout_iovec_count", U32},
	{"dout_xfer_len", U32},
	{"din_iovec_count", U32},
	{"din_xfer_len", U32},
	{"dout_xferp", sgData{Ref("dout_xfer_len"), Ref("dout_iovec_count"), true}},
	{"din_xferp", sgData{&sgFilled{"din_xfer_len", "din_resid"}, Ref("din_iovec_count"), true}},
	{"timeout", U32},
	{"flags", &Flags{Set: &tables.BSGFlags}},
	{"usr_ptr", X64},
	{"spare_in", X32},
	{"driver_status", X32},
	{"transport_status", X32},
	{"device_status", X32},
	{"retry_delay", U32},
	{"info", &Flags{Set: &tables.SGInfo}},
	{"duration", U32},
	{"response_len", U32},
	{"din_resid", Int},
	{"dout_resid", Int},
	{"generated_tag", X64},
	{"spare_out", X32},
	{"_", X32},
}}
