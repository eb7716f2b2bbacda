package netlink

import (
	"encoding/binary"

	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// Generic netlink (linux/genetlink.h): families of messages, to which the kernel
// assigns numbers when they are registered.

// genlFamilies returns the families that the host's kernel has, by number. It asks the host
// only once.
func genlFamilies(d *Decoder) *tables.Set {
	genl := genlSets.Of(d)
	if genl.Unknown == "" {
		*genl = tables.Set{Unknown: "GENERIC_FAMILY_???"}
		for _, f := range SettingsOf(d).Host().GenericFamilies() {
			genl.Consts = append(genl.Consts, tables.Const{Value: uint64(f.ID), Name: f.Name})
		}
	}
	return genl
}

var genlSets DecoderSlot[tables.Set]

func showGenericType(c *Call, msgType uint16) {
	c.Out.Enum(uint64(msgType), genlFamilies(c.Decoder), output.Hex)
}

func showGenericBody(c *Call, msg *messageHeader, addr uint64) bool {
	const header = 4 // struct genlmsghdr
	if shownNetlink.Of(c).payload < header || msg.kind == nlmsgDone {
		return false
	}
	b, ok := c.ReadAll(addr, header)
	if !ok {
		c.Out.Addr(addr)
		return true
	}
	control := msg.kind == tables.GENL_ID_CTRL
	c.Out.BeginStruct()
	c.Out.Field("cmd")
	if control {
		c.Out.Enum(uint64(b[0]), &tables.GenlCtrlCmd, output.Hex)
	} else {
		c.Out.Number(uint64(b[0]), output.Hex)
	}
	c.Out.Field("version")
	c.Out.Number(uint64(b[1]), output.Unsigned)
	if reserved := binary.LittleEndian.Uint16(b[2:]); reserved != 0 {
		c.Out.Field("reserved")
		c.Out.Number(uint64(reserved), output.Hex)
	}
	c.Out.EndStruct()
	if shownNetlink.Of(c).payload > header {
		c.Out.Elem()
		attrs := plainAttributes
		if control {
			attrs = genlControl
			shownNetlink.Of(c).genlCommands = [2]*tables.Set{&tables.GenlCtrlCmd, &tables.GenlCtrlCmd}
		}
		showPayload(c, attrs, addr+header, shownNetlink.Of(c).payload-header)
	}
	return true
}

// plainAttributes are attributes of unknown types.
var plainAttributes = &Attributes{Other: nil}

// genlFamilyCommands has the commands of each family: those in requests and those in answers.
var genlFamilyCommands = Lazy[map[string][2]*tables.Set]{Make: func() map[string][2]*tables.Set {
	return map[string][2]*tables.Set{
		"nlctrl":      {&tables.GenlCtrlCmd, &tables.GenlCtrlCmd},
		"devlink":     {&tables.DevlinkCmd, &tables.DevlinkCmd},
		"ethtool":     {&tables.EthtoolRequest, &tables.EthtoolReply},
		"IOAM6":       {&tables.IOAM6Cmd, &tables.IOAM6Cmd},
		"mptcp_pm":    {&tables.MPTCPCmd, &tables.MPTCPCmd},
		"netdev":      {&tables.NetdevCmd, &tables.NetdevCmd},
		"nl80211":     {&tables.NL80211Cmd, &tables.NL80211Cmd},
		"SEG6":        {&tables.Seg6Cmd, &tables.Seg6Cmd},
		"TASKSTATS":   {&tables.TaskstatsCmd, &tables.TaskstatsCmd},
		"tcp_metrics": {&tables.TCPMetricsCmd, &tables.TCPMetricsCmd},
		"thermal":     {&tables.ThermalCmd, &tables.ThermalCmd},
	}
}}

// genlControl are the attributes of the family that describes the other families.
var genlControl = &Attributes{Set: &tables.GenlCtrlAttr, Prefix: "CTRL_ATTR_", Types: []attributeTypes{
	{X16, "FAMILY_ID"},
	{AtAddr(func(c *Call, addr uint64) {
		const maxName = 16 // GENL_NAMSIZ
		if shownNetlink.Of(c).payload <= maxName {
			if b, ok := c.ReadAll(addr, shownNetlink.Of(c).payload); ok {
				if sets, ok := genlFamilyCommands.Get()[string(UntilNUL(b))]; ok {
					shownNetlink.Of(c).genlCommands = sets
				}
			}
		}
		c.ShowBuffer(addr, uint64(shownNetlink.Of(c).payload), ExpectNUL)
	}), "FAMILY_NAME"},
	{U32, "VERSION HDRSIZE MAXATTR OP"},
	{&Attributes{Other: &Attributes{Set: &tables.GenlOpAttr, Prefix: "CTRL_ATTR_OP_", Types: []attributeTypes{
		{&payloadFunc{least: 4, most: 8, exact: true, show: func(c *Call, v View) {
			direction := 0
			if c.Exiting() {
				direction = 1
			}
			c.Out.Enum(v.At(0, 4).Uint(4), shownNetlink.Of(c).genlCommands[direction], output.Hex)
		}}, "ID"},
		{&flagsIn{size: 4, set: &tables.GenlOpFlags}, "FLAGS"},
	}}}, "OPS"},
	{&Attributes{Other: &Attributes{Set: &tables.GenlMcastAttr, Prefix: "CTRL_ATTR_MCAST_GRP_", Types: []attributeTypes{
		{AtAddr(showAttrString), "NAME"},
		{X32, "ID"},
	}}}, "MCAST_GROUPS"},
	{&Attributes{Other: &Attributes{Other: &Attributes{Set: &tables.NlPolicyAttr, Prefix: "NL_POLICY_TYPE_ATTR_", Types: []attributeTypes{
		{&enumIn{size: 4, set: &tables.NlAttrType}, "TYPE"},
		{S64, "MIN_VALUE_S MAX_VALUE_S"},
		{U64, "MIN_VALUE_U MAX_VALUE_U"},
		{U32, "MIN_LENGTH MAX_LENGTH"},
		{X32, "POLICY_IDX POLICY_MAXTYPE BITFIELD32_MASK"},
		{X64, "MASK"},
	}}}}, "POLICY"},
	{&Attributes{Other: &Attributes{Set: &tables.GenlPolicyAttr, Prefix: "CTRL_ATTR_POLICY_", Types: []attributeTypes{{U32, "DO DUMP"}}}}, "OP_POLICY"},
}}
