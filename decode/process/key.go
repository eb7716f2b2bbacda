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
		{"type", String}, {"description", String}, {"payload", Ptr(Buf(Ref("plen")))}, {"plen", Size}, {"keyring", keySerial},
	}, keyResult},
	{"request_key", Args{
		{"type", String}, {"description", String}, {"callout_info", String}, {"dest_keyring", keySerial},
	}, keyResult},
	{"keyctl", Args{{"operation", Enum(tables.KeyctlCmd)}, Rest(Ref("operation"), tables.KeyctlCmd, keyctlCalls)}, RetUnsigned},
}

// keySerial is a key_serial_t; negative ones stand for special keyrings.
var keySerial = EnumOf(S32, tables.KeySpec)

var keyResult = RetUnsigned

var keyctlCalls = Calls{
	{"KEYCTL_GET_KEYRING_ID", Args{{"key", keySerial}, {"create", Int}}, keyResult},
	{"KEYCTL_JOIN_SESSION_KEYRING", Args{{"name", String}}, keyResult},
	{"KEYCTL_UPDATE", Args{{"key", keySerial}, {"payload", Ptr(Buf(Ref("plen")))}, {"plen", Size}}, Ret{}},
	{"KEYCTL_REVOKE KEYCTL_CLEAR KEYCTL_INVALIDATE KEYCTL_ASSUME_AUTHORITY", Args{{"key", keySerial}}, Ret{}},
	{"KEYCTL_LINK KEYCTL_UNLINK", Args{{"key", keySerial}, {"keyring", keySerial}}, Ret{}},
	{"KEYCTL_DESCRIBE KEYCTL_GET_SECURITY", Args{{"key", keySerial}, {"buffer", Out(BufOrString(keyRead))}, {"buflen", Size}}, Ret{}},
	{"KEYCTL_READ", Args{{"key", keySerial}, {"buffer", Out(Buf(keyRead))}, {"buflen", Size}}, Ret{}},
	{"KEYCTL_SEARCH", Args{{"keyring", keySerial}, {"type", String}, {"description", String}, {"dest_keyring", keySerial}}, keyResult},
	{"KEYCTL_CHOWN", Args{{"key", keySerial}, {"uid", ID}, {"gid", ID}}, Ret{}},
	{"KEYCTL_SETPERM", Args{{"key", keySerial}, {"perms", Flags(tables.KeyPerm)}}, Ret{}},
	{"KEYCTL_INSTANTIATE", Args{{"key", keySerial}, {"payload", Ptr(Buf(Ref("plen")))}, {"plen", Size}, {"keyring", keySerial}}, Ret{}},
	{"KEYCTL_INSTANTIATE_IOV", Args{{"key", keySerial}, {"payload", Ptr(Iovecs(Ref("plen"), Unlimited))}, {"plen", Size}, {"keyring", keySerial}}, Ret{}},
	{"KEYCTL_NEGATE", Args{{"key", keySerial}, {"timeout", Uint}, {"keyring", keySerial}}, Ret{}},
	{"KEYCTL_REJECT", Args{{"key", keySerial}, {"timeout", Uint}, {"error", ErrorName}, {"keyring", keySerial}}, Ret{}},
	{"KEYCTL_SET_REQKEY_KEYRING", Args{{"reqkey_defl", EnumOf(S32, tables.KeyReqkey)}}, Ret{}},
	{"KEYCTL_SET_TIMEOUT", Args{{"key", keySerial}, {"timeout", Uint}}, Ret{}},
	{"KEYCTL_SESSION_TO_PARENT", nil, Ret{}},
	{"KEYCTL_GET_PERSISTENT", Args{{"uid", ID}, {"keyring", keySerial}}, keyResult},
	{"KEYCTL_DH_COMPUTE", Args{
		{"dh_params", Ptr(keyctlDHParams)}, {"buffer", Out(Buf(keyRead))}, {"buflen", Size}, {"kdf_params", Ptr(keyctlKDFParams)},
	}, Ret{}},
	{"KEYCTL_PKEY_QUERY", Args{{"key", keySerial}, {"reserved", Xlong}, {"params", String}, {"info", Out(keyctlPkeyQuery)}}, Ret{}},
	{"KEYCTL_PKEY_ENCRYPT KEYCTL_PKEY_DECRYPT KEYCTL_PKEY_SIGN", Args{
		{"params", Ptr(keyctlPkeyParams("out_len"))}, {"info", String},
		{"in", pkeyData(Ptr, "in_len")}, {"out", pkeyData(Out, "out_len")},
	}, Ret{}},
	{"KEYCTL_PKEY_VERIFY", Args{
		{"params", Ptr(keyctlPkeyParams("in2_len"))}, {"info", String},
		{"in", pkeyData(Ptr, "in_len")}, {"in2", pkeyData(Ptr, "out_len")},
	}, Ret{}},
	{"KEYCTL_RESTRICT_KEYRING", Args{{"keyring", keySerial}, {"type", String}, {"restriction", String}}, Ret{}},
	{"KEYCTL_MOVE", Args{
		{"key", keySerial}, {"from_keyring", keySerial}, {"to_keyring", keySerial}, {"flags", Flags(tables.KeyctlMoveFlags)},
	}, Ret{}},
	{"KEYCTL_CAPABILITIES", Args{{"buffer", Out(AtAddr(showKeyctlCaps))}, {"buflen", Size}}, Ret{}},
	{"", Args{{"arg2", Xlong}, {"arg3", Xlong}, {"arg4", Xlong}, {"arg5", Xlong}}, Ret{}},
}

// keyRead is how much of a buffer the kernel has filled. The result is the
// size of the whole, which may be more.
var keyRead = Min(Result, Ref("buflen"))

var keyctlDHParams = Struct(Fields{
	{"private", keySerial}, {"prime", keySerial}, {"base", keySerial},
})

var keyctlKDFParams = Struct(Fields{
	{"hashname", String},
	{"otherinfo", Union(Ref("otherinfolen"), Arm(Addr, 0), Arm(Ptr(Buf(Ref("otherinfolen")))))},
	{"otherinfolen", U32},
	Reserved("__spare", Array(X32, Const(8))),
})

var keyctlPkeyQuery = Struct(Fields{
	{"supported_ops", Flags(tables.KeyctlPkeyOps)},
	{"key_size", U32},
	{"max_data_size", U16},
	{"max_sig_size", U16},
	{"max_enc_size", U16},
	{"max_dec_size", U16},
	Reserved("__spare", Array(X32, Const(10))),
})

// keyctlPkeyParams has a length in a union, under the name out_len or in2_len.
func keyctlPkeyParams(length string) *StructType {
	return Struct(Fields{
		{"key_id", keySerial},
		{"in_len", U32},
		{length, U32},
		Reserved("__spare", Array(X32, Const(7))),
	})
}

// pkeyData points to data whose length is a member of params; it is not
// followed if params could not be read.
func pkeyData(pointer func(Type) Type, length string) Type {
	params := keyctlPkeyParams("out_len")
	return pointer(AtAddr(func(c *Call, addr uint64) {
		a := c.ArgNamed("params")
		v, ok := c.ReadType(c.ArgView(a).Uint(c.WordSize()), params)
		if !ok {
			c.Out.Addr(addr)
			return
		}
		n, _ := params.NumberIn(c, length, v)
		c.ShowBytes(addr, n)
	}))
}

// showKeyctlCaps shows the bytes of capabilities; the first two have names.
func showKeyctlCaps(c *Call, addr uint64) {
	i := 0
	c.ShowArray(addr, &keyctlCap{X8, &i}, keyRead.Num(c))
}

type keyctlCap struct {
	*Number
	i *int
}

func (t *keyctlCap) Show(c *Call, v View) {
	n := t.Value(c, v)
	switch *t.i {
	case 0:
		c.Out.Flags(n, tables.KeyctlCaps0, output.Hex)
	case 1:
		c.Out.Flags(n, tables.KeyctlCaps1, output.Hex)
	default:
		c.Out.Number(n, output.Hex)
	}
	*t.i++
}
