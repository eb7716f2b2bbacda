package ioctl

import (
	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// Trusted execution environments: linux/tee.h.

var teeIoctls = Ioctls{
	{"TEE_IOC_VERSION", Out(teeVersion)},
	{"TEE_IOC_OPEN_SESSION", teeCall(teeOpenSession,
		names("uuid", "clnt_login", "", "cancel_id", "num_params"), names("session", "ret", "ret_origin"))},
	{"TEE_IOC_INVOKE", teeCall(teeInvoke,
		names("func", "session", "cancel_id", "num_params"), names("ret", "ret_origin"))},
	{"TEE_IOC_SUPPL_RECV", teeCall(teeSupplRecv, names("func", "num_params"), names("num_params"))},
	{"TEE_IOC_SUPPL_SEND", teeCall(teeSupplSend, names("num_params"), names("ret"))},
	{"TEE_IOC_CANCEL", Ptr(Struct(Fields{{"cancel_id", Uint}, {"session", X32}}))},
	{"TEE_IOC_CLOSE_SESSION", Ptr(Struct(Fields{{"session", X32}}))},
	{"TEE_IOC_SHM_ALLOC", Change(teeShm.Pick("size", "flags"), teeShm)},
	{"TEE_IOC_SHM_REGISTER", Change(teeShmRegister.Pick("addr", "length", "flags"), teeShmRegister.Pick("length", "flags", "id"))},
	{"TEE_IOC_SHM_REGISTER_FD", Change(teeShmRegisterFD.Pick("fd", "flags"), teeShmRegisterFD.Pick("size", "id"))},
}

var teeVersion = Struct(Fields{
	{"impl_id", Enum(tables.TEEImplID)},
	{"", Union(Ref("impl_id"),
		Arm(One("impl_caps", Flags(tables.TEEOpteeCaps)), 1), // TEE_IMPL_ID_OPTEE
		Arm(One("impl_caps", X32)))},
	{"gen_caps", Flags(tables.TEEGenCaps)},
}).Moved("gen_caps", "")

var teeShm = Struct(Fields{
	{"size", X64}, {"flags", Flags(tables.TEEShm)}, {"id", Int},
})

var teeShmRegister = Struct(Fields{
	{"addr", Addr64}, {"length", X64}, {"flags", Flags(tables.TEEShm)}, {"id", Int},
})

var teeShmRegisterFD = Struct(Fields{
	{"fd", FD64}, {"size", X64}, {"flags", Flags(tables.TEEShm)}, {"id", Int},
})

// teeOpenSession and the structs after it are followed by their parameters.
var (
	teeOpenSession = Struct(Fields{
		{"uuid", UUID},
		{"", Union(Ref("clnt_login"), // TEE_IOCTL_LOGIN_*
			Arm(Nothing, 0, 1, 4, 5), Arm(One("clnt_uuid", ID), 2, 6), Arm(One("clnt_uuid", WholeArray(X8, 16))))},
		{"clnt_login", Enum(tables.TEELogin)},
		{"cancel_id", Uint},
		{"session", X32},
		{"ret", Uint},
		{"ret_origin", Enum(tables.TEEOrigin)},
		{"num_params", Uint},
	})
	teeInvoke = Struct(Fields{
		{"func", Uint},
		{"session", X32},
		{"cancel_id", Uint},
		{"ret", Uint},
		{"ret_origin", Enum(tables.TEEOrigin)},
		{"num_params", Uint},
	})
	teeSupplRecv = Struct(Fields{{"func", Uint}, {"num_params", Uint}})
	teeSupplSend = Struct(Fields{{"ret", Uint}, {"num_params", Uint}})
)

var teeParam = Struct(Fields{
	{"attr", ShownAs(X64, func(c *Call, v View) {
		const meta = 0x100 // TEE_IOCTL_PARAM_ATTR_META
		n := v.Uint(8)
		c.Out.BeginNamed()
		c.Out.Enum(n&^meta, tables.TEEParamAttr, output.Hex)
		if n&meta != 0 {
			c.Out.Or()
			c.Out.Symbol(meta, "TEE_IOCTL_PARAM_ATTR_META", output.Hex)
		}
		c.Out.EndNamed()
	})},
	{"", Union(Ref("attr"),
		Arm(Nothing, 0), // TEE_IOCTL_PARAM_ATTR_TYPE_*
		Arm(Inline(Struct(Fields{{"shm_offs", X64}, {"size", X64}, {"shm_id", U64}})), 5, 6, 7),
		Arm(Inline(Struct(Fields{{"buf", X64}, {"size", X64}, {"_", U64}})), 8, 9, 10),
		Arm(Inline(Struct(Fields{{"obj_id", X64}, {"flags", X64}, {"_", U64}})), 11, 12, 13),
		Arm(Inline(Struct(Fields{{"a", X64}, {"b", X64}, {"c", X64}}))))},
})

// teeBuffer points to a struct tee_ioctl_buf_data, which points to a struct that
// parameters follow: {in} => {out}.
type teeBuffer struct {
	Layouts
	in, out *StructType
}

func names(names ...string) []string { return names }

func teeCall(st *StructType, in, out []string) Type {
	return &teeBuffer{WordLayout(), st.Pick(in...), st.Pick(out...)}
}

var teeBufData = Struct(Fields{{"buf_ptr", Addr64}, {"buf_len", U64}}).Moved("buf_len", "buf_ptr")

func (t *teeBuffer) Dir() Dir { return Both }

// read gives the struct that the buffer has, and how many parameters follow.
func (t *teeBuffer) read(c *Call, m View) (b View, count uint64, ok bool) {
	const most = 1024 // TEE_MAX_ARG_SIZE
	size := uint64(t.in.Layout(c.ABI).Size)
	if n := m.At(8, 8).Uint(8); n > most || n < size {
		return View{}, 0, false
	}
	b, ok = c.ReadType(m.Uint(8), t.in)
	if ok {
		count = b.At(int(size)-4, 4).Uint(4)
	}
	return b, count, ok
}

func (t *teeBuffer) Show(c *Call, v View) {
	c.Begun = false
	addr := v.Uint(c.WordSize())
	m, ok := View{}, false
	if addr != 0 {
		m, ok = c.ReadType(addr, teeBufData)
	}
	if !ok {
		c.Out.Addr(addr)
		return
	}
	m.B = append(c.Alloc(16)[:0], m.B...)
	b, count, ok := t.read(c, m)
	size := uint64(t.in.Layout(c.ABI).Size)
	if !ok || size+uint64(teeParam.Layout(c.ABI).Size)*count != m.At(8, 8).Uint(8) {
		teeBufData.Show(c, m)
		return
	}
	c.Begun = true
	c.Out.BeginStruct()
	c.Out.Field("buf_len")
	c.Out.Number(m.At(8, 8).Uint(8), output.Unsigned)
	c.Out.Field("buf_ptr")
	t.show(c, t.in, b, count)
}

// show shows the struct b as st, and its parameters.
func (t *teeBuffer) show(c *Call, st *StructType, b View, count uint64) {
	c.Out.BeginStruct()
	st.ShowMembers(c, b)
	c.Out.Field("params")
	if count == 0 {
		c.Out.Addr(0)
	} else {
		c.ShowArray(b.Addr+uint64(st.Layout(c.ABI).Size), teeParam, count)
	}
	c.Out.EndStruct()
}

func (t *teeBuffer) Finish(c *Call, v View) {
	if !c.Begun {
		return
	}
	if !c.Failed() {
		if m, ok := c.ReadType(v.Uint(c.WordSize()), teeBufData); ok {
			if b, count, ok := t.read(c, m); ok {
				c.Out.Changed()
				t.show(c, t.out, b, count)
			}
		}
	}
	c.Out.EndStruct()
}
