//go:build linux && amd64

package unwind

import (
	"debug/elf"

	"golang.org/x/sys/unix"
)

// numRegisters is how many registers are followed: the general registers and
// the return address of x86-64. i386 has fewer.
const numRegisters = 17

// The machines, with the numbers of the processor supplements of the System V
// ABI.
var (
	amd64 = machine{
		word: 8, sp: 7, fp: 6, ra: 16,
		// mov $15, %rax (__NR_rt_sigreturn); syscall
		sigreturn: []byte{0x48, 0xc7, 0xc0, 0x0f, 0, 0, 0, 0x0f, 0x05},
		// struct ucontext, with uc_mcontext behind uc_flags, uc_link and
		// uc_stack (asm/sigcontext.h, sigcontext_64): r8 to r15, rdi, rsi,
		// rbp, rbx, rdx, rax, rcx, rsp, rip.
		saved:       8 + 8 + 24,
		savedInTurn: []uint8{8, 9, 10, 11, 12, 13, 14, 15, 5, 4, 6, 3, 1, 0, 2, 7, 16},
	}
	i386 = machine{
		word: 4, sp: 4, fp: 5, ra: 8,
		// mov $173, %eax (__NR_rt_sigreturn); int $0x80
		sigreturn: []byte{0xb8, 0xad, 0, 0, 0, 0xcd, 0x80},
		// The handler's three arguments, siginfo_t, and struct ucontext
		// (sigcontext_32): behind gs, fs, es, ds come edi, esi, ebp, esp, ebx,
		// edx, ecx, eax, trapno, err, eip.
		saved:       3*4 + 128 + 4 + 4 + 12 + 4*4,
		savedInTurn: []uint8{7, 6, 5, 4, 3, 2, 1, 0, notFollowed, notFollowed, 8},
	}
)

// code32 is the selector of 32-bit code, __USER32_CS of asm/segment.h.
const code32 = 0x23

// fromUser converts the registers of a stopped thread.
func fromUser(u *unix.PtraceRegs) registers {
	if u.Cs == code32 {
		r := registers{machine: &i386}
		for i, v := range [...]uint64{u.Rax, u.Rcx, u.Rdx, u.Rbx, u.Rsp, u.Rbp, u.Rsi, u.Rdi, u.Rip} {
			r.set(uint64(i), v)
		}
		return r
	}
	return registers{&amd64, [...]uint64{
		u.Rax, u.Rdx, u.Rcx, u.Rbx, u.Rsi, u.Rdi, u.Rbp, u.Rsp,
		u.R8, u.R9, u.R10, u.R11, u.R12, u.R13, u.R14, u.R15, u.Rip,
	}, 1<<numRegisters - 1}
}

// follows reports whether code for a machine can be unwound.
func follows(m elf.Machine) bool { return m == elf.EM_X86_64 || m == elf.EM_386 }
