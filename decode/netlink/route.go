package netlink

import (
	"sync"

	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// Rtnetlink (linux/rtnetlink.h and others): addresses, routes, rules, neighbours.
// Links are in link.go, traffic control in tc.go.

// routeFamilyType is the address family, with which all messages begin.
var routeFamilyType = &Enum{In: X8, Set: &tables.AddressFamily}

// routeFlags returns the names of a request's flags. Types come in groups of
// four: new, delete, get and set.
func routeFlags(msgType uint16) *tables.Set {
	switch {
	case msgType == tables.RTM_DELACTION: // takes the flags of a get
		return &tables.NlmGetFlags
	case msgType&3 == 0:
		return &tables.NlmNewFlags
	case msgType&3 == 1:
		return &tables.NlmDeleteFlags
	case msgType&3 == 2:
		return &tables.NlmGetFlags
	}
	return nil
}

// routeMessages are the bodies of messages, by type. The map is made when the
// first message is shown.
var routeMessages struct {
	once   sync.Once
	byType map[uint64]*netlinkMessage
}

// allRouteAttributes is routeAttributes, for attributes nested in it.
var allRouteAttributes *Attributes

func init() { allRouteAttributes = routeAttributes }

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
			byType[ValueNamed(&tables.RouteMsgType, "RTM_"+name)] = m.body
		}
	}
	routeMessages.byType = byType
}

// showRouteBody shows the body of a message, except NLMSG_DONE.
func showRouteBody(c *Call, msg *messageHeader, addr uint64) bool {
	msgType := msg.kind
	if msgType == nlmsgDone {
		return false
	}
	routeMessages.once.Do(gatherRouteMessages)
	if m := routeMessages.byType[uint64(msgType)]; m != nil {
		if m == &neighMessage && uint64(msgType) == tables.RTM_GETNEIGH {
			if family, ok := c.ReadUint(addr, 1); ok && family == tables.AF_BRIDGE {
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
		c.ShowBuffer(addr+1, uint64(shownNetlink.Of(c).payload-1), Binary)
	}
	c.Out.EndStruct()
}

// struct ifaddrmsg (linux/if_addr.h)
var addrMessage = netlinkMessage{head: &Struct{Fields: Fields{
	{"ifa_family", routeFamilyType}, {"ifa_prefixlen", U8}, {"ifa_flags", &Flags{In: X8, Set: &tables.AddrFlags}},
	{"ifa_scope", &Enum{In: X8, Set: &tables.RouteScope}}, {"ifa_index", IfIndex},
}}, attrs: &Attributes{Set: &tables.AddrAttr, Prefix: "IFA_", Types: []attributeTypes{
	{inetOfFamily("ifa_family"), "ADDRESS LOCAL BROADCAST ANYCAST MULTICAST"},
	{AtAddr(showAttrString), "LABEL"},
	{&Struct{Fields: Fields{{"ifa_prefered", U32}, {"ifa_valid", U32}, {"cstamp", U32}, {"tstamp", U32}}}, "CACHEINFO"},
	{&Flags{Set: &tables.AddrFlags}, "FLAGS"},
	{U32, "RT_PRIORITY"},
	{S32, "TARGET_NETNSID"},
}}}

// struct ifaddrlblmsg (linux/if_addrlabel.h)
var addrLabelMessage = netlinkMessage{head: &Struct{Fields: Fields{
	{"ifal_family", routeFamilyType}, {"_", U8}, {"ifal_prefixlen", U8}, {"ifal_flags", U8}, {"ifal_index", IfIndex}, {"ifal_seq", U32},
}}, attrs: &Attributes{Set: &tables.AddrLabelAttr, Prefix: "IFAL_", Types: []attributeTypes{
	{inetOfFamily("ifal_family"), "ADDRESS"},
	{U32, "LABEL"},
}}}

var (
	routeTable = &Enum{In: X32, Set: &tables.RouteTable}
	lwtEncap   = &Enum{In: X16, Set: &tables.LwtunnelEncap}
)

// struct rtmsg (linux/rtnetlink.h)
var routeMessage = netlinkMessage{head: &Struct{Fields: Fields{
	{"rtm_family", routeFamilyType}, {"rtm_dst_len", U8}, {"rtm_src_len", U8}, {"rtm_tos", &Flags{In: X8, Set: &tables.IPTos}},
	{"rtm_table", &Enum{In: X8, Set: &tables.RouteTable}}, {"rtm_protocol", &Enum{In: X8, Set: &tables.RouteProtocol}},
	{"rtm_scope", &Enum{In: X8, Set: &tables.RouteScope}}, {"rtm_type", &Enum{In: X8, Set: &tables.RouteType}}, {"rtm_flags", &Flags{In: X32, Set: &tables.RouteFlags}},
}}, attrs: routeAttributes}

var routeAttributes = &Attributes{Set: &tables.RouteAttr, Prefix: "RTA_", Types: []attributeTypes{
	{inetOfFamily("rtm_family"), "DST SRC GATEWAY PREFSRC NEWDST"},
	{IfIndex, "IIF OIF"},
	{U32, "PRIORITY PROTOINFO FLOW MP_ALGO MARK UID NH_ID"},
	{U8, "PREF TTL_PROPAGATE IP_PROTO"},
	{U16, "SPORT DPORT"},
	{U64, "EXPIRES"},
	{attrBE32, "FLOWLABEL"},
	{routeTable, "TABLE"},
	{lwtEncap, "ENCAP_TYPE"},
	{&Attributes{Set: &tables.RouteMetric, Prefix: "RTAX_", Types: []attributeTypes{
		{U32, "LOCK MTU WINDOW RTT RTTVAR SSTHRESH CWND ADVMSS REORDERING HOPLIMIT INITCWND FEATURES RTO_MIN INITRWND QUICKACK"},
		{AtAddr(showAttrString), "CC_ALGO"},
	}}, "METRICS"},
	{&Struct{Fields: Fields{
		{"rta_clntref", U32}, {"rta_lastuse", U32}, {"rta_expires", U32}, {"rta_error", U32}, {"rta_used", U32},
		{"rta_id", X32}, {"rta_ts", U32}, {"rta_tsage", U32},
	}}, "CACHEINFO"},
	{&Struct{Fields: Fields{{"mfcs_packets", U64}, {"mfcs_bytes", U64}, {"mfcs_wrong_if", U64}}}, "MFC_STATS"},
	{AtAddr(showVia), "VIA"},
	{multipath{}, "MULTIPATH"},
}}

// showVia shows a struct rtvia: a gateway that may be of another family.
func showVia(c *Call, addr uint64) {
	if shownNetlink.Of(c).payload < 2 {
		c.ShowBuffer(addr, uint64(shownNetlink.Of(c).payload), Binary)
		return
	}
	family, ok := c.ReadUint(addr, 2)
	if !ok {
		c.Out.Addr(addr)
		return
	}
	c.Out.BeginStruct()
	c.Out.Field("rtvia_family")
	c.Out.Enum(family, &tables.AddressFamily, output.Hex)
	if left := shownNetlink.Of(c).payload - 2; left > 0 {
		size := map[uint64]int{afInet: 4, afInet6: 16}[family]
		b, ok := c.ReadAll(addr+2, size)
		switch {
		case size == 0 || left < size:
			c.Out.Field("rtvia_addr")
			c.ShowBuffer(addr+2, uint64(left), Binary)
		case !ok:
			c.Out.Field("rtvia_addr")
			c.Out.Addr(addr + 2)
		default:
			c.Out.Inet("rtvia_addr", b)
		}
	}
	c.Out.EndStruct()
}

var rtnexthop = &Struct{Fields: Fields{
	{"rtnh_len", U16}, {"rtnh_flags", &Flags{In: X8, Set: &tables.NexthopFlags}}, {"rtnh_hops", U8}, {"rtnh_ifindex", IfIndex},
}}

// multipath is the list of next hops of a route. Each is a struct rtnexthop with
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
			showPayload(c, allRouteAttributes, addr+uint64(size), length-size)
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
var ruleMessage = netlinkMessage{head: &Struct{Fields: Fields{
	{"family", routeFamilyType}, {"dst_len", U8}, {"src_len", U8}, {"tos", &Flags{In: X8, Set: &tables.IPTos}},
	{"table", &Enum{In: X8, Set: &tables.RouteTable}}, {"_", U8}, {"_", U8}, {"action", &Enum{In: X8, Set: &tables.RuleAction}},
	{"flags", &Flags{In: X32, Set: &tables.RuleFlags}},
}}, attrs: &Attributes{Set: &tables.RuleAttr, Prefix: "FRA_", Types: []attributeTypes{
	{inetOfFamily("family"), "DST SRC"},
	{AtAddr(showAttrString), "IIFNAME OIFNAME"},
	{U32, "GOTO PRIORITY FWMARK FLOW SUPPRESS_IFGROUP SUPPRESS_PREFIXLEN FWMASK"},
	{U8, "L3MDEV DSCP"},
	{X8, "DSCP_MASK"},
	{X16, "SPORT_MASK DPORT_MASK"},
	{attrBE32, "FLOWLABEL FLOWLABEL_MASK"},
	{attrBE64, "TUN_ID"},
	{routeTable, "TABLE"},
	{&Enum{In: X8, Set: &tables.RouteProtocol}, "PROTOCOL"},
	{attrIPProto, "IP_PROTO"},
	{&Struct{Fields: Fields{{"start", U32}, {"end", U32}}}, "UID_RANGE"},
	{&Struct{Fields: Fields{{"start", U16}, {"end", U16}}}, "SPORT_RANGE DPORT_RANGE"},
}}}

// struct ndmsg (linux/neighbour.h)
var neighMessage = netlinkMessage{head: &Struct{Fields: Fields{
	{"ndm_family", routeFamilyType}, {"_", U8}, {"_", U16}, {"ndm_ifindex", IfIndex},
	{"ndm_state", &Flags{In: X16, Set: &tables.NeighState}}, {"ndm_flags", &Flags{In: X8, Set: &tables.NeighFlags}},
	{"ndm_type", &Enum{In: X8, Set: &tables.RouteType}},
}}, attrs: &Attributes{Set: &tables.NeighAttr, Prefix: "NDA_", Types: []attributeTypes{
	{inetOfFamily("ndm_family"), "DST"},
	{attrMAC, "LLADDR"},
	{&Struct{Fields: Fields{{"ndm_confirmed", U32}, {"ndm_used", U32}, {"ndm_updated", U32}, {"ndm_refcnt", U32}}}, "CACHEINFO"},
	{U32, "PROBES VNI LINK_NETNSID SRC_VNI NH_ID"},
	{U16, "VLAN"},
	{attrBE16, "PORT"},
	{IfIndex, "IFINDEX MASTER"},
	{attrIPProto, "PROTOCOL"},
	{&Attributes{Set: &tables.FdbExtAttr, Prefix: "NFEA_", Types: []attributeTypes{
		{&flagsIn{size: 1, set: &tables.FdbNotify}, "ACTIVITY_NOTIFY"},
	}}, "FDB_EXT_ATTRS"},
	{&flagsIn{size: 4, set: &tables.NeighExtFlags}, "FLAGS_EXT"},
	{&flagsIn{size: 2, set: &tables.NeighState}, "NDM_STATE_MASK"},
	{&flagsIn{size: 1, set: &tables.NeighFlags}, "NDM_FLAGS_MASK"},
}}}

// struct ndtmsg, with attributes of a table of neighbours (linux/neighbour.h)
var neighTableMessage = netlinkMessage{head: &Struct{Fields: Fields{{"ndtm_family", routeFamilyType}}}, attrs: &Attributes{Set: &tables.NeighTblAttr, Prefix: "NDTA_", Types: []attributeTypes{
	{AtAddr(showAttrString), "NAME"},
	{U32, "THRESH1 THRESH2 THRESH3"},
	{U64, "GC_INTERVAL"},
	{&Struct{Fields: Fields{
		{"ndtc_key_len", U16}, {"ndtc_entry_size", U16}, {"ndtc_entries", U32}, {"ndtc_last_flush", U32}, {"ndtc_last_rand", U32},
		{"ndtc_hash_rnd", U32}, {"ndtc_hash_mask", MaskOf(U32)}, {"ndtc_hash_chain_gc", U32}, {"ndtc_proxy_qlen", U32},
	}}, "CONFIG"},
	{&Attributes{Set: &tables.NeighTblParm, Prefix: "NDTPA_", Types: []attributeTypes{
		{IfIndex, "IFINDEX"},
		{U32, "REFCNT QUEUE_LEN APP_PROBES UCAST_PROBES MCAST_PROBES PROXY_QLEN QUEUE_LENBYTES MCAST_REPROBES"},
		{U64, "REACHABLE_TIME BASE_REACHABLE_TIME RETRANS_TIME GC_STALETIME DELAY_PROBE_TIME ANYCAST_DELAY PROXY_DELAY LOCKTIME INTERVAL_PROBE_TIME_MS"},
	}}, "PARMS"},
	{&grownStruct{&Struct{Fields: Fields{
		{"ndts_allocs", U64}, {"ndts_destroys", U64}, {"ndts_hash_grows", U64}, {"ndts_res_failed", U64}, {"ndts_lookups", U64},
		{"ndts_hits", U64}, {"ndts_rcv_probes_mcast", U64}, {"ndts_rcv_probes_ucast", U64}, {"ndts_periodic_gc_runs", U64},
		{"ndts_forced_gc_runs", U64}, {"ndts_table_fulls", U64},
	}}, []int{80}}, "STATS"},
}}}

// struct nhmsg (linux/nexthop.h)
var nexthopMessage = netlinkMessage{head: &Struct{Fields: Fields{
	{"nh_family", routeFamilyType}, {"nh_scope", &Enum{In: X8, Set: &tables.RouteScope}}, {"nh_protocol", &Enum{In: X8, Set: &tables.RouteProtocol}},
	{"resvd", Reserved{X8}}, {"nh_flags", &Flags{In: X32, Set: &tables.NexthopFlags}},
}}, attrs: &Attributes{Set: &tables.NexthopAttr, Prefix: "NHA_", Types: []attributeTypes{
	{U32, "ID BLACKHOLE GROUPS FDB"},
	{&payloadArray{elem: &Struct{Fields: Fields{{"id", U32}, {"weight", U8}, {"weight_high", U8}, {"resvd2", Reserved{X16}}}}}, "GROUP"},
	{&enumIn{size: 2, set: &tables.NexthopGroupType}, "GROUP_TYPE"},
	{IfIndex, "OIF MASTER"},
	{inetOfFamily("nh_family"), "GATEWAY"},
	{lwtEncap, "ENCAP_TYPE"},
	{&Attributes{Set: &tables.NexthopResGroup, Prefix: "NHA_RES_GROUP_", Types: []attributeTypes{
		{U16, "BUCKETS"},
		{attrClock, "IDLE_TIMER UNBALANCED_TIMER UNBALANCED_TIME"},
	}}, "RES_GROUP"},
	{&Attributes{Set: &tables.NexthopResBucket, Prefix: "NHA_RES_BUCKET_", Types: []attributeTypes{
		{U16, "INDEX"},
		{attrClock, "IDLE_TIME"},
		{U32, "NH_ID"},
	}}, "RES_BUCKET"},
}}}

// struct rtgenmsg of network namespaces' ids (linux/net_namespace.h)
var netnsMessage = netlinkMessage{head: &Struct{Fields: Fields{{"rtgen_family", routeFamilyType}}}, attrs: &Attributes{Set: &tables.NetNSAttr, Prefix: "NETNSA_", Types: []attributeTypes{
	{S32, "NSID TARGET_NSID CURRENT_NSID"},
	{U32, "PID"},
	{FD, "FD"},
}}}

// struct netconfmsg (linux/netconf.h)
var netconfMessage = netlinkMessage{head: &Struct{Fields: Fields{{"ncm_family", routeFamilyType}}}, attrs: &Attributes{Set: &tables.NetconfAttr, Prefix: "NETCONFA_", Types: []attributeTypes{
	{IfIndex, "IFINDEX"},
	{S32, "FORWARDING RP_FILTER MC_FORWARDING PROXY_NEIGH IGNORE_ROUTES_WITH_LINKDOWN INPUT BC_FORWARDING FORCE_FORWARDING"},
}}}

// struct dcbmsg (linux/dcbnl.h)
var dcbMessage = netlinkMessage{head: &Struct{Fields: Fields{
	{"dcb_family", routeFamilyType}, {"cmd", &Enum{In: X8, Set: &tables.DCBCmd}}, {"_", U16},
}}, attrs: &Attributes{Set: &tables.DCBAttr, Prefix: "DCB_ATTR_"}}

// struct rtgenmsg of multicast routing's reports (linux/mroute.h, mroute6.h)
var cacheReportMessage = netlinkMessage{head: &Struct{Fields: Fields{{"rtgen_family", &Enum{In: X8, Set: &tables.ReportFamily}}}}, family: familyTables{
	{128, &Attributes{Set: &tables.IPMRCreportAttr, Prefix: "IPMRA_CREPORT_", Types: []attributeTypes{
		{&enumIn{size: 1, set: &tables.IGMPMsg}, "MSGTYPE"},
		{U32, "VIF_ID TABLE"},
		{InetAddr, "SRC_ADDR DST_ADDR"},
	}}},
	{129, &Attributes{Set: &tables.IP6MRCreportAttr, Prefix: "IP6MRA_CREPORT_", Types: []attributeTypes{
		{&enumIn{size: 1, set: &tables.MRT6Msg}, "MSGTYPE"},
		{U32, "MIF_ID"},
		{Inet6Addr, "SRC_ADDR DST_ADDR"},
	}}},
}}
