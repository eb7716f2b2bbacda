package netlink

import (
	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// Netlink messages (linux/netlink.h): a header, a body that depends on the
// protocol and the message's type, and attributes.

const (
	afInet  = tables.AF_INET
	afInet6 = tables.AF_INET6

	nlmsgHeader = tables.NLMSG_HDRLEN
)

// netlinkProtocol describes the messages of one protocol.
type netlinkProtocol struct {
	types *tables.Set // names of messages
	// showType shows types that are not in types.
	showType func(c *Call, msgType uint16)
	// flags returns the names of a message's flags, given its type. If it is nil,
	// they are the common ones.
	flags func(msgType uint16) *tables.Set
	// body shows the shownNetlink.Of(c).payload bytes at addr, and reports
	// whether it knows the type of the message.
	body func(c *Call, msg *messageHeader, addr uint64) bool
}

// messageHeader is the part of the header that the body depends on.
type messageHeader struct{ kind, flags uint16 }

// netlinkProtocols are the protocols, by number. Some of their messages contain
// messages of other protocols.
var netlinkProtocols *[tables.NETLINK_CRYPTO + 1]netlinkProtocol

func init() { netlinkProtocols = &allProtocols }

var allProtocols = [...]netlinkProtocol{
	tables.NETLINK_ROUTE:     {types: &tables.RouteMsgType, flags: routeFlags, body: showRouteBody},
	tables.NETLINK_SOCK_DIAG: {types: &tables.SockDiagType, flags: getFlags, body: showSockDiagBody},
	tables.NETLINK_XFRM:      {types: &tables.XfrmMsgType, flags: xfrmFlags},
	tables.NETLINK_SELINUX:   {types: &tables.SELinuxMsgType, body: showSELinuxBody},
	tables.NETLINK_AUDIT:     {types: &tables.AuditMsgType},
	tables.NETLINK_NETFILTER: {showType: showNetfilterType, flags: netfilterFlags, body: showNetfilterBody},
	tables.NETLINK_GENERIC:   {showType: showGenericType, flags: getFlags, body: showGenericBody},
	tables.NETLINK_CRYPTO:    {types: &tables.CryptoMsgType, flags: cryptoFlags, body: showCryptoBody},
}

func getFlags(uint16) *tables.Set { return &tables.NlmGetFlags }

// ShowNetlink shows the n bytes of netlink messages at addr, which the socket in
// the first argument sends or receives.
func ShowNetlink(c *Call, addr, n uint64) {
	protocol := NetlinkProtocolOf(c, int(int32(c.Args[0])))
	if protocol == tables.NETLINK_KOBJECT_UEVENT {
		showUevent(c, addr, n)
		return
	}
	showMessages(c, protocol, addr, int(min(n, maxNetlink)))
}

// maxNetlink limits how many bytes of messages are read. Programs receive them in
// blocks of 32 KB.
const maxNetlink = 256 << 10

// showMessages shows the messages in the left bytes at addr.
func showMessages(c *Call, protocol int, addr uint64, left int) {
	showRecords(c, addr, left, nlmsghdr, 4, func(v View, left int) { showMessage(c, protocol, v, left) })
}

// showRecords shows the records that fill the left bytes at addr. Each begins
// with a header, whose first member, of lengthSize bytes, is the record's length,
// and is aligned to 4 bytes. A single record is shown without brackets.
func showRecords(c *Call, addr uint64, left int, header Type, lengthSize int, show func(v View, left int)) {
	size := header.Layout(c.ABI).Size
	array := false
	for shown := 1; ; shown++ {
		if left < size {
			if array {
				c.Out.Elem()
			}
			c.ShowBuffer(addr, uint64(left), Binary)
			break
		}
		v, ok := c.ReadType(addr, header)
		if !ok {
			missing(c, addr, array)
			break
		}
		if c.Abbrev && shown > c.StringLimit {
			c.Out.More()
			break
		}
		length := int(v.Uint(lengthSize))
		next := AlignUp(length, 4)
		last := length < size || next >= left
		if !array && !last {
			c.Out.BeginArray()
			array = true
		}
		if array {
			c.Out.Elem()
		}
		show(v, left)
		if last {
			break
		}
		addr += uint64(next)
		left -= next
	}
	if array {
		c.Out.EndArray()
	}
}

// netlinkState is the state of the message being shown.
type netlinkState struct {
	payload      int // size in bytes of the message or attribute being shown
	nested       int // depth of nested messages and attributes
	links        linkKinds
	genlCommands [2]*tables.Set // of the family being shown, in requests and answers
}

var shownNetlink CallSlot[netlinkState]

var nlmsghdr = &Struct{Fields: Fields{
	{"nlmsg_len", U32}, {"nlmsg_type", U16}, {"nlmsg_flags", U16}, {"nlmsg_seq", U32}, {"nlmsg_pid", PIDOf(ThreadGroup)},
}}

// showMessage shows the message with the header v. left bytes are available for
// it.
func showMessage(c *Call, protocol int, v View, left int) {
	length := min(int(v.Uint(4)), left)
	if length <= nlmsgHeader {
		showMessageHeader(c, protocol, v)
		return
	}
	c.Out.BeginArray()
	c.Out.Elem()
	showMessageHeader(c, protocol, v)
	c.Out.Elem()
	showBody(c, protocol, v, length-nlmsgHeader)
	c.Out.EndArray()
}

// Message types that all protocols have (linux/netlink.h).
const (
	nlmsgError   = 2
	nlmsgDone    = 3
	nlmsgMinType = 0x10
	nlmCapped    = 0x100 // NLM_F_CAPPED
)

func protocolOf(protocol int) *netlinkProtocol {
	if 0 <= protocol && protocol < len(netlinkProtocols) {
		return &netlinkProtocols[protocol]
	}
	return new(netlinkProtocol)
}

func showMessageHeader(c *Call, protocol int, v View) {
	p := protocolOf(protocol)
	msgType := uint16(v.At(4, 2).Uint(2))
	c.Out.BeginStruct()
	c.Out.Field("nlmsg_len")
	c.Out.Number(v.Uint(4), output.Unsigned)
	c.Out.Field("nlmsg_type")
	switch {
	case msgType < nlmsgMinType || p.types == nil && p.showType == nil:
		c.Out.Enum(uint64(msgType), &tables.NlmsgType, output.Hex)
	case p.showType != nil:
		p.showType(c, msgType)
	default:
		c.Out.Enum(uint64(msgType), p.types, output.Hex)
	}
	c.Out.Field("nlmsg_flags")
	flags := &tables.NlmFlags
	if msgType == nlmsgError {
		flags = &tables.NlmAckFlags
	} else if msgType >= nlmsgMinType && p.flags != nil {
		if set := p.flags(msgType); set != nil {
			flags = set
		}
	}
	c.Out.Flags(v.At(6, 2).Uint(2), flags, output.Hex)
	c.Out.Field("nlmsg_seq")
	c.Out.Number(v.At(8, 4).Uint(4), output.Unsigned)
	c.Out.Field("nlmsg_pid")
	PIDOf(ThreadGroup).Show(c, v.At(12, 4))
	c.Out.EndStruct()
}

// maxNesting limits the depth of nested messages and attributes that are shown.
const maxNesting = 24

// showBody shows the length bytes that follow the header v.
func showBody(c *Call, protocol int, v View, length int) {
	if shownNetlink.Of(c).nested == maxNesting {
		c.ShowBuffer(v.Addr+nlmsgHeader, uint64(length), Binary)
		return
	}
	shownNetlink.Of(c).nested++
	defer func() { shownNetlink.Of(c).nested-- }()
	msgType := uint16(v.At(4, 2).Uint(2))
	addr := v.Addr + nlmsgHeader
	outer := shownNetlink.Of(c).payload
	shownNetlink.Of(c).payload = length
	defer func() { shownNetlink.Of(c).payload = outer }()
	if msgType == nlmsgError {
		showNetlinkError(c, protocol, v.At(6, 2).Uint(2)&nlmCapped != 0, addr, length)
		return
	}
	p := protocolOf(protocol)
	if (msgType >= nlmsgMinType || msgType == nlmsgDone) && p.body != nil && p.body(c, &messageHeader{msgType, uint16(v.At(6, 2).Uint(2))}, addr) {
		return
	}
	if msgType == nlmsgDone && length == 4 {
		if status, ok := c.ReadUint(addr, 4); ok {
			c.Out.Number(uint64(int32(status)), output.Signed)
		} else {
			c.Out.Addr(addr)
		}
		return
	}
	c.ShowBuffer(addr, uint64(length), Binary)
}

// showNetlinkError shows a struct nlmsgerr: an error, and the message that caused
// it or only the message's header. Attributes may follow.
func showNetlinkError(c *Call, protocol int, capped bool, addr uint64, length int) {
	const header = 4 + nlmsgHeader
	if length < header {
		c.ShowBuffer(addr, uint64(length), Binary)
		return
	}
	b, ok := c.ReadAll(addr, header)
	if !ok {
		c.Out.Addr(addr)
		return
	}
	v := View{B: b, Addr: addr}
	msg := v.At(4, nlmsgHeader)
	rest := length - 4
	whole := min(rest, max(nlmsgHeader, int(msg.Uint(4))))
	if capped {
		whole = nlmsgHeader
	}
	if rest > whole {
		c.Out.BeginArray()
		c.Out.Elem()
	}
	c.Out.BeginStruct()
	c.Out.Field("error")
	showNegativeErrno(c, int32(v.Uint(4)))
	c.Out.Field("msg")
	showMessage(c, protocol, msg, whole)
	c.Out.EndStruct()
	if rest > whole {
		c.Out.Elem()
		showPayload(c, nlmsgerrAttributes, msg.Addr+uint64(whole), rest-whole)
		c.Out.EndArray()
	}
}

// showNegativeErrno shows an error as the kernel returns it: -ENOENT.
func showNegativeErrno(c *Call, n int32) {
	if n < 0 {
		if name := tables.ErrnoName(uint32(-n)); name != "" {
			c.Out.Symbol(uint64(n), "-"+name, output.Signed)
			return
		}
	}
	c.Out.Number(uint64(n), output.Signed)
}

var nlmsgerrAttributes = &Attributes{Set: &tables.NlmsgerrAttr, Prefix: "NLMSGERR_ATTR_", Types: []attributeTypes{
	{AtAddr(showAttrString), "MSG"},
	{U32, "OFFS"},
	{AtAddr(func(c *Call, addr uint64) { c.ShowArray(addr, U8, uint64(shownNetlink.Of(c).payload)) }), "COOKIE"},
}}

// netlinkMessage is the body of a message: a struct and the attributes that
// follow it. Their table is attrs, or is chosen by the struct's first member.
type netlinkMessage struct {
	head   *Struct
	attrs  *Attributes
	family familyTables
}

// show shows the body in the shownNetlink.Of(c).payload bytes at addr. Its first
// member has already been read.
func (m *netlinkMessage) show(c *Call, addr uint64) {
	length := shownNetlink.Of(c).payload
	first := &m.head.Members()[0]
	size := m.head.Layout(c.ABI).Size
	one := first.Type.Layout(c.ABI).Size
	v, ok := c.ReadType(addr, first.Type)
	if !ok {
		c.Out.Addr(addr)
		return
	}
	whole := length >= size
	if whole {
		v, ok = c.ReadType(addr, m.head)
	}
	if whole && ok {
		m.head.Show(c, v)
	} else {
		c.Out.BeginStruct()
		c.Out.Field(first.Name)
		if !ok {
			v, _ = c.ReadType(addr, first.Type)
		}
		first.Type.Show(c, v.At(0, one))
		if whole {
			c.Out.Field("")
			c.Out.Addr(addr + uint64(one))
		} else {
			c.Out.More()
		}
		c.Out.EndStruct()
		return
	}
	if at := AlignUp(size, 4); (m.attrs != nil || m.family != nil) && length > at {
		c.Out.Elem()
		attrs := Type(m.attrs)
		if m.family != nil {
			attrs = nil
			if chosen := m.family.of(v.Uint(one)); chosen != nil {
				attrs = chosen
			}
		}
		if c.Push(m.head, v) { // the attributes may depend on the struct's members
			defer c.Pop()
		}
		showPayload(c, attrs, addr+uint64(at), length-at)
	}
}
