package decode

// ShowNetlink shows the n bytes of netlink messages at addr.
func (c *Call) ShowNetlink(addr, n uint64) { c.ShowBytes(addr, n) }
