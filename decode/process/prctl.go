package process

import (
	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// Settings of a process: kernel/sys.c, arch/x86/kernel/process_64.c.

var prctlCalls = Calls{
	{"prctl", Args{{"op", &Enum{Set: &tables.PrctlOption}}, {"", &Rest{On: Ref("op"), Set: &tables.PrctlOption, Calls: prctls}}}, RetUnsigned},
	{"arch_prctl", Args{{"op", &Enum{Set: &tables.ArchPrctl}}, {"", &Rest{On: Ref("op"), Set: &tables.ArchPrctl, Calls: archPrctls}}}, RetUnsigned},
	{"personality", Args{{"persona", persona{X32}}}, &ResultWith{Ret: RetHex, Remark: remarkPersona}},
}

var prctls = Calls{
	{"PR_GET_KEEPCAPS PR_GET_TIMING PR_GET_SECCOMP PR_GET_TIMERSLACK PR_TASK_PERF_EVENTS_DISABLE PR_TASK_PERF_EVENTS_ENABLE", nil, nil},

	{"PR_GET_FPEMU", Args{{"fpemu", &Out{To: Uint}}}, nil},
	{"PR_GET_FPEXC", Args{{"mode", &Out{To: Uint}}}, nil},
	{"PR_GET_ENDIAN", Args{{"endianness", &Out{To: Uint}}}, nil},
	{"PR_GET_CHILD_SUBREAPER", Args{{"isset", &Out{To: Uint}}}, nil},

	{"PR_SET_KEEPCAPS", Args{{"state", Ulong}}, nil},
	{"PR_SET_FPEMU", Args{{"fpemu", Ulong}}, nil},
	{"PR_SET_FPEXC PR_SET_TIMING", Args{{"mode", Ulong}}, nil},
	{"PR_SET_ENDIAN", Args{{"endianness", Ulong}}, nil},
	{"PR_SET_CHILD_SUBREAPER", Args{{"set", Ulong}}, nil},
	{"PR_SET_NO_NEW_PRIVS", Args{{"set", Ulong}, {"", Others(5)}}, nil},
	{"PR_SET_THP_DISABLE", Args{{"flag", Ulong}, {"", Others(5)}}, nil},
	{"PR_SET_IO_FLUSHER", Args{{"state", Ulong}, {"", Others(5)}}, nil},

	{"PR_GET_PDEATHSIG", Args{{"sig", &Out{To: Signal}}}, nil},
	{"PR_SET_PDEATHSIG", Args{{"sig", deathSignal{Ulong}}}, nil},
	{"PR_GET_DUMPABLE", nil, &ResultWith{Ret: RetUnsigned, Remark: func(c *Call) { remarkEnum(c, &tables.PrDumpable) }}},
	{"PR_SET_DUMPABLE", Args{{"dumpable", &Enum{In: Xlong, Set: &tables.PrDumpable}}}, nil},
	{"PR_SET_NAME", Args{{"name", &Ptr{To: StrN(taskCommLen - 1)}}}, nil},
	{"PR_GET_NAME", Args{{"name", &Out{To: StrN(taskCommLen)}}}, nil},
	{"PR_SET_SECCOMP", Args{
		{"mode", &Enum{In: Xlong, Set: &tables.SeccompMode}},
		{"", &Rest{On: Ref("mode"), Set: &tables.SeccompMode, Calls: Calls{
			{"SECCOMP_MODE_STRICT", nil, nil},
			{"SECCOMP_MODE_FILTER", Args{{"filter", &SeccompProgram}}, nil},
			{"", Args{{"", Others(5)}}, nil},
		}}},
	}, nil},
	{"PR_CAPBSET_READ PR_CAPBSET_DROP", Args{{"cap", &Enum{In: Xlong, Set: &tables.Capability}}}, nil},
	{"PR_GET_TSC", Args{{"flag", &Out{To: &Enum{Set: &tables.PrTsc}}}}, nil},
	{"PR_SET_TSC", Args{{"flag", &Enum{Set: &tables.PrTsc}}}, nil},
	{"PR_GET_UNALIGN", Args{{"flags", &Out{To: &Flags{Set: &tables.PrUnalign}}}}, nil},
	{"PR_SET_UNALIGN", Args{{"flags", &Flags{Set: &tables.PrUnalign}}}, nil},
	{"PR_GET_SECUREBITS", nil, &ResultWith{Ret: RetHex, Remark: func(c *Call) { remarkBits(c, &tables.Securebits) }}},
	{"PR_SET_SECUREBITS", Args{{"flags", &Flags{In: Xlong, Set: &tables.Securebits}}}, nil},
	{"PR_SET_TIMERSLACK", Args{{"slack", Long}}, nil},
	{"PR_MCE_KILL", Args{
		{"operation", &Enum{In: Xlong, Set: &tables.PrMceKill}},
		{"", &Rest{On: Ref("operation"), Set: &tables.PrMceKill, Calls: Calls{
			{"PR_MCE_KILL_SET", Args{{"policy", &Enum{In: Xlong, Set: &tables.PrMceKillPolicy}}, {"", Others(5)}}, nil},
			{"", Args{{"", Others(5)}}, nil},
		}}},
	}, nil},
	{"PR_MCE_KILL_GET", Args{{"", Others(5)}}, &ResultWith{Ret: RetUnsigned, Remark: func(c *Call) { remarkEnum(c, &tables.PrMceKillPolicy) }}},
	{"PR_SET_MM", Args{{"operation", &Enum{Set: &tables.PrSetMm}}, {"", Others(5)}}, nil},
	{"PR_GET_TID_ADDRESS", Args{{"addr", &Out{To: KAddr}}}, nil},
	{"PR_CAP_AMBIENT", Args{
		{"operation", &Enum{In: Xlong, Set: &tables.PrCapAmbient}},
		{"", &Rest{On: Ref("operation"), Set: &tables.PrCapAmbient, Calls: Calls{
			{"PR_CAP_AMBIENT_RAISE PR_CAP_AMBIENT_LOWER PR_CAP_AMBIENT_IS_SET",
				Args{{"caps", &Enum{In: Xlong, Set: &tables.Capability}}, {"", Others(5)}}, nil},
			{"", Args{{"", Others(5)}}, nil},
		}}},
	}, nil},
	{"PR_GET_SPECULATION_CTRL", Args{
		{"misfeature", &Enum{In: Xlong, Set: &tables.PrSpec}},
		{"", &Rest{On: Ref("misfeature"), Set: &tables.PrSpec, Calls: Calls{
			{"PR_SPEC_STORE_BYPASS PR_SPEC_INDIRECT_BRANCH PR_SPEC_L1D_FLUSH", nil, &ResultWith{Ret: RetHex, Remark: func(c *Call) { remarkBits(c, &tables.PrSpecGet) }}},
		}}},
	}, nil},
	{"PR_SET_SPECULATION_CTRL", Args{
		{"misfeature", &Enum{In: Xlong, Set: &tables.PrSpec}},
		{"", &Rest{On: Ref("misfeature"), Set: &tables.PrSpec, Calls: Calls{
			{"PR_SPEC_STORE_BYPASS PR_SPEC_INDIRECT_BRANCH PR_SPEC_L1D_FLUSH", Args{{"value", &Enum{In: Xlong, Set: &tables.PrSpecSet}}}, nil},
			{"", Args{{"value", Xlong}}, nil},
		}}},
	}, nil},
	{"PR_SET_SYSCALL_USER_DISPATCH", Args{
		{"operation", &Enum{In: Xlong, Set: &tables.PrSud}}, {"off", Xlong}, {"size", Xlong}, {"switch", Addr},
	}, nil},
	{"PR_SCHED_CORE", Args{
		{"operation", &Enum{Set: &tables.PrSchedCore}}, {"pid", schedCorePID{Int}}, {"pid_type", schedCoreScope{X32}},
		{"", &Rest{On: Ref("operation"), Set: &tables.PrSchedCore, Calls: Calls{
			{"PR_SCHED_CORE_GET", Args{{"cookie", &Out{To: X64}}}, nil},
			{"", Args{{"", Others(5)}}, nil},
		}}},
	}, nil},
	{"PR_SET_MDWE", Args{{"mask", &Flags{Set: &tables.PrMdwe}}, {"", Others(5)}}, nil},
	{"PR_GET_MDWE", Args{{"", Others(5)}}, &ResultWith{Ret: RetHex, Remark: func(c *Call) { remarkBits(c, &tables.PrMdwe) }}},
	{"PR_SET_VMA", Args{
		{"attr", &Enum{In: Xlong, Set: &tables.PrSetVma}},
		{"", &Rest{On: Ref("attr"), Set: &tables.PrSetVma, Calls: Calls{
			{"PR_SET_VMA_ANON_NAME", Args{{"addr", Addr}, {"size", Ulong}, {"name", String}}, nil},
			{"", Args{{"", Others(5)}}, nil},
		}}},
	}, nil},
	{"PR_SET_PTRACER", Args{{"pid", ptracer{Int}}}, nil},

	// Operations of other architectures, which x86 refuses.
	{"PR_SET_FP_MODE", Args{{"mode", &Flags{Set: &tables.PrFpMode}}}, nil},
	{"PR_GET_FP_MODE", nil, &ResultWith{Ret: RetHex, Remark: func(c *Call) { remarkBits(c, &tables.PrFpMode) }}},
	{"PR_SVE_SET_VL", Args{{"value", sveVector}}, &ResultWith{Ret: RetHex, Remark: func(c *Call) { sveVector.remark(c) }}},
	{"PR_SVE_GET_VL", nil, &ResultWith{Ret: RetHex, Remark: func(c *Call) { sveVector.remark(c) }}},
	{"PR_SME_SET_VL", Args{{"arg", smeVector}}, &ResultWith{Ret: RetHex, Remark: func(c *Call) { smeVector.remark(c) }}},
	{"PR_SME_GET_VL", nil, &ResultWith{Ret: RetHex, Remark: func(c *Call) { smeVector.remark(c) }}},
	{"PR_PAC_RESET_KEYS", Args{{"keys", &Flags{In: Xlong, Set: &tables.PrPacKeys}}, {"", Others(5)}}, nil},
	{"PR_PAC_SET_ENABLED_KEYS", Args{
		{"bitmask_affected", &Flags{In: Xlong, Set: &tables.PrPacEnabledKeys}}, {"bitmask_set", &Flags{In: Xlong, Set: &tables.PrPacEnabledKeys}}, {"", Others(5)}}, nil},
	{"PR_PAC_GET_ENABLED_KEYS", Args{{"", Others(5)}}, &ResultWith{Ret: RetHex, Remark: func(c *Call) { remarkBits(c, &tables.PrPacEnabledKeys) }}},
	{"PR_SET_TAGGED_ADDR_CTRL", Args{{"mode", taggedAddr}, {"", Others(5)}}, nil},
	{"PR_GET_TAGGED_ADDR_CTRL", Args{{"", Others(5)}}, &ResultWith{Ret: RetHex, Remark: func(c *Call) { taggedAddr.remark(c) }}},
	{"PR_RISCV_V_SET_CONTROL", Args{{"arg", riscvVector}}, nil},
	{"PR_RISCV_V_GET_CONTROL", nil, &ResultWith{Ret: RetHex, Remark: func(c *Call) { riscvVector.remark(c) }}},
	{"PR_RISCV_SET_ICACHE_FLUSH_CTX", Args{
		{"ctx", &Enum{In: Xlong, Set: &tables.PrRiscvCtx}}, {"scope", &Enum{In: Xlong, Set: &tables.PrRiscvScope}},
	}, nil},
	{"PR_PPC_GET_DEXCR", Args{{"which", &Enum{In: Xlong, Set: &tables.PrDexcr}}, {"", Others(5)}}, &ResultWith{Ret: RetHex, Remark: func(c *Call) { remarkBits(c, &tables.PrDexcrCtrl) }}},
	{"PR_PPC_SET_DEXCR", Args{
		{"which", &Enum{In: Xlong, Set: &tables.PrDexcr}}, {"ctrl", &Flags{In: Xlong, Set: &tables.PrDexcrCtrl}}, {"", Others(5)}}, nil},

	{"", Args{{"", Others(5)}}, nil},
}

// taskCommLen is TASK_COMM_LEN, the size of a thread's name with its NUL.
const taskCommLen = 16

// deathSignal is a signal in a long. Values above 128 are shown as plain numbers.
type deathSignal struct{ Number }

func (t deathSignal) Show(c *Call, v View) {
	if n := t.Value(c, v); n > 128 {
		c.Out.Number(n, output.Unsigned)
	} else {
		ShowSignal(c, int(n))
	}
}

// schedCorePID is an id of the kind that the next argument selects.
type schedCorePID struct{ Number }

func (t schedCorePID) Show(c *Call, v View) {
	switch kind := PIDKind(Ref("pid_type").Num(c)); kind {
	case Thread, ThreadGroup, ProcessGroup, Session: // in the order of enum pid_type
		PIDOf(kind).Show(c, v)
	default:
		t.Number.Show(c, v)
	}
}

// schedCoreScope is one of enum pid_type, which no UAPI header defines.
type schedCoreScope struct{ Number }

func (t schedCoreScope) Show(c *Call, v View) {
	n := t.Value(c, v)
	name, ok := tables.PrSchedCoreScope.Lookup(n)
	if !ok {
		name = tables.PrSchedCoreScope.Unknown
	}
	c.Out.Number(n, output.Hex)
	c.Out.Comment(output.Gloss, name)
}

// ptracer is a process that may trace this one, or PR_SET_PTRACER_ANY.
type ptracer struct{ Number }

func (t ptracer) Show(c *Call, v View) {
	if int32(t.Value(c, v)) == -1 {
		c.Out.Symbol(^uint64(0), "PR_SET_PTRACER_ANY", output.Signed)
		return
	}
	PIDOf(ThreadGroup).Show(c, v)
}

// remarkEnum shows the name of the value that a call returns.
func remarkEnum(c *Call, set *tables.Set) {
	if name, ok := set.Lookup(uint64(c.Ret)); ok {
		c.Remark(name)
	}
}

// remarkBits shows the names of the bits that a call returns, if any of them has
// a name.
func remarkBits(c *Call, set *tables.Set) {
	if v := uint64(c.Ret); hasNames(v, set) {
		remarkNames(c, appendNames(c, nil, v, set))
	}
}

// hasNames reports whether one of the flags in v, or v being zero, has a name.
func hasNames(v uint64, set *tables.Set) bool {
	if v == 0 {
		_, ok := set.Lookup(0)
		return ok
	}
	first, _, _ := set.Next(v, 0)
	return first != nil
}

// appendNames appends the names of flags. A | separates them, also from what is
// already in b.
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

// remarkNames adds to the result a remark that consists of names only. -X raw
// therefore omits it.
func remarkNames(c *Call, b []byte) {
	c.Outcome.BeginRemark(output.ResultName)
	c.Out.Field("")
	c.Out.Text(output.AsString(b))
	c.Outcome.EndRemark()
}

// noPersona makes personality return the current value without changing it.
const noPersona = 0xffffffff

// persona is a personality: a type in the low byte, and flags
// (linux/personality.h).
type persona struct{ Number }

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
	c.Out.Enum(n&personaType, &tables.Personality, output.Hex)
	if flags := n &^ personaType; flags != 0 {
		c.Out.Join(output.Or)
		c.Out.Flags(flags, &tables.PersonalityFlags, output.Hex)
	}
}

func remarkPersona(c *Call) {
	c.Outcome.BeginRemark(output.Aside)
	showPersona(c, uint64(c.Ret))
	c.Outcome.EndRemark()
}

var archPrctls = Calls{
	{"ARCH_GET_FS ARCH_GET_GS", Args{{"addr", &Out{To: KAddr}}}, nil},
	{"ARCH_GET_CPUID", nil, nil},
	{"ARCH_GET_XCOMP_SUPP ARCH_GET_XCOMP_PERM ARCH_GET_XCOMP_GUEST_PERM", Args{{"addr", &Out{To: xfeatures{X64}}}}, nil},
	{"ARCH_REQ_XCOMP_PERM ARCH_REQ_XCOMP_GUEST_PERM", Args{{"addr", xfeature{Xlong}}}, &ResultWith{Ret: RetHex, Remark: func(c *Call) { remarkBits(c, &tables.XfeatureMask) }}},
	{"", Args{{"addr", Xlong}}, nil},
}

// xfeatures is a set of components of the processor state; xfeature is one of
// them. Their names are known only inside the kernel (asm/fpu/types.h) and are
// therefore shown in comments.
type (
	xfeatures struct{ Number }
	xfeature  struct{ Number }
)

func (t xfeatures) Show(c *Call, v View) {
	set := t.Value(c, v)
	c.Out.Number(set, output.Hex)
	switch {
	case hasNames(set, &tables.XfeatureMask):
		c.Out.Comment(output.Gloss, output.AsString(appendNames(c, nil, set, &tables.XfeatureMask)))
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
