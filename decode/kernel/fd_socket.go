package kernel

import (
	"bytes"
	"net/netip"
	"strconv"

	"trapline/decode/host"
	. "trapline/decode/lang"
	"trapline/tables"
)

// Data about the socket behind a descriptor: its protocol and its addresses.

// socketProtocol returns the kernel's name of the protocol of a descriptor, such
// as TCP, UNIX-STREAM or NETLINK. It is empty if the descriptor is not a socket.
func socketProtocol(c *Call, process, fd int) []byte {
	return SettingsOf(c.Decoder).Host().SocketProtocol(c.Alloc(64), process, fd)
}

// SpecialFamily is the family of the sockets that Capture.Special means: those of netlink,
// whose data are decoded.
const SpecialFamily = tables.AF_NETLINK

// IsNetlink reports whether the call's first argument is a netlink socket.
func IsNetlink(c *Call) bool {
	fd := int32(c.Args[0])
	return !c.Ordinary && fd >= 0 && string(socketProtocol(c, ProcessOf(c), int(fd))) == "NETLINK"
}

// socketKind has the numbers by which a host identifies the sockets of a
// protocol.
type socketKind struct {
	name             string
	family, protocol uint8
}

var socketKinds = [...]socketKind{
	{"UNIX", tables.AF_UNIX, 0},
	{"UNIX-STREAM", tables.AF_UNIX, 0},
	{"NETLINK", tables.AF_NETLINK, 0},
	{"TCP", tables.AF_INET, tables.IPPROTO_TCP},
	{"UDP", tables.AF_INET, tables.IPPROTO_UDP},
	{"UDPLITE", tables.AF_INET, tables.IPPROTO_UDPLITE},
	{"DCCP", tables.AF_INET, tables.IPPROTO_DCCP},
	{"SCTP", tables.AF_INET, tables.IPPROTO_SCTP},
	{"L2TP/IP", tables.AF_INET, tables.IPPROTO_L2TP},
	{"PING", tables.AF_INET, tables.IPPROTO_ICMP},
	{"RAW", tables.AF_INET, tables.IPPROTO_RAW},
	{"TCPv6", tables.AF_INET6, tables.IPPROTO_TCP},
	{"UDPv6", tables.AF_INET6, tables.IPPROTO_UDP},
	{"UDPLITEv6", tables.AF_INET6, tables.IPPROTO_UDPLITE},
	{"DCCPv6", tables.AF_INET6, tables.IPPROTO_DCCP},
	{"SCTPv6", tables.AF_INET6, tables.IPPROTO_SCTP},
	{"L2TP/IPv6", tables.AF_INET6, tables.IPPROTO_L2TP},
	{"PINGv6", tables.AF_INET6, tables.IPPROTO_ICMP},
	{"RAWv6", tables.AF_INET6, tables.IPPROTO_RAW},
}

// socketKindOf returns the kind of sockets with a certain protocol, given its
// name.
func socketKindOf(name string) (socketKind, bool) {
	for _, k := range &socketKinds {
		if k.name == name {
			return k, true
		}
	}
	return socketKind{}, false
}

// socketCache has the descriptions of sockets, by inode. It is emptied when it
// becomes too large.
type socketCache map[uint64][]byte

var (
	sockets        DecoderSlot[socketCache]
	netlinkSockets DecoderSlot[map[uint64]int] // protocols, by the socket's inode
)

const socketCacheSize = 1024

// socketInode parses the inode number in a socket's path, socket:[4711].
func socketInode(path []byte) (uint64, bool) {
	digits, ok := bytes.CutPrefix(path, []byte("socket:["))
	if !ok || len(digits) == 0 || digits[len(digits)-1] != ']' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(digits[:len(digits)-1]), 10, 64)
	return n, err == nil
}

// describeSocket returns the protocol and addresses of the socket behind a
// descriptor with that path: TCP:[127.0.0.1:80]. It returns nil if the path is
// not a socket's, and the path itself if the protocol is unknown.
func describeSocket(c *Call, process, fd int, path []byte) []byte {
	inode, ok := socketInode(path)
	if !ok {
		return nil
	}
	known := sockets.Of(c.Decoder)
	if about, ok := (*known)[inode]; ok {
		return about
	}
	name := string(socketProtocol(c, process, fd))
	kind, ok := socketKindOf(name)
	if !ok {
		return path
	}
	about := []byte(name + ":[")
	socket, found := SettingsOf(c.Decoder).Host().Socket(kind.family, kind.protocol, inode)
	if !found {
		return append(strconv.AppendUint(about, inode, 10), ']')
	}
	switch kind.family {
	case tables.AF_UNIX:
		about = appendUnixSocket(about, &socket, inode)
	case tables.AF_NETLINK:
		about = appendNetlinkSocket(about, &socket)
	default:
		about = appendInetSocket(about, &socket)
	}
	about = append(about, ']')
	if *known == nil || len(*known) >= socketCacheSize {
		*known = make(socketCache)
	}
	(*known)[inode] = about
	return about
}

// appendInetSocket appends the address of a socket and, if it is connected, its
// peer's address: 127.0.0.1:80->127.0.0.1:4711.
func appendInetSocket(about []byte, s *host.Socket) []byte {
	about = appendEndpoint(about, s.Local)
	if to := s.Remote; to.IsValid() && (to.Port() != 0 || !to.Addr().IsUnspecified()) {
		about = append(about, "->"...)
		about = appendEndpoint(about, s.Remote)
	}
	return about
}

// appendEndpoint appends an address. Unlike AddrPort.AppendTo it puts IPv4-mapped
// IPv6 addresses into brackets, like other IPv6 addresses.
func appendEndpoint(b []byte, at netip.AddrPort) []byte {
	if at.Addr().Is6() {
		b = append(b, '[')
		b = at.Addr().AppendTo(b)
		b = append(b, ']')
	} else {
		b = at.Addr().AppendTo(b)
	}
	b = append(b, ':')
	return strconv.AppendUint(b, uint64(at.Port()), 10)
}

// appendUnixSocket appends the inodes of a socket and its peer, and its name:
// 4711->4712,"/run/socket".
func appendUnixSocket(about []byte, s *host.Socket, inode uint64) []byte {
	about = strconv.AppendUint(about, inode, 10)
	if s.Peer != 0 {
		about = append(about, "->"...)
		about = strconv.AppendUint(about, uint64(s.Peer), 10)
	}
	if path := s.Name; len(path) > 0 {
		about = append(about, ',')
		if path[0] == 0 {
			about = append(about, '@')
			path = path[1:]
		}
		about = appendCString(about, UntilNUL(path))
	}
	return about
}

// appendCString appends s as a string literal of C.
func appendCString(b, s []byte) []byte {
	const digits = "01234567"
	b = append(b, '"')
	for i, x := range s {
		switch {
		case x == '"' || x == '\\':
			b = append(b, '\\', x)
		case ' ' <= x && x <= '~':
			b = append(b, x)
		default:
			b = append(b, '\\')
			next := i+1 < len(s) && '0' <= s[i+1] && s[i+1] <= '9'
			if next || x >= 0o100 {
				b = append(b, digits[x>>6])
			}
			if next || x >= 0o10 {
				b = append(b, digits[x>>3&7])
			}
			b = append(b, digits[x&7])
		}
	}
	return append(b, '"')
}

// appendNetlinkSocket appends the protocol and the address of a socket: ROUTE:4711.
func appendNetlinkSocket(about []byte, s *host.Socket) []byte {
	name, ok := tables.NetlinkProtocol.Lookup(uint64(s.Protocol))
	if !ok {
		return strconv.AppendUint(about, uint64(s.Protocol), 10)
	}
	about = append(about, name[len("NETLINK_"):]...)
	about = append(about, ':')
	return strconv.AppendUint(about, uint64(s.Port), 10)
}

// NetlinkProtocolOf returns the protocol of the netlink socket behind descriptor
// fd, or -1 if it is unknown.
func NetlinkProtocolOf(c *Call, fd int) int {
	if fd < 0 {
		return -1
	}
	process := ProcessOf(c)
	path := FDLink(c, process, fd)
	inode, ok := socketInode(path)
	if !ok {
		return -1
	}
	known := netlinkSockets.Of(c.Decoder)
	if protocol, ok := (*known)[inode]; ok {
		return protocol
	}
	protocol := netlinkProtocolIn(describeSocket(c, process, fd, path))
	if protocol >= 0 {
		if *known == nil || len(*known) >= socketCacheSize {
			*known = make(map[uint64]int)
		}
		(*known)[inode] = protocol
	}
	return protocol
}

// netlinkProtocolIn returns the protocol in a description by describeSocket,
// NETLINK:[ROUTE:4711], or -1.
func netlinkProtocolIn(about []byte) int {
	name, ok := bytes.CutPrefix(about, []byte("NETLINK:["))
	if !ok {
		return -1
	}
	if i := bytes.IndexAny(name, ":]"); i >= 0 {
		name = name[:i]
	}
	if n, err := strconv.Atoi(string(name)); err == nil {
		if n > 255 {
			return -1 // it is an inode, because the kernel did not report the socket
		}
		return n
	}
	for _, k := range tables.NetlinkProtocol.Consts {
		if k.Name[len("NETLINK_"):] == string(name) {
			return int(k.Value)
		}
	}
	return -1
}
