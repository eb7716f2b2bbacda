//go:build linux && amd64

package report

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/dns/dnsmessage"
	"golang.org/x/sys/unix"

	"trapline/tables"
	"trapline/trace"
)

// dnsMax is how many bytes of a message are examined. Most DNS messages are smaller.
const dnsMax = 1232

// dnsPort is the port of DNS servers.
const dnsPort = 53

// netReport is the report of connections: of sockets that were connected or accepted, or
// that sent or received data.
type netReport struct {
	set   *Set
	open  map[string]*connection // by the names of their sockets
	order []*connection
}

// connection is what is known of a socket.
type connection struct {
	socket
	process        *process // process that made it
	program        string   // program that the process ran then
	peers          []string // of a socket that is not connected
	sent, received uint64   // bytes
	calls          int
	errors         map[unix.Errno]int
	failed         map[unix.Errno]bool // the same, without errors that are not failures of the connection
	start, end     time.Time           // end is zero if it was not closed
	lookups        []*lookup
	asked          map[question]*lookup // the same
}

// question is a question to DNS.
type question struct{ name, kind string }

// lookup is a lookup of a name.
type lookup struct {
	name, kind string
	answers    []string
	outcome    string // error of a lookup that failed
	at         time.Time
}

func newNet(s *Set) view {
	r := &netReport{set: s, open: make(map[string]*connection)}
	return view{exit: r.exit, text: r.text, json: r.json}
}

func (r *netReport) exit(c *trace.Call, p *process) {
	var listener *socket
	for i := range c.Files {
		u := &c.Files[i]
		if !isSocket(u) {
			continue
		}
		n := r.open[u.Path]
		if n == nil {
			n = &connection{process: p, program: p.name(), start: c.Time}
			r.open[u.Path] = n
			r.order = append(r.order, n)
			n.describe(c, listener)
		}
		n.use(c, u)
		if u.Use&trace.UseListens != 0 {
			listener = &n.socket
		}
	}
}

// use records a call with the socket.
func (n *connection) use(c *trace.Call, u *trace.FileUse) {
	n.socket.use(c, u)
	made := u.Use&trace.UseNewFD != 0
	n.calls++
	moves := u.Use&(trace.UseRead|trace.UseWritten) != 0
	if c.Errno != 0 {
		n.fail(c.Errno, !notYet(c.Errno) && !isAnswer(c.Errno, moves))
	}
	if errno := pendingError(c); errno != 0 {
		n.fail(errno, true)
	}
	if moves && !made && u.Use&trace.UseConnects == 0 {
		for _, address := range addresses(c.Args) {
			if !slices.Contains(n.peers, address) {
				n.peers = append(n.peers, address)
			}
		}
	}
	if u.Use&trace.UseRead != 0 {
		n.received += u.Bytes
	}
	if u.Use&trace.UseWritten != 0 {
		n.sent += u.Bytes
	}
	if u.Use&trace.UseClosedFD != 0 && !made && c.Errno != unix.EBADF {
		n.end = c.Time.Add(c.Duration)
	}
	if moves && c.Errno == 0 && n.isDNS() {
		for i := range c.Args {
			n.findDNS(&c.Args[i], c.Time)
		}
	}
}

// isAnswer reports whether an error of a call only answers a question of the program:
// whether the descriptor is a terminal or a file with positions, as libraries ask of every
// descriptor, or whether the socket is connected. moves tells whether the call may move
// data.
func isAnswer(errno unix.Errno, moves bool) bool {
	return !moves && (errno == unix.ENOTTY || errno == unix.ESPIPE || errno == unix.ENOTCONN)
}

// fail records an error.
func (n *connection) fail(errno unix.Errno, matters bool) {
	if n.errors == nil {
		n.errors, n.failed = make(map[unix.Errno]int), make(map[unix.Errno]bool)
	}
	n.errors[errno]++
	if matters {
		n.failed[errno] = true
	}
}

// isDNS reports whether the other end is a DNS server.
func (n *connection) isDNS() bool {
	is := func(address string) bool {
		at, err := netip.ParseAddrPort(address)
		return err == nil && at.Port() == dnsPort
	}
	return is(n.remote) || slices.ContainsFunc(n.peers, is)
}

// findDNS looks for DNS messages in data that was sent or received.
func (n *connection) findDNS(v *trace.Value, at time.Time) {
	if (v.Kind == trace.Bytes || v.Kind == trace.String) && !v.More {
		if b := []byte(v.Str); !n.dns(b, at) && len(b) > 2 {
			n.dns(b[2:], at) // after the length that precedes it over TCP
		}
	}
	for i := range v.Elems {
		n.findDNS(&v.Elems[i], at)
	}
}

// dns reads a DNS message.
func (n *connection) dns(b []byte, at time.Time) bool {
	var p dnsmessage.Parser
	header, err := p.Start(b)
	if err != nil {
		return false
	}
	questions, err := p.AllQuestions()
	if err != nil || len(questions) == 0 {
		return false
	}
	for _, q := range questions {
		l := n.lookup(strings.TrimSuffix(q.Name.String(), "."), strings.TrimPrefix(q.Type.String(), "Type"), at)
		if header.Response {
			l.outcome = outcomeOf(header.RCode)
		}
	}
	if !header.Response {
		return true
	}
	answers, err := p.AllAnswers()
	if err == nil && len(answers) == 0 && header.RCode == dnsmessage.RCodeSuccess && !header.Truncated {
		for _, q := range questions {
			n.lookup(strings.TrimSuffix(q.Name.String(), "."), strings.TrimPrefix(q.Type.String(), "Type"), at).outcome = "NODATA"
		}
	}
	for _, a := range answers {
		text := ""
		switch body := a.Body.(type) {
		case *dnsmessage.AResource:
			text = netip.AddrFrom4(body.A).String()
		case *dnsmessage.AAAAResource:
			text = netip.AddrFrom16(body.AAAA).String()
		case *dnsmessage.CNAMEResource:
			text = strings.TrimSuffix(body.CNAME.String(), ".")
		default:
			continue
		}
		l := n.lookup(strings.TrimSuffix(questions[0].Name.String(), "."), strings.TrimPrefix(questions[0].Type.String(), "Type"), at)
		if !slices.Contains(l.answers, text) {
			l.answers = append(l.answers, text)
		}
	}
	return true
}

// outcomes are the well-known names of DNS response codes: those of IANA's table of
// RCODEs, in capitals.
var outcomes = [...]string{
	dnsmessage.RCodeSuccess: "", dnsmessage.RCodeFormatError: "FORMERR", dnsmessage.RCodeServerFailure: "SERVFAIL",
	dnsmessage.RCodeNameError: "NXDOMAIN", dnsmessage.RCodeNotImplemented: "NOTIMP", dnsmessage.RCodeRefused: "REFUSED",
	6: "YXDOMAIN", 7: "YXRRSET", 8: "NXRRSET", 9: "NOTAUTH", 10: "NOTZONE",
}

// outcomeOf returns the name of a code, or "" for an answer without an error.
func outcomeOf(code dnsmessage.RCode) string {
	if int(code) < len(outcomes) {
		return outcomes[code]
	}
	return "RCODE " + strconv.Itoa(int(code))
}

func (n *connection) lookup(name, kind string, at time.Time) *lookup {
	q := question{name, kind}
	if l := n.asked[q]; l != nil {
		return l
	}
	if n.asked == nil {
		n.asked = make(map[question]*lookup)
	}
	l := &lookup{name: name, kind: kind, at: at}
	n.asked[q] = l
	n.lookups = append(n.lookups, l)
	return l
}

// connections are the connections to show.
func (r *netReport) connections() []*connection {
	return slices.DeleteFunc(slices.Clone(r.order), func(n *connection) bool {
		return n.remote == "" && len(n.peers) == 0 && n.sent+n.received == 0 && !n.listens && !n.accepted
	})
}

// attempt is a row of the table: a connection, or several that failed alike.
type attempt struct {
	*connection
	times    int
	duration time.Duration // of all, if they were closed
}

// attempts are the rows of the table. Connections of a process that follow each other are
// one row if they lead to the same address and failed in the same way.
func (r *netReport) attempts() (rows []*attempt) {
	last := make(map[*process]*attempt)
	for _, n := range r.connections() {
		duration := n.end.Sub(n.start)
		if a := last[n.process]; a != nil && a.failedAs(n) {
			a.times++
			a.duration += duration
			continue
		}
		a := &attempt{n, 1, duration}
		last[n.process] = a
		rows = append(rows, a)
	}
	return rows
}

// failedAs reports whether both have failed to connect to the same address, in the same
// way, and did nothing else that the table shows.
func (n *connection) failedAs(m *connection) bool {
	return n.refused != 0 && n.socket == m.socket && n.program == m.program && n.end.IsZero() == m.end.IsZero() &&
		n.sent+n.received+m.sent+m.received == 0 && len(n.peers)+len(m.peers)+len(n.lookups)+len(m.lookups) == 0 &&
		maps.Equal(n.failed, m.failed)
}

func (r *netReport) text(w *writer) {
	rows := [][]string{{"sent", "received", "duration", "errors", "pid", "program", "protocol", "from", "to"}}
	for _, n := range r.attempts() {
		duration := "open"
		if !n.end.IsZero() {
			duration = seconds(n.duration)
		}
		var errors []string
		for _, errno := range sortedErrors(n.errors) {
			if n.failed[errno] {
				errors = append(errors, tables.ErrnoName(uint32(errno)))
			}
		}
		to := shownOr(n.remote)
		if n.remote == "" && len(n.peers) > 0 {
			var peers []string
			for _, peer := range n.peers {
				peers = append(peers, shown(peer))
			}
			to = few(peers, 3)
		}
		if n.listens {
			to = "(listens)"
		}
		if n.times > 1 {
			to += fmt.Sprintf(" (%d times)", n.times)
		}
		rows = append(rows, []string{
			size(n.sent), size(n.received), duration, strings.Join(errors, ","), strconv.Itoa(n.process.pid), shown(n.program),
			shownOr(n.protocol), shownOr(n.local), to,
		})
		for _, l := range n.lookups {
			text := "asked for " + shown(l.name) + " " + l.kind
			switch {
			case len(l.answers) > 0:
				var answers []string
				for _, answer := range l.answers {
					answers = append(answers, shown(answer))
				}
				text += ": " + few(answers, 4)
			case l.outcome != "":
				text += ": " + l.outcome
			default:
				text += ": no answer was seen"
			}
			rows = append(rows, []string{"", "", "", "", "", "", "", "", "  " + text})
		}
	}
	if len(rows) == 1 {
		w.line("No socket was connected, accepted, listened to, or used to send or receive.")
		return
	}
	w.table(rows, 3)
}

func shownOr(s string) string {
	if s == "" {
		return "-"
	}
	return shown(s)
}

func (r *netReport) json(w *writer) {
	for _, n := range r.connections() {
		w.record("connection")
		w.number("pid", int64(n.process.pid))
		w.text("program", n.program)
		w.ends(&n.socket)
		if len(n.peers) > 0 {
			w.texts("peers", n.peers)
		}
		if n.listens {
			w.flag("listens")
		}
		w.number("bytes_sent", int64(n.sent))
		w.number("bytes_received", int64(n.received))
		w.number("calls", int64(n.calls))
		w.instant("start_ns", n.start)
		if !n.end.IsZero() {
			w.instant("end_ns", n.end)
		}
		if len(n.errors) > 0 {
			w.open("errors", '{')
			for _, errno := range sortedErrors(n.errors) {
				w.number(tables.ErrnoName(uint32(errno)), int64(n.errors[errno]))
			}
			w.close('}')
		}
		if len(n.lookups) > 0 {
			w.open("lookups", '[')
			for _, l := range n.lookups {
				w.open("", '{')
				w.text("name", l.name)
				w.text("type", l.kind)
				w.texts("answers", l.answers)
				if l.outcome != "" {
					w.text("outcome", l.outcome)
				}
				w.instant("time_ns", l.at)
				w.close('}')
			}
			w.close(']')
		}
		w.end()
	}
}
