package ioctl

import (
	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// Trusted execution environments: linux/tee.h.

var teeIoctls = Ioctls{
	{"TEE_IOC_VERSION", &Out{To: teeVersion}},
	{"TEE_IOC_OPEN_SESSION", &teeBuffer{
		in:  &Struct{Of: teeOpenSession, Pick: Names{"uuid", "clnt_login", "", "cancel_id", "num_params"}},
		out: &Struct{Of: teeOpenSession, Pick: Names{"session", "ret", "ret_origin"}},
	}},
	{"TEE_IOC_INVOKE", &teeBuffer{
		in:  &Struct{Of: teeInvoke, Pick: Names{"func", "session", "cancel_id", "num_params"}},
		out: &Struct{Of: teeInvoke, Pick: Names{"ret", "ret_origin"}},
	}},
	{"TEE_IOC_SUPPL_RECV", &teeBuffer{
		in:  &Struct{Of: teeSupplRecv, Pick: Names{"func", "num_params"}},
		out: &Struct{Of: teeSupplRecv, Pick: Names{"num_params"}},
	}},
	{"TEE_IOC_SUPPL_SEND", &teeBuffer{
		in:  &Struct{Of: teeSupplSend, Pick: Names{"num_params"}},
		out: &Struct{Of: teeSupplSend, Pick: Names{"ret"}},
	}},
	{"TEE_IOC_CANCEL", &Ptr{To: &Struct{Fields: Fields{{"cancel_id", Uint}, {"session", X32}}}}},
	{"TEE_IOC_CLOSE_SESSION", &Ptr{To: &Struct{Fields: Fields{{"session", X32}}}}},
	{"TEE_IOC_SHM_ALLOC", &Change{In: &Struct{Of: teeShm, Pick: Names{"size", "flags"}}, Out: teeShm}},
	{"TEE_IOC_SHM_REGISTER", &Change{In: &Struct{Of: teeShmRegister, Pick: Names{"addr", "length", "flags"}}, Out: &Struct{Of: teeShmRegister, Pick: Names{"length", "flags", "id"}}}},
	{"TEE_IOC_SHM_REGISTER_FD", &Change{In: &Struct{Of: teeShmRegisterFD, Pick: Names{"fd", "flags"}}, Out: &Struct{Of: teeShmRegisterFD, Pick: Names{"size", "id"}}}},
}

var teeVersion = &Struct{Of: &Struct{Fields: Fields{
	{"impl_id", &Enum{Set: &tables.TEEImplID}},
	{"", &Union{On: Ref("impl_id"), Arms: Arms{
		{&NamedArm{Name: "impl_caps", Type: &Flags{Set: &tables.TEEOpteeCaps}}, Nums{1}}, // TEE_IMPL_ID_OPTEE
		{&NamedArm{Name: "impl_caps", Type: X32}, nil}}}},
	{"gen_caps", &Flags{Set: &tables.TEEGenCaps}},
}}, Move: "gen_caps", Before: ""}

var teeShm = &Struct{Fields: Fields{
	{"size", X64}, {"flags", &Flags{Set: &tables.TEEShm}}, {"id", Int},
}}

var teeShmRegister = &Struct{Fields: Fields{
	{"addr", Addr64}, {"length", X64}, {"flags", &Flags{Set: &tables.TEEShm}}, {"id", Int},
}}

var teeShmRegisterFD = &Struct{Fields: Fields{
	{"fd", FD64}, {"size", X64}, {"flags", &Flags{Set: &tables.TEEShm}}, {"id", Int},
}}

// teeOpenSession and the following structs have parameters after them.
var (
	teeOpenSession = &Struct{Fields: Fields{
		{"uuid", UUID},
		{"", &Union{On: Ref("clnt_login"), Arms: Arms{
			{EmptyArm, Nums{0, 1, 4, 5}}, {&NamedArm{Name: "clnt_uuid", Type: ID}, Nums{2, 6}}, {&NamedArm{Name: "clnt_uuid", Type: &Array{Of: X8, N: 16, Whole: true}}, nil}}}},
		{"clnt_login", &Enum{Set: &tables.TEELogin}},
		{"cancel_id", Uint},
		{"session", X32},
		{"ret", Uint},
		{"ret_origin", &Enum{Set: &tables.TEEOrigin}},
		{"num_params", Uint},
	}}
	teeInvoke = &Struct{Fields: Fields{
		{"func", Uint},
		{"session", X32},
		{"cancel_id", Uint},
		{"ret", Uint},
		{"ret_origin", &Enum{Set: &tables.TEEOrigin}},
		{"num_params", Uint},
	}}
	teeSupplRecv = &Struct{Fields: Fields{{"func", Uint}, {"num_params", Uint}}}
	teeSupplSend = &Struct{Fields: Fields{{"ret", Uint}, {"num_params", Uint}}}
)

var teeParam = &Struct{Fields: Fields{
	{"attr", &Shown{As: X64, By: func(c *Call, v View) {
		const meta = 0x100 // TEE_IOCTL_PARAM_ATTR_META
		n := v.Uint(8)
		c.Out.BeginNamed()
		c.Out.Enum(n&^meta, &tables.TEEParamAttr, output.Hex)
		if n&meta != 0 {
			c.Out.Join(output.Or)
			c.Out.Symbol(meta, "TEE_IOCTL_PARAM_ATTR_META", output.Hex)
		}
		c.Out.EndNamed()
	}}},
	{"", &Union{On: Ref("attr"), Arms: Arms{
		{EmptyArm, Nums{0}}, // TEE_IOCTL_PARAM_ATTR_TYPE_*
		{&Inline{Of: &Struct{Fields: Fields{{"shm_offs", X64}, {"size", X64}, {"shm_id", U64}}}}, Nums{5, 6, 7}},
		{&Inline{Of: &Struct{Fields: Fields{{"buf", X64}, {"size", X64}, {"_", U64}}}}, Nums{8, 9, 10}},
		{&Inline{Of: &Struct{Fields: Fields{{"obj_id", X64}, {"flags", X64}, {"_", U64}}}}, Nums{11, 12, 13}},
		{&Inline{Of: &Struct{Fields: Fields{{"a", X64}, {"b", X64}, {"c", X64}}}}, nil}}}},
}}

// teeBuffer points to a struct tee_ioctl_buf_data, which points to a struct with
// parameters after it: {in} => {out}.
type teeBuffer struct {
	WordSized
	in, out *Struct
}

var teeBufData = &Struct{Of: &Struct{Fields: Fields{{"buf_ptr", Addr64}, {"buf_len", U64}}}, Move: "buf_len", Before: "buf_ptr"}

func (t *teeBuffer) Dir() Dir { return Both }

// read reads the struct in the buffer, and returns the number of parameters that
// follow.
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

// show shows the struct b, of type st, and its parameters.
func (t *teeBuffer) show(c *Call, st *Struct, b View, count uint64) {
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
