package net

import (
	"testing"

	"trapline/decode/internal/clayout"
)

func TestNetLayoutsAgainstC(t *testing.T) {
	clayout.Compare(t, 5, netStructs, nil, nil)
}

// netStructs maps the structs to their names in C.
var netStructs = []clayout.CStruct{
	{"linux/errqueue.h", "struct sock_extended_err", extendedError},
	{"linux/if_packet.h", "struct tpacket_stats_v3", packetRing},
	{"linux/if_packet.h", "struct tpacket_stats_v3", packetStatistics},
	{"linux/in.h", "struct group_req", groupRequest},
	{"linux/in.h", "struct in_pktinfo", packetInfo},
	{"linux/in.h", "struct ip_mreqn", multicastRequest},
	{"linux/tcp.h", "struct tcp_ao_add", tcpKey},
	{"linux/tipc.h", "struct tipc_group_req", tipcGroup},
}
