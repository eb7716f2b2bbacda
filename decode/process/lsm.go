package process

import (
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// Attributes of a process that belong to security modules:
// security/lsm_syscalls.c, linux/lsm.h.

var lsmCalls = Calls{
	{"lsm_get_self_attr", Args{
		{"attr", &Enum{Set: &tables.LsmAttrs}},
		{"ctx", &When{If: Test(lsmSingle), Then: &Change{In: &Struct{Of: lsmCtx, Pick: Names{"id"}}, Out: AtAddr(showLsmContexts), OrAddr: true, If: Always}}},
		{"ctx", &When{If: Not{Test(lsmSingle)}, Then: &InReg{Reg: 1, Of: &Out{To: AtAddr(showLsmContexts)}}}},
		{"size", &InReg{Reg: 2, Of: &InOut{To: U32, Always: true}}},
		{"flags", &Flags{Set: &tables.LsmFlags}},
	}, RetUnsigned},
	{"lsm_set_self_attr", Args{
		{"attr", &Enum{Set: &tables.LsmAttrs}},
		{"ctx", &Ptr{To: AtAddr(func(c *Call, addr uint64) {
			size := Ref("size").Num(c)
			if v, ok := c.ReadType(addr, lsmCtx); ok && size >= uint64(len(v.B)) {
				showLsmContext(c, v, size)
			} else {
				c.Out.Addr(addr)
			}
		})}},
		{"size", U32},
		{"flags", X32},
	}, RetUnsigned},
	{"lsm_list_modules", Args{
		{"ids", &Out{To: AtAddr(func(c *Call, addr uint64) {
			a := c.ArgNamed("size")
			if _, ok := c.ReadUint(c.ArgView(a).Uint(c.WordSize()), 4); !ok {
				c.Out.Addr(addr)
				return
			}
			c.ShowArray(addr, &Enum{In: X64, Set: &tables.LsmModules}, Result.Num(c))
		})}},
		{"size", &InOut{To: U32, Always: true}},
		{"flags", X32},
	}, RetUnsigned},
}

// lsmSingle reports whether the caller asks for one module only, which ctx names.
func lsmSingle(c *Call) bool {
	a := c.ArgNamed("size")
	_, ok := c.ReadUint(c.ArgView(a).Uint(c.WordSize()), 4)
	return ok && Ref("flags").Num(c)&BitsOf(&tables.LsmFlags, "LSM_FLAG_SINGLE") != 0
}

// lsmCtx is a struct lsm_ctx without the data that follows it: ctx_len bytes, and
// padding up to len bytes.
var lsmCtx = &Struct{C: "lsm_ctx", Fields: Fields{
	{"id", &Enum{In: X64, Set: &tables.LsmIDs}},
	{"flags", X64},
	{"len", U64},
	{"ctx_len", U64},
}}

const lsmCtxSize = 32

// showLsmContexts shows consecutive contexts, up to *size bytes in all.
func showLsmContexts(c *Call, addr uint64) {
	left := Ref("size").Num(c)
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
			c.Out.Comment(output.Note, HexString(addr))
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
		size, _ := lsmCtx.NumberIn(c, "len", v)
		if size < lsmCtxSize || size >= left || addr+size < addr {
			break
		}
		addr += size
		left -= size
	}
	c.Out.EndArray()
}

// showLsmContext shows one context, at most left bytes long.
func showLsmContext(c *Call, v View, left uint64) {
	c.Out.BeginStruct()
	lsmCtx.ShowMembers(c, v)
	size, _ := lsmCtx.NumberIn(c, "len", v)
	n, _ := lsmCtx.NumberIn(c, "ctx_len", v)
	if size = min(size, left); size > lsmCtxSize && n > 0 {
		c.Out.Field("ctx")
		c.ShowBuffer(v.Addr+lsmCtxSize, min(n, size-lsmCtxSize), Binary)
	}
	c.Out.EndStruct()
}
