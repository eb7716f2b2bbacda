package bpf

import (
	"strings"
	"sync"

	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/tables"
)

// BPF_LINK_CREATE of bpf(2): the last part of its attributes depends on the type
// of attachment.

// linkCreate chooses the description of the arguments after the command.
func linkCreate(c *Call) *Desc {
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
	linksByType.once.Do(indexLinks)
	if d := linksByType.desc[typ]; d != nil {
		return d
	}
	if linksByType.cgroup[typ] {
		if read(flagsOffset, flagsOffset+4)&BitsOf(&tables.BPFAttachFlags, "BPF_F_BEFORE", "BPF_F_AFTER") != 0 {
			return linksByType.ordered
		}
		return linksByType.inCgroup
	}
	return linksByType.other
}

// link returns the description of a kind of link, given the last part of its
// attributes.
func link(last Fields) *Desc {
	fields := Fields{
		{"prog_fd", FD},
		{"", target},
		{"attach_type", &Enum{Set: &tables.BPFAttachType}},
		{"flags", &Flags{Set: &tables.BPFAttachFlags}},
	}
	for i, f := range last {
		if i == 0 {
			f.Type = Since{f.Type}
		}
		fields = append(fields, f)
	}
	d := command("BPF_LINK_CREATE", &bpfAttr{name: "link_create", of: &Struct{Fields: fields}}, RetFD)
	return &d
}

// The last part for links to a cgroup, without an order and with one.
var (
	cgroupLink    = Fields{{"target_btf_id", Reserved{U32}}}
	cgroupOrdered = Fields{{"cgroup", ordered}}
)

// ordered places a link relative to another one.
var ordered = &Struct{Fields: Fields{{"", relative("flags")}, {"expected_revision", AlignedX64}}}

// links are the last parts of attributes, by the name of the attachment's
// type.
var links = [...]struct {
	types string
	last  Fields
}{
	{"BPF_TRACE_ITER", Fields{{"iter_info", Aligned{&Ptr{To: &List{Of: iterInfo, Count: Ref("iter_info_len")}, Wide: true}}}, {"iter_info_len", U32}}},
	{"BPF_PERF_EVENT", Fields{{"perf_event", &Struct{Fields: Fields{{"bpf_cookie", AlignedX64}}}}}},
	{"BPF_TRACE_FENTRY BPF_TRACE_FEXIT BPF_TRACE_FSESSION BPF_MODIFY_RETURN BPF_LSM_MAC", Fields{{"tracing", &Struct{Fields: Fields{{"target_btf_id", U32}, {"cookie", AlignedX64}}}}}},
	{"BPF_TRACE_FENTRY_MULTI BPF_TRACE_FEXIT_MULTI BPF_TRACE_FSESSION_MULTI", Fields{{"tracing_multi", &Struct{Fields: Fields{
		{"ids", Aligned{&Ptr{To: &List{Of: U32, Count: Ref("cnt")}, Wide: true}}},
		{"cookies", Aligned{&Ptr{To: &List{Of: X64, Count: Ref("cnt")}, Wide: true}}},
		{"cnt", U32},
	}}}}},
	{"BPF_NETFILTER", Fields{{"netfilter", &Struct{Fields: Fields{
		{"pf", U32}, {"hooknum", U32}, {"priority", S32}, {"flags", &Flags{Set: &tables.BPFNetfilterFlags}},
	}}}}},
	{"BPF_TCX_INGRESS BPF_TCX_EGRESS", Fields{{"tcx", ordered}}},
	{"BPF_NETKIT_PRIMARY BPF_NETKIT_PEER", Fields{{"netkit", ordered}}},
	{"BPF_TRACE_KPROBE_MULTI", Fields{{"kprobe_multi", &Struct{Fields: Fields{
		{"flags", &Flags{Set: &tables.BPFKprobeMultiFlags}},
		{"cnt", U32},
		{"syms", Aligned{&Ptr{To: &List{Of: String, Count: Ref("cnt")}, Wide: true}}},
		{"addrs", Aligned{&Ptr{To: &List{Of: X64, Count: Ref("cnt")}, Wide: true}}},
		{"cookies", Aligned{&Ptr{To: &List{Of: X64, Count: Ref("cnt")}, Wide: true}}},
	}}}}},
	{"BPF_TRACE_UPROBE_MULTI", Fields{{"uprobe_multi", &Struct{Fields: Fields{
		{"path", Aligned{&Ptr{To: AnyFile, Wide: true}}},
		{"offsets", Aligned{&Ptr{To: &List{Of: X64, Count: Ref("cnt")}, Wide: true}}},
		{"ref_ctr_offsets", Aligned{&Ptr{To: &List{Of: X64, Count: Ref("cnt")}, Wide: true}}},
		{"cookies", Aligned{&Ptr{To: &List{Of: X64, Count: Ref("cnt")}, Wide: true}}},
		{"cnt", U32},
		{"flags", &Flags{Set: &tables.BPFUprobeMultiFlags}},
		{"pid", PIDOf(ThreadGroup)},
		{"path_fd", &When{If: Test(func(c *Call) bool { return c.Known > uprobePathFD }), Then: FD}},
	}}}}},
}

// uprobePathFD is the offset of uprobe_multi.path_fd.
const uprobePathFD = 60

var iterInfo = &Struct{Fields: Fields{{"map", &Struct{Fields: Fields{{"map_fd", FD}}}}}}

// linksByType has the descriptions of links by the number of the attachment's
// type. They are made when the first link is created.
var linksByType struct {
	once                     sync.Once
	desc                     map[uint64]*Desc
	cgroup                   map[uint64]bool // attachment types of cgroups
	inCgroup, ordered, other *Desc
}

func indexLinks() {
	x := &linksByType
	x.desc, x.cgroup = make(map[uint64]*Desc), make(map[uint64]bool)
	for _, kind := range &links {
		d := link(kind.last)
		for name := range strings.FieldsSeq(kind.types) {
			x.desc[ValueNamed(&tables.BPFAttachType, name)] = d
		}
	}
	for _, k := range tables.BPFAttachType.Consts {
		if strings.HasPrefix(k.Name, "BPF_CGROUP_") {
			x.cgroup[k.Value] = true
		}
	}
	x.inCgroup, x.ordered, x.other = link(cgroupLink), link(cgroupOrdered), link(nil)
}
