//go:build linux && amd64

package tracer

import (
	"unsafe"

	"golang.org/x/sys/unix"

	"trapline/tables"
)

// Registers is the kernel's user_regs_struct for x86-64: 27 registers of 8
// bytes. It is the same for a tracee that runs 32-bit code, whose Cs
// is not code64.
type Registers = unix.PtraceRegs

// Code segment selectors of user code (asm/segment.h).
const (
	code64 = 0x33 // __USER_CS
	code32 = 0x23 // __USER32_CS
)

// Notes of the register sets that Extended can fetch (linux/elf.h).
const (
	NotePRFPREG   = 2          // x87 and SSE state, 512 bytes in FXSAVE layout (64-bit code)
	NotePRXFPREG  = 0x46e62b7f // the same for a tracee that runs 32-bit code
	NoteX86Xstate = 0x202      // all of XSAVE's state, in its standard layout
)

// Registers fetches all general registers of a stopped tracee.
func (tr *Tracee) Registers(regs *Registers) error {
	if tr.past != nil {
		return tr.past.Registers(regs)
	}
	if errno := ptraceData(unix.PTRACE_GETREGS, tr.TID, 0, unsafe.Pointer(regs)); errno != 0 {
		return errno
	}
	return nil
}

// SetRegisters replaces all general registers of a stopped tracee.
func (tr *Tracee) SetRegisters(regs *Registers) error {
	if tr.past != nil {
		return errPast
	}
	if errno := ptraceData(unix.PTRACE_SETREGS, tr.TID, 0, unsafe.Pointer(regs)); errno != 0 {
		return errno
	}
	return nil
}

// RegisterSet fetches a register set by its note, NotePRFPREG or NoteX86Xstate,
// into b and returns its size in bytes. For a tracee that runs 32-bit code the
// layout is that of i386.
func (tr *Tracee) RegisterSet(note int, b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	if tr.past != nil {
		return tr.past.RegisterSet(note, b)
	}
	v := &tr.t.vm
	v.local.Base = &b[0]
	v.local.Len = uint64(len(b))
	errno := ptraceData(unix.PTRACE_GETREGSET, tr.TID, uintptr(note), unsafe.Pointer(&v.local))
	v.local.Base = nil
	if errno != 0 {
		return 0, errno
	}
	return int(v.local.Len), nil
}

// callNumber returns the register that holds a call's number at a
// syscall-enter-stop. The kernel runs the call that it names.
func callNumber(regs *Registers) *uint64 { return &regs.Orig_rax }

// callResult returns the register that holds the result at a syscall-exit-stop.
func callResult(regs *Registers) *uint64 { return &regs.Rax }

// firstArgument returns the register that holds the first argument of a call.
func firstArgument(regs *Registers, abi tables.ABI) *uint64 { return arguments(regs, abi)[0] }

// arguments returns the registers that hold the arguments of a call.
func arguments(regs *Registers, abi tables.ABI) [6]*uint64 {
	if abi == tables.I386 {
		return [...]*uint64{&regs.Rbx, &regs.Rcx, &regs.Rdx, &regs.Rsi, &regs.Rdi, &regs.Rbp}
	}
	return [...]*uint64{&regs.Rdi, &regs.Rsi, &regs.Rdx, &regs.R10, &regs.R8, &regs.R9}
}

// InstructionPointer returns the address of the next instruction.
func InstructionPointer(regs *Registers) uint64 { return regs.Rip }

// auditArch returns the audit architecture (linux/audit.h) of the code that a
// tracee runs.
func auditArch(regs *Registers) uint32 {
	if regs.Cs == code32 {
		return unix.AUDIT_ARCH_I386
	}
	return unix.AUDIT_ARCH_X86_64
}
