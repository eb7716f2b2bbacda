package decode

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"

	"trapline/tables"
)

// What is known of a socket behind a descriptor: its protocol, from an
// attribute that all sockets have, and its addresses, which the kernel tells
// over netlink (sock_diag(7)).

// socketProtocolName gives the kernel's name of the protocol of descriptor fd
// of process pid, such as TCP, UNIX-STREAM or NETLINK; empty if fd is no socket.
func (c *Call) socketProtocolName(pid, fd int) []byte {
	path := append(c.alloc(64)[:0], "/proc/"...)
	path = strconv.AppendInt(path, int64(pid), 10)
	path = append(path, "/fd/"...)
	path = strconv.AppendInt(path, int64(fd), 10)
	path = append(path, 0)
	name := c.alloc(64)
	// unix.Getxattr would copy the path.
	attr := [...]byte{'s', 'y', 's', 't', 'e', 'm', '.', 's', 'o', 'c', 'k', 'p', 'r', 'o', 't', 'o', 'n', 'a', 'm', 'e', 0}
	n, _, errno := unix.Syscall6(unix.SYS_GETXATTR, uintptr(unsafe.Pointer(&path[0])), uintptr(unsafe.Pointer(&attr[0])),
		uintptr(unsafe.Pointer(&name[0])), uintptr(len(name)), 0, 0)
	if errno != 0 {
		return nil
	}
	return cString0(name[:n])
}

// isNetlink says whether the call's first argument is a netlink socket.
func (c *Call) isNetlink() bool {
	fd := int32(c.Args[0])
	return fd >= 0 && string(c.socketProtocolName(c.procTID(), int(fd))) == "NETLINK"
}

// socketKind is where to ask for the sockets of a protocol.
type socketKind struct {
	family, protocol uint8
}

var socketKinds = map[string]socketKind{
	"UNIX":        {unix.AF_UNIX, 0},
	"UNIX-STREAM": {unix.AF_UNIX, 0},
	"NETLINK":     {unix.AF_NETLINK, 0},
	"TCP":         {unix.AF_INET, unix.IPPROTO_TCP},
	"UDP":         {unix.AF_INET, unix.IPPROTO_UDP},
	"UDPLITE":     {unix.AF_INET, unix.IPPROTO_UDPLITE},
	"DCCP":        {unix.AF_INET, unix.IPPROTO_DCCP},
	"SCTP":        {unix.AF_INET, unix.IPPROTO_SCTP},
	"L2TP/IP":     {unix.AF_INET, unix.IPPROTO_L2TP},
	"PING":        {unix.AF_INET, unix.IPPROTO_ICMP},
	"RAW":         {unix.AF_INET, unix.IPPROTO_RAW},
	"TCPv6":       {unix.AF_INET6, unix.IPPROTO_TCP},
	"UDPv6":       {unix.AF_INET6, unix.IPPROTO_UDP},
	"UDPLITEv6":   {unix.AF_INET6, unix.IPPROTO_UDPLITE},
	"DCCPv6":      {unix.AF_INET6, unix.IPPROTO_DCCP},
	"SCTPv6":      {unix.AF_INET6, unix.IPPROTO_SCTP},
	"L2TP/IPv6":   {unix.AF_INET6, unix.IPPROTO_L2TP},
	"PINGv6":      {unix.AF_INET6, unix.IPPROTO_ICMP},
	"RAWv6":       {unix.AF_INET6, unix.IPPROTO_RAW},
}

// socketCache is what has been found out of sockets, by inode. It is emptied
// when it holds too much.
type socketCache map[uint64][]byte

const socketCacheSize = 1024

// socketInode gives the inode number in a socket's path, socket:[4711].
func socketInode(path []byte) (uint64, bool) {
	digits, ok := bytes.CutPrefix(path, []byte("socket:["))
	if !ok || len(digits) == 0 || digits[len(digits)-1] != ']' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(digits[:len(digits)-1]), 10, 64)
	return n, err == nil
}

// describeSocket gives the protocol and addresses of the socket behind
// descriptor fd of process pid, which has that path: TCP:[127.0.0.1:80]. It gives nil if path
// is none of a socket, and the path itself if the protocol is not known.
func (c *Call) describeSocket(pid, fd int, path []byte) []byte {
	inode, ok := socketInode(path)
	if !ok {
		return nil
	}
	if about, ok := c.sockets[inode]; ok {
		return about
	}
	name := string(c.socketProtocolName(pid, fd))
	kind, ok := socketKinds[name]
	if !ok {
		return path
	}
	about := []byte(name + ":[")
	about, found := kind.describe(about, inode)
	if !found {
		return append(strconv.AppendUint([]byte(name+":["), inode, 10), ']')
	}
	about = append(about, ']')
	if c.sockets == nil || len(c.sockets) >= socketCacheSize {
		c.sockets = make(socketCache)
	}
	c.sockets[inode] = about
	return about
}

// describe appends what the kernel tells of the socket with that inode.
func (k socketKind) describe(about []byte, inode uint64) (_ []byte, found bool) {
	var req []byte
	var flags uint16 = unix.NLM_F_REQUEST | unix.NLM_F_DUMP
	switch k.family {
	case unix.AF_UNIX:
		flags = unix.NLM_F_REQUEST
		req = unixDiagRequest(uint32(inode))
	case unix.AF_NETLINK:
		req = make([]byte, 20) // struct netlink_diag_req (linux/netlink_diag.h)
		req[0], req[1] = k.family, ndiagProtoAll
	default:
		req = make([]byte, 56) // struct inet_diag_req_v2 (linux/inet_diag.h)
		req[0], req[1] = k.family, k.protocol
		binary.NativeEndian.PutUint32(req[4:], ^uint32(0)) // all states
	}
	found = false
	netlinkDump(unix.NETLINK_SOCK_DIAG, sockDiagByFamily, flags, req, func(msg []byte) bool {
		switch k.family {
		case unix.AF_UNIX:
			about, found = appendUnixSocket(about, msg, inode)
		case unix.AF_NETLINK:
			about, found = appendNetlinkSocket(about, msg, inode)
		default:
			about, found = appendInetSocket(about, msg, inode)
		}
		return !found
	})
	return about, found
}

// Constants of linux/sock_diag.h and linux/*_diag.h.
const (
	sockDiagByFamily = 20
	ndiagProtoAll    = 0xff
	udiagShowName    = 1
	udiagShowPeer    = 4
	unixDiagName     = 0
	unixDiagPeer     = 2
)

// netlinkDump sends one request and calls f with the body of each message of
// that type in answer, until f returns false.
func netlinkDump(protocol int, msgType, flags uint16, body []byte, f func(msg []byte) bool) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, protocol)
	if err != nil {
		return
	}
	defer unix.Close(fd)
	req := make([]byte, unix.SizeofNlMsghdr, unix.SizeofNlMsghdr+len(body))
	req = append(req, body...)
	binary.NativeEndian.PutUint32(req, uint32(len(req)))
	binary.NativeEndian.PutUint16(req[4:], msgType)
	binary.NativeEndian.PutUint16(req[6:], flags)
	if unix.Sendto(fd, req, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}) != nil {
		return
	}
	buf := make([]byte, 32<<10)
	wait := 0
	for {
		n, _, err := unix.Recvfrom(fd, buf, wait)
		if err == unix.EINTR {
			continue
		}
		if err != nil || n == 0 {
			return
		}
		for b := buf[:n]; len(b) >= unix.SizeofNlMsghdr; {
			size := int(binary.NativeEndian.Uint32(b))
			if size < unix.SizeofNlMsghdr || size > len(b) || binary.NativeEndian.Uint16(b[4:]) != msgType {
				return
			}
			if !f(b[unix.SizeofNlMsghdr:size]) {
				return
			}
			b = b[min(len(b), alignUp(size, 4)):]
		}
		wait = unix.MSG_DONTWAIT
	}
}

// appendInetSocket reads a struct inet_diag_msg (linux/inet_diag.h).
func appendInetSocket(about, msg []byte, inode uint64) ([]byte, bool) {
	const size = 72
	if len(msg) < size || uint64(binary.NativeEndian.Uint32(msg[68:])) != inode {
		return about, false
	}
	id := msg[4:] // struct inet_diag_sockid
	n := 4
	if msg[0] == unix.AF_INET6 {
		n = 16
	}
	about = appendEndpoint(about, id[4:4+n], binary.BigEndian.Uint16(id))
	dst, port := id[20:20+n], binary.BigEndian.Uint16(id[2:])
	if port != 0 || !allZero(dst) {
		about = append(about, "->"...)
		about = appendEndpoint(about, dst, port)
	}
	return about, true
}

func appendEndpoint(b, addr []byte, port uint16) []byte {
	a, _ := netip.AddrFromSlice(addr)
	if len(addr) == 16 {
		b = append(b, '[')
		b = a.AppendTo(b)
		b = append(b, ']')
	} else {
		b = a.AppendTo(b)
	}
	b = append(b, ':')
	return strconv.AppendUint(b, uint64(port), 10)
}

// unixDiagRequest is a struct unix_diag_req (linux/unix_diag.h).
func unixDiagRequest(inode uint32) []byte {
	req := make([]byte, 24)
	req[0] = unix.AF_UNIX
	binary.NativeEndian.PutUint32(req[4:], ^uint32(0)) // all states
	binary.NativeEndian.PutUint32(req[8:], inode)
	binary.NativeEndian.PutUint32(req[12:], udiagShowName|udiagShowPeer)
	binary.NativeEndian.PutUint64(req[16:], ^uint64(0)) // any cookie
	return req
}

// appendUnixSocket reads a struct unix_diag_msg (linux/unix_diag.h) and its
// attributes: 4711->4712,"/run/socket".
func appendUnixSocket(about, msg []byte, inode uint64) ([]byte, bool) {
	const size = 16
	if len(msg) < size || uint64(binary.NativeEndian.Uint32(msg[4:])) != inode {
		return about, false
	}
	var peer uint32
	var path []byte
	for attrs := msg[size:]; len(attrs) >= 4; {
		n := int(binary.NativeEndian.Uint16(attrs))
		if n < 4 || n > len(attrs) {
			break
		}
		data := attrs[4:n]
		switch binary.NativeEndian.Uint16(attrs[2:]) {
		case unixDiagName:
			path = data
		case unixDiagPeer:
			if len(data) >= 4 {
				peer = binary.NativeEndian.Uint32(data)
			}
		}
		attrs = attrs[min(len(attrs), alignUp(n, 4)):]
	}
	if peer == 0 && len(path) == 0 {
		return about, false
	}
	about = strconv.AppendUint(about, inode, 10)
	if peer != 0 {
		about = append(about, "->"...)
		about = strconv.AppendUint(about, uint64(peer), 10)
	}
	if len(path) > 0 {
		about = append(about, ',')
		if path[0] == 0 {
			about = append(about, '@')
			path = path[1:]
		}
		about = appendCString(about, cString0(path))
	}
	return about, true
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

// appendNetlinkSocket reads a struct netlink_diag_msg (linux/netlink_diag.h):
// ROUTE:4711.
func appendNetlinkSocket(about, msg []byte, inode uint64) ([]byte, bool) {
	const size = 28
	if len(msg) < size || uint64(binary.NativeEndian.Uint32(msg[16:])) != inode {
		return about, false
	}
	protocol := uint64(msg[2])
	name, ok := tables.NetlinkProtocol.Lookup(protocol)
	if !ok {
		return strconv.AppendUint(about, protocol, 10), true
	}
	about = append(about, name[len("NETLINK_"):]...)
	about = append(about, ':')
	return strconv.AppendUint(about, uint64(binary.NativeEndian.Uint32(msg[4:])), 10), true
}

// netlinkProtocolOf gives the protocol of the netlink socket behind descriptor
// fd, or -1 if it cannot be known.
func (c *Call) netlinkProtocolOf(fd int) int {
	if fd < 0 {
		return -1
	}
	pid := c.procTID()
	path, ok := c.readLink("/proc/" + strconv.Itoa(pid) + "/fd/" + strconv.Itoa(fd))
	if !ok {
		return -1
	}
	inode, ok := socketInode(path)
	if !ok {
		return -1
	}
	if protocol, ok := c.netlinks[inode]; ok {
		return protocol
	}
	protocol := netlinkProtocolIn(c.describeSocket(pid, fd, path))
	if protocol >= 0 {
		if c.netlinks == nil || len(c.netlinks) >= socketCacheSize {
			c.netlinks = make(map[uint64]int)
		}
		c.netlinks[inode] = protocol
	}
	return protocol
}

// netlinkProtocolIn finds the protocol in what describeSocket says,
// NETLINK:[ROUTE:4711], or gives -1.
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
			return -1 // an inode: the kernel did not tell
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
