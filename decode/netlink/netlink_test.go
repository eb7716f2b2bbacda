package netlink_test

import (
	"encoding/binary"
	"fmt"
	"testing"

	"trapline/decode/host"
	. "trapline/decode/internal/decodetest"
	. "trapline/decode/internal/fake"
	"trapline/tables"
)

func TestNetlink(t *testing.T) {
	const at = 0x7000
	const fd = 3
	h := &FakeHost{Fds: map[int]FakeFD{fd: {Path: "socket:[4711]", Protocol: "NETLINK", Socket: &host.Socket{Protocol: tables.NETLINK_ROUTE}}}}
	link := make([]byte, 16)
	binary.LittleEndian.PutUint16(link[2:], 1) // ARPHRD_ETHER
	get := NetlinkMessage(tables.RTM_GETLINK, tables.NLM_F_REQUEST, link)
	const header = `{nlmsg_len=32, nlmsg_type=RTM_GETLINK, nlmsg_flags=NLM_F_REQUEST, nlmsg_seq=7, nlmsg_pid=0}`
	const body = `{ifi_family=AF_UNSPEC, ifi_type=ARPHRD_ETHER, ifi_index=0, ifi_flags=0, ifi_change=0}`
	nested := NetlinkMessage(tables.RTM_GETLINK, tables.NLM_F_REQUEST, link,
		NetlinkAttr(tables.IFLA_IFNAME, 'l', 'o', 0),
		NetlinkAttr(tables.IFLA_LINKINFO|tables.NLA_F_NESTED,
			append(NetlinkAttr(tables.IFLA_INFO_KIND, 't', 'u', 'n', 0), NetlinkAttr(tables.IFLA_INFO_DATA, NetlinkAttr(3, 2)...)...)...),
		NetlinkAttr(0x3fff, 1, 2))
	failure := NetlinkMessage(tables.NLMSG_ERROR, tables.NLM_F_CAPPED, binary.LittleEndian.AppendUint32(nil, uint32(1<<32-tables.EPERM)), get[:tables.NLMSG_HDRLEN])
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
				s := Named(t, abi, "sendto", fd, at, uint64(len(tt.data)), 0, 0, 0)
				s.Host, s.Mem, s.Ret = h, FakeMemory{at: tt.data}, int64(len(tt.data))
				want := fmt.Sprintf("sendto(%d, %s, %d, 0, NULL, 0) = %[3]d", fd, tt.want, len(tt.data))
				if got := s.Text(t); got != want {
					t.Errorf("%v: got  %s\nwant %s", abi, got, want)
				}
			}
		})
	}
}
