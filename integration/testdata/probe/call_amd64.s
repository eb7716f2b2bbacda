#include "go_asm.h"
#include "textflag.h"

// Four ways to make a system call. What becomes of it depends on where it is
// made: a seccomp filter looks at the instruction pointer. The stack pointer is
// the same for all, since the frame of sigreturn is shown.

#define CALL64 \
	MOVQ nr+0(FP), AX \
	MOVQ args+8(FP), R11 \
	MOVQ 0(R11), DI \
	MOVQ 8(R11), SI \
	MOVQ 16(R11), DX \
	MOVQ 24(R11), R10 \
	MOVQ 32(R11), R8 \
	MOVQ 40(R11), R9 \
	MOVQ SP, R13 \
	MOVQ $const_counted, SP \
	SYSCALL \
	MOVQ R13, SP

#define CALL32 \
	MOVQ nr+0(FP), AX \
	MOVQ args+8(FP), R11 \
	MOVQ BP, R12 \
	MOVL 0(R11), BX \
	MOVL 8(R11), CX \
	MOVL 16(R11), DX \
	MOVL 24(R11), SI \
	MOVL 32(R11), DI \
	MOVL 40(R11), BP \
	MOVQ SP, R13 \
	MOVQ $const_counted, SP \
	INT $0x80 \
	MOVQ R13, SP \
	MOVQ R12, BP

// func fail64(nr uintptr, args *[6]uintptr)
TEXT ·fail64(SB), NOSPLIT, $0-16
	CALL64
	RET

// func done64(nr uintptr, args *[6]uintptr)
TEXT ·done64(SB), NOSPLIT, $0-16
	CALL64
	RET

// func fail32(nr uintptr, args *[6]uintptr)
TEXT ·fail32(SB), NOSPLIT, $0-16
	CALL32
	RET

// func done32(nr uintptr, args *[6]uintptr)
TEXT ·done32(SB), NOSPLIT, $0-16
	CALL32
	RET

// func text() (fail64, done64, fail32, done32 uintptr)
TEXT ·text(SB), NOSPLIT, $0-32
	LEAQ ·fail64(SB), AX
	MOVQ AX, fail64+0(FP)
	LEAQ ·done64(SB), AX
	MOVQ AX, done64+8(FP)
	LEAQ ·fail32(SB), AX
	MOVQ AX, fail32+16(FP)
	LEAQ ·done32(SB), AX
	MOVQ AX, done32+24(FP)
	RET
