package net

import (
	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/decode/netlink"
	"trapline/output"
	"trapline/tables"
)

// Sockets: net/socket.c. Control messages and options are in files of their own.

var socketCalls = Calls{
	{"socket", Args{{"domain", addressFamily}, {"type", &Value{By: showSocketType}}, {"protocol", socketProtocol}}, RetFD},
	{"socketpair", Args{
		{"domain", addressFamily}, {"type", &Value{By: showSocketType}}, {"protocol", Ulong}, {"sv", &Out{To: &FdPair}},
	}, RetUnsigned},
	{"bind", Args{{"sockfd", BindFD}, {"addr", &Ptr{To: Sockaddr(Ref("addrlen"))}}, {"addrlen", Int}}, RetUnsigned},
	{"connect", Args{{"sockfd", ConnectFD}, {"addr", &Ptr{To: Sockaddr(Ref("addrlen"))}}, {"addrlen", Int}}, RetUnsigned},
	{"listen", Args{{"sockfd", ListenFD}, {"backlog", Int}}, RetUnsigned},
	{"accept", Args{{"sockfd", ListenFD}, {"addr", &Early{If: Test(noAddress), Of: sockaddrOut("addrlen")}}, {"addrlen", &Early{If: Test(noAddress), Of: sockLen("addr")}}}, RetFD},
	{"accept4", Args{
		{"sockfd", ListenFD}, {"addr", &Early{If: Test(noAddress), Of: sockaddrOut("addrlen")}}, {"addrlen", &Early{If: Test(noAddress), Of: sockLen("addr")}},
		{"flags", &Flags{Set: &tables.SocketTypeFlags}},
	}, RetFD},
	{"getsockname getpeername", Args{
		{"sockfd", FD}, {"addr", &Early{If: Test(noAddress), Of: sockaddrOut("addrlen")}}, {"addrlen", &Early{If: Test(noAddress), Of: sockLen("addr")}},
	}, RetUnsigned},
	{"shutdown", Args{{"sockfd", FD}, {"how", &Enum{Set: &tables.ShutdownHow}}}, RetUnsigned},

	{"sendto", Args{
		{"sockfd", SinkFD}, {"buf", &Ptr{To: &socketData{Len: Ref("len")}}}, {"len", Size}, {"flags", messageFlags},
		{"dest_addr", &Ptr{To: Sockaddr(Ref("addrlen"))}}, {"addrlen", Int},
	}, RetUnsigned},
	{"recvfrom", Args{
		{"sockfd", SourceFD}, {"buf", &Out{To: &socketData{Len: Min{Result, Ref("len")}}}}, {"len", Size}, {"flags", messageFlags},
		{"src_addr", sockaddrOut("addrlen")}, {"addrlen", sockLen("src_addr")},
	}, RetUnsigned},
}

// socketCallsI386 are calls without a number, which are made through socketcall.
var socketCallsI386 = Calls{
	{"send", Args{
		{"sockfd", SinkFD}, {"buf", &Ptr{To: &socketData{Len: Ref("len")}}}, {"len", Size}, {"flags", messageFlags},
	}, RetUnsigned},
	{"recv", Args{
		{"sockfd", SourceFD}, {"buf", &Out{To: &socketData{Len: Min{Result, Ref("len")}}}}, {"len", Size}, {"flags", messageFlags},
	}, RetUnsigned},
}

var (
	addressFamily = &Enum{Set: &tables.AddressFamily}
	messageFlags  = &Flags{Set: &tables.MsgFlags}
)

// showSocketType shows the type of a socket, and flags for its descriptor.
func showSocketType(c *Call, v uint64) {
	// SOCK_TYPE_MASK of linux/net.h
	const mask = 0xf
	if _, known := tables.SocketType.Lookup(v & mask); !known {
		c.Out.Flags(v, &tables.SocketTypeFlags, output.Hex)
		return
	}
	c.Out.Enum(v&mask, &tables.SocketType, output.Hex)
	if v &^= mask; v != 0 {
		c.Out.Join(output.Or)
		c.Out.Flags(v, &tables.SocketTypeFlags, output.Hex)
	}
}

// socketProtocol is the protocol. Its names depend on the family.
var socketProtocol = &Union{C: "int", On: Ref("domain"), Arms: Arms{
	{&Enum{Set: &tables.InetProtocol}, Nums{tables.AF_INET, tables.AF_INET6}},
	{&CommentedEnum{In: X32, Set: &tables.AX25Protocol}, Nums{tables.AF_AX25}},
	{&Enum{Set: &tables.NetlinkProtocol}, Nums{tables.AF_NETLINK}},
	{&Value{By: func(c *Call, v uint64) {
		c.Out.BeginMacro("htons")
		c.Out.Elem()
		c.Out.Enum(uint64(uint16(v)>>8|uint16(v)<<8), &tables.EtherProtocol, output.Hex)
		c.Out.EndMacro()
	}}, Nums{tables.AF_PACKET}},
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

// noAddress reports whether the caller of accept and the like does not want an
// address.
func noAddress(c *Call) bool {
	word := c.WordSize()
	return c.ArgView(c.ArgNamed("addr")).Uint(word) == 0 || c.ArgView(c.ArgNamed("addrlen")).Uint(word) == 0
}

// sockLen points to the length of the address that another argument, called addr,
// points to: the available room before the call, the address's size after it. It
// is not followed if there is no address.
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

// sockaddrOut points to an address that the kernel writes, truncated to the
// length that the named argument points to.
type sockaddrOut string

// Layout implements Type.
func (sockaddrOut) Layout(abi tables.ABI) Layout { return Addr.Layout(abi) }

func (sockaddrOut) Dir() Dir { return Exit }

// Keep implements keeper of package lang.
func (length sockaddrOut) Keep(k *Keeps) { k.Follow(Sockaddr(Ref(length)), IfSucceeded) }

func (length sockaddrOut) Show(c *Call, v View) {
	addr := v.Uint(c.WordSize())
	if c.Failed() {
		c.Out.Addr(addr)
		return
	}
	room, known := c.ReadBefore(string(length))
	a := c.ArgNamed(string(length))
	size, ok := c.ReadUint(c.ArgView(a).Uint(c.WordSize()), 4)
	if !known || !ok {
		c.Out.Addr(addr)
		return
	}
	ShowSockaddr(c, addr, min(int32(room), int32(size)))
}

// socketData is data of Len bytes that is sent or received through the socket in
// the first argument.
type socketData struct {
	Unsized
	Len Num
}

func (t *socketData) Show(c *Call, v View) { t.ShowAt(c, v.Addr) }

// Keep implements keeper of package lang.
func (t *socketData) Keep(k *Keeps) {
	k.Elements(t.Len, 1, uint64(k.Decoder.StringLimit)+1)
	keepSpecial(k)
}

// ShowAt implements Reader.
func (t *socketData) ShowAt(c *Call, addr uint64) { showSocketData(c, addr, t.Len.Num(c)) }

// ShownPlain implements the interface of types that are shown even if pointers
// are not followed.
func (t *socketData) ShownPlain(*Call) bool { return true }

func showSocketData(c *Call, addr, length uint64) {
	if !c.Plain && IsNetlink(c) {
		netlink.ShowNetlink(c, addr, length)
		return
	}
	c.ShowBytes(addr, length)
}

// Shows implements Shower.
func (sockaddrOut) Shows() []Type { return SockaddrForms() }
