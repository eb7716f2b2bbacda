package process

import (
	"slices"

	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// Creating and ending processes: kernel/fork.c, kernel/exit.c, kernel/nsproxy.c.

var processCalls = Calls{
	{"fork vfork", Args{}, RetTGID},
	{"exit exit_group", Args{{"status", Int}}, RetUnsigned},
	{"clone3", Args{{"", &Rest{By: clone3Args, Among: []*Desc{clone3In}}}}, &ResultWith{Ret: RetPID, Remark: func(c *Call) { remarkNamespaces(c, Func(cloneArgsFlags), true) }}},
	{"unshare", Args{{"flags", &Flags{In: Xlong, Set: &tables.UnshareFlags}}}, &ResultWith{Ret: RetUnsigned, Remark: func(c *Call) { remarkNamespaces(c, Ref("flags"), false) }}},
	{"setns", Args{{"fd", FD}, {"nstype", &Flags{Set: &tables.SetnsType}}}, &ResultWith{Ret: RetUnsigned, Remark: func(c *Call) { remarkNamespaces(c, Ref("nstype"), false) }}},
	{"set_tid_address", Args{{"tidptr", Addr}}, RetPID},
	{"set_robust_list", Args{{"addr", Addr}, {"length", Size}}, RetUnsigned},
	{"get_robust_list", Args{{"pid", PID}, {"head_ptr", &Out{To: Addr}}, {"len_ptr", &Out{To: Size}}}, RetUnsigned},
}

var processCalls64 = Calls{
	{"clone", Args{
		{"child_stack", WithName{&InReg{Reg: 1, Of: Addr}}},
		{"flags", WithName{&InReg{Reg: 0, Of: cloneWord{Xlong}}}},
		{"parent_tid", WithName{&When{If: cloneHas(tables.CLONE_PARENT_SETTID | tables.CLONE_PIDFD), Then: &InReg{Reg: 2, Of: &Out{To: cloneID{Int}}}}}},
		{"tls", WithName{&When{If: cloneHas(tables.CLONE_SETTLS), Then: &InReg{Reg: 4, Of: Addr}}}},
		{"child_tidptr", WithName{&When{If: cloneHas(tables.CLONE_CHILD_SETTID | tables.CLONE_CHILD_CLEARTID), Then: &InReg{Reg: 3, Of: Addr}}}},
	}, &ResultWith{Ret: RetPID, Remark: func(c *Call) { remarkNamespaces(c, Ref("flags"), true) }}},
}

// On i386 the last two arguments are in reverse order (CONFIG_CLONE_BACKWARDS),
// and thread-local storage is set up by a segment descriptor.
var processCallsI386 = Calls{
	{"clone", Args{
		{"child_stack", WithName{&InReg{Reg: 1, Of: Addr}}},
		{"flags", WithName{&InReg{Reg: 0, Of: cloneWord{Xlong}}}},
		{"parent_tid", WithName{&When{If: cloneHas(tables.CLONE_PARENT_SETTID | tables.CLONE_PIDFD), Then: &InReg{Reg: 2, Of: &Out{To: cloneID{Int}}}}}},
		{"tls", WithName{&When{If: cloneHas(tables.CLONE_SETTLS), Then: &InReg{Reg: 3, Of: &Out{To: userDesc}}}}},
		{"child_tidptr", WithName{&When{If: cloneHas(tables.CLONE_CHILD_SETTID | tables.CLONE_CHILD_CLEARTID), Then: &InReg{Reg: 4, Of: Addr}}}},
	}, &ResultWith{Ret: RetPID, Remark: func(c *Call) { remarkNamespaces(c, Ref("flags"), true) }}},
}

type cloneHas uint64

// Holds implements Cond.
func (bits cloneHas) Holds(c *Call) bool { return Ref("flags").Num(c)&uint64(bits) != 0 }

// csignal masks the part of clone's flags that is the signal sent to the parent
// when the child ends (linux/sched.h).
const csignal = 0xff

// cloneWord is clone's flags, with a signal in the low byte.
type cloneWord struct{ Number }

func (t cloneWord) Show(c *Call, v View) {
	word := t.Value(c, v)
	flags, sig := word&^csignal, int(word&csignal)
	if flags == 0 {
		ShowSignal(c, sig)
		return
	}
	c.Out.Flags(flags, &tables.CloneFlags, output.Hex)
	if sig != 0 {
		c.Out.Join(output.Or)
		ShowSignal(c, sig)
	}
}

// cloneID is what clone writes for the parent: the child's id or a pidfd.
type cloneID struct{ Number }

func (t cloneID) Show(c *Call, v View) {
	if cloneHas(tables.CLONE_PARENT_SETTID).Holds(c) {
		PID.Show(c, v)
		return
	}
	FD.Show(c, v)
}

// cloneArgs is a struct clone_args (linux/sched.h). At the exit-stop only what
// the kernel has written is shown, after the struct.
var cloneArgs = &Struct{C: "clone_args", Fields: Fields{
	{"flags", &Flags{In: X64, Set: &tables.Clone3Flags}},
	{"pidfd", &When{If: cloneHas(tables.CLONE_PIDFD), Then: Addr64}},
	{"child_tid", &When{If: cloneHas(tables.CLONE_CHILD_SETTID | tables.CLONE_CHILD_CLEARTID), Then: Addr64}},
	{"parent_tid", &When{If: cloneHas(tables.CLONE_PARENT_SETTID), Then: Addr64}},
	{"exit_signal", exitSignal{U64}},
	{"stack", Addr64},
	{"stack_size", X64},
	{"tls", &When{If: cloneHas(tables.CLONE_SETTLS), Then: cloneTLS{Addr64}}},
	{"set_tid", &When{If: Test(hasSetTID), Then: setTID{Addr64}}},
	{"set_tid_size", &When{If: Test(hasSetTID), Then: U64}},
	{"cgroup", &When{If: Test(func(c *Call) bool {
		return Ref("cgroup").Num(c) != 0 || cloneHas(tables.CLONE_INTO_CGROUP).Holds(c)
	}), Then: U64}},
}}

// cloneArgsLeast is the size of the first version of struct clone_args.
const cloneArgsLeast = 64

func hasSetTID(c *Call) bool { return Ref("set_tid").Num(c) != 0 || Ref("set_tid_size").Num(c) != 0 }

// exitSignal is a signal in 64 bits.
type exitSignal struct{ Number }

func (t exitSignal) Show(c *Call, v View) {
	if sig := t.Value(c, v); sig < 1<<31-1 {
		ShowSignal(c, int(sig))
		return
	}
	t.Number.Show(c, v)
}

// cloneTLS is an address, or on i386 a pointer to a segment descriptor.
type cloneTLS struct{ Type }

func (t cloneTLS) Show(c *Call, v View) {
	if c.ABI == tables.I386 {
		c.ShowAt(v.Uint(8), userDesc)
		return
	}
	t.Type.Show(c, v)
}

// setTID points to the ids that the child gets in its pid namespaces. A process is in
// at most 32 of them (MAX_PID_NS_LEVEL of linux/pid_namespace.h).
type setTID struct{ Type }

func (t setTID) Show(c *Call, v View) {
	const most = 32
	addr, n := v.Uint(8), Ref("set_tid_size").Num(c)
	if addr == 0 || n == 0 || n > most {
		c.Out.Addr(addr)
		return
	}
	c.ShowArray(addr, Int, n)
}

var (
	clone3In = &Desc{"", Args{{"cl_args", &Ptr{To: &Extensible{Of: cloneArgs, Size: Ref("size"), Least: cloneArgsLeast}}}, {"size", Size}}, nil}
	clone3IO = &Desc{"", Args{
		{"cl_args", &Change{In: &Extensible{Of: cloneArgs, Size: Ref("size"), Least: cloneArgsLeast}, Out: AtAddr(showClone3Outcome), If: Test(clone3Wrote)}}, {"size", Size},
	}, nil}
)

// clone3Args chooses the description: it depends on whether the kernel will write
// something.
func clone3Args(c *Call) *Desc {
	addr, size, known := c.Register(0), c.Register(1), uint64(cloneArgs.Layout(c.ABI).Size)
	if size < cloneArgsLeast {
		return clone3In
	}
	b, ok := c.ReadAll(addr, int(min(size, known)))
	if flags := (View{B: b}).Uint(8); ok && (flags&(tables.CLONE_PIDFD|tables.CLONE_PARENT_SETTID) != 0 || size > known) {
		return clone3IO
	}
	return clone3In
}

// clone3Wrote reports whether the kernel has written what clone3Outcome shows, or
// may have written to what follows the struct.
func clone3Wrote(c *Call) bool {
	if c.Failed() {
		return false
	}
	addr, size, known := c.Register(0), c.Register(1), uint64(cloneArgs.Layout(c.ABI).Size)
	flags, ok := c.ReadUint(addr, 8)
	if !ok || flags&(tables.CLONE_PIDFD|tables.CLONE_PARENT_SETTID) != 0 {
		return true
	}
	return size > known && !isZero(c, addr+known, min(size, PageSize)-known)
}

// isZero reports whether n bytes can be read and are all zero.
func isZero(c *Call, addr, n uint64) bool {
	b, ok := c.ReadAll(addr, int(n))
	return ok && !slices.ContainsFunc(b, func(x byte) bool { return x != 0 })
}

// showClone3Outcome shows what the kernel has written to the memory that a
// clone_args points to.
func showClone3Outcome(c *Call, addr uint64) {
	v, ok := c.ReadType(addr, clone3Results)
	if !ok {
		c.Out.Addr(addr)
		return
	}
	c.Out.BeginStruct()
	clone3Results.ShowMembers(c, v)
	c.ShowRest(addr, uint64(cloneArgs.Layout(c.ABI).Size), c.Register(1))
	c.Out.EndStruct()
}

var clone3Results = &Struct{Fields: Fields{
	{"flags", Hidden{X64}},
	{"pidfd", &When{If: cloneHas(tables.CLONE_PIDFD), Then: &Ptr{To: FD, Wide: true}}},
	{"_", U64},
	{"parent_tid", &When{If: cloneHas(tables.CLONE_PARENT_SETTID), Then: &Ptr{To: PID, Wide: true}}},
}}
