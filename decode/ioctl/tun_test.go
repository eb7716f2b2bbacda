package ioctl_test

import (
	"testing"

	. "trapline/decode/internal/decodetest"
	. "trapline/decode/internal/fake"
	"trapline/tables"
)

func TestTunIoctls(t *testing.T) {
	request := func(name string, flags int) []byte {
		b := make([]byte, 40)
		copy(b, name)
		copy(b[16:], LE(Uint16(flags)))
		return b
	}
	for _, tt := range []IoctlTest{
		{Request: "TUNSETIFF", Before: request("tun%d", 0x1001), After: request("tun0", 0x1001),
			Want: `{ifr_name="tun%d", ifr_flags=IFF_TUN|IFF_NO_PI} => {ifr_name="tun0"}) = 0`},
		{Request: "TUNSETIFF", Before: request("tun0", 0x1002), Errno: tables.EBUSY,
			Want: `{ifr_name="tun0", ifr_flags=IFF_TAP|IFF_NO_PI}) = -1 EBUSY (Device or resource busy)`},
		{Request: "TUNGETIFF", Before: request("tap1", 0x4002), Want: `{ifr_name="tap1", ifr_flags=IFF_TAP|IFF_VNET_HDR}) = 0`},
		{Request: "TUNSETQUEUE", Before: request("", 0x200), Want: `{ifr_flags=IFF_ATTACH_QUEUE}) = 0`},
		{Request: "TUNGETFEATURES", Before: LE(0x7133), Want: `[IFF_TUN|IFF_TAP|IFF_NAPI|IFF_NAPI_FRAGS|IFF_NO_PI|IFF_ONE_QUEUE|IFF_VNET_HDR|IFF_MULTI_QUEUE]) = 0`},
		{Request: "TUNSETTXFILTER", Before: LE(Uint16(1), Uint16(1), "\x01\x02\x03\x04\x05\x06"),
			Want: `{flags=TUN_FLT_ALLMULTI, count=1, addr=[01:02:03:04:05:06]}) = 0`},
		{Request: "TUNSETSNDBUF", Before: LE(1 << 20), Want: `[1048576]) = 0`},
		{Request: "TUNSETFILTEREBPF", Before: LE(-1), Want: `[-1]) = 0`},
	} {
		tt.Want = "ioctl(3, " + tt.Request + ", " + tt.Want
		tt.Run(t)
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
			s := Named(t, abi, "ioctl", 3, uint64(tables.IoctlsByName(abi)[tt.request]), tt.arg)
			if got, want := s.Text(t), "ioctl(3, "+tt.request+", "+tt.want+") = 0"; got != want {
				t.Errorf("%v: got  %s\nwant %s", abi, got, want)
			}
		}
	}
}
