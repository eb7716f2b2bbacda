package process

import (
	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// Switches of one process: kernel/sys.c, arch/x86/kernel/process_64.c.

var prctlCalls = Calls{
	{"prctl", Args{{"op", Enum(tables.PrctlOption)}, Rest(Ref("op"), tables.PrctlOption, prctls)}, RetUnsigned},
	{"arch_prctl", Args{{"op", Enum(tables.ArchPrctl)}, Rest(Ref("op"), tables.ArchPrctl, archPrctls)}, RetUnsigned},
	{"personality", Args{{"persona", persona{X32}}}, RetHex.With(remarkPersona)},
}

var prctls = Calls{
	{"PR_GET_KEEPCAPS PR_GET_TIMING PR_GET_SECCOMP PR_GET_TIMERSLACK PR_TASK_PERF_EVENTS_DISABLE PR_TASK_PERF_EVENTS_ENABLE", nil, Ret{}},

	{"PR_GET_FPEMU", Args{{"fpemu", Out(Uint)}}, Ret{}},
	{"PR_GET_FPEXC", Args{{"mode", Out(Uint)}}, Ret{}},
	{"PR_GET_ENDIAN", Args{{"endianness", Out(Uint)}}, Ret{}},
	{"PR_GET_CHILD_SUBREAPER", Args{{"isset", Out(Uint)}}, Ret{}},

	{"PR_SET_KEEPCAPS", Args{{"state", Ulong}}, Ret{}},
	{"PR_SET_FPEMU", Args{{"fpemu", Ulong}}, Ret{}},
	{"PR_SET_FPEXC PR_SET_TIMING", Args{{"mode", Ulong}}, Ret{}},
	{"PR_SET_ENDIAN", Args{{"endianness", Ulong}}, Ret{}},
	{"PR_SET_CHILD_SUBREAPER", Args{{"set", Ulong}}, Ret{}},
	{"PR_SET_NO_NEW_PRIVS", prctlArgs(Field{"set", Ulong}), Ret{}},
	{"PR_SET_THP_DISABLE", prctlArgs(Field{"flag", Ulong}), Ret{}},
	{"PR_SET_IO_FLUSHER", prctlArgs(Field{"state", Ulong}), Ret{}},

	{"PR_GET_PDEATHSIG", Args{{"sig", Out(Signal)}}, Ret{}},
	{"PR_SET_PDEATHSIG", Args{{"sig", deathSignal{Ulong}}}, Ret{}},
	{"PR_GET_DUMPABLE", nil, RetUnsigned.With(remarkEnum(tables.PrDumpable))},
	{"PR_SET_DUMPABLE", Args{{"dumpable", EnumOf(Xlong, tables.PrDumpable)}}, Ret{}},
	{"PR_SET_NAME", Args{{"name", Ptr(StrN(taskCommLen - 1))}}, Ret{}},
	{"PR_GET_NAME", Args{{"name", Out(StrN(taskCommLen))}}, Ret{}},
	{"PR_SET_SECCOMP", Args{
		{"mode", EnumOf(Xlong, tables.SeccompMode)},
		Rest(Ref("mode"), tables.SeccompMode, Calls{
			{"SECCOMP_MODE_STRICT", nil, Ret{}},
			{"SECCOMP_MODE_FILTER", Args{{"filter", SeccompProgram}}, Ret{}},
			{"", prctlRest(2), Ret{}},
		}),
	}, Ret{}},
	{"PR_CAPBSET_READ PR_CAPBSET_DROP", Args{{"cap", EnumOf(Xlong, tables.Capability)}}, Ret{}},
	{"PR_GET_TSC", Args{{"flag", Out(Enum(tables.PrTsc))}}, Ret{}},
	{"PR_SET_TSC", Args{{"flag", Enum(tables.PrTsc)}}, Ret{}},
	{"PR_GET_UNALIGN", Args{{"flags", Out(Flags(tables.PrUnalign))}}, Ret{}},
	{"PR_SET_UNALIGN", Args{{"flags", Flags(tables.PrUnalign)}}, Ret{}},
	{"PR_GET_SECUREBITS", nil, RetHex.With(remarkBits(tables.Securebits))},
	{"PR_SET_SECUREBITS", Args{{"flags", FlagsOf(Xlong, tables.Securebits)}}, Ret{}},
	{"PR_SET_TIMERSLACK", Args{{"slack", Long}}, Ret{}},
	{"PR_MCE_KILL", Args{
		{"operation", EnumOf(Xlong, tables.PrMceKill)},
		Rest(Ref("operation"), tables.PrMceKill, Calls{
			{"PR_MCE_KILL_SET", append(Args{{"policy", EnumOf(Xlong, tables.PrMceKillPolicy)}}, prctlRest(3)...), Ret{}},
			{"", prctlRest(2), Ret{}},
		}),
	}, Ret{}},
	{"PR_MCE_KILL_GET", prctlArgs(), RetUnsigned.With(remarkEnum(tables.PrMceKillPolicy))},
	{"PR_SET_MM", prctlArgs(Field{"operation", Enum(tables.PrSetMm)}), Ret{}},
	{"PR_GET_TID_ADDRESS", Args{{"addr", Out(KAddr)}}, Ret{}},
	{"PR_CAP_AMBIENT", Args{
		{"operation", EnumOf(Xlong, tables.PrCapAmbient)},
		Rest(Ref("operation"), tables.PrCapAmbient, Calls{
			{"PR_CAP_AMBIENT_RAISE PR_CAP_AMBIENT_LOWER PR_CAP_AMBIENT_IS_SET",
				append(Args{{"caps", EnumOf(Xlong, tables.Capability)}}, prctlRest(3)...), Ret{}},
			{"", prctlRest(2), Ret{}},
		}),
	}, Ret{}},
	{"PR_GET_SPECULATION_CTRL", Args{
		{"misfeature", EnumOf(Xlong, tables.PrSpec)},
		Rest(Ref("misfeature"), tables.PrSpec, Calls{
			{"PR_SPEC_STORE_BYPASS PR_SPEC_INDIRECT_BRANCH PR_SPEC_L1D_FLUSH", nil, RetHex.With(remarkBits(tables.PrSpecGet))},
		}),
	}, Ret{}},
	{"PR_SET_SPECULATION_CTRL", Args{
		{"misfeature", EnumOf(Xlong, tables.PrSpec)},
		Rest(Ref("misfeature"), tables.PrSpec, Calls{
			{"PR_SPEC_STORE_BYPASS PR_SPEC_INDIRECT_BRANCH PR_SPEC_L1D_FLUSH", Args{{"value", EnumOf(Xlong, tables.PrSpecSet)}}, Ret{}},
			{"", Args{{"value", Xlong}}, Ret{}},
		}),
	}, Ret{}},
	{"PR_SET_SYSCALL_USER_DISPATCH", Args{
		{"operation", EnumOf(Xlong, tables.PrSud)}, {"off", Xlong}, {"size", Xlong}, {"switch", Addr},
	}, Ret{}},
	{"PR_SCHED_CORE", Args{
		{"operation", Enum(tables.PrSchedCore)}, {"pid", schedCorePID{Int}}, {"pid_type", schedCoreScope{X32}},
		Rest(Ref("operation"), tables.PrSchedCore, Calls{
			{"PR_SCHED_CORE_GET", Args{{"cookie", Out(X64)}}, Ret{}},
			{"", prctlRest(4), Ret{}},
		}),
	}, Ret{}},
	{"PR_SET_MDWE", prctlArgs(Field{"mask", Flags(tables.PrMdwe)}), Ret{}},
	{"PR_GET_MDWE", prctlArgs(), RetHex.With(remarkBits(tables.PrMdwe))},
	{"PR_SET_VMA", Args{
		{"attr", EnumOf(Xlong, tables.PrSetVma)},
		Rest(Ref("attr"), tables.PrSetVma, Calls{
			{"PR_SET_VMA_ANON_NAME", Args{{"addr", Addr}, {"size", Ulong}, {"name", String}}, Ret{}},
			{"", prctlRest(2), Ret{}},
		}),
	}, Ret{}},
	{"PR_SET_PTRACER", Args{{"pid", ptracer{Int}}}, Ret{}},

	// Switches of other architectures, which x86 refuses.
	{"PR_SET_FP_MODE", Args{{"mode", Flags(tables.PrFpMode)}}, Ret{}},
	{"PR_GET_FP_MODE", nil, RetHex.With(remarkBits(tables.PrFpMode))},
	{"PR_SVE_SET_VL", Args{{"value", sveVector}}, sveVector.returns()},
	{"PR_SVE_GET_VL", nil, sveVector.returns()},
	{"PR_SME_SET_VL", Args{{"arg", smeVector}}, smeVector.returns()},
	{"PR_SME_GET_VL", nil, smeVector.returns()},
	{"PR_PAC_RESET_KEYS", prctlArgs(Field{"keys", FlagsOf(Xlong, tables.PrPacKeys)}), Ret{}},
	{"PR_PAC_SET_ENABLED_KEYS", append(Args{
		{"bitmask_affected", FlagsOf(Xlong, tables.PrPacEnabledKeys)}, {"bitmask_set", FlagsOf(Xlong, tables.PrPacEnabledKeys)},
	}, prctlRest(3)...), Ret{}},
	{"PR_PAC_GET_ENABLED_KEYS", prctlArgs(), RetHex.With(remarkBits(tables.PrPacEnabledKeys))},
	{"PR_SET_TAGGED_ADDR_CTRL", prctlArgs(Field{"mode", taggedAddr}), Ret{}},
	{"PR_GET_TAGGED_ADDR_CTRL", prctlArgs(), taggedAddr.returns()},
	{"PR_RISCV_V_SET_CONTROL", Args{{"arg", riscvVector}}, Ret{}},
	{"PR_RISCV_V_GET_CONTROL", nil, riscvVector.returns()},
	{"PR_RISCV_SET_ICACHE_FLUSH_CTX", Args{
		{"ctx", EnumOf(Xlong, tables.PrRiscvCtx)}, {"scope", EnumOf(Xlong, tables.PrRiscvScope)},
	}, Ret{}},
	{"PR_PPC_GET_DEXCR", prctlArgs(Field{"which", EnumOf(Xlong, tables.PrDexcr)}), RetHex.With(remarkBits(tables.PrDexcrCtrl))},
	{"PR_PPC_SET_DEXCR", append(Args{
		{"which", EnumOf(Xlong, tables.PrDexcr)}, {"ctrl", FlagsOf(Xlong, tables.PrDexcrCtrl)},
	}, prctlRest(3)...), Ret{}},

	{"", prctlArgs(), Ret{}},
}

// prctlRest are the arguments from number i, counted from 0, on that have no
// meaning of their own.
func prctlRest(i int) Args {
	names := [...]string{"arg1", "arg2", "arg3", "arg4", "arg5"}
	var args Args
	for ; i < len(names); i++ {
		args = append(args, Field{names[i], Xlong})
	}
	return args
}

// prctlArgs are the arguments behind the option, all five with the given ones.
func prctlArgs(known ...Field) Args { return append(Args(known), prctlRest(1+len(known))...) }

// taskCommLen is TASK_COMM_LEN, the size of a thread's name with its NUL.
const taskCommLen = 16

// deathSignal is a signal in a long, which has 128 values at most.
type deathSignal struct{ *Number }

func (t deathSignal) Show(c *Call, v View) {
	if n := t.Value(c, v); n > 128 {
		c.Out.Number(n, output.Unsigned)
	} else {
		ShowSignal(c, int(n))
	}
}

// schedCorePID is an id of the kind that the next argument says.
type schedCorePID struct{ *Number }

func (t schedCorePID) Show(c *Call, v View) {
	switch kind := PIDKind(Ref("pid_type").Num(c)); kind {
	case Thread, ThreadGroup, ProcessGroup, Session: // in the order of enum pid_type
		PIDOf(kind).Show(c, v)
	default:
		t.Number.Show(c, v)
	}
}

// schedCoreScope is one of enum pid_type, which no UAPI header defines.
type schedCoreScope struct{ *Number }

func (t schedCoreScope) Show(c *Call, v View) {
	n := t.Value(c, v)
	name, ok := tables.PrSchedCoreScope.Lookup(n)
	if !ok {
		name = tables.PrSchedCoreScope.Unknown
	}
	c.Out.Number(n, output.Hex)
	c.Out.Comment(output.Gloss, name)
}

// ptracer is a process that may trace this one, or any.
type ptracer struct{ *Number }

func (t ptracer) Show(c *Call, v View) {
	if int32(t.Value(c, v)) == -1 {
		c.Out.Symbol(^uint64(0), "PR_SET_PTRACER_ANY", output.Signed)
		return
	}
	PIDOf(ThreadGroup).Show(c, v)
}

// remarkEnum names the value that a call returns.
func remarkEnum(set *tables.Set) func(c *Call) {
	return func(c *Call) {
		if name, ok := set.Lookup(uint64(c.Ret)); ok {
			c.Remark(name)
		}
	}
}

// remarkBits names the bits that a call returns, if any has a name.
func remarkBits(set *tables.Set) func(c *Call) {
	return func(c *Call) {
		if v := uint64(c.Ret); hasNames(v, set) {
			remarkNames(c, appendNames(c, nil, v, set))
		}
	}
}

// hasNames says that a word of flags, or its being zero, has a name.
func hasNames(v uint64, set *tables.Set) bool {
	if v == 0 {
		_, ok := set.Lookup(0)
		return ok
	}
	first, _, _ := set.Next(v, 0)
	return first != nil
}

// appendNames appends the names of flags with | between them, and to what is
// there already.
func appendNames(c *Call, b []byte, v uint64, set *tables.Set) []byte {
	sep := func() {
		if len(b) > 0 {
			b = append(b, '|')
		}
	}
	if name, ok := set.Lookup(0); ok && v == 0 {
		sep()
		return append(b, name...)
	}
	for k, rest, i := set.Next(v, 0); k != nil; k, rest, i = set.Next(rest, i) {
		sep()
		b = append(b, k.Name...)
		v = rest
	}
	if v != 0 {
		sep()
		b = append(b, HexString(v)...)
	}
	return b
}

// remarkNames tells what the call returned by names only: with -X raw nothing.
func remarkNames(c *Call, b []byte) {
	c.Out.BeginRemark(output.ResultName)
	c.Out.Field("")
	c.Out.Text(output.AsString(b))
	c.Out.EndRemark()
}

// noPersona asks personality for the present one.
const noPersona = 0xffffffff

// persona is a personality: a type in the low byte and flags (linux/personality.h).
type persona struct{ *Number }

func (t persona) Show(c *Call, v View) {
	n := t.Value(c, v)
	if n == noPersona {
		c.Out.Number(n, output.Hex)
		return
	}
	showPersona(c, n)
}

const personaType = 0xff // PER_MASK

func showPersona(c *Call, n uint64) {
	c.Out.Enum(n&personaType, tables.Personality, output.Hex)
	if flags := n &^ personaType; flags != 0 {
		c.Out.Or()
		c.Out.Flags(flags, tables.PersonalityFlags, output.Hex)
	}
}

func remarkPersona(c *Call) {
	c.Out.BeginRemark(output.Aside)
	showPersona(c, uint64(c.Ret))
	c.Out.EndRemark()
}

var archPrctls = Calls{
	{"ARCH_GET_FS ARCH_GET_GS", Args{{"addr", Out(KAddr)}}, Ret{}},
	{"ARCH_GET_CPUID", nil, Ret{}},
	{"ARCH_GET_XCOMP_SUPP ARCH_GET_XCOMP_PERM ARCH_GET_XCOMP_GUEST_PERM", Args{{"addr", Out(xfeatures{X64})}}, Ret{}},
	{"ARCH_REQ_XCOMP_PERM ARCH_REQ_XCOMP_GUEST_PERM", Args{{"addr", xfeature{Xlong}}}, RetHex.With(remarkBits(tables.XfeatureMask))},
	{"", Args{{"addr", Xlong}}, Ret{}},
}

// KAddr is an address kept in a __kernel_ulong_t.
var KAddr = &Address{Layouts: KernelWord()}

// xfeatures is a set of processor state components, xfeature one of them.
// Their names are the kernel's own (asm/fpu/types.h) and stand in comments.
type (
	xfeatures struct{ *Number }
	xfeature  struct{ *Number }
)

func (t xfeatures) Show(c *Call, v View) {
	set := t.Value(c, v)
	c.Out.Number(set, output.Hex)
	switch {
	case hasNames(set, tables.XfeatureMask):
		c.Out.Comment(output.Gloss, output.AsString(appendNames(c, nil, set, tables.XfeatureMask)))
	case set != 0:
		c.Out.Comment(output.Gloss, tables.XfeatureMask.Unknown)
	}
}

func (t xfeature) Show(c *Call, v View) {
	n := t.Value(c, v)
	c.Out.Number(n, output.Hex)
	name, ok := tables.Xfeature.Lookup(n)
	if !ok {
		name = tables.Xfeature.Unknown
	}
	c.Out.Comment(output.Gloss, name)
}
