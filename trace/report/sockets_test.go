//go:build linux && amd64

package report

import (
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"trapline/trace"
)

// inet is a struct sockaddr_in, or sockaddr_in6 if the host has a colon.
func inet(host string, port uint64) trace.Value {
	family, address, at := uint64(unix.AF_INET), "sin_addr", "sin_port"
	if strings.Contains(host, ":") {
		family, address, at = unix.AF_INET6, "sin6_addr", "sin6_port"
	}
	return trace.Value{Name: "addr", Kind: trace.Struct, Elems: []trace.Value{
		{Name: "sa_family", Kind: trace.Number, Num: family},
		{Name: at, Kind: trace.Number, Num: port},
		{Name: address, Kind: trace.Token, Str: host},
	}}
}

// unixNamed is a struct sockaddr_un.
func unixNamed(path string) trace.Value {
	return trace.Value{Name: "addr", Kind: trace.Struct, Elems: []trace.Value{
		{Name: "sa_family", Kind: trace.Number, Num: unix.AF_UNIX}, {Name: "sun_path", Kind: trace.String, Str: path},
	}}
}

// on is a call with descriptor 3, which the kernel describes like this.
func on(name string, use trace.Use, errno unix.Errno, note string, args ...trace.Value) *trace.Call {
	fd := trace.Value{Name: "fd", Kind: trace.Number, Num: 3}
	if note != "" {
		fd.Notes = []trace.Note{{Kind: "socket", Text: note}}
	}
	return &trace.Call{
		Name: name, Errno: errno, Args: append([]trace.Value{fd}, args...),
		Files: []trace.FileUse{{FD: 3, Path: "socket:[7]", Use: use}},
	}
}

// made is a call that makes descriptor 3.
func made(domain, kind string) *trace.Call {
	return &trace.Call{
		Name: "socket", Result: trace.Value{Kind: trace.Number, Num: 3},
		Args: []trace.Value{
			{Name: "domain", Kind: trace.Number, Num: 99, Names: []string{domain}}, {Name: "type", Kind: trace.Number, Num: 99, Names: []string{kind}},
		},
		Files: []trace.FileUse{{FD: 3, Path: "socket:[7]", Use: trace.UseNewFD}},
	}
}

// The report of descriptors shows what calls and the kernel say about a socket, even if the
// kernel says nothing.
func TestSocketEnds(t *testing.T) {
	const listens, connects, binds = trace.UseListens, trace.UseConnects, trace.UseBinds
	ipv4, ipv6, local := made("AF_INET", "SOCK_STREAM"), made("AF_INET6", "SOCK_DGRAM"), made("AF_UNIX", "SOCK_STREAM")
	pending := trace.Value{Name: "optval", Kind: trace.Array, Elems: []trace.Value{{Kind: trace.Number, Num: uint64(unix.ECONNREFUSED)}}}
	asked := trace.Value{Name: "optname", Kind: trace.Number, Num: 99, Names: []string{"SO_ERROR"}}
	for _, tt := range []struct {
		name  string
		calls []*trace.Call
		want  string
	}{
		{"new", []*trace.Call{ipv4}, "INET STREAM"},
		{"bound", []*trace.Call{ipv4, on("bind", binds, 0, "", inet("10.0.0.1", 80))}, "INET STREAM from 10.0.0.1:80"},
		{"bound in vain", []*trace.Call{ipv4, on("bind", binds, unix.EADDRINUSE, "", inet("10.0.0.1", 80))}, "INET STREAM"},
		{"port of the kernel's choice", []*trace.Call{
			ipv4, on("bind", binds, 0, "", inet("10.0.0.1", 0)), on("getsockname", 0, 0, "", inet("10.0.0.1", 4444)),
		}, "INET STREAM from 10.0.0.1:4444"},
		{"asked before it has a name", []*trace.Call{ipv4, on("getsockname", 0, 0, "", inet("0.0.0.0", 0))}, "INET STREAM"},
		{"name that was not got", []*trace.Call{ipv4, on("getsockname", 0, unix.EFAULT, "", inet("10.0.0.1", 1))}, "INET STREAM"},
		{"other end's name", []*trace.Call{ipv4, on("getpeername", 0, 0, "", inet("10.0.0.1", 1))}, "INET STREAM"},
		{"listener", []*trace.Call{
			ipv4, on("bind", binds, 0, "TCP:[7]", inet("10.0.0.1", 0)), on("listen", listens, 0, "TCP:[10.0.0.1:5]"),
		}, "TCP from 10.0.0.1:5 (listens)"},
		{"connected", []*trace.Call{
			ipv6, on("connect", connects, 0, "", inet("::1", 53)), on("getsockname", 0, 0, "", inet("::1", 4000)),
		}, "INET6 DGRAM from [::1]:4000 to [::1]:53"},
		{"that the kernel knows", []*trace.Call{
			ipv6, on("connect", connects, 0, "UDPv6:[7]", inet("::1", 53)), on("write", trace.UseWritten, 0, "UDPv6:[[::1]:9->[::1]:53]"),
		}, "UDPv6 from [::1]:9 to [::1]:53"},
		{"refused", []*trace.Call{ipv4, on("connect", connects, unix.ECONNREFUSED, "TCP:[7]", inet("10.0.0.1", 1))}, "TCP to 10.0.0.1:1 (ECONNREFUSED)"},
		{"accepted at the second attempt", []*trace.Call{
			ipv4, on("connect", connects, unix.ECONNREFUSED, "", inet("10.0.0.1", 1)), on("connect", connects, 0, "", inet("10.0.0.1", 1)),
		}, "INET STREAM to 10.0.0.1:1"},
		{"not yet connected", []*trace.Call{ipv4, on("connect", connects, unix.EINPROGRESS, "", inet("10.0.0.1", 1))}, "INET STREAM to 10.0.0.1:1"},
		{"refused later", []*trace.Call{
			ipv4, on("connect", connects, unix.EINPROGRESS, "", inet("10.0.0.1", 1)), on("getsockopt", 0, 0, "", asked, pending),
		}, "INET STREAM to 10.0.0.1:1 (ECONNREFUSED)"},
		{"connected twice", []*trace.Call{
			ipv4, on("connect", connects, 0, "", inet("10.0.0.1", 1)), on("connect", connects, unix.EISCONN, "", inet("10.0.0.1", 1)),
		}, "INET STREAM to 10.0.0.1:1"},
		{"path", []*trace.Call{local, on("connect", connects, unix.ENOENT, "UNIX-STREAM:[7]", unixNamed("/run/none"))}, "UNIX-STREAM to /run/none (ENOENT)"},
		{"path with an escape", []*trace.Call{local, on("bind", binds, 0, "", unixNamed("/run/\x1b[2J"))}, `UNIX STREAM from "/run/\x1b[2J"`},
		{"abstract", []*trace.Call{local, on("bind", binds, 0, "", unixNamed("\x00name")), on("listen", listens, 0, "")}, "UNIX STREAM from @name (listens)"},
		{"name of the kernel's choice", []*trace.Call{
			local, on("bind", binds, 0, "", unixNamed("")), on("getsockname", 0, 0, "", unixNamed("\x000001f")),
		}, "UNIX STREAM from @0001f"},
	} {
		r := &fdsReport{sockets: make(map[string]*socket)}
		p := &process{pid: 1}
		for _, c := range tt.calls {
			r.exit(c, p)
		}
		r.set = &Set{}
		r.set.all = []*process{p}
		w := (&Form{}).newWriter()
		r.text(w)
		if want := " socket:[7] " + tt.want + "\n"; !strings.HasSuffix(strings.ReplaceAll(string(w.b), "  ", " "), want) {
			t.Errorf("%s: want %q:\n%s", tt.name, want, w.b)
		}
	}
}

// An accepted socket has the protocol and address of its listener, and the address that
// accept returns.
func TestAcceptedEnds(t *testing.T) {
	r := &fdsReport{sockets: make(map[string]*socket)}
	p := &process{pid: 1}
	r.exit(made("AF_INET", "SOCK_STREAM"), p)
	r.exit(on("bind", trace.UseBinds, 0, "", inet("10.0.0.1", 80)), p)
	c := on("accept", trace.UseListens, 0, "", inet("10.0.0.2", 4000))
	c.Files = append(c.Files, trace.FileUse{FD: 4, Path: "socket:[8]", Use: trace.UseNewFD})
	r.exit(c, p)
	if got, want := p.fds[4].socket.text(), "INET STREAM from 10.0.0.1:80 to 10.0.0.2:4000"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got, want := p.fds[3].socket.text(), "INET STREAM from 10.0.0.1:80 (listens)"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// Consecutive connections that failed in the same way are one row of the table. If they
// differ in a shown detail, or another connection lies between them, they are separate
// rows. Each has its own record.
func TestAttempts(t *testing.T) {
	one, other := &process{pid: 1}, &process{pid: 2}
	at := func(seconds int) time.Time { return time.Unix(int64(seconds), 0) }
	failed := func(p *process, remote string, errno unix.Errno) *connection {
		n := &connection{process: p, program: "a", start: at(10), end: at(12), socket: socket{protocol: "TCP", remote: remote, refused: errno}}
		if errno != 0 {
			n.fail(errno, true)
		}
		return n
	}
	changed := func(change func(*connection)) *connection {
		n := failed(one, "x:1", unix.ENOENT)
		change(n)
		return n
	}
	plain := func() *connection { return failed(one, "x:1", unix.ENOENT) }
	for _, tt := range []struct {
		name string
		all  []*connection
		want []string // the last columns
	}{
		{"alike", []*connection{plain(), plain(), plain()}, []string{"6.000000 ENOENT 1 a TCP - x:1 (3 times)"}},
		{"between those of another process", []*connection{plain(), failed(other, "x:1", unix.ENOENT), plain()}, []string{
			"4.000000 ENOENT 1 a TCP - x:1 (2 times)", "2.000000 ENOENT 2 a TCP - x:1",
		}},
		{"another error", []*connection{plain(), failed(one, "x:1", unix.EACCES)}, []string{
			"2.000000 ENOENT 1 a TCP - x:1", "2.000000 EACCES 1 a TCP - x:1",
		}},
		{"in turn", []*connection{plain(), failed(one, "y:1", unix.ENOENT), plain()}, []string{
			"2.000000 ENOENT 1 a TCP - x:1", "2.000000 ENOENT 1 a TCP - y:1", "2.000000 ENOENT 1 a TCP - x:1",
		}},
		{"connected", []*connection{failed(one, "x:1", 0), failed(one, "x:1", 0)}, []string{"2.000000 1 a TCP - x:1", "2.000000 1 a TCP - x:1"}},
		{"open", []*connection{
			changed(func(n *connection) { n.end = time.Time{} }), changed(func(n *connection) { n.end = time.Time{} }), plain(),
		}, []string{"open ENOENT 1 a TCP - x:1 (2 times)", "2.000000 ENOENT 1 a TCP - x:1"}},
		{"bound", []*connection{plain(), changed(func(n *connection) { n.local = "z:5" })}, []string{
			"2.000000 ENOENT 1 a TCP - x:1", "2.000000 ENOENT 1 a TCP z:5 x:1",
		}},
		{"by another program", []*connection{plain(), changed(func(n *connection) { n.program = "b" })}, []string{
			"2.000000 ENOENT 1 a TCP - x:1", "2.000000 ENOENT 1 b TCP - x:1",
		}},
		{"with another error", []*connection{plain(), changed(func(n *connection) { n.fail(unix.EPIPE, true) })}, []string{
			"2.000000 ENOENT 1 a TCP - x:1", "2.000000 ENOENT,EPIPE 1 a TCP - x:1",
		}},
		{"with data", []*connection{plain(), changed(func(n *connection) { n.sent = 1 }), plain()}, []string{
			"2.000000 ENOENT 1 a TCP - x:1", "2.000000 ENOENT 1 a TCP - x:1", "2.000000 ENOENT 1 a TCP - x:1",
		}},
	} {
		r := &netReport{order: tt.all}
		text, records := (&Form{}).newWriter(), (&Form{}).newWriter()
		r.text(text)
		r.json(records)
		var got []string
		for line := range strings.Lines(string(text.b)) {
			got = append(got, strings.Join(strings.Fields(line)[2:], " ")) // without what was sent and received
		}
		if !slices.Equal(got[1:], tt.want) {
			t.Errorf("%s: %q, want %q", tt.name, got[1:], tt.want)
		}
		if n := strings.Count(string(records.b), `"event":"connection"`); n != len(tt.all) {
			t.Errorf("%s: %d records, want %d", tt.name, n, len(tt.all))
		}
	}
}
