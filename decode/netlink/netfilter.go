package netlink

import (
	"encoding/binary"
	"strings"

	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// Netfilter (linux/netfilter/nfnetlink.h): the type of a message consists of the
// number of a subsystem and the number of one of its messages.

// netfilterMessages are the messages of each subsystem.
var netfilterMessages = Lazy[map[string]*tables.Set]{Make: func() map[string]*tables.Set {
	return map[string]*tables.Set{
		"CTNETLINK":         &tables.NfCtMsg,
		"CTNETLINK_EXP":     &tables.NfExpMsg,
		"QUEUE":             &tables.NfQueueMsg,
		"ULOG":              &tables.NfUlogMsg,
		"OSF":               &tables.NfOsfMsg,
		"IPSET":             &tables.NfIpsetMsg,
		"ACCT":              &tables.NfAcctMsg,
		"CTNETLINK_TIMEOUT": &tables.NfCttimeoutMsg,
		"CTHELPER":          &tables.NfCthelperMsg,
		"NFTABLES":          &tables.NfTablesMsg,
		"NFT_COMPAT":        &tables.NfCompatMsg,
		"HOOK":              &tables.NfHookMsg,
	}
}}

const nfSubsys = "NFNL_SUBSYS_"

func netfilterSubsystem(msgType uint16) string {
	name, _ := tables.NetfilterSubsys.Lookup(uint64(msgType >> 8))
	return strings.TrimPrefix(name, nfSubsys)
}

func showNetfilterType(c *Call, msgType uint16) {
	if name, ok := tables.NfMsgType.Lookup(uint64(msgType)); ok {
		c.Out.Symbol(uint64(msgType), name, output.Hex)
		return
	}
	c.Out.Enum(uint64(msgType>>8), &tables.NetfilterSubsys, output.Hex)
	c.Out.Shift(8, "", output.Unsigned)
	c.Out.Join(output.Or)
	if set := netfilterMessages.Get()[netfilterSubsystem(msgType)]; set != nil {
		c.Out.Enum(uint64(msgType&0xff), set, output.Hex)
	} else {
		c.Out.Number(uint64(msgType&0xff), output.Hex)
	}
}

// netfilterFlags returns the names of a message's flags. They depend on the verb
// in the message's name.
func netfilterFlags(msgType uint16) *tables.Set {
	set := netfilterMessages.Get()[netfilterSubsystem(msgType)]
	if set == nil {
		return nil
	}
	name, _ := set.Lookup(uint64(msgType & 0xff))
	switch set {
	case &tables.NfQueueMsg, &tables.NfUlogMsg, &tables.NfOsfMsg, &tables.NfIpsetMsg:
		return nil
	}
	switch {
	case strings.Contains(name, "_GET"):
		return &tables.NlmGetFlags
	case strings.Contains(name, "_NEW"):
		return &tables.NlmNewFlags
	case strings.Contains(name, "_DEL"), strings.Contains(name, "_DESTROY"):
		return &tables.NlmDeleteFlags
	}
	return nil
}

func showNetfilterBody(c *Call, msg *messageHeader, addr uint64) bool {
	const header = 4 // struct nfgenmsg
	if msg.kind == nlmsgDone {
		return false
	}
	if shownNetlink.Of(c).payload < header {
		c.ShowBuffer(addr, uint64(shownNetlink.Of(c).payload), Binary)
		return true
	}
	b, ok := c.ReadAll(addr, header)
	if !ok {
		c.Out.Addr(addr)
		return true
	}
	c.Out.BeginStruct()
	c.Out.Field("nfgen_family")
	c.Out.Enum(uint64(b[0]), &tables.AddressFamily, output.Hex)
	c.Out.Field("version")
	c.Out.Enum(uint64(b[1]), &tables.NfVersion, output.Hex)
	c.Out.Field("res_id")
	raw, id := uint64(binary.LittleEndian.Uint16(b[2:])), uint64(binary.BigEndian.Uint16(b[2:]))
	nftables := ValueNamed(&tables.NetfilterSubsys, nfSubsys+"NFTABLES")
	ofTables := uint64(msg.kind>>8) == nftables
	switch {
	case ofTables && id == nftables:
		c.Out.Symbol(raw, "htons(NFNL_SUBSYS_NFTABLES)", output.Hex)
	case ofTables && raw == nftables: // the name that early programs used
		c.Out.Symbol(raw, nfSubsys+"NFTABLES", output.Hex)
	default:
		c.Out.BeginMacro("htons")
		c.Out.Elem()
		c.Out.Number(id, output.Unsigned)
		c.Out.EndMacro()
	}
	c.Out.EndStruct()
	if shownNetlink.Of(c).payload > header {
		c.Out.Elem()
		_, batch := tables.NfMsgType.Lookup(uint64(msg.kind))
		var attrs Type = plainAttributes
		if batch || msg.kind < nlmsgMinType {
			attrs = nil
		}
		showPayload(c, attrs, addr+header, shownNetlink.Of(c).payload-header)
	}
	return true
}
