package netlink

import (
	. "trapline/decode/lang"
	"trapline/tables"
)

// Cryptographic algorithms of the kernel (linux/cryptouser.h), and other
// protocols with few kinds of messages.

const cryptoName = 64 // CRYPTO_MAX_NAME

// struct crypto_user_alg
var cryptoMessage = &Struct{Fields: Fields{
	{"cru_name", CharArray(cryptoName)}, {"cru_driver_name", CharArray(cryptoName)}, {"cru_module_name", CharArray(cryptoName)},
	{"cru_type", X32}, {"cru_mask", X32}, {"cru_refcnt", U32}, {"cru_flags", X32},
}}

var cryptoAttributes = &Attributes{Set: &tables.CryptoAttr, Prefix: "CRYPTOCFGA_", Types: []attributeTypes{
	{U32, "PRIORITY_VAL"},
	{AtAddr(func(c *Call, addr uint64) {
		c.Out.BeginStruct()
		c.Out.Field("type")
		showText(c, addr)
		c.Out.EndStruct()
	}), "REPORT_LARVAL REPORT_COMPRESS REPORT_AKCIPHER REPORT_KPP REPORT_ACOMP REPORT_SIG"},
	{&cryptoReport{of: &Struct{Fields: Fields{{"type", CharArray(cryptoName)}, {"blocksize", U32}, {"digestsize", U32}}}}, "REPORT_HASH"},
	{&cryptoReport{of: &Struct{Fields: Fields{
		{"type", CharArray(cryptoName)},
		{"geniv", CharArray(cryptoName)}, {"blocksize", U32}, {"min_keysize", U32}, {"max_keysize", U32}, {"ivsize", U32},
	}}}, "REPORT_BLKCIPHER"},
	{&cryptoReport{of: &Struct{Fields: Fields{{"type", CharArray(cryptoName)}, {"geniv", CharArray(cryptoName)}, {"blocksize", U32}, {"maxauthsize", U32}, {"ivsize", U32}}}}, "REPORT_AEAD"},
	{&cryptoReport{of: &Struct{Fields: Fields{{"type", CharArray(cryptoName)}, {"seedsize", U32}}}}, "REPORT_RNG"},
	{&cryptoReport{of: &Struct{Fields: Fields{{"type", CharArray(cryptoName)}, {"blocksize", U32}, {"min_keysize", U32}, {"max_keysize", U32}}}}, "REPORT_CIPHER"},
}}

// cryptoReport is a struct crypto_report_*. A payload that is too short for it is
// shown as text.
type cryptoReport struct {
	payloadOnly
	of *Struct
}

// ShowAt implements Reader.
func (t *cryptoReport) ShowAt(c *Call, addr uint64) {
	if payload := shownNetlink.Of(c).payload; payload < t.of.Layout(c.ABI).Size {
		c.ShowBytes(addr, uint64(payload))
	} else {
		showPayload(c, t.of, addr, payload)
	}
}

// showCryptoBody shows a message about an algorithm.
func showCryptoBody(c *Call, msg *messageHeader, addr uint64) bool {
	switch name, _ := tables.CryptoMsgType.Lookup(uint64(msg.kind)); name {
	case "CRYPTO_MSG_NEWALG", "CRYPTO_MSG_DELALG", "CRYPTO_MSG_UPDATEALG", "CRYPTO_MSG_GETALG":
	default:
		return false
	}
	size := cryptoMessage.Layout(c.ABI).Size
	if shownNetlink.Of(c).payload < size {
		c.ShowBytes(addr, uint64(shownNetlink.Of(c).payload))
		return true
	}
	showPayload(c, &followedStruct{cryptoMessage, cryptoAttributes}, addr, shownNetlink.Of(c).payload)
	return true
}

func cryptoFlags(msgType uint16) *tables.Set {
	switch name, _ := tables.CryptoMsgType.Lookup(uint64(msgType)); name {
	case "CRYPTO_MSG_NEWALG":
		return &tables.NlmNewFlags
	case "CRYPTO_MSG_DELALG", "CRYPTO_MSG_DELRNG":
		return &tables.NlmDeleteFlags
	case "CRYPTO_MSG_GETALG":
		return &tables.NlmGetFlags
	}
	return nil
}

// showSELinuxBody shows a message of SELinux (linux/selinux_netlink.h).
func showSELinuxBody(c *Call, msg *messageHeader, addr uint64) bool {
	switch name, _ := tables.SELinuxMsgType.Lookup(uint64(msg.kind)); name {
	case "SELNL_MSG_SETENFORCE":
		showPayload(c, selinuxEnforce, addr, shownNetlink.Of(c).payload)
	case "SELNL_MSG_POLICYLOAD":
		showPayload(c, selinuxPolicy, addr, shownNetlink.Of(c).payload)
	default:
		return false
	}
	return true
}

var (
	selinuxEnforce = &Struct{Fields: Fields{{"val", S32}}}
	selinuxPolicy  = &Struct{Fields: Fields{{"seqno", U32}}}
)

// xfrmFlags returns the names of the flags of an XFRM message (linux/xfrm.h).
func xfrmFlags(msgType uint16) *tables.Set {
	switch name, _ := tables.XfrmMsgType.Lookup(uint64(msgType)); name {
	case "XFRM_MSG_NEWSA", "XFRM_MSG_NEWPOLICY", "XFRM_MSG_NEWAE", "XFRM_MSG_NEWSADINFO", "XFRM_MSG_NEWSPDINFO":
		return &tables.NlmNewFlags
	case "XFRM_MSG_DELSA", "XFRM_MSG_DELPOLICY":
		return &tables.NlmDeleteFlags
	case "XFRM_MSG_GETSA", "XFRM_MSG_GETPOLICY", "XFRM_MSG_GETAE", "XFRM_MSG_GETSADINFO", "XFRM_MSG_GETSPDINFO":
		return &tables.NlmGetFlags
	}
	return nil
}
