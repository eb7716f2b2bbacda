package kernel

import (
	"encoding/binary"
	"math"

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
func (t *sockaddr) Keep(k *Keeps) { keepSockaddr(k, t.length) }

// keepSockaddr keeps what is read of a socket address of length bytes, to which the
// argument points.
func keepSockaddr(k *Keeps, length Num) {
	k.Elements(length, 1, sockaddrMax)
	k.Taken()
	k.Path()
	for i := range sockaddrFamilies {
		if body := sockaddrFamilies[i].body; body != nil {
			k.Inside(body)
		}
	}
}

// KeepSockaddrAt adds op, which keeps a socket address to which a struct points.
func KeepSockaddrAt(k *Keeps, op KeepOp) {
	op.Size, op.Most = 1, sockaddrMax
	k.Linked(op)
	k.Path()
	for i := range sockaddrFamilies {
		if body := sockaddrFamilies[i].body; body != nil {
			k.Within(body)
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
		body := sockaddrData
		if family < uint64(len(sockaddrFamilies)) {
			if f := sockaddrFamilies[family]; f.body != nil && n >= f.min {
				body = f.body
			}
		}
		showSockaddrBody(c, body, View{B: padded, Addr: v.Addr}, n)
	}
	c.Out.EndStruct()
}

// showSockaddrBody shows what is behind the family in an address of n bytes.
func showSockaddrBody(c *Call, body *Struct, v View, n int) {
	outer := c.Known
	c.Known = uint64(n)
	body.ShowMembers(c, v)
	c.Known = outer
}

// sockaddrFamily describes the addresses of a family by a struct that starts with the
// family. Addresses shorter than min bytes are shown as data. Members that not all
// addresses have are marked with Since or Tail.
type sockaddrFamily struct {
	min  int
	body *Struct
}

// sockaddrData is an address of an unknown structure.
var sockaddrData = &Struct{Fields: Fields{{"_", U16}, {"sa_data", Tail{&Chars{}}}}}

var sockaddrFamilies = [...]sockaddrFamily{
	tables.AF_UNIX:       {3, sockaddrUnix},
	tables.AF_INET:       {16, sockaddrInet},
	tables.AF_AX25:       {16, sockaddrAX25Full},
	tables.AF_IPX:        {16, sockaddrIPX},
	tables.AF_X25:        {18, sockaddrX25},
	tables.AF_INET6:      {sockaddrInet6Min, sockaddrInet6},
	tables.AF_NETLINK:    {12, sockaddrNetlink},
	tables.AF_PACKET:     {20, sockaddrPacket},
	tables.AF_TIPC:       {16, sockaddrTIPC},
	tables.AF_BLUETOOTH:  {3, sockaddrBluetooth},
	tables.AF_RXRPC:      {36, sockaddrRxRPC},
	tables.AF_IEEE802154: {20, sockaddrIEEE802154},
	tables.AF_ALG:        {25, sockaddrAlg},
	tables.AF_NFC:        {16, sockaddrNFC},
	tables.AF_VSOCK:      {16, sockaddrVM},
	tables.AF_QIPCRTR:    {12, sockaddrQRTR},
	tables.AF_XDP:        {16, sockaddrXDP},
	tables.AF_MCTP:       {12, sockaddrMCTP},
}

// struct sockaddr_un (linux/un.h)
var sockaddrUnix = &Struct{C: "sockaddr_un", Fields: Fields{{"_", U16}, {"sun_path", Tail{unixPath{}}}}}

// unixPath is a file name, or behind a NUL a name outside the file system.
type unixPath struct{ Unsized }

func (unixPath) Keep(*Keeps) {}

func (unixPath) Show(c *Call, v View) {
	const size = 108
	path := v.At(0, size).B
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
	{"_", U16}, {"sin6_port", Port}, {"sin6_flowinfo", netU32}, {"sin6_addr", Inet6Addr},
	{"sin6_scope_id", Since{&Union{On: If{Test(linkLocal)}, Arms: Arms{{IfIndex, Nums{1}}, {U32, nil}}}}},
}}

// linkLocal holds for addresses whose scope is an interface: fe80::/10 and ff02::.
func linkLocal(c *Call) bool {
	addr := c.Frame(0).View.B[8:24]
	return addr[0] == 0xfe && addr[1]&0xc0 == 0x80 || addr[0] == 0xff && addr[1]&0x0f == 2
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
	{"_", U16}, {"sll_protocol", etherID}, {"sll_ifindex", IfIndex},
	{"sll_hatype", &Enum{In: X16, Set: &tables.ArpHardware}}, {"sll_pkttype", &Enum{In: X8, Set: &tables.PacketType}},
	{"sll_halen", U8},
	{"sll_addr", &When{If: Not{&Is{N: Ref("sll_halen"), Values: Nums{0}}},
		Then: Tail{&Array{Of: MaskOf(U8), N: math.MaxUint8, Used: Ref("sll_halen"), Whole: true}}}},
}}

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
		{EmptyArm, Nums{0}},
		{&NamedArm{Name: "short_addr", Type: &CommentedEnum{In: X16, Set: &tables.IEEE802154Addr}}, Nums{2}},
		{&NamedArm{Name: "hwaddr", Type: MAC(8)}, nil},
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
		{&NamedArm{Name: "sxdp_shared_umem_fd", Type: FD}, nil},
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
	{"salg_mask", &CommentedFlags{In: X32, Set: &tables.ALGFlags}}, {"salg_name", Tail{CharArray(0)}},
}}

// struct sockaddr_nfc, and sockaddr_nfc_llcp, which has more members
// (linux/nfc.h)
var sockaddrNFC = &Struct{C: "sockaddr_nfc", Fields: Fields{
	{"_", U16}, {"dev_idx", IfIndex}, {"target_idx", X32}, {"nfc_protocol", &Enum{In: X32, Set: &tables.NFCProto}},
	{"", Tail{&Inline{Of: &Struct{Fields: Fields{
		{"dsap", &CommentedEnum{In: X8, Set: &tables.NFCSAP}}, {"ssap", &CommentedEnum{In: X8, Set: &tables.NFCSAP}},
		{"service_name", &Chars{N: 63, Len: Ref("service_name_len")}}, {"service_name_len", Size},
	}}}}},
}}

// struct sockaddr_rxrpc (linux/rxrpc.h)
var sockaddrRxRPC = &Struct{C: "sockaddr_rxrpc", Fields: Fields{
	{"_", U16}, {"srx_service", &CommentedEnum{In: X16, Set: &tables.RxRPCService}},
	{"transport_type", &Enum{In: X16, Set: &tables.SocketType}}, {"transport_len", U16},
	{"transport", Tail{rxrpcTransport{}}},
}}

// rxrpcTransport is the socket address that transport_len claims to be the length of.
// The members of its family have names of their own.
type rxrpcTransport struct{ Unsized }

func (rxrpcTransport) Keep(*Keeps) {}

func (rxrpcTransport) Show(c *Call, v View) {
	claimed := int(Ref("transport_len").Num(c))
	family, n := v.Uint(2), min(claimed, len(v.B))
	c.Out.BeginStruct()
	switch family {
	case tables.AF_INET:
		c.Out.Field("sin")
		c.Out.BeginStruct()
		showTransport(c, "sin_family", family, v, n, sockaddrInet, claimed >= 16)
		c.Out.EndStruct()
	case tables.AF_INET6:
		c.Out.Field("sin6")
		c.Out.BeginStruct()
		showTransport(c, "sin6_family", family, v, n, sockaddrInet6, claimed >= sockaddrInet6Min)
		c.Out.EndStruct()
	default:
		showTransport(c, "family", family, v, n, nil, false)
	}
	c.Out.EndStruct()
}

// showTransport shows an address of n bytes: its family, then its body, or a member
// without a name if the body is not whole. If only a part of a member of the body lies
// within n bytes, the rest of the member is taken from v.
func showTransport(c *Call, name string, family uint64, v View, n int, body *Struct, whole bool) {
	c.Out.Field(name)
	c.Out.Enum(family, &tables.AddressFamily, output.Hex)
	switch {
	case whole:
		showSockaddrBody(c, body, v, n)
	case n > 2:
		c.Out.Field("")
		c.Out.Str(output.Plain, v.B[2:n], false)
	}
}

// The addresses of AF_BLUETOOTH (net/bluetooth/*.h in the kernel). Only their lengths
// distinguish them.
var sockaddrBluetooth = &Struct{Fields: Fields{{"", &Union{On: Length, Arms: Arms{
	{&Inline{Of: sockaddrHCI}, Nums{4, 6}},
	{&Inline{Of: sockaddrSCO}, Nums{8}},
	{&Inline{Of: sockaddrRFCOMM}, Nums{10}},
	{&Inline{Of: sockaddrL2CAP}, Nums{12, 14}},
	{&Inline{Of: sockaddrData}, nil},
}}}}}

var (
	sockaddrHCI = &Struct{Fields: Fields{
		{"_", U16}, {"hci_dev", littleEndian{}}, {"hci_channel", Since{&Enum{In: X16, Set: &tables.HCIChannel}}},
	}}
	sockaddrSCO    = &Struct{Packed: true, Fields: Fields{{"_", U16}, {"sco_bdaddr", MAC(6)}}}
	sockaddrRFCOMM = &Struct{Fields: Fields{{"_", U16}, {"rc_bdaddr", MAC(6)}, {"rc_channel", U8}, {"_", U8}}}
	sockaddrL2CAP  = &Struct{Fields: Fields{
		{"_", U16}, {"l2_psm", l2capPSM}, {"l2_bdaddr", MAC(6)}, {"l2_cid", l2capCID},
		{"l2_bdaddr_type", Since{&Enum{In: X8, Set: &tables.BluetoothAddr}}}, {"_", U8},
	}}
)

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
				c.Out.Join(output.Plus)
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
