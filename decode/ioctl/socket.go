package ioctl

import (
	"strconv"

	"golang.org/x/sys/unix"

	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// Sockets and network interfaces: linux/sockios.h, linux/if.h.

var socketIoctls = Ioctls{
	{"FIOSETOWN SIOCSPGRP SIOCSIFENCAP", Ptr(Int)},
	{"FIOGETOWN SIOCGPGRP SIOCATMARK SIOCGIFENCAP SIOCOUTQNSD", Out(Int)},

	{"SIOCGIFCONF", ifConf},
	{"SIOCGIFNAME", Fill(ifIndexed, ifReq("ifr_name", CharArray(unix.IFNAMSIZ)).Pick("ifr_name"))},
	{"SIOCGIFINDEX", getsInterface("ifr_ifindex", Int)},
	{"SIOCSIFNAME", setsInterface("ifr_newname", CharArray(unix.IFNAMSIZ))},
	{"SIOCGIFFLAGS", getsInterface("ifr_flags", interfaceFlags)},
	{"SIOCSIFFLAGS", setsInterface("ifr_flags", interfaceFlags)},
	{"SIOCGIFADDR", getsInterface("ifr_addr", sockaddrHere)},
	{"SIOCSIFADDR", setsInterface("ifr_addr", sockaddrHere)},
	{"SIOCGIFDSTADDR", getsInterface("ifr_dstaddr", sockaddrHere)},
	{"SIOCSIFDSTADDR", setsInterface("ifr_dstaddr", sockaddrHere)},
	{"SIOCGIFBRDADDR", getsInterface("ifr_broadaddr", sockaddrHere)},
	{"SIOCSIFBRDADDR", setsInterface("ifr_broadaddr", sockaddrHere)},
	{"SIOCGIFNETMASK", getsInterface("ifr_netmask", sockaddrHere)},
	{"SIOCSIFNETMASK", setsInterface("ifr_netmask", sockaddrHere)},
	{"SIOCGIFHWADDR", getsInterface("ifr_hwaddr", hardwareSockaddr)},
	{"SIOCSIFHWADDR SIOCSIFHWBROADCAST SIOCADDMULTI SIOCDELMULTI", setsInterface("ifr_hwaddr", hardwareSockaddr)},
	{"SIOCGIFMETRIC", getsInterface("ifr_metric", Int)},
	{"SIOCSIFMETRIC", setsInterface("ifr_metric", Int)},
	{"SIOCGIFMTU", getsInterface("ifr_mtu", Int)},
	{"SIOCSIFMTU", setsInterface("ifr_mtu", Int)},
	{"SIOCGIFTXQLEN", getsInterface("ifr_qlen", Int)},
	{"SIOCSIFTXQLEN", setsInterface("ifr_qlen", Int)},
	{"SIOCGIFSLAVE", getsInterface("ifr_slave", CharArray(unix.IFNAMSIZ))},
	{"SIOCSIFSLAVE", setsInterface("ifr_slave", CharArray(unix.IFNAMSIZ))},
	{"SIOCGIFMAP", getsInterface("ifr_map", ifMap)},
	{"SIOCSIFMAP", setsInterface("ifr_map", ifMap)},

	{"SIOCBRADDBR SIOCBRDELBR", Ptr(StrN(unix.IFNAMSIZ))},
	{"SIOCBRADDIF SIOCBRDELIF", Ptr(ifReq("ifr_ifindex", IfIndex).Pick(""))},

	{"SIOCGSTAMP_OLD SIOCGSTAMP_NEW SIOCGSTAMPNS_OLD SIOCGSTAMPNS_NEW SIOCGSKNS" +
		" SIOCADDRT SIOCDELRT SIOCRTMSG SIOCDARP SIOCGARP SIOCSARP SIOCDRARP SIOCGRARP SIOCSRARP" +
		" SIOCSIFLINK SIOCGIFMEM SIOCSIFMEM SIOCGIFPFLAGS SIOCSIFPFLAGS SIOCDIFADDR SIOCGIFCOUNT" +
		" SIOCGIFBR SIOCSIFBR SIOCGIFVLAN SIOCSIFVLAN SIOCADDDLCI SIOCDELDLCI" +
		" SIOCETHTOOL SIOCGMIIPHY SIOCGMIIREG SIOCSMIIREG SIOCWANDEV SIOCSHWTSTAMP SIOCGHWTSTAMP" +
		" SIOCBONDENSLAVE SIOCBONDRELEASE SIOCBONDSETHWADDR SIOCBONDSLAVEINFOQUERY" +
		" SIOCBONDINFOQUERY SIOCBONDCHANGEACTIVE", Addr},
}

// ifReq is struct ifreq with a member of its union ifr_ifru, which is as large
// as ifr_map.
func ifReq(member string, t Type) *StructType {
	return Struct(Fields{
		{"ifr_name", CharArray(unix.IFNAMSIZ)},
		{"", Union(Const(0), Arm(One(member, t), 0), Arm(ifMap))},
	})
}

// getsInterface is an argument that asks for a member of what it names.
func getsInterface(member string, t Type) Type {
	r := ifReq(member, t)
	return Fill(r.Pick("ifr_name"), r.Pick(""))
}

// setsInterface is an argument that sets a member of what it names.
func setsInterface(member string, t Type) Type { return Ptr(ifReq(member, t)) }

var (
	ifIndexed = ifReq("ifr_ifindex", Int).Pick("")

	interfaceFlags = FlagsOf(X16, tables.InterfaceFlags)

	// struct ifmap
	ifMap = Struct(Fields{
		{"mem_start", Xlong}, {"mem_end", Xlong}, {"base_addr", X16}, {"irq", X8}, {"dma", X8}, {"port", X8},
	})

	// struct sockaddr, of which the family says more
	sockaddrHere Type = sockaddrInReq{}

	// struct sockaddr with a hardware address
	hardwareSockaddr = Struct(Fields{
		{"sa_family", EnumOf(X16, tables.ArpHardware)},
		{"", Union(Ref("sa_family"),
			Arm(One("sa_data", hardwareData(6)), unix.ARPHRD_ETHER, unix.ARPHRD_IEEE802, unix.ARPHRD_LOOPBACK, unix.ARPHRD_FDDI,
				unix.ARPHRD_HIPPI, unix.ARPHRD_IEEE80211, unix.ARPHRD_IEEE80211_PRISM, unix.ARPHRD_IEEE80211_RADIOTAP),
			Arm(One("sa_data", hardwareData(0)), unix.ARPHRD_SLIP, unix.ARPHRD_X25, unix.ARPHRD_CAN, unix.ARPHRD_PPP, unix.ARPHRD_RAWHDLC,
				unix.ARPHRD_RAWIP, unix.ARPHRD_IPDDP, unix.ARPHRD_PIMREG, unix.ARPHRD_CAIF, unix.ARPHRD_NETLINK, unix.ARPHRD_VSOCKMON),
			Arm(One("sa_data", hardwareData(1)), unix.ARPHRD_ARCNET, unix.ARPHRD_MCTP, unix.ARPHRD_LOCALTLK, unix.ARPHRD_PHONET,
				unix.ARPHRD_PHONET_PIPE),
			Arm(One("sa_data", hardwareData(2)), unix.ARPHRD_DLCI),
			Arm(One("sa_data", hardwareData(4)), unix.ARPHRD_TUNNEL, unix.ARPHRD_SIT, unix.ARPHRD_IPGRE, unix.ARPHRD_IRDA),
			Arm(One("sa_data", hardwareData(5)), unix.ARPHRD_ROSE),
			Arm(One("sa_data", hardwareData(7)), unix.ARPHRD_NETROM, unix.ARPHRD_AX25),
			Arm(One("sa_data", hardwareData(8)), unix.ARPHRD_EUI64, unix.ARPHRD_IEEE802154, unix.ARPHRD_IEEE802154_MONITOR, unix.ARPHRD_6LOWPAN),
			Arm(One("sa_data", hardwareData(14))),
		)},
	})
)

// hardwareData is the data of a struct sockaddr, the first n bytes of which are a
// hardware address.
func hardwareData(n int) Type {
	return ShownAs(MAC(14), func(c *Call, v View) {
		c.Out.Native(v.B)
		c.Out.Text(output.AsString(AppendMAC(c.Alloc(3 * n)[:0], v.B[:n])))
		c.Out.EndNamed()
	})
}

type sockaddrInReq struct{}

func (sockaddrInReq) Layout(tables.ABI) Layout {
	return Layout{Size: unix.SizeofSockaddrInet4, Align: 2}
}

func (sockaddrInReq) Show(c *Call, v View) { ShowSockaddrView(c, v) }

// ifConf is the argument of SIOCGIFCONF. Without a buffer the kernel tells how
// long it should be, else it fills it and changes the length.
var ifConf Type = &ifConfArg{WordLayout()}

type ifConfArg struct{ Layouts }

var (
	// struct ifconf
	ifConfStruct = Struct(Fields{{"ifc_len", Int}, {"ifc_buf", Addr}})

	ifConfReq = ifReq("ifr_addr", sockaddrHere)
)

func (*ifConfArg) Dir() Dir { return Both }

// read gives the members of the struct that v points to.
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

// showIfConfLen shows a length with the number of structs that fit.
func showIfConfLen(c *Call, length int32) {
	c.Out.Number(uint64(int64(length)), output.Signed)
	size := int32(ifConfReq.Layout(c.ABI).Size)
	if length > 0 && length%size == 0 {
		c.Out.Comment(output.Note, strconv.Itoa(int(length/size))+" * sizeof(struct ifreq)")
	}
}
