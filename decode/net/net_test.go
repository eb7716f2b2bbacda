package net_test

import (
	"fmt"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	. "trapline/decode/internal/decodetest"
	. "trapline/decode/internal/fake"
	"trapline/output"
	"trapline/tables"
)

func TestSocketAddresses(t *testing.T) {
	const at = 0x7000
	in6 := LE(Uint16(tables.AF_INET6), Uint16(0x5000), 0x01000000, "\xfe\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01", 0)
	for _, tt := range []struct {
		addr []byte
		want string
	}{
		{LE(Uint16(tables.AF_UNIX), "/run/socket\x00"), `{sa_family=AF_UNIX, sun_path="/run/socket"}`},
		{LE(Uint16(tables.AF_UNIX), "\x00abs\x00tract"), `{sa_family=AF_UNIX, sun_path=@"abs\0tract"}`},
		{LE(Uint16(tables.AF_UNIX)), `{sa_family=AF_UNIX}`},
		{LE(Uint16(tables.AF_INET), Uint16(0x5000), "\x7f\x00\x00\x01", make([]byte, 8)), `{sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("127.0.0.1")}`},
		{LE(Uint16(tables.AF_INET), Uint16(0x5000)), `{sa_family=AF_INET, sa_data="\0P"}`}, // cut short
		{in6, `{sa_family=AF_INET6, sin6_port=htons(80), sin6_flowinfo=htonl(1), inet_pton(AF_INET6, "fe80::1", &sin6_addr), sin6_scope_id=0}`},
		{in6[:24], `{sa_family=AF_INET6, sin6_port=htons(80), sin6_flowinfo=htonl(1), inet_pton(AF_INET6, "fe80::1", &sin6_addr)}`},
		{LE(Uint16(tables.AF_NETLINK), Uint16(0), 0, 5), `{sa_family=AF_NETLINK, nl_pid=0, nl_groups=0x000005}`},
		{LE(Uint16(tables.AF_PACKET), Uint16(0x0300), 0, Uint16(1), Uint8(0), Uint8(2), "\x01\x02\x00\x00\x00\x00\x00\x00"),
			`{sa_family=AF_PACKET, sll_protocol=htons(ETH_P_ALL), sll_ifindex=0, sll_hatype=ARPHRD_ETHER, sll_pkttype=PACKET_HOST, sll_halen=2, sll_addr=[0x1, 0x2]}`},
		{LE(Uint16(tables.AF_VSOCK), Uint16(0), 1024, 2, make([]byte, 4)), `{sa_family=AF_VSOCK, svm_cid=VMADDR_CID_HOST, svm_port=0x400, svm_flags=0}`},
		{LE(Uint16(tables.AF_BLUETOOTH), "\x06\x05\x04\x03\x02\x01", Uint8(7), Uint8(0)), `{sa_family=AF_BLUETOOTH, rc_bdaddr=06:05:04:03:02:01, rc_channel=7}`},
		// The length determines the kind of Bluetooth address.
		{LE(Uint16(tables.AF_BLUETOOTH), Uint16(1)), `{sa_family=AF_BLUETOOTH, hci_dev=htobs(1)}`},
		{LE(Uint16(tables.AF_BLUETOOTH), Uint16(1), Uint16(2)), `{sa_family=AF_BLUETOOTH, hci_dev=htobs(1), hci_channel=HCI_CHANNEL_MONITOR}`},
		{LE(Uint16(tables.AF_BLUETOOTH), Uint8(1)), `{sa_family=AF_BLUETOOTH, sa_data="\1"}`},
		{LE(Uint16(tables.AF_BLUETOOTH), Uint16(1), Uint16(2), Uint8(3)), `{sa_family=AF_BLUETOOTH, sa_data="\1\0\2\0\3"}`},
		{LE(Uint16(tables.AF_BLUETOOTH), "\x06\x05\x04\x03\x02\x01"), `{sa_family=AF_BLUETOOTH, sco_bdaddr=06:05:04:03:02:01}`},
		{LE(Uint16(tables.AF_BLUETOOTH), Uint16(1), "\x06\x05\x04\x03\x02\x01", Uint16(4)),
			`{sa_family=AF_BLUETOOTH, l2_psm=htobs(L2CAP_PSM_SDP), l2_bdaddr=06:05:04:03:02:01, l2_cid=htobs(L2CAP_CID_ATT)}`},
		{LE(Uint16(tables.AF_BLUETOOTH), Uint16(1), "\x06\x05\x04\x03\x02\x01", Uint16(4), Uint8(1), Uint8(0)),
			`{sa_family=AF_BLUETOOTH, l2_psm=htobs(L2CAP_PSM_SDP), l2_bdaddr=06:05:04:03:02:01, l2_cid=htobs(L2CAP_CID_ATT), l2_bdaddr_type=BDADDR_LE_PUBLIC}`},
		{LE(Uint16(tables.AF_AX25), "\xac\x96d\x96\xa8\x94\x02\x00\x00\x00", 0), `{sa_family=AF_AX25, sax25_call=VK2KTJ-1, sax25_ndigis=0}`},
		// A longer address has digipeaters, perhaps fewer than it claims.
		{LE(Uint16(tables.AF_AX25), "\xac\x96d\x96\xa8\x94\x02\x00\x00\x00", 1, "\x98\x98\x60\x98\x98\x98\x00"),
			`{sa_family=AF_AX25, fsa_ax25={sax25_call=VK2KTJ-1, sax25_ndigis=1}, fsa_digipeater=[LL0LLL-0]}`},
		{LE(Uint16(tables.AF_AX25), "\xac\x96d\x96\xa8\x94\x02\x00\x00\x00", 2, "\x98\x98\x60\x98\x98\x98\x00", Uint8(1)),
			`{sa_family=AF_AX25, fsa_ax25={sax25_call=VK2KTJ-1, sax25_ndigis=2}, fsa_digipeater=[LL0LLL-0, ...], ...}`},
		{LE(Uint16(tables.AF_AX25), "\xac\x96d\x96\xa8\x94\x02\x00\x00\x00", -1),
			`{sa_family=AF_AX25, fsa_ax25={sax25_call=VK2KTJ-1, sax25_ndigis=-1}}`},
		{LE(Uint16(tables.AF_NFC), Uint16(0), 0, 1, 5), `{sa_family=AF_NFC, dev_idx=0, target_idx=0x1, nfc_protocol=NFC_PROTO_NFC_DEP}`},
		{LE(Uint16(tables.AF_NFC), Uint16(0), 0, 1, 5, Uint8(1)), `{sa_family=AF_NFC, dev_idx=0, target_idx=0x1, nfc_protocol=NFC_PROTO_NFC_DEP, ...}`},
		{LE(Uint16(tables.AF_PACKET), Uint16(0x0300), 0, Uint16(1), Uint8(0), Uint8(9), "\x01\x02\x03\x04\x05\x06\x07\x08"),
			`{sa_family=AF_PACKET, sll_protocol=htons(ETH_P_ALL), sll_ifindex=0, sll_hatype=ARPHRD_ETHER, sll_pkttype=PACKET_HOST, sll_halen=9,` +
				` sll_addr=[0x1, 0x2, 0x3, 0x4, 0x5, 0x6, 0x7, 0x8, ...]}`},
		// The scope is shown if only a part of it lies within transport_len.
		{LE(Uint16(tables.AF_RXRPC), Uint16(1), Uint16(2), Uint16(24), Uint16(tables.AF_INET6), Uint16(0x0200), 0, make([]byte, 15), Uint8(1), 5),
			`{sa_family=AF_RXRPC, srx_service=0x1 /* CM_SERVICE */, transport_type=SOCK_DGRAM, transport_len=24, transport={sin6={sin6_family=AF_INET6,` +
				` sin6_port=htons(2), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "::1", &sin6_addr)}}}`},
		{LE(Uint16(tables.AF_RXRPC), Uint16(1), Uint16(2), Uint16(25), Uint16(tables.AF_INET6), Uint16(0x0200), 0, make([]byte, 15), Uint8(1), 5),
			`{sa_family=AF_RXRPC, srx_service=0x1 /* CM_SERVICE */, transport_type=SOCK_DGRAM, transport_len=25, transport={sin6={sin6_family=AF_INET6,` +
				` sin6_port=htons(2), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "::1", &sin6_addr), sin6_scope_id=5}}}`},
		{LE(Uint16(tables.AF_RXRPC), Uint16(1), Uint16(2), Uint16(5), Uint16(tables.AF_INET), "abcdefghijklmnopqrstuvwxyz"),
			`{sa_family=AF_RXRPC, srx_service=0x1 /* CM_SERVICE */, transport_type=SOCK_DGRAM, transport_len=5, transport={sin={sin_family=AF_INET, "abc"}}}`},
		{LE(Uint16(tables.AF_ALG), "hash\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", 0, 0, "sha256\x00"), `{sa_family=AF_ALG, salg_type="hash", salg_feat=0, salg_mask=0, salg_name="sha256"}`},
		{LE(Uint16(tables.AF_XDP), Uint16(1), 0, 3, 5), `{sa_family=AF_XDP, sxdp_flags=XDP_SHARED_UMEM, sxdp_ifindex=0, sxdp_queue_id=3, sxdp_shared_umem_fd=5}`},
		{LE(Uint16(tables.AF_X25), "1234567890123456"), `{sa_family=AF_X25, sx25_addr={x25_addr="123456789012345"...}}`},
		{LE(Uint16(250), "ab"), `{sa_family=0xfa /* AF_??? */, sa_data="ab"}`},
		{LE(Uint8(1)), `0x7000`}, // no room for a family
	} {
		for _, abi := range []tables.ABI{tables.X86_64, tables.I386} {
			s := Named(t, abi, "connect", 3, at, uint64(len(tt.addr)))
			s.Mem = FakeMemory{at: tt.addr}
			want := fmt.Sprintf("connect(3, %s, %d) = 0", tt.want, len(tt.addr))
			if got := s.Text(t); got != want {
				t.Errorf("%v: got  %s\nwant %s", abi, got, want)
			}
		}
	}
}

// TestReturnedAddress checks addresses that the kernel writes: as much as fits, and the
// complete length.
func TestReturnedAddress(t *testing.T) {
	const at, length = 0x7000, 0x8000
	addr := LE(Uint16(tables.AF_UNIX), "/run/socket\x00")
	memory := func(n int) FakeMemory { return FakeMemory{at: addr, length: LE(n)} }
	for _, tt := range []struct {
		room, size int
		errno      unix.Errno
		want       string
	}{
		{14, 14, 0, `getsockname(3, {sa_family=AF_UNIX, sun_path="/run/socket"}, [14]) = 0`},
		{110, 14, 0, `getsockname(3, {sa_family=AF_UNIX, sun_path="/run/socket"}, [110 => 14]) = 0`},
		{6, 14, 0, `getsockname(3, {sa_family=AF_UNIX, sun_path="/run"}, [6 => 14]) = 0`},
		{0, 14, 0, `getsockname(3, 0x7000, [0 => 14]) = 0`},
		{14, 14, tables.EBADF, `getsockname(3, 0x7000, [14]) = -1 EBADF (Bad file descriptor)`},
	} {
		s := Named(t, tables.X86_64, "getsockname", 3, at, length)
		s.Mem, s.After, s.Errno = memory(tt.room), memory(tt.size), int(tt.errno)
		if got := s.Text(t); got != tt.want {
			t.Errorf("got  %s\nwant %s", got, tt.want)
		}
	}
	s := Named(t, tables.X86_64, "getsockname", 3, at, 0)
	s.Mem, s.Errno = memory(14), int(tables.EFAULT)
	if got, want := s.Text(t), `getsockname(3, 0x7000, NULL) = -1 EFAULT (Bad address)`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestMessages shows a struct msghdr in both layouts, with a vector of buffers
// and with control messages.
func TestMessages(t *testing.T) {
	const msg, vector, data, control = 0x7000, 0x7100, 0x7200, 0x7300
	memory := map[tables.ABI]FakeMemory{
		tables.X86_64: {
			msg:     LE(uint64(0), 0, 0, uint64(vector), uint64(2), uint64(control), uint64(48), tables.MSG_CMSG_CLOEXEC, 0),
			vector:  LE(uint64(data), uint64(3), uint64(data+3), uint64(100)),
			data:    []byte("onetwo" + strings.Repeat(".", 97)),
			control: LE(uint64(24), tables.SOL_SOCKET, tables.SCM_RIGHTS, 4, 5, uint64(20), tables.SOL_IP, tables.IP_TTL, 64, 0),
		},
		tables.I386: {
			msg:     LE(0, 0, vector, 2, control, 36, tables.MSG_CMSG_CLOEXEC),
			vector:  LE(data, 3, data+3, 100),
			data:    []byte("onetwo" + strings.Repeat(".", 97)),
			control: LE(20, tables.SOL_SOCKET, tables.SCM_RIGHTS, 4, 5, 16, tables.SOL_IP, tables.IP_TTL, 64),
		},
	}
	const format = `{msg_name=NULL, msg_namelen=0, msg_iov=[{iov_base="one", iov_len=3}, {iov_base="two", iov_len=100}], msg_iovlen=2, ` +
		`msg_control=[{cmsg_len=%d, cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS, cmsg_data=[4, 5]}, {cmsg_len=%d, cmsg_level=SOL_IP, cmsg_type=IP_TTL, cmsg_data=[64]}], ` +
		`msg_controllen=%d, msg_flags=MSG_CMSG_CLOEXEC}`
	for abi, mem := range memory {
		want := map[tables.ABI]string{tables.X86_64: fmt.Sprintf(format, 24, 20, 48), tables.I386: fmt.Sprintf(format, 20, 16, 36)}[abi]
		s := Named(t, abi, "recvmsg", 3, msg, 0)
		s.Mem, s.Ret = mem, 6
		if got, want := s.Text(t), "recvmsg(3, "+want+", 0) = 6"; got != want {
			t.Errorf("%v: got  %s\nwant %s", abi, got, want)
		}
		s.Errno = int(tables.EAGAIN)
		if got, want := s.Text(t), "recvmsg(3, {msg_namelen=0}, 0) = -1 EAGAIN (Resource temporarily unavailable)"; got != want {
			t.Errorf("%v: got  %s\nwant %s", abi, got, want)
		}
	}
}

func TestSocketOptions(t *testing.T) {
	const at, length = 0x7000, 0x8000
	for _, tt := range []struct {
		level, name int
		value       []byte
		want        string
	}{
		{tables.SOL_SOCKET, tables.SO_KEEPALIVE, LE(1), `SOL_SOCKET, SO_KEEPALIVE, [1]`},
		{tables.SOL_SOCKET, tables.SO_LINGER, LE(1, 5), `SOL_SOCKET, SO_LINGER, {l_onoff=1, l_linger=5}`},
		{tables.SOL_SOCKET, tables.SO_LINGER, LE(1, Uint16(5)), `SOL_SOCKET, SO_LINGER, {l_onoff=1, l_linger="\x05\x00"}`},
		{tables.SOL_SOCKET, tables.SO_PEERCRED, LE(7, 0, ^uint32(0)), `SOL_SOCKET, SO_PEERCRED, {pid=7, uid=0, gid=-1}`},
		{tables.SOL_SOCKET, tables.SO_ERROR, LE(int(tables.ECONNREFUSED)), `SOL_SOCKET, SO_ERROR, [ECONNREFUSED]`},
		{tables.SOL_SOCKET, tables.SO_BINDTODEVICE, LE("lo\x00"), `SOL_SOCKET, SO_BINDTODEVICE, "lo\0"`},
		{tables.SOL_TCP, tables.TCP_NODELAY, LE(1), `SOL_TCP, TCP_NODELAY, [1]`},
		{tables.SOL_IP, tables.IP_LOCAL_PORT_RANGE, LE(20000<<16 | 10000), `SOL_IP, IP_LOCAL_PORT_RANGE, [0x4e202710 /* 10000..20000 */]`},
		{tables.SOL_NETLINK, tables.NETLINK_LIST_MEMBERSHIPS, LE(1, 2), `SOL_NETLINK, NETLINK_LIST_MEMBERSHIPS, [1, 2]`},
		{tables.SOL_RAW, 1, LE(1 << 8), `SOL_RAW, ICMP_FILTER, [ICMP_ECHO]`},
		{999, 3, LE("abc"), `0x3e7 /* SOL_?? */, 3, "abc"`},
	} {
		s := Named(t, tables.X86_64, "getsockopt", 3, uint64(tt.level), uint64(tt.name), at, length)
		s.Mem = FakeMemory{at: tt.value, length: LE(len(tt.value))}
		if got, want := s.Text(t), fmt.Sprintf("getsockopt(3, %s, [%d]) = 0", tt.want, len(tt.value)); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

func TestSocketTypesAndProtocols(t *testing.T) {
	for _, tt := range []struct {
		domain, kind, protocol int
		want                   string
	}{
		{tables.AF_INET, tables.SOCK_STREAM | tables.SOCK_CLOEXEC | tables.SOCK_NONBLOCK, 0, `AF_INET, SOCK_STREAM|SOCK_CLOEXEC|SOCK_NONBLOCK, IPPROTO_IP`},
		{tables.AF_NETLINK, tables.SOCK_RAW, tables.NETLINK_ROUTE, `AF_NETLINK, SOCK_RAW, NETLINK_ROUTE`},
		{tables.AF_PACKET, tables.SOCK_RAW, 0x0300, `AF_PACKET, SOCK_RAW, htons(ETH_P_ALL)`},
		{tables.AF_UNIX, 9, 0, `AF_UNIX, 0x9 /* SOCK_??? */, 0`},
	} {
		s := Named(t, tables.I386, "socket", uint64(tt.domain), uint64(tt.kind), uint64(tt.protocol))
		s.Ret = 3
		if got, want := s.Text(t), "socket("+tt.want+") = 3"; got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

func TestSocketFilter(t *testing.T) {
	const at, program = 0x7000, 0x7100
	s := Named(t, tables.X86_64, "setsockopt", 3, tables.SOL_SOCKET, tables.SO_ATTACH_FILTER, at, 16)
	s.Full = true
	s.Mem = FakeMemory{
		at: LE(Uint16(3), Uint16(0), 0, uint64(program)),
		program: LE(Uint16(tables.BPF_LD|tables.BPF_H|tables.BPF_ABS), Uint16(0), ^uint32(0xfff), // SKF_AD_OFF
			Uint16(tables.BPF_JMP|tables.BPF_JEQ|tables.BPF_K), Uint8(0), Uint8(1), 0x800,
			Uint16(tables.BPF_RET|tables.BPF_K), Uint16(0), ^uint32(0)),
	}
	const want = `setsockopt(3, SOL_SOCKET, SO_ATTACH_FILTER, {len=3, filter=[BPF_STMT(BPF_LD|BPF_H|BPF_ABS, SKF_AD_OFF+SKF_AD_PROTOCOL), ` +
		`BPF_JUMP(BPF_JMP|BPF_K|BPF_JEQ, 0x800, 0, 0x1), BPF_STMT(BPF_RET|BPF_K, 0xffffffff)]}, 16) = 0`
	if got := s.Text(t); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestNetworkOrderByStyle shows addresses in the three styles of -X.
func TestNetworkOrderByStyle(t *testing.T) {
	const at = 0x7000
	s := Named(t, tables.X86_64, "bind", 3, at, 16)
	s.Mem = FakeMemory{at: LE(Uint16(tables.AF_INET), Uint16(0x5000), "\x7f\x00\x00\x01", make([]byte, 8))}
	for style, want := range map[output.NameStyle]string{
		output.Abbrev:  `bind(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("127.0.0.1")}, 16) = 0`,
		output.Raw:     `bind(3, {sa_family=0x2, sin_port="\x00\x50", sin_addr="\x7f\x00\x00\x01"}, 16) = 0`,
		output.Verbose: `bind(3, {sa_family=0x2 /* AF_INET */, sin_port="\x00\x50" /* htons(80) */, sin_addr="\x7f\x00\x00\x01" /* inet_addr("127.0.0.1") */}, 16) = 0`,
	} {
		if got := strings.TrimSuffix(s.Record(t, output.Options{Names: style}), "\n"); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

// TestInterfaceRequests shows queries of an interface, with struct ifreq in both
// layouts.
func TestInterfaceRequests(t *testing.T) {
	const at, buf = 0x7000, 0x7100
	lo := "lo" + strings.Repeat("\x00", tables.IFNAMSIZ-2)
	inet := LE(Uint16(tables.AF_INET), Uint16(0), "\x7f\x00\x00\x01", make([]byte, 8))
	ether := LE(Uint16(tables.ARPHRD_ETHER), "\x01\x02\x03\x04\x05\x06", make([]byte, 8))
	for _, tt := range []struct {
		op     uint64
		before any // the union at the enter-stop
		after  any
		errno  unix.Errno
		want   string
	}{
		{tables.SIOCGIFINDEX, 0, 7, 0, `SIOCGIFINDEX, {ifr_name="lo", ifr_ifindex=7}) = 0`},
		{tables.SIOCGIFINDEX, 0, 7, tables.EBADF, `SIOCGIFINDEX, {ifr_name="lo"}) = -1 EBADF (Bad file descriptor)`},
		{tables.SIOCGIFFLAGS, 0, Uint16(9), 0, `SIOCGIFFLAGS, {ifr_name="lo", ifr_flags=IFF_UP|IFF_LOOPBACK}) = 0`},
		{tables.SIOCGIFADDR, 0, inet, 0, `SIOCGIFADDR, {ifr_name="lo", ifr_addr={sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("127.0.0.1")}}) = 0`},
		{tables.SIOCGIFHWADDR, 0, ether, 0, `SIOCGIFHWADDR, {ifr_name="lo", ifr_hwaddr={sa_family=ARPHRD_ETHER, sa_data=01:02:03:04:05:06}}) = 0`},
		{tables.SIOCSIFMTU, 1500, 0, 0, `SIOCSIFMTU, {ifr_name="lo", ifr_mtu=1500}) = 0`},
		{tables.SIOCSIFNAME, "new\x00", 0, 0, `SIOCSIFNAME, {ifr_name="lo", ifr_newname="new"}) = 0`},
		{tables.SIOCBRADDBR, 0, 0, 0, `SIOCBRADDBR, "lo") = 0`},
		{tables.SIOCETHTOOL, 0, 0, 0, `SIOCETHTOOL, 0x7000) = 0`},
	} {
		for abi, size := range map[tables.ABI]int{tables.X86_64: 40, tables.I386: 32} {
			req := func(union any) []byte {
				b := LE(lo, union)
				return append(b, make([]byte, size-len(b))...)
			}
			s := Named(t, abi, "ioctl", 3, tt.op, at)
			s.Mem, s.After, s.Errno = FakeMemory{at: req(tt.before)}, FakeMemory{at: req(tt.after)}, int(tt.errno)
			if got, want := s.Text(t), "ioctl(3, "+tt.want; got != want {
				t.Errorf("%v: got  %s\nwant %s", abi, got, want)
			}
		}
	}

	const req = `{ifr_name="lo", ifr_addr={sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("127.0.0.1")}}`
	one := LE(lo, inet)
	for _, tt := range []struct {
		room, length int
		buf          uint32
		errno        unix.Errno
		want         string
	}{
		{100, 32, buf, 0, `{ifc_len=100 => 32 /* 1 * sizeof(struct ifreq) */, ifc_buf=[` + req + `]}) = 0`},
		{32, 32, buf, 0, `{ifc_len=32 /* 1 * sizeof(struct ifreq) */, ifc_buf=[` + req + `]}) = 0`},
		{0, 64, 0, 0, `{ifc_len=64 /* 2 * sizeof(struct ifreq) */, ifc_buf=NULL}) = 0`},
		{32, 32, 0x99999, tables.EFAULT, `{ifc_len=32 /* 1 * sizeof(struct ifreq) */, ifc_buf=0x99999}) = -1 EFAULT (Bad address)`},
		{-1, -1, buf, tables.EINVAL, `{ifc_len=-1, ifc_buf=0x7100}) = -1 EINVAL (Invalid argument)`},
	} {
		s := Named(t, tables.I386, "ioctl", 3, tables.SIOCGIFCONF, at)
		s.Mem, s.Errno = FakeMemory{at: LE(tt.room, tt.buf), buf: one}, int(tt.errno)
		s.After = FakeMemory{at: LE(tt.length, tt.buf), buf: one}
		if got, want := s.Text(t), "ioctl(3, SIOCGIFCONF, "+tt.want; got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
	s := Named(t, tables.I386, "ioctl", 3, tables.SIOCGIFCONF, 0)
	s.Errno = int(tables.EFAULT)
	if got, want := s.Text(t), `ioctl(3, SIOCGIFCONF, NULL) = -1 EFAULT (Bad address)`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
