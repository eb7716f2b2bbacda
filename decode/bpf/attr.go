package bpf

import (
	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// Commands of bpf(2) and the parts of union bpf_attr that they take
// (linux/bpf.h). Since marks where later kernels have added to a part.

var bpfCommands = Calls{
	bpfCall("BPF_MAP_CREATE", &bpfAttr{of: bpfMapCreate}, RetFD),
	bpfCall("BPF_MAP_LOOKUP_ELEM BPF_MAP_LOOKUP_AND_DELETE_ELEM", &bpfAttr{of: bpfMapLookup}, nil),
	bpfCall("BPF_MAP_UPDATE_ELEM", &bpfAttr{of: bpfMapUpdate}, nil),
	bpfCall("BPF_MAP_DELETE_ELEM", &bpfAttr{of: &Struct{Fields: Fields{{"map_fd", FD}, {"key", AlignedAddr}}}}, nil),
	bpfCall("BPF_MAP_GET_NEXT_KEY", &bpfAttr{of: &Struct{Fields: Fields{{"map_fd", FD}, {"key", AlignedAddr}, {"next_key", AlignedAddr}}}}, nil),
	bpfCall("BPF_MAP_FREEZE", &bpfAttr{of: &Struct{Fields: Fields{{"map_fd", FD}}}}, nil),
	bpfCall("BPF_PROG_LOAD", &bpfAttr{of: bpfProgLoad,
		later: Names{"log_true_size", "prog_token_fd", "fd_array_cnt", "signature", "signature_size", "keyring_id"},
	}, RetFD),
	bpfCall("BPF_OBJ_PIN BPF_OBJ_GET", &bpfAttr{of: bpfObj}, RetFD),
	bpfCall("BPF_PROG_ATTACH BPF_PROG_DETACH", &bpfAttr{of: bpfProgAttach}, nil),
	bpfCall("BPF_PROG_TEST_RUN", &bpfAttr{name: "test", of: bpfTestRun}, nil),
	bpfCall("BPF_PROG_GET_NEXT_ID BPF_MAP_GET_NEXT_ID BPF_BTF_GET_NEXT_ID BPF_LINK_GET_NEXT_ID",
		&bpfAttr{of: &Struct{Fields: Fields{{"start_id", U32}, {"next_id", U32}}}, later: Names{"next_id"}}, nil),
	bpfCall("BPF_PROG_GET_FD_BY_ID", &bpfAttr{of: &Struct{Fields: Fields{{"prog_id", U32}}}}, RetFD),
	bpfCall("BPF_MAP_GET_FD_BY_ID", &bpfAttr{of: &Struct{Fields: Fields{
		{"map_id", U32}, {"_", U32}, {"open_flags", Since{&Flags{Set: &tables.BPFFileMode}}},
	}}}, RetFD),
	bpfCall("BPF_OBJ_GET_INFO_BY_FD", &bpfAttr{name: "info", of: bpfObjInfo, later: Names{"now", "info"}}, nil),
	bpfCall("BPF_PROG_QUERY", &bpfAttr{name: "query", of: bpfProgQuery,
		later: Names{"prog_ids", "prog_cnt", "prog_attach_flags", "link_ids", "link_attach_flags", "revision"},
	}, nil),
	bpfCall("BPF_RAW_TRACEPOINT_OPEN", &bpfAttr{name: "raw_tracepoint", of: bpfRawTracepoint}, nil),
	bpfCall("BPF_BTF_LOAD", &bpfAttr{of: bpfBTFLoad, later: Names{"btf_log_true_size", "btf_flags", "btf_token_fd"}}, RetFD),
	bpfCall("BPF_BTF_GET_FD_BY_ID", &bpfAttr{of: &Struct{Fields: Fields{
		{"btf_id", U32}, {"_", U32}, {"open_flags", Since{&Flags{Set: &tables.BPFFileMode}}}, {"fd_by_id_token_fd", FD},
	}}}, RetFD),
	bpfCall("BPF_TASK_FD_QUERY", &bpfAttr{name: "task_fd_query", of: bpfTaskFDQuery,
		later: Names{"now", "buf", "prog_id", "fd_type", "probe_offset", "probe_addr"},
	}, nil),
	bpfCall("BPF_MAP_LOOKUP_BATCH BPF_MAP_LOOKUP_AND_DELETE_BATCH", &bpfAttr{name: "batch", batch: true, of: &Struct{
		Of: bpfMapBatch, With: Fields{{"elem_flags", bpfLookupFlags}},
		Pick: Names{"in_batch", "out_batch", "keys", "values", "count", "map_fd", "elem_flags", "flags"},
	}}, nil),
	bpfCall("BPF_MAP_UPDATE_BATCH", &bpfAttr{name: "batch", batch: true, of: &Struct{
		Of: bpfMapBatch, Pick: Names{"keys", "values", "count", "map_fd", "elem_flags", "flags"},
	}}, nil),
	bpfCall("BPF_MAP_DELETE_BATCH", &bpfAttr{name: "batch", batch: true, of: &Struct{
		Of: bpfMapBatch, With: Fields{{"elem_flags", bpfLookupFlags}},
		Pick: Names{"keys", "count", "map_fd", "elem_flags", "flags"},
	}}, nil),
	{"BPF_LINK_CREATE", Args{{"", &Rest{By: bpfLinkCreate}}}, RetFD},
	bpfCall("BPF_LINK_UPDATE", &bpfAttr{name: "link_update", of: &Struct{Fields: Fields{
		{"link_fd", FD}, {"new_prog_fd", FD}, {"flags", &Flags{Set: &tables.BPFAttachFlags}},
		{"old_prog_fd", &When{If: &Has{N: Ref("flags"), Set: &tables.BPFAttachFlags, Values: Names{"BPF_F_REPLACE"}}, Then: FD}},
	}}}, nil),
	bpfCall("BPF_LINK_GET_FD_BY_ID", &bpfAttr{of: &Struct{Fields: Fields{{"link_id", U32}}}}, RetFD),
	bpfCall("BPF_ENABLE_STATS", &bpfAttr{name: "enable_stats", of: &Struct{Fields: Fields{{"type", &Enum{Set: &tables.BPFStatsType}}}}}, RetFD),
	bpfCall("BPF_ITER_CREATE", &bpfAttr{name: "iter_create", of: &Struct{Fields: Fields{{"link_fd", FD}, {"flags", X32}}}}, RetFD),
	bpfCall("BPF_LINK_DETACH", &bpfAttr{name: "link_detach", of: &Struct{Fields: Fields{{"link_fd", FD}}}}, nil),
	bpfCall("BPF_PROG_BIND_MAP", &bpfAttr{name: "prog_bind_map", of: &Struct{Fields: Fields{{"prog_fd", FD}, {"map_fd", FD}, {"flags", X32}}}}, RetFD),
	bpfCall("BPF_TOKEN_CREATE", &bpfAttr{name: "token_create", of: &Struct{Fields: Fields{{"flags", X32}, {"bpffs_fd", FD}}}}, RetFD),
	bpfCall("BPF_PROG_STREAM_READ_BY_FD", &bpfAttr{name: "prog_stream_read", of: &Struct{Fields: Fields{
		{"stream_buf", Aligned{&Ptr{To: &Bytes{Len: Ref("stream_buf_len")}, Wide: true}}}, {"stream_buf_len", U32}, {"stream_id", U32}, {"prog_fd", FD},
	}}}, nil),
	bpfCall("BPF_PROG_ASSOC_STRUCT_OPS", &bpfAttr{name: "prog_assoc_struct_ops", of: &Struct{Fields: Fields{
		{"map_fd", FD}, {"prog_fd", FD}, {"flags", X32},
	}}}, nil),
	{"", Args{{"attr", Addr}, {"size", Uint}}, nil},
}

func bpfCall(names string, attr Type, ret Type) Desc {
	return Desc{names, Args{{"attr", attr}, {"size", Uint}}, ret}
}

// bpfObjNameLen is BPF_OBJ_NAME_LEN.
const bpfObjNameLen = 16

// bpfName is the name of an object, as far as the caller's struct goes, in the
// member called so.
type bpfName string

// Layout implements Type.
func (bpfName) Layout(tables.ABI) Layout { return Layout{Size: bpfObjNameLen, Align: 1} }

func (member bpfName) Show(c *Call, v View) {
	off, _ := c.Frame(0).Struct.Offset(c.ABI, string(member))
	CharArray(bpfObjNameLen).Show(c, v.At(0, int(min(bpfObjNameLen, c.Known-uint64(off)))))
}

var bpfMapCreate = &Struct{Fields: Fields{
	{"map_type", &Enum{Set: &tables.BPFMapType}},
	{"key_size", U32},
	{"value_size", U32},
	{"max_entries", U32},
	{"map_flags", Since{&Flags{Set: &tables.BPFMapFlags}}},
	{"inner_map_fd", Since{FD}},
	{"numa_node", Since{&When{If: &Has{N: Ref("map_flags"), Set: &tables.BPFMapFlags, Values: Names{"BPF_F_NUMA_NODE"}}, Then: numaNode}}},
	{"map_name", Since{bpfName("map_name")}},
	{"map_ifindex", Since{IfIndex}},
	{"btf_fd", Since{FD}},
	{"btf_key_type_id", U32},
	{"btf_value_type_id", U32},
	{"btf_vmlinux_value_type_id", Since{U32}},
	{"map_extra", Since{AlignedU64}},
	{"value_type_btf_obj_fd", Since{FD}},
	{"map_token_fd", Since{FD}},
	{"excl_prog_hash", Since{AlignedAddr}},
	{"excl_prog_hash_size", U32},
}}

// numaNode is the number of a NUMA node. The kernel's name for none is not
// known to programs, and shown beside the number.
var numaNode = &Value{In: U32, By: func(c *Call, v uint64) {
	c.Out.Number(v, output.Unsigned)
	if v == 0xffffffff {
		c.Out.Comment(output.Note, "NUMA_NO_NODE")
	}
}}

var bpfMapLookup = &Struct{Fields: Fields{
	{"map_fd", FD},
	{"key", AlignedAddr},
	{"value", AlignedAddr},
	{"flags", Since{&Flags{In: AlignedX64, Set: &tables.BPFLookupFlags}}},
}}

var bpfMapUpdate = &Struct{Fields: Fields{
	{"map_fd", FD},
	{"key", AlignedAddr},
	{"value", AlignedAddr},
	{"flags", &Flags{In: AlignedX64, Set: &tables.BPFElemFlags}},
}}

var bpfMapBatch = &Struct{Fields: Fields{
	{"in_batch", AlignedAddr},
	{"out_batch", AlignedAddr},
	{"keys", AlignedAddr},
	{"values", AlignedAddr},
	{"count", U32},
	{"map_fd", FD},
	{"elem_flags", &Flags{In: AlignedX64, Set: &tables.BPFElemFlags}},
	{"flags", AlignedX64},
}}

// bpfLookupFlags are the flags of those that look elements up.
var bpfLookupFlags = &Flags{In: AlignedX64, Set: &tables.BPFLookupFlags}

// coreRelocs is the offset of core_relos. Those who know it know core_relo_cnt,
// which took the place of a hole.
const coreRelocs = 128

var bpfProgLoad = &Struct{Fields: Fields{
	{"prog_type", &Enum{Set: &tables.BPFProgType}},
	{"insn_cnt", U32},
	{"insns", Aligned{&Ptr{To: &bpfProgram{count: Ref("insn_cnt")}, Wide: true}}},
	{"license", Aligned{&Ptr{To: Str, Wide: true}}},
	{"log_level", Since{U32}},
	{"log_size", U32},
	{"log_buf", Aligned{&Ptr{To: &Bytes{Len: Ref("log_size"), Kind: CutString}, Wide: true}}},
	{"kern_version", Since{&KernelVersion}},
	{"prog_flags", Since{&Flags{Set: &tables.BPFProgFlags}}},
	{"prog_name", Since{bpfName("prog_name")}},
	{"prog_ifindex", Since{IfIndex}},
	{"expected_attach_type", Since{&Enum{Set: &tables.BPFAttachType}}},
	{"prog_btf_fd", Since{FD}},
	{"func_info_rec_size", U32},
	{"func_info", AlignedAddr},
	{"func_info_cnt", U32},
	{"line_info_rec_size", U32},
	{"line_info", AlignedAddr},
	{"line_info_cnt", U32},
	{"attach_btf_id", Since{U32}},
	{"attach_prog_fd", Since{FD}},
	{"core_relo_cnt", &When{If: Test(func(c *Call) bool { return c.Known > coreRelocs }), Then: U32}},
	{"fd_array", Since{AlignedAddr}},
	{"core_relos", Since{AlignedAddr}},
	{"core_relo_rec_size", U32},
	{"log_true_size", Since{U32}},
	{"prog_token_fd", Since{FD}},
	{"fd_array_cnt", Since{U32}},
	{"signature", Since{Aligned{&Ptr{To: &Bytes{Len: Ref("signature_size"), Kind: Binary}, Wide: true}}}},
	{"signature_size", U32},
	{"keyring_id", S32},
}}

var bpfObj = &Struct{Fields: Fields{
	{"pathname", Aligned{&Ptr{To: AnyFile, Wide: true}}},
	{"bpf_fd", FD},
	{"file_flags", Since{&Flags{Set: &tables.BPFFileFlags}}},
	{"path_fd", Since{DirFD}},
}}

// bpfTarget is what a program is attached to: a network interface or a
// descriptor, as the type of attachment says.
var bpfTarget = &Union{On: Ref("attach_type"), Set: &tables.BPFAttachType, Arms: Arms{
	{&One{Name: "target_ifindex", Type: IfIndex}, Names{
		"BPF_TCX_INGRESS", "BPF_TCX_EGRESS", "BPF_NETKIT_PRIMARY", "BPF_NETKIT_PEER", "BPF_XDP",
	}},
	{&One{Name: "target_fd", Type: FD}, nil},
}}

// bpfRelative is the link or program that an attachment is placed relative to, as
// the member called flags says.
func bpfRelative(flags Ref) Type {
	return &Union{On: If{&Has{N: flags, Set: &tables.BPFAttachFlags, Values: Names{"BPF_F_ID"}}}, Arms: Arms{
		{&One{Name: "relative_id", Type: U32}, Nums{1}},
		{&One{Name: "relative_fd", Type: FD}, nil},
	}}
}

var bpfProgAttach = &Struct{Fields: Fields{
	{"", bpfTarget},
	{"attach_bpf_fd", FD},
	{"attach_type", &Enum{Set: &tables.BPFAttachType}},
	{"attach_flags", &Flags{Set: &tables.BPFAttachFlags}},
	{"replace_bpf_fd", Since{FD}},
	{"", Since{bpfRelative("attach_flags")}},
	{"expected_revision", AlignedU64},
}}

var bpfTestRun = &Struct{Fields: Fields{
	{"prog_fd", FD},
	{"retval", U32},
	{"data_size_in", U32},
	{"data_size_out", U32},
	{"data_in", AlignedAddr},
	{"data_out", AlignedAddr},
	{"repeat", U32},
	{"duration", U32},
	{"ctx_size_in", Since{U32}},
	{"ctx_size_out", U32},
	{"ctx_in", AlignedAddr},
	{"ctx_out", AlignedAddr},
	{"flags", Since{&Flags{Set: &tables.BPFTestRunFlags}}},
	{"cpu", U32},
	{"batch_size", Since{U32}},
}}

var bpfProgQuery = &Struct{Fields: Fields{
	{"", bpfTarget},
	{"attach_type", &Enum{Set: &tables.BPFAttachType}},
	{"query_flags", &Flags{Set: &tables.BPFQueryFlags}},
	{"attach_flags", &Flags{Set: &tables.BPFAttachFlags}},
	{"prog_ids", Aligned{&Ptr{To: &bpfList{elem: U32, count: Ref("prog_cnt")}, Wide: true}}},
	{"prog_cnt", WasNow{U32}},
	{"_", U32},
	{"prog_attach_flags", Since{Aligned{&Ptr{To: &bpfList{elem: &Flags{Set: &tables.BPFAttachFlags}, count: Ref("prog_cnt")}, Wide: true}}}},
	{"link_ids", Since{Aligned{&Ptr{To: &bpfList{elem: U32, count: Ref("prog_cnt")}, Wide: true}}}},
	{"link_attach_flags", Aligned{&Ptr{To: &bpfList{elem: &Flags{Set: &tables.BPFAttachFlags}, count: Ref("prog_cnt")}, Wide: true}}},
	{"revision", AlignedX64},
}}

var bpfRawTracepoint = &Struct{Fields: Fields{
	{"name", Aligned{&Ptr{To: &Bytes{Len: Const(128), Kind: CutString}, Wide: true}}},
	{"prog_fd", FD},
	{"_", U32},
	{"cookie", &When{If: Test(func(c *Call) bool { return c.Known >= 24 }), Then: AlignedX64}},
}}

var bpfBTFLoad = &Struct{Fields: Fields{
	{"btf", Aligned{&Ptr{To: &Bytes{Len: Ref("btf_size")}, Wide: true}}},
	{"btf_log_buf", AlignedAddr},
	{"btf_size", U32},
	{"btf_log_size", U32},
	{"btf_log_level", U32},
	{"btf_log_true_size", Since{U32}},
	{"btf_flags", Since{&Flags{Set: &tables.BPFFileFlags}}},
	{"btf_token_fd", FD},
}}

var bpfTaskFDQuery = &Struct{Fields: Fields{
	{"pid", PIDOf(ThreadGroup)},
	{"fd", FD},
	{"flags", U32},
	{"buf_len", U32},
	{"now", &NowOf{Member: "buf_len", Size: 4}},
	{"buf", Aligned{&Ptr{To: &Bytes{Len: Min{Ref("buf_len"), &Was{Member: "buf_len", Size: 4}}, Kind: CutString}, Wide: true}}},
	{"prog_id", U32},
	{"fd_type", &Enum{Set: &tables.BPFTaskFdType}},
	{"probe_offset", AlignedX64},
	{"probe_addr", AlignedX64},
}}
