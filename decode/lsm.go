package decode

import "trapline/tables"

// Attributes that security modules give a process: security/lsm_syscalls.c,
// linux/lsm.h.

var lsmCalls = Calls{
	{"lsm_get_self_attr", Args{
		{"attr", Enum(tables.LsmAttrs)},
		{"ctx", When(lsmSingle, ChangeIf(anyway, Ptr(lsmCtx.Pick("id")), Out(lsmContexts)))},
		{"ctx", When(Not(lsmSingle), InReg(1, Out(lsmContexts)))},
		{"size", InReg(2, InOutAlways(U32))},
		{"flags", Flags(tables.LsmFlags)},
	}, RetUnsigned},
	{"lsm_set_self_attr", Args{
		{"attr", Enum(tables.LsmAttrs)},
		{"ctx", Ptr(AtAddr(func(c *Call, addr uint64) {
			size := Len("size").num(c)
			if v, ok := c.ReadType(addr, lsmCtx); ok && size >= uint64(len(v.B)) {
				showLsmContext(c, v, size)
			} else {
				c.Out.Addr(addr)
			}
		}))},
		{"size", U32},
		{"flags", X32},
	}, RetUnsigned},
	{"lsm_list_modules", Args{
		{"ids", Out(AtAddr(func(c *Call, addr uint64) {
			a := c.argNamed("size")
			if _, ok := c.ReadUint(c.argView(a).Uint(c.WordSize()), 4); !ok {
				c.Out.Addr(addr)
				return
			}
			c.ShowArray(addr, EnumOf(X64, tables.LsmModules), Result.num(c))
		}))},
		{"size", InOutAlways(U32)},
		{"flags", X32},
	}, RetUnsigned},
}

// lsmSingle says that the caller asks for one module, named in ctx.
func lsmSingle(c *Call) bool {
	a := c.argNamed("size")
	_, ok := c.ReadUint(c.argView(a).Uint(c.WordSize()), 4)
	return ok && Len("flags").num(c)&BitsOf(tables.LsmFlags, "LSM_FLAG_SINGLE") != 0
}

// lsmCtx is struct lsm_ctx without what follows: ctx_len bytes, and padding up
// to len bytes.
var lsmCtx = Struct(Fields{
	{"id", EnumOf(X64, tables.LsmIDs)},
	{"flags", X64},
	{"len", U64},
	{"ctx_len", U64},
})

const lsmCtxSize = 32

// lsmContexts are contexts one behind the other, as many as go into *size.
var lsmContexts = AtAddr(func(c *Call, addr uint64) {
	left := Len("size").num(c)
	if c.Failed() {
		c.Out.Addr(addr)
		return
	}
	for n := 0; ; n++ {
		v, ok := c.ReadType(addr, lsmCtx)
		if !ok || left < lsmCtxSize {
			if n == 0 {
				c.Out.Addr(addr)
				return
			}
			c.Out.More()
			c.Out.Comment(hexString(addr))
			break
		}
		if n == 0 {
			c.Out.BeginArray()
		}
		if c.Abbrev && n >= c.StringLimit {
			c.Out.More()
			break
		}
		c.Out.Elem()
		showLsmContext(c, v, left)
		size, _ := lsmCtx.value(c, "len", v)
		if size < lsmCtxSize || size >= left || addr+size < addr {
			break
		}
		addr += size
		left -= size
	}
	c.Out.EndArray()
})

// showLsmContext shows one context, no more than left bytes of it.
func showLsmContext(c *Call, v View, left uint64) {
	c.Out.BeginStruct()
	lsmCtx.ShowMembers(c, v)
	size, _ := lsmCtx.value(c, "len", v)
	n, _ := lsmCtx.value(c, "ctx_len", v)
	if size = min(size, left); size > lsmCtxSize && n > 0 {
		c.Out.Field("ctx")
		c.showBuffer(v.Addr+lsmCtxSize, min(n, size-lsmCtxSize), binaryData)
	}
	c.Out.EndStruct()
}
