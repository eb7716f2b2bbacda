package net

import (
	"golang.org/x/sys/unix"

	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/decode/netlink"
	"trapline/output"
	"trapline/tables"
)

// Sockets: net/socket.c. Control messages and options have files of their own.

var socketCalls = Calls{
	{"socket", Args{{"domain", addressFamily}, {"type", socketType}, {"protocol", socketProtocol}}, RetFD},
	{"socketpair", Args{
		{"domain", addressFamily}, {"type", socketType}, {"protocol", Ulong}, {"sv", Out(FdPair)},
	}, RetUnsigned},
	{"bind connect", Args{{"sockfd", FD}, {"addr", Ptr(Sockaddr(Ref("addrlen")))}, {"addrlen", Int}}, RetUnsigned},
	{"listen", Args{{"sockfd", FD}, {"backlog", Int}}, RetUnsigned},
	{"accept", Args{{"sockfd", FD}, {"addr", EarlyIf(noAddress, sockaddrOut("addrlen"))}, {"addrlen", EarlyIf(noAddress, sockLen("addr"))}}, RetFD},
	{"accept4", Args{
		{"sockfd", FD}, {"addr", EarlyIf(noAddress, sockaddrOut("addrlen"))}, {"addrlen", EarlyIf(noAddress, sockLen("addr"))},
		{"flags", Flags(tables.SocketTypeFlags)},
	}, RetFD},
	{"getsockname getpeername", Args{
		{"sockfd", FD}, {"addr", EarlyIf(noAddress, sockaddrOut("addrlen"))}, {"addrlen", EarlyIf(noAddress, sockLen("addr"))},
	}, RetUnsigned},
	{"shutdown", Args{{"sockfd", FD}, {"how", Enum(tables.ShutdownHow)}}, RetUnsigned},

	{"sendto", Args{
		{"sockfd", FD}, {"buf", Ptr(SocketData(Ref("len")))}, {"len", Size}, {"flags", messageFlags},
		{"dest_addr", Ptr(Sockaddr(Ref("addrlen")))}, {"addrlen", Int},
	}, RetUnsigned},
	{"recvfrom", Args{
		{"sockfd", FD}, {"buf", Out(SocketData(Min(Result, Ref("len"))))}, {"len", Size}, {"flags", messageFlags},
		{"src_addr", sockaddrOut("addrlen")}, {"addrlen", sockLen("src_addr")},
	}, RetUnsigned},
}

// socketCallsI386 have no number of their own and come by socketcall.
var socketCallsI386 = Calls{
	{"send", Args{
		{"sockfd", FD}, {"buf", Ptr(SocketData(Ref("len")))}, {"len", Size}, {"flags", messageFlags},
	}, RetUnsigned},
	{"recv", Args{
		{"sockfd", FD}, {"buf", Out(SocketData(Min(Result, Ref("len"))))}, {"len", Size}, {"flags", messageFlags},
	}, RetUnsigned},
}

var (
	addressFamily = Enum(tables.AddressFamily)
	messageFlags  = Flags(tables.MsgFlags)
)

// socketType is a type of socket with flags for its descriptor.
var socketType = Value32(func(c *Call, v uint32) {
	// SOCK_TYPE_MASK of linux/net.h
	const mask = 0xf
	if _, known := tables.SocketType.Lookup(uint64(v & mask)); !known {
		c.Out.Flags(uint64(v), tables.SocketTypeFlags, output.Hex)
		return
	}
	c.Out.Enum(uint64(v&mask), tables.SocketType, output.Hex)
	if v &^= mask; v != 0 {
		c.Out.Or()
		c.Out.Flags(uint64(v), tables.SocketTypeFlags, output.Hex)
	}
})

// socketProtocol is the protocol within a family.
var socketProtocol = Union(Ref("domain"),
	Arm(Enum(tables.InetProtocol), unix.AF_INET, unix.AF_INET6),
	Arm(Spelled(X32, tables.AX25Protocol), unix.AF_AX25),
	Arm(Enum(tables.NetlinkProtocol), unix.AF_NETLINK),
	Arm(Value32(func(c *Call, v uint32) {
		c.Out.BeginMacro("htons")
		c.Out.Elem()
		c.Out.Enum(uint64(uint16(v)>>8|uint16(v)<<8), tables.EtherProtocol, output.Hex)
		c.Out.EndMacro()
	}), unix.AF_PACKET),
	Arm(Enum(tables.IrDAProtocol), unix.AF_IRDA),
	Arm(Enum(tables.CANProtocol), unix.AF_CAN),
	Arm(Enum(tables.BluetoothProto), unix.AF_BLUETOOTH),
	Arm(Enum(tables.AddressFamily), unix.AF_RXRPC),
	Arm(Enum(tables.ISDNProtocol), unix.AF_ISDN),
	Arm(Enum(tables.PhonetProtocol), unix.AF_PHONET),
	Arm(Enum(tables.CAIFProtocol), unix.AF_CAIF),
	Arm(Enum(tables.NFCProtocol), unix.AF_NFC),
	Arm(Enum(tables.KCMProtocol), unix.AF_KCM),
	Arm(Enum(tables.SMCProtocol), unix.AF_SMC),
	Arm(Ulong),
)

// noAddress is the condition that accept and the like are not asked for an
// address.
func noAddress(c *Call) bool {
	word := c.WordSize()
	return c.ArgView(c.ArgNamed("addr")).Uint(word) == 0 || c.ArgView(c.ArgNamed("addrlen")).Uint(word) == 0
}

// sockLen points to the length of the address that the argument of that name
// points to: room for it before the call, and its size after. It is not
// followed where there is no address.
func sockLen(addr string) Type { return &socketLength{InOut{Layouts: WordLayout(), Elem: Int}, addr} }

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
func sockaddrOut(length string) Type {
	return Word(Exit, func(c *Call, v View) {
		addr := v.Uint(c.WordSize())
		room, known := c.ReadBefore(length)
		a := c.ArgNamed(length)
		size, ok := c.ReadUint(c.ArgView(a).Uint(c.WordSize()), 4)
		if c.Failed() || !known || !ok {
			c.Out.Addr(addr)
			return
		}
		ShowSockaddr(c, addr, min(int32(room), int32(size)))
	})
}

// SocketData is what is sent or received by the socket in the first argument,
// length bytes of it.
func SocketData(length Num) Type {
	return TextAt(func(c *Call, addr uint64) { showSocketData(c, addr, length.Num(c)) })
}

func showSocketData(c *Call, addr, length uint64) {
	if !c.Plain && IsNetlink(c) {
		netlink.ShowNetlink(c, addr, length)
		return
	}
	c.ShowBytes(addr, length)
}
