package net

import (
	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/decode/netlink"
	"trapline/output"
	"trapline/tables"
)

// Sockets: net/socket.c. Control messages and options have files of their own.

var socketCalls = Calls{
	{"socket", Args{{"domain", addressFamily}, {"type", Value32(showSocketType)}, {"protocol", socketProtocol}}, RetFD},
	{"socketpair", Args{
		{"domain", addressFamily}, {"type", Value32(showSocketType)}, {"protocol", Ulong}, {"sv", &Out{To: &FdPair}},
	}, RetUnsigned},
	{"bind connect", Args{{"sockfd", FD}, {"addr", &Ptr{To: Sockaddr(Ref("addrlen"))}}, {"addrlen", Int}}, RetUnsigned},
	{"listen", Args{{"sockfd", FD}, {"backlog", Int}}, RetUnsigned},
	{"accept", Args{{"sockfd", FD}, {"addr", &Early{If: Test(noAddress), Of: sockaddrOut("addrlen")}}, {"addrlen", &Early{If: Test(noAddress), Of: sockLen("addr")}}}, RetFD},
	{"accept4", Args{
		{"sockfd", FD}, {"addr", &Early{If: Test(noAddress), Of: sockaddrOut("addrlen")}}, {"addrlen", &Early{If: Test(noAddress), Of: sockLen("addr")}},
		{"flags", &Flags{Set: &tables.SocketTypeFlags}},
	}, RetFD},
	{"getsockname getpeername", Args{
		{"sockfd", FD}, {"addr", &Early{If: Test(noAddress), Of: sockaddrOut("addrlen")}}, {"addrlen", &Early{If: Test(noAddress), Of: sockLen("addr")}},
	}, RetUnsigned},
	{"shutdown", Args{{"sockfd", FD}, {"how", &Enum{Set: &tables.ShutdownHow}}}, RetUnsigned},

	{"sendto", Args{
		{"sockfd", FD}, {"buf", &Ptr{To: &SocketData{Len: Ref("len")}}}, {"len", Size}, {"flags", messageFlags},
		{"dest_addr", &Ptr{To: Sockaddr(Ref("addrlen"))}}, {"addrlen", Int},
	}, RetUnsigned},
	{"recvfrom", Args{
		{"sockfd", FD}, {"buf", &Out{To: &SocketData{Len: Min{Result, Ref("len")}}}}, {"len", Size}, {"flags", messageFlags},
		{"src_addr", sockaddrOut("addrlen")}, {"addrlen", sockLen("src_addr")},
	}, RetUnsigned},
}

// socketCallsI386 have no number of their own and come by socketcall.
var socketCallsI386 = Calls{
	{"send", Args{
		{"sockfd", FD}, {"buf", &Ptr{To: &SocketData{Len: Ref("len")}}}, {"len", Size}, {"flags", messageFlags},
	}, RetUnsigned},
	{"recv", Args{
		{"sockfd", FD}, {"buf", &Out{To: &SocketData{Len: Min{Result, Ref("len")}}}}, {"len", Size}, {"flags", messageFlags},
	}, RetUnsigned},
}

var (
	addressFamily = &Enum{Set: &tables.AddressFamily}
	messageFlags  = &Flags{Set: &tables.MsgFlags}
)

// showSocketType is a type of socket with flags for its descriptor.
func showSocketType(c *Call, v uint32) {
	// SOCK_TYPE_MASK of linux/net.h
	const mask = 0xf
	if _, known := tables.SocketType.Lookup(uint64(v & mask)); !known {
		c.Out.Flags(uint64(v), &tables.SocketTypeFlags, output.Hex)
		return
	}
	c.Out.Enum(uint64(v&mask), &tables.SocketType, output.Hex)
	if v &^= mask; v != 0 {
		c.Out.Or()
		c.Out.Flags(uint64(v), &tables.SocketTypeFlags, output.Hex)
	}
}

// socketProtocol is the protocol within a family.
var socketProtocol = &Union{On: Ref("domain"), Arms: Arms{
	{&Enum{Set: &tables.InetProtocol}, Nums{tables.AF_INET, tables.AF_INET6}},
	{&Spelled{In: X32, Set: &tables.AX25Protocol}, Nums{tables.AF_AX25}},
	{&Enum{Set: &tables.NetlinkProtocol}, Nums{tables.AF_NETLINK}},
	{Value32(func(c *Call, v uint32) {
		c.Out.BeginMacro("htons")
		c.Out.Elem()
		c.Out.Enum(uint64(uint16(v)>>8|uint16(v)<<8), &tables.EtherProtocol, output.Hex)
		c.Out.EndMacro()
	}), Nums{tables.AF_PACKET}},
	{&Enum{Set: &tables.IrDAProtocol}, Nums{tables.AF_IRDA}},
	{&Enum{Set: &tables.CANProtocol}, Nums{tables.AF_CAN}},
	{&Enum{Set: &tables.BluetoothProto}, Nums{tables.AF_BLUETOOTH}},
	{&Enum{Set: &tables.AddressFamily}, Nums{tables.AF_RXRPC}},
	{&Enum{Set: &tables.ISDNProtocol}, Nums{tables.AF_ISDN}},
	{&Enum{Set: &tables.PhonetProtocol}, Nums{tables.AF_PHONET}},
	{&Enum{Set: &tables.CAIFProtocol}, Nums{tables.AF_CAIF}},
	{&Enum{Set: &tables.NFCProtocol}, Nums{tables.AF_NFC}},
	{&Enum{Set: &tables.KCMProtocol}, Nums{tables.AF_KCM}},
	{&Enum{Set: &tables.SMCProtocol}, Nums{tables.AF_SMC}},
	{Ulong, nil},
}}

// noAddress is the condition that accept and the like are not asked for an
// address.
func noAddress(c *Call) bool {
	word := c.WordSize()
	return c.ArgView(c.ArgNamed("addr")).Uint(word) == 0 || c.ArgView(c.ArgNamed("addrlen")).Uint(word) == 0
}

// sockLen points to the length of the address that the argument of that name
// points to: room for it before the call, and its size after. It is not
// followed where there is no address.
func sockLen(addr string) Type { return &socketLength{InOut{To: Int}, addr} }

type socketLength struct {
	InOut
	addr string
}

func (t *socketLength) Capture(c *Call, v View, arg int) {
	if Ref(t.addr).Num(c) != 0 {
		t.InOut.Capture(c, v, arg)
	}
}

// sockaddrOut points to an address that the kernel writes, as much of it as
// fits into the length that the argument of that name points to.
type sockaddrOut string

// Layout implements Type.
func (sockaddrOut) Layout(abi tables.ABI) Layout { return Addr.Layout(abi) }

func (sockaddrOut) Dir() Dir { return Exit }

func (length sockaddrOut) Show(c *Call, v View) {
	addr := v.Uint(c.WordSize())
	room, known := c.ReadBefore(string(length))
	a := c.ArgNamed(string(length))
	size, ok := c.ReadUint(c.ArgView(a).Uint(c.WordSize()), 4)
	if c.Failed() || !known || !ok {
		c.Out.Addr(addr)
		return
	}
	ShowSockaddr(c, addr, min(int32(room), int32(size)))
}

// SocketData is what is sent or received by the socket in the first argument, Len
// bytes of it.
type SocketData struct {
	Unsized
	Len Num
}

func (t *SocketData) Show(c *Call, v View) { t.ShowAt(c, v.Addr) }

// ShowAt implements Reader.
func (t *SocketData) ShowAt(c *Call, addr uint64) { showSocketData(c, addr, t.Len.Num(c)) }

// ShownPlain says that data is followed even where pointers are not.
func (t *SocketData) ShownPlain(*Call) bool { return true }

func showSocketData(c *Call, addr, length uint64) {
	if !c.Plain && IsNetlink(c) {
		netlink.ShowNetlink(c, addr, length)
		return
	}
	c.ShowBytes(addr, length)
}
