package host

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"unsafe"

	"golang.org/x/sys/unix"
)

// SocketProtocol implements Host. The name is an extended attribute that all
// sockets have. unix.Getxattr would allocate copies of both names. Attributes of
// other files are not read: see file.go.
func (l *Local) SocketProtocol(b []byte, process, fd int) []byte {
	path := l.pathOfFD(process, "/fd/", fd)
	if !bytes.HasPrefix(readLink(b, path), []byte("socket:")) {
		return nil
	}
	path = append(path, 0)
	attr := [...]byte{'s', 'y', 's', 't', 'e', 'm', '.', 's', 'o', 'c', 'k', 'p', 'r', 'o', 't', 'o', 'n', 'a', 'm', 'e', 0}
	n, _, errno := unix.Syscall6(unix.SYS_GETXATTR, uintptr(unsafe.Pointer(&path[0])), uintptr(unsafe.Pointer(&attr[0])),
		uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)), 0, 0)
	if errno != 0 {
		return nil
	}
	return beforeNUL(b[:n])
}

// Socket implements Host, by sock_diag(7).
func (l *Local) Socket(family, protocol uint8, inode uint64) (s Socket, found bool) {
	var req []byte
	var flags uint16 = unix.NLM_F_REQUEST | unix.NLM_F_DUMP
	read := s.readInet
	switch family {
	case unix.AF_UNIX:
		flags = unix.NLM_F_REQUEST
		req = unixDiagRequest(uint32(inode))
		read = s.readUnix
	case unix.AF_NETLINK:
		req = make([]byte, 20) // struct netlink_diag_req (linux/netlink_diag.h)
		req[0], req[1] = family, ndiagProtoAll
		read = s.readNetlink
	default:
		req = make([]byte, 56) // struct inet_diag_req_v2 (linux/inet_diag.h)
		req[0], req[1] = family, protocol
		binary.NativeEndian.PutUint32(req[4:], ^uint32(0)) // all states
	}
	netlinkDump(unix.NETLINK_SOCK_DIAG, sockDiagByFamily, flags, req, func(msg []byte) bool {
		found = read(msg, inode)
		return !found
	})
	return s, found
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

// readInet reads a struct inet_diag_msg (linux/inet_diag.h). It returns false if
// the message is about a socket with another inode.
func (s *Socket) readInet(msg []byte, inode uint64) bool {
	const size = 72
	if len(msg) < size || uint64(binary.NativeEndian.Uint32(msg[68:])) != inode {
		return false
	}
	id := msg[4:] // struct inet_diag_sockid
	n := 4
	if msg[0] == unix.AF_INET6 {
		n = 16
	}
	src, _ := netip.AddrFromSlice(id[4 : 4+n])
	dst, _ := netip.AddrFromSlice(id[20 : 20+n])
	s.Local = netip.AddrPortFrom(src, binary.BigEndian.Uint16(id))
	s.Remote = netip.AddrPortFrom(dst, binary.BigEndian.Uint16(id[2:]))
	return true
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

// readUnix reads a struct unix_diag_msg (linux/unix_diag.h) and its attributes.
// It returns false if the message is about a socket with another inode, or about
// one without a name and a peer.
func (s *Socket) readUnix(msg []byte, inode uint64) bool {
	const size = 16
	if len(msg) < size || uint64(binary.NativeEndian.Uint32(msg[4:])) != inode {
		return false
	}
	eachAttribute(msg[size:], func(kind uint16, data []byte) {
		switch kind {
		case unixDiagName:
			s.Name = data
		case unixDiagPeer:
			if len(data) >= 4 {
				s.Peer = binary.NativeEndian.Uint32(data)
			}
		}
	})
	return s.Peer != 0 || len(s.Name) > 0
}

// readNetlink reads a struct netlink_diag_msg (linux/netlink_diag.h). It returns
// false if the message is about a socket with another inode.
func (s *Socket) readNetlink(msg []byte, inode uint64) bool {
	const size = 28
	if len(msg) < size || uint64(binary.NativeEndian.Uint32(msg[16:])) != inode {
		return false
	}
	s.Protocol = msg[2]
	s.Port = binary.NativeEndian.Uint32(msg[4:])
	return true
}

// Interface implements Host. Any socket can be used to query names.
func (l *Local) Interface(index uint32) (string, bool) {
	if !l.hasSocket {
		fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			fd = -1
		}
		l.socket, l.hasSocket = fd, true
	}
	if index == 0 || l.socket < 0 {
		return "", false
	}
	var req struct { // struct ifreq (linux/if.h), with the member ifr_ifindex
		name  [unix.IFNAMSIZ]byte
		index uint32
		_     [20]byte
	}
	req.index = index
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(l.socket), unix.SIOCGIFNAME, uintptr(unsafe.Pointer(&req))); errno != 0 {
		return "", false
	}
	return unix.ByteSliceToString(req.name[:]), true
}
