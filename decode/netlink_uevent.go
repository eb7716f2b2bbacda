package decode

// Events of kernel objects as udev hands them on (struct udev_monitor_netlink_header of
// systemd's libudev). The kernel's own are plain text.

var udevHeader = Struct(Fields{
	{"prefix", CharArray(8)}, {"magic", netX32}, {"header_size", Uint}, {"properties_off", Uint}, {"properties_len", Uint},
	{"filter_subsystem_hash", netX32}, {"filter_devtype_hash", netX32}, {"filter_tag_bloom_hi", netX32}, {"filter_tag_bloom_lo", netX32},
})

func (c *Call) showUevent(addr, n uint64) {
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
