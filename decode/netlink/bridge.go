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
var bridgeID = Struct(Fields{{"prio", NewFixed(U8, 2)}, {"addr", MAC(6)}})

var bridgePortAttributes = NewAttributes(tables.IflaBrportAttr, "IFLA_BRPORT_",
	AttributeTypes{U8, `STATE MODE GUARD PROTECT FAST_LEAVE LEARNING UNICAST_FLOOD PROXYARP LEARNING_SYNC PROXYARP_WIFI TOPOLOGY_CHANGE_ACK
		CONFIG_PENDING MULTICAST_ROUTER MCAST_FLOOD MCAST_TO_UCAST VLAN_TUNNEL BCAST_FLOOD NEIGH_SUPPRESS ISOLATED MRP_RING_OPEN
		MRP_IN_OPEN LOCKED MAB NEIGH_VLAN_SUPPRESS NEIGH_FORWARD_GRAT`},
	AttributeTypes{U16, "PRIORITY DESIGNATED_PORT DESIGNATED_COST ID NO"},
	AttributeTypes{U32, "COST MCAST_EHT_HOSTS_LIMIT MCAST_EHT_HOSTS_CNT MCAST_N_GROUPS MCAST_MAX_GROUPS BACKUP_NHID"},
	AttributeTypes{X16, "GROUP_FWD_MASK"},
	AttributeTypes{bridgeID, "ROOT_ID BRIDGE_ID"},
	AttributeTypes{attrClock, "MESSAGE_AGE_TIMER FORWARD_DELAY_TIMER HOLD_TIMER"},
	AttributeTypes{IfIndex, "BACKUP_PORT"},
)

var bridgeAttributes = NewAttributes(tables.IflaBrAttr, "IFLA_BR_",
	AttributeTypes{U8, `VLAN_FILTERING TOPOLOGY_CHANGE TOPOLOGY_CHANGE_DETECTED MCAST_ROUTER MCAST_SNOOPING MCAST_QUERY_USE_IFADDR
		MCAST_QUERIER NF_CALL_IPTABLES NF_CALL_IP6TABLES NF_CALL_ARPTABLES VLAN_STATS_ENABLED MCAST_STATS_ENABLED
		MCAST_IGMP_VERSION MCAST_MLD_VERSION VLAN_STATS_PER_PORT`},
	AttributeTypes{U16, "PRIORITY ROOT_PORT VLAN_DEFAULT_PVID"},
	AttributeTypes{U32, `STP_STATE ROOT_PATH_COST MCAST_HASH_ELASTICITY MCAST_HASH_MAX MCAST_LAST_MEMBER_CNT MCAST_STARTUP_QUERY_CNT
		FDB_N_LEARNED FDB_MAX_LEARNED`},
	AttributeTypes{X16, "GROUP_FWD_MASK"},
	AttributeTypes{attrEtherProto, "VLAN_PROTOCOL"},
	AttributeTypes{bridgeID, "ROOT_ID BRIDGE_ID"},
	AttributeTypes{attrClock, `FORWARD_DELAY HELLO_TIME MAX_AGE AGEING_TIME HELLO_TIMER TCN_TIMER TOPOLOGY_CHANGE_TIMER GC_TIMER
		MCAST_LAST_MEMBER_INTVL MCAST_MEMBERSHIP_INTVL MCAST_QUERIER_INTVL MCAST_QUERY_INTVL MCAST_QUERY_RESPONSE_INTVL
		MCAST_STARTUP_QUERY_INTVL`},
	AttributeTypes{attrMAC, "GROUP_ADDR"},
	AttributeTypes{Struct(Fields{{"optval", Flags(tables.BridgeBoolopts)}, {"optmask", Flags(tables.BridgeBoolopts)}}), "MULTI_BOOLOPT"},
	AttributeTypes{NewAttributes(tables.BridgeQuerierAttr, "BRIDGE_QUERIER_",
		AttributeTypes{InetAddr, "IP_ADDRESS"},
		AttributeTypes{Inet6Addr, "IPV6_ADDRESS"},
		AttributeTypes{IfIndex, "IP_PORT IPV6_PORT"},
		AttributeTypes{attrClock, "IP_OTHER_TIMER IPV6_OTHER_TIMER"},
	), "MCAST_QUERIER_STATE"},
	AttributeTypes{enumIn(4, tables.BridgeStpMode), "STP_MODE"},
)

var bridgeVlanFlags = FlagsOf(X16, tables.BridgeVlanInfo)

// bridgeSpec are IFLA_AF_SPEC's attributes for AF_BRIDGE, whose family is not
// nested once more.
var bridgeSpec = NewAttributes(tables.IflaBridgeAttr, "IFLA_BRIDGE_",
	AttributeTypes{flagsIn(2, tables.BridgeFlags), "FLAGS"},
	AttributeTypes{enumIn(2, tables.BridgeMode), "MODE"},
	AttributeTypes{followedBy(Struct(Fields{{"flags", bridgeVlanFlags}, {"vid", U16}}), nil), "VLAN_INFO"},
	AttributeTypes{NewAttributes(tables.BridgeTunnelAttr, "IFLA_BRIDGE_VLAN_TUNNEL_",
		AttributeTypes{U32, "ID"},
		AttributeTypes{U16, "VID"},
		AttributeTypes{flagsIn(2, tables.BridgeVlanInfo), "FLAGS"},
	), "VLAN_TUNNEL_INFO"},
)

// struct br_port_msg, with a bridge's database of multicast groups
var bridgePortMessage = netlinkMessage{head: Struct(Fields{{"family", routeFamilyType}, {"ifindex", IfIndex}}), attrs: NewAttributes(tables.MdbAttr, "MDBA_",
	AttributeTypes{NewAttributes(tables.MdbMdbAttr, "MDBA_MDB_",
		AttributeTypes{NewAttributes(tables.MdbEntryAttr, "MDBA_MDB_ENTRY_",
			AttributeTypes{followedBy(multicastEntry, NewAttributes(tables.MdbEattr, "MDBA_MDB_EATTR_", AttributeTypes{attrClock, "TIMER"})), "INFO"},
		), "ENTRY"},
	), "MDB"},
	AttributeTypes{NewAttributes(tables.MdbRouterAttr, "MDBA_ROUTER_",
		AttributeTypes{followedBy(IfIndex, NewAttributes(tables.MdbRouterPattr, "MDBA_ROUTER_PATTR_",
			AttributeTypes{attrClock, "TIMER INET_TIMER INET6_TIMER"},
			AttributeTypes{EnumOf(X8, tables.MdbRouterType), "TYPE"},
		)), "PORT"},
	), "ROUTER"},
)}

// struct br_mdb_entry
var multicastEntry = Struct(Fields{
	{"ifindex", IfIndex}, {"state", EnumOf(X8, tables.MdbState)}, {"flags", FlagsOf(X8, tables.MdbFlags)}, {"vid", U16},
	{"addr", multicastAddr{}},
})

// multicastAddr is a union of addresses and the family of the one that it is,
// in network order.
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
	c.Out.Enum(family, tables.AddressFamily, output.Hex)
	c.Out.EndMacro()
	c.Out.EndStruct()
}

var bridgeXstats = NewAttributes(tables.BridgeXstats, "BRIDGE_XSTATS_",
	AttributeTypes{followedBy(Struct(Fields{
		{"rx_bytes", U64}, {"rx_packets", U64}, {"tx_bytes", U64}, {"tx_packets", U64}, {"vid", U16}, {"flags", bridgeVlanFlags},
		Reserved("pad2", X32),
	}), nil), "VLAN"},
	AttributeTypes{followedBy(bridgeMulticastStats, nil), "MCAST"},
	AttributeTypes{followedBy(Struct(Fields{
		{"transition_blk", U64}, {"transition_fwd", U64}, {"rx_bpdu", U64}, {"tx_bpdu", U64}, {"rx_tcn", U64}, {"tx_tcn", U64},
	}), nil), "STP"},
)

// struct br_mcast_stats
var bridgeMulticastStats = func() *StructType {
	both := Indexed(U64, 2, tables.BridgeMcastIndex)
	return Struct(Fields{
		{"igmp_v1queries", both}, {"igmp_v2queries", both}, {"igmp_v3queries", both}, {"igmp_leaves", both}, {"igmp_v1reports", both},
		{"igmp_v2reports", both}, {"igmp_v3reports", both}, {"igmp_parse_errors", U64}, {"mld_v1queries", both},
		{"mld_v2queries", both}, {"mld_leaves", both}, {"mld_v1reports", both}, {"mld_v2reports", both}, {"mld_parse_errors", U64},
		{"mcast_bytes", both}, {"mcast_packets", both},
	})
}()
