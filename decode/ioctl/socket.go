package ioctl

import (
	"strconv"
	"sync/atomic"

	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// Sockets and network interfaces: linux/sockios.h, linux/if.h.

var socketIoctls = Ioctls{
	{"FIOSETOWN SIOCSPGRP SIOCSIFENCAP", &Ptr{To: Int}},
	{"FIOGETOWN SIOCGPGRP SIOCATMARK SIOCGIFENCAP SIOCOUTQNSD", &Out{To: Int}},

	{"SIOCGIFCONF", ifConf},
	{"SIOCGIFNAME", &Fill{In: ifIndexed, Out: &Struct{Of: &Struct{Fields: Fields{
		{"ifr_name", CharArray(tables.IFNAMSIZ)}, {"", &Union{On: Const(0), Arms: Arms{{&NamedArm{Name: "ifr_name", Type: CharArray(tables.IFNAMSIZ)}, Nums{0}}, {ifMap, nil}}}},
	}}, Pick: Names{"ifr_name"}}}},
	{"SIOCGIFINDEX", &getsInterface{member: "ifr_ifindex", of: Int}},
	{"SIOCSIFNAME", &setsInterface{member: "ifr_newname", of: CharArray(tables.IFNAMSIZ)}},
	{"SIOCGIFFLAGS", &getsInterface{member: "ifr_flags", of: interfaceFlags}},
	{"SIOCSIFFLAGS", &setsInterface{member: "ifr_flags", of: interfaceFlags}},
	{"SIOCGIFADDR", &getsInterface{member: "ifr_addr", of: sockaddrHere}},
	{"SIOCSIFADDR", &setsInterface{member: "ifr_addr", of: sockaddrHere}},
	{"SIOCGIFDSTADDR", &getsInterface{member: "ifr_dstaddr", of: sockaddrHere}},
	{"SIOCSIFDSTADDR", &setsInterface{member: "ifr_dstaddr", of: sockaddrHere}},
	{"SIOCGIFBRDADDR", &getsInterface{member: "ifr_broadaddr", of: sockaddrHere}},
	{"SIOCSIFBRDADDR", &setsInterface{member: "ifr_broadaddr", of: sockaddrHere}},
	{"SIOCGIFNETMASK", &getsInterface{member: "ifr_netmask", of: sockaddrHere}},
	{"SIOCSIFNETMASK", &setsInterface{member: "ifr_netmask", of: sockaddrHere}},
	{"SIOCGIFHWADDR", &getsInterface{member: "ifr_hwaddr", of: hardwareSockaddr}},
	{"SIOCSIFHWADDR SIOCSIFHWBROADCAST SIOCADDMULTI SIOCDELMULTI", &setsInterface{member: "ifr_hwaddr", of: hardwareSockaddr}},
	{"SIOCGIFMETRIC", &getsInterface{member: "ifr_metric", of: Int}},
	{"SIOCSIFMETRIC", &setsInterface{member: "ifr_metric", of: Int}},
	{"SIOCGIFMTU", &getsInterface{member: "ifr_mtu", of: Int}},
	{"SIOCSIFMTU", &setsInterface{member: "ifr_mtu", of: Int}},
	{"SIOCGIFTXQLEN", &getsInterface{member: "ifr_qlen", of: Int}},
	{"SIOCSIFTXQLEN", &setsInterface{member: "ifr_qlen", of: Int}},
	{"SIOCGIFSLAVE", &getsInterface{member: "ifr_slave", of: CharArray(tables.IFNAMSIZ)}},
	{"SIOCSIFSLAVE", &setsInterface{member: "ifr_slave", of: CharArray(tables.IFNAMSIZ)}},
	{"SIOCGIFMAP", &getsInterface{member: "ifr_map", of: ifMap}},
	{"SIOCSIFMAP", &setsInterface{member: "ifr_map", of: ifMap}},

	{"SIOCBRADDBR SIOCBRDELBR", &Ptr{To: StrN(tables.IFNAMSIZ)}},
	{"SIOCBRADDIF SIOCBRDELIF", &Ptr{To: &Struct{Of: &Struct{Fields: Fields{
		{"ifr_name", CharArray(tables.IFNAMSIZ)}, {"", &Union{On: Const(0), Arms: Arms{{&NamedArm{Name: "ifr_ifindex", Type: IfIndex}, Nums{0}}, {ifMap, nil}}}},
	}}, Pick: Names{""}}}},

	{"SIOCGSTAMP_OLD SIOCGSTAMP_NEW SIOCGSTAMPNS_OLD SIOCGSTAMPNS_NEW SIOCGSKNS" +
		" SIOCADDRT SIOCDELRT SIOCRTMSG SIOCDARP SIOCGARP SIOCSARP SIOCDRARP SIOCGRARP SIOCSRARP" +
		" SIOCSIFLINK SIOCGIFMEM SIOCSIFMEM SIOCGIFPFLAGS SIOCSIFPFLAGS SIOCDIFADDR SIOCGIFCOUNT" +
		" SIOCGIFBR SIOCSIFBR SIOCGIFVLAN SIOCSIFVLAN SIOCADDDLCI SIOCDELDLCI" +
		" SIOCETHTOOL SIOCGMIIPHY SIOCGMIIREG SIOCSMIIREG SIOCWANDEV SIOCSHWTSTAMP SIOCGHWTSTAMP" +
		" SIOCBONDENSLAVE SIOCBONDRELEASE SIOCBONDSETHWADDR SIOCBONDSLAVEINFOQUERY" +
		" SIOCBONDINFOQUERY SIOCBONDCHANGEACTIVE", Addr},
}

// ifReq is struct ifreq with one member of its union ifr_ifru. The union has the
// size of ifr_map.
func ifReq(member string, t Type) *Struct {
	return &Struct{Fields: Fields{
		{"ifr_name", CharArray(tables.IFNAMSIZ)},
		{"", &Union{On: Const(0), Arms: Arms{{&NamedArm{Name: member, Type: t}, Nums{0}}, {ifMap, nil}}}},
	}}
}

// getsInterface is an argument that queries a member of the interface that it
// names.
type getsInterface struct {
	WordSized
	member string
	of     Type

	made atomic.Pointer[Fill]
}

// fill returns the argument as a Fill.
func (t *getsInterface) fill() *Fill {
	f := t.made.Load()
	if f == nil {
		r := ifReq(t.member, t.of)
		f = &Fill{In: &Struct{Of: r, Pick: Names{"ifr_name"}}, Out: &Struct{Of: r, Pick: Names{""}}}
		t.made.Store(f)
	}
	return f
}

func (t *getsInterface) Dir() Dir { return Both }

func (t *getsInterface) Show(c *Call, v View) { t.fill().Show(c, v) }

// Finish shows the member.
func (t *getsInterface) Finish(c *Call, v View) { t.fill().Finish(c, v) }

// setsInterface is an argument that sets a member of the interface that it names.
type setsInterface struct {
	WordSized
	member string
	of     Type

	made atomic.Pointer[Ptr]
}

func (t *setsInterface) Show(c *Call, v View) {
	p := t.made.Load()
	if p == nil {
		p = &Ptr{To: ifReq(t.member, t.of)}
		t.made.Store(p)
	}
	p.Show(c, v)
}

var (
	ifIndexed = &Struct{Of: &Struct{Fields: Fields{
		{"ifr_name", CharArray(tables.IFNAMSIZ)}, {"", &Union{On: Const(0), Arms: Arms{{&NamedArm{Name: "ifr_ifindex", Type: Int}, Nums{0}}, {ifMap, nil}}}},
	}}, Pick: Names{""}}

	interfaceFlags = &Flags{In: X16, Set: &tables.InterfaceFlags}

	// struct ifmap
	ifMap = &Struct{Fields: Fields{
		{"mem_start", Xlong}, {"mem_end", Xlong}, {"base_addr", X16}, {"irq", X8}, {"dma", X8}, {"port", X8},
	}}

	// struct sockaddr, decoded by its family
	sockaddrHere = sockaddrInReq{}

	// struct sockaddr with a hardware address
	hardwareSockaddr = &Struct{Fields: Fields{
		{"sa_family", &Enum{In: X16, Set: &tables.ArpHardware}},
		{"", &Union{On: Ref("sa_family"), Arms: Arms{
			{&NamedArm{Name: "sa_data", Type: hardwareData(6)}, Nums{tables.ARPHRD_ETHER, tables.ARPHRD_IEEE802, tables.ARPHRD_LOOPBACK, tables.ARPHRD_FDDI,
				tables.ARPHRD_HIPPI, tables.ARPHRD_IEEE80211, tables.ARPHRD_IEEE80211_PRISM, tables.ARPHRD_IEEE80211_RADIOTAP}},
			{&NamedArm{Name: "sa_data", Type: hardwareData(0)}, Nums{tables.ARPHRD_SLIP, tables.ARPHRD_X25, tables.ARPHRD_CAN, tables.ARPHRD_PPP, tables.ARPHRD_RAWHDLC,
				tables.ARPHRD_RAWIP, tables.ARPHRD_IPDDP, tables.ARPHRD_PIMREG, tables.ARPHRD_CAIF, tables.ARPHRD_NETLINK, tables.ARPHRD_VSOCKMON}},
			{&NamedArm{Name: "sa_data", Type: hardwareData(1)}, Nums{tables.ARPHRD_ARCNET, tables.ARPHRD_MCTP, tables.ARPHRD_LOCALTLK, tables.ARPHRD_PHONET,
				tables.ARPHRD_PHONET_PIPE}},
			{&NamedArm{Name: "sa_data", Type: hardwareData(2)}, Nums{tables.ARPHRD_DLCI}},
			{&NamedArm{Name: "sa_data", Type: hardwareData(4)}, Nums{tables.ARPHRD_TUNNEL, tables.ARPHRD_SIT, tables.ARPHRD_IPGRE, tables.ARPHRD_IRDA}},
			{&NamedArm{Name: "sa_data", Type: hardwareData(5)}, Nums{tables.ARPHRD_ROSE}},
			{&NamedArm{Name: "sa_data", Type: hardwareData(7)}, Nums{tables.ARPHRD_NETROM, tables.ARPHRD_AX25}},
			{&NamedArm{Name: "sa_data", Type: hardwareData(8)}, Nums{tables.ARPHRD_EUI64, tables.ARPHRD_IEEE802154, tables.ARPHRD_IEEE802154_MONITOR, tables.ARPHRD_6LOWPAN}},
			{&NamedArm{Name: "sa_data", Type: hardwareData(14)}, nil},
		}}},
	}}
)

// hardwareData is the data of a struct sockaddr. Its first bytes, as many as the
// number, are a hardware address.
type hardwareData int

// Layout implements Type.
func (hardwareData) Layout(tables.ABI) Layout { return Layout{Size: 14, Align: 1} }

func (n hardwareData) Show(c *Call, v View) {
	c.Out.Native(v.B)
	c.Out.Text(output.AsString(AppendMAC(c.Alloc(3 * int(n))[:0], v.B[:n])))
	c.Out.EndNamed()
}

type sockaddrInReq struct{}

func (sockaddrInReq) Layout(tables.ABI) Layout {
	const size = 16 // of struct sockaddr_in, linux/in.h
	return Layout{Size: size, Align: 2}
}

func (sockaddrInReq) Show(c *Call, v View) { ShowSockaddrView(c, v) }

// ifConf is the argument of SIOCGIFCONF. Without a buffer the kernel returns the
// required length; otherwise it fills the buffer and updates the length.
var ifConf = &ifConfArg{}

type ifConfArg struct{ WordSized }

var (
	// struct ifconf
	ifConfStruct = &Struct{Fields: Fields{{"ifc_len", Int}, {"ifc_buf", Addr}}}

	ifConfReq = &Struct{Fields: Fields{
		{"ifr_name", CharArray(tables.IFNAMSIZ)}, {"", &Union{On: Const(0), Arms: Arms{{&NamedArm{Name: "ifr_addr", Type: sockaddrHere}, Nums{0}}, {ifMap, nil}}}},
	}}
)

func (*ifConfArg) Dir() Dir { return Both }

// read reads the members of the struct that v points to.
func (*ifConfArg) read(c *Call, v View) (length int32, buf uint64, ok bool) {
	addr := v.Uint(c.WordSize())
	if addr == 0 {
		return 0, 0, false
	}
	m, ok := c.ReadType(addr, ifConfStruct)
	if !ok {
		return 0, 0, false
	}
	n, _ := ifConfStruct.NumberIn(c, "ifc_len", m)
	buf = ifConfStruct.Member(c, "ifc_buf", m).Uint(c.WordSize())
	return int32(n), buf, true
}

func (t *ifConfArg) Show(c *Call, v View) {
	length, buf, ok := t.read(c, v)
	if c.Begun = ok; !ok {
		c.Out.Addr(v.Uint(c.WordSize()))
		return
	}
	c.Out.BeginStruct()
	c.Out.Field("ifc_len")
	if buf != 0 {
		showIfConfLen(c, length)
	}
	c.Before = uint64(uint32(length))
}

func (t *ifConfArg) Finish(c *Call, v View) {
	if !c.Begun {
		return
	}
	was := int32(uint32(c.Before))
	length, buf, ok := t.read(c, v)
	switch {
	case !ok || buf == 0:
		showIfConfLen(c, length)
	case length != was:
		c.Out.Changed()
		showIfConfLen(c, length)
	}
	c.Out.Field("ifc_buf")
	if buf == 0 || c.Failed() {
		c.Out.Addr(buf)
	} else {
		c.ShowArray(buf, ifConfReq, uint64(length)/uint64(ifConfReq.Layout(c.ABI).Size))
	}
	c.Out.EndStruct()
}

// showIfConfLen shows a length as the number of structs that fit into it.
func showIfConfLen(c *Call, length int32) {
	c.Out.Number(uint64(int64(length)), output.Signed)
	size := int32(ifConfReq.Layout(c.ABI).Size)
	if length > 0 && length%size == 0 {
		c.Out.Comment(output.Note, strconv.Itoa(int(length/size))+" * sizeof(struct ifreq)")
	}
}
