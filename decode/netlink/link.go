package netlink

import (
	"bytes"

	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// Network interfaces over rtnetlink (linux/if_link.h). Bridges are in bridge.go.

// struct ifinfomsg (linux/rtnetlink.h)
var linkMessage = netlinkMessage{head: &Struct{Fields: Fields{
	{"ifi_family", routeFamilyType}, {"_", U8}, {"ifi_type", &Enum{In: X16, Set: &tables.ArpHardware}}, {"ifi_index", IfIndex},
	{"ifi_flags", &Flags{In: X32, Set: &tables.InterfaceFlags}}, {"ifi_change", X32},
}}, attrs: linkAttributes}

var linkAttributes = &Attributes{Set: &tables.LinkAttr, Prefix: "IFLA_", Types: []attributeTypes{
	{attrMAC, "ADDRESS BROADCAST PERM_ADDRESS"},
	{AtAddr(showAttrString), "IFNAME QDISC IFALIAS PHYS_PORT_NAME ALT_IFNAME PARENT_DEV_NAME PARENT_DEV_BUS_NAME"},
	{U8, "OPERSTATE LINKMODE CARRIER PROTO_DOWN NETNS_IMMUTABLE"},
	{U16, "HEADROOM TAILROOM"},
	{U32, `MTU LINK MASTER TXQLEN WEIGHT NET_NS_PID NUM_VF GROUP PROMISCUITY NUM_TX_QUEUES NUM_RX_QUEUES CARRIER_CHANGES
		GSO_MAX_SEGS GSO_MAX_SIZE CARRIER_UP_COUNT CARRIER_DOWN_COUNT MIN_MTU MAX_MTU GRO_MAX_SIZE TSO_MAX_SIZE TSO_MAX_SEGS ALLMULTI
		DEVLINK_PORT GSO_IPV4_MAX_SIZE GRO_IPV4_MAX_SIZE`},
	{S32, "LINK_NETNSID NEW_NETNSID IF_NETNSID"},
	{U64, "MAX_PACING_OFFLOAD_HORIZON"},
	{IfIndex, "NEW_IFINDEX"},
	{FD, "NET_NS_FD"},
	{&grownStruct{linkStats32, []int{23 * 4}}, "STATS"},
	{linkStats64, "STATS64"},
	{&taillessStruct{&Struct{Fields: Fields{
		{"mem_start", X64}, {"mem_end", X64}, {"base_addr", X64}, {"irq", U16}, {"dma", U8}, {"port", U8},
	}}, 28}, "MAP"},
	{&flagsIn{size: 4, set: &tables.ExtFilterMask}, "EXT_MASK"},
	{&Enum{Set: &tables.IflaEvent}, "EVENT"},
	{&nestedBy{on: Ref("ifi_family"), tables: familyTables{
		{tables.AF_BRIDGE, bridgePortAttributes},
		{tables.AF_INET6, inet6Attributes},
	}}, "PROTINFO"},
	{AtAddr(showLinkInfo), "LINKINFO"},
	{&Attributes{Set: &tables.IflaVfInfoAttr, Prefix: "IFLA_VF_", Types: []attributeTypes{{virtualFunction, "INFO"}}}, "VFINFO_LIST"},
	{&Attributes{Set: &tables.IflaVfPortAttr, Prefix: "IFLA_VF_", Types: []attributeTypes{{portAttributes, "PORT"}}}, "VF_PORTS"},
	{portAttributes, "PORT_SELF"},
	{AtAddr(func(c *Call, addr uint64) {
		if Ref("ifi_family").Num(c) == tables.AF_BRIDGE {
			bridgeSpec.ShowAt(c, addr)
		} else {
			familySpec.ShowAt(c, addr)
		}
	}), "AF_SPEC"},
	{&Attributes{Set: &tables.IflaXdpAttr, Prefix: "IFLA_XDP_", Types: []attributeTypes{
		{FD, "FD EXPECTED_FD"},
		{&enumIn{size: 1, set: &tables.IflaXdpAttached}, "ATTACHED"},
		{&Flags{Set: &tables.IflaXdpFlags}, "FLAGS"},
		{U32, "PROG_ID DRV_PROG_ID SKB_PROG_ID HW_PROG_ID"},
	}}, "XDP"},
	{&Attributes{Set: &tables.LinkAttr, Prefix: "IFLA_", Types: []attributeTypes{{AtAddr(showAttrString), "ALT_IFNAME"}}}, "PROP_LIST"},
	{&Attributes{Set: &tables.IflaDownReason, Prefix: "IFLA_PROTO_DOWN_REASON_", Types: []attributeTypes{{X32, "MASK VALUE"}}}, "PROTO_DOWN_REASON"},
}}

// struct rtnl_link_stats (linux/if_link.h)
var linkStats32 = &Struct{Fields: Fields{
	{"rx_packets", U32}, {"tx_packets", U32}, {"rx_bytes", U32}, {"tx_bytes", U32}, {"rx_errors", U32},
	{"tx_errors", U32}, {"rx_dropped", U32}, {"tx_dropped", U32}, {"multicast", U32},
	{"collisions", U32}, {"rx_length_errors", U32}, {"rx_over_errors", U32}, {"rx_crc_errors", U32},
	{"rx_frame_errors", U32}, {"rx_fifo_errors", U32}, {"rx_missed_errors", U32},
	{"tx_aborted_errors", U32}, {"tx_carrier_errors", U32}, {"tx_fifo_errors", U32},
	{"tx_heartbeat_errors", U32}, {"tx_window_errors", U32}, {"rx_compressed", U32},
	{"tx_compressed", U32}, {"rx_nohandler", U32},
}}

// struct rtnl_link_stats64
var (
	linkStats64      = &grownStruct{linkStats64Whole, []int{23 * 8, 24 * 8}}
	linkStats64Whole = &Struct{Fields: Fields{
		{"rx_packets", U64}, {"tx_packets", U64}, {"rx_bytes", U64}, {"tx_bytes", U64}, {"rx_errors", U64},
		{"tx_errors", U64}, {"rx_dropped", U64}, {"tx_dropped", U64}, {"multicast", U64},
		{"collisions", U64}, {"rx_length_errors", U64}, {"rx_over_errors", U64}, {"rx_crc_errors", U64},
		{"rx_frame_errors", U64}, {"rx_fifo_errors", U64}, {"rx_missed_errors", U64},
		{"tx_aborted_errors", U64}, {"tx_carrier_errors", U64}, {"tx_fifo_errors", U64},
		{"tx_heartbeat_errors", U64}, {"tx_window_errors", U64}, {"rx_compressed", U64},
		{"tx_compressed", U64}, {"rx_nohandler", U64}, {"rx_otherhost_dropped", U64},
	}}
)

// familySpec are the attributes of each address family.
var familySpec = &Attributes{Set: &tables.AddressFamily, Prefix: "AF_", Types: []attributeTypes{
	{&Attributes{Set: &tables.IflaInetAttr, Prefix: "IFLA_INET_", Types: []attributeTypes{{&payloadArray{elem: S32, set: &tables.InetDevconf}, "CONF"}}}, "INET"},
	{inet6Attributes, "INET6"},
	{&Attributes{Set: &tables.IflaMctpAttr, Prefix: "IFLA_MCTP_", Types: []attributeTypes{
		{U32, "NET"},
		{X8, "PHYS_BINDING"},
	}}, "MCTP"},
}}

var inet6Attributes = &Attributes{Set: &tables.IflaInet6Attr, Prefix: "IFLA_INET6_", Types: []attributeTypes{
	{&flagsIn{size: 4, set: &tables.Inet6IfFlags}, "FLAGS"},
	{&payloadArray{elem: S32, set: &tables.Inet6Devconf}, "CONF"},
	{&payloadArray{elem: U64, set: &tables.IPMib}, "STATS"},
	{&payloadArray{elem: U64, set: &tables.ICMP6Mib}, "ICMP6STATS"},
	{&Struct{Fields: Fields{{"max_reasm_len", U32}, {"tstamp", U32}, {"reachable_time", U32}, {"retrans_time", U32}}}, "CACHEINFO"},
	{Inet6Addr, "TOKEN"},
	{&enumIn{size: 1, set: &tables.In6AddrGenMode}, "ADDR_GEN_MODE"},
	{U32, "RA_MTU"},
}}

// Virtual functions of a network card: struct ifla_vf_*.
var virtualFunction = &Attributes{Set: &tables.IflaVfAttr, Prefix: "IFLA_VF_", Types: []attributeTypes{
	{&Struct{Fields: Fields{{"vf", U32}, {"mac", MAC(32)}}}, "MAC"},
	{&Struct{Fields: Fields{{"vf", U32}, {"vlan", U32}, {"qos", U32}}}, "VLAN"},
	{&Struct{Fields: Fields{{"vf", U32}, {"rate", U32}}}, "TX_RATE"},
	{&Struct{Fields: Fields{{"vf", U32}, {"setting", U32}}}, "SPOOFCHK RSS_QUERY_EN TRUST"},
	{&Struct{Fields: Fields{{"vf", U32}, {"link_state", &Enum{Set: &tables.IflaVfLinkState}}}}, "LINK_STATE"},
	{&Struct{Fields: Fields{{"vf", U32}, {"min_tx_rate", U32}, {"max_tx_rate", U32}}}, "RATE"},
	{&Attributes{Set: &tables.IflaVfStatsAttr, Prefix: "IFLA_VF_STATS_", Types: []attributeTypes{
		{U64, "RX_PACKETS TX_PACKETS RX_BYTES TX_BYTES BROADCAST MULTICAST RX_DROPPED TX_DROPPED"},
	}}, "STATS"},
	{virtualFunctionID{}, "IB_NODE_GUID IB_PORT_GUID"},
	{&Attributes{Set: &tables.IflaVfVlanAttr, Prefix: "IFLA_VF_VLAN_", Types: []attributeTypes{
		{&Struct{Fields: Fields{{"vf", U32}, {"vlan", U32}, {"qos", U32}, {"vlan_proto", attrEtherType}, {"_", U16}}}, "INFO"},
	}}, "VLAN_LIST"},
	{&Struct{Fields: Fields{{"broadcast", MAC(32)}}}, "BROADCAST"},
}}

// attrEtherType is an Ethernet protocol in network byte order.
var attrEtherType = &inNetworkOrder{Layouts(U16), "htons", &tables.EtherProtocol}

// virtualFunctionID is a struct ifla_vf_guid. Its second member is aligned to 8
// bytes only on 64-bit kernels.
type virtualFunctionID struct{ payloadOnly }

var (
	virtualFunctionID32 = &Struct{Packed: true, Fields: Fields{{"vf", U32}, {"guid", X64}}}
	virtualFunctionID64 = &Struct{Packed: true, Fields: Fields{{"vf", U32}, {"_", U32}, {"guid", X64}}}
)

func (virtualFunctionID) fits(_ *Call, length int) bool { return length == 12 || length == 16 }

func (virtualFunctionID) ShowAt(c *Call, addr uint64) {
	st := virtualFunctionID64
	if shownNetlink.Of(c).payload == 12 {
		st = virtualFunctionID32
	}
	if v, ok := c.ReadType(addr, st); ok {
		st.Show(c, v)
	} else {
		c.Out.Addr(addr)
	}
}

var portAttributes = &Attributes{Set: &tables.IflaPortAttr, Prefix: "IFLA_PORT_", Types: []attributeTypes{
	{U32, "VF"},
	{AtAddr(showAttrString), "PROFILE"},
	{&Struct{Fields: Fields{
		{"vsi_mgr_id", U8}, {"vsi_type_id", &Chars{N: 3, Len: Const(3), Kind: Binary}}, {"vsi_type_version", U8}, {"pad", Reserved{&Chars{N: 3, Len: Const(3), Kind: Binary}}},
	}}, "VSI_TYPE"},
	{U8, "REQUEST"},
	{U16, "RESPONSE"},
}}

// linkKinds are the kinds of the interface being shown, and of the interface that
// it is a port of. The types of their data depend on them.
type linkKinds struct{ own, master linkKind }

// linkKind is a name such as "bridge". Names that do not fit are unknown kinds.
type linkKind struct {
	name [16]byte
	n    int
}

func (k *linkKind) is(name string) bool { return string(k.name[:k.n]) == name }

// showLinkInfo shows attributes whose types depend on other attributes.
func showLinkInfo(c *Call, addr uint64) {
	outer := shownNetlink.Of(c).links
	shownNetlink.Of(c).links = linkKinds{}
	linkInfoAttributes.ShowAt(c, addr)
	shownNetlink.Of(c).links = outer
}

// showKind shows a kind and keeps it for the data that follows.
func showKind(c *Call, addr uint64, k *linkKind) {
	k.n = 0
	n := shownNetlink.Of(c).payload
	b, ok := c.ReadAll(addr, min(n, c.StringLimit+1))
	if !ok {
		c.Out.Addr(addr)
		return
	}
	if i := bytes.IndexByte(b, 0); i >= 0 {
		b = b[:i]
		n = i
	}
	if shownNetlink.Of(c).payload < len(k.name) {
		k.n = copy(k.name[:], b)
	}
	c.Out.Str(output.Plain, b[:min(len(b), c.StringLimit)], n > c.StringLimit || n == shownNetlink.Of(c).payload)
}

// showText shows the payload as a string without its NUL. A string without a NUL
// is shown as cut.
func showText(c *Call, addr uint64) {
	var k linkKind
	showKind(c, addr, &k)
}

var linkInfoAttributes = &Attributes{Set: &tables.IflaInfoAttr, Prefix: "IFLA_INFO_", Types: []attributeTypes{
	{AtAddr(func(c *Call, addr uint64) { showKind(c, addr, &shownNetlink.Of(c).links.own) }), "KIND"},
	{AtAddr(func(c *Call, addr uint64) { showKind(c, addr, &shownNetlink.Of(c).links.master) }), "SLAVE_KIND"},
	{AtAddr(func(c *Call, addr uint64) {
		switch {
		case shownNetlink.Of(c).links.own.is("bridge"):
			bridgeAttributes.ShowAt(c, addr)
		case shownNetlink.Of(c).links.own.is("tun"):
			tunAttributes.ShowAt(c, addr)
		default:
			c.ShowBuffer(addr, uint64(shownNetlink.Of(c).payload), Binary)
		}
	}), "DATA"},
	{AtAddr(func(c *Call, addr uint64) {
		if shownNetlink.Of(c).links.master.is("bridge") {
			bridgePortAttributes.ShowAt(c, addr)
		} else {
			c.ShowBuffer(addr, uint64(shownNetlink.Of(c).payload), Binary)
		}
	}), "SLAVE_DATA"},
	{AtAddr(func(c *Call, addr uint64) {
		if shownNetlink.Of(c).links.own.is("can") {
			showPayload(c, canStats, addr, shownNetlink.Of(c).payload)
		} else {
			c.ShowBuffer(addr, uint64(shownNetlink.Of(c).payload), Binary)
		}
	}), "XSTATS"},
}}

// struct can_device_stats (linux/can/netlink.h)
var canStats = &Struct{Fields: Fields{
	{"bus_error", U32}, {"error_warning", U32}, {"error_passive", U32}, {"bus_off", U32}, {"arbitration_lost", U32}, {"restarts", U32},
}}

var tunAttributes = &Attributes{Set: &tables.IflaTunAttr, Prefix: "IFLA_TUN_", Types: []attributeTypes{
	{ID, "OWNER GROUP"},
	{&enumIn{size: 1, set: &tables.TunDeviceType}, "TYPE"},
	{U8, "PI VNET_HDR PERSIST MULTI_QUEUE"},
	{U32, "NUM_QUEUES NUM_DISABLED_QUEUES"},
}}

// struct if_stats_msg (linux/if_link.h)
var linkStatsMessage = netlinkMessage{head: &Struct{Fields: Fields{
	{"family", routeFamilyType}, {"pad1", Reserved{X8}}, {"pad2", Reserved{X16}}, {"ifindex", IfIndex},
	{"filter_mask", &Flags{In: X32, Set: &tables.StatsFilter}},
}}, attrs: &Attributes{Set: &tables.StatsAttr, Prefix: "IFLA_STATS_", Types: []attributeTypes{
	{linkStats64, "LINK_64"},
	{&Attributes{Set: &tables.LinkXstatsType, Prefix: "LINK_XSTATS_TYPE_", Types: []attributeTypes{
		{bridgeXstats, "BRIDGE"},
		{&Attributes{Set: &tables.BondXstats, Prefix: "BOND_XSTATS_", Types: []attributeTypes{
			{&Attributes{Set: &tables.Bond3adStat, Prefix: "BOND_3AD_STAT_", Types: []attributeTypes{
				{U64, "LACPDU_RX LACPDU_TX LACPDU_UNKNOWN_RX LACPDU_ILLEGAL_RX MARKER_RX MARKER_TX MARKER_RESP_RX MARKER_RESP_TX MARKER_UNKNOWN_RX"},
			}}, "3AD"},
		}}, "BOND"},
	}}, "LINK_XSTATS LINK_XSTATS_SLAVE"},
	{&Attributes{Set: &tables.OffloadXstats, Prefix: "IFLA_OFFLOAD_XSTATS_", Types: []attributeTypes{{linkStats64, "CPU_HIT"}}}, "LINK_OFFLOAD_XSTATS"},
	{&Attributes{Set: &tables.AddressFamily, Prefix: "AF_", Types: []attributeTypes{
		{&Attributes{Set: &tables.MplsStats, Prefix: "MPLS_STATS_", Types: []attributeTypes{
			{&followedStruct{&Struct{Fields: Fields{
				{"rx_packets", U64}, {"tx_packets", U64}, {"rx_bytes", U64}, {"tx_bytes", U64}, {"rx_errors", U64}, {"tx_errors", U64},
				{"rx_dropped", U64}, {"tx_dropped", U64}, {"rx_noroute", U64},
			}}, nil}, "LINK"},
		}}, "MPLS"},
	}}, "AF_SPEC"},
}}}
