package net

import (
	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// Control messages of sendmsg(2) and recvmsg(2), struct cmsghdr.

// maxControl is the limit, in bytes, up to which the control messages of a
// message are read. It is the default of net.core.optmem_max since Linux 6.8.
const maxControl = 128 << 10

// keepControl adds op, which keeps control messages.
func keepControl(k *Keeps, op KeepOp) {
	op.Kind, op.Size, op.Most = KeepBytes, 1, maxControl
	k.Linked(op)
	k.Within(passedFD)
	k.Within(credentials)
}

// showControl shows the msg_control of the message being shown.
func showControl(c *Call, addr uint64) {
	total := Ref("msg_controllen").Num(c)
	word := c.WordSize()
	header := word + 8 // cmsg_len, cmsg_level, cmsg_type
	n := int(min(total, maxControl))
	if n < header {
		c.Out.Addr(addr)
		return
	}
	b, ok := c.ReadAll(addr, n)
	if !ok {
		c.Out.Addr(addr)
		return
	}
	left := View{B: b, Addr: addr}
	c.Out.BeginArray()
	for len(left.B) >= header {
		length := left.Uint(word)
		c.Out.Elem()
		used := int(min(length, uint64(len(left.B))))
		showControlMessage(c, left.At(0, max(used, header)), header)
		if used < header {
			// The next cannot be found.
			left = left.At(header, len(left.B))
			break
		}
		left = left.At(AlignUp(used, word), len(left.B))
	}
	switch {
	case len(left.B) > 0:
		c.Out.More()
		c.Out.Comment(output.Note, HexString(left.Addr))
	case uint64(n) < total:
		c.Out.More()
	}
	c.Out.EndArray()
}

// showControlMessage shows a control message, whose header has that many bytes.
func showControlMessage(c *Call, v View, header int) {
	word := header - 8
	level, kind := v.At(word, 4).Uint(4), v.At(word+4, 4).Uint(4)
	data := v.At(header, len(v.B))
	c.Out.BeginStruct()
	c.Out.Field("cmsg_len")
	c.Out.Number(v.Uint(word), output.Unsigned)
	c.Out.Field("cmsg_level")
	c.Out.Enum(level, &tables.CmsgLevel, output.Hex)
	c.Out.Field("cmsg_type")
	var t *controlType
	switch level {
	case tables.SOL_SOCKET:
		c.Out.Enum(kind, &tables.ScmType, output.Hex)
		t = socketControl.Get()[kind]
	case tables.SOL_IP:
		c.Out.Enum(kind, &tables.IPCmsgType, output.Hex)
		t = ipControl.Get()[kind]
	default:
		c.Out.Number(kind, output.Hex)
	}
	switch {
	case t != nil && len(data.B) >= t.least:
		c.Out.Field("cmsg_data")
		t.show(c, data)
	case len(data.B) > 0:
		c.Out.Field("cmsg_data")
		c.Out.Str(output.Binary, data.B, false)
	}
	c.Out.EndStruct()
}

// controlType is the type of the data of a control message, which has at least
// least bytes.
type controlType struct {
	least int
	show  func(c *Call, v View)
}

// passedFD is a descriptor that a message passes on. The receiver gets a new one.
var passedFD = &Descriptor{Number: Int, For: func(c *Call) FDUse {
	if shownMessages.Of(c).now.received {
		return FDNew
	}
	return 0
}}

// The names of socket options are also those of their control messages.
var socketControl = Lazy[map[uint64]*controlType]{Make: func() map[uint64]*controlType {
	return map[uint64]*controlType{
		tables.SCM_RIGHTS:      {4, showEach(passedFD)},
		tables.SCM_CREDENTIALS: {12, credentials.Show},
		scmSecurity:            {1, func(c *Call, v View) { c.Out.Str(output.Plain, v.B, false) }},
		scmPidfd:               {4, FD.Show},

		tables.SO_TIMESTAMP_OLD:    {1, showSized(&Timeval)},
		tables.SO_TIMESTAMPNS_OLD:  {1, showSized(&Timespec)},
		tables.SO_TIMESTAMPING_OLD: {1, showSized(&Array{Of: &Timespec, N: 3})},
		tables.SO_TIMESTAMP_NEW:    {1, showSized(&Timeval64)},
		tables.SO_TIMESTAMPNS_NEW:  {1, showSized(&Timespec64)},
		tables.SO_TIMESTAMPING_NEW: {1, showSized(&Array{Of: &Timespec64, N: 3})},
	}
}}

// Types that only the kernel's internal linux/socket.h names.
const (
	scmSecurity = 3
	scmPidfd    = 4
)

var ipControl = Lazy[map[uint64]*controlType]{Make: func() map[uint64]*controlType {
	return map[uint64]*controlType{
		tables.IP_PKTINFO:     {12, packetInfo.Show},
		tables.IP_TTL:         {4, showEach(Uint)},
		tables.IP_TOS:         {1, showEach(X8)},
		tables.IP_RECVOPTS:    {1, showEach(X8)},
		tables.IP_RETOPTS:     {1, showEach(X8)},
		tables.IP_RECVERR:     {32, extendedError.Show},
		tables.IP_ORIGDSTADDR: {16, func(c *Call, v View) { ShowSockaddrView(c, v) }},
		tables.IP_CHECKSUM:    {4, showEach(Uint)},
		tables.IP_PROTOCOL:    {4, func(c *Call, v View) { ShowPointee(c, ipProtocol, v) }},
		scmSecurity:           {1, func(c *Call, v View) { c.Out.Str(output.Plain, v.B, false) }},
	}
}}

// credentials is a struct ucred (linux/socket.h).
var credentials = &Struct{Fields: Fields{{"pid", PIDOf(ThreadGroup)}, {"uid", ID}, {"gid", ID}}}

// ipProtocol is the protocol above IP.
var ipProtocol = &Enum{In: X32, Set: &tables.InetProtocol}

// packetInfo is a struct in_pktinfo (linux/in.h).
var packetInfo = &Struct{C: "in_pktinfo", Fields: Fields{{"ipi_ifindex", IfIndex}, {"ipi_spec_dst", InetAddr}, {"ipi_addr", InetAddr}}}

// extendedError is a struct sock_extended_err (linux/errqueue.h), followed by an
// address.
var extendedError = &Struct{C: "sock_extended_err", Fields: Fields{
	{"ee_errno", U32}, {"ee_origin", U8}, {"ee_type", U8}, {"ee_code", U8}, {"_", U8},
	{"ee_info", U32}, {"ee_data", U32}, {"offender", sockaddrInStorage{}},
}}

// sockaddrInStorage is a struct sockaddr_in inside another struct.
type sockaddrInStorage struct{}

func (sockaddrInStorage) Layout(tables.ABI) Layout { return Layout{Size: 16, Align: 4} }

func (sockaddrInStorage) Show(c *Call, v View) { ShowSockaddrView(c, v) }

// showEach returns a function that shows the data as an array of elem.
func showEach(elem Type) func(c *Call, v View) {
	return func(c *Call, v View) {
		size := elem.Layout(c.ABI).Size
		c.Out.BeginArray()
		for n := 0; len(v.B) >= size; n++ {
			if c.Abbrev && n >= c.StringLimit {
				c.Out.More()
				break
			}
			c.Out.Elem()
			elem.Show(c, v.At(0, size))
			v = v.At(size, len(v.B))
		}
		c.Out.EndArray()
	}
}

// showSized returns a function that shows the data as a t, if it is long enough.
func showSized(t Type) func(c *Call, v View) {
	return func(c *Call, v View) {
		if size := t.Layout(c.ABI).Size; len(v.B) >= size {
			t.Show(c, v.At(0, size))
			return
		}
		c.Out.Text("???")
	}
}
