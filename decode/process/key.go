package process

import (
	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// Key management: security/keys/keyctl.c, linux/keyctl.h.

var keyCalls = Calls{
	{"add_key", Args{
		{"type", String}, {"description", String}, {"payload", &Ptr{To: &Bytes{Len: Ref("plen")}}}, {"plen", Size}, {"keyring", keySerial},
	}, keyResult},
	{"request_key", Args{
		{"type", String}, {"description", String}, {"callout_info", String}, {"dest_keyring", keySerial},
	}, keyResult},
	{"keyctl", Args{{"operation", &Enum{Set: &tables.KeyctlCmd}}, {"", &Rest{On: Ref("operation"), Set: &tables.KeyctlCmd, Calls: keyctlCalls}}}, RetUnsigned},
}

// keySerial is a key_serial_t. Negative values are special keyrings.
var keySerial = &Enum{In: S32, Set: &tables.KeySpec}

var keyResult = RetUnsigned

var keyctlCalls = Calls{
	{"KEYCTL_GET_KEYRING_ID", Args{{"key", keySerial}, {"create", Int}}, keyResult},
	{"KEYCTL_JOIN_SESSION_KEYRING", Args{{"name", String}}, keyResult},
	{"KEYCTL_UPDATE", Args{{"key", keySerial}, {"payload", &Ptr{To: &Bytes{Len: Ref("plen")}}}, {"plen", Size}}, nil},
	{"KEYCTL_REVOKE KEYCTL_CLEAR KEYCTL_INVALIDATE KEYCTL_ASSUME_AUTHORITY", Args{{"key", keySerial}}, nil},
	{"KEYCTL_LINK KEYCTL_UNLINK", Args{{"key", keySerial}, {"keyring", keySerial}}, nil},
	{"KEYCTL_DESCRIBE KEYCTL_GET_SECURITY", Args{{"key", keySerial}, {"buffer", &Out{To: &Bytes{Len: keyRead, Kind: OrString}}}, {"buflen", Size}}, nil},
	{"KEYCTL_READ", Args{{"key", keySerial}, {"buffer", &Out{To: &Bytes{Len: keyRead}}}, {"buflen", Size}}, nil},
	{"KEYCTL_SEARCH", Args{{"keyring", keySerial}, {"type", String}, {"description", String}, {"dest_keyring", keySerial}}, keyResult},
	{"KEYCTL_CHOWN", Args{{"key", keySerial}, {"uid", ID}, {"gid", ID}}, nil},
	{"KEYCTL_SETPERM", Args{{"key", keySerial}, {"perms", &Flags{Set: &tables.KeyPerm}}}, nil},
	{"KEYCTL_INSTANTIATE", Args{{"key", keySerial}, {"payload", &Ptr{To: &Bytes{Len: Ref("plen")}}}, {"plen", Size}, {"keyring", keySerial}}, nil},
	{"KEYCTL_INSTANTIATE_IOV", Args{{"key", keySerial}, {"payload", &Ptr{To: &Iovecs{Count: Ref("plen")}}}, {"plen", Size}, {"keyring", keySerial}}, nil},
	{"KEYCTL_NEGATE", Args{{"key", keySerial}, {"timeout", Uint}, {"keyring", keySerial}}, nil},
	{"KEYCTL_REJECT", Args{{"key", keySerial}, {"timeout", Uint}, {"error", ErrorName}, {"keyring", keySerial}}, nil},
	{"KEYCTL_SET_REQKEY_KEYRING", Args{{"reqkey_defl", &Enum{In: S32, Set: &tables.KeyReqkey}}}, nil},
	{"KEYCTL_SET_TIMEOUT", Args{{"key", keySerial}, {"timeout", Uint}}, nil},
	{"KEYCTL_SESSION_TO_PARENT", nil, nil},
	{"KEYCTL_GET_PERSISTENT", Args{{"uid", ID}, {"keyring", keySerial}}, keyResult},
	{"KEYCTL_DH_COMPUTE", Args{
		{"dh_params", &Ptr{To: keyctlDHParams}}, {"buffer", &Out{To: &Bytes{Len: keyRead}}}, {"buflen", Size}, {"kdf_params", &Ptr{To: keyctlKDFParams}},
	}, nil},
	{"KEYCTL_PKEY_QUERY", Args{{"key", keySerial}, {"reserved", Xlong}, {"params", String}, {"info", &Out{To: keyctlPkeyQuery}}}, nil},
	{"KEYCTL_PKEY_ENCRYPT KEYCTL_PKEY_DECRYPT KEYCTL_PKEY_SIGN", Args{
		{"params", &Ptr{To: pkeyOut}}, {"info", String},
		{"in", &Ptr{To: pkeyData("in_len")}}, {"out", &Out{To: pkeyData("out_len")}},
	}, nil},
	{"KEYCTL_PKEY_VERIFY", Args{
		{"params", &Ptr{To: pkeyIn2}}, {"info", String},
		{"in", &Ptr{To: pkeyData("in_len")}}, {"in2", &Ptr{To: pkeyData("out_len")}},
	}, nil},
	{"KEYCTL_RESTRICT_KEYRING", Args{{"keyring", keySerial}, {"type", String}, {"restriction", String}}, nil},
	{"KEYCTL_MOVE", Args{
		{"key", keySerial}, {"from_keyring", keySerial}, {"to_keyring", keySerial}, {"flags", &Flags{Set: &tables.KeyctlMoveFlags}},
	}, nil},
	{"KEYCTL_CAPABILITIES", Args{{"buffer", &Out{To: AtAddr(showKeyctlCaps)}}, {"buflen", Size}}, nil},
	{"", Args{{"arg2", Xlong}, {"arg3", Xlong}, {"arg4", Xlong}, {"arg5", Xlong}}, nil},
}

// keyRead is the number of bytes that the kernel has written to a buffer. The
// result is the size of the whole data, which may be larger.
var keyRead = Min{Result, Ref("buflen")}

var keyctlDHParams = &Struct{C: "keyctl_dh_params", Fields: Fields{
	{"private", keySerial}, {"prime", keySerial}, {"base", keySerial},
}}

var keyctlKDFParams = &Struct{C: "keyctl_kdf_params", Fields: Fields{
	{"hashname", String},
	{"otherinfo", &Union{On: Ref("otherinfolen"), Arms: Arms{{Addr, Nums{0}}, {&Ptr{To: &Bytes{Len: Ref("otherinfolen")}}, nil}}}},
	{"otherinfolen", U32},
	{"__spare", Reserved{&Array{Of: X32, N: 8}}},
}}

var keyctlPkeyQuery = &Struct{C: "keyctl_pkey_query", Fields: Fields{
	{"supported_ops", &Flags{Set: &tables.KeyctlPkeyOps}},
	{"key_size", U32},
	{"max_data_size", U16},
	{"max_sig_size", U16},
	{"max_enc_size", U16},
	{"max_dec_size", U16},
	{"__spare", Reserved{&Array{Of: X32, N: 10}}},
}}

// pkeyOut and pkeyIn2 are a struct keyctl_pkey_params, in which one length is
// called out_len or in2_len.
var (
	pkeyOut = &Struct{Fields: Fields{
		{"key_id", keySerial}, {"in_len", U32}, {"out_len", U32}, {"__spare", Reserved{&Array{Of: X32, N: 7}}},
	}}
	pkeyIn2 = &Struct{Fields: Fields{
		{"key_id", keySerial}, {"in_len", U32}, {"in2_len", U32}, {"__spare", Reserved{&Array{Of: X32, N: 7}}},
	}}
)

// pkeyData is data whose length is in a member of params, named by its value. It
// is shown as an address if params could not be read.
type pkeyData string

// Layout implements Type.
func (pkeyData) Layout(tables.ABI) Layout { return Layout{Size: 0, Align: 1} }

// Show is never called, because the data is behind a pointer.
func (pkeyData) Show(*Call, View) {}

// ShowAt implements Reader.
func (t pkeyData) ShowAt(c *Call, addr uint64) {
	a := c.ArgNamed("params")
	v, ok := c.ReadType(c.ArgView(a).Uint(c.WordSize()), pkeyOut)
	if !ok {
		c.Out.Addr(addr)
		return
	}
	n, _ := pkeyOut.NumberIn(c, string(t), v)
	c.ShowBytes(addr, n)
}

// showKeyctlCaps shows the capability bytes. The first two have names.
func showKeyctlCaps(c *Call, addr uint64) {
	i := 0
	c.ShowArray(addr, &keyctlCap{X8, &i}, keyRead.Num(c))
}

type keyctlCap struct {
	Number
	i *int
}

func (t *keyctlCap) Show(c *Call, v View) {
	n := t.Value(c, v)
	switch *t.i {
	case 0:
		c.Out.Flags(n, &tables.KeyctlCaps0, output.Hex)
	case 1:
		c.Out.Flags(n, &tables.KeyctlCaps1, output.Hex)
	default:
		c.Out.Number(n, output.Hex)
	}
	*t.i++
}
