package bpf

import (
	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// The commands of bpf(2), and the part of union bpf_attr that each takes
// (linux/bpf.h). Since marks members that later kernel versions have added.

var commands = Calls{
	command("BPF_MAP_CREATE", &bpfAttr{of: mapCreate}, RetFD),
	command("BPF_MAP_LOOKUP_ELEM BPF_MAP_LOOKUP_AND_DELETE_ELEM", &bpfAttr{of: mapLookup}, nil),
	command("BPF_MAP_UPDATE_ELEM", &bpfAttr{of: mapUpdate}, nil),
	command("BPF_MAP_DELETE_ELEM", &bpfAttr{of: &Struct{Fields: Fields{{"map_fd", FD}, {"key", AlignedAddr}}}}, nil),
	command("BPF_MAP_GET_NEXT_KEY", &bpfAttr{of: &Struct{Fields: Fields{{"map_fd", FD}, {"key", AlignedAddr}, {"next_key", AlignedAddr}}}}, nil),
	command("BPF_MAP_FREEZE", &bpfAttr{of: &Struct{Fields: Fields{{"map_fd", FD}}}}, nil),
	command("BPF_PROG_LOAD", &bpfAttr{of: progLoad,
		later: Names{"log_true_size", "prog_token_fd", "fd_array_cnt", "signature", "signature_size", "keyring_id"},
	}, RetFD),
	command("BPF_OBJ_PIN BPF_OBJ_GET", &bpfAttr{of: objPin}, RetFD),
	command("BPF_PROG_ATTACH BPF_PROG_DETACH", &bpfAttr{of: progAttach}, nil),
	command("BPF_PROG_TEST_RUN", &bpfAttr{name: "test", of: testRun}, nil),
	command("BPF_PROG_GET_NEXT_ID BPF_MAP_GET_NEXT_ID BPF_BTF_GET_NEXT_ID BPF_LINK_GET_NEXT_ID",
		&bpfAttr{of: &Struct{Fields: Fields{{"start_id", U32}, {"next_id", U32}}}, later: Names{"next_id"}}, nil),
	command("BPF_PROG_GET_FD_BY_ID", &bpfAttr{of: &Struct{Fields: Fields{{"prog_id", U32}}}}, RetFD),
	command("BPF_MAP_GET_FD_BY_ID", &bpfAttr{of: &Struct{Fields: Fields{
		{"map_id", U32}, {"_", U32}, {"open_flags", Since{&Flags{Set: &tables.BPFFileMode}}},
	}}}, RetFD),
	command("BPF_OBJ_GET_INFO_BY_FD", &bpfAttr{name: "info", of: objInfo, later: Names{"now", "info"}}, nil),
	command("BPF_PROG_QUERY", &bpfAttr{name: "query", of: progQuery,
		later: Names{"prog_ids", "prog_cnt", "prog_attach_flags", "link_ids", "link_attach_flags", "revision"},
	}, nil),
	command("BPF_RAW_TRACEPOINT_OPEN", &bpfAttr{name: "raw_tracepoint", of: rawTracepoint}, nil),
	command("BPF_BTF_LOAD", &bpfAttr{of: btfLoad, later: Names{"btf_log_true_size", "btf_flags", "btf_token_fd"}}, RetFD),
	command("BPF_BTF_GET_FD_BY_ID", &bpfAttr{of: &Struct{Fields: Fields{
		{"btf_id", U32}, {"_", U32}, {"open_flags", Since{&Flags{Set: &tables.BPFFileMode}}}, {"fd_by_id_token_fd", FD},
	}}}, RetFD),
	command("BPF_TASK_FD_QUERY", &bpfAttr{name: "task_fd_query", of: taskFDQuery,
		later: Names{"now", "buf", "prog_id", "fd_type", "probe_offset", "probe_addr"},
	}, nil),
	command("BPF_MAP_LOOKUP_BATCH BPF_MAP_LOOKUP_AND_DELETE_BATCH", &bpfAttr{name: "batch", batch: true, of: &Struct{
		Of: mapBatch, With: Fields{{"elem_flags", lookupFlags}},
		Pick: Names{"in_batch", "out_batch", "keys", "values", "count", "map_fd", "elem_flags", "flags"},
	}}, nil),
	command("BPF_MAP_UPDATE_BATCH", &bpfAttr{name: "batch", batch: true, of: &Struct{
		Of: mapBatch, Pick: Names{"keys", "values", "count", "map_fd", "elem_flags", "flags"},
	}}, nil),
	command("BPF_MAP_DELETE_BATCH", &bpfAttr{name: "batch", batch: true, of: &Struct{
		Of: mapBatch, With: Fields{{"elem_flags", lookupFlags}},
		Pick: Names{"keys", "count", "map_fd", "elem_flags", "flags"},
	}}, nil),
	{"BPF_LINK_CREATE", Args{{"", &Rest{By: linkCreate}}}, RetFD},
	command("BPF_LINK_UPDATE", &bpfAttr{name: "link_update", of: &Struct{Fields: Fields{
		{"link_fd", FD}, {"new_prog_fd", FD}, {"flags", &Flags{Set: &tables.BPFAttachFlags}},
		{"old_prog_fd", &When{If: &Has{N: Ref("flags"), Set: &tables.BPFAttachFlags, Values: Names{"BPF_F_REPLACE"}}, Then: FD}},
	}}}, nil),
	command("BPF_LINK_GET_FD_BY_ID", &bpfAttr{of: &Struct{Fields: Fields{{"link_id", U32}}}}, RetFD),
	command("BPF_ENABLE_STATS", &bpfAttr{name: "enable_stats", of: &Struct{Fields: Fields{{"type", &Enum{Set: &tables.BPFStatsType}}}}}, RetFD),
	command("BPF_ITER_CREATE", &bpfAttr{name: "iter_create", of: &Struct{Fields: Fields{{"link_fd", FD}, {"flags", X32}}}}, RetFD),
	command("BPF_LINK_DETACH", &bpfAttr{name: "link_detach", of: &Struct{Fields: Fields{{"link_fd", FD}}}}, nil),
	command("BPF_PROG_BIND_MAP", &bpfAttr{name: "prog_bind_map", of: &Struct{Fields: Fields{{"prog_fd", FD}, {"map_fd", FD}, {"flags", X32}}}}, RetFD),
	command("BPF_TOKEN_CREATE", &bpfAttr{name: "token_create", of: &Struct{Fields: Fields{{"flags", X32}, {"bpffs_fd", FD}}}}, RetFD),
	command("BPF_PROG_STREAM_READ_BY_FD", &bpfAttr{name: "prog_stream_read", of: &Struct{Fields: Fields{
		{"stream_buf", Aligned{&Ptr{To: &Bytes{Len: Ref("stream_buf_len")}, Wide: true}}}, {"stream_buf_len", U32}, {"stream_id", U32}, {"prog_fd", FD},
	}}}, nil),
	command("BPF_PROG_ASSOC_STRUCT_OPS", &bpfAttr{name: "prog_assoc_struct_ops", of: &Struct{Fields: Fields{
		{"map_fd", FD}, {"prog_fd", FD}, {"flags", X32},
	}}}, nil),
	{"", Args{{"attr", Addr}, {"size", Uint}}, nil},
}

func command(names string, attr Type, ret Type) Desc {
	return Desc{names, Args{{"attr", attr}, {"size", Uint}}, ret}
}

// objNameLen is BPF_OBJ_NAME_LEN.
const objNameLen = 16

// objName is the name of an object, in the member called so. The caller's struct
// may end within it.
type objName string

// Layout implements Type.
func (objName) Layout(tables.ABI) Layout { return Layout{Size: objNameLen, Align: 1} }

func (member objName) Show(c *Call, v View) {
	off, _ := c.Frame(0).Struct.Offset(c.ABI, string(member))
	CharArray(objNameLen).Show(c, v.At(0, int(min(objNameLen, c.Known-uint64(off)))))
}

var mapCreate = &Struct{Fields: Fields{
	{"map_type", &Enum{Set: &tables.BPFMapType}},
	{"key_size", U32},
	{"value_size", U32},
	{"max_entries", U32},
	{"map_flags", Since{&Flags{Set: &tables.BPFMapFlags}}},
	{"inner_map_fd", Since{FD}},
	{"numa_node", Since{&When{If: &Has{N: Ref("map_flags"), Set: &tables.BPFMapFlags, Values: Names{"BPF_F_NUMA_NODE"}}, Then: numaNode}}},
	{"map_name", Since{objName("map_name")}},
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

// numaNode is the number of a NUMA node. NUMA_NO_NODE is not in the UAPI headers,
// so it is shown in a comment.
var numaNode = &Value{In: U32, By: func(c *Call, v uint64) {
	c.Out.Number(v, output.Unsigned)
	if v == 0xffffffff {
		c.Out.Comment(output.Note, "NUMA_NO_NODE")
	}
}}

var mapLookup = &Struct{Fields: Fields{
	{"map_fd", FD},
	{"key", AlignedAddr},
	{"value", AlignedAddr},
	{"flags", Since{&Flags{In: AlignedX64, Set: &tables.BPFLookupFlags}}},
}}

var mapUpdate = &Struct{Fields: Fields{
	{"map_fd", FD},
	{"key", AlignedAddr},
	{"value", AlignedAddr},
	{"flags", &Flags{In: AlignedX64, Set: &tables.BPFElemFlags}},
}}

var mapBatch = &Struct{Fields: Fields{
	{"in_batch", AlignedAddr},
	{"out_batch", AlignedAddr},
	{"keys", AlignedAddr},
	{"values", AlignedAddr},
	{"count", U32},
	{"map_fd", FD},
	{"elem_flags", &Flags{In: AlignedX64, Set: &tables.BPFElemFlags}},
	{"flags", AlignedX64},
}}

// lookupFlags are the flags of commands that look elements up.
var lookupFlags = &Flags{In: AlignedX64, Set: &tables.BPFLookupFlags}

// coreRelocs is the offset of core_relos. A caller whose struct includes it also
// has core_relo_cnt, which replaced earlier padding.
const coreRelocs = 128

var progLoad = &Struct{Fields: Fields{
	{"prog_type", &Enum{Set: &tables.BPFProgType}},
	{"insn_cnt", U32},
	{"insns", Aligned{&Ptr{To: &program{count: Ref("insn_cnt")}, Wide: true}}},
	{"license", Aligned{&Ptr{To: Str, Wide: true}}},
	{"log_level", Since{U32}},
	{"log_size", U32},
	{"log_buf", Aligned{&Ptr{To: &Bytes{Len: Ref("log_size"), Kind: CutString}, Wide: true}}},
	{"kern_version", Since{&KernelVersion}},
	{"prog_flags", Since{&Flags{Set: &tables.BPFProgFlags}}},
	{"prog_name", Since{objName("prog_name")}},
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

var objPin = &Struct{Fields: Fields{
	{"pathname", Aligned{&Ptr{To: AnyFile, Wide: true}}},
	{"bpf_fd", FD},
	{"file_flags", Since{&Flags{Set: &tables.BPFFileFlags}}},
	{"path_fd", Since{DirFD}},
}}

// target is what a program is attached to: a network interface or a
// descriptor, depending on the type of attachment.
var target = &Union{On: Ref("attach_type"), Set: &tables.BPFAttachType, Arms: Arms{
	{&NamedArm{Name: "target_ifindex", Type: IfIndex}, Names{
		"BPF_TCX_INGRESS", "BPF_TCX_EGRESS", "BPF_NETKIT_PRIMARY", "BPF_NETKIT_PEER", "BPF_XDP",
	}},
	{&NamedArm{Name: "target_fd", Type: FD}, nil},
}}

// relative is the link or program relative to which an attachment is placed.
// The named member decides which of them it is.
func relative(flags Ref) Type {
	return &Union{On: If{&Has{N: flags, Set: &tables.BPFAttachFlags, Values: Names{"BPF_F_ID"}}}, Arms: Arms{
		{&NamedArm{Name: "relative_id", Type: U32}, Nums{1}},
		{&NamedArm{Name: "relative_fd", Type: FD}, nil},
	}}
}

var progAttach = &Struct{Fields: Fields{
	{"", target},
	{"attach_bpf_fd", FD},
	{"attach_type", &Enum{Set: &tables.BPFAttachType}},
	{"attach_flags", &Flags{Set: &tables.BPFAttachFlags}},
	{"replace_bpf_fd", Since{FD}},
	{"", Since{relative("attach_flags")}},
	{"expected_revision", AlignedU64},
}}

var testRun = &Struct{Fields: Fields{
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

var progQuery = &Struct{Fields: Fields{
	{"", target},
	{"attach_type", &Enum{Set: &tables.BPFAttachType}},
	{"query_flags", &Flags{Set: &tables.BPFQueryFlags}},
	{"attach_flags", &Flags{Set: &tables.BPFAttachFlags}},
	{"prog_ids", Aligned{&Ptr{To: &written{elem: U32, count: Ref("prog_cnt")}, Wide: true}}},
	{"prog_cnt", changed{U32}},
	{"_", U32},
	{"prog_attach_flags", Since{Aligned{&Ptr{To: &written{elem: &Flags{Set: &tables.BPFAttachFlags}, count: Ref("prog_cnt")}, Wide: true}}}},
	{"link_ids", Since{Aligned{&Ptr{To: &written{elem: U32, count: Ref("prog_cnt")}, Wide: true}}}},
	{"link_attach_flags", Aligned{&Ptr{To: &written{elem: &Flags{Set: &tables.BPFAttachFlags}, count: Ref("prog_cnt")}, Wide: true}}},
	{"revision", AlignedX64},
}}

var rawTracepoint = &Struct{Fields: Fields{
	{"name", Aligned{&Ptr{To: &Bytes{Len: Const(128), Kind: CutString}, Wide: true}}},
	{"prog_fd", FD},
	{"_", U32},
	{"cookie", &When{If: Test(func(c *Call) bool { return c.Known >= 24 }), Then: AlignedX64}},
}}

var btfLoad = &Struct{Fields: Fields{
	{"btf", Aligned{&Ptr{To: &Bytes{Len: Ref("btf_size")}, Wide: true}}},
	{"btf_log_buf", AlignedAddr},
	{"btf_size", U32},
	{"btf_log_size", U32},
	{"btf_log_level", U32},
	{"btf_log_true_size", Since{U32}},
	{"btf_flags", Since{&Flags{Set: &tables.BPFFileFlags}}},
	{"btf_token_fd", FD},
}}

var taskFDQuery = &Struct{Fields: Fields{
	{"pid", PIDOf(ThreadGroup)},
	{"fd", FD},
	{"flags", U32},
	{"buf_len", U32},
	{"now", changedTo("buf_len")},
	{"buf", Aligned{&Ptr{To: &Bytes{Len: Min{Ref("buf_len"), &ValueBefore{Member: "buf_len", Size: 4}}, Kind: CutString}, Wide: true}}},
	{"prog_id", U32},
	{"fd_type", &Enum{Set: &tables.BPFTaskFdType}},
	{"probe_offset", AlignedX64},
	{"probe_addr", AlignedX64},
}}
