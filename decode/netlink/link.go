package netlink

import (
	"bytes"

	"golang.org/x/sys/unix"

	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// Network interfaces over rtnetlink (linux/if_link.h). Bridges have a file of
// their own.

// struct ifinfomsg (linux/rtnetlink.h)
var linkMessage = netlinkMessage{head: Struct(Fields{
	{"ifi_family", routeFamilyType}, {"_", U8}, {"ifi_type", EnumOf(X16, tables.ArpHardware)}, {"ifi_index", IfIndex},
	{"ifi_flags", FlagsOf(X32, tables.InterfaceFlags)}, {"ifi_change", X32},
}), attrs: linkAttributes}

var linkAttributes = NewAttributes(tables.LinkAttr, "IFLA_",
	AttributeTypes{attrMAC, "ADDRESS BROADCAST PERM_ADDRESS"},
	AttributeTypes{attrString, "IFNAME QDISC IFALIAS PHYS_PORT_NAME ALT_IFNAME PARENT_DEV_NAME PARENT_DEV_BUS_NAME"},
	AttributeTypes{U8, "OPERSTATE LINKMODE CARRIER PROTO_DOWN NETNS_IMMUTABLE"},
	AttributeTypes{U16, "HEADROOM TAILROOM"},
	AttributeTypes{U32, `MTU LINK MASTER TXQLEN WEIGHT NET_NS_PID NUM_VF GROUP PROMISCUITY NUM_TX_QUEUES NUM_RX_QUEUES CARRIER_CHANGES
		GSO_MAX_SEGS GSO_MAX_SIZE CARRIER_UP_COUNT CARRIER_DOWN_COUNT MIN_MTU MAX_MTU GRO_MAX_SIZE TSO_MAX_SIZE TSO_MAX_SEGS ALLMULTI
		DEVLINK_PORT GSO_IPV4_MAX_SIZE GRO_IPV4_MAX_SIZE`},
	AttributeTypes{S32, "LINK_NETNSID NEW_NETNSID IF_NETNSID"},
	AttributeTypes{U64, "MAX_PACING_OFFLOAD_HORIZON"},
	AttributeTypes{IfIndex, "NEW_IFINDEX"},
	AttributeTypes{attrFD, "NET_NS_FD"},
	AttributeTypes{grown(linkStats(U32, "rx_nohandler"), 23*4), "STATS"},
	AttributeTypes{linkStats64, "STATS64"},
	AttributeTypes{tailless(Struct(Fields{
		{"mem_start", X64}, {"mem_end", X64}, {"base_addr", X64}, {"irq", U16}, {"dma", U8}, {"port", U8},
	}), 28), "MAP"},
	AttributeTypes{flagsIn(4, tables.ExtFilterMask), "EXT_MASK"},
	AttributeTypes{Enum(tables.IflaEvent), "EVENT"},
	AttributeTypes{nestedBy(Ref("ifi_family"), map[uint64]*Attributes{
		unix.AF_BRIDGE: bridgePortAttributes,
		unix.AF_INET6:  inet6Attributes,
	}), "PROTINFO"},
	AttributeTypes{AtAddr(showLinkInfo), "LINKINFO"},
	AttributeTypes{NewAttributes(tables.IflaVfInfoAttr, "IFLA_VF_", AttributeTypes{virtualFunction, "INFO"}), "VFINFO_LIST"},
	AttributeTypes{NewAttributes(tables.IflaVfPortAttr, "IFLA_VF_", AttributeTypes{portAttributes, "PORT"}), "VF_PORTS"},
	AttributeTypes{portAttributes, "PORT_SELF"},
	AttributeTypes{AtAddr(func(c *Call, addr uint64) {
		if Ref("ifi_family").Num(c) == unix.AF_BRIDGE {
			bridgeSpec.ShowAt(c, addr)
		} else {
			familySpec.ShowAt(c, addr)
		}
	}), "AF_SPEC"},
	AttributeTypes{NewAttributes(tables.IflaXdpAttr, "IFLA_XDP_",
		AttributeTypes{attrFD, "FD EXPECTED_FD"},
		AttributeTypes{enumIn(1, tables.IflaXdpAttached), "ATTACHED"},
		AttributeTypes{Flags(tables.IflaXdpFlags), "FLAGS"},
		AttributeTypes{U32, "PROG_ID DRV_PROG_ID SKB_PROG_ID HW_PROG_ID"},
	), "XDP"},
	AttributeTypes{NewAttributes(tables.LinkAttr, "IFLA_", AttributeTypes{attrString, "ALT_IFNAME"}), "PROP_LIST"},
	AttributeTypes{NewAttributes(tables.IflaDownReason, "IFLA_PROTO_DOWN_REASON_", AttributeTypes{X32, "MASK VALUE"}), "PROTO_DOWN_REASON"},
)

// linkStats is a struct rtnl_link_stats, with members that came later.
func linkStats(n *Number, later ...string) *StructType {
	var fields Fields
	for _, name := range append([]string{
		"rx_packets", "tx_packets", "rx_bytes", "tx_bytes", "rx_errors", "tx_errors", "rx_dropped", "tx_dropped", "multicast",
		"collisions", "rx_length_errors", "rx_over_errors", "rx_crc_errors", "rx_frame_errors", "rx_fifo_errors",
		"rx_missed_errors", "tx_aborted_errors", "tx_carrier_errors", "tx_fifo_errors", "tx_heartbeat_errors",
		"tx_window_errors", "rx_compressed", "tx_compressed",
	}, later...) {
		fields = append(fields, Field{name, n})
	}
	return Struct(fields)
}

var (
	linkStats64      = grown(linkStats64Whole, 23*8, 24*8)
	linkStats64Whole = linkStats(U64, "rx_nohandler", "rx_otherhost_dropped")
)

// familySpec are the attributes of address families, by their numbers.
var familySpec = NewAttributes(tables.AddressFamily, "AF_",
	AttributeTypes{NewAttributes(tables.IflaInetAttr, "IFLA_INET_", AttributeTypes{attrIndexed(S32, tables.InetDevconf), "CONF"}), "INET"},
	AttributeTypes{inet6Attributes, "INET6"},
	AttributeTypes{NewAttributes(tables.IflaMctpAttr, "IFLA_MCTP_",
		AttributeTypes{U32, "NET"},
		AttributeTypes{X8, "PHYS_BINDING"},
	), "MCTP"},
)

var inet6Attributes = NewAttributes(tables.IflaInet6Attr, "IFLA_INET6_",
	AttributeTypes{flagsIn(4, tables.Inet6IfFlags), "FLAGS"},
	AttributeTypes{attrIndexed(S32, tables.Inet6Devconf), "CONF"},
	AttributeTypes{attrIndexed(U64, tables.IPMib), "STATS"},
	AttributeTypes{attrIndexed(U64, tables.ICMP6Mib), "ICMP6STATS"},
	AttributeTypes{Struct(Fields{{"max_reasm_len", U32}, {"tstamp", U32}, {"reachable_time", U32}, {"retrans_time", U32}}), "CACHEINFO"},
	AttributeTypes{Inet6Addr, "TOKEN"},
	AttributeTypes{enumIn(1, tables.In6AddrGenMode), "ADDR_GEN_MODE"},
	AttributeTypes{U32, "RA_MTU"},
)

// Virtual functions of a network card: struct ifla_vf_*.
var virtualFunction = NewAttributes(tables.IflaVfAttr, "IFLA_VF_",
	AttributeTypes{Struct(Fields{{"vf", U32}, {"mac", MAC(32)}}), "MAC"},
	AttributeTypes{Struct(Fields{{"vf", U32}, {"vlan", U32}, {"qos", U32}}), "VLAN"},
	AttributeTypes{Struct(Fields{{"vf", U32}, {"rate", U32}}), "TX_RATE"},
	AttributeTypes{Struct(Fields{{"vf", U32}, {"setting", U32}}), "SPOOFCHK RSS_QUERY_EN TRUST"},
	AttributeTypes{Struct(Fields{{"vf", U32}, {"link_state", Enum(tables.IflaVfLinkState)}}), "LINK_STATE"},
	AttributeTypes{Struct(Fields{{"vf", U32}, {"min_tx_rate", U32}, {"max_tx_rate", U32}}), "RATE"},
	AttributeTypes{NewAttributes(tables.IflaVfStatsAttr, "IFLA_VF_STATS_",
		AttributeTypes{U64, "RX_PACKETS TX_PACKETS RX_BYTES TX_BYTES BROADCAST MULTICAST RX_DROPPED TX_DROPPED"},
	), "STATS"},
	AttributeTypes{virtualFunctionID{}, "IB_NODE_GUID IB_PORT_GUID"},
	AttributeTypes{NewAttributes(tables.IflaVfVlanAttr, "IFLA_VF_VLAN_",
		AttributeTypes{Struct(Fields{{"vf", U32}, {"vlan", U32}, {"qos", U32}, {"vlan_proto", attrEtherType}, {"_", U16}}), "INFO"},
	), "VLAN_LIST"},
	AttributeTypes{Struct(Fields{{"broadcast", MAC(32)}}), "BROADCAST"},
)

// attrEtherType is a protocol above Ethernet in network order.
var attrEtherType = &inNetworkOrder{SameLayout(2), "htons", tables.EtherProtocol}

// virtualFunctionID is a struct ifla_vf_guid, whose second member is aligned by
// 64-bit kernels only.
type virtualFunctionID struct{ payloadOnly }

var (
	virtualFunctionID32 = Packed(Fields{{"vf", U32}, {"guid", X64}})
	virtualFunctionID64 = Packed(Fields{{"vf", U32}, {"_", U32}, {"guid", X64}})
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

var portAttributes = NewAttributes(tables.IflaPortAttr, "IFLA_PORT_",
	AttributeTypes{U32, "VF"},
	AttributeTypes{attrString, "PROFILE"},
	AttributeTypes{Struct(Fields{
		{"vsi_mgr_id", U8}, {"vsi_type_id", Binaries(3, Const(3))}, {"vsi_type_version", U8}, Reserved("pad", Binaries(3, Const(3))),
	}), "VSI_TYPE"},
	AttributeTypes{U8, "REQUEST"},
	AttributeTypes{U16, "RESPONSE"},
)

// linkKinds are the kinds of the interface being shown and of the one that it
// is a port of, which say what their data means.
type linkKinds struct{ own, master linkKind }

// linkKind is a name such as "bridge". Longer ones are not known.
type linkKind struct {
	name [16]byte
	n    int
}

func (k *linkKind) is(name string) bool { return string(k.name[:k.n]) == name }

// showLinkInfo shows attributes of which some say what others mean.
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

// showText shows the payload as a string that ends at a NUL; without one it
// goes on.
func showText(c *Call, addr uint64) {
	var k linkKind
	showKind(c, addr, &k)
}

var linkInfoAttributes = NewAttributes(tables.IflaInfoAttr, "IFLA_INFO_",
	AttributeTypes{AtAddr(func(c *Call, addr uint64) { showKind(c, addr, &shownNetlink.Of(c).links.own) }), "KIND"},
	AttributeTypes{AtAddr(func(c *Call, addr uint64) { showKind(c, addr, &shownNetlink.Of(c).links.master) }), "SLAVE_KIND"},
	AttributeTypes{AtAddr(func(c *Call, addr uint64) {
		switch {
		case shownNetlink.Of(c).links.own.is("bridge"):
			bridgeAttributes.ShowAt(c, addr)
		case shownNetlink.Of(c).links.own.is("tun"):
			tunAttributes.ShowAt(c, addr)
		default:
			c.ShowBuffer(addr, uint64(shownNetlink.Of(c).payload), BinaryData)
		}
	}), "DATA"},
	AttributeTypes{AtAddr(func(c *Call, addr uint64) {
		if shownNetlink.Of(c).links.master.is("bridge") {
			bridgePortAttributes.ShowAt(c, addr)
		} else {
			c.ShowBuffer(addr, uint64(shownNetlink.Of(c).payload), BinaryData)
		}
	}), "SLAVE_DATA"},
	AttributeTypes{AtAddr(func(c *Call, addr uint64) {
		if shownNetlink.Of(c).links.own.is("can") {
			showPayload(c, canStats, addr, shownNetlink.Of(c).payload)
		} else {
			c.ShowBuffer(addr, uint64(shownNetlink.Of(c).payload), BinaryData)
		}
	}), "XSTATS"},
)

// struct can_device_stats (linux/can/netlink.h)
var canStats = Struct(Fields{
	{"bus_error", U32}, {"error_warning", U32}, {"error_passive", U32}, {"bus_off", U32}, {"arbitration_lost", U32}, {"restarts", U32},
})

var tunAttributes = NewAttributes(tables.IflaTunAttr, "IFLA_TUN_",
	AttributeTypes{ID, "OWNER GROUP"},
	AttributeTypes{enumIn(1, tables.TunDeviceType), "TYPE"},
	AttributeTypes{U8, "PI VNET_HDR PERSIST MULTI_QUEUE"},
	AttributeTypes{U32, "NUM_QUEUES NUM_DISABLED_QUEUES"},
)

// struct if_stats_msg (linux/if_link.h)
var linkStatsMessage = netlinkMessage{head: Struct(Fields{
	{"family", routeFamilyType}, Reserved("pad1", X8), Reserved("pad2", X16), {"ifindex", IfIndex},
	{"filter_mask", FlagsOf(X32, tables.StatsFilter)},
}), attrs: NewAttributes(tables.StatsAttr, "IFLA_STATS_",
	AttributeTypes{linkStats64, "LINK_64"},
	AttributeTypes{NewAttributes(tables.LinkXstatsType, "LINK_XSTATS_TYPE_",
		AttributeTypes{bridgeXstats, "BRIDGE"},
		AttributeTypes{NewAttributes(tables.BondXstats, "BOND_XSTATS_",
			AttributeTypes{NewAttributes(tables.Bond3adStat, "BOND_3AD_STAT_",
				AttributeTypes{U64, "LACPDU_RX LACPDU_TX LACPDU_UNKNOWN_RX LACPDU_ILLEGAL_RX MARKER_RX MARKER_TX MARKER_RESP_RX MARKER_RESP_TX MARKER_UNKNOWN_RX"},
			), "3AD"},
		), "BOND"},
	), "LINK_XSTATS LINK_XSTATS_SLAVE"},
	AttributeTypes{NewAttributes(tables.OffloadXstats, "IFLA_OFFLOAD_XSTATS_", AttributeTypes{linkStats64, "CPU_HIT"}), "LINK_OFFLOAD_XSTATS"},
	AttributeTypes{NewAttributes(tables.AddressFamily, "AF_",
		AttributeTypes{NewAttributes(tables.MplsStats, "MPLS_STATS_",
			AttributeTypes{followedBy(Struct(Fields{
				{"rx_packets", U64}, {"tx_packets", U64}, {"rx_bytes", U64}, {"tx_bytes", U64}, {"rx_errors", U64}, {"tx_errors", U64},
				{"rx_dropped", U64}, {"tx_dropped", U64}, {"rx_noroute", U64},
			}), nil), "LINK"},
		), "MPLS"},
	), "AF_SPEC"},
)}
