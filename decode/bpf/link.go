package bpf

import (
	"strings"

	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/tables"
)

// BPF_LINK_CREATE of bpf(2): what its attributes end with depends on the type
// of attachment.

// bpfLinkCreate chooses the description of the arguments behind the command.
func bpfLinkCreate(c *Call) *Desc {
	const typeOffset, flagsOffset = 8, 12
	attr := c.Args[1]
	read := func(off, end uint64) uint64 {
		if uint64(uint32(c.Args[2])) < end {
			return 0
		}
		n, _ := c.ReadUint(attr+off, 4)
		return n
	}
	typ := read(typeOffset, flagsOffset)
	if d := bpfLinks[typ]; d != nil {
		return d
	}
	if bpfCgroupLinks[typ] {
		if read(flagsOffset, flagsOffset+4)&BitsOf(tables.BPFAttachFlags, "BPF_F_BEFORE", "BPF_F_AFTER") != 0 {
			return bpfCgroupOrdered
		}
		return bpfCgroupLink
	}
	return bpfOtherLink
}

// bpfLink is the description of a kind of link, with the last part of its
// attributes. None is longer than what is known of the longest.
func bpfLink(last ...Field) *Desc {
	fields := Fields{
		{"prog_fd", FD},
		{"", bpfTarget()},
		{"attach_type", Enum(tables.BPFAttachType)},
		{"flags", Flags(tables.BPFAttachFlags)},
	}
	for i, f := range last {
		if i == 0 {
			f.Type = Since(f.Type)
		}
		fields = append(fields, f)
	}
	d := bpfCall("BPF_LINK_CREATE", bpfIn("link_create", Versions(fields)), RetFD)
	return &d
}

var (
	bpfOtherLink     = bpfLink()
	bpfCgroupLink    = bpfLink(Reserved("target_btf_id", U32))
	bpfCgroupOrdered = bpfLink(Field{"cgroup", bpfOrdered})
)

// bpfOrdered places a link relative to another one.
var bpfOrdered = Struct(Fields{{"", bpfRelative("flags")}, {"expected_revision", AlignedX64}})

// bpfLinks are the kinds of links by their type of attachment.
var bpfLinks = bpfLinkKinds(map[string]*Desc{
	"BPF_TRACE_ITER": bpfLink(
		Field{"iter_info", Aligned8(Ptr64(Array(bpfIterInfo, Ref("iter_info_len"))))},
		Field{"iter_info_len", U32}),
	"BPF_PERF_EVENT": bpfLink(Field{"perf_event", Struct(Fields{{"bpf_cookie", AlignedX64}})}),
	"BPF_TRACE_FENTRY BPF_TRACE_FEXIT BPF_TRACE_FSESSION BPF_MODIFY_RETURN BPF_LSM_MAC": bpfLink(
		Field{"tracing", Struct(Fields{{"target_btf_id", U32}, {"cookie", AlignedX64}})}),
	"BPF_TRACE_FENTRY_MULTI BPF_TRACE_FEXIT_MULTI BPF_TRACE_FSESSION_MULTI": bpfLink(
		Field{"tracing_multi", Struct(Fields{
			{"ids", Aligned8(Ptr64(Array(U32, Ref("cnt"))))},
			{"cookies", Aligned8(Ptr64(Array(X64, Ref("cnt"))))},
			{"cnt", U32},
		})}),
	"BPF_NETFILTER": bpfLink(Field{"netfilter", Struct(Fields{
		{"pf", U32}, {"hooknum", U32}, {"priority", S32}, {"flags", Flags(tables.BPFNetfilterFlags)},
	})}),
	"BPF_TCX_INGRESS BPF_TCX_EGRESS":     bpfLink(Field{"tcx", bpfOrdered}),
	"BPF_NETKIT_PRIMARY BPF_NETKIT_PEER": bpfLink(Field{"netkit", bpfOrdered}),
	"BPF_TRACE_KPROBE_MULTI": bpfLink(Field{"kprobe_multi", Struct(Fields{
		{"flags", Flags(tables.BPFKprobeMultiFlags)},
		{"cnt", U32},
		{"syms", Aligned8(Ptr64(Array(String, Ref("cnt"))))},
		{"addrs", Aligned8(Ptr64(Array(X64, Ref("cnt"))))},
		{"cookies", Aligned8(Ptr64(Array(X64, Ref("cnt"))))},
	})}),
	"BPF_TRACE_UPROBE_MULTI": bpfLink(Field{"uprobe_multi", Struct(Fields{
		{"path", Aligned8(Ptr64(PathStr))},
		{"offsets", Aligned8(Ptr64(Array(X64, Ref("cnt"))))},
		{"ref_ctr_offsets", Aligned8(Ptr64(Array(X64, Ref("cnt"))))},
		{"cookies", Aligned8(Ptr64(Array(X64, Ref("cnt"))))},
		{"cnt", U32},
		{"flags", Flags(tables.BPFUprobeMultiFlags)},
		{"pid", PIDOf(ThreadGroup)},
		{"path_fd", When(func(c *Call) bool { return c.Known > uprobePathFD }, FD)},
	})}),
})

// uprobePathFD is the offset of uprobe_multi.path_fd.
const uprobePathFD = 60

var bpfIterInfo = Struct(Fields{{"map", Struct(Fields{{"map_fd", FD}})}})

func bpfLinkKinds(byName map[string]*Desc) map[uint64]*Desc {
	byType := make(map[uint64]*Desc)
	for names, d := range byName {
		for name := range strings.FieldsSeq(names) {
			byType[Values(tables.BPFAttachType, name)[0]] = d
		}
	}
	return byType
}

// bpfCgroupLinks are the types of attachment to a cgroup.
var bpfCgroupLinks = func() map[uint64]bool {
	types := make(map[uint64]bool)
	for _, k := range tables.BPFAttachType.Consts {
		if strings.HasPrefix(k.Name, "BPF_CGROUP_") {
			types[k.Value] = true
		}
	}
	return types
}()
