//go:build linux && amd64

package report

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"golang.org/x/net/dns/dnsmessage"

	"trapline/trace"
)

// answer is a message that answers the question for host.example, with an alias.
func answer(t testing.TB, alias string) []byte {
	t.Helper()
	name := dnsmessage.MustNewName("host.example.")
	b, err := (&dnsmessage.Message{
		Header:    dnsmessage.Header{ID: 7, Response: true},
		Questions: []dnsmessage.Question{{Name: name, Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET}},
		Answers: []dnsmessage.Resource{
			{Header: dnsmessage.ResourceHeader{Name: name, Class: dnsmessage.ClassINET}, Body: &dnsmessage.CNAMEResource{CNAME: dnsmessage.MustNewName(alias)}},
			{Header: dnsmessage.ResourceHeader{Name: name, Class: dnsmessage.ClassINET}, Body: &dnsmessage.AResource{A: [4]byte{192, 0, 2, 1}}},
		},
	}).Pack()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// received is a report on one connection to a DNS server that has received a message.
func received(b []byte) *netReport {
	n := &connection{process: &process{pid: 1}, program: "test", socket: socket{remote: "127.0.0.1:53"}, received: uint64(len(b))}
	n.findDNS(&trace.Value{Kind: trace.Bytes, Str: string(b)}, time.Unix(1, 0))
	return &netReport{order: []*connection{n}}
}

func TestDNS(t *testing.T) {
	message := answer(t, "alias.example.")
	withLength := append([]byte{0, byte(len(message))}, message...) // as over TCP
	for _, b := range [][]byte{message, withLength} {
		lookups := received(b).order[0].lookups
		if len(lookups) != 1 || lookups[0].name != "host.example" || lookups[0].kind != "A" ||
			!slices.Equal(lookups[0].answers, []string{"alias.example", "192.0.2.1"}) {
			t.Errorf("%q: %+v", b, lookups)
		}
	}
}

// An answer without an address is reported by its well-known name.
func TestDNSOutcomes(t *testing.T) {
	message := func(h dnsmessage.Header) []byte {
		b, err := (&dnsmessage.Message{Header: h, Questions: []dnsmessage.Question{
			{Name: dnsmessage.MustNewName("host.example."), Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET},
		}}).Pack()
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	for _, tt := range []struct {
		header        dnsmessage.Header
		outcome, text string
	}{
		{dnsmessage.Header{}, "", "asked for host.example A: no answer was seen"},
		{dnsmessage.Header{Response: true}, "NODATA", "asked for host.example A: NODATA"},
		{dnsmessage.Header{Response: true, Truncated: true}, "", "asked for host.example A: no answer was seen"},
		{dnsmessage.Header{Response: true, RCode: dnsmessage.RCodeNameError}, "NXDOMAIN", "asked for host.example A: NXDOMAIN"},
		{dnsmessage.Header{Response: true, RCode: dnsmessage.RCodeServerFailure}, "SERVFAIL", "asked for host.example A: SERVFAIL"},
		{dnsmessage.Header{Response: true, RCode: 15}, "RCODE 15", "asked for host.example A: RCODE 15"},
	} {
		r := received(message(tt.header))
		lookups := r.order[0].lookups
		if len(lookups) != 1 || lookups[0].outcome != tt.outcome {
			t.Errorf("%+v: %+v, want %q", tt.header, lookups, tt.outcome)
		}
		w := (&Form{}).newWriter()
		r.text(w)
		if !strings.Contains(string(w.b), tt.text+"\n") {
			t.Errorf("%+v: %s, want %s", tt.header, w.b, tt.text)
		}
	}
}

// Whatever a message contains, the report has only lines without characters that a terminal
// interprets, and is valid JSON.
func FuzzDNS(f *testing.F) {
	f.Add(answer(f, "alias.example."))
	f.Add(answer(f, "\x1b[2J\n.example."))
	f.Add(append([]byte{0, 60}, answer(f, "a.")...))
	f.Add([]byte("\x00\x07\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\xc0\x0c\x00\x01\x00\x01")) // a name that refers to itself
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		r := received(b)
		text, records := writer{}, writer{at: time.Unix(-2, 5)} // before 1970, as in a synthetic recording
		r.text(&text)
		for _, c := range string(text.b) {
			if c != '\n' && !unicode.IsPrint(c) {
				t.Errorf("%q has %q", text.b, c)
			}
		}
		if lines, want := strings.Count(string(text.b), "\n"), 2+len(r.order[0].lookups); lines != want {
			t.Errorf("%d lines, want %d: %s", lines, want, text.b)
		}
		r.json(&records)
		for line := range strings.Lines(string(records.b)) {
			if !json.Valid([]byte(line)) {
				t.Errorf("%s", line)
			}
		}
	})
}
