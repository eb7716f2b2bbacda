#include "textflag.h"

#define LOAD \
	MOVL $11, BX; \
	MOVL $0x22110400, CX; \
	MOVL $0x22110300, DX; \
	MOVL $0x22110500, SI; \
	MOVL $0x22110700, DI; \
	MOVL $0x22110600, BP; \
	MOVL $96, AX

// getpriority(11, 0x22110400) by int $0x80
TEXT ·byInt80(SB), NOSPLIT, $4-0
	LOAD
	INT $0x80
	RET

// getpriority(11, 0x22110400) by __kernel_vsyscall, which the kernel has chosen
// the best instruction for
TEXT ·byVDSO(SB), NOSPLIT, $8-4
	MOVL entry+0(FP), AX
	MOVL AX, 0(SP)
	LOAD
	CALL 0(SP)
	RET

TEXT ·loadFS(SB), NOSPLIT, $0-4
	MOVL selector+0(FP), AX
	MOVW AX, FS
	RET
