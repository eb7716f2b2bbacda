package decode

import (
	"testing"

	"golang.org/x/sys/unix"

	"trapline/tables"
)

func TestTunIoctls(t *testing.T) {
	request := func(name string, flags int) []byte {
		b := make([]byte, 40)
		copy(b, name)
		copy(b[16:], le(u16(flags)))
		return b
	}
	for _, tt := range []ioctlTest{
		{request: "TUNSETIFF", before: request("tun%d", 0x1001), after: request("tun0", 0x1001),
			want: `{ifr_name="tun%d", ifr_flags=IFF_TUN|IFF_NO_PI} => {ifr_name="tun0"}) = 0`},
		{request: "TUNSETIFF", before: request("tun0", 0x1002), errno: unix.EBUSY,
			want: `{ifr_name="tun0", ifr_flags=IFF_TAP|IFF_NO_PI}) = -1 EBUSY (Device or resource busy)`},
		{request: "TUNGETIFF", before: request("tap1", 0x4002), want: `{ifr_name="tap1", ifr_flags=IFF_TAP|IFF_VNET_HDR}) = 0`},
		{request: "TUNSETQUEUE", before: request("", 0x200), want: `{ifr_flags=IFF_ATTACH_QUEUE}) = 0`},
		{request: "TUNGETFEATURES", before: le(0x7133), want: `[IFF_TUN|IFF_TAP|IFF_NAPI|IFF_NAPI_FRAGS|IFF_NO_PI|IFF_ONE_QUEUE|IFF_VNET_HDR|IFF_MULTI_QUEUE]) = 0`},
		{request: "TUNSETTXFILTER", before: le(u16(1), u16(1), "\x01\x02\x03\x04\x05\x06"),
			want: `{flags=TUN_FLT_ALLMULTI, count=1, addr=[01:02:03:04:05:06]}) = 0`},
		{request: "TUNSETSNDBUF", before: le(1 << 20), want: `[1048576]) = 0`},
		{request: "TUNSETFILTEREBPF", before: le(-1), want: `[-1]) = 0`},
	} {
		tt.want = "ioctl(3, " + tt.request + ", " + tt.want
		tt.run(t)
	}
	for _, tt := range []struct {
		request string
		arg     uint64
		want    string
	}{
		{"TUNSETPERSIST", 1, "1"},
		{"TUNSETOWNER", 1000, "1000"},
		{"TUNSETGROUP", 0xffffffff, "-1"},
		{"TUNSETLINK", 1, "ARPHRD_ETHER"},
		{"TUNSETOFFLOAD", 3, "TUN_F_CSUM|TUN_F_TSO4"},
	} {
		for _, abi := range []tables.ABI{tables.X86_64, tables.I386} {
			s := named(t, abi, "ioctl", 3, uint64(tables.IoctlsByName(abi)[tt.request]), tt.arg)
			if got, want := s.text(t), "ioctl(3, "+tt.request+", "+tt.want+") = 0"; got != want {
				t.Errorf("%v: got  %s\nwant %s", abi, got, want)
			}
		}
	}
}
