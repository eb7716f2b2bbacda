package kernel

import (
	"testing"

	"trapline/decode/internal/clayout"
)

func TestKernelLayoutsAgainstC(t *testing.T) {
	clayout.Compare(t, 19, kernelStructs, nil, nil)
}

// kernelStructs maps the structs to their names in C.
var kernelStructs = []clayout.CStruct{
	{"linux/ax25.h", "struct sockaddr_ax25", sockaddrAX25},
	{"linux/if_alg.h", "struct sockaddr_alg_new", sockaddrAlg},
	{"linux/if_packet.h", "struct sockaddr_ll", sockaddrPacket},
	{"linux/if_xdp.h", "struct sockaddr_xdp", sockaddrXDP},
	{"linux/in.h", "struct sockaddr_in", sockaddrInet},
	{"linux/in6.h", "struct sockaddr_in6", sockaddrInet6},
	{"linux/ipx.h", "struct sockaddr_ipx", sockaddrIPX},
	{"linux/mctp.h", "struct sockaddr_mctp", sockaddrMCTP},
	{"linux/netlink.h", "struct sockaddr_nl", sockaddrNetlink},
	{"linux/nfc.h", "struct sockaddr_nfc", sockaddrNFC},
	{"linux/qrtr.h", "struct sockaddr_qrtr", sockaddrQRTR},
	{"linux/resource.h", "struct rusage", &Rusage},
	{"linux/rxrpc.h", "struct sockaddr_rxrpc", sockaddrRxRPC},
	{"linux/time.h", "struct itimerspec", &Itimerspec},
	{"linux/time.h", "struct itimerval", &Itimerval},
	{"linux/time_types.h", "struct __kernel_itimerspec", &Itimerspec64},
	{"linux/time_types.h", "struct __kernel_old_timespec", &Timespec},
	{"linux/time_types.h", "struct __kernel_old_timeval", &Timeval},
	{"linux/time_types.h", "struct __kernel_sock_timeval", &Timeval64},
	{"linux/time_types.h", "struct __kernel_timespec", &Timespec64},
	{"linux/time_types.h", "struct __kernel_timespec", &Timeval32},
	{"linux/tipc.h", "struct sockaddr_tipc", sockaddrTIPC},
	{"linux/uio.h", "struct iovec", iovec},
	{"linux/vm_sockets.h", "struct sockaddr_vm", sockaddrVM},
	{"linux/x25.h", "struct sockaddr_x25", sockaddrX25},
}
