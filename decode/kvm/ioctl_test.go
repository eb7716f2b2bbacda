package kvm_test

import (
	"testing"

	. "trapline/decode/internal/decodetest"
	. "trapline/decode/internal/fake"
	"trapline/tables"
)

func TestKVMIoctls(t *testing.T) {
	zeros := func(n int) []byte { return make([]byte, n) }
	regs := append(LE(uint64(1), uint64(2)), zeros(16*8)...)
	entry := LE(1, 0, 2, 3, 4, 5, 6, zeros(12))
	segment := LE(uint64(0xf000), 0xffff, Uint16(8), Uint8(11), Uint8(1), zeros(8))
	for _, tt := range []IoctlTest{
		{Request: "KVM_SET_USER_MEMORY_REGION", Before: LE(1, 3, uint64(0x1000), uint64(4096), uint64(0x7f0000)),
			Want: `{slot=1, flags=KVM_MEM_LOG_DIRTY_PAGES|KVM_MEM_READONLY, guest_phys_addr=0x1000, memory_size=4096, userspace_addr=0x7f0000}) = 0`},
		{Request: "KVM_SET_REGS", Before: regs, Want: `{rax=0x1, ..., rsp=0, rbp=0, ..., rip=0, rflags=0}) = 0`},
		{Request: "KVM_SET_REGS", Before: regs, Full: true,
			Want: `{rax=0x1, rbx=0x2, rcx=0, rdx=0, rsi=0, rdi=0, rsp=0, rbp=0, r8=0, r9=0, r10=0, r11=0, r12=0, r13=0, r14=0, r15=0, rip=0, rflags=0}) = 0`},
		{Request: "KVM_GET_REGS", Before: regs, Errno: tables.EINTR, Want: `0x7000) = -1 EINTR (Interrupted system call)`},
		{Request: "KVM_GET_SREGS", Before: LE(segment, zeros(312-24)),
			Want: `{cs={base=0xf000, limit=65535, selector=8, type=11, present=1, dpl=0, db=0, s=0, l=0, g=0, avl=0}, ...}) = 0`},
		{Request: "KVM_GET_SUPPORTED_CPUID", Before: LE(2, 0, entry), Want: `{nent=2, entries=[...]}) = 0`},
		{Request: "KVM_SET_CPUID2", Before: LE(0, 0), Want: `{nent=0, entries=[]}) = 0`},
		{Request: "KVM_SET_CPUID2", Before: LE(2, 0, entry), Full: true,
			Want: `{nent=2, entries=[{function=0x1, index=0, flags=KVM_CPUID_FLAG_STATEFUL_FUNC, eax=0x3, ebx=0x4, ecx=0x5, edx=0x6}, ... /* 0x7030 */]}) = 0`},
	} {
		tt.Want = "ioctl(3, " + tt.Request + ", " + tt.Want
		tt.Run(t)
	}
}
