package kvm

import (
	"testing"

	"trapline/decode/internal/clayout"
)

func TestKvmLayoutsAgainstC(t *testing.T) {
	clayout.Compare(t, 13, kvmStructs, nil, nil)
}

// kvmStructs maps the structs to their names in C.
var kvmStructs = []clayout.CStruct{
	{"linux/kvm.h", "struct kvm_cpuid2", kvmCpuid2},
	{"linux/kvm.h", "struct kvm_cpuid_entry2", kvmCpuidEntry2},
	{"linux/kvm.h", "struct kvm_dtable", kvmDtable},
	{"linux/kvm.h", "struct kvm_regs", kvmRegs},
	{"linux/kvm.h", "struct kvm_run", kvmRun},
	{"linux/kvm.h", "struct kvm_segment", kvmSegment},
	{"linux/kvm.h", "struct kvm_sregs", kvmSregs},
	{"linux/kvm.h", "struct kvm_userspace_memory_region", kvmUserspaceMemoryRegion},
}
