package unwind

import "golang.org/x/sys/unix"

// machine describes a kind of processor for unwinding: the size of a register
// in bytes, and the DWARF numbers of the relevant registers.
type machine struct {
	word       int
	sp, fp, ra uint64 // stack pointer, frame pointer, return address

	// A signal trampoline: its code, and the position and order of the
	// interrupted registers above the stack pointer.
	sigreturn   []byte
	saved       uint64
	savedInTurn []uint8
}

// notFollowed stands for a register without a number.
const notFollowed = 0xff

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

// registers are a thread's registers, or those of a frame's caller at its
// return address, by DWARF number.
type registers struct {
	*machine
	value [numRegisters]uint64
	known uint32 // bit n is set if value[n] is known
}

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

func (r *registers) get(n uint64) (uint64, bool) {
	if n >= numRegisters || r.known&(1<<n) == 0 {
		return 0, false
	}
	return r.value[n], true
}

func (r *registers) set(n, v uint64) {
	r.value[n] = r.truncate(v)
	r.known |= 1 << n
}

func (r *registers) pc() uint64 { return r.value[r.ra] }

// truncate truncates v to the width of a register.
func (m *machine) truncate(v uint64) uint64 {
	if m.word == 4 {
		return uint64(uint32(v))
	}
	return v
}
