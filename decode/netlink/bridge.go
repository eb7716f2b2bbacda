package netlink

import (
	"encoding/binary"

	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// Bridges over rtnetlink (linux/if_bridge.h, linux/if_link.h).

// struct ifla_bridge_id
var bridgeID = &Struct{Fields: Fields{{"prio", &Array{Of: U8, N: 2}}, {"addr", MAC(6)}}}

var bridgePortAttributes = &Attributes{Set: &tables.IflaBrportAttr, Prefix: "IFLA_BRPORT_", Types: []attributeTypes{
	{U8, `STATE MODE GUARD PROTECT FAST_LEAVE LEARNING UNICAST_FLOOD PROXYARP LEARNING_SYNC PROXYARP_WIFI TOPOLOGY_CHANGE_ACK
		CONFIG_PENDING MULTICAST_ROUTER MCAST_FLOOD MCAST_TO_UCAST VLAN_TUNNEL BCAST_FLOOD NEIGH_SUPPRESS ISOLATED MRP_RING_OPEN
		MRP_IN_OPEN LOCKED MAB NEIGH_VLAN_SUPPRESS NEIGH_FORWARD_GRAT`},
	{U16, "PRIORITY DESIGNATED_PORT DESIGNATED_COST ID NO"},
	{U32, "COST MCAST_EHT_HOSTS_LIMIT MCAST_EHT_HOSTS_CNT MCAST_N_GROUPS MCAST_MAX_GROUPS BACKUP_NHID"},
	{X16, "GROUP_FWD_MASK"},
	{bridgeID, "ROOT_ID BRIDGE_ID"},
	{attrClock, "MESSAGE_AGE_TIMER FORWARD_DELAY_TIMER HOLD_TIMER"},
	{IfIndex, "BACKUP_PORT"},
}}

var bridgeAttributes = &Attributes{Set: &tables.IflaBrAttr, Prefix: "IFLA_BR_", Types: []attributeTypes{
	{U8, `VLAN_FILTERING TOPOLOGY_CHANGE TOPOLOGY_CHANGE_DETECTED MCAST_ROUTER MCAST_SNOOPING MCAST_QUERY_USE_IFADDR
		MCAST_QUERIER NF_CALL_IPTABLES NF_CALL_IP6TABLES NF_CALL_ARPTABLES VLAN_STATS_ENABLED MCAST_STATS_ENABLED
		MCAST_IGMP_VERSION MCAST_MLD_VERSION VLAN_STATS_PER_PORT`},
	{U16, "PRIORITY ROOT_PORT VLAN_DEFAULT_PVID"},
	{U32, `STP_STATE ROOT_PATH_COST MCAST_HASH_ELASTICITY MCAST_HASH_MAX MCAST_LAST_MEMBER_CNT MCAST_STARTUP_QUERY_CNT
		FDB_N_LEARNED FDB_MAX_LEARNED`},
	{X16, "GROUP_FWD_MASK"},
	{attrEtherProto, "VLAN_PROTOCOL"},
	{bridgeID, "ROOT_ID BRIDGE_ID"},
	{attrClock, `FORWARD_DELAY HELLO_TIME MAX_AGE AGEING_TIME HELLO_TIMER TCN_TIMER TOPOLOGY_CHANGE_TIMER GC_TIMER
		MCAST_LAST_MEMBER_INTVL MCAST_MEMBERSHIP_INTVL MCAST_QUERIER_INTVL MCAST_QUERY_INTVL MCAST_QUERY_RESPONSE_INTVL
		MCAST_STARTUP_QUERY_INTVL`},
	{attrMAC, "GROUP_ADDR"},
	{&Struct{Fields: Fields{{"optval", &Flags{Set: &tables.BridgeBoolopts}}, {"optmask", &Flags{Set: &tables.BridgeBoolopts}}}}, "MULTI_BOOLOPT"},
	{&Attributes{Set: &tables.BridgeQuerierAttr, Prefix: "BRIDGE_QUERIER_", Types: []attributeTypes{
		{InetAddr, "IP_ADDRESS"},
		{Inet6Addr, "IPV6_ADDRESS"},
		{IfIndex, "IP_PORT IPV6_PORT"},
		{attrClock, "IP_OTHER_TIMER IPV6_OTHER_TIMER"},
	}}, "MCAST_QUERIER_STATE"},
	{&enumIn{size: 4, set: &tables.BridgeStpMode}, "STP_MODE"},
}}

var bridgeVlanFlags = &Flags{In: X16, Set: &tables.BridgeVlanInfo}

// bridgeSpec are the attributes of IFLA_AF_SPEC for AF_BRIDGE, which are not
// nested in an attribute of the family.
var bridgeSpec = &Attributes{Set: &tables.IflaBridgeAttr, Prefix: "IFLA_BRIDGE_", Types: []attributeTypes{
	{&flagsIn{size: 2, set: &tables.BridgeFlags}, "FLAGS"},
	{&enumIn{size: 2, set: &tables.BridgeMode}, "MODE"},
	{&followedStruct{&Struct{Fields: Fields{{"flags", bridgeVlanFlags}, {"vid", U16}}}, nil}, "VLAN_INFO"},
	{&Attributes{Set: &tables.BridgeTunnelAttr, Prefix: "IFLA_BRIDGE_VLAN_TUNNEL_", Types: []attributeTypes{
		{U32, "ID"},
		{U16, "VID"},
		{&flagsIn{size: 2, set: &tables.BridgeVlanInfo}, "FLAGS"},
	}}, "VLAN_TUNNEL_INFO"},
}}

// struct br_port_msg, with the multicast database of a bridge
var bridgePortMessage = netlinkMessage{head: &Struct{Fields: Fields{{"family", routeFamilyType}, {"ifindex", IfIndex}}}, attrs: &Attributes{Set: &tables.MdbAttr, Prefix: "MDBA_", Types: []attributeTypes{
	{&Attributes{Set: &tables.MdbMdbAttr, Prefix: "MDBA_MDB_", Types: []attributeTypes{
		{&Attributes{Set: &tables.MdbEntryAttr, Prefix: "MDBA_MDB_ENTRY_", Types: []attributeTypes{
			{&followedStruct{multicastEntry, &Attributes{Set: &tables.MdbEattr, Prefix: "MDBA_MDB_EATTR_", Types: []attributeTypes{{attrClock, "TIMER"}}}}, "INFO"},
		}}, "ENTRY"},
	}}, "MDB"},
	{&Attributes{Set: &tables.MdbRouterAttr, Prefix: "MDBA_ROUTER_", Types: []attributeTypes{
		{&followedStruct{IfIndex, &Attributes{Set: &tables.MdbRouterPattr, Prefix: "MDBA_ROUTER_PATTR_", Types: []attributeTypes{
			{attrClock, "TIMER INET_TIMER INET6_TIMER"},
			{&Enum{In: X8, Set: &tables.MdbRouterType}, "TYPE"},
		}}}, "PORT"},
	}}, "ROUTER"},
}}}

// struct br_mdb_entry
var multicastEntry = &Struct{Fields: Fields{
	{"ifindex", IfIndex}, {"state", &Enum{In: X8, Set: &tables.MdbState}}, {"flags", &Flags{In: X8, Set: &tables.MdbFlags}}, {"vid", U16},
	{"addr", multicastAddr{}},
}}

// multicastAddr is a union of addresses, followed by the family that selects one,
// in network byte order.
type multicastAddr struct{}

func (multicastAddr) Layout(tables.ABI) Layout { return Layout{Size: 20, Align: 4} }

func (multicastAddr) Show(c *Call, v View) {
	family := uint64(binary.BigEndian.Uint16(v.B[16:]))
	c.Out.BeginStruct()
	switch family {
	case afInet:
		c.Out.Inet("u", v.B[:4])
	case afInet6:
		c.Out.Inet("u", v.B[:16])
	default:
		c.Out.Field("u")
		c.Out.Str(output.Binary, v.B[:16], false)
	}
	c.Out.Field("proto")
	c.Out.BeginMacro("htons")
	c.Out.Elem()
	c.Out.Enum(family, &tables.AddressFamily, output.Hex)
	c.Out.EndMacro()
	c.Out.EndStruct()
}

var bridgeXstats = &Attributes{Set: &tables.BridgeXstats, Prefix: "BRIDGE_XSTATS_", Types: []attributeTypes{
	{&followedStruct{&Struct{Fields: Fields{
		{"rx_bytes", U64}, {"rx_packets", U64}, {"tx_bytes", U64}, {"tx_packets", U64}, {"vid", U16}, {"flags", bridgeVlanFlags},
		{"pad2", Reserved{X32}},
	}}, nil}, "VLAN"},
	{&followedStruct{bridgeMulticastStats, nil}, "MCAST"},
	{&followedStruct{&Struct{Fields: Fields{
		{"transition_blk", U64}, {"transition_fwd", U64}, {"rx_bpdu", U64}, {"tx_bpdu", U64}, {"rx_tcn", U64}, {"tx_tcn", U64},
	}}, nil}, "STP"},
}}

// bothDirections are two counts, of received and of sent packets.
var bothDirections = &Array{Of: U64, N: 2, Index: &tables.BridgeMcastIndex}

// struct br_mcast_stats
var bridgeMulticastStats = &Struct{Fields: Fields{
	{"igmp_v1queries", bothDirections}, {"igmp_v2queries", bothDirections}, {"igmp_v3queries", bothDirections}, {"igmp_leaves", bothDirections}, {"igmp_v1reports", bothDirections},
	{"igmp_v2reports", bothDirections}, {"igmp_v3reports", bothDirections}, {"igmp_parse_errors", U64}, {"mld_v1queries", bothDirections},
	{"mld_v2queries", bothDirections}, {"mld_leaves", bothDirections}, {"mld_v1reports", bothDirections}, {"mld_v2reports", bothDirections}, {"mld_parse_errors", U64},
	{"mcast_bytes", bothDirections}, {"mcast_packets", bothDirections},
}}
