package process

import (
	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// Tracing: kernel/ptrace.c, arch/x86/kernel/ptrace.c.

var ptraceCalls = Calls{
	{"ptrace", Args{{"op", &Enum{In: Xlong, Set: &tables.PtraceRequest}}, {"", &Rest{On: Ref("op"), Set: &tables.PtraceRequest, Calls: ptraceRequests}}}, RetUnsigned},
}

var ptraceRequests = Calls{
	{"PTRACE_TRACEME", nil, nil},
	{"PTRACE_ATTACH PTRACE_INTERRUPT PTRACE_KILL PTRACE_LISTEN", Args{{"pid", PIDOf(ThreadGroup)}}, nil},
	{"PTRACE_CONT PTRACE_DETACH PTRACE_SYSCALL PTRACE_SINGLESTEP PTRACE_SINGLEBLOCK PTRACE_SYSEMU PTRACE_SYSEMU_SINGLESTEP",
		ptraceArgs(Addr, Signal), nil},
	{"PTRACE_SEIZE PTRACE_SETOPTIONS PTRACE_OLDSETOPTIONS", ptraceArgs(Addr, &Flags{In: Xlong, Set: &tables.PtraceOptions}), nil},
	{"PTRACE_GETEVENTMSG", ptraceArgs(Addr, &Out{To: Ulong}), nil},

	{"PTRACE_PEEKTEXT PTRACE_PEEKDATA", ptraceArgs(Addr, &Out{To: Addr}), nil},
	{"PTRACE_PEEKUSER", ptraceArgs(userOffset{Ulong}, &Out{To: Addr}), nil},
	{"PTRACE_POKEUSER", ptraceArgs(userOffset{Ulong}, Addr), nil},
	{"PTRACE_GETREGS", Args{{"pid", PIDOf(ThreadGroup)}, {"addr", &InReg{Reg: 3, Of: &Out{To: AtAddr(showGeneralRegisters)}}}}, nil},
	{"PTRACE_SETREGS", Args{{"pid", PIDOf(ThreadGroup)}, {"addr", &InReg{Reg: 3, Of: &Ptr{To: AtAddr(showGeneralRegisters)}}}}, nil},
	{"PTRACE_GETFPREGS", Args{{"pid", PIDOf(ThreadGroup)}, {"addr", &InReg{Reg: 3, Of: &Out{To: AtAddr(showFloatRegisters)}}}}, nil},
	{"PTRACE_SETFPREGS", Args{{"pid", PIDOf(ThreadGroup)}, {"addr", &InReg{Reg: 3, Of: &Ptr{To: AtAddr(showFloatRegisters)}}}}, nil},
	{"PTRACE_GETREGSET", ptraceArgs(&Enum{Set: &tables.ElfNoteTypes}, getRegset{}), nil},
	{"PTRACE_SETREGSET", ptraceArgs(&Enum{Set: &tables.ElfNoteTypes}, setRegset{}), nil},

	{"PTRACE_GETSIGINFO", ptraceArgs(Addr, &Out{To: Siginfo}), nil},
	{"PTRACE_SETSIGINFO", ptraceArgs(Addr, &Ptr{To: Siginfo}), nil},
	{"PTRACE_PEEKSIGINFO", ptraceArgs(&Ptr{To: peekSiginfo}, &Out{To: &List{Of: Siginfo, Count: Result}}), nil},
	{"PTRACE_GETSIGMASK", ptraceArgs(Ulong, &Out{To: &SizedSigset{Size: Ref("addr")}}), nil},
	{"PTRACE_SETSIGMASK", ptraceArgs(Ulong, &Ptr{To: &SizedSigset{Size: Ref("addr")}}), nil},

	{"PTRACE_GET_SYSCALL_INFO", ptraceArgs(Ulong, &Out{To: &syscallInfo{size: Min{Ref("addr"), Result}}}), nil},
	{"PTRACE_SET_SYSCALL_INFO", ptraceArgs(Ulong, &Ptr{To: &syscallInfo{size: Ref("addr")}}), nil},
	{"PTRACE_SECCOMP_GET_FILTER", ptraceArgs(Ulong, &Out{To: &BPFInstructions{Count: Result, Constant: SeccompConstant}}), nil},
	{"PTRACE_SECCOMP_GET_METADATA", ptraceArgs(Ulong, seccompMetadata{}), nil},

	{"", ptraceArgs(Addr, Addr), nil},
}

// ptraceData is the position of the argument data.
const ptraceData = 3

func ptraceArgs(addr, data Type) Args {
	return Args{{"pid", PIDOf(ThreadGroup)}, {"addr", addr}, {"data", data}}
}

// peekSiginfo is a struct ptrace_peeksiginfo_args (linux/ptrace.h).
var peekSiginfo = &Struct{C: "ptrace_peeksiginfo_args", Fields: Fields{{"off", U64}, {"flags", &Flags{Set: &tables.PtracePeeksiginfo}}, {"nr", Uint}}}

// syscallInfo is a struct ptrace_syscall_info (linux/ptrace.h) of which the first
// size bytes are available.
type syscallInfo struct {
	Unsized
	size Num
}

func (t *syscallInfo) Show(c *Call, v View) { t.ShowAt(c, v.Addr) }

// ShowAt implements Reader.
func (t *syscallInfo) ShowAt(c *Call, addr uint64) {
	n := min(t.size.Num(c), uint64(syscallInfoSize))
	b, ok := c.ReadAll(addr, int(n))
	if !ok || n == 0 {
		c.Out.Addr(addr)
		return
	}
	const flagsAt, flagsEnd = 2, 4
	if flagsAt < n && n < flagsEnd {
		b = append(b, 0) // half of the flags is shown as well
	}
	syscallInfoStruct.Show(c, View{B: b, Addr: addr})
}

const syscallInfoSize = 88

// Values of op.
const (
	syscallInfoEntry   = 1
	syscallInfoExit    = 2
	syscallInfoSeccomp = 3
)

var (
	syscallInfoStruct = &Struct{C: "ptrace_syscall_info", Fields: Fields{
		{"op", &Enum{In: X8, Set: &tables.PtraceSyscallOp}}, {"reserved", Reserved{X8}}, {"flags", Reserved{X16}}, {"arch", &Enum{Set: &tables.AuditArch}},
		{"instruction_pointer", Addr64}, {"stack_pointer", Addr64},
		{"", tail{"entry", syscallInfoEntry, syscallEntry}},
		{"", tail{"exit", syscallInfoExit, syscallExit}},
		{"", tail{"seccomp", syscallInfoSeccomp, syscallSeccomp}},
	}}
	syscallEntry   = &Struct{Fields: Fields{{"nr", SyscallNumber{Number: X64, Arch: "arch"}}, {"", present{"args", X64, 6}}}}
	syscallSeccomp = &Struct{Fields: Fields{
		{"nr", SyscallNumber{Number: X64, Arch: "arch"}}, {"", present{"args", X64, 6}}, {"_", &Array{Of: X64, N: 6}}, {"ret_data", Uint},
	}}
	syscallExit = &Struct{Fields: Fields{{"rval", syscallResult{S64}}, {"is_error", U8}}}
)

// tail is a struct called name at the end of another struct. It is shown if the
// outer struct's member op has the value op, as far as bytes are available.
type tail struct {
	name string
	op   uint64
	st   *Struct
}

func (t tail) Layout(tables.ABI) Layout { return Layout{Size: 0, Align: 8} }

func (t tail) Show(*Call, View) {}

func (t tail) ShowAsMembers(c *Call, v View) {
	f := c.Frame(0)
	rest := f.View.At(int(v.Addr-f.View.Addr), len(f.View.B))
	if Ref("op").Num(c) == t.op && len(rest.B) >= 8 {
		c.Out.Field(t.name)
		t.st.Show(c, rest)
	}
}

// present is an array called name of at most n elements, as many as the enclosing
// struct has room for. It takes no room itself.
type present struct {
	name string
	elem Type
	n    int
}

func (t present) Layout(abi tables.ABI) Layout {
	return Layout{Size: 0, Align: t.elem.Layout(abi).Align}
}

func (t present) Show(*Call, View) {}

func (t present) ShowAsMembers(c *Call, v View) {
	f := c.Frame(0)
	rest := f.View.At(int(v.Addr-f.View.Addr), len(f.View.B))
	if n := min(len(rest.B)/t.elem.Layout(c.ABI).Size, t.n); n > 0 {
		c.Out.Field(t.name)
		(&Array{Of: t.elem, N: n}).Show(c, rest)
	}
}

// syscallResult is a result or, if is_error is set, a negative errno.
type syscallResult struct{ Number }

func (t syscallResult) Show(c *Call, v View) {
	if Ref("is_error").Num(c) != 0 {
		ShowNegativeErrno(c, int64(t.Value(c, v)))
		return
	}
	t.Number.Show(c, v)
}

// seccompMetadata is a struct seccomp_metadata (linux/ptrace.h). The kernel
// writes the second half.
type seccompMetadata struct{}

func (seccompMetadata) Layout(abi tables.ABI) Layout { return Addr.Layout(abi) }

func (seccompMetadata) Dir() Dir { return Both }

func (seccompMetadata) Show(c *Call, v View) {
	addr := v.Uint(c.WordSize())
	off, ok := c.ReadUint(addr, 8)
	c.Begun = ok && Ref("addr").Num(c) >= 8 && !c.Plain
	if !c.Begun {
		c.Out.Addr(addr)
		return
	}
	c.Out.BeginStruct()
	c.Out.Field("filter_off")
	c.Out.Number(off, output.Unsigned)
}

func (seccompMetadata) Finish(c *Call, v View) {
	if !c.Begun {
		return
	}
	if size := c.Ret; !c.Failed() && size > 8 {
		flags, ok := c.ReadUint(v.Uint(c.WordSize())+8, 8)
		if size < 16 || !ok {
			c.Out.Field("")
			c.Out.Text("???")
		} else {
			c.Out.Field("flags")
			c.Out.Flags(flags, &tables.SeccompFilterFlags, output.Hex)
			if size > 16 {
				c.Out.More()
			}
		}
	}
	c.Out.EndStruct()
}
