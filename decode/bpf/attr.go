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
	bpfCall("BPF_MAP_CREATE", bpfIn("", bpfMapCreate), RetFD),
	bpfCall("BPF_MAP_LOOKUP_ELEM BPF_MAP_LOOKUP_AND_DELETE_ELEM", bpfIn("", bpfMapLookup), Ret{}),
	bpfCall("BPF_MAP_UPDATE_ELEM", bpfIn("", bpfMapUpdate), Ret{}),
	bpfCall("BPF_MAP_DELETE_ELEM", bpfIn("", Struct(Fields{{"map_fd", FD}, {"key", AlignedAddr}})), Ret{}),
	bpfCall("BPF_MAP_GET_NEXT_KEY", bpfIn("", Struct(Fields{{"map_fd", FD}, {"key", AlignedAddr}, {"next_key", AlignedAddr}})), Ret{}),
	bpfCall("BPF_MAP_FREEZE", bpfIn("", Struct(Fields{{"map_fd", FD}})), Ret{}),
	bpfCall("BPF_PROG_LOAD", bpfInOut("", bpfProgLoad,
		"log_true_size", "prog_token_fd", "fd_array_cnt", "signature", "signature_size", "keyring_id"), RetFD),
	bpfCall("BPF_OBJ_PIN BPF_OBJ_GET", bpfIn("", bpfObj), RetFD),
	bpfCall("BPF_PROG_ATTACH BPF_PROG_DETACH", bpfIn("", bpfProgAttach), Ret{}),
	bpfCall("BPF_PROG_TEST_RUN", bpfIn("test", bpfTestRun), Ret{}),
	bpfCall("BPF_PROG_GET_NEXT_ID BPF_MAP_GET_NEXT_ID BPF_BTF_GET_NEXT_ID BPF_LINK_GET_NEXT_ID",
		bpfInOut("", Struct(Fields{{"start_id", U32}, {"next_id", U32}}), "next_id"), Ret{}),
	bpfCall("BPF_PROG_GET_FD_BY_ID", bpfIn("", Struct(Fields{{"prog_id", U32}})), RetFD),
	bpfCall("BPF_MAP_GET_FD_BY_ID", bpfIn("", Versions(Fields{
		{"map_id", U32}, {"_", U32}, {"open_flags", Since(Flags(tables.BPFFileMode))},
	})), RetFD),
	bpfCall("BPF_OBJ_GET_INFO_BY_FD", bpfInOut("info", bpfObjInfo, "now", "info"), Ret{}),
	bpfCall("BPF_PROG_QUERY", bpfInOut("query", bpfProgQuery,
		"prog_ids", "prog_cnt", "prog_attach_flags", "link_ids", "link_attach_flags", "revision"), Ret{}),
	bpfCall("BPF_RAW_TRACEPOINT_OPEN", bpfIn("raw_tracepoint", bpfRawTracepoint), Ret{}),
	bpfCall("BPF_BTF_LOAD", bpfInOut("", bpfBTFLoad, "btf_log_true_size", "btf_flags", "btf_token_fd"), RetFD),
	bpfCall("BPF_BTF_GET_FD_BY_ID", bpfIn("", Versions(Fields{
		{"btf_id", U32}, {"_", U32}, {"open_flags", Since(Flags(tables.BPFFileMode))}, {"fd_by_id_token_fd", FD},
	})), RetFD),
	bpfCall("BPF_TASK_FD_QUERY", bpfInOut("task_fd_query", bpfTaskFDQuery,
		"now", "buf", "prog_id", "fd_type", "probe_offset", "probe_addr"), Ret{}),
	bpfCall("BPF_MAP_LOOKUP_BATCH BPF_MAP_LOOKUP_AND_DELETE_BATCH", bpfBatch(bpfMapBatch(tables.BPFLookupFlags,
		"in_batch", "out_batch", "keys", "values", "count", "map_fd", "elem_flags", "flags")), Ret{}),
	bpfCall("BPF_MAP_UPDATE_BATCH", bpfBatch(bpfMapBatch(tables.BPFElemFlags,
		"keys", "values", "count", "map_fd", "elem_flags", "flags")), Ret{}),
	bpfCall("BPF_MAP_DELETE_BATCH", bpfBatch(bpfMapBatch(tables.BPFLookupFlags,
		"keys", "count", "map_fd", "elem_flags", "flags")), Ret{}),
	{"BPF_LINK_CREATE", Args{RestBy(bpfLinkCreate)}, RetFD},
	bpfCall("BPF_LINK_UPDATE", bpfIn("link_update", Struct(Fields{
		{"link_fd", FD}, {"new_prog_fd", FD}, {"flags", Flags(tables.BPFAttachFlags)},
		{"old_prog_fd", When(Has(Ref("flags"), BitsOf(tables.BPFAttachFlags, "BPF_F_REPLACE")), FD)},
	})), Ret{}),
	bpfCall("BPF_LINK_GET_FD_BY_ID", bpfIn("", Struct(Fields{{"link_id", U32}})), RetFD),
	bpfCall("BPF_ENABLE_STATS", bpfIn("enable_stats", Struct(Fields{{"type", Enum(tables.BPFStatsType)}})), RetFD),
	bpfCall("BPF_ITER_CREATE", bpfIn("iter_create", Struct(Fields{{"link_fd", FD}, {"flags", X32}})), RetFD),
	bpfCall("BPF_LINK_DETACH", bpfIn("link_detach", Struct(Fields{{"link_fd", FD}})), Ret{}),
	bpfCall("BPF_PROG_BIND_MAP", bpfIn("prog_bind_map", Struct(Fields{{"prog_fd", FD}, {"map_fd", FD}, {"flags", X32}})), RetFD),
	bpfCall("BPF_TOKEN_CREATE", bpfIn("token_create", Struct(Fields{{"flags", X32}, {"bpffs_fd", FD}})), RetFD),
	bpfCall("BPF_PROG_STREAM_READ_BY_FD", bpfIn("prog_stream_read", Struct(Fields{
		{"stream_buf", Aligned8(Ptr64(Buf(Ref("stream_buf_len"))))}, {"stream_buf_len", U32}, {"stream_id", U32}, {"prog_fd", FD},
	})), Ret{}),
	bpfCall("BPF_PROG_ASSOC_STRUCT_OPS", bpfIn("prog_assoc_struct_ops", Struct(Fields{
		{"map_fd", FD}, {"prog_fd", FD}, {"flags", X32},
	})), Ret{}),
	{"", Args{{"attr", Addr}, {"size", Uint}}, Ret{}},
}

func bpfCall(names string, attr Type, ret Ret) Desc {
	return Desc{names, Args{{"attr", attr}, {"size", Uint}}, ret}
}

// bpfObjNameLen is BPF_OBJ_NAME_LEN.
const bpfObjNameLen = 16

// bpfName is the name of an object, as far as the caller's struct goes.
func bpfName(member string) Type {
	return CharsUpTo(bpfObjNameLen, Func(func(c *Call) uint64 {
		f := c.Frame(0)
		off, _ := f.Struct.Offset(c.ABI, member)
		return min(bpfObjNameLen, c.Known-uint64(off))
	}))
}

var bpfMapCreate = Versions(Fields{
	{"map_type", Enum(tables.BPFMapType)},
	{"key_size", U32},
	{"value_size", U32},
	{"max_entries", U32},
	{"map_flags", Since(Flags(tables.BPFMapFlags))},
	{"inner_map_fd", Since(FD)},
	{"numa_node", Since(When(Has(Ref("map_flags"), BitsOf(tables.BPFMapFlags, "BPF_F_NUMA_NODE")), numaNode))},
	{"map_name", Since(bpfName("map_name"))},
	{"map_ifindex", Since(IfIndex)},
	{"btf_fd", Since(FD)},
	{"btf_key_type_id", U32},
	{"btf_value_type_id", U32},
	{"btf_vmlinux_value_type_id", Since(U32)},
	{"map_extra", Since(AlignedU64)},
	{"value_type_btf_obj_fd", Since(FD)},
	{"map_token_fd", Since(FD)},
	{"excl_prog_hash", Since(AlignedAddr)},
	{"excl_prog_hash_size", U32},
})

// numaNode is the number of a NUMA node. The kernel's name for none is not
// known to programs, and shown beside the number.
var numaNode = ValueOf(U32, func(c *Call, v uint64) {
	c.Out.Number(v, output.Unsigned)
	if v == 0xffffffff {
		c.Out.Comment(output.Note, "NUMA_NO_NODE")
	}
})

var bpfMapLookup = Versions(Fields{
	{"map_fd", FD},
	{"key", AlignedAddr},
	{"value", AlignedAddr},
	{"flags", Since(bpfMapFlags(tables.BPFLookupFlags))},
})

var bpfMapUpdate = Struct(Fields{
	{"map_fd", FD},
	{"key", AlignedAddr},
	{"value", AlignedAddr},
	{"flags", bpfMapFlags(tables.BPFElemFlags)},
})

func bpfMapFlags(set *tables.Set) Type { return Aligned8(FlagsOf(X64, set)) }

func bpfMapBatch(flags *tables.Set, members ...string) *StructType {
	return Struct(Fields{
		{"in_batch", AlignedAddr},
		{"out_batch", AlignedAddr},
		{"keys", AlignedAddr},
		{"values", AlignedAddr},
		{"count", U32},
		{"map_fd", FD},
		{"elem_flags", bpfMapFlags(flags)},
		{"flags", AlignedX64},
	}).Pick(members...)
}

// coreRelocs is the offset of core_relos. Those who know it know core_relo_cnt,
// which took the place of a hole.
const coreRelocs = 128

var bpfProgLoad = Versions(Fields{
	{"prog_type", Enum(tables.BPFProgType)},
	{"insn_cnt", U32},
	{"insns", Aligned8(bpfProgram(Ref("insn_cnt")))},
	{"license", Aligned8(Ptr64(Str))},
	{"log_level", Since(U32)},
	{"log_size", U32},
	{"log_buf", Aligned8(Ptr64(CutStr(Ref("log_size"))))},
	{"kern_version", Since(KernelVersion)},
	{"prog_flags", Since(Flags(tables.BPFProgFlags))},
	{"prog_name", Since(bpfName("prog_name"))},
	{"prog_ifindex", Since(IfIndex)},
	{"expected_attach_type", Since(Enum(tables.BPFAttachType))},
	{"prog_btf_fd", Since(FD)},
	{"func_info_rec_size", U32},
	{"func_info", AlignedAddr},
	{"func_info_cnt", U32},
	{"line_info_rec_size", U32},
	{"line_info", AlignedAddr},
	{"line_info_cnt", U32},
	{"attach_btf_id", Since(U32)},
	{"attach_prog_fd", Since(FD)},
	{"core_relo_cnt", When(func(c *Call) bool { return c.Known > coreRelocs }, U32)},
	{"fd_array", Since(AlignedAddr)},
	{"core_relos", Since(AlignedAddr)},
	{"core_relo_rec_size", U32},
	{"log_true_size", Since(U32)},
	{"prog_token_fd", Since(FD)},
	{"fd_array_cnt", Since(U32)},
	{"signature", Since(Aligned8(Ptr64(Binary(Ref("signature_size")))))},
	{"signature_size", U32},
	{"keyring_id", S32},
})

var bpfObj = Versions(Fields{
	{"pathname", Aligned8(Ptr64(PathStr))},
	{"bpf_fd", FD},
	{"file_flags", Since(Flags(tables.BPFFileFlags))},
	{"path_fd", Since(DirFD)},
})

// bpfTarget is what a program is attached to: a network interface or a
// descriptor, as the type of attachment says.
func bpfTarget() Type {
	byInterface := Values(tables.BPFAttachType, "BPF_TCX_INGRESS", "BPF_TCX_EGRESS", "BPF_NETKIT_PRIMARY", "BPF_NETKIT_PEER", "BPF_XDP")
	return Union(Ref("attach_type"), Arm(One("target_ifindex", IfIndex), byInterface...), Arm(One("target_fd", FD)))
}

// bpfRelative is the link or program that an attachment is placed relative to.
func bpfRelative(flags string) Type {
	return Union(Bits(Ref(flags), BitsOf(tables.BPFAttachFlags, "BPF_F_ID")), Arm(One("relative_id", U32), 1), Arm(One("relative_fd", FD)))
}

var bpfProgAttach = Versions(Fields{
	{"", bpfTarget()},
	{"attach_bpf_fd", FD},
	{"attach_type", Enum(tables.BPFAttachType)},
	{"attach_flags", Flags(tables.BPFAttachFlags)},
	{"replace_bpf_fd", Since(FD)},
	{"", Since(bpfRelative("attach_flags"))},
	{"expected_revision", Aligned8(U64)},
})

var bpfTestRun = Versions(Fields{
	{"prog_fd", FD},
	{"retval", U32},
	{"data_size_in", U32},
	{"data_size_out", U32},
	{"data_in", AlignedAddr},
	{"data_out", AlignedAddr},
	{"repeat", U32},
	{"duration", U32},
	{"ctx_size_in", Since(U32)},
	{"ctx_size_out", U32},
	{"ctx_in", AlignedAddr},
	{"ctx_out", AlignedAddr},
	{"flags", Since(Flags(tables.BPFTestRunFlags))},
	{"cpu", U32},
	{"batch_size", Since(U32)},
})

var bpfProgQuery = Versions(Fields{
	{"", bpfTarget()},
	{"attach_type", Enum(tables.BPFAttachType)},
	{"query_flags", Flags(tables.BPFQueryFlags)},
	{"attach_flags", Flags(tables.BPFAttachFlags)},
	{"prog_ids", Aligned8(bpfList(U32, Ref("prog_cnt")))},
	{"prog_cnt", WasNow(U32)},
	{"_", U32},
	{"prog_attach_flags", Since(Aligned8(bpfList(Flags(tables.BPFAttachFlags), Ref("prog_cnt"))))},
	{"link_ids", Since(Aligned8(bpfList(U32, Ref("prog_cnt"))))},
	{"link_attach_flags", Aligned8(bpfList(Flags(tables.BPFAttachFlags), Ref("prog_cnt")))},
	{"revision", AlignedX64},
})

var bpfRawTracepoint = Struct(Fields{
	{"name", Aligned8(Ptr64(CutStr(Const(128))))},
	{"prog_fd", FD},
	{"_", U32},
	{"cookie", When(func(c *Call) bool { return c.Known >= 24 }, AlignedX64)},
})

var bpfBTFLoad = Versions(Fields{
	{"btf", Aligned8(Ptr64(Buf(Ref("btf_size"))))},
	{"btf_log_buf", AlignedAddr},
	{"btf_size", U32},
	{"btf_log_size", U32},
	{"btf_log_level", U32},
	{"btf_log_true_size", Since(U32)},
	{"btf_flags", Since(Flags(tables.BPFFileFlags))},
	{"btf_token_fd", FD},
})

var bpfTaskFDQuery = Struct(Fields{
	{"pid", PIDOf(ThreadGroup)},
	{"fd", FD},
	{"flags", U32},
	{"buf_len", U32},
	{"now", NowOf("buf_len", 4)},
	{"buf", Aligned8(Ptr64(CutStr(Min(Ref("buf_len"), Was("buf_len", 4)))))},
	{"prog_id", U32},
	{"fd_type", Enum(tables.BPFTaskFdType)},
	{"probe_offset", AlignedX64},
	{"probe_addr", AlignedX64},
})
