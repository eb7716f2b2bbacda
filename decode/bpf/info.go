package bpf

import (
	"time"

	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// BPF_OBJ_GET_INFO_BY_FD of bpf(2): the struct that the kernel writes depends on
// the object behind the descriptor.

var objInfo = &Struct{Fields: Fields{
	{"bpf_fd", FD},
	{"info_len", U32},
	{"before", infoBefore{}},
	{"now", changedTo("info_len")},
	{"info", Aligned{&info{Layouts(U64)}}},
}}

// infoBefore remembers the caller's info: the lengths of arrays, which the kernel fills
// with as much data as it has.
type infoBefore struct{ Unsized }

// Show is never called: ShowField is called in its place.
func (infoBefore) Show(*Call, View) {}

func (infoBefore) ShowField(c *Call, _ string, _ View) {
	size := Ref("info_len").Num(c)
	if c.Abbrev || size > PageSize {
		return
	}
	addr := Ref("info").Num(c)
	if b, ok := c.ReadAll(addr, int(size)); ok {
		c.Remember(View{B: b, Addr: addr})
	}
}

// info points to info_len bytes that describe a map or a program.
type info struct{ Layouts }

func (t *info) Show(c *Call, v View) {
	addr := v.Uint(8)
	st := infoType(c, int(int32(Ref("bpf_fd").Num(c))))
	size := Ref("info_len").Num(c)
	b, ok := c.ReadAll(addr, int(min(size, PageSize+1)))
	if c.Abbrev || st == nil || size == 0 || size > PageSize || !ok {
		c.Out.Addr(addr)
		return
	}
	outer := c.Known
	c.Known = size
	known := attrSize(st)
	c.Out.BeginStruct()
	st.ShowMembers(c, members(c, st, View{B: b, Addr: addr}))
	showExtraData(c, View{B: b, Addr: addr}, known)
	c.Out.EndStruct()
	c.Known = outer
}

// infoType returns the struct that describes the object behind a descriptor,
// or nil if it is neither a map nor a program.
func infoType(c *Call, fd int) *Struct {
	switch string(FDLink(c, ProcessOf(c), fd)) {
	case "anon_inode:bpf-map":
		return mapInfo
	case "anon_inode:bpf-prog":
		return progInfo
	}
	return nil
}

var mapInfo = &Struct{C: "bpf_map_info", Fields: Fields{
	{"type", &Enum{Set: &tables.BPFMapType}},
	{"id", U32},
	{"key_size", U32},
	{"value_size", U32},
	{"max_entries", U32},
	{"map_flags", &Flags{Set: &tables.BPFMapFlags}},
	{"name", Since{CharArray(objNameLen)}},
	{"ifindex", Since{IfIndex}},
	{"btf_vmlinux_value_type_id", U32},
	{"netns_dev", Aligned{Dev64}},
	{"netns_ino", AlignedU64},
	{"btf_id", Since{U32}},
	{"btf_key_type_id", U32},
	{"btf_value_type_id", U32},
	{"btf_vmlinux_id", &When{If: Test(func(c *Call) bool { return c.Known > mapExtra }), Then: U32}},
	{"map_extra", Since{AlignedX64}},
	{"hash", Since{AlignedX64}},
	{"hash_size", U32},
}}

// mapExtra is the offset of map_extra. A caller whose struct includes it also
// has btf_vmlinux_id, which replaced earlier padding.
const mapExtra = 80

var progInfo = &Struct{C: "bpf_prog_info", Of: &Struct{Fields: Fields{
	{"type", &Enum{Set: &tables.BPFProgType}},
	{"id", U32},
	{"tag", &Chars{N: 8, Len: Const(8), Kind: Binary}},
	{"jited_prog_len", changed{U32}},
	{"xlated_prog_len", changed{U32}},
	{"jited_prog_insns", Aligned{&Ptr{To: &Bytes{Len: Ref("jited_prog_len"), Kind: Binary}, Wide: true}}},
	{"xlated_prog_insns", Aligned{&Ptr{To: &program{count: &Calc{N: Min{Ref("xlated_prog_len"), &ValueBefore{Member: "xlated_prog_len", Size: 4}}, Div: 8}}, Wide: true}}},
	{"load_time", Since{Aligned{bootTime}}},
	{"created_by_uid", ID},
	{"nr_map_ids", changed{U32}},
	{"map_ids", Aligned{&Ptr{To: &written{elem: U32, count: Min{Ref("nr_map_ids"), &ValueBefore{Member: "nr_map_ids", Size: 4}}}, Wide: true}}},
	{"name", CharArray(objNameLen)},
	{"ifindex", Since{IfIndex}},
	{"gpl_compatible", &Value{In: U32, By: func(c *Call, v uint64) { c.Out.Number(v&1, output.Unsigned) }}},
	{"netns_dev", Aligned{Dev64}},
	{"netns_ino", AlignedU64},
	{"nr_jited_ksyms", Since{changed{U32}}},
	{"nr_jited_func_lens", changed{U32}},
	{"jited_ksyms", changed{AlignedAddr}},
	{"jited_func_lens", changed{AlignedAddr}},
	{"btf_id", Since{U32}},
	{"func_info_rec_size", changed{U32}},
	{"func_info", AlignedAddr},
	{"nr_func_info", changed{U32}},
	{"nr_line_info", changed{U32}},
	{"line_info", AlignedAddr},
	{"jited_line_info", changed{AlignedAddr}},
	{"nr_jited_line_info", changed{U32}},
	{"line_info_rec_size", changed{U32}},
	{"jited_line_info_rec_size", changed{U32}},
	{"nr_prog_tags", changed{U32}},
	{"prog_tags", AlignedAddr},
	{"run_time_ns", Since{AlignedU64}},
	{"run_cnt", AlignedU64},
	{"recursion_misses", Since{AlignedU64}},
	{"verified_insns", Since{U32}},
	{"attach_btf_obj_id", Since{U32}},
	{"attach_btf_id", U32},
}}, Move: "jited_prog_insns", Before: "xlated_prog_len"}

// bootTime is a time in nanoseconds since boot, with the date in a comment.
var bootTime = &Value{In: U64, By: func(c *Call, v uint64) {
	c.Out.Number(v, output.Unsigned)
	if at, ok := SettingsOf(c.Decoder).Host().BootTime(time.Duration(v)); ok {
		CommentDate(c, at.Unix(), 0, time.Second)
	}
}}
