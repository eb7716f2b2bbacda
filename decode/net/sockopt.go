package net

import (
	"math/bits"
	"strconv"

	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// Socket options: getsockopt(2), setsockopt(2).

var sockoptCalls = Calls{
	{"getsockopt", Args{
		{"sockfd", FD}, {"level", &Enum{Set: &tables.SocketLevel}}, {"optname", &Shown{As: Ulong, C: "int", At: In, Sees: Ulong, By: showGetOption}},
		{"optval", &Early{If: Test(noLength), Of: &Shown{As: Ulong, C: "char *", At: Exit, Sees: &Out{To: optionMemory{}}, By: showGotOption}}}, {"optlen", &Early{If: Test(noLength), Of: &InOut{To: Int, Always: true}}},
	}, RetUnsigned},
	{"setsockopt", Args{
		{"sockfd", FD}, {"level", &Enum{Set: &tables.SocketLevel}}, {"optname", &Shown{As: Ulong, C: "int", At: In, Sees: Ulong, By: showSetOption}},
		{"optval", &Shown{As: Ulong, C: "char *", At: In, Sees: &Ptr{To: optionMemory{}}, By: showSettingOption}}, {"optlen", Int},
	}, RetUnsigned},
}

// noLength reports whether optlen is null, so that getsockopt cannot return the
// length of the value.
func noLength(c *Call) bool { return c.ArgView(c.ArgNamed("optlen")).Uint(c.WordSize()) == 0 }

func showGetOption(c *Call, v View) { showOptionName(c, uint32(v.Uint(4)), false) }

func showSetOption(c *Call, v View) { showOptionName(c, uint32(v.Uint(4)), true) }

func showOptionName(c *Call, name uint32, set bool) {
	level := optionLevels.Get()[uint64(uint32(Ref("level").Num(c)))]
	switch {
	case level == nil:
		c.Out.Number(uint64(name), output.Unsigned)
	case set && level.set != nil:
		c.Out.Enum(uint64(name), level.set, output.Hex)
	default:
		c.Out.Enum(uint64(name), level.names, output.Hex)
	}
}

// showGotOption shows the value that getsockopt wrote.
func showGotOption(c *Call, v View) {
	addr := v.Uint(c.WordSize())
	room, known := c.ReadBefore("optlen")
	size, ok := c.ReadUint(c.ArgView(c.ArgNamed("optlen")).Uint(c.WordSize()), 4)
	if c.Failed() || !known || !ok || int32(room) <= 0 || int32(size) <= 0 || addr == 0 || c.Plain {
		c.Out.Addr(addr)
		return
	}
	optionOf(c, false).show(c, addr, int32(size))
}

// showSettingOption shows the value that setsockopt reads.
func showSettingOption(c *Call, v View) {
	addr := v.Uint(c.WordSize())
	if addr == 0 || c.Plain {
		c.Out.Addr(addr)
		return
	}
	optionOf(c, true).show(c, addr, int32(Ref("optlen").Num(c)))
}

// optionMemory stands for the functions that show options: it reads what any of
// them reads.
type optionMemory struct{ Unsized }

// Show is never called.
func (optionMemory) Show(*Call, View) {}

func (optionMemory) ShowAt(*Call, uint64) {}

// Keep implements keeper of package lang.
func (optionMemory) Keep(k *Keeps) {
	if !k.Abbrev {
		k.Gap("the program of a filter may be behind it")
	}
	k.Bytes(Int.SizeIn(k.ABI)) // some options read an int, whatever the length is
	k.Elements(Ref("optlen"), 1, max(largestOption, uint64(k.Decoder.StringLimit)+1))
}

// largestOption exceeds the size in bytes of every struct that is a value.
const largestOption = 512

// optionValue describes how the value of an option is shown.
type optionValue struct {
	t     Type
	short shortValue
	// custom shows a value of size bytes. It replaces t.
	custom func(c *Call, addr uint64, size int32)
}

// shortValue says what is shown of a value whose size differs from its type's.
type shortValue uint8

const (
	anyData   shortValue = iota // without a type: a number if the size is that of one, else data
	atLeast                     // shorter: the address
	sameSize                    // of another size: the address
	orBytes                     // shorter: bytes
	onlyBytes                   // of another size: bytes
	inPart                      // shorter: the members that fit
	anySize                     // the size does not matter
)

func (o optionValue) show(c *Call, addr uint64, size int32) {
	if o.custom != nil {
		o.custom(c, addr, size)
		return
	}
	if o.short == anyData {
		if size == 4 {
			c.ShowAt(addr, Int)
		} else {
			c.ShowBytes(addr, uint64(extend(c, size)))
		}
		return
	}
	full := int32(o.t.Layout(c.ABI).Size)
	switch {
	case o.short == inPart:
		b, ok := c.ReadAll(addr, int(min(size, full)))
		if !ok {
			c.Out.Addr(addr)
			return
		}
		o.t.(*Struct).ShowPart(c, View{B: b, Addr: addr})
		return
	case o.short == anySize:
	case o.short == sameSize && size != full, o.short == atLeast && size < full:
		c.Out.Addr(addr)
		return
	case o.short == onlyBytes && size != full, o.short == orBytes && size < full:
		c.ShowBuffer(addr, uint64(extend(c, size)), Binary)
		return
	}
	c.ShowAt(addr, o.t)
}

// extend converts an int length of a call to the unsigned word that strace uses. So a
// negative length exceeds any limit.
func extend(c *Call, n int32) uint64 {
	if c.WordSize() == 4 {
		return uint64(uint32(n))
	}
	return uint64(n)
}

// optionLevel describes the options of one level.
type optionLevel struct {
	names *tables.Set // names of getsockopt's options
	set   *tables.Set // names of setsockopt's options; nil if they are the same
	// The types of values, by option number; and of all other options.
	get, put           map[uint64]optionValue
	otherGet, otherPut optionValue
}

func optionOf(c *Call, put bool) optionValue {
	level := optionLevels.Get()[uint64(uint32(Ref("level").Num(c)))]
	if level == nil {
		return optionValue{}
	}
	values, other := level.get, level.otherGet
	if put {
		values, other = level.put, level.otherPut
	}
	if v, ok := values[uint64(uint32(Ref("optname").Num(c)))]; ok {
		return v
	}
	return other
}

var (
	getInt = optionValue{t: Int, short: orBytes}
	putInt = optionValue{t: Int, short: atLeast}
	anyInt = optionValue{t: Int, short: anySize}
)

var optionLevels = Lazy[map[uint64]*optionLevel]{Make: func() map[uint64]*optionLevel {
	return map[uint64]*optionLevel{
		tables.SOL_SOCKET: {
			names: &tables.SockGetOpt, set: &tables.SockSetOpt,
			get: withInts(getInt, map[uint64]optionValue{
				tables.SO_LINGER:     {t: linger, short: inPart},
				tables.SO_PEERCRED:   {t: credentials, short: inPart},
				tables.SO_GET_FILTER: {custom: showAttachedFilter},
				tables.SO_ERROR:      {t: optionError, short: orBytes},
				tables.SO_TXREHASH:   {t: &Enum{In: S32, Set: &tables.TxRehash}, short: orBytes},
				tables.SO_PEERPIDFD:  {t: FD, short: orBytes},
			}),
			put: withInts(putInt, map[uint64]optionValue{
				tables.SO_LINGER:                {t: linger, short: atLeast},
				tables.SO_ATTACH_FILTER:         {t: &SocketFilter, short: sameSize},
				tables.SO_ATTACH_REUSEPORT_CBPF: {t: &SocketFilter, short: sameSize},
				tables.SO_TXREHASH:              {t: &Enum{In: S32, Set: &tables.TxRehash}, short: atLeast},
			}),
		},
		tables.SOL_IP: {
			names: &tables.IPGetOpt, set: &tables.IPSetOpt,
			get: map[uint64]optionValue{
				tables.IP_LOCAL_PORT_RANGE: {t: portRange, short: onlyBytes},
				tables.IP_PROTOCOL:         {t: ipProtocol, short: onlyBytes},
			},
			put: map[uint64]optionValue{
				tables.IP_ADD_MEMBERSHIP:   {t: multicastRequest, short: atLeast},
				tables.IP_DROP_MEMBERSHIP:  {t: multicastRequest, short: atLeast},
				tables.MCAST_JOIN_GROUP:    {t: groupRequest, short: atLeast},
				tables.MCAST_LEAVE_GROUP:   {t: groupRequest, short: atLeast},
				tables.IP_LOCAL_PORT_RANGE: {t: portRange, short: onlyBytes},
			},
		},
		tables.SOL_IPV6: {
			names: &tables.IPv6GetOpt, set: &tables.IPv6SetOpt,
			put: map[uint64]optionValue{
				tables.IPV6_ADD_MEMBERSHIP:  {t: multicastRequest6, short: atLeast},
				tables.IPV6_DROP_MEMBERSHIP: {t: multicastRequest6, short: atLeast},
				tables.IPV6_JOIN_ANYCAST:    {t: multicastRequest6, short: atLeast},
				tables.IPV6_LEAVE_ANYCAST:   {t: multicastRequest6, short: atLeast},
				tables.MCAST_JOIN_GROUP:     {t: groupRequest, short: atLeast},
				tables.MCAST_LEAVE_GROUP:    {t: groupRequest, short: atLeast},
			},
		},
		tables.SOL_PACKET: {
			names: &tables.PacketOpt,
			get:   map[uint64]optionValue{tables.PACKET_STATISTICS: {t: packetStatistics, short: inPart}},
			put: map[uint64]optionValue{
				tables.PACKET_RX_RING:         {t: packetRing, short: sameSize},
				tables.PACKET_TX_RING:         {t: packetRing, short: sameSize},
				tables.PACKET_ADD_MEMBERSHIP:  {t: packetMembership, short: sameSize},
				tables.PACKET_DROP_MEMBERSHIP: {t: packetMembership, short: sameSize},
			},
		},
		tables.SOL_RAW: {
			names: &tables.RawOpt,
			get:   map[uint64]optionValue{icmpFilter: {custom: showICMPFilter}},
			put:   map[uint64]optionValue{icmpFilter: {custom: showICMPFilter}},
		},
		tables.SOL_NETLINK: {
			names: &tables.NetlinkOpt,
			get: map[uint64]optionValue{tables.NETLINK_LIST_MEMBERSHIPS: {custom: func(c *Call, addr uint64, size int32) {
				room, _ := c.ReadBefore("optlen")
				c.ShowArray(addr, Uint, uint64(min(size, int32(room))/4))
			}}},
			otherGet: anyInt, otherPut: putInt,
		},
		tables.SOL_TCP: {
			names: &tables.TCPOpt,
			put:   map[uint64]optionValue{ValueNamed(&tables.TCPOpt, "TCP_AO_ADD_KEY"): {custom: showTCPKey}},
		},
		tables.SOL_TIPC: {
			names: &tables.TIPCOpt,
			get: map[uint64]optionValue{
				tables.TIPC_IMPORTANCE: {t: &Enum{Set: &tables.TIPCImportance}, short: atLeast},
				tables.TIPC_GROUP_JOIN: {t: tipcGroup, short: atLeast},
			},
			put: map[uint64]optionValue{
				tables.TIPC_IMPORTANCE: {t: &Enum{Set: &tables.TIPCImportance}, short: atLeast},
				tables.TIPC_GROUP_JOIN: {t: tipcGroup, short: atLeast},
			},
			otherGet: anyInt, otherPut: anyInt,
		},
		// The vsock family uses its own number as its level.
		tables.AF_VSOCK:      {names: &tables.VsockOpt},
		tables.SOL_UDP:       {names: &tables.UDPOpt},
		tables.SOL_CAN_RAW:   {names: &tables.CANRawOpt},
		tables.SOL_LLC:       {names: &tables.LLCOpt},
		tables.SOL_DCCP:      {names: &tables.DCCPOpt},
		tables.SOL_RXRPC:     {names: &tables.RxrpcOpt},
		tables.SOL_PPPOL2TP:  {names: &tables.L2TPOpt},
		tables.SOL_BLUETOOTH: {names: &tables.BluetoothOpt},
		tables.SOL_PNPIPE:    {names: &tables.PhonetPipeOpt},
		tables.SOL_RDS:       {names: &tables.RDSOpt},
		tables.SOL_IUCV:      {names: &tables.IUCVOpt},
		tables.SOL_CAIF:      {names: &tables.CAIFOpt},
		tables.SOL_ALG:       {names: &tables.ALGOpt},
		tables.SOL_NFC:       {names: &tables.NFCLLCPOpt},
		tables.SOL_KCM:       {names: &tables.KCMOpt},
		tables.SOL_TLS:       {names: &tables.TLSOpt},
		tables.SOL_XDP:       {names: &tables.XDPOpt},
		tables.SOL_IRDA:      {names: &tables.IrDAOpt},
		// Levels that only the kernel's internal linux/socket.h names.
		ValueNamed(&tables.SocketLevel, "SOL_SCTP"): {names: &tables.SCTPOpt},
		ValueNamed(&tables.SocketLevel, "SOL_IPX"):  {names: &tables.IPXOpt},
		ValueNamed(&tables.SocketLevel, "SOL_AX25"): {names: &tables.AX25Opt},
	}
}}

// withInts adds the options of SOL_SOCKET whose values are ints.
func withInts(v optionValue, values map[uint64]optionValue) map[uint64]optionValue {
	for _, name := range tables.SockIntOpt.Consts {
		values[name.Value] = v
	}
	return values
}

// icmpFilter is ICMP_FILTER of linux/icmp.h.
const icmpFilter = 1

// Values of options.
var (
	linger = &Struct{Fields: Fields{{"l_onoff", Int}, {"l_linger", Int}}}

	optionError = &errorNumber{U32}

	// struct ip_mreq (linux/in.h), ipv6_mreq (linux/in6.h), group_req (linux/in.h)
	multicastRequest  = &Struct{C: "ip_mreqn", Fields: Fields{{"imr_multiaddr", InetAddr}, {"imr_interface", InetAddr}}}
	multicastRequest6 = &Struct{Fields: Fields{{"ipv6mr_multiaddr", Inet6Addr}, {"ipv6mr_interface", IfIndex}}}
	groupRequest      = &Struct{C: "group_req", Fields: Fields{{"gr_interface", IfIndex}, {"gr_group", SockaddrStorage}}}

	// struct tpacket_stats_v3, tpacket_req, packet_mreq (linux/if_packet.h)
	packetStatistics = &Struct{C: "tpacket_stats_v3", Fields: Fields{{"tp_packets", Uint}, {"tp_drops", Uint}, {"tp_freeze_q_cnt", Uint}}}
	packetRing       = &Struct{C: "tpacket_stats_v3", Fields: Fields{
		{"tp_block_size", Uint}, {"tp_block_nr", Uint}, {"tp_frame_size", Uint}, {"tp_frame_nr", Uint},
	}}
	packetMembership = &Struct{Fields: Fields{
		{"mr_ifindex", IfIndex}, {"mr_type", &Enum{In: X16, Set: &tables.PacketMreqType}}, {"mr_alen", U16},
		{"mr_address", &MACOf{N: 8, Len: Ref("mr_alen")}},
	}}

	// struct tipc_group_req (linux/tipc.h)
	tipcGroup = &Struct{C: "tipc_group_req", Fields: Fields{
		{"type", U32}, {"instance", U32}, {"scope", &Enum{Set: &tables.TIPCScope}}, {"flags", &Flags{Set: &tables.TIPCGroupFlags}},
	}}
)

// errorNumber is an errno: ECONNREFUSED.
type errorNumber struct{ Number }

func (t *errorNumber) Show(c *Call, v View) {
	n := t.Value(c, v)
	if name := tables.ErrnoName(uint32(n)); name != "" && n != 0 {
		c.Out.Symbol(n, name, output.Signed)
		return
	}
	c.Out.Number(n, output.Unsigned)
}

// portRange is two ports in one word, with the upper bound in the upper half.
var portRange = &ports{X32}

type ports struct{ Number }

func (t *ports) Show(c *Call, v View) {
	n := t.Value(c, v)
	lo, hi := n&0xffff, n>>16
	c.Out.Number(n, output.Hex)
	if n == 0 || lo != 0 && hi != 0 && lo > hi {
		return // not a range
	}
	b := c.Alloc(16)[:0]
	if lo != 0 {
		b = strconv.AppendUint(b, lo, 10)
	}
	b = append(b, ".."...)
	if hi != 0 {
		b = strconv.AppendUint(b, hi, 10)
	}
	c.Out.Comment(output.Gloss, output.AsString(b))
}

// showAttachedFilter shows the instructions that SO_GET_FILTER returned. The
// option's length is their number.
func showAttachedFilter(c *Call, addr uint64, count int32) {
	if count != int32(uint16(count)) {
		c.Out.Addr(addr)
		return
	}
	c.ShowAt(addr, &BPFInstructions{Count: Const(count), Constant: SocketFilterConstant})
}

// showICMPFilter shows the types of ICMP messages that a raw socket does not
// receive.
func showICMPFilter(c *Call, addr uint64, size int32) {
	size = min(size, 4)
	if size <= 0 {
		c.Out.Addr(addr)
		return
	}
	b, ok := c.ReadAll(addr, int(size))
	if !ok {
		c.Out.Addr(addr)
		return
	}
	// Bits that the caller did not pass are set.
	mask := ^uint32(0)<<(8*uint(size)&31) | uint32(View{B: b}.Uint(4))
	if size == 4 {
		mask = uint32(View{B: b}.Uint(4))
	}
	complement := bits.OnesCount32(mask) > 16
	if complement {
		mask = ^mask
	}
	c.Out.BeginSet(complement)
	for ; mask != 0; mask &= mask - 1 {
		c.Out.Elem()
		c.Out.Enum(uint64(bits.TrailingZeros32(mask)), &tables.ICMPFilter, output.Hex)
	}
	c.Out.EndSet()
}

// tcpKey is a struct tcp_ao_add (linux/tcp.h).
var tcpKey = &Struct{C: "tcp_ao_add", Of: &Struct{Fields: Fields{
	{"addr", SockaddrStorage}, {"alg_name", CharArray(64)}, {"ifindex", IfIndex}, {"flags", U32},
	{"_", U16}, {"prefix", U8}, {"sndid", U8}, {"rcvid", U8}, {"maclen", U8},
	{"keyflags", &Flags{In: X8, Set: &tables.TCPAOKeyFlags}}, {"keylen", U8}, {"key", &Chars{N: 80, Len: Ref("keylen"), Kind: Binary}},
	{"set_current", &BitField{Word: Ref("flags"), Shift: 0, Width: 1}}, {"set_rnext", &BitField{Word: Ref("flags"), Shift: 1, Width: 1}},
}}, Pick: Names{"addr", "prefix", "alg_name", "ifindex", "set_current", "set_rnext", "sndid", "rcvid", "maclen", "keyflags", "key", "keylen"}}

func showTCPKey(c *Call, addr uint64, size int32) {
	full := tcpKey.Layout(c.ABI).Size
	if size <= 0 {
		c.Out.Addr(addr)
		return
	}
	n := min(int(size), full)
	b, ok := c.ReadAll(addr, n)
	if !ok {
		c.Out.Addr(addr)
		return
	}
	// Missing members are zero.
	whole := c.Alloc(full)
	clear(whole[copy(whole, b):])
	tcpKey.Show(c, View{B: whole, Addr: addr})
}
