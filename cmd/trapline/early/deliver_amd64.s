#include "textflag.h"

#define NR_WRITE 1
#define NR_RT_SIGRETURN 15

// void handle(int sig)
//
// The handler of Deliver: it notes the signal and writes to deliveredTo. It runs on any
// thread, on the stack that the runtime has for signals.
TEXT ·handle(SB), NOSPLIT|NOFRAME, $0-0
	MOVL	DI, CX
	DECQ	CX
	LOCK
	BTSQ	CX, ·delivered(SB)
	MOVL	$NR_WRITE, AX
	MOVQ	·deliveredTo(SB), DI
	LEAQ	·one(SB), SI
	MOVL	$8, DX
	SYSCALL
	RET

TEXT ·handled(SB), NOSPLIT|NOFRAME, $0-0
	MOVL	$NR_RT_SIGRETURN, AX
	SYSCALL
	INT	$3

DATA ·one+0(SB)/8, $1
GLOBL ·one(SB), NOPTR|RODATA, $8

// func handler() (handler, restorer uintptr)
TEXT ·handler(SB), NOSPLIT, $0-16
	LEAQ	·handle(SB), AX
	MOVQ	AX, handler+0(FP)
	LEAQ	·handled(SB), AX
	MOVQ	AX, restorer+8(FP)
	RET

// func takeDelivered() uint64
TEXT ·takeDelivered(SB), NOSPLIT, $0-8
	XORL	AX, AX
	XCHGQ	AX, ·delivered(SB)
	MOVQ	AX, ret+0(FP)
	RET
