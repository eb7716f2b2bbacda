package kvm

import (
	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/tables"
)

// Virtual machines: linux/kvm.h, asm/kvm.h, virt/kvm/kvm_main.c.

var ioctls = Ioctls{
	{"KVM_CREATE_VM", &Returning{Ret: RetFD, Of: Xlong}},
	{"KVM_CHECK_EXTENSION", &Enum{In: Xlong, Set: &tables.KVMCap}},
	{"KVM_CREATE_VCPU", &Returning{Ret: RetFD, Of: Uint}},
	{"KVM_RUN", &Returning{Ret: &ResultWith{Ret: RetUnsigned, Remark: remarkVCPUExit, Then: showVCPU}, Of: kvmRunArg}},
	{"KVM_SET_USER_MEMORY_REGION", &Ptr{To: kvmUserspaceMemoryRegion}},
	{"KVM_GET_REGS", &Out{To: kvmRegs}},
	{"KVM_SET_REGS", &Ptr{To: kvmRegs}},
	{"KVM_GET_SREGS", &Out{To: kvmSregs}},
	{"KVM_SET_SREGS", &Ptr{To: kvmSregs}},
	{"KVM_GET_SUPPORTED_CPUID KVM_GET_EMULATED_CPUID", &Out{To: kvmCpuid2}},
	{"KVM_SET_CPUID2", &Ptr{To: kvmCpuid2}},
}

var kvmUserspaceMemoryRegion = &Struct{Fields: Fields{
	{"slot", U32},
	{"flags", &Flags{Set: &tables.KVMMemFlags}},
	{"guest_phys_addr", X64},
	{"memory_size", U64},
	{"userspace_addr", X64},
}}

var kvmRegs = &Struct{Fields: Fields{
	{"rax", X64},
	{"", &Abbreviated{Of: &Struct{Fields: Fields{{"rbx", X64}, {"rcx", X64}, {"rdx", X64}, {"rsi", X64}, {"rdi", X64}}}}},
	{"rsp", X64},
	{"rbp", X64},
	{"", &Abbreviated{Of: &Struct{Fields: Fields{
		{"r8", X64}, {"r9", X64}, {"r10", X64}, {"r11", X64}, {"r12", X64}, {"r13", X64}, {"r14", X64}, {"r15", X64}}}}},
	{"rip", X64},
	{"rflags", X64},
}}

var kvmSregs = &Struct{Fields: Fields{
	{"cs", kvmSegment},
	{"ds", Verbose{kvmSegment}},
	{"es", Verbose{kvmSegment}},
	{"fs", Verbose{kvmSegment}},
	{"gs", Verbose{kvmSegment}},
	{"ss", Verbose{kvmSegment}},
	{"tr", Verbose{kvmSegment}},
	{"ldt", Verbose{kvmSegment}},
	{"gdt", Verbose{kvmDtable}},
	{"idt", Verbose{kvmDtable}},
	{"cr0", Verbose{U64}},
	{"cr2", Verbose{U64}},
	{"cr3", Verbose{U64}},
	{"cr4", Verbose{U64}},
	{"cr8", Verbose{U64}},
	{"efer", Verbose{U64}},
	{"apic_base", Verbose{X64}},
	{"interrupt_bitmap", Verbose{&Array{Of: X64, N: 4}}},
}}

var kvmSegment = &Struct{Fields: Fields{
	{"base", X64},
	{"limit", U32},
	{"selector", U16},
	{"type", U8},
	{"present", U8},
	{"dpl", U8},
	{"db", U8},
	{"s", U8},
	{"l", U8},
	{"g", U8},
	{"avl", U8},
	{"_", U16}, // unusable, padding
}}

var kvmDtable = &Struct{Fields: Fields{{"base", X64}, {"limit", U16}, {"_", &Array{Of: U16, N: 3}}}}

var kvmCpuid2 = &Struct{Fields: Fields{
	{"nent", U32},
	{"_", U32},
	{"entries", &List{Of: kvmCpuidEntry2, Count: Ref("nent"), Collapsed: true}},
}}

var kvmCpuidEntry2 = &Struct{Fields: Fields{
	{"function", X32},
	{"index", X32},
	{"flags", &Flags{Set: &tables.KVMCpuidFlags}},
	{"eax", X32},
	{"ebx", X32},
	{"ecx", X32},
	{"edx", X32},
	{"_", &Array{Of: U32, N: 3}},
}}
