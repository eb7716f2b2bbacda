package host

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io/fs"
	"net/netip"
	"os"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Connection is a socket of TCP or UDP (struct inet_diag_msg).
type Connection struct {
	Inode         uint64
	State         uint8 // TCPListen and so on
	Local, Remote netip.AddrPort
}

// States of a socket (linux/tcp_states.h).
const (
	TCPEstablished = 1
	TCPSynSent     = 2
	TCPClose       = 7
	TCPCloseWait   = 8
	TCPListen      = 10
)

// Connections lists the sockets of a protocol, IPPROTO_TCP or IPPROTO_UDP, in trapline's network
// namespace.
func (l *Local) Connections(protocol uint8) (all []Connection) {
	for _, family := range []uint8{unix.AF_INET, unix.AF_INET6} {
		req := make([]byte, 56) // struct inet_diag_req_v2
		req[0], req[1] = family, protocol
		binary.NativeEndian.PutUint32(req[4:], ^uint32(0)) // all states
		netlinkDump(unix.NETLINK_SOCK_DIAG, sockDiagByFamily, unix.NLM_F_REQUEST|unix.NLM_F_DUMP, req, func(msg []byte) bool {
			const size = 72
			if len(msg) < size {
				return true
			}
			var s Socket
			inode := uint64(binary.NativeEndian.Uint32(msg[68:]))
			s.readInet(msg, inode)
			all = append(all, Connection{
				Inode: inode, State: msg[1], Local: unmapped(s.Local), Remote: unmapped(s.Remote),
			})
			return true
		})
	}
	return all
}

// unmapped turns an IPv4-mapped IPv6 address into an IPv4 address.
func unmapped(a netip.AddrPort) netip.AddrPort { return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()) }

// UnixSocket is a socket of AF_UNIX (struct unix_diag_msg).
type UnixSocket struct {
	Type  uint8 // SOCK_STREAM and so on
	State uint8 // TCPListen and so on
	Peer  uint64
	Name  []byte
}

// UnixSocket looks for a socket by its inode; false if there is none in trapline's network
// namespace.
func (l *Local) UnixSocket(inode uint64) (s UnixSocket, found bool) {
	req := unixDiagRequest(uint32(inode))
	netlinkDump(unix.NETLINK_SOCK_DIAG, sockDiagByFamily, unix.NLM_F_REQUEST, req, func(msg []byte) bool {
		const size = 16
		if len(msg) < size || uint64(binary.NativeEndian.Uint32(msg[4:])) != inode {
			return false
		}
		found, s.Type, s.State = true, msg[1], msg[2]
		eachAttribute(msg[size:], func(kind uint16, data []byte) {
			switch {
			case kind == unixDiagName:
				s.Name = append([]byte(nil), data...)
			case kind == unixDiagPeer && len(data) >= 4:
				s.Peer = uint64(binary.NativeEndian.Uint32(data))
			}
		})
		return false
	})
	return s, found
}

// NumberIn reads the number in a link such as "socket:[4711]"; false if it has
// another form.
func NumberIn(link, kind string) (n uint64, ok bool) {
	rest, ok := strings.CutPrefix(link, kind+":[")
	digits, ok2 := strings.CutSuffix(rest, "]")
	n, err := strconv.ParseUint(digits, 10, 64)
	return n, ok && ok2 && err == nil
}

// UnixBound looks for an AF_UNIX socket that is bound to a file; false if there is none in
// trapline's network namespace. It prefers a listening socket. A connected one may not be
// bound itself: sockets that a listening one has accepted also have its file.
func (l *Local) UnixBound(f *File) (inode uint64, s UnixSocket, ok bool) {
	req := unixDiagRequest(0)
	const showFile, boundFile = 0x2, 1 // UDIAG_SHOW_VFS, UNIX_DIAG_VFS
	binary.NativeEndian.PutUint32(req[4:], ^uint32(0))
	binary.NativeEndian.PutUint32(req[12:], showFile)
	netlinkDump(unix.NETLINK_SOCK_DIAG, sockDiagByFamily, unix.NLM_F_REQUEST|unix.NLM_F_DUMP, req, func(msg []byte) bool {
		const size, minorBits = 16, 20
		if len(msg) < size {
			return true
		}
		eachAttribute(msg[size:], func(kind uint16, data []byte) {
			if kind != boundFile || len(data) < 8 || ok && s.State != TCPEstablished && msg[2] != TCPListen {
				return
			}
			file, device := binary.NativeEndian.Uint32(data), binary.NativeEndian.Uint32(data[4:])
			if uint64(file) == f.Inode && unix.Mkdev(device>>minorBits, device&(1<<minorBits-1)) == f.Device {
				inode, ok = uint64(binary.NativeEndian.Uint32(msg[4:])), true
				s = UnixSocket{Type: msg[1], State: msg[2]}
			}
		})
		return true
	})
	return inode, s, ok
}

// UnixBoundElsewhere reports whether a socket of another network namespace is bound to a
// file: file names are shared by all namespaces. known is false if some namespaces cannot
// be queried.
func (l *Local) UnixBoundElsewhere(f *File) (bound, known bool) {
	const most = 256
	own, err := os.Readlink("/proc/self/ns/net")
	if err != nil {
		return false, false
	}
	asked := map[string]bool{own: true}
	known = true
	for _, process := range l.Processes() {
		path := string(l.pathOf(process, "/ns/net"))
		name, err := os.Readlink(path)
		switch {
		case err == nil && !asked[name] && len(asked) <= most:
			asked[name] = true
			here, ok := l.unixBoundIn(path, f)
			bound, known = bound || here, known && ok
		case err == nil && !asked[name], process != 1 && errors.Is(err, fs.ErrPermission): // init may be out of reach even of root
			known = false
		}
	}
	return bound, known
}

// unixBoundIn is UnixBound in a network namespace. The thread that enters it does not
// return from it.
func (l *Local) unixBoundIn(namespace string, f *File) (bound, ok bool) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		fd, err := unix.Open(namespace, unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			ok = err == unix.ENOENT // the process has ended
			return
		}
		defer unix.Close(fd)
		if unix.Setns(fd, unix.CLONE_NEWNET) == nil {
			_, _, bound = l.UnixBound(f)
			ok = true
		}
	}()
	<-done
	return bound, ok
}

// UnixNamed looks for an AF_UNIX socket by a name in the abstract namespace, which begins
// with a zero byte. Its preference is that of UnixBound.
func (l *Local) UnixNamed(name []byte) (inode uint64, s UnixSocket, ok bool) {
	req := unixDiagRequest(0)
	binary.NativeEndian.PutUint32(req[4:], ^uint32(0))
	binary.NativeEndian.PutUint32(req[12:], udiagShowName)
	netlinkDump(unix.NETLINK_SOCK_DIAG, sockDiagByFamily, unix.NLM_F_REQUEST|unix.NLM_F_DUMP, req, func(msg []byte) bool {
		const size = 16
		if len(msg) < size {
			return true
		}
		eachAttribute(msg[size:], func(kind uint16, data []byte) {
			if kind == unixDiagName && bytes.Equal(data, name) && (!ok || s.State == TCPEstablished || msg[2] == TCPListen) {
				inode, ok = uint64(binary.NativeEndian.Uint32(msg[4:])), true
				s = UnixSocket{Type: msg[1], State: msg[2]}
			}
		})
		return true
	})
	return inode, s, ok
}
