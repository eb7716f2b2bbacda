package netlink

import (
	"testing"

	"trapline/decode/internal/clayout"
)

func TestNetlinkLayoutsAgainstC(t *testing.T) {
	clayout.Compare(t, 44, netlinkStructs, nil, nil)
}

// netlinkStructs maps the structs to their names in C.
var netlinkStructs = []clayout.CStruct{
	{"linux/cryptouser.h", "struct crypto_user_alg", cryptoMessage},
	{"linux/fib_rules.h", "struct fib_rule_hdr", ruleMessage.head},
	{"linux/if_addr.h", "struct ifaddrmsg", addrMessage.head},
	{"linux/if_addrlabel.h", "struct ifaddrlblmsg", addrLabelMessage.head},
	{"linux/if_bridge.h", "struct br_mcast_stats", bridgeMulticastStats},
	{"linux/if_bridge.h", "struct br_mdb_entry", multicastEntry},
	{"linux/if_bridge.h", "struct br_port_msg", bridgePortMessage.head},
	{"linux/if_link.h", "struct if_stats_msg", linkStatsMessage.head},
	{"linux/if_link.h", "struct rtnl_link_stats64", linkStats64Whole},
	{"linux/inet_diag.h", "struct inet_diag_bc_op", diagOperation},
	{"linux/inet_diag.h", "struct inet_diag_hostcond", hostCondition},
	{"linux/inet_diag.h", "struct inet_diag_msg", inetDiagMsg.head},
	{"linux/inet_diag.h", "struct inet_diag_req", inetDiagReqCompat.head},
	{"linux/inet_diag.h", "struct inet_diag_req_v2", inetDiagReq.head},
	{"linux/neighbour.h", "struct ndmsg", neighMessage.head},
	{"linux/netlink.h", "struct nlattr", nlattr},
	{"linux/netlink.h", "struct nlmsghdr", nlmsghdr},
	{"linux/netlink_diag.h", "struct netlink_diag_msg", netlinkDiagMsg.head},
	{"linux/netlink_diag.h", "struct netlink_diag_req", netlinkDiagReq.head},
	{"linux/nexthop.h", "struct nhmsg", nexthopMessage.head},
	{"linux/packet_diag.h", "struct packet_diag_msg", packetDiagMsg.head},
	{"linux/packet_diag.h", "struct packet_diag_req", packetDiagReq.head},
	{"linux/rtnetlink.h", "struct ifinfomsg", linkMessage.head},
	{"linux/rtnetlink.h", "struct rtmsg", routeMessage.head},
	{"linux/rtnetlink.h", "struct rtnexthop", rtnexthop},
	{"linux/rtnetlink.h", "struct tcamsg", tcActionMessage.head},
	{"linux/rtnetlink.h", "struct tcmsg", tcMessage.head},
	{"linux/smc_diag.h", "struct smc_diag_cursor", smcCursor},
	{"linux/smc_diag.h", "struct smc_diag_msg", smcDiagMsg.head},
	{"linux/smc_diag.h", "struct smc_diag_req", smcDiagReq.head},
	{"linux/unix_diag.h", "struct unix_diag_msg", unixDiagMsg.head},
	{"linux/unix_diag.h", "struct unix_diag_req", unixDiagReq.head},
}
