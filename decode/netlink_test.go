package decode

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"testing"

	"golang.org/x/sys/unix"

	"trapline/decode/host"
	"trapline/output"
	"trapline/tables"
)

// attr builds a netlink attribute, padded to a multiple of 4 bytes.
func attr(kind uint16, payload ...byte) []byte {
	b := binary.LittleEndian.AppendUint16(nil, uint16(unix.NLA_HDRLEN+len(payload)))
	b = append(binary.LittleEndian.AppendUint16(b, kind), payload...)
	return append(b, make([]byte, -len(b)&3)...)
}

// netlinkMsg builds a netlink message.
func netlinkMsg(kind, flags uint16, parts ...[]byte) []byte {
	b := make([]byte, unix.SizeofNlMsghdr)
	for _, p := range parts {
		b = append(b, p...)
	}
	binary.LittleEndian.PutUint32(b, uint32(len(b)))
	binary.LittleEndian.PutUint16(b[4:], kind)
	binary.LittleEndian.PutUint16(b[6:], flags)
	binary.LittleEndian.PutUint32(b[8:], 7)
	return b
}

func TestNetlink(t *testing.T) {
	const at = 0x7000
	const fd = 3
	h := &fakeHost{fds: map[int]fakeFD{fd: {path: "socket:[4711]", protocol: "NETLINK", socket: &host.Socket{Protocol: unix.NETLINK_ROUTE}}}}
	link := make([]byte, 16)
	binary.LittleEndian.PutUint16(link[2:], 1) // ARPHRD_ETHER
	get := netlinkMsg(unix.RTM_GETLINK, unix.NLM_F_REQUEST, link)
	const header = `{nlmsg_len=32, nlmsg_type=RTM_GETLINK, nlmsg_flags=NLM_F_REQUEST, nlmsg_seq=7, nlmsg_pid=0}`
	const body = `{ifi_family=AF_UNSPEC, ifi_type=ARPHRD_ETHER, ifi_index=0, ifi_flags=0, ifi_change=0}`
	nested := netlinkMsg(unix.RTM_GETLINK, unix.NLM_F_REQUEST, link,
		attr(unix.IFLA_IFNAME, 'l', 'o', 0),
		attr(unix.IFLA_LINKINFO|unix.NLA_F_NESTED,
			append(attr(unix.IFLA_INFO_KIND, 't', 'u', 'n', 0), attr(unix.IFLA_INFO_DATA, attr(3, 2)...)...)...),
		attr(0x3fff, 1, 2))
	failure := netlinkMsg(unix.NLMSG_ERROR, unix.NLM_F_CAPPED, binary.LittleEndian.AppendUint32(nil, uint32(1<<32-unix.EPERM)), get[:unix.SizeofNlMsghdr])
	for _, tt := range []struct {
		name string
		data []byte
		want string
	}{
		{"header", get[:16], `{nlmsg_len=32, nlmsg_type=RTM_GETLINK, nlmsg_flags=NLM_F_REQUEST, nlmsg_seq=7, nlmsg_pid=0}`},
		{"less than a header", []byte("abcd"), `"\x61\x62\x63\x64"`},
		{"body", get, `[` + header + `, ` + body + `]`},
		{"two", append(append([]byte(nil), get...), get...), `[[` + header + `, ` + body + `], [` + header + `, ` + body + `]]`},
		{"nested attributes", nested, `[{nlmsg_len=72, nlmsg_type=RTM_GETLINK, nlmsg_flags=NLM_F_REQUEST, nlmsg_seq=7, nlmsg_pid=0}, ` + body + `, [` +
			`[{nla_len=7, nla_type=IFLA_IFNAME}, "lo"], ` +
			`[{nla_len=24, nla_type=NLA_F_NESTED|IFLA_LINKINFO}, [[{nla_len=8, nla_type=IFLA_INFO_KIND}, "tun"], [{nla_len=12, nla_type=IFLA_INFO_DATA}, [{nla_len=5, nla_type=IFLA_TUN_TYPE}, IFF_TAP]]]], ` +
			`[{nla_len=6, nla_type=0x3fff /* IFLA_??? */}, "\x01\x02"]]]`},
		{"error", failure, `[{nlmsg_len=36, nlmsg_type=NLMSG_ERROR, nlmsg_flags=NLM_F_CAPPED, nlmsg_seq=7, nlmsg_pid=0}, ` +
			`{error=-EPERM, msg=` + header + `}]`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, abi := range []tables.ABI{tables.X86_64, tables.I386} {
				s := named(t, abi, "sendto", fd, at, uint64(len(tt.data)), 0, 0, 0)
				s.host, s.mem, s.ret = h, fakeMemory{at: tt.data}, int64(len(tt.data))
				want := fmt.Sprintf("sendto(%d, %s, %d, 0, NULL, 0) = %[3]d", fd, tt.want, len(tt.data))
				if got := s.text(t); got != want {
					t.Errorf("%v: got  %s\nwant %s", abi, got, want)
				}
			}
		})
	}
}

// recordValue gives the record of a call whose one argument show writes.
func recordValue(t testing.TB, looks output.Options, mem Memory, show func(c *Call)) string {
	t.Helper()
	return logged(t, looks, func(trace output.Trace) {
		d := bareDecoder()
		c := Call{Decoder: d, Out: trace, Mem: mem, TID: 1, ABI: tables.X86_64, Abbrev: !looks.JSON, Sig: d.Lookup(tables.X86_64, 0)}
		c.Begin()
		trace.BeginCall(&output.Header{Name: "call"})
		trace.Arg("value")
		show(&c)
		trace.Return()
		trace.Number(0, output.Signed)
		trace.EndCall(&output.Result{})
	})
}

// FuzzNetlink decodes any messages of any protocol: that must come to an end,
// and be valid JSON.
func FuzzNetlink(f *testing.F) {
	for protocol := range byte(len(netlinkProtocols)) {
		for kind := uint16(nlmsgMinType); kind < 0x70; kind += 6 {
			var attrs []byte
			for n := range uint16(12) {
				attrs = append(attrs, attr(n, attr(1, 1, 2, 3, 4)...)...)
			}
			f.Add(protocol, netlinkMsg(kind, uint16(protocol&1), make([]byte, int(kind)%24), attrs), uint16(0xffff))
		}
		deep := attr(1, 1)
		for range 100 {
			deep = attr(9, deep...) // RTA_MULTIPATH among others
		}
		f.Add(protocol, netlinkMsg(unix.RTM_NEWROUTE, 0, make([]byte, 12), deep), uint16(0xffff))
	}
	f.Fuzz(func(t *testing.T, protocol byte, data []byte, end uint16) {
		m := &hostileMemory{bytes: data, end: 0x1000 + uint64(end)}
		for _, looks := range []output.Options{{}, {JSON: true}} {
			line := recordValue(t, looks, m, func(c *Call) {
				c.showMessages(int(protocol), 0x1000, min(len(data)+8, maxNetlink))
			})
			if m.reads > mostReads || m.total > mostBytes {
				t.Errorf("%d reads, %d bytes for %.300s", m.reads, m.total, line)
			}
			if looks.JSON && !json.Valid([]byte(line)) {
				t.Errorf("invalid JSON: %s", line)
			}
		}
	})
}
