//go:build linux && amd64

package report

import (
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"trapline/tables"
	"trapline/trace"
)

// socket is what is known of the ends of a socket.
type socket struct {
	protocol      string
	local, remote string
	listens       bool
	accepted      bool
	refused       unix.Errno // how its connect has failed; 0 if it has not
}

// isSocket reports whether a file is a socket. Its path is then the same in all processes.
func isSocket(u *trace.FileUse) bool { return strings.HasPrefix(u.Path, "socket:[") }

// describe records what the call that a socket is first seen in says of it. If it is a call
// that accepts, listener is the socket that the connection came from.
func (s *socket) describe(c *trace.Call, listener *socket) {
	if domain := c.Arg("domain"); len(domain.Names) > 0 {
		s.protocol = strings.TrimPrefix(domain.Names[0], "AF_")
		if kind := c.Arg("type"); len(kind.Names) > 0 {
			s.protocol += " " + strings.TrimPrefix(kind.Names[0], "SOCK_")
		}
	}
	if listener != nil {
		s.protocol, s.local, s.accepted = listener.protocol, listener.local, true
		s.leadsTo(c)
	}
}

// use records what a call with the socket says of its ends.
func (s *socket) use(c *trace.Call, u *trace.FileUse) {
	for i := range c.Args {
		if v := &c.Args[i]; v.Kind == trace.Number && v.Num == uint64(u.FD) {
			s.note(v.Note("socket"))
		}
	}
	if u.Use&trace.UseNewFD != 0 {
		s.note(c.Result.Note("socket"))
	}
	if u.Use&trace.UseListens != 0 {
		s.listens = true
	}
	if u.Use&trace.UseBinds != 0 && c.Errno == 0 && s.local == "" {
		s.local = strings.Join(addresses(c.Args), "") // the kernel may know a more precise one: port 0 is any
	}
	if c.Name == "getsockname" && c.Errno == 0 {
		if local := strings.Join(addresses(c.Args), ""); local != "" && !strings.HasSuffix(local, ":0") {
			s.local = local
		}
	}
	if u.Use&trace.UseConnects != 0 {
		s.leadsTo(c)
		switch {
		case c.Errno == 0 || c.Errno == unix.EISCONN:
			s.refused = 0
		case !notYet(c.Errno):
			s.refused = c.Errno
		}
	}
	if errno := pendingError(c); errno != 0 {
		s.refused = errno
	}
}

// leadsTo records the other end that a call passes or returns, unless it is known.
func (s *socket) leadsTo(c *trace.Call) {
	if found := addresses(c.Args); s.remote == "" && len(found) > 0 {
		s.remote = found[0]
	}
}

// note records what the kernel says of the socket: "TCP:[127.0.0.1:1->127.0.0.1:2]".
func (s *socket) note(text string) {
	protocol, ends, ok := strings.Cut(text, ":[")
	if !ok {
		return
	}
	s.protocol = protocol
	ends = strings.TrimSuffix(ends, "]")
	local, remote, connected := strings.Cut(ends, "->")
	if strings.HasPrefix(protocol, "UNIX") || local != "" && local[0] >= '0' && local[0] <= '9' && !strings.Contains(local, ":") {
		return // numbers of sockets mean nothing to people
	}
	if local != "" {
		s.local = local
	}
	if connected {
		s.remote = remote
	}
}

// text is the socket for people: "TCP from 127.0.0.1:1 to 127.0.0.1:2".
func (s *socket) text() string {
	text := shownOr(s.protocol)
	if s.local != "" {
		text += " from " + shown(s.local)
	}
	switch {
	case s.listens:
		text += " (listens)"
	case s.remote != "":
		text += " to " + shown(s.remote)
	}
	if s.refused != 0 {
		text += " (" + tables.ErrnoName(uint32(s.refused)) + ")"
	}
	return text
}

// ends writes the members that say what the socket is and where it leads.
func (w *writer) ends(s *socket) {
	w.text("protocol", s.protocol)
	if s.local != "" {
		w.text("from", s.local)
	}
	if s.remote != "" {
		w.text("to", s.remote)
	}
}

// notYet reports whether a call has to be repeated, or has started something that is still
// in progress.
func notYet(errno unix.Errno) bool {
	const restart = 512 // ERESTARTSYS and those after it
	return errno == unix.EAGAIN || errno == unix.EINTR || errno == unix.EINPROGRESS || errno == unix.EALREADY || errno >= restart
}

// pendingError is the pending error of a socket that a call asks for. It tells how a
// connect that did not wait has ended.
func pendingError(c *trace.Call) unix.Errno {
	if c.Errno != 0 || !slices.Contains(c.Arg("optname").Names, "SO_ERROR") {
		return 0
	}
	if value := c.Arg("optval"); len(value.Elems) == 1 && value.Elems[0].Kind == trace.Number {
		return unix.Errno(value.Elems[0].Num)
	}
	return 0
}

// addresses finds socket addresses in arguments.
func addresses(values []trace.Value) (found []string) {
	for i := range values {
		v := &values[i]
		if family := v.Member("sa_family"); v.Kind == trace.Struct && family.Kind == trace.Number {
			if a := address(v); a != "" {
				found = append(found, a)
			}
			continue
		}
		found = append(found, addresses(v.Elems)...)
		if v.After != nil {
			found = append(found, addresses([]trace.Value{*v.After})...)
		}
	}
	return found
}

// address is the address in a struct sockaddr.
func address(v *trace.Value) string {
	for _, form := range [...]struct{ address, port string }{{"sin_addr", "sin_port"}, {"sin6_addr", "sin6_port"}} {
		if a := v.Member(form.address); a.Kind == trace.Token {
			port := v.Member(form.port)
			host := a.Str
			if strings.Contains(host, ":") {
				host = "[" + host + "]"
			}
			return host + ":" + strconv.FormatUint(port.Num, 10)
		}
	}
	if path := v.Member("sun_path"); path.Kind == trace.String && path.Str != "" {
		if path.Str[0] == 0 {
			return "@" + path.Str[1:]
		}
		return path.Str
	}
	return ""
}
