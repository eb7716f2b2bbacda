package decode

import (
	"encoding/binary"

	"trapline/output"
)

// Events of kernel objects as udev hands them on (struct udev_monitor_netlink_header of
// systemd's libudev). The kernel's own are plain text.

// netX32 is a number in network order.
var netX32 = &custom{sameLayout(4), In, func(c *Call, v View) {
	c.Out.BeginMacro("htonl")
	c.Out.Elem()
	c.Out.Number(uint64(binary.BigEndian.Uint32(v.B)), output.Hex)
	c.Out.EndMacro()
}}

var udevHeader = Struct(Fields{
	{"prefix", CharArray(8)}, {"magic", netX32}, {"header_size", Uint}, {"properties_off", Uint}, {"properties_len", Uint},
	{"filter_subsystem_hash", netX32}, {"filter_devtype_hash", netX32}, {"filter_tag_bloom_hi", netX32}, {"filter_tag_bloom_lo", netX32},
})

func (c *Call) showUevent(addr, n uint64) {
	size := udevHeader.Layout(c.ABI).Size
	b, ok := c.ReadAll(addr, 8)
	if !ok || n < uint64(size) || string(b) != "libudev\x00" {
		c.ShowBytes(addr, n)
		return
	}
	v, ok := c.ReadType(addr, udevHeader)
	if !ok {
		c.Out.Addr(addr)
		return
	}
	c.Out.BeginArray()
	c.Out.Elem()
	udevHeader.Show(c, v)
	if n > uint64(size) {
		c.Out.Elem()
		c.ShowBytes(addr+uint64(size), n-uint64(size))
	}
	c.Out.EndArray()
}
