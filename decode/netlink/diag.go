package netlink

import (
	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/tables"
)

// The state of sockets, sock_diag(7): each family has a request and an answer
// (linux/sock_diag.h, linux/*_diag.h).

const nlmRequest = 1 // NLM_F_REQUEST

// diagMessages are the request and the answer of a family.
type diagMessages struct{ request, answer *netlinkMessage }

var diagFamilies = Lazy[map[uint64]diagMessages]{Make: func() map[uint64]diagMessages {
	return map[uint64]diagMessages{
		tables.AF_UNIX:    {&unixDiagReq, &unixDiagMsg},
		tables.AF_INET:    {&inetDiagReq, &inetDiagMsg},
		tables.AF_INET6:   {&inetDiagReq, &inetDiagMsg},
		tables.AF_NETLINK: {&netlinkDiagReq, &netlinkDiagMsg},
		tables.AF_PACKET:  {&packetDiagReq, &packetDiagMsg},
		tables.AF_SMC:     {&smcDiagReq, &smcDiagMsg},
	}
}}

// Message types of the older interface, which has only internet sockets
// (linux/inet_diag.h).
const (
	tcpDiagGetSock  = 18
	dccpDiagGetSock = 19
)

func showSockDiagBody(c *Call, msg *messageHeader, addr uint64) bool {
	if msg.kind == nlmsgDone {
		return false
	}
	family, ok := c.ReadUint(addr, 1)
	if !ok {
		c.Out.Addr(addr)
		return true
	}
	if m, ok := diagFamilies.Get()[family]; ok && shownNetlink.Of(c).payload > 1 {
		body := m.answer
		if msg.flags&nlmRequest != 0 {
			body = m.request
			if body == &inetDiagReq && (msg.kind == tcpDiagGetSock || msg.kind == dccpDiagGetSock) {
				body = &inetDiagReqCompat
			}
		}
		body.show(c, addr)
		return true
	}
	showFamilyBody(c, addr)
	return true
}

// diagCookie distinguishes sockets that have the same inode.
var diagCookie = &Array{Of: U32, N: 2}

var (
	tcpStates     = &Flags{Set: &tables.TCPStates}
	diagMeminfo   = &payloadArray{elem: U32, set: &tables.SkMeminfo}
	shutdownFlags = &payloadFunc{least: 1, most: 8, show: func(c *Call, v View) { spelledShutdown.Show(c, v.At(0, 1)) }}
)

var spelledShutdown = &CommentedFlags{In: X8, Set: &tables.ShutdownFlags}

// Unix sockets (linux/unix_diag.h).
var (
	unixDiagReq = netlinkMessage{head: &Struct{Fields: Fields{
		{"sdiag_family", routeFamilyType}, {"sdiag_protocol", U8}, {"_", U16}, {"udiag_states", tcpStates}, {"udiag_ino", U32},
		{"udiag_show", &Flags{Set: &tables.UnixDiagShow}}, {"udiag_cookie", diagCookie},
	}}}
	unixDiagMsg = netlinkMessage{head: &Struct{Fields: Fields{
		{"udiag_family", routeFamilyType}, {"udiag_type", &Enum{In: X8, Set: &tables.SocketType}}, {"udiag_state", &Enum{In: X8, Set: &tables.TCPState}},
		{"_", U8}, {"udiag_ino", U32}, {"udiag_cookie", diagCookie},
	}}, attrs: &Attributes{Set: &tables.UnixDiagAttr, Prefix: "UNIX_DIAG_", Types: []attributeTypes{
		{AtAddr(showAttrString), "NAME"},
		{&Struct{Of: &Struct{Fields: Fields{{"udiag_vfs_ino", U32}, {"udiag_vfs_dev", Dev}}}, Pick: Names{"udiag_vfs_dev", "udiag_vfs_ino"}}, "VFS"},
		{U32, "PEER"},
		{&payloadArray{elem: U32}, "ICONS"},
		{&Struct{Fields: Fields{{"udiag_rqueue", U32}, {"udiag_wqueue", U32}}}, "RQLEN"},
		{diagMeminfo, "MEMINFO"},
		{U8, "SHUTDOWN"},
		{ID, "UID"},
	}}}
)

// Netlink sockets (linux/netlink_diag.h).
var (
	netlinkDiagReq = netlinkMessage{head: &Struct{Fields: Fields{
		{"sdiag_family", routeFamilyType}, {"sdiag_protocol", &Enum{In: X8, Set: &tables.NetlinkDiagProtocol}}, {"_", U16}, {"ndiag_ino", U32},
		{"ndiag_show", &Flags{Set: &tables.NetlinkDiagShow}}, {"ndiag_cookie", diagCookie},
	}}}
	netlinkDiagMsg = netlinkMessage{head: &Struct{Fields: Fields{
		{"ndiag_family", routeFamilyType}, {"ndiag_type", &Enum{In: X8, Set: &tables.SocketType}}, {"ndiag_protocol", &Enum{In: X8, Set: &tables.NetlinkProtocol}},
		{"ndiag_state", &Enum{In: X8, Set: &tables.NetlinkState}}, {"ndiag_portid", U32}, {"ndiag_dst_portid", U32}, {"ndiag_dst_group", U32},
		{"ndiag_ino", U32}, {"ndiag_cookie", diagCookie},
	}}, attrs: &Attributes{Set: &tables.NetlinkDiagAttr, Prefix: "NETLINK_DIAG_", Types: []attributeTypes{
		{diagMeminfo, "MEMINFO"},
		{&payloadArray{elem: Mask}, "GROUPS"},
		{&Struct{Fields: Fields{
			{"ndr_block_size", U32}, {"ndr_block_nr", U32}, {"ndr_frame_size", U32}, {"ndr_frame_nr", U32},
		}}, "RX_RING TX_RING"},
		{&Flags{Set: &tables.NetlinkDiagFlags}, "FLAGS"},
	}}}
)

// Packet sockets (linux/packet_diag.h).
var (
	packetDiagReq = netlinkMessage{head: &Struct{Fields: Fields{
		{"sdiag_family", routeFamilyType}, {"sdiag_protocol", X8}, {"_", U16}, {"pdiag_ino", U32},
		{"pdiag_show", &Flags{Set: &tables.PacketDiagShow}}, {"pdiag_cookie", diagCookie},
	}}}
	packetDiagMsg = netlinkMessage{head: &Struct{Fields: Fields{
		{"pdiag_family", routeFamilyType}, {"pdiag_type", &Enum{In: X8, Set: &tables.SocketType}}, {"pdiag_num", &Enum{In: X16, Set: &tables.EtherProtocol}},
		{"pdiag_ino", U32}, {"pdiag_cookie", diagCookie},
	}}, attrs: &Attributes{Set: &tables.PacketDiagAttr, Prefix: "PACKET_DIAG_", Types: []attributeTypes{
		{&Struct{Fields: Fields{
			{"pdi_index", IfIndex}, {"pdi_version", &Enum{Set: &tables.PacketVersion}}, {"pdi_reserve", U32}, {"pdi_copy_thresh", U32},
			{"pdi_tstamp", U32}, {"pdi_flags", &Flags{Set: &tables.PacketDiagInfo}},
		}}, "INFO"},
		{&payloadArray{elem: &Struct{Fields: Fields{
			{"pdmc_index", IfIndex}, {"pdmc_count", U32}, {"pdmc_type", U16}, {"pdmc_alen", U16},
			{"pdmc_addr", &Chars{N: 32, Len: Ref("pdmc_alen"), Kind: Binary}},
		}}}, "MCLIST"},
		{&Struct{Fields: Fields{
			{"pdr_block_size", U32}, {"pdr_block_nr", U32}, {"pdr_frame_size", U32}, {"pdr_frame_nr", U32}, {"pdr_retire_tmo", U32},
			{"pdr_sizeof_priv", U32}, {"pdr_features", U32},
		}}, "RX_RING TX_RING"},
		{U32, "FANOUT"},
		{ID, "UID"},
		{diagMeminfo, "MEMINFO"},
		{diagFilter{}, "FILTER"},
	}}}
)

// diagFilter is a socket's filter.
type diagFilter struct{ payloadOnly }

func (diagFilter) fits(_ *Call, length int) bool { return length >= 8 && length/8 < 1<<16 }

func (diagFilter) ShowAt(c *Call, addr uint64) {
	c.ShowAt(addr, &BPFInstructions{Count: Const(shownNetlink.Of(c).payload / 8), Constant: SocketFilterConstant})
}

// SMC sockets (linux/smc_diag.h). Their addresses are those of IPv4.
var (
	smcDiagReq = netlinkMessage{head: &Struct{Fields: Fields{
		{"diag_family", routeFamilyType}, {"_", Pad(2)}, {"diag_ext", &Flags{In: X8, Set: &tables.SMCDiagExt}}, {"id", diagSocketID},
	}}}
	smcDiagMsg = netlinkMessage{head: &Struct{Fields: Fields{
		{"diag_family", routeFamilyType}, {"diag_state", &Enum{In: X8, Set: &tables.SMCState}}, {"diag_fallback", &Enum{In: X8, Set: &tables.SMCDiagMode}},
		{"diag_shutdown", U8}, {"id", diagSocketID}, {"diag_uid", U32}, {"diag_inode", U64},
	}}, attrs: &Attributes{Set: &tables.SMCDiagAttr, Prefix: "SMC_DIAG_", Types: []attributeTypes{
		{&Struct{Fields: Fields{
			{"token", U32}, {"sndbuf_size", U32}, {"rmbe_size", U32}, {"peer_rmbe_size", U32},
			{"rx_prod", smcCursor}, {"rx_cons", smcCursor}, {"tx_prod", smcCursor}, {"tx_cons", smcCursor},
			{"rx_prod_flags", MaskOf(U8)}, {"rx_conn_state_flags", MaskOf(U8)}, {"tx_prod_flags", MaskOf(U8)},
			{"tx_conn_state_flags", MaskOf(U8)}, {"tx_prep", smcCursor}, {"tx_sent", smcCursor}, {"tx_fin", smcCursor},
		}}, "CONNINFO"},
		{&Struct{Fields: Fields{
			{"lnk", &Array{Of: &Struct{Fields: Fields{
				{"link_id", U8}, {"ibname", CharArray(64)}, {"ibport", U8}, {"gid", CharArray(40)}, {"peer_gid", CharArray(40)},
			}}, N: 1}}, {"role", &Enum{In: X8, Set: &tables.SMCRole}},
		}}, "LGRINFO"},
		{&flagsIn{size: 1, set: &tables.ShutdownFlags}, "SHUTDOWN"},
		{smcBuffer{}, "DMBINFO"},
		{&Struct{Fields: Fields{{"reason", &CommentedEnum{In: X32, Set: &tables.SMCDeclCode}}, {"peer_diagnosis", &CommentedEnum{In: X32, Set: &tables.SMCDeclCode}}}}, "FALLBACK"},
	}}}
)

// struct smc_diag_cursor
var smcCursor = &Struct{Fields: Fields{{"reserved", U16}, {"wrap", U16}, {"count", U32}}}

// smcBuffer is a struct smcd_diag_dmbinfo. Later versions have identifiers of 128
// bits.
type smcBuffer struct{ payloadOnly }

var smcBufferInfo = &Struct{Packed: true, Fields: Fields{
	{"linkid", U32}, {"_", U32}, {"peer_gid", X64}, {"my_gid", X64}, {"token", X64}, {"peer_token", X64},
	{"peer_gid_ext", X64}, {"my_gid_ext", X64},
}}

func (smcBuffer) fits(_ *Call, length int) bool { return length >= 40 }

func (smcBuffer) ShowAt(c *Call, addr uint64) {
	n := min(shownNetlink.Of(c).payload, smcBufferInfo.Layout(c.ABI).Size)
	b, ok := c.ReadAll(addr, n)
	if !ok {
		c.Out.Addr(addr)
		return
	}
	if n > 40 {
		whole := c.Alloc(smcBufferInfo.Layout(c.ABI).Size)
		clear(whole[copy(whole, b):])
		b = whole
	}
	smcBufferInfo.Show(c, View{B: b, Addr: addr})
}
