package netlink

import (
	. "trapline/decode/kernel"
	. "trapline/decode/lang"
)

// Events of kernel objects, as udev forwards them (struct
// udev_monitor_netlink_header of systemd's libudev). Those of the kernel itself
// are plain text.

var udevHeader = &Struct{Fields: Fields{
	{"prefix", CharArray(8)}, {"magic", &NetX32}, {"header_size", Uint}, {"properties_off", Uint}, {"properties_len", Uint},
	{"filter_subsystem_hash", &NetX32}, {"filter_devtype_hash", &NetX32}, {"filter_tag_bloom_hi", &NetX32}, {"filter_tag_bloom_lo", &NetX32},
}}

func showUevent(c *Call, addr, n uint64) {
	size := uint64(udevHeader.Layout(c.ABI).Size)
	if n < size {
		c.ShowBytes(addr, n)
		return
	}
	v, ok := c.ReadType(addr, udevHeader)
	if !ok || string(v.B[:8]) != "libudev\x00" {
		c.ShowBytes(addr, n)
		return
	}
	if n == size {
		udevHeader.Show(c, v)
		return
	}
	c.Out.BeginArray()
	c.Out.Elem()
	udevHeader.Show(c, v)
	c.Out.Elem()
	c.ShowBytes(addr+size, n-size)
	c.Out.EndArray()
}
