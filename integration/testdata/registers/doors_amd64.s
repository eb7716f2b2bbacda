#include "textflag.h"

// The values: 0x22110000 + 0x100*n, n being the register's place in
// userRegisters of package decode.
#define LOAD \
	MOVQ BP, 8(SP); \
	MOVQ R14, 16(SP); \
	MOVQ R15, 24(SP); \
	MOVQ $0x22110100, BX; \
	MOVQ $0x22110200, CX; \
	MOVQ $0x22110300, DX; \
	MOVQ $0x22110400, SI; \
	MOVQ $0x22110500, DI; \
	MOVQ $0x22110600, BP; \
	MOVQ $0x22110800, R8; \
	MOVQ $0x22110900, R9; \
	MOVQ $0x22110a00, R10; \
	MOVQ $0x22110b00, R11; \
	MOVQ $0x22110c00, R12; \
	MOVQ $0x22110d00, R13; \
	MOVQ $0x22110e00, R14; \
	MOVQ $0x22110f00, R15

#define RESTORE \
	MOVQ 8(SP), BP; \
	MOVQ 16(SP), R14; \
	MOVQ 24(SP), R15

// getpriority(11, 0x22110400) by syscall
TEXT ·bySyscall(SB), NOSPLIT, $40-0
	LOAD
	MOVQ $11, DI
	MOVQ $140, AX
	SYSCALL
	RESTORE
	RET

// getpriority(11, 0x22110400) of i386
TEXT ·byInt80(SB), NOSPLIT, $40-0
	LOAD
	MOVQ $11, BX
	MOVQ $0x22110400, CX
	MOVQ $96, AX
	INT  $0x80
	RESTORE
	RET

// callVfork returns in the parent alone: the child shares its stack.
TEXT ·callVfork(SB), NOSPLIT, $0-8
	MOVQ $58, AX // vfork
	SYSCALL
	TESTQ AX, AX
	JNE  parent
	MOVQ $60, AX // exit
	XORL DI, DI
	SYSCALL
parent:
	MOVQ AX, pid+0(FP)
	RET
