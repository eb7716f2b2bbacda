package decode

import (
	"testing"

	"golang.org/x/sys/unix"
)

func TestKVMIoctls(t *testing.T) {
	zeros := func(n int) []byte { return make([]byte, n) }
	regs := append(le(uint64(1), uint64(2)), zeros(16*8)...)
	entry := le(1, 0, 2, 3, 4, 5, 6, zeros(12))
	segment := le(uint64(0xf000), 0xffff, u16(8), u8(11), u8(1), zeros(8))
	for _, tt := range []ioctlTest{
		{request: "KVM_SET_USER_MEMORY_REGION", before: le(1, 3, uint64(0x1000), uint64(4096), uint64(0x7f0000)),
			want: `{slot=1, flags=KVM_MEM_LOG_DIRTY_PAGES|KVM_MEM_READONLY, guest_phys_addr=0x1000, memory_size=4096, userspace_addr=0x7f0000}) = 0`},
		{request: "KVM_SET_REGS", before: regs, want: `{rax=0x1, ..., rsp=0, rbp=0, ..., rip=0, rflags=0}) = 0`},
		{request: "KVM_SET_REGS", before: regs, full: true,
			want: `{rax=0x1, rbx=0x2, rcx=0, rdx=0, rsi=0, rdi=0, rsp=0, rbp=0, r8=0, r9=0, r10=0, r11=0, r12=0, r13=0, r14=0, r15=0, rip=0, rflags=0}) = 0`},
		{request: "KVM_GET_REGS", before: regs, errno: unix.EINTR, want: `0x7000) = -1 EINTR (Interrupted system call)`},
		{request: "KVM_GET_SREGS", before: le(segment, zeros(312-24)),
			want: `{cs={base=0xf000, limit=65535, selector=8, type=11, present=1, dpl=0, db=0, s=0, l=0, g=0, avl=0}, ...}) = 0`},
		{request: "KVM_GET_SUPPORTED_CPUID", before: le(2, 0, entry), want: `{nent=2, entries=[...]}) = 0`},
		{request: "KVM_SET_CPUID2", before: le(0, 0), want: `{nent=0, entries=[]}) = 0`},
		{request: "KVM_SET_CPUID2", before: le(2, 0, entry), full: true,
			want: `{nent=2, entries=[{function=0x1, index=0, flags=KVM_CPUID_FLAG_STATEFUL_FUNC, eax=0x3, ebx=0x4, ecx=0x5, edx=0x6}, ... /* 0x7030 */]}) = 0`},
	} {
		tt.want = "ioctl(3, " + tt.request + ", " + tt.want
		tt.run(t)
	}
}
