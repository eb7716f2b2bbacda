package netlink

import (
	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// Internet sockets' state (linux/inet_diag.h).

// diagSocketID is a struct inet_diag_sockid of a family.
func diagSocketID(family Num) *StructType {
	addr := &diagAddr{family}
	return Struct(Fields{
		{"idiag_sport", Port}, {"idiag_dport", Port}, {"idiag_src", addr}, {"idiag_dst", addr}, {"idiag_if", IfIndex},
		{"idiag_cookie", diagCookie},
	})
}

// diagAddr is an address in room for the longest.
type diagAddr struct{ family Num }

func (t *diagAddr) Layout(tables.ABI) Layout { return Layout{Size: 16, Align: 4} }

func (t *diagAddr) Show(c *Call, v View) { t.ShowField(c, "", v) }

func (t *diagAddr) ShowField(c *Call, name string, v View) {
	switch t.family.Num(c) {
	case afInet:
		c.Out.Inet(name, v.B[:4])
	case afInet6:
		c.Out.Inet(name, v.B)
	default:
		c.Out.Field(name)
		c.Out.Str(output.Binary, v.B, false)
	}
}

var (
	diagExt = FlagsOf(X8, tables.InetDiagExt)

	inetDiagReqAttributes = NewAttributes(tables.InetDiagReqAttr, "INET_DIAG_REQ_",
		AttributeTypes{diagBytecode{}, "BYTECODE"},
		AttributeTypes{attrIPProto, "PROTOCOL"},
	)
	// struct inet_diag_req, of the time when there were only these sockets
	inetDiagReqCompat = netlinkMessage{head: Struct(Fields{
		{"idiag_family", routeFamilyType}, {"idiag_src_len", U8}, {"idiag_dst_len", U8}, {"idiag_ext", diagExt},
		{"id", diagSocketID(Ref("idiag_family"))}, {"idiag_states", tcpStates}, {"idiag_dbs", U32},
	}), attrs: inetDiagReqAttributes}
	// struct inet_diag_req_v2
	inetDiagReq = netlinkMessage{head: Struct(Fields{
		{"sdiag_family", routeFamilyType}, {"sdiag_protocol", EnumOf(X8, tables.InetProtocol)}, {"idiag_ext", diagExt}, {"_", U8},
		{"idiag_states", tcpStates}, {"id", diagSocketID(Ref("sdiag_family"))},
	}), attrs: inetDiagReqAttributes}
)

// diagBytecode is a program that chooses sockets: an operation and, behind it,
// what it needs.
type diagBytecode struct{ payloadOnly }

var diagOperation = Struct(Fields{{"code", EnumOf(X8, tables.InetDiagBytecode)}, {"yes", U8}, {"no", U16}})

func (diagBytecode) fits(c *Call, length int) bool { return length >= diagOperation.Layout(c.ABI).Size }

func (diagBytecode) ShowAt(c *Call, addr uint64) {
	v, ok := c.ReadType(addr, diagOperation)
	if !ok {
		c.Out.Addr(addr)
		return
	}
	diagOperation.Show(c, v)
	if size := len(v.B); shownNetlink.Of(c).payload > size {
		c.Out.Elem()
		name, _ := tables.InetDiagBytecode.Lookup(v.Uint(1))
		showPayload(c, diagOperands[name], addr+uint64(size), shownNetlink.Of(c).payload-size)
	}
}

var diagOperands = map[string]Type{
	"INET_DIAG_BC_S_COND":    AtAddr(showHostCondition),
	"INET_DIAG_BC_D_COND":    AtAddr(showHostCondition),
	"INET_DIAG_BC_DEV_COND":  IfIndex,
	"INET_DIAG_BC_S_GE":      diagOperation,
	"INET_DIAG_BC_S_LE":      diagOperation,
	"INET_DIAG_BC_D_GE":      diagOperation,
	"INET_DIAG_BC_D_LE":      diagOperation,
	"INET_DIAG_BC_MARK_COND": Struct(Fields{{"mark", U32}, {"mask", U32}}),
}

// showHostCondition shows a struct inet_diag_hostcond with its address.
func showHostCondition(c *Call, addr uint64) {
	head := hostCondition
	size := head.Layout(c.ABI).Size
	if shownNetlink.Of(c).payload < size {
		c.ShowBuffer(addr, uint64(shownNetlink.Of(c).payload), BinaryData)
		return
	}
	v, ok := c.ReadType(addr, head)
	if !ok {
		c.Out.Addr(addr)
		return
	}
	c.Out.BeginStruct()
	head.ShowMembers(c, v)
	if left := shownNetlink.Of(c).payload - size; left > 0 {
		at := addr + uint64(size)
		n := map[uint64]int{afInet: 4, afInet6: 16}[v.Uint(1)]
		b, ok := c.ReadAll(at, n)
		switch {
		case n == 0 || left < n:
			c.Out.Field("addr")
			c.ShowBuffer(at, uint64(left), BinaryData)
		case !ok:
			c.Out.Field("addr")
			c.Out.Addr(at)
		default:
			c.Out.Inet("addr", b)
		}
	}
	c.Out.EndStruct()
}

var hostCondition = Struct(Fields{{"family", routeFamilyType}, {"prefix_len", U8}, {"_", U16}, {"port", S32}})

// struct inet_diag_msg
var inetDiagMsg = netlinkMessage{head: Struct(Fields{
	{"idiag_family", routeFamilyType}, {"idiag_state", EnumOf(X8, tables.TCPState)}, {"idiag_timer", U8}, {"idiag_retrans", U8},
	{"id", diagSocketID(Ref("idiag_family"))}, {"idiag_expires", U32}, {"idiag_rqueue", U32}, {"idiag_wqueue", U32},
	{"idiag_uid", U32}, {"idiag_inode", U32},
}), attrs: NewAttributes(tables.InetDiagAttr, "INET_DIAG_",
	AttributeTypes{Struct(Fields{{"idiag_rmem", U32}, {"idiag_wmem", U32}, {"idiag_fmem", U32}, {"idiag_tmem", U32}}), "MEMINFO"},
	AttributeTypes{Struct(Fields{{"tcpv_enabled", U32}, {"tcpv_rttcnt", U32}, {"tcpv_rtt", U32}, {"tcpv_minrtt", U32}}), "VEGASINFO"},
	AttributeTypes{attrString, "CONG"},
	AttributeTypes{U8, "TOS TCLASS SKV6ONLY"},
	AttributeTypes{diagMeminfo, "SKMEMINFO"},
	AttributeTypes{shutdownFlags, "SHUTDOWN"},
	AttributeTypes{Struct(Fields{
		{"dctcp_enabled", U16}, {"dctcp_ce_state", U16}, {"dctcp_alpha", U32}, {"dctcp_ab_ecn", U32}, {"dctcp_ab_tot", U32},
	}), "DCTCPINFO"},
	AttributeTypes{attrIPProto, "PROTOCOL"},
	AttributeTypes{attrArray(SockaddrStorage), "LOCALS PEERS"},
	AttributeTypes{U32, "MARK CLASS_ID"},
	AttributeTypes{Struct(Fields{
		{"bbr_bw_lo", X32}, {"bbr_bw_hi", X32}, {"bbr_min_rtt", U32}, {"bbr_pacing_gain", U32}, {"bbr_cwnd_gain", U32},
	}), "BBRINFO"},
	AttributeTypes{attrArray(Struct(Fields{
		{"tcpm_family", routeFamilyType}, {"tcpm_prefixlen", U8}, {"tcpm_keylen", U16}, {"tcpm_addr", &diagAddr{Ref("tcpm_family")}},
		{"tcpm_key", Binaries(80, Ref("tcpm_keylen"))},
	})), "MD5SIG"},
	AttributeTypes{NewAttributes(tables.InetUlpInfo, "INET_ULP_INFO_",
		AttributeTypes{attrString, "NAME"},
		AttributeTypes{NewAttributes(tables.TLSInfoAttr, "TLS_INFO_",
			AttributeTypes{enumIn(2, tables.TLSVersion), "VERSION"},
			AttributeTypes{enumIn(2, tables.TLSCipher), "CIPHER"},
			AttributeTypes{enumIn(2, tables.TLSConfig), "TXCONF RXCONF"},
		), "TLS"},
		AttributeTypes{NewAttributes(tables.MPTCPSubflowAttr, "MPTCP_SUBFLOW_ATTR_",
			AttributeTypes{X32, "TOKEN_REM TOKEN_LOC"},
			AttributeTypes{U32, "RELWRITE_SEQ MAP_SFSEQ SSN_OFFSET"},
			AttributeTypes{U64, "MAP_SEQ"},
			AttributeTypes{U16, "MAP_DATALEN"},
			AttributeTypes{flagsIn(4, tables.MPTCPSubflowFlags), "FLAGS"},
			AttributeTypes{U8, "ID_REM ID_LOC"},
		), "MPTCP"},
	), "ULP_INFO"},
	AttributeTypes{NewAttributes(tables.SkBPFStorageRep, "SK_DIAG_BPF_",
		AttributeTypes{NewAttributes(tables.SkBPFStorage, "SK_DIAG_BPF_STORAGE_",
			AttributeTypes{U32, "MAP_ID"},
			AttributeTypes{attrHexInteger{}, "MAP_VALUE"},
		), "STORAGE"},
	), "SK_BPF_STORAGES"},
	AttributeTypes{U64, "CGROUP_ID"},
	AttributeTypes{diagSockopt{}, "SOCKOPT"},
)}

// attrHexInteger is an integer of any of the usual sizes.
type attrHexInteger struct{ payloadOnly }

func (attrHexInteger) fits(_ *Call, length int) bool {
	return length == 1 || length == 2 || length == 4 || length == 8
}

func (attrHexInteger) ShowAt(c *Call, addr uint64) {
	if n, ok := c.ReadUint(addr, shownNetlink.Of(c).payload); ok {
		c.Out.Number(n, output.Hex)
	} else {
		c.Out.Addr(addr)
	}
}

// diagSockopt is a struct inet_diag_sockopt: bits, of which an abbreviated
// struct shows those that are set.
type diagSockopt struct{ payloadOnly }

var diagSockoptBits = [...]string{
	"recverr", "is_icsk", "freebind", "hdrincl", "mc_loop", "transparent", "mc_all", "nodefrag",
	"bind_address_no_port", "recverr_rfc4884", "defer_connect",
}

func (diagSockopt) fits(_ *Call, length int) bool { return length >= 2 }

func (diagSockopt) ShowAt(c *Call, addr uint64) {
	word, ok := c.ReadUint(addr, 2)
	if !ok {
		c.Out.Addr(addr)
		return
	}
	c.Out.BeginStruct()
	for i, name := range diagSockoptBits {
		if bit := word >> i & 1; bit != 0 || !c.Abbrev {
			c.Out.Field(name)
			c.Out.Number(bit, output.Unsigned)
		}
	}
	if unused := word >> len(diagSockoptBits); unused != 0 || !c.Abbrev {
		c.Out.Field("unused")
		c.Out.Number(unused, output.Hex)
		c.Out.Comment(output.Note, "bits 3..8")
	}
	c.Out.EndStruct()
	c.ShowRestWith(addr, 2, uint64(shownNetlink.Of(c).payload), c.Out.Elem)
}
