package process

import (
	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// Performance events: kernel/events/core.c, linux/perf_event.h.

var perfCalls = Calls{
	{"perf_event_open", Args{
		{"attr", &perfAttr{Layouts(Ulong), Exit}},
		{"pid", Int},
		{"cpu", Int},
		{"group_fd", FD},
		{"flags", &Flags{In: Xlong, Set: &tables.PerfEventOpenFlags}},
	}, RetFD},
}

var perfIoctls = Ioctls{
	{"PERF_EVENT_IOC_ENABLE PERF_EVENT_IOC_DISABLE PERF_EVENT_IOC_RESET", &Flags{In: X32, Set: &tables.PerfIocFlags}},
	{"PERF_EVENT_IOC_REFRESH", Int},
	{"PERF_EVENT_IOC_PERIOD", &Ptr{To: U64}},
	{"PERF_EVENT_IOC_SET_OUTPUT PERF_EVENT_IOC_SET_BPF", FD},
	{"PERF_EVENT_IOC_PAUSE_OUTPUT", Ulong},
	{"PERF_EVENT_IOC_SET_FILTER", &Ptr{To: StrN(PageSize)}},
	{"PERF_EVENT_IOC_ID", &Out{To: U64}},
	{"PERF_EVENT_IOC_QUERY_BPF", &Fill{In: perfQueryLength, Out: &Struct{Of: perfQueryBPF, Pick: Names{"prog_cnt", "ids"}}, OrMore: true}},
	{"PERF_EVENT_IOC_MODIFY_ATTRIBUTES", &perfAttr{Layouts(Ulong), In}},
}

// perfQueryBPF is struct perf_event_query_bpf. perfQueryLength is the part of it
// that the kernel reads.
var (
	perfQueryBPF = &Struct{C: "perf_event_query_bpf", Fields: Fields{
		{"ids_len", U32}, {"prog_cnt", U32}, {"ids", &List{Of: U32, Count: Ref("prog_cnt")}},
	}}
	perfQueryLength = &Struct{Fields: Fields{{"ids_len", U32}}}
)

// perfAttr points to a struct perf_event_attr, whose member size is the size of
// the struct. If that is larger than the kernel's own version, the kernel
// replaces it by the size that it knows.
type perfAttr struct {
	Layouts
	d Dir
}

// Sizes in bytes: of the first version of the struct, which 0 stands for, and of
// the part that is shown without -v.
const (
	perfAttrSizeVer0   = 64
	perfAttrAbbrevSize = 48
	perfAttrSizeOffset = 4
)

func (t *perfAttr) Dir() Dir { return t.d }

func (t *perfAttr) Capture(c *Call, v View, arg int) {
	if size, ok := c.ReadUint(v.Uint(c.WordSize())+perfAttrSizeOffset, 4); ok {
		c.Save(arg, size)
	}
}

func (t *perfAttr) Show(c *Call, v View) {
	addr := v.Uint(c.WordSize())
	size, ok := c.Captured()
	if !ok {
		size, _ = c.ReadUint(addr+perfAttrSizeOffset, 4)
	}
	c.Before = size
	if size == 0 {
		size = perfAttrSizeVer0
	}
	known := uint64(perfEventAttr.Layout(c.ABI).Size)
	n := min(size, known)
	if c.Abbrev {
		n = perfAttrAbbrevSize
	}
	b, ok := c.ReadAll(addr, int(n))
	if addr == 0 || size < perfAttrSizeVer0 || !ok {
		c.Out.Addr(addr)
		return
	}
	c.Out.BeginStruct()
	perfEventAttr.ShowMembers(c, View{B: perfEventAttr.Complete(c, b), Addr: addr})
	if !c.Abbrev && size > known {
		c.Out.More()
	}
	c.Out.EndStruct()
}

// showPerfAttrSize shows the member size. c.Before has the value that the caller
// set.
func showPerfAttrSize(c *Call, now uint64) {
	c.Out.Enum(c.Before, &tables.PerfAttrSizes, output.Hex)
	if c.Errno == int(tables.E2BIG) {
		c.Out.Changed()
		c.Out.Enum(now, &tables.PerfAttrSizes, output.Hex)
	}
}

var perfEventAttr = &Struct{C: "perf_event_attr", Fields: Fields{
	{"type", &Enum{Set: &tables.PerfTypes}},
	{"size", &Value{By: showPerfAttrSize}},
	{"config", &Union{On: Ref("type"), Set: &tables.PerfTypes, Arms: Arms{
		{&Value{In: X64, By: showPerfHardwareConfig}, Names{"PERF_TYPE_HARDWARE"}},
		{&Enum{In: X64, Set: &tables.PerfSoftware}, Names{"PERF_TYPE_SOFTWARE"}},
		{U64, Names{"PERF_TYPE_TRACEPOINT"}},
		{&Value{In: X64, By: showPerfCacheConfig}, Names{"PERF_TYPE_HW_CACHE"}},
		{X64, nil}}}},
	{"", &Union{On: If{perfFlag("freq")}, Arms: Arms{{&NamedArm{Name: "sample_freq", Type: U64}, Nums{1}}, {&NamedArm{Name: "sample_period", Type: U64}, nil}}}},
	{"sample_type", &Flags{In: X64, Set: &tables.PerfSampleFormat}},
	{"read_format", &Flags{In: X64, Set: &tables.PerfReadFormat}},
	{"flags", Hidden{U64}},
	{"", &perfBitFields{Ref("flags"), perfFlags}},
	{"", Verbose{&Union{On: If{perfFlag("watermark")}, Arms: Arms{{&NamedArm{Name: "wakeup_watermark", Type: U32}, Nums{1}}, {&NamedArm{Name: "wakeup_events", Type: U32}, nil}}}}},
	{"bp_type", Verbose{&When{If: perfBreakpoint, Then: &Value{By: showPerfBreakpointType}}}},
	{"", Verbose{&Union{On: Ref("type"), Set: &tables.PerfTypes, Arms: Arms{{&NamedArm{Name: "bp_addr", Type: X64}, Names{"PERF_TYPE_BREAKPOINT"}}, {&NamedArm{Name: "config1", Type: X64}, nil}}}}},
	{"", Verbose{&Union{On: Ref("type"), Set: &tables.PerfTypes, Arms: Arms{{&NamedArm{Name: "bp_len", Type: U64}, Names{"PERF_TYPE_BREAKPOINT"}}, {&NamedArm{Name: "config2", Type: X64}, nil}}}}},
	{"branch_sample_type", Verbose{&When{If: &Has{N: Ref("sample_type"), Set: &tables.PerfSampleFormat, Values: Names{"PERF_SAMPLE_BRANCH_STACK"}}, Then: &Flags{In: X64, Set: &tables.PerfBranchSampleType}}}},
	{"sample_regs_user", Verbose{X64}},
	{"sample_stack_user", Verbose{&When{If: &Has{N: Ref("sample_type"), Set: &tables.PerfSampleFormat, Values: Names{"PERF_SAMPLE_STACK_USER"}}, Then: X32}}},
	{"clockid", Verbose{&When{If: perfFlag("use_clockid"), Then: &Enum{Set: &tables.ClockID}}}},
	{"sample_regs_intr", Verbose{X64}},
	{"aux_watermark", Verbose{U32}},
	{"sample_max_stack", Verbose{U16}},
	{"", Verbose{perfHole}},
	{"aux_sample_size", Verbose{U32}},
	{"aux_action", Hidden{U32}},
	{"", Verbose{&perfBitFields{Ref("aux_action"), perfAuxActions}}},
	{"sig_data", Verbose{X64}},
	{"config3", Verbose{X64}},
	{"config4", Verbose{X64}},
}}

var perfBreakpoint = &Is{N: Ref("type"), Set: &tables.PerfTypes, Values: Names{"PERF_TYPE_BREAKPOINT"}}

// perfFlags are the bit-fields of struct perf_event_attr, starting at bit 0.
var perfFlags = []perfBits{
	{name: "disabled"}, {name: "inherit"}, {name: "pinned"}, {name: "exclusive"},
	{name: "exclude_user"}, {name: "exclude_kernel"}, {name: "exclude_hv"}, {name: "exclude_idle"},
	{name: "mmap"}, {name: "comm"}, {name: "freq"}, {name: "inherit_stat"},
	{name: "enable_on_exec"}, {name: "task"}, {name: "watermark"},
	{name: "precise_ip", width: 2, remarks: []string{
		"arbitrary skid", "constant skid", "requested to have 0 skid", "must have 0 skid",
	}},
	{name: "mmap_data"}, {name: "sample_id_all"}, {name: "exclude_host"}, {name: "exclude_guest"},
	{name: "exclude_callchain_kernel"}, {name: "exclude_callchain_user"}, {name: "mmap2"}, {name: "comm_exec"},
	{name: "use_clockid"}, {name: "context_switch"}, {name: "write_backward"}, {name: "namespaces"},
	{name: "ksymbol"}, {name: "bpf_event"}, {name: "aux_output"}, {name: "cgroup"},
	{name: "text_poke"}, {name: "build_id"}, {name: "inherit_thread"}, {name: "remove_on_exec"}, {name: "sigtrap"},
	{name: "__reserved_1", width: 26, reserved: true, remarks: []string{"Bits 63..38"}},
}

// perfAuxActions are the bit-fields of the member aux_action.
var perfAuxActions = []perfBits{
	{name: "aux_start_paused"}, {name: "aux_pause"}, {name: "aux_resume"},
	{name: "__reserved_3", width: 29, reserved: true, remarks: []string{"Bits 931..959"}},
}

// perfFlag is the condition that a certain one of the perfFlags is set.
type perfFlag string

// Holds implements Cond.
func (name perfFlag) Holds(c *Call) bool { return Ref("flags").Num(c)&name.bit() != 0 }

// bit returns the bit of the flag.
func (name perfFlag) bit() uint64 {
	bit := 0
	for i := range perfFlags {
		if perfFlags[i].name == string(name) {
			return 1 << bit
		}
		bit += max(1, perfFlags[i].width)
	}
	panic("process: no bit-field is called " + string(name))
}

// showPerfHardwareConfig shows a PERF_COUNT_HW_ number, with the type of a PMU in
// the upper half.
func showPerfHardwareConfig(c *Call, v uint64) {
	if pmu := v >> 32; pmu != 0 {
		c.Out.Number(pmu, output.Hex)
		c.Out.Shift(32, "", output.Unsigned)
		c.Out.Join(output.Or)
	}
	c.Out.Enum(v&0xffffffff, &tables.PerfHardware, output.Hex)
}

// showPerfCacheConfig shows a cache, an operation on it and the operation's
// result, with the type of a PMU in the upper half.
func showPerfCacheConfig(c *Call, v uint64) {
	for _, part := range [...]struct{ shift, bits uint }{{32, 32}, {24, 8}} {
		if n := v >> part.shift & (1<<part.bits - 1); n != 0 {
			c.Out.Number(n, output.Hex)
			c.Out.Shift(part.shift, "", output.Unsigned)
			c.Out.Join(output.Or)
		}
	}
	c.Out.Enum(v>>16&0xff, &tables.PerfCacheResults, output.Hex)
	c.Out.Shift(16, "", output.Unsigned)
	c.Out.Join(output.Or)
	c.Out.Enum(v>>8&0xff, &tables.PerfCacheOps, output.Hex)
	c.Out.Shift(8, "", output.Unsigned)
	c.Out.Join(output.Or)
	c.Out.Enum(v&0xff, &tables.PerfCaches, output.Hex)
}

// showPerfBreakpointType shows the type of a breakpoint. Execution combined with
// reading or writing is within the range of the type, but not valid.
func showPerfBreakpointType(c *Call, v uint64) {
	if _, known := tables.PerfBreakpointTypes.Lookup(v); !known && v <= BitsOf(&tables.PerfBreakpointTypes, "HW_BREAKPOINT_RW", "HW_BREAKPOINT_X") {
		c.Out.Number(v, output.Hex)
		c.Out.Comment(output.Note, "HW_BREAKPOINT_INVALID")
		return
	}
	c.Out.Enum(v, &tables.PerfBreakpointTypes, output.Hex)
}

// perfHole is the padding after sample_max_stack. If it is not zero, a comment on
// the member before it says so.
var perfHole = &perfReserved{U16}

type perfReserved struct{ Number }

func (t *perfReserved) ShowAsMembers(c *Call, v View) {
	if n := t.Value(c, v); n != 0 {
		c.Out.Comment(output.Note, "bytes 110..111: "+HexString(n))
	}
}

// perfBits is a C bit-field.
type perfBits struct {
	name     string
	width    int // in bits; 0 means 1
	reserved bool
	remarks  []string // by value; a single one applies to all values
}

// perfBitFields shows the bit-fields of a word as members, starting at its lowest
// bit. Without -v, those of one bit are shown only if they are set.
type perfBitFields struct {
	word   Num
	fields []perfBits
}

func (t *perfBitFields) Layout(tables.ABI) Layout { return Layout{Size: 0, Align: 1} }

// Show is never called, because the bit-fields are shown as members of the
// struct.
func (t *perfBitFields) Show(*Call, View) {}

func (t *perfBitFields) ShowAsMembers(c *Call, _ View) {
	word := t.word.Num(c)
	for i := range t.fields {
		f := &t.fields[i]
		width := max(1, f.width)
		v := word & (1<<width - 1)
		word >>= width
		switch {
		case f.reserved:
			if v == 0 {
				continue
			}
			c.Out.Field(f.name)
			c.Out.Number(v, output.Hex)
		case c.Abbrev && width == 1 && v == 0:
			continue
		default:
			c.Out.Field(f.name)
			c.Out.Number(v, output.Unsigned)
		}
		switch {
		case len(f.remarks) == 1:
			c.Out.Comment(output.Note, f.remarks[0])
		case f.remarks != nil:
			c.Out.Comment(output.Note, f.remarks[v])
		}
	}
}
