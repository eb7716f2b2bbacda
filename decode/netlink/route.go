package netlink

import (
	"sync"

	"golang.org/x/sys/unix"

	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// Rtnetlink (linux/rtnetlink.h and others): addresses, routes, rules,
// neighbours. Links and traffic control have files of their own.

// routeFamilyType is the family that all messages begin with.
var routeFamilyType = EnumOf(X8, tables.AddressFamily)

// routeFlags gives the flags of a request: new, delete and get come round in
// each group of four types.
func routeFlags(msgType uint16) *tables.Set {
	switch {
	case msgType == unix.RTM_DELACTION: // takes the flags of a get
		return tables.NlmGetFlags
	case msgType&3 == 0:
		return tables.NlmNewFlags
	case msgType&3 == 1:
		return tables.NlmDeleteFlags
	case msgType&3 == 2:
		return tables.NlmGetFlags
	}
	return nil
}

// routeMessages are the bodies of messages, by type. They are gathered when the
// first message is shown.
var routeMessages struct {
	once   sync.Once
	byType map[uint64]*netlinkMessage
}

func init() { routeAttributes.add(AttributeTypes{multipath{}, "MULTIPATH"}) }

func gatherRouteMessages() {
	byType := make(map[uint64]*netlinkMessage)
	for _, m := range []struct {
		body  *netlinkMessage
		names []string
	}{
		{&linkMessage, []string{"NEWLINK", "DELLINK", "GETLINK", "SETLINK"}},
		{&addrMessage, []string{"NEWADDR", "DELADDR", "GETADDR", "NEWMULTICAST", "DELMULTICAST", "GETMULTICAST", "NEWANYCAST", "DELANYCAST", "GETANYCAST"}},
		{&routeMessage, []string{"NEWROUTE", "DELROUTE", "GETROUTE"}},
		{&neighMessage, []string{"NEWNEIGH", "DELNEIGH", "GETNEIGH"}},
		{&ruleMessage, []string{"NEWRULE", "DELRULE", "GETRULE"}},
		{&tcMessage, []string{
			"NEWQDISC", "DELQDISC", "GETQDISC", "NEWTCLASS", "DELTCLASS", "GETTCLASS", "NEWTFILTER", "DELTFILTER", "GETTFILTER",
			"NEWCHAIN", "DELCHAIN", "GETCHAIN",
		}},
		{&tcActionMessage, []string{"NEWACTION", "DELACTION", "GETACTION"}},
		{&neighTableMessage, []string{"NEWNEIGHTBL", "GETNEIGHTBL", "SETNEIGHTBL"}},
		{&addrLabelMessage, []string{"NEWADDRLABEL", "DELADDRLABEL", "GETADDRLABEL"}},
		{&dcbMessage, []string{"GETDCB", "SETDCB"}},
		{&netconfMessage, []string{"NEWNETCONF", "DELNETCONF", "GETNETCONF"}},
		{&bridgePortMessage, []string{"NEWMDB", "DELMDB", "GETMDB"}},
		{&netnsMessage, []string{"NEWNSID", "DELNSID", "GETNSID"}},
		{&linkStatsMessage, []string{"NEWSTATS", "GETSTATS"}},
		{&cacheReportMessage, []string{"NEWCACHEREPORT"}},
		{&nexthopMessage, []string{"NEWNEXTHOP", "DELNEXTHOP", "GETNEXTHOP"}},
	} {
		for _, name := range m.names {
			byType[ValueNamed(tables.RouteMsgType, "RTM_"+name)] = m.body
		}
	}
	routeMessages.byType = byType
}

// showRouteBody shows the body of a message that is not about how a dump ends.
func showRouteBody(c *Call, msg *messageHeader, addr uint64) bool {
	msgType := msg.kind
	if msgType == nlmsgDone {
		return false
	}
	routeMessages.once.Do(gatherRouteMessages)
	if m := routeMessages.byType[uint64(msgType)]; m != nil {
		if m == &neighMessage && uint64(msgType) == unix.RTM_GETNEIGH {
			if family, ok := c.ReadUint(addr, 1); ok && family == unix.AF_BRIDGE {
				m = &linkMessage
			}
		}
		m.show(c, addr)
		return true
	}
	showFamilyBody(c, addr)
	return true
}

// showFamilyBody shows a message of which only the family is known.
func showFamilyBody(c *Call, addr uint64) {
	family, ok := c.ReadType(addr, routeFamilyType)
	if !ok {
		c.Out.Addr(addr)
		return
	}
	c.Out.BeginStruct()
	c.Out.Field("family")
	routeFamilyType.Show(c, family)
	if shownNetlink.Of(c).payload > 1 {
		c.Out.Field("data")
		c.ShowBuffer(addr+1, uint64(shownNetlink.Of(c).payload-1), BinaryData)
	}
	c.Out.EndStruct()
}

// struct ifaddrmsg (linux/if_addr.h)
var addrMessage = netlinkMessage{head: Struct(Fields{
	{"ifa_family", routeFamilyType}, {"ifa_prefixlen", U8}, {"ifa_flags", FlagsOf(X8, tables.AddrFlags)},
	{"ifa_scope", routeScope(X8)}, {"ifa_index", IfIndex},
}), attrs: NewAttributes(tables.AddrAttr, "IFA_",
	AttributeTypes{inetOfFamily(Ref("ifa_family")), "ADDRESS LOCAL BROADCAST ANYCAST MULTICAST"},
	AttributeTypes{attrString, "LABEL"},
	AttributeTypes{Struct(Fields{{"ifa_prefered", U32}, {"ifa_valid", U32}, {"cstamp", U32}, {"tstamp", U32}}), "CACHEINFO"},
	AttributeTypes{Flags(tables.AddrFlags), "FLAGS"},
	AttributeTypes{U32, "RT_PRIORITY"},
	AttributeTypes{S32, "TARGET_NETNSID"},
)}

// routeScope is the distance to a destination.
func routeScope(n *Number) Type { return EnumOf(n, tables.RouteScope) }

// struct ifaddrlblmsg (linux/if_addrlabel.h)
var addrLabelMessage = netlinkMessage{head: Struct(Fields{
	{"ifal_family", routeFamilyType}, {"_", U8}, {"ifal_prefixlen", U8}, {"ifal_flags", U8}, {"ifal_index", IfIndex}, {"ifal_seq", U32},
}), attrs: NewAttributes(tables.AddrLabelAttr, "IFAL_",
	AttributeTypes{inetOfFamily(Ref("ifal_family")), "ADDRESS"},
	AttributeTypes{U32, "LABEL"},
)}

var (
	routeTable = EnumOf(X32, tables.RouteTable)
	lwtEncap   = EnumOf(X16, tables.LwtunnelEncap)
)

// struct rtmsg (linux/rtnetlink.h)
var routeMessage = netlinkMessage{head: Struct(Fields{
	{"rtm_family", routeFamilyType}, {"rtm_dst_len", U8}, {"rtm_src_len", U8}, {"rtm_tos", FlagsOf(X8, tables.IPTos)},
	{"rtm_table", EnumOf(X8, tables.RouteTable)}, {"rtm_protocol", EnumOf(X8, tables.RouteProtocol)},
	{"rtm_scope", routeScope(X8)}, {"rtm_type", EnumOf(X8, tables.RouteType)}, {"rtm_flags", FlagsOf(X32, tables.RouteFlags)},
}), attrs: routeAttributes}

var routeAttributes = NewAttributes(tables.RouteAttr, "RTA_",
	AttributeTypes{inetOfFamily(Ref("rtm_family")), "DST SRC GATEWAY PREFSRC NEWDST"},
	AttributeTypes{IfIndex, "IIF OIF"},
	AttributeTypes{U32, "PRIORITY PROTOINFO FLOW MP_ALGO MARK UID NH_ID"},
	AttributeTypes{U8, "PREF TTL_PROPAGATE IP_PROTO"},
	AttributeTypes{U16, "SPORT DPORT"},
	AttributeTypes{U64, "EXPIRES"},
	AttributeTypes{attrBE32, "FLOWLABEL"},
	AttributeTypes{routeTable, "TABLE"},
	AttributeTypes{lwtEncap, "ENCAP_TYPE"},
	AttributeTypes{NewAttributes(tables.RouteMetric, "RTAX_",
		AttributeTypes{U32, "LOCK MTU WINDOW RTT RTTVAR SSTHRESH CWND ADVMSS REORDERING HOPLIMIT INITCWND FEATURES RTO_MIN INITRWND QUICKACK"},
		AttributeTypes{attrString, "CC_ALGO"},
	), "METRICS"},
	AttributeTypes{Struct(Fields{
		{"rta_clntref", U32}, {"rta_lastuse", U32}, {"rta_expires", U32}, {"rta_error", U32}, {"rta_used", U32},
		{"rta_id", X32}, {"rta_ts", U32}, {"rta_tsage", U32},
	}), "CACHEINFO"},
	AttributeTypes{Struct(Fields{{"mfcs_packets", U64}, {"mfcs_bytes", U64}, {"mfcs_wrong_if", U64}}), "MFC_STATS"},
	AttributeTypes{AtAddr(showVia), "VIA"},
)

// showVia shows a struct rtvia: a gateway of another family.
func showVia(c *Call, addr uint64) {
	if shownNetlink.Of(c).payload < 2 {
		c.ShowBuffer(addr, uint64(shownNetlink.Of(c).payload), BinaryData)
		return
	}
	family, ok := c.ReadUint(addr, 2)
	if !ok {
		c.Out.Addr(addr)
		return
	}
	c.Out.BeginStruct()
	c.Out.Field("rtvia_family")
	c.Out.Enum(family, tables.AddressFamily, output.Hex)
	if left := shownNetlink.Of(c).payload - 2; left > 0 {
		size := map[uint64]int{afInet: 4, afInet6: 16}[family]
		b, ok := c.ReadAll(addr+2, size)
		switch {
		case size == 0 || left < size:
			c.Out.Field("rtvia_addr")
			c.ShowBuffer(addr+2, uint64(left), BinaryData)
		case !ok:
			c.Out.Field("rtvia_addr")
			c.Out.Addr(addr + 2)
		default:
			c.Out.Inet("rtvia_addr", b)
		}
	}
	c.Out.EndStruct()
}

var rtnexthop = Struct(Fields{
	{"rtnh_len", U16}, {"rtnh_flags", FlagsOf(X8, tables.NexthopFlags)}, {"rtnh_hops", U8}, {"rtnh_ifindex", IfIndex},
})

// multipath is the several next hops of a route, each a struct rtnexthop with
// attributes.
type multipath struct{ payloadOnly }

func (multipath) fits(c *Call, length int) bool { return length >= rtnexthop.Layout(c.ABI).Size }

func (multipath) ShowAt(c *Call, addr uint64) {
	size := rtnexthop.Layout(c.ABI).Size
	start, left := addr, shownNetlink.Of(c).payload
	array := false
	for {
		v, ok := c.ReadType(addr, rtnexthop)
		if !ok {
			c.Out.Addr(addr)
			break
		}
		claimed := int(v.Uint(2))
		if addr == start && claimed < left {
			c.Out.BeginArray()
			array = true
		}
		if array {
			c.Out.Elem()
		}
		length := min(left, claimed)
		if length > size {
			c.Out.BeginArray()
			c.Out.Elem()
		}
		rtnexthop.Show(c, v)
		if length > size {
			c.Out.Elem()
			showPayload(c, routeAttributes, addr+uint64(size), length-size)
			c.Out.EndArray()
		}
		next := AlignUp(length, 4)
		if next >= left || next == 0 {
			break
		}
		addr += uint64(next)
		left -= next
	}
	if array {
		c.Out.EndArray()
	}
}

// struct fib_rule_hdr (linux/fib_rules.h)
var ruleMessage = netlinkMessage{head: Struct(Fields{
	{"family", routeFamilyType}, {"dst_len", U8}, {"src_len", U8}, {"tos", FlagsOf(X8, tables.IPTos)},
	{"table", EnumOf(X8, tables.RouteTable)}, {"_", U8}, {"_", U8}, {"action", EnumOf(X8, tables.RuleAction)},
	{"flags", FlagsOf(X32, tables.RuleFlags)},
}), attrs: NewAttributes(tables.RuleAttr, "FRA_",
	AttributeTypes{inetOfFamily(Ref("family")), "DST SRC"},
	AttributeTypes{attrString, "IIFNAME OIFNAME"},
	AttributeTypes{U32, "GOTO PRIORITY FWMARK FLOW SUPPRESS_IFGROUP SUPPRESS_PREFIXLEN FWMASK"},
	AttributeTypes{U8, "L3MDEV DSCP"},
	AttributeTypes{X8, "DSCP_MASK"},
	AttributeTypes{X16, "SPORT_MASK DPORT_MASK"},
	AttributeTypes{attrBE32, "FLOWLABEL FLOWLABEL_MASK"},
	AttributeTypes{attrBE64, "TUN_ID"},
	AttributeTypes{routeTable, "TABLE"},
	AttributeTypes{EnumOf(X8, tables.RouteProtocol), "PROTOCOL"},
	AttributeTypes{attrIPProto, "IP_PROTO"},
	AttributeTypes{Struct(Fields{{"start", U32}, {"end", U32}}), "UID_RANGE"},
	AttributeTypes{Struct(Fields{{"start", U16}, {"end", U16}}), "SPORT_RANGE DPORT_RANGE"},
)}

// struct ndmsg (linux/neighbour.h)
var neighMessage = netlinkMessage{head: Struct(Fields{
	{"ndm_family", routeFamilyType}, {"_", U8}, {"_", U16}, {"ndm_ifindex", IfIndex},
	{"ndm_state", FlagsOf(X16, tables.NeighState)}, {"ndm_flags", FlagsOf(X8, tables.NeighFlags)},
	{"ndm_type", EnumOf(X8, tables.RouteType)},
}), attrs: NewAttributes(tables.NeighAttr, "NDA_",
	AttributeTypes{inetOfFamily(Ref("ndm_family")), "DST"},
	AttributeTypes{attrMAC, "LLADDR"},
	AttributeTypes{Struct(Fields{{"ndm_confirmed", U32}, {"ndm_used", U32}, {"ndm_updated", U32}, {"ndm_refcnt", U32}}), "CACHEINFO"},
	AttributeTypes{U32, "PROBES VNI LINK_NETNSID SRC_VNI NH_ID"},
	AttributeTypes{U16, "VLAN"},
	AttributeTypes{attrBE16, "PORT"},
	AttributeTypes{IfIndex, "IFINDEX MASTER"},
	AttributeTypes{attrIPProto, "PROTOCOL"},
	AttributeTypes{NewAttributes(tables.FdbExtAttr, "NFEA_",
		AttributeTypes{flagsIn(1, tables.FdbNotify), "ACTIVITY_NOTIFY"},
	), "FDB_EXT_ATTRS"},
	AttributeTypes{flagsIn(4, tables.NeighExtFlags), "FLAGS_EXT"},
	AttributeTypes{flagsIn(2, tables.NeighState), "NDM_STATE_MASK"},
	AttributeTypes{flagsIn(1, tables.NeighFlags), "NDM_FLAGS_MASK"},
)}

// struct ndtmsg, with attributes of a table of neighbours (linux/neighbour.h)
var neighTableMessage = netlinkMessage{head: Struct(Fields{{"ndtm_family", routeFamilyType}}), attrs: NewAttributes(tables.NeighTblAttr, "NDTA_",
	AttributeTypes{attrString, "NAME"},
	AttributeTypes{U32, "THRESH1 THRESH2 THRESH3"},
	AttributeTypes{U64, "GC_INTERVAL"},
	AttributeTypes{Struct(Fields{
		{"ndtc_key_len", U16}, {"ndtc_entry_size", U16}, {"ndtc_entries", U32}, {"ndtc_last_flush", U32}, {"ndtc_last_rand", U32},
		{"ndtc_hash_rnd", U32}, {"ndtc_hash_mask", MaskOf(U32)}, {"ndtc_hash_chain_gc", U32}, {"ndtc_proxy_qlen", U32},
	}), "CONFIG"},
	AttributeTypes{NewAttributes(tables.NeighTblParm, "NDTPA_",
		AttributeTypes{IfIndex, "IFINDEX"},
		AttributeTypes{U32, "REFCNT QUEUE_LEN APP_PROBES UCAST_PROBES MCAST_PROBES PROXY_QLEN QUEUE_LENBYTES MCAST_REPROBES"},
		AttributeTypes{U64, "REACHABLE_TIME BASE_REACHABLE_TIME RETRANS_TIME GC_STALETIME DELAY_PROBE_TIME ANYCAST_DELAY PROXY_DELAY LOCKTIME INTERVAL_PROBE_TIME_MS"},
	), "PARMS"},
	AttributeTypes{grown(Struct(Fields{
		{"ndts_allocs", U64}, {"ndts_destroys", U64}, {"ndts_hash_grows", U64}, {"ndts_res_failed", U64}, {"ndts_lookups", U64},
		{"ndts_hits", U64}, {"ndts_rcv_probes_mcast", U64}, {"ndts_rcv_probes_ucast", U64}, {"ndts_periodic_gc_runs", U64},
		{"ndts_forced_gc_runs", U64}, {"ndts_table_fulls", U64},
	}), 80), "STATS"},
)}

// struct nhmsg (linux/nexthop.h)
var nexthopMessage = netlinkMessage{head: Struct(Fields{
	{"nh_family", routeFamilyType}, {"nh_scope", routeScope(X8)}, {"nh_protocol", EnumOf(X8, tables.RouteProtocol)},
	Reserved("resvd", X8), {"nh_flags", FlagsOf(X32, tables.NexthopFlags)},
}), attrs: NewAttributes(tables.NexthopAttr, "NHA_",
	AttributeTypes{U32, "ID BLACKHOLE GROUPS FDB"},
	AttributeTypes{attrArray(Struct(Fields{{"id", U32}, {"weight", U8}, {"weight_high", U8}, Reserved("resvd2", X16)})), "GROUP"},
	AttributeTypes{enumIn(2, tables.NexthopGroupType), "GROUP_TYPE"},
	AttributeTypes{IfIndex, "OIF MASTER"},
	AttributeTypes{inetOfFamily(Ref("nh_family")), "GATEWAY"},
	AttributeTypes{lwtEncap, "ENCAP_TYPE"},
	AttributeTypes{NewAttributes(tables.NexthopResGroup, "NHA_RES_GROUP_",
		AttributeTypes{U16, "BUCKETS"},
		AttributeTypes{attrClock, "IDLE_TIMER UNBALANCED_TIMER UNBALANCED_TIME"},
	), "RES_GROUP"},
	AttributeTypes{NewAttributes(tables.NexthopResBucket, "NHA_RES_BUCKET_",
		AttributeTypes{U16, "INDEX"},
		AttributeTypes{attrClock, "IDLE_TIME"},
		AttributeTypes{U32, "NH_ID"},
	), "RES_BUCKET"},
)}

// struct rtgenmsg of network namespaces' ids (linux/net_namespace.h)
var netnsMessage = netlinkMessage{head: Struct(Fields{{"rtgen_family", routeFamilyType}}), attrs: NewAttributes(tables.NetNSAttr, "NETNSA_",
	AttributeTypes{S32, "NSID TARGET_NSID CURRENT_NSID"},
	AttributeTypes{U32, "PID"},
	AttributeTypes{attrFD, "FD"},
)}

// struct netconfmsg (linux/netconf.h)
var netconfMessage = netlinkMessage{head: Struct(Fields{{"ncm_family", routeFamilyType}}), attrs: NewAttributes(tables.NetconfAttr, "NETCONFA_",
	AttributeTypes{IfIndex, "IFINDEX"},
	AttributeTypes{S32, "FORWARDING RP_FILTER MC_FORWARDING PROXY_NEIGH IGNORE_ROUTES_WITH_LINKDOWN INPUT BC_FORWARDING FORCE_FORWARDING"},
)}

// struct dcbmsg (linux/dcbnl.h)
var dcbMessage = netlinkMessage{head: Struct(Fields{
	{"dcb_family", routeFamilyType}, {"cmd", EnumOf(X8, tables.DCBCmd)}, {"_", U16},
}), attrs: NewAttributes(tables.DCBAttr, "DCB_ATTR_")}

// struct rtgenmsg of multicast routing's reports (linux/mroute.h, mroute6.h)
var cacheReportMessage = netlinkMessage{head: Struct(Fields{{"rtgen_family", EnumOf(X8, tables.ReportFamily)}}), family: map[uint64]*Attributes{
	128: NewAttributes(tables.IPMRCreportAttr, "IPMRA_CREPORT_", // RTNL_FAMILY_IPMR
		AttributeTypes{enumIn(1, tables.IGMPMsg), "MSGTYPE"},
		AttributeTypes{U32, "VIF_ID TABLE"},
		AttributeTypes{InetAddr, "SRC_ADDR DST_ADDR"},
	),
	129: NewAttributes(tables.IP6MRCreportAttr, "IP6MRA_CREPORT_", // RTNL_FAMILY_IP6MR
		AttributeTypes{enumIn(1, tables.MRT6Msg), "MSGTYPE"},
		AttributeTypes{U32, "MIF_ID"},
		AttributeTypes{Inet6Addr, "SRC_ADDR DST_ADDR"},
	),
}}
