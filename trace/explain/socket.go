//go:build linux && amd64

package explain

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"trapline/decode"
	"trapline/decode/host"
)

// Reasons that lie in the addresses of sockets: ECONNREFUSED, EADDRINUSE.

// socketAddress is the address that a call passes: name for AF_UNIX, otherwise addr.
type socketAddress struct {
	family uint16
	addr   netip.AddrPort
	name   []byte
}

// address reads the address that connect or bind gets.
func (e *Explainer) address(d *decode.Call) (a socketAddress, ok bool) {
	n := d.Args[2]
	if n < 2 || n > 128 {
		return a, false
	}
	b := make([]byte, n)
	if d.Mem.ReadMemory(d.Args[1], b) != len(b) {
		return a, false
	}
	a.family = binary.NativeEndian.Uint16(b)
	const port, v4, v6 = 2, 4, 8
	switch {
	case a.family == unix.AF_UNIX && n > 2:
		if a.name = b[2:]; a.name[0] != 0 {
			a.name = []byte(unix.ByteSliceToString(a.name))
		}
	case a.family == unix.AF_INET && n >= unix.SizeofSockaddrInet4:
		a.addr = netip.AddrPortFrom(netip.AddrFrom4([4]byte(b[v4:])), binary.BigEndian.Uint16(b[port:]))
	case a.family == unix.AF_INET6 && n >= unix.SizeofSockaddrInet6-4:
		a.addr = netip.AddrPortFrom(netip.AddrFrom16([16]byte(b[v6:])).Unmap(), binary.BigEndian.Uint16(b[port:]))
	default:
		return a, false
	}
	return a, true
}

// socketOf returns the inode and the protocol (IPPROTO_TCP, IPPROTO_UDP or 0) of the
// socket that is a call's first argument.
func (e *Explainer) socketOf(d *decode.Call) (inode uint64, protocol uint8, ok bool) {
	fd := int(int32(d.Args[0]))
	inode, ok = host.NumberIn(string(e.host.Descriptor(make([]byte, 128), e.process, fd)), "socket")
	if !ok || !e.host.SameNetwork(e.process) {
		return 0, 0, false
	}
	name := string(e.host.SocketProtocol(make([]byte, 64), e.process, fd))
	switch {
	case name == "TCP" || name == "TCPv6":
		protocol = unix.IPPROTO_TCP
	case name == "UDP" || name == "UDPv6":
		protocol = unix.IPPROTO_UDP
	}
	return inode, protocol, true
}

// holder names the process that has a socket open, or returns "another process" if
// trapline cannot see it.
func (e *Explainer) holder(inode uint64) string {
	for _, o := range e.host.AllDescriptors().Of(fmt.Sprintf("socket:[%d]", inode)) {
		return "process " + e.processName(o.Process)
	}
	return "a process that is not seen"
}

// refusedConnection explains ECONNREFUSED.
func (e *Explainer) refusedConnection(d *decode.Call) string {
	own, protocol, ok := e.socketOf(d)
	if !ok {
		return ""
	}
	to, given := e.address(d)
	if d.Sig.Name != "connect" {
		given = false
	}
	if given && to.family == unix.AF_UNIX {
		return e.refusedUnix(&to)
	}
	if protocol == 0 {
		return ""
	}
	all := e.host.Connections(protocol)
	if !given { // an earlier datagram was refused
		for _, c := range all {
			if c.Inode == own {
				to.addr, given = c.Remote, c.Remote.Port() != 0
			}
		}
	}
	if !given || !to.addr.Addr().IsLoopback() && !to.addr.Addr().IsUnspecified() {
		return ""
	}
	for _, c := range all {
		if (c.State == host.TCPListen || protocol == unix.IPPROTO_UDP && c.Inode != own) && c.Local.Port() == to.addr.Port() &&
			(c.Local.Addr() == to.addr.Addr() || c.Local.Addr().IsUnspecified() || to.addr.Addr().IsUnspecified()) {
			return ""
		}
	}
	if protocol == unix.IPPROTO_UDP {
		return "no socket of UDP is bound to " + to.addr.String()
	}
	return "nobody listens on " + to.addr.String()
}

// refusedUnix explains ECONNREFUSED of AF_UNIX.
func (e *Explainer) refusedUnix(to *socketAddress) string {
	var inode uint64
	var s host.UnixSocket
	var file *host.File
	bound, shown := false, ""
	if to.name[0] == 0 {
		shown = "@" + strconv.Quote(string(to.name[1:]))
		inode, s, bound = e.host.UnixNamed(to.name)
	} else {
		w := e.host.Walk(e.process, atCWD, string(to.name), false, nil)
		if w.Obstacle != host.Found || w.File.Mode&unix.S_IFMT != unix.S_IFSOCK {
			return ""
		}
		shown, file = quoted(w.Name), &w.File
		inode, s, bound = e.host.UnixBound(file)
	}
	switch {
	case !bound:
		return e.unbound(file, shown)
	case s.State == host.TCPClose && s.Type != unix.SOCK_DGRAM:
		return fmt.Sprintf("%s has bound a socket to %s, but does not listen", e.holder(inode), shown)
	}
	return ""
}

// unbound says that no socket is bound to a name. file is the file with that name, or nil.
// If there is a file, sockets of other network namespaces count as well.
func (e *Explainer) unbound(file *host.File, shown string) string {
	if file != nil {
		switch bound, known := e.host.UnixBoundElsewhere(file); {
		case bound:
			return ""
		case !known:
			return "no socket of this network namespace is bound to " + shown + " any more"
		}
	}
	return "no socket is bound to " + shown + " any more"
}

// addressInUse explains EADDRINUSE of bind and listen.
func (e *Explainer) addressInUse(d *decode.Call) string {
	own, protocol, ok := e.socketOf(d)
	if !ok {
		return ""
	}
	var at socketAddress
	switch d.Sig.Name {
	case "bind":
		if at, ok = e.address(d); !ok {
			return ""
		}
	case "listen":
	default:
		return ""
	}
	if at.family == unix.AF_UNIX {
		return e.nameInUse(&at)
	}
	if protocol == 0 {
		return ""
	}
	all := e.host.Connections(protocol)
	if d.Sig.Name == "listen" {
		for _, c := range all {
			if c.Inode == own {
				at.addr = c.Local
			}
		}
	}
	if !at.addr.IsValid() || at.addr.Port() == 0 {
		return ""
	}
	var found *host.Connection
	for i := range all {
		c := &all[i]
		if c.Inode == own || c.Local.Port() != at.addr.Port() || c.Local.Addr() != at.addr.Addr() && !c.Local.Addr().IsUnspecified() &&
			!at.addr.Addr().IsUnspecified() {
			continue
		}
		if found == nil || c.State == host.TCPListen || found.Inode == 0 && c.Inode != 0 {
			found = c
		}
	}
	switch {
	case found == nil:
		return ""
	case found.Inode == 0:
		return fmt.Sprintf("%s still has a connection that has been closed, to %s", found.Local, found.Remote)
	case found.State == host.TCPListen:
		return fmt.Sprintf("%s listens on %s", e.holder(found.Inode), found.Local)
	case protocol == unix.IPPROTO_TCP && found.Remote.Port() != 0:
		return fmt.Sprintf("%s has a connection from %s to %s", e.holder(found.Inode), found.Local, found.Remote)
	}
	return fmt.Sprintf("%s has bound a socket to %s", e.holder(found.Inode), found.Local)
}

// nameInUse explains EADDRINUSE of AF_UNIX: a file of any type has the name.
func (e *Explainer) nameInUse(at *socketAddress) string {
	if at.name[0] == 0 {
		inode, s, ok := e.host.UnixNamed(at.name)
		if !ok || s.State == host.TCPEstablished {
			return ""
		}
		return fmt.Sprintf("%s has bound a socket to @%s", e.holder(inode), strconv.Quote(string(at.name[1:])))
	}
	w := e.host.Walk(e.process, atCWD, string(at.name), true, nil)
	if w.Obstacle != host.Found {
		return ""
	}
	if w.File.Mode&unix.S_IFMT == unix.S_IFSOCK {
		inode, s, ok := e.host.UnixBound(&w.File)
		if !ok {
			elsewhere, known := e.host.UnixBoundElsewhere(&w.File)
			if !elsewhere && known {
				return quoted(w.Name) + " exists: it is a socket that nobody uses any more"
			}
		}
		if !ok || s.State == host.TCPEstablished { // it may have been accepted from a socket that has the address
			return quoted(w.Name) + " exists: it is a socket"
		}
		return fmt.Sprintf("%s exists: %s has bound a socket to it", quoted(w.Name), e.holder(inode))
	}
	return fmt.Sprintf("%s exists: it is %s", quoted(w.Name), strings.TrimSpace(typeName(&w.File)))
}
