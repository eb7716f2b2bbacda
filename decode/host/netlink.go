package host

import (
	"bytes"
	"encoding/binary"

	"golang.org/x/sys/unix"
)

// netlinkDump sends a request and calls f with the body of each message of that
// type in the answer, until f returns false.
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
			b = b[min(len(b), aligned(size)):]
		}
		wait = unix.MSG_DONTWAIT
	}
}

// eachAttribute calls f with each of the netlink attributes in b.
func eachAttribute(b []byte, f func(kind uint16, data []byte)) {
	const header = 4 // struct nlattr
	for len(b) >= header {
		n := int(binary.NativeEndian.Uint16(b))
		if n < header || n > len(b) {
			return
		}
		f(binary.NativeEndian.Uint16(b[2:]), b[header:n])
		b = b[min(len(b), aligned(n)):]
	}
}

// aligned rounds n up to NLMSG_ALIGNTO, which is also NLA_ALIGNTO.
func aligned(n int) int { return (n + 3) &^ 3 }

// beforeNUL returns the part of b before the first NUL, or all of it.
func beforeNUL(b []byte) []byte {
	s, _, _ := bytes.Cut(b, []byte{0})
	return s
}

// GenericFamilies implements Host.
func (l *Local) GenericFamilies() []GenericFamily {
	const header = 4 // struct genlmsghdr
	req := make([]byte, header)
	req[0] = unix.CTRL_CMD_GETFAMILY
	var families []GenericFamily
	netlinkDump(unix.NETLINK_GENERIC, unix.GENL_ID_CTRL, unix.NLM_F_REQUEST|unix.NLM_F_DUMP, req, func(msg []byte) bool {
		if len(msg) < header {
			return false
		}
		var family GenericFamily
		eachAttribute(msg[header:], func(kind uint16, data []byte) {
			switch kind {
			case unix.CTRL_ATTR_FAMILY_ID:
				if len(data) >= 2 {
					family.ID = binary.NativeEndian.Uint16(data)
				}
			case unix.CTRL_ATTR_FAMILY_NAME:
				family.Name = string(beforeNUL(data))
			}
		})
		if family.Name != "" {
			families = append(families, family)
		}
		return true
	})
	return families
}
