package kvm

import (
	"bytes"
	"strconv"

	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// Exits of virtual processors: KVM_RUN reports them in struct kvm_run of
// linux/kvm.h, which programs map from the processor's descriptor.

// kvmRunArg takes the place of KVM_RUN's argument, which is not used.
var kvmRunArg = runArg{Xlong}

type runArg struct{ Number }

func (runArg) Dir() Dir { return Exit }

// Capture keeps the processor's state for the exit-stop. It keeps whole pages,
// because memory of a call is read in blocks.
func (runArg) Capture(c *Call, _ View, _ int) {
	if SettingsOf(c.Decoder).VCPUs != VCPUState {
		return
	}
	v, ok := findVCPU(c, int(int32(c.Args[0])))
	if !ok {
		return
	}
	run, ok := c.ReadAll(v.addr, PageSize)
	if !ok {
		return
	}
	c.Remember(View{B: run, Addr: v.addr})
	reason, _ := kvmRun.NumberIn(c, "exit_reason", View{B: run})
	data := View{B: run}.At(kvmRunUnion, kvmIO.Layout(c.ABI).Size)
	if offset, _ := kvmIO.NumberIn(c, "data_offset", data); reason == kvmExitIO && offset >= PageSize {
		page := v.addr + offset&^(PageSize-1)
		if b, ok := c.ReadAll(page, PageSize); ok {
			c.Remember(View{B: b, Addr: page})
		}
	}
}

const (
	kvmExitIO   = 2 // KVM_EXIT_IO
	kvmExitMMIO = 6 // KVM_EXIT_MMIO

	kvmRunUnion = 32 // offset of the details of an exit in struct kvm_run
)

var kvmRun = &Struct{Fields: Fields{
	{"request_interrupt_window", U8},
	{"immediate_exit", U8},
	{"_", Pad(6)},
	{"exit_reason", &Value{In: U32, By: func(c *Call, v uint64) {
		c.Out.Number(v, output.Unsigned)
		c.Out.Comment(output.Note, exitReason(v))
	}}},
	{"ready_for_interrupt_injection", U8},
	{"if_flag", U8},
	{"flags", X16},
	{"cr8", MaskOf(U64)},
	{"apic_base", MaskOf(U64)},
	{"", &Union{On: Ref("exit_reason"), Arms: Arms{
		{&Struct{Fields: Fields{{"io", kvmIO}}}, Nums{kvmExitIO}},
		{&Struct{Fields: Fields{{"mmio", kvmMMIO}}}, Nums{kvmExitMMIO}},
		{EmptyArm, nil}}}},
}}

var kvmIO = &Struct{Fields: Fields{
	{"direction", &Enum{In: X8, Set: &tables.KVMExitIO}},
	{"size", U8},
	{"port", MaskOf(U16)},
	{"count", U32},
	{"data_offset", MaskOf(U64)},
	{"data", kvmIOData{}},
}}

// kvmIOData is the data that is transferred through a port. It follows struct
// kvm_run.
type kvmIOData struct{ Unsized }

func (kvmIOData) Show(c *Call, _ View) {
	run := c.Outermost().View.Addr
	c.ShowArray(run+Ref("data_offset").Num(c), X8, Ref("size").Num(c)*Ref("count").Num(c))
}

var kvmMMIO = &Struct{Fields: Fields{
	{"phys_addr", MaskOf(U64)},
	{"data", &Array{Of: X8, N: 8}},
	{"len", U32},
	{"is_write", U8},
}}

// remarkVCPUExit adds the reason for the exit of a virtual processor to the
// result.
func remarkVCPUExit(c *Call) {
	if SettingsOf(c.Decoder).VCPUs == VCPUNone {
		return
	}
	v, ok := findVCPU(c, int(int32(c.Args[0])))
	if !ok {
		return
	}
	m, ok := c.ReadType(v.addr, kvmRun)
	if !ok {
		return
	}
	reason, _ := kvmRun.NumberIn(c, "exit_reason", m)
	c.Outcome.BeginRemark(output.Aside)
	c.Out.Field("")
	c.Out.Text(exitReason(reason))
	c.Outcome.EndRemark()
}

// exitReason returns the name of a reason for an exit.
func exitReason(reason uint64) string {
	if name, ok := tables.KVMExitReason.Lookup(reason); ok {
		return name
	}
	return tables.KVMExitReason.Unknown
}

// showVCPU shows the state of the virtual processor that the call ran: before the
// call and, if it succeeded, after it.
func showVCPU(c *Call) {
	if SettingsOf(c.Decoder).VCPUs != VCPUState {
		return
	}
	v, ok := findVCPU(c, int(int32(c.Args[0])))
	if !ok {
		return
	}
	show := func(left bool) {
		if m, ok := c.ReadType(v.addr, kvmRun); ok {
			c.Outcome.BeginVCPU(v.cpu, left)
			kvmRun.Show(c, m)
			c.Outcome.EndVCPU()
		}
	}
	if c.HasRemembered() {
		c.AtEntry(func() { show(false) })
	}
	if !c.Failed() {
		show(true)
	}
}

// vcpu is a virtual processor of a tracee.
type vcpu struct {
	cpu     int
	process int    // id of the tracee for the host
	addr    uint64 // of its struct kvm_run
	end     uint64 // of the mapping that starts at addr
}

// vcpuKey identifies a virtual processor, except that several virtual machines of
// one process cannot be distinguished.
type vcpuKey struct {
	tid  int
	path string
}

// vcpus has the virtual processors seen before.
var vcpus DecoderSlot[map[vcpuKey]vcpu]

// vcpuPath is the name of a processor's descriptor and mapping, which since Linux
// 4.16 is followed by the processor's number.
const vcpuPath = "anon_inode:kvm-vcpu:"

// findVCPU finds the virtual processor behind a descriptor.
func findVCPU(c *Call, fd int) (vcpu, bool) {
	process := ProcessOf(c)
	path := FDLink(c, process, fd)
	number, ok := bytes.CutPrefix(path, []byte(vcpuPath))
	if !ok {
		return vcpu{}, false
	}
	cpu, err := strconv.Atoi(string(number))
	if err != nil {
		return vcpu{}, false
	}
	key := vcpuKey{c.TID, string(path)}
	known := vcpus.Of(c.Decoder)
	if v, ok := (*known)[key]; ok {
		// The program may have mapped it again, elsewhere.
		if mapped := SettingsOf(c.Decoder).Host().MappedFile(c.Alloc(PathMax), v.process, v.addr, v.end); string(mapped) == key.path {
			return v, true
		}
	}
	first, end, ok := SettingsOf(c.Decoder).Host().Mapping(process, path)
	if !ok {
		return vcpu{}, false
	}
	v := vcpu{cpu, process, first, end}
	if *known == nil {
		*known = make(map[vcpuKey]vcpu)
	}
	(*known)[key] = v
	return v, true
}
