package netlink

import (
	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// The state of internet sockets (linux/inet_diag.h).

// diagSocketID is a struct inet_diag_sockid.
var diagSocketID = &Struct{Fields: Fields{
	{"idiag_sport", Port}, {"idiag_dport", Port}, {"idiag_src", diagAddrInet}, {"idiag_dst", diagAddrInet}, {"idiag_if", IfIndex},
	{"idiag_cookie", diagCookie},
}}

var diagAddrInet = &diagAddr{Const(afInet)}

// diagAddr is an address of either family, in a field large enough for the longer
// one.
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
	diagExt = &Flags{In: X8, Set: &tables.InetDiagExt}

	inetDiagReqAttributes = &Attributes{Set: &tables.InetDiagReqAttr, Prefix: "INET_DIAG_REQ_", Types: []attributeTypes{
		{diagBytecode{}, "BYTECODE"},
		{attrIPProto, "PROTOCOL"},
	}}
	// struct inet_diag_req of the older interface
	inetDiagReqCompat = netlinkMessage{head: &Struct{Fields: Fields{
		{"idiag_family", routeFamilyType}, {"idiag_src_len", U8}, {"idiag_dst_len", U8}, {"idiag_ext", diagExt},
		{"id", &Struct{Of: diagSocketID, With: Fields{
			{"idiag_src", &diagAddr{Ref("idiag_family")}}, {"idiag_dst", &diagAddr{Ref("idiag_family")}},
		}}}, {"idiag_states", tcpStates}, {"idiag_dbs", U32},
	}}, attrs: inetDiagReqAttributes}
	// struct inet_diag_req_v2
	inetDiagReq = netlinkMessage{head: &Struct{Fields: Fields{
		{"sdiag_family", routeFamilyType}, {"sdiag_protocol", &Enum{In: X8, Set: &tables.InetProtocol}}, {"idiag_ext", diagExt}, {"_", U8},
		{"idiag_states", tcpStates}, {"id", &Struct{Of: diagSocketID, With: Fields{
			{"idiag_src", &diagAddr{Ref("sdiag_family")}}, {"idiag_dst", &diagAddr{Ref("sdiag_family")}},
		}}},
	}}, attrs: inetDiagReqAttributes}
)

// diagBytecode is a program that selects sockets. Each operation is followed by
// its operands.
type diagBytecode struct{ payloadOnly }

var diagOperation = &Struct{Fields: Fields{{"code", &Enum{In: X8, Set: &tables.InetDiagBytecode}}, {"yes", U8}, {"no", U16}}}

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
		showPayload(c, diagOperands.Get()[name], addr+uint64(size), shownNetlink.Of(c).payload-size)
	}
}

var diagOperands = Lazy[map[string]Type]{Make: func() map[string]Type {
	return map[string]Type{
		"INET_DIAG_BC_S_COND":    AtAddr(showHostCondition),
		"INET_DIAG_BC_D_COND":    AtAddr(showHostCondition),
		"INET_DIAG_BC_DEV_COND":  IfIndex,
		"INET_DIAG_BC_S_GE":      diagOperation,
		"INET_DIAG_BC_S_LE":      diagOperation,
		"INET_DIAG_BC_D_GE":      diagOperation,
		"INET_DIAG_BC_D_LE":      diagOperation,
		"INET_DIAG_BC_MARK_COND": &Struct{Fields: Fields{{"mark", U32}, {"mask", U32}}},
	}
}}

// showHostCondition shows a struct inet_diag_hostcond and the address after it.
func showHostCondition(c *Call, addr uint64) {
	head := hostCondition
	size := head.Layout(c.ABI).Size
	if shownNetlink.Of(c).payload < size {
		c.ShowBuffer(addr, uint64(shownNetlink.Of(c).payload), Binary)
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
			c.ShowBuffer(at, uint64(left), Binary)
		case !ok:
			c.Out.Field("addr")
			c.Out.Addr(at)
		default:
			c.Out.Inet("addr", b)
		}
	}
	c.Out.EndStruct()
}

var hostCondition = &Struct{Fields: Fields{{"family", routeFamilyType}, {"prefix_len", U8}, {"_", U16}, {"port", S32}}}

// struct inet_diag_msg
var inetDiagMsg = netlinkMessage{head: &Struct{Fields: Fields{
	{"idiag_family", routeFamilyType}, {"idiag_state", &Enum{In: X8, Set: &tables.TCPState}}, {"idiag_timer", U8}, {"idiag_retrans", U8},
	{"id", &Struct{Of: diagSocketID, With: Fields{
		{"idiag_src", &diagAddr{Ref("idiag_family")}}, {"idiag_dst", &diagAddr{Ref("idiag_family")}},
	}}}, {"idiag_expires", U32}, {"idiag_rqueue", U32}, {"idiag_wqueue", U32},
	{"idiag_uid", U32}, {"idiag_inode", U32},
}}, attrs: &Attributes{Set: &tables.InetDiagAttr, Prefix: "INET_DIAG_", Types: []attributeTypes{
	{&Struct{Fields: Fields{{"idiag_rmem", U32}, {"idiag_wmem", U32}, {"idiag_fmem", U32}, {"idiag_tmem", U32}}}, "MEMINFO"},
	{&Struct{Fields: Fields{{"tcpv_enabled", U32}, {"tcpv_rttcnt", U32}, {"tcpv_rtt", U32}, {"tcpv_minrtt", U32}}}, "VEGASINFO"},
	{AtAddr(showAttrString), "CONG"},
	{U8, "TOS TCLASS SKV6ONLY"},
	{diagMeminfo, "SKMEMINFO"},
	{shutdownFlags, "SHUTDOWN"},
	{&Struct{Fields: Fields{
		{"dctcp_enabled", U16}, {"dctcp_ce_state", U16}, {"dctcp_alpha", U32}, {"dctcp_ab_ecn", U32}, {"dctcp_ab_tot", U32},
	}}, "DCTCPINFO"},
	{attrIPProto, "PROTOCOL"},
	{&payloadArray{elem: SockaddrStorage}, "LOCALS PEERS"},
	{U32, "MARK CLASS_ID"},
	{&Struct{Fields: Fields{
		{"bbr_bw_lo", X32}, {"bbr_bw_hi", X32}, {"bbr_min_rtt", U32}, {"bbr_pacing_gain", U32}, {"bbr_cwnd_gain", U32},
	}}, "BBRINFO"},
	{&payloadArray{elem: &Struct{Fields: Fields{
		{"tcpm_family", routeFamilyType}, {"tcpm_prefixlen", U8}, {"tcpm_keylen", U16}, {"tcpm_addr", &diagAddr{Ref("tcpm_family")}},
		{"tcpm_key", &Chars{N: 80, Len: Ref("tcpm_keylen"), Kind: Binary}},
	}}}, "MD5SIG"},
	{&Attributes{Set: &tables.InetUlpInfo, Prefix: "INET_ULP_INFO_", Types: []attributeTypes{
		{AtAddr(showAttrString), "NAME"},
		{&Attributes{Set: &tables.TLSInfoAttr, Prefix: "TLS_INFO_", Types: []attributeTypes{
			{&enumIn{size: 2, set: &tables.TLSVersion}, "VERSION"},
			{&enumIn{size: 2, set: &tables.TLSCipher}, "CIPHER"},
			{&enumIn{size: 2, set: &tables.TLSConfig}, "TXCONF RXCONF"},
		}}, "TLS"},
		{&Attributes{Set: &tables.MPTCPSubflowAttr, Prefix: "MPTCP_SUBFLOW_ATTR_", Types: []attributeTypes{
			{X32, "TOKEN_REM TOKEN_LOC"},
			{U32, "RELWRITE_SEQ MAP_SFSEQ SSN_OFFSET"},
			{U64, "MAP_SEQ"},
			{U16, "MAP_DATALEN"},
			{&flagsIn{size: 4, set: &tables.MPTCPSubflowFlags}, "FLAGS"},
			{U8, "ID_REM ID_LOC"},
		}}, "MPTCP"},
	}}, "ULP_INFO"},
	{&Attributes{Set: &tables.SkBPFStorageRep, Prefix: "SK_DIAG_BPF_", Types: []attributeTypes{
		{&Attributes{Set: &tables.SkBPFStorage, Prefix: "SK_DIAG_BPF_STORAGE_", Types: []attributeTypes{
			{U32, "MAP_ID"},
			{attrHexInteger{}, "MAP_VALUE"},
		}}, "STORAGE"},
	}}, "SK_BPF_STORAGES"},
	{U64, "CGROUP_ID"},
	{diagSockopt{}, "SOCKOPT"},
}}}

// attrHexInteger is an integer of one of the usual sizes.
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

// diagSockopt is a struct inet_diag_sockopt, which consists of bits. Without -v
// only those that are set are shown.
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
