package decode

import (
	"time"

	"trapline/output"
	"trapline/tables"
)

// BPF_OBJ_GET_INFO_BY_FD of bpf(2): what the kernel tells depends on the file
// behind the descriptor.

var bpfObjInfo = Struct(Fields{
	{"bpf_fd", FD},
	{"info_len", U32},
	{"before", infoBefore{}},
	{"now", nowOf("info_len", 4)},
	{"info", Aligned8(&bpfInfo{sameLayout(8)})},
})

// infoBefore keeps what the caller has put into info: lengths of arrays, of
// which the kernel fills in as much as there is.
type infoBefore struct{ unsized }

// Show is never called: a fielder shows itself.
func (infoBefore) Show(*Call, View) {}

func (infoBefore) showField(c *Call, _ string, _ View) {
	size := Len("info_len").num(c)
	if c.Abbrev || size > pageSize {
		return
	}
	addr := Len("info").num(c)
	if b, ok := c.ReadAll(addr, int(size)); ok {
		c.remember(View{b, addr})
	}
}

// bpfInfo points to info_len bytes of a map's or a program's description.
type bpfInfo struct{ layouts }

func (t *bpfInfo) Show(c *Call, v View) {
	addr := v.Uint(8)
	st := c.bpfInfoType(int(int32(Len("bpf_fd").num(c))))
	size := Len("info_len").num(c)
	b, ok := c.ReadAll(addr, int(min(size, pageSize+1)))
	if c.Abbrev || st == nil || size == 0 || size > pageSize || !ok {
		c.Out.Addr(addr)
		return
	}
	outer := c.known
	c.known = size
	known := bpfSize(st)
	c.Out.BeginStruct()
	st.ShowMembers(c, c.members(st, View{b, addr}))
	c.showExtraData(View{b, addr}, known)
	c.Out.EndStruct()
	c.known = outer
}

// bpfInfoType is the struct that describes the object behind a descriptor, nil
// if it is neither a map nor a program.
func (c *Call) bpfInfoType(fd int) *StructType {
	switch string(c.descriptor(c.process(), fd)) {
	case "anon_inode:bpf-map":
		return bpfMapInfo
	case "anon_inode:bpf-prog":
		return bpfProgInfo
	}
	return nil
}

var bpfMapInfo = Versions(Fields{
	{"type", Enum(tables.BPFMapType)},
	{"id", U32},
	{"key_size", U32},
	{"value_size", U32},
	{"max_entries", U32},
	{"map_flags", Flags(tables.BPFMapFlags)},
	{"name", Since(CharArray(bpfObjNameLen))},
	{"ifindex", Since(IfIndex)},
	{"btf_vmlinux_value_type_id", U32},
	{"netns_dev", Aligned8(Dev64)},
	{"netns_ino", alignedU64},
	{"btf_id", Since(U32)},
	{"btf_key_type_id", U32},
	{"btf_value_type_id", U32},
	{"btf_vmlinux_id", When(func(c *Call) bool { return c.known > bpfMapExtra }, U32)},
	{"map_extra", Since(alignedX64)},
	{"hash", Since(alignedX64)},
	{"hash_size", U32},
})

// bpfMapExtra is the offset of map_extra. Those who know it know
// btf_vmlinux_id, which took the place of a hole.
const bpfMapExtra = 80

var bpfProgInfo = Versions(Fields{
	{"type", Enum(tables.BPFProgType)},
	{"id", U32},
	{"tag", Binaries(8, Const(8))},
	{"jited_prog_len", WasNow(U32)},
	{"xlated_prog_len", WasNow(U32)},
	{"jited_prog_insns", Aligned8(Ptr64(Binary(Len("jited_prog_len"))))},
	{"xlated_prog_insns", Aligned8(bpfProgram(Div(Min(Len("xlated_prog_len"), was("xlated_prog_len", 4)), 8)))},
	{"load_time", Since(Aligned8(bootTime))},
	{"created_by_uid", ID},
	{"nr_map_ids", WasNow(U32)},
	{"map_ids", Aligned8(bpfList(U32, Min(Len("nr_map_ids"), was("nr_map_ids", 4))))},
	{"name", CharArray(bpfObjNameLen)},
	{"ifindex", Since(IfIndex)},
	{"gpl_compatible", ValueOf(U32, func(c *Call, v uint64) { c.Out.Number(v&1, output.Unsigned) })},
	{"netns_dev", Aligned8(Dev64)},
	{"netns_ino", alignedU64},
	{"nr_jited_ksyms", Since(WasNow(U32))},
	{"nr_jited_func_lens", WasNow(U32)},
	{"jited_ksyms", WasNow(alignedAddr)},
	{"jited_func_lens", WasNow(alignedAddr)},
	{"btf_id", Since(U32)},
	{"func_info_rec_size", WasNow(U32)},
	{"func_info", alignedAddr},
	{"nr_func_info", WasNow(U32)},
	{"nr_line_info", WasNow(U32)},
	{"line_info", alignedAddr},
	{"jited_line_info", WasNow(alignedAddr)},
	{"nr_jited_line_info", WasNow(U32)},
	{"line_info_rec_size", WasNow(U32)},
	{"jited_line_info_rec_size", WasNow(U32)},
	{"nr_prog_tags", WasNow(U32)},
	{"prog_tags", alignedAddr},
	{"run_time_ns", Since(alignedU64)},
	{"run_cnt", alignedU64},
	{"recursion_misses", Since(alignedU64)},
	{"verified_insns", Since(U32)},
	{"attach_btf_obj_id", Since(U32)},
	{"attach_btf_id", U32},
}).moved("jited_prog_insns", "xlated_prog_len")

// bootTime is a number of nanoseconds since the machine was started, with the
// date in a comment.
var bootTime = ValueOf(U64, func(c *Call, v uint64) {
	c.Out.Number(v, output.Unsigned)
	if at, ok := ContextOf(c.Decoder).Host.BootTime(time.Duration(v)); ok {
		c.CommentDate(at.Unix(), 0, time.Second)
	}
})
