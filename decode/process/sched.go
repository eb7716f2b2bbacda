package process

import (
	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// Scheduling: kernel/sched/syscalls.c, block/ioprio.c.

var schedCalls = Calls{
	{"sched_yield", Args{}, RetUnsigned},
	{"sched_getscheduler", Args{{"pid", schedPID}}, &ResultWith{Ret: RetHex, Remark: remarkPolicy}},
	{"sched_setscheduler", Args{{"pid", schedPID}, {"policy", schedPolicy}, {"param", &Ptr{To: schedParam}}}, RetUnsigned},
	{"sched_getparam", Args{{"pid", schedPID}, {"param", &Out{To: schedParam}}}, RetUnsigned},
	{"sched_setparam", Args{{"pid", schedPID}, {"param", &Ptr{To: schedParam}}}, RetUnsigned},
	{"sched_get_priority_min sched_get_priority_max", Args{{"policy", &Enum{Set: &tables.SchedPolicy}}}, RetUnsigned},
	{"sched_rr_get_interval", Args{{"pid", schedPID}, {"tp", &Out{To: &Timespec}}}, RetUnsigned},
	{"sched_setaffinity", Args{{"pid", schedPID}, {"cpusetsize", Uint}, {"mask", &Ptr{To: &CPUSet{Size: Ref("cpusetsize")}}}}, RetUnsigned},
	{"sched_getaffinity", Args{{"pid", schedPID}, {"cpusetsize", Uint}, {"mask", &Out{To: &CPUSet{Size: Result}}}}, RetUnsigned},
	{"sched_setattr", Args{{"pid", schedPID}, {"attr", &Change{In: AtAddr(showSetSchedAttr), Out: schedAttrSize, If: Test(tooBig)}}, {"flags", X32}}, RetUnsigned},
	{"sched_getattr", Args{
		{"pid", schedPID}, {"attr", &Out{To: AtAddr(showGotSchedAttr)}}, {"size", Uint}, {"flags", &Flags{Set: &tables.SchedGetattrFlags}},
	}, RetUnsigned},
	{"nice", Args{{"increment", Int}}, RetUnsigned},
	{"ioprio_get", Args{{"which", &Enum{Set: &tables.IoprioWho}}, {"who", ioprioWho{Int}}}, &ResultWith{Ret: RetUnsigned, Remark: remarkIoprio}},
	{"ioprio_set", Args{{"which", &Enum{Set: &tables.IoprioWho}}, {"who", ioprioWho{Int}}, {"ioprio", Ioprio{Number: Int}}}, RetUnsigned},
}

var schedCallsI386 = Calls{
	{"sched_rr_get_interval_time64", Args{{"pid", schedPID}, {"tp", &Out{To: &Timespec64}}}, RetUnsigned},
}

var (
	schedPID    = PIDOf(ThreadGroup)
	schedPolicy = policy{Int}
	schedParam  = &Struct{C: "sched_param", Fields: Fields{{"sched_priority", Int}}}
)

// resetOnFork is SCHED_RESET_ON_FORK (linux/sched.h), a bit that is combined with
// a policy.
const resetOnFork = 0x40000000

// policy is a scheduling policy.
type policy struct{ Number }

func (t policy) Show(c *Call, v View) {
	word := uint64(uint32(t.Value(c, v)))
	reset := word&resetOnFork != 0
	if !reset || int32(word) < 0 {
		c.Out.Enum(word, &tables.SchedPolicy, output.Hex)
		return
	}
	c.Out.BeginNamed()
	c.Out.Number(word, output.Hex)
	c.Out.Named(output.InComment)
	showPolicy(c, word)
	c.Out.EndNamed()
}

// showPolicy shows a policy in symbolic form.
func showPolicy(c *Call, word uint64) {
	if word&resetOnFork != 0 {
		c.Out.Text("SCHED_RESET_ON_FORK")
		c.Out.Join(output.Or)
		word &^= resetOnFork
	}
	if name, ok := tables.SchedPolicy.Lookup(word); ok {
		c.Out.Text(name)
	} else {
		c.Out.Number(word, output.Hex)
	}
}

func remarkPolicy(c *Call) {
	word := uint64(c.Ret)
	if _, ok := tables.SchedPolicy.Lookup(word); ok || word&resetOnFork != 0 {
		c.Outcome.BeginRemark(output.Aside)
		c.Out.Field("")
		showPolicy(c, word)
		c.Outcome.EndRemark()
	}
}

// Sizes in bytes of the versions of struct sched_attr (linux/sched/types.h).
const (
	schedAttrVer0 = 48
	schedAttrVer1 = 56
)

// schedAttr is a struct sched_attr. schedAttrSet omits members that the flags
// tell the kernel to leave unchanged.
var (
	schedAttr = &Struct{C: "sched_attr", Fields: Fields{
		{"size", Uint}, {"sched_policy", &Enum{Set: &tables.SchedPolicy}}, {"sched_flags", &Flags{In: X64, Set: &tables.SchedFlags}},
		{"sched_nice", Int}, {"sched_priority", Uint},
		{"sched_runtime", U64}, {"sched_deadline", U64}, {"sched_period", U64},
		{"sched_util_min", Uint}, {"sched_util_max", Uint},
	}}
	schedAttrSet = &Struct{C: "sched_attr", Fields: Fields{
		{"size", Uint}, {"sched_policy", &When{If: Test(setsPolicy), Then: &Enum{Set: &tables.SchedPolicy}}}, {"sched_flags", &Flags{In: X64, Set: &tables.SchedFlags}},
		{"sched_nice", &When{If: Test(setsParams), Then: Int}}, {"sched_priority", &When{If: Test(setsParams), Then: Uint}},
		{"sched_runtime", &When{If: Test(setsParams), Then: U64}}, {"sched_deadline", &When{If: Test(setsParams), Then: U64}}, {"sched_period", &When{If: Test(setsParams), Then: U64}},
		{"sched_util_min", Uint}, {"sched_util_max", Uint},
	}}
	schedAttrSize = &Struct{Fields: Fields{{"size", Uint}}}
)

func setsParams(c *Call) bool { return Ref("sched_flags").Num(c)&tables.SCHED_FLAG_KEEP_PARAMS == 0 }

func setsPolicy(c *Call) bool {
	return int32(Ref("sched_policy").Num(c)) < 0 ||
		Ref("sched_flags").Num(c)&(tables.SCHED_FLAG_KEEP_POLICY|tables.SCHED_FLAG_KEEP_PARAMS) == 0
}

func tooBig(c *Call) bool { return c.Errno == int(tables.E2BIG) }

// showSetSchedAttr shows a sched_attr whose size is its first member. 0 stands
// for the size of the first version.
func showSetSchedAttr(c *Call, addr uint64) {
	size, ok := c.ReadUint(addr, 4)
	if !ok {
		c.Out.Addr(addr)
		return
	}
	if size == 0 {
		size = schedAttrVer0
	}
	room := min(size, schedAttrVer1)
	if room < schedAttrVer0 {
		room = 4
	}
	showSchedAttr(c, addr, schedAttrSet, room, size, size > schedAttrVer1)
}

// showGotSchedAttr shows a sched_attr whose size is the argument size. Its first
// member is the number of bytes that the kernel has written.
func showGotSchedAttr(c *Call, addr uint64) {
	room := min(Ref("size").Num(c), schedAttrVer1)
	b, ok := c.ReadAll(addr, int(min(room, 4)))
	if room == 0 || !ok {
		c.Out.Addr(addr)
		return
	}
	written := uint64(0)
	for i, x := range b {
		written |= uint64(x) << (8 * i)
	}
	showSchedAttr(c, addr, schedAttr, room, written, false)
}

// showSchedAttr shows a sched_attr. room bytes of it are available, and the rest
// is zero; the first size bytes are meaningful.
func showSchedAttr(c *Call, addr uint64, st *Struct, room, size uint64, more bool) {
	b, ok := c.ReadAll(addr, int(room))
	if !ok {
		c.Out.Addr(addr)
		return
	}
	n := schedAttrVer1
	switch {
	case size < schedAttrVer0:
		n = 4
	case size < schedAttrVer1:
		n = schedAttrVer0
	}
	whole := c.Alloc(n)
	clear(whole[copy(whole, b):])
	c.Out.BeginStruct()
	st.ShowMembers(c, View{B: whole, Addr: addr})
	if more {
		c.Out.More()
	}
	c.Out.EndStruct()
}

// ioprioWho is an id whose kind the argument which of ioprio_get selects.
type ioprioWho struct{ Number }

// Values of which (linux/ioprio.h).
const (
	ioprioProcess = 1
	ioprioGroup   = 2
)

func (t ioprioWho) Show(c *Call, v View) {
	switch Ref("which").Num(c) {
	case ioprioProcess:
		PIDOf(ThreadGroup).Show(c, v)
	case ioprioGroup:
		PIDOf(ProcessGroup).Show(c, v)
	default:
		t.Number.Show(c, v)
	}
}

func remarkIoprio(c *Call) {
	c.Outcome.BeginRemark(output.ResultName)
	c.Out.Field("")
	ShowIoprio(c, uint64(c.Ret))
	c.Outcome.EndRemark()
}
