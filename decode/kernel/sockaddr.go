package kernel

import (
	"slices"

	"encoding/binary"

	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// Socket addresses: the layout depends on the family in the first two bytes.

// sockaddrMax is the size in bytes of struct sockaddr_storage. Longer addresses
// are truncated.
const sockaddrMax = 128

// Sockaddr is a socket address of length bytes behind a pointer.
func Sockaddr(length Num) Type { return &sockaddr{length: length} }

type sockaddr struct {
	Unsized
	length Num
}

func (t *sockaddr) Show(c *Call, v View) { t.ShowAt(c, v.Addr) }

// CType is the type in C, for lists of calls.
func (*sockaddr) CType() string { return "struct sockaddr" }

// Keep implements keeper of package lang.
func (t *sockaddr) Keep(k *Keeps) { KeepSockaddr(k, t.length) }

// KeepSockaddr reports whether a socket address of length bytes is shown, which is what the
// argument points to.
func KeepSockaddr(k *Keeps, length Num) {
	k.Elements(length, 1, sockaddrMax)
	k.Path()
	for i := range sockaddrFamilies {
		if body := sockaddrFamilies[i].body; body != nil {
			k.Inside(body)
		}
	}
}

func (t *sockaddr) ShowAt(c *Call, addr uint64) { ShowSockaddr(c, addr, int32(t.length.Num(c))) }

// ShowSockaddr shows the socket address of length bytes at addr. It returns the
// family, or -1 if there is none.
func ShowSockaddr(c *Call, addr uint64, length int32) int {
	if addr == 0 || length < 2 {
		c.Out.Addr(addr)
		return -1
	}
	n := min(int(length), sockaddrMax)
	b, ok := c.ReadAll(addr, n)
	if !ok {
		c.Out.Addr(addr)
		return -1
	}
	ShowSockaddrView(c, View{B: b, Addr: addr})
	return int(binary.LittleEndian.Uint16(b))
}

// SockaddrStorage is a struct sockaddr_storage inside another struct.
const SockaddrStorage = sockaddrStorage(sockaddrMax)

type sockaddrStorage uint8

// Layout implements Type.
func (t sockaddrStorage) Layout(abi tables.ABI) Layout {
	return Layout{Size: int(t), Align: abi.WordSize()}
}

// Show implements Type.
func (sockaddrStorage) Show(c *Call, v View) { ShowSockaddrView(c, v) }

// ShowSockaddrView shows a socket address of len(v.B) bytes, which are at least
// 2.
func ShowSockaddrView(c *Call, v View) {
	n := min(len(v.B), sockaddrMax)
	// Missing bytes of an address that is long enough for its family are zero.
	padded := c.Alloc(sockaddrMax + 1)
	clear(padded[copy(padded, v.B[:n]):])
	family := v.Uint(2)
	c.Out.BeginStruct()
	c.Out.Field("sa_family")
	c.Out.Enum(family, &tables.AddressFamily, output.Hex)
	if n > 2 {
		var f sockaddrFamily
		if family < uint64(len(sockaddrFamilies)) {
			f = sockaddrFamilies[family]
		}
		whole := View{B: padded, Addr: v.Addr}
		switch {
		case f.min == 0 || n < f.min:
			showSockaddrData(c, padded[2:n])
		case f.body != nil:
			f.body.ShowMembers(c, whole)
		case f.sized != nil:
			f.sized.show(c, whole, n)
		default:
			f.show(c, whole, n)
		}
	}
	c.Out.EndStruct()
}

// sockaddrFamily describes the addresses of a family: by body, a struct that
// starts with the family; by sized, such structs that only their lengths
// distinguish; or by show, a function that gets the address padded with zeros and
// its length in bytes. Addresses shorter than min are shown as data.
type sockaddrFamily struct {
	min   int
	body  *Struct
	sized bodiesBySize
	show  func(c *Call, v View, n int)
}

// bodiesBySize are the structs that an address of one of these lengths in bytes
// is.
type bodiesBySize []struct {
	sizes []int
	body  *Struct
}

// show shows an address of n bytes, as data if no struct has this length.
func (b bodiesBySize) show(c *Call, v View, n int) {
	for i := range b {
		if slices.Contains(b[i].sizes, n) {
			b[i].body.ShowMembers(c, v.At(0, n))
			return
		}
	}
	showSockaddrData(c, v.B[2:n])
}

// showSockaddrData shows the bytes behind the family.
func showSockaddrData(c *Call, data []byte) {
	c.Out.Field("sa_data")
	c.Out.Str(output.Plain, data, false)
}

var sockaddrFamilies = [...]sockaddrFamily{
	tables.AF_UNIX:       {min: 3, show: showSockaddrUnix},
	tables.AF_INET:       {min: 16, body: sockaddrInet},
	tables.AF_AX25:       {min: 16, show: showSockaddrAX25},
	tables.AF_IPX:        {min: 16, body: sockaddrIPX},
	tables.AF_X25:        {min: 18, body: sockaddrX25},
	tables.AF_INET6:      {min: sockaddrInet6Min, show: showSockaddrInet6},
	tables.AF_NETLINK:    {min: 12, body: sockaddrNetlink},
	tables.AF_PACKET:     {min: 20, show: showSockaddrPacket},
	tables.AF_TIPC:       {min: 16, body: sockaddrTIPC},
	tables.AF_BLUETOOTH:  {min: 3, sized: sockaddrBluetooth},
	tables.AF_RXRPC:      {min: 36, show: showSockaddrRxRPC},
	tables.AF_IEEE802154: {min: 20, body: sockaddrIEEE802154},
	tables.AF_ALG:        {min: 25, show: showSockaddrAlg},
	tables.AF_NFC:        {min: 16, show: showSockaddrNFC},
	tables.AF_VSOCK:      {min: 16, body: sockaddrVM},
	tables.AF_QIPCRTR:    {min: 12, body: sockaddrQRTR},
	tables.AF_XDP:        {min: 16, body: sockaddrXDP},
	tables.AF_MCTP:       {min: 12, body: sockaddrMCTP},
}

// struct sockaddr_un (linux/un.h)
func showSockaddrUnix(c *Call, v View, n int) {
	const sizeof = 110
	path := v.B[2:min(n, sizeof)]
	c.Out.Field("sun_path")
	if path[0] == 0 {
		c.Out.Str(output.Abstract, path[1:], false)
		return
	}
	c.Out.Str(output.Path, UntilNUL(path), false)
	c.PathShown(UntilNUL(path))
}

// struct sockaddr_in (linux/in.h)
var sockaddrInet = &Struct{C: "sockaddr_in", Fields: Fields{{"_", U16}, {"sin_port", Port}, {"sin_addr", InetAddr}}}

// sockaddrInet6Min is the size of a struct sockaddr_in6 without its last member,
// sin6_scope_id, which RFC 2133 did not define.
const sockaddrInet6Min = 24

// struct sockaddr_in6 (linux/in6.h)
var sockaddrInet6 = &Struct{C: "sockaddr_in6", Fields: Fields{
	{"_", U16}, {"sin6_port", Port}, {"sin6_flowinfo", NetU32}, {"sin6_addr", Inet6Addr},
}}

func showSockaddrInet6(c *Call, v View, n int) {
	sockaddrInet6.ShowMembers(c, v)
	if n <= sockaddrInet6Min {
		return
	}
	c.Out.Field("sin6_scope_id")
	scope := v.At(24, 4).Uint(4)
	// For link-local addresses, fe80::/10 and ff02::, the scope is an interface.
	addr := v.B[8:24]
	if addr[0] == 0xfe && addr[1]&0xc0 == 0x80 || addr[0] == 0xff && addr[1]&0x0f == 2 {
		ShowIfIndex(c, uint32(scope))
		return
	}
	c.Out.Number(scope, output.Unsigned)
}

// struct sockaddr_ipx (linux/ipx.h)
var sockaddrIPX = &Struct{C: "sockaddr_ipx", Fields: Fields{
	{"_", U16}, {"sipx_port", Port},
	{"sipx_network", &NetX32},
	{"sipx_node", &Array{Of: MaskOf(U8), N: 6, Whole: true}}, {"sipx_type", MaskOf(U8)}, {"sipx_zero", Reserved{X8}},
}}

// struct sockaddr_x25 (linux/x25.h)
var sockaddrX25 = &Struct{C: "sockaddr_x25", Fields: Fields{{"_", U16}, {"sx25_addr", &Struct{Fields: Fields{{"x25_addr", CharArray(16)}}}}}}

// struct sockaddr_nl (linux/netlink.h)
var sockaddrNetlink = &Struct{C: "sockaddr_nl", Fields: Fields{
	{"_", U16}, {"nl_pad", Reserved{X16}}, {"nl_pid", PIDOf(ThreadGroup)}, {"nl_groups", MaskOf(U32)},
}}

// struct sockaddr_ll (linux/if_packet.h)
var sockaddrPacket = &Struct{C: "sockaddr_ll", Fields: Fields{
	{"_", U16}, {"sll_protocol", EtherID}, {"sll_ifindex", IfIndex},
	{"sll_hatype", &Enum{In: X16, Set: &tables.ArpHardware}}, {"sll_pkttype", &Enum{In: X8, Set: &tables.PacketType}},
	{"sll_halen", U8},
}}

func showSockaddrPacket(c *Call, v View, n int) {
	const addrAt = 12
	sockaddrPacket.ShowMembers(c, v)
	length := int(v.B[addrAt-1])
	if length == 0 {
		return
	}
	c.Out.Field("sll_addr")
	c.Out.BeginArray()
	for i := range length {
		if i >= n-addrAt {
			c.Out.More()
			break
		}
		c.Out.Elem()
		c.Out.Number(uint64(v.B[addrAt+i]), output.Padded(1))
	}
	c.Out.EndArray()
}

// struct sockaddr_tipc (linux/tipc.h)
var sockaddrTIPC = &Struct{C: "sockaddr_tipc", Fields: Fields{
	{"_", U16}, {"addrtype", &Enum{In: X8, Set: &tables.TIPCAddrType}},
	{"scope", &Shown{As: U8, By: func(c *Call, v View) {
		scope := int8(v.Uint(1))
		if scope < 0 {
			c.Out.Text("-")
			scope = -scope
		}
		c.Out.Enum(uint64(uint8(scope)), &tables.TIPCScope, output.Hex)
	}}},
	{"addr", &Union{On: Ref("addrtype"), Arms: Arms{
		{&Struct{Fields: Fields{{"nameseq", &Struct{Fields: Fields{{"type", U32}, {"lower", U32}, {"upper", U32}}}}}}, Nums{tables.TIPC_SERVICE_RANGE}},
		{&Struct{Fields: Fields{{"name", &Struct{Fields: Fields{
			{"name", &Struct{Fields: Fields{{"type", U32}, {"instance", U32}}}}, {"domain", X32},
		}}}}}, Nums{tables.TIPC_SERVICE_ADDR}},
		{&Struct{Fields: Fields{{"id", &Struct{Fields: Fields{{"ref", U32}, {"node", X32}}}}}}, Nums{tables.TIPC_SOCKET_ADDR}},
		{&Chars{N: 12}, nil},
	}}},
}}

// struct sockaddr_ieee802154 (net/af_ieee802154.h). The values of addr_type are
// an enum there: 0 none, 2 short, 3 long.
var sockaddrIEEE802154 = &Struct{Fields: Fields{{"_", U16}, {"addr", &Struct{Fields: Fields{
	{"addr_type", &CommentedEnum{In: X32, Set: &tables.IEEE802154AddrType}},
	{"pan_id", &CommentedEnum{In: X16, Set: &tables.IEEE802154PAN}},
	{"", &Union{On: Ref("addr_type"), Arms: Arms{
		{Nothing, Nums{0}},
		{&One{Name: "short_addr", Type: &CommentedEnum{In: X16, Set: &tables.IEEE802154Addr}}, Nums{2}},
		{&One{Name: "hwaddr", Type: MAC(8)}, nil},
	}}},
}}}}}

// struct sockaddr_vm (linux/vm_sockets.h)
var sockaddrVM = &Struct{C: "sockaddr_vm", Of: &Struct{Fields: Fields{
	{"_", U16}, {"svm_reserved1", Reserved{X16}},
	{"svm_port", &Enum{In: X32, Set: &tables.VsockPort}}, {"svm_cid", &Enum{In: X32, Set: &tables.VsockCID}},
	{"svm_flags", &Flags{In: X8, Set: &tables.VsockFlags}}, {"svm_zero", Reserved{&Chars{N: 3, Len: Const(3), Kind: Binary}}},
}}, Pick: Names{"svm_reserved1", "svm_cid", "svm_port", "svm_flags", "svm_zero"}}

// struct sockaddr_qrtr (linux/qrtr.h)
var sockaddrQRTR = &Struct{C: "sockaddr_qrtr", Fields: Fields{
	{"_", U16}, {"sq_node", &Enum{In: X32, Set: &tables.QRTRNode}}, {"sq_port", &Enum{In: X32, Set: &tables.QRTRPort}},
}}

// struct sockaddr_xdp (linux/if_xdp.h)
var sockaddrXDP = &Struct{C: "sockaddr_xdp", Fields: Fields{
	{"_", U16}, {"sxdp_flags", &Flags{In: X16, Set: &tables.XDPFlags}}, {"sxdp_ifindex", IfIndex}, {"sxdp_queue_id", U32},
	{"", &Union{On: If{&Has{N: Ref("sxdp_flags"), Values: Nums{tables.XDP_SHARED_UMEM}}}, Arms: Arms{
		{&Inline{Of: &Struct{Fields: Fields{{"sxdp_shared_umem_fd", Reserved{X32}}}}}, Nums{0}},
		{&One{Name: "sxdp_shared_umem_fd", Type: FD}, nil},
	}}},
}}

// struct sockaddr_mctp (linux/mctp.h)
var sockaddrMCTP = &Struct{C: "sockaddr_mctp", Fields: Fields{
	{"_", U16}, {"__smctp_pad0", Reserved{X16}}, {"smctp_network", &Enum{In: X32, Set: &tables.MCTPNet}},
	{"smctp_addr", &Struct{Fields: Fields{{"s_addr", &Enum{In: X8, Set: &tables.MCTPAddr}}}}},
	{"smctp_type", X8}, {"smctp_tag", X8}, {"__smctp_pad1", Reserved{X8}},
}}

// struct sockaddr_alg_new (linux/if_alg.h)
var sockaddrAlg = &Struct{C: "sockaddr_alg_new", Fields: Fields{
	{"_", U16}, {"salg_type", CharArray(14)}, {"salg_feat", &CommentedFlags{In: X32, Set: &tables.ALGFlags}},
	{"salg_mask", &CommentedFlags{In: X32, Set: &tables.ALGFlags}},
}}

func showSockaddrAlg(c *Call, v View, n int) {
	const nameAt = 24
	sockaddrAlg.ShowMembers(c, v)
	c.Out.Field("salg_name")
	CharArray(n-nameAt).Show(c, v.At(nameAt, n-nameAt))
}

// struct sockaddr_nfc, and sockaddr_nfc_llcp, which has more members
// (linux/nfc.h)
var (
	sockaddrNFC = &Struct{C: "sockaddr_nfc", Fields: Fields{
		{"_", U16}, {"dev_idx", IfIndex}, {"target_idx", X32}, {"nfc_protocol", &Enum{In: X32, Set: &tables.NFCProto}},
	}}
	sockaddrNFCLLCP = &Struct{Fields: Fields{
		{"_", U16}, {"_", &Array{Of: U32, N: 3}},
		{"dsap", &CommentedEnum{In: X8, Set: &tables.NFCSAP}}, {"ssap", &CommentedEnum{In: X8, Set: &tables.NFCSAP}},
		{"service_name", &Chars{N: 63, Len: Ref("service_name_len")}}, {"service_name_len", Size},
	}}
)

func showSockaddrNFC(c *Call, v View, n int) {
	sockaddrNFC.ShowMembers(c, v)
	switch {
	case n >= sockaddrNFCLLCP.Layout(c.ABI).Size:
		sockaddrNFCLLCP.ShowMembers(c, v)
	case n > sockaddrNFC.Layout(c.ABI).Size:
		c.Out.More()
	}
}

// struct sockaddr_rxrpc (linux/rxrpc.h)
var sockaddrRxRPC = &Struct{C: "sockaddr_rxrpc", Fields: Fields{
	{"_", U16}, {"srx_service", &CommentedEnum{In: X16, Set: &tables.RxRPCService}},
	{"transport_type", &Enum{In: X16, Set: &tables.SocketType}}, {"transport_len", U16},
}}

func showSockaddrRxRPC(c *Call, v View, n int) {
	const (
		lengthAt    = 6
		transportAt = 8
	)
	sockaddrRxRPC.ShowMembers(c, v)
	c.Out.Field("transport")
	c.Out.BeginStruct()
	claimed := int(v.At(lengthAt, 2).Uint(2))
	length := min(claimed, n-transportAt)
	t := v.At(transportAt, len(v.B))
	family := t.Uint(2)
	switch {
	case family == tables.AF_INET:
		c.Out.Field("sin")
		c.Out.BeginStruct()
		c.Out.Field("sin_family")
		c.Out.Enum(family, &tables.AddressFamily, output.Hex)
		if claimed >= 16 {
			sockaddrInet.ShowMembers(c, t)
		} else {
			showUnnamed(c, t, 2, length)
		}
		c.Out.EndStruct()
	case family == tables.AF_INET6:
		c.Out.Field("sin6")
		c.Out.BeginStruct()
		c.Out.Field("sin6_family")
		c.Out.Enum(family, &tables.AddressFamily, output.Hex)
		if claimed >= sockaddrInet6Min {
			showSockaddrInet6(c, t, length)
		} else {
			showUnnamed(c, t, 2, length)
		}
		c.Out.EndStruct()
	default:
		c.Out.Field("family")
		c.Out.Enum(family, &tables.AddressFamily, output.Hex)
		showUnnamed(c, t, 2, length)
	}
	c.Out.EndStruct()
}

// showUnnamed shows the bytes of v from offset from to end, if there are any, as
// a member without a name.
func showUnnamed(c *Call, v View, from, end int) {
	if end > from {
		c.Out.Field("")
		c.Out.Str(output.Plain, v.At(from, end-from).B, false)
	}
}

// The addresses of AF_BLUETOOTH (net/bluetooth/*.h in the kernel).
var (
	sockaddrHCI = &Struct{Fields: Fields{
		{"_", U16}, {"hci_dev", littleEndian{}}, {"hci_channel", &Enum{In: X16, Set: &tables.HCIChannel}},
	}}
	sockaddrSCO    = &Struct{Packed: true, Fields: Fields{{"_", U16}, {"sco_bdaddr", MAC(6)}}}
	sockaddrRFCOMM = &Struct{Fields: Fields{{"_", U16}, {"rc_bdaddr", MAC(6)}, {"rc_channel", U8}, {"_", U8}}}
	sockaddrL2CAP  = &Struct{Fields: Fields{
		{"_", U16}, {"l2_psm", l2capPSM}, {"l2_bdaddr", MAC(6)}, {"l2_cid", l2capCID},
		{"l2_bdaddr_type", &Enum{In: X8, Set: &tables.BluetoothAddr}}, {"_", U8},
	}}
)

// A struct sockaddr_hci without its channel, and a struct sockaddr_l2 without the
// type of the address, have the length that they had before these were added.
var sockaddrBluetooth = bodiesBySize{
	{[]int{4, 6}, sockaddrHCI},
	{[]int{8}, sockaddrSCO},
	{[]int{10}, sockaddrRFCOMM},
	{[]int{12, 14}, sockaddrL2CAP},
}

// littleEndian is a 16-bit number in little-endian order, which Bluetooth uses.
type littleEndian struct{}

func (littleEndian) Layout(tables.ABI) Layout { return Layout{Size: 2, Align: 2} }

func (littleEndian) Keep(*Keeps) {}

func (littleEndian) Show(c *Call, v View) {
	c.Out.BeginMacro("htobs")
	c.Out.Elem()
	c.Out.Number(v.Uint(2), output.Unsigned)
	c.Out.EndMacro()
}

var (
	l2capPSM = &l2cap{&tables.L2CAPPSM, []base{{"L2CAP_PSM_DYN_START", 0x1001, 0xffff}, {"L2CAP_PSM_LE_DYN_START", 0x80, 0xff}}}
	l2capCID = &l2cap{&tables.L2CAPCID, []base{{"L2CAP_CID_DYN_START", 0x40, 0xffff}}}
)

// l2cap is a port or channel of L2CAP: a well-known one, or an offset from the
// first of a dynamic range.
type l2cap struct {
	set     *tables.Set
	dynamic []base
}

type base struct {
	name        string
	first, last uint64
}

func (t *l2cap) Layout(tables.ABI) Layout { return Layout{Size: 2, Align: 2} }

func (*l2cap) Keep(*Keeps) {}

func (t *l2cap) Show(c *Call, v View) {
	n := v.Uint(2)
	c.Out.BeginMacro("htobs")
	c.Out.Elem()
	if _, known := t.set.Lookup(n); !known {
		for _, d := range t.dynamic {
			if d.first <= n && n <= d.last {
				c.Out.BeginNamed()
				c.Out.Number(n, output.Hex)
				c.Out.Named(output.InComment)
				c.Out.Symbol(d.first, d.name, output.Hex)
				c.Out.Plus()
				c.Out.Number(n-d.first, output.Unsigned)
				c.Out.EndNamed()
				c.Out.EndMacro()
				return
			}
		}
	}
	c.Out.Enum(n, t.set, output.Hex)
	c.Out.EndMacro()
}
