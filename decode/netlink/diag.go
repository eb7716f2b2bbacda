package netlink

import (
	"golang.org/x/sys/unix"

	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/tables"
)

// The state of sockets, sock_diag(7): a request and an answer for each family
// (linux/sock_diag.h, linux/*_diag.h).

const nlmRequest = 1 // NLM_F_REQUEST

// diagMessages are the requests and answers of families.
type diagMessages struct{ request, answer *netlinkMessage }

var diagFamilies = map[uint64]diagMessages{
	unix.AF_UNIX:    {&unixDiagReq, &unixDiagMsg},
	unix.AF_INET:    {&inetDiagReq, &inetDiagMsg},
	unix.AF_INET6:   {&inetDiagReq, &inetDiagMsg},
	unix.AF_NETLINK: {&netlinkDiagReq, &netlinkDiagMsg},
	unix.AF_PACKET:  {&packetDiagReq, &packetDiagMsg},
	unix.AF_SMC:     {&smcDiagReq, &smcDiagMsg},
}

// Types of messages from before there were other families (linux/inet_diag.h).
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
	if m, ok := diagFamilies[family]; ok && shownNetlink.Of(c).payload > 1 {
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

// diagCookie tells sockets with one inode apart.
var diagCookie = NewFixed(U32, 2)

var (
	tcpStates     = Flags(tables.TCPStates)
	diagMeminfo   = attrIndexed(U32, tables.SkMeminfo)
	shutdownFlags = &payloadFunc{least: 1, most: 8, show: func(c *Call, v View) { SpelledFlags(X8, tables.ShutdownFlags).Show(c, v.At(0, 1)) }}
)

// Unix sockets (linux/unix_diag.h).
var (
	unixDiagReq = netlinkMessage{head: Struct(Fields{
		{"sdiag_family", routeFamilyType}, {"sdiag_protocol", U8}, {"_", U16}, {"udiag_states", tcpStates}, {"udiag_ino", U32},
		{"udiag_show", Flags(tables.UnixDiagShow)}, {"udiag_cookie", diagCookie},
	})}
	unixDiagMsg = netlinkMessage{head: Struct(Fields{
		{"udiag_family", routeFamilyType}, {"udiag_type", EnumOf(X8, tables.SocketType)}, {"udiag_state", EnumOf(X8, tables.TCPState)},
		{"_", U8}, {"udiag_ino", U32}, {"udiag_cookie", diagCookie},
	}), attrs: NewAttributes(tables.UnixDiagAttr, "UNIX_DIAG_",
		AttributeTypes{attrString, "NAME"},
		AttributeTypes{Struct(Fields{{"udiag_vfs_ino", U32}, {"udiag_vfs_dev", Dev}}).Pick("udiag_vfs_dev", "udiag_vfs_ino"), "VFS"},
		AttributeTypes{U32, "PEER"},
		AttributeTypes{attrArray(U32), "ICONS"},
		AttributeTypes{Struct(Fields{{"udiag_rqueue", U32}, {"udiag_wqueue", U32}}), "RQLEN"},
		AttributeTypes{diagMeminfo, "MEMINFO"},
		AttributeTypes{U8, "SHUTDOWN"},
		AttributeTypes{ID, "UID"},
	)}
)

// Netlink sockets (linux/netlink_diag.h).
var (
	netlinkDiagReq = netlinkMessage{head: Struct(Fields{
		{"sdiag_family", routeFamilyType}, {"sdiag_protocol", EnumOf(X8, tables.NetlinkDiagProtocol)}, {"_", U16}, {"ndiag_ino", U32},
		{"ndiag_show", Flags(tables.NetlinkDiagShow)}, {"ndiag_cookie", diagCookie},
	})}
	netlinkDiagMsg = netlinkMessage{head: Struct(Fields{
		{"ndiag_family", routeFamilyType}, {"ndiag_type", EnumOf(X8, tables.SocketType)}, {"ndiag_protocol", EnumOf(X8, tables.NetlinkProtocol)},
		{"ndiag_state", EnumOf(X8, tables.NetlinkState)}, {"ndiag_portid", U32}, {"ndiag_dst_portid", U32}, {"ndiag_dst_group", U32},
		{"ndiag_ino", U32}, {"ndiag_cookie", diagCookie},
	}), attrs: NewAttributes(tables.NetlinkDiagAttr, "NETLINK_DIAG_",
		AttributeTypes{diagMeminfo, "MEMINFO"},
		AttributeTypes{attrArray(Mask), "GROUPS"},
		AttributeTypes{Struct(Fields{
			{"ndr_block_size", U32}, {"ndr_block_nr", U32}, {"ndr_frame_size", U32}, {"ndr_frame_nr", U32},
		}), "RX_RING TX_RING"},
		AttributeTypes{Flags(tables.NetlinkDiagFlags), "FLAGS"},
	)}
)

// Packet sockets (linux/packet_diag.h).
var (
	packetDiagReq = netlinkMessage{head: Struct(Fields{
		{"sdiag_family", routeFamilyType}, {"sdiag_protocol", X8}, {"_", U16}, {"pdiag_ino", U32},
		{"pdiag_show", Flags(tables.PacketDiagShow)}, {"pdiag_cookie", diagCookie},
	})}
	packetDiagMsg = netlinkMessage{head: Struct(Fields{
		{"pdiag_family", routeFamilyType}, {"pdiag_type", EnumOf(X8, tables.SocketType)}, {"pdiag_num", EnumOf(X16, tables.EtherProtocol)},
		{"pdiag_ino", U32}, {"pdiag_cookie", diagCookie},
	}), attrs: NewAttributes(tables.PacketDiagAttr, "PACKET_DIAG_",
		AttributeTypes{Struct(Fields{
			{"pdi_index", IfIndex}, {"pdi_version", Enum(tables.PacketVersion)}, {"pdi_reserve", U32}, {"pdi_copy_thresh", U32},
			{"pdi_tstamp", U32}, {"pdi_flags", Flags(tables.PacketDiagInfo)},
		}), "INFO"},
		AttributeTypes{attrArray(Struct(Fields{
			{"pdmc_index", IfIndex}, {"pdmc_count", U32}, {"pdmc_type", U16}, {"pdmc_alen", U16},
			{"pdmc_addr", Binaries(32, Ref("pdmc_alen"))},
		})), "MCLIST"},
		AttributeTypes{Struct(Fields{
			{"pdr_block_size", U32}, {"pdr_block_nr", U32}, {"pdr_frame_size", U32}, {"pdr_frame_nr", U32}, {"pdr_retire_tmo", U32},
			{"pdr_sizeof_priv", U32}, {"pdr_features", U32},
		}), "RX_RING TX_RING"},
		AttributeTypes{U32, "FANOUT"},
		AttributeTypes{ID, "UID"},
		AttributeTypes{diagMeminfo, "MEMINFO"},
		AttributeTypes{diagFilter{}, "FILTER"},
	)}
)

// diagFilter is a socket's filter.
type diagFilter struct{ payloadOnly }

func (diagFilter) fits(_ *Call, length int) bool { return length >= 8 && length/8 < 1<<16 }

func (diagFilter) ShowAt(c *Call, addr uint64) {
	c.ShowAt(addr, BPFInstructions(Const(shownNetlink.Of(c).payload/8), SocketFilterConstant))
}

// SMC sockets (linux/smc_diag.h), whose addresses are IPv4's.
var (
	smcDiagReq = netlinkMessage{head: Struct(Fields{
		{"diag_family", routeFamilyType}, {"_", Pad(2)}, {"diag_ext", FlagsOf(X8, tables.SMCDiagExt)}, {"id", diagSocketID(Const(afInet))},
	})}
	smcDiagMsg = netlinkMessage{head: Struct(Fields{
		{"diag_family", routeFamilyType}, {"diag_state", EnumOf(X8, tables.SMCState)}, {"diag_fallback", EnumOf(X8, tables.SMCDiagMode)},
		{"diag_shutdown", U8}, {"id", diagSocketID(Const(afInet))}, {"diag_uid", U32}, {"diag_inode", U64},
	}), attrs: NewAttributes(tables.SMCDiagAttr, "SMC_DIAG_",
		AttributeTypes{Struct(Fields{
			{"token", U32}, {"sndbuf_size", U32}, {"rmbe_size", U32}, {"peer_rmbe_size", U32},
			{"rx_prod", smcCursor}, {"rx_cons", smcCursor}, {"tx_prod", smcCursor}, {"tx_cons", smcCursor},
			{"rx_prod_flags", MaskOf(U8)}, {"rx_conn_state_flags", MaskOf(U8)}, {"tx_prod_flags", MaskOf(U8)},
			{"tx_conn_state_flags", MaskOf(U8)}, {"tx_prep", smcCursor}, {"tx_sent", smcCursor}, {"tx_fin", smcCursor},
		}), "CONNINFO"},
		AttributeTypes{Struct(Fields{
			{"lnk", NewFixed(Struct(Fields{
				{"link_id", U8}, {"ibname", CharArray(64)}, {"ibport", U8}, {"gid", CharArray(40)}, {"peer_gid", CharArray(40)},
			}), 1)}, {"role", EnumOf(X8, tables.SMCRole)},
		}), "LGRINFO"},
		AttributeTypes{flagsIn(1, tables.ShutdownFlags), "SHUTDOWN"},
		AttributeTypes{smcBuffer{}, "DMBINFO"},
		AttributeTypes{Struct(Fields{{"reason", Spelled(X32, tables.SMCDeclCode)}, {"peer_diagnosis", Spelled(X32, tables.SMCDeclCode)}}), "FALLBACK"},
	)}
)

// struct smc_diag_cursor
var smcCursor = Struct(Fields{{"reserved", U16}, {"wrap", U16}, {"count", U32}})

// smcBuffer is a struct smcd_diag_dmbinfo, whose identifiers grew to 128 bits.
type smcBuffer struct{ payloadOnly }

var smcBufferInfo = Packed(Fields{
	{"linkid", U32}, {"_", U32}, {"peer_gid", X64}, {"my_gid", X64}, {"token", X64}, {"peer_token", X64},
	{"peer_gid_ext", X64}, {"my_gid_ext", X64},
})

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
